/* When the segments of a picture are the same: masks drawn by hand, as PNG files. */
#include "../test.h"

#include "base/memory.h"
#include "model/compare.h"
#include <png.h>
#include <string.h>

#define SIDE 40
#define MAX 4

/* A segment: columns `left` up to `right` of the picture, and rows up to `bottom`. */
struct drawn {
    const char *label;
    double score; /* 0: none */
    int left, right, bottom;
};

struct answer {
    json_t *result;
    struct wi_tensors outputs;
};

static void add_file(struct wi_tensors *list, const char *name, const void *bytes, size_t size)
{
    struct wi_tensor *tensor = wi_tensors_add(list);
    tensor->name = wi_strdup(name);
    tensor->datatype = WI_UINT8;
    tensor->rank = 1;
    tensor->dims[0] = (int64_t)size;
    tensor->blob = wi_blob_new(NULL, size);
    wi_blob_append(tensor->blob, bytes, size);
    tensor->size = size;
}

static void add_mask(struct wi_tensors *list, const char *name, const struct drawn *drawn, int side)
{
    static unsigned char pixels[200 * 200], file[sizeof pixels];
    png_image image = {.version = PNG_IMAGE_VERSION,
        .width = (png_uint_32)side,
        .height = (png_uint_32)side,
        .format = PNG_FORMAT_GRAY};
    png_alloc_size_t size = sizeof file;
    for (int y = 0; y < side; y++)
        for (int x = 0; x < side; x++)
            pixels[y * side + x] =
                x >= drawn->left && x < drawn->right && y < drawn->bottom ? 255 : 0;
    assert_true(png_image_write_to_memory(&image, file, &size, 0, pixels, 0, NULL));
    add_file(list, name, file, size);
}

/* Ends at a segment without a label. */
static struct answer make(const struct drawn *drawn, int side)
{
    struct answer answer = {.result = json_pack("{s:[]}", "segments")};
    json_t *list = json_object_get(answer.result, "segments");
    for (size_t i = 0; i < MAX && drawn[i].label; i++) {
        char *name = wi_sprintf("mask_%zu", i);
        json_t *row = json_pack("{s:s, s:s}", "label", drawn[i].label, "mask", name);
        if (drawn[i].score > 0)
            json_object_set_new(row, "score", json_real(drawn[i].score));
        json_array_append_new(list, row);
        add_mask(&answer.outputs, name, &drawn[i], side);
        free(name);
    }
    return answer;
}

static void clear(struct answer *answer)
{
    json_decref(answer->result);
    wi_tensors_clear(&answer->outputs);
}

static struct wi_comparison compare_made(
    struct answer *one, struct answer *other, const char *precision)
{
    const struct wi_compared wanted = {one->result, &one->outputs};
    const struct wi_compared had = {other->result, &other->outputs};
    struct wi_comparison out;
    wi_compare_answers(WI_TASK_IMAGE_SEGMENTATION, &wanted, &had, wi_tolerance_of(precision), &out);
    clear(one);
    clear(other);
    assert_false(out.same && out.open);
    return out;
}

static struct wi_comparison compare(const struct drawn *reference, const struct drawn *got)
{
    struct answer one = make(reference, SIDE), other = make(got, SIDE);
    return compare_made(&one, &other, "fp32");
}

static int is_wrong(struct wi_comparison found, const char *detail)
{
    if (!strstr(found.detail, detail))
        fail_msg("\"%s\" does not say \"%s\"", found.detail, detail);
    return !found.same && !found.open && found.ratio > 1;
}

#define DRAWN(...) ((const struct drawn[MAX + 1]){__VA_ARGS__})

/* ---------------------------------------------------------------- */

