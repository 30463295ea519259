/* See passing.h. */
#include "channels/passing.h"

#include "base/memory.h"
#include "base/table.h"
#include "channels/telling.h"
#include <stdlib.h>
#include <string.h>

/* The rows of a channel, a client and a model that a member has told. Each member that was heard
 * also has one without these, for what began before we listened. */
struct line {
    uint64_t born; /* 0: it is new */
    uint64_t count;
    int is_dirty; /* there was no telling without rows since its last ones */
    UT_hash_handle hh;
    char key[]; /* the teller, the client and the model, each with a NUL, and the channel */
};

struct wi_passing {
    struct wi_budget *budget;
    struct wi_member_talk talk;
    wi_gathering_fn *on_batch;
    void *context;
    int is_heard;
    uint64_t epoch;
    struct line *own;
    struct wi_timer *mark;  /* runs while lines are dirty */
    struct wi_timer *leave; /* runs while none listens and rows are counted all the same */
    int listens;
    struct line *others;
};

/* --- lines ------------------------------------------------------------------------------------ */

/* The line of the batch, or of the teller itself, made if there is none. */
static struct line *line_of(struct line **lines, const char *teller, const struct wi_batch *batch)
{
    struct wi_buffer key = {0};
    wi_buffer_printf(&key, "%s%c", teller, 0);
    if (batch)
        wi_buffer_printf(&key, "%s%c%s%c%d", batch->client, 0, batch->model ? batch->model : "", 0,
            batch->channel);
    struct line *line = WI_TABLE_FIND(*lines, key.text, key.size);
    if (!line) {
        line = wi_alloc(sizeof *line + key.size);
        memcpy(line->key, key.text, key.size);
        HASH_ADD_KEYPTR(hh, *lines, line->key, key.size, line);
    }
    wi_buffer_clear(&key);
    return line;
}

/* A batch of the line, without rows. */
static struct wi_batch *line_batch(const struct line *line)
{
    const char *client = line->key + strlen(line->key) + 1, *model = client + strlen(client) + 1;
    enum wi_channel channel = model[strlen(model) + 1] - '0';
    return wi_batch_new(
        NULL, channel, client, *model ? model : NULL, channel == WI_CHANNEL_VECTORS);
}

static void lines_clear(struct line **lines)
{
    struct line *line;
    while ((line = WI_TABLE_TAKE(*lines)))
        free(line);
}

static uint64_t rows_of(const struct wi_batch *batch)
{
    return batch->count + batch->lost;
}

/* --- telling ---------------------------------------------------------------------------------- */

/* 0, or -1: it is lost. */
static int passing_say(
    struct wi_passing *passing, const struct line *line, const struct wi_batch *batch)
{
    const struct wi_telling telling = {.epoch = passing->epoch,
        .born = line ? line->born : 0,
        .before = line ? line->count : 0,
        .batch = (struct wi_batch *)batch};
    struct wi_buffer text = {0};
    wi_telling_print(&telling, &text);
    return passing->talk.say(passing->talk.context, &text);
}

static void on_mark(void *context)
{
    struct wi_passing *passing = context;
    struct line *line = passing->is_heard ? passing->own : NULL;
    int failed = 0;
    for (; line && !failed; line = line->hh.next) {
        if (!line->is_dirty)
            continue;
        struct wi_batch *batch = line_batch(line);
        line->is_dirty = failed = passing_say(passing, line, batch) != 0;
        wi_batch_unref(batch);
    }
    if (failed)
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
    passing_say(passing, NULL, NULL);
    for (struct line *line = passing->own; line; line = line->hh.next)
        line->is_dirty = 1;
    wi_timer_start(passing->mark, WI_PASSING_MARK_MS, 0);
}

int wi_passing_is_heard(const struct wi_passing *passing)
{
    return passing && (passing->is_heard || wi_timer_running(passing->leave));
}

void wi_passing_tell(struct wi_passing *passing, const struct wi_batch *batch)
{
    if (!wi_passing_is_heard(passing))
        return;
    if (HASH_COUNT(passing->own) >= WI_PASSING_LINES_OWN) {
        lines_clear(&passing->own);
        passing->epoch++; /* in which they are born again */
    }
    struct line *line = line_of(&passing->own, "", batch);
    if (line->born == 0)
        line->born = passing->epoch;
    if (passing->is_heard && batch->count > 0)
        passing_say(passing, line, batch);
    line->count += rows_of(batch);
    line->is_dirty = 1;
    if (!wi_timer_running(passing->mark))
        wi_timer_start(passing->mark, WI_PASSING_MARK_MS, 0);
}

/* --- hearing ---------------------------------------------------------------------------------- */

/* Since this epoch of the member, nothing was told before we listened. */
static uint64_t heard_since(
    struct wi_passing *passing, const char *instance, const struct wi_telling *telling)
{
    if (HASH_COUNT(passing->others) >= WI_PASSING_LINES_OTHERS)
        lines_clear(&passing->others);
    struct line *teller = line_of(&passing->others, instance, NULL);
    if (teller->born == 0)
        teller->born = telling->epoch + (telling->batch != NULL);
    return teller->born;
}

/* How many rows of the line were lost before the telling; -1: it came too late. */
static int64_t line_hear(struct line *line, uint64_t since, const struct wi_telling *telling)
{
    if (telling->born > line->born) {
        int is_whole = line->born > 0 || telling->born >= since;
        line->count = is_whole ? 0 : telling->before;
        line->born = telling->born;
    }
    if (telling->born < line->born || telling->before < line->count)
        return -1;
    uint64_t lost = telling->before - line->count;
    line->count = telling->before + rows_of(telling->batch);
    return (int64_t)lost;
}

static void passing_hear(
    struct wi_passing *passing, const char *instance, const struct wi_telling *telling)
{
    uint64_t since = heard_since(passing, instance, telling);
    struct wi_batch *batch = telling->batch;
    if (!batch)
        return;
    int64_t lost = line_hear(line_of(&passing->others, instance, batch), since, telling);
    if (lost > 0) {
        struct wi_batch *gap = wi_batch_new(
            passing->budget, batch->channel, batch->client, batch->model, batch->dimensions);
        wi_batch_seal(gap, (uint64_t)lost);
        passing->on_batch(passing->context, gap);
        wi_batch_unref(gap);
    }
    if (lost >= 0 && rows_of(batch) > 0)
        passing->on_batch(passing->context, batch);
}

static enum wi_read_fault on_heard(
    void *context, const char *instance, const char *text, size_t size)
{
    struct wi_passing *passing = context;
    struct wi_telling telling = {0};
    if (!passing->listens)
        return WI_READ_GOOD;
    enum wi_read_fault fault = wi_telling_read(&telling, passing->budget, text, size);
    if (fault == WI_READ_GOOD)
        passing_hear(passing, instance, &telling);
    wi_batch_unref(telling.batch);
    return fault;
}

void wi_passing_listen(struct wi_passing *passing, int listens)
{
    if (!passing || passing->listens == listens)
        return;
    passing->listens = listens;
    passing->talk.listen(passing->talk.context, listens);
    if (!listens)
        lines_clear(&passing->others);
}

/* --- the beginning and the end ---------------------------------------------------------------- */

struct wi_passing *wi_passing_new(uv_loop_t *loop, struct wi_budget *budget,
    const struct wi_member_talk *talk, wi_gathering_fn *on_batch, void *context)
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
    lines_clear(&passing->others);
    free(passing);
}
