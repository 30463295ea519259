/* A daemon that did not run for a while does not take that for its nodes' silence. */
#include "fixture.h"

#include "../../made_up_clock.h"
#include "base/loop.h"

#define LONG_MS 600000
/* More than one of them is no standstill. */
#define STEP_MS 900
/* Between two heartbeats of a node that is asked rarely; it is not asked in the meantime. */
#define RARE_MS 300000

static struct wi_timer *awake;

static int three_seconds(void **state)
{
    set_up(state);
    struct fixture *fixture = *state;
    struct wi_config config = fixture->config;
    config.bridge.heartbeat_interval = 1000;
    config.bridge.heartbeat_misses = 3;
    config.bridge.resume_grace = 3000;
    wi_bridge_reload(fixture->bridge, &config);
    awake = wi_loop_keep_awake(&fixture->loop);
    return 0;
}

static int end(void **state)
{
    wi_timer_free(awake);
    return tear_down(state);
}

FIXTURE(three_seconds, end)

static void stand_still(struct client *client)
{
    clock_skip(LONG_MS);
    for (int i = 0; i < 3; i++)
        client_turn(client);
}

/* Until the counter has that value: how many steps that took. */
static int steps_until(struct client *client, const int *counter, int value)
{
    int steps = 0;
    for (; *counter < value && steps < 100; steps++) {
        clock_skip(STEP_MS);
        for (int i = 0; i < 3; i++)
            client_turn(client);
    }
    return steps;
}

TEST(a_node_has_as_long_as_before)
{
    struct fixture *fixture = *state;
    struct client client = join(fixture, NULL);
    send_task(fixture, "att-1", NULL);
    stand_still(&client);
    assert_int_equal(fixture->aways, 0);
    assert_int_equal(wi_bridge_counters(fixture->bridge)->heartbeat_timeouts, 0);
    json_decref(hear(&client, "task_request"));
    json_decref(hear(&client, "heartbeat")); /* it is asked at once */
    say(&client, "heartbeat", "{\"seq\":1}");
    assert_in_range(steps_until(&client, &fixture->aways, 1), 3, 7);
    assert_int_equal(wi_bridge_counters(fixture->bridge)->heartbeat_timeouts, 1);
    assert_int_equal(fixture->downs, 0);
    stand_still(&client);
    assert_int_equal(fixture->downs, 0); /* nor is it late */
    assert_in_range(steps_until(&client, &fixture->downs, 1), 2, 5);
    client_close(&client);
}

TEST(a_message_that_has_begun_has_as_long_as_before)
{
    static const char begin[] = "{\"id\":\"n-1\",\"type\":\"heartbeat\",\"from\":\"\",",
                      rest[] = "\"timestamp\":1,\"data\":{\"seq\":1}}";
    struct fixture *fixture = *state;
    struct client client = join(fixture, NULL);
    client_send_frame(&client, 1, 0, begin, sizeof begin - 1);
    for (int i = 0; i < 3; i++)
        client_turn(&client);
    stand_still(&client);
    assert_int_equal(fixture->aways, 0);
    client_send_frame(&client, 0, 1, rest, sizeof rest - 1);
    assert_in_range(steps_until(&client, &fixture->aways, 1), 3, 7);
    assert_int_equal(wi_bridge_counters(fixture->bridge)->heartbeat_timeouts, 1);
    client_close(&client);
}

TEST(one_that_has_not_said_its_name_has_as_long_as_before)
{
    struct fixture *fixture = *state;
    char token[WI_TOKEN_SIZE], who[128];
    wi_bridge_expect(fixture->bridge, "session-1", "chrome", "", "", 60000, token);
    struct client client = open_socket(fixture);
    stand_still(&client);
    snprintf(who, sizeof who, "\"token\":\"%s\"", token);
    announce(&client, who);
    json_decref(hear(&client, "welcome"));
    assert_int_equal(fixture->ups, 1);
    client_close(&client);
}

TEST(what_takes_a_node_long_is_not_the_daemons_standstill)
{
    struct fixture *fixture = *state;
    struct wi_config config = fixture->config;
    struct wi_node_state figures;
    char reply[128];
    config.bridge.heartbeat_interval = RARE_MS;
    wi_bridge_reload(fixture->bridge, &config);
    struct client client = join(fixture, NULL);
    send_task(fixture, "att-1", NULL);
    json_decref(hear(&client, "task_request"));
    clock_skip(RARE_MS);
    json_t *heartbeat = hear(&client, "heartbeat");
    snprintf(reply, sizeof reply, "{\"seq\":1,\"reply_to\":\"%s\"}",
        json_string_value(json_object_get(heartbeat, "id")));
    json_decref(heartbeat);
    clock_skip(RARE_MS / 2);
    say(&client, "heartbeat", reply);
    say(&client, "task_response", ANSWER("att-1"));
    turn_until(&client, &fixture->answers, 1);
    assert_int_equal(wi_bridge_node_state(fixture->bridge, fixture->node, &figures), 0);
    assert_true(figures.rtt_ms > 0 && figures.rtt_ms < RARE_MS / 4);
    assert_true(figures.task_ms_p50 > 0 && figures.task_ms_p50 < RARE_MS / 4);
    client_close(&client);
}

static void skip_long(struct fixture *fixture)
{
    clock_skip(LONG_MS);
}

TEST(a_standstill_while_a_message_is_read_is_no_cost_of_its_node)
{
    struct fixture *fixture = *state;
    struct client client = join(fixture, NULL);
    fixture->on_pause = skip_long;
    say(&client, "heartbeat", "{\"seq\":1,\"paused\":true}");
    turn_until(&client, &fixture->pauses, 1);
    say(&client, "heartbeat", "{\"seq\":2,\"paused\":false}");
    assert_in_range(steps_until(&client, &fixture->goes_on, 1), 0, 10); /* it does not rest long */
    client_close(&client);
}
