/*
 * A second opinion: if a joined node reports a failure that would end a client's request, another
 * node is asked before the client is told, preferably one of our sessions. A request gets one
 * second opinion, or none if no node has room now. The client gets the second node's answer, good
 * or bad, or the first node's error if the second has no opinion.
 */
#include "work/job/second.h"

#include "base/log.h"
#include "base/memory.h"
#include "work/job/stream.h"
#include <string.h>

/* Errors about which a joined node may be wrong. An honest node does not report an error that the
 * service checked before it sent the request. Left out are errors that would come out the same at
 * the same cost (a grammar that takes too long), and those for which there is no time (a
 * deadline): they have WI_ENDING_NONE. */
static const unsigned char doubtful[WI_CODE_COUNT] = {
    [WI_INFERENCE_FAILED] = WI_ENDING_REFUSED,
    [WI_MODEL_INVALID] = WI_ENDING_REFUSED,
    [WI_INPUT_UNKNOWN] = WI_ENDING_REFUSED,
    [WI_INPUT_MISSING] = WI_ENDING_REFUSED,
    [WI_INPUT_DATATYPE] = WI_ENDING_REFUSED,
    [WI_INPUT_SIZE] = WI_ENDING_REFUSED,
    [WI_OUTPUT_UNKNOWN] = WI_ENDING_REFUSED,
    [WI_OPERATOR_UNSUPPORTED] = WI_ENDING_UNABLE,
    [WI_PLATFORM_UNSUPPORTED] = WI_ENDING_UNABLE,
    [WI_PRECISION_UNSUPPORTED] = WI_ENDING_UNABLE,
    [WI_MODEL_TOO_LARGE] = WI_ENDING_UNABLE,
    [WI_ANSWER_TOO_LARGE] = WI_ENDING_INPUT,
    [WI_CONTEXT_LENGTH] = WI_ENDING_INPUT,
    [WI_INPUT_SHAPE] = WI_ENDING_INPUT,
    [WI_INPUT_INVALID] = WI_ENDING_INPUT,
    [WI_PICTURE_INVALID] = WI_ENDING_INPUT,
    [WI_PICTURE_TOO_LARGE] = WI_ENDING_INPUT,
    [WI_AUDIO_INVALID] = WI_ENDING_INPUT,
    [WI_AUDIO_TOO_LARGE] = WI_ENDING_INPUT,
};

/* Whether it is for another node to say at all. */
static int may_be_asked(const struct wi_job *job)
{
    const struct wi_inference *asked = job->spec.asked;
    return job->place.joined && !wi_job_is_shadow(job) && !job->jobs->draining &&
           job->jobs->config->pool.max_retries > 0 && !asked->node && !asked->program &&
           !asked->benchmark.runs && !(wi_job_is_committed(job) && wi_job_stream_obstacle(job));
}

/* Sends it there, whose share was taken. 1, or 0 if that cannot be sent anything now. */
static int send_to(struct wi_job *job, const struct wi_choice *choice, const struct wi_error *said)
{
    struct wi_jobs *jobs = job->jobs;
    struct wi_error error;
    memcpy(job->avoid, job->node, sizeof job->avoid);
    job->first_said = wi_alloc(sizeof *job->first_said);
    *job->first_said = *said;
    if (wi_job_dispatch(job, WI_JOB_SECOND, choice, &error) == WI_OK) {
        jobs->clients.counters.retried++;
        wi_info("job", job->spec.id,
            "%s is also asked before the client is told what %s reported: %s", job->node,
            job->avoid, said->detail);
        return 1;
    }
    wi_opinions_end(&jobs->opinions, job->spec.client);
    wi_opinions_excuse(&jobs->opinions, job->spec.client);
    return 0;
}

int wi_job_ask_second(struct wi_job *job, const struct wi_error *error)
{
    struct wi_choice choice = {0};
    struct wi_error ignored;
    enum wi_ending how = (enum wi_ending)doubtful[error->code];
    if (how == WI_ENDING_NONE || !may_be_asked(job) || !wi_job_pick_another(job, 1, &choice) ||
        wi_job_check(job, &choice, &ignored) != WI_OK ||
        !wi_opinions_take(&job->jobs->opinions, job->spec.client))
        return 0;
    wi_job_note_ending(job, how);
    wi_job_note_failure(job, error->detail);
    return send_to(job, &choice, error);
}

void wi_job_finish_unheard(struct wi_job *job, const struct wi_error *error)
{
    wi_job_finish_error(job, job->first_said ? job->first_said : error);
}

void wi_job_hear_second(struct wi_job *job, const char *node_id, struct wi_answer *answer)
{
    const struct wi_jobs_hooks *hooks = &job->jobs->hooks;
    if (answer->ok) {
        wi_opinions_excuse(&job->jobs->opinions, job->spec.client);
        wi_job_complete(job, node_id, answer, 0);
        return;
    }
    if (answer->retryable) { /* it has none */
        wi_job_finish_error(job, job->first_said);
        return;
    }
    if (hooks->on_failed)
        (void)hooks->on_failed(
            hooks->context, wi_job_sent(job), node_id, job->last, &answer->error);
    wi_job_finish_error(job, &answer->error);
}
