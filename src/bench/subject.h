/*
 * A model that webinfer bench measures: its input, and the reference answer that other answers are
 * compared with.
 */
#ifndef WI_BENCH_SUBJECT_H
#define WI_BENCH_SUBJECT_H

#include "bench/bench_plan.h"
#include "bench/patience.h"
#include "cli/cli.h"
#include "terms/tensor/tensor.h"

#define WI_BENCH_ASK_MS 60000
/* Allowed in addition to the runs of a request, for the start of a browser and the load of a
 * model. */
#define WI_BENCH_LOAD_MS 300000

/* The request to a model with that batch size. */
struct wi_bench_ask {
    long batch;
    json_t *request; /* owned: `inputs`, `options` and `task` of POST /v1/infer */
    /* The answer in FP32 on WASM; without tensors if it is unknown, or if the task's answer has
     * none. */
    struct wi_tensors reference;
    json_t *result;  /* owned: what the task made of that answer; NULL: nothing */
    int is_referred; /* the answer was asked for */
};

/* Free with wi_bench_subject_clear. */
struct wi_bench_subject {
    char *name;
    char *title;               /* in results: that of its file if it was sent, or else `name` */
    struct wi_bench_ask *asks; /* owned: one for each batch that can be made */
    size_t count;
};
void wi_bench_subject_clear(struct wi_bench_subject *subject);

/* Asks the daemon for a typical request to the model, or reads the one of --input, and makes a
 * request for each batch from it. The subject's name must be set. WI_EXIT_OK, or the exit status
 * once the error is printed. */
enum wi_exit wi_bench_sample(const struct wi_cli *cli, const struct wi_bench_choice *choice,
    struct wi_bench_subject *subject);
/* NULL: its inputs cannot be put together. */
const struct wi_bench_ask *wi_bench_ask_of(const struct wi_bench_subject *subject, long batch);
/* Computes the model's answers in FP32 on WASM, which other answers are compared with, unless this
 * was done. The reference stays empty if there is no such answer. */
enum wi_bench_end wi_bench_refer(const struct wi_cli *cli, struct wi_bench_subject *subject);
/* 0, or -1 if the answer of POST /v1/infer or /v1/benchmark is wrong, which ends the cell. Its
 * error and what else differs, such as the label, become members of the cell. */
int wi_bench_judge(
    const struct wi_bench_subject *subject, struct wi_bench_cell *cell, const json_t *answer);

/* Copies a member, unless it is missing, null or an empty string. */
void wi_bench_take(json_t *document, const char *member, const json_t *from);
/* Whether requests are reported: --verbose. */
int wi_bench_is_telling(const struct wi_cli *cli);
/* With --verbose: prints a line of its own, also while a terminal shows progress. */
void wi_bench_tell(const struct wi_cli *cli, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
