/* A run from its bytes to its answer, for each kind of owner. */
#include "one_run.h"

static void tell_pull(enum wi_pull_state state)
{
    const struct wi_pull_info info = {.state = state, .total = 100, .done = 10};
    fixture->on_pull(fixture->pull_context, &info);
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
