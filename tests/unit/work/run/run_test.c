/* A run from its bytes to its answer, for each kind of owner: real models and threads; the queue of
 * jobs, the nodes, the pulls and the maker of variants are played. */
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

static void tell_pull(enum wi_pull_state state)
{
    const struct wi_pull_info info = {.state = state, .total = 100, .done = 10};
    fixture->on_pull(fixture->pull_context, &info);
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

/* A form of so many bytes, which is none. */
static void begin_form(size_t size)
{
    struct fixture *f = fixture;
    const struct wi_run_owner owner = {
        .context = f, .charge = charge, .on_begin = on_begin, .on_done = on_done};
    struct wi_run_request request = {.dialect = &wi_dialect_native,
        .body = wi_blob_new(&f->budget, size),
        .client = "somebody",
        .accepted_at = wi_now_ms()};
    char *text = wi_alloc(size);
    assert_int_equal(wi_blob_append(request.body, text, size), 0);
    free(text);
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

/* --- a whole answer --------------------------------------------------------------------------- */

TEST(goes_from_bytes_to_bytes)
{
    begin(body);
    assert_string_equal(fixture->told, "begin queued ");
    assert_string_equal(fixture->spec.id, wi_run_id(fixture->run));
    assert_string_equal(fixture->spec.client, "somebody");
    assert_int_equal(fixture->spec.earlier, 2);
    assert_string_equal(wi_run_model(fixture->run), "builtin/echo");
    finish_job(WI_OK);
    assert_string_equal(fixture->told, "begin queued done ");
    assert_non_null(strstr(fixture->text, "\"data\":[1.5,2]"));
    assert_int_equal(fixture->outcomes, 1);
    assert_int_equal(fixture->most, 0); /* nothing was large */
}

TEST(reads_and_prints_what_is_long_on_threads)
{
    begin_long();
    assert_string_equal(fixture->told, "");
    assert_int_equal(fixture->charged, 1000000);
    until(fixture->has_job);
    assert_int_equal(fixture->charged, 80000); /* what was converted */
    finish_job(WI_OK);
    assert_string_equal(fixture->told, "begin queued ");
    assert_true(fixture->charged > 80000);
    until(*fixture->told && fixture->text);
    assert_string_equal(fixture->told, "begin queued done ");
    assert_non_null(strstr(fixture->text, "1.25]"));
}

TEST(reads_a_long_form_on_a_thread)
{
    begin_form(2 * 1024 * 1024);
    assert_string_equal(fixture->told, "failed ");
    begin_form(2 * 1024 * 1024 + 1);
    assert_string_equal(fixture->told, "failed ");
    until(!fixture->run);
    assert_string_equal(fixture->told, "failed failed ");
}

TEST(runs_in_browsers_that_are_configured_or_have_joined)
{
    struct wi_config_browser kinds[] = {{.kind = "chrome"}, {.kind = "firefox"}};
    fixture->config.browsers = kinds;
    fixture->config.browser_count = 2;
    for (int i = 0; i < 3; i++) {
        static const char *const names[] = {"chrome", "joined", "lynx"};
        struct wi_error error = {0};
        enum wi_code code = wi_run_check_browser(&fixture->deps, names[i], &error);
        assert_int_equal(code, i < 2 ? WI_OK : WI_INVALID_FIELD);
        assert_string_equal(error.allowed, i < 2 ? "" : "chrome, firefox");
    }
    assert_int_equal(wi_run_check_browser(&fixture->deps, NULL, NULL), WI_OK);
}

TEST(says_what_is_wrong_with_the_request)
{
    begin("{\"model_name\":");
    assert_int_equal(fixture->code, WI_BAD_JSON);
    begin("{\"model_name\":\"builtin/echo\",\"browser\":\"lynx\",\"inputs\":[]}");
    assert_int_equal(fixture->code, WI_INVALID_FIELD);
    assert_string_equal(fixture->error.field, "browser");
    begin("{\"model_name\":\"nobody/knows\",\"inputs\":[]}");
    until(!fixture->run);
    assert_int_equal(fixture->code, WI_MODEL_NOT_FOUND);
    assert_string_equal(fixture->told, "failed failed failed ");
    assert_int_equal(fixture->submitted, 0);
}

TEST(may_be_refused_by_its_owner)
{
    fixture->refuses = 1;
    begin(body);
    assert_string_equal(fixture->told, "begin failed ");
    assert_string_equal(fixture->error.field, "stream");
}

TEST(tells_how_its_job_failed)
{
    begin(body);
    finish_job(WI_INFERENCE_FAILED);
    assert_string_equal(fixture->told, "begin queued failed ");
    assert_int_equal(fixture->code, WI_INFERENCE_FAILED);
    assert_int_equal(fixture->outcomes, 0);
}

/* --- what is counted -------------------------------------------------------------------------- */

TEST(is_counted_once_however_it_ends)
{
    begin(body);
    assert_int_equal(wi_run_counted_as(fixture->run), 0);
    finish_job(WI_OK);
    assert_int_equal(fixture->counted_as, 17);
    begin(body);
    finish_job(WI_INFERENCE_FAILED);
    assert_int_equal(fixture->counted_as, 18);
    assert_string_equal(fixture->failed_at, "chrome");
    fixture->admit = WI_UNAVAILABLE; /* it gets into no queue */
    begin(body);
    assert_int_equal(fixture->counted_as, 18);
    assert_string_equal(fixture->failed_at, "");
    assert_int_equal(fixture->code, WI_UNAVAILABLE);
    assert_int_equal(fixture->outcomes, 1);
    assert_int_equal(fixture->failures, 2);
}

/* --- its end is told ------------------------------------------------------------------------- */

TEST(tells_once_that_an_accepted_request_has_ended)
{
    static const char named[] = "{\"id\":\"mine\",\"publish\":true,"
                                "\"model_name\":\"builtin/echo\",\"inputs\":[{\"name\":\"x\","
                                "\"datatype\":\"FP32\",\"shape\":[1],\"data\":[1]}]}";
    begin(body);
    finish_job(WI_OK);
    assert_string_equal(fixture->ends, "done ");
    assert_string_equal(fixture->ended_model, "builtin/echo");
    assert_int_equal(strncmp(fixture->ended_id, "job-", 4), 0);
    begin(named);
    finish_job(WI_INFERENCE_FAILED);
    assert_string_equal(fixture->ends, "done public-inference_failed ");
    assert_string_equal(fixture->ended_id, "mine");
    *fixture->ends = '\0';
    begin(body);
    wi_run_abandon(WI_TAKE(fixture->run));
    fixture->has_job = 0;
    assert_string_equal(fixture->ends, "cancelled ");
    *fixture->ends = '\0';
    begin(named);
    finish_job(WI_OK);
    assert_string_equal(fixture->ends, "public-done ");
}

TEST(tells_no_end_of_what_was_not_accepted)
{
    begin("{\"model_name\":");
    fixture->admit = WI_UNAVAILABLE; /* it gets into no queue */
    begin(body);
    fixture->admit = WI_OK;
    begin_kind(WI_RUN_CHECK, body, 0);
    fixture->refuses = 1;
    begin(body);
    assert_string_equal(fixture->ends, "");
}

/* What came of it is not copied then. */
TEST(tells_no_good_end_that_is_not_heard)
{
    fixture->is_deaf = 1;
    begin(body);
    finish_job(WI_OK);
    assert_int_equal(fixture->code, WI_OK);
    assert_string_equal(fixture->ends, "");
    begin(body);
    finish_job(WI_INFERENCE_FAILED);
    assert_string_equal(fixture->ends, "inference_failed ");
}

TEST(tells_a_later_end_to_those_who_have_begun_to_listen)
{
    fixture->is_deaf = 1;
    begin_long();
    until(fixture->has_job);
    finish_job(WI_OK);
    fixture->is_deaf = 0; /* while it is printed */
    until(!fixture->run);
    assert_string_equal(fixture->ends, "done ");
    fixture->is_deaf = 1;
    begin_kind(WI_RUN_STORED, body, 1000);
    until(fixture->has_job);
    finish_job(WI_OK);
    assert_true(fixture->has_success);
}

TEST(leaves_it_to_the_owner_to_tell_the_end_of_a_stored_request)
{
    begin_kind(WI_RUN_STORED, body, 1000);
    until(fixture->has_job);
    finish_job(WI_OK);
    assert_true(fixture->has_success);
    begin_kind(WI_RUN_STORED, body, 1000);
    until(fixture->has_job);
    finish_job(WI_INFERENCE_FAILED);
    assert_false(fixture->has_success);
    begin_kind(WI_RUN_STORED, body, 1000);
    until(fixture->has_job);
    wi_run_abandon(WI_TAKE(fixture->run)); /* it is taken up again */
    fixture->has_job = 0;
    assert_string_equal(fixture->ends, "");
}

/* Its client gets an error, though the job has succeeded. */
TEST(tells_as_failed_what_there_is_no_memory_to_print)
{
    begin_long();
    until(fixture->has_job);
    fixture->is_poor = 1;
    fixture->budget.limit = 1000; /* of which it would never fit */
    finish_job(WI_OK);
    assert_string_equal(fixture->ends, "answer_too_large ");
    fixture->is_poor = 0;
    fixture->budget.limit = 1 << 24;
    begin_long();
    until(fixture->has_job);
    finish_job(WI_OK);
    assert_string_equal(fixture->ends, "answer_too_large "); /* it is being printed */
    until(!fixture->run);
    assert_string_equal(fixture->ends, "answer_too_large done ");
    begin_long();
    until(fixture->has_job);
    finish_job(WI_OK);
    wi_run_abandon(WI_TAKE(fixture->run)); /* its client left before the answer */
    assert_string_equal(fixture->ends, "answer_too_large done cancelled ");
}

static void begin_in_8_bits(enum wi_run_kind kind, const char *more);

TEST(tells_the_end_of_what_has_waited_for_its_model)
{
    begin("{\"model_name\":\"org/absent\",\"timeout_ms\":1,\"inputs\":[]}");
    until(!fixture->run);
    assert_string_equal(fixture->ends, "deadline_exceeded ");
    assert_string_equal(fixture->ended_model, "org/absent");
    begin("{\"model_name\":\"org/absent\",\"inputs\":[]}");
    until(fixture->on_pull);
    wi_run_abandon(WI_TAKE(fixture->run));
    begin_in_8_bits(WI_RUN_ANSWER, "");
    end_making(WI_QUANTIZED_BADLY);
    assert_string_equal(fixture->ends, "deadline_exceeded cancelled quantized_badly ");
    fixture->deps.pulls = NULL; /* no wait begins */
    begin("{\"model_name\":\"org/absent\",\"inputs\":[]}");
    until(!fixture->run);
    assert_string_equal(fixture->ends, "deadline_exceeded cancelled quantized_badly ");
}

TEST(is_not_counted_if_it_runs_again_or_never_was_a_job)
{
    fixture->again = 1;
    begin(body);
    finish_job(WI_UNAVAILABLE);
    fixture->admit = WI_QUEUE_FULL;
    begin(body);
    assert_int_equal(fixture->code, WI_QUEUE_FULL);
    fixture->admit = WI_OK;
    fixture->again = 0;
    begin("{\"model_name\":\"builtin/echo\",\"inputs\":\"text\"}");
    begin_kind(WI_RUN_CHECK, body, 0);
    assert_int_equal(fixture->failures, 0);
    assert_int_equal(fixture->counted_as, 0);
}

/* --- memory ----------------------------------------------------------------------------------- */

TEST(needs_memory_to_read)
{
    fixture->is_poor = 1;
    begin_long();
    assert_string_equal(fixture->told, "failed ");
    assert_int_equal(fixture->code, WI_MEMORY_BUDGET);
}

TEST(needs_memory_to_print)
{
    begin_long();
    until(fixture->has_job);
    fixture->is_poor = 1;
    finish_job(WI_OK);
    assert_int_equal(fixture->code, WI_MEMORY_BUDGET);
    fixture->is_poor = 0;
    begin_long();
    until(fixture->has_job);
    fixture->is_poor = 1;
    fixture->budget.limit = 1000; /* of which it would never fit */
    finish_job(WI_OK);
    assert_int_equal(fixture->code, WI_ANSWER_TOO_LARGE);
}

/* --- streams ---------------------------------------------------------------------------------- */

TEST(hands_parts_to_its_new_owner)
{
    const struct wi_part part = {.text = "a", .text_length = 1, .bytes = 1};
    const struct wi_progress progress = {.phase = "loading"};
    const struct wi_credit taken = {1, 1};
    fixture->streams = 1;
    begin(body);
    fixture->hears.on_progress(fixture->context, &fixture->spec, &progress);
    fixture->hears.on_part(fixture->context, &fixture->spec, &part);
    wi_run_took(fixture->run, &taken);
    assert_int_equal(fixture->took.parts, 1);
    fixture->parts = 1;
    finish_job(WI_OK);
    assert_string_equal(fixture->told, "begin-stream queued loading part done ");
    assert_non_null(strstr(fixture->text, "event: done"));
}

/* --- pulls ------------------------------------------------------------------------------------ */

TEST(pulls_a_model_once)
{
    begin("{\"model_name\":\"org/absent\",\"inputs\":[]}");
    until(fixture->on_pull);
    tell_pull(WI_PULL_DOWNLOADING);
    assert_string_equal(fixture->told, "begin "); /* who waits for the whole hears nothing of it */
    tell_pull(WI_PULL_DONE);
    until(!fixture->run); /* it is not there even so */
    assert_int_equal(fixture->code, WI_MODEL_NOT_FOUND);
    assert_int_equal(fixture->pulls, 1);
    assert_string_equal(fixture->told, "begin failed ");
}

TEST(shows_a_stream_how_far_a_pull_is)
{
    fixture->streams = 1;
    begin("{\"model_name\":\"org/absent\",\"inputs\":[]}");
    until(fixture->on_pull);
    tell_pull(WI_PULL_DOWNLOADING);
    assert_string_equal(fixture->told, "begin-stream downloading ");
    wi_run_abandon(fixture->run);
    fixture->run = NULL;
    assert_null(fixture->on_pull);
}

TEST(waits_for_a_pull_until_its_deadline)
{
    begin("{\"model_name\":\"org/absent\",\"timeout_ms\":1,\"inputs\":[]}");
    until(!fixture->run);
    assert_int_equal(fixture->code, WI_DEADLINE_EXCEEDED);
    assert_null(fixture->on_pull);
}

TEST(pulls_nothing_when_the_server_closes)
{
    fixture->deps.pulls = NULL;
    begin("{\"model_name\":\"org/absent\",\"inputs\":[]}");
    until(!fixture->run);
    assert_int_equal(fixture->code, WI_MODEL_NOT_FOUND);
    assert_int_equal(fixture->pulls, 0);
}

/* --- variants that are made ------------------------------------------------------------------- */

#define IN_8_BITS ECHO_HEAD "\"shape\":[2],\"data\":[1.5,2]}],\"precision\":\"int8\"%s}"

static void begin_in_8_bits(enum wi_run_kind kind, const char *more)
{
    char *text = wi_sprintf(IN_8_BITS, more);
    fixture->deps.maker = &maker;
    fixture->variant = "q8";
    begin_kind(kind, text, 1000);
    free(text);
}

TEST(has_a_precision_made_once)
{
    begin_in_8_bits(WI_RUN_ANSWER, "");
    assert_string_equal(fixture->wanted, "int8");
    assert_string_equal(fixture->told, "begin ");
    assert_int_equal(fixture->submitted, 0);
    end_making(WI_OK);
    until(!fixture->run); /* it is not there even so */
    assert_int_equal(fixture->code, WI_MODEL_NOT_FOUND);
    assert_non_null(strstr(fixture->error.detail, "builtin/echo:q8"));
    assert_int_equal(fixture->makes, 1);
}

TEST(says_why_a_precision_was_not_made)
{
    begin_in_8_bits(WI_RUN_ANSWER, "");
    end_making(WI_QUANTIZED_BADLY);
    assert_string_equal(fixture->told, "begin failed ");
    assert_int_equal(fixture->code, WI_QUANTIZED_BADLY);
    assert_false(fixture->has_left);
}

TEST(shows_a_stream_how_far_a_making_is_and_leaves_it)
{
    const struct wi_progress progress = {.phase = "quantizing"};
    fixture->streams = 1;
    begin_in_8_bits(WI_RUN_ANSWER, "");
    fixture->on_making(fixture->making_context, &progress, NULL);
    assert_string_equal(fixture->told, "begin-stream quantizing ");
    wi_run_abandon(fixture->run);
    fixture->run = NULL;
    assert_true(fixture->has_left);
}

TEST(waits_for_a_making_until_its_deadline)
{
    begin_in_8_bits(WI_RUN_ANSWER, ",\"timeout_ms\":1");
    until(!fixture->run);
    assert_int_equal(fixture->code, WI_DEADLINE_EXCEEDED);
    assert_non_null(strstr(fixture->error.detail, "still being made"));
    assert_true(fixture->has_left);
}

TEST(has_nothing_made_where_none_may_be)
{
    begin_in_8_bits(WI_RUN_STORED, "");
    until(!fixture->run);
    assert_int_equal(fixture->code, WI_PRECISION_UNSUPPORTED);
    fixture->deps.maker = NULL;
    begin(ECHO_HEAD "\"shape\":[2],\"data\":[1.5,2]}],\"precision\":\"int8\"}");
    assert_int_equal(fixture->code, WI_PRECISION_UNSUPPORTED);
    assert_int_equal(fixture->makes, 0);
}

/* --- for another daemon ------------------------------------------------------------------------
 */

#define RELAYED ",\"relay\":{}}"
#define HASH "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

TEST(takes_what_a_relay_sends_only_where_its_owner_does)
{
    begin("{\"model_name\":\"nobody/knows\",\"inputs\":[]" RELAYED);
    assert_int_equal(fixture->code, WI_INVALID_FIELD);
    assert_string_equal(fixture->error.field, "relay");
    fixture->relays = -1;
    begin("{\"model_name\":\"nobody/knows\",\"inputs\":[]" RELAYED);
    assert_int_equal(fixture->code, WI_FORBIDDEN_RANK);
    assert_string_equal(fixture->told, "failed relayed failed ");
    fixture->relays = 1;
    begin(ECHO_HEAD "\"shape\":[2],\"data\":[1.5,2]}],\"browser\":\"lynx\"" RELAYED);
    assert_int_equal(
        fixture->submitted, 1); /* whether there are such browsers is routing's to say */
    assert_true(fixture->spec.asked->relayed.is);
    finish_job(WI_OK);
    assert_string_equal(fixture->told, "failed relayed failed relayed begin queued done ");
}

/* The relay's daemon may send it elsewhere at once. */
TEST(has_no_model_changed_for_a_relay)
{
    fixture->relays = 1;
    fixture->variant = "q8";
    fixture->deps.maker = &maker;
    begin("{\"model_name\":\"org/absent\",\"inputs\":[]" RELAYED);
    until(!fixture->run);
    assert_int_equal(fixture->code, WI_MODEL_CHANGED);
    assert_string_equal(fixture->error.field, "model_name");
    assert_int_equal(fixture->pulls, 0);
    begin(ECHO_HEAD "\"shape\":[2],\"data\":[1.5,2]}],\"precision\":\"int8\""
                    ",\"relay\":{\"model_hash\":\"" HASH "\"}}");
    until(!fixture->run);
    assert_int_equal(fixture->code, WI_MODEL_CHANGED);
    assert_string_equal(fixture->error.field, "relay.model_hash");
    begin(ECHO_HEAD "\"shape\":[2],\"data\":[1.5,2]}]" RELAYED);
    assert_false(fixture->spec.asked->lessens);
    finish_job(WI_OK);
    assert_int_equal(fixture->makes, 0);
}

/* A job that there was no memory for. */
static void starve(void)
{
    struct wi_job_result result = {.code = WI_ATTEMPTS_EXHAUSTED,
        .starved = 1,
        .place = {.browser = "chrome", .platform = WI_WASM}};
    wi_error_set(&result.error, result.code, NULL, "no memory");
    end_job(&result);
}

TEST(has_the_next_smaller_made_where_there_is_no_memory)
{
    static const enum wi_code ends[] = {WI_OK, WI_QUEUE_FULL};
    fixture->deps.maker = &maker;
    for (int i = 0; i < 2; i++) {
        fixture->variant = "q8";
        *fixture->told = '\0';
        begin(body);
        assert_true(fixture->spec.asked->lessens);
        starve();
        assert_string_equal(fixture->told, "begin queued "); /* it has begun before */
        assert_string_equal(fixture->wanted, "");
        assert_int_equal(fixture->makes, i + 1);
        end_making(ends[i]);
        until(!fixture->run);
        /* What had no memory is what its client is told, if nothing else has come of it. */
        assert_int_equal(fixture->code, i == 0 ? WI_MODEL_NOT_FOUND : WI_ATTEMPTS_EXHAUSTED);
        assert_int_equal(fixture->failures, i);
        fixture->variant = NULL; /* nothing may be made of it */
        begin(body);
        assert_false(fixture->spec.asked->lessens);
        starve();
        assert_int_equal(fixture->code, WI_ATTEMPTS_EXHAUSTED);
        fixture->failures = 0;
    }
    assert_int_equal(fixture->makes, 2);
}

/* --- the other kinds -------------------------------------------------------------------------- */

TEST(may_end_once_it_is_checked)
{
    begin_kind(WI_RUN_CHECK, body, 0);
    assert_string_equal(fixture->told, "begin done ");
    assert_int_equal(fixture->submitted, 0);
    begin_kind(WI_RUN_CHECK, "{\"model_name\":\"builtin/echo\",\"inputs\":\"text\"}", 0);
    assert_string_equal(fixture->told, "begin done failed ");
}

TEST(runs_a_stored_request_as_it_was_taken)
{
    begin_kind(WI_RUN_STORED, body, 1000);
    assert_string_equal(fixture->told, ""); /* it is read on a thread */
    until(fixture->has_job);
    finish_job(WI_OK);
    assert_string_equal(fixture->told, "begin queued done ");
    assert_null(strstr(fixture->text, "1.5")); /* the tensors are printed when there is memory */
    begin_kind(WI_RUN_STORED, "{\"model_name\":\"org/absent\",\"inputs\":[]}", 1000);
    until(!fixture->run);
    assert_int_equal(fixture->pulls, 0);
}

static void on_sent(void *context, const char *node_id)
{
    note(node_id);
}

static void on_raw(void *context, struct wi_outcome *outcome)
{
    assert_string_equal(outcome->node, "node-1");
    assert_int_equal(outcome->outputs->count, 1);
    assert_memory_equal(wi_tensor_bytes(&outcome->outputs->items[0]), "\0\0\xc0\x3f", 4);
    note("outcome");
}

/* Of an inference with one FP32, 1.5. */
static void begin_asked(enum wi_run_kind kind, const char *client)
{
    static struct wi_model model = {.name = "builtin/echo", ._references = 1};
    struct fixture *f = fixture;
    const struct wi_run_owner owner = {
        .context = f, .on_sent = on_sent, .on_outcome = on_raw, .on_done = on_done};
    const float value = 1.5;
    struct wi_inference *asked = ASKED(.model = wi_model_ref(&model));
    struct wi_tensor *tensor = wi_tensors_add(&asked->tensors);
    *tensor = (struct wi_tensor){.name = wi_strdup("x"),
        .datatype = WI_FP32,
        .rank = 1,
        .dims = {1},
        .size = sizeof value,
        .blob = wi_blob_new(&f->budget, sizeof value)};
    wi_blob_append(tensor->blob, &value, sizeof value);
    f->run = wi_run_new(&f->deps,
        &(struct wi_run_request){.kind = kind,
            .asked = asked,
            .ours_only = 1,
            .client = client,
            .accepted_at = wi_now_ms()},
        &owner);
    wi_run_begin(f->run);
}

static void begin_shadow(void)
{
    begin_asked(WI_RUN_SHADOW, NULL);
}

TEST(begins_at_an_inference_and_ends_with_what_came_of_it)
{
    begin_shadow();
    assert_non_null(on_dispatch);
    assert_null(fixture->spec.client);
    assert_int_equal(fixture->spec.ours_only, 1);
    on_dispatch(fixture->context, &fixture->spec, "node-1");
    finish_job(WI_OK);
    assert_string_equal(fixture->told, "node-1 outcome done ");
    assert_int_equal(fixture->outcomes, 0); /* no client's */
    assert_null(fixture->text);
    assert_int_equal(fixture->counted_as, 0);
    begin_shadow();
    finish_job(WI_INFERENCE_FAILED);
    assert_int_equal(fixture->failures, 0);
    assert_string_equal(fixture->told, "node-1 outcome done failed ");
    assert_int_equal(fixture->code, WI_INFERENCE_FAILED);
    begin_shadow();
    wi_run_abandon(fixture->run);
    fixture->run = NULL;
    assert_int_equal(fixture->abandoned, 1);
}

/* Live sound: its job is a client's, and counted as one. */
TEST(of_a_client_for_what_the_service_makes_of_it)
{
    on_dispatch = NULL;
    begin_asked(WI_RUN_INSIDE, "somebody");
    assert_null(on_dispatch);
    assert_string_equal(fixture->spec.client, "somebody");
    finish_job(WI_OK);
    assert_string_equal(fixture->told, "outcome done ");
    assert_int_equal(fixture->outcomes, 1);
    assert_int_equal(fixture->counted_as, 17);
    assert_null(fixture->text);
    begin_asked(WI_RUN_INSIDE, "somebody");
    finish_job(WI_INFERENCE_FAILED);
    assert_int_equal(fixture->failures, 1);
    assert_int_equal(fixture->code, WI_INFERENCE_FAILED);
}

/* --- its end from outside --------------------------------------------------------------------- */

TEST(stops_with_the_reason_given)
{
    struct wi_error why;
    wi_error_set(&why, WI_SHUTTING_DOWN, NULL, "that is all");
    begin(body);
    wi_run_stop(fixture->run, &why);
    assert_string_equal(fixture->told, "begin queued failed ");
    assert_int_equal(fixture->code, WI_SHUTTING_DOWN);
    fixture->code = WI_OK;
    begin_long(); /* while a thread reads it */
    wi_run_stop(fixture->run, &why);
    assert_int_equal(fixture->code, WI_SHUTTING_DOWN);
}

TEST(is_abandoned_wherever_it_is)
{
    begin(body);
    wi_run_abandon(fixture->run);
    assert_int_equal(fixture->abandoned, 1);
    begin_long(); /* while it is read */
    wi_run_abandon(fixture->run);
    begin_long();
    until(fixture->has_job);
    finish_job(WI_OK); /* while it is printed */
    wi_run_abandon(fixture->run);
    fixture->run = NULL;
    assert_null(strstr(fixture->told, "done"));
    assert_null(strstr(fixture->told, "failed"));
}
