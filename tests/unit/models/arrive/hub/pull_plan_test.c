/* What is taken of a hub's list, beside the loop. */
#include "../../../test.h"

#include "base/loop.h"
#include "models/arrive/hub/pull_plan.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#define POOL_THREADS 4 /* see main */

struct fixture {
    uv_loop_t loop;
    struct wi_config *config;
    struct wi_hub_tree tree;
    struct wi_source current; /* what is here */
    struct wi_pull_plan *plan;
    unsigned answers;
    enum wi_code code;
    int all_here;
    char names[256]; /* "PATH HASH, …" */
    char variant[32];
};

static void on_chosen(void *context, const struct wi_error *error)
{
    struct fixture *f = context;
    const struct wi_pull_chosen *chosen = &f->plan->chosen;
    f->answers++;
    f->code = error ? error->code : WI_OK;
    f->all_here = chosen->all_here;
    f->names[0] = f->variant[0] = '\0';
    for (size_t i = 0; i < chosen->files.count && i < 8; i++)
        snprintf(f->names + strlen(f->names), sizeof f->names - strlen(f->names), "%s%s %s",
            i ? ", " : "", chosen->files.files[i].path, chosen->files.files[i].hash);
    if (chosen->variant)
        snprintf(f->variant, sizeof f->variant, "%s", chosen->variant);
}

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    struct wi_problems problems = {0};
    *state = f;
    f->config = wi_config_load(NULL, &problems);
    return uv_loop_init(&f->loop);
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    wi_hub_tree_clear(&f->tree);
    wi_source_clear(&f->current);
    if (f->plan)
        wi_pull_plan_free(f->plan);
    uv_run(&f->loop, UV_RUN_DEFAULT);
    int left = uv_loop_close(&f->loop);
    wi_config_unref(f->config);
    free(f);
    return left;
}

static void list(struct fixture *f, const char *path, const char *hash)
{
    struct wi_hub_file file = {.remote = (char *)path, .bytes = 1000};
    snprintf(file.hash, sizeof file.hash, "%s", hash);
    wi_hub_tree_add(&f->tree, &file, path);
}

static void have(struct fixture *f, const char *path, const char *hash)
{
    wi_source_add(&f->current, path, 1000, hash);
}

/* What is here came from `repository`. */
static void start(struct fixture *f, const char *variant, const char *repository)
{
    struct wi_pull_order order = {.config = f->config,
        .hub = wi_config_find_hub(f->config, "huggingface"),
        .name = strdup("org/m"),
        .parsed = {.repository = strdup("org/m"), .variant = strdup(variant)}};
    if (!f->tree.commit)
        f->tree.commit = strdup("c0ffee");
    assert_int_equal(wi_hub_tree_finish(&f->tree, NULL), WI_OK);
    if (f->plan)
        wi_pull_plan_free(f->plan);
    f->plan = wi_pull_plan_new(&order);
    wi_source_copy(&f->plan->current, &f->current);
    f->plan->current.hub = strdup("huggingface");
    f->plan->current.repository = strdup(repository);
    wi_pull_plan_choose(f->plan, &f->loop, &f->tree, on_chosen, f);
}

static void choose(struct fixture *f, const char *variant, const char *repository)
{
    start(f, variant, repository);
    f->answers = 0;
    uv_run(&f->loop, UV_RUN_DEFAULT);
    assert_int_equal(f->answers, 1);
}

static int use_four_threads(void **state)
{
    return setenv("UV_THREADPOOL_SIZE", "4", 1);
}

GROUP(use_four_threads, NULL)
FIXTURE(set_up, tear_down)

TEST(keeps_what_the_hub_still_has)
{
    struct fixture *f = *state;
    list(f, "m-Q8_0.gguf", "11");
    list(f, "sub/m-F32.gguf", "22");
    list(f, "sub/m-Q2_K.gguf", "33");
    have(f, "m-F32.gguf", "22");  /* from the subfolder */
    have(f, "m-Q2_K.gguf", "34"); /* another one by now */
    choose(f, "Q8_0", "org/m");
    assert_int_equal(f->code, WI_OK);
    assert_string_equal(f->variant, "Q8_0");
    assert_string_equal(f->names, "m-Q8_0.gguf 11, m-F32.gguf 22");
    assert_false(f->all_here);
    choose(f, "Q8_0", "org/other"); /* of another repository */
    assert_string_equal(f->names, "m-Q8_0.gguf 11");
    choose(f, "F32", "org/m");
    assert_true(f->all_here);
    assert_string_equal(f->names, "m-F32.gguf 22");
    choose(f, "Q2_K", "org/m");
    assert_false(f->all_here);
}

TEST(says_what_there_is_not)
{
    struct fixture *f = *state;
    list(f, "m-Q8_0.gguf", "11");
    choose(f, "Q3_K", "org/other");
    assert_int_equal(f->code, WI_HUB_NOT_FOUND);
    assert_string_equal(f->names, "");
}

/* --- beside the loop ------------------------------------------------------------------------- */

static void wait_at_gate(void *data)
{
    uv_sem_wait(data);
}

static void gone_through(void *data, int cancelled)
{
    (void)data;
    assert_false(cancelled);
}

/* While no thread is free the loop turns, and nothing is chosen. */
TEST(leaves_the_loop_alone)
{
    struct fixture *f = *state;
    uv_sem_t gate;
    assert_int_equal(uv_sem_init(&gate, 0), 0);
    for (int i = 0; i < POOL_THREADS; i++)
        wi_work_start(&f->loop, wait_at_gate, gone_through, &gate);
    list(f, "m-Q8_0.gguf", "11");
    start(f, "Q8_0", "org/other");
    for (int turn = 0; turn < 10; turn++)
        uv_run(&f->loop, UV_RUN_NOWAIT);
    assert_int_equal(f->answers, 0);
    for (int i = 0; i < POOL_THREADS; i++)
        uv_sem_post(&gate);
    uv_run(&f->loop, UV_RUN_DEFAULT);
    assert_int_equal(f->answers, 1);
    uv_sem_destroy(&gate);
}

TEST(says_nothing_once_cancelled)
{
    struct fixture *f = *state;
    list(f, "m-Q8_0.gguf", "11");
    start(f, "Q8_0", "org/other");
    wi_pull_plan_cancel(f->plan);
    wi_pull_plan_cancel(f->plan);
    uv_run(&f->loop, UV_RUN_DEFAULT);
    assert_int_equal(f->answers, 0);
}

TEST(frees_itself_where_a_thread_has_it)
{
    struct fixture *f = *state;
    list(f, "m-Q8_0.gguf", "11");
    start(f, "Q8_0", "org/m");
    wi_pull_plan_free(f->plan);
    f->plan = NULL;
    uv_run(&f->loop, UV_RUN_DEFAULT);
    assert_int_equal(f->answers, 0);
}
