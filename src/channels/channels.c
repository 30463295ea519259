/* The subscribers and their queues; see channels.h. A queue has batches, and marks in the place of
 * those that were lost. */
#include "channels/channels.h"

#include "base/memory.h"
#include "channels/gathering.h"
#include "channels/passing.h"
#include "channels/recent.h"
#include "terms/model_name.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

/* Events of more numbers are printed on a thread: these take about half a millisecond. */
#define INLINE_NUMBERS 8192
/* They wait behind what requests need, which weighs less: a client may subscribe often, and ask for
 * recent rows again and again. */
#define EVENT_WEIGHT 1

/* A message that a subscriber has not taken. */
struct entry {
    struct wi_batch *batch;  /* NULL: a mark, for … */
    uint64_t missed;         /* … so many rows … */
    enum wi_channel channel; /* … of that channel */
    int is_recent;           /* it was there before the subscriber */
    struct entry *prev, *next;
};

struct wi_subscriber {
    struct wi_channels *channels;
    unsigned wanted;
    struct wi_strings models;
    char *client, *holder;
    enum wi_channel_form form;
    void (*on_more)(void *context);
    void *context;
    struct entry *queue;
    uint64_t unread; /* bytes of those that are not recent … */
    uint64_t recent; /* … and of those that are */
    int is_losing;   /* it had too many: it gets no more until it has taken half of them */
    int has_more;    /* there is more in its queue than it was told */
    struct wi_subscriber *prev, *next;
};

/* An event that a thread prints. */
struct printing {
    struct wi_channels *channels; /* NULL: they are gone */
    struct wi_batch *batch;
    struct wi_buffer text;
    struct printing *prev, *next;
};

struct wi_channels {
    struct wi_budget *budget;
    struct wi_work_queue *heavy;
    struct wi_gathering *gather;
    struct wi_recent *recent;
    struct wi_passing *passing; /* NULL: there is no cluster */
    struct wi_subscriber *subscribers;
    size_t count;
    struct wi_timer *leave; /* runs after a subscriber has left, who may come again */
    struct printing *printing;
    /* Bytes of batches that any queue has, and of the texts of their messages, each counted once.
     */
    uint64_t queued;
};

/* --- queues ---------------------------------------------------------------------------------- */

static size_t batch_awaited(const struct wi_batch *batch)
{
    size_t awaited = 0;
    for (int form = 0; form < WI_CHANNEL_FORMS; form++)
        awaited += batch->awaited[form];
    return awaited;
}

/* Where the bytes of its batch are counted. */
static uint64_t *bytes_of(struct wi_subscriber *subscriber, const struct entry *entry)
{
    return entry->is_recent ? &subscriber->recent : &subscriber->unread;
}

static void entry_add_batch(struct wi_subscriber *subscriber, struct wi_batch *batch, int is_recent)
{
    struct entry *entry = wi_alloc(sizeof *entry);
    entry->batch = wi_batch_ref(batch);
    entry->channel = batch->channel;
    entry->is_recent = is_recent;
    if (batch_awaited(batch) == 0)
        subscriber->channels->queued += batch->bytes;
    batch->awaited[subscriber->form]++;
    *bytes_of(subscriber, entry) += batch->bytes;
    DL_APPEND(subscriber->queue, entry);
    subscriber->has_more = 1;
}

/* The last mark of that channel, if no batch of it follows. */
static struct entry *mark_at_end(const struct wi_subscriber *subscriber, enum wi_channel channel)
{
    struct entry *entry = subscriber->queue ? subscriber->queue->prev : NULL;
    for (int i = 0; entry && !entry->batch && i < WI_CHANNEL_COUNT; i++) {
        if (entry->channel == channel)
            return entry;
        entry = entry == subscriber->queue ? NULL : entry->prev;
    }
    return NULL;
}

static void entry_add_missed(
    struct wi_subscriber *subscriber, enum wi_channel channel, uint64_t missed)
{
    struct entry *entry = mark_at_end(subscriber, channel);
    if (!entry) {
        entry = wi_alloc(sizeof *entry);
        entry->channel = channel;
        DL_APPEND(subscriber->queue, entry);
        subscriber->has_more = 1;
    }
    entry->missed += missed;
}

