/* What a request asks for, apart from jobs: whoever plays the queue needs it too. */
#include "job/job.h"

#include "wire/text.h"
#include <stdlib.h>

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

void wi_job_spec_fill(struct wi_job_spec *spec, struct wi_infer *infer, struct wi_model *model)
{
    wi_id_new(spec->id, "job");
    spec->text = wi_text_settle(infer, model);
    spec->client_id = wi_strdup(infer->client_id);
    spec->model = wi_model_ref(model);
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
}
