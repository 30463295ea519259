/* Multiaddrs, component by component; see multiaddr.h. */
#include "base/net/multiaddr.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PART_SIZE 254 /* the longest is a host name */
#define BASE58 "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
#define HOST "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-"

/* Takes "/PART" from the start of `*at`. 0, or -1. */
static int part_take(const char **at, char part[PART_SIZE])
{
    size_t length = **at == '/' ? strcspn(*at + 1, "/") : 0;
    if (length == 0 || length >= PART_SIZE)
        return -1;
    memcpy(part, *at + 1, length);
    part[length] = '\0';
    *at += 1 + length;
    return 0;
}

/* Takes `word` from the start of `*at`. 0, or -1. */
static int word_take(const char **at, const char *word)
{
    size_t length = strlen(word);
    if (strncmp(*at, word, length) != 0)
        return -1;
    *at += length;
    return 0;
}

static int host_take(const char **at, char host[PART_SIZE])
{
    char kind[PART_SIZE];
    struct in_addr address;
    if (part_take(at, kind) != 0 || part_take(at, host) != 0)
        return -1;
    if (strcmp(kind, "ip4") == 0)
        return inet_pton(AF_INET, host, &address) == 1 ? 0 : -1;
    int named = strcmp(kind, "dns") == 0 || strcmp(kind, "dns4") == 0 || strcmp(kind, "dns6") == 0;
    return named && strspn(host, HOST) == strlen(host) ? 0 : -1;
}

static int port_take(const char **at, char port[PART_SIZE])
{
    if (word_take(at, "/tcp") != 0 || part_take(at, port) != 0)
        return -1;
    size_t digits = strspn(port, "0123456789");
    long number = digits <= 5 && !port[digits] ? strtol(port, NULL, 10) : 0;
    return number >= 1 && number <= 65535 && *port != '0' ? 0 : -1;
}

int wi_peer_id_ok(const char *text)
{
    static const char ed25519[] = "12D3KooW"; /* of the multihash's and the key's own heads */
    return strlen(text) == WI_PEER_ID_SIZE - 1 && strspn(text, BASE58) == WI_PEER_ID_SIZE - 1 &&
           strncmp(text, ed25519, strlen(ed25519)) == 0;
}

const char *wi_multiaddr_read(const char *text, struct wi_multiaddr *multiaddr)
{
    char host[PART_SIZE], port[PART_SIZE];
    /* A page's policy has no form for a literal IPv6 address (CSP, 2.3.1). */
    if (host_take(&text, host) != 0)
        return "it begins with /ip4/ and an address, or with /dns4/, /dns6/ or /dns/ and a name";
    if (port_take(&text, port) != 0)
        return "/tcp/ and a port from 1 to 65535 follow the host";
    int secure = word_take(&text, "/wss") == 0 || word_take(&text, "/tls/ws") == 0;
    if (!secure && word_take(&text, "/ws") != 0)
        return "/ws or /wss follows the port, because browsers cannot use /tcp without it";
    if (word_take(&text, "/p2p/") != 0 || !wi_peer_id_ok(text))
        return "it ends with /p2p/ and the peer's id, which begins with 12D3KooW";
    snprintf(multiaddr->origin, sizeof multiaddr->origin, "%s://%s:%.5s", secure ? "wss" : "ws",
        host, port);
    snprintf(multiaddr->peer, sizeof multiaddr->peer, "%s", text);
    return NULL;
}
