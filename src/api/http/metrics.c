/*
 * The API's own counts, and the building blocks of the Prometheus text format
 * (https://prometheus.io/docs/instrumenting/exposition_formats/).
 */
#include "api/http/metrics.h"

#include "api/http/route.h"
#include "base/clock.h"
#include "base/memory.h"
#include "base/table.h"
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Upper bounds in seconds, from half a millisecond to a minute; the rest is +Inf. */
static const double bounds[WI_HISTOGRAM_BUCKETS] = {
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60};

/* 0 means that the client left; a status that is not listed is counted as 500. */
static const int statuses[] = {0, 200, 202, 204, 400, 401, 403, 404, 405, 406, 408, 409, 410, 411,
    413, 415, 422, 429, 500, 501, 502, 503, 504, 507};
#define STATUS_COUNT (sizeof statuses / sizeof *statuses)

/* Series of model × browser × platform; later ones are counted under model="other". */
#define SERIES_MAX 256
#define SERIES_KEY_MAX 400
/* Likewise of models. */
#define MODELS_MAX 256

struct route_counts {
    uint64_t by_status[STATUS_COUNT];
    struct wi_histogram duration;
    uint64_t spent, spent_most; /* of the loop's CPU time, nanoseconds: in all, in one turn */
};

/* Counts of language models, with the meaning of vLLM's metrics of the same names
 * (https://docs.vllm.ai/en/latest/design/metrics.html). */
struct text_counts {
    uint64_t answers;
    double prompt, cached, generated; /* tokens */
    struct wi_histogram first_token, per_token;
};

struct series {
    char *labels; /* printed already; the key */
    uint64_t count;
    double load_s;
    struct wi_histogram inference;
    struct text_counts text;
    UT_hash_handle hh;
};

struct wi_metrics {
    const struct wi_route *table;
    struct route_counts *routes; /* one for each route, and one for none */
    size_t route_count;
    uint64_t bytes_in, bytes_out;
    struct wi_histogram queue;
    struct series *series;
    struct wi_model_counts *models; /* by name */
};

struct wi_metrics *wi_metrics_new(const struct wi_route *routes)
{
    struct wi_metrics *metrics = wi_alloc(sizeof *metrics);
    metrics->table = routes;
    metrics->route_count = wi_route_count(routes) + 1;
    metrics->routes = wi_alloc(metrics->route_count * sizeof *metrics->routes);
    return metrics;
}

void wi_metrics_free(struct wi_metrics *metrics)
{
    struct series *series;
    if (!metrics)
        return;
    while ((series = WI_TABLE_TAKE(metrics->series))) {
        free(series->labels);
        free(series);
    }
    struct wi_model_counts *model;
    while ((model = WI_TABLE_TAKE(metrics->models))) {
        free(model->name);
        free(model);
    }
    free(metrics->routes);
    free(metrics);
}

/* --- counting -------------------------------------------------------------------------------- */

size_t wi_histogram_bucket(double seconds)
{
    size_t bucket = 0;
    while (bucket < WI_HISTOGRAM_BUCKETS && !(seconds <= bounds[bucket]))
        bucket++;
    return bucket;
}

double wi_histogram_bound(size_t bucket)
{
    return bounds[bucket];
}

void wi_histogram_add(struct wi_histogram *histogram, double seconds)
{
    size_t bucket = wi_histogram_bucket(seconds);
    histogram->count++;
    histogram->sum += seconds;
    if (bucket < WI_HISTOGRAM_BUCKETS)
        histogram->buckets[bucket]++;
}

static size_t status_index(int status)
{
    size_t other = 0;
    for (size_t i = 0; i < STATUS_COUNT; i++) {
        if (statuses[i] == status)
            return i;
        if (statuses[i] == 500)
            other = i;
    }
    return other;
}

void wi_metrics_request(struct wi_metrics *metrics, int route, int status, double seconds,
    uint64_t bytes_in, uint64_t bytes_out)
{
    size_t index = route < 0 ? metrics->route_count - 1 : (size_t)route;
    metrics->routes[index].by_status[status_index(status)]++;
    wi_histogram_add(&metrics->routes[index].duration, seconds);
    metrics->bytes_in += bytes_in;
    metrics->bytes_out += bytes_out;
}

void wi_metrics_spent(struct wi_metrics *metrics, int route, uint64_t all, uint64_t most)
{
    struct route_counts *counts =
        &metrics->routes[route < 0 ? metrics->route_count - 1 : (size_t)route];
    counts->spent += all;
    counts->spent_most = most > counts->spent_most ? most : counts->spent_most;
}

