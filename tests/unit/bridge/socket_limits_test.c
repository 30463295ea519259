/* Who may have how many sockets, and who gives way. */
#include "../test.h"

#include "bridge/socket_limits.h"
#include "net/address.h"
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
    assert_ptr_equal(enter(&limits, &all[WI_STRANGER_SOCKETS_MAX + 1], &one), &all[0]);
    /* One that is being served gives way last. */
    all[1].busy = 1;
    assert_ptr_equal(enter(&limits, &all[WI_STRANGER_SOCKETS_MAX + 2], &one), &all[2]);
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
    assert_ptr_equal(enter(&limits, &all[WI_CROWD_SOCKETS_MAX], &next), &all[0]);
    /* Those of this machine are another crowd. */
    assert_null(enter(&limits, &all[WI_CROWD_SOCKETS_MAX + 1], &local));
    /* Where all are being served, the oldest goes all the same. */
    for (unsigned i = 0; i <= WI_CROWD_SOCKETS_MAX; i++)
        all[i].busy = 1;
    assert_ptr_equal(enter(&limits, &all[WI_CROWD_SOCKETS_MAX + 2], &next), &all[1]);
    leave_all(&limits, all, WI_CROWD_SOCKETS_MAX + 3);
}

TEST(this_machine_is_one_crowd)
{
    struct wi_socket_limits limits = {0};
    static struct wi_limited_socket all[WI_CROWD_SOCKETS_MAX + 1];
    struct wi_peer local = here();
    for (unsigned i = 0; i < WI_CROWD_SOCKETS_MAX; i++)
        assert_null(enter(&limits, &all[i], &local));
    assert_ptr_equal(enter(&limits, &all[WI_CROWD_SOCKETS_MAX], &local), &all[0]);
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
    assert_ptr_equal(out, &all[0]);
    leave_all(&limits, all, WI_CROWD_SOCKETS_MAX + 1);
}
