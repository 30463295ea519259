/* Reports of models; see model_status.h. */
#include "nodes/bridge/model_status.h"

#include "base/params.h"
#include "nodes/bridge/report.h"
#include "terms/model/engine.h"

static const struct wi_param slots_table[] = {
    WI_PARAM(wi_model_slots, count, INTEGER, .required = 1, .min = 1, .max = WI_ENGINE_SLOTS_MAX),
    WI_PARAM(wi_model_slots, busy, INTEGER, .required = 1, .max = WI_ENGINE_SLOTS_MAX),
    WI_PARAM(wi_model_slots, context, INTEGER, .required = 1, .min = 1, .max = WI_CONTEXT_MAX),
    WI_PARAM(wi_model_slots, cached_tokens, INTEGER, .required = 1,
        .max = (double)WI_CONTEXT_MAX * WI_ENGINE_SLOTS_MAX),
    WI_PARAM_END,
};

/* Milliseconds for a token: what is outside is no measurement. */
#define TOKEN_MS_MIN 1e-3
#define TOKEN_MS_MAX 1e6

static const struct wi_param speed_table[] = {
    WI_PARAM(
        wi_model_speed, prompt_ms, NUMBER, .required = 1, .min = TOKEN_MS_MIN, .max = TOKEN_MS_MAX),
    WI_PARAM(
        wi_model_speed, token_ms, NUMBER, .required = 1, .min = TOKEN_MS_MIN, .max = TOKEN_MS_MAX),
    WI_PARAM_END,
};

int wi_model_status_slots(const json_t *model, struct wi_model_slots *slots)
{
    const json_t *said = json_object_get(model, "slots");
    struct wi_error error;

    *slots = (struct wi_model_slots){0};
    if (!json_is_object(said) ||
        wi_params_read(slots_table, said, WI_PARAMS_OPEN, "", slots, &error) != WI_OK ||
        slots->busy > slots->count || slots->cached_tokens > slots->count * slots->context)
        return -1;
    return 0;
}

int wi_model_status_speed(const json_t *model, struct wi_model_speed *speed)
{
    const json_t *said = json_object_get(model, "speed");
    struct wi_error error;

    *speed = (struct wi_model_speed){0};
    return json_is_object(said) &&
                   wi_params_read(speed_table, said, WI_PARAMS_OPEN, "", speed, &error) == WI_OK
               ? 0
               : -1;
}

/* Nothing but its known members is kept of what is said under a name. */
static void keep_slots(json_t *model)
{
    struct wi_model_slots slots;

    if (wi_model_status_slots(model, &slots) != 0)
        json_object_del(model, "slots");
    else
        json_object_set_new(model, "slots",
            json_pack("{s:I, s:I, s:I, s:I}", "count", (json_int_t)slots.count, "busy",
                (json_int_t)slots.busy, "context", (json_int_t)slots.context, "cached_tokens",
                (json_int_t)slots.cached_tokens));
}

static void keep_speed(json_t *model)
{
    struct wi_model_speed speed;

    if (wi_model_status_speed(model, &speed) != 0)
        json_object_del(model, "speed");
    else
        json_object_set_new(model, "speed",
            json_pack("{s:f, s:f}", "prompt_ms", speed.prompt_ms, "token_ms", speed.token_ms));
}

json_t *wi_model_status_read(const json_t *models)
{
    json_t *copy = wi_report_bounded(models);

    for (size_t i = 0; i < json_array_size(copy); i++) {
        json_t *model = json_array_get(copy, i);
        keep_slots(model);
        keep_speed(model);
    }
    return copy;
}
