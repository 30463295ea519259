/* Listening addresses; names are not resolved, since a listener should not depend on DNS. */
#include "base/address.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
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

int wi_address_parse(const char *text, union wi_address *address)
{
    char host[INET6_ADDRSTRLEN];
    const char *colon = strrchr(text, ':');
    int brackets = text[0] == '[', port;
    size_t length;

    if (!colon || (port = parse_port(colon + 1)) < 0)
        return -1;
    length = (size_t)(colon - text);
    if (brackets && (length < 2 || text[length - 1] != ']'))
        return -1;
    if (brackets) {
        text++;
        length -= 2;
    }
    if (length >= sizeof(host))
        return -1;
    memcpy(host, text, length);
    host[length] = '\0';
    memset(address, 0, sizeof(*address));
    if (brackets) {
        address->v6.sin6_family = AF_INET6;
        address->v6.sin6_port = htons((uint16_t)port);
        return inet_pton(AF_INET6, host, &address->v6.sin6_addr) == 1 ? 0 : -1;
    }
    address->v4.sin_family = AF_INET;
    address->v4.sin_port = htons((uint16_t)port);
    return inet_pton(AF_INET, host, &address->v4.sin_addr) == 1 ? 0 : -1;
}

socklen_t wi_address_size(const union wi_address *address)
{
    return address->any.sa_family == AF_INET6 ? sizeof(address->v6) : sizeof(address->v4);
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
