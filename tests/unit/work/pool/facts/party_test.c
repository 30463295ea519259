/* Parties: which are of one token, and what of them is shown. */
#include "../../../test.h"

#include "work/pool/facts/place.h"
#include <string.h>

FIXTURE(NULL, NULL)

TEST(parties_of_one_token_are_told)
{
    assert_true(wi_party_same_token("join-1 192.0.2.1", "join-1 192.0.2.2"));
    assert_true(wi_party_same_token("laptop", "laptop"));
    assert_false(wi_party_same_token("laptop", "laptop2"));
    assert_false(wi_party_same_token("join-1 192.0.2.1", "join-2 192.0.2.1"));
    assert_false(wi_party_same_token("join-1 192.0.2.1", "join-11 192.0.2.1"));
}

TEST(a_party_of_a_relay_names_the_daemon)
{
    assert_string_equal(wi_party_via("token via=hall"), "hall");
    assert_string_equal(wi_party_via("token"), "");
    assert_string_equal(wi_party_via("join-1 192.0.2.1"), "");
    assert_string_equal(wi_party_via(""), "");
    assert_true(wi_party_same_token("token via=hall", "token via=roof"));
}

TEST(tokens_are_told_apart_without_a_name_or_an_address)
{
    static const char *const parties[] = {"laptop", "join-1 192.0.2.1", "join-1 192.0.2.2", ""};
    json_t *labels[4];

    for (size_t i = 0; i < 4; i++)
        labels[i] = wi_party_token_json(parties[i]);
    assert_string_equal(json_string_value(labels[1]), json_string_value(labels[2]));
    assert_string_not_equal(json_string_value(labels[0]), json_string_value(labels[1]));
    assert_null(strstr(json_string_value(labels[0]), "laptop"));
    assert_null(strstr(json_string_value(labels[1]), "192"));
    assert_true(json_is_null(labels[3]));
    for (size_t i = 0; i < 4; i++)
        json_decref(labels[i]);
}
