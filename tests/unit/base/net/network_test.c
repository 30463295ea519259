/* Networks, and which addresses are in one. */
#include "../../test.h"

#include "base/net/network.h"
#include <string.h>

static int is_in(const char *text, const char *host)
{
    struct wi_address_network network;
    union wi_address address;
    assert_int_equal(wi_network_parse(text, &network), 0);
    assert_int_equal(wi_address_parse_host(host, strlen(host), &address), 0);
    return wi_networks_have(&(struct wi_networks){&network, 1}, &address);
}

TEST(an_address_is_in_its_networks)
{
    static const struct {
        const char *network, *in, *out;
    } rows[] = {{"127.0.0.1", "127.0.0.1", "127.0.0.2"}, {"127.0.0.1", "::ffff:127.0.0.1", "::1"},
        {"10.1.2.3/8", "10.255.0.1", "11.0.0.0"}, {"192.0.2.128/25", "192.0.2.255", "192.0.2.127"},
        {"192.0.2.7/32", "192.0.2.7", "192.0.2.6"}, {"128.0.0.0/1", "255.0.0.1", "127.255.255.255"},
        {"::1", "[::1]", "::2"}, {"[::1]", "::1", "127.0.0.1"}, {"fd00::/8", "fdff::1", "fe00::1"},
        {"2001:db8::/33", "2001:db8:7fff::1", "2001:db8:8000::1"},
        {"::ffff:10.0.0.0/104", "10.9.9.9", "11.0.0.1"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (!is_in(rows[i].network, rows[i].in) || is_in(rows[i].network, rows[i].out))
            fail_msg("%s", rows[i].network);
}

TEST(anything_else_is_no_network)
{
    static const char *const bad[] = {"", "/", "/8", "localhost", "10.0.0.0/", "10.0.0.0/0",
        "10.0.0.0/33", "10.0.0.0/8/8", "10.0.0.0/-8", "10.0.0.0/+8", "10.0.0.0/ 8", "10.0.0.0/8 ",
        "10.0.0/8", "10.0.0.0/255.0.0.0", "10.0.0.0/0008", "::/0", "::/129", "::1/9999999999",
        "fe80::1%lo", "[::1", "::1]", "[10.0.0.1]", "10.0.0.1:80", "[::1]:80", "*"};
    struct wi_address_network network;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (wi_network_parse(bad[i], &network) == 0)
            fail_msg("accepted \"%s\"", bad[i]);
}

TEST(a_list_has_the_good_ones)
{
    struct wi_strings texts = {0};
    struct wi_networks networks = {0};
    union wi_address address;
    wi_strings_add(&texts, "10.0.0.0/8");
    wi_strings_add(&texts, "nonsense");
    wi_strings_add(&texts, "::1");
    wi_networks_add(&networks, &texts);
    assert_int_equal(networks.count, 2);
    assert_int_equal(wi_address_parse_host("::1", 3, &address), 0);
    assert_true(wi_networks_have(&networks, &address));
    assert_int_equal(wi_address_parse_host("9.9.9.9", 7, &address), 0);
    assert_false(wi_networks_have(&networks, &address));
    wi_networks_clear(&networks);
    wi_strings_clear(&texts);
    assert_false(wi_networks_have(&networks, &address));
}
