/* Which connection goes for another. */
#include "../../test.h"

#include "api/http/connections.h"
#include <sys/socket.h>
#include <unistd.h>

enum { COUNT = 4 };
static struct wi_connections connections;
static struct wi_connection items[COUNT];
static int others[COUNT];

/* They came at 0, 10, 20 and 30. */
static int set_up(void **state)
{
    connections = (struct wi_connections){0};
    for (int i = 0; i < COUNT; i++) {
        int pair[2];
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
        items[i] = (struct wi_connection){.fd = pair[0]};
        others[i] = pair[1];
        wi_connections_add(&connections, &items[i], 10 * i);
    }
    return 0;
}

static int tear_down(void **state)
{
    for (int i = 0; i < COUNT; i++) {
        wi_connections_remove(&connections, &items[i]);
        close(items[i].fd);
        if (others[i] >= 0)
            close(others[i]);
    }
    assert_null(connections.all);
    assert_int_equal(connections.count, 0);
    assert_int_equal(connections.waiting, 0);
    return 0;
}

static void ask(int i, int known, double until)
{
    wi_connections_ask(&connections, &items[i]);
    items[i].is_known |= known;
    wi_connections_wait(&connections, &items[i], until);
}

/* The one that went, or -1. */
static int goes(double now)
{
    char byte;
    if (!wi_connections_make_room(&connections, now))
        return -1;
    for (int i = 0; i < COUNT; i++) {
        if (others[i] >= 0 && recv(others[i], &byte, 1, MSG_PEEK) == 0) {
            close(others[i]);
            others[i] = -1;
            return i;
        }
    }
    fail_msg("nobody was closed");
    return -1;
}

FIXTURE(set_up, tear_down)

TEST(who_is_new_has_a_second)
{
    assert_int_equal(goes(999), -1);
    assert_int_equal(goes(1005), 0);
    assert_int_equal(connections.count, 3);
    assert_int_equal(goes(1005), -1);
    assert_int_equal(goes(5000), 1);
}

TEST(who_never_showed_a_token_goes_before_who_did)
{
    ask(0, 1, 50);
    ask(1, 0, 60);
    assert_int_equal(goes(100), 1); /* it is not new any more */
    assert_int_equal(goes(100), -1);
    ask(2, 0, 2100);
    assert_int_equal(goes(2200), 3);
    assert_int_equal(goes(2200), 2);
    assert_int_equal(goes(2200), 0);
    assert_int_equal(goes(9999), -1);
}

TEST(who_asks_does_not_go)
{
    for (int i = 0; i < COUNT; i++)
        wi_connections_ask(&connections, &items[i]);
    assert_int_equal(connections.waiting, 0);
    assert_int_equal(goes(9999), -1);
    items[2].is_known = 1;
    wi_connections_wait(&connections, &items[2], 10000);
    assert_int_equal(goes(10999), -1);
    assert_int_equal(goes(11000), 2);
}
