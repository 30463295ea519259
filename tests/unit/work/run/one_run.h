/*
 * A run with all that it needs: real models and threads; the queue of jobs, the nodes, the pulls
 * and the maker of variants are played. For use in one test file each: everything is static.
 */
#ifndef WI_TESTS_UNIT_WORK_RUN_ONE_RUN_H
#define WI_TESTS_UNIT_WORK_RUN_ONE_RUN_H

#include "../../asked.h"
#include "../../test.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "work/run/run.h"
#include <stdlib.h>
#include <string.h>

#define ECHO_HEAD                                                                                  \
    "{\"model_name\":\"builtin/echo\",\"inputs\":[{\"name\":\"x\",\"datatype\":\"FP32\","

static const char body[] = ECHO_HEAD "\"shape\":[2],\"data\":[1.5,2]}]}";

struct fixture {
    uv_loop_t loop;
    uv_timer_t limit; /* of a test */
    struct wi_config config;
    struct wi_budget budget;
    struct wi_run_deps deps;
    int outcomes;
    /* the job under way */
    enum wi_code admit;
    int submitted, abandoned, has_job;
    struct wi_job_spec spec;
    wi_job_fn *on_done;
    void *context;
    struct wi_job_stream hears;
    uint64_t parts;
    struct wi_credit took;
    /* the pull under way */
    int pulls;
    wi_pull_fn *on_pull;
    void *pull_context;
    /* the making under way */
    int makes, has_left;
    const char *variant; /* that may be made */
    char wanted[16];     /* the precision it was asked for last; "" for none */
    wi_run_maker_fn *on_making;
    void *making_context;
    /* what the owner was told */
    struct wi_run *run;
    char told[256]; /* a word for each */
    uint64_t charged, most;
    int is_poor; /* it has no memory */
    int refuses; /* it does not let the run begin */
    int streams; /* it wants a stream */
    int relays;  /* it lets a relay send; negative: it says why not */
    int again;   /* it begins another run after a failure */
    int failures;
    char failed_at[32]; /* the last one: a kind of browser */
    char ends[256];     /* a word for each end that was told, and the last one's id */
    char ended_id[64], ended_model[64];
    int is_deaf;         /* no subscriber hears of ends */
    uint64_t counted_as; /* at its end */
    int has_success;     /* likewise: its owner may tell it */
    enum wi_code code;
    struct wi_error error;
    char *text;
};

static struct fixture *fixture;

/* --- what is played --------------------------------------------------------------------------- */

#include "../../one_job.h"
#include "../../until.h"

static void finish_job(enum wi_code code)
{
    struct wi_answer answer = {.ok = 1, .parts = fixture->parts};
    struct wi_job_result result = {.code = code,
        .answer = &answer,
        .node = "node-1",
        .place = {.browser = "chrome", .platform = WI_WASM}};
    wi_tensors_share(&answer.outputs, &fixture->spec.asked->tensors);
    if (code != WI_OK)
        wi_error_set(&result.error, code, NULL, "it failed");
    end_job(&result);
    wi_tensors_clear(&answer.outputs);
}

enum wi_code wi_jobs_cancel(struct wi_jobs *jobs, const char *job_id)
{
    assert_true(is_job(job_id));
    finish_job(WI_CANCELLED);
    return WI_OK;
}

int wi_pool_has_kind(const struct wi_pool *pool, const char *kind)
{
    return strcmp(kind, "joined") == 0;
}

const struct wi_node_info *wi_pool_node_info(const struct wi_pool *pool, const char *id)
{
    return NULL; /* it has gone since it answered */
}

const char *const wi_pull_state_names[WI_PULL_STATE_COUNT] = {
    "resolving", "downloading", "verifying", "publishing", "done", "failed"};

int wi_pulls_on_demand(const struct wi_pulls *pulls, const char *name)
{
    return strncmp(name, "org/", 4) == 0;
}

int wi_pulls_find(const struct wi_pulls *pulls, const char *name, struct wi_pull_info *info)
{
    return -1;
}

enum wi_code wi_pulls_start(struct wi_pulls *pulls, const struct wi_pull_want *want,
    struct wi_pull_info *info, struct wi_error *error)
{
    fixture->pulls++;
    return WI_OK;
}

struct wi_pull_watch *wi_pull_watch(
    struct wi_pulls *pulls, const char *name, wi_pull_fn *on_event, void *context)
{
    fixture->on_pull = on_event;
    fixture->pull_context = context;
    return (struct wi_pull_watch *)fixture;
}

