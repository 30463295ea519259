/*
 * WebDriver as a session uses it, in either protocol: classic, over HTTP
 * (https://www.w3.org/TR/webdriver2/), or BiDi (https://w3c.github.io/webdriver-bidi/), which is
 * sent to the browser itself. No policy: each verb is one exchange with a deadline and a handle
 * that cancels it.
 */
#ifndef WI_BROWSER_WEBDRIVER_WEBDRIVER_H
#define WI_BROWSER_WEBDRIVER_WEBDRIVER_H

#include "base/error.h"
#include "base/log.h"
#include "base/net/http_client.h"
#include "base/net/outlet.h"
#include "browser/webdriver/grid.h"
#include <jansson.h>
#include <stdint.h>

struct lws_context;
struct wi_driver;      /* one driver and, once made, its session */
struct wi_driver_call; /* one exchange under way */

/* `error` is NULL on success. Called exactly once unless cancelled, never from inside the verb.
 * Errors are WI_UNAVAILABLE (no answer, deadline), WI_SESSION_NOT_FOUND (the driver does not know
 * the session) or WI_INTERNAL (the driver's own error, whose text is in `detail`, or an invalid
 * answer). */
typedef void wi_driver_fn(void *context, const struct wi_error *error);

/* Events that were not requested. Only BiDi reports them. */
struct wi_driver_events {
    void *context;
    /* A note for people: a console message of the page, an uncaught error, a prompt. Cut at about
     * 500 bytes, not yet scrubbed; only a few per second. The driver must not be freed inside. */
    void (*on_note)(void *context, enum wi_level level, const char *text);
    /* The session can no longer be used: its window or the connection to the browser is gone. If it
     * is the connection, calls under way have failed before. May be reported twice. The driver may
     * be freed inside. */
    void (*on_gone)(void *context, const struct wi_error *why);
};

/* The driver at `url`, e.g. "http://127.0.0.1:9515". If it grants a webSocketUrl, and `lws` is not
 * NULL, `events` come over BiDi; otherwise there are none. `outlet`: where connections to it begin
 * (NULL: here); it must outlive the driver. */
struct wi_driver *wi_classic_new(uv_loop_t *loop, struct wi_http *http, struct lws_context *lws,
    const struct wi_outlet *outlet, const char *url, const struct wi_driver_events *events);
/* The browser at `url`, e.g. "ws://127.0.0.1:9222". `outlet` as above. */
struct wi_driver *wi_bidi_new(uv_loop_t *loop, struct lws_context *lws,
    const struct wi_outlet *outlet, const char *url, const struct wi_driver_events *events);
void wi_driver_free(struct wi_driver *driver); /* cancels every call under way; NULL is fine */

/* Waits until the driver reports that it is ready, or `timeout_ms` have passed. */
struct wi_driver_call *wi_driver_wait_ready(
    struct wi_driver *driver, uint64_t timeout_ms, wi_driver_fn *on_done, void *context);
/* Asks a service once what it has: succeeds if it answers, whether it is ready or not. Only in
 * classic. `browser`: see wi_grid_read. */
struct wi_driver_call *wi_driver_ask_grid(struct wi_driver *driver, const char *browser,
    uint64_t timeout_ms, wi_driver_fn *on_done, void *context);
/* Asks for a browser with `capabilities` (takes ownership): {"alwaysMatch": …}. */
struct wi_driver_call *wi_driver_new_session(struct wi_driver *driver, json_t *capabilities,
    uint64_t timeout_ms, wi_driver_fn *on_done, void *context);
struct wi_driver_call *wi_driver_navigate(struct wi_driver *driver, const char *url,
    uint64_t timeout_ms, wi_driver_fn *on_done, void *context);
/* Asks a question that a crashed page cannot answer. */
struct wi_driver_call *wi_driver_check_page(
    struct wi_driver *driver, uint64_t timeout_ms, wi_driver_fn *on_done, void *context);
/* Ends the session and its browser. A Grid's hub that was restarted does not know its sessions, but
 * lists them with their nodes: the session is then ended at its node. */
struct wi_driver_call *wi_driver_delete_session(
    struct wi_driver *driver, uint64_t timeout_ms, wi_driver_fn *on_done, void *context);
void wi_driver_cancel(struct wi_driver_call *call); /* no callback comes; NULL is fine */

const char *wi_driver_session_id(const struct wi_driver *driver);     /* NULL before */
const json_t *wi_driver_capabilities(const struct wi_driver *driver); /* returned ones; borrowed */
/* The last answer to wi_driver_ask_grid, also about our session; NULL: the service is no Grid. */
const struct wi_grid *wi_driver_grid(const struct wi_driver *driver);

#endif
