/* See content.h. */
#include "api/endpoints/models/content.h"

#include "api/endpoints/models/published.h"
#include "api/http/metrics.h"
#include "base/clock.h"
#include "source/sources.h"
#include <inttypes.h>

static size_t count_sources(const struct wi_api *api)
{
    return api->deps.sources ? wi_sources_count(api->deps.sources) : 0;
}

/* --- sources ---------------------------------------------------------------------------------- */

static const char *state_name(enum wi_block_source_state state)
{
    static const char *const names[] = {
        [WI_SOURCE_READY] = "ready", [WI_SOURCE_RESTING] = "resting", [WI_SOURCE_OUT] = "out"};
    return names[state];
}

/* The time on the wall; null where it is ready, or never is. */
static json_t *until_json(const struct wi_block_source_info *info)
{
    if (info->state == WI_SOURCE_READY || info->until_ms >= WI_NEVER)
        return json_null();
    return json_integer(wi_wall_ms() + (json_int_t)(info->until_ms - wi_now_ms()));
}

/* The configuration takes no URL with a user or a query in it, so that it holds no secret. */
static json_t *source_json(const struct wi_block_source *source)
{
    struct wi_block_source_info info;
    wi_block_source_info(source, &info);
    return json_pack("{s:s, s:s, s:s, s:o, s:s?, s:I, s:I, s:I, s:f, s:o}", "name", info.name,
        "url", info.url, "state", state_name(info.state), "until", until_json(&info), "reason",
        *info.reason ? info.reason : NULL, "bytes", (json_int_t)info.bytes, "blocks",
        (json_int_t)info.blocks, "wrong", (json_int_t)info.wrong, "bytes_per_second",
        info.bytes_per_second, "seen_at",
        info.seen_ms > 0 ? json_integer(info.seen_ms) : json_null());
}

static json_t *sources_json(const struct wi_api *api)
{
    json_t *list = json_array();
    for (size_t i = 0; i < count_sources(api); i++)
        json_array_append_new(list, source_json(wi_sources_at(api->deps.sources, i)));
    return list;
}

/* --- models ----------------------------------------------------------------------------------- */

static void add_model(void *context, const struct wi_pin *pin)
{
    json_array_append_new(
        context, json_pack("{s:s, s:s, s:I, s:b}", "cid", pin->cid_text, "name", pin->model,
                     "bytes", (json_int_t)pin->bytes, "stale", pin->stale));
}

static json_t *models_json(const struct wi_api *api)
{
    json_t *list = json_array();
    if (!api->deps.blocks)
        return list;
    wi_blockstore_look(api->deps.blocks);
    wi_blockstore_each(api->deps.blocks, add_model, list);
    return list;
}

void wi_handle_content(struct wi_request *request)
{
    const struct wi_api *api = request->api;
    wi_request_answer_json(request, 200,
        json_pack("{s:b, s:o, s:o}", "served", wi_api_is_served(api), "sources", sources_json(api),
            "models", models_json(api)));
}

/* --- metrics ---------------------------------------------------------------------------------- */

static void put_counter(const struct wi_api *api, struct wi_buffer *out, const char *name,
    const char *help, uint64_t (*value)(const struct wi_block_source_info *info))
{
    wi_metric_head(out, name, "counter", help);
    for (size_t i = 0; i < count_sources(api); i++) {
        struct wi_block_source_info info;
        wi_block_source_info(wi_sources_at(api->deps.sources, i), &info);
        wi_buffer_strings(out, name, "{source=", NULL);
        wi_metric_label(out, info.name);
        wi_buffer_printf(out, "} %" PRIu64 "\n", value(&info));
    }
}

static uint64_t bytes_of(const struct wi_block_source_info *info)
{
    return info->bytes;
}

static uint64_t blocks_of(const struct wi_block_source_info *info)
{
    return info->blocks;
}

static uint64_t wrong_of(const struct wi_block_source_info *info)
{
    return info->wrong;
}

void wi_api_sources_metrics(const struct wi_api *api, struct wi_buffer *out)
{
    put_counter(api, out, "webinfer_source_bytes_total",
        "Bytes of blocks that a source brought and that were right.", bytes_of);
    put_counter(api, out, "webinfer_source_blocks_total",
        "Blocks that a source brought and that were right.", blocks_of);
    put_counter(api, out, "webinfer_source_wrong_blocks_total",
        "Blocks that a source brought and that were wrong.", wrong_of);
}
