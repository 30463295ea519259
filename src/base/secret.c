/* Identifiers and secrets from OpenSSL's generator; see secret.h. */
#include "base/secret.h"

#include "base/memory.h"
#include "base/text.h"
#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ID_BYTES 8
#define TOKEN_PREFIX "wi_"
#define TOKEN_BYTES 32
#define CHUNK ((size_t)256 * 1024)
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

static void to_hex(const unsigned char *bytes, size_t count, char *hex)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < count; i++) {
        hex[2 * i] = digits[bytes[i] >> 4];
        hex[2 * i + 1] = digits[bytes[i] & 15];
    }
    hex[2 * count] = '\0';
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
    to_hex(next_id_bytes(), ID_BYTES, id + length + 1);
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

void wi_hash(const void *bytes, size_t size, unsigned char hash[WI_HASH_SIZE])
{
    SHA256(bytes, size, hash);
}

/* Feeds the file to the digest: 0, or -1 with errno. */
static int digest_file(int fd, uint64_t bytes, atomic_int *stop, EVP_MD_CTX *context)
{
    unsigned char *chunk = wi_alloc(CHUNK);
    uint64_t at = 0;
    ssize_t n = 1;
    int stopped = 0;
    while (at < bytes && n > 0 && !stopped) {
        size_t most = bytes - at < CHUNK ? (size_t)(bytes - at) : CHUNK;
        n = pread(fd, chunk, most, (off_t)at);
        if (n > 0 && !EVP_DigestUpdate(context, chunk, (size_t)n))
            break;
        at += n > 0 ? (uint64_t)n : 0;
        stopped = stop && atomic_load(stop);
    }
    free(chunk);
    if (n >= 0)
        errno = stopped ? ECANCELED : 0;
    return at == bytes && !stopped ? 0 : -1;
}

int wi_hash_file(int fd, uint64_t bytes, atomic_int *stop, char hex[2 * WI_HASH_SIZE + 1])
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    unsigned char hash[WI_HASH_SIZE];
    int hashed = context && EVP_DigestInit_ex(context, EVP_sha256(), NULL)
                     ? digest_file(fd, bytes, stop, context)
                     : -1,
        why = errno;
    if (hashed == 0 && !EVP_DigestFinal_ex(context, hash, NULL))
        hashed = -1;
    if (hashed == 0)
        wi_hash_hex(hash, hex);
    EVP_MD_CTX_free(context);
    errno = why;
    return hashed;
}

void wi_hash_hex(const unsigned char hash[WI_HASH_SIZE], char hex[2 * WI_HASH_SIZE + 1])
{
    to_hex(hash, WI_HASH_SIZE, hex);
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

int wi_hash_equal(const unsigned char *a, const unsigned char *b)
{
    return CRYPTO_memcmp(a, b, WI_HASH_SIZE) == 0;
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
