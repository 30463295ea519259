/* See passing.h. Both sides have a table of lines in the order of their latest rows. */
#include "channels/passing.h"

#include "base/memory.h"
#include "base/table.h"
#include "channels/telling.h"
#include <stdlib.h>
#include <string.h>

/* The rows of a channel, a client and a model that a member has told. */
struct line {
    uint64_t born, count;
    int is_dirty; /* there was no telling without rows since its last rows */
    UT_hash_handle hh;
    size_t size;
    char key[]; /* the teller, the client and the model, each with a NUL, and the channel */
};

/* A member that was heard. */
struct teller {
    uint64_t heard; /* from this epoch on, nothing was told before we listened */
    uint64_t epoch; /* its latest */
    UT_hash_handle hh;
    char instance[];
};

struct wi_passing {
    struct wi_budget *budget;
    struct wi_talk talk;
    wi_gathering_fn *on_batch;
    void *context;
    struct wi_timer *mark, *leave; /* `leave` runs while nobody hears what is still counted */
    int is_heard;
    uint64_t epoch;
    struct line *own;
    int listens;
    struct teller *tellers;
    struct line *others;
};

/* --- lines ------------------------------------------------------------------------------------ */

static void key_print(const char *teller, const struct wi_batch *batch, struct wi_buffer *key)
{
    const char *const words[] = {teller, batch->client, batch->model ? batch->model : ""};
    for (size_t i = 0; i < 3; i++)
        wi_buffer_add(key, words[i], strlen(words[i]) + 1);
    wi_buffer_add(key, batch->channel == WI_CHANNEL_VECTORS ? "v" : "r", 1);
}

/* The line of the batch, which is now the latest of the table; NULL: there is none. */
static struct line *line_find(struct line **lines, const char *teller, const struct wi_batch *batch)
{
    struct wi_buffer key = {0};
    key_print(teller, batch, &key);
    struct line *line = WI_TABLE_FIND(*lines, key.text, key.size);
    wi_buffer_clear(&key);
    if (!line)
        return NULL;
    HASH_DEL(*lines, line);
    HASH_ADD_KEYPTR(hh, *lines, line->key, line->size, line);
    return line;
}

static struct line *line_make(
    struct line **lines, const char *teller, const struct wi_batch *batch, uint64_t born)
{
    struct wi_buffer key = {0};
    key_print(teller, batch, &key);
    struct line *line = wi_alloc(sizeof *line + key.size);
    line->born = born;
    line->size = key.size;
    memcpy(line->key, key.text, key.size);
    wi_buffer_clear(&key);
    HASH_ADD_KEYPTR(hh, *lines, line->key, line->size, line);
    return line;
}

static void lines_clear(struct line **lines)
{
    struct line *line;
    while ((line = WI_TABLE_TAKE(*lines)))
        free(line);
}

/* A batch without rows of the line. */
static struct wi_batch *line_batch(const struct line *line)
{
    const char *client = line->key + strlen(line->key) + 1, *model = client + strlen(client) + 1;
    int is_vectors = model[strlen(model) + 1] == 'v';
    return wi_batch_new(NULL, is_vectors ? WI_CHANNEL_VECTORS : WI_CHANNEL_RESULTS, client,
        *model ? model : NULL, is_vectors);
}

static uint64_t rows_of(const struct wi_batch *batch)
{
    return batch->count + batch->lost;
}

/* --- telling ---------------------------------------------------------------------------------- */

/* 0, or -1: it is lost. */
static int telling_say(struct wi_passing *passing, const struct wi_telling *telling)
{
    struct wi_buffer text = {0};
    wi_telling_print(telling, &text);
    return passing->talk.say(passing->talk.context, &text);
}

static void on_mark(void *context)
{
    struct wi_passing *passing = context;
    int failed = !passing->is_heard;
    for (struct line *line = passing->own; line && !failed; line = line->hh.next) {
        if (!line->is_dirty)
            continue;
        struct wi_batch *batch = line_batch(line);
        const struct wi_telling telling = {
            .epoch = passing->epoch, .born = line->born, .before = line->count, .batch = batch};
        failed = telling_say(passing, &telling) != 0;
        line->is_dirty = failed;
        wi_batch_unref(batch);
    }
    if (failed && passing->is_heard)
        wi_timer_start(passing->mark, WI_PASSING_MARK_MS, 0);
}

static void on_leave(void *context)
{
    struct wi_passing *passing = context;
    lines_clear(&passing->own);
}

static void on_audience(void *context, int is_heard)
{
    struct wi_passing *passing = context;
    if (!is_heard && passing->is_heard)
        wi_timer_start(passing->leave, WI_PASSING_COUNT_MS, 0);
    passing->is_heard = is_heard;
    if (!is_heard)
        return;
    wi_timer_stop(passing->leave);
    passing->epoch++;
    telling_say(passing, &(struct wi_telling){.epoch = passing->epoch});
    for (struct line *line = passing->own; line; line = line->hh.next)
        line->is_dirty = 1;
    wi_timer_start(passing->mark, WI_PASSING_MARK_MS, 0);
}

int wi_passing_is_heard(const struct wi_passing *passing)
{
    return passing && (passing->is_heard || wi_timer_running(passing->leave));
}

static struct line *own_line(struct wi_passing *passing, const struct wi_batch *batch)
{
    struct line *line = line_find(&passing->own, "", batch);
    if (line)
        return line;
    if (HASH_COUNT(passing->own) >= WI_PASSING_LINES_OWN) {
        free(WI_TABLE_TAKE(passing->own));
        passing->epoch++; /* it may be born again */
    }
    return line_make(&passing->own, "", batch, passing->epoch);
}

