/* See router.h. */
#include "models/arrive/source/router.h"

#include "base/log.h"
#include "base/loop.h"
#include "base/memory.h"
#include "base/net/http.h"
#include "base/text.h"
#include "models/arrive/source/providers.h"
#include "models/arrive/source/redirect.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define JSON_TYPE "application/json"
#define LINES_TYPE "application/x-ndjson"
#define BASE "/routing/v1"
/* A router that knows of filters has not to name all those that no gateway is. */
#define QUERY "?filter-protocols=transport-ipfs-gateway-http"

/* An answer that is being parsed off the loop. It frees itself once the thread is done. */
struct reading {
    struct wi_router *router;
    struct wi_work *work;
    char *text;
    size_t size;
    int lines;
    struct wi_providers providers;
    enum wi_code code;
    struct wi_error error;
};

struct wi_router {
    uv_loop_t *loop;
    struct wi_http *http;
    struct wi_sources *sources;
    char *base, *url; /* as it is configured; of the question, which redirects may change */
    unsigned hops;
    struct wi_http_call *call;
    struct reading *reading;
    struct wi_timer *timer; /* the most that is waited; at once when nothing is */
    wi_router_fn *on_known;
    void *context;
    struct wi_block_source *named[WI_PROVIDERS_MAX]; /* held */
    size_t count;
    char reason[300]; /* "": there is none */
};

/* --- the end ---------------------------------------------------------------------------------- */

static void on_wait_over(void *context)
{
    struct wi_router *router = context;
    wi_router_fn *on_known = router->on_known;
    if (!on_known)
        return;
    router->on_known = NULL;
    on_known(router->context);
}

/* Who waits is told in a turn of its own. */
__attribute__((format(printf, 2, 3))) static void router_end(
    struct wi_router *router, const char *format, ...)
{
    char reason[160], printable[160];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(reason, sizeof reason, format, arguments);
    va_end(arguments);
    wi_text_printable(printable, sizeof printable, reason); /* a header may be in it */
    if (*printable) {
        snprintf(router->reason, sizeof router->reason, "the router at %.120s: %s", router->base,
            printable);
        wi_text_mend(router->reason);
        wi_info("source", router->base, "%s", printable);
    }
    if (router->on_known)
        wi_timer_start(router->timer, 0, 0);
}

/* --- an answer -------------------------------------------------------------------------------- */

static void read_providers(void *data)
{
    struct reading *reading = data;
    reading->code = wi_providers_read(
        &reading->providers, reading->text, reading->size, reading->lines, &reading->error);
}

static void take_providers(struct wi_router *router, const struct reading *reading)
{
    const struct wi_providers *found = &reading->providers;
    router->reading = NULL;
    for (size_t i = 0; i < found->urls.count; i++) {
        struct wi_block_source *stranger =
            wi_sources_stranger(router->sources, found->urls.items[i]);
        if (stranger)
            router->named[router->count++] = stranger;
    }
    if (reading->code != WI_OK)
        router_end(router, "%s", reading->error.detail);
    else if (router->count > 0)
        router_end(router, "%s", "");
    else if (found->urls.count > 0)
        router_end(router, "it names only gateways that are asked anyway");
    else if (found->unfit > 0)
        router_end(router, "none of the %zu gateways that it names has a public address over https",
            found->unfit);
    else
        router_end(router, "it names no gateway");
}

static void on_read(void *data, int cancelled)
{
    struct reading *reading = data;
    if (!cancelled) /* else the router is gone */
        take_providers(reading->router, reading);
    wi_providers_clear(&reading->providers);
    free(reading->text);
    free(reading);
}

static void router_read_answer(
    struct wi_router *router, const struct wi_http_answer *answer, int lines)
{
    struct reading *reading = wi_alloc(sizeof *reading);
    *reading = (struct reading){.router = router,
        .text = wi_strndup(answer->body, answer->body_size),
        .size = answer->body_size,
        .lines = lines};
    router->reading = reading;
    reading->work = wi_work_start(router->loop, read_providers, on_read, reading);
}

/* --- the question ----------------------------------------------------------------------------- */