void wi_metric_place(
    struct wi_buffer *out, const char *model, const char *browser, const char *platform)
{
    wi_buffer_puts(out, "model=");
    wi_metric_label(out, model);
    if (!browser)
        return;
    wi_buffer_puts(out, ",browser=");
    wi_metric_label(out, browser);
    wi_buffer_puts(out, ",platform=");
    wi_metric_label(out, platform);
}

static struct series *find_series(
    struct wi_metrics *metrics, const char *model, const char *browser, const char *platform)
{
    struct wi_buffer labels = {0};
    struct series *series = NULL;
    wi_metric_place(&labels, model, browser, platform);
    HASH_FIND(hh, metrics->series, labels.text, labels.size, series);
    if (!series && (HASH_COUNT(metrics->series) >= SERIES_MAX || labels.size > SERIES_KEY_MAX)) {
        wi_buffer_clear(&labels);
        wi_metric_place(&labels, "other", "other", "other");
        HASH_FIND(hh, metrics->series, labels.text, labels.size, series);
    }
    if (!series) {
        size_t size = labels.size;
        series = wi_alloc(sizeof *series);
        series->labels = wi_buffer_take(&labels);
        HASH_ADD_KEYPTR(hh, metrics->series, series->labels, size, series);
    }
    wi_buffer_clear(&labels);
    return series;
}

/* A page's figures are from outside; larger ones are cut to this. */
#define FIGURE_MAX 1e9

static double figure_clamp(double figure)
{
    return isfinite(figure) && figure > 0 ? fmin(figure, FIGURE_MAX) : 0;
}

void wi_metrics_inference(struct wi_metrics *metrics, const char *model, const char *browser,
    const char *platform, double queue_s, double load_s, double inference_s)
{
    struct series *series = find_series(metrics, model, browser, platform);
    series->count++;
    series->load_s += figure_clamp(load_s);
    wi_histogram_add(&series->inference, figure_clamp(inference_s));
    wi_histogram_add(&metrics->queue, queue_s);
}

static struct wi_model_counts *find_model(
    struct wi_metrics *metrics, const char *name, unsigned version)
{
    struct wi_model_counts *model = WI_TABLE_FIND(metrics->models, name, strlen(name));
    if (!model && HASH_COUNT(metrics->models) >= MODELS_MAX) {
        name = "other";
        version = 0;
        HASH_FIND_STR(metrics->models, name, model);
    }
    if (!model) {
        model = wi_alloc(sizeof *model);
        model->name = wi_strdup(name);
        HASH_ADD_KEYPTR(hh, metrics->models, model->name, strlen(model->name), model);
    }
    model->version = version;
    return model;
}

void wi_metrics_answered(struct wi_metrics *metrics, const char *model, unsigned version,
    double total_s, double queue_s, double inference_s)
{
    struct wi_model_counts *counts = find_model(metrics, model, version);
    counts->answered++;
    counts->answered_s += total_s;
    counts->queue_s += queue_s;
    counts->inference_s += figure_clamp(inference_s);
    counts->last_at = wi_wall_ms();
}

void wi_metrics_failed(
    struct wi_metrics *metrics, const char *model, unsigned version, double total_s)
{
    struct wi_model_counts *counts = find_model(metrics, model, version);
    counts->failed++;
    counts->failed_s += total_s;
}

void wi_metrics_each_model(
    const struct wi_metrics *metrics, const char *model, wi_model_counts_fn *each, void *context)
{
    for (const struct wi_model_counts *counts = metrics->models; counts; counts = counts->hh.next)
        if (!model || strcmp(counts->name, model) == 0)
            each(context, counts);
}

void wi_metrics_text(struct wi_metrics *metrics, const char *model, const char *browser,
    const char *platform, const struct wi_text_figures *figures)
{
    struct text_counts *text = &find_series(metrics, model, browser, platform)->text;
    text->answers++;
    text->prompt += figure_clamp(figures->prompt);
    text->cached += figure_clamp(figures->cached);
    text->generated += figure_clamp(figures->generated);
    if (figure_clamp(figures->first_token_s) > 0)
        wi_histogram_add(&text->first_token, figure_clamp(figures->first_token_s));
    if (figure_clamp(figures->per_token_s) > 0)
        wi_histogram_add(&text->per_token, figure_clamp(figures->per_token_s));
}

/* --- text ------------------------------------------------------------------------------------ */

