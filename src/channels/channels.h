/*
 * Channels: subscribers hear what becomes of requests (`job_results`), and the vectors that they
 * make (`vector_updates`), as it comes. Results, vectors and labels are only those of requests with
 * `publish`. A client's subscribers hear its own jobs, those of an admin all.
 *
 *   a run has ended → rows (ending.c) → gathered into batches (gathering.c)
 *     → kept as the latest ones (recent.c), and queued for each subscriber
 *     → one message for all subscribers that take the same form
 *
 * No run waits for a subscriber. If a subscriber does not take its messages, WI_UNREAD_MAX bytes
 * are kept for it. It loses the batches after that as a whole, until it has taken half of what it
 * has; a message in their place says how many rows there were. The queues of all subscribers hold
 * at most a part of the memory budget; beyond it, the one with the most loses what it has. Order
 * holds within a channel.
 *
 * In a cluster, batches also go to other members and come from them (passing.h); those that come
 * are not kept. Nothing is gathered of a client whose jobs no subscriber hears, here or there,
 * unless one has left in the last WI_CHANNELS_KEEP_MS, who may come again. What is kept goes that
 * long after the last subscriber here. Latest batches are given back first if memory is short.
 *
 * Here are no sockets: a transport takes the messages of its subscriber. Everything is for the
 * loop's thread; only long events are printed on another.
 */
#ifndef WI_CHANNELS_CHANNELS_H
#define WI_CHANNELS_CHANNELS_H

#include "base/work_queue.h"
#include "channels/channel_batch.h"
#include "cluster/talk.h"
#include "work/run/run.h"

/* Bytes of the batches that a subscriber has not taken. */
#define WI_UNREAD_MAX ((uint64_t)4 << 20)
/* All queues, with the messages that are printed for them, have at most one in so many bytes of the
 * memory budget. */
#define WI_UNREAD_PART 8
#define WI_CHANNELS_KEEP_MS 30000
#define WI_SUBSCRIBERS_CLIENT 64 /* of one client */
#define WI_SUBSCRIBERS_ALL 1024

struct wi_channels;
/* `heavy` prints long events, behind what weighs less there. All outlive the channels, and the
 * budget the loop. */
struct wi_channels *wi_channels_new(
    uv_loop_t *loop, struct wi_budget *budget, struct wi_work_queue *heavy);
/* From now on, its subscribers hear of the requests of other members, too, and theirs of its own.
 * The cluster outlives the channels. */
void wi_channels_join(
    struct wi_channels *channels, uv_loop_t *loop, const struct wi_member_talk *talk);
void wi_channels_free(struct wi_channels *channels); /* has no subscribers; NULL is fine */

/* Whether what is told of the client's requests reaches anyone now; cheap. */
int wi_channels_are_heard(const struct wi_channels *channels, const char *client);
/* A client's request has ended. Cheap if no subscriber hears it. */
void wi_channels_tell(struct wi_channels *channels, const struct wi_run_ending *ending);
/* Hands on what was gathered, instead of waiting for its time. Public for tests. */
void wi_channels_hand_on(struct wi_channels *channels);

/* What a subscriber wants. All is copied. */
struct wi_subscription {
    unsigned channels;               /* a bit, 1 << wi_channel, for each */
    const struct wi_strings *models; /* names; one without a variant means all variants. None:
                                        all models */
    const char *client;              /* only its jobs; NULL: all clients' */
    const char *holder;              /* the client that subscribes */
    enum wi_channel_form form;
    size_t recent; /* that many of the latest rows of each channel first */
};

/* Whether `holder` may have one more subscriber: WI_OK or WI_TOO_MANY_WATCHERS. `is_full`: no more
 * may come on this way in. */
enum wi_code wi_channels_check_room(
    const struct wi_channels *channels, const char *holder, int is_full, struct wi_error *error);

struct wi_subscriber;
/* `on_more` is called when there is a message to take, after there was none. It must not free a
 * subscriber. */
struct wi_subscriber *wi_subscriber_new(struct wi_channels *channels,
    const struct wi_subscription *wants, void (*on_more)(void *context), void *context);
void wi_subscriber_free(struct wi_subscriber *subscriber); /* NULL is fine */
/* From now on it hears these channels and models instead. Messages of other channels that it has
 * not taken are dropped. */
void wi_subscriber_want(
    struct wi_subscriber *subscriber, unsigned channels, const struct wi_strings *models);
/* Queues the latest rows of a channel once more. 0, or -1: it has not taken those of an earlier
 * call, or of its beginning. */
int wi_subscriber_recall(struct wi_subscriber *subscriber, enum wi_channel channel, size_t rows);
/* The next message, a reference; NULL: there is none now. */
struct wi_parcel *wi_subscriber_next(struct wi_subscriber *subscriber);

/* --- subscription.c: what a client asks for --------------------------------------------------- */

#define WI_CHANNEL_MODELS_MAX 64 /* names in a subscription */

/* Adds the channel of that name. WI_OK, or WI_INVALID_FIELD for `field`. */
enum wi_code wi_channel_add(
    const char *name, const char *field, unsigned *channels, struct wi_error *error);
/* Whether there are at most that many, and each is the name of a model: WI_OK, or WI_INVALID_FIELD
 * for `field`. */
enum wi_code wi_channel_check_models(
    const struct wi_strings *models, const char *field, struct wi_error *error);

/* --- ending.c: what is told of a run ---------------------------------------------------------- */

/* The results of a job beyond this many bytes of JSON are left out. */
#define WI_RESULT_MAX ((size_t)64 * 1024)

/* Appends what `job_results` tells of it, a JSON object. */
void wi_ending_print(const struct wi_run_ending *ending, struct wi_buffer *out);
/* Fills `vectors` with what the run has made, as FP32 [rows, numbers], borrowed. 0: there are none,
 * or they are not to be published. */
int wi_ending_vectors(const struct wi_run_ending *ending, struct wi_tensor *vectors);
/* The label of a row: the first 80 characters of the text, in `out` of WI_LABEL_MAX bytes and one.
 * NULL: it has none. */
const char *wi_ending_label(const struct wi_run_ending *ending, size_t row, char *out);

#endif
