/*
 * OpenAI's endpoints for sound: forms with a file become parameters like those of other endpoints,
 * transcriptions have the requested form, and speech is a file.
 */
#include "wire/openai/openai.h"

#include "base/memory.h"
#include "wire/captions.h"
#include "wire/media.h"
#include "wire/multipart.h"
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- a form ----------------------------------------------------------------------------------- */

/* Bytes of all parts except the file. */
#define VALUES_MAX (128 * 1024)
/* The most bytes of a form's first line, which is its boundary. */
#define LINE_MAX_BYTES 80

/* All values of a form are text: this is the value for a parameter of another type. NULL: not
 * UTF-8. */
static json_t *part_value(const struct wi_multipart_part *part)
{
    json_t *text = json_stringn((const char *)part->bytes, part->size);
    const char *value = json_string_value(text), *end = value;
    json_t *meant = text;
    if (text && part->size == 0) /* as browsers send empty fields */
        meant = json_null();
    else if (text && strcmp(part->name, "stream") == 0 && strcmp(value, "true") == 0)
        meant = json_true();
    else if (text && strcmp(part->name, "stream") == 0 && strcmp(value, "false") == 0)
        meant = json_false();
    else if (text && strcmp(part->name, "temperature") == 0 && strtod(value, (char **)&end) == 0 &&
             *end == '\0')
        meant = json_integer(0);
    if (meant != text)
        json_decref(text);
    return meant;
}

/* Several values of one name form a list. */
static int add_value(json_t *root, const char *name, json_t *value)
{
    json_t *before = json_object_get(root, name);
    if (!value || !before)
        return json_object_set_new(root, name, value);
    if (json_is_array(before))
        return json_array_append_new(before, value);
    return json_object_set_new(root, name, json_pack("[O, o]", before, value));
}

/* Adds the value of a part to `root`; `bytes` are those of all parts so far. */
static enum wi_code add_parameter(
    json_t *root, const struct wi_multipart_part *part, size_t bytes, struct wi_error *error)
{
    const char *name = part->name;
    int is_list = strcmp(name, WI_OPENAI_TIMES) == 0;
    if ((json_object_get(root, name) && !is_list) || strcmp(name, "file") == 0)
        return wi_error_set(error, WI_INVALID_FIELD, name, "%s is given twice", name);
    if (bytes > VALUES_MAX) {
        wi_error_set(error, WI_INVALID_FIELD, name, "the parts other than the file are too large");
        return wi_error_expect(error, "at most %d bytes", VALUES_MAX);
    }
    json_t *value = part_value(part);
    if (!value || add_value(root, name, value) != 0)
        return wi_error_set(error, WI_INVALID_FIELD, name, "%s is not text in UTF-8", name);
    return WI_OK;
}

/* An object of all parts except the file; NULL with `error`. */
static json_t *parameters_of(const struct wi_multipart *form, struct wi_error *error)
{
    const struct wi_multipart_part *file = wi_multipart_find(form, "file");
    json_t *root = json_object();
    size_t bytes = 0;
    for (size_t i = 0; i < form->count; i++) {
        const struct wi_multipart_part *part = &form->parts[i];
        if (part == file)
            continue;
        bytes += part->size;
        if (add_parameter(root, part, bytes, error) == WI_OK)
            continue;
        json_decref(root);
        return NULL;
    }
    return root;
}

static enum wi_code audio_take_file(
    struct wi_infer *infer, const struct wi_multipart_part *file, struct wi_error *error)
{
    struct wi_sound sound = {0};
    struct wi_blob *body = infer->body;
    if (!file)
        return wi_error_set(error, WI_MISSING_FIELD, "file", "file is missing");
    return wi_media_take_sound(
        infer, body, (size_t)(file->bytes - body->bytes), file->size, &sound, error);
}

/* The body's first line is the boundary; a job that waits on disk keeps no header with it. */
static enum wi_code read_parts(
    struct wi_multipart *form, const unsigned char *bytes, size_t size, struct wi_error *error)
{
    char content_type[128];
    const char *line = (const char *)bytes;
    const char *end = memchr(line, '\r', size < LINE_MAX_BYTES ? size : LINE_MAX_BYTES);
    while (end && end > line && (end[-1] == ' ' || end[-1] == '\t'))
        end--; /* which no boundary ends with */
    if (!end || end - line < 3 || memcmp(line, "--", 2) != 0) {
        wi_error_set(error, WI_BAD_FRAMING, NULL, "the form does not begin with its boundary");
        return wi_error_expect(error, "multipart/form-data as RFC 7578 describes it");
    }
    snprintf(content_type, sizeof content_type, "multipart/form-data; boundary=\"%.*s\"",
        (int)(end - line) - 2, line + 2);
    return wi_multipart_read(form, content_type, bytes, size, error);
}

static enum wi_code parse_form(struct wi_infer *infer, struct wi_error *error)
{
    struct wi_multipart *form = wi_alloc(sizeof *form);
    json_t *root = NULL;
    enum wi_code code = read_parts(form, infer->body->bytes, infer->body->size, error);
    if (code == WI_OK && !(root = parameters_of(form, error)))
        code = WI_INVALID_FIELD;
    if (code == WI_OK)
        code = wi_openai_read(infer, root, error);
    if (code == WI_OK)
        code = audio_take_file(infer, wi_multipart_find(form, "file"), error);
    json_decref(root);
    free(form);
    return code;
}

