/* Where live sound is cut: by its bytes alone, whatever the pieces in which they come. */
#include "../../test.h"

#include "terms/sound/cutter.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define RATE 16000
#define SEGMENTS_MAX 64

static const struct wi_pcm plain = {WI_PCM_S16LE, RATE, 1};

/* --- sounds, made of the same numbers each time ---------------------------------------------- */

struct sound {
    int16_t *samples;
    size_t count;
    uint32_t random;
};

static int16_t noise(struct sound *sound, int amplitude)
{
    sound->random = sound->random * 1664525u + 1013904223u;
    return (int16_t)((int)(sound->random >> 16) % (2 * amplitude + 1) - amplitude);
}

/* So many milliseconds of a rough tone, or of noise alone where `amplitude` is 0. */
static void add(struct sound *sound, unsigned ms, int amplitude, int hiss)
{
    size_t count = (size_t)ms * RATE / 1000;
    sound->samples = realloc(sound->samples, (sound->count + count) * sizeof *sound->samples);
    for (size_t i = 0; i < count; i++) {
        int tone = i / 40 % 2 ? amplitude : -amplitude;
        sound->samples[sound->count++] = (int16_t)(tone + (hiss ? noise(sound, hiss) : 0));
    }
}

static void drop(struct sound *sound)
{
    free(sound->samples);
}

/* --- what is cut ------------------------------------------------------------------------------ */

struct heard {
    struct wi_pcm pcm;
    const unsigned char *bytes; /* of all */
    size_t count;
    uint64_t start[SEGMENTS_MAX], end[SEGMENTS_MAX], known[SEGMENTS_MAX];
};

static void on_segment(void *context, const struct wi_sound_segment *segment)
{
    struct heard *heard = context;
    size_t moment = wi_pcm_moment(&heard->pcm), i = heard->count++;
    assert_true(i < SEGMENTS_MAX);
    assert_true(segment->start < segment->end);
    assert_true(segment->end <= segment->known_at);
    assert_int_equal(segment->size, (segment->end - segment->start) * moment);
    assert_memory_equal(segment->bytes, heard->bytes + segment->start * moment, segment->size);
    assert_true(i == 0 || segment->start >= heard->end[i - 1]);
    heard->start[i] = segment->start;
    heard->end[i] = segment->end;
    heard->known[i] = segment->known_at;
}

/* In pieces of at most `most` bytes, of random sizes; of that size where `random` is 0. */
static struct heard cut(const struct wi_pcm *pcm, unsigned pause_ms, const void *bytes, size_t size,
    size_t most, uint32_t random)
{
    struct heard heard = {.pcm = *pcm, .bytes = bytes};
    struct wi_cutter *cutter = wi_cutter_new(pcm, pause_ms);
    for (size_t at = 0; at < size;) {
        random = random * 1664525u + (random ? 1013904223u : 0);
        size_t piece = random ? 1 + (random >> 8) % most : most;
        if (piece > size - at)
            piece = size - at;
        wi_cutter_add(cutter, heard.bytes + at, piece, on_segment, &heard);
        at += piece;
        assert_int_equal(wi_cutter_heard(cutter), at / wi_pcm_moment(pcm));
        assert_int_equal(wi_cutter_torn(cutter), at % wi_pcm_moment(pcm));
    }
    wi_cutter_end(cutter, on_segment, &heard);
    wi_cutter_free(cutter);
    return heard;
}

static struct heard cut_whole(const struct sound *sound, unsigned pause_ms)
{
    size_t size = sound->count * sizeof *sound->samples;
    return cut(&plain, pause_ms, sound->samples, size, size, 0);
}

static void check_ms(uint64_t moments, unsigned from, unsigned to)
{
    uint64_t ms = wi_pcm_ms(&plain, moments);
    if (ms < from || ms > to)
        fail_msg("%llu ms are not from %u to %u", (unsigned long long)ms, from, to);
}

