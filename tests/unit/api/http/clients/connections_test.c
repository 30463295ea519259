/* Which connection goes for another. */
#include "../../../test.h"

#include "api/http/clients/connections.h"
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
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
    assert_int_equal(connections.replaceable, 0);
    assert_null(connections._strangers);
    return 0;
}

static void ask(int i, int known, double until)
{
    wi_connections_ask(&connections, &items[i], until);
    if (known)
        wi_connections_know(&connections, &items[i]);
    wi_connections_wait(&connections, &items[i], until);
}

/* The one that went, or -1. */
static int goes_of(const struct wi_peer *among, double now)
{
    char byte;
    const struct wi_connection *gone = wi_connections_make_room(&connections, among, now);
    if (!gone)
        return -1;
    int i = (int)(gone - items);
    assert_int_equal(recv(others[i], &byte, 1, MSG_PEEK), 0); /* it was closed */
    close(others[i]);
    others[i] = -1;
    return i;
}

static int goes(double now)
{
    return goes_of(NULL, now);
}

FIXTURE(set_up, tear_down)

TEST(who_had_a_second_goes_before_who_is_new)
{
    assert_int_equal(goes(1005), 0);
    assert_int_equal(connections.count, 3);
    assert_int_equal(goes(1012), 1);
    assert_int_equal(goes(5000), 2);
    assert_int_equal(goes(5000), 3);
    assert_int_equal(goes(5000), -1);
    assert_int_equal(connections.replaceable, 0);
}

/* Whatever is drawn, one goes, and each may be the one. */
TEST(where_all_are_new_one_goes_at_random)
{
    int gone[COUNT] = {0};
    for (unsigned short seed = 0; seed < 200; seed++) {
        connections.dice[2] = seed;
        int i = goes(40), pair[2];
        assert_in_range(i, 0, COUNT - 1);
        gone[i]++;
        wi_connections_remove(&connections, &items[i]);
        close(items[i].fd);
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
        items[i] = (struct wi_connection){.fd = pair[0]};
        others[i] = pair[1];
        wi_connections_add(&connections, &items[i], 40);
        assert_int_equal(connections.count, COUNT);
    }
    for (int i = 0; i < COUNT; i++)
        assert_in_range(gone[i], 20, 100);
}

/* It may be a token; where all have sent something one of them goes all the same. */
TEST(what_somebody_has_sent_is_read_first)
{
    for (int i = 0; i < COUNT - 1; i++)
        assert_int_equal(send(others[i], "G", 1, 0), 1);
    assert_int_equal(goes(40), 3);
    assert_in_range(goes(40), 0, 2);
    assert_in_range(goes(5000), 0, 2); /* likewise once they had their time */
}

TEST(who_never_showed_a_token_goes_before_who_did)
{
    ask(0, 1, 50);
    ask(1, 0, 60);
    assert_int_equal(goes(100), 1); /* it is not new any more */
    ask(2, 0, 2100);
    assert_int_equal(goes(2200), 3);
    assert_int_equal(goes(2200), 2);
    assert_int_equal(goes(2200), 0);
    assert_int_equal(goes(9999), -1);
}

/* A head that is whole, and a body that never comes or an answer that is never read, keep nobody's
 * place. */
TEST(a_stranger_that_asks_goes_all_the_same)
{
    for (int i = 0; i < COUNT; i++)
        wi_connections_ask(&connections, &items[i], 100 + i);
    wi_connections_know(&connections, &items[2]);
    assert_int_equal(connections.replaceable, 3);
    assert_int_not_equal(goes(200), 2);
    while (goes(1200) >= 0)
        continue;
    assert_int_equal(connections.count, 1);
    assert_false(items[2].is_leaving);
}

TEST(who_asks_with_a_token_does_not_go)
{
    for (int i = 0; i < COUNT; i++) {
        wi_connections_ask(&connections, &items[i], 100);
        wi_connections_know(&connections, &items[i]);
    }
    assert_int_equal(connections.replaceable, 0);
    assert_int_equal(goes(9999), -1);
    wi_connections_wait(&connections, &items[2], 10000);
    assert_int_equal(goes(10999), -1);
    wi_connections_ask(&connections, &items[2], 11000); /* it is known still */
    assert_int_equal(goes(99999), -1);
    wi_connections_wait(&connections, &items[2], 100000);
    assert_int_equal(goes(101000), 2);
}

