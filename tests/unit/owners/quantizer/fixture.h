/*
 * The quantizer over a real store and its threads; the program that writes graphs, the jobs and the
 * browsers are played. For use in one test file each: everything is static.
 */
#ifndef WI_TESTS_UNIT_QUANTIZER_FIXTURE_H
#define WI_TESTS_UNIT_QUANTIZER_FIXTURE_H

#include "../../test.h"

#include "../../files.h"
#include "../../terms/format/onnx_build.h"
#include "base/log.h"
#include "base/memory.h"
#include "models/catalog/library/made.h"
#include "models/catalog/library/versions_work.h"
#include "owners/quantizer/quantizer.h"
#include "owners/quantizer/quantizer_measure.h"
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OUTPUTS 10
#define RESULT                                                                                     \
    "{\"result\": {\"weights\": 100, \"quantizable\": 90, \"quantized\": 80, \"nodes\": 2, "       \
    "\"kept\": 1}}"

struct wi_child {
    struct wi_child_events events;
    char *target;
    int ended; /* it was asked to end */
};

struct job {
    struct wi_job_spec spec;
    wi_job_fn *on_done;
    void *context;
};

struct fixture {
    uv_loop_t loop;
    uv_timer_t limit; /* of a test */
    char directory[64];
    struct wi_config config;
    struct wi_hash_cache *cache;
    struct wi_repository *models;
    struct wi_versions_work *work;
    struct wi_quantizer *quantizer;
    /* the program */
    struct wi_child *children[4];
    size_t child_count;
    unsigned programs; /* that were started */
    int is_held;       /* it goes on writing */
    const char *says;  /* in the place of its result; NULL: it writes the graph */
    int exit_signal;
    /* the browsers: node-1 is the one that answers what names none */
    struct wi_node_info nodes[3];
    size_t node_count, busy; /* of them, the one that has something to do; 0: none */
    struct job jobs[4];
    size_t job_count;
    unsigned answered[WI_PLATFORM_COUNT];
    int is_silent;               /* no job is answered */
    enum wi_platform broken;     /* each fails on it */
    double off;                  /* how far what was made is off */
    char first_model[64];        /* that was asked on that platform … */
    enum wi_platform first_seen; /* … when nothing had been asked there */
    /* what was told */
    char states[256];
};

static struct fixture *fixture;

/* --- the program, played ---------------------------------------------------------------------- */

struct wi_child *wi_child_start(struct wi_children *children,
    const struct wi_child_options *options, const struct wi_child_events *events,
    struct wi_error *error)
{
    struct wi_child *child = wi_alloc(sizeof *child);
    size_t last = 0;
    while (options->arguments[last + 1])
        last++;
    child->events = *events;
    child->target = wi_strdup(options->arguments[last]);
    assert_true(fixture->child_count < 4);
    fixture->children[fixture->child_count++] = child;
    fixture->programs++;
    return child;
}

void wi_child_end(struct wi_child *child, uint64_t grace_ms)
{
    child->ended = 1;
}

/* A graph as fp32's, but for its doc_string. */
static void write_graph(const char *path, const char *text)
{
    struct wi_buffer model = small_model();
    put_bytes(&model, 6, text, strlen(text));
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    assert_int_equal(fwrite(model.text, 1, model.size, file), model.size);
    fclose(file);
    wi_buffer_clear(&model);
}

static void end_child(struct wi_child *child)
{
    const struct wi_child_events *events = &child->events;
    int killed = child->ended ? SIGTERM : fixture->exit_signal;
    if (!killed && !fixture->says)
        write_graph(child->target, child->target);
    if (!killed) {
        events->on_line(events->context, "{\"done\": 10}");
        events->on_line(events->context, fixture->says ? fixture->says : RESULT);
    }
    events->on_end(events->context, fixture->says != NULL, killed);
    free(child->target);
    free(child);
}

/* 1 if one has ended. */
static int step_child(void)
{
    for (size_t i = 0; i < fixture->child_count; i++) {
        struct wi_child *child = fixture->children[i];
        if (fixture->is_held && !child->ended)
            continue;
        fixture->children[i] = fixture->children[--fixture->child_count];
        end_child(child);
        return 1;
    }
    return 0;
}

/* --- jobs, played ----------------------------------------------------------------------------- */

enum wi_code wi_jobs_submit_shadow(struct wi_jobs *jobs, struct wi_job_spec *spec,
    wi_job_dispatch_fn *dispatch, wi_job_fn *on_done, void *context, struct wi_error *error)
{
    assert_true(fixture->job_count < 4);
    assert_true(spec->ours_only && spec->asked->has_platform && !spec->asked->fallback);
    fixture->jobs[fixture->job_count++] = (struct job){*spec, on_done, context};
    return WI_OK;
}

