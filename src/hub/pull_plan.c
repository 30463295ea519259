/* See pull_plan.h. */
#include "hub/pull_plan.h"

#include "base/loop.h"
#include "base/text.h"
#include "hub/choose.h"
#include "library/store_path.h"
#include "library/versions.h"
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>

/* One run on a thread. It outlives its plan's pull, and frees the plan then. */
struct wi_pull_thread {
    struct wi_pull_plan *plan;
    enum wi_code (*run)(struct wi_pull_thread *thread);
    wi_pull_plan_fn *on_done; /* NULL once it was cancelled */
    void *context;
    int last; /* the plan goes with it */
    struct wi_hub_tree tree;
    struct wi_pull_chosen chosen; /* becomes the plan's on the loop */
    enum wi_code code;
    struct wi_error error;
    struct wi_work *work;
};

static void clear_chosen(struct wi_pull_chosen *chosen)
{
    wi_hub_tree_clear(&chosen->files);
    free(chosen->variant);
    *chosen = (struct wi_pull_chosen){0};
}

/* --- the plan -------------------------------------------------------------------------------- */

struct wi_pull_plan *wi_pull_plan_new(struct wi_pull_order *order)
{
    struct wi_pull_plan *plan = wi_alloc(sizeof *plan);
    plan->order = *order;
    *order = (struct wi_pull_order){0};
    return plan;
}

void wi_pull_plan_free(struct wi_pull_plan *plan)
{
    if (plan->thread) {
        plan->thread->last = 1;
        wi_pull_plan_cancel(plan);
        return;
    }
    wi_pull_order_clear(&plan->order);
    wi_source_clear(&plan->current);
    clear_chosen(&plan->chosen);
    free(plan);
}

/* --- the thread ------------------------------------------------------------------------------ */

static void run(void *data)
{
    struct wi_pull_thread *thread = data;
    thread->code = thread->run(thread);
}

static void on_run(void *data, int cancelled)
{
    struct wi_pull_thread *thread = data;
    struct wi_pull_plan *plan = thread->plan;
    const int failed = thread->code != WI_OK;
    (void)cancelled; /* only where it was ours to cancel */
    plan->thread = NULL;
    if (thread->on_done) {
        if (!failed) {
            plan->chosen = thread->chosen;
            thread->chosen = (struct wi_pull_chosen){0};
        }
        thread->on_done(thread->context, failed ? &thread->error : NULL);
    }
    if (thread->last)
        wi_pull_plan_free(plan);
    wi_hub_tree_clear(&thread->tree);
    clear_chosen(&thread->chosen);
    free(thread);
}

/* `thread` says what it is to do, and with what. */
static void start(uv_loop_t *loop, struct wi_pull_thread thread)
{
    struct wi_pull_thread *own = thread.plan->thread = wi_alloc(sizeof *own);
    *own = thread;
    own->work = wi_work_start(loop, run, on_run, own);
}

void wi_pull_plan_cancel(struct wi_pull_plan *plan)
{
    if (!plan->thread || !plan->thread->on_done)
        return;
    plan->thread->on_done = NULL;
    wi_work_abandon(plan->thread->work);
}

/* --- what is here ---------------------------------------------------------------------------- */

static enum wi_code find_current(struct wi_pull_plan *plan, struct wi_error *error)
{
    struct wi_versions versions = {0};
    int listed = wi_versions_list(plan->order.directory, plan->order.name, &versions) == 0;
    enum wi_code code = WI_OK;
    if (!listed)
        code = wi_path_failed(
            plan->order.directory, "the versions of the model cannot be seen", error);
    wi_source_clear(&plan->current);
    for (size_t i = 0; code == WI_OK && i < versions.count; i++)
        if (versions.items[i].current)
            wi_source_move(&plan->current, &versions.items[i].source);
    wi_versions_clear(&versions);
    return code;
}

/* No more than the quota, nor than the whole disk. */
static uint64_t most_bytes(const struct wi_pull_order *order)
{
    struct statvfs disk;
    uint64_t most = order->quota > 0 ? order->quota : UINT64_MAX;
    if (statvfs(order->directory, &disk) != 0)
        return most;
    uint64_t all = (uint64_t)disk.f_blocks * disk.f_frsize;
    return all < most ? all : most;
}

