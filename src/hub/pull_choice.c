/* See pull_choice.h. */
#include "hub/pull_choice.h"

#include "base/loop.h"
#include "hub/pull_kept.h"
#include <stdlib.h>

struct wi_pull_choice {
    wi_pull_choice_fn *on_chosen; /* NULL once it was cancelled */
    void *context;
    struct wi_hub_tree tree;
    char *variant, *precision;
    struct wi_strings files;
    uint64_t memory;
    struct wi_source current;
    int related;
    struct wi_pull_chosen chosen;
    enum wi_code code;
    struct wi_error error;
    struct wi_work *work;
};

static void free_choice(struct wi_pull_choice *choice)
{
    wi_hub_tree_clear(&choice->tree);
    wi_strings_clear(&choice->files);
    wi_source_clear(&choice->current);
    wi_hub_tree_clear(&choice->chosen.files);
    free(choice->chosen.variant);
    free(choice->variant);
    free(choice->precision);
    free(choice);
}

static void run(void *data)
{
    struct wi_pull_choice *choice = data;
    struct wi_pull_chosen *chosen = &choice->chosen;
    const struct wi_hub_want want = {.variant = choice->variant,
        .precision = choice->precision,
        .files = &choice->files,
        .memory = choice->memory};
    choice->code =
        wi_hub_choose(&choice->tree, &want, &chosen->files, &chosen->variant, &choice->error);
    if (choice->code != WI_OK)
        return;
    chosen->all_here = wi_pull_has_all(&choice->current, &chosen->files);
    if (choice->related && !chosen->all_here)
        wi_pull_keep(&choice->current, &choice->tree, &chosen->files);
}

static void on_run(void *data, int cancelled)
{
    struct wi_pull_choice *choice = data;
    (void)cancelled; /* only where it was ours to cancel */
    if (choice->on_chosen)
        choice->on_chosen(
            choice->context, &choice->chosen, choice->code == WI_OK ? NULL : &choice->error);
    free_choice(choice);
}

struct wi_pull_choice *wi_pull_choice_start(uv_loop_t *loop, const struct wi_hub_tree *tree,
    const struct wi_hub_want *want, const struct wi_source *current, int related,
    wi_pull_choice_fn *on_chosen, void *context)
{
    struct wi_pull_choice *choice = wi_alloc(sizeof *choice);
    choice->on_chosen = on_chosen;
    choice->context = context;
    wi_hub_tree_copy(&choice->tree, tree);
    choice->variant = wi_strdup(want->variant);
    choice->precision = wi_strdup(want->precision);
    if (want->files)
        wi_strings_copy(&choice->files, want->files);
    choice->memory = want->memory;
    wi_source_copy(&choice->current, current);
    choice->related = related;
    choice->work = wi_work_start(loop, run, on_run, choice);
    return choice;
}

void wi_pull_choice_cancel(struct wi_pull_choice *choice)
{
    if (!choice)
        return;
    choice->on_chosen = NULL;
    wi_work_abandon(choice->work);
}
