/*
 * What models are asked to do, by its kind. What differs between tasks is data: THE table of tasks
 * and the one of the forms of input are in terms/task/table.h.
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
    WI_TASK_NONE, /* tensors as the graph has them, or a picture as model.json says */
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

/* Tasks that a model can do, the usual one first; empty where that is not known. */
struct wi_task_list {
    size_t count;
    enum wi_task_kind items[WI_TASK_COUNT];
};
void wi_task_list_add(struct wi_task_list *list, enum wi_task_kind task); /* once */
int wi_task_list_has(const struct wi_task_list *list, enum wi_task_kind task);
/* Their names, separated by ", ". */
void wi_task_list_print(const struct wi_task_list *list, char *text, size_t size);

/* "chat" …, as nodes know it; NULL for WI_TASK_NONE. */
const char *wi_task_name(enum wi_task_kind task);
/* By that name or by another that clients use; WI_TASK_NONE for a name that is none, or NULL.
 * `conversation`: the input is messages, which tells what "text-generation" means. */
enum wi_task_kind wi_task_of_name(const char *name, int conversation);
/* All those names in `text`, as far as there is room, separated by ", ". */
void wi_task_all_names(char *text, size_t size);
/* What clients send for it, in words for an error: "a string or a list of strings". */
const char *wi_task_takes_words(enum wi_task_kind task);
/* Whether models of that type do it, as far as the type alone can tell. */
int wi_task_is_of(enum wi_task_kind task, enum wi_model_type type);
/* Whether it makes text, which may come in parts. */
int wi_task_generates(enum wi_task_kind task);
/* Whether it is one that makes no text, and so is done after a few runs of a graph: those of a node
 * that has slots for such do not wait for what generates. */
int wi_task_is_short(enum wi_task_kind task);
/* Whether it draws that text at random, and so has the options for it. */
int wi_task_samples(enum wi_task_kind task);
/* Whether what it reads is text alone: its time goes by tokens. */
int wi_task_reads_text(enum wi_task_kind task);
/* Whether every run takes about as long as the last: not where texts, sounds or answers differ in
 * length. */
int wi_task_runs_evenly(enum wi_task_kind task);
/* Whether what it reads always is a person's words, written or spoken, be it beside a picture: see
 * `strangers` in webinferd.conf(5). */
int wi_task_is_private(enum wi_task_kind task);
/* Whether `name` may be among its outputs, the tensors of its answer; those that there are, in
 * words: "embeddings", or "none". */
int wi_task_has_output(enum wi_task_kind task, const char *name);
const char *wi_task_outputs(enum wi_task_kind task);

/* --- options.c ------------------------------------------------------------------------------- */

/* Its options, ended by a row without a name: all that can be said of one alone. `gguf`: those of
 * a model in a GGUF file, whose engine takes others than that of folders. */
const struct wi_param *wi_task_options(enum wi_task_kind task, int gguf);
/* Whether `options` (NULL: none) are among those, within their limits and fit for each other.
 * `where` is what stands before their names in errors: "options." or "". `slots`: the most answers
 * at a time of a language model's engine. WI_OK, WI_UNKNOWN_FIELD or WI_INVALID_FIELD. */
enum wi_code wi_task_check_options(enum wi_task_kind task, int gguf, const json_t *options,
    unsigned slots, const char *where, struct wi_error *error);
/* Whether `name` (may be NULL) is a string that a function may be called by. */
int wi_task_is_tool_name(const json_t *name);

/* --- what an answer says --------------------------------------------------------------------- */

/* How many results a task has whose input and options these are: answers, rows, numbers or lists of
 * labels. 0: the answer may have any number. */
size_t wi_task_count(enum wi_task_kind task, const json_t *input, const json_t *options);
/* Whether the options keep its text to a grammar, whose cost for each token is the request's own.
 */
int wi_task_is_constrained(const json_t *options);
/* Whether they make its tokens take longer than others' in whatever way: a grammar, several
 * answers, tokens that are weighed or told of apart. What it takes then says nothing of other
 * requests. */
int wi_task_is_special(const json_t *input, const json_t *options);
/* What an answer says of its tokens and of the time that they took: an untrusted node's words, of
 * which only is told what can be, each number being 0 where it is not said or cannot be. */
struct wi_text_account {
    int counted, timed;               /* it says something of tokens, and of times */
    double prompt, cached, generated; /* tokens; `cached` of the prompt's were known already */
    double read, read_ms;             /* tokens of the prompt that were not, and reading them */
    double made, made_ms;             /* tokens of the answer after the first, and making them */
};
/* Of `usage` and `timings` of a result, which may be NULL. */
struct wi_text_account wi_task_account(const json_t *result);

/* answer.c: whether `result` (may be NULL) and `outputs` are an answer to such a task with
 * `count` results: WI_OK, or WI_INFERENCE_FAILED with what is wrong. `in_parts`: the text itself
 * came before. */
enum wi_code wi_task_check_answer(enum wi_task_kind task, size_t count, int in_parts,
    const json_t *result, const struct wi_tensors *outputs, struct wi_error *error);
/* The same of its outputs alone, of which names, datatypes and shapes are looked at: what there is
 * of an answer whose result comes later. */
enum wi_code wi_task_check_outputs(
    enum wi_task_kind task, size_t count, const struct wi_tensors *outputs, struct wi_error *error);

#endif
