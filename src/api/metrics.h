/*
 * What the API counts, and how a histogram is kept: fixed buckets, seconds. Labels are bounded:
 * routes come from the table, statuses from a list, models are cut off at a number of series.
 */
#ifndef WI_API_METRICS_H
#define WI_API_METRICS_H

#include "api/routes.h"
#include "base/buffer.h"
#include "bridge/bridge.h"
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

void wi_histogram_add(struct wi_histogram *histogram, double seconds);
/* One request was completed. `route` indexes the routes; -1: none matched. `status` 0: the client
 * left before its answer. */
void wi_metrics_request(struct wi_metrics *metrics, int route, int status, double seconds,
    uint64_t bytes_in, uint64_t bytes_out);
/* One inference was answered. Strings are copied. */
void wi_metrics_inference(struct wi_metrics *metrics, const char *model, const char *browser,
    const char *platform, double queue_s, double load_s, double inference_s);
/* What a language model's answer took: seconds, and tokens. What a page reports may be anything. */
struct wi_text_figures {
    double first_token_s;             /* from the request's acceptance; 0: nobody knows */
    double per_token_s;               /* of those after the first; likewise */
    double prompt, cached, generated; /* tokens; `cached` of the prompt's were known already */
};
/* As wi_metrics_inference, besides it. */
void wi_metrics_text(struct wi_metrics *metrics, const char *model, const char *browser,
    const char *platform, const struct wi_text_figures *figures);
/* Appends what the API itself counted, as Prometheus text. */
void wi_metrics_write(const struct wi_metrics *metrics, struct wi_buffer *out);

/* Building blocks, for the parts that other modules count. `type` is "counter" or "gauge". */
void wi_metric_head(struct wi_buffer *out, const char *name, const char *type, const char *help);
void wi_metric_value(struct wi_buffer *out, const char *name, double value);
/* A label's value with the escapes that the format asks for. */
void wi_metric_label(struct wi_buffer *out, const char *value);
/* The labels of a model and its place; of the model alone where `browser` is NULL. */
void wi_metric_place(
    struct wi_buffer *out, const char *model, const char *browser, const char *platform);
void wi_metric_histogram(struct wi_buffer *out, const char *name, const char *labels,
    const struct wi_histogram *histogram);
/* Our own process, from /proc: process_* as Prometheus clients name them. */
void wi_metric_process(struct wi_buffer *out);

#endif