/* While a queue awaits that form, it is printed once. */
static void batch_get_message(struct wi_channels *channels, struct wi_batch *batch,
    enum wi_channel_form form, struct wi_parcel *parcel)
{
    batch->parcels[form] = parcel;
    channels->queued += wi_parcel_charged(parcel);
}

static void batch_drop_message(
    struct wi_channels *channels, struct wi_batch *batch, enum wi_channel_form form)
{
    if (!batch->parcels[form])
        return;
    channels->queued -= wi_parcel_charged(batch->parcels[form]);
    wi_parcel_unref(batch->parcels[form]);
    batch->parcels[form] = NULL;
}

static void entry_remove(struct wi_subscriber *subscriber, struct entry *entry)
{
    struct wi_batch *batch = entry->batch;
    DL_DELETE(subscriber->queue, entry);
    if (batch) {
        *bytes_of(subscriber, entry) -= batch->bytes;
        if (--batch->awaited[subscriber->form] == 0)
            batch_drop_message(subscriber->channels, batch, subscriber->form);
        if (batch_awaited(batch) == 0)
            subscriber->channels->queued -= batch->bytes;
        wi_batch_unref(batch);
    }
    free(entry);
}

/* It loses all that it has not taken, and is told how much that was. */
static void queue_lose(struct wi_subscriber *subscriber)
{
    uint64_t missed[WI_CHANNEL_COUNT] = {0};
    while (subscriber->queue) {
        const struct entry *entry = subscriber->queue;
        missed[entry->channel] += entry->batch ? entry->batch->count : entry->missed;
        entry_remove(subscriber, subscriber->queue);
    }
    for (int i = 0; i < WI_CHANNEL_COUNT; i++)
        if (missed[i] > 0)
            entry_add_missed(subscriber, (enum wi_channel)i, missed[i]);
}

/* --- who hears what -------------------------------------------------------------------------- */

static int model_is_wanted(const struct wi_strings *models, const char *model)
{
    size_t base = model ? wi_model_name_base(model) : 0;
    for (size_t i = 0; model && i < models->count; i++) {
        const char *name = models->items[i];
        if (strcmp(name, model) == 0 || (strlen(name) == base && memcmp(name, model, base) == 0))
            return 1;
    }
    return models->count == 0;
}

static int subscriber_hears(const void *context, const struct wi_batch *batch)
{
    const struct wi_subscriber *subscriber = context;
    return subscriber->wanted >> batch->channel & 1 &&
           (!subscriber->client || strcmp(subscriber->client, batch->client) == 0) &&
           model_is_wanted(&subscriber->models, batch->model);
}

/* Small batches do not slip in where larger ones are lost: each would hold the blob of all. */
static int subscriber_has_room(struct wi_subscriber *subscriber, const struct wi_batch *batch)
{
    uint64_t most = subscriber->is_losing ? WI_UNREAD_MAX / 2 : WI_UNREAD_MAX;
    subscriber->is_losing = subscriber->unread + batch->bytes > most;
    return !subscriber->is_losing;
}

static void subscriber_get(struct wi_subscriber *subscriber, struct wi_batch *batch)
{
    if (batch->lost > 0)
        entry_add_missed(subscriber, batch->channel, batch->lost);
    else if (subscriber_has_room(subscriber, batch))
        entry_add_batch(subscriber, batch, 0);
    else
        entry_add_missed(subscriber, batch->channel, batch->count);
}

/* The one with the most that it has not taken; NULL: all have taken all. */
static struct wi_subscriber *find_slowest(const struct wi_channels *channels)
{
    struct wi_subscriber *slowest = NULL, *subscriber;
    uint64_t most = 0;
    DL_FOREACH(channels->subscribers, subscriber)
    {
        uint64_t has = subscriber->unread + subscriber->recent;
        if (has > most) {
            slowest = subscriber;
            most = has;
        }
    }
    return slowest;
}

