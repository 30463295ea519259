/* Keys of devices and their signatures. The signatures here are those of the reference program of
 * RFC 8032, section 6, with the secret key of its TEST 1 and the nonce 00 01 … 1f. */
#include "../../../test.h"

#include "nodes/bridge/devices/device_key.h"
#include <openssl/evp.h>
#include <string.h>

#define KEY "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
#define ORIGIN "https://a.example:8471"
#define SIGNATURE                                                                                  \
    "Ly68nIzafI1Px6vPx5XT0nI807LwLZCu5sujlx-RyzsmAzxsRrFRUtDvvwoiFbYLWAWL5d8ykZeGeCtqEoETAA"

static unsigned char key[WI_DEVICE_KEY_SIZE], nonce[WI_DEVICE_NONCE_SIZE];

static int set_up(void **state)
{
    for (size_t i = 0; i < sizeof nonce; i++)
        nonce[i] = (unsigned char)i;
    return wi_device_key_read(KEY, "data.device_key", key, NULL) == WI_OK ? 0 : -1;
}

FIXTURE(set_up, NULL)

static enum wi_code check(const char *origin, const char *signature)
{
    struct wi_error error;
    return wi_device_check_signature(key, origin, nonce, signature, &error);
}

TEST(a_key_is_read_as_it_is_written)
{
    static const unsigned char expected[] = {0xd7, 0x5a, 0x98, 0x01, 0x82, 0xb1, 0x0a, 0xb7, 0xd5,
        0x4b, 0xfe, 0xd3, 0xc9, 0x64, 0x07, 0x3a, 0x0e, 0xe1, 0x72, 0xf3, 0xda, 0xa6, 0x23, 0x25,
        0xaf, 0x02, 0x1a, 0x68, 0xf7, 0x07, 0x51, 0x1a};
    assert_memory_equal(key, expected, sizeof expected);
}

TEST(a_key_has_one_form_only)
{
    static const char *const bad[] = {"", "A", KEY "A", KEY "=", (" " KEY), "d75a9801",
        "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHUR", "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo",
        "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHUR\xc3", /* the last digit has bits of nothing: */
        "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURp",
        "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURr"};
    unsigned char read[WI_DEVICE_KEY_SIZE];
    struct wi_error error;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(
            wi_device_key_read(bad[i], "data.device_key", read, &error), WI_INVALID_FIELD);
        assert_string_equal(error.field, "data.device_key");
        assert_string_equal(error.detail,
            "data.device_key must be 32 bytes as 43 characters of base64url without padding");
    }
}

/* The eight points of small order, and forms of coordinates that are not canonical. */
TEST(a_point_of_small_order_is_no_key)
{
    static const char *const weak[] = {"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAIA",
        "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "JuiVj8KyJ7BFw_SJ8u-Y8NXfrAXTxjM5sTgCiG1T_AU",
        "JuiVj8KyJ7BFw_SJ8u-Y8NXfrAXTxjM5sTgCiG1T_IU",
        "xxdqcD1N2E-6PAt2DRBnDyogU_osOczGTsf9d5KsA3o",
        "xxdqcD1N2E-6PAt2DRBnDyogU_osOczGTsf9d5KsA_o",
        "7P_______________________________________38",
        "7f_______________________________________38",
        "7f________________________________________8",
        "7v_______________________________________38",
        "7v________________________________________8",
        "_________________________________________38",
        "__________________________________________8",
        "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAIA",
        "7P________________________________________8"};
    unsigned char read[WI_DEVICE_KEY_SIZE];
    struct wi_error error;
    for (size_t i = 0; i < sizeof weak / sizeof *weak; i++) {
        assert_int_equal(
            wi_device_key_read(weak[i], "data.device.key", read, &error), WI_INVALID_FIELD);
        assert_string_equal(error.detail,
            "data.device.key proves nothing: its point has a small order or is not canonical");
    }
}

/* Why they are refused: OpenSSL takes a signature for theirs that anybody can make for any text. */
TEST(openssl_accepts_forged_signatures_of_such_keys)
{
    const unsigned char point[32] = {1}, forged[64] = {1};
    EVP_PKEY *weak = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, point, sizeof point);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    assert_int_equal(EVP_DigestVerifyInit(context, NULL, NULL, NULL, weak), 1);
    assert_int_equal(EVP_DigestVerify(context, forged, sizeof forged, nonce, sizeof nonce), 1);
    EVP_MD_CTX_free(context);
    EVP_PKEY_free(weak);
}

TEST(a_signature_is_for_an_origin_and_a_nonce)
{
    assert_int_equal(check(ORIGIN, SIGNATURE), WI_OK);
    assert_int_equal(check("https://a.example:8472", SIGNATURE), WI_INVALID_FIELD);
    assert_int_equal(check("https://a.example:847", SIGNATURE), WI_INVALID_FIELD);
    assert_int_equal(check("", SIGNATURE), WI_INVALID_FIELD);
    nonce[31] ^= 1;
    assert_int_equal(check(ORIGIN, SIGNATURE), WI_INVALID_FIELD);
    nonce[31] ^= 1;
    key[0] ^= 1; /* perhaps no point at all */
    assert_int_equal(check(ORIGIN, SIGNATURE), WI_INVALID_FIELD);
    key[0] ^= 1;
    assert_int_equal(check(ORIGIN, SIGNATURE), WI_OK);
}

TEST(a_signature_has_one_form_only)
{
    char text[] = SIGNATURE;
    struct wi_error error;
    assert_int_equal(check(ORIGIN, SIGNATURE "="), WI_INVALID_FIELD);
    assert_int_equal(check(ORIGIN, ""), WI_INVALID_FIELD);
    text[85]++; /* bits of nothing */
    assert_int_equal(wi_device_check_signature(key, ORIGIN, nonce, text, &error), WI_INVALID_FIELD);
    assert_string_equal(error.detail,
        "data.signature must be 64 bytes as 86 characters of base64url without padding");
    /* Its second half, and the order of the group more. */
    assert_int_equal(wi_device_check_signature(key, ORIGIN, nonce,
                         "Ly68nIzafI1Px6vPx5XT0nI807LwLZCu5sujlx-"
                         "RyzsT1zHJYBRkqqaMt60AD5UgWAWL5d8ykZeGeCtqEoETEA",
                         &error),
        WI_INVALID_FIELD);
    assert_string_equal(error.detail,
        "data.signature is not one of this device for this challenge and the origin of its page");
}
