/* Who has which beginning: the longest wins, the newest is known, and the table is bounded. */
#include "../../../test.h"

#include "work/pool/facts/prefixes.h"
#include <string.h>

static struct wi_prefix_key key(unsigned number)
{
    struct wi_prefix_key made = {{0}};
    memcpy(made.bytes, &number, sizeof number);
    return made;
}

static void note(struct wi_prefixes *prefixes, unsigned number, const char *node, unsigned tokens)
{
    struct wi_prefix_key one = key(number);
    wi_prefixes_note(prefixes, &one, node, tokens);
}

static unsigned find(struct wi_prefixes *prefixes, unsigned number, char node[WI_ID_SIZE])
{
    struct wi_prefix_key one = key(number);
    return wi_prefixes_find(prefixes, &one, 1, node);
}

TEST(test_the_longest_wins)
{
    struct wi_prefixes *prefixes = wi_prefixes_new(WI_PREFIXES_MAX);
    const struct wi_prefix_key chain[] = {key(1), key(2), key(3)};
    char node[WI_ID_SIZE] = "";
    assert_int_equal(wi_prefixes_find(prefixes, chain, 3, node), 0);
    note(prefixes, 1, "node-a", 10);
    note(prefixes, 2, "node-b", 20);
    assert_int_equal(wi_prefixes_find(prefixes, chain, 3, node), 20);
    assert_string_equal(node, "node-b");
    assert_int_equal(wi_prefixes_find(prefixes, chain, 1, node), 10);
    assert_string_equal(node, "node-a");
    assert_int_equal(wi_prefixes_find(prefixes, chain, 0, node), 0);
    note(prefixes, 2, "node-a", 21);
    assert_int_equal(wi_prefixes_find(prefixes, chain, 3, node), 21);
    assert_string_equal(node, "node-a");
    assert_int_equal(wi_prefixes_count(prefixes), 2);
    wi_prefixes_free(prefixes);
}

TEST(test_a_node_that_is_gone_has_nothing)
{
    struct wi_prefixes *prefixes = wi_prefixes_new(WI_PREFIXES_MAX);
    char node[WI_ID_SIZE];
    note(prefixes, 1, "node-a", 1);
    note(prefixes, 2, "node-b", 2);
    note(prefixes, 3, "node-a", 3);
    wi_prefixes_forget(prefixes, "node-a");
    assert_int_equal(wi_prefixes_count(prefixes), 1);
    assert_int_equal(find(prefixes, 3, node), 0);
    assert_int_equal(find(prefixes, 2, node), 2);
    wi_prefixes_free(prefixes);
    wi_prefixes_free(NULL);
}

TEST(test_what_was_not_used_goes_first)
{
    struct wi_prefixes *prefixes = wi_prefixes_new(3);
    char node[WI_ID_SIZE];
    for (unsigned i = 1; i <= 3; i++)
        note(prefixes, i, "node-a", i);
    assert_int_equal(find(prefixes, 1, node), 1); /* used: 2 is the oldest now */
    note(prefixes, 4, "node-a", 4);
    assert_int_equal(wi_prefixes_count(prefixes), 3);
    assert_int_equal(find(prefixes, 2, node), 0);
    assert_int_equal(find(prefixes, 1, node), 1);
    assert_int_equal(find(prefixes, 3, node), 3);
    assert_int_equal(find(prefixes, 4, node), 4);
    wi_prefixes_free(prefixes);
}