static void queues_cut(struct wi_channels *channels)
{
    const struct wi_budget *budget = channels->budget;
    struct wi_subscriber *slowest;
    while (budget && channels->queued > budget->limit / WI_UNREAD_PART &&
           (slowest = find_slowest(channels)))
        queue_lose(slowest);
}

static void subscribers_wake(struct wi_channels *channels)
{
    struct wi_subscriber *subscriber;
    DL_FOREACH(channels->subscribers, subscriber)
    {
        if (!subscriber->has_more)
            continue;
        subscriber->has_more = 0;
        subscriber->on_more(subscriber->context);
    }
}

/* Whether a subscriber hears the client's jobs, or has left a moment ago. */
static int is_heard_here(const struct wi_channels *channels, const char *client)
{
    const struct wi_subscriber *subscriber;
    if (wi_timer_running(channels->leave))
        return 1;
    DL_FOREACH(channels->subscribers, subscriber)
    if (!subscriber->client || strcmp(subscriber->client, client) == 0)
        return 1;
    return 0;
}

static void on_other_batch(void *context, struct wi_batch *batch)
{
    struct wi_channels *channels = context;
    struct wi_subscriber *subscriber;
    DL_FOREACH(channels->subscribers, subscriber)
    if (subscriber_hears(subscriber, batch))
        subscriber_get(subscriber, batch);
    queues_cut(channels);
    subscribers_wake(channels);
}

static void on_batch(void *context, struct wi_batch *batch)
{
    struct wi_channels *channels = context;
    if (is_heard_here(channels, batch->client))
        wi_recent_add(channels->recent, batch);
    on_other_batch(channels, batch);
    wi_passing_tell(channels->passing, batch);
}

/* --- messages -------------------------------------------------------------------------------- */

static void print_off_loop(void *data)
{
    struct printing *printing = data;
    wi_batch_print_event(printing->batch, &printing->text);
}

static void batch_get_event(
    struct wi_channels *channels, struct wi_batch *batch, struct wi_buffer *text)
{
    struct wi_parcel *parcel = wi_parcel_new(channels->budget);
    wi_parcel_add_text(parcel, text);
    batch_get_message(channels, batch, WI_CHANNEL_EVENTS, parcel);
}

static void printing_free(struct printing *printing)
{
    wi_buffer_clear(&printing->text);
    wi_batch_unref(printing->batch);
    free(printing);
}

/* Wakes the subscribers that wait for it. */
static void on_printed(void *data, int cancelled)
{
    struct printing *printing = data;
    struct wi_channels *channels = printing->channels;
    struct wi_batch *batch = printing->batch;
    struct wi_subscriber *subscriber;
    batch->is_printing = 0;
    if (!channels) {
        printing_free(printing);
        return;
    }
    DL_DELETE(channels->printing, printing);
    if (!cancelled && batch->awaited[WI_CHANNEL_EVENTS] > 0)
        batch_get_event(channels, batch, &printing->text);
    DL_FOREACH(channels->subscribers, subscriber)
    if (subscriber->queue && subscriber->queue->batch == batch &&
        subscriber->form == WI_CHANNEL_EVENTS)
        subscriber->has_more = !cancelled;
    printing_free(printing);
    subscribers_wake(channels);
}

static void batch_print(struct wi_channels *channels, struct wi_batch *batch)
{
    struct printing *printing = wi_alloc(sizeof *printing);
    batch->is_printing = 1;
    printing->channels = channels;
    printing->batch = wi_batch_ref(batch);
    DL_APPEND(channels->printing, printing);
    wi_work_queue_start(channels->heavy, EVENT_WEIGHT, print_off_loop, on_printed, printing);
}

/* The batch's message in that form, borrowed; NULL: a thread prints it. */
static struct wi_parcel *batch_message(
    struct wi_channels *channels, struct wi_batch *batch, enum wi_channel_form form)
{
    struct wi_buffer text = {0};
    if (batch->parcels[form]) {
        /* it is there */
    } else if (form == WI_CHANNEL_FRAMES) {
        batch_get_message(channels, batch, form, wi_batch_frame(batch));
    } else if (form == WI_CHANNEL_FLOATS) {
        batch_get_message(channels, batch, form, wi_batch_floats(batch));
    } else if (batch->is_printing) {
        /* it is on its way */
    } else if (wi_batch_numbers(batch) <= INLINE_NUMBERS) {
        wi_batch_print_event(batch, &text);
        batch_get_event(channels, batch, &text);
    } else {
        batch_print(channels, batch);
    }
    return batch->parcels[form];
}

