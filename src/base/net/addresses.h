/*
 * Counts the connections of each peer address, so that no peer takes all places of a listener.
 * Peers on this machine are never counted: they are the operator's, or come through the operator's
 * proxy.
 *
 * An IPv4 address counts as itself, also when it is written as a mapped IPv6 address. An IPv6
 * address counts as its /64, the smallest block that a host is given (RFC 6177).
 */
#ifndef WI_BASE_NET_ADDRESSES_H
#define WI_BASE_NET_ADDRESSES_H

#include "base/net/multiaddr.h"
#include <stddef.h>
#include <sys/socket.h>

/* The peer at the other end, as a value to keep with the connection. */
struct wi_peer {
    unsigned char bytes[16];    /* of its address; for a named one, of the hash of its name */
    int exempt;                 /* loopback, or not an Internet address */
    char name[WI_PEER_ID_SIZE]; /* of a peer of libp2p, which a proxy states; "": an address */
};

struct wi_peer wi_peer_of(const struct sockaddr *address);
/* The peer of that id. It counts as an address of its own, and is never exempt. */
struct wi_peer wi_peer_named(const char *id);
#define WI_PEER_PREFIX "peer:"
#define WI_PEER_TEXT_SIZE (sizeof WI_PEER_PREFIX + WI_PEER_ID_SIZE - 1)
/* "192.0.2.1", "2001:db8::/64", "peer:12D3KooW…". A peer without an Internet address is "::/64", as
 * is ::1. */
void wi_peer_text(const struct wi_peer *peer, char text[WI_PEER_TEXT_SIZE]);
int wi_peer_same(const struct wi_peer *a, const struct wi_peer *b);

/* Zero-initialise. */
struct wi_addresses {
    struct wi_address_count *_counts; /* hash by address; only addresses with connections */
};

/* Counts a connection of `peer`. 0, or -1 if it already has `limit`. An exempt peer is always let
 * in. */
int wi_addresses_take(struct wi_addresses *addresses, const struct wi_peer *peer, size_t limit);
/* Ends a connection that was counted. */
void wi_addresses_give(struct wi_addresses *addresses, const struct wi_peer *peer);
size_t wi_addresses_count(const struct wi_addresses *addresses, const struct wi_peer *peer);
void wi_addresses_clear(struct wi_addresses *addresses);

#endif
