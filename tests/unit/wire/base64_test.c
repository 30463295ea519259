/* Base64 of any form in which clients send files, over hostile text. */
#include "../test.h"

#include "wire/base64.h"
#include "wire/picture.h"
#include "wire/sound.h"
#include <stdio.h>
#include <string.h>

/* A text, and the bytes that it means in hexadecimal digits: tests/oracles/base64_rows.py makes
 * them. */
static const struct {
    const char *text, *bytes;
} rows[] = {
    /* Python 3.11.2: urllib.request for URIs, base64 for what is none. */
    {"data:image/png;base64,Zm9vYg==", "666f6f62"},
    {"DATA:image/JPEG;base64,Zm9vYg==", "666f6f62"},
    {"data:image/jpg;base64,Zm9v", "666f6f"},
    {"data:;base64,Zm9vYg==", "666f6f62"},
    {"data:text/plain;charset=utf-8;base64,Zm9v", "666f6f"},
    {"data:image/png;charset=utf-8;base64,Zm9v", "666f6f"},
    {"data:image/png;name=a%20b.png;base64,Zm9v", "666f6f"},
    {"data:image/png;name=\"a;b=c.png\";base64,Zm9vYmFy", "666f6f626172"},
    {"data:audio/x-wav;codecs=1;base64,++//", "fbefff"},
    {"data:application/octet-stream;base64,Zm9v%0AYmFy", "666f6f626172"},
    {"data:image/png;base64,%2B%2b%2F/", "fbefff"},
    {"data:image/png;base64,Zg%3D%3D", "66"},
    {"data:image/webp;base64,C7JZAKdO9ZxD6pE434Yt1HsiyXAXvmUMs1oBqE/2nUTrkjnghy7VfCPKcRi/"
     "Zg20WwKpUPeeReyT\n++//\n",
        "0bb25900a74ef59c43ea9138df862dd47b22c97017be650cb35a01a84ff69d44eb9239e0872ed57c23ca7118bf"
        "660db45b02a950f79e45ec93fbefff"},
    {"data:image/png;base64,C7JZAKdO9ZxD6pE434Yt1HsiyXAXvmUMs1oBqE/2nUTrkjnghy7VfCPKcRi/"
     "Zg20WwKpUPeeReyT\r\n++//\r\n",
        "0bb25900a74ef59c43ea9138df862dd47b22c97017be650cb35a01a84ff69d44eb9239e0872ed57c23ca7118bf"
        "660db45b02a950f79e45ec93fbefff"},
    {"data:image/gif;base64,Zm9vYg==", "666f6f62"},
    {"Zg==", "66"},
    {"Zm8=", "666f"},
    {"Zm9v", "666f6f"},
    {"Zm9vYmFy", "666f6f626172"},
    {"++//", "fbefff"},
    {"C7JZAKdO9ZxD6pE434Yt1HsiyXAXvmUMs1oBqE/2nUTrkjnghy7VfCPKcRi/Zg20WwKpUPeeReyT\n++//\n",
        "0bb25900a74ef59c43ea9138df862dd47b22c97017be650cb35a01a84ff69d44eb9239e0872ed57c23ca7118bf"
        "660db45b02a950f79e45ec93fbefff"},
    {"C7JZAKdO9ZxD6pE434Yt1HsiyXAXvmUMs1oBqE/2nUTrkjnghy7VfCPKcRi/Zg20WwKpUPeeReyT\r\n++//\r\n",
        "0bb25900a74ef59c43ea9138df862dd47b22c97017be650cb35a01a84ff69d44eb9239e0872ed57c23ca7118bf"
        "660db45b02a950f79e45ec93fbefff"},
    {"C7JZAKdO9ZxD6pE434Yt1HsiyXAXvmUMs1oBqE/2nUTrkjnghy7VfCPKcRi/Zg20WwKpUPeeReyT++//",
        "0bb25900a74ef59c43ea9138df862dd47b22c97017be650cb35a01a84ff69d44eb9239e0872ed57c23ca7118bf"
        "660db45b02a950f79e45ec93fbefff"},
    {" Zm9v\t", "666f6f"},
    {"Zm\n9v", "666f6f"},
    {"Zg=\n=", "66"},
    {"C7JZAKdO9ZxD6pE434Yt1HsiyXAXvmUMs1oBqE_2nUTrkjnghy7VfCPKcRi_Zg20WwKpUPeeReyT--__",
        "0bb25900a74ef59c43ea9138df862dd47b22c97017be650cb35a01a84ff69d44eb9239e0872ed57c23ca7118bf"
        "660db45b02a950f79e45ec93fbefff"},
    {"C7JZAKdO9ZxD6pE434Yt1HsiyXAXvmUMs1oBqE_2nUTrkjnghy7VfCPKcRi_Zg20WwKpUPeeReyT--__",
        "0bb25900a74ef59c43ea9138df862dd47b22c97017be650cb35a01a84ff69d44eb9239e0872ed57c23ca7118bf"
        "660db45b02a950f79e45ec93fbefff"},
    {"--__", "fbefff"},
    {"Zg", "66"},
    {"Zm8", "666f"},
};

