/* See pull_kept.h. */
#include "hub/pull_kept.h"

#include "base/loop.h"
#include "library/store_path.h"
#include <stdlib.h>
#include <string.h>

struct wi_pull_look {
    wi_pull_look_fn *on_looked; /* NULL once it was cancelled */
    void *context;
    char *directory, *name;
    struct wi_hub hub;
    struct wi_versions versions;
    enum wi_code code;
    struct wi_error error;
    struct wi_work *work;
};

static void free_look(struct wi_pull_look *look)
{
    free(look->directory);
    free(look->name);
    wi_hub_clear(&look->hub);
    wi_versions_clear(&look->versions);
    free(look);
}

static void run(void *data)
{
    struct wi_pull_look *look = data;
    if (wi_versions_list(look->directory, look->name, &look->versions) != 0)
        look->code = wi_path_failed(
            look->directory, "the versions of the model cannot be seen", &look->error);
    else
        look->code = wi_hub_read_token(&look->hub, &look->error);
}

static void on_run(void *data, int cancelled)
{
    struct wi_pull_look *look = data;
    (void)cancelled; /* only where it was ours to cancel */
    if (look->on_looked)
        look->on_looked(
            look->context, &look->hub, &look->versions, look->code == WI_OK ? NULL : &look->error);
    free_look(look);
}

struct wi_pull_look *wi_pull_look_start(uv_loop_t *loop, const char *directory, const char *name,
    const struct wi_hub *hub, wi_pull_look_fn *on_looked, void *context)
{
    struct wi_pull_look *look = wi_alloc(sizeof *look);
    look->on_looked = on_looked;
    look->context = context;
    look->directory = wi_strdup(directory);
    look->name = wi_strdup(name);
    wi_hub_copy(&look->hub, hub);
    look->work = wi_work_start(loop, run, on_run, look);
    return look;
}

void wi_pull_look_cancel(struct wi_pull_look *look)
{
    if (!look)
        return;
    look->on_looked = NULL;
    wi_work_abandon(look->work);
}

/* --- held against the hub -------------------------------------------------------------------- */

int wi_pull_has_all(const struct wi_source *current, const struct wi_hub_tree *chosen)
{
    size_t found = 0;
    for (size_t i = 0; i < chosen->count; i++)
        for (size_t k = 0; k < current->count; k++)
            found += strcmp(current->files[k].path, chosen->files[i].path) == 0 &&
                     strcmp(current->files[k].hash, chosen->files[i].hash) == 0;
    return chosen->count > 0 && found == chosen->count;
}

static int has_path(const struct wi_hub_tree *tree, const char *path)
{
    for (size_t i = 0; i < tree->count; i++)
        if (strcmp(tree->files[i].path, path) == 0)
            return 1;
    return 0;
}

/* The file that lies here at `path` now: that path on the hub, or one in a subfolder. */
static const struct wi_hub_file *find_on_hub(
    const struct wi_hub_tree *tree, const struct wi_source_file *here)
{
    for (size_t i = 0; i < tree->count; i++) {
        const struct wi_hub_file *file = &tree->files[i];
        const char *slash = strrchr(file->path, '/');
        if (strcmp(file->hash, here->hash) == 0 &&
            (strcmp(file->path, here->path) == 0 || (slash && strcmp(slash + 1, here->path) == 0)))
            return file;
    }
    return NULL;
}

void wi_pull_keep(
    const struct wi_source *current, const struct wi_hub_tree *tree, struct wi_hub_tree *chosen)
{
    for (size_t i = 0; i < current->count && chosen->count < WI_MODEL_FILES_MAX; i++) {
        const char *path = current->files[i].path;
        const struct wi_hub_file *file =
            has_path(chosen, path) ? NULL : find_on_hub(tree, &current->files[i]);
        if (file)
            wi_hub_tree_add(chosen, file, path);
    }
}

/* --- what is chosen of a repository --------------------------------------------------------- */

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

static void choose(void *data)
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

static void on_choice(void *data, int cancelled)
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
    choice->work = wi_work_start(loop, choose, on_choice, choice);
    return choice;
}

void wi_pull_choice_cancel(struct wi_pull_choice *choice)
{
    if (!choice)
        return;
    choice->on_chosen = NULL;
    wi_work_abandon(choice->work);
}
