/* Headers of sound files, as anybody may make them. */
#include "../test.h"

#include "wire/sound.h"
#include <stdlib.h>
#include <string.h>

static enum wi_code sniff(const void *bytes, size_t size, struct wi_sound *sound)
{
    struct wi_error error = {0};
    enum wi_code code = wi_sound_sniff(bytes, size, sound, &error);
    if (code == WI_AUDIO_INVALID || code == WI_AUDIO_TOO_LARGE)
        assert_string_equal(error.field, "inputs.audio");
    return code;
}

TEST(test_files)
{
    static const struct {
        const char *bytes, *media_type;
    } rows[] = {{"fLaC...", "audio/flac"}, {"OggS...", "audio/ogg"}, {"ID3....", "audio/mpeg"},
        {"\xff\xfb....", "audio/mpeg"}, {"\xff\xf1....", "audio/aac"},
        {"\x1a\x45\xdf\xa3", "audio/webm"}, {"....ftypM4A ", "audio/mp4"}, {"", NULL}, {"f", NULL},
        {"hello there", NULL}, {"RIFF....WAVE", NULL}, {"RIFF....AVI ", NULL}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct wi_sound sound = {0};
        enum wi_code code = sniff(rows[i].bytes, strlen(rows[i].bytes), &sound);
        assert_int_equal(code, rows[i].media_type ? WI_OK : WI_AUDIO_INVALID);
        if (rows[i].media_type)
            assert_string_equal(sound.media_type, rows[i].media_type);
    }
}

#define WAV "RIFF\x28\0\0\0WAVEfmt \x10\0\0\0\1\0\1\0\x40\x1f\0\0\x80\x3e\0\0\2\0\x10\0data\4\0\0\0"

TEST(test_wav)
{
    struct wi_sound sound = {0};
    unsigned char wav[] = WAV "\0\0\0\0";
    for (size_t size = 12; size < 44; size++)
        assert_int_equal(sniff(wav, size, &sound), WI_AUDIO_INVALID);
    assert_int_equal(sniff(wav, sizeof wav - 1, &sound), WI_OK);
    assert_string_equal(sound.media_type, "audio/wav");
    memset(wav + 40, 0xff, 4); /* more than there is */
    assert_int_equal(sniff(wav, sizeof wav - 1, &sound), WI_OK);
}

/* Files of more than 4 GiB, and those with the highest byte of each number first. */
TEST(test_kinds_of_wav)
{
    static const char big[] = "RIFX\0\0\0\x28WAVEfmt \0\0\0\x10\0\1\0\1\0\0\x1f\x40\0\0\x3e\x80"
                              "\0\2\0\x10"
                              "data\0\0\0\4\0\0\0\0";
    struct wi_sound sound = {0};
    unsigned char wav[] = WAV "\0\0\0\0";
    assert_int_equal(sniff(big, sizeof big - 1, &sound), WI_OK);
    assert_string_equal(sound.media_type, "audio/wav");
    memcpy(wav, "RIFX", 4); /* whose numbers would be out of all bounds */
    assert_int_equal(sniff(wav, sizeof wav - 1, &sound), WI_AUDIO_INVALID);
    static const char names[][5] = {"RF64", "BW64"};
    for (size_t i = 0; i < 2; i++) {
        memcpy(wav, names[i], 4);
        assert_int_equal(sniff(wav, sizeof wav - 1, &sound), WI_OK);
    }
}

/* Nothing, where nobody knew how much would follow, is all that follows. */
TEST(test_unknown_size)
{
    static unsigned char wav[44 + 2 * 8000 * (WI_SOUND_SECONDS_MAX + 1)] = WAV;
    struct wi_sound sound = {0};
    memset(wav + 40, 0, 4);
    assert_int_equal(sniff(wav, 44 + 16000, &sound), WI_OK);
    assert_int_equal(sniff(wav, sizeof wav, &sound), WI_AUDIO_TOO_LARGE);
}

/* Bytes a second by the header are believed where nothing else tells them. */
TEST(test_wav_rate)
{
    static unsigned char wav[44 + 4 * WI_SOUND_SECONDS_MAX] = WAV;
    struct wi_sound sound = {0};
    memset(wav + 40, 0xff, 4);
    memcpy(wav + 28, "\1\0\0\0", 4);
    assert_int_equal(sniff(wav, sizeof wav, &sound), WI_OK);
    memset(wav + 20, 2, 1); /* ADPCM */
    assert_int_equal(sniff(wav, sizeof wav, &sound), WI_AUDIO_TOO_LARGE);
    memset(wav + 28, 0, 4);
    assert_int_equal(sniff(wav, sizeof wav, &sound), WI_AUDIO_INVALID);
}

/* Chunks before the samples are not looked through for ever. */
TEST(test_far_samples)
{
    static const unsigned char wav[] = WAV "\0\0\0\0";
    static const size_t chunks[] = {60000, 70000};
    for (size_t i = 0; i < 2; i++) {
        struct wi_sound sound = {0};
        size_t more = 8 * chunks[i], size = sizeof wav - 1 + more;
        unsigned char *bytes = calloc(1, size);
        memcpy(bytes, wav, 12);
        memcpy(bytes + 12 + more, wav + 12, sizeof wav - 1 - 12);
        assert_int_equal(sniff(bytes, size, &sound), i == 0 ? WI_OK : WI_AUDIO_INVALID);
        free(bytes);
    }
}

TEST(test_length)
{
    static unsigned char samples[2 * WI_SOUND_RATE_MIN * (WI_SOUND_SECONDS_MAX + 1)];
    struct wi_sound sound = {.format = "s16le", .sampling_rate = WI_SOUND_RATE_MIN};
    assert_int_equal(sniff(samples, sizeof samples, &sound), WI_AUDIO_TOO_LARGE);
    assert_int_equal(sniff(samples, 2 * WI_SOUND_RATE_MIN, &sound), WI_OK);
    assert_string_equal(sound.media_type, "audio/pcm;format=s16le");
    assert_int_equal(sniff(samples, 7, &sound), WI_AUDIO_INVALID);
    assert_int_equal(sniff(samples, 0, &sound), WI_AUDIO_INVALID);
    sound = (struct wi_sound){.format = "f32le", .sampling_rate = 16000, .channels = 2};
    assert_int_equal(sniff(samples, 12, &sound), WI_AUDIO_INVALID);
    assert_int_equal(sniff(samples, 16, &sound), WI_OK);
    sound.channels = WI_SOUND_CHANNELS_MAX;
    assert_int_equal(sniff(samples, 4 * WI_SOUND_CHANNELS_MAX, &sound), WI_OK);
    sound.channels = WI_SOUND_CHANNELS_MAX + 1;
    assert_int_equal(sniff(samples, 16, &sound), WI_INVALID_FIELD);
    sound = (struct wi_sound){.format = "f32le"};
    assert_int_equal(sniff(samples, 16, &sound), WI_INVALID_FIELD);
}
