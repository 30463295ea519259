/* The parts of an http or https URL that matter here. */
#ifndef WI_BASE_NET_URL_H
#define WI_BASE_NET_URL_H

/* The part before the path, "scheme://host[:port]"; the caller frees it. */
char *wi_url_origin(const char *url);
/* Whether both have the same origin as written, apart from letter case. */
int wi_url_same_origin(const char *a, const char *b);
/* The host, without brackets around an IPv6 address; the caller frees it. */
char *wi_url_host(const char *url);
/* Whether the host is this machine under a name that browsers count as local: localhost, a name
 * below it, or a loopback address. */
int wi_url_is_loopback(const char *url);
/* Whether the host is a name of this machine, or an address that is not public
 * (base/net/address.h). The addresses of other names are checked only at the socket. */
int wi_url_is_private(const char *url);
/* Whether a page from that URL is a secure context
 * (https://w3c.github.io/webappsec-secure-contexts/): https, or loopback. */
int wi_url_is_secure(const char *url);

#endif
