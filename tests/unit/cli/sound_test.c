/* Sound as it comes: WAV heads in whatever pieces, raw samples, and what is no sound to be sent. */
#include "../test.h"

#include "cli/sound.h"
#include <string.h>

/* A chunk of a WAV file whose size is said in one byte. */
#define CHUNK(name, size) name size "\0\0\0"
#define FORM(tag, channels, rate, bits)                                                            \
    CHUNK("fmt ", "\x10")                                                                          \
    tag "\0" channels "\0" rate "\0\0"                                                             \
        "\0\0\0\0\0\0" bits "\0"
#define HEAD "RIFF\0\0\0\0WAVE"
#define PCM FORM("\1", "\1", "\x80\x3e", "\x10") /* 16,000 in a second */

/* `bytes` in pieces of `step`: what came of the samples is in the caller's buffer. */
static enum wi_code feed(struct wi_sound_input *input, const char *bytes, size_t size, size_t step,
    struct wi_buffer *samples, struct wi_error *error)
{
    enum wi_code code = WI_OK;

    *error = (struct wi_error){0};
    for (size_t at = 0; at < size && code == WI_OK; at += step)
        code = wi_sound_input_take(input, bytes + at, size - at < step ? size - at : step, error);
    if (code == WI_OK)
        code = wi_sound_input_end(input, error);
    if (code == WI_OK)
        wi_sound_input_move(input, samples, SIZE_MAX);
    return code;
}

static void check(const char *bytes, size_t size, const char *encoding, int rate, int channels,
    const char *expected)
{
    for (size_t step = 1; step <= size + 1; step++) {
        struct wi_sound_input input = {0};
        struct wi_buffer samples = {0};
        struct wi_error error;
        assert_int_equal(feed(&input, bytes, size, step, &samples, &error), WI_OK);
        assert_string_equal(input.form.encoding, encoding);
        assert_int_equal(input.form.rate, rate);
        assert_int_equal(input.form.channels, channels);
        assert_int_equal(samples.size, strlen(expected));
        assert_memory_equal(samples.text ? samples.text : "", expected, strlen(expected));
        wi_buffer_clear(&samples);
        wi_sound_input_clear(&input);
    }
}
#define CHECK(bytes, ...) check(bytes, sizeof bytes - 1, __VA_ARGS__)

static void check_refused(const char *bytes, size_t size, const char *why)
{
    for (size_t step = 1; step <= size; step++) {
        struct wi_sound_input input = {0};
        struct wi_buffer samples = {0};
        struct wi_error error;
        assert_int_equal(feed(&input, bytes, size, step, &samples, &error), WI_BAD_REQUEST);
        if (!strstr(error.detail, why))
            fail_msg("\"%s\" says nothing of \"%s\"", error.detail, why);
        wi_sound_input_clear(&input);
    }
}
#define CHECK_REFUSED(bytes, why) check_refused(bytes, sizeof bytes - 1, why)

TEST(test_wav)
{
    CHECK(HEAD PCM CHUNK("data", "\4") "abcdLIST", "s16le", 16000, 1, "abcd");
    CHECK(HEAD CHUNK("LIST", "\3") "odd\0" FORM("\3", "\2", "\x44\xac", "\x20")
              CHUNK("data", "\x08") "abcdefgh",
        "f32le", 44100, 2, "abcdefgh");
    CHECK(HEAD CHUNK("fmt ", "\x28") "\xfe\xff\1\0\x80\x3e\0\0\0\0\0\0\2\0\x10\0\x16\0\x10\0"
                                     "\4\0\0\0\1\0\0\0\0\0\x10\0\x80\0\0\xaa\0\x38\x9b\x71" CHUNK(
                                         "data", "\2") "ab",
        "s16le", 16000, 1, "ab");
}

TEST(test_wav_of_a_pipe_has_no_length)
{
    CHECK(HEAD PCM "data\xff\xff\xff\xff"
                   "abcdef",
        "s16le", 16000, 1, "abcdef");
    CHECK(HEAD PCM "data\0\0\0\x80"
                   "abcdef",
        "s16le", 16000, 1, "abcdef");
    CHECK(HEAD PCM "data\0\0\0\0"
                   "abcd",
        "s16le", 16000, 1, "abcd");
}

TEST(test_wav_that_is_none)
{
    CHECK_REFUSED(HEAD, "ends before its sound");
    CHECK_REFUSED(HEAD PCM "dat", "ends before its sound");
    CHECK_REFUSED(HEAD CHUNK("data", "\4") "abcd", "sound before the chunk");
    CHECK_REFUSED(HEAD CHUNK("fmt ", "\4") "abcd", "of 4 bytes");
    CHECK_REFUSED(HEAD "fmt \0\0\0\x40"
                       "abcd",
        "bytes, which is not a valid size");
    CHECK_REFUSED(HEAD FORM("\1", "\1", "\x80\x3e", "\x08"), "format 1 with 8 bits");
    CHECK_REFUSED(HEAD FORM("\6", "\1", "\x80\x3e", "\x08"), "format 6 with 8 bits");
    CHECK_REFUSED(HEAD FORM("\1", "\0", "\x80\x3e", "\x10"), "no channel");
    CHECK_REFUSED("OggS    and more", "Ogg files");
    CHECK_REFUSED("RIFX    WAVEfmt ", "RIFX files");
    CHECK_REFUSED("BW64    WAVEds64", "BW64 files");
    CHECK_REFUSED("    ftyp and more", "MP4 files");
}

TEST(test_raw_samples)
{
    CHECK("abcdefghijklmnop", "s16le", 16000, 1, "abcdefghijklmnop");
    CHECK("abcd", "s16le", 16000, 1, "abcd"); /* too short to be anything else */
    CHECK("", "s16le", 16000, 1, "");
}

TEST(test_raw_samples_as_they_are_said_to_be)
{
    struct wi_sound_input input = {.form = {"f32le", 8000, 2}}, wav = {.form = {.rate = 8000}};
    struct wi_buffer samples = {0};
    struct wi_error error;

    assert_int_equal(feed(&input, "OggS in the place of samples", 28, 5, &samples, &error), WI_OK);
    assert_int_equal(input.form.rate, 8000);
    assert_int_equal(samples.size, 24);      /* whole in both channels */
    assert_int_equal(input.samples.size, 4); /* the rest */
    assert_int_equal(
        feed(&wav, HEAD PCM, sizeof HEAD PCM - 1, 7, &samples, &error), WI_BAD_REQUEST);
    assert_non_null(strstr(error.detail, "whose header describes"));
    wi_buffer_clear(&samples);
    wi_sound_input_clear(&input);
    wi_sound_input_clear(&wav);
}

TEST(test_samples_are_moved_in_pieces)
{
    struct wi_sound_input input = {0};
    struct wi_buffer piece = {0};
    struct wi_error error = {0};

    assert_int_equal(wi_sound_input_take(&input, "abcdefghijklmno", 15, &error), WI_OK);
    wi_sound_input_move(&input, &piece, 5);
    assert_string_equal(piece.text, "abcd");
    wi_sound_input_move(&input, &piece, SIZE_MAX);
    assert_string_equal(piece.text, "abcdefghijklmn");
    assert_int_equal(input.samples.size, 1);
    wi_buffer_clear(&piece);
    wi_sound_input_clear(&input);
}
