/* Forms as browsers and curl send them, cut at every byte, and wrong ones. */
#include "../test.h"

#include "wire/multipart.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TYPE "multipart/form-data; boundary=AaB03x"
#define NAMED(name) "Content-Disposition: form-data; name=\"" name "\"\r\n"

static struct wi_multipart form;
static struct wi_error error;

/* Reads a copy of exactly that size, so that reading past it is seen; the parts' bytes are gone
 * afterwards, their sizes are not. */
static enum wi_code read_copy(const char *type, const char *body, size_t size)
{
    unsigned char *copy = malloc(size ? size : 1);
    memcpy(copy, body, size);
    enum wi_code code = wi_multipart_read(&form, type, copy, size, &error);
    free(copy);
    return code;
}

static enum wi_code read_text(const char *body)
{
    return wi_multipart_read(&form, TYPE, (const unsigned char *)body, strlen(body), &error);
}

static void assert_part(const char *name, const char *bytes, size_t size)
{
    const struct wi_multipart_part *part = wi_multipart_find(&form, name);
    assert_non_null(part);
    assert_int_equal(part->size, size);
    assert_memory_equal(part->bytes, bytes, size);
}

static const char whole[] =
    "A preamble, for whoever has no idea of parts.\r\n"
    "--AaB03x\r\n" NAMED(
        "model_name") "\r\ndigits\r\n"
                      "--AaB03x \t\r\n"
                      "content-disposition: form-data; name=image; filename=\"a;\\\"b\\c.png\"\r\n"
                      "Content-Type: image/png; x=\"y\r\n\r\n\r\n--AaB03\r\n--AaB03xy\r\n"
                      "--AaB03x\r\n" NAMED("labels") "Content-Transfer-Encoding: binary\r\n\r\n"
                                                     "\r\n--AaB03x--\r\nAn epilogue";

TEST(test_parts)
{
    (void)state;
    assert_int_equal(read_text(whole), WI_OK);
    assert_int_equal(form.count, 3);
    assert_part("model_name", "digits", 6);
    assert_part("image", "\r\n--AaB03\r\n--AaB03xy", 20);
    assert_part("labels", "", 0);
    assert_false(form.parts[0].is_file);
    assert_true(form.parts[1].is_file);
    assert_null(wi_multipart_find(&form, "audio"));
}

/* Some clients end a preamble that has nothing in it. */
TEST(an_empty_line_before_the_first_boundary_is_a_preamble)
{
    static const char body[] = "\r\n--AaB03x\r\n" NAMED("a") "\r\nb\r\n--AaB03x--\r\n";
    assert_int_equal(read_copy(TYPE, body, sizeof body - 1), WI_OK);
    assert_int_equal(read_text(body), WI_OK);
    assert_int_equal(form.count, 1);
    assert_part("a", "b", 1);
}

TEST(test_cut_forms)
{
    (void)state;
    size_t least = sizeof whole - 1 - strlen("\r\nAn epilogue");
    for (size_t size = 0; size < sizeof whole; size++)
        assert_int_equal(read_copy(TYPE, whole, size), size < least ? WI_BAD_FRAMING : WI_OK);
}

TEST(test_boundaries)
{
    (void)state;
    static const char *const wrong[] = {"multipart/form-data", "multipart/form-data; boundary",
        "multipart/form-data; boundary=", "multipart/form-data; boundary=\"a",
        "multipart/form-data; boundary=other", "multipart/form-data; xboundary=AaB03x",
        "multipart/form-data; boundary =AaB03x", "multipart/form-data; a; boundary=AaB03x",
        "multipart/form-data; boundary=AaB03x; boundary=AaB03x",
        "multipart/form-data; boundary=AaB03x b=c",
        ("multipart/form-data; boundary=12345678901234567890123456789012345678901234567890123456789"
         "012345678901")};
    static const char *const right[] = {"multipart/form-data; boundary=\"AaB03x\"",
        "multipart/form-data;charset=utf-8;BOUNDARY=AaB03x",
        "multipart/form-data; a=\"; boundary=b\\\"\"; boundary=AaB03x",
        "multipart/form-data ; ; boundary=AaB03x ; "};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_int_equal(read_copy(wrong[i], whole, sizeof whole - 1), WI_BAD_FRAMING);
    for (size_t i = 0; i < sizeof right / sizeof *right; i++)
        assert_int_equal(read_copy(right[i], whole, sizeof whole - 1), WI_OK);
}

