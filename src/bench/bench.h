/* Measuring models wherever they can run: the command `bench` of the client. */
#ifndef WI_BENCH_BENCH_H
#define WI_BENCH_BENCH_H

#include "bench/room.h"
#include "bench/side.h"

/* Runs the parsed command and returns its exit status. */
enum wi_exit wi_bench(struct wi_cli *cli);

/* --suite: has the daemon of `side`, whose model directory is `folder`, run ONNX's tests of its
 * operators at the chosen places, and compares the outputs with the expected ones. No time is
 * measured. Uses only what wi_bench_side_browsers does. Prints the number of tests with each
 * outcome, and the operators that are not right everywhere. Nothing is stored, because a cell that
 * is ok would need times. WI_EXIT_FAILED if something is wrong. */
enum wi_exit wi_bench_suite(
    struct wi_bench_side *side, const char *folder, const struct wi_strings *names);

/* Measures the cells in rounds, in an order that follows from the seed. Cells that do not disturb
 * each other are measured at the same time, with the yardstick before, between and after. If a side
 * is tight, all this is done in one browser after the other. Set the first members. */
struct wi_bench_rounds {
    /* This daemon, and that of --against: two are measured in one order, one cell at a time. */
    struct wi_bench_side sides[2];
    size_t side_count;
    size_t live;               /* cells to measure */
    size_t done;               /* of those */
    struct wi_bench_room room; /* known only with one side */
    double began_ms;           /* of the command, before browsers are started */
    double until_ms;
    int is_announced;      /* how long it takes was printed */
    enum wi_bench_end end; /* why it ended, if cells were left and there was time */
    int terminal;
};
/* The most cells that are measured at a time. */
size_t wi_bench_rounds_together(const struct wi_bench_rounds *rounds);
/* Each cell that has ended is stored at once and reported on standard error. Once each cell was
 * looked at, or if a side is tight those of the first browser, it prints how long the rest and the
 * whole run take. */
void wi_bench_rounds_measure(struct wi_bench_rounds *rounds);

/* Adds the options of the preset that --preset names, if it is given: a named set of options, over
 * which those of the command line take precedence. WI_OK, or WI_BAD_REQUEST for an unknown name. */
enum wi_code wi_bench_preset_take(struct wi_arguments *arguments, struct wi_error *error);
/* Whether --url or $WEBINFER_URL names the daemon to measure. */
int wi_bench_names_daemon(const struct wi_arguments *arguments);
/* Has the daemon verify the nodes that compute on WebGPU in those browsers (an empty list: in all),
 * and prints a line for each place on standard error. A failed verification stops nothing, because
 * the cells show what is wrong. */
void wi_bench_preset_verify(const struct wi_cli *cli, const struct wi_strings *browsers);

#endif
