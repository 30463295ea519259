/*
 * The queue of jobs, played: it has one job at a time, which is the test's. To be included behind
 * `fixture`, which has the members that are named here. For use in one test file each: everything
 * is static.
 */
#ifndef WI_TESTS_UNIT_ONE_JOB_H
#define WI_TESTS_UNIT_ONE_JOB_H

enum wi_code wi_jobs_admit(const struct wi_jobs *jobs, const char *client, struct wi_error *error)
{
    return fixture->admit == WI_OK ? WI_OK : wi_error_set(error, fixture->admit, NULL, "not now");
}

static enum wi_code one_job_take(
    struct wi_job_spec *spec, wi_job_fn *on_done, void *context, struct wi_error *error)
{
    assert_false(fixture->has_job);
    if (fixture->admit != WI_OK) {
        wi_job_spec_clear(spec);
        return wi_jobs_admit(NULL, NULL, error);
    }
    fixture->submitted++;
    fixture->has_job = 1;
    fixture->spec = *spec;
    fixture->on_done = on_done;
    fixture->context = context;
    return WI_OK;
}

enum wi_code wi_jobs_submit(struct wi_jobs *jobs, struct wi_job_spec *spec,
    const struct wi_job_stream *stream, wi_job_fn *on_done, void *context, struct wi_error *error)
{
    if (stream)
        fixture->hears = *stream;
    fixture->parts = 0;
    fixture->took = (struct wi_credit){0};
    return one_job_take(spec, on_done, context, error);
}

/* Of a job beside the clients': who is told where it goes. */
static wi_job_dispatch_fn *on_dispatch;

enum wi_code wi_jobs_submit_shadow(struct wi_jobs *jobs, struct wi_job_spec *spec,
    wi_job_dispatch_fn *dispatch, wi_job_fn *on_done, void *context, struct wi_error *error)
{
    on_dispatch = dispatch;
    return one_job_take(spec, on_done, context, error);
}

void wi_jobs_took(struct wi_jobs *jobs, const char *job_id, const struct wi_credit *taken)
{
    assert_true(fixture->has_job);
    assert_string_equal(job_id, fixture->spec.id);
    assert_true(taken->parts >= fixture->took.parts && taken->bytes >= fixture->took.bytes);
    fixture->took = *taken;
}

void wi_jobs_abandon(struct wi_jobs *jobs, const char *job_id)
{
    assert_true(fixture->has_job);
    assert_string_equal(job_id, fixture->spec.id);
    fixture->abandoned++;
    fixture->has_job = 0;
    wi_job_spec_clear(&fixture->spec);
}

static inline int is_job(const char *id)
{
    return fixture->has_job && strcmp(id, fixture->spec.id) == 0;
}

/* Its client is told; it may bring another at once. */
static inline void end_job(struct wi_job_result *result)
{
    struct wi_job_spec spec = fixture->spec;
    assert_true(fixture->has_job);
    fixture->has_job = 0;
    fixture->spec = (struct wi_job_spec){0};
    fixture->on_done(fixture->context, &spec, result);
    wi_job_spec_clear(&spec);
}

#endif
