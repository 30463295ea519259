/* The order of the measurements. */
#include "bench/bench.h"
#include "bench/estimate.h"

#include "base/clock.h"
#include "base/memory.h"
#include "base/text.h"
#include "bench/patience.h"
#include "cli/events.h"
#include "cli/progress.h"
#include "cli/text_table.h"
#include "terms/lab/statistics.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOSSES_MAX 3 /* of a cell, by a daemon that comes back each time */

/* A cell of one of the sides, as a number: those of both are measured in one order. */
static unsigned number_of(const struct wi_bench_rounds *rounds, size_t side, size_t cell)
{
    return (unsigned)(cell * rounds->side_count + side);
}

static struct wi_bench_side *side_of(struct wi_bench_rounds *rounds, unsigned number)
{
    return &rounds->sides[number % rounds->side_count];
}

static struct wi_bench_cell *cell_of(struct wi_bench_rounds *rounds, unsigned number)
{
    return &side_of(rounds, number)->plan.cells[number / rounds->side_count];
}

/* "[12 of 48] digits chrome/webgpu page" on a terminal, where the next line replaces it; or once it
 * has ended "digits chrome/webgpu page: ok" in a log. */
static void cell_show(
    const struct wi_bench_rounds *rounds, const struct wi_bench_cell *cell, int has_ended)
{
    struct wi_buffer name = {0};
    if (rounds->terminal == has_ended)
        return;
    wi_bench_put_name(&name, cell);
    if (has_ended) {
        fprintf(stderr, "%s: %s\n", name.text, wi_json_text(cell->document, "outcome"));
    } else {
        char *line = wi_sprintf("[%zu of %zu] %s", rounds->done, rounds->live, name.text);
        fprintf(stderr, "\r\033[K%.*s", (int)wi_cli_progress_columns() - 1, line);
        free(line);
    }
    wi_buffer_clear(&name);
}

static double median_of(const struct wi_bench_cell *cell)
{
    return cell->count > 0 ? wi_lab_median_of(cell->samples, cell->count) : INFINITY;
}

/* Compares the service's choice with the best place whose answers are right. */
static void find_baseline(const struct wi_bench_side *side, struct wi_bench_cell *chosen)
{
    const struct wi_bench_cell *best = NULL;
    for (size_t i = 0; i < side->plan.count; i++) {
        const struct wi_bench_cell *cell = &side->plan.cells[i];
        if (cell->clock == WI_LAB_CLIENT && cell->batch == chosen->batch &&
            cell->concurrency == chosen->concurrency && cell != chosen &&
            strcmp(cell->model, chosen->model) == 0 && wi_bench_has(cell, WI_LAB_OK) &&
            (!best || median_of(cell) < median_of(best)))
            best = cell;
    }
    if (best)
        json_object_set_new(chosen->document, "baseline", json_integer(best->index));
}

/* Sets the outcome of a cell, and has the daemon store it. */
static void cell_finish(
    struct wi_bench_rounds *rounds, struct wi_bench_side *side, struct wi_bench_cell *cell)
{
    if (!cell->over && cell->count >= wi_bench_least(rounds->sides[0].choice))
        wi_bench_cell_end(cell, WI_LAB_OK, NULL);
    else if (!cell->over)
        wi_bench_cell_end(
            cell, WI_LAB_TOO_SLOW, "the time of a cell was up before it ran five times");
    if (wi_bench_is_auto(cell) && wi_bench_has(cell, WI_LAB_OK))
        find_baseline(side, cell);
    rounds->done++;
    if (wi_bench_keep_cell(&side->keep, cell) != 0)
        rounds->end = WI_BENCH_LOST;
    cell_show(rounds, cell, 1);
}

static int goes_on(struct wi_bench_rounds *rounds)
{
    if (rounds->end == WI_BENCH_DONE && wi_cli_is_interrupted())
        rounds->end = WI_BENCH_STOPPED;
    return rounds->end == WI_BENCH_DONE && wi_now_ms() < rounds->until_ms;
}

/* A cell whose daemon goes away and comes back again and again ends as crashed. */
static void turn_outlast(const struct wi_bench_side *side, const struct wi_bench_subject *subject,
    struct wi_bench_turn *turn)
{
    for (unsigned losses = 1; turn->end == WI_BENCH_LOST; losses++) {
        if (!wi_bench_await(&side->cli)) {
            turn->end = wi_cli_is_interrupted() ? WI_BENCH_STOPPED : WI_BENCH_LOST;
            return;
        }
        if (losses == LOSSES_MAX) {
            wi_bench_cell_end(
                turn->cell, WI_LAB_CRASHED, "the daemon went away each time it was tried");
            turn->end = WI_BENCH_DONE;
            return;
        }
        wi_bench_measure(&side->cli, subject, turn, 1);
    }
}

