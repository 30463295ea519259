/* See content_pull.h: the runs of a pull, one after another. */
#include "hub/content_pull.h"

#include "base/memory.h"
#include "hub/content_private.h"
#include <stdlib.h>

static void hold_sources(struct wi_content_pull *pull)
{
    const struct wi_content_order *order = &pull->order;
    size_t count = order->only ? order->only_count : 0;
    struct wi_block_source **only = wi_alloc((count + 1) * sizeof *only);
    for (size_t i = 0; i < count; i++)
        only[i] = wi_block_source_hold(order->only[i]);
    pull->only = only;
}

static void release_sources(struct wi_content_pull *pull)
{
    for (size_t i = 0; pull->only[i]; i++)
        wi_block_source_release(pull->only[i]);
    free(pull->only);
}

struct wi_content_pull *wi_content_pull_new(const struct wi_content_order *order)
{
    struct wi_content_pull *pull = wi_alloc(sizeof *pull);
    pull->order = *order;
    pull->order.folder = wi_strdup(order->folder);
    wi_hub_reference_copy(&pull->reference, order->reference);
    pull->order.reference = &pull->reference;
    pull->order.file_url = wi_strdup(order->file_url);
    hold_sources(pull);
    pull->kept = wi_kept_blocks_new();
    return pull;
}

void wi_content_pull_free(struct wi_content_pull *pull)
{
    if (!pull)
        return;
    if (pull->run)
        content_run_abandon(pull->run);
    wi_kept_blocks_release(pull->kept);
    release_sources(pull);
    for (size_t i = 0; i < pull->source_count; i++)
        free((char *)pull->sources[i].name);
    free(pull->sources);
    free(pull->before);
    wi_hub_reference_clear(&pull->reference);
    free((char *)pull->order.folder);
    free((char *)pull->order.file_url);
    free(pull);
}

void wi_content_pull_list(struct wi_content_pull *pull, wi_hub_list_fn *on_tree, void *context)
{
    pull->run = content_run_new(pull, NULL);
    pull->run->on_tree = on_tree;
    pull->run->context = context;
}

void wi_content_pull_fetch(struct wi_content_pull *pull, struct wi_hub_tree *files,
    wi_fetch_progress_fn *on_progress, wi_fetch_fn *on_end, void *context)
{
    pull->run = content_run_new(pull, files);
    pull->run->on_progress = on_progress;
    pull->run->on_end = on_end;
    pull->run->context = context;
}
