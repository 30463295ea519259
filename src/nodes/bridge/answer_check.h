/*
 * Answers held against what was sent: a node may be anybody's, and what it says goes to clients, to
 * the measurements and to the numerics guard. Pure: it knows no sockets and no nodes.
 *
 * A well-formed answer with wrong content costs its attempt, which is tried again elsewhere, and
 * nothing else; a malformed message is the codec's business (frame.h).
 */
#ifndef WI_NODES_BRIDGE_ANSWER_CHECK_H
#define WI_NODES_BRIDGE_ANSWER_CHECK_H

#include "nodes/bridge/bridge.h"

/* An attempt as it was sent: what its answer is held against. */
struct wi_sent {
    const struct wi_inference *asked; /* a reference */
    int64_t rows;       /* of the first input's first dimension; of joined requests those of all */
    unsigned platforms; /* a bit for each that may have run it */
    double due;         /* monotonic milliseconds: nobody waits for it after that */
};

void wi_sent_note(struct wi_sent *sent, const struct wi_task *task, double now_ms);
void wi_sent_clear(struct wi_sent *sent);

/* Whether an answer is one to what was sent: WI_OK, or WI_INFERENCE_FAILED with what is wrong. The
 * adapter in `executed_on` is cut down to the members that there are. `odd` (may be NULL) receives
 * the name of the first output whose shape is not the model's, borrowed, else NULL: engines only
 * warn of that, so it is the caller's to judge. */
enum wi_code wi_answer_check(const struct wi_sent *sent, const struct wi_answer *answer,
    const char **odd, struct wi_error *error);

/* The same of an answer's outputs alone, whose bytes may not be there yet, nor its result. */
enum wi_code wi_answer_check_outputs(const struct wi_sent *sent, const struct wi_tensors *outputs,
    const char **odd, struct wi_error *error);

/* What a node says of itself, its engine or the model: the codes that it may claim. Everything else
 * is the service's own to say: `code` becomes WI_INFERENCE_FAILED and `retryable` 1. */
struct wi_claim {
    enum wi_code code;
    int known;     /* 0: not a node's to say */
    int is_ours;   /* it is a code of ours, and not one of the node's own, such as device_lost */
    int retryable; /* another node is to be asked, whatever this one says */
    int broke;     /* its engine did */
    int hung;      /* … in that it gave no answer */
    int starved;   /* there was no memory */
};
struct wi_claim wi_claim_of(const struct wi_sent *sent, const char *code, double now_ms);

#endif
