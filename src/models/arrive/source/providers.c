/* See providers.h. */
#include "models/arrive/source/providers.h"

#include "base/json_read.h"
#include "base/net/url.h"
#include <arpa/inet.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define GATEWAY "transport-ipfs-gateway-http"
#define PART_MAX 254 /* bytes of a part of an address, with the NUL: a name has 253 */
#define PARTS_MAX 6

/* "/ip4/192.0.2.1/tcp/443/https" in its parts. */
struct parts {
    char items[PARTS_MAX][PART_MAX];
    size_t count;
};

/* 0, or -1 for what is no address, or a longer one than any that is known here. */
static int address_split(const char *address, struct parts *parts)
{
    while (*address == '/') {
        size_t length = strcspn(++address, "/");
        if (length == 0 || length >= PART_MAX || parts->count == PARTS_MAX)
            return -1;
        memcpy(parts->items[parts->count], address, length);
        parts->items[parts->count++][length] = '\0';
        address += length;
    }
    return *address || parts->count < 5 ? -1 : 0;
}

static int part_is(const struct parts *parts, size_t index, const char *text)
{
    return index < parts->count && strcmp(parts->items[index], text) == 0;
}

/* 0: it is none. */
static unsigned port_of(const char *text)
{
    size_t digits = strspn(text, "0123456789");
    unsigned long port = digits > 5 || text[digits] ? 0 : strtoul(text, NULL, 10);
    return port <= 65535 ? (unsigned)port : 0;
}

/* Labels of letters, digits and hyphens. The last begins with a letter: a number there would be an
 * address in some notation. */
static int host_is_name(const char *text)
{
    const char *last = strrchr(text, '.');
    if (!last || !isalpha((unsigned char)last[1]))
        return 0;
    for (size_t length; *text; text += length + (text[length] == '.')) {
        length = strcspn(text, ".");
        if (length == 0 || length > 63 || *text == '-' || text[length - 1] == '-')
            return 0;
        for (size_t i = 0; i < length; i++)
            if (!isalnum((unsigned char)text[i]) && text[i] != '-')
                return 0;
    }
    return 1;
}

static int is_host(const struct parts *parts)
{
    const char *kind = parts->items[0], *host = parts->items[1];
    struct in6_addr address; /* one of either family */
    if (strcmp(kind, "ip4") == 0)
        return inet_pton(AF_INET, host, &address) == 1;
    if (strcmp(kind, "ip6") == 0)
        return inet_pton(AF_INET6, host, &address) == 1;
    return (strcmp(kind, "dns") == 0 || strcmp(kind, "dns4") == 0 || strcmp(kind, "dns6") == 0) &&
           host_is_name(host);
}

/* The caller frees it; NULL for what is not asked. */
static char *url_of(const char *address)
{
    struct parts parts = {0};
    int is_split = address_split(address, &parts) == 0;
    int is_over_tls = (parts.count == 5 && part_is(&parts, 4, "https")) ||
                      (parts.count == 6 && part_is(&parts, 4, "tls") && part_is(&parts, 5, "http"));
    if (!is_split || !is_over_tls || !part_is(&parts, 2, "tcp") || !is_host(&parts))
        return NULL;
    unsigned port = port_of(parts.items[3]);
    for (char *c = parts.items[1]; *c; c++)
        *c = (char)tolower((unsigned char)*c);
    int is_v6 = part_is(&parts, 0, "ip6");
    char *url = wi_sprintf(is_v6 ? "https://[%s]:%u" : "https://%s:%u", parts.items[1], port);
    if (port == 443)
        url[strlen(url) - strlen(":443")] = '\0';
    if (port > 0 && !wi_url_is_private(url))
        return url;
    free(url);
    return NULL;
}

static int is_gateway(const json_t *record)
{
    const char *schema = json_string_value(json_object_get(record, "Schema"));
    const json_t *protocols = json_object_get(record, "Protocols");
    if (!schema || strcmp(schema, "peer") != 0)
        return 0;
    for (size_t i = 0; i < json_array_size(protocols); i++) {
        const char *name = json_string_value(json_array_get(protocols, i));
        if (name && strcmp(name, GATEWAY) == 0)
            return 1;
    }
    return 0;
}

static void take_record(struct wi_providers *providers, const json_t *record)
{
    char *url = NULL;
    if (!is_gateway(record))
        return;
    const json_t *list = json_object_get(record, "Addrs");
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *text = json_string_value(json_array_get(list, i));
        if (text && (url = url_of(text)) != NULL)
            break;
    }
    providers->unfit += url == NULL;
    if (url && providers->urls.count < WI_PROVIDERS_MAX &&
        !wi_strings_contain(&providers->urls, url))
        wi_strings_add(&providers->urls, url);
    free(url);
}

/* Whether it is an answer. Where there is no one its list may be null. */
static int providers_read(struct wi_providers *providers, const char *text, size_t size)
{
    json_t *root = wi_json_read(text, size, 0, &(json_error_t){0});
    const json_t *list = json_object_get(root, "Providers"), *record;
    int good = json_is_array(list) || json_is_null(list);
    size_t i;
    json_array_foreach(list, i, record) take_record(providers, record);
    json_decref(root);
    return good;
}

/* Likewise: some line is a record, or there is none. */
static int read_lines(struct wi_providers *providers, const char *text, size_t size)
{
    size_t good = 0, bad = 0;
    while (size > 0) {
        const char *end = memchr(text, '\n', size);
        size_t length = end ? (size_t)(end - text) : size, whole = length + (end != NULL);
        json_t *record = length > 0 ? wi_json_read(text, length, 0, &(json_error_t){0}) : NULL;
        good += json_is_object(record);
        bad += length > 0 && !json_is_object(record);
        take_record(providers, record);
        json_decref(record);
        text += whole;
        size -= whole;
    }
    return good > 0 || bad == 0;
}

enum wi_code wi_providers_read(struct wi_providers *providers, const char *text, size_t size,
    int lines, struct wi_error *error)
{
    if (lines ? read_lines(providers, text, size) : providers_read(providers, text, size))
        return WI_OK;
    wi_providers_clear(providers);
    return wi_error_set(error, WI_HUB_FAILED, "",
        lines ? "it answers with lines that are no JSON objects"
              : "it answers with JSON without a list of Providers");
}

void wi_providers_clear(struct wi_providers *providers)
{
    wi_strings_clear(&providers->urls);
    *providers = (struct wi_providers){0};
}
