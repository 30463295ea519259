/* Routing: shadow runs that find out more; see route_probe.h. */
#include "work/pool/route_probe.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* So many runs has a place earned that costs nothing: more than one that costs something can. */
#define FREE_RUNS 1e12

static const struct wi_estimate *estimate_of(const struct wi_route_option *option)
{
    return &option->candidate->prospects[option->platform].estimate;
}

/* Whether it was found wrong so long ago that it is compared again. */
static int is_review(const struct wi_route_option *option)
{
    return option->standing == WI_STANDING_WRONG &&
           option->candidate->prospects[option->platform].is_due;
}

/* Whether finding out about it could change where clients go. */
static int may_explore(const struct wi_route_option *option, const struct wi_route_option *client)
{
    int may = wi_route_is_able(option) || option->standing == WI_STANDING_UNCHECKED ||
              option->standing == WI_STANDING_SOFTWARE || is_review(option);
    int is_same = option->platform == client->platform &&
                  strcmp(option->candidate->info->kind, client->candidate->info->kind) == 0;

    return may && !is_same && !option->is_hopeless && option->candidate->open > 0;
}

/* Whether it is not known well enough to be used, and may well be the best. */
static int is_promising(const struct wi_route_option *option, const struct wi_route_option *client)
{
    if (option->is_software)
        return 0;
    if (option->measured)
        return (option->standing == WI_STANDING_UNCHECKED || is_review(option)) &&
               option->run_ms <= client->run_ms &&
               !option->candidate->prospects[option->platform].rests;
    return option->platform != WI_WASM || option->prior < client->prior;
}

static double pause_after(unsigned attempts)
{
    double pause = attempts > 0 ? WI_EXPLORE_PAUSE_MS : 0;

    for (unsigned i = 1; i < attempts && pause < WI_EXPLORE_PAUSE_MAX_MS; i++)
        pause *= 2;
    return fmin(pause, WI_EXPLORE_PAUSE_MAX_MS);
}

static double runs_earned(const struct wi_route_option *option,
    const struct wi_route_option *client, const struct wi_terms *terms)
{
    const struct wi_estimate *e = estimate_of(option);
    int counts_loading = option->measured || option->is_text || option->is_software;
    double cost_ms = option->run_ms + (counts_loading ? option->load_ms : 0);

    if (!is_promising(option, client))
        return cost_ms > 0 ? terms->exploration * e->elsewhere_ms / cost_ms : 0;
    if (e->attempts > 0 && terms->now - e->tried_at < pause_after(e->attempts))
        return 0;
    return FREE_RUNS / option->prior; /* of several the preferred one */
}

/* The option that is due; NULL for none. `client` is where the client's request goes. */
static const struct wi_route_option *find_due(const struct wi_route_option *options, size_t count,
    const struct wi_route_option *client, const struct wi_terms *terms)
{
    const struct wi_route_option *due = NULL;
    double most = 0;

    for (size_t i = 0; i < count && terms->waiting == 0; i++) {
        double runs =
            may_explore(&options[i], client) ? runs_earned(&options[i], client, terms) : 0;
        if (runs >= 1 && runs > most) {
            due = &options[i];
            most = runs;
        }
    }
    return due;
}

/* WASM to compare with: in the client's own kind of browser where that has it. */
static const struct wi_route_option *find_wasm(
    const struct wi_route_option *options, size_t count, const struct wi_route_option *client)
{
    const struct wi_route_option *found = NULL;

    for (size_t i = 0; i < count; i++) {
        if (options[i].platform != WI_WASM || !wi_route_is_able(&options[i]))
            continue;
        if (!found || strcmp(options[i].candidate->info->kind, client->candidate->info->kind) == 0)
            found = &options[i];
    }
    return found;
}

static int is_to_be_rechecked(const struct wi_route_option *client, const struct wi_terms *terms)
{
    return terms->recheck_roll < terms->recheck && terms->numerics == WI_NUMERICS_CHECK &&
           client->platform != WI_WASM &&
           client->candidate->prospects[client->platform].verdict == WI_TRUSTED;
}

static int is_unknown(const struct wi_route_option *option, const struct wi_terms *terms)
{
    return terms->numerics == WI_NUMERICS_CHECK && option->platform != WI_WASM &&
           (option->candidate->prospects[option->platform].verdict == WI_UNKNOWN ||
               is_review(option));
}

void wi_route_probe(const struct wi_route_option *options, size_t count,
    const struct wi_route_option *client, const struct wi_terms *terms, struct wi_choice *choice)
{
    struct wi_probe *probe = &choice->probe;
    const struct wi_route_option *option =
        is_to_be_rechecked(client, terms) ? find_wasm(options, count, client) : NULL;

    probe->compare = option != NULL;
    if (!option)
        option = find_due(options, count, client, terms);
    if (!option)
        return;
    probe->compare |= is_unknown(option, terms);
    probe->wanted = 1;
    probe->platform = option->platform;
    probe->deadline_ms =
        WI_ROUTE_PROBE_FACTOR * (client->load_ms + client->run_ms) + WI_ROUTE_PROBE_BASE_MS;
    snprintf(probe->browser, sizeof probe->browser, "%s", option->candidate->info->kind);
}
