/* Reports of models; see model_status.h. */
#include "bridge/model_status.h"

#include "base/params.h"
#include "bridge/report.h"
#include "model/engine.h"

static const struct wi_param table[] = {
    WI_PARAM_ROW(wi_model_slots, count, WI_PARAM_INTEGER, 1, 1, WI_ENGINE_SLOTS_MAX),
    WI_PARAM_ROW(wi_model_slots, busy, WI_PARAM_INTEGER, 1, 0, WI_ENGINE_SLOTS_MAX),
    WI_PARAM_ROW(wi_model_slots, context, WI_PARAM_INTEGER, 1, 1, WI_CONTEXT_MAX),
    WI_PARAM_ROW(wi_model_slots, cached_tokens, WI_PARAM_INTEGER, 1, 0,
        (double)WI_CONTEXT_MAX *WI_ENGINE_SLOTS_MAX),
    WI_PARAM_END,
};

int wi_model_status_slots(const json_t *model, struct wi_model_slots *slots)
{
    const json_t *said = json_object_get(model, "slots");
    struct wi_error error;

    *slots = (struct wi_model_slots){0};
    if (!json_is_object(said) ||
        wi_params_read(table, said, WI_PARAMS_OPEN, "", slots, &error) != WI_OK ||
        slots->busy > slots->count || slots->cached_tokens > slots->count * slots->context)
        return -1;
    return 0;
}

json_t *wi_model_status_read(const json_t *models)
{
    json_t *copy = wi_report_bounded(models), *model;
    struct wi_model_slots slots;
    size_t i;

    json_array_foreach(copy, i, model)
    {
        if (wi_model_status_slots(model, &slots) != 0)
            json_object_del(model, "slots");
        else
            json_object_set_new(model, "slots",
                json_pack("{s:I, s:I, s:I, s:I}", "count", (json_int_t)slots.count, "busy",
                    (json_int_t)slots.busy, "context", (json_int_t)slots.context, "cached_tokens",
                    (json_int_t)slots.cached_tokens));
    }
    return copy;
}
