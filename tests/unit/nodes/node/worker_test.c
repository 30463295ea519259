/* The node's side of the protocol against the bridge itself: coming and going, tasks both ways in
 * pieces, streams within their credit, and what becomes of them when the connection breaks. */
#include "../../test.h"

#include "../../made_up_clock.h"
#include "../bridge/fixture.h"
#include "base/clock.h"
#include "nodes/node/pieces_in.h"
#include "nodes/node/pieces_out.h"
#include "nodes/node/worker_private.h"

#define EXECUTED_ON "{\"platform\":\"wasm\",\"engine\":\"ort\"}"
#define PARTS 40 /* of a stream: more than there is credit for at first */

/* The program whose worker it is. */
struct place {
    struct fixture *fixture;
    struct wi_worker_service service;
    struct wi_worker *worker;
    int cuts; /* so many of the next tasks and parts are followed by a break of the connection */
    int tasks, waits, cancels, ends, loads, unloads, left;
};

static struct place *place_of_worker(const struct wi_worker *worker)
{
    return wi_worker_service(worker)->context;
}

static struct place *place_of(const struct wi_worker_task *task)
{
    return place_of_worker(task->worker);
}

static void cut_if_due(struct place *place)
{
    if (place->cuts > 0 && place->cuts--)
        wi_worker_cut(place->worker);
}

static void go_on(struct wi_worker_task *task)
{
    struct wi_worker_answer answer = {.executed_on = EXECUTED_ON};
    while (task->next < PARTS) {
        if (!wi_worker_has_credit(task)) {
            place_of(task)->waits++;
            return;
        }
        wi_worker_send_part(task, "\"text\":\"x\"", 1);
        if (task->next == 10)
            cut_if_due(place_of(task));
    }
    wi_worker_answer(task, &answer);
}

static void on_task(struct wi_worker_task *task, const struct wi_worker_request *request)
{
    struct place *place = place_of(task);
    struct wi_worker_answer answer = {.executed_on = EXECUTED_ON, .outputs = *request->inputs};
    place->tasks++;
    assert_string_equal(request->model, "digits");
    if (json_is_true(json_object_get(request->data, "stream"))) {
        go_on(task);
    } else if (!strncmp(task->id, "att-echo", 8)) {
        cut_if_due(place);
        wi_worker_answer(task, &answer);
    } else if (strcmp(task->id, "att-odd") == 0) {
        wi_error_set(&answer.failure, WI_INPUT_SHAPE, "inputs[0]", "it is odd");
        wi_error_expect(&answer.failure, "[1]");
        answer.code = "input_shape";
        wi_worker_answer(task, &answer);
    } else if (strcmp(task->id, "att-much") == 0) {
        char *much = calloc(1, WI_FRAME_HEAD_MAX + 1);
        memset(much, 'a', WI_FRAME_HEAD_MAX);
        answer.result = json_pack("{s:s}", "text", much);
        wi_worker_answer(task, &answer);
        json_decref(answer.result);
        free(much);
    }
}

static void on_cancel(struct wi_worker_task *task)
{
    place_of(task)->cancels++;
}

static void on_end(struct wi_worker_task *task)
{
    place_of(task)->ends++;
}

static void on_load(struct wi_worker *worker, const json_t *model)
{
    struct place *place = place_of_worker(worker);
    assert_string_equal(json_string_value(json_object_get(model, "name")), "digits");
    place->loads++;
    wi_worker_set_models(worker, json_pack("[{s:s, s:s, s:s, s:s}]", "name", "digits", "hash",
                                     test_model.hash, "platform", "wasm", "state", "ready"));
}

static void on_unload(struct wi_worker *worker, const char *name)
{
    assert_string_equal(name, "digits");
    place_of_worker(worker)->unloads++;
    wi_worker_set_models(worker, json_array());
}

static void on_left(struct wi_worker *worker)
{
    place_of_worker(worker)->left++;
}

static const struct wi_worker_events events = {.task = on_task,
    .go_on = go_on,
    .cancel = on_cancel,
    .end = on_end,
    .load = on_load,
    .unload = on_unload,
    .left = on_left};

