/*
 * A place: a kind of browser, an engine in it, the platform that this computes on, the versions of
 * both and the adapter. It decides how fast a model runs and how right: what is measured, checked
 * and routed to is a model at a place, and what changes in it starts afresh.
 */
#ifndef WI_WORK_POOL_FACTS_PLACE_H
#define WI_WORK_POOL_FACTS_PLACE_H

#include "models/catalog/format/engine.h"
#include "nodes/bridge/bridge.h"

#define WI_PLACE_SIZE 576
/* The last field of the key of a place that all joined nodes share. */
#define WI_PLACE_JOINED "joined"

struct wi_place {
    enum wi_engine engine;
    enum wi_platform platform;
    char kind[32];            /* of browser; "" for any, as browser_version and adapter */
    char browser_version[64]; /* "" also where it is not told, as engine_version */
    char engine_version[64];
    char adapter[sizeof(struct wi_adapter)]; /* VENDOR/ARCHITECTURE/DESCRIPTION; "": it has none */
    int software;                            /* the adapter is a software one */
    int joined; /* not of the browsers that we start, for which no other page can speak */
    char party[WI_PARTY_SIZE]; /* whose node it is; "" of ours, and of what all joined share */
    /* All of the above as the database has it: fields joined by tabs, which the bridge lets no node
     * put into a text. */
    char key[WI_PLACE_SIZE];
    /* Of a joined node, else 0. Not of the place, but all that is known of the machine: times are
     * told apart by it. */
    int cores;
};

struct wi_place wi_place_of(
    const struct wi_node_info *node, enum wi_engine engine, enum wi_platform platform);
/* The same for every kind, browser and adapter: what is known of the engine on the platform. */
struct wi_place wi_place_anywhere(const struct wi_place *place, enum wi_platform platform);
/* The field of a key that says whose the place is, up to the next tab or the end. */
const char *wi_place_party_field(const char *key, size_t *length);
/* From a key. 0, or -1 for one that is none of ours. */
int wi_place_parse(struct wi_place *place, const char *key);

#endif
