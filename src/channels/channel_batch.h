/*
 * A batch: what one message of a channel tells, before it is written in any form. Its rows are of
 * one client, of one model and, if they are vectors, of one number of dimensions. They are in the
 * order in which their jobs ended.
 *
 * A batch is reference-counted: the clients' latest batches and the subscribers' queues share it.
 * Its vectors stay where the node's answer has them; they are only copied if they would hold much
 * more memory than they need.
 */
#ifndef WI_CHANNELS_CHANNEL_BATCH_H
#define WI_CHANNELS_CHANNEL_BATCH_H

#include "base/blob.h"
#include "channels/parcel.h"

enum wi_channel { WI_CHANNEL_RESULTS, WI_CHANNEL_VECTORS, WI_CHANNEL_COUNT };
extern const char *const wi_channel_names[]; /* "job_results", "vector_updates", ended by NULL */

/* The forms of a message: a server-sent event, whose data is the message in JSON; a frame of the
 * node protocol that is padded with zeros to a multiple of 8 bytes; or the message in JSON without
 * the vectors, and then these as bare bytes. */
enum wi_channel_form { WI_CHANNEL_EVENTS, WI_CHANNEL_FRAMES, WI_CHANNEL_FLOATS, WI_CHANNEL_FORMS };

/* The most rows of a batch, and the bytes of its rows beyond which it takes no more. */
#define WI_BATCH_ROWS 256
#define WI_BATCH_BYTES ((size_t)256 * 1024)
/* The most numbers of a vector: a row of more is no vector. */
#define WI_VECTOR_MAX 65536
/* Bytes of a label: 80 characters of UTF-8. */
#define WI_LABEL_MAX 320

struct wi_batch_row {
    size_t text;          /* where its text is: of a result JSON, of a vector its job's id */
    size_t label;         /* of a vector; SIZE_MAX: none */
    struct wi_blob *blob; /* of a vector: a reference, … */
    size_t at;            /* … the place of its numbers in the blob … */
    size_t weight;        /* … and its part of the blob's memory */
};

/* Everything is only read from outside. */
struct wi_batch {
    enum wi_channel channel;
    char *client, *model; /* whose jobs they were; `model` NULL: it is not known */
    size_t dimensions;    /* of vectors */
    int64_t timestamp;    /* when it was sealed: Unix milliseconds */
    struct wi_batch_row *rows;
    size_t count;
    uint64_t lost;  /* rows that had no place; then it has no others */
    uint64_t bytes; /* of memory that its rows hold */
    /* Written by recent.c alone. */
    struct wi_batch *older, *newer;         /* among all that are kept */
    struct wi_batch *own_older, *own_newer; /* among those of the client and the channel */
    int is_kept;
    /* Written by channels.c alone. */
    struct wi_parcel *parcels[WI_CHANNEL_FORMS]; /* while a queue awaits the form */
    size_t awaited[WI_CHANNEL_FORMS];            /* by so many queues */
    int is_printing;                             /* a thread prints its event */

    unsigned _references;
    struct wi_budget *_budget;
    uint64_t _charged;
    struct wi_buffer _texts;
};

/* Without rows, with one reference; the texts are copied. `budget` (may be NULL) outlives it. */
struct wi_batch *wi_batch_new(struct wi_budget *budget, enum wi_channel channel, const char *client,
    const char *model, size_t dimensions);
struct wi_batch *wi_batch_ref(struct wi_batch *batch); /* returns `batch` */
void wi_batch_unref(struct wi_batch *batch);           /* NULL is fine */

/* Whether a row of that kind may still be added. */
int wi_batch_takes(
    const struct wi_batch *batch, const char *client, const char *model, size_t dimensions);
/* Adds a job's JSON object. */
void wi_batch_add_result(struct wi_batch *batch, const char *json, size_t size);
/* Adds a vector of the job, which is at `at` in `blob` (a reference is taken) and holds `weight`
 * bytes of it. `label` may be NULL. */
void wi_batch_add_vector(struct wi_batch *batch, const char *job, const char *label,
    struct wi_blob *blob, size_t at, size_t weight);
/* It has all its rows, or it tells of `lost` rows and has none. */
void wi_batch_seal(struct wi_batch *batch, uint64_t lost);
/* A sealed batch with the rows from the index `from` on. */
struct wi_batch *wi_batch_tail(const struct wi_batch *batch, size_t from);

/* A text of a row, borrowed; NULL for SIZE_MAX. */
const char *wi_batch_text(const struct wi_batch *batch, size_t at);

/* --- messages -------------------------------------------------------------------------------- */

/* The numbers that its event has: printing one takes about 50 ns. */
size_t wi_batch_numbers(const struct wi_batch *batch);
/* Appends the message as a server-sent event. May run on any thread. */
void wi_batch_print_event(const struct wi_batch *batch, struct wi_buffer *out);
/* The message as a frame, and as JSON before bare floats. The vectors are slices of the blobs that
 * have them. */
struct wi_parcel *wi_batch_frame(const struct wi_batch *batch);
struct wi_parcel *wi_batch_floats(const struct wi_batch *batch);
/* The message that says that so many rows of a channel were not sent. */
struct wi_parcel *wi_missed_message(
    struct wi_budget *budget, enum wi_channel_form form, enum wi_channel channel, uint64_t count);
/* What shows that the service is alive, between two messages of a stream: an event or a frame. */
void wi_alive_message(struct wi_buffer *out, enum wi_channel_form form);

/* What a WebSocket sends of a message in any form: a text or a frame, or a text and the floats that
 * follow it. */
struct wi_channel_part {
    size_t at, size; /* in the parcel */
    int binary;
};
#define WI_CHANNEL_PARTS 2
/* Fills `parts`, and returns their number. */
size_t wi_channel_parts(const struct wi_parcel *parcel, enum wi_channel_form form,
    struct wi_channel_part parts[WI_CHANNEL_PARTS]);

#endif
