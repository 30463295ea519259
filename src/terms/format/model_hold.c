/* References to models. */
#include "terms/format/model.h"

#include <assert.h>

struct wi_model *wi_model_ref(struct wi_model *model)
{
    assert(model->_references > 0);
    model->_references++;
    return model;
}

void wi_model_unref(struct wi_model *model)
{
    if (!model)
        return;
    assert(model->_references > 0);
    if (--model->_references == 0)
        model->_free(model);
}

struct wi_model *wi_model_ref_idle(struct wi_model *model)
{
    model->_idle++;
    return wi_model_ref(model);
}

void wi_model_unref_idle(struct wi_model *model)
{
    if (!model)
        return;
    assert(model->_idle > 0);
    model->_idle--;
    wi_model_unref(model);
}