static enum wi_code look(struct wi_pull_thread *thread)
{
    struct wi_pull_plan *plan = thread->plan;
    enum wi_code code = find_current(plan, &thread->error);
    plan->bytes_max = most_bytes(&plan->order);
    wi_gateways_read_tokens(&plan->order.gateways);
    if (code == WI_OK && plan->order.hub.layout != WI_HUB_WEBINFER)
        code = wi_hub_read_token(&plan->order.hub, &thread->error);
    return code;
}

void wi_pull_plan_look(
    struct wi_pull_plan *plan, uv_loop_t *loop, wi_pull_plan_fn *on_done, void *context)
{
    start(loop, (struct wi_pull_thread){plan, look, .on_done = on_done, .context = context});
}

/* --- what is chosen of a repository ---------------------------------------------------------- */

/* Whether all that was chosen is here, under the same paths. */
static int has_all(const struct wi_source *current, const struct wi_hub_tree *chosen)
{
    size_t found = 0;
    for (size_t i = 0; i < chosen->count; i++)
        for (size_t k = 0; k < current->count; k++)
            found += strcmp(current->files[k].path, chosen->files[i].path) == 0 &&
                     strcmp(current->files[k].hash, chosen->files[i].hash) == 0;
    return chosen->count > 0 && found == chosen->count;
}

/* The file that lies here at `path` now: that path on the hub, or one in a subfolder. */
static const struct wi_hub_file *find_on_hub(
    const struct wi_hub_tree *tree, const struct wi_source_file *here)
{
    for (size_t i = 0; i < tree->count; i++) {
        const struct wi_hub_file *file = &tree->files[i];
        if (strcmp(file->hash, here->hash) == 0 &&
            (strcmp(file->path, here->path) == 0 ||
                strcmp(wi_text_basename(file->path), here->path) == 0))
            return file;
    }
    return NULL;
}

static void keep(
    const struct wi_source *current, const struct wi_hub_tree *tree, struct wi_hub_tree *chosen)
{
    for (size_t i = 0; i < current->count && chosen->count < WI_MODEL_FILES_MAX; i++) {
        const char *path = current->files[i].path;
        const struct wi_hub_file *file =
            wi_hub_tree_has(chosen, path) ? NULL : find_on_hub(tree, &current->files[i]);
        if (file)
            wi_hub_tree_add(chosen, file, path);
    }
}

/* Whether what is here came from the same place. */
static int is_related(const struct wi_source *current, const struct wi_pull_order *order)
{
    return current->repository && current->hub && strcmp(current->hub, order->hub.name) == 0 &&
           (order->parsed.is_content ? wi_hub_reference_is_content(current->repository)
                                     : strcmp(current->repository, order->parsed.repository) == 0);
}

static enum wi_code choose(struct wi_pull_thread *thread)
{
    struct wi_pull_plan *plan = thread->plan;
    const struct wi_pull_order *order = &plan->order;
    struct wi_pull_chosen *chosen = &thread->chosen;
    const struct wi_hub_want want = {.variant = order->parsed.variant,
        .precision = order->precision,
        .files = &order->files,
        .memory = order->memory};
    enum wi_code code = plan->named ? find_current(plan, &thread->error) : WI_OK;
    if (code == WI_OK)
        code =
            wi_hub_choose(&thread->tree, &want, &chosen->files, &chosen->variant, &thread->error);
    if (code != WI_OK)
        return code;
    chosen->all_here = has_all(&plan->current, &chosen->files);
    if (!chosen->all_here && is_related(&plan->current, order))
        keep(&plan->current, &thread->tree, &chosen->files);
    return WI_OK;
}

void wi_pull_plan_name(struct wi_pull_plan *plan, const char *name)
{
    wi_pull_order_name(&plan->order, name);
    plan->named = 1;
}

void wi_pull_plan_choose(struct wi_pull_plan *plan, uv_loop_t *loop, const struct wi_hub_tree *tree,
    wi_pull_plan_fn *on_done, void *context)
{
    struct wi_pull_thread thread = {plan, choose, .on_done = on_done, .context = context};
    wi_hub_tree_copy(&thread.tree, tree);
    start(loop, thread);
}
