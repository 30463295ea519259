/* Beginnings as keys: what has a beginning in common has its keys in common, and nothing else. */
#include "../../test.h"

#include "work/job/chain.h"
#include <stdlib.h>
#include <string.h>

static json_t *parse(const char *text)
{
    json_t *value = json_loads(text, 0, NULL);
    assert_non_null(value);
    return value;
}

/* The caller clears it. */
static struct wi_chain chain_of(const char *owner, const char *input, const char *options)
{
    struct wi_chain chain = {0};
    json_t *in = parse(input), *requested = options ? parse(options) : NULL;
    wi_chain_fill(&chain, owner, "hash", in, requested);
    json_decref(in);
    json_decref(requested);
    return chain;
}

static size_t in_common(const struct wi_chain *a, const struct wi_chain *b)
{
    size_t count = 0;
    while (count < a->count && count < b->count &&
           memcmp(&a->keys[count], &b->keys[count], sizeof *a->keys) == 0)
        count++;
    return count;
}

static void check(const char *first, const char *second, size_t wanted)
{
    struct wi_chain a = chain_of("ada", first, NULL), b = chain_of("ada", second, NULL);
    assert_int_equal(in_common(&a, &b), wanted);
    wi_chain_clear(&a);
    wi_chain_clear(&b);
}

TEST(test_messages)
{
    static const char first[] = "{\"messages\":[{\"role\":\"system\",\"content\":\"x\"},"
                                "{\"role\":\"user\",\"content\":\"hello\"}]}";
    check(first, first, 2);
    check(first,
        "{\"messages\":[{\"role\":\"system\",\"content\":[{\"type\":\"text\",\"text\":\"x\"}]},"
        "{\"role\":\"user\",\"content\":\"hello\"},{\"role\":\"user\",\"content\":\"more\"}]}",
        2);
    check(first,
        "{\"messages\":[{\"role\":\"system\",\"content\":\"x\"},"
        "{\"role\":\"user\",\"content\":\"hell\"}]}",
        1);
    check(first, "{\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]}", 0);
    check("{\"messages\":[{\"role\":\"a\",\"content\":\"bc\"}]}",
        "{\"messages\":[{\"role\":\"ab\",\"content\":\"c\"}]}", 0);
    check("{\"messages\":[]}", "{\"texts\":[\"a\"]}", 0);
}

TEST(test_plain_text)
{
    char long_text[2000], input[2100];
    memset(long_text, 'a', sizeof long_text - 1);
    long_text[sizeof long_text - 1] = '\0';
    snprintf(input, sizeof input, "{\"prompt\":\"%s\"}", long_text);
    check(input, input, 1999 / WI_CHAIN_PIECE);
    struct wi_chain whole = chain_of("ada", input, NULL);
    assert_false(whole.whole); /* of a conversation, which an answer would follow */
    assert_true(whole.share == 1792.0 / 1999);
    input[12 + 600] = 'b';
    struct wi_chain other = chain_of("ada", input, NULL);
    assert_int_equal(in_common(&whole, &other), 600 / WI_CHAIN_PIECE);
    wi_chain_clear(&whole);
    wi_chain_clear(&other);
    check("{\"prompt\":\"short\"}", "{\"prompt\":\"short\"}", 0);
}

TEST(test_owners_and_tools_are_apart)
{
    static const char input[] = "{\"messages\":[{\"role\":\"user\",\"content\":\"hello\"}]}";
    struct wi_chain ada = chain_of("ada", input, NULL), bob = chain_of("bob", input, NULL),
                    tools = chain_of("ada", input, "{\"tools\":[{}],\"temperature\":0}"),
                    warm = chain_of("ada", input, "{\"temperature\":1}");
    assert_int_equal(in_common(&ada, &bob), 0);
    assert_int_equal(in_common(&ada, &tools), 0);
    assert_int_equal(in_common(&ada, &warm), 1);
    wi_chain_clear(&ada);
    wi_chain_clear(&bob);
    wi_chain_clear(&tools);
    wi_chain_clear(&warm);
}

TEST(test_the_next_turn_begins_with_the_answer)
{
    struct wi_chain first = chain_of(
                        "ada", "{\"messages\":[{\"role\":\"user\",\"content\":\"hello\"}]}", NULL),
                    next = chain_of("ada",
                        "{\"messages\":[{\"role\":\"user\",\"content\":\"hello\"},"
                        "{\"role\":\"assistant\",\"content\":\"hi\"},"
                        "{\"role\":\"user\",\"content\":\"how are you\"}]}",
                        NULL);
    assert_true(first.whole && first.share == 1);
    struct wi_prefix_key key = wi_chain_answered(&first, "hi", 2);
    assert_memory_equal(&key, &next.keys[1], sizeof key);
    wi_chain_clear(&first);
    wi_chain_clear(&next);
}

TEST(test_long_text_is_bounded)
{
    enum { SIZE = 2 * WI_CHAIN_MAX * WI_CHAIN_PIECE };
    char *text = malloc(SIZE);
    struct wi_chain chain = {0}, other = {0};
    memset(text, 'a', SIZE);
    json_t *input = json_pack("{s:s%}", "prompt", text, (size_t)SIZE);
    wi_chain_fill(&chain, NULL, "hash", input, NULL);
    text[SIZE - 1] = 'b';
    json_object_set_new(input, "prompt", json_stringn(text, SIZE));
    wi_chain_fill(&other, NULL, "hash", input, NULL);
    assert_int_equal(chain.count, WI_CHAIN_MAX);
    assert_int_equal(in_common(&chain, &other), WI_CHAIN_MAX);
    assert_true(chain.share == 0.5);
    json_decref(input);
    free(text);
    wi_chain_clear(&chain);
    wi_chain_clear(&other);
}

TEST(test_long_conversations_are_bounded)
{
    json_t *input = json_pack("{s:[]}", "messages"), *messages = json_object_get(input, "messages");
    struct wi_chain chain = {0}, longer = {0};
    for (int i = 0; i < 2 * WI_CHAIN_MAX; i++)
        json_array_append_new(messages, json_pack("{s:s, s:s}", "role", "user", "content", "x"));
    wi_chain_fill(&chain, NULL, "hash", input, NULL);
    json_array_append_new(messages, json_pack("{s:s, s:s}", "role", "user", "content", "x"));
    wi_chain_fill(&longer, NULL, "hash", input, NULL);
    assert_int_equal(chain.count, WI_CHAIN_MAX);
    assert_int_equal(in_common(&chain, &longer), WI_CHAIN_MAX);
    assert_false(chain.whole);
    assert_true(chain.share == 0.5);
    json_decref(input);
    wi_chain_clear(&chain);
    wi_chain_clear(&longer);
}
