/*
 * How many connections each peer address has, so that nobody takes all places of a listener. The
 * peers of this machine are never counted: they are the operator's, or behind the operator's proxy.
 *
 * An IPv4 address counts as itself, also when it is written as a mapped IPv6 one. An IPv6 address
 * counts as its /64, which is the least that one host is given (RFC 6177).
 */
#ifndef WI_BASE_NET_ADDRESSES_H
#define WI_BASE_NET_ADDRESSES_H

#include <stddef.h>
#include <sys/socket.h>

/* Who is at the other end, as a value to keep with the connection. */
struct wi_peer {
    unsigned char bytes[16];
    int exempt; /* loopback, or no address of the Internet at all */
};

struct wi_peer wi_peer_of(const struct sockaddr *address);
#define WI_PEER_TEXT_SIZE 50
/* "192.0.2.1", "2001:db8::/64"; what has no address of the Internet is "::/64", as ::1 is. */
void wi_peer_text(const struct wi_peer *peer, char text[WI_PEER_TEXT_SIZE]);
int wi_peer_same(const struct wi_peer *a, const struct wi_peer *b);

/* Zero-initialise. */
struct wi_addresses {
    struct wi_address_count *_counts; /* hash by address, of those that have any */
};

/* Counts a connection of `peer`: 0, or -1 if it has `limit` of them. An exempt peer is always let
 * in. */
int wi_addresses_take(struct wi_addresses *addresses, const struct wi_peer *peer, size_t limit);
/* One that was taken is gone. */
void wi_addresses_give(struct wi_addresses *addresses, const struct wi_peer *peer);
size_t wi_addresses_count(const struct wi_addresses *addresses, const struct wi_peer *peer);
void wi_addresses_clear(struct wi_addresses *addresses);

#endif
