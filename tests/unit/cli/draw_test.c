/* Boxes and segments on pictures that are written and read again. */
#include "../test.h"

#include "cli/draw.h"
#include <malloc.h>
#include <png.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { WIDTH = 60, HEIGHT = 40 };
static char directory[] = "/tmp/webinfer-draw-XXXXXX";
static char from[64], to[64];

static int set_up(void **state)
{
    (void)state;
    strcpy(directory + strlen(directory) - 6, "XXXXXX");
    if (!mkdtemp(directory))
        return -1;
    snprintf(from, sizeof from, "%s/from.png", directory);
    snprintf(to, sizeof to, "%s/to.png", directory);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    unlink(from);
    unlink(to);
    return rmdir(directory);
}

static png_image image_of(unsigned format)
{
    return (png_image){
        .version = PNG_IMAGE_VERSION, .width = WIDTH, .height = HEIGHT, .format = format};
}

/* A grey file, all 200. */
static void write_plain(void)
{
    unsigned char pixels[WIDTH * HEIGHT];
    png_image image = image_of(PNG_FORMAT_GRAY);
    memset(pixels, 200, sizeof pixels);
    assert_true(png_image_write_to_file(&image, from, 0, pixels, 0, NULL));
}

/* A file that is transparent all over. */
static void write_transparent(void)
{
    static const unsigned char pixels[4 * WIDTH * HEIGHT];
    png_image image = image_of(PNG_FORMAT_RGBA);
    assert_true(png_image_write_to_file(&image, from, 0, pixels, 0, NULL));
}

/* A mask whose right half is set, as a tensor. */
static void add_mask(struct wi_tensors *tensors, int height)
{
    unsigned char pixels[WIDTH * HEIGHT], file[4096];
    png_image image = image_of(PNG_FORMAT_GRAY);
    png_alloc_size_t size = sizeof file;
    for (int i = 0; i < WIDTH * HEIGHT; i++)
        pixels[i] = i % WIDTH >= WIDTH / 2 ? 255 : 0;
    image.height = (unsigned)height;
    assert_true(png_image_write_to_memory(&image, file, &size, 0, pixels, 0, NULL));
    struct wi_tensor *tensor = wi_tensors_add(tensors);
    tensor->name = strdup("mask_0");
    tensor->datatype = WI_UINT8;
    tensor->rank = 1;
    tensor->dims[0] = (int64_t)size;
    tensor->blob = wi_blob_new(NULL, size);
    tensor->size = size;
    assert_int_equal(wi_blob_append(tensor->blob, file, size), 0);
}

static enum wi_code draw(
    const char *result, const struct wi_tensors *outputs, struct wi_error *error)
{
    json_t *value = json_loads(result, 0, NULL);
    assert_non_null(value);
    enum wi_code code = wi_cli_draw(from, value, outputs, to, error);
    json_decref(value);
    return code;
}

/* The RGB of a pixel of the file that was written, as 0xRRGGBB. */
static unsigned pixel(int x, int y)
{
    static unsigned char pixels[3 * WIDTH * HEIGHT];
    png_image image = {.version = PNG_IMAGE_VERSION};
    assert_true(png_image_begin_read_from_file(&image, to));
    image.format = PNG_FORMAT_RGB;
    assert_int_equal(image.width, WIDTH);
    assert_int_equal(image.height, HEIGHT);
    assert_true(png_image_finish_read(&image, NULL, pixels, 0, NULL));
    const unsigned char *p = pixels + 3 * (y * WIDTH + x);
    return (unsigned)p[0] << 16 | (unsigned)p[1] << 8 | p[2];
}

FIXTURE(set_up, tear_down)

TEST(boxes_are_frames_with_numbers)
{
    struct wi_tensors none = {0};
    struct wi_error error;
    (void)state;
    write_plain();
    assert_int_equal(draw("{\"boxes\":[{\"box\":{\"xmin\":10,\"ymin\":5,\"xmax\":50,\"ymax\":35}},"
                          "{\"box\":{\"xmin\":-9e9,\"ymin\":30,\"xmax\":1e300,\"ymax\":\"x\"}}]}",
                         &none, &error),
        WI_OK);
    assert_int_equal(pixel(49, 20), 0xe69f00); /* the right side */
    assert_int_equal(pixel(50, 20), 0xc8c8c8);
    assert_int_equal(pixel(30, 20), 0xc8c8c8);
    assert_int_equal(pixel(10, 5), 0xe69f00);
    assert_int_equal(pixel(12, 6), 0x000000); /* of the 1 */
    assert_int_equal(pixel(0, 30), 0x56b4e9); /* the other one's number */
}

TEST(what_is_transparent_is_black)
{
    struct wi_tensors none = {0};
    struct wi_error error;
    (void)state;
    write_transparent();
    mallopt(M_PERTURB, 0x55); /* new memory is not 0 then */
    assert_int_equal(draw("{\"boxes\":[]}", &none, &error), WI_OK);
    mallopt(M_PERTURB, 0);
    assert_int_equal(pixel(30, 20), 0x000000);
}

TEST(segments_are_tinted)
{
    struct wi_tensors outputs = {0};
    struct wi_error error;
    (void)state;
    write_plain();
    add_mask(&outputs, HEIGHT);
    assert_int_equal(draw("{\"segments\":[{\"mask\":\"mask_0\"}]}", &outputs, &error), WI_OK);
    assert_int_equal(pixel(29, 20), 0xc8c8c8);
    assert_int_equal(pixel(30, 20), 0xd7b364);
    assert_int_equal(pixel(30, 0), 0xe69f00);
    wi_tensors_clear(&outputs);
}

static void assert_refused(
    const char *result, const struct wi_tensors *outputs, const char *because)
{
    struct wi_error error;
    assert_int_not_equal(draw(result, outputs, &error), WI_OK);
    assert_non_null(strstr(error.detail, because));
}

TEST(what_cannot_be_drawn_is_refused)
{
    struct wi_tensors outputs = {0}, low = {0};
    (void)state;
    assert_refused("{\"boxes\":[]}", &outputs, "cannot be drawn on");
    FILE *file = fopen(from, "w");
    assert_non_null(file);
    fputs("\xff\xd8 a JPEG", file);
    fclose(file);
    assert_refused("{\"boxes\":[]}", &outputs, "cannot be drawn on");
    write_plain();
    assert_refused("{\"labels\":[]}", &outputs, "no boxes and no segments");
    assert_refused("{\"segments\":[{\"mask\":\"mask_0\"}]}", &outputs, "no PNG of the picture's");
    add_mask(&low, HEIGHT / 2);
    assert_refused("{\"segments\":[{\"mask\":\"mask_0\"}]}", &low, "no PNG of the picture's");
    low.items[0].size = 20;
    assert_refused("{\"segments\":[{\"mask\":\"mask_0\"}]}", &low, "no PNG of the picture's");
    wi_tensors_clear(&low);
}