static void send_question(struct wi_router *router);

static void router_lead_on(struct wi_router *router, const struct wi_http_answer *answer)
{
    const char *location = wi_http_call_header(answer->call, "location");
    struct wi_error error;
    if (wi_redirect_take(router->base, &router->url, location, &router->hops, &error) == 0)
        send_question(router);
    else
        router_end(router, "%.150s", error.detail);
}

static void router_judge(struct wi_router *router, const struct wi_http_answer *answer)
{
    const char *type = wi_http_call_header(answer->call, "content-type");
    int status = answer->status, lines = wi_media_type_is(type, LINES_TYPE);
    if (wi_redirect_is(status))
        router_lead_on(router, answer);
    else if (status == 404)
        router_end(router, "it names no gateway (404)");
    else if (status != 200)
        router_end(router, "it answers %d", status);
    else if (lines || wi_media_type_is(type, JSON_TYPE))
        router_read_answer(router, answer, lines);
    else
        router_end(
            router, "it answers with %.60s instead of " JSON_TYPE, type ? type : "no Content-Type");
}

static void on_answer(void *context, const struct wi_http_answer *answer)
{
    struct wi_router *router = context;
    router->call = NULL;
    if (answer->end == WI_HTTP_STOPPED)
        router_end(router, "its answer is longer than %u bytes", WI_PROVIDERS_BYTES);
    else if (answer->end != WI_HTTP_ANSWERED)
        router_end(router, "it cannot be asked: %.100s", answer->failure);
    else
        router_judge(router, answer);
}

static void send_question(struct wi_router *router)
{
    int stays = wi_redirect_stays(router->base, router->url);
    static const char *const headers[] = {"Accept: " JSON_TYPE ", " LINES_TYPE ";q=0.9", NULL};
    const struct wi_http_request request = {.method = "GET",
        .url = router->url,
        .headers = headers,
        .timeout_ms = WI_ROUTER_ALONE_MS,
        .max_answer = WI_PROVIDERS_BYTES,
        .outside = 1,
        .allow_private = stays,
        .allow_plain = stays};
    router->call = wi_http_start(router->http, &request, on_answer, router);
}

/* Its URL may be with or without what all routers have. */
static char *url_of(const char *base, const struct wi_cid *cid)
{
    char text[WI_CID_TEXT];
    size_t length = strlen(base), tail = strlen(BASE);
    int has = length > tail && strcmp(base + length - tail, BASE) == 0;
    wi_cid_print(cid, text);
    return wi_sprintf("%s%s/providers/%s" QUERY, base, has ? "" : BASE, text);
}

struct wi_router *wi_router_ask(uv_loop_t *loop, struct wi_http *http, struct wi_sources *sources,
    const char *url, const struct wi_cid *cid, uint64_t wait_ms, wi_router_fn *on_known,
    void *context)
{
    struct wi_router *router = wi_alloc(sizeof *router);
    *router = (struct wi_router){.loop = loop,
        .http = http,
        .sources = sources,
        .base = wi_strdup(url),
        .url = url_of(url, cid),
        .on_known = on_known,
        .context = context};
    snprintf(router->reason, sizeof router->reason, "the router at %.120s: it has not answered yet",
        url);
    router->timer = wi_timer_new(loop, on_wait_over, router);
    wi_timer_start(router->timer, wait_ms, 0);
    send_question(router);
    return router;
}

void wi_router_free(struct wi_router *router)
{
    if (!router)
        return;
    wi_http_cancel(router->call);
    if (router->reading)
        wi_work_abandon(router->reading->work); /* on_read frees it */
    while (router->count > 0)
        wi_block_source_release(router->named[--router->count]);
    wi_timer_free(router->timer);
    free(router->base);
    free(router->url);
    free(router);
}

/* --- the providers that it has named ---------------------------------------------------------- */

size_t wi_router_count(const struct wi_router *router)
{
    return router->count;
}

struct wi_block_source *wi_router_at(const struct wi_router *router, size_t index)
{
    return router->named[index];
}

const char *wi_router_reason(const struct wi_router *router)
{
    return router->count == 0 ? router->reason : NULL;
}
