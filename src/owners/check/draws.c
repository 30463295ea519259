/* Inputs of ours in a row; see draws.h. */
#include "owners/check/draws.h"

#include "wire/probe.h"
#include <uv.h>

/* The number of inputs that have to differ: honest platforms may differ for one, without nearly the
 * same numbers showing it. */
#define STRIKES 2
/* A model with few bits rounds its factors. If a value is between two steps, platforms that agree
 * in all but the last bit round it differently, and all later results differ as if they were wrong.
 * This happened to about one drawn input in a hundred (gpt2 of the tests in q8, WebGPU). */
#define STRIKES_OF_FEW_BITS 3
/* A place that differed once and agrees now and then is not right. */
#define CLEARS 3
/* A rounding error, made at the beginning, may move an answer by this part of the tolerance: what
 * it moves by more (sums that cancel, logarithms near 0) honest platforms disagree about. */
#define STEADY 0.25

uint32_t wi_draws_seed(void)
{
    uint32_t number = 0;
    uv_random(NULL, NULL, &number, sizeof number, 0, NULL);
    return number | 1; /* 0 selects an input that is publicly known */
}

/* Every second one has positive numbers: one that adds up many of both signs is never steady. */
static struct wi_inference *draw_tensors(const struct wi_inference *asked, unsigned drawn)
{
    return wi_probe_like(
        asked, wi_draws_seed(), drawn % 2 ? WI_PROBE_POSITIVE : WI_PROBE_BOTH_SIGNS);
}

struct wi_inference *wi_draws_next(
    struct wi_draws *draws, const struct wi_inference *asked, double tokens)
{
    if (draws->drawn == WI_DRAWS_MAX)
        return NULL;
    struct wi_inference *made = tokens > 0                    ? wi_probe_ask_long(asked, tokens)
                                : asked->task != WI_TASK_NONE ? wi_probe_ask(asked, wi_draws_seed())
                                                              : draw_tensors(asked, draws->drawn);
    draws->drawn += made != NULL;
    return made;
}

int wi_draws_are_steady(const struct wi_comparison *nearness)
{
    return nearness->same && nearness->ratio <= STEADY && !nearness->has_nan;
}

int wi_draws_strike(struct wi_draws *draws, int few_bits)
{
    return ++draws->strikes >= (few_bits ? STRIKES_OF_FEW_BITS : STRIKES);
}

int wi_draws_clear(struct wi_draws *draws, int is_suspected)
{
    return ++draws->agreed >= (is_suspected || draws->strikes > 0 ? CLEARS : 1);
}
