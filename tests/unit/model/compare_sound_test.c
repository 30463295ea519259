/* When two sounds are the same, by their samples. */
#include "../test.h"

#include "base/memory.h"
#include "model/compare.h"
#include <string.h>

#define RATE 16000
#define COUNT 400

static void put_u32(unsigned char *at, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        at[i] = (unsigned char)(value >> 8 * i & 0xff);
}

/* A WAV file of `count` samples, all `level` but one, which is `odd`; with a chunk that is nobody's
 * before them. */
static struct wi_tensors sound(uint32_t rate, size_t count, int level, int odd)
{
    enum { HEAD = 12 + 8 + 16 + 8 + 3 + 1 + 8 };
    struct wi_tensors list = {0};
    struct wi_tensor *tensor = wi_tensors_add(&list);
    unsigned char head[HEAD] = "RIFF....WAVEfmt ....";
    put_u32(head + 16, 16);
    head[20] = head[22] = 1; /* PCM, one channel */
    put_u32(head + 24, rate);
    put_u32(head + 28, 2 * rate);
    head[32] = 2;
    head[34] = 16;
    memcpy(head + 36, "note", 4);
    put_u32(head + 40, 3);
    memcpy(head + 48, "data", 4);
    put_u32(head + 52, (uint32_t)(2 * count));
    tensor->name = wi_strdup("audio");
    tensor->datatype = WI_UINT8;
    tensor->rank = 1;
    tensor->blob = wi_blob_new(NULL, HEAD + 2 * count);
    wi_blob_append(tensor->blob, head, HEAD);
    for (size_t i = 0; i < count; i++) {
        int16_t sample = (int16_t)(i == 7 ? odd : level);
        wi_blob_append(tensor->blob, &sample, sizeof sample);
    }
    tensor->size = tensor->blob->size;
    tensor->dims[0] = (int64_t)tensor->size;
    return list;
}

static struct wi_comparison compare_so(
    struct wi_tensors reference, struct wi_tensors got, const char *precision)
{
    const struct wi_compared wanted = {NULL, &reference}, had = {NULL, &got};
    struct wi_comparison out;
    wi_compare_answers(WI_TASK_TEXT_TO_SPEECH, &wanted, &had, wi_tolerance_of(precision), &out);
    wi_tensors_clear(&reference);
    wi_tensors_clear(&got);
    assert_false(out.same && out.open);
    return out;
}

static struct wi_comparison compare(struct wi_tensors reference, struct wi_tensors got)
{
    return compare_so(reference, got, "fp32");
}

static int is_wrong(struct wi_comparison found, const char *detail)
{
    if (!strstr(found.detail, detail))
        fail_msg("\"%s\" does not say \"%s\"", found.detail, detail);
    return !found.same && !found.open && found.ratio > 1;
}

/* By 1 % of the loudest, or 6 % in few bits. */
TEST(samples_may_differ_a_little)
{
    assert_true(compare(sound(RATE, COUNT, 10000, 0), sound(RATE, COUNT, 10000, 90)).same);
    assert_true(is_wrong(compare(sound(RATE, COUNT, 10000, 0), sound(RATE, COUNT, 10000, -120)),
        "sample 7: -0.0036621 where WASM makes 0"));
    assert_true(
        compare_so(sound(RATE, COUNT, 10000, 0), sound(RATE, COUNT, 10000, 500), "q8").same);
    assert_true(is_wrong(
        compare_so(sound(RATE, COUNT, 10000, 0), sound(RATE, COUNT, 10000, 700), "q8"), "sample"));
}

TEST(how_long_it_is_may_be_rounded_otherwise)
{
    assert_true(compare(sound(RATE, COUNT, 10000, 0), sound(RATE, COUNT + 20, 10000, 0)).open);
    assert_true(is_wrong(compare(sound(RATE, COUNT, 10000, 0), sound(RATE, COUNT - 21, 10000, 0)),
        "379 samples where WASM makes 400"));
}

TEST(the_rate_is_the_same)
{
    assert_true(is_wrong(compare(sound(RATE, COUNT, 10000, 0), sound(8000, COUNT, 10000, 0)),
        "8000 samples a second where WASM has 16000"));
}

TEST(what_is_no_sound_leaves_it_open)
{
    struct wi_tensors broken = sound(RATE, COUNT, 10000, 0);
    broken.items[0].blob->bytes[0] = 'X';
    assert_true(compare(sound(RATE, COUNT, 10000, 0), broken).open);
    assert_true(compare(sound(RATE, 0, 0, 0), sound(RATE, 0, 0, 0)).open);
    assert_true(compare(sound(RATE, COUNT, 5, 9), sound(RATE, COUNT, 5, 9)).open); /* silence */
    assert_true(compare((struct wi_tensors){0}, (struct wi_tensors){0}).open);
    for (size_t size = 0; size < 60; size++) {
        struct wi_tensors cut = sound(RATE, COUNT, 10000, 0);
        cut.items[0].size = size;
        assert_true(compare(sound(RATE, COUNT, 10000, 0), cut).open);
    }
}
