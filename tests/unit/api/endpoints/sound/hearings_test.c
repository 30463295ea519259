/* Live sound between its sender, the queue of jobs and its reader. The queue and the reader's
 * connection are played. */
#include "../../../asked.h"
#include "../../fixture.h"

#include "api/endpoints/endpoints.h"
#include "api/http/events.h"
#include "terms/sound/cutter.h"

#define RATE 8000
#define CLIENT "somebody"

/* --- the reader, played ----------------------------------------------------------------------- */

static struct wi_events_client *reader; /* the latest; NULL: it has gone */

struct wi_events_client {
    struct wi_events *events;
    struct wi_events_callbacks back;
    struct wi_buffer said; /* between events */
};

static void on_more(struct wi_events_client *client)
{
}

void wi_events_send(
    struct wi_events *events, struct wi_request *request, const struct wi_events_callbacks *back)
{
    struct wi_events_client *client = wi_alloc(sizeof *client);
    (void)request;
    client->events = events;
    client->back = *back;
    wi_events_set_client(events, client, on_more);
    reader = client;
}

void wi_events_send_as(struct wi_events *events, struct wi_request *request, const char *media_type,
    const struct wi_events_callbacks *back)
{
    (void)media_type;
    wi_events_send(events, request, back);
}

void wi_events_insert(struct wi_events *events, struct wi_buffer *text)
{
    struct wi_events_client *client = wi_events_client(events);
    wi_buffer_add(&client->said, text->text, text->size);
    wi_buffer_clear(text);
}

static unsigned cuts;

void wi_events_cut(struct wi_events *events)
{
    struct wi_events_client *client = wi_events_client(events);
    if (!client)
        return;
    cuts++;
    wi_events_set_client(events, NULL, NULL);
    wi_buffer_clear(&client->said);
    free(client);
}

int wi_events_finish(struct wi_events *events, int may_read)
{
    (void)events;
    return may_read;
}

struct wi_request *wi_events_request(const struct wi_events *events)
{
    return NULL;
}

/* --- fixture ---------------------------------------------------------------------------------- */

static struct wi_api api;
static struct wi_endpoints endpoints;
static struct wi_model model = {.name = (char *)"ear", ._references = 1000};
static struct wi_hearings *hearings;
static struct wi_hearing *hearing;
static char *text;     /* what it has read */
static char ends[128]; /* that subscribers were told: a word for each */

static uint64_t count_outcome(void *context, const struct wi_outcome *outcome)
{
    return 1;
}

static void on_ended(void *context, const struct wi_run_ending *ending)
{
    size_t length = strlen(ends);
    snprintf(ends + length, sizeof ends - length, "%s ",
        ending->code == WI_OK ? "done" : wi_code_name(ending->code));
    assert_string_equal(ending->id, wi_hearing_id(hearing));
    assert_string_equal(ending->client, CLIENT);
    assert_string_equal(ending->model_name, "ear");
    assert_true(ending->total_ms >= 0);
    assert_null(ending->outcome);
}

static int set_up_hearings(void **state)
{
    set_up(state);
    fixture->config.api.sound_ahead = 30000;
    fixture->config.api.stream_buffer = 1024;
    api = (struct wi_api){.deps = fixture->deps, .endpoints = &endpoints};
    api.deps.times.beat = 10000;
    api.clients.budget = &fixture->budget;
    endpoints = (struct wi_endpoints){
        .runs = {.loop = &fixture->loop, .config = &fixture->config, .on_outcome = count_outcome}};
    hearings = endpoints.hearings = wi_hearings_new(&api);
    cuts = 0;
    reader = NULL;
    *ends = '\0';
    return 0;
}

static void leave(void)
{
    if (!reader)
        return;
    struct wi_events_client *gone = reader;
    reader = NULL;
    wi_events_set_client(gone->events, NULL, NULL);
    gone->back.on_gone(gone->back.context);
    wi_buffer_clear(&gone->said);
    free(gone);
}

