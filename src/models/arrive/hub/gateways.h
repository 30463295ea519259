/*
 * The configured hubs of layout ipfs and webinfer, as sources of blocks
 * (models/arrive/source/sources.h). Those of layout webinfer are also neighbours
 * (models/arrive/source/neighbours.h).
 */
#ifndef WI_MODELS_ARRIVE_HUB_GATEWAYS_H
#define WI_MODELS_ARRIVE_HUB_GATEWAYS_H

#include "models/arrive/hub/hub.h"
#include "models/arrive/source/neighbours.h"
#include "models/arrive/source/sources.h"

/* Zero-initialise; free with wi_gateways_clear. */
struct wi_gateways {
    struct wi_gateway {
        struct wi_hub hub;
        char *trouble; /* why its token cannot be read; NULL: it can, or it needs none */
    } * items;
    size_t count;
};

/* Whether the configuration has one, with a URL, that has models (a neighbour) or that has none. */
int wi_gateways_has(const struct wi_config *config, int models);
/* Replaces them by those of the configuration, and reads the token of each. Blocks. */
void wi_gateways_open(struct wi_gateways *gateways, const struct wi_config *config);
/* Sets them as the sources, and those of layout webinfer as the neighbours (NULL: there are none).
 * Others are removed. */
void wi_gateways_set(const struct wi_gateways *gateways, struct wi_sources *sources,
    struct wi_neighbours *neighbours);
void wi_gateways_clear(struct wi_gateways *gateways);

#endif
