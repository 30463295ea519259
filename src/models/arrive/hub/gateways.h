/*
 * The hubs of layout ipfs and webinfer that the configuration has, as sources of blocks
 * (models/arrive/source/sources.h), and the latter as neighbours
 * (models/arrive/source/neighbours.h).
 */
#ifndef WI_MODELS_ARRIVE_HUB_GATEWAYS_H
#define WI_MODELS_ARRIVE_HUB_GATEWAYS_H

#include "models/arrive/hub/hub.h"
#include "models/arrive/source/neighbours.h"
#include "models/arrive/source/sources.h"

/* Zero-initialise; free with wi_gateways_clear. */
struct wi_gateways {
    struct wi_hub *hubs;
    char **troubles; /* of each: why its token cannot be read; NULL: it can, or needs none */
    size_t count;
};

/* Whether the configuration has one of that layout; those without a URL were taken away. */
int wi_gateways_has(const struct wi_config *config, enum wi_hub_kind layout);
/* Makes them those of the configuration, and reads the token of each. Blocks. */
void wi_gateways_open(struct wi_gateways *gateways, const struct wi_config *config);
/* Makes them the sources, and the neighbours (NULL: there are none) among them, and no others. */
void wi_gateways_set(const struct wi_gateways *gateways, struct wi_sources *sources,
    struct wi_neighbours *neighbours);
void wi_gateways_clear(struct wi_gateways *gateways);

#endif
