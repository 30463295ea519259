/*
 * Headers of sound files, over hostile bytes. Their beginnings: WAV: RIFF or RIFX (Microsoft,
 * Multimedia Programming Interface 1.0), RF64 (EBU Tech 3306) or BW64 (ITU-R BS.2088); Ogg: RFC
 * 3533, 6; FLAC: RFC 9639, 8; MP3: ID3v2 or a frame's sync word (ISO/IEC 11172-3, 2.4.1.3; the same
 * for ADTS, ISO/IEC 13818-7); WebM: EBML, RFC 8794; MP4: ISO/IEC 14496-12, 4.3.
 */
#include "wire/sound.h"

#include "wire/base64.h"
#include <string.h>

static enum wi_code bad_sound(struct wi_error *error, const char *detail)
{
    wi_error_set(error, WI_AUDIO_INVALID, "inputs.audio", "%s", detail);
    return wi_error_expect(error, "a WAV, FLAC, MP3, Ogg, WebM or MP4 file, or raw samples with "
                                  "sampling_rate and format");
}

static enum wi_code check_length(double seconds, struct wi_error *error)
{
    if (seconds <= WI_SOUND_SECONDS_MAX)
        return WI_OK;
    wi_error_set(error, WI_AUDIO_TOO_LARGE, "inputs.audio",
        "the sound lasts %.0f s; split it into pieces", seconds);
    return wi_error_expect(error, "at most %d s", WI_SOUND_SECONDS_MAX);
}

static enum wi_code check_number(
    int64_t value, int64_t least, int64_t most, const char *field, struct wi_error *error)
{
    if (value >= least && value <= most)
        return WI_OK;
    wi_error_set(error, WI_INVALID_FIELD, field,
        "%s is %lld; raw samples need one from %lld to %lld", field, (long long)value,
        (long long)least, (long long)most);
    return wi_error_expect(error, "%lld to %lld", (long long)least, (long long)most);
}

static enum wi_code sniff_samples(size_t size, struct wi_sound *sound, struct wi_error *error)
{
    int floats = strcmp(sound->format, "f32le") == 0;
    int64_t channels = sound->channels ? sound->channels : 1;
    enum wi_code code = check_number(
        sound->sampling_rate, WI_SOUND_RATE_MIN, WI_SOUND_RATE_MAX, "inputs.sampling_rate", error);
    if (code == WI_OK)
        code = check_number(channels, 1, WI_SOUND_CHANNELS_MAX, "inputs.channels", error);
    if (code != WI_OK)
        return code;
    size_t frame = (size_t)channels * (floats ? 4 : 2);
    if (size % frame != 0)
        return bad_sound(error, "the raw samples end in the middle of one");
    sound->media_type = floats ? "audio/pcm;format=f32le" : "audio/pcm;format=s16le";
    return check_length((double)(size / frame) / (double)sound->sampling_rate, error);
}

/* Numbers of a WAV file: RIFX has the highest byte first. */
struct wav {
    const unsigned char *bytes;
    size_t size;
    int is_big;
};

static unsigned wav_read16(const struct wav *wav, size_t at)
{
    const unsigned char *p = wav->bytes + at;
    return wav->is_big ? (unsigned)p[0] << 8 | p[1] : (unsigned)p[1] << 8 | p[0];
}

static uint32_t wav_read32(const struct wav *wav, size_t at)
{
    uint32_t first = wav_read16(wav, at), second = wav_read16(wav, at + 2);
    return wav->is_big ? first << 16 | second : second << 16 | first;
}

static int is_wav(const unsigned char *bytes, size_t size)
{
    static const char names[][5] = {"RIFF", "RIFX", "RF64", "BW64"};
    if (size < 12 || memcmp(bytes + 8, "WAVE", 4) != 0)
        return 0;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (memcmp(bytes, names[i], 4) == 0)
            return 1;
    return 0;
}

/* The most chunks of a WAV file before its samples. Files have a few; they are counted on the
 * loop's thread. */
