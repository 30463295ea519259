/* See recent.h. A kept batch is in two lists: that of all batches, and that of its client and
 * channel. Both are in the order in which batches came. */
#include "channels/recent.h"

#include "base/memory.h"
#include "base/table.h"
#include <stdlib.h>
#include <string.h>

/* The batches of a client and a channel. */
struct line {
    struct wi_batch *oldest, *newest;
    uint64_t rows;
};

struct owner {
    struct line lines[WI_CHANNEL_COUNT];
    uint64_t bytes;
    UT_hash_handle hh;
    char name[];
};

struct wi_recent {
    struct wi_budget *budget;
    struct owner *owners;
    struct wi_batch *oldest, *newest;
    uint64_t bytes;
};

struct wi_recent *wi_recent_new(struct wi_budget *budget)
{
    struct wi_recent *recent = wi_alloc(sizeof *recent);
    recent->budget = budget;
    return recent;
}

void wi_recent_free(struct wi_recent *recent)
{
    if (!recent)
        return;
    wi_recent_clear(recent);
    free(recent);
}

uint64_t wi_recent_bytes(const struct wi_recent *recent)
{
    return recent->bytes;
}

/* --- the lists -------------------------------------------------------------------------------- */

static void recent_count(struct wi_recent *recent, uint64_t bytes)
{
    recent->bytes = bytes;
    if (recent->budget)
        recent->budget->spare = bytes;
}

static struct owner *owner_find(const struct wi_recent *recent, const char *name)
{
    return WI_TABLE_FIND(recent->owners, name, strlen(name));
}

static struct owner *owner_make(struct wi_recent *recent, const char *name)
{
    size_t length = strlen(name);
    struct owner *owner = owner_find(recent, name);
    if (owner)
        return owner;
    owner = wi_alloc(sizeof *owner + length + 1);
    memcpy(owner->name, name, length + 1);
    HASH_ADD_KEYPTR(hh, recent->owners, owner->name, length, owner);
    return owner;
}

static void batch_link(struct wi_recent *recent, struct line *line, struct wi_batch *batch)
{
    batch->older = recent->newest;
    batch->own_older = line->newest;
    if (recent->newest)
        recent->newest->newer = batch;
    else
        recent->oldest = batch;
    if (line->newest)
        line->newest->own_newer = batch;
    else
        line->oldest = batch;
    recent->newest = line->newest = batch;
}

static void batch_unlink(struct wi_recent *recent, struct line *line, struct wi_batch *batch)
{
    if (batch->older)
        batch->older->newer = batch->newer;
    else
        recent->oldest = batch->newer;
    if (batch->newer)
        batch->newer->older = batch->older;
    else
        recent->newest = batch->older;
    line->oldest = batch->own_newer; /* it is the oldest of its line */
    if (line->oldest)
        line->oldest->own_older = NULL;
    else
        line->newest = NULL;
    batch->older = batch->newer = batch->own_older = batch->own_newer = NULL;
}

/* The oldest one of its line. */
static void batch_drop(struct wi_recent *recent, struct wi_batch *batch)
{
    struct owner *owner = owner_find(recent, batch->client);
    struct line *line = &owner->lines[batch->channel];
    batch_unlink(recent, line, batch);
    line->rows -= batch->count;
    owner->bytes -= batch->bytes;
    recent_count(recent, recent->bytes - batch->bytes);
    batch->is_kept = 0;
    wi_batch_unref(batch);
    for (int i = 0; i < WI_CHANNEL_COUNT; i++)
        if (owner->lines[i].oldest)
            return;
    HASH_DEL(recent->owners, owner);
    free(owner);
}

/* --- what is kept ----------------------------------------------------------------------------- */

int wi_recent_drop_oldest(struct wi_recent *recent)
{
    if (!recent->oldest)
        return 0;
    batch_drop(recent, recent->oldest); /* of all, and so of its line */
    return 1;
}

void wi_recent_clear(struct wi_recent *recent)
{
    while (wi_recent_drop_oldest(recent))
        continue;
}

static uint64_t bytes_most(const struct wi_recent *recent)
{
    return recent->budget ? recent->budget->limit / WI_RECENT_PART : UINT64_MAX;
}

/* The owner's oldest batch, which goes next if the owner has too many bytes. */
static struct wi_batch *owner_oldest(const struct owner *owner)
{
    struct wi_batch *oldest = NULL;
    for (int i = 0; i < WI_CHANNEL_COUNT; i++) {
        struct wi_batch *batch = owner->lines[i].oldest;
        if (batch && (!oldest || batch->timestamp < oldest->timestamp))
            oldest = batch;
    }
    return oldest;
}

void wi_recent_add(struct wi_recent *recent, struct wi_batch *batch)
{
    if (batch->count == 0 || batch->is_kept || batch->bytes > bytes_most(recent))
        return;
    struct owner *owner = owner_make(recent, batch->client);
    struct line *line = &owner->lines[batch->channel];
    batch_link(recent, line, wi_batch_ref(batch));
    batch->is_kept = 1;
    line->rows += batch->count;
    owner->bytes += batch->bytes;
    recent_count(recent, recent->bytes + batch->bytes);
    while (line->rows - line->oldest->count >= WI_RECENT_ROWS)
        batch_drop(recent, line->oldest);
    while (owner->bytes > WI_RECENT_BYTES)
        batch_drop(recent, owner_oldest(owner)); /* not this one: it has fewer bytes */
    while (recent->bytes > bytes_most(recent))
        wi_recent_drop_oldest(recent);
}

/* --- finding ---------------------------------------------------------------------------------- */

static struct wi_batch *find_newest(
    const struct wi_recent *recent, enum wi_channel channel, const char *client)
{
    const struct owner *owner = client ? owner_find(recent, client) : NULL;
    if (client)
        return owner ? owner->lines[channel].newest : NULL;
    return recent->newest;
}

size_t wi_recent_find(const struct wi_recent *recent, enum wi_channel channel, const char *client,
    size_t rows, int (*wanted)(const void *context, const struct wi_batch *batch),
    const void *context, struct wi_batch ***found)
{
    struct wi_batch **list = NULL, *batch = find_newest(recent, channel, client);
    size_t count = 0, have = 0;
    for (; batch && have < rows; batch = client ? batch->own_older : batch->older) {
        if (batch->channel != channel || !wanted(context, batch))
            continue;
        *WI_APPEND(list, count) = batch;
        have += batch->count;
    }
    for (size_t i = 0; i < count / 2; i++) {
        batch = list[i];
        list[i] = list[count - 1 - i];
        list[count - 1 - i] = batch;
    }
    *found = list;
    return count;
}
