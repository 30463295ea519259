/* Compares the cells of an earlier run with a choice; see alike.h. */
#include "bench/alike.h"

#include "base/text.h"
#include "cli/text_table.h"
#include <string.h>

/* Whether each of the names is that of some cell. */
static int are_met(const json_t *cells, const char *member, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!wi_json_find(cells, member, names[i]))
            return 0;
    return 1;
}

/* Whether no cell has another name than those. */
static int are_all(const json_t *cells, const char *member, const struct wi_strings *names)
{
    const json_t *cell;
    size_t i;
    json_array_foreach(cells, i, cell)
    {
        const char *name = wi_json_text(cell, member);
        if (name && !wi_strings_contain(names, name))
            return 0;
    }
    return 1;
}

static int has_browsers(const json_t *cells, const struct wi_strings *browsers)
{
    return are_met(cells, "browser", (const char *const *)browsers->items, browsers->count) &&
           are_all(cells, "browser", browsers);
}

/* Yardsticks are left out of `cells`, and so is `auto`, which is no platform of its own. */
static int has_platforms(const json_t *cells, const struct wi_strings *platforms)
{
    static const char *const usual[] = {"wasm", "webgpu", "webnn"};
    if (platforms->count == 0)
        return are_met(cells, "platform", usual, sizeof usual / sizeof *usual);
    return are_met(cells, "platform", (const char *const *)platforms->items, platforms->count) &&
           are_all(cells, "platform", platforms);
}

static size_t count_there(const json_t *cells, const json_t *place)
{
    static const char *const members[] = {"model", "browser", "platform"};
    const json_t *cell;
    size_t i, count = 0;
    json_array_foreach(cells, i, cell)
    {
        size_t same = 0;
        for (size_t k = 0; k < sizeof members / sizeof *members; k++)
            same += wi_text_equal(wi_json_text(cell, members[k]), wi_json_text(place, members[k]));
        count += same == sizeof members / sizeof *members;
    }
    return count;
}

/* The cells that are planned for the place of a cell by that choice: one for each clock, number of
 * threads and so on. */
static size_t count_planned(const struct wi_bench_choice *choice, const json_t *place)
{
    struct wi_bench_plan plan = {0};
    wi_bench_plan_place(&plan, choice,
        &(struct wi_bench_place){.model = wi_json_text(place, "model"),
            .browser = wi_json_text(place, "browser"),
            .platform = wi_json_text(place, "platform"),
            .facts = place});
    size_t count = plan.count;
    wi_bench_plan_clear(&plan);
    return count;
}

/* Whether the places where something was measured have as many cells as are planned, with about as
 * many samples: some are thrown away, and a slow cell gets less. */
static int has_sizes(const json_t *cells, const struct wi_bench_choice *choice)
{
    const json_t *cell;
    size_t i, most = 0;
    json_array_foreach(cells, i, cell)
    {
        size_t samples = json_array_size(json_object_get(cell, "samples_ms"));
        most = samples > most ? samples : most;
        if (wi_json_is(cell, "outcome", "ok") &&
            count_there(cells, cell) != count_planned(choice, cell))
            return 0;
    }
    return most <= (size_t)choice->runs && 2 * most > (size_t)choice->runs;
}

/* The cells of the places, a new reference. */
static json_t *take_cells(const json_t *run)
{
    json_t *cells = json_array(), *cell;
    size_t i;
    json_array_foreach(json_object_get(run, "cells"), i, cell)
    {
        if (!json_object_get(cell, "yardstick") && !wi_json_is(cell, "platform", "auto"))
            json_array_append(cells, cell);
    }
    return cells;
}

int wi_bench_is_alike(
    const json_t *run, const struct wi_bench_choice *choice, const struct wi_strings *browsers)
{
    json_t *cells = take_cells(run);
    int is_alike = has_browsers(cells, browsers) && has_platforms(cells, &choice->platforms) &&
                   has_sizes(cells, choice);
    json_decref(cells);
    return is_alike;
}
