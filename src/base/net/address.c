/* Listening addresses; names are not resolved, since a listener should not depend on DNS. */
#include "base/net/address.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>

/* A port in decimal without anything else, or -1. */
static int parse_port(const char *text)
{
    int port = 0;

    if (!*text || strlen(text) > 5)
        return -1;
    for (; *text; text++) {
        if (!isdigit((unsigned char)*text))
            return -1;
        port = port * 10 + (*text - '0');
    }
    return port <= 65535 ? port : -1;
}

int wi_address_parse_host(const char *text, size_t length, union wi_address *address)
{
    char host[INET6_ADDRSTRLEN];
    int brackets = length >= 2 && text[0] == '[' && text[length - 1] == ']';

    if (brackets) {
        text++;
        length -= 2;
    }
    if (length >= sizeof host)
        return -1;
    memcpy(host, text, length);
    host[length] = '\0';
    memset(address, 0, sizeof *address);
    if (brackets || strchr(host, ':')) {
        address->v6.sin6_family = AF_INET6;
        return inet_pton(AF_INET6, host, &address->v6.sin6_addr) == 1 ? 0 : -1;
    }
    address->v4.sin_family = AF_INET;
    return inet_pton(AF_INET, host, &address->v4.sin_addr) == 1 ? 0 : -1;
}

int wi_address_parse(const char *text, union wi_address *address)
{
    const char *colon = strrchr(text, ':');
    int port = colon ? parse_port(colon + 1) : -1;
    size_t length = colon ? (size_t)(colon - text) : 0;

    /* Without brackets the last colon may be the host's own. */
    if (port < 0 || (text[0] != '[' && memchr(text, ':', length)) ||
        wi_address_parse_host(text, length, address) != 0)
        return -1;
    if (address->any.sa_family == AF_INET6)
        address->v6.sin6_port = htons((uint16_t)port);
    else
        address->v4.sin_port = htons((uint16_t)port);
    return 0;
}

socklen_t wi_address_size(const union wi_address *address)
{
    return address->any.sa_family == AF_INET6 ? sizeof address->v6 : sizeof address->v4;
}

unsigned wi_address_port(const union wi_address *address)
{
    return ntohs(address->any.sa_family == AF_INET6 ? address->v6.sin6_port : address->v4.sin_port);
}

int wi_address_is_loopback(const union wi_address *address)
{
    if (address->any.sa_family == AF_INET)
        return ntohl(address->v4.sin_addr.s_addr) >> 24 == 127;
    if (IN6_IS_ADDR_V4MAPPED(&address->v6.sin6_addr))
        return address->v6.sin6_addr.s6_addr[12] == 127;
    return IN6_IS_ADDR_LOOPBACK(&address->v6.sin6_addr);
}

static int is_private_v4(uint32_t host)
{
    /* https://www.iana.org/assignments/iana-ipv4-special-registry, and multicast. */
    static const struct {
        uint32_t prefix;
        unsigned bits;
    } ranges[] = {
        {0x00000000, 8},  /* this network */
        {0x0a000000, 8},  /* private use */
        {0x64400000, 10}, /* shared address space of carriers */
        {0x7f000000, 8},  /* loopback */
        {0xa9fe0000, 16}, /* link-local */
        {0xac100000, 12}, /* private use */
        {0xc0000000, 24}, /* protocol assignments */
        {0xc0000200, 24}, /* documentation */
        {0xc0586300, 24}, /* 6to4 relays, deprecated */
        {0xc0a80000, 16}, /* private use */
        {0xc6120000, 15}, /* benchmarks */
        {0xc6336400, 24}, /* documentation */
        {0xcb007100, 24}, /* documentation */
        {0xe0000000, 3},  /* multicast, reserved, broadcast */
    };

    for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++)
        if ((host ^ ranges[i].prefix) >> (32 - ranges[i].bits) == 0)
            return 1;
    return 0;
}

void wi_address_bytes(const union wi_address *address, unsigned char bytes[16])
{
    static const unsigned char mapped[12] = {[10] = 0xff, [11] = 0xff};

    if (address->any.sa_family == AF_INET6) {
        memcpy(bytes, &address->v6.sin6_addr, 16);
        return;
    }
    memcpy(bytes, mapped, sizeof mapped);
    memcpy(bytes + sizeof mapped, &address->v4.sin_addr, 4);
}

static uint32_t last_four(const struct in6_addr *v6)
{
    const unsigned char *b = v6->s6_addr;

    return (uint32_t)b[12] << 24 | (uint32_t)b[13] << 16 | (uint32_t)b[14] << 8 | b[15];
}

/* Global unicast is 2000::/3 (RFC 4291), less what https://www.iana.org/assignments/
 * iana-ipv6-special-registry takes from it. */
static int is_private_v6(const struct in6_addr *v6)
{
    static const unsigned char nat64[12] = {0x00, 0x64, 0xff, 0x9b};
    const unsigned char *b = v6->s6_addr;

    if (IN6_IS_ADDR_V4MAPPED(v6) || memcmp(b, nat64, sizeof nat64) == 0)
        return is_private_v4(last_four(v6));
    if (b[0] >> 5 != 1)
        return 1;
    if (b[0] == 0x20 && b[1] == 0x01)
        return b[2] < 0x02 || (b[2] == 0x0d && b[3] == 0xb8); /* 2001::/23, documentation */
    return (b[0] == 0x20 && b[1] == 0x02) || /* 6to4: a relay goes on to an IPv4 address */
           (b[0] == 0x3f && b[1] == 0xff && b[2] < 0x10); /* documentation */
}

int wi_address_is_private(const union wi_address *address)
{
    if (address->any.sa_family == AF_INET)
        return is_private_v4(ntohl(address->v4.sin_addr.s_addr));
    return is_private_v6(&address->v6.sin6_addr);
}

int wi_address_is_any(const union wi_address *address)
{
    if (address->any.sa_family == AF_INET)
        return address->v4.sin_addr.s_addr == htonl(INADDR_ANY);
    return IN6_IS_ADDR_UNSPECIFIED(&address->v6.sin6_addr);
}

void wi_address_host(const union wi_address *address, char *host, size_t size)
{
    char text[INET6_ADDRSTRLEN];
    int v6 = address->any.sa_family == AF_INET6;
    const void *bytes = v6 ? (const void *)&address->v6.sin6_addr : &address->v4.sin_addr;

    inet_ntop(address->any.sa_family, bytes, text, sizeof text);
    snprintf(host, size, v6 ? "[%s]" : "%s", text);
}
