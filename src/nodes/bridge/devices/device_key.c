/* Ed25519 by OpenSSL; see device_key.h. */
#include "nodes/bridge/devices/device_key.h"

#include "base/buffer.h"
#include <openssl/err.h>
#include <openssl/evp.h>
#include <string.h>

/* --- keys ------------------------------------------------------------------------------------- */

#define REPEAT_15(byte)                                                                            \
    byte, byte, byte, byte, byte, byte, byte, byte, byte, byte, byte, byte, byte, byte, byte

/* The y coordinates of the eight points whose order divides 8, little-endian, as everything here:
 * 1, -1, 0, and of the four points of order 8 (https://eprint.iacr.org/2020/1244). With one
 * of them as the key, a signature that anybody can make is good for some or all messages. */
static const unsigned char small_orders[][WI_DEVICE_KEY_SIZE] = {
    {1},
    {0xec, REPEAT_15(0xff), REPEAT_15(0xff), 0x7f},
    {0},
    {0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98, 0xf0,
        0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc,
        0x05},
    {0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67, 0x0f,
        0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03,
        0x7a},
};

/* Whether the coordinate is 2^255 - 19 or more, so that another key is the same point. */
static int is_beyond_field(const unsigned char y[WI_DEVICE_KEY_SIZE])
{
    static const unsigned char ones[] = {REPEAT_15(0xff), REPEAT_15(0xff)};
    return y[0] >= 0xed && memcmp(y + 1, ones, sizeof ones) == 0 && y[31] == 0x7f;
}

static int is_key_weak(const unsigned char key[WI_DEVICE_KEY_SIZE])
{
    unsigned char y[WI_DEVICE_KEY_SIZE];
    memcpy(y, key, sizeof y);
    y[31] &= 0x7f; /* the other bit is the sign of x */
    for (size_t i = 0; i < sizeof small_orders / sizeof *small_orders; i++)
        if (memcmp(small_orders[i], y, sizeof y) == 0)
            return 1;
    return is_beyond_field(y);
}

enum wi_code wi_device_key_read(const char *text, const char *field,
    unsigned char key[WI_DEVICE_KEY_SIZE], struct wi_error *error)
{
    if (wi_text_from_base64url(text, key, WI_DEVICE_KEY_SIZE) != 0)
        return wi_error_set(error, WI_INVALID_FIELD, field,
            "%s must be 32 bytes as 43 characters of base64url without padding", field);
    if (is_key_weak(key))
        return wi_error_set(error, WI_INVALID_FIELD, field,
            "%s proves nothing: its point has a small order or is not canonical", field);
    return WI_OK;
}

/* --- signatures ------------------------------------------------------------------------------- */

/* OpenSSL refuses signatures whose second half is not smaller than the group's order, so that each
 * has one form only (RFC 8032, 5.1.7). */
static int is_signed(const unsigned char key[WI_DEVICE_KEY_SIZE],
    const unsigned char signature[WI_DEVICE_SIGNATURE_SIZE], const struct wi_buffer *text)
{
    EVP_PKEY *public_key =
        EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, key, WI_DEVICE_KEY_SIZE);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    int good = public_key && context &&
               EVP_DigestVerifyInit(context, NULL, NULL, NULL, public_key) == 1 &&
               EVP_DigestVerify(context, signature, WI_DEVICE_SIGNATURE_SIZE,
                   (const unsigned char *)text->text, text->size) == 1;
    EVP_MD_CTX_free(context);
    EVP_PKEY_free(public_key);
    ERR_clear_error(); /* or a TLS connection of this thread would take it for its own */
    return good;
}

enum wi_code wi_device_check_signature(const unsigned char key[WI_DEVICE_KEY_SIZE],
    const char *origin, const unsigned char nonce[WI_DEVICE_NONCE_SIZE], const char *signature,
    struct wi_error *error)
{
    static const char purpose[] = "webinfer-device";
    unsigned char bytes[WI_DEVICE_SIGNATURE_SIZE];
    struct wi_buffer text = {0};
    if (wi_text_from_base64url(signature, bytes, sizeof bytes) != 0)
        return wi_error_set(error, WI_INVALID_FIELD, "data.signature",
            "data.signature must be 64 bytes as 86 characters of base64url without padding");
    wi_buffer_add(&text, purpose, sizeof purpose);
    wi_buffer_add(&text, origin, strlen(origin) + 1);
    wi_buffer_add(&text, nonce, WI_DEVICE_NONCE_SIZE);
    int good = is_signed(key, bytes, &text);
    wi_buffer_clear(&text);
    if (good)
        return WI_OK;
    return wi_error_set(error, WI_INVALID_FIELD, "data.signature",
        "data.signature is not one of this device for this challenge and the origin of its page");
}
