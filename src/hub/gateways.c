/* See gateways.h. */
#include "hub/gateways.h"

#include "base/memory.h"
#include <stdlib.h>

void wi_gateways_find(struct wi_gateways *gateways, const struct wi_config *config)
{
    size_t room = config->hub_count + 1;
    gateways->hubs = wi_alloc(room * sizeof *gateways->hubs);
    gateways->troubles = wi_alloc(room * sizeof *gateways->troubles);
    for (size_t i = 0; i < config->hub_count; i++) {
        const struct wi_config_hub *hub = &config->hubs[i];
        if (hub->layout == WI_HUB_IPFS && hub->url)
            wi_hub_find(config, hub->name, &gateways->hubs[gateways->count++], NULL);
    }
}

void wi_gateways_read_tokens(struct wi_gateways *gateways)
{
    for (size_t i = 0; i < gateways->count; i++) {
        struct wi_error error;
        free(gateways->troubles[i]);
        gateways->troubles[i] =
            wi_hub_read_token(&gateways->hubs[i], &error) == WI_OK ? NULL : wi_strdup(error.detail);
    }
}

void wi_gateways_set(const struct wi_gateways *gateways, struct wi_sources *sources)
{
    struct wi_block_source_row *rows = wi_alloc((gateways->count + 1) * sizeof *rows);
    for (size_t i = 0; i < gateways->count; i++)
        rows[i] = (struct wi_block_source_row){.name = gateways->hubs[i].name,
            .url = gateways->hubs[i].url,
            .token = gateways->hubs[i].token,
            .trouble = gateways->troubles[i]};
    wi_sources_set(sources, rows, gateways->count);
    free(rows);
}

void wi_gateways_clear(struct wi_gateways *gateways)
{
    for (size_t i = 0; i < gateways->count; i++) {
        wi_hub_clear(&gateways->hubs[i]);
        free(gateways->troubles[i]);
    }
    free(gateways->hubs);
    free(gateways->troubles);
    *gateways = (struct wi_gateways){0};
}
