/* From a job's result to what a dialect prints. */
#include "job/outcome.h"

static const char *numerics_word(enum wi_verdict verdict)
{
    return verdict == WI_TRUSTED ? "ok" : verdict == WI_WRONG ? "wrong" : "unchecked";
}

void wi_job_outcome(struct wi_outcome *outcome, const struct wi_job_spec *spec,
    struct wi_job_result *result, const struct wi_node_info *node)
{
    struct wi_answer *answer = result->answer;
    const struct wi_refusal *refusal = &result->refusal;
    *outcome = (struct wi_outcome){
        .id = spec->asked->client_id ? spec->asked->client_id : spec->id,
        .model_name = spec->asked->model->name,
        .type = spec->asked->type,
        .node = result->node,
        .browser = node ? node->kind : NULL,
        .browser_version = node ? node->browser_version : NULL,
        .joined = node && !*node->session,
        .refused_platform = refusal->given ? wi_platform_names[refusal->platform] : NULL,
        .refused_reason = refusal->reason,
        .numerics = numerics_word(result->numerics),
        .executed_on = answer->executed_on,
        .result = answer->result,
        .account = answer->account,
        .outputs = &answer->outputs,
        .queue_ms = result->queue_ms,
        .load_ms = answer->load_ms,
        .inference_ms = answer->inference_ms,
        .total_ms = result->total_ms,
        .first_part_ms = result->first_part_ms,
        .waited_for_client_ms = answer->waited_for_client_ms,
        .parts = answer->parts,
        .attempts = result->attempts,
        .batch = result->batch,
        .warm = answer->warm,
        .model_bytes = wi_manifest_bytes(&spec->asked->model->manifest),
    };
}
