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
#define TOKEN_DIGITS (WI_BASE64URL_SIZE(TOKEN_BYTES) - 1)

void wi_random_bytes(unsigned char *bytes, size_t count)
{
    /* Without randomness every promise about tokens is void: do not go on. */
    if (RAND_bytes(bytes, (int)count) != 1) {
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
        wi_random_bytes(store, sizeof store);
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
    unsigned char bytes[TOKEN_BYTES];
    wi_random_bytes(bytes, sizeof bytes);
    wi_text_base64url(bytes, sizeof bytes, stpcpy(token, TOKEN_PREFIX));
    OPENSSL_cleanse(bytes, sizeof bytes);
}

void wi_secret_free(char *secret)
{
    if (secret)
        OPENSSL_cleanse(secret, strlen(secret));
    free(secret);
}

/* How many bytes the secret has that begins at `text`; 0: none does. */
static size_t secret_at(const char *text)
{
    if (strncmp(text, TOKEN_PREFIX, strlen(TOKEN_PREFIX)) != 0)
        return 0;
    size_t digits = wi_text_base64url_span(text + strlen(TOKEN_PREFIX));
    return digits >= TOKEN_DIGITS ? strlen(TOKEN_PREFIX) + digits : 0;
}

void wi_scrub(char *out, size_t size, const char *text)
{
    char *end = out + size - 1;
    while (*text && out < end) {
        size_t secret = secret_at(text);
        const char *shown = secret ? TOKEN_PREFIX "***" : text;
        size_t length = secret ? strlen(shown) : 1;
        if (length > (size_t)(end - out))
            length = (size_t)(end - out);
        memcpy(out, shown, length);
        out += length;
        text += secret ? secret : 1;
    }
    *out = '\0';
}
