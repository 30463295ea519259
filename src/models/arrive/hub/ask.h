/*
 * One question to a hub: a request to its own host, with its token. Redirects are followed as long
 * as they stay there; a hub that is busy or stumbles is asked again, a few times.
 */
#ifndef WI_MODELS_ARRIVE_HUB_ASK_H
#define WI_MODELS_ARRIVE_HUB_ASK_H

#include "base/error.h"
#include "base/net/http_client.h"
#include "models/arrive/hub/hub.h"
#include <uv.h>

#define WI_HUB_ASK_ATTEMPTS 4
#define WI_HUB_WAIT_MAX 30 /* seconds: a hub that wants more is not waited for */

struct wi_hub_ask;

/* Called exactly once unless it is cancelled, and never from inside wi_hub_ask_start; the question
 * is gone afterwards. `error` is NULL after an answer of 2xx. `url` is where the answer came from.
 * All is borrowed for the call. */
typedef void wi_hub_ask_fn(void *context, const struct wi_http_answer *answer, const char *url,
    const struct wi_error *error);

struct wi_hub_question {
    const char *method; /* "GET" or "HEAD" */
    const char *url;    /* of the hub */
    const char *what;   /* it is about, for errors: "ORG/NAME" */
    unsigned pause_ms;  /* set by tests alone: before the second try, instead of 250 */
};

/* `hub` is borrowed for as long as the question lasts, the rest for the call. */
struct wi_hub_ask *wi_hub_ask_start(uv_loop_t *loop, struct wi_http *http, const struct wi_hub *hub,
    const struct wi_hub_question *question, wi_hub_ask_fn *on_answer, void *context);
void wi_hub_ask_cancel(struct wi_hub_ask *ask); /* no callback comes; NULL is fine */

/* The URL that `reference` means in an answer from `base`; the caller frees it. NULL if that is
 * none, or does not lead to the hub itself. */
char *wi_hub_own_url(const struct wi_hub *hub, const char *base, const char *reference);

/* What an answer of a hub other than 2xx means, for people, with its code: `reason` is the header
 * X-Error-Code or NULL, `what` what was asked for. */
enum wi_code wi_hub_explain(const struct wi_hub *hub, int status, const char *reason,
    const char *what, struct wi_error *error);

#endif
