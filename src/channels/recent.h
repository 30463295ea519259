/*
 * The latest batches of each client, for subscribers that ask for `recent` rows. The latest
 * WI_RECENT_ROWS rows of each client and channel are kept, up to WI_RECENT_BYTES for each client
 * and a part of the memory budget for all. The oldest batches go first.
 */
#ifndef WI_CHANNELS_RECENT_H
#define WI_CHANNELS_RECENT_H

#include "channels/channel_batch.h"

#define WI_RECENT_ROWS 4096
#define WI_RECENT_BYTES ((uint64_t)16 << 20)
#define WI_RECENT_PART 8 /* one in so many of the memory budget */

struct wi_recent;
/* `budget` (may be NULL) is told how much of it is only kept here (`spare`). */
struct wi_recent *wi_recent_new(struct wi_budget *budget);
void wi_recent_free(struct wi_recent *recent); /* NULL is fine */
/* Keeps a sealed batch, in which it takes a reference, as the newest one. */
void wi_recent_add(struct wi_recent *recent, struct wi_batch *batch);
/* Drops the oldest batch. 0: there is none. */
int wi_recent_drop_oldest(struct wi_recent *recent);
void wi_recent_clear(struct wi_recent *recent);
/* Of all batches. Public for tests. */
uint64_t wi_recent_bytes(const struct wi_recent *recent);

/* Finds the latest batches of a channel that together have at least `rows` rows, or all that there
 * are: of that client (NULL: of all), and only those for which `wanted` is true. They are borrowed,
 * the oldest first; the list is the caller's, to be freed. Returns their number. */
size_t wi_recent_find(const struct wi_recent *recent, enum wi_channel channel, const char *client,
    size_t rows, int (*wanted)(const void *context, const struct wi_batch *batch),
    const void *context, struct wi_batch ***found);

#endif
