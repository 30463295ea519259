/*
 * One stream among the jobs that fixture.h plays the pool for: what its client sees, and what its
 * node sends. For use in one test file each: everything is static.
 */
#ifndef WI_TESTS_UNIT_JOB_ONE_STREAM_H
#define WI_TESTS_UNIT_JOB_ONE_STREAM_H

#include "fixture.h"

/* What the client of the one stream saw. */
static struct {
    uint64_t next, progress;
    char text[256];
    int leaves; /* at its next part */
} seen;

static inline void on_part(
    void *context, const struct wi_job_spec *spec, const struct wi_part *part)
{
    assert_int_equal(part->seq, seen.next);
    assert_int_equal(fixture->answers, 0);
    seen.next++;
    strncat(seen.text, part->text ? part->text : "", part->text_length);
    if (seen.leaves)
        wi_jobs_abandon(fixture->jobs, spec->id);
}

static inline void on_progress(
    void *context, const struct wi_job_spec *spec, const struct wi_progress *progress)
{
    seen.progress++;
}

static inline void open_asking(double timeout_ms, double stall_timeout_ms, json_t *options)
{
    static const struct wi_job_stream stream = {on_part, on_progress};
    struct wi_job_spec spec = {.id = "job-1",
        .asked = ASKED(.model = wi_model_ref(&fixture->model), .timeout_ms = timeout_ms,
            .priority = 9, .options = options, .stream = 1, .stall_timeout_ms = stall_timeout_ms),
        .accepted_at = wi_now_ms()};
    memset(&seen, 0, sizeof seen);
    assert_int_equal(wi_jobs_submit(fixture->jobs, &spec, &stream, on_done, NULL, NULL), WI_OK);
}

static inline void open_with(double timeout_ms, double stall_timeout_ms)
{
    open_asking(timeout_ms, stall_timeout_ms, NULL);
}

static inline void open_stream(void)
{
    open_with(60000, 30000);
}

static inline void bring_from(const char *attempt, uint64_t seq, const char *text)
{
    const struct wi_part part = {
        .seq = seq, .text = text, .text_length = strlen(text), .bytes = strlen(text)};
    events()->on_part(events()->context, attempt, &part);
}

static inline void bring(uint64_t seq, const char *text)
{
    bring_from(fixture->attempt, seq, text);
}

static inline void bring_many(unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        bring(seen.next, "");
}

static inline void end_stream(uint64_t parts)
{
    struct wi_answer answer = {.ok = 1, .parts = parts};
    fixture->room++;
    events()->on_answer(events()->context, fixture->sent_to, fixture->attempt, &answer);
}

static inline void tell_phase(const char *phase)
{
    const struct wi_progress progress = {.phase = phase};
    events()->on_progress(events()->context, fixture->attempt, &progress);
}

static inline void tell_progress(void)
{
    tell_phase("prompt");
}

static inline struct wi_job_counters counters(void)
{
    struct wi_job_counters now;
    wi_jobs_counters(fixture->jobs, &now);
    return now;
}

#endif
