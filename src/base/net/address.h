/* "ADDRESS:PORT" as the configuration writes it: numeric, IPv6 in brackets. */
#ifndef WI_BASE_NET_ADDRESS_H
#define WI_BASE_NET_ADDRESS_H

#include <netinet/in.h>
#include <stddef.h>
#include <sys/socket.h>

/* An address ready for bind(2). Only the member for `any.sa_family` is valid. */
union wi_address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

/* 0, or -1 if `text` is no such address. Port 0 is fine: the system chooses. */
int wi_address_parse(const char *text, union wi_address *address);
/* The same without a port, from `length` bytes of text: "192.0.2.1", "2001:db8::1" or
 * "[2001:db8::1]". */
int wi_address_parse_host(const char *text, size_t length, union wi_address *address);
socklen_t wi_address_size(const union wi_address *address);
unsigned wi_address_port(const union wi_address *address);
int wi_address_is_loopback(const union wi_address *address); /* 127.0.0.0/8, ::1, and mapped */
/* Whether it is not the address of one host on the public Internet: private networks, loopback,
 * link-local, multicast and everything else that IANA's special-purpose registries list as not
 * globally reachable, also if an IPv6 address embeds it as an IPv4 one (mapped, NAT64). */
int wi_address_is_private(const union wi_address *address);
int wi_address_is_any(const union wi_address *address); /* 0.0.0.0 or :: */
/* As an IPv6 address, mapped if it is none. */
void wi_address_bytes(const union wi_address *address, unsigned char bytes[16]);
/* The host as in a URL: "127.0.0.1", "[::1]". */
void wi_address_host(const union wi_address *address, char *host, size_t size);

#define WI_ADDRESS_HOST_SIZE 64 /* for any host, with the NUL */

#endif
