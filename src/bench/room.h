/*
 * How much webinfer bench does at a time: as many browsers as the daemon keeps and memory allows,
 * and as many timed cells as have cores of their own. Pure, except for wi_bench_room_ask.
 */
#ifndef WI_BENCH_ROOM_H
#define WI_BENCH_ROOM_H

#include "bench/bench_plan.h"
#include "cli/cli.h"

#define WI_BENCH_TOGETHER_MAX 16
/* Cores of each cell that is timed together with others: one for its thread, one for the rest of
 * its browser. */
#define WI_BENCH_CELL_CORES 2

struct wi_bench_room {
    size_t kinds;           /* of browsers that run at the same time, within max_connections */
    long cores;             /* of the machine that they run on; 0: unknown */
    uint64_t free_bytes;    /* of memory there; UINT64_MAX: unknown */
    uint64_t browser_bytes; /* memory of the largest of them; 0: unknown */
};
/* Asks the daemon which browsers run now. */
void wi_bench_room_ask(struct wi_bench_room *room, const struct wi_cli *cli);
/* How many browsers may work at a time, at least one: as many as the free memory could hold in
 * addition to those that run. */
size_t wi_bench_room_browsers(const struct wi_bench_room *room);
/* How many cells may be timed at a time, at least one. */
size_t wi_bench_room_cells(const struct wi_bench_room *room);
/* Whether the cell may be timed together with those of other browsers. */
int wi_bench_takes_one_core(const struct wi_bench_cell *cell);
/* Moves the cells that may be timed together with the first one to the positions after it, keeps
 * the order of the others, and returns how many there are, including the first. The number is 1
 * unless the first cell is on WASM with one thread by the page's clock, because the set of all
 * threads, a GPU and the daemon itself exist only once. The yardstick is timed alone, too. */
size_t wi_bench_room_gather(const struct wi_bench_room *room, const struct wi_bench_plan *plan,
    unsigned *numbers, size_t count);

#endif
