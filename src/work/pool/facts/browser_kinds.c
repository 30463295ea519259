/* The configured kinds of browser: what is installed, what keeps failing, what is requested. */
#include "work/pool/facts/browser_kinds.h"

#include "base/buffer.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include <stdlib.h>
#include <string.h>

/* How often to look for a browser that was not installed. */
#define RECHECK_MS 3000

struct pool_kinds *wi_pool_kinds_new(void)
{
    return wi_alloc(sizeof(struct pool_kinds));
}

static void free_all(struct pool_kind *all, size_t count)
{
    for (size_t i = 0; i < count; i++)
        free(all[i].name);
    free(all);
}

void wi_pool_kinds_free(struct pool_kinds *kinds)
{
    if (!kinds)
        return;
    free_all(kinds->all, kinds->count);
    free(kinds);
}

/* The position of the kind in [browser_preferences] other; after the last entry if it is not
 * named. */
static size_t preference_of(const struct wi_config *config, const char *kind)
{
    const struct wi_strings *list = &config->browser_preferences.other;
    size_t length = strlen(kind);

    for (size_t i = 0; i < list->count; i++)
        if (strcspn(list->items[i], "/") == length && strncmp(list->items[i], kind, length) == 0)
            return i;
    return list->count;
}

/* The preferred kinds first, the others in the order of the configuration. */
static void kinds_sort(struct pool_kinds *kinds, const struct wi_config *config)
{
    for (size_t i = 1; i < kinds->count; i++) {
        struct pool_kind kind = kinds->all[i];
        size_t preference = preference_of(config, kind.name), place = i;
        while (place > 0 && preference_of(config, kinds->all[place - 1].name) > preference) {
            kinds->all[place] = kinds->all[place - 1];
            place--;
        }
        kinds->all[place] = kind;
    }
}

/* What outlives a change of the configuration. */
static void kind_keep(struct pool_kind *kind, const struct pool_kind *old)
{
    kind->backoff = old->backoff;
    kind->is_away = old->is_away;
    kind->requested_since = old->requested_since;
    kind->requested_by = old->requested_by;
    kind->requested_at = old->requested_at;
    kind->preferred_ms = old->preferred_ms;
    kind->preferred_at = old->preferred_at;
    memcpy(kind->transitions, old->transitions, sizeof kind->transitions);
}

void wi_pool_kinds_set(struct pool_kinds *kinds, const struct wi_config *config)
{
    struct pool_kind *all = wi_alloc((config->browser_count + 1) * sizeof *all);

    for (size_t i = 0; i < config->browser_count; i++) {
        const struct pool_kind *old = wi_pool_kinds_find(kinds, config->browsers[i].kind);
        all[i].name = wi_strdup(config->browsers[i].kind);
        all[i].browser = &config->browsers[i];
        all[i].given = wi_config_browser_given(config, i);
        if (old)
            kind_keep(&all[i], old);
    }
    free_all(kinds->all, kinds->count);
    kinds->all = all;
    kinds->count = config->browser_count;
    kinds_sort(kinds, config);
}

struct pool_kind *wi_pool_kinds_find(const struct pool_kinds *kinds, const char *name)
{
    for (size_t i = 0; i < kinds->count; i++)
        if (strcmp(kinds->all[i].name, name) == 0)
            return &kinds->all[i];
    return NULL;
}

int wi_pool_kind_is_on(const struct pool_kind *kind)
{
    return kind->browser->max_connections > 0;
}

int wi_pool_kind_is_remote(const struct pool_kind *kind)
{
    return kind->browser->driver_url && *kind->browser->driver_url;
}

const char *wi_pool_kind_problem(const struct pool_kind *kind)
{
    int is_news = kind->installed || kind->given;

    return wi_pool_kind_is_on(kind) && is_news && kind->problem.code != WI_OK ? kind->problem.detail
                                                                              : NULL;
}

/* --- what is installed ------------------------------------------------------------------------ */

void wi_pool_kind_check(struct pool_kind *kind, const struct wi_gpus *gpus, double now)
{
    struct wi_error error = {0};
    int was = kind->installed, first = kind->check_at == 0;

    *kind->stamp = '\0';
    kind->installed = wi_session_installed(kind->browser, gpus, kind->stamp, &error) == WI_OK;
    kind->check_at = now + RECHECK_MS;
    if (!kind->installed) {
        kind->problem = error;
        if ((was || (first && kind->given)) && wi_pool_kind_is_on(kind))
            wi_warn("pool", kind->name, "%s", error.detail);
    } else if (!was) {
        kind->problem.code = WI_OK;
        if (!first)
            wi_info("pool", kind->name, "it is installed now");
    }
}