void wi_metric_head(struct wi_buffer *out, const char *name, const char *type, const char *help)
{
    wi_buffer_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

void wi_metric_value(struct wi_buffer *out, const char *name, const char *help, double value)
{
    static const char counted[] = "_total";
    size_t length = strlen(name), end = sizeof counted - 1;
    int is_counter = length > end && strcmp(name + length - end, counted) == 0;
    wi_metric_head(out, name, is_counter ? "counter" : "gauge", help);
    wi_buffer_printf(out, "%s %.17g\n", name, value);
}

void wi_metric_rows(struct wi_buffer *out, const struct wi_metric *rows, size_t count)
{
    for (size_t i = 0; i < count; i++)
        wi_metric_value(out, rows[i].name, rows[i].help, rows[i].value);
}

void wi_metric_label(struct wi_buffer *out, const char *value)
{
    wi_buffer_add(out, "\"", 1);
    for (;;) {
        const char *plain = value;
        while (*value >= 0x20 && *value < 0x7f && *value != '\\' && *value != '"')
            value++;
        wi_buffer_add(out, plain, (size_t)(value - plain));
        if (*value == '\0')
            break;
        if (*value == '\\' || *value == '"')
            wi_buffer_printf(out, "\\%c", *value);
        else
            wi_buffer_puts(out, *value == '\n' ? "\\n" : "?"); /* UTF-8 it is; ours are ASCII */
        value++;
    }
    wi_buffer_add(out, "\"", 1);
}

void wi_metric_histogram(struct wi_buffer *out, const char *name, const char *labels,
    const struct wi_histogram *histogram)
{
    const char *comma = *labels ? "," : "";
    uint64_t total = 0;
    for (int i = 0; i < WI_HISTOGRAM_BUCKETS; i++) {
        total += histogram->buckets[i];
        wi_buffer_printf(out, "%s_bucket{%s%sle=\"%g\"} %llu\n", name, labels, comma, bounds[i],
            (unsigned long long)total);
    }
    wi_buffer_printf(out, "%s_bucket{%s%sle=\"+Inf\"} %llu\n", name, labels, comma,
        (unsigned long long)histogram->count);
    const char *open = *labels ? "{" : "", *close = *labels ? "}" : "";
    wi_buffer_printf(out, "%s_sum%s%s%s %.9g\n", name, open, labels, close, histogram->sum);
    wi_buffer_printf(out, "%s_count%s%s%s %llu\n", name, open, labels, close,
        (unsigned long long)histogram->count);
}

static void route_labels(const struct wi_metrics *metrics, size_t index, char *out, size_t size)
{
    if (index + 1 == metrics->route_count)
        snprintf(out, size, "method=\"other\",route=\"other\"");
    else
        snprintf(out, size, "method=\"%s\",route=\"%s\"", metrics->table[index].method,
            metrics->table[index].pattern);
}

static void write_requests(const struct wi_metrics *metrics, struct wi_buffer *out)
{
    char labels[160];
    wi_metric_head(out, "webinfer_http_requests_total", "counter",
        "Requests by route and status; with status 0, the client disconnected before the answer.");
    for (size_t i = 0; i < metrics->route_count; i++) {
        route_labels(metrics, i, labels, sizeof labels);
        for (size_t s = 0; s < STATUS_COUNT; s++)
            if (metrics->routes[i].by_status[s])
                wi_buffer_printf(out, "webinfer_http_requests_total{%s,status=\"%d\"} %llu\n",
                    labels, statuses[s], (unsigned long long)metrics->routes[i].by_status[s]);
    }
    wi_metric_head(out, "webinfer_http_request_duration_seconds", "histogram",
        "The time from a request's headers to the last byte of the answer.");
    for (size_t i = 0; i < metrics->route_count; i++) {
        route_labels(metrics, i, labels, sizeof labels);
        if (metrics->routes[i].duration.count)
            wi_metric_histogram(out, "webinfer_http_request_duration_seconds", labels,
                &metrics->routes[i].duration);
    }
}

static void write_spent(const struct wi_metrics *metrics, struct wi_buffer *out, const char *name,
    const char *type, const char *help, size_t at)
{
    char labels[160];
    wi_metric_head(out, name, type, help);
    for (size_t i = 0; i < metrics->route_count; i++) {
        const char *counts = (const char *)&metrics->routes[i];
        route_labels(metrics, i, labels, sizeof labels);
        if (metrics->routes[i].duration.count)
            wi_buffer_printf(
                out, "%s{%s} %.9g\n", name, labels, (double)*(const uint64_t *)(counts + at) / 1e9);
    }
}

/* Neither has the time of libmicrohttpd's own work: reading heads, and most of sending. */
static void write_all_spent(const struct wi_metrics *metrics, struct wi_buffer *out)
{
    write_spent(metrics, out, "webinfer_http_request_loop_seconds_total", "counter",
        "CPU time that requests took in the loop's thread.", offsetof(struct route_counts, spent));
    write_spent(metrics, out, "webinfer_http_request_loop_seconds_max", "gauge",
        "The longest CPU time that a request took in one turn of the loop since the start.",
        offsetof(struct route_counts, spent_most));
}

static void write_inferences(const struct wi_metrics *metrics, struct wi_buffer *out)
{
    const struct series *series;
    wi_metric_head(out, "webinfer_inferences_total", "counter",
        "Answered inferences, by the place that ran them.");
    for (series = metrics->series; series; series = series->hh.next)
        wi_buffer_printf(out, "webinfer_inferences_total{%s} %llu\n", series->labels,
            (unsigned long long)series->count);
    wi_metric_head(out, "webinfer_model_load_seconds_total", "counter",
        "Time that pages spent loading models for requests.");
    for (series = metrics->series; series; series = series->hh.next)
        wi_buffer_printf(
            out, "webinfer_model_load_seconds_total{%s} %.9g\n", series->labels, series->load_s);
    wi_metric_head(out, "webinfer_inference_duration_seconds", "histogram",
        "Time in the engine by the page's clock, upload and read-back included.");
    for (series = metrics->series; series; series = series->hh.next)
        wi_metric_histogram(
            out, "webinfer_inference_duration_seconds", series->labels, &series->inference);
}

static void write_model_value(
    struct wi_buffer *out, const char *name, const char *model, const char *outcome, double value)
{
    wi_buffer_strings(out, name, "{model=", NULL);
    wi_metric_label(out, model);
    wi_buffer_strings(
        out, outcome ? ",outcome=\"" : "", outcome ? outcome : "", outcome ? "\"" : "", NULL);
    wi_buffer_printf(out, "} %.17g\n", value);
}

static void write_models(const struct wi_metrics *metrics, struct wi_buffer *out)
{
    static const char requests[] = "webinfer_model_requests_total";
    static const char seconds[] = "webinfer_model_request_seconds_total";
    static const char queue[] = "webinfer_model_queue_seconds_total";
    const struct wi_model_counts *model;
    wi_metric_head(out, requests, "counter", "Requests to a model, by outcome.");
    for (model = metrics->models; model; model = model->hh.next) {
        write_model_value(out, requests, model->name, "answered", (double)model->answered);
        write_model_value(out, requests, model->name, "failed", (double)model->failed);
    }
    wi_metric_head(
        out, seconds, "counter", "The time from acceptance to the end of these requests.");
    for (model = metrics->models; model; model = model->hh.next) {
        write_model_value(out, seconds, model->name, "answered", model->answered_s);
        write_model_value(out, seconds, model->name, "failed", model->failed_s);
    }
    wi_metric_head(out, queue, "counter",
        "The time from acceptance to dispatch, of requests that were answered.");
    for (model = metrics->models; model; model = model->hh.next)
        write_model_value(out, queue, model->name, NULL, model->queue_s);
}

static void write_texts(const struct wi_metrics *metrics, struct wi_buffer *out)
{
    static const struct {
        const char *name, *help;
        int is_count;
        size_t at; /* in struct text_counts: a count, or a histogram */
    } rows[] = {
        {"webinfer_prompt_tokens_total", "Tokens of prompts.", 1,
            offsetof(struct text_counts, prompt)},
        {"webinfer_cached_prompt_tokens_total", "Tokens of prompts that a node had cached.", 1,
            offsetof(struct text_counts, cached)},
        {"webinfer_generation_tokens_total", "Tokens of answers.", 1,
            offsetof(struct text_counts, generated)},
        {"webinfer_time_to_first_token_seconds",
            "The time from acceptance to the first token of an answer.", 0,
            offsetof(struct text_counts, first_token)},
        {"webinfer_time_per_output_token_seconds",
            "The time for each of an answer's tokens after the first.", 0,
            offsetof(struct text_counts, per_token)},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        wi_metric_head(out, rows[i].name, rows[i].is_count ? "counter" : "histogram", rows[i].help);
        for (const struct series *series = metrics->series; series; series = series->hh.next) {
            const void *figure = (const char *)&series->text + rows[i].at;
            if (series->text.answers && rows[i].is_count)
                wi_buffer_printf(
                    out, "%s{%s} %.17g\n", rows[i].name, series->labels, *(const double *)figure);
            else if (series->text.answers)
                wi_metric_histogram(out, rows[i].name, series->labels, figure);
        }
    }
}

void wi_metrics_write(const struct wi_metrics *metrics, struct wi_buffer *out)
{
    write_requests(metrics, out);
    write_all_spent(metrics, out);
    wi_metric_value(out, "webinfer_http_request_bytes_total", "Bytes of bodies read.",
        (double)metrics->bytes_in);
    wi_metric_value(out, "webinfer_http_response_bytes_total", "Bytes of bodies sent.",
        (double)metrics->bytes_out);
    wi_metric_head(out, "webinfer_job_queue_duration_seconds", "histogram",
        "The time from acceptance to dispatch, of answered inferences.");
    wi_metric_histogram(out, "webinfer_job_queue_duration_seconds", "", &metrics->queue);
    write_inferences(metrics, out);
    write_models(metrics, out);
    write_texts(metrics, out);
}