/* Of the one part of a form with that Content-Disposition: its name, or NULL where it is wrong. */
static const char *name_of(const char *disposition)
{
    char text[400];
    snprintf(text, sizeof text, "--AaB03x\r\nContent-Disposition: %s\r\n\r\n\r\n--AaB03x--",
        disposition);
    return read_copy(TYPE, text, strlen(text)) == WI_OK ? form.parts[0].name : NULL;
}

TEST(test_names)
{
    (void)state;
    assert_string_equal(name_of("form-data; filename=\"x; name=y\"; name=\"a\""), "a");
    assert_true(form.parts[0].is_file);
    assert_string_equal(name_of("Form-Data;NAME=a;other-name=\"b\""), "a");
    assert_false(form.parts[0].is_file);
    assert_string_equal(
        name_of("form-data; name=\"a\\\"; b\\\\\"; filename*=UTF-8''x"), "a\"; b\\");
    assert_true(form.parts[0].is_file);
    assert_string_equal(name_of("form-data; filename=\"C:\\dir\\a.png\"; name=a"), "a");
    static const char *const wrong[] = {"form-data; filename=\"name=a\"", "form-data; xname=\"a\"",
        "form-data; name", "form-data; name=\"a\"b", "form-data name=\"a\"",
        "form-datax; name=\"a\"", "form-data; name=\"a\"; name=\"b\"", "form-data; name=\"a",
        "form-data; name=\"a\"\r\nContent-Disposition: form-data; name=\"b\""};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_null(name_of(wrong[i]));
        assert_int_equal(error.code, WI_BAD_FRAMING);
    }
}

TEST(test_wrong_parts)
{
    (void)state;
    static const char *const wrong[] = {
        "--AaB03x\r\n\r\nno headers\r\n--AaB03x--",
        "--AaB03x\r\nContent-Disposition: form-data; name=\"\"\r\n\r\n\r\n--AaB03x--",
        "--AaB03x\r\nContent-Disposition: attachment; name=\"a\"\r\n\r\n\r\n--AaB03x--",
        "--AaB03x\r\nContent-Disposition: form-data; name=\"a\r\n\r\n\r\n--AaB03x--",
        "--AaB03x\r\nno colon\r\n\r\n\r\n--AaB03x--",
        "--AaB03x\r\n" NAMED("a") "Content-Transfer-Encoding: base64\r\n\r\n\r\n--AaB03x--",
        "--AaB03x\r\n" NAMED(
            "1234567890123456789012345678901234567890123456789012345678901234567") "\r\n\r\n--"
                                                                                   "AaB03x--",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_int_equal(read_copy(TYPE, wrong[i], strlen(wrong[i])), WI_BAD_FRAMING);
        assert_true(*error.detail && *error.expected);
    }
}

/* `count` parts "--AaB03x CR LF header CR LF CR LF", then the end. */
static enum wi_code read_many(size_t count, size_t header)
{
    char *text = calloc(1, 80 * count + header + 20), *at = text;
    for (size_t i = 0; i < count; i++)
        at = stpcpy(
            at, (i ? "\r\n--AaB03x\r\n" NAMED("a") "\r\n" : "--AaB03x\r\n" NAMED("a") "X: "));
    if (header) {
        memset(at, 'x', header);
        at += header;
    }
    if (count == 1)
        at = stpcpy(at, "\r\n\r\n");
    strcpy(at, "\r\n--AaB03x--");
    enum wi_code code = read_copy(TYPE, text, strlen(text));
    free(text);
    return code;
}

TEST(test_limits)
{
    (void)state;
    assert_int_equal(read_many(1, 1000), WI_OK);
    assert_int_equal(read_many(1, WI_MULTIPART_HEAD_MAX), WI_BAD_FRAMING);
    assert_int_equal(read_many(WI_MULTIPART_MAX + 1, 0), WI_BAD_FRAMING);
}
