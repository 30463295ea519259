/* "ADDRESS:PORT" in both families. */
#include "../../test.h"

#include "base/net/address.h"
#include <stdio.h>
#include <string.h>

TEST(reads_addresses)
{
    union wi_address a;
    assert_int_equal(wi_address_parse("127.0.0.1:8470", &a), 0);
    assert_int_equal(a.any.sa_family, AF_INET);
    assert_int_equal(wi_address_port(&a), 8470);
    assert_int_equal(wi_address_size(&a), sizeof(struct sockaddr_in));
    assert_true(wi_address_is_loopback(&a));
    assert_int_equal(wi_address_parse("[::1]:0", &a), 0);
    assert_int_equal(a.any.sa_family, AF_INET6);
    assert_int_equal(wi_address_size(&a), sizeof(struct sockaddr_in6));
    assert_true(wi_address_is_loopback(&a));
    assert_false(wi_address_is_any(&a));
    assert_int_equal(wi_address_parse("[::ffff:127.0.0.1]:1", &a), 0);
    assert_true(wi_address_is_loopback(&a));
    assert_int_equal(wi_address_parse("[::ffff:10.0.0.1]:1", &a), 0);
    assert_false(wi_address_is_loopback(&a));
    assert_int_equal(wi_address_parse("0.0.0.0:65535", &a), 0);
    assert_true(wi_address_is_any(&a));
    assert_false(wi_address_is_loopback(&a));
    assert_int_equal(wi_address_parse("[::]:80", &a), 0);
    assert_true(wi_address_is_any(&a));
}

TEST(refuses_anything_else)
{
    static const char *const bad[] = {"", ":", "127.0.0.1", "127.0.0.1:", ":80", "::1:80", "[::1]",
        "[::1]80", "[::1:80", "::1]:80", "[127.0.0.1]:80", "127.0.0.1:65536", "127.0.0.1:080000",
        "127.0.0.1:-1", "127.0.0.1:8x", "localhost:80", "127.1:80", "[]:1", "[:1",
        "1111:2222:3333:4444:5555:6666:7777:8888:9999:0000:1111:2222:1"};
    union wi_address a;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        if (wi_address_parse(bad[i], &a) == 0)
            fail_msg("accepted \"%s\"", bad[i]);
}

TEST(reads_hosts)
{
    static const char *const good[] = {"127.0.0.1", "::1", "[::1]", "[2001:db8::1]"};
    static const char *const bad[] = {"", "[]", "[", "[127.0.0.1]", "localhost", "127.1", "::1]",
        "[::1", "[::1]:80", "127.0.0.1:80", "fe80::1%lo", " 127.0.0.1",
        "1111:2222:3333:4444:5555:6666:7777:8888:9999:0000:1111:2222"};
    union wi_address a;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        assert_int_equal(wi_address_parse_host(good[i], strlen(good[i]), &a), 0);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        if (wi_address_parse_host(bad[i], strlen(bad[i]), &a) == 0)
            fail_msg("accepted \"%s\"", bad[i]);
    assert_int_equal(wi_address_parse_host("127.0.0.1:80", 9, &a), 0);
    assert_true(wi_address_is_loopback(&a));
}

TEST(tells_private_from_public)
{
    static const char *const private[] = {"0.0.0.0", "10.0.0.1", "100.64.0.1", "100.127.255.255",
        "127.0.0.1", "169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.1", "192.0.2.1",
        "192.168.1.1", "198.18.0.1", "198.19.255.255", "198.51.100.1", "203.0.113.1", "224.0.0.1",
        "240.0.0.1", "255.255.255.255", "[::]", "[::1]", "[::ffff:127.0.0.1]",
        "[::ffff:192.168.0.1]", "[64:ff9b::10.0.0.1]", "[64:ff9b:1::1]", "[fc00::1]", "[fd12::1]",
        "[fe80::1]", "[ff02::1]", "[2001::1]", "[2001:db8::1]", "[2002:a00:1::]", "[3fff::1]",
        "[100::1]", "[::10.0.0.1]"};
    static const char *const public[] = {"1.1.1.1", "9.255.255.255", "11.0.0.1", "100.63.255.255",
        "100.128.0.0", "126.0.0.1", "128.0.0.1", "169.253.0.1", "172.15.255.255", "172.32.0.1",
        "192.0.1.1", "192.167.0.1", "198.17.255.255", "198.20.0.1", "223.255.255.255",
        "[2606:4700::1]", "[2001:4860:4860::8888]", "[2a00:1450::1]", "[::ffff:1.1.1.1]",
        "[64:ff9b::1.1.1.1]"};
    union wi_address a;
    char text[80];
    for (size_t i = 0; i < sizeof private / sizeof private[0]; i++) {
        snprintf(text, sizeof text, "%s:1", private[i]);
        assert_int_equal(wi_address_parse(text, &a), 0);
        if (!wi_address_is_private(&a))
            fail_msg("%s counts as public", text);
    }
    for (size_t i = 0; i < sizeof public / sizeof public[0]; i++) {
        snprintf(text, sizeof text, "%s:1", public[i]);
        assert_int_equal(wi_address_parse(text, &a), 0);
        if (wi_address_is_private(&a))
            fail_msg("%s counts as private", text);
    }
}
