/*
 * The present load of language models, per model and place: requests that run, requests that wait,
 * and the share of the caches that is in use. The metrics mean the same as vLLM's of the same names
 * (https://docs.vllm.ai/en/latest/design/metrics.html).
 */
#ifndef WI_API_ENDPOINTS_TEXT_LOAD_H
#define WI_API_ENDPOINTS_TEXT_LOAD_H

#include "base/buffer.h"
#include "nodes/bridge/bridge.h"
#include "work/job/job.h"

struct wi_text_load;
struct wi_text_load *wi_text_load_new(void);
void wi_text_load_free(struct wi_text_load *load); /* NULL is fine */

/* Sets all figures to 0; models and places stay known, so that they are shown with 0. Public for
 * tests. */
void wi_text_load_begin(struct wi_text_load *load);
/* A request for the model was answered. */
void wi_text_load_know(struct wi_text_load *load, const char *model);
/* A request waits for a node, or runs there. Public for tests. */
void wi_text_load_waits(struct wi_text_load *load, const char *model);
/* Public for tests. */
void wi_text_load_runs(
    struct wi_text_load *load, const char *model, const char *browser, const char *platform);
/* A node keeps `tokens` tokens of a model, and has room for `room`. Counts only for models that a
 * request asked for, because a node may name any. Public for tests. */
void wi_text_load_keeps(struct wi_text_load *load, const char *model, const char *browser,
    const char *platform, double tokens, double room);
/* Appends the figures as Prometheus text. Public for tests. */
void wi_text_load_print(const struct wi_text_load *load, struct wi_buffer *out);

/* Calls all of these for the present state of the jobs and nodes, and appends the text. */
void wi_text_load_write(struct wi_text_load *load, const struct wi_jobs *jobs,
    const struct wi_bridge *bridge, struct wi_buffer *out);

#endif
