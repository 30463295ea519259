/*
 * A ring of steps for each series, see history.h. Each call first moves the rings on to the present
 * step and empties the steps that they reach. So a history without calls costs nothing, and one
 * that was not called for hours is emptied once.
 */
#include "api/http/history.h"

#include "base/memory.h"
#include "terms/format/model.h"
#include <assert.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A load that is not known. */
#define UNKNOWN UINT32_MAX
/* A kind of browser, and a platform. */
#define PLACE_SIZE 64

struct step {
    uint32_t requests, failures;
    uint32_t total[WI_HISTORY_BUCKETS], queue[WI_HISTORY_BUCKETS];
    uint32_t prompt, generated; /* stay at their most */
    uint64_t bytes_in, bytes_out;
};

struct series {
    uint64_t id;       /* never that of another; 0: it was not used yet */
    uint64_t requests; /* in all its steps; 0: another may have its place */
    int64_t last;      /* the step in which it was used last */
    char model[WI_MODEL_NAME_MAX + 1];
    char place[PLACE_SIZE]; /* "" for nowhere */
    struct step steps[WI_HISTORY_STEPS];
};

struct wi_history {
    double began_ms;
    int64_t step; /* the present one, from 0 */
    uint64_t last_id;
    int knows_clock;
    double clock_ms; /* the wall clock less the monotonic one */
    struct wi_history_load loads[WI_HISTORY_STEPS];
    struct series apart[WI_HISTORY_SERIES], others, all;
};

static_assert(sizeof(struct step) == 152, "history.h reckons with it");
static_assert(sizeof(struct wi_history) <= WI_HISTORY_BYTES, "more than is promised");

/* --- time ------------------------------------------------------------------------------------ */

static size_t slot_of(int64_t step)
{
    return (size_t)(step % WI_HISTORY_STEPS);
}

static void empty_step(struct series *series, size_t slot)
{
    series->requests -= series->steps[slot].requests;
    series->steps[slot] = (struct step){0};
}

static int64_t step_at(const struct wi_history *history, double now_ms)
{
    return (int64_t)floor((now_ms - history->began_ms) / WI_HISTORY_STEP_MS);
}

/* To the step of `now_ms`, which is never before the present one. */
static void move_on(struct wi_history *history, double now_ms)
{
    int64_t step = step_at(history, now_ms), next = history->step + 1;
    if (step - next >= WI_HISTORY_STEPS) /* each slot once is enough */
        next = step - WI_HISTORY_STEPS + 1;
    for (; next <= step; next++) {
        size_t slot = slot_of(next);
        for (size_t i = 0; i < WI_HISTORY_SERIES; i++)
            if (history->apart[i].id) /* else its memory was not even touched */
                empty_step(&history->apart[i], slot);
        empty_step(&history->others, slot);
        empty_step(&history->all, slot);
        history->loads[slot] = (struct wi_history_load){UNKNOWN, UNKNOWN};
    }
    history->step = step > history->step ? step : history->step;
}

struct wi_history *wi_history_new(double now_ms)
{
    struct wi_history *history = wi_alloc(sizeof *history);
    history->began_ms = now_ms;
    history->loads[0] = (struct wi_history_load){UNKNOWN, UNKNOWN};
    return history;
}

void wi_history_free(struct wi_history *history)
{
    free(history);
}

void wi_history_end_step(
    struct wi_history *history, double now_ms, const struct wi_history_load *load)
{
    move_on(history, now_ms);
    if (history->step == 0)
        return;
    struct wi_history_load *known = &history->loads[slot_of(history->step - 1)];
    if (known->running == UNKNOWN)
        *known = *load;
}

double wi_history_left_ms(const struct wi_history *history, double now_ms)
{
    double end = (double)(step_at(history, now_ms) + 1) * WI_HISTORY_STEP_MS;
    return end - (now_ms - history->began_ms);
}

/* --- series ---------------------------------------------------------------------------------- */

static void add_most(uint32_t *sum, double more)
{
    double most = UINT32_MAX - *sum;
    if (more > 0) /* and not if it is no number */
        *sum += (uint32_t)fmin(more, most);
}

static void add_step(struct step *sum, const struct step *more)
{
    sum->requests += more->requests;
    sum->failures += more->failures;
    for (size_t i = 0; i < WI_HISTORY_BUCKETS; i++) {
        sum->total[i] += more->total[i];
        sum->queue[i] += more->queue[i];
    }
    add_most(&sum->prompt, more->prompt);
    add_most(&sum->generated, more->generated);
    sum->bytes_in += more->bytes_in;
    sum->bytes_out += more->bytes_out;
}

