/*
 * Messages from the service to a node: one function for each type of the protocol. They only make
 * the message, owned by the caller, who sends it. `sequence` makes its id, and is never used twice.
 */
#ifndef WI_NODES_BRIDGE_OUTGOING_H
#define WI_NODES_BRIDGE_OUTGOING_H

#include "nodes/bridge/bridge.h"
#include "nodes/bridge/layout.h"
#include "nodes/node/frame.h"
#include "nodes/node/message.h"

struct wi_feature; /* nodes/bridge/features.h */

/* Served beside a model's files (http/files.c): what its model.json says, with all defaults and
 * labels. No path in a manifest begins with a dot. */
#define WI_SPEC_FILE ".spec.json"

/* How the attempts of a node go on that comes back. */
struct wi_resumed {
    json_t *cancel; /* a list of ids */
    json_t *next;   /* of streams, {ATTEMPT: seq} of the part that is due */
    json_t *credit; /* likewise, {ATTEMPT: {"parts", "bytes"}} */
    json_t *data;   /* of answers in pieces, {ATTEMPT: {"tensor", "position"}} */
};

/* All borrowed. */
/* How nodes are to load language models, and how long to keep them. */
struct wi_model_terms {
    int64_t context;     /* tokens of a conversation; 0: what fits the model and its memory */
    int64_t slots;       /* conversations at a time, at most */
    int64_t idle_unload; /* ms without a request; 0: for ever */
    int warmup;          /* compute a few tokens for nobody after a load that nobody waits for */
    int threads;         /* of models on WASM; 0: by the node's share of the cores */
};

struct wi_welcome {
    const char *node, *resume_token, *credential;
    int64_t heartbeat_interval, heartbeat_misses, resume_grace; /* ms, count, ms */
    uint64_t max_frame, model_budget;                           /* bytes */
    int threads;
    const struct wi_model_terms *models;
    int joined;                       /* its token is good for coming in anew */
    const struct wi_resumed *resumed; /* NULL: it is new */
    uint64_t max_answer;              /* bytes of tensors */
    const json_t *tuning;             /* of kernels; NULL: nothing is known */
};

struct wi_message *wi_make_welcome(uint64_t sequence, const struct wi_welcome *welcome);
/* What the welcome said of these has changed. */
struct wi_message *wi_make_settings(
    uint64_t sequence, int threads, const struct wi_model_terms *models);
/* What a welcome would say of tuning now. */
struct wi_message *wi_make_tuning(uint64_t sequence, const json_t *list);
/* It is to measure the kernel's variants. */
struct wi_message *wi_make_tune(
    uint64_t sequence, const struct wi_kernel *kernel, const char *size_class);
/* For all rows of `features`, as wi_features has them. */
struct wi_message *wi_make_capability_query(uint64_t sequence, const struct wi_feature *features);
struct wi_message *wi_make_bye(uint64_t sequence, const char *code, const char *reason);
struct wi_message *wi_make_heartbeat(uint64_t sequence, uint64_t count);
/* `parts` is {ATTEMPT: seq}, or NULL. */
struct wi_message *wi_make_acks(
    uint64_t sequence, const struct wi_strings *attempt_ids, const json_t *parts);
struct wi_message *wi_make_cancel(uint64_t sequence, const char *attempt_id, const char *reason);
struct wi_message *wi_make_credit(
    uint64_t sequence, const char *attempt_id, const struct wi_credit *credit);
/* So many bytes of tensors may the answer in pieces send in all. */
struct wi_message *wi_make_data_credit(
    uint64_t sequence, const char *attempt_id, uint64_t data_bytes);
struct wi_message *wi_make_model_load(uint64_t sequence, const struct wi_model *model,
    const enum wi_platform *platforms, size_t platform_count, double prompt_ms);
/* The same of the model of all kernels, to have these compiled. */
struct wi_message *wi_make_kernels_load(uint64_t sequence, const struct wi_model *model,
    enum wi_platform platform, const struct wi_strings *kernels);
struct wi_message *wi_make_model_unload(uint64_t sequence, const char *model_name);
/* How a task_request may be made, and how it was. */
struct wi_fit {
    uint64_t max_frame; /* bytes */
    int in_pieces;      /* its tensors follow in pieces */
    int acknowledges;   /* the acknowledgements are in it: there was room */
};
/* With these acknowledgements, where they leave room for the task. NULL with `error` filled,
 * WI_INPUT_INVALID, where its JSON would be larger than a node may be sent. */
struct wi_message *wi_make_task_request(uint64_t sequence, const struct wi_task *task,
    const struct wi_layout *layout, const struct wi_strings *acks, struct wi_fit *fit,
    struct wi_error *error);

#endif