void wi_passing_tell(struct wi_passing *passing, const struct wi_batch *batch)
{
    if (!wi_passing_is_heard(passing))
        return;
    struct line *line = own_line(passing, batch);
    const struct wi_telling telling = {.epoch = passing->epoch,
        .born = line->born,
        .before = line->count,
        .batch = (struct wi_batch *)batch};
    line->count += rows_of(batch);
    line->is_dirty = 1;
    if (passing->is_heard && batch->count > 0)
        telling_say(passing, &telling);
    if (!wi_timer_running(passing->mark))
        wi_timer_start(passing->mark, WI_PASSING_MARK_MS, 0);
}

/* --- hearing ---------------------------------------------------------------------------------- */

static struct teller *teller_of(
    struct wi_passing *passing, const char *instance, const struct wi_telling *telling)
{
    size_t length = strlen(instance);
    struct teller *teller = WI_TABLE_FIND(passing->tellers, instance, length);
    if (!teller) {
        if (HASH_COUNT(passing->tellers) >= WI_PASSING_MEMBERS)
            free(WI_TABLE_TAKE(passing->tellers));
        teller = wi_alloc(sizeof *teller + length + 1);
        memcpy(teller->instance, instance, length + 1);
        teller->heard = telling->epoch + (telling->batch != NULL);
        HASH_ADD_KEYPTR(hh, passing->tellers, teller->instance, length, teller);
    }
    if (telling->epoch > teller->epoch)
        teller->epoch = telling->epoch;
    return teller;
}

/* Rows that were told of a line that goes would count as lost. */
static void others_shorten(struct wi_passing *passing)
{
    if (HASH_COUNT(passing->others) < WI_PASSING_LINES_OTHERS)
        return;
    struct line *line = WI_TABLE_TAKE(passing->others);
    struct teller *teller = WI_TABLE_FIND(passing->tellers, line->key, strlen(line->key));
    if (teller)
        teller->heard = teller->epoch + 1;
    free(line);
}

/* The line with the rows that were heard or missed; NULL: the telling is older than it. */
static struct line *line_hear(
    struct wi_passing *passing, const char *instance, const struct wi_telling *telling)
{
    const struct teller *teller = teller_of(passing, instance, telling);
    struct line *line = line_find(&passing->others, instance, telling->batch);
    if (line && telling->born < line->born)
        return NULL;
    if (!line) {
        others_shorten(passing);
        line = line_make(&passing->others, instance, telling->batch, telling->born);
        line->count = telling->born >= teller->heard ? 0 : telling->before;
    } else if (telling->born > line->born) {
        line->born = telling->born;
        line->count = 0;
    }
    return telling->before < line->count ? NULL : line;
}

static void hand_on_lost(struct wi_passing *passing, const struct wi_batch *like, uint64_t lost)
{
    struct wi_batch *batch =
        wi_batch_new(passing->budget, like->channel, like->client, like->model, like->dimensions);
    wi_batch_seal(batch, lost);
    passing->on_batch(passing->context, batch);
    wi_batch_unref(batch);
}

static void passing_hear(
    struct wi_passing *passing, const char *instance, const struct wi_telling *telling)
{
    struct line *line = line_hear(passing, instance, telling);
    if (!line)
        return;
    uint64_t lost = telling->before - line->count;
    line->count = telling->before + rows_of(telling->batch);
    if (lost > 0)
        hand_on_lost(passing, telling->batch, lost);
    if (rows_of(telling->batch) > 0)
        passing->on_batch(passing->context, telling->batch);
}

static enum wi_read_fault on_heard(
    void *context, const char *instance, const char *text, size_t size)
{
    struct wi_passing *passing = context;
    struct wi_telling telling = {0};
    if (!passing->listens)
        return WI_READ_GOOD;
    enum wi_read_fault fault = wi_telling_read(&telling, passing->budget, text, size);
    if (fault == WI_READ_GOOD && telling.batch)
        passing_hear(passing, instance, &telling);
    else if (fault == WI_READ_GOOD)
        teller_of(passing, instance, &telling);
    wi_batch_unref(telling.batch);
    return fault;
}

static void tellers_clear(struct wi_passing *passing)
{
    struct teller *teller;
    while ((teller = WI_TABLE_TAKE(passing->tellers)))
        free(teller);
    lines_clear(&passing->others);
}

void wi_passing_listen(struct wi_passing *passing, int listens)
{
    if (!passing || passing->listens == listens)
        return;
    passing->listens = listens;
    passing->talk.listen(passing->talk.context, listens);
    if (!listens)
        tellers_clear(passing);
}

/* --- the beginning and the end ---------------------------------------------------------------- */

struct wi_passing *wi_passing_new(uv_loop_t *loop, struct wi_budget *budget,
    const struct wi_talk *talk, wi_gathering_fn *on_batch, void *context)
{
    struct wi_passing *passing = wi_alloc(sizeof *passing);
    const struct wi_talk_follower follower = {on_heard, on_audience, passing};
    passing->budget = budget;
    passing->talk = *talk;
    passing->on_batch = on_batch;
    passing->context = context;
    passing->mark = wi_timer_new(loop, on_mark, passing);
    passing->leave = wi_timer_new(loop, on_leave, passing);
    talk->follow(talk->context, &follower);
    return passing;
}

void wi_passing_free(struct wi_passing *passing)
{
    if (!passing)
        return;
    passing->talk.follow(passing->talk.context, NULL);
    wi_timer_free(passing->mark);
    wi_timer_free(passing->leave);
    lines_clear(&passing->own);
    tellers_clear(passing);
    free(passing);
}