static int is_less_used(const struct series *one, const struct series *other)
{
    return one->requests != other->requests ? one->requests < other->requests
                                            : one->last < other->last;
}

/* The least used series, emptied; its figures have been added to the others. */
static struct series *give_way(struct wi_history *history)
{
    struct series *least = &history->apart[0];
    for (size_t i = 1; i < WI_HISTORY_SERIES; i++)
        if (is_less_used(&history->apart[i], least))
            least = &history->apart[i];
    for (size_t slot = 0; least->requests > 0 && slot < WI_HISTORY_STEPS; slot++)
        add_step(&history->others.steps[slot], &least->steps[slot]);
    history->others.requests += least->requests;
    *least = (struct series){0};
    return least;
}

static struct series *series_find(struct wi_history *history, const char *model, const char *place)
{
    for (size_t i = 0; i < WI_HISTORY_SERIES; i++) {
        struct series *series = &history->apart[i];
        if (series->id && strncmp(series->model, model, sizeof series->model - 1) == 0 &&
            strcmp(series->place, place) == 0)
            return series;
    }
    return NULL;
}

static struct series *find_or_make(
    struct wi_history *history, const struct wi_history_request *request)
{
    char place[PLACE_SIZE] = "";
    if (request->browser)
        snprintf(place, sizeof place, "%s/%s", request->browser, request->platform);
    struct series *series = series_find(history, request->model, place);
    if (!series) {
        series = give_way(history);
        series->id = ++history->last_id;
        snprintf(series->model, sizeof series->model, "%s", request->model);
        memcpy(series->place, place, sizeof series->place);
    }
    series->last = history->step;
    return series;
}

static void series_count(
    struct series *series, size_t slot, const struct wi_history_request *request)
{
    struct step *step = &series->steps[slot];
    series->requests++;
    step->requests++;
    if (request->failed) {
        step->failures++;
        return;
    }
    step->total[wi_histogram_bucket(request->total_s)]++;
    step->queue[wi_histogram_bucket(request->queue_s)]++;
    add_most(&step->prompt, request->prompt);
    add_most(&step->generated, request->generated);
}

uint64_t wi_history_add(
    struct wi_history *history, double now_ms, const struct wi_history_request *request)
{
    move_on(history, now_ms);
    size_t slot = slot_of(history->step);
    struct series *series = find_or_make(history, request);
    series_count(series, slot, request);
    series_count(&history->all, slot, request);
    return series->id;
}

static void count_bytes(struct step *step, uint64_t bytes_in, uint64_t bytes_out)
{
    step->bytes_in += bytes_in;
    step->bytes_out += bytes_out;
}

void wi_history_add_bytes(struct wi_history *history, double now_ms, uint64_t series,
    uint64_t bytes_in, uint64_t bytes_out)
{
    struct series *of = &history->others;
    move_on(history, now_ms);
    size_t slot = slot_of(history->step);
    for (size_t i = 0; i < WI_HISTORY_SERIES; i++)
        if (history->apart[i].id == series)
            of = &history->apart[i];
    count_bytes(&of->steps[slot], bytes_in, bytes_out);
    count_bytes(&history->all.steps[slot], bytes_in, bytes_out);
}

/* --- quantiles ------------------------------------------------------------------------------- */

double wi_history_quantile_ms(const uint32_t buckets[WI_HISTORY_BUCKETS], double quantile)
{
    uint64_t count = 0, before = 0;
    size_t at = 0;
    for (size_t i = 0; i < WI_HISTORY_BUCKETS; i++)
        count += buckets[i];
    if (count == 0)
        return -1;
    double rank = quantile * (double)count;
    while (at + 1 < WI_HISTORY_BUCKETS && (double)(before + buckets[at]) < rank)
        before += buckets[at++];
    if (at >= WI_HISTOGRAM_BUCKETS)
        return wi_histogram_bound(WI_HISTOGRAM_BUCKETS - 1) * 1000;
    double lower = at > 0 ? wi_histogram_bound(at - 1) : 0, upper = wi_histogram_bound(at);
    return 1000 * (lower + (upper - lower) * (rank - (double)before) / buckets[at]);
}

/* --- printing -------------------------------------------------------------------------------- */

/* The printed steps: `count` long steps from `first`, each of `coarse` short steps, numbered
 * likewise. */
