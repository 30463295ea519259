#include "node/join_link.h"

#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static enum wi_code take_apart(const char *text, struct wi_join_link *link, struct wi_error *error)
{
    static const char mark[] = "/#token=";
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    const char *authority = strstr(text, "://");
    const char *end = authority ? strstr(authority + 3, mark) : NULL;
    const char *token = end ? end + sizeof mark - 1 : "";
    size_t scheme = authority ? (size_t)(authority - text) : 0;

    link->tls = scheme == 5 && strncmp(text, "https", 5) == 0;
    if ((!link->tls && !(scheme == 4 && strncmp(text, "http", 4) == 0)) || !end ||
        (size_t)(end - authority - 3) >= sizeof link->host || !*token ||
        strlen(token) >= sizeof link->token || token[strspn(token, letters)]) {
        wi_error_set(error, WI_BAD_REQUEST, "", "this is no join link");
        wi_error_expect(error, "what webinfer token join prints: http://HOST:PORT/#token=TOKEN");
        return WI_BAD_REQUEST;
    }
    snprintf(link->token, sizeof link->token, "%s", token);
    snprintf(link->host, sizeof link->host, "%.*s", (int)(end - authority - 3), authority + 3);
    return WI_OK;
}

/* Here, because libwebsockets would look names up on the loop. */
static enum wi_code resolve(struct wi_join_link *link, struct wi_error *error)
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
    int failed = getaddrinfo(host, NULL, &hints, &found) != 0 ||
                 getnameinfo(found->ai_addr, found->ai_addrlen, link->address, sizeof link->address,
                     NULL, 0, NI_NUMERICHOST) != 0;
    if (found)
        freeaddrinfo(found);
    return failed ? wi_error_set(
                        error, WI_BAD_REQUEST, "", "the address of %.200s cannot be found", host)
                  : WI_OK;
}

enum wi_code wi_join_link_read(const char *text, struct wi_join_link *link, struct wi_error *error)
{
    enum wi_code code = take_apart(text, link, error);
    return code == WI_OK ? resolve(link, error) : code;
}