/* What is measured at a time. */
struct set {
    struct wi_bench_side *side;
    const struct wi_bench_subject *subject;
    struct wi_bench_cell *cells[WI_BENCH_TOGETHER_MAX];
    size_t count;
};

/* Measures the cells of the set that need samples in this round; `of` (NULL: all) selects the
 * cells. */
static void measure_once(
    struct wi_bench_rounds *rounds, const struct set *set, unsigned round, const int *of)
{
    struct wi_bench_turn turns[WI_BENCH_TOGETHER_MAX];
    double began_ms = wi_now_ms();
    size_t count = 0;
    for (size_t i = 0; i < set->count; i++) {
        struct wi_bench_cell *cell = set->cells[i];
        unsigned share =
            cell->over || (of && !of[i]) ? 0 : wi_bench_share(rounds->sides[0].choice, cell, round);
        if (share > 0)
            turns[count++] = (struct wi_bench_turn){
                .cell = cell, .share = share, .is_last = round == WI_BENCH_ROUNDS - 1};
    }
    if (count > 0)
        wi_bench_measure(&set->side->cli, set->subject, turns, count);
    for (size_t i = 0; i < count; i++) {
        turn_outlast(set->side, set->subject, &turns[i]);
        turns[i].cell->took_ms += wi_now_ms() - began_ms;
        if (turns[i].end != WI_BENCH_DONE)
            rounds->end = turns[i].end;
    }
}

/* The time of a run is known after the first one, and with it the number of runs that fit. */
static void measure_set(struct wi_bench_rounds *rounds, const struct set *set, unsigned round)
{
    int is_first[WI_BENCH_TOGETHER_MAX];
    for (size_t i = 0; i < set->count; i++)
        is_first[i] = set->cells[i]->run_ms <= 0;
    cell_show(rounds, set->cells[0], 0);
    measure_once(rounds, set, round, NULL);
    if (goes_on(rounds))
        measure_once(rounds, set, round, is_first);
    for (size_t i = 0; i < set->count && rounds->end == WI_BENCH_DONE; i++) {
        struct wi_bench_cell *cell = set->cells[i];
        if (cell->over || (round == WI_BENCH_ROUNDS - 1 && !wi_bench_is_auto(cell)))
            cell_finish(rounds, set->side, cell);
    }
}

/* What is measured without a browser being started in between. */
struct part {
    int is_whole;        /* all cells */
    const char *browser; /* else the cells of this one; NULL: those of none */
};

/* The number of the look among the orders of the seed, which is behind those of the rounds. */
#define LOOK WI_BENCH_ROUNDS

/* The first request of each cell: a load and one sample. They count as the first round's. */
static void look_at_set(struct wi_bench_rounds *rounds, const struct set *set)
{
    cell_show(rounds, set->cells[0], 0);
    measure_once(rounds, set, 0, NULL);
    for (size_t i = 0; i < set->count && rounds->end == WI_BENCH_DONE; i++)
        if (set->cells[i]->over)
            cell_finish(rounds, set->side, set->cells[i]);
}

/* Cells that are measured together: those of a model, or the yardsticks of one point in time. */
struct group {
    const struct part *part;
    size_t subject;             /* its number on each side */
    enum wi_lab_yardstick when; /* WI_LAB_YARDSTICKS: it is a model's */
    struct wi_bench_subject *yardstick;
    unsigned *numbers; /* owned */
    size_t count;
};

static struct wi_bench_subject *subject_of(
    const struct group *group, const struct wi_bench_side *side)
{
    return group->yardstick ? group->yardstick : &side->subjects[group->subject];
}

static int cell_belongs(
    const struct group *group, const struct wi_bench_side *side, const struct wi_bench_cell *cell)
{
    const char *yardstick = wi_json_text(cell->document, "yardstick");
    if (!group->part->is_whole && !wi_text_equal(cell->browser, group->part->browser))
        return 0;
    if (group->yardstick)
        return yardstick && strcmp(yardstick, wi_lab_yardstick_names[group->when]) == 0;
    return !yardstick && strcmp(cell->model, side->subjects[group->subject].title) == 0;
}

static void group_gather(struct wi_bench_rounds *rounds, struct group *group)
{
    for (size_t s = 0; s < rounds->side_count; s++) {
        const struct wi_bench_side *side = &rounds->sides[s];
        for (size_t i = 0; i < side->plan.count; i++) {
            if (side->plan.cells[i].over || !cell_belongs(group, side, &side->plan.cells[i]))
                continue;
            group->numbers = wi_grow_array(group->numbers, group->count, sizeof *group->numbers);
            group->numbers[group->count++] = number_of(rounds, s, i);
        }
    }
}