/* 16 of 1,600 pixels. */
TEST(few_pixels_may_be_of_another_class)
{
    const struct drawn *wasm =
        DRAWN({"sky", 0, 0, 20, SIDE}, {"sea", 0, 20, 39, SIDE}, {"sun", 0, 39, 40, 16});
    assert_true(compare(wasm, wasm).same);
    struct wi_comparison found =
        compare(wasm, DRAWN({"sky", 0, 0, 20, SIDE}, {"sea", 0, 20, 39, SIDE}));
    assert_true(found.same); /* a small one may be nowhere */
    found = compare(
        wasm, DRAWN({"sky", 0, 0, 21, SIDE}, {"sea", 0, 21, 39, SIDE}, {"sun", 0, 39, 40, 16}));
    assert_true(is_wrong(found, "40 of the 1600 pixels of the masks are not where WASM has them"));
    found = compare(
        wasm, DRAWN({"sea", 0, 0, 20, SIDE}, {"sky", 0, 20, 39, SIDE}, {"sun", 0, 39, 40, 16}));
    assert_true(is_wrong(found, "pixels"));
}

TEST(more_in_few_bits)
{
    struct answer one = make(DRAWN({"sky", 0, 0, 20, SIDE}, {"sea", 0, 20, SIDE, SIDE}), SIDE);
    struct answer other = make(DRAWN({"sky", 0, 0, 22, SIDE}, {"sea", 0, 22, SIDE, SIDE}), SIDE);
    assert_true(compare_made(&one, &other, "q8").same); /* 5 % */
    one = make(DRAWN({"sky", 0, 0, 20, SIDE}, {"sea", 0, 20, SIDE, SIDE}), SIDE);
    other = make(DRAWN({"sky", 0, 0, 23, SIDE}, {"sea", 0, 23, SIDE, SIDE}), SIDE);
    assert_true(is_wrong(compare_made(&one, &other, "q8"), "pixels"));
}

TEST(scores_are_compared)
{
    const struct drawn *wasm = DRAWN({"cat", 0.9, 0, 20, SIDE});
    assert_true(compare(wasm, DRAWN({"cat", 0.88, 0, 20, SIDE})).same);
    assert_true(is_wrong(compare(wasm, DRAWN({"cat", 0.7, 0, 20, SIDE})), "segments[0].score"));
}

/* In whatever order they are. */
TEST(of_one_label_those_are_compared_that_share_the_most)
{
    const struct drawn *wasm = DRAWN({"cat", 0.9, 0, 10, SIDE}, {"cat", 0.7, 10, 30, SIDE});
    assert_true(compare(wasm, DRAWN({"cat", 0.7, 10, 30, SIDE}, {"cat", 0.9, 0, 10, SIDE})).same);
    assert_true(is_wrong(
        compare(wasm, DRAWN({"cat", 0.9, 10, 30, SIDE}, {"cat", 0.7, 0, 10, SIDE})), "score"));
}

/* The pixels of what was nearly left out are another's then. */
TEST(what_is_nearly_left_out_may_be_left_out)
{
    const struct drawn *both = DRAWN({"dog", 0.51, 0, 10, SIDE}, {"cat", 0.9, 10, 40, SIDE});
    const struct drawn *one = DRAWN({"cat", 0.9, 0, 40, SIDE});
    assert_true(compare(both, one).same);
    assert_true(compare(one, both).same);
    assert_true(compare(DRAWN({"cat", 0.51, 0, 10, SIDE}, {"cat", 0.9, 10, 40, SIDE}), one).same);
}

/* Too little of it may be left, of which an answer says nothing. */
TEST(what_one_has_for_sure_leaves_it_open)
{
    const struct drawn *both = DRAWN({"dog", 0.9, 0, 10, SIDE}, {"cat", 0.9, 10, 40, SIDE});
    assert_true(compare(both, DRAWN({"cat", 0.9, 10, 40, SIDE})).open);
    assert_true(compare(DRAWN({"cat", 0.9, 10, 40, SIDE}), both).open);
    assert_true(
        is_wrong(compare(both, DRAWN({"cat", 0.9, 30, 40, SIDE})), "pixels")); /* the rest counts */
}

TEST(where_nothing_is_in_both_it_is_wrong)
{
    const struct drawn *wasm = DRAWN({"dog", 0.9, 0, 10, SIDE}, {"cat", 0.9, 10, 40, SIDE});
    assert_true(is_wrong(compare(wasm, DRAWN({NULL})), "a segment is there by WASM alone"));
    assert_true(is_wrong(compare(DRAWN({NULL}), wasm), "a segment is there without WASM"));
    assert_true(is_wrong(compare(wasm, DRAWN({"cow", 0.9, 0, 40, SIDE})), "alone"));
    assert_true(compare(DRAWN({"dog", 0.51, 0, 10, SIDE}), DRAWN({NULL})).open);
}

