/*
 * Asks a hub what a repository has: resolves the revision to a commit first, then lists its files
 * page by page. On the loop; nothing blocks. Of a plain hub SHA256SUMS is read, and the server is
 * asked for the length of each file that could be fetched.
 */
#ifndef WI_HUB_LIST_H
#define WI_HUB_LIST_H

#include "base/http_client.h"
#include "hub/hub.h"
#include "hub/reference.h"
#include "hub/tree.h"
#include <uv.h>

/* Called exactly once unless the list is cancelled, and never from inside wi_hub_list_start. With
 * `error` there is no tree. `tree` is borrowed for the call. */
typedef void wi_hub_list_fn(
    void *context, const struct wi_hub_tree *tree, const struct wi_error *error);

struct wi_hub_list;
/* Copies `hub` (with its token) and `reference`. */
struct wi_hub_list *wi_hub_list_start(uv_loop_t *loop, struct wi_http *http,
    const struct wi_hub *hub, const struct wi_hub_reference *reference, wi_hub_list_fn *on_tree,
    void *context);
void wi_hub_list_cancel(struct wi_hub_list *list); /* no callback comes; NULL is fine */

/* What an answer of a hub other than 2xx means, for people, with the code: X-Error-Code is `reason`
 * or NULL, `what` what was asked for ("ORG/NAME", a path). */
enum wi_code wi_hub_explain(const struct wi_hub *hub, int status, const char *reason,
    const char *what, struct wi_error *error);
/* The seconds of a Retry-After header, which may be a date; 0 for none. At most an hour. */
unsigned wi_hub_retry_after(const char *header);

#endif
