/*
 * One question to a delegated router: which providers have the content of a CID (providers.h). The
 * providers it names are strangers (sources.h), held for as long as the question. The router is
 * asked once; if it names no provider, does not answer or answers with garbage, the pull only loses
 * the time of the wait.
 *
 * Its answer is parsed on a thread of the pool; everything is called on the loop's thread.
 */
#ifndef WI_MODELS_ARRIVE_SOURCE_ROUTER_H
#define WI_MODELS_ARRIVE_SOURCE_ROUTER_H

#include "base/net/http_client.h"
#include "models/arrive/source/sources.h"
#include "terms/model/cid.h"

#define WI_ROUTER_WAIT_MS 3000u   /* the delay of a pull that has other sources */
#define WI_ROUTER_ALONE_MS 10000u /* the same without other sources; then it is given up */

struct wi_router;
typedef void wi_router_fn(void *context);
/* `url` is the value of [content] routing. Calls back once, never from inside: when the router has
 * answered or failed, or after `wait_ms`; providers that it names later are available later. All
 * borrowed arguments but the texts must outlive the question. */
struct wi_router *wi_router_ask(uv_loop_t *loop, struct wi_http *http, struct wi_sources *sources,
    const char *url, const struct wi_cid *cid, uint64_t wait_ms, wi_router_fn *on_known,
    void *context);
void wi_router_free(struct wi_router *router); /* no callback is called; NULL is fine */

/* The providers that it has named so far, at most WI_PROVIDERS_MAX. */
size_t wi_router_count(const struct wi_router *router);
struct wi_block_source *wi_router_at(const struct wi_router *router, size_t index); /* not held */
/* Why there are none, to follow the name of what was asked for: "the router at URL: it names no
 * gateway". Borrowed; NULL if there are some. */
const char *wi_router_reason(const struct wi_router *router);

#endif
