/*
 * What webinfer bench asks the daemon for a cell, and what the answers say of it. Blocks.
 */
#ifndef WI_CLI_COMMANDS_BENCH_MEASURE_H
#define WI_CLI_COMMANDS_BENCH_MEASURE_H

#include "cli/cli.h"
#include "cli/commands/bench/plan.h"
#include "tensor/tensor.h"

/* What a model is asked with so many inputs in one. */
struct wi_bench_ask {
    long batch;
    json_t *request; /* owned: `inputs`, `options` and `task` of POST /v1/infer */
    /* What FP32 answers on WASM; without tensors nobody knows, or a task's answer has none. */
    struct wi_tensors reference;
};

/* A model as it is asked. Free with wi_bench_subject_clear. */
struct wi_bench_subject {
    char *name;
    struct wi_bench_ask *asks; /* owned: one for each batch that can be made */
    size_t count;
};
void wi_bench_subject_clear(struct wi_bench_subject *subject);

struct wi_bench_measure {
    const struct wi_cli *cli;
    const struct wi_bench_choice *choice;
};

/* What comes of a measurement, beside what the cell has then. */
enum wi_bench_end {
    WI_BENCH_DONE,
    WI_BENCH_STOPPED, /* ^C came */
    WI_BENCH_LOST,    /* nobody answers any more; the cell is as it was */
};

/* Asks the daemon for a request that stands for clients' of that model, or reads that of --input,
 * and makes one of it for each batch. The subject's name is set. WI_EXIT_OK, or what to exit with,
 * once that was complained of. */
enum wi_exit wi_bench_sample(const struct wi_cli *cli, const struct wi_bench_choice *choice,
    struct wi_bench_subject *subject);
/* Has the model's answers in FP32 on WASM computed, which others are judged by. Where there is none
 * the reference stays empty. */
enum wi_bench_end wi_bench_refer(
    const struct wi_bench_measure *measure, struct wi_bench_subject *subject);
/* Waits for a daemon that went away: whether it answers again within 30 s. */
int wi_bench_await(const struct wi_bench_measure *measure);
/* Has all pages give the model back, so that the next run loads it afresh. */
void wi_bench_unload(
    const struct wi_bench_measure *measure, const struct wi_bench_subject *subject);
/* Adds `share` samples to the cell, at least one; what cannot be measured ends it. */
enum wi_bench_end wi_bench_measure(const struct wi_bench_measure *measure,
    const struct wi_bench_subject *subject, struct wi_bench_cell *cell, unsigned share);

/* Takes a member over, unless it says nothing. */
void wi_bench_take(json_t *document, const char *member, const json_t *from);
/* What a code of a problem document says of a cell. */
enum wi_lab_outcome wi_bench_outcome_of(const char *code);

#endif
