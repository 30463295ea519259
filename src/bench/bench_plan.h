/*
 * What webinfer bench measures, and in which order: a cell for each model, browser, platform,
 * precision, clock, number of threads, batch and number of concurrent requests. Pure.
 */
#ifndef WI_BENCH_BENCH_PLAN_H
#define WI_BENCH_BENCH_PLAN_H

#include "base/buffer.h"
#include "base/error.h"
#include "base/memory.h"
#include "cli/arguments.h"
#include "terms/lab/lab_run.h"

#define WI_BENCH_YARDSTICK "builtin/mlp"
#define WI_BENCH_LIST_MAX 16 /* values of an option */

struct wi_bench_counts {
    long items[WI_BENCH_LIST_MAX];
    size_t count;
};

/* The choices of the command line. An empty list means everything available, except that an empty
 * list of precisions means the default one of the model. Free with wi_bench_choice_clear, also
 * after an error. */
struct wi_bench_choice {
    struct wi_strings browsers, platforms, precisions;
    int one_thread, all_threads; /* threads of WASM by the page's clock: either or both */
    int by_page, by_client;      /* clocks: either or both */
    int as_it_is, optimized;     /* graphs by the page's clock: either, both, or not given */
    struct wi_bench_counts batches, concurrencies;
    int native; /* a native node was started as the baseline */
    long runs;  /* of a cell */
    int64_t cell_ms, all_ms;
    uint32_t seed;
};
enum wi_code wi_bench_choice_read(
    struct wi_bench_choice *choice, const struct wi_arguments *arguments, struct wi_error *error);
/* Appends it as options, each after a space, but for the seed; `browsers` in place of its own.
 * Choices by which the same is measured have the same text. */
void wi_bench_choice_print(
    struct wi_buffer *out, const struct wi_bench_choice *choice, const struct wi_strings *browsers);
void wi_bench_choice_clear(struct wi_bench_choice *choice);

/* Each cell is looked at, which is a request with one sample, and then measured in rounds. Each
 * round measures every cell once, so that other load on the machine affects all of them alike. Of
 * the look and the rounds, the first WI_BENCH_COLD begin with a fresh load. */
#define WI_BENCH_ROUNDS 4
#define WI_BENCH_COLD 3
#define WI_BENCH_SLOW_MS 1000    /* a run that takes longer is warm after the first */
#define WI_BENCH_SAMPLES_LEAST 5 /* a cell with fewer is too slow */

/* Times of fresh loads; if there are more than fit, the first count. */
struct wi_bench_cold {
    double items[WI_BENCH_COLD];
    size_t count;
};

/* The text that a model wrote for a request, by the client's clock. */
struct wi_bench_writing {
    double ms, first_ms;          /* until the end of the answer, and until its first token */
    double token_ms;              /* per token after the first; 0: there was none */
    double prompt_tokens, tokens; /* of the prompt, and written */
    double read_tokens, read_ms;  /* the part of the prompt that was not cached, and its time */
};

struct wi_bench_cell {
    json_t *document; /* owned: as in share/webinfer/lab.schema.json, without samples */
    unsigned index;   /* in the run */
    /* Borrowed from the document. Without a browser, any node of the platform will do; on "auto",
     * any node. */
    const char *model, *browser, *platform;
    char *precision; /* owned: as requested; NULL: the model's default */
    enum wi_lab_clock clock;
    long batch, concurrency;
    int over; /* its outcome is known */
    int kept; /* the daemon has it already */
    /* Results so far. */
    double *samples;
    size_t count;
    struct wi_bench_cold loads, firsts;
    int writes;     /* its model has written tokens, so its answers are streamed */
    unsigned asked; /* number of streamed requests so far */
    struct wi_bench_writing *writings;
    size_t writing_count;
    int weighed;     /* the memory of its browser was asked for */
    double spent_ms; /* on its runs */
    double run_ms;   /* the longest of the last runs; 0: there was none */
    double took_ms;  /* all its requests, until their answers */
};

struct wi_bench_plan {
    struct wi_bench_cell *cells; /* owned; by `index`, unless the run is resumed */
    size_t count;
};
/* Adds a cell of a run, and takes over `document`. */
struct wi_bench_cell *wi_bench_plan_add(struct wi_bench_plan *plan, json_t *document);
/* Where a model may run. All borrowed. */
struct wi_bench_place {
    const char *model;           /* its name in results */
    const char *browser;         /* NULL: its nodes are no browsers */
    const char *platform;        /* of wi_lab_platform_names */
    const json_t *facts;         /* members for each of its cells, such as `engine`; may be NULL */
    const char *reason;          /* why nothing can be measured there; NULL: measurable */
    enum wi_lab_outcome outcome; /* with a reason */
};
/* Adds the cells of a place; a place where nothing can be measured gets one. */
void wi_bench_plan_place(struct wi_bench_plan *plan, const struct wi_bench_choice *choice,
    const struct wi_bench_place *place);
/* Adds a cell for the service's own choice of a place, if more than one place was requested. */
void wi_bench_plan_auto(
    struct wi_bench_plan *plan, const struct wi_bench_choice *choice, const char *model);
/* Adds the yardstick of a browser: builtin/mlp on WASM with one thread. */
void wi_bench_plan_yardstick(
    struct wi_bench_plan *plan, const char *browser, enum wi_lab_yardstick when);
/* Compares each cell whose graph is not optimised with the otherwise equal cell. */
void wi_bench_plan_fusion(struct wi_bench_plan *plan);
/* Compares each cell with the otherwise equal cell on `native`, if there is one: the cell with as
 * many threads, or for a GPU the cell with one thread. */
void wi_bench_plan_native(struct wi_bench_plan *plan);
void wi_bench_plan_clear(struct wi_bench_plan *plan);
int wi_bench_is_auto(const struct wi_bench_cell *cell);
/* The outcome of a cell that has one. */
enum wi_lab_outcome wi_bench_outcome(const struct wi_bench_cell *cell);
int wi_bench_has(const struct wi_bench_cell *cell, enum wi_lab_outcome outcome);

/* "digits chrome/wasm threads=1 page", for people. */
void wi_bench_put_name(struct wi_buffer *out, const struct wi_bench_cell *cell);
void wi_bench_cold_add(struct wi_bench_cold *cold, double ms);
/* Ends a cell with an outcome; `reason` may be NULL. The results, except for the samples, go into
 * its document. */
void wi_bench_cell_end(struct wi_bench_cell *cell, enum wi_lab_outcome outcome, const char *reason);

/* The number of samples that a cell needs to be ok. */
size_t wi_bench_least(const struct wi_bench_choice *choice);
/* Puts `count` numbers into the order of that round, which depends only on the seed. */
void wi_bench_shuffle(unsigned *numbers, size_t count, uint32_t seed, unsigned round);
/* The number of samples that a cell gets in a round: its share of the requested number, as far as
 * its time allows; 0 if it has enough samples or no time. */
unsigned wi_bench_share(
    const struct wi_bench_choice *choice, const struct wi_bench_cell *cell, unsigned round);

#endif
