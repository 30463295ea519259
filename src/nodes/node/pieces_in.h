/*
 * An answer's tensors that a node sends in pieces: first the outline, then the bytes, in order and
 * each once. Memory is allocated for the bytes that have arrived and for at most one step of
 * WI_PIECES_AHEAD, never for the size that the outline announces. Pure: it knows no sockets and no
 * nodes.
 */
#ifndef WI_NODES_NODE_PIECES_IN_H
#define WI_NODES_NODE_PIECES_IN_H

#include "base/share.h"
#include "nodes/node/frame.h"

/* The most bytes of an answer that may be in transit. They fill buffers of the browser and of both
 * kernels, and all other messages of the node wait behind them. With a smaller limit, a node that
 * is a tenth of a second away would wait for credit. */
#define WI_PIECES_AHEAD ((size_t)2 * 1024 * 1024)

struct wi_pieces_in {
    struct wi_tensors tensors; /* as the outline says; they have blobs once there is room */
    size_t bytes;              /* of all of them */
    size_t received;           /* of them */
    size_t granted;            /* the most that the sender may have sent, if it is told */
    size_t held;               /* memory that is allocated for them: `granted` or a little more */
    int has_room;              /* the first was granted */
    int waits;                 /* for memory for the next step; its owner's to set */
    int too_slow;              /* likewise */
    size_t tensor, position;   /* the next byte that is expected; past the last: none */
    struct wi_share *_share;
    struct wi_pace _pace;
    double _owed_ms; /* time in which more could have arrived */
};

/* NULL with `error` filled, WI_BAD_FRAMING, if the outline is not a list or is inconsistent. The
 * memory is charged to `share`, which outlives it; NULL: it is not charged. */
struct wi_pieces_in *wi_pieces_in_new(
    const json_t *outline, struct wi_share *share, struct wi_error *error);
void wi_pieces_in_free(struct wi_pieces_in *in); /* NULL is fine */
/* The number of further bytes to grant; 0: none, or too few to be worth a message. */
size_t wi_pieces_in_due(const struct wi_pieces_in *in);
/* Takes memory for `more` bytes from the budget, even if the share has no room for them, and grants
 * them. Returns 0, or -1 if there is not enough memory; then nothing is granted. */
int wi_pieces_in_grant(struct wi_pieces_in *in, size_t more);
/* Called every `ms` while the sender is connected. Returns whether the data arrives too slowly:
 * below the rate that `rule` sets for a sender that sends nothing else, divided by the number of
 * `senders` that share the connection. Time in which the sender waits for the service does not
 * count. */
int wi_pieces_in_is_slow(
    struct wi_pieces_in *in, const struct wi_pace_rule *rule, double ms, size_t senders);
/* Copies the next bytes from a piece, which is borrowed. WI_OK, or WI_BAD_FRAMING if other bytes or
 * none are expected, or if fewer are granted. */
enum wi_code wi_pieces_in_add(struct wi_pieces_in *in, uint64_t tensor, uint64_t position,
    const struct wi_tensors *piece, struct wi_error *error);
/* Moves the tensors out once they are complete: WI_OK, or else WI_BAD_FRAMING. */
enum wi_code wi_pieces_in_take(
    struct wi_pieces_in *in, struct wi_tensors *tensors, struct wi_error *error);

#endif
