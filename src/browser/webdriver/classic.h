/* WebDriver, the classic protocol (https://www.w3.org/TR/webdriver2/) over HTTP. */
#ifndef WI_BROWSER_WEBDRIVER_CLASSIC_H
#define WI_BROWSER_WEBDRIVER_CLASSIC_H

#include "base/net/http_client.h"
#include "browser/webdriver/driver.h"

struct lws_context;

/* The driver at `url`, e.g. "http://127.0.0.1:9515". Where it grants a webSocketUrl, and `lws` is
 * not NULL, `events` come over BiDi; without, there are none. Where connections to it begin:
 * `outlet`, which must outlive it (NULL: here). */
struct wi_driver *wi_classic_new(uv_loop_t *loop, struct wi_http *http, struct lws_context *lws,
    const struct wi_outlet *outlet, const char *url, const struct wi_driver_events *events);

#endif
