/* Questions to a hub: asked, led on, asked again. */
#include "hub/ask.h"

#include "base/loop.h"
#include "base/memory.h"
#include "hub/redirect.h"
#include "hub/tree.h"
#include <stdlib.h>
#include <string.h>

#define TIMEOUT_MS 120000 /* of one try */
#define STALL_MS 30000
#define PAUSE_MS 250

struct wi_hub_ask {
    struct wi_http *http;
    const struct wi_hub *hub;
    struct wi_http_call *call; /* NULL while it waits */
    struct wi_timer *timer;
    char *method, *what;
    char *url; /* that is asked now */
    unsigned tries, hops;
    uint64_t pause_ms; /* before the next try */
    wi_hub_ask_fn *on_answer;
    void *context;
};

char *wi_hub_own_url(const struct wi_hub *hub, const char *base, const char *reference)
{
    char *url = wi_redirect_follow(hub->url, base, reference, 0, NULL);
    if (url && wi_hub_owns_url(hub, url))
        return url;
    free(url);
    return NULL;
}

static void free_ask(struct wi_hub_ask *ask)
{
    wi_timer_free(ask->timer);
    free(ask->method);
    free(ask->what);
    free(ask->url);
    free(ask);
}

static void end(
    struct wi_hub_ask *ask, const struct wi_http_answer *answer, const struct wi_error *error)
{
    ask->on_answer(ask->context, answer, ask->url, error);
    free_ask(ask);
}

static void on_answer(void *context, const struct wi_http_answer *answer);

static void send_question(void *context)
{
    struct wi_hub_ask *ask = context;
    char *authorization = wi_hub_authorization(ask->hub);
    const char *const headers[] = {
        "Accept: application/json, text/plain;q=0.9, */*;q=0.1", authorization, NULL};
    const struct wi_http_request request = {.method = ask->method,
        .url = ask->url,
        .headers = headers,
        .timeout_ms = TIMEOUT_MS,
        .stall_ms = STALL_MS,
        .max_answer = WI_HUB_PAGE_MAX,
        .outside = 1,
        .allow_private = 1}; /* it is the hub's own host, which the configuration names */
    ask->tries++;
    ask->call = wi_http_start(ask->http, &request, on_answer, ask);
    free(authorization);
}

/* How long to wait before another try, in milliseconds; 0: there is none. */
static uint64_t pause_before_next(struct wi_hub_ask *ask, const struct wi_http_answer *answer)
{
    unsigned seconds = 0;
    uint64_t pause = ask->pause_ms;
    if (ask->tries >= WI_HUB_ASK_TRIES)
        return 0;
    if (answer->status == 429 || answer->status == 503)
        seconds = wi_hub_retry_after(wi_http_call_header(answer->call, "retry-after"));
    else if (answer->end != WI_HTTP_BROKEN && answer->status < 500)
        return 0;
    if (seconds > WI_HUB_WAIT_MAX)
        return 0;
    ask->pause_ms *= 4;
    return seconds > 0 ? UINT64_C(1000) * seconds : pause;
}

/* Whether the answer leads elsewhere on the hub, where the question is asked anew then. */
static int goes_on(struct wi_hub_ask *ask, const struct wi_http_answer *answer)
{
    const char *location = answer->status >= 301 && answer->status <= 308
                               ? wi_http_call_header(answer->call, "location")
                               : NULL;
    char *next = location && ask->hops < WI_REDIRECTS_MAX
                     ? wi_hub_own_url(ask->hub, ask->url, location)
                     : NULL;
    if (!next)
        return 0;
    free(ask->url);
    ask->url = next;
    ask->hops++;
    ask->tries = 0;
    send_question(ask);
    return 1;
}

static void explain(
    const struct wi_hub_ask *ask, const struct wi_http_answer *answer, struct wi_error *error)
{
    if (answer->status == 0) {
        wi_error_set(error, WI_HUB_FAILED, "model", "hub %s (%.120s) cannot be asked: %.160s",
            ask->hub->name, ask->hub->url, answer->failure);
        return;
    }
    wi_hub_explain(ask->hub, answer->status, wi_http_call_header(answer->call, "x-error-code"),
        ask->what, error);
    if (error->code == WI_HUB_BUSY)
        wi_error_retry_after(
            error, wi_hub_retry_after(wi_http_call_header(answer->call, "retry-after")));
}

static void on_answer(void *context, const struct wi_http_answer *answer)
{
    struct wi_hub_ask *ask = context;
    struct wi_error error = {0};
    uint64_t pause;
    ask->call = NULL;
    if (answer->status >= 200 && answer->status < 300) {
        end(ask, answer, NULL);
        return;
    }
    if (goes_on(ask, answer))
        return;
    pause = pause_before_next(ask, answer);
    if (pause > 0) {
        wi_timer_start(ask->timer, pause, 0);
        return;
    }
    explain(ask, answer, &error);
    end(ask, answer, &error);
}

struct wi_hub_ask *wi_hub_ask_start(uv_loop_t *loop, struct wi_http *http, const struct wi_hub *hub,
    const struct wi_hub_question *question, wi_hub_ask_fn *on_end, void *context)
{
    struct wi_hub_ask *ask = wi_alloc(sizeof *ask);
    *ask = (struct wi_hub_ask){.http = http,
        .hub = hub,
        .method = wi_strdup(question->method),
        .what = wi_strdup(question->what),
        .url = wi_strdup(question->url),
        .pause_ms = question->pause_ms ? question->pause_ms : PAUSE_MS,
        .on_answer = on_end,
        .context = context};
    ask->timer = wi_timer_new(loop, send_question, ask);
    send_question(ask);
    return ask;
}

void wi_hub_ask_cancel(struct wi_hub_ask *ask)
{
    if (!ask)
        return;
    wi_http_cancel(ask->call);
    free_ask(ask);
}
