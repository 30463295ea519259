/* The cross-checks that wait and run, see private.h: what all of them hold, and how they end. */
#include "owners/check/private.h"

#include <stdlib.h>
#include <utlist.h>

/* What those that wait and run may hold. */
#define BYTES_MAX ((size_t)64 * 1024 * 1024)
/* Bytes that each trial takes in addition to its tensors and texts. */
#define OVERHEAD 4096

void wi_trial_clear(struct wi_trial *trial)
{
    wi_inference_release(trial->asked);
    wi_inference_release(trial->nudge);
    trial->asked = trial->nudge = NULL;
    wi_check_clear_leg(&trial->first);
    wi_check_clear_leg(&trial->given);
    wi_check_clear_leg(&trial->nudged);
    wi_check_clear_leg(&trial->second);
}

void wi_trial_free(struct wi_trial *trial)
{
    wi_trial_clear(trial);
    free(trial->client);
    free(trial);
}

size_t wi_trial_bytes(const struct wi_trial *trial)
{
    return OVERHEAD + trial->asked->text_bytes + wi_tensors_bytes(&trial->asked->tensors) +
           (trial->nudge ? wi_tensors_bytes(&trial->nudge->tensors) : 0) +
           wi_tensors_bytes(&trial->first.outputs) + wi_tensors_bytes(&trial->given.outputs) +
           wi_tensors_bytes(&trial->nudged.outputs) + wi_tensors_bytes(&trial->second.outputs);
}

static uint64_t *counter_of(struct wi_cross_trials *trials, enum wi_trial_end end)
{
    struct wi_cross_counters *counters = &trials->counters;
    uint64_t *const all[] = {[WI_TRIAL_AGREED] = &counters->agreed,
        [WI_TRIAL_WRONG] = &counters->wrong,
        [WI_TRIAL_SUSPECTED] = &counters->suspected,
        [WI_TRIAL_DISPUTED] = &counters->disputed,
        [WI_TRIAL_UNABLE] = &counters->unable,
        [WI_TRIAL_DROPPED] = &counters->dropped};
    return all[end];
}

void wi_cross_end(struct wi_trial *trial, enum wi_trial_end end)
{
    struct wi_cross_trials *trials = trial->among;
    (*counter_of(trials, end))++;
    DL_DELETE(trials->all, trial);
    trials->counters.waiting--;
    trials->active -= (size_t)trial->active;
    trials->counters.bytes -= trial->bytes;
    wi_trial_free(trial);
    wi_turn_schedule(trials->turn); /* the next may begin */
}

/* It waits on in its place. */
void wi_cross_wait(struct wi_trial *trial)
{
    struct wi_cross_trials *trials = trial->among;
    trial->active = 0;
    trials->active--;
    wi_turn_schedule(trials->turn);
}

/* Lets the oldest go that only wait, until the rest has room. */
int wi_cross_grow(struct wi_trial *trial)
{
    struct wi_cross_trials *trials = trial->among;
    size_t bytes = wi_trial_bytes(trial);
    struct wi_trial *other = trials->all, *next;
    trials->counters.bytes += bytes - trial->bytes;
    trial->bytes = bytes;
    for (; other && trials->counters.bytes > BYTES_MAX; other = next) {
        next = other->next;
        if (other != trial && !other->active)
            wi_cross_end(other, WI_TRIAL_DROPPED);
    }
    return trials->counters.bytes > BYTES_MAX ? -1 : 0;
}