void wi_jobs_abandon(struct wi_jobs *jobs, const char *job_id)
{
    for (size_t i = 0; i < fixture->job_count; i++)
        if (strcmp(fixture->jobs[i].spec.id, job_id) == 0) {
            wi_job_spec_clear(&fixture->jobs[i].spec);
            fixture->jobs[i] = fixture->jobs[--fixture->job_count];
            return;
        }
    fail_msg("%s is no job", job_id);
}

/* Runs are for nobody who waits. */
enum wi_code wi_jobs_submit(struct wi_jobs *jobs, struct wi_job_spec *spec,
    const struct wi_job_stream *stream, wi_job_fn *on_done, void *context, struct wi_error *error)
{
    abort();
}

enum wi_code wi_jobs_cancel(struct wi_jobs *jobs, const char *job_id)
{
    abort();
}

void wi_jobs_took(struct wi_jobs *jobs, const char *job_id, const struct wi_credit *taken)
{
    abort();
}

static void put_output(struct wi_tensors *outputs, double off)
{
    struct wi_tensor *tensor = wi_tensors_add(outputs);
    *tensor = (struct wi_tensor){.name = wi_strdup("y"),
        .datatype = WI_FP32,
        .rank = 2,
        .dims = {1, OUTPUTS},
        .size = OUTPUTS * sizeof(float),
        .blob = wi_blob_new(NULL, OUTPUTS * sizeof(float))};
    for (int i = 0; i < OUTPUTS; i++) {
        float value = (float)(i + 1 + (i % 2 ? off : -off));
        wi_blob_append(tensor->blob, &value, sizeof value);
    }
}

static void end_job(struct job *job)
{
    const struct wi_inference *asked = job->spec.asked;
    struct wi_answer answer = {.ok = 1, .inference_ms = 2};
    struct wi_job_result result = {.answer = &answer};
    int made = asked->model->variant && strcmp(asked->model->variant, "fp32") != 0;
    snprintf(result.node, sizeof result.node, "%s", asked->node ? asked->node : "node-1");
    if (asked->platform == fixture->broken)
        result.code = wi_error_set(&result.error, WI_INFERENCE_FAILED, NULL, "it is broken");
    else
        put_output(&answer.outputs, made ? fixture->off : 0);
    result.error.attempts = 1; /* it was at a node */
    if (fixture->answered[asked->platform]++ == 0 && asked->platform == fixture->first_seen)
        snprintf(fixture->first_model, sizeof fixture->first_model, "%s", asked->model->name);
    job->on_done(job->context, &job->spec, &result);
    wi_tensors_clear(&answer.outputs);
    wi_job_spec_clear(&job->spec);
}

/* 1 if one has ended. */
static int step_job(void)
{
    if (fixture->is_silent || fixture->job_count == 0)
        return 0;
    struct job job = fixture->jobs[--fixture->job_count];
    end_job(&job);
    return 1;
}

/* --- browsers, played ------------------------------------------------------------------------- */

const struct wi_node_info *wi_pool_node_info(const struct wi_pool *pool, const char *id)
{
    for (size_t i = 0; i < fixture->node_count; i++)
        if (strcmp(fixture->nodes[i].id, id) == 0)
            return &fixture->nodes[i];
    return NULL;
}

int wi_pool_has_kind(const struct wi_pool *pool, const char *kind)
{
    return 1;
}

void wi_bridge_each(const struct wi_bridge *bridge, wi_bridge_each_fn *each, void *context)
{
    for (size_t i = 0; i < fixture->node_count; i++)
        each(context, &fixture->nodes[i]);
}

int wi_bridge_node_state(
    const struct wi_bridge *bridge, const char *node_id, struct wi_node_state *state)
{
    const struct wi_node_info *node = wi_pool_node_info(NULL, node_id);
    *state = (struct wi_node_state){
        .connected = 1, .attempts = fixture->busy && node == &fixture->nodes[fixture->busy]};
    return node ? 0 : -1;
}

/* One of ours, or one that has joined, with WASM and that platform. */
static void add_node(const char *kind, const char *session, enum wi_platform platform)
{
    struct wi_node_info *node = &fixture->nodes[fixture->node_count++];
    snprintf(node->id, sizeof node->id, "node-%zu", fixture->node_count);
    snprintf(node->session, sizeof node->session, "%s", session);
    snprintf(node->kind, sizeof node->kind, "%s", kind);
    snprintf(node->browser_version, sizeof node->browser_version, "1.0");
    node->platforms[WI_WASM].available = node->platforms[platform].available = 1;
    node->engines[WI_ENGINE_ORT].available = 1;
}