#define CHUNKS_MAX 65536

enum { WAV_PCM = 1, WAV_FLOAT = 3, WAV_EXTENSIBLE = 0xfffe };

/* The bytes of a second by the format at `at`. For uncompressed samples they are computed, as by
 * players, which ignore the header's own number. */
static double wav_rate(const struct wav *wav, size_t at)
{
    unsigned format = wav_read16(wav, at), frame = wav_read16(wav, at + 12);
    int counted = format == WAV_PCM || format == WAV_FLOAT || format == WAV_EXTENSIBLE;
    double rate = counted ? (double)wav_read32(wav, at + 4) * frame : 0;
    return rate > 0 ? rate : wav_read32(wav, at + 8);
}

/* The seconds that a WAV file's header promises, at most those that its bytes allow; -1 if it has
 * no format, or no samples within that many chunks. */
static double wav_seconds(const struct wav *wav)
{
    double rate = 0;
    size_t at = 12;
    for (unsigned chunks = 0; chunks < CHUNKS_MAX && at + 8 <= wav->size; chunks++) {
        size_t length = wav_read32(wav, at + 4), rest = wav->size - at - 8;
        if (memcmp(wav->bytes + at, "data", 4) == 0)
            return rate > 0 ? (double)(length > 0 && length < rest ? length : rest) / rate : -1;
        if (memcmp(wav->bytes + at, "fmt ", 4) == 0 && length >= 16 && rest >= 16)
            rate = wav_rate(wav, at + 8);
        if (length >= rest)
            break;
        at += 8 + length + length % 2;
    }
    return -1;
}

static const struct {
    const char *media_type;
    size_t at, length;
    const char *bytes;
} beginnings[] = {
    {"audio/flac", 0, 4, "fLaC"},
    {"audio/ogg", 0, 4, "OggS"},
    {"audio/mpeg", 0, 3, "ID3"},
    {"audio/webm", 0, 4, "\x1a\x45\xdf\xa3"},
    {"audio/mp4", 4, 4, "ftyp"},
};

static enum wi_code sniff_file(
    const unsigned char *bytes, size_t size, struct wi_sound *sound, struct wi_error *error)
{
    if (is_wav(bytes, size)) {
        struct wav wav = {.bytes = bytes, .size = size, .is_big = bytes[3] == 'X'};
        double seconds = wav_seconds(&wav);
        sound->media_type = "audio/wav";
        return seconds < 0 ? bad_sound(error, "the WAV file has no format or no samples")
                           : check_length(seconds, error);
    }
    for (size_t i = 0; i < sizeof beginnings / sizeof *beginnings; i++) {
        size_t at = beginnings[i].at, length = beginnings[i].length;
        if (size < at + length || memcmp(bytes + at, beginnings[i].bytes, length) != 0)
            continue;
        sound->media_type = beginnings[i].media_type;
        return WI_OK;
    }
    if (size < 2 || bytes[0] != 0xff || (bytes[1] & 0xe0) != 0xe0)
        return bad_sound(error, "the bytes are not a sound file");
    sound->media_type = (bytes[1] & 0x06) == 0 ? "audio/aac" : "audio/mpeg";
    return WI_OK;
}

enum wi_code wi_sound_sniff(
    const unsigned char *bytes, size_t size, struct wi_sound *sound, struct wi_error *error)
{
    if (size == 0)
        return bad_sound(error, "the sound is empty");
    return sound->format ? sniff_samples(size, sound, error)
                         : sniff_file(bytes, size, sound, error);
}

enum wi_code wi_sound_decode(const char *text, size_t length, struct wi_budget *budget,
    struct wi_blob **blob, struct wi_error *error)
{
    const char *fault = wi_base64_decode(text, length, budget, blob);
    if (fault)
        return bad_sound(error, fault);
    return *blob ? WI_OK
                 : wi_error_set(error, WI_MEMORY_BUDGET, "inputs.audio",
                       "there is no memory for this sound now; try again later");
}
