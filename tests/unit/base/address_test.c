/* "ADDRESS:PORT" in both families. */
#include "../test.h"

#include "base/address.h"

static void reads_addresses(void **state)
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

static void refuses_anything_else(void **state)
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_addresses),
        cmocka_unit_test(refuses_anything_else),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