/* --- the fixture ------------------------------------------------------------------------------ */

/* What is played goes on between the turns of the loop. */
#define until(condition)                                                                           \
    do {                                                                                           \
        while (!(condition))                                                                       \
            uv_run(&fixture->loop, step_child() || step_job() ? UV_RUN_NOWAIT : UV_RUN_ONCE);      \
    } while (0)
#include "../../until.h"

static struct wi_quantizer_deps deps_of(struct fixture *f)
{
    return (struct wi_quantizer_deps){
        .runs = {.loop = &f->loop, .config = &f->config, .repository = f->models},
        .versions = f->work};
}

static inline int set_up(void **state)
{
    struct fixture *f = fixture = wi_alloc(sizeof *f);
    *state = f;
    wi_log_configure(WI_LOG_ERROR, WI_LOG_TEXT);
    make_root(f->directory, "quantizer");
    assert_int_equal(uv_loop_init(&f->loop), 0);
    limit_waiting(&f->loop, &f->limit, 30000);
    f->config.models.max_picture_pixels = 1000000;
    f->config.models.quantize_on_demand = 1;
    f->broken = f->first_seen = WI_PLATFORM_COUNT;
    f->cache = wi_hash_cache_new(NULL);
    f->models = wi_repository_new(&f->loop, f->directory, f->cache);
    f->work = wi_versions_work_new(&f->loop, f->models);
    const struct wi_quantizer_deps deps = deps_of(f);
    f->quantizer = wi_quantizer_new(&deps);
    add_node("chrome", "session-1", WI_WASM);
    return 0;
}

static inline int tear_down(void **state)
{
    struct fixture *f = *state;
    wi_quantizer_stop(f->quantizer);
    until(!wi_quantizer_is_busy(f->quantizer));
    wi_quantizer_free(f->quantizer);
    wi_versions_work_free(f->work);
    wi_repository_free(f->models);
    uv_close((uv_handle_t *)&f->limit, NULL);
    uv_run(&f->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&f->loop), 0);
    assert_int_equal(f->job_count + f->child_count, 0);
    wi_hash_cache_free(f->cache);
    remove_root(f->directory);
    free(f);
    return 0;
}

/* --- what tests do ---------------------------------------------------------------------------- */

static inline void put_model(const char *name, const char *text)
{
    char *path = wi_sprintf("%s/model.onnx", name), *file = path_to(fixture->directory, path);
    write_graph(file, text);
    free(file);
    free(path);
}

static void take_model(void *context, struct wi_model *model, const struct wi_error *error)
{
    struct wi_model **found = context;
    if (error)
        fail_msg("%s", error->detail);
    *found = wi_model_ref(model);
}

/* A reference. */
static inline struct wi_model *find_model(const char *name)
{
    struct wi_model *model = NULL;
    wi_repository_find(fixture->models, name, take_model, &model);
    until(model);
    return model;
}

static inline enum wi_code start(
    const char *model_name, int bits, int force, struct wi_error *error)
{
    const struct wi_quantizer_want want = {.bits = bits, .force = force};
    char name[WI_MODEL_NAME_MAX + 1];
    struct wi_model *model = find_model(model_name);
    enum wi_code code = wi_quantizer_start(fixture->quantizer, model, &want, name, error);
    wi_model_unref(model);
    return code;
}

/* What is known of a making; its state is WI_MAKING_STATE_COUNT where nothing is. */
static inline struct wi_making_info known(const char *name)
{
    struct wi_making_info info = {.state = WI_MAKING_STATE_COUNT};
    wi_quantizer_find(fixture->quantizer, name, &info);
    return info;
}

static inline int is_over(const char *name)
{
    enum wi_making_state state = known(name).state;
    return state >= WI_MAKING_DONE;
}

/* Whether the variant has a name, in the folder of made ones. */
static inline int is_there(const char *name, const char *variant)
{
    char *folder = wi_made_folder(fixture->directory, name, variant);
    int there = access(folder, F_OK) == 0;
    free(folder);
    return there;
}

static inline int is_staged(void)
{
    char *path = wi_sprintf("ls '%s/.staging' 2>/dev/null | grep -q .", fixture->directory);
    int status = system(path);
    free(path);
    return status == 0;
}

#endif
