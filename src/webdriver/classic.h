/*
 * WebDriver, the classic dialect (https://www.w3.org/TR/webdriver2/) over HTTP. No policy: each
 * verb is one exchange with a deadline and a handle that cancels it.
 */
#ifndef WI_WEBDRIVER_CLASSIC_H
#define WI_WEBDRIVER_CLASSIC_H

#include "base/error.h"
#include "base/http_client.h"
#include <jansson.h>

struct wi_driver;      /* one driver's URL and, once made, its session */
struct wi_driver_call; /* one exchange under way */

/* `error` is NULL on success. Called exactly once unless cancelled, never from inside the verb.
 * Errors are WI_UNAVAILABLE (no answer, deadline) or WI_INTERNAL (the driver's own error, whose
 * text is in `detail`, or an answer that makes no sense). */
typedef void wi_driver_fn(void *context, const struct wi_error *error);

struct wi_driver *wi_driver_new(struct wi_http *http, uv_loop_t *loop, const char *url);
void wi_driver_free(struct wi_driver *driver); /* cancels every call under way */

/* Asks GET /status until it says ready, every 20 ms at first, or `timeout_ms` have passed. */
struct wi_driver_call *wi_driver_wait_ready(
    struct wi_driver *driver, uint64_t timeout_ms, wi_driver_fn *on_done, void *context);
/* POST /session with `capabilities` (takes ownership): {"alwaysMatch": …}. */
struct wi_driver_call *wi_driver_new_session(struct wi_driver *driver, json_t *capabilities,
    uint64_t timeout_ms, wi_driver_fn *on_done, void *context);
struct wi_driver_call *wi_driver_navigate(struct wi_driver *driver, const char *url,
    uint64_t timeout_ms, wi_driver_fn *on_done, void *context);
/* Asks for the page's address, which fails where the page has crashed. */
struct wi_driver_call *wi_driver_check_page(
    struct wi_driver *driver, uint64_t timeout_ms, wi_driver_fn *on_done, void *context);
struct wi_driver_call *wi_driver_delete_session(
    struct wi_driver *driver, uint64_t timeout_ms, wi_driver_fn *on_done, void *context);
void wi_driver_cancel(struct wi_driver_call *call); /* no callback comes; NULL is fine */

const char *wi_driver_session_id(const struct wi_driver *driver);     /* NULL before */
const json_t *wi_driver_capabilities(const struct wi_driver *driver); /* returned ones; borrowed */

#endif
