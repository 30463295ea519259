/*
 * Any bytes as what a router answers; the first of them says whether as lines. Whoever is taken
 * from it may be asked: over https, in no private place, and at most so many.
 */
#include "base/net/url.h"
#include "models/arrive/source/providers.h"
#include "must.h"
#include "plant.h"
#include <ctype.h>
#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_url(const char *url)
{
    static const char scheme[] = "https://", good[] = "abcdefghijklmnopqrstuvwxyz0123456789.-[]:";
    const char *host = url + strlen(scheme);
    must(strncmp(url, scheme, strlen(scheme)) == 0 && *host);
    must(strspn(host, good) == strlen(host) && !wi_url_is_private(url));
    const char *port = strrchr(host, ':');
    if (port && port[1] != '\0' && !strchr(port, ']'))
        must(isdigit((unsigned char)port[1]) && strlen(port) <= 6 && strcmp(port, ":443") != 0);
    /* No seed has it. */
    WI_PLANT(port && port[1] == '9');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct wi_providers providers = {0};
    struct wi_error error = {0};
    if (size == 0)
        return 0;
    if (wi_providers_read(&providers, (const char *)data + 1, size - 1, *data == 'l', &error) !=
        WI_OK) {
        must(error.code == WI_HUB_FAILED && error.detail[0]);
        must(providers.urls.count == 0 && providers.unfit == 0);
        return 0;
    }
    must(providers.urls.count <= WI_PROVIDERS_MAX);
    for (size_t i = 0; i < providers.urls.count; i++) {
        check_url(providers.urls.items[i]);
        for (size_t j = 0; j < i; j++)
            must(strcmp(providers.urls.items[i], providers.urls.items[j]) != 0);
    }
    wi_providers_clear(&providers);
    return 0;
}