struct wi_parcel *wi_subscriber_next(struct wi_subscriber *subscriber)
{
    struct wi_channels *channels = subscriber->channels;
    struct entry *entry = subscriber->queue;
    struct wi_parcel *parcel;
    if (!entry)
        return NULL;
    if (!entry->batch) {
        parcel =
            wi_missed_message(channels->budget, subscriber->form, entry->channel, entry->missed);
    } else {
        parcel = batch_message(channels, entry->batch, subscriber->form);
        if (!parcel)
            return NULL;
        wi_parcel_ref(parcel);
    }
    entry_remove(subscriber, entry);
    return parcel;
}

/* --- subscribers ------------------------------------------------------------------------------ */

enum wi_code wi_channels_check_room(
    const struct wi_channels *channels, const char *holder, int is_full, struct wi_error *error)
{
    const struct wi_subscriber *subscriber;
    size_t own = 0;
    if (is_full || channels->count >= WI_SUBSCRIBERS_ALL)
        return wi_error_set(error, WI_TOO_MANY_WATCHERS, NULL,
            "as many clients have subscribed to channels as may; try again later");
    DL_FOREACH(channels->subscribers, subscriber)
    own += strcmp(subscriber->holder, holder) == 0;
    if (own < WI_SUBSCRIBERS_CLIENT)
        return WI_OK;
    return wi_error_set(error, WI_TOO_MANY_WATCHERS, NULL,
        "you have subscribed to channels %zu times, which is the limit for one client; close one "
        "of these connections",
        own);
}

/* The latest rows of a channel, of which the first batch may have more than are wanted. */
static void subscriber_get_recent(
    struct wi_subscriber *subscriber, enum wi_channel channel, size_t rows)
{
    struct wi_batch **found;
    size_t have = 0, count = wi_recent_find(subscriber->channels->recent, channel,
                         subscriber->client, rows, subscriber_hears, subscriber, &found);
    for (size_t i = 0; i < count; i++)
        have += found[i]->count;
    for (size_t i = 0; i < count; i++) {
        size_t excess = i == 0 && have > rows ? have - rows : 0;
        struct wi_batch *batch = excess ? wi_batch_tail(found[i], excess) : wi_batch_ref(found[i]);
        entry_add_batch(subscriber, batch, 1);
        wi_batch_unref(batch);
    }
    free(found);
}

struct wi_subscriber *wi_subscriber_new(struct wi_channels *channels,
    const struct wi_subscription *wants, void (*on_more)(void *context), void *context)
{
    struct wi_subscriber *subscriber = wi_alloc(sizeof *subscriber);
    subscriber->channels = channels;
    subscriber->wanted = wants->channels;
    wi_strings_copy(&subscriber->models, wants->models);
    subscriber->client = wi_strdup(wants->client);
    subscriber->holder = wi_strdup(wants->holder);
    subscriber->form = wants->form;
    subscriber->on_more = on_more;
    subscriber->context = context;
    for (int i = 0; i < WI_CHANNEL_COUNT && wants->recent > 0; i++)
        if (wants->channels >> i & 1)
            subscriber_get_recent(subscriber, (enum wi_channel)i, wants->recent);
    subscriber->has_more = 0; /* the caller takes what there is */
    DL_APPEND(channels->subscribers, subscriber);
    channels->count++;
    wi_passing_listen(channels->passing, 1);
    return subscriber;
}

void wi_subscriber_want(
    struct wi_subscriber *subscriber, unsigned channels, const struct wi_strings *models)
{
    struct entry *entry, *next;
    subscriber->wanted = channels;
    wi_strings_clear(&subscriber->models);
    wi_strings_copy(&subscriber->models, models);
    DL_FOREACH_SAFE(subscriber->queue, entry, next)
    if (!(channels >> entry->channel & 1))
        entry_remove(subscriber, entry);
}

