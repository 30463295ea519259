/*
 * SHA-256 of bytes, of files, and of data that comes in pieces. A hash is 32 bytes, or 64
 * lower-case hexadecimal digits. git's SHA-1 is computed too, for hubs that identify their small
 * files by nothing else.
 */
#ifndef WI_BASE_HASH_H
#define WI_BASE_HASH_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#define WI_HASH_SIZE 32                         /* SHA-256 */
#define WI_HASH_HEX_SIZE (2 * WI_HASH_SIZE + 1) /* hexadecimal digits, with the NUL */

void wi_hash(const void *bytes, size_t size, unsigned char hash[WI_HASH_SIZE]);
/* HMAC-SHA-256 (RFC 2104): shows for these bytes that one knows the key, and does not show the
 * key. */
void wi_hash_keyed(const unsigned char key[WI_HASH_SIZE], const void *bytes, size_t size,
    unsigned char hash[WI_HASH_SIZE]);
/* The SHA-256 of the first `bytes` bytes of a file, whatever the descriptor's offset; blocks. 0, or
 * -1 with errno: 0 if the file is shorter, ECANCELED once `stop` is set (NULL: never). */
int wi_hash_file(int fd, uint64_t bytes, atomic_int *stop, char hex[WI_HASH_HEX_SIZE]);
/* Hashes the meaning of `size` bytes in a format that the function knows. */
typedef void wi_body_hash_fn(
    const unsigned char *bytes, size_t size, unsigned char hash[WI_HASH_SIZE]);
void wi_hash_hex(const unsigned char hash[WI_HASH_SIZE], char hex[WI_HASH_HEX_SIZE]);
/* 0 and the bytes, or -1 if `hex` is not 64 hexadecimal digits. */
int wi_hash_from_hex(const char *hex, unsigned char hash[WI_HASH_SIZE]);
int wi_hash_is_printed(const char *text); /* whether it is as wi_hash_hex writes one */
int wi_hash_equal(const unsigned char *a, const unsigned char *b); /* constant time */

enum wi_hash_kind { WI_SHA256, WI_SHA1 };

/* A hash that is computed piece by piece. The caller frees it. */
struct wi_hasher;
struct wi_hasher *wi_hasher_new(enum wi_hash_kind kind);
void wi_hasher_add(struct wi_hasher *hasher, const void *bytes, size_t size);
/* The hash of all that was added, 64 or 40 digits; bytes added later begin a new hash. */
void wi_hasher_end(struct wi_hasher *hasher, char hex[WI_HASH_HEX_SIZE]);
void wi_hasher_free(struct wi_hasher *hasher); /* NULL is fine */

#endif