static int tear_down_hearings(void **state)
{
    wi_hearings_finish(hearings);
    leave();
    wi_hearings_free(hearings);
    assert_null(api.clients.parties);
    free(text);
    text = NULL;
    return tear_down(state);
}

FIXTURE(set_up_hearings, tear_down_hearings)

/* --- what is done ----------------------------------------------------------------------------- */

static struct wi_hearing *begin(const char *client, int partials)
{
    static const struct wi_pcm pcm = {WI_PCM_S16LE, RATE, 1};
    const struct wi_hearing_order order = {.pcm = pcm, .pause_ms = 300, .partials = partials};
    struct wi_inference *asked = ASKED(.model = wi_model_ref(&model),
        .task = WI_TASK_SPEECH_RECOGNITION, .timeout_ms = 600000);
    struct wi_tensor *tensor = wi_tensors_add(&asked->tensors);
    tensor->name = wi_strdup("audio");
    tensor->datatype = WI_UINT8;
    tensor->rank = 1;
    tensor->dims[0] = 2;
    tensor->blob = wi_blob_new(NULL, 2);
    tensor->size = 2;
    struct wi_hearing *begun = wi_hearing_new(hearings, client, asked, &order);
    wi_inference_release(asked);
    return begun;
}

static void read_from(const char *last)
{
    struct wi_error error;
    struct wi_request request = {.api = &api, .method = "GET", .headers.last_event_id = last};
    assert_int_equal(wi_hearing_read(hearing, &request, &error), WI_OK);
}

/* The sound of so many milliseconds: of speech, or of nobody. */
static void say(unsigned ms, int amplitude)
{
    size_t count = (size_t)ms * RATE / 1000;
    int16_t *samples = malloc(count * sizeof *samples);
    struct wi_hearing_state state;
    struct wi_error error;
    for (size_t i = 0; i < count; i++)
        samples[i] = (int16_t)(i / 20 % 2 ? amplitude : -amplitude);
    wi_hearing_state(hearing, &state);
    assert_int_equal(
        wi_hearing_take(hearing, state.position, (unsigned char *)samples, count * 2, &error),
        WI_OK);
    free(samples);
}

/* A word and the pause that ends its segment. */
static void say_word(unsigned ms)
{
    say(ms, 4000);
    say(500, 0);
}

static void answer_job(const char *said)
{
    struct wi_answer answer = {.ok = 1, .result = json_pack("{s:s}", "text", said)};
    struct wi_job_result result = {.code = WI_OK, .answer = &answer, .attempts = 1};
    end_job(&result);
    json_decref(answer.result);
}

static void fail_job(enum wi_code code, unsigned attempts)
{
    struct wi_job_result result = {.code = code};
    wi_error_set(&result.error, code, NULL, "it failed");
    result.error.attempts = attempts;
    end_job(&result);
}

/* All events with a number that the reader takes now. */
static const char *take(void)
{
    char block[4096];
    size_t size;
    struct wi_buffer all = {0};
    while ((size = wi_events_read(reader->events, block, sizeof block)) > 0)
        wi_buffer_add(&all, block, size);
    if (reader->back.on_taken)
        reader->back.on_taken(reader->back.context);
    free(text);
    return text = wi_buffer_take(&all);
}

static struct wi_hearing_state state_of(void)
{
    struct wi_hearing_state state;
    wi_hearing_state(hearing, &state);
    return state;
}

static void check_refused(enum wi_code code, uint64_t position, size_t size)
{
    static unsigned char bytes[1 << 16];
    struct wi_hearing_state before = state_of(), after;
    struct wi_error error;
    assert_int_equal(wi_hearing_take(hearing, position, bytes, size, &error), code);
    after = state_of();
    assert_int_equal(after.position, before.position);
}

/* --- tests ------------------------------------------------------------------------------------ */