void wi_pull_unwatch(struct wi_pull_watch *watch)
{
    if (watch)
        fixture->on_pull = NULL;
}

static const char *variant(void *context, const struct wi_model *model, const char *precision)
{
    assert_string_equal(model->name, "builtin/echo");
    snprintf(fixture->wanted, sizeof fixture->wanted, "%s", precision ? precision : "");
    return fixture->variant;
}

static struct wi_run_made *make(void *context, struct wi_model *model, const char *name,
    wi_run_maker_fn *on_event, void *event_context)
{
    assert_string_equal(name, fixture->variant);
    fixture->makes++;
    fixture->on_making = on_event;
    fixture->making_context = event_context;
    return (struct wi_run_made *)fixture;
}

static void leave(struct wi_run_made *made)
{
    fixture->on_making = NULL;
    fixture->has_left = 1;
}

static void end_making(enum wi_code code)
{
    wi_run_maker_fn *on_event = fixture->on_making;
    struct wi_error error;
    if (code != WI_OK)
        wi_error_set(&error, code, NULL, "it is not made");
    fixture->on_making = NULL;
    on_event(fixture->making_context, NULL, code == WI_OK ? NULL : &error);
}

static const struct wi_run_maker maker = {.variant = variant, .begin = make, .leave = leave};

/* --- the owner -------------------------------------------------------------------------------- */

static void note(const char *word)
{
    size_t length = strlen(fixture->told);
    snprintf(fixture->told + length, sizeof fixture->told - length, "%s ", word);
}

static int charge(void *context, uint64_t bytes)
{
    struct fixture *f = context;
    if (f->is_poor && bytes > 0)
        return -1;
    f->charged = bytes;
    f->most = bytes > f->most ? bytes : f->most;
    return 0;
}

static void on_queued(void *context)
{
    note("queued");
}

static void on_part(void *context, const struct wi_part *part)
{
    note("part");
}

static void on_progress(void *context, const struct wi_progress *progress)
{
    note(progress->phase);
}

static void on_done(void *context, struct wi_printing *printing, const struct wi_error *error)
{
    struct fixture *f = context;
    note(error ? "failed" : "done");
    f->counted_as = wi_run_counted_as(f->run);
    struct wi_run_success *success = wi_run_take_success(f->run);
    f->has_success = success != NULL;
    wi_run_success_free(success);
    f->run = NULL;
    f->code = error ? error->code : WI_OK;
    if (error)
        f->error = *error;
    free(f->text);
    f->text = printing ? wi_buffer_take(&printing->text) : NULL;
    wi_printing_free(printing);
}

static enum wi_code on_begin(void *context, struct wi_infer *infer, struct wi_error *error)
{
    struct fixture *f = context;
    static const char *const words[] = {"begin", "begin-stream"};
    const struct wi_run_owner other = {.context = f,
        .charge = charge,
        .on_queued = on_queued,
        .on_part = on_part,
        .on_progress = on_progress,
        .on_done = on_done};
    note(words[f->streams]);
    infer->asked->stream = f->streams;
    if (f->streams)
        wi_run_give(f->run, &other);
    return f->refuses ? wi_error_set(error, WI_INVALID_FIELD, "stream", "no") : WI_OK;
}

static enum wi_code on_relayed(void *context, struct wi_error *error)
{
    const struct fixture *f = context;
    note("relayed");
    return f->relays > 0 ? WI_OK : wi_error_set(error, WI_FORBIDDEN_RANK, NULL, "no");
}

static uint64_t on_outcome(void *context, const struct wi_outcome *outcome)
{
    struct fixture *f = context;
    assert_string_equal(outcome->model_name, "builtin/echo");
    f->outcomes++;
    return 17;
}

static uint64_t on_failure(void *context, const struct wi_run_failure *failure)
{
    struct fixture *f = context;
    assert_string_equal(failure->model->name, "builtin/echo");
    assert_true(failure->total_ms >= 0);
    snprintf(f->failed_at, sizeof f->failed_at, "%s", failure->place->browser);
    f->failures++;
    return 18;
}

static int is_heard(void *context, const char *client, const struct wi_inference *asked)
{
    const struct fixture *f = context;
    assert_string_equal(client, "somebody");
    assert_non_null(asked->model);
    return !f->is_deaf;
}

