/*
 * What runs of the guard and cross-checks share: an answer as one of two to compare, what counts as
 * the same, what a page's answer says of itself, and whose WASM is the measure.
 */
#include "owners/check/private.h"

void wi_check_clear_leg(struct wi_check_leg *leg)
{
    wi_tensors_clear(&leg->outputs);
    *leg = (struct wi_check_leg){0};
}

void wi_check_fill_leg(struct wi_check_leg *leg, const struct wi_node_info *node,
    const json_t *result, const struct wi_tensors *outputs)
{
    leg->there = 1;
    leg->joined = !*node->session;
    leg->raw = json_is_true(json_object_get(result, "raw"));
    wi_tensors_share(&leg->outputs, outputs);
}

int wi_check_is_on(const json_t *executed_on, enum wi_platform platform)
{
    return wi_place_platform(executed_on) == (int)platform && !wi_place_is_simulated(executed_on);
}

const struct wi_tolerance *wi_check_tolerance(const struct wi_inference *asked)
{
    const char *precision = wi_model_precision(asked->model);
    if (asked->model->facts.signature.quantised)
        return wi_tolerance_of(NULL);
    return asked->task != WI_TASK_NONE ? wi_tolerance_of(precision)
                                       : wi_tolerance_of_graph(precision);
}

void wi_check_compare_legs(const struct wi_inference *asked, const struct wi_check_leg *reference,
    const struct wi_check_leg *got, struct wi_comparison *out)
{
    const struct wi_tolerance *tolerance = wi_check_tolerance(asked);
    if (asked->task == WI_TASK_NONE)
        wi_compare(&reference->outputs, &got->outputs, tolerance, out);
    else if (reference->raw && got->raw)
        wi_compare_raw(&reference->outputs, &got->outputs, tolerance, out);
    else
        *out = (struct wi_comparison){.open = reference->raw ? WI_OPEN_FORM : WI_OPEN_NUMBERS,
            .detail = "a page does not tell what the model's graphs put out"};
}

int wi_check_is_of_the_model(const struct wi_error *error)
{
    return error->code == WI_INFERENCE_FAILED || wi_code_status(error->code) == 422;
}

int wi_check_is_of_the_request(const struct wi_error *error)
{
    return wi_check_is_of_the_model(error) || wi_code_status(error->code) == 400;
}

int wi_check_is_refusal(const struct wi_error *error)
{
    return error->code == WI_MODEL_INVALID || error->code == WI_OPERATOR_UNSUPPORTED;
}

void wi_check_make_key(char key[WI_VERDICT_KEY_SIZE], const struct wi_inference *asked,
    const struct wi_node_info *node, enum wi_platform platform)
{
    struct wi_place place = wi_place_of(node, asked->model->engine, platform);
    wi_verdict_key(key, asked->model, &place, wi_inference_variant(asked), asked->set);
}

const struct wi_node_info *wi_check_find_ours(const struct wi_pool *pool, const char *kind)
{
    const struct wi_node_info *node = wi_pool_yardstick(pool, kind);
    return node && *node->session ? node : NULL;
}

int wi_check_is_of_any_kind(const struct wi_inference *asked)
{
    return asked->task != WI_TASK_NONE || !asked->input;
}

const struct wi_node_info *wi_check_measure(
    const struct wi_pool *pool, const struct wi_inference *asked, const char *kind)
{
    const struct wi_node_info *node = wi_check_find_ours(pool, kind);
    return node || !wi_check_is_of_any_kind(asked) ? node : wi_check_find_ours(pool, NULL);
}
