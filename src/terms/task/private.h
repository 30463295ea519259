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
wi_answer_check_fn wi_answer_text, wi_answer_scores, wi_answer_tokens, wi_answer_fills,
    wi_answer_segments, wi_answer_transcript, wi_answer_speech;

#endif
