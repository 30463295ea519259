/*
 * Comparing what is told apart in a picture: segments of the same label are paired by how much of
 * their masks they share, and what matters is how many pixels are in a segment by one answer and
 * not in its partner by the other. A pixel that lies between two classes goes to either of them, so
 * masks are hardly ever equal; where the whole of a picture is cut in pieces, such pixels lie along
 * the borders.
 */
#include "model/compare_private.h"

#include "base/memory.h"
#include <math.h>
#include <png.h>
#include <stdlib.h>
#include <string.h>

/* Of the picture's pixels. In the picture that the guard has tried, the outlines of its shapes have
 * 2.8 % of them: so it is a third of a pixel all along these. */
#define TOLERANCE 0.01
/* A model may leave a segment out whose score is less, or of which too little is left when others
 * are cut from it; of the latter nothing is said in an answer. */
#define FLOOR 0.5
/* If that much of the picture is in segments that only one answer has, the rest says nothing. */
#define REST_MIN 0.5
/* More is none of ours: the guard's picture has 9,216 pixels. */
#define PIXELS_MAX (128 * 128)
/* A file of so many grey pixels is shorter even where nothing in it can be compressed. */
#define FILE_MAX (2 * PIXELS_MAX)
/* What a file holds beside its pixels, texts say, libpng unpacks without regard to the picture's
 * size: a thousand times as much. Chunks of so few bytes unpack to nothing, a gamma for one. */
#define CHUNK_MAX 4
#define SEGMENTS_MAX 128

struct segment {
    const json_t *row;
    unsigned char *mask;           /* 255 in it, 0 outside, or a share between */
    const struct segment *partner; /* NULL: the other answer has none */
};

struct cut {
    struct segment segments[SEGMENTS_MAX];
    size_t count;
    unsigned width, height;
};

struct matching {
    struct cut wanted, had;
    size_t pixels, pairs;
    unsigned char *left_out; /* the pixels that are not looked at */
    int loose;
    double largest; /* score that WASM gives */
    struct wi_comparison *out;
};

/* --- the masks -------------------------------------------------------------------------------- */

/* Whether a file that begins as PNG files do has the picture and nothing else: its length, its type
 * and its sum are around each chunk. */
static int is_picture_only(const unsigned char *bytes, size_t size)
{
    for (size_t at = 8; size >= 12 && at <= size - 12;) {
        const unsigned char *chunk = bytes + at;
        size_t length = (size_t)chunk[0] << 24 | (size_t)chunk[1] << 16 | chunk[2] << 8 | chunk[3];
        int known = memcmp(chunk + 4, "IHDR", 4) == 0 || memcmp(chunk + 4, "IDAT", 4) == 0;
        if (memcmp(chunk + 4, "IEND", 4) == 0)
            return 1;
        if (length > size - 12 - at || (!known && length > CHUNK_MAX))
            return 0;
        at += 12 + length;
    }
    return 0;
}

/* NULL for what is no PNG file, or too large a file or picture, or more than a picture. */
static unsigned char *decode(const struct wi_tensor *file, unsigned *width, unsigned *height)
{
    png_image image = {.version = PNG_IMAGE_VERSION};
    unsigned char *pixels = NULL;
    if (file->size > FILE_MAX || !is_picture_only(wi_tensor_bytes(file), file->size) ||
        !png_image_begin_read_from_memory(&image, wi_tensor_bytes(file), file->size))
        return NULL;
    image.format = PNG_FORMAT_GRAY;
    if ((uint64_t)image.width * image.height <= PIXELS_MAX)
        pixels = calloc(1, PNG_IMAGE_SIZE(image));
    if (!pixels || !png_image_finish_read(&image, NULL, pixels, 0, NULL)) {
        png_image_free(&image);
        free(pixels);
        return NULL;
    }
    *width = image.width;
    *height = image.height;
    return pixels;
}

static const struct wi_tensor *file_of(const struct wi_compared *answer, size_t index)
{
    const json_t *segments = json_object_get(answer->result, "segments");
    const json_t *name = json_object_get(json_array_get(segments, index), "mask");
    return json_is_string(name) ? wi_compare_find(answer->outputs, json_string_value(name), index)
                                : NULL;
}

