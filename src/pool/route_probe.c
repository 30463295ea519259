/* Routing: finding out more about places, beside the clients' requests or with one of them. */
#include "pool/route_probe.h"

#include "pool/platforms.h"
#include "pool/route_option.h"
#include <stdio.h>
#include <string.h>

/* A platform whose measured run is longer than the client's by this factor is not worth checking.
 */
#define WORTH_CHECKING 1.5
/* A place that takes up to so many times as long may be tried with a client's request. */
#define WORTH_TRYING 3

static void ask_probe(
    struct wi_choice *choice, const struct wi_option *option, const struct wi_option *client)
{
    choice->probe.wanted = 1;
    choice->probe.platform = option->platform;
    choice->probe.deadline_ms =
        WI_ROUTE_PROBE_FACTOR * (client->load_ms + client->run_ms) + WI_ROUTE_PROBE_BASE_MS;
    snprintf(
        choice->probe.browser, sizeof(choice->probe.browser), "%s", option->candidate->info->kind);
}

/* WASM to compare with: in the client's own kind of browser where that has it. */
static struct wi_option *find_wasm(
    struct wi_option *options, size_t count, const struct wi_option *client)
{
    struct wi_option *found = NULL;

    for (size_t i = 0; i < count; i++) {
        if (options[i].platform != WI_WASM || !wi_route_is_able(&options[i]))
            continue;
        if (!found || strcmp(options[i].candidate->info->kind, client->candidate->info->kind) == 0)
            found = &options[i];
    }
    return found;
}

/* Whether one more run leaves exploring within its share of the place's time. */
static int may_explore(const struct wi_prospect *prospect, const struct wi_terms *terms)
{
    const struct wi_estimate *e = &prospect->estimate;
    double since = (double)(terms->wall_ms - e->measured_at);
    double cost = e->run_ms + (prospect->loaded ? 0 : e->load_ms);

    return e->measured_at == 0 || since < 0 || since * terms->exploration >= cost;
}

/* Some other place: the one whose measurement is oldest. What is in software costs much, so it is
 * tried only when nothing waits. */
static struct wi_option *find_to_explore(struct wi_option *options, size_t count,
    const struct wi_option *client, const struct wi_terms *terms)
{
    struct wi_option *found = NULL;
    int64_t oldest = INT64_MAX;

    for (size_t i = 0; i < count; i++) {
        struct wi_option *option = &options[i];
        const struct wi_prospect *prospect = &option->candidate->prospects[option->platform];
        int64_t at = prospect->estimate.measured_at;
        int may = wi_route_is_able(option) || option->standing == WI_STANDING_UNCHECKED ||
                  option->standing == WI_STANDING_SOFTWARE;
        if (!may || option->candidate->open == 0 || at >= oldest || !may_explore(prospect, terms) ||
            (wi_platforms_software(option->candidate, option->platform) && terms->waiting > 0) ||
            (option->platform == client->platform &&
                strcmp(option->candidate->info->kind, client->candidate->info->kind) == 0))
            continue;
        found = option;
        oldest = at;
    }
    return found;
}

/* A place that would be preferred if only it were known: not compared yet, or never timed. */
static struct wi_option *find_to_check(
    struct wi_option *options, size_t count, const struct wi_option *client)
{
    struct wi_option *found = NULL;

    for (size_t i = 0; i < count; i++) {
        struct wi_option *option = &options[i];
        const struct wi_prospect *prospect = &option->candidate->prospects[option->platform];
        int unknown =
            option->standing == WI_STANDING_UNCHECKED ||
            (wi_route_is_able(option) && !option->measured &&
                (option->platform != WI_WASM || wi_route_prior(option) < wi_route_prior(client)));
        if (!unknown || option == client || option->candidate->open == 0 || !prospect->probe_due ||
            wi_platforms_software(option->candidate, option->platform) ||
            (option->measured && option->run_ms > WORTH_CHECKING * client->run_ms))
            continue;
        if (!found || wi_route_prior(option) < wi_route_prior(found))
            found = option;
    }
    return found;
}

/* A place that was faster than where the client goes, once or just now, and is not on average: no
 * client would find out that it recovered, or that it was measured in bad times. */
static struct wi_option *find_to_revisit(
    struct wi_option *options, size_t count, const struct wi_option *client)
{
    struct wi_option *found = NULL;
    double best = client->run_ms;

    for (size_t i = 0; i < count; i++) {
        struct wi_option *option = &options[i];
        const struct wi_prospect *prospect = &option->candidate->prospects[option->platform];
        double hope = wi_estimate_hope(&prospect->estimate);
        if (!wi_route_is_able(option) || option == client || option->candidate->open == 0 ||
            !prospect->probe_due || hope >= prospect->estimate.run_ms || hope >= best)
            continue;
        found = option;
        best = hope;
    }
    return found;
}

/* Whether the client's own request may be the run: it waits for nothing there, has time, and is
 * little slower at worst or was no slower just now. A run beside others' work is measured unfairly,
 * and costs more. */
static int may_serve(
    const struct wi_option *option, const struct wi_option *client, const struct wi_demand *demand)
{
    const struct wi_estimate *e = &option->candidate->prospects[option->platform].estimate;
    int fast = option->run_ms <= WORTH_TRYING * client->run_ms ||
               (e->last_ms > 0 && e->last_ms <= client->run_ms);

    if (demand->avoid || (demand->left_ms != 0 && demand->left_ms < WORTH_TRYING * option->run_ms))
        return 0;
    return fast && wi_route_is_ready(option) && option->measured && option->warm &&
           option->queue_ms == 0 && e->failure == 0 &&
           !wi_platforms_software(option->candidate, option->platform);
}

struct wi_option *wi_route_try_another(struct wi_option *options, size_t count,
    struct wi_option *client, const struct wi_demand *demand, const struct wi_terms *terms,
    struct wi_choice *choice)
{
    struct wi_option *option = NULL, *wasm = NULL;
    enum wi_verdict verdict = client->candidate->prospects[client->platform].verdict;

    if (terms->recheck_roll < terms->recheck && terms->numerics == WI_NUMERICS_CHECK &&
        client->platform != WI_WASM && verdict == WI_TRUSTED)
        option = wasm = find_wasm(options, count, client);
    if (!option && terms->explore_roll < terms->exploration)
        option = find_to_explore(options, count, client, terms);
    if (!option)
        option = find_to_check(options, count, client);
    if (!option)
        option = find_to_revisit(options, count, client);
    if (!option)
        return client;
    ask_probe(choice, option, client);
    if (wasm || !may_serve(option, client, demand))
        return client;
    choice->probe.wanted = 0;
    choice->probe.served = 1;
    return option;
}
