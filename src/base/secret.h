/*
 * Identifiers and secrets, both from OpenSSL's generator. A secret is handed out once and stored
 * only as its SHA-256 (base/hash.h).
 */
#ifndef WI_BASE_SECRET_H
#define WI_BASE_SECRET_H

#include <stddef.h>

#define WI_ID_SIZE 40    /* "prefix-" and 16 hex digits, with the NUL */
#define WI_TOKEN_SIZE 48 /* "wi_" and 43 base64url characters (256 bits), with the NUL */

/* Writes a fresh identifier such as "job-9f2c04d61b7e83a5". `prefix` has at most 20 characters. */
void wi_id_new(char id[WI_ID_SIZE], const char *prefix);

/* Bytes that nobody can guess. */
void wi_random_bytes(unsigned char *bytes, size_t count);
/* A fresh secret. Every secret starts with "wi_", so that logs can be scrubbed of it. */
void wi_token_new(char token[WI_TOKEN_SIZE]);
/* Overwrites and frees a secret; NULL is fine. */
void wi_secret_free(char *secret);
/* Copies `text` to `out`, which has `size` bytes, cut so that it fits with its NUL. Each of our
 * secrets is replaced by "wi_***". A secret of which `text` has only a part is not found: so cut a
 * text by this function, or cut it earlier to at least WI_TOKEN_SIZE bytes more than are shown. */
void wi_scrub(char *out, size_t size, const char *text);

#endif
