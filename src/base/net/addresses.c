/* Connections counted by peer address; see addresses.h. An address without any takes no memory. */
#include "base/net/addresses.h"

#include "base/hash.h"
#include "base/memory.h"
#include "base/net/address.h"
#include "base/table.h"
#include <arpa/inet.h>
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PREFIX_BYTES 8 /* of an IPv6 address */

struct wi_address_count {
    unsigned char bytes[16];
    size_t count;
    UT_hash_handle hh;
};

struct wi_peer wi_peer_of(const struct sockaddr *address)
{
    struct wi_peer peer = {.exempt = 1};
    union wi_address copy = {0};
    if (address->sa_family == AF_INET)
        memcpy(&copy.v4, address, sizeof copy.v4);
    else if (address->sa_family == AF_INET6)
        memcpy(&copy.v6, address, sizeof copy.v6);
    else
        return peer;
    peer.exempt = wi_address_is_loopback(&copy);
    wi_address_bytes(&copy, peer.bytes);
    if (address->sa_family == AF_INET6 && !IN6_IS_ADDR_V4MAPPED(&copy.v6.sin6_addr))
        memset(peer.bytes + PREFIX_BYTES, 0, sizeof peer.bytes - PREFIX_BYTES);
    return peer;
}

struct wi_peer wi_peer_named(const char *id)
{
    unsigned char hash[WI_HASH_SIZE];
    struct wi_peer peer = {.exempt = 0};
    wi_hash(id, strlen(id), hash);
    memcpy(peer.bytes, hash, sizeof peer.bytes);
    snprintf(peer.name, sizeof peer.name, "%s", id);
    return peer;
}

void wi_peer_text(const struct wi_peer *peer, char text[WI_PEER_TEXT_SIZE])
{
    char host[INET6_ADDRSTRLEN] = "";
    struct in6_addr address;
    if (*peer->name) {
        snprintf(text, WI_PEER_TEXT_SIZE, WI_PEER_PREFIX "%s", peer->name);
        return;
    }
    memcpy(&address, peer->bytes, sizeof address);
    int is_v4 = IN6_IS_ADDR_V4MAPPED(&address);
    if (is_v4)
        inet_ntop(AF_INET, peer->bytes + 12, host, sizeof host);
    else
        inet_ntop(AF_INET6, &address, host, sizeof host);
    snprintf(text, WI_PEER_TEXT_SIZE, "%s%s", host, is_v4 ? "" : "/64");
}

int wi_peer_same(const struct wi_peer *a, const struct wi_peer *b)
{
    return memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

static struct wi_address_count *address_find(
    const struct wi_addresses *addresses, const struct wi_peer *peer)
{
    return WI_TABLE_FIND(addresses->_counts, peer->bytes, sizeof peer->bytes);
}

int wi_addresses_take(struct wi_addresses *addresses, const struct wi_peer *peer, size_t limit)
{
    if (peer->exempt)
        return 0;
    struct wi_address_count *entry = address_find(addresses, peer);
    if ((entry ? entry->count : 0) >= limit)
        return -1;
    if (!entry) {
        entry = wi_alloc(sizeof *entry);
        memcpy(entry->bytes, peer->bytes, sizeof entry->bytes);
        HASH_ADD(hh, addresses->_counts, bytes, sizeof entry->bytes, entry);
    }
    entry->count++;
    return 0;
}

void wi_addresses_give(struct wi_addresses *addresses, const struct wi_peer *peer)
{
    if (peer->exempt)
        return;
    struct wi_address_count *entry = address_find(addresses, peer);
    assert(entry && entry->count > 0);
    if (--entry->count > 0)
        return;
    HASH_DEL(addresses->_counts, entry);
    free(entry);
}

size_t wi_addresses_count(const struct wi_addresses *addresses, const struct wi_peer *peer)
{
    const struct wi_address_count *entry = peer->exempt ? NULL : address_find(addresses, peer);
    return entry ? entry->count : 0;
}

void wi_addresses_clear(struct wi_addresses *addresses)
{
    struct wi_address_count *entry;
    while ((entry = WI_TABLE_TAKE(addresses->_counts)))
        free(entry);
}
