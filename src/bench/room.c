/* Which cells do not disturb each other; see room.h. */
#include "bench/room.h"

#include "bench/bench_keep.h"
#include "browser/headroom.h"
#include "cli/pages.h"
#include <string.h>

static json_int_t integer_of(const json_t *object, const char *member)
{
    return json_integer_value(json_object_get(object, member));
}

/* Counts the kinds of sessions that have a page, and takes the memory of the largest one. */
static void take_sessions(struct wi_bench_room *room, const json_t *sessions)
{
    struct wi_strings kinds = {0};
    const json_t *row;
    size_t i;
    json_array_foreach(sessions, i, row)
    {
        const char *kind = wi_json_text(row, "kind");
        uint64_t bytes = (uint64_t)integer_of(row, "memory_bytes");
        if (!kind || !json_is_string(json_object_get(row, "node")))
            continue;
        if (!wi_strings_contain(&kinds, kind))
            wi_strings_add(&kinds, kind);
        if (bytes > room->browser_bytes)
            room->browser_bytes = bytes;
    }
    room->kinds = kinds.count;
    wi_strings_clear(&kinds);
}

/* Takes the number of cores that one of our browsers reports, if it is the smallest. */
static void take_cores(struct wi_bench_room *room, const json_t *node)
{
    long cores = (long)integer_of(node, "cores");
    if (json_is_string(json_object_get(node, "session")) && cores > 0 &&
        (room->cores == 0 || cores < room->cores))
        room->cores = cores;
}

void wi_bench_room_ask(struct wi_bench_room *room, const struct wi_cli *cli)
{
    struct wi_headroom headroom = {.available = UINT64_MAX};
    struct wi_pages nodes = {.cli = cli, .path = "/v1/nodes", .member = "nodes", .quiet = 1};
    json_t *status = wi_cli_get(cli, "/v1/status", NULL);
    const json_t *node;
    *room = (struct wi_bench_room){0};
    take_sessions(room, json_object_get(status, "sessions"));
    while ((node = wi_pages_row(&nodes)))
        take_cores(room, node);
    wi_pages_close(&nodes);
    if (wi_bench_keep_is_here(cli))
        wi_headroom_read("/", &headroom);
    room->free_bytes = headroom.available;
    json_decref(status);
}

static size_t count_bounded(size_t most, uint64_t bound)
{
    most = bound < most ? (size_t)bound : most;
    return most > 0 ? most : 1;
}

size_t wi_bench_room_browsers(const struct wi_bench_room *room)
{
    size_t most = count_bounded(WI_BENCH_TOGETHER_MAX, room->kinds);
    return room->browser_bytes > 0 ? count_bounded(most, room->free_bytes / room->browser_bytes)
                                   : most;
}

size_t wi_bench_room_cells(const struct wi_bench_room *room)
{
    return count_bounded(wi_bench_room_browsers(room), (uint64_t)room->cores / WI_BENCH_CELL_CORES);
}

int wi_bench_takes_one_core(const struct wi_bench_cell *cell)
{
    return cell->browser && cell->clock == WI_LAB_PAGE && strcmp(cell->platform, "wasm") == 0 &&
           json_integer_value(json_object_get(cell->document, "threads")) == 1 &&
           !json_object_get(cell->document, "yardstick");
}

/* Whether the cell may be timed together with all of those. */
static int cell_fits(const struct wi_bench_plan *plan, const unsigned *numbers, size_t count,
    const struct wi_bench_cell *cell)
{
    if (cell->over || !wi_bench_takes_one_core(cell))
        return 0;
    for (size_t i = 0; i < count; i++) {
        const struct wi_bench_cell *other = &plan->cells[numbers[i]];
        if (other->batch != cell->batch || strcmp(other->browser, cell->browser) == 0)
            return 0;
    }
    return 1;
}

size_t wi_bench_room_gather(const struct wi_bench_room *room, const struct wi_bench_plan *plan,
    unsigned *numbers, size_t count)
{
    size_t most = wi_bench_room_cells(room), gathered = 1;
    if (!cell_fits(plan, NULL, 0, &plan->cells[numbers[0]]))
        return 1;
    for (size_t i = 1; i < count && gathered < most; i++) {
        unsigned number = numbers[i];
        if (!cell_fits(plan, numbers, gathered, &plan->cells[number]))
            continue;
        memmove(&numbers[gathered + 1], &numbers[gathered], (i - gathered) * sizeof *numbers);
        numbers[gathered++] = number;
    }
    return gathered;
}
