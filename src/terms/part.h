/*
 * The traffic of a stream in the terms of both sides of the bridge: parts of an answer, the
 * progress of a task, credit to send more, and the place where another node continues
 * (webinfer-protocol(7), "Streams").
 */
#ifndef WI_TERMS_PART_H
#define WI_TERMS_PART_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

/* The bytes of a part's text and of its result's JSON together. */
#define WI_PART_MAX 64000
/* Of the numbers in a part, its tokens among them: the largest integer that a JSON number
 * represents exactly, 2^53 - 1. */
#define WI_PART_NUMBER_MAX 9007199254740991

/* The credit of an attempt before it is granted more. */
#define WI_CREDIT_PARTS 32
#define WI_CREDIT_BYTES 65536

/* A part of an answer. Everything is borrowed; JSON may be kept by json_incref. */
struct wi_part {
    uint64_t seq;     /* its number in the job: from 0, without gaps */
    unsigned index;   /* which of several answers */
    const char *text; /* UTF-8; NULL: none */
    size_t text_length;
    const json_t *tokens; /* a list of integers; NULL: none */
    const json_t *result; /* an object; NULL: none */
    size_t bytes;         /* of text and result: at most WI_PART_MAX */
};

/* The progress of a task, as its node reports it from time to time. Borrowed. */
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
 * What an attempt has sent of a stream and what it may send, both as totals since the attempt
 * began, which never decrease. While neither total of what may be sent is reached, one part of any
 * size may go. Each place on the way of a part counts for itself:
 *
 *   - nodes/node/worker.h its attempt's flow, to wait for credit;
 *   - nodes/bridge/task/task_stream.h the same of that node, to fail one that sends too much;
 *   - work/job/parts.h the same, and the totals that all attempts received and took, to grant what
 *     was taken and a window more;
 *   - api/http/events.h what was made and taken by the client's socket, to measure.
 *
 * What was taken is reported back along the way: api → run → job, which grants → bridge → node.
 */
struct wi_flow {
    struct wi_credit sent, granted;
};
/* Counts a part of `bytes` bytes as sent. */
void wi_flow_add(struct wi_flow *flow, size_t bytes);
/* Raises what may be sent; it never falls. Returns whether it has risen. */
int wi_flow_grant(struct wi_flow *flow, const struct wi_credit *credit);
/* Whether a part may be sent. */
int wi_flow_lasts(const struct wi_flow *flow);

/* Text and tokens of a stream beyond this size (8 bytes a token), and the contents of more answers
 * than this, are not kept; then no other node can continue. */
#define WI_PARTS_KEPT (4 * 1024 * 1024)
#define WI_PARTS_ANSWERS 64

/* The place where another attempt continues: it sends the part `seq` first. Borrowed. */
struct wi_continuation {
    uint64_t seq;
    const char *text; /* of all parts so far; NULL: none */
    size_t text_length;
    const json_t *tokens; /* likewise */
    /* How text and tokens are divided into several answers, and which of them have ended
     * (webinfer-streams(7), "Several answers"). NULL: there is one answer, which has not ended. */
    const json_t *answers;
};

#endif
