/* A session's page: opened, welcomed as a node, opened afresh, checked now and then. */
#include "browser/session_private.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/net/certificate.h"
#include <stdlib.h>
#include <string.h>

/* Leaving a page does not depend on the page: a browser or driver that takes longer is stuck
 * itself. */
#define LEAVE_TIMEOUT_MS 5000

/* A hint that the browser may reject the page's certificate, which browsers do not report, or only
 * in words of their own. The caller frees it. */
static char *doubt_certificate(const struct wi_session *session)
{
    const char *page = session->deps.page_url;
    const struct wi_certificate *certificate = session->deps.certificate;

    if (!page || strncmp(page, "https://", 8) != 0)
        return wi_strdup("");
    if (certificate)
        return wi_sprintf("; does the browser accept the certificate of %s for %s ([bridge] "
                          "tls_certificate %s, %s %s)?",
            certificate->subject, page, certificate->path,
            certificate->expired ? "expired" : "valid until", certificate->until);
    return wi_sprintf("; does the browser accept the certificate that %s shows ([bridge] "
                      "public_url)?",
        page);
}

void wi_session_on_deadline(void *context)
{
    struct wi_session *session = context;
    int opened = strcmp(session->step, "welcome") == 0;
    char *hint = opened ? doubt_certificate(session) : wi_strdup("");
    struct wi_error error;

    wi_error_set(&error, WI_UNAVAILABLE, "", "not ready within %.1f s: stuck at step \"%s\"%s%s",
        (double)session->timeout_ms / 1000, session->step,
        wi_session_is_remote(session) && session->creating
            ? ": the service gave no browser, perhaps because "
              "all that it has are in use"
            : "",
        hint);
    free(hint);
    wi_session_fail(session, &error);
}

static void fail_to_navigate(struct wi_session *session, const struct wi_error *why)
{
    /* "insecure certificate" in WebDriver's words, …_CERT in Firefox's. */
    char *hint = strcasestr(why->detail, "cert") ? doubt_certificate(session) : wi_strdup("");
    struct wi_error error;

    session->unable = why->code == WI_INTERNAL && session->ready_ms == 0;
    wi_error_set(&error, why->code, why->field, "%.200s%s", why->detail, hint);
    free(hint);
    wi_session_fail(session, &error);
}

static void on_navigated(void *context, const struct wi_error *error)
{
    struct wi_session *session = context;

    session->call = NULL;
    if (error) {
        fail_to_navigate(session, error);
        return;
    }
    session->reloading = 0;
    if (session->state == WI_SESSION_STARTING)
        session->step = "welcome"; /* which may have come before this answer */
}

void wi_session_open_page(struct wi_session *session)
{
    char url[1024] = "";

    session->step = "navigate";
    session->events.on_page_url(session->events.context, session->id, url, sizeof url);
    session->call = wi_driver_navigate(
        session->driver, url, (uint64_t)session->timeout_ms, on_navigated, session);
    explicit_bzero(url, sizeof url); /* it holds the token */
}

/* Its node is welcome. */
static void session_settle(struct wi_session *session)
{
    wi_timer_stop(session->deadline);
    session->step = "";
    if (session->ready_ms == 0) {
        session->ready_ms = wi_awake_ms() - session->started;
        wi_info("browser", session->id, "%s %s serves after %.0f ms", session->kind_name,
            session->browser_version, session->ready_ms);
    }
    wi_session_set_state(session, WI_SESSION_READY, NULL);
}

void wi_session_welcomed(struct wi_session *session)
{
    if (session->state != WI_SESSION_STARTING)
        return;
    session->welcomed = 1;
    session_settle(session);
}

static void on_blank(void *context, const struct wi_error *error)
{
    struct wi_session *session = context;

    session->call = NULL;
    if (error) {
        wi_session_fail(session, error);
        return;
    }
    wi_timer_wait(session->deadline, (uint64_t)session->timeout_ms);
    wi_session_open_page(session);
}

void wi_session_reload(struct wi_session *session, int64_t timeout_ms)
{
    if (session->state != WI_SESSION_READY)
        return;
    wi_info("browser", session->id, "opening the page afresh");
    wi_driver_cancel(session->call);
    wi_driver_cancel(session->check);
    session->check = NULL;
    session->welcomed = 0;
    session->reloading = 1;
    session->timeout_ms = timeout_ms;
    session->step = "leave";
    wi_timer_stop(session->deadline);
    /* URLs that differ only in their fragment are the same document: go elsewhere first. */
    session->call =
        wi_driver_navigate(session->driver, "about:blank", LEAVE_TIMEOUT_MS, on_blank, session);
    wi_session_set_state(session, WI_SESSION_STARTING, NULL);
}

static void tell_checked(struct wi_session *session, const struct wi_error *error)
{
    if (wi_session_serves(session) && session->events.on_checked)
        session->events.on_checked(session->events.context, session->id, error);
}

/* The service has answered a question about itself, or not. */
static void on_service(void *context, const struct wi_error *error)
{
    struct wi_session *session = context;
    const struct wi_grid *grid = wi_driver_grid(session->driver);
    struct wi_error *check = &session->check_error;

    session->check = NULL;
    if (error)
        wi_error_set(check, WI_UNAVAILABLE, WI_SESSION_SERVICE, "%s", error->detail);
    else if (check->code == WI_SESSION_NOT_FOUND && grid && *grid->home)
        wi_error_set(check, WI_SESSION_NOT_FOUND, WI_SESSION_FORGOTTEN,
            "its hub has forgotten it, but a node of the Grid has it");
    tell_checked(session, check);
}

static void on_checked(void *context, const struct wi_error *error)
{
    struct wi_session *session = context;

    session->check = NULL;
    if (!error || !wi_session_is_remote(session)) {
        tell_checked(session, error);
        return;
    }
    session->check_error = *error;
    session->check =
        wi_driver_ask_grid(session->driver, "", WI_SESSION_ASK_AGAIN_MS, on_service, session);
}

void wi_session_check(struct wi_session *session, uint64_t timeout_ms)
{
    if (!wi_session_serves(session) || session->reloading)
        return;
    wi_driver_cancel(session->check);
    session->check = wi_driver_check_page(session->driver, timeout_ms, on_checked, session);
}
