/* SHA-256 and SHA-1 from OpenSSL; see hash.h. */
#include "base/hash.h"

#include "base/memory.h"
#include "base/text.h"
#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CHUNK ((size_t)256 * 1024)

void wi_hash(const void *bytes, size_t size, unsigned char hash[WI_HASH_SIZE])
{
    SHA256(bytes, size, hash);
}

/* --- piece by piece --------------------------------------------------------------------------- */

struct wi_hasher {
    EVP_MD_CTX *context;
};

/* OpenSSL refuses only without memory, or where an operator has forbidden the algorithm: nothing
 * that is verified by hashes can go on then. */
static void hash_must(int done)
{
    if (done == 1)
        return;
    fprintf(stderr, "webinfer: OpenSSL cannot compute a hash\n");
    abort();
}

void wi_hash_keyed(const unsigned char key[WI_HASH_SIZE], const void *bytes, size_t size,
    unsigned char hash[WI_HASH_SIZE])
{
    hash_must(HMAC(EVP_sha256(), key, WI_HASH_SIZE, bytes, size, hash, NULL) != NULL);
}

struct wi_hasher *wi_hasher_new(enum wi_hash_kind kind)
{
    struct wi_hasher *hasher = wi_alloc(sizeof *hasher);
    hasher->context = EVP_MD_CTX_new();
    hash_must(hasher->context && EVP_DigestInit_ex(hasher->context,
                                     kind == WI_SHA1 ? EVP_sha1() : EVP_sha256(), NULL));
    return hasher;
}

void wi_hasher_add(struct wi_hasher *hasher, const void *bytes, size_t size)
{
    hash_must(EVP_DigestUpdate(hasher->context, bytes, size));
}

void wi_hasher_end(struct wi_hasher *hasher, char hex[WI_HASH_HEX_SIZE])
{
    unsigned char hash[EVP_MAX_MD_SIZE];
    unsigned size;
    hash_must(EVP_DigestFinal_ex(hasher->context, hash, &size));
    hash_must(EVP_DigestInit_ex(hasher->context, NULL, NULL)); /* naming it again costs 0.4 us */
    wi_text_hex(hash, size, hex);
}

void wi_hasher_free(struct wi_hasher *hasher)
{
    if (!hasher)
        return;
    EVP_MD_CTX_free(hasher->context);
    free(hasher);
}

/* --- a file ----------------------------------------------------------------------------------- */

int wi_hash_file(int fd, uint64_t bytes, atomic_int *stop, char hex[WI_HASH_HEX_SIZE])
{
    struct wi_hasher *hasher = wi_hasher_new(WI_SHA256);
    unsigned char *chunk = wi_alloc(CHUNK);
    uint64_t at = 0;
    ssize_t n = 1;
    int stopped = 0;
    while (at < bytes && n > 0 && !stopped) {
        n = pread(fd, chunk, bytes - at < CHUNK ? (size_t)(bytes - at) : CHUNK, (off_t)at);
        if (n > 0) {
            wi_hasher_add(hasher, chunk, (size_t)n);
            at += (uint64_t)n;
        }
        stopped = stop && atomic_load(stop);
    }
    int why = n < 0 ? errno : stopped ? ECANCELED : 0, is_whole = at == bytes && !stopped;
    if (is_whole)
        wi_hasher_end(hasher, hex);
    free(chunk);
    wi_hasher_free(hasher);
    errno = why;
    return is_whole ? 0 : -1;
}

/* --- as text ---------------------------------------------------------------------------------- */

void wi_hash_hex(const unsigned char hash[WI_HASH_SIZE], char hex[WI_HASH_HEX_SIZE])
{
    wi_text_hex(hash, WI_HASH_SIZE, hex);
}

int wi_hash_from_hex(const char *hex, unsigned char hash[WI_HASH_SIZE])
{
    if (strlen(hex) != 2 * WI_HASH_SIZE)
        return -1;
    for (int i = 0; i < WI_HASH_SIZE; i++) {
        int high = wi_text_hex_digit(hex[2 * i]), low = wi_text_hex_digit(hex[2 * i + 1]);
        if (high < 0 || low < 0)
            return -1;
        hash[i] = (unsigned char)(high << 4 | low);
    }
    return 0;
}

int wi_hash_is_printed(const char *text)
{
    return strspn(text, "0123456789abcdef") == 2 * WI_HASH_SIZE && !text[2 * WI_HASH_SIZE];
}

int wi_hash_equal(const unsigned char *a, const unsigned char *b)
{
    return CRYPTO_memcmp(a, b, WI_HASH_SIZE) == 0;
}
