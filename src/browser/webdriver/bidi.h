/*
 * WebDriver BiDi (https://w3c.github.io/webdriver-bidi/), sent to the browser itself, without a
 * driver in between.
 */
#ifndef WI_BROWSER_WEBDRIVER_BIDI_H
#define WI_BROWSER_WEBDRIVER_BIDI_H

#include "base/net/lws.h"
#include "base/net/outlet.h"
#include "browser/webdriver/driver.h"

/* The browser at `url`, e.g. "ws://127.0.0.1:9222". `outlet`: where connections to it begin (NULL:
 * here); it must outlive the driver. */
struct wi_driver *wi_bidi_new(uv_loop_t *loop, struct lws_context *lws,
    const struct wi_outlet *outlet, const char *url, const struct wi_driver_events *events);

#endif