static int set_up_place(void **state)
{
    struct place *place = calloc(1, sizeof *place);
    struct wi_join_link *link = &place->service.link;
    char id[WI_ID_SIZE], text[128], token[WI_TOKEN_SIZE];
    struct wi_error error;
    void *fixture;
    assert_int_equal(set_up_with_output(&fixture), 0);
    place->fixture = fixture;
    assert_int_equal(wi_bridge_invite(place->fixture->bridge,
                         &(struct wi_join_terms){.nodes = 1, .ttl_ms = 60000}, id, token, &error),
        WI_OK);
    snprintf(text, sizeof text, "http://127.0.0.1:%d/#token=%s", place->fixture->port, token);
    assert_int_equal(wi_join_link_read(text, link, &error), WI_OK);
    place->service.loop = &place->fixture->loop;
    place->service.lws = place->fixture->lws;
    place->service.vhost = wi_worker_vhost_new(place->service.lws, 0, NULL);
    assert_non_null(place->service.vhost);
    place->service.capabilities =
        "{\"browser\":{\"name\":\"program\"},\"cross_origin_isolated\":false,"
        "\"platforms\":{\"wasm\":{\"available\":true}}}";
    place->service.events = &events;
    place->service.context = place;
    wi_pcg32_seed(&place->service.random, 1, 0);
    wi_worker_service_open(&place->service);
    place->worker = wi_worker_new(&place->service);
    wi_worker_connect(place->worker);
    *state = place;
    return 0;
}

static int tear_down_place(void **state)
{
    struct place *place = *state;
    void *fixture = place->fixture;
    wi_worker_stop(place->worker);
    assert_int_equal(place->ends, place->tasks);
    assert_int_equal(place->service.counters.unexpected, 0);
    assert_int_equal(tear_down(&fixture), 0);
    wi_worker_free(place->worker);
    wi_worker_service_close(&place->service);
    free(place);
    return 0;
}

FIXTURE(set_up_place, tear_down_place)

static void turn_once(struct place *place)
{
    uv_run(&place->fixture->loop, UV_RUN_NOWAIT);
    wi_worker_beat(place->worker, wi_now_ms());
}

#define TURN_UNTIL(place, condition)                                                               \
    do {                                                                                           \
        double until_ = client_now() + CLIENT_PATIENCE_MS;                                         \
        while (!(condition) && client_now() < until_)                                              \
            turn_once(place);                                                                      \
        assert_true(condition);                                                                    \
    } while (0)

static void turn_place(struct place *place, const int *counter, int value)
{
    double until = client_now() + CLIENT_PATIENCE_MS;
    while (*counter < value && client_now() < until && !*place->service.counters.why)
        turn_once(place);
    if (*counter < value)
        fail_msg("it waits for %d, has %d; %s", value, *counter, place->service.counters.why);
}

TEST(answers_in_messages_and_in_pieces)
{
    static const size_t sizes[] = {1, 100000, 3 * 1024 * 1024};
    struct place *place = *state;
    struct fixture *fixture = place->fixture;
    turn_place(place, &fixture->ups, 1);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct wi_tensors tensors = make_tensor("y", sizes[i]);
        char id[16];
        snprintf(id, sizeof id, "att-echo%zu", i);
        assert_int_equal(send_task(fixture, id, &tensors), WI_OK);
        turn_place(place, &fixture->answers, (int)i + 1);
        assert_int_equal(fixture->answer.outputs.count, 1);
        const struct wi_tensor *answer = &fixture->answer.outputs.items[0];
        assert_int_equal(answer->size, sizes[i]);
        assert_memory_equal(wi_tensor_bytes(answer), wi_tensor_bytes(&tensors.items[0]), sizes[i]);
        wi_tensors_clear(&tensors);
    }
    turn_place(place, &place->ends, 3); /* it heard that they have come */
}

TEST(brings_an_answer_after_the_connection_broke)
{
    struct place *place = *state;
    struct fixture *fixture = place->fixture;
    turn_place(place, &fixture->ups, 1);
    for (int i = 0; i < 2; i++) {
        struct wi_tensors tensors = make_tensor("y", i ? 1024 * 1024 : 16);
        place->cuts = 1;
        assert_int_equal(send_task(fixture, i ? "att-echo1" : "att-echo0", &tensors), WI_OK);
        turn_place(place, &fixture->answers, i + 1);
        assert_int_equal(fixture->resumes, i + 1);
        assert_int_equal(place->service.counters.resumed, i + 1);
        assert_int_equal(fixture->answer.outputs.items[0].size, tensors.items[0].size);
        wi_tensors_clear(&tensors);
    }
    assert_int_equal(place->tasks, 2);
    assert_int_equal(fixture->downs, 0);
}

