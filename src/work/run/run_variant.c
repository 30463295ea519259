/* Which variant of its model a run uses: the one that fits, a smaller one, or one to be made. */
#include "work/run/run_private.h"

#include "wire/text.h"
#include <string.h>

const struct wi_variant *wi_run_smaller(const struct wi_run *run, const struct wi_model *model)
{
    return run->choice == WI_RUN_CHOICE_OPEN && !run->infer.asked->benchmark.runs
               ? wi_variants_smaller(&model->variants, model->variant)
               : NULL;
}

const char *wi_run_makeable(
    const struct wi_run *run, const struct wi_model *model, const char *precision)
{
    const struct wi_run_maker *maker = run->deps->maker;
    const char *variant = maker && run->request.kind != WI_RUN_STORED
                              ? maker->variant(maker->context, model, precision)
                              : NULL;
    return variant && run->made && strcmp(variant, run->made) == 0 ? NULL : variant;
}

int wi_run_lessens(const struct wi_run *run, const struct wi_model *model)
{
    return run->choice == WI_RUN_CHOICE_OPEN && !run->infer.asked->benchmark.runs &&
           (wi_run_smaller(run, model) || wi_run_makeable(run, model, NULL));
}

int wi_run_choose_fitting(struct wi_run *run, const struct wi_model *model)
{
    const struct wi_infer *infer = &run->infer;
    const struct wi_variant *next = NULL;
    struct wi_error why;
    if (run->choice == WI_RUN_CHOICE_UNKNOWN) {
        int is_open = !infer->asked->relayed.is && !infer->asked->precision &&
                      !wi_model_name_variant(infer->model_name) &&
                      (model->variant || wi_run_makeable(run, model, NULL));
        run->choice = is_open ? WI_RUN_CHOICE_OPEN : WI_RUN_CHOICE_FIXED;
        if (is_open)
            next = wi_variants_fitting(&model->variants, run->deps->config->pool.model_budget);
        if (next && strcmp(next->name, model->variant) == 0)
            next = NULL;
    }
    if (!next && wi_model_check_engine(model, &why) == WI_MODEL_TOO_LARGE)
        next = wi_run_smaller(run, model);
    if (next)
        wi_text_name_variant(&run->infer, model, next);
    return next != NULL;
}

const char *wi_run_missing(const struct wi_run *run, const struct wi_model *model)
{
    const char *precision = run->infer.asked->precision;
    const char *own = model->builtin ? NULL : wi_model_precision(model);
    struct wi_error why;
    if (run->infer.asked->relayed.is)
        return NULL; /* the relay's daemon has chosen it */
    if (precision && !wi_model_name_variant(run->infer.model_name) &&
        !(own && wi_variant_is_of(own, precision)))
        return wi_run_makeable(run, model, precision);
    return run->choice == WI_RUN_CHOICE_OPEN &&
                   wi_model_check_engine(model, &why) == WI_MODEL_TOO_LARGE
               ? wi_run_makeable(run, model, NULL)
               : NULL;
}
