/* Shared by the files of src/terms/task/: the struct that options are read into, and the functions
 * of answer.c that rows name. */
#ifndef WI_TERMS_TASK_PRIVATE_H
#define WI_TERMS_TASK_PRIVATE_H

#include "terms/task/task_table.h"
#include <stdint.h>

/* The options of all tasks, by their names. */
struct wi_task_said {
    int64_t max_tokens, top_k, seed, n, top_logprobs, context, dimensions, top;
    double temperature, top_p, min_p, repeat_penalty, frequency_penalty, presence_penalty;
    double threshold, speed;
    int logprobs, deterministic, truncate, normalize, add_special, multi_label, translate, details;
    int pooling, activation, aggregation, subtask, timestamps;
    const char *grammar, *source_language, *target_language;
    const char *hypothesis_template, *language, *prompt, *speaker;
    json_t *logit_bias, *stop, *tools, *tool_choice, *response_format, *json_schema;
    json_t *chat_template_kwargs, *ignore_labels;
};

/* Functions for `check` of a row. */
enum wi_code wi_answer_text(const struct wi_task_answer *answer, struct wi_error *error);
enum wi_code wi_answer_scores(const struct wi_task_answer *answer, struct wi_error *error);
enum wi_code wi_answer_tokens(const struct wi_task_answer *answer, struct wi_error *error);
enum wi_code wi_answer_fills(const struct wi_task_answer *answer, struct wi_error *error);
enum wi_code wi_answer_segments(const struct wi_task_answer *answer, struct wi_error *error);
enum wi_code wi_answer_transcript(const struct wi_task_answer *answer, struct wi_error *error);
enum wi_code wi_answer_speech(const struct wi_task_answer *answer, struct wi_error *error);

#endif
