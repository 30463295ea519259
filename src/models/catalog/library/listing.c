/* Reads the list off the loop, and decides when; see listing.h. */
#include "models/catalog/library/listing.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/memory.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

/* A list that was read less long ago is fresh. */
#define FRESH_MS 1000.0
/* Reading may take this part of the time. */
#define SHARE 10
/* A list of so many models is not freed on the loop. */
#define LONG 500

/* One reading under way: the worker's alone until it is done. */
struct reading {
    struct wi_listing *listing; /* NULL once the listing is gone */
    struct wi_work *work;
    char *directory;
    struct wi_list list;
    double began_at, took_ms;
    int failed; /* errno, or 0 */
};

struct wi_listing_wait {
    struct wi_listing *listing;
    wi_listing_fn *on_list;
    void *context;
    double since;
    struct wi_listing_wait *prev, *next;
};

struct wi_listing {
    uv_loop_t *loop;
    char *directory;
    struct wi_list list;
    double began_at, took_ms; /* of the reading that `list` is from; began_at 0: none yet */
    struct reading *reading;  /* or NULL */
    struct wi_timer *later;   /* runs while a reading is wanted before its time */
    struct wi_listing_wait *waits;
    struct wi_log_limit log;
    const struct wi_change_listener *listener;
};

/* --- what is new ----------------------------------------------------------------------------- */

typedef const struct wi_list_row *find_fn(const struct wi_list *list, const char *name);

static void row_tell(
    const struct wi_list_row *row, const struct wi_list *before, find_fn *find, const char *what)
{
    const struct wi_list_row *old = row->problem ? find(before, row->name) : NULL;
    if (row->problem && (!old || !old->problem || strcmp(old->problem, row->problem) != 0))
        wi_warn("model", row->name, "%s: %s", what, row->problem);
}

static void tell_news(const struct wi_list *before, const struct wi_list *now)
{
    for (size_t i = 0; i < now->ignored_count; i++)
        row_tell(&now->ignored[i], before, wi_list_ignored, "is no model");
    for (size_t i = 0; i < now->model_count; i++)
        row_tell(&now->models[i], before, wi_list_model, "cannot be used");
    if (now->ignored_more > 0 && before->ignored_more == 0)
        wi_warn("model", NULL, "%zu more entries of the model directory are not models",
            now->ignored_more);
}

static int same_variants(const struct wi_variants *one, const struct wi_variants *other)
{
    if (one->count != other->count)
        return 0;
    for (size_t i = 0; i < one->count; i++)
        if (strcmp(one->items[i].name, other->items[i].name) != 0 ||
            one->items[i].bytes != other->items[i].bytes ||
            one->items[i].files.count != other->items[i].files.count)
            return 0;
    return 1;
}

static int same_versions(const struct wi_versions *one, const struct wi_versions *other)
{
    if (one->count != other->count)
        return 0;
    for (size_t i = 0; i < one->count; i++)
        if (one->items[i].number != other->items[i].number ||
            one->items[i].current != other->items[i].current)
            return 0;
    return 1;
}

static int same_row(const struct wi_list_row *one, const struct wi_list_row *other)
{
    const char *problem = one->problem ? one->problem : "";
    return one->format == other->format &&
           strcmp(problem, other->problem ? other->problem : "") == 0 &&
           same_variants(&one->variants, &other->variants) &&
           same_versions(&one->versions, &other->versions);
}

/* Both lists are sorted by name. */
static void tell_changes(const struct wi_change_listener *listener, const struct wi_list *before,
    const struct wi_list *now)
{
    size_t i = 0, k = 0;
    while (i < before->model_count || k < now->model_count) {
        const struct wi_list_row *old = i < before->model_count ? &before->models[i] : NULL;
        const struct wi_list_row *new = k < now->model_count ? &now->models[k] : NULL;
        int order = !old ? 1 : !new ? -1 : strcmp(old->name, new->name);
        if (order != 0 || !same_row(old, new))
            wi_change_tell(listener, WI_CHANGE_MODEL, order < 0 ? old->name : new->name, NULL);
        i += order <= 0;
        k += order >= 0;
    }
}

/* --- reading --------------------------------------------------------------------------------- */

static void listing_start(struct wi_listing *listing);

static void free_reading(struct reading *reading)
{
    wi_list_clear(&reading->list);
    free(reading->directory);
    free(reading);
}

static void run_reading(void *data)
{
    struct reading *reading = data;

    reading->failed = wi_list_read(reading->directory, &reading->list) != 0 ? errno : 0;
    reading->took_ms = wi_now_ms() - reading->began_at;
}

/* How long after it began a reading will do, and none follows it. */
static double pause_of(const struct wi_listing *listing)
{
    return listing->took_ms * SHARE > FRESH_MS ? listing->took_ms * SHARE : FRESH_MS;
}

static int is_fresh_for(const struct wi_listing *listing, double since)
{
    return listing->began_at > 0 && listing->began_at + pause_of(listing) >= since;
}

/* The callbacks may begin or cancel waits, so each wait is removed before its callback is called.
 * Only waits for which this reading began too early remain. */
