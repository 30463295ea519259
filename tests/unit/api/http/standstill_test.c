/* A service that did not run for a while does not take that for its clients' slowness. */
#include "../fixture.h"

#include "../../made_up_clock.h"

#define LONG_MS 600000

static int five_seconds(void **state)
{
    struct wi_server_times times = patient;
    times.stall = 5000;
    int status = set_up_with(times);
    wi_awake_begin();
    return status;
}

FIXTURE(five_seconds, tear_down)

static void turn_some(void)
{
    for (int i = 0; i < 10; i++)
        uv_run(&fixture->loop, UV_RUN_NOWAIT);
}

static void stand_still(void)
{
    turn_some();
    clock_skip(LONG_MS);
    turn_some();
}

TEST(a_body_has_as_long_as_before)
{
    struct client *client = connect_client();
    send_head(
        client, "POST", "/v1/infer", "Content-Type: application/json\r\nContent-Length: 100\r\n");
    send_text(client, "{");
    stand_still();
    assert_false(answered(client));
    for (int i = 0; i < 8 && !answered(client); i++) {
        clock_skip(900);
        turn_some();
    }
    until(answered(client));
    check_problem(client, 408, "request_timeout");
    free_client(client);
}

TEST_IN(a_head_has_as_long_as_before, set_up, tear_down)
{
    struct client *client = connect_client();
    wi_awake_begin();
    send_text(client, "GET /healthz HTTP/1.1\r\n");
    stand_still();
    assert_false(closed(client));
    send_text(client, "Host: localhost\r\n\r\n");
    until(answered(client));
    assert_int_equal(status_of(client), 200);
    free_client(client);
}
