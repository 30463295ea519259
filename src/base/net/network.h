/* Networks of addresses as the configuration writes them, "192.0.2.0/24" or "fd00::/8". A single
 * address is a network of one. An IPv4 address equals its mapped IPv6 address. */
#ifndef WI_BASE_NET_NETWORK_H
#define WI_BASE_NET_NETWORK_H

#include "base/memory.h"
#include "base/net/address.h"

struct wi_address_network {
    unsigned char bytes[16]; /* for IPv4: of the mapped address */
    unsigned bits;           /* of the prefix; for IPv4, the mapping's bits and at least 1 more */
};

/* 0, or -1 if `text` is not a network of this form. */
int wi_network_parse(const char *text, struct wi_address_network *network);

/* Zero-initialise. */
struct wi_networks {
    struct wi_address_network *items;
    size_t count;
};
/* Adds each of `texts` that is a network. The reader of the configuration has refused the
 * others. */
void wi_networks_add(struct wi_networks *networks, const struct wi_strings *texts);
int wi_networks_have(const struct wi_networks *networks, const union wi_address *address);
void wi_networks_clear(struct wi_networks *networks);

#endif
