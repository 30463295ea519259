/*
 * A stream's traffic as both sides of the bridge name it: parts of an answer, how far a task is,
 * how much more may be sent, and where another node goes on (webinfer-protocol(7), "Streams").
 */
#ifndef WI_TERMS_PART_H
#define WI_TERMS_PART_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes of a part's text and of its result's JSON, together. */
#define WI_PART_MAX 64000

/* What an attempt may send before it is granted more. */
#define WI_CREDIT_PARTS 32
#define WI_CREDIT_BYTES 65536

/* A part of an answer. Everything is borrowed; JSON may be kept by json_incref. */
struct wi_part {
    uint64_t seq;     /* the job's: from 0, without gap */
    unsigned index;   /* which of several answers */
    const char *text; /* UTF-8; NULL: it has none */
    size_t text_length;
    const json_t *tokens; /* a list of integers; NULL: none */
    const json_t *result; /* an object; NULL: none */
    size_t bytes;         /* of text and result: at most WI_PART_MAX */
};

/* How far a task is, as its node tells from time to time. Borrowed. */
struct wi_progress {
    const char *phase; /* "loading", "prompt", … */
    int has_bytes, has_count;
    uint64_t loaded_bytes, total_bytes; /* if has_bytes */
    double done, total;                 /* if has_count */
};

/* Totals of parts and of their bytes. */
struct wi_credit {
    uint64_t parts, bytes;
};

/*
 * What one attempt has sent of a stream and what it may send, both since the attempt's beginning
 * and never less than before. While neither total is reached one part of any size may go. Each
 * place on the way of a part counts for itself, and only its own:
 *
 *   who                   counts                                  why
 *   nodes/node/worker.h         its attempt's flow                      it waits for credit
 *   nodes/bridge/stream.h       the same of that node                   a node that sends beyond it
 * fails work/job/parts.h           the same, and received and taken over   it grants: taken and a
 * window more all attempts api/http/events.h          made and taken                          the
 * client's socket is the measure
 *
 * What was taken is told back along the way: api → run → job, which grants → bridge → node.
 */
struct wi_flow {
    struct wi_credit sent, granted;
};
/* A part of so many bytes. */
void wi_flow_add(struct wi_flow *flow, size_t bytes);
/* More may be sent, never less: whether that is more than before. */
int wi_flow_grant(struct wi_flow *flow, const struct wi_credit *credit);
/* Whether a part may go. */
int wi_flow_lasts(const struct wi_flow *flow);

/* Where another attempt goes on: it sends the part `seq` first. Borrowed. */
struct wi_continuation {
    uint64_t seq;
    const char *text; /* of the parts so far; NULL: they had none */
    size_t text_length;
    const json_t *tokens; /* likewise */
    /* How text and tokens divide into several answers, or which have ended (webinfer-streams(7),
     * "Several answers"). NULL: there is one, which has not. */
    const json_t *answers;
};

#endif
