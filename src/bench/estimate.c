/* See estimate.h. */
#include "bench/estimate.h"

#include "base/text.h"
#include "bench/room.h"
#include <math.h>
#include <string.h>

#define GUESS_MS 4000 /* of a cell, if nothing is known of any like it */

static int is_yardstick(const struct wi_bench_cell *cell)
{
    return json_object_get(cell->document, "yardstick") != NULL;
}

/* A fresh load of the cell's model. The first load in a page also starts the engine there, so the
 * shortest load of all its cells is the closest. 0: its place was loaded for another cell. */
static double cell_reload(const struct wi_bench_plan *plan, const struct wi_bench_cell *cell)
{
    double shortest = cell->loads.count > 0 ? cell->loads.items[0] : 0;
    for (size_t i = 0; i < plan->count; i++) {
        const struct wi_bench_cell *other = &plan->cells[i];
        if (other->loads.count > 0 && strcmp(other->model, cell->model) == 0)
            shortest = fmin(shortest, other->loads.items[0]);
    }
    return shortest;
}

/* What is left of a cell with one request so far, round by round. The part of that request's time
 * that is neither load nor run comes again with each. */
static double cell_left(const struct wi_bench_plan *plan, const struct wi_bench_choice *choice,
    const struct wi_bench_cell *cell)
{
    struct wi_bench_cell rest = *cell; /* its counts go on; it owns nothing */
    double load = cell->loads.count > 0 ? cell->loads.items[0] : 0;
    double first = cell->firsts.count > 0 ? cell->firsts.items[0] : 0;
    double beside = fmax(cell->took_ms - load - first - cell->run_ms, 0), left = 0;
    double again = cell_reload(plan, cell) + first;
    int is_warmed = cell->clock == WI_LAB_PAGE && cell->run_ms < WI_BENCH_SLOW_MS;
    for (unsigned round = 0; round < WI_BENCH_ROUNDS; round++) {
        unsigned share = wi_bench_share(choice, &rest, round);
        double runs = share * cell->run_ms / (double)cell->concurrency;
        if (share == 0)
            continue;
        left += beside + runs + (is_warmed ? cell->run_ms : 0) +
                (round + 1 < WI_BENCH_COLD ? again : 0);
        rest.count += share;
        rest.spent_ms += runs;
    }
    return left;
}

/* How much two cells have in common: a yardstick only with another one. */
static int likeness_of(const struct wi_bench_cell *cell, const struct wi_bench_cell *other)
{
    if (is_yardstick(cell) != is_yardstick(other))
        return 0;
    return 1 + (strcmp(cell->model, other->model) == 0) +
           (strcmp(cell->platform, other->platform) == 0) + (cell->clock == other->clock) +
           wi_text_equal(cell->browser, other->browser);
}

/* The mean of the cells that are most like it and of which something is known: what is left of
 * them or, for a yardstick, what they took. */
static double cell_guess(const struct wi_bench_plan *plan, const struct wi_bench_choice *choice,
    const struct wi_bench_cell *cell)
{
    double sum = 0;
    int most = 0, count = 0;
    for (size_t i = 0; i < plan->count; i++) {
        const struct wi_bench_cell *other = &plan->cells[i];
        int likeness = other->took_ms > 0 ? likeness_of(cell, other) : 0;
        if ((!is_yardstick(cell) && other->over) || likeness == 0 || likeness < most)
            continue;
        if (likeness > most)
            sum = count = 0;
        most = likeness;
        count++;
        sum +=
            is_yardstick(cell) ? other->took_ms : other->took_ms + cell_left(plan, choice, other);
    }
    return count > 0 ? sum / count : fmin(GUESS_MS, (double)choice->cell_ms);
}

double wi_bench_estimate(const struct wi_bench_plan *plan, const struct wi_bench_outlook *outlook)
{
    double alone = 0, shared = 0;
    for (size_t i = 0; i < plan->count; i++) {
        const struct wi_bench_cell *cell = &plan->cells[i];
        if (cell->over)
            continue;
        double left = !is_yardstick(cell) && cell->took_ms > 0
                          ? cell_left(plan, outlook->choice, cell)
                          : cell_guess(plan, outlook->choice, cell);
        *(wi_bench_takes_one_core(cell) ? &shared : &alone) += left;
    }
    return alone + shared / (double)(outlook->together > 0 ? outlook->together : 1) +
           (double)outlook->starts * outlook->start_ms;
}
