/* What a request asks for, apart from jobs: whoever plays the queue needs it too. */
#include "job/job.h"

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
