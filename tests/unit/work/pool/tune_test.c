/* When a node is told to tune its kernels: it has used them, and everything rests. */
#include "pool_fixture.h"

#include "base/memory.h"
#include "work/pool/private.h"

FIXTURE(setup, teardown)

static void serve_kernels(void)
{
    info.engines[WI_ENGINE_KERNELS].available = 1;
    info.engines[WI_ENGINE_KERNELS].slots = 1;
    serve();
}

/* An attempt of a kernel over so many numbers, or of a built-in model. */
static void run(const char *id, const char *kernel, const struct wi_kernel_model *over,
    enum wi_datatype datatype, int64_t elements)
{
    struct wi_tensors inputs = {0};
    struct wi_model kernels = model;
    struct wi_tensor *x = wi_tensors_add(&inputs);
    x->name = wi_strdup("x");
    x->datatype = datatype;
    x->rank = 1;
    x->dims[0] = elements;
    kernels.engine = WI_ENGINE_KERNELS;
    kernels.kernels = over;
    const struct wi_task task = {.attempt_id = id,
        .asked = &(struct wi_inference){.model = &kernels,
            .kernel = kernel ? wi_kernel_find(kernel) : NULL},
        .tensors = &inputs,
        .platforms = {WI_WEBGPU},
        .platform_count = 1};
    assert_int_equal(wi_pool_dispatch(pool, "n-1", &task, NULL), WI_OK);
    wi_tensors_clear(&inputs);
}

static void run_relu(const char *id, int64_t elements)
{
    run(id, "relu", NULL, WI_FP32, elements);
}

static void answer(const char *id)
{
    struct wi_answer right = {.ok = 1};
    bridge()->on_answer(bridge()->context, "n-1", id, &right);
}

static void look_at(double now, int tunes)
{
    wi_pool_tune(pool, now);
    assert_int_equal(seen.tunes, tunes);
}

/* What fresh pages compile. */
static void expect_used(const char *first, const char *second)
{
    struct wi_strings used = {0};
    wi_kernels_used_list(
        pool->kernels_used, wi_pool_gpu_of(wi_pool_nodes_find(pool->nodes, "n-1")), &used);
    assert_int_equal(used.count, second ? 2 : 1);
    assert_string_equal(used.items[0], first);
    if (second)
        assert_string_equal(used.items[1], second);
    wi_strings_clear(&used);
}

static void say(const char *size_class, const struct wi_kernel_choice *choice)
{
    struct wi_node_tuning tuning = {wi_kernel_find("relu"), size_class, choice, NULL};
    wi_pool_tuned(pool, wi_pool_nodes_find(pool->nodes, "n-1"), &tuning);
}

TEST(what_it_has_used_is_tuned_when_all_has_rested_for_a_second)
{
    static const struct wi_kernel_choice choice = {"plain", {128, 2}, 1, 2};
    serve_kernels();
    look_at(1, 0);
    look_at(5000, 0); /* it has used nothing */
    run_relu("a", 1000);
    look_at(6000, 0);
    answer("a");
    look_at(7000, 0);
    look_at(7999, 0);
    look_at(8000, 1);
    assert_string_equal(seen.tune, "n-1: relu 1024");
    look_at(9000, 1); /* it is at it */
    say("1024", NULL);
    look_at(10000, 2); /* a task had come */
    assert_int_equal(seen.told, 0);
    say("1024", &choice);
    assert_int_equal(seen.told, 1);
    look_at(99000, 2);
    size_t more;
    json_t *welcome = wi_pool_tuning(pool, &info), *rows = wi_pool_tunings_json(pool, 100, &more);
    assert_int_equal(json_array_size(welcome), 1);
    assert_string_equal(
        json_string_value(json_object_get(json_array_get(rows, 0), "browser")), "chrome");
    json_decref(welcome);
    json_decref(rows);
}

TEST(nothing_is_tuned_while_anybody_waits_or_the_node_takes_nothing)
{
    serve_kernels();
    run_relu("a", 1000);
    answer("a");
    look_at(1000, 0);
    wi_pool_set_backlog(pool, 1);
    look_at(3000, 0);
    wi_pool_set_backlog(pool, 0);
    look_at(4000, 0); /* it has to rest anew */
    bridge()->on_node_paused(pool, "n-1", 1);
    look_at(6000, 0);
    bridge()->on_node_paused(pool, "n-1", 0);
    look_at(7000, 1);
}

TEST(what_failed_is_not_tuned)
{
    serve_kernels();
    run_relu("a", 1000);
    end("a", 0);
    look_at(1000, 0);
    look_at(9000, 0);
}

TEST(the_kernels_of_a_builtin_model_are_tuned_for_what_it_calls_them_with)
{
    const struct wi_kernel_model *vector = wi_kernel_models;
    while (strcmp(vector->name, "vector") != 0)
        vector++;
    serve_kernels();
    run("a", NULL, vector, WI_FP32, 1000);
    answer("a");
    look_at(1000, 0);
    look_at(2000, 1);
    assert_string_equal(seen.tune, "n-1: multiply_add 1024");
    expect_used("multiply_add", "relu"); /* fresh pages compile both */
}

TEST(what_ran_over_halves_is_compiled_for_them_and_not_tuned)
{
    serve_kernels();
    run("a", "matmul", NULL, WI_FP16, 1000);
    answer("a");
    look_at(1000, 0);
    look_at(9000, 0);
    expect_used("matmul FP16", NULL);
}

TEST(one_that_hangs_is_told_of_and_tuned_no_more)
{
    static const struct wi_kernel_choice hung = {"plain", {64, 1}, 0, 0};
    struct wi_node_tuning tuning = {wi_kernel_find("relu"), "1024", NULL, &hung};
    serve_kernels();
    run_relu("a", 1000);
    answer("a");
    look_at(1000, 0);
    look_at(2000, 1);
    run_relu("b", 1000); /* comes behind it */
    wi_pool_tuned(pool, wi_pool_nodes_find(pool->nodes, "n-1"), &tuning);
    assert_int_equal(pool->faults[WI_FAULT_KERNEL_HUNG], 1);
    answer("b");
    look_at(5000, 1);
    look_at(99000, 1);
}
