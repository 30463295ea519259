/* Join links, and the addresses of the services that they name. */
#include "base/memory.h"
#include "base/text.h"
#include "nodes/node/worker.h"
#include <netdb.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static enum wi_code take_apart(const char *text, struct wi_join_link *link, struct wi_error *error)
{
    static const char mark[] = "/#token=";
    const char *authority = strstr(text, "://");
    const char *end = authority ? strstr(authority + 3, mark) : NULL;
    const char *token = end ? end + sizeof mark - 1 : "";
    size_t length = strcspn(token, "&"); /* what follows is for pages */
    size_t scheme = authority ? (size_t)(authority - text) : 0;

    link->tls = scheme == 5 && strncmp(text, "https", 5) == 0;
    if ((!link->tls && !(scheme == 4 && strncmp(text, "http", 4) == 0)) || !end ||
        (size_t)(end - authority - 3) >= sizeof link->host || length == 0 ||
        length >= sizeof link->token || wi_text_base64url_span(token) != length) {
        wi_error_set(error, WI_BAD_REQUEST, "", "this is not a join link");
        return wi_error_expect(
            error, "what webinfer token join prints: http://HOST:PORT/#token=TOKEN");
    }
    snprintf(link->token, sizeof link->token, "%.*s", (int)length, token);
    snprintf(link->host, sizeof link->host, "%.*s", (int)(end - authority - 3), authority + 3);
    return WI_OK;
}

/* Adds the addresses of that list, as numbers. */
static void take_addresses(struct wi_join_link *link, const struct addrinfo *found)
{
    link->address_count = 0;
    for (; found && link->address_count < WI_JOIN_ADDRESSES_MAX; found = found->ai_next) {
        char *address = link->addresses[link->address_count];
        if (getnameinfo(found->ai_addr, found->ai_addrlen, address, sizeof link->addresses[0], NULL,
                0, NI_NUMERICHOST) == 0)
            link->address_count++;
    }
}

/* Here, because libwebsockets would look names up on the loop. */
static enum wi_code link_resolve(struct wi_join_link *link, struct wi_error *error)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found = NULL;
    char host[sizeof link->host];
    const char *bracket = strchr(link->host, ']');
    const char *colon = strrchr(bracket ? bracket : link->host, ':');
    size_t length = colon ? (size_t)(colon - link->host) : strlen(link->host);

    link->port = colon ? atoi(colon + 1) : link->tls ? 443 : 80;
    if (link->host[0] == '[' && length > 2)
        snprintf(host, sizeof host, "%.*s", (int)length - 2, link->host + 1);
    else
        snprintf(host, sizeof host, "%.*s", (int)length, link->host);
    if (getaddrinfo(host, NULL, &hints, &found) != 0)
        found = NULL;
    take_addresses(link, found);
    if (found)
        freeaddrinfo(found);
    return link->address_count > 0 ? WI_OK
                                   : wi_error_set(error, WI_BAD_REQUEST, "",
                                         "the address of %.200s cannot be found", host);
}

enum wi_code wi_join_link_make(
    const char *url, const char *token, struct wi_join_link *link, struct wi_error *error)
{
    size_t length = strlen(url);
    while (length && url[length - 1] == '/')
        length--;
    char *text = wi_sprintf("%.*s/#token=%s", (int)length, url, token);
    enum wi_code code = wi_join_link_read(text, link, error);
    OPENSSL_cleanse(text, strlen(text));
    free(text);
    return code;
}

enum wi_code wi_join_link_read(const char *text, struct wi_join_link *link, struct wi_error *error)
{
    enum wi_code code = take_apart(text, link, error);
    return code == WI_OK ? link_resolve(link, error) : code;
}