TEST(finals_come_in_order_one_run_at_a_time)
{
    struct wi_error error;
    hearing = begin(CLIENT, 0);
    read_from(NULL);
    say_word(400);
    say_word(600);
    say_word(500);
    assert_true(fixture->has_job);
    assert_int_equal(fixture->submitted, 1);
    assert_string_equal(fixture->spec.client, CLIENT);
    assert_int_equal(fixture->spec.asked->task, WI_TASK_SPEECH_RECOGNITION);
    assert_int_equal(fixture->spec.asked->fallback, 1);
    assert_int_equal(fixture->spec.asked->priority, 5);
    assert_true(fixture->spec.asked->timeout_ms == 600000);
    const struct wi_tensor *tensor = &fixture->spec.asked->tensors.items[0];
    assert_int_equal(tensor->size, tensor->dims[0]);
    assert_true(tensor->size >= RATE * 2 * 6 / 10 && tensor->size < RATE * 2);
    answer_job("one");
    assert_int_equal(fixture->submitted, 2);
    answer_job("two");
    assert_int_equal(wi_hearing_end(hearing, &error), WI_OK);
    assert_non_null(strstr(take(), "id: 1\nevent: final\ndata: {\"segment\":1,"));
    assert_null(strstr(text, "done"));
    answer_job("three");
    assert_non_null(strstr(take(), "\"text\":\"three\""));
    assert_non_null(strstr(text, "event: done\ndata: {\"segments\":3,\"heard_ms\":3000}\n\n"));
    struct wi_hearing_state now = state_of();
    assert_int_equal(now.done_ms, 3000);
    assert_int_equal(now.lag_ms, 0);
}

TEST(one_end_of_each_stream_is_told)
{
    struct wi_error error;
    endpoints.runs.on_ended = on_ended;
    hearing = begin(CLIENT, 1);
    read_from(NULL);
    say_word(600);
    answer_job("one");
    say_word(600);
    fail_job(WI_INFERENCE_FAILED, 1);
    assert_string_equal(ends, ""); /* what it runs are no requests */
    assert_int_equal(wi_hearing_end(hearing, &error), WI_OK);
    assert_string_equal(ends, "done ");
    leave();
    wi_hearings_quiesce(hearings); /* frees it */
    hearing = begin(CLIENT, 0);
    say_word(400);
    wi_hearing_cancel(hearing);
    assert_string_equal(ends, "done cancelled ");
    wi_hearings_quiesce(hearings);
    hearing = begin(CLIENT, 0);
    wi_hearings_quiesce(hearings); /* its client is not there to be told */
    assert_string_equal(ends, "done cancelled cancelled ");
    endpoints.runs.on_ended = NULL;
}

TEST(what_was_had_is_passed_over_and_a_gap_is_refused)
{
    struct wi_error error;
    static const unsigned char some[101];
    hearing = begin(CLIENT, 0);
    assert_int_equal(wi_hearing_take(hearing, 0, some, 101, &error), WI_OK);
    assert_int_equal(wi_hearing_take(hearing, 50, some, 51, &error), WI_OK);
    assert_int_equal(state_of().position, 101);
    check_refused(WI_CONFLICT, 102, 1);
    assert_int_equal(wi_hearing_take(hearing, 102, some, 1, &error), WI_CONFLICT);
    assert_string_equal(error.expected, "101");
    assert_int_equal(wi_hearing_end(hearing, &error), WI_INVALID_FIELD);
    assert_string_equal(error.field, "position");
    assert_int_equal(wi_hearing_take(hearing, 100, some, 2, &error), WI_OK);
    assert_int_equal(wi_hearing_end(hearing, &error), WI_OK);
    assert_int_equal(wi_hearing_end(hearing, &error), WI_OK);
    assert_int_equal(wi_hearing_take(hearing, 0, some, 101, &error), WI_OK);
    check_refused(WI_CONFLICT, 102, 1);
}

