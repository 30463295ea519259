/* See peers.h. */
#include "nodes/bridge/peers/peers.h"

#include "base/net/addresses.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define CERTIFICATE "webinfer-peer"
#define TICKET "webinfer-member"
/* The text is made again after this time, so that its certificates have most of theirs left. */
#define TEXT_MS (WI_PEERS_MS / 12)

int wi_peers_begin(struct wi_peers *peers)
{
    *peers = (struct wi_peers){._key = wi_service_key_new()};
    return peers->_key ? 0 : -1;
}

static void forget_list(struct wi_peers *peers)
{
    wi_strings_clear(&peers->addresses);
    wi_strings_clear(&peers->origins);
    free(peers->_text);
    peers->_text = NULL;
}

void wi_peers_clear(struct wi_peers *peers)
{
    forget_list(peers);
    wi_service_key_free(peers->_key);
    peers->_key = NULL;
}

void wi_peers_take(struct wi_peers *peers, const struct wi_strings *addresses)
{
    struct wi_multiaddr multiaddr;
    forget_list(peers);
    for (size_t i = 0; i < addresses->count; i++) {
        if (wi_multiaddr_read(addresses->items[i], &multiaddr))
            continue;
        wi_strings_add(&peers->addresses, addresses->items[i]);
        wi_strings_add(&peers->origins, multiaddr.origin);
    }
}

static char *peers_print(const struct wi_peers *peers, int64_t now)
{
    struct wi_multiaddr multiaddr;
    struct wi_buffer out = {0};
    wi_buffer_puts(&out, "{\"key\":\"");
    wi_service_key_print(peers->_key, &out);
    wi_buffer_puts(&out, "\",\"now\":");
    wi_buffer_integer(&out, now);
    wi_buffer_puts(&out, ",\"peers\":[");
    for (size_t i = 0; i < peers->addresses.count; i++) {
        const char *address = peers->addresses.items[i];
        const char *fault = wi_multiaddr_read(address, &multiaddr);
        assert(!fault); /* or it was not taken */
        (void)fault;
        wi_buffer_strings(&out, i ? ",{\"address\":\"" : "{\"address\":\"", address, "\",", NULL);
        wi_service_key_state(peers->_key, CERTIFICATE, multiaddr.peer, now + WI_PEERS_MS, &out);
        wi_buffer_puts(&out, "}");
    }
    wi_buffer_puts(&out, "]}");
    return wi_buffer_take(&out);
}

const char *wi_peers_text(struct wi_peers *peers, int64_t now)
{
    /* The clock may have been set back. */
    if (peers->_text && now >= peers->_made && now - peers->_made < TEXT_MS)
        return peers->_text;
    free(peers->_text);
    peers->_text = peers_print(peers, now);
    peers->_made = now;
    return peers->_text;
}

char *wi_peers_ticket(const struct wi_peers *peers, const char *address, int64_t now)
{
    struct wi_buffer out = {0};
    if (strncmp(address, WI_PEER_PREFIX, strlen(WI_PEER_PREFIX)) != 0)
        return NULL;
    wi_buffer_puts(&out, "{");
    wi_service_key_state(
        peers->_key, TICKET, address + strlen(WI_PEER_PREFIX), now + WI_PEERS_MS, &out);
    wi_buffer_puts(&out, "}");
    return wi_buffer_take(&out);
}
