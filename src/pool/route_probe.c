/* Routing: runs beside the clients' that find out more; see route_probe.h. */
#include "pool/route_probe.h"

#include "pool/explore.h"
#include "pool/route_option.h"
#include <stdio.h>
#include <string.h>

/* WASM to compare with: in the client's own kind of browser where that has it. */
static const struct wi_option *find_wasm(
    const struct wi_option *options, size_t count, const struct wi_option *client)
{
    const struct wi_option *found = NULL;

    for (size_t i = 0; i < count; i++) {
        if (options[i].platform != WI_WASM || !wi_route_is_able(&options[i]))
            continue;
        if (!found || strcmp(options[i].candidate->info->kind, client->candidate->info->kind) == 0)
            found = &options[i];
    }
    return found;
}

static int is_to_be_rechecked(const struct wi_option *client, const struct wi_terms *terms)
{
    return terms->recheck_roll < terms->recheck && terms->numerics == WI_NUMERICS_CHECK &&
           client->platform != WI_WASM &&
           client->candidate->prospects[client->platform].verdict == WI_TRUSTED;
}

static int is_unknown(const struct wi_option *option, const struct wi_terms *terms)
{
    return terms->numerics == WI_NUMERICS_CHECK && option->platform != WI_WASM &&
           option->candidate->prospects[option->platform].verdict == WI_UNKNOWN;
}

void wi_route_probe(const struct wi_option *options, size_t count, const struct wi_option *client,
    const struct wi_terms *terms, struct wi_choice *choice)
{
    struct wi_probe *probe = &choice->probe;
    const struct wi_option *option =
        is_to_be_rechecked(client, terms) ? find_wasm(options, count, client) : NULL;

    probe->compare = option != NULL;
    if (!option)
        option = wi_explore_due(options, count, client, terms);
    if (!option)
        return;
    probe->compare |= is_unknown(option, terms);
    probe->wanted = 1;
    probe->platform = option->platform;
    probe->deadline_ms =
        WI_ROUTE_PROBE_FACTOR * (client->load_ms + client->run_ms) + WI_ROUTE_PROBE_BASE_MS;
    snprintf(probe->browser, sizeof probe->browser, "%s", option->candidate->info->kind);
}
