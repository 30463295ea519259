/* Matches the cells of a run with those that are planned now. */
#include "bench/resume.h"
#include "cli/text_table.h"

#include "base/memory.h"
#include <stdlib.h>

#define GONE "the daemon has no such place any more"

static int is_missing(const json_t *value)
{
    return !value || json_is_null(value);
}

static int has_same(const json_t *one, const json_t *other, const char *member)
{
    const json_t *a = json_object_get(one, member), *b = json_object_get(other, member);
    return is_missing(a) || is_missing(b) ? is_missing(a) && is_missing(b) : json_equal(a, b);
}

/* Whether one of them is unknown, or both are the same. */
static int may_have_same(const json_t *one, const json_t *other, const char *member)
{
    return is_missing(json_object_get(one, member)) || is_missing(json_object_get(other, member)) ||
           has_same(one, other, member);
}

/* Whether both are the same cell. A file may have been changed meanwhile. The precision of a cell
 * may have become known only when it ran. */
static int is_same(const json_t *planned, const json_t *kept)
{
    static const char *const members[] = {"model", "browser", "platform", "threads", "batch",
        "concurrency", "clock", "yardstick", "optimization"};
    for (size_t i = 0; i < sizeof members / sizeof *members; i++)
        if (!has_same(planned, kept, members[i]))
            return 0;
    return may_have_same(planned, kept, "hash") &&
           (is_missing(json_object_get(planned, "precision")) ||
               has_same(planned, kept, "precision"));
}

static int was_run(const json_t *kept)
{
    return wi_json_text(kept, "outcome") &&
           !wi_json_is(kept, "outcome", wi_lab_outcome_names[WI_LAB_NOT_RUN]);
}

/* Whether both have the same place and model; a yardstick has only a place. */
static int is_at(const struct wi_bench_cell *cell, const json_t *kept)
{
    return has_same(cell->document, kept, "browser") &&
           has_same(cell->document, kept, "platform") &&
           (wi_json_text(kept, "yardstick") || has_same(cell->document, kept, "model"));
}

struct resuming {
    struct wi_bench_plan *plan;
    size_t planned;         /* cells, before those of the run were added */
    unsigned char *numbers; /* 1 where a cell of the run has that number */
    unsigned char *met;     /* 1 where a planned cell is one of the run */
};

/* A planned cell with the reason why nothing is measured at the place of that cell any more. NULL:
 * there is no such reason. `*is_measured`: some planned cell there has no reason. */
static const struct wi_bench_cell *find_reason(
    const struct resuming *resuming, const json_t *kept, int *is_measured)
{
    const struct wi_bench_cell *found = NULL;
    *is_measured = 0;
    for (size_t i = 0; i < resuming->planned; i++) {
        const struct wi_bench_cell *cell = &resuming->plan->cells[i];
        if (!is_at(cell, kept))
            continue;
        if (wi_json_text(cell->document, "reason"))
            found = cell;
        else
            *is_measured = 1;
    }
    return found;
}

/* A cell of a place where others are measured was excluded by other options, so it stays as it
 * is. */
static void add_gone(struct resuming *resuming, const json_t *kept)
{
    int is_measured;
    const struct wi_bench_cell *why = find_reason(resuming, kept, &is_measured);
    if (is_measured)
        return;
    enum wi_lab_outcome outcome = why ? wi_bench_outcome(why) : WI_LAB_ABSENT;
    const char *reason = why ? wi_json_text(why->document, "reason") : GONE;
    struct wi_bench_cell *cell = wi_bench_plan_add(resuming->plan, json_copy((json_t *)kept));
    cell->index = (unsigned)json_integer_value(json_object_get(kept, "index"));
    wi_bench_cell_end(cell, outcome, reason);
}

/* Drops planned cells that only say that a place cannot be measured, if the run already has cells
 * of that place. */
static void drop_repeated(struct resuming *resuming, const json_t *done)
{
    const json_t *kept;
    size_t k;
    for (size_t i = 0; i < resuming->planned; i++) {
        struct wi_bench_cell *cell = &resuming->plan->cells[i];
        json_array_foreach(done, k, kept) if (cell->over && !resuming->met[i] && is_at(cell, kept))
            cell->kept = 1;
    }
}

/* Whether one of the planned cells is that cell of the run. */
static int cell_meet(struct resuming *resuming, const json_t *kept)
{
    for (size_t i = 0; i < resuming->planned; i++) {
        struct wi_bench_cell *cell = &resuming->plan->cells[i];
        if (resuming->met[i] || !is_same(cell->document, kept))
            continue;
        resuming->met[i] = 1;
        cell->index = (unsigned)json_integer_value(json_object_get(kept, "index"));
        if (was_run(kept)) {
            json_object_set(cell->document, "outcome", json_object_get(kept, "outcome"));
            cell->over = cell->kept = 1;
        }
        return 1;
    }
    return 0;
}

/* A cell that the run does not have keeps its number if that is free, else it gets the first free
 * one. */
static void give_numbers(struct resuming *resuming)
{
    struct wi_bench_cell *cells = resuming->plan->cells;
    unsigned char *moved = wi_alloc(resuming->planned + 1);
    unsigned next = 0;
    for (size_t i = 0; i < resuming->planned; i++) {
        if (resuming->met[i] || cells[i].kept)
            continue;
        moved[i] = resuming->numbers[i];
        resuming->numbers[i] = 1;
    }
    for (size_t i = 0; i < resuming->planned; i++) {
        while (moved[i] && next < WI_LAB_CELLS_MAX && resuming->numbers[next])
            next++;
        if (moved[i])
            cells[i].index = next++;
    }
    free(moved);
}

/* Before this, the baseline of a planned cell is a position in the plan; afterwards it is an
 * index. */
static void mend_baselines(struct resuming *resuming)
{
    for (size_t i = 0; i < resuming->planned; i++) {
        struct wi_bench_cell *cells = resuming->plan->cells;
        const json_t *baseline = json_object_get(cells[i].document, "baseline");
        if (json_is_integer(baseline))
            json_object_set_new(cells[i].document, "baseline",
                json_integer(cells[json_integer_value(baseline)].index));
    }
}

/* Finds which cells of the run are planned; `found` has an entry for each. */
static void meet_all(struct resuming *resuming, const json_t *done, unsigned char *found)
{
    for (size_t k = 0; k < json_array_size(done); k++) {
        const json_t *kept = json_array_get(done, k);
        json_int_t number = json_integer_value(json_object_get(kept, "index"));
        if (number >= 0 && number < WI_LAB_CELLS_MAX)
            resuming->numbers[number] = 1;
        found[k] = (unsigned char)cell_meet(resuming, kept);
    }
}

void wi_bench_resume(struct wi_bench_plan *plan, const json_t *done)
{
    struct resuming resuming = {.plan = plan,
        .planned = plan->count,
        .numbers = wi_alloc(WI_LAB_CELLS_MAX + plan->count + 1),
        .met = wi_alloc(plan->count + 1)};
    unsigned char *found = wi_alloc(json_array_size(done) + 1);
    meet_all(&resuming, done, found);
    drop_repeated(&resuming, done);
    for (size_t k = 0; k < json_array_size(done); k++)
        if (!found[k] && !was_run(json_array_get(done, k)))
            add_gone(&resuming, json_array_get(done, k));
    give_numbers(&resuming);
    mend_baselines(&resuming);
    free(found);
    free(resuming.numbers);
    free(resuming.met);
}
