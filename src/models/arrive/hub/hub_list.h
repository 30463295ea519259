/*
 * Asks a hub for the files of a repository: first resolves the revision to a commit, then lists its
 * files page by page, and asks for lengths that the list lacks, of files that could be fetched. On
 * the loop; nothing blocks.
 */
#ifndef WI_MODELS_ARRIVE_HUB_HUB_LIST_H
#define WI_MODELS_ARRIVE_HUB_HUB_LIST_H

#include "base/net/http_client.h"
#include "models/arrive/hub/hub.h"
#include "models/arrive/hub/hub_tree.h"
#include "terms/model/reference.h"
#include <uv.h>

/* Called exactly once unless the list is cancelled, and never from inside wi_hub_list_start; the
 * list is gone afterwards. With `error` there is no tree. Both are borrowed for the call. */
typedef void wi_hub_list_fn(
    void *context, const struct wi_hub_tree *tree, const struct wi_error *error);

struct wi_hub_list;
/* `hub` is borrowed until the list ends or is cancelled; `reference` is copied. */
struct wi_hub_list *wi_hub_list_start(uv_loop_t *loop, struct wi_http *http,
    const struct wi_hub *hub, const struct wi_hub_reference *reference, wi_hub_list_fn *on_tree,
    void *context);
void wi_hub_list_cancel(struct wi_hub_list *list); /* no callback is called; NULL is fine */

#endif
