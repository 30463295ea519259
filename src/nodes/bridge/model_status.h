/* What a page says of the models that it holds, read into bounded and printable form. Pure. */
#ifndef WI_NODES_BRIDGE_MODEL_STATUS_H
#define WI_NODES_BRIDGE_MODEL_STATUS_H

#include <jansson.h>
#include <stdint.h>

/* More tokens than any context has. */
#define WI_CONTEXT_MAX 1000000000

/* How a language model's engine runs several requests at a time. */
struct wi_model_slots {
    int64_t count, busy;   /* how many there are, and how many of them are at work */
    int64_t context;       /* tokens that each has room for */
    int64_t cached_tokens; /* kept in all of them together: at most count * context */
};

/* What a language model took, when it was loaded, for each token that it read and that it wrote. */
struct wi_model_speed {
    double prompt_ms, token_ms;
};

/* The list of a model_status (not NULL), bounded as wi_report_bounded does it; `slots` and `speed`
 * that are not as above are left out. New reference. */
json_t *wi_model_status_read(const json_t *models);
/* Of one of these models: 0, or -1 where it says nothing of its slots, or its speed. */
int wi_model_status_slots(const json_t *model, struct wi_model_slots *slots);
int wi_model_status_speed(const json_t *model, struct wi_model_speed *speed);

#endif
