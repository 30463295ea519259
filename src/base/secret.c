/* Identifiers and secrets from OpenSSL's generator; see secret.h. */
#include "base/secret.h"

#include "base/text.h"
#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ID_BYTES 8
#define TOKEN_PREFIX "wi_"
#define TOKEN_BYTES 32
#define TOKEN_DIGITS 43 /* base64url of 32 bytes without padding */

static const char base64url[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static void random_bytes(unsigned char *bytes, int count)
{
    /* Without randomness every promise about tokens is void: do not go on. */
    if (RAND_bytes(bytes, count) != 1) {
        fprintf(stderr, "webinfer: the random number generator failed\n");
        abort();
    }
}

/* Identifiers are made for every request, and asking the generator costs more than the rest of it:
 * each thread asks for many at once. Tokens are never made from this store. */
static const unsigned char *next_id_bytes(void)
{
    static _Thread_local unsigned char store[32 * ID_BYTES];
    static _Thread_local size_t left;
    if (left == 0) {
        random_bytes(store, sizeof store);
        left = sizeof store;
    }
    left -= ID_BYTES;
    return store + left;
}

void wi_id_new(char id[WI_ID_SIZE], const char *prefix)
{
    size_t length = strnlen(prefix, WI_ID_SIZE - 2 * ID_BYTES - 2);
    memcpy(id, prefix, length);
    id[length] = '-';
    wi_text_hex(next_id_bytes(), ID_BYTES, id + length + 1);
}

void wi_token_new(char token[WI_TOKEN_SIZE])
{
    unsigned char bytes[TOKEN_BYTES + 1] = {0};
    random_bytes(bytes, TOKEN_BYTES);
    char *out = stpcpy(token, TOKEN_PREFIX);
    for (int i = 0; i < TOKEN_DIGITS; i++) {
        int bit = 6 * i;
        unsigned pair = (unsigned)bytes[bit / 8] << 8 | bytes[bit / 8 + 1];
        *out++ = base64url[pair >> (10 - bit % 8) & 63];
    }
    *out = '\0';
    OPENSSL_cleanse(bytes, sizeof bytes);
}

void wi_scrub(char *text)
{
    char *found = text;
    while ((found = strstr(found, TOKEN_PREFIX)) != NULL) {
        char *digits = found + strlen(TOKEN_PREFIX);
        size_t length = strspn(digits, base64url);
        if (length < TOKEN_DIGITS) {
            found = digits + length;
            continue;
        }
        memcpy(digits, "***", 3);
        memmove(digits + 3, digits + length, strlen(digits + length) + 1);
        found = digits + 3;
    }
}
