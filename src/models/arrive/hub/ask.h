/*
 * One question to a hub: a request to the hub's own host, with the hub's token. Redirects are
 * followed while they stay on that host. A request that fails because the hub is busy or has a
 * temporary error is repeated a few times.
 */
#ifndef WI_MODELS_ARRIVE_HUB_ASK_H
#define WI_MODELS_ARRIVE_HUB_ASK_H

#include "base/error.h"
#include "base/net/http_client.h"
#include "models/arrive/hub/hub.h"
#include <uv.h>

#define WI_HUB_ASK_ATTEMPTS 4
#define WI_HUB_WAIT_MAX 30 /* seconds; a longer Retry-After ends the question */

struct wi_hub_ask;

/* Called exactly once unless the question is cancelled, and never from inside wi_hub_ask_start; the
 * question is gone afterwards. `error` is NULL after a 2xx answer. `url` is where the answer came
 * from. All arguments are borrowed for the call. */
typedef void wi_hub_ask_fn(void *context, const struct wi_http_answer *answer, const char *url,
    const struct wi_error *error);

struct wi_hub_question {
    const char *method; /* "GET" or "HEAD"; a constant */
    const char *url;    /* of the hub */
    const char *what;   /* subject of the question, for errors: "ORG/NAME" */
    unsigned pause_ms;  /* set by tests alone: pause before the second try, instead of 250 */
};

/* `hub` is borrowed until the question ends, the other arguments for the call. */
struct wi_hub_ask *wi_hub_ask_start(uv_loop_t *loop, struct wi_http *http, const struct wi_hub *hub,
    const struct wi_hub_question *question, wi_hub_ask_fn *on_answer, void *context);
void wi_hub_ask_cancel(struct wi_hub_ask *ask); /* no callback is called; NULL is fine */

/* The URL that `reference` means in an answer from `base`; the caller frees it. NULL if `reference`
 * is not a URL or does not lead to the hub itself. */
char *wi_hub_own_url(const struct wi_hub *hub, const char *base, const char *reference);

/* Explains an answer of a hub other than 2xx: returns its code and sets an error for people.
 * `reason` is the header X-Error-Code or NULL; `what` is what was asked for. */
enum wi_code wi_hub_explain(const struct wi_hub *hub, int status, const char *reason,
    const char *what, struct wi_error *error);

#endif
