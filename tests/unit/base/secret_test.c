/* Identifiers, tokens, and the scrubbing of tokens from text. */
#include "../test.h"

#include "base/hash.h"
#include "base/secret.h"
#include <stdio.h>
#include <string.h>

TEST(ids_have_their_form)
{
    char a[WI_ID_SIZE], b[WI_ID_SIZE];
    wi_id_new(a, "job");
    wi_id_new(b, "job");
    assert_int_equal(strlen(a), 4 + 16);
    assert_memory_equal(a, "job-", 4);
    assert_string_not_equal(a, b);
    assert_int_equal(strspn(a + 4, "0123456789abcdef"), 16);
}

TEST(tokens_match_only_themselves)
{
    char token[WI_TOKEN_SIZE], other[WI_TOKEN_SIZE];
    unsigned char hash[WI_HASH_SIZE], again[WI_HASH_SIZE];
    wi_token_new(token);
    wi_token_new(other);
    assert_int_equal(strlen(token), WI_TOKEN_SIZE - 2);
    wi_hash(token, strlen(token), hash);
    wi_hash(other, strlen(other), again);
    assert_false(wi_hash_equal(hash, again));
    wi_hash(token, strlen(token), again);
    assert_true(wi_hash_equal(hash, again));
}

TEST(random_bytes_do_not_come_again)
{
    unsigned char bytes[2][32] = {0};
    for (size_t i = 0; i < 2; i++)
        wi_random_bytes(bytes[i], sizeof bytes[i]);
    assert_memory_not_equal(bytes[0], bytes[1], sizeof bytes[0]);
}

TEST(scrubs_every_token)
{
    char token[WI_TOKEN_SIZE], text[256], shown[256];
    wi_token_new(token);
    snprintf(text, sizeof text, "GET /#token=%s and %s, wi_short stays", token, token);
    wi_scrub(shown, sizeof shown, text);
    assert_string_equal(shown, "GET /#token=wi_*** and wi_***, wi_short stays");
    snprintf(text, sizeof text, "%s%s wi_%s", token, "more", token);
    wi_scrub(shown, sizeof shown, text);
    assert_string_equal(shown, "wi_*** wi_***");
}

TEST(no_cut_leaves_a_part_of_a_token)
{
    static const char token[] = "wi_0123456789012345678901234567890123456789012";
    static const char whole[] = "a wi_*** b wi_***";
    char text[256], shown[256];
    snprintf(text, sizeof text, "a %s b %s", token, token);
    for (size_t size = 1; size <= sizeof whole + 60; size++) {
        memset(shown, 'x', sizeof shown);
        wi_scrub(shown, size, text);
        size_t length = size <= strlen(whole) ? size - 1 : strlen(whole);
        assert_int_equal(strlen(shown), length);
        assert_memory_equal(shown, whole, length);
        assert_int_equal(shown[size], 'x'); /* behind its room */
    }
}
