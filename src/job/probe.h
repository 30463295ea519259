/*
 * The numerics guard, and runs beside the client's path. After a client was answered, the same
 * inputs may run once more on another platform: to compare an accelerated platform with WASM, or to
 * measure it. The client never waits for it, and it gives way to clients: it is only begun when
 * nothing waits, and dispatched when nothing else can be.
 */
#ifndef WI_JOB_PROBE_H
#define WI_JOB_PROBE_H

#include "job/job.h"

struct wi_probes;
/* `jobs` and `config` must outlive it. */
struct wi_probes *wi_probes_new(
    uv_loop_t *loop, struct wi_jobs *jobs, const struct wi_config *config);
void wi_probes_start(struct wi_probes *probes, struct wi_pool *pool);
void wi_probes_reload(struct wi_probes *probes, const struct wi_config *config);
/* Begins none any more. Those under way end with their jobs. */
void wi_probes_stop(struct wi_probes *probes);
void wi_probes_free(struct wi_probes *probes); /* NULL is fine */

/* A job of a client has an answer, which is still whole: fills `result->numerics`, and begins the
 * run beside it that `wish` or the guard itself wants. */
void wi_probes_answered(struct wi_probes *probes, const struct wi_job_spec *spec,
    const struct wi_probe *wish, struct wi_job_result *result);
/* A background job, `context` its own, goes to that node, which may be gone when it ends. */
void wi_probes_dispatched(void *context, const struct wi_job_spec *spec, const char *node_id);
/* A node's answer to any job is `error`, and `last` was the last platform that it tried. Notes what
 * WASM says of the model. Returns 1 if it had not the memory, so that another platform may do. */
int wi_probes_failed(struct wi_probes *probes, const struct wi_job_spec *spec, const char *node_id,
    enum wi_platform last, const struct wi_error *error);
/* A job that names a platform is about to go to that node. WI_OK, or what WASM says of a model that
 * it refuses: then that is the answer, whatever else would load it. */
enum wi_code wi_probes_check(const struct wi_probes *probes, const struct wi_job_spec *spec,
    const char *node_id, struct wi_error *error);

void wi_probes_counters(const struct wi_probes *probes, struct wi_probe_counters *counters);

#endif