/* The cells among the next `count` numbers that are still to be measured. */
static struct set make_set(struct wi_bench_rounds *rounds, const struct group *group,
    const unsigned *numbers, size_t count)
{
    struct set set = {.side = side_of(rounds, numbers[0])};
    set.subject = subject_of(group, set.side);
    for (size_t i = 0; i < count; i++) {
        struct wi_bench_cell *cell = cell_of(rounds, numbers[i]);
        if (!cell->over)
            set.cells[set.count++] = cell;
    }
    return set;
}

static int is_tight(const struct wi_bench_rounds *rounds)
{
    return rounds->sides[0].is_tight || (rounds->side_count > 1 && rounds->sides[1].is_tight);
}

size_t wi_bench_rounds_together(const struct wi_bench_rounds *rounds)
{
    int is_single = rounds->side_count > 1 || is_tight(rounds);
    return is_single ? 1 : wi_bench_room_cells(&rounds->room);
}

/* Visits the cells of a group once, in the order of a round or of the look; those that may be timed
 * together at the same time. `is_cold`: each loads the model again. */
static void visit_group(
    struct wi_bench_rounds *rounds, const struct group *group, unsigned order, int is_cold)
{
    unsigned *numbers = wi_alloc(group->count * sizeof *numbers);
    size_t together;
    wi_bench_shuffle(group->numbers, group->count, rounds->sides[0].choice->seed, order);
    memcpy(numbers, group->numbers, group->count * sizeof *numbers);
    for (size_t i = 0; i < group->count && goes_on(rounds); i += together) {
        together = wi_bench_rounds_together(rounds) == 1
                       ? 1
                       : wi_bench_room_gather(
                             &rounds->room, &rounds->sides[0].plan, &numbers[i], group->count - i);
        struct set set = make_set(rounds, group, &numbers[i], together);
        if (set.count > 0 && is_cold)
            wi_bench_unload(&set.side->cli, set.subject);
        if (set.count > 0 && order == LOOK)
            look_at_set(rounds, &set);
        else if (set.count > 0)
            measure_set(rounds, &set, order);
    }
    free(numbers);
}

/* The baseline of `auto` is known when all other cells are over. If the time is up, cells with
 * enough samples count. */
static void finish_rest(struct wi_bench_rounds *rounds, const struct group *group)
{
    for (size_t i = 0; i < group->count && rounds->end == WI_BENCH_DONE; i++) {
        struct wi_bench_cell *cell = cell_of(rounds, group->numbers[i]);
        if (!cell->over && cell->count >= wi_bench_least(rounds->sides[0].choice))
            cell_finish(rounds, side_of(rounds, group->numbers[i]), cell);
    }
}

static void measure_group(struct wi_bench_rounds *rounds, struct group *group)
{
    group_gather(rounds, group);
    for (unsigned round = 0; round < WI_BENCH_ROUNDS && group->count > 0 && goes_on(rounds);
         round++)
        visit_group(rounds, group, round, !group->yardstick && round + 1 < WI_BENCH_COLD);
    finish_rest(rounds, group);
    free(group->numbers);
}

static void measure_yardsticks(struct wi_bench_rounds *rounds, const struct part *part,
    struct wi_bench_subject *subject, enum wi_lab_yardstick when)
{
    if (goes_on(rounds))
        measure_group(rounds, &(struct group){.part = part, .when = when, .yardstick = subject});
}

/* Has the expected answers computed, and looks at the cells of a model. */
static void look_at_subject(struct wi_bench_rounds *rounds, const struct part *part, size_t subject)
{
    struct group group = {.part = part, .when = WI_LAB_YARDSTICKS, .subject = subject};
    for (size_t s = 0; s < rounds->side_count && goes_on(rounds); s++)
        rounds->end = wi_bench_refer(&rounds->sides[s].cli, &rounds->sides[s].subjects[subject]);
    if (wi_bench_rounds_together(rounds) > 1) /* a browser has the model now */
        wi_bench_room_ask(&rounds->room, &rounds->sides[0].cli);
    group_gather(rounds, &group);
    if (group.count > 0 && goes_on(rounds))
        visit_group(rounds, &group, LOOK, 1);
    free(group.numbers);
}

static void measure_subject(struct wi_bench_rounds *rounds, const struct part *part, size_t subject)
{
    measure_group(
        rounds, &(struct group){.part = part, .when = WI_LAB_YARDSTICKS, .subject = subject});
}

/* Whether some cell of a browser (NULL: of any) is still to be measured; one that was looked at, if
 * `is_looked`. */
static int has_left(const struct wi_bench_side *side, const char *browser, int is_looked)
{
    for (size_t i = 0; i < side->plan.count; i++) {
        const struct wi_bench_cell *cell = &side->plan.cells[i];
        if (!cell->over && (!is_looked || cell->took_ms > 0) &&
            (!browser || wi_text_equal(cell->browser, browser)))
            return 1;
    }
    return 0;
}

