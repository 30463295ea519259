/* A message on its way out: a head of ours, and slices of blobs that stay where they are. */
#ifndef WI_NODES_NODE_MESSAGE_H
#define WI_NODES_NODE_MESSAGE_H

#include "base/blob.h"
#include "base/buffer.h"
#include "terms/tensor/tensor.h"

struct wi_message_piece {
    struct wi_blob *blob; /* NULL: the head */
    const unsigned char *bytes;
    size_t size;
    size_t padding; /* zeros to put before it */
};

/* Read by the link that writes it. */
struct wi_message {
    struct wi_message *next; /* in the link's queue */
    int binary;
    char *head;
    size_t total; /* bytes, with padding */
    size_t count;
    struct wi_message_piece pieces[];
};

/* Takes the head's text over; references the tensors' blobs (`tensors` may be NULL). */
struct wi_message *wi_message_new(
    int binary, struct wi_buffer *head, const struct wi_tensors *tensors);
void wi_message_free(struct wi_message *message); /* NULL is fine */

/* Where the next byte of a message is that is being written. Begins as zeros. */
struct wi_message_place {
    size_t piece, done; /* of the piece with its padding */
};
/* Copies the next bytes to `out`, at most `room`, and steps over them: how many. The message is
 * written once `piece` is its count. */
size_t wi_message_gather(const struct wi_message *message, struct wi_message_place *place,
    unsigned char *out, size_t room);

#endif
