/*
 * WebDriver as a session uses it, in whichever protocol the other side speaks: classic.h and bidi.h
 * make a driver, everything else is here. No policy: each verb is one exchange with a deadline and
 * a handle that cancels it.
 */
#ifndef WI_BROWSER_WEBDRIVER_DRIVER_H
#define WI_BROWSER_WEBDRIVER_DRIVER_H

#include "base/error.h"
#include "base/log.h"
#include <jansson.h>
#include <stdint.h>

struct wi_driver;      /* one driver and, once made, its session */
struct wi_driver_call; /* one exchange under way */

/* `error` is NULL on success. Called exactly once unless cancelled, never from inside the verb.
 * Errors are WI_UNAVAILABLE (no answer, deadline) or WI_INTERNAL (the driver's own error, whose
 * text is in `detail`, or an answer that makes no sense). */
typedef void wi_driver_fn(void *context, const struct wi_error *error);

/* What happens without being asked for. Only BiDi tells. */
struct wi_driver_events {
    void *context;
    /* Something to tell people about: what the page wrote to its console, an uncaught error, a
     * prompt. Cut at about 500 bytes, not yet scrubbed; at most some per second. The driver must
     * not be freed inside. */
    void (*on_note)(void *context, enum wi_level level, const char *text);
    /* The session is of no use any more: its window or the connection to the browser is gone.
     * Where it is the connection, calls under way have failed before. May be said twice. The
     * driver may be freed inside. */
    void (*on_gone)(void *context, const struct wi_error *why);
};

void wi_driver_free(struct wi_driver *driver); /* cancels every call under way; NULL is fine */

/* Until the driver says that it is ready, or `timeout_ms` have passed. */
struct wi_driver_call *wi_driver_wait_ready(
    struct wi_driver *driver, uint64_t timeout_ms, wi_driver_fn *on_done, void *context);
/* Asks for a browser with `capabilities` (takes ownership): {"alwaysMatch": …}. */
struct wi_driver_call *wi_driver_new_session(struct wi_driver *driver, json_t *capabilities,
    uint64_t timeout_ms, wi_driver_fn *on_done, void *context);
struct wi_driver_call *wi_driver_navigate(struct wi_driver *driver, const char *url,
    uint64_t timeout_ms, wi_driver_fn *on_done, void *context);
/* Asks something that cannot be answered where the page has crashed. */
struct wi_driver_call *wi_driver_check_page(
    struct wi_driver *driver, uint64_t timeout_ms, wi_driver_fn *on_done, void *context);
/* Ends the session and its browser. */
struct wi_driver_call *wi_driver_delete_session(
    struct wi_driver *driver, uint64_t timeout_ms, wi_driver_fn *on_done, void *context);
void wi_driver_cancel(struct wi_driver_call *call); /* no callback comes; NULL is fine */

const char *wi_driver_session_id(const struct wi_driver *driver);     /* NULL before */
const json_t *wi_driver_capabilities(const struct wi_driver *driver); /* returned ones; borrowed */

#endif
