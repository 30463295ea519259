/*
 * Any five lines as what a trusted proxy says in X-Forwarded-For, -Proto, -Host and -Prefix and in
 * Forwarded. What is believed can be written into an address, and what is refused is told in UTF-8.
 */
#include "api/http/forwarded.h"
#include "base/memory.h"
#include "must.h"
#include "plant.h"
#include <jansson.h>
#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The line that begins there, ended by NUL, or NULL if it is empty; where the next begins is set.
 */
static const char *take_line(char **rest)
{
    char *line = *rest;
    *rest += strcspn(line, "\n");
    if (**rest)
        *(*rest)++ = '\0';
    return *line ? line : NULL;
}

static void check_error(const struct wi_error *error)
{
    must(error->code == WI_BAD_REQUEST && error->field[0] && error->detail[0]);
    json_t *told = json_string(error->detail);
    must(told != NULL);
    json_decref(told);
}

static void check_believed(const struct wi_forwarded *forwarded)
{
    union wi_address address;
    const char *client = forwarded->client, *prefix = forwarded->prefix;
    must(wi_address_parse_host(client, strlen(client), &address) == 0);
    must(!forwarded->host || (strlen(forwarded->host) <= 261 && forwarded->host_field));
    if (!prefix)
        return;
    must(prefix[0] == '/' && prefix[1] != '\0' && strlen(prefix) <= WI_FORWARDED_PREFIX_MAX);
    must(!strpbrk(prefix, "\\?#%:@<>\"' \t") && !strstr(prefix, "//"));
    must(!strstr(prefix, "/../") && prefix[strlen(prefix) - 1] != '/');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct wi_address_network network;
    struct wi_headers headers = {0};
    struct wi_forwarded forwarded = {0};
    struct wi_error error = {0};
    char *text = wi_strndup((const char *)data, size), *rest = text;
    must(wi_network_parse("10.0.0.0/8", &network) == 0);
    headers.forwarded_for = take_line(&rest);
    headers.forwarded_proto = take_line(&rest);
    headers.forwarded_host = take_line(&rest);
    headers.forwarded_prefix = take_line(&rest);
    headers.forwarded = take_line(&rest);
    headers.real_ip = "";
    if (wi_forwarded_read(
            &forwarded, &headers, &(struct wi_networks){&network, 1}, "10.0.0.1", &error) != WI_OK)
        check_error(&error);
    else
        check_believed(&forwarded);
    /* No seed has it. */
    WI_PLANT(forwarded.scheme && forwarded.prefix && strlen(forwarded.prefix) > 20);
    wi_forwarded_clear(&forwarded);
    free(text);
    return 0;
}
