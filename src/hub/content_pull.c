/* See content_pull.h: the runs of a pull, one after another, and who brought how much. */
#include "hub/content_pull.h"

#include "base/memory.h"
#include "hub/content_private.h"
#include <stdlib.h>
#include <string.h>

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
    hold_sources(pull);
    pull->kept = wi_kept_blocks_new();
    return pull;
}

void wi_content_pull_stop(struct wi_content_pull *pull)
{
    struct content_run *run = pull->run;
    pull->run = NULL;
    if (run)
        content_run_abandon(run);
}

void wi_content_pull_free(struct wi_content_pull *pull)
{
    if (!pull)
        return;
    wi_content_pull_stop(pull);
    wi_kept_blocks_release(pull->kept);
    release_sources(pull);
    for (size_t i = 0; i < pull->source_count; i++)
        free((char *)pull->sources[i].name);
    free(pull->sources);
    free(pull->before);
    wi_hub_reference_clear(&pull->reference);
    free((char *)pull->order.folder);
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

/* --- who brought how much --------------------------------------------------------------------- */

/* The index of a source of that name, a new one if need be. */
static size_t find(struct wi_content_pull *pull, const char *name)
{
    size_t i = 0, count = pull->source_count;
    while (i < count && strcmp(pull->sources[i].name, name) != 0)
        i++;
    if (i < count)
        return i;
    pull->sources = wi_realloc_array(pull->sources, count + 1, sizeof *pull->sources);
    pull->before = wi_realloc_array(pull->before, count + 1, sizeof *pull->before);
    pull->sources[i] = (struct wi_fetch_source){.name = wi_strdup(name)};
    pull->before[i] = 0;
    pull->source_count++;
    return i;
}

void content_pull_count(struct content_run *run)
{
    struct wi_content_pull *pull = run->pull;
    struct wi_block_progress progress;
    struct wi_block_share source;
    int ends = run->phase == CONTENT_CLOSING;
    if (!pull)
        return;
    wi_block_fetch_progress(run->blocks, &progress);
    run->fetched = progress.fetched;
    for (size_t i = 0; wi_block_fetch_share(run->blocks, i, &source) == 0; i++) {
        size_t own = find(pull, source.name);
        pull->sources[own].bytes = pull->before[own] + source.bytes;
        if (ends)
            pull->before[own] = pull->sources[own].bytes;
    }
    if (ends && !run->wanted)
        pull->carried += run->fetched;
}
