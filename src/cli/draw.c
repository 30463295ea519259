/* Boxes as frames, segments as tints, each with its number; files through libpng's simplified API.
 */
#include "cli/draw.h"

#include "base/memory.h"
#include <errno.h>
#include <png.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* As the page's limit of a picture. */
#define PIXELS_MAX (64 * 1024 * 1024)

struct canvas {
    unsigned char *pixels; /* RGB */
    int width, height;
};

struct colour {
    unsigned char rgb[3];
};

/* Far apart, also for people who tell red from green badly (Okabe and Ito, 2008). */
static const struct colour colours[] = {{{230, 159, 0}}, {{86, 180, 233}}, {{0, 158, 115}},
    {{240, 228, 66}}, {{0, 114, 178}}, {{213, 94, 0}}, {{204, 121, 167}}};

static const struct colour *colour_of(size_t index)
{
    return &colours[index % (sizeof colours / sizeof *colours)];
}

/* --- files ------------------------------------------------------------------------------------ */

/* Decodes what `image` has begun to read; what is transparent gets black behind it, as in the page.
 * NULL with the reason in image->message. */
static unsigned char *finish(png_image *image, unsigned format)
{
    image->format = format;
    if ((uint64_t)image->width * image->height > PIXELS_MAX) {
        strcpy(image->message, "it has more than 64 Mi pixels");
        png_image_free(image);
        return NULL;
    }
    unsigned char *pixels = calloc(1, PNG_IMAGE_SIZE(*image)); /* libpng draws on what is there */
    if (!pixels) {
        strcpy(image->message, "there is no memory for it");
        png_image_free(image);
    } else if (!png_image_finish_read(image, NULL, pixels, 0, NULL)) {
        free(pixels);
        pixels = NULL;
    }
    return pixels;
}

static enum wi_code refuse_picture(const char *path, const png_image *image, struct wi_error *error)
{
    wi_error_set(error, WI_BAD_REQUEST, "", "%s cannot be drawn on: %.80s", path, image->message);
    wi_error_expect(error, "a PNG file");
    return WI_BAD_REQUEST;
}

static enum wi_code read_picture(struct canvas *canvas, const char *path, struct wi_error *error)
{
    png_image image = {.version = PNG_IMAGE_VERSION};
    if (png_image_begin_read_from_file(&image, path))
        canvas->pixels = finish(&image, PNG_FORMAT_RGB);
    if (!canvas->pixels)
        return refuse_picture(path, &image, error);
    canvas->width = (int)image.width;
    canvas->height = (int)image.height;
    return WI_OK;
}

static enum wi_code write_picture(
    const struct canvas *canvas, const char *path, struct wi_error *error)
{
    png_image image = {.version = PNG_IMAGE_VERSION,
        .width = (unsigned)canvas->width,
        .height = (unsigned)canvas->height,
        .format = PNG_FORMAT_RGB};
    if (png_image_write_to_file(&image, path, 0, canvas->pixels, 0, NULL))
        return WI_OK;
    return wi_error_set(
        error, WI_BAD_REQUEST, "", "%s cannot be written: %.80s", path, image.message);
}

/* --- strokes ---------------------------------------------------------------------------------- */

/* A rectangle from (x, y); what is outside the picture is left out. */
static void fill(
    struct canvas *canvas, int x, int y, int width, int height, const struct colour *colour)
{
    int right = x + width < canvas->width ? x + width : canvas->width;
    int bottom = y + height < canvas->height ? y + height : canvas->height;
    for (int row = y < 0 ? 0 : y; row < bottom; row++)
        for (int column = x < 0 ? 0 : x; column < right; column++)
            memcpy(canvas->pixels + 3 * ((size_t)row * (size_t)canvas->width + (size_t)column),
                colour->rgb, 3);
}

/* How thick lines are. */
static int stroke_of(const struct canvas *canvas)
{
    int side = canvas->width < canvas->height ? canvas->width : canvas->height;
    return 1 + side / 250;
}

/* Digits, 3 × 5 points; the highest bit is the upper left one. */
static const uint16_t digits[] = {
    0x7b6f, 0x2c97, 0x73e7, 0x73cf, 0x5bc9, 0x79cf, 0x79ef, 0x7249, 0x7bef, 0x7bcf};

static void put_digit(struct canvas *canvas, int x, int y, int scale, unsigned digit)
{
    static const struct colour black = {{0, 0, 0}};
    for (int i = 0; i < 15; i++)
        if (digits[digit] >> (14 - i) & 1)
            fill(canvas, x + i % 3 * scale, y + i / 3 * scale, scale, scale, &black);
}

