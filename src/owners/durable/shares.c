/*
 * The clients' shares of the stored jobs: how many unfinished records and how many bytes each
 * client has, and how many it may have. For both the rule of base/share.h holds: while less than
 * half is used, any client may take more; beyond that, no client may have more than an eighth.
 */
#include "base/share.h"
#include "owners/durable/private.h"

#include "base/memory.h"
#include <stdlib.h>
#include <string.h>

struct wi_holder {
    struct wi_record_holding has;
    UT_hash_handle hh;
};

static struct wi_holder *holder_find(const struct wi_durable *durable, const char *client)
{
    return WI_TABLE_FIND(durable->holders, client, strlen(client));
}

static struct wi_holder *find_or_make(struct wi_durable *durable, const char *client)
{
    struct wi_holder *holder = holder_find(durable, client);
    if (holder)
        return holder;
    holder = wi_alloc(sizeof *holder);
    snprintf(holder->has.client, sizeof holder->has.client, "%s", client);
    HASH_ADD_STR(durable->holders, has.client, holder);
    return holder;
}

void wi_durable_count_begin(struct wi_durable *durable, const char *client, uint64_t bytes)
{
    struct wi_record_holding *has = &find_or_make(durable, client)->has;
    durable->open++;
    durable->counters.bytes += bytes;
    has->open++;
    has->bytes += bytes;
}

void wi_durable_count_end(
    struct wi_durable *durable, const char *client, const struct wi_record_finish *end)
{
    struct wi_record_holding *has = &find_or_make(durable, client)->has;
    durable->counters.done += end->state == WI_RECORD_DONE;
    durable->counters.failed += end->state == WI_RECORD_FAILED;
    durable->counters.cancelled += end->state == WI_RECORD_CANCELLED;
    durable->open -= durable->open > 0;
    has->open -= has->open > 0;
    durable->counters.bytes += end->answer_size;
    durable->counters.bytes -= end->body_size;
    has->bytes += end->answer_size;
    has->bytes -= end->body_size;
}

void wi_durable_forget_counts(struct wi_durable *durable)
{
    struct wi_holder *holder;
    while ((holder = WI_TABLE_TAKE(durable->holders)))
        free(holder);
}

void wi_durable_count_all(struct wi_durable *durable, const struct wi_record_sweep *counted)
{
    wi_durable_forget_counts(durable);
    for (size_t i = 0; i < counted->holding_count; i++)
        find_or_make(durable, counted->holdings[i].client)->has = counted->holdings[i];
    durable->open = counted->open;
    durable->counters.queued = counted->queued;
    durable->counters.bytes = counted->bytes;
}

/* Whether a client that holds `held` may have `more`. A client that holds none is never refused
 * because of its share. */
static int share_fits(uint64_t limit, uint64_t used, uint64_t held, uint64_t more, double part)
{
    struct wi_budget budget = {.limit = limit, .used = used};
    const struct wi_share share = {.budget = &budget, .held = held};
    return held == 0 ||
           (more <= wi_share_room(&share) && (double)(held + more) <= part * (double)limit);
}

enum wi_code wi_durable_check_share(
    const struct wi_durable *durable, const char *client, size_t bytes, struct wi_error *error)
{
    const struct wi_holder *holder = holder_find(durable, client);
    const struct wi_config *config = durable->deps.runs.config;
    double part = config->pool.client_share;
    if (!holder || (share_fits(WI_DURABLE_OPEN_MAX, durable->open, holder->has.open, 1, part) &&
                       share_fits((uint64_t)config->store.max_size, durable->counters.bytes,
                           holder->has.bytes, bytes, part)))
        return WI_OK;
    return wi_error_set(error, WI_CLIENT_SHARE, NULL,
        "%zu jobs of yours are not finished, and your jobs and their results take %llu bytes, "
        "which is your share (an eighth once half is used, and [pool] client_share) of %d jobs and "
        "of [store] max_size; try again later",
        holder->has.open, (unsigned long long)holder->has.bytes, WI_DURABLE_OPEN_MAX);
}