/* Of one address only its own go, and those of this machine are one address. */
TEST(one_of_the_same_address_goes)
{
    const struct wi_peer here = {.bytes = {127, 0, 0, 9}, .exempt = 1}, far = {.bytes = {5}},
                         farther = {.bytes = {6}};
    for (int i = 0; i < COUNT; i++) {
        wi_connections_remove(&connections, &items[i]);
        items[i].admitted = i == 0 ? far : here;
        items[i].admitted.bytes[15] = (unsigned char)(i == 0 ? 0 : i);
        wi_connections_add(&connections, &items[i], 0);
    }
    assert_int_equal(connections.here, 3);
    assert_int_equal(goes_of(&farther, 9999), -1);
    ask(1, 1, 100);
    assert_in_range(goes_of(&here, 200), 2, 3);
    assert_in_range(goes_of(&here, 200), 2, 3);
    assert_int_equal(goes_of(&here, 200), -1);
    assert_int_equal(goes_of(&here, 1200), 1);
    assert_int_equal(connections.here, 0);
    assert_int_equal(goes_of(&far, 200), 0);
}

/* Strangers fill all places and go on coming; a client has time to show its token. */
TEST(who_came_last_is_safe_for_a_while)
{
    enum { PLACES = 512, BEHIND = 50, TRIES = 100 };
    static struct wi_connection crowd[PLACES + 1];
    struct wi_connections all = {0};
    int null_fd = open("/dev/null", O_RDWR);
    for (int i = 0; i < PLACES; i++) {
        crowd[i] = (struct wi_connection){.fd = null_fd};
        wi_connections_add(&all, &crowd[i], i / 1000.0);
    }
    double now = PLACES / 1000.0;
    struct wi_connection *out = &crowd[PLACES];
    for (int try = 0; try < TRIES; try++) {
        struct wi_connection *client = NULL;
        for (int i = 0; i < BEHIND; i++, now += 0.001) {
            const struct wi_connection *first = wi_connections_make_room(&all, NULL, now);
            assert_non_null(first);
            struct wi_connection *gone = &crowd[first - crowd];
            assert_ptr_not_equal(gone, client);
            *out = (struct wi_connection){.fd = null_fd};
            wi_connections_add(&all, out, now);
            client = client ? client : out;
            wi_connections_remove(&all, gone);
            out = gone;
        }
    }
    while (all.all)
        wi_connections_remove(&all, all.all);
    close(null_fd);
}

/* Strangers from everywhere, and clients that show a token with the first bytes that they send: the
 * rows hold what they should after each step, and no client goes while there is a stranger. */
TEST(clients_outlive_any_crowd)
{
    enum { MANY = 64, STEPS = 20000 };
    static struct wi_connection crowd[MANY];
    static int far[MANY];
    unsigned short dice[3] = {4, 7, 11};
    struct wi_connections all = {.dice = {1, 2, 3}};
    size_t known = 0;
    memset(crowd, 0, sizeof crowd);
    for (int step = 0; step < STEPS; step++) {
        double now = step / 20.0;
        struct wi_connection *one = &crowd[nrand48(dice) % MANY];
        size_t at = (size_t)(one - crowd);
        int what = (int)(nrand48(dice) % 4), pair[2];
        if (!one->fd) {
            assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
            *one = (struct wi_connection){.fd = pair[0]};
            far[at] = pair[1];
            wi_connections_add(&all, one, now);
        } else if (what == 0 && !one->request) {
            one->request = (struct wi_request *)(void *)one; /* under way */
            wi_connections_ask(&all, one, now);
            if (at % 2 && known < MANY / 4 && !one->is_known && !one->is_leaving) {
                wi_connections_know(&all, one);
                known++;
            }
        } else if (what == 1 && one->request) {
            one->request = NULL;
            wi_connections_wait(&all, one, now);
        } else if (what == 2 && all._stranger_count > 0) {
            assert_false(wi_connections_make_room(&all, NULL, now)->is_known);
        } else if (what == 3 && one->is_leaving) {
            wi_connections_remove(&all, one);
            close(one->fd);
            close(far[at]);
            one->fd = 0;
        }
        size_t count = 0, may = 0;
        for (int i = 0; i < MANY; i++) {
            count += crowd[i].fd && !crowd[i].is_leaving;
            may += crowd[i].fd && !crowd[i].is_leaving && !(crowd[i].is_known && crowd[i].request);
        }
        assert_int_equal(all.count, count);
        assert_int_equal(all.replaceable, may);
    }
    assert_int_equal(known, MANY / 4);
    for (int i = 0; i < MANY; i++) {
        if (!crowd[i].fd)
            continue;
        wi_connections_remove(&all, &crowd[i]);
        close(crowd[i].fd);
        close(far[i]);
    }
    assert_int_equal(all.count, 0);
    assert_null(all._strangers);
}
