/*
 * What a person has measured in a page that they lend: the message `result` of a joined node. It
 * becomes a run of the laboratory that is marked as a person's and kept in the database. Nothing
 * that routes work reads it. The message consists of names of ours and of numbers; the texts of the
 * run are our own, or those of the node's announcement.
 */
#ifndef WI_NODES_BRIDGE_PERSON_RESULT_H
#define WI_NODES_BRIDGE_PERSON_RESULT_H

#include "nodes/bridge/bridge.h"
#include "nodes/bridge/response.h"
#include "terms/lab/lab_run.h"

/* A node may send one result in this awake time, and all nodes together so many. */
#define WI_PERSON_RESULT_MS (10 * 60 * 1000.0)
#define WI_PERSON_RESULTS_MAX 100
/* Bytes of a message, and times of a platform in it. */
#define WI_PERSON_RESULT_BYTES ((size_t)16 * 1024)
#define WI_PERSON_RESULT_SAMPLES 100

/* Reads the data of a message of the node `info` into a run that began and ended at `now` (Unix
 * milliseconds). WI_OK, or the code of the fault, and `run` holds nothing. Pure. Public for
 * tests. */
enum wi_code wi_person_result_read(struct wi_lab_run *run, const json_t *data,
    const struct wi_node_info *info, int64_t now, struct wi_error *error);

/* Has the result kept, and tells the node what became of it. A malformed one closes the
 * connection. */
enum wi_heard wi_person_result_handle(
    struct wi_node *node, struct wi_frame *frame, struct wi_error *error);

#endif
