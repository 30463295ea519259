/*
 * webinfer-simulate: many nodes in one process that compute nothing and say so, for tests of load
 * and faults. They speak webinfer-protocol(7) through nodes/node/worker.h.
 *
 *   main.c, options.c    the program
 *   run.c                all nodes: ramp, timers, figures
 *   simulated_task.c               what becomes of a task, by lot
 *   simulated_answer.c             what is answered: tensors, and what only has the right form
 *   simulated_text.c               what is answered where words are wanted
 *   model.c              shapes of tensors
 */
#ifndef WI_SIMULATE_SIMULATE_H
#define WI_SIMULATE_SIMULATE_H

#include "nodes/node/worker.h"
#include "simulate/options.h"
#include "terms/task/task.h"
#include <uv.h>

struct sim_counters {
    uint64_t answered, failed, dropped, late, duplicated, cut, streams, continued;
};

#define SIM_SIGNALS 4 /* that end it, that pause the nodes, and that resume them */

struct sim {
    const struct sim_options *options;
    struct wi_worker_service service;
    struct wi_timer *ramp, *beat, *over;
    uv_signal_t signals[SIM_SIGNALS];
    struct wi_worker **workers; /* options->nodes of them */
    size_t started, leaving;
    size_t turned_away;       /* at the end */
    struct sim_model *models; /* list */
    struct sim_counters counters;
    double began, all_up_ms;
    double busy_until; /* of the node that was looked at last, of wi_now_ms() */
    int ending, announced, complained;
};

/* --- run.c ----------------------------------------------------------------------------------- */

/* Runs the nodes until the end; 0, or -1 if none of them could come in. */
int wi_sim_run(const struct sim_options *options);

/* --- simulated_task.c ------------------------------------------------------------------------ */

void wi_sim_take_task(struct wi_worker_task *task, const struct wi_worker_request *request);
void wi_sim_go_on(struct wi_worker_task *task);
void wi_sim_cancel_task(struct wi_worker_task *task);
void wi_sim_end_task(struct wi_worker_task *task);
/* Notes a model as loaded, once. */
void wi_sim_note_model(struct wi_worker *worker, const json_t *model);
/* Notes all versions of the model of that name as not loaded. */
void wi_sim_drop_model(struct wi_worker *worker, const char *name);

/* --- simulated_answer.c ---------------------------------------------------------------------- */

/* The task of a request; WI_TASK_NONE: it names none. */
enum wi_task_kind wi_sim_task_kind(const struct wi_worker_request *request);
/* The whole answer. Its outputs and its result are the caller's to clear. */
void wi_sim_answer(
    struct sim *sim, const struct wi_worker_request *request, struct wi_worker_answer *answer);

/* --- simulated_text.c ------------------------------------------------------------------------ */

/* A chat or a completion: a list of its parts without their numbers, and its result. With `stream`
 * the result has only what the parts do not have. New references. */
json_t *wi_sim_text_speak(
    const struct wi_worker_request *request, double token_ms, int stream, json_t **result);
size_t wi_sim_text_words(const char *text);
/* The numbers of a text's words, as a list. A new reference. */
json_t *wi_sim_text_tokens(const char *text, int add_special);
/* The same for the text of messages. */
json_t *wi_sim_text_read(const json_t *messages);
/* The share of the query's words that a document has. */
double wi_sim_text_score(const char *query, const char *document);

/* --- model.c --------------------------------------------------------------------------------- */

/* The requested outputs of the request's model, filled with zeros. WI_OK, or why they cannot be
 * known. */
enum wi_code wi_sim_model_outputs(struct sim *sim, const struct wi_worker_request *request,
    struct wi_tensors *outputs, struct wi_error *error);
/* Whether an output is in the list of requested ones; an empty list or none means all. */
int wi_sim_model_wants(const json_t *wanted, const char *name);
void wi_sim_models_free(struct sim *sim);

#endif
