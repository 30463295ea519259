/*
 * How much webinfer bench does at a time: as many browsers as the daemon keeps and memory takes,
 * and as many timed cells as have cores of their own. What is asked aside, pure.
 */
#ifndef WI_BENCH_ROOM_H
#define WI_BENCH_ROOM_H

#include "bench/plan.h"
#include "cli/cli.h"

#define WI_BENCH_TOGETHER_MAX 16
/* Of each cell that is timed beside others: one for its thread, one for the rest of its browser. */
#define WI_BENCH_CELL_CORES 2

struct wi_bench_room {
    size_t kinds;           /* of browsers that run at the same time; max_connections bounds them */
    long cores;             /* of the machine that they run on; 0: nobody says it */
    uint64_t free_bytes;    /* of memory there; UINT64_MAX: nobody says it */
    uint64_t browser_bytes; /* that the largest of them has; 0: nobody says it */
};
/* Asks the daemon for the browsers that run now. */
void wi_bench_room_ask(struct wi_bench_room *room, const struct wi_cli *cli);
/* How many browsers may work at a time, one at least: as many as fit once more into the memory that
 * is left. */
size_t wi_bench_room_browsers(const struct wi_bench_room *room);
/* How many cells may be timed at a time, one at least. */
size_t wi_bench_room_cells(const struct wi_bench_room *room);
/* Brings those of the plan's cells that may be timed beside the first to the places behind it, and
 * leaves the others in their order: how many there are with the first. That is one for what is not
 * on WASM with one thread by the page's clock: all threads, a GPU and the daemon itself are there
 * once. The yardstick is alone, too. */
size_t wi_bench_room_gather(const struct wi_bench_room *room, const struct wi_bench_plan *plan,
    unsigned *numbers, size_t count);

#endif
