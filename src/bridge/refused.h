/*
 * Answers that are refused together with their connection, because they are malformed or too large.
 * A node keeps an answer until it is acknowledged and sends it again after each reconnection, the
 * oldest first: it would be refused again, and nothing behind it would ever arrive. So the attempt
 * ends with the refusal, and the node is told by its next welcome to forget it.
 */
#ifndef WI_BRIDGE_REFUSED_H
#define WI_BRIDGE_REFUSED_H

#include "bridge/private.h"

/* What is known of a message from its first bytes, be they cut off or no message at all. Pure. */
struct wi_told {
    size_t head;                       /* bytes of JSON, as it says */
    char attempt[WI_FRAME_ID_MAX + 1]; /* that it answers; "" if it is no answer */
};
void wi_refused_tell(const void *message, size_t size, int binary, struct wi_told *told);

/* wi_node_fail for a message that begins with `bytes` (of the frame, as far as it has come). If it
 * is the answer to an attempt of the node's, that ends: as WI_ANSWER_TOO_LARGE where no node's
 * answer would be smaller, else as a failure that another node may not have. */
void wi_refuse_message(struct wi_node *node, enum wi_close code, const char *why, const void *bytes,
    size_t size, int binary);
/* The node comes back with these unacknowledged answers. Where the messages that were refused could
 * not be told, and that goes on, the first of them must be the one. */
void wi_refused_resume(struct wi_node *node, const json_t *unacknowledged);

#endif