static int has_come(const struct place *place)
{
    const struct wi_worker_task *task = place->worker->tasks;
    return task && task->_in && task->_in->position > 0;
}

static int has_gone(const struct place *place)
{
    const struct wi_worker_task *task = place->worker->tasks;
    return task && task->_out && task->_out->position > 0;
}

/* From the byte where it broke. */
TEST(tensors_go_on_over_a_break)
{
    struct place *place = *state;
    struct fixture *fixture = place->fixture;
    struct wi_tensors tensors = make_tensor("y", 7 * 1024 * 1024);
    turn_place(place, &fixture->ups, 1);
    assert_int_equal(send_task(fixture, "att-echo", &tensors), WI_OK);
    TURN_UNTIL(place, has_come(place));
    wi_worker_cut(place->worker);
    TURN_UNTIL(place, has_gone(place));
    wi_worker_cut(place->worker);
    turn_place(place, &fixture->answers, 1);
    assert_int_equal(fixture->resumes, 2);
    assert_int_equal(fixture->answer.outputs.items[0].size, tensors.items[0].size);
    assert_memory_equal(wi_tensor_bytes(&fixture->answer.outputs.items[0]),
        wi_tensor_bytes(&tensors.items[0]), tensors.items[0].size);
    wi_tensors_clear(&tensors);
}

TEST(a_failure_says_of_what_and_what_was_expected)
{
    struct place *place = *state;
    struct fixture *fixture = place->fixture;
    struct wi_tensors none = {0};
    turn_place(place, &fixture->ups, 1);
    assert_int_equal(send_task(fixture, "att-odd", &none), WI_OK);
    turn_place(place, &fixture->answers, 1);
    assert_int_equal(fixture->answer.error.code, WI_INPUT_SHAPE);
    assert_string_equal(fixture->answer.error.field, "inputs[0]");
    assert_string_equal(fixture->answer.error.expected, "[1]");
    turn_place(place, &place->ends, 1);
}

TEST(an_answer_with_too_much_json_says_so)
{
    struct place *place = *state;
    struct fixture *fixture = place->fixture;
    struct wi_tensors none = {0};
    turn_place(place, &fixture->ups, 1);
    assert_int_equal(send_task(fixture, "att-much", &none), WI_OK);
    turn_place(place, &fixture->answers, 1);
    assert_false(fixture->answer.ok);
    assert_int_equal(fixture->answer.error.code, WI_ANSWER_TOO_LARGE);
    turn_place(place, &place->ends, 1);
}

/* And tells again what it has when it comes back. */
TEST(loads_what_it_is_told_and_says_so)
{
    static const enum wi_platform wasm = WI_WASM;
    struct place *place = *state;
    struct fixture *fixture = place->fixture;
    struct wi_node_state known = {0};
    turn_place(place, &fixture->ups, 1);
    assert_int_equal(
        wi_bridge_load(fixture->bridge, fixture->node, &test_model, &wasm, 1, 0), WI_OK);
    turn_place(place, &place->loads, 1);
    wi_worker_cut(place->worker);
    turn_place(place, &fixture->resumes, 1);
    TURN_UNTIL(place, wi_bridge_node_state(fixture->bridge, fixture->node, &known) == 0 &&
                          json_array_size(known.models) == 1);
    assert_int_equal(wi_bridge_unload(fixture->bridge, fixture->node, "digits"), WI_OK);
    turn_place(place, &place->unloads, 1);
}

TEST(comes_in_anew_where_it_is_not_known_any_more)
{
    struct place *place = *state;
    struct fixture *fixture = place->fixture;
    struct wi_config soon = fixture->config;
    TURN_UNTIL(place, place->service.counters.welcomed == 1);
    soon.bridge.resume_grace = 1;
    wi_bridge_reload(fixture->bridge, &soon);
    wi_worker_cut(place->worker);
    TURN_UNTIL(place, fixture->downs == 1);
    TURN_UNTIL(place, place->service.counters.welcomed == 2);
    assert_int_equal(fixture->ups, 2);
    assert_int_equal(fixture->resumes, 0);
    wi_bridge_reload(fixture->bridge, &fixture->config);
}