struct span {
    unsigned coarse;
    int64_t first;
    size_t count;
};

/* Long steps begin at the same short steps each time. The first one is shown only if all of it is
 * kept; otherwise it would seem to have less than it had. */
static struct span span_of(const struct wi_history *history, unsigned coarse)
{
    int64_t oldest = history->step - WI_HISTORY_STEPS + 1;
    int64_t first = oldest > 0 ? (oldest + coarse - 1) / coarse : 0;
    return (struct span){coarse, first, (size_t)(history->step / coarse - first + 1)};
}

/* The first short step of a long step, and the one after its last existing one. */
static int64_t begin_of(const struct span *span, size_t i)
{
    return (span->first + (int64_t)i) * span->coarse;
}

static int64_t end_of(const struct wi_history *history, const struct span *span, size_t i)
{
    int64_t end = begin_of(span, i) + span->coarse;
    return end <= history->step ? end : history->step + 1;
}

static void sum_up(const struct wi_history *history, const struct span *span,
    const struct series *series, struct step *sums)
{
    for (size_t i = 0; i < span->count; i++) {
        int64_t step = begin_of(span, i), end = end_of(history, span, i);
        sums[i] = series->steps[slot_of(step)];
        while (++step < end)
            add_step(&sums[i], &series->steps[slot_of(step)]);
    }
}

/* The figures of a series, in the order in which they are printed. */
static const struct row {
    const char *name;
    enum {
        COUNT,
        BYTES,
        QUANTILE,
        LOAD
    } kind;    /* the type there: uint32_t, uint64_t, buckets, ... */
    size_t at; /* in a step, or in a load */
    double quantile;
} rows[] = {
    {"requests", COUNT, offsetof(struct step, requests), 0},
    {"failures", COUNT, offsetof(struct step, failures), 0},
    {"p50_ms", QUANTILE, offsetof(struct step, total), 0.5},
    {"p95_ms", QUANTILE, offsetof(struct step, total), 0.95},
    {"queue_p95_ms", QUANTILE, offsetof(struct step, queue), 0.95},
    {"running", LOAD, offsetof(struct wi_history_load, running), 0},
    {"waiting", LOAD, offsetof(struct wi_history_load, waiting), 0},
    {"prompt_tokens", COUNT, offsetof(struct step, prompt), 0},
    {"generated_tokens", COUNT, offsetof(struct step, generated), 0},
    {"bytes_in", BYTES, offsetof(struct step, bytes_in), 0},
    {"bytes_out", BYTES, offsetof(struct step, bytes_out), 0},
};

struct printing {
    const struct wi_history *history;
    struct span span;
    struct step *sums; /* room for those of a series */
    struct wi_buffer *out;
    int is_first;
};

/* The most of a long step, as far as it is known; `now` is the present one's. */
static uint32_t most_of(
    const struct printing *printing, size_t i, const struct wi_history_load *now, size_t at)
{
    const struct wi_history *history = printing->history;
    uint32_t most = UNKNOWN;
    for (int64_t step = begin_of(&printing->span, i); step < end_of(history, &printing->span, i);
         step++) {
        const void *load = step == history->step ? now : &history->loads[slot_of(step)];
        uint32_t one = *(const uint32_t *)((const char *)load + at);
        if (one != UNKNOWN && (most == UNKNOWN || one > most))
            most = one;
    }
    return most;
}

/* One number of a long step; most of them are 0. `known` 0: null is printed. */
static void print_number(struct wi_buffer *out, uint64_t number, int known)
{
    if (!known)
        wi_buffer_puts(out, "null");
    else if (number == 0)
        wi_buffer_add(out, "0", 1);
    else
        wi_buffer_integer(out, (int64_t)number);
}

static void print_figure(const struct printing *printing, const struct row *row, size_t i,
    const struct wi_history_load *load)
{
    struct wi_buffer *out = printing->out;
    const void *at = (const char *)&printing->sums[i] + row->at;
    double ms = row->kind == QUANTILE ? wi_history_quantile_ms(at, row->quantile) : -1;
    uint32_t most = row->kind == LOAD ? most_of(printing, i, load, row->at) : UNKNOWN;
    if (ms >= 0)
        wi_buffer_ms(out, ms);
    else if (row->kind == COUNT)
        print_number(out, *(const uint32_t *)at, 1);
    else if (row->kind == BYTES)
        print_number(out, *(const uint64_t *)at, 1);
    else
        print_number(out, most, most != UNKNOWN);
}

