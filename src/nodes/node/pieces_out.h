/*
 * Tensors on their way to a node in pieces, because they do not fit a message. A piece is a slice
 * of the tensor's own blob, made when it can be written: nothing is copied, and nothing waits in a
 * queue. Pure: it knows no sockets and no nodes.
 */
#ifndef WI_NODES_NODE_PIECES_OUT_H
#define WI_NODES_NODE_PIECES_OUT_H

#include "nodes/node/frame.h"

/* Bytes of a tensor in one piece. Other messages on the same connection wait for one piece at most,
 * and a piece with its head fits the smallest frame limit. */
#define WI_PIECE_MAX (252 * 1024)

/* The tensors of one attempt. */
struct wi_pieces_out {
    char attempt[WI_FRAME_ID_MAX + 1];
    struct wi_tensors tensors; /* shares their bytes */
    size_t tensor, position;   /* the next byte to be sent */
    struct wi_pieces_out *_prev, *_next;
    struct wi_pieces_turns *_turns; /* NULL: in none */
};

struct wi_pieces_out *wi_pieces_out_new(const char *attempt, const struct wi_tensors *tensors);
void wi_pieces_out_free(struct wi_pieces_out *out); /* takes it out of its turns; NULL is fine */
/* Continues at a byte. Returns 0, or -1 if the tensor has no such byte. */
int wi_pieces_out_seek(struct wi_pieces_out *out, uint64_t tensor, uint64_t position);
/* The next task_data, made with `++*sequence`. It comes from a service, or, if `from` is not NULL,
 * from the node with that id. NULL: everything has been sent, or the piece would end after the
 * first `most` bytes of all tensors; `tensor` tells which. */
struct wi_message *wi_pieces_out_next(
    struct wi_pieces_out *out, const char *from, uint64_t most, uint64_t *sequence);

/* The transfers over one link, which send one piece each in turn. Zero-initialise. */
struct wi_pieces_turns {
    struct wi_pieces_out *_first;
};

void wi_pieces_turns_add(struct wi_pieces_turns *turns, struct wi_pieces_out *out);
void wi_pieces_turns_clear(struct wi_pieces_turns *turns); /* frees none */
/* The next task_data, made with `++*sequence`; NULL if everything has been sent. */
struct wi_message *wi_pieces_turns_next(struct wi_pieces_turns *turns, uint64_t *sequence);

#endif
