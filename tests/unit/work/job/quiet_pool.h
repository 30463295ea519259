/* What a test of jobs may leave out of the pool that it plays: nothing comes of it. */
#ifndef WI_TESTS_UNIT_JOB_QUIET_POOL_H
#define WI_TESTS_UNIT_JOB_QUIET_POOL_H

#include "work/pool/batches.h"
#include "work/pool/evidence.h"
#include "work/pool/pool.h"

void wi_pool_computed(
    struct wi_pool *pool, const char *node_id, const struct wi_prefix_key *key, unsigned tokens)
{
}

#ifndef PLAYS_EVIDENCE /* by whoever says what follows from it */
unsigned wi_pool_found(struct wi_pool *pool, const struct wi_evidence_found *found)
{
    return 0;
}
#endif

int wi_pool_is_away(const struct wi_pool *pool, const char *node_id)
{
    return 0;
}

void wi_pool_credit(struct wi_pool *pool, const char *node_id, const char *attempt_id,
    const struct wi_credit *credit)
{
}

uint64_t wi_pool_batch_most(
    const struct wi_pool *pool, const struct wi_choice *choice, const struct wi_model *model)
{
    return UINT64_MAX;
}

struct wi_place *wi_pool_batch_place(const struct wi_pool *pool, const char *node_id,
    enum wi_platform platform, const struct wi_model *model)
{
    return NULL;
}

void wi_pool_batch_crowded(
    struct wi_pool *pool, const struct wi_place *place, const char *model, size_t count)
{
}

int wi_pool_batch_pays(const struct wi_pool *pool, const struct wi_choice *choice,
    const struct wi_model *model, size_t bytes, double *gain)
{
    *gain = 0;
    return 1;
}

void wi_pool_set_backlog(struct wi_pool *pool, size_t waiting)
{
}

#endif
