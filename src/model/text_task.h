/*
 * What is done with text, whatever dialect it was asked for in, and what a right answer to each
 * looks like: the forms of webinfer-inputs(7).
 */
#ifndef WI_MODEL_TEXT_TASK_H
#define WI_MODEL_TEXT_TASK_H

#include "base/error.h"
#include "model/tensor.h"
#include <jansson.h>

enum wi_text_task {
    WI_TEXT_NONE,     /* tensors, or a picture */
    WI_TEXT_CHAT,     /* {"messages": […]} → an answer */
    WI_TEXT_COMPLETE, /* {"prompt": string} → how it goes on */
    WI_TEXT_EMBED,    /* {"texts": [string…]} → a row of numbers for each */
    WI_TEXT_RERANK, /* {"query": string, "documents": [string…]} → a number for each document */
    WI_TEXT_TOKENIZE, /* {"text": string, "add_special": bool} → its tokens */
    WI_TEXT_TASK_COUNT
};
/* "chat" …; NULL for WI_TEXT_NONE. */
const char *wi_text_task_name(enum wi_text_task task);
/* WI_TEXT_NONE for a name that is none, or NULL. */
enum wi_text_task wi_text_task_of_name(const char *name);
/* Whether it makes text, which may come in parts. */
int wi_text_task_generates(enum wi_text_task task);

/* How many results a task has whose input and options these are: answers, rows or numbers. */
size_t wi_text_task_count(enum wi_text_task task, const json_t *input, const json_t *options);
/* What an answer says of its tokens and of the time that they took: an untrusted node's words, of
 * which only is told what can be, each number being 0 where it is not said or cannot be. */
struct wi_text_account {
    int counted, timed;               /* it says something of tokens, and of times */
    double prompt, cached, generated; /* tokens; `cached` of the prompt's were known already */
    double read, read_ms;             /* tokens of the prompt that were not, and reading them */
    double made, made_ms;             /* tokens of the answer, and making them */
};
/* More tokens than any context has. */
#define WI_TOKENS_MAX 1e7
/* Of `usage` and `timings` of a result, which may be NULL. */
struct wi_text_account wi_text_task_account(const json_t *result);

/* Whether `result` (may be NULL) and `outputs` are an answer to such a task with `count` results:
 * WI_OK, or WI_INFERENCE_FAILED with what is wrong. `in_parts`: the text itself came before. */
enum wi_code wi_text_task_check_answer(enum wi_text_task task, size_t count, int in_parts,
    const json_t *result, const struct wi_tensors *outputs, struct wi_error *error);

#endif
