/*
 * The parts of one attempt: read, bounded, and checked against the earlier parts and the credit
 * (webinfer-protocol(7), "Streams"). Pure: it knows no sockets and no nodes.
 */
#ifndef WI_NODES_BRIDGE_TASK_STREAM_H
#define WI_NODES_BRIDGE_TASK_STREAM_H

#include "base/error.h"
#include "nodes/node/frame.h"
#include "terms/part.h"

/* Of one part. */
#define WI_PART_TOKENS_MAX 4096
#define WI_PART_INDEX_MAX 1023

/* The progress of an attempt's parts. All zero: the attempt is not a stream, and may send none. */
struct wi_stream {
    int open;
    uint64_t first, next; /* seq of the first part of the attempt, and of the one that is due */
    struct wi_flow flow;
};

/* The attempt is a stream, from the beginning (NULL) or from where another attempt stopped. */
void wi_stream_open(struct wi_stream *stream, const struct wi_continuation *from);

enum wi_part_verdict {
    WI_PART_DUE,      /* it was the next part; now the one after it is due */
    WI_PART_REPEATED, /* it had already arrived */
    WI_PART_WRONG     /* the node's fault, described in `error` */
};
/* Takes a task_part of this attempt; `part` borrows from the frame. */
enum wi_part_verdict wi_stream_take(struct wi_stream *stream, const struct wi_frame *frame,
    struct wi_part *part, struct wi_error *error);

/* Checks the number of parts that a good answer states; -1: it states none. WI_OK or
 * WI_INFERENCE_FAILED. */
enum wi_code wi_stream_check_end(
    const struct wi_stream *stream, int64_t parts, struct wi_error *error);

/* A task_progress's data; `progress` borrows from it. WI_OK, or as wi_params_read. */
enum wi_code wi_progress_read(
    const json_t *data, struct wi_progress *progress, struct wi_error *error);

/* Finds the value of the member `key` in `text`, the text of a valid JSON object without duplicate
 * names, as it is written there. Returns its first byte, and in `length` its size in bytes. NULL if
 * there is none, or if its name is written with an escape. Public for tests. */
const char *wi_stream_member(const char *text, size_t size, const char *key, size_t *length);

#endif