static void check_bytes(const struct wi_blob *blob, const char *expected)
{
    char digits[400];
    assert_int_equal(blob->size * 2, strlen(expected));
    for (size_t i = 0; i < blob->size; i++)
        snprintf(digits + 2 * i, 3, "%02x", blob->bytes[i]);
    assert_string_equal(digits, expected);
}

TEST(test_as_python_decodes_it)
{
    struct wi_blob *blob;
    struct wi_error error;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *text = rows[i].text;
        assert_int_equal(
            wi_picture_decode(text, strlen(text), "image", NULL, &blob, &error), WI_OK);
        check_bytes(blob, rows[i].bytes);
        wi_blob_unref(blob);
        assert_int_equal(wi_sound_decode(text, strlen(text), NULL, &blob, &error), WI_OK);
        check_bytes(blob, rows[i].bytes);
        wi_blob_unref(blob);
    }
}

TEST(test_what_is_no_base64)
{
    static const char *const bad[][2] = {{"", "empty"}, {"=", "empty"}, {"==", "empty"},
        {" \n", "empty"}, {"data:;base64,", "empty"}, {"Z", "cut short"}, {"Zm9vY", "cut short"},
        {"Zm9vY=", "cut short"}, {"Zm=v", "not base64"}, {"Zm9vY===", "not base64"},
        {"Zg==Zg==", "not base64"}, {"%%%%", "not base64"}, {"Zm9\x80", "not base64"},
        {"Zm9v%0A", "not base64"}, {"Zm9v\v", "not base64"}, {"Zm9v\xc2\xa0", "not base64"},
        {"https://e.org/a.png", "not base64"}, {"data:;base64,Zm9v%", "not base64"},
        {"data:;base64,Zm9v%0", "not base64"}, {"data:;base64,Zm9v%zz", "not base64"},
        {"data:;base64,Zm9v%25", "not base64"}, {"data:;base64,Zm9v,Zm9v", "not base64"},
        {"data:image/png;base64", "data URI"}, {"data:", "data URI"}, {"data:,", "data URI"},
        {"data:image/png,Zm9v", "data URI"}, {"data:base64,Zm9v", "data URI"},
        {"data:image/png;base64;a=b,Zm9v", "data URI"}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct wi_blob *blob;
        struct wi_error error;
        const char *text = bad[i][0];
        assert_int_equal(wi_picture_decode(text, strlen(text), "inputs.image", NULL, &blob, &error),
            WI_PICTURE_INVALID);
        assert_null(blob);
        assert_string_equal(error.field, "inputs.image");
        assert_non_null(strstr(error.detail, bad[i][1]));
        assert_int_equal(
            wi_sound_decode(text, strlen(text), NULL, &blob, &error), WI_AUDIO_INVALID);
        assert_null(blob);
        assert_string_equal(error.field, "inputs.audio");
        assert_non_null(strstr(error.detail, bad[i][1]));
    }
}
