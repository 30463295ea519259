/* However a client's connection ends, its owner hears so exactly once. */
#include "../../test.h"

#include "base/memory.h"
#include "base/net/lws.h"
#include "base/net/lws_client.h"
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <uv.h>

#define UPGRADED                                                                                   \
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"            \
    "Sec-WebSocket-Accept: "

static struct {
    uv_loop_t loop;
    struct lws_context *lws;
    struct wi_lws_client *client;
    int listener, port, peer; /* the server's: -1 for none */
    int opens, ends, frees_itself;
    char why[128];
} the;

static int on_event(void *context, enum lws_callback_reasons reason, void *in, size_t length)
{
    assert_ptr_equal(context, &the);
    assert_int_equal(the.ends, 0);
    the.opens += reason == LWS_CALLBACK_CLIENT_ESTABLISHED;
    return 0;
}

static void on_end(void *context, const char *why)
{
    assert_ptr_equal(context, &the);
    the.ends++;
    snprintf(the.why, sizeof the.why, "%s", why);
    if (the.frees_itself) {
        free(the.client);
        the.client = NULL;
    }
}

static const struct wi_lws_client_events events = {on_event, on_end};
static const struct lws_protocols protocols[] = {
    {.name = "test", .callback = wi_lws_client_callback, .rx_buffer_size = 4096}, {0}};

static void listen_here(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    the.listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    assert_int_equal(bind(the.listener, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(the.listener, 8), 0);
    assert_int_equal(getsockname(the.listener, (struct sockaddr *)&address, &size), 0);
    the.port = ntohs(address.sin_port);
}

static int set_up(void **state)
{
    void *loops[1] = {&the.loop};
    struct lws_context_creation_info info = {.port = CONTEXT_PORT_NO_LISTEN,
        .options = LWS_SERVER_OPTION_LIBUV | LWS_SERVER_OPTION_EXPLICIT_VHOSTS,
        .foreign_loops = loops,
        .timeout_secs = 1};
    struct lws_context_creation_info vhost = {
        .port = CONTEXT_PORT_NO_LISTEN, .vhost_name = "test", .protocols = protocols};
    lws_set_log_level(LLL_ERR, NULL);
    the.opens = the.ends = the.frees_itself = 0;
    the.peer = -1;
    uv_loop_init(&the.loop);
    the.lws = lws_create_context(&info);
    assert_non_null(the.lws);
    lws_set_proxy(lws_create_vhost(the.lws, &vhost), ":0");
    the.client = wi_alloc(sizeof *the.client);
    the.client->events = &events;
    the.client->context = &the;
    listen_here();
    return 0;
}

static int tear_down(void **state)
{
    if (the.peer >= 0)
        close(the.peer);
    if (the.listener >= 0)
        close(the.listener);
    wi_lws_begin_free(the.lws);
    uv_run(&the.loop, UV_RUN_DEFAULT);
    wi_lws_end_free(the.lws);
    free(the.client);
    assert_int_equal(uv_loop_close(&the.loop), 0);
    return 0;
}

FIXTURE(set_up, tear_down)

static struct lws *begin(void)
{
    const struct lws_client_connect_info info = {.context = the.lws,
        .vhost = lws_get_vhost_by_name(the.lws, "test"),
        .address = "127.0.0.1",
        .port = the.port,
        .path = "/",
        .host = "127.0.0.1",
        .local_protocol_name = "test"};
    return wi_lws_client_connect(the.client, &info);
}

/* The server takes the connection, and has read the request. */
static void take(void)
{
    char request[2048];
    while (the.peer < 0) {
        uv_run(&the.loop, UV_RUN_NOWAIT);
        the.peer = accept(the.listener, NULL, NULL);
    }
    while (recv(the.peer, request, sizeof request, MSG_DONTWAIT) <= 0)
        uv_run(&the.loop, UV_RUN_NOWAIT);
}

static void say(const char *text)
{
    assert_int_equal(send(the.peer, text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text));
}

static void hang_up(void)
{
    close(the.peer);
    the.peer = -1;
}

/* All that lws still has to say is said when its context is destroyed, in tear_down. */
static void expect_end(const char *why)
{
    while (the.ends == 0)
        uv_run(&the.loop, UV_RUN_ONCE);
    for (int i = 0; i < 20; i++)
        uv_run(&the.loop, UV_RUN_NOWAIT);
    assert_int_equal(the.ends, 1);
    assert_non_null(strstr(the.why, why));
    if (the.client)
        assert_null(the.client->wsi);
}

TEST(nobody_listens)
{
    close(the.listener);
    the.listener = -1;
    begin();
    expect_end("");
}

TEST(the_server_takes_the_connection_and_says_nothing)
{
    assert_non_null(begin());
    take();
    expect_end("");
}

TEST(the_server_hangs_up)
{
    begin();
    take();
    hang_up();
    expect_end("");
}

TEST(the_upgrade_is_refused)
{
    begin();
    take();
    say("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n");
    expect_end("");
}

TEST(half_an_upgrade_comes)
{
    begin();
    take();
    say(UPGRADED);
    expect_end("");
}

TEST(half_an_upgrade_comes_and_an_end)
{
    begin();
    take();
    say(UPGRADED);
    hang_up();
    expect_end("");
}

TEST(the_key_is_wrong)
{
    begin();
    take();
    say(UPGRADED "AAAAAAAAAAAAAAAAAAAAAAAAAAA=\r\n\r\n");
    expect_end("");
    assert_int_equal(the.opens, 0);
}

TEST(its_owner_cuts_it)
{
    begin();
    take();
    wi_lws_client_cut(the.client);
    expect_end("");
}

TEST(its_owner_may_be_freed_by_its_end)
{
    the.frees_itself = 1;
    begin();
    take();
    expect_end("");
}

TEST(it_may_be_tried_again)
{
    begin();
    take();
    hang_up();
    expect_end("");
    the.ends = 0;
    assert_non_null(begin());
    take();
    hang_up();
    expect_end("");
}

TEST(who_has_left_hears_nothing)
{
    begin();
    take();
    wi_lws_client_leave(the.client);
    assert_null(the.client->wsi);
    hang_up();
    for (int i = 0; i < 20; i++)
        uv_run(&the.loop, UV_RUN_NOWAIT);
    assert_int_equal(the.ends, 0);
}

/* tear_down destroys the context, which is an end like any other. */
static int tear_down_connected(void **state)
{
    wi_lws_begin_free(the.lws);
    uv_run(&the.loop, UV_RUN_DEFAULT);
    assert_int_equal(the.ends, 1);
    wi_lws_end_free(the.lws);
    close(the.peer);
    close(the.listener);
    free(the.client);
    return uv_loop_close(&the.loop);
}

TEST_IN(the_context_goes, set_up, tear_down_connected)
{
    begin();
    take();
}
