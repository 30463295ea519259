/*
 * One question to a delegated router: who has what a CID names (providers.h). Whom it names are
 * strangers (sources.h), held for as long as the question. It is asked once; one that says nobody,
 * does not answer or answers with nonsense costs the wait alone.
 *
 * Its answer is read on a thread of the pool; all is called on the loop's thread.
 */
#ifndef WI_MODELS_ARRIVE_SOURCE_ROUTER_H
#define WI_MODELS_ARRIVE_SOURCE_ROUTER_H

#include "base/net/http_client.h"
#include "models/arrive/source/sources.h"
#include "models/share/content/cid.h"

#define WI_ROUTER_WAIT_MS 3000u   /* so long it delays a pull that others can bring */
#define WI_ROUTER_ALONE_MS 10000u /* the same where there is nobody else; then it is given up */

struct wi_router;
typedef void wi_router_fn(void *context);
/* `url` is what [content] routing has. Calls back once, never from inside: when it has answered or
 * failed to, or after `wait_ms`; whom it names later is there later. All that is borrowed must
 * outlive it, but for the texts. */
struct wi_router *wi_router_ask(uv_loop_t *loop, struct wi_http *http, struct wi_sources *sources,
    const char *url, const struct wi_cid *cid, uint64_t wait_ms, wi_router_fn *on_known,
    void *context);
void wi_router_free(struct wi_router *router); /* no callback comes; NULL is fine */

/* Whom it has named until now, at most WI_PROVIDERS_MAX. */
size_t wi_router_count(const struct wi_router *router);
struct wi_block_source *wi_router_at(const struct wi_router *router, size_t index); /* not held */
/* Why there are none, for behind the name of what was asked for: "the router at URL names nobody".
 * Borrowed; NULL where there are some. */
const char *wi_router_reason(const struct wi_router *router);

#endif
