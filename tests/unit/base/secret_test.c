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

TEST(scrubs_every_token)
{
    char token[WI_TOKEN_SIZE], text[256];
    wi_token_new(token);
    snprintf(text, sizeof text, "GET /#token=%s and %s, wi_short stays", token, token);
    wi_scrub(text);
    assert_null(strstr(text, token + 3));
    assert_string_equal(text, "GET /#token=wi_*** and wi_***, wi_short stays");
}
