/* See success.h. */
#include "work/run/success.h"

#include "base/memory.h"
#include <stdlib.h>

/* The texts of an outcome that are neither static nor its model's. */
#define OUTCOME_TEXTS(outcome)                                                                     \
    {                                                                                              \
        &(outcome)->id, &(outcome)->node, &(outcome)->browser, &(outcome)->browser_version,        \
            &(outcome)->refused_reason                                                             \
    }
#define OUTCOME_JSON(outcome)                                                                      \
    {                                                                                              \
        (outcome)->lessened, (outcome)->executed_on, (outcome)->result                             \
    }

struct wi_run_success *wi_run_success_new(
    const struct wi_inference *asked, const struct wi_outcome *outcome)
{
    struct wi_run_success *success = wi_alloc(sizeof *success);
    success->asked = wi_inference_retain(asked);
    success->outcome = *outcome;
    success->outcome.outputs = &success->_outputs;
    wi_tensors_share(&success->_outputs, outcome->outputs);
    const char **texts[] = OUTCOME_TEXTS(&success->outcome);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        *texts[i] = wi_strdup(*texts[i]);
    const json_t *json[] = OUTCOME_JSON(outcome);
    for (size_t i = 0; i < sizeof json / sizeof *json; i++)
        json_incref((json_t *)json[i]);
    return success;
}

void wi_run_success_free(struct wi_run_success *success)
{
    if (!success)
        return;
    const char **texts[] = OUTCOME_TEXTS(&success->outcome);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        free((char *)*texts[i]);
    const json_t *json[] = OUTCOME_JSON(&success->outcome);
    for (size_t i = 0; i < sizeof json / sizeof *json; i++)
        json_decref((json_t *)json[i]);
    wi_tensors_clear(&success->_outputs);
    wi_inference_release(success->asked);
    free(success);
}
