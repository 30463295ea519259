/*
 * The service's own Ed25519 key (RFC 8032), which signs its statements about peers. It is made when
 * the daemon starts and lives in memory: no statement is good for longer than an hour, and whoever
 * checks one asks the service for the key.
 */
#ifndef WI_NODES_BRIDGE_PEERS_SERVICE_KEY_H
#define WI_NODES_BRIDGE_PEERS_SERVICE_KEY_H

#include "base/buffer.h"
#include <stdint.h>

struct wi_service_key;
/* NULL: OpenSSL has none to give. */
struct wi_service_key *wi_service_key_new(void);
void wi_service_key_free(struct wi_service_key *key); /* NULL is fine */

/* Appends the public key, in base64url. */
void wi_service_key_print(const struct wi_service_key *key, struct wi_buffer *out);
/* Appends members of a JSON object: "peer", "until" and "signature", which is the key's, in
 * base64url, for `purpose`, a NUL, `peer`, a NUL and `until` in decimal. `until` is in Unix
 * milliseconds; no text needs escaping. */
void wi_service_key_state(const struct wi_service_key *key, const char *purpose, const char *peer,
    int64_t until, struct wi_buffer *out);

#endif