/* If it is tight, browsers are started when their cells are looked at. */
static size_t count_starts(const struct wi_bench_side *side)
{
    size_t count = 0;
    for (size_t i = 0; i < side->browsers.count && side->is_tight; i++)
        count += has_left(side, side->browsers.items[i], 0) &&
                 !has_left(side, side->browsers.items[i], 1);
    return count;
}

/* Prints how long the rest takes, and the whole run with the starts of browsers. */
static void rounds_announce(struct wi_bench_rounds *rounds)
{
    double left = 0, most = rounds->until_ms - wi_now_ms();
    struct wi_buffer text = {0};
    if (rounds->is_announced || !goes_on(rounds) || !has_left(&rounds->sides[0], NULL, 1))
        return;
    for (size_t s = 0; s < rounds->side_count; s++) {
        const struct wi_bench_side *side = &rounds->sides[s];
        const struct wi_bench_outlook outlook = {.choice = side->choice,
            .together = wi_bench_rounds_together(rounds),
            .starts = count_starts(side),
            .start_ms = side->start_ms};
        left += wi_bench_estimate(&side->plan, &outlook);
    }
    left = fmax(fmin(left, most), 0);
    wi_buffer_puts(&text, rounds->terminal ? "\r\033[K" : "");
    wi_buffer_puts(&text, "webinfer: the first look is done; the rest takes about ");
    wi_table_seconds(&text, left / 1000);
    wi_buffer_puts(&text, ", and the whole run about ");
    wi_table_seconds(&text, (wi_now_ms() - rounds->began_ms + left) / 1000);
    fprintf(stderr, "%s\n", text.text);
    wi_buffer_clear(&text);
    rounds->is_announced = 1;
}

static void measure_part(
    struct wi_bench_rounds *rounds, const struct part *part, struct wi_bench_subject *yardstick)
{
    size_t count = rounds->sides[0].count;
    measure_yardsticks(rounds, part, yardstick, WI_LAB_BEFORE);
    for (size_t i = 0; i < count && goes_on(rounds); i++)
        look_at_subject(rounds, part, i);
    rounds_announce(rounds);
    for (size_t i = 0; i < count && goes_on(rounds); i++) {
        measure_subject(rounds, part, i);
        if (i == (count - 1) / 2)
            measure_yardsticks(rounds, part, yardstick, WI_LAB_BETWEEN);
    }
    measure_yardsticks(rounds, part, yardstick, WI_LAB_AFTER);
}

/* Starts the browser on each side that is tight, unless a run that is resumed has all its cells.
 * Cells that cannot be measured there are finished. */
static void open_browser(struct wi_bench_rounds *rounds, const char *browser)
{
    for (size_t s = 0; s < rounds->side_count && goes_on(rounds); s++) {
        struct wi_bench_side *side = &rounds->sides[s];
        if (!side->is_tight || !has_left(side, browser, 0))
            continue;
        wi_bench_side_open(side, browser);
        for (size_t i = 0; i < side->plan.count && rounds->end == WI_BENCH_DONE; i++) {
            struct wi_bench_cell *cell = &side->plan.cells[i];
            if (!cell->over || cell->kept || !wi_text_equal(cell->browser, browser))
                continue;
            cell->kept = 1;
            cell_finish(rounds, side, cell);
        }
    }
}

/* One browser after the other, so that each is started once. They are listed in the order of the
 * seed. Cells without a browser come last, because `auto` is compared with the others. */
static void measure_by_browser(struct wi_bench_rounds *rounds, struct wi_bench_subject *yardstick)
{
    struct part others = {0};
    for (size_t s = 0; s < rounds->side_count; s++) {
        const struct wi_strings *browsers = &rounds->sides[s].browsers;
        for (size_t i = 0; i < browsers->count && goes_on(rounds); i++) {
            const struct part part = {.browser = browsers->items[i]};
            if (s > 0 && wi_strings_contain(&rounds->sides[0].browsers, part.browser))
                continue;
            open_browser(rounds, part.browser);
            measure_part(rounds, &part, yardstick);
        }
    }
    measure_part(rounds, &others, yardstick);
}

void wi_bench_rounds_measure(struct wi_bench_rounds *rounds)
{
    struct wi_bench_ask ask = {.batch = 1, .request = json_object()};
    struct wi_bench_subject yardstick = {.name = WI_BENCH_YARDSTICK, .asks = &ask, .count = 1};
    const struct part whole = {.is_whole = 1};
    rounds->terminal = wi_cli_progress_begin().terminal;
    rounds->until_ms = wi_now_ms() + (double)rounds->sides[0].choice->all_ms;
    if (is_tight(rounds))
        measure_by_browser(rounds, &yardstick);
    else
        measure_part(rounds, &whole, &yardstick);
    if (rounds->terminal)
        fputs("\r\033[K", stderr);
    json_decref(ask.request);
}
