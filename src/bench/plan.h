/*
 * What webinfer bench measures: a cell for each model, browser, platform, precision, clock, number
 * of threads, batch and number of requests at a time; and in which order that is done. Pure.
 */
#ifndef WI_BENCH_PLAN_H
#define WI_BENCH_PLAN_H

#include "base/buffer.h"
#include "base/error.h"
#include "base/memory.h"
#include "cli/arguments.h"
#include "terms/lab/run.h"

#define WI_BENCH_YARDSTICK "builtin/mlp"
#define WI_BENCH_LIST_MAX 16 /* values of an option */

struct wi_bench_counts {
    long items[WI_BENCH_LIST_MAX];
    size_t count;
};

/* What the command line asks for. An empty list is all that there is, of precisions the one that
 * the model's name alone means. Free with wi_bench_choice_clear, also after an error. */
struct wi_bench_choice {
    struct wi_strings browsers, platforms, precisions;
    int one_thread, all_threads; /* of WASM by the page's clock: either or both */
    int by_page, by_client;      /* clocks: either or both */
    int as_it_is, optimized;     /* graphs by the page's clock: either, both, or nobody says it */
    struct wi_bench_counts batches, concurrencies;
    int native;    /* a node of that platform was started for it, as the baseline */
    unsigned runs; /* of a cell */
    int64_t cell_ms, all_ms;
    uint32_t seed;
};
enum wi_code wi_bench_choice_read(
    struct wi_bench_choice *choice, const struct wi_arguments *arguments, struct wi_error *error);
void wi_bench_choice_clear(struct wi_bench_choice *choice);

/* Cells are measured in rounds, in each of them all once, so that what the machine does meanwhile
 * falls upon all; the first WI_BENCH_COLD rounds begin with a fresh load. */
#define WI_BENCH_ROUNDS 4
#define WI_BENCH_COLD 3
#define WI_BENCH_SAMPLES_LEAST 5 /* with fewer a cell is too slow */

/* Times of fresh loads; of more than there is room for the first count. */
struct wi_bench_cold {
    double items[WI_BENCH_COLD];
    size_t count;
};

/* What a request's model wrote, by the client's clock. */
struct wi_bench_writing {
    double ms, first_ms;          /* until the answer was over, and until its first token came */
    double token_ms;              /* a token behind the first; 0: there was none */
    double prompt_tokens, tokens; /* of the prompt, and those that it wrote */
    double read_tokens, read_ms;  /* of the prompt, what was not known from before, and its time */
};

struct wi_bench_cell {
    json_t *document; /* owned: as share/webinfer/lab.schema.json has it, but for its samples */
    unsigned index;   /* in the run */
    /* Borrowed from it. Without a browser any node of the platform will do, and on "auto" any. */
    const char *model, *browser, *platform;
    char *precision; /* owned: what is asked for; NULL: what the model's name alone means */
    enum wi_lab_clock clock;
    long batch, concurrency;
    int over; /* its outcome is known */
    int kept; /* the daemon has it already */
    /* What was measured so far. */
    double *samples;
    size_t count;
    struct wi_bench_cold loads, firsts;
    int writes;     /* its model has written tokens, so that its answers are wanted in parts */
    unsigned asked; /* how many requests it has had of those */
    struct wi_bench_writing *writings;
    size_t writing_count;
    int weighed;     /* the memory of its browser was asked for */
    double spent_ms; /* on its runs */
    double run_ms;   /* the longest of the last runs; 0: there was none */
};

struct wi_bench_plan {
    struct wi_bench_cell *cells; /* owned; `index` is where each lies, unless the run is resumed */
    size_t count;
};
/* Adds a cell as it stands in a run, and takes over `document`. */
struct wi_bench_cell *wi_bench_plan_add(struct wi_bench_plan *plan, json_t *document);
/* Where a model may run. All borrowed. */
struct wi_bench_place {
    const char *model;
    const char *browser;  /* NULL: its nodes are no browsers */
    const char *platform; /* of wi_lab_platform_names */
    const json_t *facts;  /* members that each of its cells has, such as `engine`; may be NULL */
    const char *reason;   /* why nothing can be measured there; NULL: it can */
    enum wi_lab_outcome outcome; /* with a reason */
};
/* Adds the cells of a place: one where nothing can be measured. */
void wi_bench_plan_place(struct wi_bench_plan *plan, const struct wi_bench_choice *choice,
    const struct wi_bench_place *place);
/* Adds one for what the service chooses by itself, if it is asked for more than one place. */
void wi_bench_plan_auto(
    struct wi_bench_plan *plan, const struct wi_bench_choice *choice, const char *model);
/* Adds the yardstick of a browser: builtin/mlp on WASM with one thread. */
void wi_bench_plan_yardstick(
    struct wi_bench_plan *plan, const char *browser, enum wi_lab_yardstick when);
/* Has each cell whose graph runs as it is compared with the one that is otherwise the same. */
void wi_bench_plan_fusion(struct wi_bench_plan *plan);
/* Has each cell compared with the one on `native` that is otherwise the same, where there is one:
 * with as many threads, those of a GPU with one. */
void wi_bench_plan_native(struct wi_bench_plan *plan);
void wi_bench_plan_clear(struct wi_bench_plan *plan);
int wi_bench_is_auto(const struct wi_bench_cell *cell);
int wi_bench_has(const struct wi_bench_cell *cell, enum wi_lab_outcome outcome);
int wi_bench_is_ok(const struct wi_bench_cell *cell);
/* "digits chrome/wasm threads=1 page", for people. */
void wi_bench_put_name(struct wi_buffer *out, const struct wi_bench_cell *cell);
void wi_bench_cold_add(struct wi_bench_cold *cold, double ms);
/* Says how a cell ended; `reason` may be NULL. What was measured goes into its document, but for
 * its samples. */
void wi_bench_cell_end(struct wi_bench_cell *cell, enum wi_lab_outcome outcome, const char *reason);

/* The least number of samples that a cell is ok with. */
size_t wi_bench_least(const struct wi_bench_choice *choice);
/* Puts `count` numbers into the order of that round, which follows from the seed alone. */
void wi_bench_shuffle(unsigned *numbers, size_t count, uint32_t seed, unsigned round);
/* How many samples a cell gets in a round: its share of what is wanted, as far as its time allows;
 * 0 where it has enough, or no time. */
unsigned wi_bench_share(
    const struct wi_bench_choice *choice, const struct wi_bench_cell *cell, unsigned round);

#endif