int wi_subscriber_recall(struct wi_subscriber *subscriber, enum wi_channel channel, size_t rows)
{
    const struct entry *entry;
    DL_FOREACH(subscriber->queue, entry)
    if (entry->is_recent)
        return -1;
    subscriber_get_recent(subscriber, channel, rows);
    subscriber->has_more = 0; /* likewise */
    return 0;
}

void wi_subscriber_free(struct wi_subscriber *subscriber)
{
    if (!subscriber)
        return;
    struct wi_channels *channels = subscriber->channels;
    while (subscriber->queue)
        entry_remove(subscriber, subscriber->queue);
    DL_DELETE(channels->subscribers, subscriber);
    channels->count--;
    wi_timer_start(channels->leave, WI_CHANNELS_KEEP_MS, 0);
    wi_strings_clear(&subscriber->models);
    free(subscriber->client);
    free(subscriber->holder);
    free(subscriber);
}

/* --- all of them ------------------------------------------------------------------------------ */

static void on_leave(void *context)
{
    struct wi_channels *channels = context;
    if (channels->count > 0)
        return;
    wi_passing_listen(channels->passing, 0);
    if (!wi_passing_is_heard(channels->passing))
        wi_gathering_drop(channels->gather);
    wi_recent_clear(channels->recent);
}

static void on_short(void *context, uint64_t bytes)
{
    const struct wi_channels *channels = context;
    while (!wi_budget_fits(channels->budget, bytes) && wi_recent_drop_oldest(channels->recent))
        continue;
}

struct wi_channels *wi_channels_new(
    uv_loop_t *loop, struct wi_budget *budget, struct wi_work_queue *heavy)
{
    struct wi_channels *channels = wi_alloc(sizeof *channels);
    channels->budget = budget;
    channels->heavy = heavy;
    channels->gather = wi_gathering_new(loop, budget, on_batch, channels);
    channels->recent = wi_recent_new(budget);
    channels->leave = wi_timer_new(loop, on_leave, channels);
    if (budget) {
        budget->on_short = on_short;
        budget->context = channels;
    }
    return channels;
}

void wi_channels_join(
    struct wi_channels *channels, uv_loop_t *loop, const struct wi_member_talk *talk)
{
    channels->passing = wi_passing_new(loop, channels->budget, talk, on_other_batch, channels);
}

void wi_channels_free(struct wi_channels *channels)
{
    struct printing *printing;
    if (!channels)
        return;
    assert(!channels->subscribers);
    DL_FOREACH(channels->printing, printing)
    printing->channels = NULL;
    if (channels->budget)
        channels->budget->on_short = NULL;
    wi_passing_free(channels->passing);
    wi_gathering_free(channels->gather);
    wi_recent_free(channels->recent);
    wi_timer_free(channels->leave);
    free(channels);
}

static const char *label_of(const void *context, size_t row, char *out)
{
    return wi_ending_label(context, row, out);
}

int wi_channels_are_heard(const struct wi_channels *channels, const char *client)
{
    return is_heard_here(channels, client) || wi_passing_is_heard(channels->passing);
}

void wi_channels_tell(struct wi_channels *channels, const struct wi_run_ending *ending)
{
    struct wi_buffer json = {0};
    struct wi_tensor tensor;
    if (!wi_channels_are_heard(channels, ending->client))
        return;
    wi_ending_print(ending, &json);
    wi_gathering_result(channels->gather, ending->client, ending->model_name, &json);
    wi_buffer_clear(&json);
    const struct wi_gathering_vectors vectors = {.client = ending->client,
        .model = ending->model_name,
        .job = ending->id,
        .tensor = &tensor,
        .label = label_of,
        .context = ending};
    if (wi_ending_vectors(ending, &tensor))
        wi_gathering_vectors(channels->gather, &vectors);
}

void wi_channels_hand_on(struct wi_channels *channels)
{
    wi_gathering_hand_on(channels->gather);
}
