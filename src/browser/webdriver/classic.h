/* WebDriver, the classic protocol (https://www.w3.org/TR/webdriver2/) over HTTP. */
#ifndef WI_BROWSER_WEBDRIVER_CLASSIC_H
#define WI_BROWSER_WEBDRIVER_CLASSIC_H

#include "base/net/http_client.h"
#include "browser/webdriver/driver.h"

struct lws_context;

/* The driver at `url`, e.g. "http://127.0.0.1:9515". If it grants a webSocketUrl, and `lws` is not
 * NULL, `events` come over BiDi; otherwise there are none. `outlet`: where connections to it begin
 * (NULL: here); it must outlive the driver. */
struct wi_driver *wi_classic_new(uv_loop_t *loop, struct wi_http *http, struct lws_context *lws,
    const struct wi_outlet *outlet, const char *url, const struct wi_driver_events *events);

#endif