TEST(partials_are_heard_again_when_there_is_more_and_give_way)
{
    hearing = begin(CLIENT, 1);
    read_from(NULL);
    say(400, 4000);
    assert_false(fixture->has_job); /* too short */
    say(200, 4000);
    assert_true(fixture->has_job);
    assert_int_equal(fixture->spec.asked->priority, 4);
    say(1000, 4000);
    assert_int_equal(fixture->submitted, 1); /* one at a time */
    answer_job("one tw");
    assert_non_null(strstr(reader->said.text, "event: partial\ndata: {\"segment\":0,"));
    assert_non_null(strstr(reader->said.text, "\"text\":\"one tw\",\"stable\":0}"));
    assert_int_equal(fixture->submitted, 2);
    answer_job("one tw\xc3\xb6");
    assert_non_null(strstr(reader->said.text, "\"stable\":6}"));
    say(600, 4000);
    answer_job("one tw\xc3\xa4");
    assert_null(strstr(reader->said.text, "\"stable\":7}"));
    say(600, 4000);
    assert_true(fixture->has_job);
    say(500, 0);
    assert_int_equal(fixture->abandoned, 1);
    assert_int_equal(fixture->spec.asked->priority, 5);
    answer_job("one two");
    assert_non_null(strstr(take(), "\"text\":\"one two\""));
}

TEST(without_a_reader_there_are_no_partials)
{
    hearing = begin(CLIENT, 1);
    say(3000, 4000);
    assert_false(fixture->has_job);
}

TEST(a_segment_that_fails_is_told_by_its_number)
{
    hearing = begin(CLIENT, 0);
    read_from(NULL);
    say_word(400);
    say_word(400);
    fail_job(WI_ATTEMPTS_EXHAUSTED, 4);
    answer_job("two");
    assert_non_null(strstr(take(), "id: 0\nevent: error\ndata: {\"type\":"));
    assert_non_null(strstr(text, "\"code\":\"attempts_exhausted\""));
    assert_non_null(strstr(text, "\"segment\":0}\n\nid: 1\nevent: final\n"));
    struct wi_hearings_counters counters;
    wi_hearings_counters(hearings, &counters);
    assert_int_equal(counters.failures, 1);
    assert_int_equal(counters.finals, 1);
    assert_int_equal(counters.live, 1);
}

TEST(a_full_queue_loses_nothing)
{
    hearing = begin(CLIENT, 0);
    read_from(NULL);
    fixture->admit = WI_QUEUE_FULL;
    say_word(400);
    assert_false(fixture->has_job);
    fixture->admit = WI_OK;
    until(fixture->has_job);
    answer_job("one");
    assert_non_null(strstr(take(), "\"text\":\"one\""));
    fixture->admit = WI_UNAVAILABLE; /* nobody can run it: that does not end by waiting */
    say_word(400);
    say_word(400);
    assert_non_null(strstr(take(), "\"segment\":1}"));
    assert_non_null(strstr(text, "\"segment\":2}"));
}

TEST(sound_without_text_is_bounded_and_told)
{
    struct wi_error error;
    hearing = begin(CLIENT, 0);
    read_from(NULL);
    for (int i = 0; i < 30; i++)
        say_word(500);
    say(500, 0);
    struct wi_hearing_state now = state_of();
    assert_int_equal(now.heard_ms, 30500);
    assert_int_equal(now.done_ms, 0);
    assert_true(now.lag_ms > 28000);
    check_refused(WI_SOUND_AHEAD, now.position, 2);
    assert_non_null(strstr(reader->said.text, "event: lag\ndata: {\"lag_ms\":"));
    static const unsigned char some[2];
    assert_int_equal(wi_hearing_take(hearing, 0, some, 2, &error), WI_OK); /* it was had */
    answer_job("one");
    answer_job("two");
    say_word(500);
    fixture->budget.used += fixture->budget.limit; /* others have it all */
    check_refused(WI_MEMORY_BUDGET, state_of().position, 100);
    fixture->budget.used -= fixture->budget.limit;
}