TEST(test_words_between_pauses)
{
    struct sound sound = {.random = 1};
    add(&sound, 1000, 0, 40);
    add(&sound, 700, 4000, 40);
    add(&sound, 300, 0, 40); /* less than a pause */
    add(&sound, 500, 3000, 40);
    add(&sound, 1500, 0, 40);
    add(&sound, 400, 2000, 40);
    struct heard heard = cut_whole(&sound, 500);
    assert_int_equal(heard.count, 2);
    check_ms(heard.start[0], 750, 810); /* 200 ms before it begins at 1000 */
    check_ms(heard.end[0], 2690, 2730); /* and behind its end at 2500 */
    check_ms(heard.known[0], 2990, 3020);
    check_ms(heard.start[1], 3750, 3810);
    check_ms(heard.end[1], 4400, 4400); /* the sound is over */
    heard = cut_whole(&sound, 200);
    assert_int_equal(heard.count, 3);
    heard = cut_whole(&sound, 2000);
    assert_int_equal(heard.count, 1);
    drop(&sound);
}

TEST(test_what_goes_on_is_cut_where_it_is_quietest)
{
    struct sound sound = {.random = 2};
    add(&sound, 300, 0, 30);
    add(&sound, 25000, 5000, 30);
    add(&sound, 150, 200, 30); /* no pause, but quieter */
    add(&sound, 15000, 5000, 30);
    add(&sound, 1000, 0, 30);
    struct heard heard = cut_whole(&sound, 500);
    assert_int_equal(heard.count, 2);
    check_ms(heard.end[0], 25300, 25450);
    assert_int_equal(heard.start[1], heard.end[0]);
    check_ms(heard.end[1], 40600, 40680);
    drop(&sound);
}

/* Without any quieter place it is cut all the same, and nothing of it is lost. */
TEST(test_what_never_pauses_is_cut_between_23_and_28_seconds)
{
    struct sound sound = {.random = 3};
    add(&sound, 100, 0, 30);
    add(&sound, 100000, 6000, 3000);
    struct heard heard = cut_whole(&sound, 500);
    assert_true(heard.count >= 4);
    for (size_t i = 0; i + 1 < heard.count; i++) {
        check_ms(heard.end[i] - heard.start[i], 23000, 28000);
        assert_int_equal(heard.start[i + 1], heard.end[i]);
        assert_true(heard.known[i] - heard.start[i] <= 28 * RATE);
    }
    drop(&sound);
}

TEST(test_neither_noise_nor_clicks_are_speech)
{
    struct sound sound = {.random = 4};
    add(&sound, 20000, 0, 300);
    for (int i = 0; i < 20; i++) {
        add(&sound, 10, 12000, 0);
        add(&sound, 990, 0, 300);
    }
    add(&sound, 5000, 0, 40); /* the noise goes away */
    add(&sound, 20000, 0, 60);
    assert_int_equal(cut_whole(&sound, 500).count, 0);
    add(&sound, 500, 4000, 60);
    assert_int_equal(cut_whole(&sound, 500).count, 1);
    drop(&sound);
}

TEST(test_silence_of_an_hour_holds_nothing)
{
    static const unsigned char silence[RATE * 2];
    struct heard heard = {.pcm = plain};
    struct wi_cutter *cutter = wi_cutter_new(&plain, 500);
    size_t most = 0;
    for (int i = 0; i < 3600; i++) {
        wi_cutter_add(cutter, silence, sizeof silence, on_segment, &heard);
        most = wi_cutter_held(cutter) > most ? wi_cutter_held(cutter) : most;
    }
    wi_cutter_end(cutter, on_segment, &heard);
    assert_int_equal(heard.count, 0);
    assert_int_equal(wi_cutter_heard(cutter), 3600 * RATE);
    assert_true(most <= 128 * 1024);
    wi_cutter_free(cutter);
}

