/* See caches.h. Hits and misses are of different things at each level: runs, look-ups by name,
 * pulls. */
#include "api/caches.h"

#include "hub/pulls.h"

struct level {
    const char *name;
    uint64_t hits, misses, fetched, saved;
};

void wi_caches_note_run(struct wi_page_cache *pages, const struct wi_outcome *outcome)
{
    if (outcome->model_bytes == 0)
        return; /* built in */
    if (outcome->warm) {
        pages->hits++;
        pages->saved_bytes += outcome->model_bytes;
    } else {
        pages->misses++;
        pages->loaded_bytes += outcome->model_bytes;
    }
}

static void write_row(struct wi_buffer *out, const struct level *levels, size_t count,
    const char *name, const char *help, size_t offset)
{
    wi_metric_head(out, name, "counter", help);
    for (size_t i = 0; i < count; i++) {
        const char *at = (const char *)&levels[i] + offset;
        wi_buffer_printf(out, "%s{level=\"%s\"} %llu\n", name, levels[i].name,
            (unsigned long long)*(const uint64_t *)(const void *)at);
    }
}

void wi_caches_write(const struct wi_api *api, struct wi_buffer *out)
{
    struct wi_repository_counters store;
    struct wi_pulls_counters hub = {0};
    wi_repository_counters(api->deps.repository, &store);
    if (api->deps.pulls)
        wi_pulls_counters(api->deps.pulls, &hub);
    const struct level levels[] = {
        {"page", api->pages.hits, api->pages.misses, api->pages.loaded_bytes,
            api->pages.saved_bytes},
        {"disk", store.found, store.missing, wi_bridge_counters(api->deps.bridge)->model_bytes,
            hub.reused_bytes},
        {"hub", hub.done, hub.failed, hub.fetched_bytes, 0},
    };
    const size_t count = sizeof levels / sizeof *levels;
    write_row(out, levels, count, "webinfer_cache_hits_total",
        "What was there: runs whose page had the model, look-ups that found it in the store, pulls "
        "that brought it.",
        offsetof(struct level, hits));
    write_row(out, levels, count, "webinfer_cache_misses_total",
        "What was not: runs that loaded the model first, look-ups that found none, pulls that "
        "failed.",
        offsetof(struct level, misses));
    write_row(out, levels, count, "webinfer_cache_fetched_bytes_total",
        "Bytes that came: of the models that pages loaded, from the store to pages, from hubs.",
        offsetof(struct level, fetched));
    write_row(out, levels, count, "webinfer_cache_saved_bytes_total",
        "Bytes that did not have to: of the models that pages had, and of files that an older "
        "version of a model had.",
        offsetof(struct level, saved));
    wi_metric_head(out, "webinfer_pulls_under_way", "gauge", "Models on their way from a hub.");
    wi_metric_value(out, "webinfer_pulls_under_way", (double)hub.under_way);
    wi_metric_head(out, "webinfer_pulls_cancelled_total", "counter", "Pulls that were cancelled.");
    wi_metric_value(out, "webinfer_pulls_cancelled_total", (double)hub.cancelled);
    wi_metric_head(out, "webinfer_evicted_bytes_total", "counter",
        "Bytes of pulled models that were removed to make room for others.");
    wi_metric_value(out, "webinfer_evicted_bytes_total", (double)hub.evicted_bytes);
}