void wi_pool_kind_check_again(struct pool_kind *kind, double now)
{
    if (now >= kind->check_at)
        wi_pool_kind_check(kind, NULL, now);
}

double wi_pool_kinds_check_missing(struct pool_kinds *kinds, double now)
{
    double next = WI_NEVER;

    for (size_t i = 0; i < kinds->count; i++) {
        struct pool_kind *kind = &kinds->all[i];
        if (!wi_pool_kind_is_on(kind))
            continue;
        if (!kind->installed && now >= kind->check_at)
            wi_pool_kind_check(kind, NULL, now);
        if (!kind->installed && kind->check_at < next)
            next = kind->check_at;
    }
    return next;
}

void wi_pool_kinds_tell_absent(const struct pool_kinds *kinds)
{
    struct wi_buffer names = {0};
    int installed = 0;

    for (size_t i = 0; i < kinds->count; i++) {
        const struct pool_kind *kind = &kinds->all[i];
        installed += kind->installed && wi_pool_kind_is_on(kind);
        if (!kind->installed && !kind->given && wi_pool_kind_is_on(kind))
            wi_buffer_printf(&names, "%s%s", names.size > 0 ? ", " : "", kind->name);
    }
    if (names.size > 0)
        wi_log(installed ? WI_LOG_INFO : WI_LOG_WARN, "pool", NULL,
            "not installed: %s; \"webinfer doctor\" says what they need", names.text);
    wi_buffer_clear(&names);
}

/* --- what is requested ------------------------------------------------------------------------ */

int wi_pool_kind_request(struct pool_kind *kind, unsigned client, double now)
{
    kind->requested_at = now;
    if (kind->requested_since > 0)
        return 0;
    kind->requested_since = now;
    kind->requested_by = client;
    return 1;
}

void wi_pool_kind_request_for(struct pool_kind *kind, unsigned client)
{
    kind->requested_by = client;
}

int wi_pool_kind_prefer(
    struct pool_kind *kind, double took_ms, double start_ms, double keep_ms, double now)
{
    if (now - kind->preferred_at > keep_ms)
        kind->preferred_ms = 0;
    kind->preferred_at = now;
    kind->preferred_ms += took_ms;
    return kind->preferred_ms > start_ms;
}

void wi_pool_kinds_forget_requests(struct pool_kinds *kinds, double now, double keep_ms)
{
    for (size_t i = 0; i < kinds->count; i++)
        if (now - kinds->all[i].requested_at > keep_ms)
            kinds->all[i].requested_since = 0;
}

int wi_pool_kinds_requested(const struct pool_kinds *kinds)
{
    for (size_t i = 0; i < kinds->count; i++)
        if (kinds->all[i].requested_since > 0)
            return 1;
    return 0;
}

/* --- what its sessions did -------------------------------------------------------------------- */

void wi_pool_kind_changed(
    struct pool_kind *kind, enum wi_session_state from, enum wi_session_state to)
{
    kind->transitions[from][to]++;
}

void wi_pool_kind_ready(struct pool_kind *kind)
{
    kind->requested_since = 0;
    wi_pool_kind_answers(kind); /* a page has come from there */
    wi_backoff_ready(&kind->backoff);
    if (!kind->full)
        kind->problem.code = WI_OK;
}

void wi_pool_kind_broken(
    struct pool_kind *kind, double now, double served_ms, const struct wi_error *error)
{
    struct wi_backoff *backoff = &kind->backoff;

    wi_backoff_broken(backoff, now, served_ms >= 0, served_ms >= 0 ? served_ms : 0);
    kind->problem = *error;
    kind->is_away = strcmp(error->field, WI_SESSION_SERVICE) == 0;
    if (backoff->open)
        wi_error_log("pool", kind->name, "breaker open after %u failed starts; next try in %.1f s",
            backoff->failures, (backoff->next_start - now) / 1000);
}

void wi_pool_kind_full(struct pool_kind *kind, const struct wi_error *error)
{
    if (!kind->full)
        wi_warn("pool", kind->name, "waits for room: %s", error->detail);
    wi_pool_kind_answers(kind);
    kind->full = 1;
    kind->problem = *error;
}

void wi_pool_kind_has_room(struct pool_kind *kind)
{
    if (kind->full)
        kind->problem.code = WI_OK;
    kind->full = 0;
}

void wi_pool_kind_answers(struct pool_kind *kind)
{
    if (!kind->is_away)
        return;
    kind->is_away = 0;
    kind->problem.code = WI_OK;
    wi_pool_kind_forgive(kind);
}

void wi_pool_kind_forgive(struct pool_kind *kind)
{
    kind->backoff = (struct wi_backoff){0};
}
