/* A job before it is one, apart from jobs: whoever plays the queue needs it too. */
#include "job/job.h"

#include <stdlib.h>

void wi_job_spec_clear(struct wi_job_spec *spec)
{
    free(spec->client);
    wi_inference_release(spec->asked);
    *spec = (struct wi_job_spec){0};
}
