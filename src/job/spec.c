/* What a request asks for, apart from jobs: whoever plays the queue needs it too. */
#include "job/job.h"

#include "wire/text.h"
#include <stdint.h>
#include <stdlib.h>
#include <uv.h>

/* About so many there are in most languages and vocabularies. */
#define BYTES_PER_TOKEN 4.0
/* Few answers come near to a limit that is higher. */
#define ANSWER_TOKENS_MAX 1024

void wi_job_spec_clear(struct wi_job_spec *spec)
{
    free(spec->client);
    free(spec->client_id);
    free(spec->browser);
    free(spec->node);
    free(spec->precision);
    wi_model_unref(spec->model);
    wi_tensors_clear(&spec->tensors);
    json_decref(spec->input);
    json_decref(spec->options);
    wi_strings_clear(&spec->outputs);
    *spec = (struct wi_job_spec){0};
}

/* Text that is drawn at random can only go on elsewhere if it is drawn alike there. */
static void settle_seed(struct wi_job_spec *spec)
{
    const json_t *temperature = json_object_get(spec->options, "temperature");
    uint32_t seed = 0;

    if (!wi_task_samples(spec->task) || json_object_get(spec->options, "seed") ||
        (temperature && json_number_value(temperature) == 0))
        return;
    if (!spec->options)
        spec->options = json_object();
    uv_random(NULL, NULL, &seed, sizeof seed, 0, NULL);
    json_object_set_new(spec->options, "seed", json_integer(seed >> 1));
}

static void foresee_tokens(struct wi_job_spec *spec)
{
    json_int_t limit = json_integer_value(json_object_get(spec->options, "max_tokens"));

    if (wi_task_runs_evenly(spec->task))
        return;
    spec->prompt_tokens = 1; /* tokenizing is nothing beside reading */
    if (wi_task_reads_text(spec->task) && spec->task != WI_TASK_TOKENIZE)
        spec->prompt_tokens += (double)spec->text_bytes / BYTES_PER_TOKEN;
    if (wi_task_generates(spec->task))
        spec->answer_tokens = limit < 1                   ? WI_USUAL_ANSWER_TOKENS
                              : limit < ANSWER_TOKENS_MAX ? (double)limit
                                                          : ANSWER_TOKENS_MAX;
}

void wi_job_spec_fill(struct wi_job_spec *spec, struct wi_infer *infer, struct wi_model *model)
{
    wi_id_new(spec->id, "job");
    spec->task = wi_text_settle(infer, model);
    spec->client_id = wi_strdup(infer->client_id);
    spec->model = wi_model_ref(model);
    wi_model_use(model);
    spec->type = infer->has_type ? infer->type : model->type;
    spec->browser = wi_strdup(infer->browser);
    spec->node = wi_strdup(infer->node);
    spec->precision = wi_strdup(infer->precision);
    spec->has_platform = infer->has_platform;
    spec->platform = infer->platform;
    spec->fallback = infer->fallback;
    spec->priority = infer->priority;
    spec->timeout_ms = wi_infer_timeout_ms(infer, spec->type);
    spec->stream = infer->stream;
    spec->stall_timeout_ms = infer->stall_timeout_ms;
    wi_tensors_move(&spec->tensors, &infer->tensors);
    wi_strings_copy(&spec->outputs, &infer->outputs);
    spec->input = infer->input;
    infer->input = NULL;
    spec->options = infer->options;
    infer->options = NULL;
    settle_seed(spec);
    spec->text_bytes = infer->text_bytes;
    spec->is_private = infer->text_bytes > 0 || wi_task_is_private(spec->task);
    foresee_tokens(spec);
}
