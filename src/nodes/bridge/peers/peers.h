/*
 * The operator's webinfer-peers ([bridge] peers), over which pages may reach this daemon, and what
 * the service states about peers: a certificate says that nodes may connect through that peer, a
 * ticket that the peer is a node of this service, or that it may have a file. A statement has the
 * members "peer", "until" and "signature": in base64url, for a word, a NUL, the peer's id, a NUL
 * and `until` in decimal. A ticket for a file also has "file", the file's SHA-256 in hexadecimal
 * digits, which is signed after the word, with a NUL. The service's Ed25519 key (RFC 8032) is made
 * when the daemon starts and lives in memory: no statement is good for longer than an hour, and
 * whoever checks one asks the service for the key. Peers name the topics of their gossip after the
 * key.
 */
#ifndef WI_NODES_BRIDGE_PEERS_PEERS_H
#define WI_NODES_BRIDGE_PEERS_PEERS_H

#include "base/memory.h"
#include "base/net/multiaddr.h"
#include <stdint.h>

/* How long a statement is good. */
#define WI_PEERS_MS ((int64_t)3600 * 1000)

struct wi_peers {
    struct evp_pkey_st *_key;    /* OpenSSL's EVP_PKEY */
    struct wi_strings addresses; /* multiaddrs */
    struct wi_strings _ids;      /* of the peers there, in the same order */
    struct wi_strings origins;   /* of their WebSockets, for the policy of pages */
    struct wi_strings stun;      /* servers that pages may ask if their person agrees */
    char *_text;                 /* NULL: it has to be made */
    int64_t _made;               /* when it was; Unix milliseconds, as every time here */
};

/* Begins without peers. 0, or -1: there is no key. */
int wi_peers_begin(struct wi_peers *peers);
void wi_peers_clear(struct wi_peers *peers);
/* These are the peers and the STUN servers from now on, which the reader of the configuration has
 * checked. */
void wi_peers_take(
    struct wi_peers *peers, const struct wi_strings *addresses, const struct wi_strings *stun);
/* {"key", "now", "peers": [{"address", "peer", "until", "signature"}], "stun": [URL]}, borrowed
 * until the next call. It is made again only now and then, since everybody may ask for it; `now` is
 * when it was. */
const char *wi_peers_text(struct wi_peers *peers, int64_t now);
/* A ticket as JSON for the peer of that id, for the file with that SHA-256 (NULL: for the service).
 * The caller owns it. */
char *wi_peers_ticket(const struct wi_peers *peers, const char *id, const char *file, int64_t now);

#endif
