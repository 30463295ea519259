/* See sound.h. The head of a WAV file as in the "Multimedia Programming Interface and Data
 * Specifications 1.0" of IBM and Microsoft (1991), with WAVEFORMATEXTENSIBLE. */
#include "cli/sound.h"

#include "cli/options.h"
#include <string.h>

#define RIFF_HEAD ((size_t)12)
#define CHUNK_HEAD ((size_t)8)
#define FORM_MIN ((size_t)16)
#define FORM_MAX ((size_t)64)   /* of a valid chunk "fmt ": it has 40 bytes at most */
#define SUBFORMAT ((size_t)24)  /* offset of the two bytes that give the format of "extensible" */
#define UNKNOWN_FROM 0x7f000000 /* programs that write to a pipe give such a length */

enum { TAG_PCM = 1, TAG_FLOAT = 3, TAG_EXTENSIBLE = 0xfffe };

/* Files that can only be read whole, by their first bytes. */
static const struct container {
    size_t at;
    const char *mark, *name;
} containers[] = {
    {0, "OggS", "Ogg"},
    {0, "fLaC", "FLAC"},
    {0, "ID3", "MP3"},
    {0, "FORM", "AIFF"},
    {0, "RF64", "RF64"},
    {0, "BW64", "BW64"},
    {0, "RIFX", "RIFX"},
    {0, "\x1a\x45\xdf\xa3", "WebM"},
    {4, "ftyp", "MP4"},
};

static uint32_t read_16(const char *bytes)
{
    const unsigned char *at = (const unsigned char *)bytes;
    return at[0] | (uint32_t)at[1] << 8;
}

static uint32_t read_32(const char *bytes)
{
    return read_16(bytes) | read_16(bytes + 2) << 16;
}

static void buffer_drop(struct wi_buffer *buffer, size_t size)
{
    if (size == 0)
        return;
    memmove(buffer->text, buffer->text + size, buffer->size - size);
    buffer->size -= size;
}

/* Bytes of one sample of all channels. */
static size_t frame_of(const struct wi_sound_form *form)
{
    return (strcmp(form->encoding, "f32le") == 0 ? 4 : 2) * (size_t)form->channels;
}

static int is_told(const struct wi_sound_form *form)
{
    return form->encoding || form->rate || form->channels;
}

static void take_as_raw(struct wi_sound_input *input)
{
    struct wi_sound_form *form = &input->form;

    form->encoding = form->encoding ? form->encoding : "s16le";
    form->rate = form->rate ? form->rate : 16000;
    form->channels = form->channels ? form->channels : 1;
    input->_left = UINT64_MAX;
    input->known = 1;
}

static enum wi_code format_refuse(const char *name, struct wi_error *error)
{
    wi_cli_refuse(error,
        "%s files cannot be transcribed live: \"ffmpeg -i FILE -f wav - | webinfer transcribe "
        "--live MODEL -\" converts the file to WAV; without --live, the whole file is transcribed",
        name);
    return wi_error_expect(error, "WAV, or raw samples");
}

/* Recognises the sound by its first bytes. Raw samples may have any first bytes if the user has
 * given their form. */
static enum wi_code head_look(struct wi_sound_input *input, struct wi_error *error)
{
    const char *head = input->_head.text;

    if (memcmp(head, "RIFF", 4) == 0 && memcmp(head + 8, "WAVE", 4) == 0) {
        if (is_told(&input->form))
            return wi_cli_refuse(error,
                "the sound is a WAV file, whose header describes its samples: omit --encoding, "
                "--rate and --channels");
        input->_is_wav = 1;
        buffer_drop(&input->_head, RIFF_HEAD);
        return WI_OK;
    }
    for (size_t i = 0; !is_told(&input->form) && i < sizeof containers / sizeof *containers; i++) {
        const struct container *one = &containers[i];
        if (memcmp(head + one->at, one->mark, strlen(one->mark)) == 0)
            return format_refuse(one->name, error);
    }
    take_as_raw(input);
    return WI_OK;
}

static enum wi_code read_form(
    struct wi_sound_input *input, const char *chunk, size_t size, struct wi_error *error)
{
    uint32_t tag = read_16(chunk), bits = read_16(chunk + 14);