/* Ignores the boundary, which differs each time that a client sends the form. A form that cannot be
 * read is hashed by its bytes. */
static void identify_form(const unsigned char *bytes, size_t size, unsigned char hash[WI_HASH_SIZE])
{
    struct {
        char name[WI_MULTIPART_NAME_MAX + 1];
        unsigned char hash[WI_HASH_SIZE];
    } parts[WI_MULTIPART_MAX];
    struct wi_multipart *form = wi_alloc(sizeof *form);
    struct wi_error error;
    memset(parts, 0, sizeof parts);
    if (read_parts(form, bytes, size, &error) != WI_OK)
        form->count = 0;
    for (size_t i = 0; i < form->count; i++) {
        snprintf(parts[i].name, sizeof parts[i].name, "%s", form->parts[i].name);
        wi_hash(form->parts[i].bytes, form->parts[i].size, parts[i].hash);
    }
    if (form->count > 0)
        wi_hash(parts, form->count * sizeof *parts, hash);
    else
        wi_hash(bytes, size, hash);
    free(form);
}

static enum wi_code parse_translation(struct wi_infer *infer, struct wi_error *error)
{
    enum wi_code code = parse_form(infer, error);
    if (code == WI_OK)
        json_object_set_new(infer->asked->options, "translate", json_true());
    return code;
}

/* Nothing of a form is JSON. */
static enum wi_code frame_form(const char *content_type, const char *head_length, size_t body_size,
    size_t *json_size, struct wi_error *error)
{
    enum wi_code code = wi_parameters_frame(content_type, head_length, body_size, json_size, error);
    *json_size = 0;
    return code;
}

/* --- what was heard --------------------------------------------------------------------------- */

static const char *result_text(const json_t *result)
{
    const char *text = json_string_value(json_object_get(result, "text"));
    return text ? text : "";
}

/* OpenAI's schema requires each number; one that a node does not report is 0. */
static void add_number(json_t *row, const json_t *told, const char *name)
{
    json_t *number = json_object_get(told, name);
    json_object_set_new(row, name, json_is_number(number) ? json_incref(number) : json_integer(0));
}

/* The rows of words or of segments. */
static json_t *rows_of(const json_t *told, int are_words)
{
    static const char *const measures[] = {
        "temperature", "avg_logprob", "compression_ratio", "no_speech_prob"};
    json_t *list = json_array();
    for (size_t i = 0; i < json_array_size(told); i++) {
        json_t *one = json_array_get(told, i);
        if (!json_is_object(one))
            continue;
        json_t *tokens = json_object_get(one, "tokens");
        json_t *row = are_words ? json_pack("{s:s}", "word", result_text(one))
                                : json_pack("{s:I}", "id", (json_int_t)i);
        if (!are_words)
            add_number(row, one, "seek");
        add_number(row, one, "start");
        add_number(row, one, "end");
        json_array_append_new(list, row);
        if (are_words)
            continue;
        json_object_set_new(row, "text", json_string(result_text(one)));
        json_object_set_new(
            row, "tokens", json_is_array(tokens) ? json_incref(tokens) : json_array());
        for (size_t k = 0; k < sizeof measures / sizeof *measures; k++)
            add_number(row, one, measures[k]);
    }
    return list;
}

/* {"type": "duration", "seconds"}: the duration that OpenAI charges for. */
static json_t *audio_usage(const json_t *result)
{
    double seconds = json_number_value(json_object_get(result, "duration"));
    return json_pack("{s:s, s:I}", "type", "duration", "seconds",
        seconds > 0 && seconds < 1e6 ? (json_int_t)ceil(seconds) : (json_int_t)0);
}

static json_t *audio_verbose(const struct wi_infer *infer, const json_t *result)
{
    const struct wi_openai_extras *extras = infer->extras;
    const json_t *segments = json_object_get(result, "segments");
    const json_t *words = extras->segments ? json_object_get(result, "words") : segments;
    int translates = json_is_true(json_object_get(infer->asked->options, "translate"));
    const char *told = json_string_value(json_object_get(result, "language"));
    /* The code of an undetermined language is "und" (ISO 639-2). */
    const char *language = translates ? "english" : told ? told : "und";
    json_t *answer = json_pack("{s:s, s:s, s:s}", "task", translates ? "translate" : "transcribe",
        "text", result_text(result), "language", language);
    add_number(answer, result, "duration");
    if (extras->segments)
        json_object_set_new(answer, "segments", rows_of(segments, 0));
    if (extras->words)
        json_object_set_new(answer, "words", rows_of(words, 1));
    return answer;
}

static void audio_add_json(struct wi_buffer *out, json_t *answer, const json_t *result)
{
    json_object_set_new(answer, "usage", audio_usage(result));
    wi_buffer_json(out, answer);
    json_decref(answer);
}

