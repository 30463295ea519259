/*
 * Fuzzes what an uplink reads of its own daemon: the input is an object, which is taken as the
 * answer to GET /v1/cluster, to GET /v1/status and, its member `nodes`, to GET /v1/nodes.
 *
 * Whoever borrows is there once, each kind that is lent as well, and what is announced of it is
 * JSON of no more slots than were asked for.
 */
#include "must.h"
#include "plant.h"
#include "settings/config/api_tokens.h"
#include "uplink/kinds.h"
#include "uplink/roster.h"
#include <stdint.h>
#include <string.h>

#define SLOTS 3

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_roster(const json_t *answer)
{
    static struct wi_uplink_roster roster;
    wi_uplink_roster_read(&roster, answer);
    must(roster.count <= WI_MEMBERS_MAX && strlen(roster.why) < sizeof roster.why);
    must(roster.count == 0 || roster.state == WI_ROSTER_MEMBERS);
    must(roster.state != WI_ROSTER_MEMBERS || wi_token_name_ok(roster.own));
    for (size_t i = 0; i < roster.count; i++)
        for (size_t j = 0; j < i; j++) {
            must(strcmp(roster.peers[i].name, roster.peers[j].name) != 0);
            must(strcmp(roster.peers[i].bridge, roster.peers[j].bridge) != 0);
        }
    WI_PLANT(roster.state == WI_ROSTER_UNKNOWN); /* in no seed */
}

static void check_kind(const struct wi_uplink_kind *kind)
{
    uint64_t slots = wi_uplink_kind_slots(kind, SLOTS);
    must(*kind->name && slots <= SLOTS && (kind->rank > 0) == (kind->sample != NULL));
    char *text = kind->sample ? wi_uplink_kind_capabilities(kind, "lender", slots) : NULL;
    json_t *said = text ? json_loads(text, 0, NULL) : NULL;
    must(!text || json_is_object(said));
    json_decref(said);
    free(text);
}

static void check_kinds(const json_t *answer)
{
    json_t *samples = json_object();
    for (int round = 0; round < 2; round++) { /* with the samples of the list before */
        size_t count;
        struct wi_uplink_kind *kinds =
            wi_uplink_kinds_read(json_object_get(answer, "nodes"), answer, samples, &count);
        for (size_t i = 0; i < count; i++) {
            check_kind(&kinds[i]);
            for (size_t j = 0; j < i; j++)
                must(strcmp(kinds[i].name, kinds[j].name) != 0);
        }
        must(json_object_size(samples) <= count);
        free(kinds);
    }
    json_decref(samples);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    json_t *answer = json_loadb((const char *)data, size, 0, NULL);
    if (json_is_object(answer)) {
        check_roster(answer);
        check_kinds(answer);
    }
    json_decref(answer);
    return 0;
}
