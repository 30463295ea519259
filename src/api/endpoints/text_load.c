/* Gauges of language models; see text_load.h. */
#include "api/endpoints/text_load.h"

#include "api/endpoints/models/model_use.h"
#include "api/http/metrics.h"
#include "base/memory.h"
#include "base/table.h"
#include "nodes/bridge/model_status.h"
#include <stdlib.h>
#include <string.h>

/* Models, and models times places; later ones count under model="other". */
#define ROWS_MAX 256

struct row {
    char *labels; /* printed already; the key */
    int is_place; /* else it is a model, for which requests wait */
    double waiting, running;
    double kept, room; /* tokens */
    UT_hash_handle hh;
};

struct wi_text_load {
    struct row *rows;
};

struct wi_text_load *wi_text_load_new(void)
{
    return wi_alloc(sizeof(struct wi_text_load));
}

void wi_text_load_free(struct wi_text_load *load)
{
    struct row *row;

    if (!load)
        return;
    while ((row = WI_TABLE_TAKE(load->rows))) {
        free(row->labels);
        free(row);
    }
    free(load);
}

void wi_text_load_begin(struct wi_text_load *load)
{
    for (struct row *row = load->rows; row; row = row->hh.next)
        row->waiting = row->running = row->kept = row->room = 0;
}

static struct row *load_row_find(const struct wi_text_load *load, const struct wi_buffer *labels)
{
    return WI_TABLE_FIND(load->rows, labels->text, labels->size);
}

/* `browser` NULL: the model, wherever. */
static struct row *find_or_make(
    struct wi_text_load *load, const char *model, const char *browser, const char *platform)
{
    struct wi_buffer labels = {0};

    wi_metric_place(&labels, model, browser, platform);
    struct row *row = load_row_find(load, &labels);
    if (!row && HASH_COUNT(load->rows) >= ROWS_MAX) {
        wi_buffer_clear(&labels);
        wi_metric_place(&labels, "other", browser ? "other" : NULL, "other");
        row = load_row_find(load, &labels);
    }
    if (!row) {
        size_t size = labels.size;
        row = wi_alloc(sizeof *row);
        row->labels = wi_buffer_take(&labels);
        row->is_place = browser != NULL;
        HASH_ADD_KEYPTR(hh, load->rows, row->labels, size, row);
    }
    wi_buffer_clear(&labels);
    return row;
}

void wi_text_load_know(struct wi_text_load *load, const char *model)
{
    find_or_make(load, model, NULL, NULL);
}

void wi_text_load_waits(struct wi_text_load *load, const char *model)
{
    find_or_make(load, model, NULL, NULL)->waiting++;
}

void wi_text_load_runs(
    struct wi_text_load *load, const char *model, const char *browser, const char *platform)
{
    wi_text_load_know(load, model);
    find_or_make(load, model, browser, platform)->running++;
}

void wi_text_load_keeps(struct wi_text_load *load, const char *model, const char *browser,
    const char *platform, double tokens, double room)
{
    struct wi_buffer labels = {0};

    wi_metric_place(&labels, model, NULL, NULL);
    int is_known = load_row_find(load, &labels) != NULL;
    wi_buffer_clear(&labels);
    if (!is_known)
        return;
    struct row *row = find_or_make(load, model, browser, platform);
    row->kept += tokens;
    row->room += room;
}

static double running_of(const struct row *row)
{
    return row->running;
}

static double waiting_of(const struct row *row)
{
    return row->waiting;
}

static double usage_of(const struct row *row)
{
    return row->room > 0 ? row->kept / row->room : 0;
}

void wi_text_load_print(const struct wi_text_load *load, struct wi_buffer *out)
{
    static const struct {
        const char *name, *help;
        int of_places;
        double (*value)(const struct row *row);
    } gauges[] = {
        {"webinfer_num_requests_running", "Requests to language models that are running on nodes.",
            1, running_of},
        {"webinfer_num_requests_waiting",
            "Requests to language models that are waiting for a node.", 0, waiting_of},
        {"webinfer_kv_cache_usage_perc",
            "The share of the nodes' KV caches that is in use, by tokens; 1 is all.", 1, usage_of},
    };

    for (size_t i = 0; i < sizeof gauges / sizeof *gauges; i++) {
        wi_metric_head(out, gauges[i].name, "gauge", gauges[i].help);
        for (const struct row *row = load->rows; row; row = row->hh.next)
            if (row->is_place == gauges[i].of_places)
                wi_buffer_printf(
                    out, "%s{%s} %.9g\n", gauges[i].name, row->labels, gauges[i].value(row));
    }
}

/* --- what there is --------------------------------------------------------------------------- */

struct looking {
    struct wi_text_load *load;
    const struct wi_bridge *bridge;
};

static void on_job(
    void *context, const struct wi_job_spec *spec, const char *node_id, enum wi_platform platform)
{
    const struct looking *looking = context;
    const struct wi_node_info *node = node_id ? wi_bridge_node(looking->bridge, node_id) : NULL;

    if (spec->asked->task == WI_TASK_NONE)
        return;
    if (node)
        wi_text_load_runs(
            looking->load, spec->asked->model->name, node->kind, wi_platform_names[platform]);
    else
        wi_text_load_waits(looking->load, spec->asked->model->name);
}

static void on_loaded(
    void *context, const struct wi_node_info *node, const char *name, const json_t *model)
{
    struct wi_text_load *load = context;
    int platform = wi_platform_of_name(json_string_value(json_object_get(model, "platform")));
    struct wi_model_slots slots;

    if (platform >= 0 && wi_model_status_slots(model, &slots) == 0)
        wi_text_load_keeps(load, name, node->kind, wi_platform_names[platform],
            (double)slots.cached_tokens, (double)(slots.count * slots.context));
}

void wi_text_load_write(struct wi_text_load *load, const struct wi_jobs *jobs,
    const struct wi_bridge *bridge, struct wi_buffer *out)
{
    struct looking looking = {load, bridge};

    wi_text_load_begin(load);
    wi_jobs_each(jobs, on_job, &looking);
    wi_api_each_loaded(bridge, on_loaded, load);
    wi_text_load_print(load, out);
}
