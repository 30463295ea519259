/* The states of a session, the transitions between them, and the one place where they change. */
#include "browser/session_private.h"

#include "base/clock.h"
#include "base/log.h"
#include <assert.h>

static const char *const state_names[WI_SESSION_STATE_COUNT] = {
    "starting", "ready", "busy", "draining", "broken", "closed"};

/* [from][to] */
static const unsigned char transitions[WI_SESSION_STATE_COUNT][WI_SESSION_STATE_COUNT] = {
    [WI_SESSION_STARTING] =
        {[WI_SESSION_READY] = 1, [WI_SESSION_DRAINING] = 1, [WI_SESSION_BROKEN] = 1},
    [WI_SESSION_READY] = {[WI_SESSION_STARTING] = 1,
        [WI_SESSION_BUSY] = 1,
        [WI_SESSION_DRAINING] = 1,
        [WI_SESSION_BROKEN] = 1},
    [WI_SESSION_BUSY] =
        {[WI_SESSION_READY] = 1, [WI_SESSION_DRAINING] = 1, [WI_SESSION_BROKEN] = 1},
    [WI_SESSION_DRAINING] = {[WI_SESSION_BROKEN] = 1, [WI_SESSION_CLOSED] = 1},
    [WI_SESSION_BROKEN] = {[WI_SESSION_CLOSED] = 1},
};

const char *wi_session_state_name(enum wi_session_state state)
{
    return state < WI_SESSION_STATE_COUNT ? state_names[state] : "unknown";
}

int wi_session_may_become(enum wi_session_state from, enum wi_session_state to)
{
    return transitions[from][to];
}

static enum wi_level level_of(
    enum wi_session_state from, enum wi_session_state to, const struct wi_error *error)
{
    if (error)
        return WI_LOG_WARN;
    /* These two occur with every piece of work. */
    return from == WI_SESSION_BUSY || to == WI_SESSION_BUSY ? WI_LOG_DEBUG : WI_LOG_INFO;
}

void wi_session_set_state(
    struct wi_session *session, enum wi_session_state state, const struct wi_error *error)
{
    enum wi_session_state from = session->state;
    double now = wi_awake_ms();

    assert(wi_session_may_become(from, state));
    wi_log(level_of(from, state, error), "browser", session->id, "%s -> %s after %.0f ms%s%s",
        state_names[from], state_names[state], now - session->state_since, error ? ": " : "",
        error ? error->detail : "");
    session->state = state;
    session->state_since = now;
    session->events.on_state(session->events.context, session->id, from, state, error);
}

int wi_session_serves(const struct wi_session *session)
{
    return session->state == WI_SESSION_READY || session->state == WI_SESSION_BUSY;
}

int wi_session_is_alive(const struct wi_session *session)
{
    return session->state == WI_SESSION_STARTING || wi_session_serves(session) ||
           (session->state == WI_SESSION_DRAINING && !session->closing);
}

int wi_session_is_remote(const struct wi_session *session)
{
    return session->launch.url != NULL;
}
