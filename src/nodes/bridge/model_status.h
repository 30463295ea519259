/* Reads a page's report of its models into a bounded and printable form. Pure. */
#ifndef WI_NODES_BRIDGE_MODEL_STATUS_H
#define WI_NODES_BRIDGE_MODEL_STATUS_H

#include <jansson.h>
#include <stdint.h>

/* More tokens than any context has. */
#define WI_CONTEXT_MAX 1000000000

/* How a language model's engine runs several requests at a time. */
struct wi_model_slots {
    int64_t count, busy;   /* how many there are, and how many of them are in use */
    int64_t context;       /* tokens for which each has room */
    int64_t cached_tokens; /* kept in all of them together: at most count * context */
};

/* Time that a language model took per token read and per token written, measured when it was
 * loaded. */
struct wi_model_speed {
    double prompt_ms, token_ms;
};

/* Reads the list of a model_status (not NULL), bounded as by wi_report_bounded. Invalid `slots` and
 * `speed` are left out. New reference. */
json_t *wi_model_status_read(const json_t *models);
/* Read a model's row of that list: 0, or -1 if it has no slots, or no speed. */
int wi_model_status_slots(const json_t *model, struct wi_model_slots *slots);
int wi_model_status_speed(const json_t *model, struct wi_model_speed *speed);

#endif