/* `load` NULL: the load of this series is not known. */
static void print_row(
    const struct printing *printing, const struct row *row, const struct wi_history_load *load)
{
    struct wi_buffer *out = printing->out;
    int is_known = row->kind != LOAD || load;
    wi_buffer_strings(out, ",\n  \"", row->name, is_known ? "\":[" : "\":null", NULL);
    for (size_t i = 0; is_known && i < printing->span.count; i++) {
        wi_buffer_add(out, ",", i > 0);
        print_figure(printing, row, i, load);
    }
    wi_buffer_puts(out, is_known ? "]" : "");
}

static void print_text(struct wi_buffer *out, const char *name, const char *text)
{
    wi_buffer_strings(out, ",\"", name, "\":", NULL);
    if (*text)
        wi_buffer_json_string(out, text);
    else
        wi_buffer_puts(out, "null");
}

static void print_series(struct printing *printing, const char *of, const struct series *series,
    const struct wi_history_load *load)
{
    struct wi_buffer *out = printing->out;
    sum_up(printing->history, &printing->span, series, printing->sums);
    wi_buffer_strings(out, printing->is_first ? "\n{\"of\":\"" : ",\n{\"of\":\"", of, "\"", NULL);
    printing->is_first = 0;
    print_text(out, "model", series->model);
    print_text(out, "place", series->place);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        print_row(printing, &rows[i], load);
    wi_buffer_puts(out, "}");
}

static int is_asked(const struct series *series, const struct wi_history_query *query)
{
    return series->requests > 0 && (!query->model || strcmp(series->model, query->model) == 0) &&
           (!query->place || strcmp(series->place, query->place) == 0);
}

/* The series that are asked for, the most used first. Returns how many. */
static size_t series_choose(const struct wi_history *history, const struct wi_history_query *query,
    const struct series *chosen[WI_HISTORY_SERIES])
{
    size_t count = 0;
    for (size_t i = 0; i < WI_HISTORY_SERIES; i++) {
        const struct series *series = &history->apart[i];
        size_t at = count;
        if (!is_asked(series, query))
            continue;
        for (; at > 0 && is_less_used(chosen[at - 1], series); at--)
            chosen[at] = chosen[at - 1];
        chosen[at] = series;
        count++;
    }
    return count;
}

/* The label of the first long step, in Unix milliseconds. */
static int64_t span_label(
    struct wi_history *history, const struct span *span, double now_ms, int64_t wall_ms)
{
    double clock_ms = (double)wall_ms - now_ms;
    if (!history->knows_clock || fabs(clock_ms - history->clock_ms) > WI_HISTORY_JUMP_MS)
        history->clock_ms = clock_ms;
    history->knows_clock = 1;
    return llround(history->began_ms + history->clock_ms) + begin_of(span, 0) * WI_HISTORY_STEP_MS;
}

void wi_history_print(struct wi_history *history, double now_ms, int64_t wall_ms,
    const struct wi_history_query *query, const struct wi_history_load *load, struct wi_buffer *out)
{
    const struct series *chosen[WI_HISTORY_SERIES];
    move_on(history, now_ms);
    struct printing printing = {history, span_of(history, query->coarse), NULL, out, 1};
    const struct span *span = &printing.span;
    int64_t step_ms = (int64_t)span->coarse * WI_HISTORY_STEP_MS;
    int64_t since = span_label(history, span, now_ms, wall_ms);
    int is_whole = !query->model && !query->place;
    printing.sums = wi_realloc_array(NULL, span->count, sizeof *printing.sums);
    wi_buffer_printf(out, "{\"since\":%lld,\"step_ms\":%lld,\n\"times\":[", (long long)since,
        (long long)step_ms);
    for (size_t i = 0; i < span->count; i++)
        wi_buffer_printf(
            out, "%s%lld", i > 0 ? "," : "", (long long)(since + (int64_t)i * step_ms));
    wi_buffer_puts(out, "],\n\"series\":[");
    if (is_whole)
        print_series(&printing, "all", &history->all, load);
    size_t count = series_choose(history, query, chosen);
    for (size_t i = 0; i < count; i++)
        print_series(&printing, "model", chosen[i], NULL);
    if (is_whole && history->others.requests > 0)
        print_series(&printing, "others", &history->others, NULL);
    wi_buffer_puts(out, "]}\n");
    free(printing.sums);
}
