/*
 * The frame codec of the node protocol (webinfer-protocol(7)): one message in, one message out.
 * Pure: it knows no sockets and no nodes.
 *
 * A text frame is the JSON envelope. A binary frame is a u32 little-endian length, the envelope,
 * zeros to a multiple of 8, and the tensors that `data.tensors` describes.
 */
#ifndef WI_NODES_NODE_FRAME_H
#define WI_NODES_NODE_FRAME_H

#include "base/blob.h"
#include "base/buffer.h"
#include "base/error.h"
#include "terms/tensor/tensor.h"
#include <jansson.h>
#include <stdint.h>

/* Bytes of JSON in one message; more is malformed. */
#define WI_FRAME_HEAD_MAX (1024 * 1024)
/* Bytes of a binary message in either direction: with a browser of ours, and with any other node.
 * The second limit is small so that short messages do not wait long on a slow line. Larger data is
 * sent in pieces. */
#define WI_FRAME_MAX_OWN (8 * 1024 * 1024)
#define WI_FRAME_MAX_JOINED (256 * 1024)
/* Bytes of an id on the wire, without the NUL. */
#define WI_FRAME_ID_MAX 64

/* A received message. The strings and `data` are borrowed from `root`; the tensors are slices of
 * the blob that was parsed. */
struct wi_frame {
    json_t *root;     /* owned */
    const char *json; /* its text, in the blob */
    size_t json_size;
    const char *id, *type, *from;
    double timestamp; /* as the sender wrote it */
    json_t *data;
    struct wi_tensors tensors;
};

/* Reads one whole message out of `blob`. WI_OK, or WI_BAD_FRAMING with the reason in `error` and
 * `frame` empty. Free with wi_frame_clear. A message is not refused because of text that a model
 * made: in its JSON, U+0000 and half a pair of surrogates become U+FFFD, and an integer beyond 64
 * bits becomes a real number. This is done in place, in the blob. */
enum wi_code wi_frame_parse(
    struct wi_blob *blob, int binary, struct wi_frame *frame, struct wi_error *error);
void wi_frame_clear(struct wi_frame *frame);
/* The attempt that a message is about: data.attempt_id, borrowed. WI_OK, or the code of the
 * fault. */
enum wi_code wi_frame_attempt(
    const struct wi_frame *frame, const char **attempt_id, struct wi_error *error);
/* Reads a list like data.tensors without offsets: tensors whose bytes come in other messages. They
 * have no blobs yet. WI_OK, or WI_BAD_FRAMING. */
enum wi_code wi_frame_parse_outline(
    const json_t *list, struct wi_tensors *tensors, struct wi_error *error);
/* Checks that a tensor has the number of bytes that its shape requires, and that the bytes of a
 * BYTES tensor are valid strings. Bytes that have not arrived yet are not checked. WI_OK, or
 * WI_BAD_FRAMING; `where` is put before the names of members. */
enum wi_code wi_frame_check_bytes(
    const struct wi_tensor *tensor, const char *where, struct wi_error *error);

/* Writing: begin, then `,"data":{…}` and other members of ours, then end. `sequence` makes the id
 * unique. `binary` must be the same in all calls for one message. */
void wi_frame_begin(struct wi_buffer *out, int binary, const char *type, uint64_t sequence);
/* The same for a message from a node, whose id is `from`; "" before it has one. */
void wi_frame_begin_from(
    struct wi_buffer *out, int binary, const char *from, const char *type, uint64_t sequence);
/* Adds `"tensors":[…]` with the offsets that the tensor section will have. */
void wi_frame_tensors(struct wi_buffer *out, const struct wi_tensors *tensors);
/* Adds `"outline":[…]`: the same without offsets. */
void wi_frame_outline(struct wi_buffer *out, const struct wi_tensors *tensors);
/* Truncates a binary message to its first `size` bytes and makes it a text message from there
 * on. */
void wi_frame_make_text(struct wi_buffer *out, size_t size);
/* Closes the envelope; a binary head gets its length and padding. Returns the size of its JSON in
 * bytes, which must be at most WI_FRAME_HEAD_MAX. */
size_t wi_frame_end(struct wi_buffer *out, int binary);
/* The bytes of the tensor section. */
size_t wi_frame_section(const struct wi_tensors *tensors);
/* `size` rounded up to a multiple of 8. */
size_t wi_frame_align(size_t size);

/* --- message.c: an outgoing one, a head of our own and slices of blobs that are not copied ---- */

struct wi_message_piece {
    struct wi_blob *blob; /* NULL: the head */
    const unsigned char *bytes;
    size_t size;
    size_t padding; /* zeros to put before it */
};

struct wi_message_source; /* message.h */
/* Read by the link that writes it. */
struct wi_message {
    struct wi_message *prev, *next; /* in a queue, a list of utlist.h */
    int binary;
    char *head;
    const struct wi_message_source *source; /* NULL: its bytes are in its pieces */
    void *owner;
    size_t total; /* bytes that it holds, with padding: none of a source */
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