TEST(who_is_sent_away_stays_away)
{
    struct place *place = *state;
    struct fixture *fixture = place->fixture;
    struct wi_worker_counters *counters = &place->service.counters;
    TURN_UNTIL(place, counters->welcomed == 1);
    wi_bridge_drop(fixture->bridge, fixture->node, "enough");
    TURN_UNTIL(place, counters->refused == 1);
    assert_string_equal(counters->why, "1008 enough");
    assert_int_equal(counters->up, 0);
}

/* Its link has one place, which the first has taken. */
TEST(who_finds_no_room_is_counted_until_there_is_some)
{
    struct place *place = *state;
    struct wi_worker_counters *counters = &place->service.counters;
    struct wi_worker *second;
    TURN_UNTIL(place, counters->welcomed == 1);
    second = wi_worker_new(&place->service);
    wi_worker_connect(second);
    TURN_UNTIL(place, counters->full == 1);
    assert_non_null(strstr(counters->why, "1013 the join token is already used"));
    assert_int_equal(counters->refused, 0);
    assert_true(wi_worker_leave(place->worker, "enough"));
    TURN_UNTIL(place, (wi_worker_beat(second, wi_now_ms()), counters->welcomed == 2));
    assert_int_equal(counters->full, 0);
    assert_true(wi_worker_leave(second, "enough"));
    TURN_UNTIL(place, place->left == 2);
    wi_worker_free(second);
}

/* Once it has said bye, or was sent away, a break of its connection brings it back no more. */
TEST(a_break_is_nothing_to_who_has_left)
{
    struct place *place = *state;
    struct wi_worker_counters *counters = &place->service.counters;
    TURN_UNTIL(place, counters->welcomed == 1);
    assert_true(wi_worker_leave(place->worker, "enough"));
    assert_int_equal(counters->up, 0);
    wi_worker_cut(place->worker);
    assert_int_equal(counters->up, 0);
    assert_false(wi_worker_leave(place->worker, "again"));
    TURN_UNTIL(place, place->left == 1);
    wi_worker_cut(place->worker);
    assert_int_equal(counters->welcomed, 1);
}

TEST(ends_what_is_cancelled)
{
    struct place *place = *state;
    struct fixture *fixture = place->fixture;
    turn_place(place, &fixture->ups, 1);
    struct wi_tensors none = {0};
    assert_int_equal(send_task(fixture, "att-slow", &none), WI_OK);
    turn_place(place, &place->tasks, 1);
    wi_bridge_cancel(fixture->bridge, fixture->node, "att-slow", "deadline");
    turn_place(place, &place->ends, 1);
    assert_int_equal(place->cancels, 1);
}

/* Sends the task of a stream, whose node soon waits for credit. */
static void begin_stream(struct place *place)
{
    struct fixture *fixture = place->fixture;
    struct wi_inference *asked = ASKED(.model = wi_model_ref(&test_model), .stream = 1);
    const struct wi_task task = {.attempt_id = "att-s",
        .job_id = "job-1",
        .asked = asked,
        .platforms = {WI_WASM},
        .platform_count = 1,
        .deadline_ms = 60000};
    test_model.facts.signature = (struct wi_onnx_signature){0};
    turn_place(place, &fixture->ups, 1);
    assert_int_equal(wi_bridge_send_task(fixture->bridge, fixture->node, &task, NULL), WI_OK);
    wi_inference_release(asked);
    turn_place(place, &fixture->parts, WI_CREDIT_PARTS);
    assert_int_equal(place->waits, 1);
    assert_int_equal(fixture->answers, 0);
}

static void end_stream(struct place *place)
{
    struct fixture *fixture = place->fixture;
    wi_bridge_credit(
        fixture->bridge, fixture->node, "att-s", &(struct wi_credit){PARTS, WI_CREDIT_BYTES});
    turn_place(place, &fixture->answers, 1);
    assert_int_equal(fixture->parts, PARTS);
    if (!fixture->answer.ok)
        fail_msg("%s", fixture->answer.error.detail);
    turn_place(place, &place->ends, 1);
}

