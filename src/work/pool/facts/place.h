/*
 * A place: a kind of browser, an engine in it, the platform on which the engine computes, the
 * versions of both and the adapter. It determines how fast and how correctly a model runs:
 * measurements, checks and routing are about a model at a place, and start over when any part of
 * the place changes. Browsers that another daemon lends are at places of their own, by its name,
 * because it is another machine (wi_party_via).
 */
#ifndef WI_WORK_POOL_FACTS_PLACE_H
#define WI_WORK_POOL_FACTS_PLACE_H

#include "nodes/bridge/bridge.h"
#include "terms/model/engine.h"
#include <jansson.h>

#define WI_PLACE_SIZE 592
/* The last field of the key of a place that all joined nodes share. */
#define WI_PLACE_JOINED "joined"

struct wi_place {
    enum wi_engine engine;
    enum wi_platform platform;
    char kind[32];            /* of browser; "" for any, as browser_version and adapter */
    char browser_version[64]; /* "" also if it is unknown, as engine_version */
    char engine_version[64];
    /* VENDOR/ARCHITECTURE/DESCRIPTION, then wi_place_gpu; "": none. */
    char adapter[sizeof(struct wi_adapter)];
    int software; /* the adapter is a software one */
    int joined;   /* of a joined node; no other page gives evidence about our browsers */
    /* "" for ours, and if all joined nodes share it. That of a relay names the daemon behind it. */
    char party[WI_PARTY_SIZE];
    /* All of the above in the form for the database: fields joined by tabs, which the bridge lets
     * no node put into a text. */
    char key[WI_PLACE_SIZE];
    /* For a joined node, else 0. It is not part of the place, but the only known fact about the
     * machine: it distinguishes times. */
    int cores;
};

struct wi_place wi_place_of(
    const struct wi_node_info *node, enum wi_engine engine, enum wi_platform platform);
/* What tells the adapter of the platform from others if it has no name of its own: the device of
 * the browser's only GPU; else "". */
const char *wi_place_gpu(const struct wi_node_info *node, enum wi_platform platform);
/* The place for every kind, browser and adapter: for facts about the engine on the platform. */
struct wi_place wi_place_anywhere(const struct wi_place *place, enum wi_platform platform);
/* The field of a key that names the owner of the place, up to the next tab or the end. */
const char *wi_place_party_field(const char *key, size_t *length);
/* Parses a key. Returns 0, or -1 if it is not one of ours. */
int wi_place_parse(struct wi_place *place, const char *key);

/* Read from a page's report: the platform, -1 if it is unknown; whether it is simulated. */
int wi_place_platform(const json_t *report);
int wi_place_is_simulated(const json_t *report);

/* --- parties --------------------------------------------------------------------------------- */

/* The party of a node, as in struct wi_node_info: a token, and for a join token also an address. */

/* Whether both have the same token; if so, they are not independent witnesses. */
int wi_party_same_token(const char *a, const char *b);
/* The name of the daemon that lends the browsers of that party; "": it is no relay's. */
const char *wi_party_via(const char *party);
/* The public form of a party: a label that distinguishes its token from others, without the token's
 * name or an address, until the service ends. Null for a session of ours. New reference. */
json_t *wi_party_token_json(const char *party);

#endif