    if (tag == TAG_EXTENSIBLE && size >= SUBFORMAT + 2)
        tag = read_16(chunk + SUBFORMAT);
    input->form.channels = read_16(chunk + 2);
    input->form.rate = read_32(chunk + 4);
    if (tag == TAG_PCM && bits == 16)
        input->form.encoding = "s16le";
    else if (tag == TAG_FLOAT && bits == 32)
        input->form.encoding = "f32le";
    else
        wi_cli_refuse(error, "the WAV file has samples of format %u with %u bits", tag, bits);
    if (!input->form.encoding)
        wi_error_expect(error, "16-bit PCM (format 1) or 32-bit float (format 3)");
    else if (input->form.channels == 0)
        wi_cli_refuse(error, "the WAV file has no channels");
    return error->code;
}

static enum wi_code begin_samples(
    struct wi_sound_input *input, uint32_t size, struct wi_error *error)
{
    if (!input->form.encoding)
        return wi_cli_refuse(
            error, "the WAV file has its sound before the chunk \"fmt \", which must come first");
    input->_left = size == 0 || size >= UNKNOWN_FROM ? UINT64_MAX : size;
    input->known = 1;
    buffer_drop(&input->_head, CHUNK_HEAD);
    return WI_OK;
}

/* Takes one chunk, as far as it has come; `*more` says whether the next one can be read. */
static enum wi_code take_chunk(struct wi_sound_input *input, int *more, struct wi_error *error)
{
    const char *chunk = input->_head.text;
    uint32_t size = read_32(chunk + 4);
    uint64_t whole = CHUNK_HEAD + (uint64_t)size + size % 2;

    *more = 1;
    if (memcmp(chunk, "data", 4) == 0)
        return begin_samples(input, size, error);
    if (memcmp(chunk, "fmt ", 4) != 0) {
        input->_skip = whole;
        return WI_OK;
    }
    if (size < FORM_MIN || size > FORM_MAX)
        return wi_cli_refuse(error,
            "the WAV file has a chunk \"fmt \" of %u bytes, which is not a valid size", size);
    if (input->_head.size < whole) {
        *more = 0;
        return WI_OK;
    }
    enum wi_code code = read_form(input, chunk + CHUNK_HEAD, size, error);
    buffer_drop(&input->_head, (size_t)whole);
    return code;
}

static void chunk_skip(struct wi_sound_input *input)
{
    uint64_t most = input->_head.size;
    size_t size = (size_t)(input->_skip < most ? input->_skip : most);

    buffer_drop(&input->_head, size);
    input->_skip -= size;
}

static enum wi_code take_head(struct wi_sound_input *input, struct wi_error *error)
{
    enum wi_code code = WI_OK;
    int more = 1;

    while (code == WI_OK && more && !input->known) {
        chunk_skip(input);
        if (input->_head.size < (input->_is_wav ? CHUNK_HEAD : RIFF_HEAD))
            break;
        code = input->_is_wav ? take_chunk(input, &more, error) : head_look(input, error);
    }
    return code;
}

static void take_samples(struct wi_sound_input *input, const void *bytes, size_t size)
{
    if (size > input->_left)
        size = (size_t)input->_left; /* the rest of a WAV file is no sound */
    if (size == 0)
        return;
    wi_buffer_add(&input->samples, bytes, size);
    if (input->_left != UINT64_MAX)
        input->_left -= size;
}

enum wi_code wi_sound_input_take(
    struct wi_sound_input *input, const void *bytes, size_t size, struct wi_error *error)
{
    if (input->known) {
        take_samples(input, bytes, size);
        return WI_OK;
    }
    wi_buffer_add(&input->_head, bytes, size);
    enum wi_code code = take_head(input, error);
    if (code == WI_OK && input->known) {
        take_samples(input, input->_head.text, input->_head.size);
        wi_buffer_clear(&input->_head);
    }
    return code;
}

enum wi_code wi_sound_input_end(struct wi_sound_input *input, struct wi_error *error)
{
    if (input->known)
        return WI_OK;
    if (input->_is_wav)
        return wi_cli_refuse(error, "the WAV file ends before its sound begins");
    take_as_raw(input);
    take_samples(input, input->_head.text, input->_head.size);
    return WI_OK;
}

void wi_sound_input_move(struct wi_sound_input *input, struct wi_buffer *to, size_t most)
{
    size_t frame = frame_of(&input->form);
    size_t size = input->samples.size < most ? input->samples.size : most;

    size -= size % frame;
    if (size == 0)
        return;
    wi_buffer_add(to, input->samples.text, size);
    buffer_drop(&input->samples, size);
}

void wi_sound_input_clear(struct wi_sound_input *input)
{
    wi_buffer_clear(&input->samples);
    wi_buffer_clear(&input->_head);
}