TEST(text_that_nobody_takes_is_bounded)
{
    char long_text[600];
    memset(long_text, 'x', sizeof long_text - 1);
    long_text[sizeof long_text - 1] = '\0';
    hearing = begin(CLIENT, 0);
    for (int i = 0; i < 4; i++)
        say_word(400);
    answer_job(long_text);
    answer_job(long_text);
    assert_false(fixture->has_job); /* 1 KiB waits for its reader */
    read_from(NULL);
    assert_non_null(strstr(take(), "\"segment\":1,"));
    until(fixture->has_job);
    answer_job("three");
    answer_job("four");
    assert_non_null(strstr(take(), "\"text\":\"four\""));
}

TEST(a_reader_comes_back_and_another_takes_its_place)
{
    struct wi_error error;
    hearing = begin(CLIENT, 0);
    read_from(NULL);
    say_word(400);
    answer_job("one");
    assert_non_null(strstr(take(), "id: 0\n"));
    leave();
    say_word(400);
    answer_job("two");
    read_from("0");
    assert_non_null(strstr(take(), "id: 1\n"));
    assert_null(strstr(text, "id: 0\n"));
    read_from(NULL);
    assert_int_equal(cuts, 1);
    assert_non_null(strstr(take(), "id: 0\n"));
    static struct wi_request wrong = {.method = "GET", .headers.last_event_id = "2"};
    assert_int_equal(wi_hearing_read(hearing, &wrong, &error), WI_INVALID_FIELD);
    char long_text[900];
    memset(long_text, 'x', sizeof long_text - 1);
    long_text[sizeof long_text - 1] = '\0';
    for (int i = 0; i < 3; i++) {
        say_word(400);
        answer_job(long_text);
        take();
    }
    wrong.headers.last_event_id = NULL;
    assert_int_equal(wi_hearing_read(hearing, &wrong, &error), WI_STREAM_GONE);
}

TEST(nobody_sends_and_nobody_reads)
{
    fixture->config.api.stream_grace = 100;
    hearing = begin(CLIENT, 0);
    read_from(NULL);
    say(500, 4000);
    until(fixture->has_job); /* that was its end */
    answer_job("one");
    assert_non_null(strstr(take(), "event: done"));
    char id[WI_ID_SIZE];
    snprintf(id, sizeof id, "%s", wi_hearing_id(hearing));
    assert_ptr_equal(wi_hearing_find(hearings, id, CLIENT), hearing);
    assert_null(wi_hearing_find(hearings, id, "another"));
    leave();
    until(!wi_hearing_find(hearings, id, CLIENT));
}

TEST(given_up_it_holds_nothing)
{
    hearing = begin(CLIENT, 0);
    read_from(NULL);
    say_word(400);
    say_word(400);
    say(1000, 4000);
    assert_true(fixture->has_job);
    assert_true(fixture->budget.used > 2 * RATE * 2);
    wi_hearing_cancel(hearing);
    assert_false(fixture->has_job);
    assert_non_null(strstr(take(), "event: error\ndata: "));
    assert_non_null(strstr(text, "\"code\":\"cancelled\""));
    wi_hearing_cancel(hearing);
    assert_string_equal(take(), "");
}

TEST(so_many_of_a_client)
{
    struct wi_error error;
    for (int i = 0; i < WI_HEARINGS_OF_CLIENT; i++) {
        assert_int_equal(wi_hearings_admit(hearings, CLIENT, &error), WI_OK);
        hearing = begin(CLIENT, 0);
    }
    assert_int_equal(wi_hearings_admit(hearings, CLIENT, &error), WI_QUEUE_FULL);
    assert_int_equal(wi_hearings_admit(hearings, "another", &error), WI_OK);
    wi_hearing_cancel(hearing);
    assert_int_equal(wi_hearings_admit(hearings, CLIENT, &error), WI_OK);
}