static void on_ended(void *context, const struct wi_run_ending *ending)
{
    struct fixture *f = context;
    size_t length = strlen(f->ends);
    snprintf(f->ends + length, sizeof f->ends - length, "%s%s ",
        ending->asked->publish ? "public-" : "",
        ending->outcome ? "done" : wi_code_name(ending->code));
    snprintf(f->ended_id, sizeof f->ended_id, "%s", ending->id);
    assert_string_equal(ending->client, "somebody");
    snprintf(f->ended_model, sizeof f->ended_model, "%s", ending->model_name);
    assert_true(ending->total_ms >= 0);
    if (ending->outcome)
        assert_int_equal(ending->outcome->outputs->count, 1);
}

static int runs_again(void *context, const struct wi_error *error)
{
    const struct fixture *f = context;
    return f->again;
}

/* A run of `text`, which goes on until something has to come from elsewhere. */
static void begin_kind(enum wi_run_kind kind, const char *text, uint64_t cost)
{
    struct fixture *f = fixture;
    const struct wi_run_owner owner = {.context = f,
        .charge = charge,
        .on_relayed = f->relays ? on_relayed : NULL,
        .on_begin = on_begin,
        .on_queued = on_queued,
        .runs_again = runs_again,
        .on_done = on_done};
    struct wi_run_request request = {.kind = kind,
        .dialect = &wi_dialect_native,
        .body = wi_blob_new(&f->budget, strlen(text)),
        .json_size = strlen(text),
        .parse_cost = cost,
        .client = "somebody",
        .called = kind == WI_RUN_STORED ? "job-stored" : NULL,
        .accepted_at = wi_now_ms(),
        .earlier = 2};
    assert_int_equal(wi_blob_append(request.body, text, strlen(text)), 0);
    f->run = wi_run_new(&f->deps, &request, &owner);
    wi_run_begin(f->run);
}

static void begin(const char *text)
{
    begin_kind(WI_RUN_ANSWER, text, 0);
}

/* JSON that is parsed on a thread, and printed on one. */
static void begin_long(void)
{
    struct wi_buffer text = {0};
    wi_buffer_puts(&text, ECHO_HEAD "\"shape\":[20000],\"data\":[1");
    for (int i = 1; i < 20000; i++)
        wi_buffer_puts(&text, ",1.25");
    wi_buffer_puts(&text, "]}]}");
    begin_kind(WI_RUN_ANSWER, text.text, 1000000);
    wi_buffer_clear(&text);
}

#define IN_8_BITS ECHO_HEAD "\"shape\":[2],\"data\":[1.5,2]}],\"precision\":\"int8\"%s}"

static void begin_in_8_bits(enum wi_run_kind kind, const char *more)
{
    char *text = wi_sprintf(IN_8_BITS, more);
    fixture->deps.maker = &maker;
    fixture->variant = "q8";
    begin_kind(kind, text, 1000);
    free(text);
}

/* --- the fixture ------------------------------------------------------------------------------ */

static int set_up(void **state)
{
    struct fixture *f = fixture = wi_alloc(sizeof *f);
    *state = f;
    wi_log_configure(WI_LOG_ERROR, WI_LOG_TEXT);
    if (uv_loop_init(&f->loop))
        return -1;
    limit_waiting(&f->loop, &f->limit, 20000);
    f->budget.limit = 1 << 24;
    f->config.models.max_picture_pixels = 1000;
    f->deps = (struct wi_run_deps){.loop = &f->loop,
        .config = &f->config,
        .repository = wi_repository_new(&f->loop, "/nonexistent", NULL),
        .pulls = (struct wi_pulls *)f,
        .budget = &f->budget,
        .heavy = wi_work_queue_new(&f->loop, 1),
        .on_outcome = on_outcome,
        .on_failure = on_failure,
        .is_heard = is_heard,
        .on_ended = on_ended,
        .context = f};
    f->code = WI_INTERNAL;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    wi_work_queue_free(f->deps.heavy);
    wi_repository_free(f->deps.repository);
    uv_close((uv_handle_t *)&f->limit, NULL);
    uv_run(&f->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&f->loop), 0);
    assert_int_equal(f->budget.used, 0);
    assert_false(f->has_job);
    assert_null(f->run);
    free(f->text);
    free(f);
    return 0;
}

FIXTURE(set_up, tear_down)

#endif
