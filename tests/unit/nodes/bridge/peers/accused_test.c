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
    assert_false(say("liar", "b", 5)); /* both have counted */
    assert_true(say("liar", "a", 6));
}

TEST(an_hour_later_it_is_forgotten)
{
    assert_false(say("liar", "a", 1));
    assert_false(say("liar", "b", 1 + WI_ACCUSED_MS));
    assert_true(say("liar", "a", WI_ACCUSED_MS + 2));
    assert_false(say("liar", "a", WI_ACCUSED_MS + 3));
    assert_false(say("liar", "a", WI_ACCUSED_MS + 10)); /* says it again: the hour begins again */
    assert_true(say("liar", "b", 2 * WI_ACCUSED_MS + 9));
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
