/* Networks of addresses as the configuration writes them, "192.0.2.0/24" or "fd00::/8"; an address
 * by itself is a network of one. An IPv4 address is the same as its mapped IPv6 one. */
#ifndef WI_BASE_NET_NETWORK_H
#define WI_BASE_NET_NETWORK_H

#include "base/memory.h"
#include "base/net/address.h"

struct wi_address_network {
    unsigned char bytes[16]; /* of an IPv4 network the mapped ones */
    unsigned bits;           /* of them that count, at least 1 beside those of the mapping */
};

/* 0, or -1 if `text` is no such network. */
int wi_network_parse(const char *text, struct wi_address_network *network);

/* Zero-initialise. */
struct wi_networks {
    struct wi_address_network *items;
    size_t count;
};
/* Adds each of `texts` that is a network: whoever read the configuration has refused the others. */
void wi_networks_add(struct wi_networks *networks, const struct wi_strings *texts);
int wi_networks_have(const struct wi_networks *networks, const union wi_address *address);
void wi_networks_clear(struct wi_networks *networks);

#endif
