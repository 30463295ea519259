/*
 * Identifiers and secrets, both from OpenSSL's generator. A secret is handed out once and stored
 * only as its SHA-256 (base/hash.h).
 */
#ifndef WI_BASE_SECRET_H
#define WI_BASE_SECRET_H

#include <stddef.h>

#define WI_ID_SIZE 40    /* "prefix-" and 16 hex digits, with the NUL */
#define WI_TOKEN_SIZE 48 /* "wi_" and 43 base64url characters (256 bits), with the NUL */

/* Writes a fresh identifier such as "job-9f2c04d61b7e83a5". `prefix` at most 20 characters. */
void wi_id_new(char id[WI_ID_SIZE], const char *prefix);

/* A fresh secret. Every secret starts with "wi_", so that logs can be scrubbed of it. */
void wi_token_new(char token[WI_TOKEN_SIZE]);
/* Frees a secret, and leaves nothing of it in memory; NULL is fine. */
void wi_secret_free(char *secret);
/* Copies `text` to `out`, of `size` bytes, cut so that it fits with its NUL. In the place of each
 * secret of ours is "wi_***". None is found of which `text` has a part only: what is shown of a
 * text is cut here, and what was cut before has WI_TOKEN_SIZE bytes more than are shown. */
void wi_scrub(char *out, size_t size, const char *text);

#endif