/* 0, or -1 if its masks cannot be read, or are not all of one size. */
static int read_cut(const struct wi_compared *answer, struct cut *cut)
{
    const json_t *list = json_object_get(answer->result, "segments");
    for (size_t i = 0; i < json_array_size(list); i++) {
        const struct wi_tensor *file = file_of(answer, i);
        struct segment *segment = &cut->segments[cut->count];
        unsigned width = 0, height = 0;
        segment->row = json_array_get(list, i);
        segment->mask = file ? decode(file, &width, &height) : NULL;
        if (!segment->mask)
            return -1;
        cut->count++;
        if (cut->count > 1 && (width != cut->width || height != cut->height))
            return -1;
        cut->width = width;
        cut->height = height;
    }
    return 0;
}

static void clear_cut(struct cut *cut)
{
    for (size_t i = 0; i < cut->count; i++)
        free(cut->segments[i].mask);
}

/* --- pairs ------------------------------------------------------------------------------------ */

static int has_score(const struct segment *segment)
{
    return json_is_number(json_object_get(segment->row, "score"));
}

static double score_of(const struct segment *segment)
{
    return json_number_value(json_object_get(segment->row, "score"));
}

static double tolerance_of(const struct matching *matching, double score)
{
    return wi_compare_tolerance(score, matching->largest, matching->loose);
}

/* What both have of the picture, if they are called the same; else 0. */
static size_t shared(const struct segment *one, const struct segment *other, size_t pixels)
{
    size_t sum = 0;
    if (!json_equal(json_object_get(one->row, "label"), json_object_get(other->row, "label")))
        return 0;
    for (size_t i = 0; i < pixels; i++)
        sum += one->mask[i] < other->mask[i] ? one->mask[i] : other->mask[i];
    return sum;
}

static void pair(struct matching *matching, size_t at, size_t other)
{
    struct segment *wanted = &matching->wanted.segments[at], *had = &matching->had.segments[other];
    double want = score_of(wanted), have = score_of(had);
    wanted->partner = had;
    had->partner = wanted;
    matching->pairs++;
    wi_compare_note(matching->out, fabs(have - want) / tolerance_of(matching, want),
        "segments[%zu].score: %.9g where WASM gives %.9g", at, have, want);
}

/* The two without partner that share the most. 0 if none do. */
static int find_pair(const struct matching *matching, const size_t *both, size_t *at, size_t *other)
{
    size_t most = 0, columns = matching->had.count;
    for (size_t i = 0; i < matching->wanted.count; i++)
        for (size_t j = 0; j < columns && !matching->wanted.segments[i].partner; j++) {
            if (matching->had.segments[j].partner || both[i * columns + j] <= most)
                continue;
            most = both[i * columns + j];
            *at = i;
            *other = j;
        }
    return most > 0;
}

static void pair_segments(struct matching *matching)
{
    size_t rows = matching->wanted.count, columns = matching->had.count, at = 0, other = 0;
    size_t *both = wi_alloc(rows * columns * sizeof *both);
    for (size_t i = 0; i < rows * columns; i++)
        both[i] = shared(&matching->wanted.segments[i / columns],
            &matching->had.segments[i % columns], matching->pixels);
    while (find_pair(matching, both, &at, &other))
        pair(matching, at, other);
    free(both);
}

/* --- what is left over ------------------------------------------------------------------------ */

static void leave_pixels_out(struct matching *matching, const struct segment *segment)
{
    for (size_t i = 0; i < matching->pixels; i++)
        matching->left_out[i] |= segment->mask[i] != 0;
}

/* A segment with a score may be missing, and its pixels are anybody's then. Where each pixel is of
 * some class there are no scores, and all of them count. */
