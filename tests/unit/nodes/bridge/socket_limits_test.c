/* Who may have how many sockets, and who gives way. */
#include "../../test.h"

#include "base/net/address.h"
#include "nodes/bridge/socket_limits.h"
#include <stdio.h>
#include <string.h>

#define MAX_PER_ADDRESS 40

static struct wi_peer peer(unsigned host)
{
    char text[32];
    union wi_address address;
    snprintf(text, sizeof text, "198.51.%u.%u:1", host / 256, host % 256);
    assert_int_equal(wi_address_parse(text, &address), 0);
    return wi_peer_of(&address.any);
}

static struct wi_peer here(void)
{
    union wi_address address;
    assert_int_equal(wi_address_parse("127.0.0.1:1", &address), 0);
    return wi_peer_of(&address.any);
}

/* One more socket; the one that must close for it, or NULL. */
static struct wi_limited_socket *enter(
    struct wi_socket_limits *limits, struct wi_limited_socket *limited, const struct wi_peer *from)
{
    struct wi_limited_socket *out;
    assert_int_equal(wi_socket_limits_enter(limits, limited, from, MAX_PER_ADDRESS, &out), 0);
    return out;
}

static void leave_all(struct wi_socket_limits *limits, struct wi_limited_socket *all, size_t count)
{
    for (size_t i = 0; i < count; i++)
        wi_socket_limits_leave(limits, &all[i]);
    for (int i = 0; i < WI_CROWD_COUNT; i++) {
        assert_null(limits->_crowds[i]);
        assert_int_equal(limits->_counts[i], 0);
    }
    assert_null(limits->_all._counts);
    assert_null(limits->_strangers._counts);
    wi_socket_limits_clear(limits);
}

TEST(one_address_has_few)
{
    struct wi_socket_limits limits = {0};
    struct wi_limited_socket all[WI_STRANGER_SOCKETS_MAX + 3];
    struct wi_peer one = peer(1), other = peer(2);
    for (int i = 0; i < WI_STRANGER_SOCKETS_MAX; i++)
        assert_null(enter(&limits, &all[i], &one));
    assert_null(enter(&limits, &all[WI_STRANGER_SOCKETS_MAX], &other));
    struct wi_limited_socket *gone = enter(&limits, &all[WI_STRANGER_SOCKETS_MAX + 1], &one);
    assert_true(gone >= &all[0] && gone < &all[WI_STRANGER_SOCKETS_MAX]);
    /* Of those that are being served one goes only where they are more than half. */
    for (int i = 0; i < WI_STRANGER_SOCKETS_MAX / 2 - 1; i++)
        all[i].busy = 1;
    gone = enter(&limits, &all[WI_STRANGER_SOCKETS_MAX + 2], &one);
    assert_false(gone->busy);
    leave_all(&limits, all, WI_STRANGER_SOCKETS_MAX + 3);
}

TEST(all_strangers_have_so_many)
{
    struct wi_socket_limits limits = {0};
    static struct wi_limited_socket all[WI_CROWD_SOCKETS_MAX + 3];
    for (unsigned i = 0; i < WI_CROWD_SOCKETS_MAX; i++) {
        struct wi_peer from = peer(i);
        assert_null(enter(&limits, &all[i], &from));
    }
    struct wi_peer next = peer(5000), local = here();
    assert_non_null(enter(&limits, &all[WI_CROWD_SOCKETS_MAX], &next));
    /* Those of this machine are another crowd. */
    assert_null(enter(&limits, &all[WI_CROWD_SOCKETS_MAX + 1], &local));
    /* Where more than half are being served, one of these goes, and not who came last. */
    for (unsigned i = 0; i < WI_CROWD_SOCKETS_MAX / 2 + 10; i++)
        all[i].busy = 1;
    assert_true(enter(&limits, &all[WI_CROWD_SOCKETS_MAX + 2], &next)->busy);
    leave_all(&limits, all, WI_CROWD_SOCKETS_MAX + 3);
}

