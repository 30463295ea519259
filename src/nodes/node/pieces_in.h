/*
 * An answer's tensors on their way from a node in pieces: first the outline, then the bytes, in
 * order and each once. Memory is taken for what has come and for one step of WI_PIECES_AHEAD at the
 * most, never for what the outline announces. Pure: it knows no sockets and no nodes.
 */
#ifndef WI_NODES_NODE_PIECES_IN_H
#define WI_NODES_NODE_PIECES_IN_H

#include "base/share.h"
#include "nodes/node/frame.h"

/* So much of an answer may be on its way. What is on its way lies in buffers of the browser and of
 * both kernels, and everything else that the node says waits behind it; with less, a node that is a
 * tenth of a second away would wait for credit. */
#define WI_PIECES_AHEAD ((size_t)2 * 1024 * 1024)

struct wi_pieces_in {
    struct wi_tensors tensors; /* as the outline says; with blobs once there is room */
    size_t bytes;              /* of all of them */
    size_t received;           /* of them */
    size_t granted;            /* so many may its sender have sent, where that is told */
    size_t held;               /* memory that is taken for them: `granted`, if not a little more */
    int has_room;              /* the first was granted */
    int waits;                 /* for memory for the next step; its owner's to set */
    int too_slow;              /* likewise */
    size_t tensor, position;   /* the next byte that is wanted; behind the last: none is */
    struct wi_share *_share;
    struct wi_pace _pace;
    double _owed_ms; /* for how long more could have come */
};

/* NULL with `error` filled, WI_BAD_FRAMING, if the outline is no list or wrong in itself. Its
 * memory is the share's, which outlives it; NULL: nobody's. */
struct wi_pieces_in *wi_pieces_in_new(
    const json_t *outline, struct wi_share *share, struct wi_error *error);
void wi_pieces_in_free(struct wi_pieces_in *in); /* NULL is fine */
/* How many bytes more are to be granted; 0: none, or not enough to be worth a message. */
size_t wi_pieces_in_due(const struct wi_pieces_in *in);
/* Takes the memory for so many bytes more of the budget, whatever the share has room for, and
 * grants them: 0, or -1 if there is not so much, and nothing is granted. */
int wi_pieces_in_grant(struct wi_pieces_in *in, size_t more);
/* What comes is looked at every `ms`, while its sender is connected: whether it comes too slowly,
 * which is less than the rule says of one that sends nothing beside it, where `senders` share the
 * connection. The time in which it waits for the service is none. */
int wi_pieces_in_is_slow(
    struct wi_pieces_in *in, const struct wi_pace_rule *rule, double ms, size_t senders);
/* Copies the next bytes from a piece, which is borrowed. WI_OK, or WI_BAD_FRAMING where others
 * are wanted, or none, or fewer are granted. */
enum wi_code wi_pieces_in_add(struct wi_pieces_in *in, uint64_t tensor, uint64_t position,
    const struct wi_tensors *piece, struct wi_error *error);
/* Moves the tensors out, once all is there: WI_OK, or WI_BAD_FRAMING. */
enum wi_code wi_pieces_in_take(
    struct wi_pieces_in *in, struct wi_tensors *tensors, struct wi_error *error);

#endif
