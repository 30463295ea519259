/* A bounded table of models and the reasons that were logged; see apart.h. */
#include "work/job/apart.h"

#include "base/log.h"
#include "base/memory.h"
#include "base/table.h"
#include "base/text.h"
#include <stdlib.h>
#include <string.h>

struct wi_apart_model {
    char hash[WI_MANIFEST_HEX];
    unsigned char noted[WI_APART_REASON_COUNT];
    enum wi_apart_proof proof;
    UT_hash_handle hh;
};

static const char *const shown[WI_APART_REASON_COUNT] = {
    [WI_APART_ROWS] = "the outputs do not have as many rows as the inputs",
    [WI_APART_MIXED] = "requests that ran together got other answers than each of them alone",
};

static struct wi_apart_model *apart_find(const struct wi_apart *apart, const struct wi_model *model)
{
    return WI_TABLE_FIND(apart->_models, model->hash, strlen(model->hash));
}

static struct wi_apart_model *apart_make(struct wi_apart *apart, const struct wi_model *model)
{
    struct wi_apart_model *one = apart_find(apart, model);
    if (one)
        return one;
    if (HASH_COUNT(apart->_models) >= WI_APART_MAX)
        free(WI_TABLE_TAKE(apart->_models));
    one = wi_alloc(sizeof *one);
    wi_text_copy(one->hash, sizeof one->hash, model->hash);
    HASH_ADD_STR(apart->_models, hash, one);
    return one;
}

void wi_apart_clear(struct wi_apart *apart)
{
    struct wi_apart_model *one;
    while ((one = WI_TABLE_TAKE(apart->_models)) != NULL)
        free(one);
}

int wi_apart_has(
    const struct wi_apart *apart, const struct wi_model *model, enum wi_apart_reason reason)
{
    const struct wi_apart_model *found = apart_find(apart, model);
    return found && found->noted[reason];
}

const char *wi_apart_why(enum wi_apart_reason reason)
{
    return shown[reason];
}

const char *wi_apart_shown(const struct wi_apart *apart, const struct wi_model *model)
{
    const struct wi_apart_model *found = apart_find(apart, model);
    for (int reason = 0; found && reason < WI_APART_REASON_COUNT; reason++)
        if (found->noted[reason] && shown[reason])
            return shown[reason];
    return NULL;
}

void wi_apart_note(struct wi_apart *apart, const struct wi_model *model,
    enum wi_apart_reason reason, const char *why)
{
    struct wi_apart_model *one = apart_make(apart, model);
    if (one->noted[reason])
        return;
    one->noted[reason] = 1;
    wi_info(
        "model", model->name, "its requests are not combined, although batching is on: %s", why);
}

enum wi_apart_proof wi_apart_proof(const struct wi_apart *apart, const struct wi_model *model)
{
    const struct wi_apart_model *found = apart_find(apart, model);
    return found ? found->proof : WI_APART_UNPROVEN;
}

void wi_apart_set_proof(
    struct wi_apart *apart, const struct wi_model *model, enum wi_apart_proof proof)
{
    apart_make(apart, model)->proof = proof;
}
