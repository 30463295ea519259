/* An outgoing message: a head of our own, and slices of blobs that are not copied. */
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
    struct wi_message *prev, *next; /* in a queue, a list of utlist.h */
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
void wi_messages_clear(struct wi_message **queue);

/* The position of the next byte of a message that is being written. Zero-initialise. */
struct wi_message_place {
    size_t piece, done; /* of the piece with its padding */
};
/* Copies the next bytes to `out`, at most `room`, and advances past them. Returns their number. The
 * message is completely written once `piece` equals its count. */
size_t wi_message_gather(const struct wi_message *message, struct wi_message_place *place,
    unsigned char *out, size_t room);

#endif