TEST(test_the_open_segment)
{
    struct sound sound = {.random = 5};
    struct heard heard = {.pcm = plain};
    struct wi_sound_segment open;
    struct wi_cutter *cutter = wi_cutter_new(&plain, 500);
    add(&sound, 500, 0, 40);
    heard.bytes = (const unsigned char *)sound.samples;
    wi_cutter_add(cutter, sound.samples, sound.count * 2, on_segment, &heard);
    assert_false(wi_cutter_open(cutter, &open));
    size_t before = sound.count;
    add(&sound, 700, 3000, 40);
    heard.bytes = (const unsigned char *)sound.samples;
    wi_cutter_add(
        cutter, sound.samples + before, (sound.count - before) * 2 - 1, on_segment, &heard);
    assert_true(wi_cutter_open(cutter, &open));
    check_ms(open.start, 260, 310);
    assert_int_equal(open.end, sound.count - 1); /* of the last sample a byte is missing */
    assert_int_equal(open.size, (open.end - open.start) * 2);
    assert_memory_equal(open.bytes, sound.samples + open.start, open.size);
    wi_cutter_end(cutter, on_segment, &heard);
    assert_int_equal(heard.count, 1);
    assert_false(wi_cutter_open(cutter, &open));
    wi_cutter_free(cutter);
    drop(&sound);
}

/* --- the bytes alone -------------------------------------------------------------------------- */

static struct sound talk(uint32_t seed)
{
    struct sound sound = {.random = seed};
    for (int i = 0; i < 24; i++) {
        int hiss = 20 + abs(noise(&sound, 200));
        add(&sound, (unsigned)(50 + abs(noise(&sound, 1200))), 0, hiss);
        add(&sound, (unsigned)(30 + abs(noise(&sound, 1500))), 500 + abs(noise(&sound, 8000)),
            hiss);
    }
    add(&sound, 40000, 5000, 2500);
    return sound;
}

static void check_same(const struct heard *a, const struct heard *b)
{
    assert_int_equal(a->count, b->count);
    assert_memory_equal(a->start, b->start, a->count * sizeof *a->start);
    assert_memory_equal(a->end, b->end, a->count * sizeof *a->end);
    assert_memory_equal(a->known, b->known, a->count * sizeof *a->known);
}

TEST(test_any_pieces_give_the_same_cuts)
{
    static const size_t most[] = {2, 7, 320, 4096, 100000, 1 << 20};
    for (uint32_t seed = 1; seed <= 4; seed++) {
        struct sound sound = talk(seed);
        size_t size = sound.count * 2;
        struct heard whole = cut_whole(&sound, 300);
        assert_true(whole.count > 5);
        for (size_t i = 0; i < sizeof most / sizeof *most; i++) {
            struct heard pieces = cut(&plain, 300, sound.samples, size, most[i], seed * 77 + 1);
            check_same(&whole, &pieces);
        }
        struct heard bytes = cut(&plain, 300, sound.samples, size, 1, 0);
        check_same(&whole, &bytes);
        drop(&sound);
    }
}

/* The same sound in another form is cut at the same places. */
TEST(test_forms)
{
    struct sound sound = talk(9);
    float *floats = malloc(sound.count * 2 * sizeof *floats);
    for (size_t i = 0; i < sound.count; i++)
        floats[2 * i] = floats[2 * i + 1] = (float)sound.samples[i] / 32768;
    const struct wi_pcm both = {WI_PCM_F32LE, RATE, 2};
    struct heard whole = cut_whole(&sound, 300);
    struct heard heard = cut(&both, 300, floats, sound.count * 8, 5000, 3);
    check_same(&whole, &heard);
    free(floats);
    drop(&sound);
}

TEST(test_power)
{
    static const int16_t loud[] = {32767, -32768}, flat[] = {-500, -500, -500};
    static const float odd[] = {NAN, INFINITY, -INFINITY, 2};
    const struct wi_pcm floats = {WI_PCM_F32LE, 8000, 1}, pairs = {WI_PCM_F32LE, 8000, 2};
    assert_int_equal(wi_pcm_power(&plain, (const unsigned char *)flat, 3), 0);
    assert_int_equal(wi_pcm_power(&plain, (const unsigned char *)loud, 2), 1073709056);
    assert_int_equal(wi_pcm_power(&floats, (const unsigned char *)odd, 1), 0);
    assert_int_equal(wi_pcm_power(&floats, (const unsigned char *)(odd + 1), 2), 1073709056);
    assert_int_equal(wi_pcm_power(&pairs, (const unsigned char *)(odd + 2), 1), 0);
    assert_int_equal(wi_pcm_ms(&plain, UINT64_C(1) << 60), (UINT64_C(1) << 60) / 16);
}
