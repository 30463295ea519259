/* Questions to a hub: asked, led on, asked again. */
#include "models/arrive/hub/ask.h"

#include "base/loop.h"
#include "base/memory.h"
#include "base/net/http.h"
#include "models/arrive/hub/hub_tree.h"
#include "models/arrive/source/redirect.h"
#include <stdlib.h>
#include <string.h>

#define TIMEOUT_MS 120000 /* of one try */
#define STALL_MS 30000
#define PAUSE_MS 250 /* before the second try, four times as long before each further */

struct wi_hub_ask {
    struct wi_http *http;
    const struct wi_hub *hub;
    struct wi_http_call *call; /* NULL while it waits */
    struct wi_timer *timer;
    const char *method;
    char *what, *url; /* the URL that is asked now */
    unsigned attempts, hops;
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
    free(ask->what);
    free(ask->url);
    free(ask);
}

static void ask_end(
    struct wi_hub_ask *ask, const struct wi_http_answer *answer, const struct wi_error *error)
{
    ask->on_answer(ask->context, answer, ask->url, error);
    free_ask(ask);
}

static void on_answer(void *context, const struct wi_http_answer *answer);

static void send_question(void *context)
{
    struct wi_hub_ask *ask = context;
    char *authorization = wi_hub_authorization(ask->hub, ask->url);
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
    ask->attempts++;
    ask->call = wi_http_start(ask->http, &request, on_answer, ask);
    free(authorization);
}

/* How long to wait before another try, in milliseconds; 0: there is none. */
static uint64_t pause_before_next(struct wi_hub_ask *ask, const struct wi_http_answer *answer)
{
    unsigned seconds = 0;
    uint64_t pause = ask->pause_ms;
    if (ask->attempts >= WI_HUB_ASK_ATTEMPTS)
        return 0;
    if (answer->status == 429 || answer->status == 503)
        seconds = wi_http_retry_after(wi_http_call_header(answer->call, "retry-after"));
    else if (answer->end != WI_HTTP_BROKEN && !wi_http_may_retry(answer->status))
        return 0;
    if (seconds > WI_HUB_WAIT_MAX)
        return 0;
    ask->pause_ms *= 4;
    return seconds > 0 ? UINT64_C(1000) * seconds : pause;
}

/* If the answer redirects to another URL of the hub, sends the question there. Returns whether it
 * did. */
static int ask_goes_on(struct wi_hub_ask *ask, const struct wi_http_answer *answer)
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
    ask->attempts = 0;
    send_question(ask);
    return 1;
}

static void ask_explain(
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
            error, wi_http_retry_after(wi_http_call_header(answer->call, "retry-after")));
}

static void on_answer(void *context, const struct wi_http_answer *answer)
{
    struct wi_hub_ask *ask = context;
    ask->call = NULL;
    if (answer->status >= 200 && answer->status < 300) {
        ask_end(ask, answer, NULL);
        return;
    }
    if (ask_goes_on(ask, answer))
        return;
    uint64_t pause = pause_before_next(ask, answer);
    if (pause > 0) {
        wi_timer_start(ask->timer, pause, 0);
        return;
    }
    struct wi_error error = {0};
    ask_explain(ask, answer, &error);
    ask_end(ask, answer, &error);
}

struct wi_hub_ask *wi_hub_ask_start(uv_loop_t *loop, struct wi_http *http, const struct wi_hub *hub,
    const struct wi_hub_question *question, wi_hub_ask_fn *on_end, void *context)
{
    struct wi_hub_ask *ask = wi_alloc(sizeof *ask);
    *ask = (struct wi_hub_ask){.http = http,
        .hub = hub,
        .method = question->method,
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

/* A token that is missing, or that is not good enough. */
static enum wi_code refuse_access(
    const struct wi_hub *hub, int status, const char *what, int gated, struct wi_error *error)
{
    if (gated)
        return wi_error_set(error, WI_HUB_UNAUTHORIZED, "model",
            "%.120s is gated: accept its terms on its page, %.120s/%.*s, and put a token of that "
            "account into the token_file of [hub.%s]",
            what, hub->url, (int)strcspn(what, "@"), what, hub->name);
    if (hub->token)
        return wi_error_set(error, WI_HUB_UNAUTHORIZED, "model",
            "hub %s refuses the token of %.200s for %.120s (%d); check that the token is valid and "
            "has read access",
            hub->name, hub->token_file ? hub->token_file : "its token_file", what, status);
    return wi_error_set(error, WI_HUB_UNAUTHORIZED, "model",
        "hub %s refuses public access to %.120s (%d): it is private, or does not exist; check the "
        "name, or put a token into the token_file of [hub.%s]",
        hub->name, what, status, hub->name);
}

static enum wi_code fail_to_find(
    const struct wi_hub *hub, const char *reason, const char *what, struct wi_error *error)
{
    const char *missing = "";
    if (strcmp(reason, "RevisionNotFound") == 0)
        missing = ": there is no such revision";
    else if (strcmp(reason, "RepoNotFound") == 0)
        missing = ": there is no such repository";
    else if (strcmp(reason, "EntryNotFound") == 0)
        missing = ": there is no such file";
    return wi_error_set(error, WI_HUB_NOT_FOUND, "model",
        "hub %s (%.120s) does not have %.200s%s; check its name", hub->name, hub->url, what,
        missing);
}

enum wi_code wi_hub_explain(const struct wi_hub *hub, int status, const char *reason,
    const char *what, struct wi_error *error)
{
    if (!reason)
        reason = "";
    if (status == 401 || status == 403)
        return refuse_access(hub, status, what, strcmp(reason, "GatedRepo") == 0, error);
    if (status == 404 || status == 410)
        return fail_to_find(hub, reason, what, error);
    if (status == 429)
        return wi_error_set(error, WI_HUB_BUSY, "model",
            "hub %s has had enough requests for now (429); try again later%s", hub->name,
            hub->token ? "" : ", or with a token in its token_file");
    if (status >= 300 && status < 400)
        return wi_error_set(error, WI_HUB_FAILED, "model",
            "hub %s redirects the request for %.200s elsewhere (%d), which is not followed",
            hub->name, what, status);
    return wi_error_set(
        error, WI_HUB_FAILED, "model", "hub %s answers %d for %.200s", hub->name, status, what);
}
