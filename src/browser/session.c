/*
 * A session's life as seen from outside: created, controlled, observed. Steps while starting: spawn
 * → driver → session → navigate → welcome; each ends in a callback that begins the next.
 */
#include "browser/session_private.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void on_keep_alive(void *context)
{
    wi_session_check(context, WI_SESSION_KEEP_ALIVE_MS);
}

static void on_failed_early(void *context)
{
    struct wi_session *session = context;

    wi_session_fail(session, &session->early_error);
}

struct wi_session *wi_session_new(const struct wi_session_deps *deps,
    const struct wi_config_browser *browser, int64_t timeout_ms,
    const struct wi_session_events *events)
{
    struct wi_session *session = wi_alloc(sizeof *session);

    session->deps = *deps;
    session->events = *events;
    session->timeout_ms = timeout_ms;
    session->browser_fd = -1;
    session->outlet = (struct wi_outlet){session, wi_session_take_socket};
    session->state = WI_SESSION_STARTING;
    session->started = session->state_since = wi_awake_ms();
    session->step = "spawn";
    session->kind_name = wi_strdup(browser->kind);
    wi_id_new(session->id, "session");
    session->deadline = wi_timer_new(deps->loop, wi_session_on_deadline, session);
    session->failed_early = wi_timer_new(deps->loop, on_failed_early, session);
    session->late = wi_timer_new(deps->loop, wi_session_on_late, session);
    session->keep_alive = wi_timer_new(deps->loop, on_keep_alive, session);
    wi_info("browser", session->id, "starting %s", browser->kind);
    if (wi_session_begin(session, browser, &session->early_error) == WI_OK)
        wi_timer_wait(session->deadline, (uint64_t)timeout_ms);
    else
        wi_timer_start(session->failed_early, 0, 0);
    return session;
}

void wi_session_set_busy(struct wi_session *session, int busy)
{
    if (session->state == (busy ? WI_SESSION_READY : WI_SESSION_BUSY))
        wi_session_set_state(session, busy ? WI_SESSION_BUSY : WI_SESSION_READY, NULL);
}

void wi_session_drain(struct wi_session *session)
{
    if (session->state == WI_SESSION_STARTING || wi_session_serves(session))
        wi_session_set_state(session, WI_SESSION_DRAINING, NULL);
}

void wi_session_close(struct wi_session *session)
{
    if (session->state == WI_SESSION_BROKEN && wi_timer_running(session->late))
        wi_timer_wait(session->late, WI_SESSION_DELETE_MS);
    if (!wi_session_is_alive(session))
        return;
    wi_session_drain(session);
    session->closing = 1;
    wi_session_delete(session);
}

void wi_session_kill(struct wi_session *session, const struct wi_error *why)
{
    if (session->state == WI_SESSION_BROKEN && wi_timer_running(session->late))
        wi_session_end_tree(session, 0);
    else
        wi_session_fail(session, why);
}

void wi_session_free(struct wi_session *session)
{
    if (!session)
        return;
    assert(session->state == WI_SESSION_CLOSED);
    wi_timer_free(session->deadline);
    wi_timer_free(session->failed_early);
    wi_timer_free(session->late);
    wi_timer_free(session->keep_alive);
    wi_launch_clear(&session->launch);
    free(session->directory);
    free(session->kind_name);
    free(session);
}

enum wi_session_state wi_session_state(const struct wi_session *session)
{
    return session->state;
}

void wi_session_info(const struct wi_session *session, struct wi_session_info *info)
{
    memset(info, 0, sizeof *info);
    snprintf(info->id, sizeof info->id, "%s", session->id);
    info->kind = session->kind_name;
    info->state = session->state;
    info->age_ms = wi_awake_ms() - session->started;
    info->ready_ms = session->ready_ms;
    info->driver_pid = session->child ? wi_child_pid(session->child) : -1;
    snprintf(info->browser_version, sizeof info->browser_version, "%s", session->browser_version);
    snprintf(info->step, sizeof info->step, "%s", session->step);
    info->welcomed = session->welcomed;
    info->apart = session->deps.apart_port != 0;
    info->unable = session->unable;
    info->hardware = session->launch.hardware;
    info->gpu = session->launch.gpu;
    info->service = session->creating ? session->launch.url : NULL;
}

uint64_t wi_session_memory(const struct wi_session *session)
{
    return session->child ? wi_child_memory(session->child) : 0;
}

unsigned wi_session_stopped(const struct wi_session *session)
{
    return session->child ? wi_child_stopped(session->child) : 0;
}

/* The switch with which Chromium's family starts it; the other families' browsers have no such
 * process. */
#define GPU_PROCESS "--type=gpu-process"

int wi_session_end_gpu(struct wi_session *session)
{
    return session->child && wi_child_end_part(session->child, GPU_PROCESS) > 0 ? 0 : -1;
}

const struct wi_strings *wi_session_flags(const struct wi_session *session)
{
    return &session->launch.flags;
}

enum wi_code wi_session_installed(const struct wi_config_browser *browser,
    const struct wi_gpus *gpus, char *stamp, struct wi_error *error)
{
    struct wi_launch_request request = {.browser = browser, .directory = "/", .gpus = gpus};
    struct wi_launch launch = {0};
    struct wi_gpus found;

    if (!gpus) {
        wi_gpus_find("", &found);
        request.gpus = &found;
    }
    enum wi_code code = wi_launch_make(&request, &launch, error);

    if (code == WI_OK && stamp)
        wi_kind_stamp(&request, &launch, stamp);
    wi_launch_clear(&launch);
    return code;
}
