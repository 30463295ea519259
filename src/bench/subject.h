/*
 * A model as webinfer bench asks it: its input, and the answer that others are held against.
 */
#ifndef WI_BENCH_SUBJECT_H
#define WI_BENCH_SUBJECT_H

#include "bench/plan.h"
#include "cli/cli.h"
#include "terms/tensor/tensor.h"

#define WI_BENCH_ASK_MS 60000
/* Beside the runs of a request: a browser that starts, a model that is loaded. */
#define WI_BENCH_LOAD_MS 300000

/* What a model is asked with so many inputs in one. */
struct wi_bench_ask {
    long batch;
    json_t *request; /* owned: `inputs`, `options` and `task` of POST /v1/infer */
    /* What FP32 answers on WASM; without tensors nobody knows, or a task's answer has none. */
    struct wi_tensors reference;
};

/* Free with wi_bench_subject_clear. */
struct wi_bench_subject {
    char *name;
    struct wi_bench_ask *asks; /* owned: one for each batch that can be made */
    size_t count;
};
void wi_bench_subject_clear(struct wi_bench_subject *subject);

/* What comes of a request, beside what is known then. */
enum wi_bench_end {
    WI_BENCH_DONE,
    WI_BENCH_STOPPED, /* ^C came */
    WI_BENCH_LOST,    /* nobody answers any more; what is known is as it was */
};

/* Asks the daemon for a request that stands for clients' of that model, or reads that of --input,
 * and makes one of it for each batch. The subject's name is set. WI_EXIT_OK, or what to exit with,
 * once that was complained of. */
enum wi_exit wi_bench_sample(const struct wi_cli *cli, const struct wi_bench_choice *choice,
    struct wi_bench_subject *subject);
/* NULL: its inputs cannot be put together. */
const struct wi_bench_ask *wi_bench_ask_of(const struct wi_bench_subject *subject, long batch);
/* Has the model's answers in FP32 on WASM computed, which others are judged by. Where there is none
 * the reference stays empty. */
enum wi_bench_end wi_bench_refer(const struct wi_cli *cli, struct wi_bench_subject *subject);
/* 0, or -1: the answer of POST /v1/infer or /v1/benchmark is wrong, and the cell has ended. */
int wi_bench_judge(
    const struct wi_bench_subject *subject, struct wi_bench_cell *cell, const json_t *answer);

/* Takes a member over, unless it says nothing. */
void wi_bench_take(json_t *document, const char *member, const json_t *from);
/* Whether requests are told of: --verbose. */
int wi_bench_is_telling(const struct wi_cli *cli);
/* With it: a line of its own, also where a terminal shows how far it is. */
void wi_bench_tell(const struct wi_cli *cli, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
