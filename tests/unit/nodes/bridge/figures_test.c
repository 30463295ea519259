/* The figures of a node: how its tasks ended, and its heartbeats, as the service knows them and
 * says them. */
#include "fixture.h"

FIXTURE(set_up, tear_down)

#define FAILED(id, code)                                                                           \
    "{\"attempt_id\":\"" id "\",\"ok\":false,\"error\":{\"code\":\"" code "\",\"message\":\"no\"}" \
    "}"

static struct wi_node_state state_of(const struct fixture *fixture)
{
    struct wi_node_state node = {0};
    assert_int_equal(wi_bridge_node_state(fixture->bridge, fixture->node, &node), 0);
    return node;
}

static void send_and_answer(
    struct fixture *fixture, struct client *client, const char *id, const char *answer)
{
    int answers = fixture->answers;
    send_task(fixture, id, NULL);
    json_decref(hear(client, "task_request"));
    say(client, "task_response", answer);
    turn_until(client, &fixture->answers, answers + 1);
}

TEST(tasks_count_by_how_they_end)
{
    struct fixture *fixture = *state;
    struct client client = join(fixture, NULL);
    struct wi_node_state node = state_of(fixture);
    assert_int_equal(node.answered + node.failed + node.heartbeats_lost, 0);
    assert_true(node.task_ms_p50 < 0);

    send_and_answer(fixture, &client, "att-1", ANSWER("att-1"));
    json_decref(hear(&client, "task_ack"));
    send_and_answer(fixture, &client, "att-2", FAILED("att-2", "inference_failed"));
    json_decref(hear(&client, "task_ack"));
    node = state_of(fixture);
    assert_int_equal(node.answered, 1);
    assert_int_equal(node.failed, 1);
    double median = node.task_ms_p50;
    assert_true(median >= 0 && median < CLIENT_PATIENCE_MS);

    /* An answer that is not used has failed; what a paused node returns has not. */
    send_and_answer(fixture, &client, "att-3", "{\"attempt_id\":\"att-3\",\"ok\":true}");
    json_decref(hear(&client, "task_ack"));
    send_and_answer(fixture, &client, "att-4", FAILED("att-4", "node_paused"));
    node = state_of(fixture);
    assert_int_equal(node.answered, 1);
    assert_int_equal(node.failed, 2);
    assert_true(node.task_ms_p50 == median);
    client_close(&client);
}

/* The next heartbeat, with its data. */
static json_t *hear_beat(struct client *client)
{
    json_t *beat = hear(client, "heartbeat");
    assert_non_null(json_object_get(json_object_get(beat, "data"), "seq"));
    return beat;
}

static json_int_t figure(const json_t *beat, const char *name)
{
    return json_integer_value(json_object_get(json_object_get(beat, "data"), name));
}

TEST(heartbeats_tell_the_figures)
{
    struct fixture *fixture = *state;
    struct wi_config config = fixture->config;
    config.bridge.heartbeat_interval = 50;
    config.bridge.heartbeat_misses = 100;
    wi_bridge_reload(fixture->bridge, &config);
    struct client client = join(fixture, NULL);
    char reply[128];

    /* The first knows no round trip yet, and has no reply. */
    json_t *beat = hear_beat(&client);
    assert_null(json_object_get(json_object_get(beat, "data"), "rtt_ms"));
    assert_null(json_object_get(json_object_get(beat, "data"), "task_ms_p50"));
    assert_int_equal(figure(beat, "heartbeats_lost"), 0);
    json_decref(beat);
    beat = hear_beat(&client);
    assert_int_equal(figure(beat, "heartbeats_lost"), 1);
    assert_int_equal(figure(beat, "answered"), 0);
    snprintf(reply, sizeof reply, "{\"seq\":1,\"reply_to\":\"%s\"}",
        json_string_value(json_object_get(beat, "id")));
    json_decref(beat);
    say(&client, "heartbeat", reply);
    say(&client, "heartbeat", reply); /* a second reply counts for nothing */
    while (state_of(fixture).rtt_ms == 0)
        client_turn(&client);
    assert_true(state_of(fixture).heartbeats_lost >= 1);

    send_task(fixture, "att-1", NULL);
    json_decref(hear(&client, "task_request"));
    say(&client, "task_response", ANSWER("att-1"));
    turn_until(&client, &fixture->answers, 1);
    json_decref(hear(&client, "task_ack"));
    do {
        json_t *next = hear_beat(&client);
        beat = figure(next, "answered") == 1 ? next : NULL;
        if (!beat)
            json_decref(next);
    } while (!beat);
    assert_true(json_number_value(json_object_get(json_object_get(beat, "data"), "rtt_ms")) > 0);
    assert_int_equal(figure(beat, "failed"), 0);
    assert_true(figure(beat, "heartbeats_lost") >= 1);
    json_decref(beat);
    client_close(&client);
}
