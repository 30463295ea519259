/*
 * The API's counters, and its histograms: fixed buckets, in seconds. Labels are bounded: routes
 * come from the table, statuses from a list, and models are limited to a number of series.
 */
#ifndef WI_API_HTTP_METRICS_H
#define WI_API_HTTP_METRICS_H

#include "api/http/routes.h"
#include "base/buffer.h"
#include "base/table.h"
#include "nodes/bridge/bridge.h"
#include <stdint.h>

#define WI_HISTOGRAM_BUCKETS 14

struct wi_histogram {
    uint64_t buckets[WI_HISTOGRAM_BUCKETS]; /* not cumulative */
    uint64_t count;
    double sum; /* seconds */
};

struct wi_metrics;
struct wi_metrics *wi_metrics_new(const struct wi_route *routes); /* borrowed */
void wi_metrics_free(struct wi_metrics *metrics);

/* The bucket of a time: the first whose bound is not below it. WI_HISTOGRAM_BUCKETS: the time is
 * beyond all of them. */
size_t wi_histogram_bucket(double seconds);
/* The upper bound of a bucket, in seconds. */
double wi_histogram_bound(size_t bucket);
/* Public for tests. */
void wi_histogram_add(struct wi_histogram *histogram, double seconds);
/* One request was completed. `route` indexes the routes; -1: none matched. `status` 0: the client
 * left before its answer. */
void wi_metrics_request(struct wi_metrics *metrics, int route, int status, double seconds,
    uint64_t bytes_in, uint64_t bytes_out);
/* In addition, for each completed request: the nanoseconds of the loop's CPU time that it took in
 * all, and the most in one turn. */
void wi_metrics_spent(struct wi_metrics *metrics, int route, uint64_t all, uint64_t most);
/* One inference was answered. Strings are copied. */
void wi_metrics_inference(struct wi_metrics *metrics, const char *model, const char *browser,
    const char *platform, double queue_s, double load_s, double inference_s);

/* How a model's requests have ended so far, wherever they ran. */
struct wi_model_counts {
    char *name;
    unsigned version; /* as in struct wi_model: that of the last request */
    uint64_t answered, failed;
    double answered_s, failed_s; /* from a request's acceptance to its end, summed */
    double queue_s, inference_s; /* of the answered ones */
    int64_t last_at;             /* Unix milliseconds: when the last one was answered */
    UT_hash_handle hh;
};
/* One was answered, which took `total_s` in all; called in addition to wi_metrics_inference. */
void wi_metrics_answered(struct wi_metrics *metrics, const char *model, unsigned version,
    double total_s, double queue_s, double inference_s);
/* One whose model was found failed after `total_s`. */
void wi_metrics_failed(
    struct wi_metrics *metrics, const char *model, unsigned version, double total_s);
/* Calls `each` for every model that was asked; or, with `model`, for that one. */
typedef void wi_model_counts_fn(void *context, const struct wi_model_counts *counts);
void wi_metrics_each_model(
    const struct wi_metrics *metrics, const char *model, wi_model_counts_fn *each, void *context);
/* The times and tokens of a language model's answer. A page may report any values. */
struct wi_text_figures {
    double first_token_s; /* from the request's acceptance; 0: not known */
    double per_token_s;   /* of those after the first; likewise */
    double prompt, cached,
        generated; /* tokens; `cached`: tokens of the prompt that were in a cache */
};
/* Called in addition to wi_metrics_inference, with the same labels. */
void wi_metrics_text(struct wi_metrics *metrics, const char *model, const char *browser,
    const char *platform, const struct wi_text_figures *figures);
/* Appends the API's own counters, as Prometheus text. */
void wi_metrics_write(const struct wi_metrics *metrics, struct wi_buffer *out);

/* Building blocks for the counters of other modules. */
void wi_metric_head(struct wi_buffer *out, const char *name, const char *type, const char *help);
/* A metric of one value, without labels: a counter if its name ends with _total, else a gauge. */
void wi_metric_value(struct wi_buffer *out, const char *name, const char *help, double value);
/* Several of them, in an array. */
struct wi_metric {
    const char *name, *help;
    double value;
};
#define WI_METRIC_ROWS(out, rows) wi_metric_rows(out, rows, sizeof rows / sizeof *rows)
void wi_metric_rows(struct wi_buffer *out, const struct wi_metric *rows, size_t count);
/* A label's value with the escapes of the format. */
void wi_metric_label(struct wi_buffer *out, const char *value);
/* The labels of a model and its place; of the model alone where `browser` is NULL. */
void wi_metric_place(
    struct wi_buffer *out, const char *model, const char *browser, const char *platform);
/* Public for tests. */
void wi_metric_histogram(struct wi_buffer *out, const char *name, const char *labels,
    const struct wi_histogram *histogram);
/* Our own process, from /proc: process_* as Prometheus clients name them. Public for tests. */
void wi_metric_process(struct wi_buffer *out);

#endif
