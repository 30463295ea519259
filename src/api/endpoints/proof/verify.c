/*
 * POST /v1/admin/verify: nodes show what they are (owners/proof/proof.h). The answer comes at the
 * end, whole or as the event `done`, before which `progress` says how far it is. A client that
 * leaves ends it.
 */
#include "api/endpoints/endpoints.h"
#include "api/endpoints/openapi.h"

#include "api/endpoints/progress_answer.h"
#include "api/endpoints/stream_endpoint.h"
#include "base/memory.h"
#include "base/params.h"
#include "wire/describe/schemas.h"
#include <stdlib.h>

/* --- as JSON ---------------------------------------------------------------------------------- */

static json_t *adapter_json(const struct wi_evidence *evidence)
{
    const struct wi_adapter *adapter = &evidence->adapter;
    if (!evidence->has_adapter)
        return NULL;
    return wi_form_json("Adapter", adapter->vendor, adapter->architecture, adapter->description,
        adapter->is_fallback);
}

static json_t *challenges_json(const struct wi_evidence *evidence)
{
    json_t *out = json_array();
    for (size_t i = 0; i < WI_CHALLENGES; i++) {
        const struct wi_challenge_result *result = &evidence->challenges[i];
        if (result->answered)
            json_array_append_new(out,
                json_pack("{s:i, s:f, s:o, s:b}", "n", (int)wi_challenge_sizes[i], "ms", result->ms,
                    "wasm_ms", result->wasm_ms > 0 ? json_real(result->wasm_ms) : json_null(),
                    "right", result->right));
    }
    return out;
}

static json_t *evidence_json(const struct wi_evidence *evidence)
{
    json_t *wrong = json_array();
    for (size_t i = 0; i < evidence->kernels_wrong_count; i++)
        json_array_append_new(wrong, json_string(evidence->kernels_wrong[i]));
    return wi_form_json("Evidence", adapter_json(evidence), challenges_json(evidence),
        json_pack("{s:I, s:o}", "tried", (json_int_t)evidence->kernels_tried, "wrong", wrong),
        evidence->joined);
}

static void add_row(void *context, const struct wi_proof_row *row)
{
    const struct wi_evidence *evidence = row->evidence;
    const char *platform = row->platform >= 0 ? wi_platform_names[row->platform] : NULL;
    json_array_append_new(
        context, wi_form_json("VerifiedPlatform", row->node, row->browser, platform,
                     wi_proof_names[row->verdict], *evidence->reason ? evidence->reason : NULL,
                     evidence_json(evidence)));
}

/* --- who waits -------------------------------------------------------------------------------- */

struct verifying {
    struct wi_progress_answer *answer;
    struct wi_proof_order *order;
};

static void free_verifying(void *work)
{
    struct verifying *verifying = work;
    wi_proof_order_abandon(verifying->order);
    free(verifying);
}

static void on_progress(void *context, size_t steps)
{
    struct verifying *verifying = context;
    wi_progress_answer_step(verifying->answer, wi_form_json("VerifyProgress", steps));
}

static void on_done(void *context)
{
    struct verifying *verifying = context;
    json_t *rows = json_array();
    wi_proof_order_each(verifying->order, add_row, rows);
    verifying->order = NULL; /* it is over */
    wi_progress_answer_done(verifying->answer, wi_form_json("Verified", rows));
    free_verifying(verifying);
}

/* --- the endpoint ----------------------------------------------------------------------------- */

struct wanted {
    const char *node, *browser;
    json_t *platforms;
};

const struct wi_param wi_verify_params[] = {
    WI_PARAM(wanted, node, STRING, .min = 1, .max = WI_ID_SIZE - 1,
        .help = "Only this node; all by default."),
    WI_PARAM(wanted, browser, STRING, .min = 1, .max = 31, .help = "Only browsers of this kind."),
    WI_PARAM(wanted, platforms, ARRAY, .min = 1, .max = WI_PLATFORM_COUNT, .form = "[Platform]",
        .help = "Only these platforms; by default, all platforms on which kernels run."),
    WI_PARAM_END,
};

static void allow_platforms(struct wi_error *error)
{
    struct wi_buffer names = {0};
    for (int i = 0; i < WI_PLATFORM_COUNT; i++)
        if (wi_engine_platforms(WI_ENGINE_KERNELS) & 1u << i)
            wi_buffer_strings(&names, names.size ? ", " : "", wi_platform_names[i], NULL);
    wi_error_allow(error, "%s", names.text);
    wi_buffer_clear(&names);
}

static enum wi_code read_platforms(const json_t *list, unsigned *platforms, struct wi_error *error)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        int platform = wi_platform_of_name(json_string_value(json_array_get(list, i)));
        if (platform >= 0 && wi_engine_platforms(WI_ENGINE_KERNELS) & 1u << platform) {
            *platforms |= 1u << platform;
            continue;
        }
        wi_error_set(error, WI_INVALID_FIELD, "platforms",
            "platforms[%zu] is not a platform on which kernels run", i);
        allow_platforms(error);
        return WI_INVALID_FIELD;
    }
    return WI_OK;
}

void wi_handle_verify(struct wi_request *request)
{
    struct wi_error error;
    struct wanted wanted = {0};
    struct verifying *verifying;
    json_t *body;
    if (!request->api->deps.proof) {
        wi_request_answer_refusal(
            request, WI_NOT_IMPLEMENTED, NULL, "this daemon examines no nodes");
        return;
    }
    if (!(body = wi_request_read_body(request, wi_verify_params, &wanted)))
        return;
    verifying = wi_alloc(sizeof *verifying);
    struct wi_proof_want want = {.node = wanted.node,
        .browser = wanted.browser,
        .context = verifying,
        .on_progress = on_progress,
        .on_done = on_done};
    if (read_platforms(wanted.platforms, &want.platforms, &error) == WI_OK &&
        wi_run_check_browser(&request->api->endpoints->runs, wanted.browser, &error) == WI_OK)
        verifying->order = wi_proof_order(request->api->deps.proof, &want, &error);
    json_decref(body);
    if (verifying->order) {
        verifying->answer = wi_progress_answer_new(
            request, wi_api_stream_is_accepted(request), free_verifying, verifying);
        return;
    }
    free(verifying);
    wi_request_answer_error(request, &error);
}
