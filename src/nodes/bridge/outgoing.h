/*
 * Messages from the service to a node: one function for each type of the protocol. The functions
 * only make the message; the caller owns and sends it. `sequence` makes its id, and is never used
 * twice.
 */
#ifndef WI_NODES_BRIDGE_OUTGOING_H
#define WI_NODES_BRIDGE_OUTGOING_H

#include "nodes/bridge/bridge.h"
#include "nodes/bridge/task/task_layout.h"
#include "nodes/node/frame.h"

struct wi_feature; /* nodes/bridge/features.h */

/* The name of a file served with a model's files (http/serve_files.c): the contents of its
 * model.json, with all defaults and labels. No path in a manifest begins with a dot. */
#define WI_SPEC_FILE ".spec.json"

/* How a returning node's attempts continue. */
struct wi_resumed {
    json_t *cancel; /* list of ids */
    json_t *next;   /* of streams, {ATTEMPT: seq} of the next part */
    json_t *credit; /* likewise, {ATTEMPT: {"parts", "bytes"}} */
    json_t *data;   /* of answers in pieces, {ATTEMPT: {"tensor", "position"}} */
};

/* How nodes are to load language models, and how long to keep them loaded. */
struct wi_model_terms {
    int64_t context;     /* tokens of a conversation; 0: as many as the model and memory allow */
    int64_t slots;       /* the most conversations at a time */
    int64_t idle_unload; /* ms without a request; 0: for ever */
    int warmup;          /* compute a few tokens after a load that no request waits for */
    int flash_attention; /* of a GGUF model on WebGPU */
    int threads;         /* of models on WASM; 0: by the node's share of the cores */
};

/* The contents of a welcome. All pointers are borrowed. */
struct wi_welcome {
    const char *node, *resume_token, *credential;
    const struct wi_bridge_settings *settings; /* nodes/bridge/private.h */
    uint64_t max_frame;                        /* bytes */
    int threads;
    int joined;                        /* its token allows it to join again */
    int relay;                         /* it is treated as a relay */
    int shareable;                     /* its person may pass its link on */
    const struct wi_strings *siblings; /* for a joined page: where it may go; NULL: nowhere */
    const char *ticket;                /* JSON, for a peer (peers/peers.h); NULL: it is none */
    int device;                        /* 0: nothing is said of one */
    int is_remembered;                 /* it is a remembered device */
    const char *device_problem;        /* why not, although it has announced a key; or NULL */
    const struct wi_resumed *resumed;  /* NULL: it is new */
    const json_t *tuning;              /* of kernels; NULL: nothing is known */
};

struct wi_message *wi_make_welcome(uint64_t sequence, const struct wi_welcome *welcome);
/* Sends these settings of the welcome after they have changed. */
struct wi_message *wi_make_settings(
    uint64_t sequence, int threads, const struct wi_model_terms *models);
/* Sends a ticket (JSON, peers/peers.h) as a welcome has it. */
struct wi_message *wi_make_ticket(uint64_t sequence, const char *ticket);
/* Sends the tuning that a welcome would contain now. */
struct wi_message *wi_make_tuning(uint64_t sequence, const json_t *list);
/* Orders the node to measure the kernel's variants. */
struct wi_message *wi_make_tune(
    uint64_t sequence, const struct wi_kernel *kernel, const char *size_class);
/* Asks for all rows of `features`, a table like wi_features; NULL: for what is available again. */
struct wi_message *wi_make_capability_query(uint64_t sequence, const struct wi_feature *features);
/* Asks a device to sign the nonce, in base64url. */
struct wi_message *wi_make_device_challenge(uint64_t sequence, const char *nonce);
struct wi_message *wi_make_bye(uint64_t sequence, const char *code, const char *reason);
/* What a heartbeat tells: its number, from 1, and the node's figures as the service knows them.
 * Times that are 0 or less are not known. */
struct wi_heartbeat {
    uint64_t seq;
    double rtt_ms; /* of the last heartbeat with a reply */
    uint64_t answered, failed;
    double task_ms_p50;
    uint64_t heartbeats_lost;
};
struct wi_message *wi_make_heartbeat(uint64_t sequence, const struct wi_heartbeat *heartbeat);
/* `parts` is {ATTEMPT: seq}, or NULL. */
struct wi_message *wi_make_acks(
    uint64_t sequence, const struct wi_strings *attempt_ids, const json_t *parts);
/* What became of a person's result, in reply to the message of that id: the id of its run, or
 * (`failure` not NULL) why it is not kept. */
struct wi_message *wi_make_result_kept(
    uint64_t sequence, const char *reply_to, const char *run, const struct wi_error *failure);
struct wi_message *wi_make_cancel(uint64_t sequence, const char *attempt_id, const char *reason);
struct wi_message *wi_make_credit(
    uint64_t sequence, const char *attempt_id, const struct wi_credit *credit);
/* The node may send `data_bytes` bytes of tensors in total of the answer in pieces. */
struct wi_message *wi_make_data_credit(
    uint64_t sequence, const char *attempt_id, uint64_t data_bytes);
struct wi_message *wi_make_model_load(uint64_t sequence, const struct wi_model *model,
    const enum wi_platform *platforms, size_t platform_count, double prompt_ms);
/* The same for the model of all kernels; these kernels are to be compiled. */
struct wi_message *wi_make_kernels_load(uint64_t sequence, const struct wi_model *model,
    enum wi_platform platform, const struct wi_strings *kernels);
struct wi_message *wi_make_model_unload(uint64_t sequence, const char *model_name);
/* The limits for a task_request, and how it was made. */
struct wi_fit {
    uint64_t max_frame; /* bytes */
    int in_pieces;      /* its tensors follow in pieces */
    int acknowledges;   /* it contains the acknowledgements: there was room */
};
/* Contains the acknowledgements `acks` if they leave room for the task. NULL with `error` filled,
 * WI_INPUT_INVALID, if its JSON would be larger than a message to a node may be. */
struct wi_message *wi_make_task_request(uint64_t sequence, const struct wi_task *task,
    const struct wi_layout *layout, const struct wi_strings *acks, struct wi_fit *fit,
    struct wi_error *error);

#endif