static void answer_waits(struct wi_listing *listing)
{
    struct wi_listing_wait *wait = listing->waits;

    while (wait) {
        struct wi_listing_wait one = *wait;
        if (!is_fresh_for(listing, one.since)) {
            wait = wait->next;
            continue;
        }
        wi_listing_cancel(wait);
        one.on_list(one.context, &listing->list);
        wait = listing->waits;
    }
    if (listing->waits)
        listing_start(listing);
}

/* The list as it was is the reading's. */
static void take_list(struct wi_listing *listing, struct reading *reading)
{
    struct wi_list before = listing->list;

    listing->list = reading->list;
    reading->list = before;
    tell_news(&before, &listing->list);
    if (wi_change_is_heard(listing->listener))
        tell_changes(listing->listener, &before, &listing->list);
}

static void clear_list(void *data)
{
    struct reading *reading = data;

    wi_list_clear(&reading->list);
}

static void on_cleared(void *data, int cancelled)
{
    free_reading(data);
}

/* A long list has so many small pieces that a thread frees it. */
static void drop_reading(struct wi_listing *listing, struct reading *reading)
{
    if (reading->list.model_count < LONG)
        free_reading(reading);
    else
        (void)wi_work_start(listing->loop, clear_list, on_cleared, reading);
}

/* Of a reading that failed much was not seen: the list as it was is nearer to the truth. */
static void end_reading(void *data, int cancelled)
{
    struct reading *reading = data;
    struct wi_listing *listing = reading->listing;

    reading->work = NULL;
    if (cancelled || !listing) {
        free_reading(reading);
        return;
    }
    listing->began_at = reading->began_at;
    listing->took_ms = reading->took_ms;
    listing->reading = NULL;
    if (reading->failed)
        wi_log_limited(&listing->log, WI_LOG_WARN, "model", NULL,
            "the model directory %s cannot be read now: %s; the list of models is unchanged",
            reading->directory, strerror(reading->failed));
    else
        take_list(listing, reading);
    drop_reading(listing, reading);
    answer_waits(listing);
}

static void listing_start(struct wi_listing *listing)
{
    struct reading *reading;

    if (listing->reading)
        return;
    wi_timer_stop(listing->later);
    reading = wi_alloc(sizeof *reading);
    reading->listing = listing;
    reading->directory = wi_strdup(listing->directory);
    reading->began_at = wi_now_ms();
    listing->reading = reading;
    reading->work = wi_work_start(listing->loop, run_reading, end_reading, reading);
}

static void on_later(void *context)
{
    listing_start(context);
}

/* Reads again as soon as it may. */
void wi_listing_missed(struct wi_listing *listing)
{
    double left = listing->began_at > 0 ? listing->began_at + pause_of(listing) - wi_now_ms() : 0;

    if (left <= 0)
        listing_start(listing);
    else if (!listing->reading && !wi_timer_running(listing->later))
        wi_timer_start(listing->later, (uint64_t)left + 1, 0);
}

static void listing_abandon(struct wi_listing *listing)
{
    struct reading *reading = listing->reading;

    if (!reading)
        return;
    listing->reading = NULL;
    reading->listing = NULL;
    wi_work_abandon(reading->work);
}

/* --- outside --------------------------------------------------------------------------------- */

struct wi_listing *wi_listing_new(uv_loop_t *loop, const char *directory)
{
    struct wi_listing *listing = wi_alloc(sizeof *listing);

    listing->loop = loop;
    listing->directory = wi_strdup(directory);
    listing->later = wi_timer_new(loop, on_later, listing);
    listing_start(listing);
    return listing;
}

void wi_listing_tell(struct wi_listing *listing, const struct wi_change_listener *listener)
{
    listing->listener = listener;
}

void wi_listing_free(struct wi_listing *listing)
{
    if (!listing)
        return;
    while (listing->waits)
        wi_listing_cancel(listing->waits);
    listing_abandon(listing);
    wi_timer_free(listing->later);
    wi_list_clear(&listing->list);
    free(listing->directory);
    free(listing);
}

void wi_listing_reset(struct wi_listing *listing, const char *directory)
{
    char *copy = wi_strdup(directory);

    if (strcmp(copy, listing->directory) != 0) { /* else it is known what was said of it */
        tell_changes(listing->listener, &listing->list, &(struct wi_list){0});
        wi_list_clear(&listing->list);
    }
    free(listing->directory);
    listing->directory = copy;
    listing->began_at = 0;
    listing_abandon(listing);
    listing_start(listing);
}

const struct wi_list *wi_listing_now(struct wi_listing *listing)
{
    if (wi_now_ms() - listing->began_at > WI_LISTING_OLD_MS)
        wi_listing_missed(listing);
    return &listing->list;
}

struct wi_listing_wait *wi_listing_fresh(
    struct wi_listing *listing, wi_listing_fn *on_list, void *context)
{
    struct wi_listing_wait *wait;
    double now = wi_now_ms();

    if (is_fresh_for(listing, now)) {
        on_list(context, &listing->list);
        return NULL;
    }
    wait = wi_alloc(sizeof *wait);
    *wait = (struct wi_listing_wait){
        .listing = listing, .on_list = on_list, .context = context, .since = now};
    DL_APPEND(listing->waits, wait);
    listing_start(listing);
    return wait;
}

void wi_listing_cancel(struct wi_listing_wait *wait)
{
    if (!wait)
        return;
    DL_DELETE(wait->listing->waits, wait);
    free(wait);
}
