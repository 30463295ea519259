/*
 * Listening over BiDi beside a session in classic, where the driver grants it (webSocketUrl): an
 * extra, without which everything works.
 */
#ifndef WI_WEBDRIVER_LISTENER_H
#define WI_WEBDRIVER_LISTENER_H

#include "net/lws.h"
#include "net/outlet.h"
#include "webdriver/driver.h"

struct wi_listening;
/* Once, when it listens or has given up; never from inside wi_listening_new. */
typedef void wi_listening_fn(void *context);
/* Connects to `url` (the driver's word, not trusted) and tells of what happens. That it cannot is
 * a note; that the connection ends says nothing about the session. `outlet` as in
 * net/websocket.h. */
struct wi_listening *wi_listening_new(uv_loop_t *loop, struct lws_context *lws,
    const struct wi_outlet *outlet, const char *url, const struct wi_driver_events *events,
    wi_listening_fn *on_settled, void *context);
void wi_listening_free(struct wi_listening *listening); /* NULL is fine */

#endif
