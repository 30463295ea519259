/* A page's report about itself, read into bounded and printable form. Pure. */
#ifndef WI_NODES_BRIDGE_REPORT_H
#define WI_NODES_BRIDGE_REPORT_H

#include "nodes/bridge/bridge.h"
#include <jansson.h>

/* A copy of JSON from outside in which long strings, lists, objects and deep nesting are truncated.
 * New reference, never NULL. */
json_t *wi_report_bounded(const json_t *value);
/* Reads `capabilities` into the members of `info` that it describes, `info->capabilities` included
 * (a new reference). WI_OK, or an error that names the field, `info` unchanged. */
enum wi_code wi_report_read(
    const json_t *capabilities, struct wi_node_info *info, struct wi_error *error);
/* Whether an adapter, in the form of a report (NULL: none), is the one that the node named for that
 * platform. */
int wi_report_is_adapter(
    const json_t *adapter, const struct wi_node_info *info, enum wi_platform platform);

/* --- model_status.c: its report of its models, likewise --------------------------------------- */

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
