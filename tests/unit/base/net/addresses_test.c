/* Connections counted by peer address: who counts as one, who is exempt, and that nothing stays. */
#include "../../test.h"

#include "base/net/address.h"
#include "base/net/addresses.h"

static struct wi_peer peer(const char *text)
{
    union wi_address address;
    assert_int_equal(wi_address_parse(text, &address), 0);
    return wi_peer_of(&address.any);
}

TEST(counts_each_address)
{
    struct wi_addresses addresses = {0};
    struct wi_peer one = peer("192.0.2.1:1000"), other = peer("192.0.2.2:1000");
    assert_int_equal(wi_addresses_take(&addresses, &one, 2), 0);
    assert_int_equal(wi_addresses_take(&addresses, &one, 2), 0);
    assert_int_equal(wi_addresses_take(&addresses, &one, 2), -1);
    assert_int_equal(wi_addresses_count(&addresses, &one), 2);
    assert_int_equal(wi_addresses_take(&addresses, &other, 2), 0);
    wi_addresses_give(&addresses, &one);
    assert_int_equal(wi_addresses_take(&addresses, &one, 2), 0);
    wi_addresses_give(&addresses, &one);
    wi_addresses_give(&addresses, &one);
    assert_int_equal(wi_addresses_count(&addresses, &one), 0);
    wi_addresses_give(&addresses, &other);
    assert_null(addresses._counts);
}

TEST(knows_who_is_the_same)
{
    struct wi_peer a = peer("192.0.2.1:1000"), b = peer("192.0.2.1:2000"),
                   mapped = peer("[::ffff:192.0.2.1]:3000"), v6 = peer("[2001:db8:1:2::1]:1"),
                   same = peer("[2001:db8:1:2:ffff::9]:2"), next = peer("[2001:db8:1:3::1]:1");
    assert_true(wi_peer_same(&a, &b));
    assert_true(wi_peer_same(&a, &mapped));
    assert_true(wi_peer_same(&v6, &same));
    assert_false(wi_peer_same(&v6, &next));
    assert_false(wi_peer_same(&a, &v6));
    assert_false(a.exempt || mapped.exempt || v6.exempt);
}

TEST(lets_this_machine_in)
{
    static const char *const own[] = {
        "127.0.0.1:1", "127.9.9.9:1", "[::1]:1", "[::ffff:127.0.0.1]:1"};
    struct wi_addresses addresses = {0};
    for (size_t i = 0; i < sizeof own / sizeof *own; i++) {
        struct wi_peer local = peer(own[i]);
        assert_true(local.exempt);
        assert_int_equal(wi_addresses_take(&addresses, &local, 0), 0);
        wi_addresses_give(&addresses, &local);
    }
    struct sockaddr unix_socket = {.sa_family = AF_UNIX};
    assert_true(wi_peer_of(&unix_socket).exempt);
    assert_null(addresses._counts);
}

TEST(forgets_all)
{
    struct wi_addresses addresses = {0};
    struct wi_peer one = peer("192.0.2.1:1"), other = peer("[2001:db8::1]:1");
    assert_int_equal(wi_addresses_take(&addresses, &one, 1), 0);
    assert_int_equal(wi_addresses_take(&addresses, &other, 1), 0);
    wi_addresses_clear(&addresses);
    assert_null(addresses._counts);
}

static void assert_text(const char *address, const char *text)
{
    char got[WI_PEER_TEXT_SIZE];
    const struct wi_peer it = peer(address);
    wi_peer_text(&it, got);
    assert_string_equal(got, text);
}

TEST(a_peer_is_shown_as_it_is_counted)
{
    assert_text("192.0.2.1:1", "192.0.2.1");
    assert_text("[::ffff:192.0.2.1]:1", "192.0.2.1");
    assert_text("[2001:db8:ffff:1234:1:2:3:4]:1", "2001:db8:ffff:1234::/64");
    assert_text("[::1]:1", "::/64");
}

#define PEER "12D3KooWFsUu3pM4ZprsXuZJKoW2vZTPopCAd1QJQVP2avQFAjLB"

/* A peer that a proxy states is one of its own, from wherever the proxy connects. */
TEST(counts_peers_that_have_a_name)
{
    struct wi_addresses addresses = {0};
    struct wi_peer one = wi_peer_named(PEER),
                   other = wi_peer_named("12D3KooWLcD4ZGqZ7JKK3vonX6yPAkVYp9NCngxGo3CYg1JRGbJ2");
    char text[WI_PEER_TEXT_SIZE];
    assert_false(one.exempt);
    assert_false(wi_peer_same(&one, &other));
    assert_int_equal(wi_addresses_take(&addresses, &one, 1), 0);
    assert_int_equal(wi_addresses_take(&addresses, &one, 1), -1);
    assert_int_equal(wi_addresses_take(&addresses, &other, 1), 0);
    wi_addresses_give(&addresses, &one);
    wi_addresses_give(&addresses, &other);
    assert_null(addresses._counts);
    wi_peer_text(&one, text);
    assert_string_equal(text, WI_PEER_PREFIX PEER);
}
