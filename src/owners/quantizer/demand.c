/* Makings that requests wait for; see quantizer.h. */
#include "owners/quantizer/quantizer.h"

#include "base/clock.h"
#include "base/loop.h"
#include "base/memory.h"
#include "owners/quantizer/making.h"
#include <stdlib.h>
#include <string.h>

/* One that waits. */
struct wi_run_made {
    struct wi_quantizer *quantizer;
    struct wi_model *model;
    const struct wi_quantisation *kind;
    wi_run_maker_fn *on_event;
    void *context;
    struct wi_making_watch *watch; /* of what is being made; NULL between two makings */
    struct wi_timer *turn;         /* the next making begins from the loop itself */
};

static const struct wi_quantisation *kind_of_precision(const char *precision)
{
    for (const struct wi_quantisation *kind = wi_quantisations; kind->name; kind++)
        if (kind->made.forms && wi_variant_is_of(kind->name, precision))
            return kind;
    return NULL;
}

/* Sixteen bits are not for this: on WASM they take as much memory as fp32. */
static const struct wi_quantisation *kind_below(const struct wi_model *model)
{
    const char *variant = model->variant ? model->variant : WI_MADE_SOURCE;
    const struct wi_quantisation *own = wi_quantisation_find(variant);
    int bits = own ? own->bits : 0;
    return bits > 4 ? wi_quantisation_made(bits > 8 ? 8 : 4) : NULL;
}

/* Only of what has fp32 graphs, and is not there yet. */
static const char *precision_variant(
    void *context, const struct wi_model *model, const char *precision)
{
    const struct wi_quantisation *kind =
        precision ? kind_of_precision(precision) : kind_below(model);
    if (!kind || !wi_quantizer_on_demand(context) || !model->folder ||
        model->format == WI_FORMAT_GGUF || wi_variants_get(&model->variants, kind->name) ||
        (model->variant && !wi_variants_get(&model->variants, WI_MADE_SOURCE)))
        return NULL;
    return kind->name;
}

static void made_leave(struct wi_run_made *made)
{
    wi_making_unwatch(made->watch);
    wi_timer_free(made->turn);
    wi_model_unref(made->model);
    free(made);
}

static void made_end(struct wi_run_made *made, const struct wi_error *failure)
{
    wi_run_maker_fn *on_event = made->on_event;
    void *context = made->context;
    made_leave(made);
    on_event(context, NULL, failure);
}

static void made_tell_progress(struct wi_run_made *made, const struct wi_making_info *info)
{
    const struct wi_progress progress = {.phase = wi_making_state_names[info->state],
        .has_bytes = info->total > 0,
        .loaded_bytes = info->done,
        .total_bytes = info->total};
    made->on_event(made->context, &progress, NULL);
}

/* After another variant of its model it is this one's turn. */
static void on_making(void *context, const struct wi_making_info *info)
{
    struct wi_run_made *made = context;
    if (info->state != WI_MAKING_DONE && info->state != WI_MAKING_FAILED) {
        made_tell_progress(made, info);
        return;
    }
    made->watch = NULL;
    if (strcmp(info->variant, made->kind->name) == 0)
        made_end(made, info->error);
    else
        wi_timer_start(made->turn, 0, 0);
}

/* Whether it is known to be there, or to have failed not long ago; `failed` says why, or has
 * WI_OK. */
static int is_over(const struct wi_run_made *made, const char *name, struct wi_error *failed)
{
    struct wi_making_info info;
    if (wi_quantizer_find(made->quantizer, name, &info) != 0)
        return 0;
    if (info.error)
        *failed = *info.error;
    return info.state == WI_MAKING_DONE ||
           (info.state == WI_MAKING_FAILED && wi_now_ms() - info.ended_ms < WI_DEMAND_PATIENCE_MS);
}

/* Joins who makes it, or another variant of its model; else begins. */
static enum wi_code made_watch(struct wi_run_made *made, const char *model, struct wi_error *error)
{
    const struct wi_quantizer_want want = {.bits = made->kind->bits};
    struct wi_making_info info;
    char name[WI_MODEL_NAME_MAX + 1];
    enum wi_code code = WI_OK;
    if (wi_quantizer_find(made->quantizer, model, &info) != 0)
        code = wi_quantizer_start(made->quantizer, made->model, &want, name, error);
    if (code == WI_OK)
        made->watch = wi_making_watch(made->quantizer, model, on_making, made);
    return code;
}

static void on_turn(void *context)
{
    struct wi_run_made *made = context;
    struct wi_error error = {.code = WI_OK};
    char *model = wi_model_name_without(made->model->name);
    char *name = wi_model_name_with(model, made->kind->name);
    int over = is_over(made, name, &error) || made_watch(made, model, &error) != WI_OK;
    free(model);
    free(name);
    if (over)
        made_end(made, error.code == WI_OK ? NULL : &error);
}

static struct wi_run_made *made_begin(void *context, struct wi_model *model, const char *variant,
    wi_run_maker_fn *on_event, void *event_context)
{
    struct wi_run_made *made = wi_alloc(sizeof *made);
    made->quantizer = context;
    made->model = wi_model_ref(model);
    made->kind = wi_quantisation_find(variant);
    made->on_event = on_event;
    made->context = event_context;
    made->turn = wi_timer_new(wi_quantizer_loop(context), on_turn, made);
    wi_timer_start(made->turn, 0, 0);
    return made;
}

struct wi_run_maker wi_demand_maker(struct wi_quantizer *quantizer)
{
    return (struct wi_run_maker){.context = quantizer,
        .variant = precision_variant,
        .begin = made_begin,
        .leave = made_leave};
}