/* Whoever comes has the same chances as those before and behind it. */
TEST(who_gives_way_is_drawn)
{
    enum { TRIES = 3000 };
    struct wi_socket_limits limits = {0};
    static struct wi_limited_socket all[WI_CROWD_SOCKETS_MAX + 1];
    int oldest = 0, newest = 0;
    for (unsigned i = 0; i < WI_CROWD_SOCKETS_MAX; i++) {
        struct wi_peer from = peer(i);
        assert_null(enter(&limits, &all[i], &from));
    }
    struct wi_limited_socket *free_one = &all[WI_CROWD_SOCKETS_MAX], *last = NULL;
    for (unsigned i = 0; i < TRIES; i++) {
        struct wi_peer from = peer(1000 + i % 500);
        struct wi_limited_socket *first = limits._crowds[WI_CROWD_ELSEWHERE];
        struct wi_limited_socket *gone = enter(&limits, free_one, &from);
        assert_non_null(gone);
        assert_ptr_not_equal(gone, free_one);
        oldest += gone == first;
        newest += gone == last;
        wi_socket_limits_leave(&limits, gone);
        last = free_one;
        free_one = gone;
    }
    assert_in_range(oldest, 0, TRIES / 50);
    assert_in_range(newest, 0, TRIES / 50);
    leave_all(&limits, all, WI_CROWD_SOCKETS_MAX + 1);
}

TEST(this_machine_is_one_crowd)
{
    struct wi_socket_limits limits = {0};
    static struct wi_limited_socket all[WI_CROWD_SOCKETS_MAX + 1];
    struct wi_peer local = here();
    for (unsigned i = 0; i < WI_CROWD_SOCKETS_MAX; i++)
        assert_null(enter(&limits, &all[i], &local));
    assert_non_null(enter(&limits, &all[WI_CROWD_SOCKETS_MAX], &local));
    leave_all(&limits, all, WI_CROWD_SOCKETS_MAX + 1);
}

TEST(nodes_make_room)
{
    struct wi_socket_limits limits = {0};
    static struct wi_limited_socket all[MAX_PER_ADDRESS + 1];
    struct wi_peer one = peer(1);
    struct wi_limited_socket *out;
    for (int i = 0; i < MAX_PER_ADDRESS; i++) {
        assert_null(enter(&limits, &all[i], &one));
        if (i % 2) {
            wi_socket_limits_settle(&limits, &all[i]);
        } else {
            wi_socket_limits_know(&limits, &all[i], &out);
            assert_null(out);
            wi_socket_limits_know(&limits, &all[i], &out);
            assert_null(out);
        }
    }
    assert_int_equal(limits._counts[WI_CROWD_FILES], MAX_PER_ADDRESS / 2);
    /* All together there is a limit too, and who is beyond it does not come in. */
    assert_int_equal(
        wi_socket_limits_enter(&limits, &all[MAX_PER_ADDRESS], &one, MAX_PER_ADDRESS, &out), -1);
    assert_null(out);
    wi_socket_limits_leave(&limits, &all[3]);
    assert_null(enter(&limits, &all[MAX_PER_ADDRESS], &one));
    leave_all(&limits, all, MAX_PER_ADDRESS + 1);
}

TEST(files_are_a_crowd)
{
    struct wi_socket_limits limits = {0};
    static struct wi_limited_socket all[WI_CROWD_SOCKETS_MAX + 1];
    struct wi_limited_socket *out = NULL;
    for (unsigned i = 0; i <= WI_CROWD_SOCKETS_MAX; i++) {
        struct wi_peer from = peer(i);
        assert_null(enter(&limits, &all[i], &from));
        wi_socket_limits_know(&limits, &all[i], &out);
        if (i < WI_CROWD_SOCKETS_MAX)
            assert_null(out);
    }
    assert_non_null(out);
    leave_all(&limits, all, WI_CROWD_SOCKETS_MAX + 1);
}
