/* See gateways.h. */
#include "models/arrive/hub/gateways.h"

#include "base/memory.h"
#include <stdlib.h>
#include <string.h>

static int is_gateway(const struct wi_config_hub *hub)
{
    return wi_hub_facts[hub->layout].has_blocks && hub->url;
}

int wi_gateways_has(const struct wi_config *config, int models)
{
    for (size_t i = 0; i < config->hub_count; i++)
        if (is_gateway(&config->hubs[i]) &&
            wi_hub_facts[config->hubs[i].layout].has_models == models)
            return 1;
    return 0;
}

void wi_gateways_open(struct wi_gateways *gateways, const struct wi_config *config)
{
    struct wi_error error;
    wi_gateways_clear(gateways);
    for (size_t i = 0; i < config->hub_count; i++) {
        if (!is_gateway(&config->hubs[i]))
            continue;
        struct wi_gateway *gateway = WI_APPEND(gateways->items, gateways->count);
        *gateway = (struct wi_gateway){0};
        if (wi_hub_open(&gateway->hub, &config->hubs[i], &error) != WI_OK)
            gateway->trouble = wi_strdup(error.detail);
    }
}

/* Why the hub is not asked: it is this daemon itself, as far as that is known. NULL: it is
 * asked. */
static const char *trouble_of(const struct wi_neighbours *neighbours, const struct wi_hub *hub)
{
    size_t count = neighbours ? wi_neighbours_count(neighbours) : 0;
    for (size_t i = 0; i < count; i++) {
        struct wi_neighbour_info neighbour = wi_neighbours_at(neighbours, i);
        if (neighbour.is_self && strcmp(wi_block_source_look(neighbour.source).url, hub->url) == 0)
            return "it is this daemon itself";
    }
    return NULL;
}

void wi_gateways_set(const struct wi_gateways *gateways, struct wi_sources *sources,
    struct wi_neighbours *neighbours)
{
    struct wi_block_source_row *rows = wi_alloc((gateways->count + 1) * sizeof *rows);
    struct wi_block_source **chosen = wi_alloc((gateways->count + 1) * sizeof *chosen);
    size_t count = 0;
    for (size_t i = 0; i < gateways->count; i++) {
        const struct wi_hub *hub = &gateways->items[i].hub;
        const char *trouble = gateways->items[i].trouble;
        rows[i] = (struct wi_block_source_row){.name = hub->name,
            .url = hub->url,
            .token = hub->token,
            .trouble = trouble ? trouble : trouble_of(neighbours, hub)};
    }
    wi_sources_set(sources, rows, gateways->count);
    for (size_t i = 0; i < gateways->count; i++)
        if (wi_hub_facts[gateways->items[i].hub.layout].has_models)
            chosen[count++] = wi_sources_at(sources, i);
    if (neighbours)
        wi_neighbours_set(neighbours, chosen, count);
    free(chosen);
    free(rows);
}

void wi_gateways_clear(struct wi_gateways *gateways)
{
    for (size_t i = 0; i < gateways->count; i++) {
        wi_hub_clear(&gateways->items[i].hub);
        free(gateways->items[i].trouble);
    }
    free(gateways->items);
    *gateways = (struct wi_gateways){0};
}