/* On a ground of its colour, with its upper left corner at (x, y). */
static void put_number(struct canvas *canvas, int x, int y, size_t index)
{
    char text[24];
    int scale = stroke_of(canvas);
    int length = snprintf(text, sizeof text, "%zu", index + 1);
    fill(canvas, x, y, (4 * length + 1) * scale, 7 * scale, colour_of(index));
    for (int i = 0; i < length; i++)
        put_digit(canvas, x + (4 * i + 1) * scale, y + scale, scale, (unsigned)(text[i] - '0'));
}

/* --- what was found --------------------------------------------------------------------------- */

/* A side of a box, brought into the picture. */
static int side_of(const json_t *box, const char *name, int most)
{
    double value = json_number_value(json_object_get(box, name));
    return value > 0 ? value < most ? (int)value : most : 0;
}

static void put_box(struct canvas *canvas, const json_t *box, size_t index)
{
    const struct colour *colour = colour_of(index);
    int stroke = stroke_of(canvas);
    int left = side_of(box, "xmin", canvas->width), right = side_of(box, "xmax", canvas->width);
    int top = side_of(box, "ymin", canvas->height), bottom = side_of(box, "ymax", canvas->height);
    fill(canvas, left, top, right - left, stroke, colour);
    fill(canvas, left, bottom - stroke, right - left, stroke, colour);
    fill(canvas, left, top, stroke, bottom - top, colour);
    fill(canvas, right - stroke, top, stroke, bottom - top, colour);
    put_number(canvas, left, top, index);
}

static const struct wi_tensor *find(const struct wi_tensors *outputs, const char *name)
{
    for (size_t i = 0; name && i < outputs->count; i++)
        if (strcmp(outputs->items[i].name, name) == 0)
            return &outputs->items[i];
    return NULL;
}

/* Half the picture's colour and half the segment's; the number is where the mask begins. */
static void tint(struct canvas *canvas, const unsigned char *mask, size_t index)
{
    const struct colour *colour = colour_of(index);
    size_t count = (size_t)canvas->width * (size_t)canvas->height, first = count;
    for (size_t i = 0; i < count; i++) {
        if (mask[i] < 128)
            continue;
        first = first < i ? first : i;
        for (int c = 0; c < 3; c++)
            canvas->pixels[3 * i + (size_t)c] =
                (unsigned char)((canvas->pixels[3 * i + (size_t)c] + colour->rgb[c]) / 2);
    }
    if (first < count)
        put_number(canvas, (int)(first % (size_t)canvas->width),
            (int)(first / (size_t)canvas->width), index);
}

static enum wi_code put_mask(
    struct canvas *canvas, const struct wi_tensor *tensor, size_t index, struct wi_error *error)
{
    png_image image = {.version = PNG_IMAGE_VERSION};
    unsigned char *mask = NULL;
    if (tensor && png_image_begin_read_from_memory(&image, wi_tensor_bytes(tensor), tensor->size))
        mask = finish(&image, PNG_FORMAT_GRAY);
    int fits = mask && (int)image.width == canvas->width && (int)image.height == canvas->height;
    if (fits)
        tint(canvas, mask, index);
    free(mask);
    return fits ? WI_OK
                : wi_error_set(error, WI_BAD_REQUEST, "",
                      "the mask of segment %zu is no PNG of the picture's size", index + 1);
}

static enum wi_code put_all(struct canvas *canvas, const json_t *result,
    const struct wi_tensors *outputs, struct wi_error *error)
{
    const json_t *boxes = json_object_get(result, "boxes"), *one;
    const json_t *segments = json_object_get(result, "segments");
    enum wi_code code = WI_OK;
    size_t i;

    if (!boxes && !segments)
        return wi_error_set(
            error, WI_BAD_REQUEST, "", "--draw: the model found no boxes and no segments");
    json_array_foreach(boxes, i, one)
    {
        put_box(canvas, json_object_get(one, "box"), i);
    }
    json_array_foreach(segments, i, one)
    {
        const char *name = json_string_value(json_object_get(one, "mask"));
        if ((code = put_mask(canvas, find(outputs, name), i, error)) != WI_OK)
            return code;
    }
    return WI_OK;
}

enum wi_code wi_cli_draw_check(
    const char *path, const void *bytes, size_t size, struct wi_error *error)
{
    png_image image = {.version = PNG_IMAGE_VERSION};
    if (!png_image_begin_read_from_memory(&image, bytes, size))
        return refuse_picture(path, &image, error);
    png_image_free(&image);
    return WI_OK;
}

enum wi_code wi_cli_draw(const char *path, const json_t *result, const struct wi_tensors *outputs,
    const char *to, struct wi_error *error)
{
    struct canvas canvas = {0};
    enum wi_code code = read_picture(&canvas, path, error);

    if (code == WI_OK)
        code = put_all(&canvas, result, outputs, error);
    if (code == WI_OK)
        code = write_picture(&canvas, to, error);
    free(canvas.pixels);
    return code;
}
