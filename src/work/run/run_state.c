/* The table of a run's states and events, and the one function that changes a run's state. */
#include "work/run/run_state.h"

#include "base/log.h"
#include <assert.h>

static const char *const state_names[WI_RUN_STATE_COUNT] = {"new", "reading", "finding", "begun",
    "waiting", "queued", "returned", "waiting again", "printing", "done"};
static const char *const event_names[WI_RUN_EVENT_COUNT] = {
    "read", "find", "begin", "wait", "queue", "return", "print", "end", "abandon"};

/* Of every state but QUEUED: there the job is cancelled first, and its return ends the run. */
#define MAY_END [WI_RUN_EVENT_END] = WI_RUN_DONE, [WI_RUN_EVENT_ABANDON] = WI_RUN_DONE

/* [state][event]: the next state. No event leads to WI_RUN_NEW, which is 0: it is a refusal. */
static const unsigned char transitions[WI_RUN_STATE_COUNT][WI_RUN_EVENT_COUNT] = {
    [WI_RUN_NEW] = {[WI_RUN_EVENT_READ] = WI_RUN_READING,
        [WI_RUN_EVENT_FIND] = WI_RUN_FINDING,
        [WI_RUN_EVENT_QUEUE] = WI_RUN_QUEUED,
        MAY_END},
    [WI_RUN_READING] = {[WI_RUN_EVENT_FIND] = WI_RUN_FINDING, MAY_END},
    [WI_RUN_FINDING] =
        {[WI_RUN_EVENT_FIND] = WI_RUN_FINDING, [WI_RUN_EVENT_BEGIN] = WI_RUN_BEGUN, MAY_END},
    [WI_RUN_BEGUN] = {[WI_RUN_EVENT_FIND] = WI_RUN_BEGUN,
        [WI_RUN_EVENT_WAIT] = WI_RUN_WAITING,
        [WI_RUN_EVENT_QUEUE] = WI_RUN_QUEUED,
        MAY_END},
    [WI_RUN_WAITING] = {[WI_RUN_EVENT_FIND] = WI_RUN_BEGUN, MAY_END},
    [WI_RUN_QUEUED] =
        {[WI_RUN_EVENT_RETURN] = WI_RUN_RETURNED, [WI_RUN_EVENT_ABANDON] = WI_RUN_DONE},
    [WI_RUN_RETURNED] = {[WI_RUN_EVENT_FIND] = WI_RUN_RETURNED,
        [WI_RUN_EVENT_WAIT] = WI_RUN_WAITING_AGAIN,
        [WI_RUN_EVENT_QUEUE] = WI_RUN_QUEUED,
        [WI_RUN_EVENT_PRINT] = WI_RUN_PRINTING,
        MAY_END},
    [WI_RUN_WAITING_AGAIN] = {[WI_RUN_EVENT_FIND] = WI_RUN_RETURNED, MAY_END},
    [WI_RUN_PRINTING] = {MAY_END},
};

void wi_run_state_change(enum wi_run_state *state, enum wi_run_event event, const char *id)
{
    unsigned char next = transitions[*state][event];
    if (next == WI_RUN_NEW)
        wi_error_log("run", id, "a fault of the service: %s is no event of a run that is %s",
            event_names[event], state_names[*state]);
    assert(next != WI_RUN_NEW);
    *state = (enum wi_run_state)next;
}
