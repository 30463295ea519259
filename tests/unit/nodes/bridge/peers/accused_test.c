/* Peers that nodes accuse of wrong blocks. */
#include "../../../test.h"

#include "nodes/bridge/peers/accused.h"
#include <stdio.h>
#include <string.h>

static struct wi_accused accused;

static int begin(void **state)
{
    accused = (struct wi_accused){0};
    return 0;
}

static int say(const char *peer, const char *token, int64_t now)
{
    return wi_accused_add(&accused, peer, token, now);
}

static const char *numbered(char text[WI_PEER_ID_SIZE], const char *word, int number)
{
    snprintf(text, WI_PEER_ID_SIZE, "%s-%d", word, number);
    return text;
}

FIXTURE(begin, NULL)

TEST(two_tokens_agree_and_one_does_not)
{
    assert_false(say("liar", "a", 1));
    assert_false(say("liar", "a", 2));
    assert_false(say("another", "b", 3));
    assert_true(say("liar", "b", 4));
    assert_true(say("another", "a", 5));
}

TEST(a_peer_is_judged_once_in_an_hour)
{
    assert_false(say("liar", "a", 1));
    assert_true(say("liar", "b", 10));
    for (int i = 11; i < 1000; i++)
        assert_false(say("liar", i % 2 ? "a" : "b", i));
    assert_false(say("liar", "c", 1000));
    assert_false(say("liar", "a", 9 + WI_ACCUSED_MS));
    assert_false(say("liar", "b", 10 + WI_ACCUSED_MS)); /* the first of the next two */
    assert_true(say("liar", "a", 11 + WI_ACCUSED_MS));
    assert_false(say("liar", "b", 12 + WI_ACCUSED_MS));
}

/* Else its accusers would displace the judgement by other accusations, and come back. */
TEST(who_has_judged_displaces_no_judgement)
{
    char text[WI_PEER_ID_SIZE];
    assert_false(say("honest", "a", 1));
    assert_true(say("honest", "b", 2));
    for (int i = 0; i < 2 * WI_ACCUSED_MAX; i++) {
        const char *peer = numbered(text, "peer", i);
        say(peer, i % 2 ? "a" : "b", 3 + i);
        say(peer, i % 2 ? "b" : "a", 3 + i);
    }
    assert_false(say("honest", "a", 1000));
    assert_false(say("honest", "b", 1000));
}

TEST(a_token_begins_so_many_judgements_in_an_hour)
{
    char text[WI_PEER_ID_SIZE];
    for (int i = 0; i < WI_ACCUSED_TOKEN_MAX; i++) {
        assert_false(say(numbered(text, "peer", i), "a", 1));
        assert_true(say(text, "b", 2));
    }
    assert_false(say("another", "a", 3)); /* is not noted … */
    assert_false(say("another", "c", 4)); /* … so that this is the first */
    assert_true(say("another", "a", 5));
    assert_false(say("a third", "a", 2 + WI_ACCUSED_MS));
    assert_true(say("a third", "c", 3 + WI_ACCUSED_MS));
}

TEST(an_hour_later_it_is_forgotten)
{
    assert_false(say("liar", "a", 1));
    assert_false(say("liar", "b", 1 + WI_ACCUSED_MS));
    assert_true(say("liar", "a", WI_ACCUSED_MS + 2));
    assert_false(say("another", "a", WI_ACCUSED_MS + 3));
    assert_false(say("another", "a", WI_ACCUSED_MS + 10)); /* again: the hour begins again */
    assert_true(say("another", "b", 2 * WI_ACCUSED_MS + 9));
}

TEST(a_token_displaces_its_own_words_only)
{
    char text[WI_PEER_ID_SIZE];
    assert_false(say("liar", "a", 1));
    for (int i = 0; i < 2 * WI_ACCUSED_MAX; i++)
        assert_false(say(numbered(text, "peer", i), "evil", 2 + i));
    assert_true(say("liar", "b", 1000));
    assert_false(say(numbered(text, "peer", 0), "b", 1000)); /* of 16 that is the oldest */
    assert_true(say(numbered(text, "peer", 2 * WI_ACCUSED_MAX - 1), "b", 1000));
}

TEST(of_all_the_oldest_goes)
{
    char text[WI_PEER_ID_SIZE], token[WI_PEER_ID_SIZE];
    for (int i = 0; i <= WI_ACCUSED_MAX; i++)
        assert_false(say(numbered(text, "peer", i), numbered(token, "token", i), i));
    assert_false(say(numbered(text, "peer", 0), "b", WI_ACCUSED_MAX + 1));
    assert_true(say(numbered(text, "peer", 2), "b", WI_ACCUSED_MAX + 1));
}

TEST(of_all_no_judgement_goes)
{
    char text[WI_PEER_ID_SIZE], token[WI_PEER_ID_SIZE];
    for (int i = 0; i < WI_ACCUSED_MAX; i++) {
        assert_false(say(numbered(text, "peer", i), numbered(token, "token", i), i));
        assert_true(say(text, "b", i));
    }
    assert_false(say("another", "c", WI_ACCUSED_MAX)); /* there is no place for it */
    assert_false(say("another", "d", WI_ACCUSED_MAX));
    for (int i = 0; i < WI_ACCUSED_MAX; i++)
        assert_false(say(numbered(text, "peer", i), "c", WI_ACCUSED_MAX));
    assert_false(say("another", "c", WI_ACCUSED_MS));
    assert_true(say("another", "d", WI_ACCUSED_MS));
}
