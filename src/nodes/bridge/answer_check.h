/*
 * Checks answers against the tasks that were sent. A node may belong to anyone, and its answers go
 * to clients, to the measurements and to the numerics guard. Pure: it knows no sockets and no
 * nodes.
 *
 * A well-formed answer with wrong content fails its attempt, which is retried elsewhere, and has no
 * other effect. Malformed messages are the codec's responsibility (frame.h).
 */
#ifndef WI_NODES_BRIDGE_ANSWER_CHECK_H
#define WI_NODES_BRIDGE_ANSWER_CHECK_H

#include "nodes/bridge/bridge.h"

/* An attempt as it was sent, for checking its answer. */
struct wi_sent {
    const struct wi_inference *asked; /* a reference */
    int64_t rows; /* of the first input's first dimension; for joined requests, of all of them */
    unsigned platforms; /* a bit for each that may have run it */
    double due;         /* wi_now_ms(), as clients count: from then on, none waits for it */
};

/* `now_ms` is wi_now_ms(), also below. */
void wi_sent_note(struct wi_sent *sent, const struct wi_task *task, double now_ms);
void wi_sent_clear(struct wi_sent *sent);

/* Checks that an answer fits the task that was sent: WI_OK, or WI_INFERENCE_FAILED with the fault.
 * The adapter in `executed_on` is reduced to the known members. `odd` (may be NULL) receives the
 * name of the first output whose shape is not the model's, borrowed, else NULL. Engines only warn
 * of such a shape, so the caller decides. */
enum wi_code wi_answer_check(const struct wi_sent *sent, const struct wi_answer *answer,
    const char **odd, struct wi_error *error);

/* The same for an answer's outputs alone, before their bytes or the result have arrived. */
enum wi_code wi_answer_check_outputs(const struct wi_sent *sent, const struct wi_tensors *outputs,
    const char **odd, struct wi_error *error);

/* The error codes that a node may claim: those about itself, its engine or the model. All other
 * codes are reserved for the service: `code` becomes WI_INFERENCE_FAILED and `retryable` 1. */
struct wi_claim {
    enum wi_code code;
    int known;     /* 0: a node may not claim it */
    int is_ours;   /* a code of the service, not one of the node protocol such as device_lost */
    int retryable; /* another node is asked, whatever this one says */
    int broke;     /* its engine did */
    int hung;      /* … in that it gave no answer */
    int starved;   /* there was no memory */
};
struct wi_claim wi_claim_of(const struct wi_sent *sent, const char *code, double now_ms);
/* The same for a relay, which may also claim what its daemon's API has answered. An error of the
 * client (4xx) is final, and so is attempts_exhausted unless the relay says otherwise: the task may
 * have broken browsers there, and would do so here. Another node is asked after anything that is
 * about that daemon: 429, 5xx, its models and its tokens. */
struct wi_claim wi_claim_of_relay(const struct wi_sent *sent, const char *code, double now_ms);

#endif
