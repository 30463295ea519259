/*
 * Identifiers and secrets, both from OpenSSL's generator. A secret is handed out once and stored
 * only as its SHA-256; comparison takes constant time.
 */
#ifndef WI_BASE_SECRET_H
#define WI_BASE_SECRET_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#define WI_ID_SIZE 40    /* "prefix-" and 16 hex digits, with the NUL */
#define WI_TOKEN_SIZE 48 /* "wi_" and 43 base64url characters (256 bits), with the NUL */
#define WI_HASH_SIZE 32  /* SHA-256 */

/* Writes a fresh identifier such as "job-9f2c04d61b7e83a5". `prefix` at most 20 characters. */
void wi_id_new(char id[WI_ID_SIZE], const char *prefix);

/* A fresh secret. Every secret starts with "wi_", so that logs can be scrubbed of it. */
void wi_token_new(char token[WI_TOKEN_SIZE]);
void wi_hash(const void *bytes, size_t size, unsigned char hash[WI_HASH_SIZE]);
/* The SHA-256 of the first `bytes` of a file, read from its beginning wherever its offset is;
 * blocks. 0, or -1 with errno: 0 for a file that is shorter, ECANCELED once `stop` is set (NULL:
 * never). */
int wi_hash_file(int fd, uint64_t bytes, atomic_int *stop, char hex[2 * WI_HASH_SIZE + 1]);
/* Hashes what `size` bytes mean to those who know their format. */
typedef void wi_body_hash_fn(
    const unsigned char *bytes, size_t size, unsigned char hash[WI_HASH_SIZE]);
void wi_hash_hex(const unsigned char hash[WI_HASH_SIZE], char hex[2 * WI_HASH_SIZE + 1]);
/* 0 and the bytes, or -1 if `hex` is not 64 hexadecimal digits. */
int wi_hash_from_hex(const char *hex, unsigned char hash[WI_HASH_SIZE]);
int wi_hash_equal(const unsigned char *a, const unsigned char *b); /* constant time */
/* Replaces every secret of ours in `text` by "wi_***" in place. */
void wi_scrub(char *text);

#endif
