/*
 * The parts of one attempt: read, bounded, and held against what has come and what was granted
 * (webinfer-protocol(7), "Streams"). Pure: it knows no sockets and no nodes.
 */
#ifndef WI_NODES_BRIDGE_STREAM_H
#define WI_NODES_BRIDGE_STREAM_H

#include "base/error.h"
#include "nodes/node/frame.h"
#include "terms/part.h"

/* Of one part. */
#define WI_PART_TOKENS_MAX 4096
#define WI_PART_INDEX_MAX 1023
/* What a number in JSON can say exactly: 2^53 - 1. */
#define WI_PART_NUMBER_MAX 9007199254740991

/* How far the parts of an attempt are. Zero: it is no stream, and may send none. */
struct wi_stream {
    int open;
    uint64_t first, next; /* seq of the first part of the attempt, and of the one that is due */
    struct wi_flow flow;
};

/* The attempt is a stream, from the beginning (NULL) or where another one came to. */
void wi_stream_open(struct wi_stream *stream, const struct wi_continuation *from);

enum wi_part_verdict {
    WI_PART_DUE,      /* the one that was due, which is now the one after it */
    WI_PART_REPEATED, /* it has come before */
    WI_PART_WRONG     /* the node's fault: `error` says what */
};
/* A task_part whose attempt_id was this one's; `part` borrows from the frame. */
enum wi_part_verdict wi_stream_take(struct wi_stream *stream, const struct wi_frame *frame,
    struct wi_part *part, struct wi_error *error);

/* At a good answer that says how many parts there were, -1: it does not say. WI_OK or
 * WI_INFERENCE_FAILED. */
enum wi_code wi_stream_check_end(
    const struct wi_stream *stream, int64_t parts, struct wi_error *error);

/* A task_progress's data; `progress` borrows from it. WI_OK, or as wi_params_read. */
enum wi_code wi_progress_read(
    const json_t *data, struct wi_progress *progress, struct wi_error *error);

/* The value of the member `key` in `text`, an object of valid JSON without a name that is there
 * twice, as it is written there: its first byte, and in `length` how many it has. NULL if there is
 * none, or if it is written with an escape in its name. Public for tests. */
const char *wi_stream_member(const char *text, size_t size, const char *key, size_t *length);

#endif
