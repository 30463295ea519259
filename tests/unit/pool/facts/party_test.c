/* Parties: which are of one token, and what of them is shown. */
#include "../../test.h"

#include "pool/facts/party.h"

FIXTURE(NULL, NULL)

TEST(parties_of_one_token_are_told)
{
    assert_true(wi_party_same_token("join-1 192.0.2.1", "join-1 192.0.2.2"));
    assert_true(wi_party_same_token("laptop", "laptop"));
    assert_false(wi_party_same_token("laptop", "laptop2"));
    assert_false(wi_party_same_token("join-1 192.0.2.1", "join-2 192.0.2.1"));
    assert_false(wi_party_same_token("join-1 192.0.2.1", "join-11 192.0.2.1"));
}

static void assert_shown(const char *party, const char *expected)
{
    json_t *token = wi_party_token_json(party);

    if (expected)
        assert_string_equal(json_string_value(token), expected);
    else
        assert_true(json_is_null(token));
    json_decref(token);
}

TEST(an_address_is_not_shown)
{
    assert_shown("", NULL);
    assert_shown("laptop", "laptop");
    assert_shown("join-1 192.0.2.1", "join-1");
}
