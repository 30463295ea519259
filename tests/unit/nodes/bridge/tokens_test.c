/* One-time and renewed secrets. */
#include "../../test.h"

#include "nodes/bridge/tokens.h"
#include <string.h>

TEST(test_one_time)
{
    struct wi_tokens tokens = {0};
    struct wi_spent spent;
    char first[WI_TOKEN_SIZE], second[WI_TOKEN_SIZE], other[WI_TOKEN_SIZE];
    wi_tokens_expect(&tokens, "a", "chrome", "1.2", "", 0, 100, first);
    wi_tokens_expect(&tokens, "b", "firefox", "1.2", "", 0, 100, other);
    assert_int_equal(wi_tokens_spend(&tokens, "wi_x", 1, &spent), -1);
    assert_int_equal(wi_tokens_spend(&tokens, "", 1, &spent), -1);
    wi_tokens_expect(&tokens, "a", "chrome", "1.2", "", 0, 100, second);
    assert_int_equal(wi_tokens_spend(&tokens, first, 1, &spent), -1); /* replaced */
    assert_int_equal(wi_tokens_spend(&tokens, second, 1, &spent), 0);
    assert_string_equal(spent.session, "a");
    assert_string_equal(spent.kind, "chrome");
    assert_string_equal(spent.version, "1.2");
    assert_int_equal(wi_tokens_spend(&tokens, second, 1, &spent), -1);  /* once */
    assert_int_equal(wi_tokens_spend(&tokens, other, 101, &spent), -1); /* too old */
    assert_int_equal(tokens.count, 0);
    wi_tokens_expect(&tokens, "c", "chrome", "1.2", "", 0, 100, first);
    wi_tokens_revoke(&tokens, "c");
    assert_int_equal(wi_tokens_spend(&tokens, first, 1, &spent), -1);
    wi_tokens_clear(&tokens);
}

static int matches(const struct wi_renewed *secret, const char *token)
{
    unsigned char hash[WI_HASH_SIZE];
    wi_hash(token, strlen(token), hash);
    return wi_renewed_matches(secret, hash);
}

TEST(test_renewed)
{
    struct wi_renewed secret = {0};
    unsigned char zero[WI_HASH_SIZE] = {0};
    char first[WI_TOKEN_SIZE], second[WI_TOKEN_SIZE], third[WI_TOKEN_SIZE];
    assert_false(wi_renewed_matches(&secret, zero));
    wi_renewed_new(&secret, first);
    assert_true(matches(&secret, first));
    assert_false(wi_renewed_matches(&secret, zero));
    wi_renewed_new(&secret, second);
    assert_true(matches(&secret, first));
    assert_true(matches(&secret, second));
    wi_renewed_new(&secret, third);
    assert_false(matches(&secret, first));
    assert_true(matches(&secret, third));
}
