/* All addresses are compared as those of IPv6, bit by bit; see network.h. */
#include "base/net/network.h"

#include <stdlib.h>
#include <string.h>

#define MAPPED_BITS 96
#define ADDRESS_BITS 128

/* A positive decimal number and nothing else; 0 for any other text. */
static unsigned parse_bits(const char *text)
{
    size_t digits = strspn(text, "0123456789");
    return digits > 3 || text[digits] != '\0' ? 0 : (unsigned)strtoul(text, NULL, 10);
}

int wi_network_parse(const char *text, struct wi_address_network *network)
{
    union wi_address address;
    size_t length = strcspn(text, "/");
    if (wi_address_parse_host(text, length, &address) != 0)
        return -1;
    unsigned first = address.any.sa_family == AF_INET ? MAPPED_BITS : 0;
    unsigned bits = text[length] ? parse_bits(text + length + 1) : ADDRESS_BITS - first;
    if (bits == 0 || bits > ADDRESS_BITS - first)
        return -1;
    wi_address_bytes(&address, network->bytes);
    network->bits = first + bits;
    return 0;
}

void wi_networks_add(struct wi_networks *networks, const struct wi_strings *texts)
{
    for (size_t i = 0; i < texts->count; i++) {
        struct wi_address_network network;
        if (wi_network_parse(texts->items[i], &network) != 0)
            continue;
        networks->items =
            wi_realloc_array(networks->items, networks->count + 1, sizeof *networks->items);
        networks->items[networks->count++] = network;
    }
}

static int network_has(const struct wi_address_network *network, const unsigned char bytes[16])
{
    unsigned whole = network->bits / 8, rest = network->bits % 8;
    return memcmp(network->bytes, bytes, whole) == 0 &&
           (rest == 0 || (network->bytes[whole] ^ bytes[whole]) >> (8 - rest) == 0);
}

int wi_networks_have(const struct wi_networks *networks, const union wi_address *address)
{
    unsigned char bytes[16];
    wi_address_bytes(address, bytes);
    for (size_t i = 0; i < networks->count; i++)
        if (network_has(&networks->items[i], bytes))
            return 1;
    return 0;
}

void wi_networks_clear(struct wi_networks *networks)
{
    free(networks->items);
    *networks = (struct wi_networks){0};
}
