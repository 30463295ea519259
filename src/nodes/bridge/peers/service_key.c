/* Ed25519 by OpenSSL; see service_key.h. */
#include "nodes/bridge/peers/service_key.h"

#include "base/memory.h"
#include "base/text.h"
#include <assert.h>
#include <inttypes.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#define KEY_SIZE 32
#define SIGNATURE_SIZE 64

struct wi_service_key {
    EVP_PKEY *pair;
};

struct wi_service_key *wi_service_key_new(void)
{
    EVP_PKEY *pair = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    ERR_clear_error(); /* or a TLS connection of this thread would take it for its own */
    if (!pair)
        return NULL;
    struct wi_service_key *key = wi_alloc(sizeof *key);
    key->pair = pair;
    return key;
}

void wi_service_key_free(struct wi_service_key *key)
{
    if (!key)
        return;
    EVP_PKEY_free(key->pair);
    free(key);
}

void wi_service_key_print(const struct wi_service_key *key, struct wi_buffer *out)
{
    unsigned char bytes[KEY_SIZE];
    char text[WI_BASE64URL_SIZE(KEY_SIZE)];
    size_t size = sizeof bytes;
    int printed = EVP_PKEY_get_raw_public_key(key->pair, bytes, &size);
    assert(printed == 1 && size == sizeof bytes);
    (void)printed;
    wi_text_base64url(bytes, sizeof bytes, text);
    wi_buffer_puts(out, text);
}

static void key_sign(
    const struct wi_service_key *key, const struct wi_buffer *text, unsigned char *signature)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    size_t size = SIGNATURE_SIZE;
    int signed_it = context && EVP_DigestSignInit(context, NULL, NULL, NULL, key->pair) == 1 &&
                    EVP_DigestSign(context, signature, &size, (const unsigned char *)text->text,
                        text->size) == 1;
    assert(signed_it && size == SIGNATURE_SIZE);
    (void)signed_it;
    EVP_MD_CTX_free(context);
}

void wi_service_key_state(const struct wi_service_key *key, const char *purpose, const char *peer,
    int64_t until, struct wi_buffer *out)
{
    unsigned char signature[SIGNATURE_SIZE] = {0};
    char printed[WI_BASE64URL_SIZE(SIGNATURE_SIZE)];
    struct wi_buffer text = {0};
    wi_buffer_add(&text, purpose, strlen(purpose) + 1);
    wi_buffer_add(&text, peer, strlen(peer) + 1);
    wi_buffer_integer(&text, until);
    key_sign(key, &text, signature);
    wi_buffer_clear(&text);
    wi_text_base64url(signature, sizeof signature, printed);
    wi_buffer_printf(
        out, "\"peer\":\"%s\",\"until\":%" PRId64 ",\"signature\":\"%s\"", peer, until, printed);
}