static struct wi_printing *print_heard(
    const struct wi_infer *infer, const struct wi_outcome *outcome, struct wi_error *error)
{
    struct wi_printing *printing = wi_alloc(sizeof *printing);
    const json_t *result = outcome->result, *segments = json_object_get(result, "segments");
    const struct wi_openai_extras *extras = infer->extras;
    struct wi_buffer *out = &printing->text;
    int is_srt = extras->form == WI_OPENAI_SRT;
    switch (extras->form) {
    case WI_OPENAI_TEXT:
        printing->media_type = "text/plain; charset=utf-8";
        wi_buffer_strings(out, result_text(result), "\n", NULL);
        return printing;
    case WI_OPENAI_SRT:
    case WI_OPENAI_VTT:
        printing->media_type =
            is_srt ? "application/x-subrip; charset=utf-8" : "text/vtt; charset=utf-8";
        wi_captions_write(out, segments, is_srt ? WI_CAPTIONS_SRT : WI_CAPTIONS_VTT);
        return printing;
    case WI_OPENAI_VERBOSE:
        audio_add_json(out, audio_verbose(infer, result), result);
        break;
    default:
        audio_add_json(out, json_pack("{s:s}", "text", result_text(result)), result);
    }
    wi_buffer_puts(out, "\n");
    return printing;
}

/* --- as a stream ------------------------------------------------------------------------------ */

static void stream_part(
    struct wi_buffer *out, const struct wi_stream_face *face, const struct wi_part *part)
{
    json_t *text = part->text ? json_stringn(part->text, part->text_length) : NULL;
    if (text)
        wi_printing_event(
            out, NULL, json_pack("{s:s, s:o}", "type", "transcript.text.delta", "delta", text));
}

static struct wi_printing *stream_done(
    const struct wi_infer *infer, const struct wi_outcome *outcome, struct wi_error *error)
{
    struct wi_printing *printing = wi_alloc(sizeof *printing);
    wi_printing_event(&printing->text, NULL,
        json_pack("{s:s, s:s, s:o}", "type", "transcript.text.done", "text",
            result_text(outcome->result), "usage", audio_usage(outcome->result)));
    return printing;
}

/* --- speech ----------------------------------------------------------------------------------- */

#define WAV_HEADER 44 /* bytes */

static void write_nothing(struct wi_printing *printing)
{
    (void)printing; /* there is only the file */
}

static uint32_t bytes_little32(const unsigned char *p)
{
    return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static uint32_t bytes_little16(const unsigned char *p)
{
    return p[0] | (uint32_t)p[1] << 8;
}

/* Whether the bytes are a WAV file (Multimedia Programming Interface 1.0, Microsoft and IBM 1991)
 * of the one form that nodes give, 16-bit PCM of one channel: its samples follow the header. */
static int is_plain_wav(const unsigned char *bytes, size_t size)
{
    return size >= WAV_HEADER && memcmp(bytes, "RIFF", 4) == 0 &&
           memcmp(bytes + 8, "WAVEfmt ", 8) == 0 && bytes_little32(bytes + 16) == 16 &&
           bytes_little16(bytes + 20) == 1 && bytes_little16(bytes + 22) == 1 &&
           bytes_little16(bytes + 34) == 16 && memcmp(bytes + 36, "data", 4) == 0 &&
           bytes_little32(bytes + 40) == size - WAV_HEADER;
}

struct wi_printing *wi_openai_print_speech(
    const struct wi_infer *infer, const struct wi_outcome *outcome, struct wi_error *error)
{
    const struct wi_tensors *outputs = outcome->outputs;
    const struct wi_openai_extras *extras = infer->extras;
    int raw = extras->form == WI_OPENAI_PCM;
    if (outputs->count != 1 ||
        !is_plain_wav(wi_tensor_bytes(&outputs->items[0]), outputs->items[0].size)) {
        wi_error_set(error, WI_INFERENCE_FAILED, NULL, "the node's answer has no speech");
        return NULL;
    }
    struct wi_printing *printing = wi_alloc(sizeof *printing);
    wi_tensors_move(&printing->outputs, outcome->outputs);
    printing->binary = wi_alloc(1);
    printing->binary[0] = 1;
    printing->media_type = raw ? "audio/pcm" : "audio/wav";
    printing->write = write_nothing;
    if (raw) {
        printing->outputs.items[0].offset += WAV_HEADER;
        printing->outputs.items[0].size -= WAV_HEADER;
    }
    return printing;
}

/* --- the dialects ----------------------------------------------------------------------------- */

#define HEARD                                                                                      \
    WI_OPENAI_READS, .input = "file", .task = WI_TASK_SPEECH_RECOGNITION, .frame = frame_form,     \
                     .identify = identify_form, .print = print_heard, .stream_part = stream_part,  \
                     .stream_done = stream_done, .stream_error = wi_openai_stream_error

const struct wi_dialect wi_dialect_openai_transcriptions = {
    .name = "openai.transcriptions", .parse = parse_form, HEARD};
const struct wi_dialect wi_dialect_openai_translations = {
    .name = "openai.translations", .parse = parse_translation, HEARD};
