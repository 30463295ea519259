/*
 * The kinds of tasks that models can do. All differences between tasks are data: THE table of tasks
 * and the table of the forms of input are in terms/task/task_table.h.
 */
#ifndef WI_TERMS_TASK_TASK_H
#define WI_TERMS_TASK_TASK_H

#include "base/error.h"
#include "base/params.h"
#include "terms/task/limits.h"
#include "terms/task/type.h"
#include "terms/tensor/tensor.h"
#include <jansson.h>

enum wi_task_kind {
    WI_TASK_NONE, /* tensors as the graph takes them, or a picture as model.json says */
    WI_TASK_CHAT,
    WI_TASK_COMPLETE,
    WI_TASK_EMBED,
    WI_TASK_RERANK,
    WI_TASK_TOKENIZE,
    WI_TASK_TEXT_CLASSIFICATION,
    WI_TASK_TOKEN_CLASSIFICATION,
    WI_TASK_FILL_MASK,
    WI_TASK_QUESTION_ANSWERING,
    WI_TASK_ZERO_SHOT_CLASSIFICATION,
    WI_TASK_TEXT2TEXT,
    WI_TASK_TRANSLATION,
    WI_TASK_SUMMARIZATION,
    WI_TASK_IMAGE_CLASSIFICATION,
    WI_TASK_OBJECT_DETECTION,
    WI_TASK_IMAGE_SEGMENTATION,
    WI_TASK_DEPTH_ESTIMATION,
    WI_TASK_IMAGE_FEATURES,
    WI_TASK_SPEECH_RECOGNITION,
    WI_TASK_AUDIO_CLASSIFICATION,
    WI_TASK_TEXT_TO_SPEECH,
    WI_TASK_ZERO_SHOT_IMAGE,
    WI_TASK_ZERO_SHOT_AUDIO,
    WI_TASK_IMAGE_TO_TEXT,
    WI_TASK_DOCUMENT_QUESTION,
    WI_TASK_VISUAL_QUESTION,
    WI_TASK_COUNT
};

/* Tasks that a model can do, the usual one first; empty if unknown. */
struct wi_task_list {
    size_t count;
    enum wi_task_kind items[WI_TASK_COUNT];
};
void wi_task_list_add(struct wi_task_list *list, enum wi_task_kind task); /* adds no duplicates */
int wi_task_list_has(const struct wi_task_list *list, enum wi_task_kind task);
/* Their names, separated by ", ". */
void wi_task_list_print(const struct wi_task_list *list, char *text, size_t size);

/* "chat" …, the name for nodes; NULL for WI_TASK_NONE. */
const char *wi_task_name(enum wi_task_kind task);
/* The task of that name or of another that clients use; WI_TASK_NONE for NULL or an unknown name.
 * `conversation`: the input is messages, which decides the meaning of "text-generation". */
enum wi_task_kind wi_task_of_name(const char *name, int conversation);
/* All these names, separated by ", ", as far as there is room in `text`. */
void wi_task_all_names(char *text, size_t size);
/* The input that clients send, in words for an error: "a string or a list of strings". */
const char *wi_task_takes_words(enum wi_task_kind task);
/* Whether models of that type can do it, as far as the type alone tells. */
int wi_task_is_of(enum wi_task_kind task, enum wi_model_type type);
/* Whether it generates text, which may come in parts. */
int wi_task_generates(enum wi_task_kind task);
/* Whether it generates no text and so ends after a few runs of a graph. On a node with slots for
 * such tasks, they do not wait for tasks that generate. */
int wi_task_is_short(enum wi_task_kind task);
/* Whether it samples that text at random, and so has the options for sampling. */
int wi_task_samples(enum wi_task_kind task);
/* Whether its input is text alone, so that its time depends on the number of tokens. */
int wi_task_reads_text(enum wi_task_kind task);
/* Whether every run takes about the same time; false if texts, sounds or answers differ in
 * length. */
int wi_task_runs_evenly(enum wi_task_kind task);
/* Whether its input always has a person's words, written or spoken, with or without a picture: see
 * `strangers` in webinferd.conf(5). */
int wi_task_is_private(enum wi_task_kind task);
/* Its outputs, the tensors of its answer, in words: "embeddings", or "none". */
const char *wi_task_outputs(enum wi_task_kind task);

/* --- task_options.c --------------------------------------------------------------------------- */

/* Its options, ended by a row without a name: everything that can be said of an option by itself.
 * `gguf`: for a model in a GGUF file, whose engine takes other options than the engine for
 * folders. */
const struct wi_param *wi_task_options(enum wi_task_kind task, int gguf);
/* Whether `options` (NULL: none) are among these, within their limits and compatible with each
 * other. `where` precedes their names in errors: "options." or "". `slots`: the most answers that a
 * language model's engine makes at a time. WI_OK, WI_UNKNOWN_FIELD or WI_INVALID_FIELD. */
enum wi_code wi_task_check_options(enum wi_task_kind task, int gguf, const json_t *options,
    unsigned slots, const char *where, struct wi_error *error);
/* Whether `name` (may be NULL) is a valid name of a function. */
int wi_task_is_tool_name(const json_t *name);

/* --- what an answer says --------------------------------------------------------------------- */

/* The number of results of a task with this input and these options: answers, rows, numbers or
 * lists of labels. 0: the answer may have any number. */
size_t wi_task_count(enum wi_task_kind task, const json_t *input, const json_t *options);
/* Whether the options constrain its text by a grammar, whose cost for each token depends on the
 * request. */
int wi_task_is_constrained(const json_t *options);
/* Whether its tokens take longer than others' for any reason: a grammar, several answers, a bias
 * for tokens, or their log-probabilities. Its time then says nothing about other requests. */
int wi_task_is_special(const json_t *input, const json_t *options);
/* An answer's report of its tokens and their times. The node is not trusted: a number that is
 * missing or impossible becomes 0. */
struct wi_text_account {
    int counted, timed;               /* it reports tokens; it reports times */
    double prompt, cached, generated; /* tokens; `cached` of the prompt's were in the cache */
    double read, read_ms;             /* the prompt's other tokens, and the time to read them */
    double made, made_ms; /* the answer's tokens after the first, and the time to generate them */
};
/* From `usage` and `timings` of a result, which may be NULL. */
struct wi_text_account wi_task_account(const json_t *result);

/* answer.c: whether `result` (may be NULL) and `outputs` are an answer to such a task with `count`
 * results. WI_OK, or WI_INFERENCE_FAILED with the problem. `in_parts`: the text itself came
 * earlier, in parts. */
enum wi_code wi_task_check_answer(enum wi_task_kind task, size_t count, int in_parts,
    const json_t *result, const struct wi_tensors *outputs, struct wi_error *error);
/* The same for the outputs alone, whose names, datatypes and shapes are checked: for an answer
 * whose result comes later. */
enum wi_code wi_task_check_outputs(
    enum wi_task_kind task, size_t count, const struct wi_tensors *outputs, struct wi_error *error);

#endif