TEST(little_that_is_in_both_leaves_it_open)
{
    assert_true(compare(DRAWN({"dog", 0.51, 0, 30, SIDE}, {"cat", 0.9, 30, 40, SIDE}),
        DRAWN({"cat", 0.9, 30, 40, SIDE}))
                    .open);
}

TEST(what_cannot_be_compared_leaves_it_open)
{
    assert_true(compare(DRAWN({NULL}), DRAWN({NULL})).open);
    struct answer one = make(DRAWN({"sky", 0, 0, 20, SIDE}), SIDE);
    struct answer other = make(DRAWN({"sky", 0, 0, 20, SIDE}), SIDE);
    memset(other.outputs.items[0].blob->bytes, 0, 20);
    assert_true(compare_made(&one, &other, "fp32").open);
    one = make(DRAWN({"sky", 0, 0, 20, SIDE}), 200); /* too large to be an answer to our picture */
    other = make(DRAWN({"sky", 0, 0, 20, SIDE}), 200);
    assert_true(compare_made(&one, &other, "fp32").open);
    one = make(DRAWN({"sky", 0, 0, 20, SIDE}), SIDE);
    other = make(DRAWN({"sky", 0, 0, 20, SIDE}), SIDE + 1);
    assert_true(is_wrong(compare_made(&one, &other, "fp32"), "another size"));
}

/* Behind its last chunk, where nobody looks. */
static void lengthen(struct wi_tensor *mask, size_t more)
{
    struct wi_blob *blob = wi_blob_new(NULL, mask->size + more);
    char *zeros = wi_alloc(more);
    wi_blob_append(blob, mask->blob->bytes, mask->size);
    wi_blob_append(blob, zeros, more);
    free(zeros);
    wi_blob_unref(mask->blob);
    mask->blob = blob;
    mask->size += more;
}

/* What it might unpack to is nothing to try. */
TEST(a_file_that_is_too_long_for_its_picture_is_not_read)
{
    const struct drawn *wasm = DRAWN({"sky", 0, 0, 20, SIDE});
    struct answer one = make(wasm, SIDE), other = make(wasm, SIDE);
    lengthen(&other.outputs.items[0], 1 << 10);
    assert_true(compare_made(&one, &other, "fp32").same);
    one = make(wasm, SIDE);
    other = make(wasm, SIDE);
    lengthen(&other.outputs.items[0], 32 << 10);
    assert_true(compare_made(&one, &other, "fp32").open);
}

/* A text of so many bytes behind the head, which libpng would unpack if it were a packed one. */
static void add_text(struct wi_tensor *mask, unsigned char size)
{
    enum { HEAD = 8 + 12 + 13 };
    unsigned char chunk[12 + 255] = {0, 0, 0, size, 't', 'E', 'X', 't', 'a'};
    struct wi_blob *blob = wi_blob_new(NULL, mask->size + 12 + size);
    wi_blob_append(blob, mask->blob->bytes, HEAD);
    wi_blob_append(blob, chunk, 12 + (size_t)size);
    wi_blob_append(blob, mask->blob->bytes + HEAD, mask->size - HEAD);
    wi_blob_unref(mask->blob);
    mask->blob = blob;
    mask->size += 12 + (size_t)size;
}

TEST(a_file_with_more_than_a_picture_is_not_read)
{
    const struct drawn *wasm = DRAWN({"sky", 0, 0, 20, SIDE});
    struct answer one = make(wasm, SIDE), other = make(wasm, SIDE);
    add_text(&other.outputs.items[0], 4);
    assert_true(compare_made(&one, &other, "fp32").same);
    one = make(wasm, SIDE);
    other = make(wasm, SIDE);
    add_text(&other.outputs.items[0], 100);
    assert_true(compare_made(&one, &other, "fp32").open);
}