static void judge_alone(struct matching *matching, const struct cut *cut, const char *who)
{
    for (size_t i = 0; i < cut->count; i++) {
        const struct segment *segment = &cut->segments[i];
        if (segment->partner || !has_score(segment))
            continue;
        double score = score_of(segment), over = score - FLOOR;
        leave_pixels_out(matching, segment);
        if (over > tolerance_of(matching, score) && matching->pairs > 0)
            wi_compare_leave_open(matching->out, "a segment is there %s, with %.9g", who, score);
        else if (over > 0)
            wi_compare_note(matching->out, over / tolerance_of(matching, score),
                "a segment is there %s, with %.9g", who, score);
    }
}

/* --- the pixels ------------------------------------------------------------------------------- */

/* What those of `cut` have that their partners have not, in pixels. */
static double lost(const struct matching *matching, const struct cut *cut)
{
    double sum = 0;
    for (size_t s = 0; s < cut->count; s++) {
        const struct segment *one = &cut->segments[s], *other = one->partner;
        for (size_t i = 0; i < matching->pixels; i++) {
            int theirs = other ? other->mask[i] : 0;
            if (!matching->left_out[i] && one->mask[i] > theirs)
                sum += one->mask[i] - theirs;
        }
    }
    return sum / 255;
}

static void compare_pixels(struct matching *matching)
{
    double all = (double)matching->pixels, looked_at = 0;
    double tolerance = TOLERANCE * (matching->loose ? WI_COMPARE_LOOSE : 1);
    for (size_t i = 0; i < matching->pixels; i++)
        looked_at += !matching->left_out[i];
    double off = fmax(lost(matching, &matching->wanted), lost(matching, &matching->had));
    wi_compare_note(matching->out, off / all / tolerance,
        "%.4g of the %zu pixels of the masks are not where WASM has them", off, matching->pixels);
    if (looked_at < REST_MIN * all)
        wi_compare_leave_open(matching->out, "most of the picture is in segments of one answer");
}

/* --- all of it -------------------------------------------------------------------------------- */

/* Both have been read. One may have no segments, and so no size. */
static void compare_cuts(struct matching *matching)
{
    const struct cut *sized = matching->wanted.count > 0 ? &matching->wanted : &matching->had;
    matching->pixels = (size_t)sized->width * sized->height;
    matching->left_out = wi_alloc(matching->pixels);
    for (size_t i = 0; i < matching->wanted.count; i++)
        matching->largest = fmax(matching->largest, score_of(&matching->wanted.segments[i]));
    if (matching->wanted.count > 0 && matching->had.count > 0)
        pair_segments(matching);
    judge_alone(matching, &matching->wanted, "by WASM alone");
    judge_alone(matching, &matching->had, "without WASM");
    compare_pixels(matching);
    if (matching->pairs == 0)
        wi_compare_leave_open(matching->out, "no segment is in both answers");
    free(matching->left_out);
}

static int same_size(const struct cut *one, const struct cut *other)
{
    return one->count == 0 || other->count == 0 ||
           (one->width == other->width && one->height == other->height);
}

static void read_and_compare(
    const struct wi_compared *reference, const struct wi_compared *got, struct matching *matching)
{
    if (read_cut(reference, &matching->wanted) || read_cut(got, &matching->had))
        wi_compare_leave_open(matching->out, "the masks cannot be read");
    else if (!same_size(&matching->wanted, &matching->had))
        wi_compare_note(matching->out, (double)INFINITY, "the masks have another size");
    else
        compare_cuts(matching);
    clear_cut(&matching->wanted);
    clear_cut(&matching->had);
}

void wi_compare_segments(const struct wi_compared *reference, const struct wi_compared *got,
    int loose, struct wi_comparison *out)
{
    size_t wanted = json_array_size(json_object_get(reference->result, "segments"));
    size_t had = json_array_size(json_object_get(got->result, "segments"));
    if (wanted == 0 && had == 0) {
        wi_compare_leave_open(out, "segments is empty");
    } else if (wanted > SEGMENTS_MAX || had > SEGMENTS_MAX) {
        wi_compare_leave_open(out, "segments is too long to compare");
    } else {
        struct matching *matching = wi_alloc(sizeof *matching);
        matching->loose = loose;
        matching->out = out;
        read_and_compare(reference, got, matching);
        free(matching);
    }
}