TEST(streams_within_its_credit_over_a_break)
{
    struct place *place = *state;
    place->cuts = 1; /* behind the tenth part */
    begin_stream(place);
    assert_int_equal(place->fixture->resumes, 1);
    end_stream(place);
    assert_true(place->fixture->answer.waited_for_client_ms > 0);
}

/* Over a break too. */
TEST(gives_back_what_comes_while_it_is_paused)
{
    struct place *place = *state;
    struct fixture *fixture = place->fixture;
    TURN_UNTIL(place, place->service.counters.up == 1);
    wi_worker_pause(place->worker, 1);
    turn_place(place, &fixture->pauses, 1);
    assert_int_equal(send_task(fixture, "att-1", NULL), WI_OK);
    turn_place(place, &fixture->answers, 1);
    assert_int_equal(fixture->answer.error.code, WI_NODE_PAUSED);
    assert_int_equal(place->service.counters.returned, 1);
    assert_int_equal(place->tasks++, 0); /* its owner has not seen it, and hears of its end alone */
    wi_worker_pause(place->worker, 0);
    turn_place(place, &fixture->goes_on, 1);
    wi_worker_pause(place->worker, 1);
    turn_place(place, &fixture->pauses, 2);
}

/* The first heartbeat is as late as it is behind the welcome. */
TEST(gaps_between_heartbeats_begin_with_the_welcome)
{
    struct place *place = *state;
    const struct wi_worker_counters *counters = &place->service.counters;
    double began = wi_now_ms();
    TURN_UNTIL(place, counters->up == 1);
    assert_true(place->worker->heartbeat_at >= began);
    assert_true(place->worker->heartbeat_at <= wi_now_ms());
    assert_int_equal(counters->late_heartbeats, 0);
}

/* After an interval in which it has said nothing, and not before. */
TEST(speaks_up_in_time)
{
    struct place *place = *state;
    struct wi_worker *worker = place->worker;
    TURN_UNTIL(place, place->service.counters.up == 1);
    double said = worker->said;
    wi_worker_beat(worker, said + worker->interval_ms - 1);
    assert_true(worker->said == said);
    wi_worker_beat(worker, said + worker->interval_ms);
    assert_true(worker->said > said);
}

TEST(leaves_a_service_that_is_silent_and_comes_back)
{
    struct place *place = *state;
    struct wi_worker *worker = place->worker;
    TURN_UNTIL(place, place->service.counters.up == 1);
    double limit = worker->heard + worker->interval_ms * worker->misses;
    wi_worker_beat(worker, limit);
    assert_int_equal(place->service.counters.up, 1);
    wi_worker_beat(worker, limit + 1);
    TURN_UNTIL(place, place->service.counters.resumed == 1);
    assert_int_equal(place->service.counters.up, 1);
}

TEST(does_not_beat_without_a_connection)
{
    struct place *place = *state;
    struct wi_worker *worker = place->worker;
    TURN_UNTIL(place, place->service.counters.up == 1);
    assert_int_equal(wi_worker_leave(worker, "enough"), 1);
    assert_int_equal(wi_worker_leave(worker, "enough"), 0);
    double said = worker->said;
    wi_worker_beat(worker, said + 10 * worker->interval_ms);
    assert_true(worker->said == said);
    turn_place(place, &place->left, 1);
}

/* While it stood still the service may have said a lot, and a client may have read on. */
TEST(a_node_that_stood_still_blames_neither_its_client_nor_its_service)
{
    struct place *place = *state;
    wi_awake_begin();
    begin_stream(place);
    clock_skip(30000);
    end_stream(place);
    assert_true(place->fixture->answer.waited_for_client_ms < 15000);
    clock_skip(600000);
    wi_worker_beat(place->worker, wi_awake_ms());
    assert_true(wi_worker_is_up(place->worker));
    for (int i = 0; i < 210; i++) {
        clock_skip(900);
        wi_worker_beat(place->worker, wi_awake_ms());
    }
    assert_false(wi_worker_is_up(place->worker));
}
