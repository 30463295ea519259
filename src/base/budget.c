/*
 * The memory budget; see budget.h. A limit that was lowered may be less than the memory in use;
 * then nothing fits until enough has been given back.
 */
#include "base/budget.h"

#include <assert.h>
#include <stddef.h>

int wi_budget_fits(const struct wi_budget *budget, uint64_t bytes)
{
    return budget == NULL || (bytes <= budget->limit && budget->used <= budget->limit - bytes);
}

uint64_t wi_budget_in_use(const struct wi_budget *budget)
{
    return budget && budget->spare < budget->used ? budget->used - budget->spare : 0;
}

void wi_budget_make_room(struct wi_budget *budget, uint64_t bytes)
{
    if (!wi_budget_fits(budget, bytes) && bytes <= budget->limit && budget->on_short)
        budget->on_short(budget->context, bytes);
}

int wi_budget_take(struct wi_budget *budget, uint64_t bytes)
{
    if (budget == NULL)
        return 0;
    wi_budget_make_room(budget, bytes);
    if (!wi_budget_fits(budget, bytes))
        return -1;
    budget->used += bytes;
    return 0;
}

void wi_budget_force(struct wi_budget *budget, uint64_t bytes)
{
    if (budget == NULL)
        return;
    assert(bytes <= UINT64_MAX - budget->used);
    budget->used += bytes;
}

void wi_budget_give(struct wi_budget *budget, uint64_t bytes)
{
    if (budget == NULL)
        return;
    assert(bytes <= budget->used);
    budget->used -= bytes;
}

int wi_budget_exchange(struct wi_budget *budget, uint64_t *held, uint64_t bytes)
{
    wi_budget_give(budget, *held);
    *held = 0;
    if (wi_budget_take(budget, bytes) != 0)
        return -1;
    *held = bytes;
    return 0;
}
