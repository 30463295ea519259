/* Events that a browser reports over BiDi without a request, as struct wi_driver_events. */
#ifndef WI_BROWSER_WEBDRIVER_NOTES_H
#define WI_BROWSER_WEBDRIVER_NOTES_H

#include "base/net/lws.h"
#include "base/net/outlet.h"
#include "base/rate_limit.h"
#include "browser/webdriver/webdriver.h"

/* Zero-initialise, then set `events`; clear with wi_notes_clear. */
struct wi_notes {
    struct wi_driver_events events;
    char *window;              /* the context of our page; NULL: not known yet */
    struct wi_rate_limit rate; /* of the notes */
};

/* The events to subscribe to, for that window: {"events", "contexts"}; a new reference. */
json_t *wi_notes_subscription(const struct wi_notes *notes);
/* Takes the window from the result of browsingContext.getTree: WI_OK, or WI_INTERNAL. */
enum wi_code wi_notes_take_window(
    struct wi_notes *notes, const json_t *tree, struct wi_error *error);
/* Reports one event. The object that contains `notes` may be freed inside. */
void wi_notes_take(struct wi_notes *notes, const char *method, const json_t *params);
void wi_notes_clear(struct wi_notes *notes);

/* --- next to a session in classic ------------------------------------------------------------- */

/* Listening over BiDi if the driver grants it (webSocketUrl): an extra, without which everything
 * works. */
struct wi_listening;
/* Once, when it listens or has given up; never from inside wi_listening_new. */
typedef void wi_listening_fn(void *context);
/* Connects to `url` (given by the driver, not trusted) and reports events. A failure to connect is
 * a note; the end of the connection says nothing about the session. `outlet` as in
 * base/net/websocket.h. */
struct wi_listening *wi_listening_new(uv_loop_t *loop, struct lws_context *lws,
    const struct wi_outlet *outlet, const char *url, const struct wi_driver_events *events,
    wi_listening_fn *on_settled, void *context);
void wi_listening_free(struct wi_listening *listening); /* NULL is fine */

#endif
