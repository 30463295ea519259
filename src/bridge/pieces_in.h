/*
 * An answer's tensors on their way from a node in pieces: first the outline, then, once there is
 * memory for all of it, the bytes, in order and each once. Pure: it knows no sockets and no nodes.
 */
#ifndef WI_BRIDGE_PIECES_IN_H
#define WI_BRIDGE_PIECES_IN_H

#include "bridge/frame.h"

/* So much of an answer may be on its way. What is on its way lies in buffers of the browser and of
 * both kernels, and everything else that the node says waits behind it; with less, a node that is a
 * tenth of a second away would wait for credit. */
#define WI_PIECES_AHEAD ((size_t)2 * 1024 * 1024)

struct wi_pieces_in {
    struct wi_tensors tensors; /* as the outline says; with blobs once there is room */
    size_t bytes;              /* of all of them */
    size_t received;           /* of them */
    size_t granted;            /* so many may its sender have sent, where that is told */
    int has_room;
    int64_t quiet;           /* looks in a row that have found nothing new; its owner's to set */
    size_t tensor, position; /* the next byte that is wanted; behind the last: none is */
};

/* NULL with `error` filled, WI_BAD_FRAMING, if the outline is no list or wrong in itself. */
struct wi_pieces_in *wi_pieces_in_new(const json_t *outline, struct wi_error *error);
void wi_pieces_in_free(struct wi_pieces_in *in); /* NULL is fine */
/* Takes the memory for the whole answer, and grants the first of it: 0, or -1 if there is not so
 * much, and none is held. */
int wi_pieces_in_make_room(struct wi_pieces_in *in, struct wi_budget *budget);
/* Grants more, if that is enough to be worth a message: whether `granted` is to be told. */
int wi_pieces_in_extend(struct wi_pieces_in *in);
/* Copies the next bytes from a piece, which is borrowed. WI_OK, or WI_BAD_FRAMING where others
 * are wanted, or none; how many are granted is its owner's to see. */
enum wi_code wi_pieces_in_add(struct wi_pieces_in *in, uint64_t tensor, uint64_t position,
    const struct wi_tensors *piece, struct wi_error *error);
/* Moves the tensors out, once all is there: WI_OK, or WI_BAD_FRAMING. */
enum wi_code wi_pieces_in_take(
    struct wi_pieces_in *in, struct wi_tensors *tensors, struct wi_error *error);

#endif
