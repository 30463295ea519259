/* The tickets that a node was given. */
#include "../../../test.h"

#include "nodes/bridge/peers/given.h"
#include <stdio.h>

static struct wi_given given;

static int begin(void **state)
{
    given = (struct wi_given){0};
    return 0;
}

static const char *numbered(char text[32], int number)
{
    snprintf(text, 32, "name-%d", number);
    return text;
}

FIXTURE(begin, NULL)

TEST(an_id_is_a_node_s_until_its_ticket_ends)
{
    assert_false(wi_given_has_id(&given, "id", 1));
    assert_false(wi_given_has_id(&given, "", 0));
    assert_true(wi_given_add_id(&given, "id", 1, 100));
    assert_true(wi_given_add_id(&given, "another", 2, 90));
    assert_true(wi_given_has_id(&given, "id", 99));
    assert_false(wi_given_has_id(&given, "id", 100));
    assert_true(wi_given_has_id(&given, "another", 89));
    assert_false(wi_given_has_id(&given, "another", 90));
    assert_true(wi_given_add_id(&given, "another", 50, 200)); /* renewed */
    assert_true(wi_given_has_id(&given, "another", 199));
    assert_false(wi_given_has_file(&given, "id", 2));
}

TEST(of_a_node_with_so_many_ids_none_is_dropped_for_another)
{
    char text[32];
    for (int i = 0; i < WI_GIVEN_IDS; i++)
        assert_true(wi_given_add_id(&given, numbered(text, i), i, 100 + i));
    assert_false(wi_given_add_id(&given, "another", 99, 199));
    assert_false(wi_given_has_id(&given, "another", 99));
    for (int i = 0; i < WI_GIVEN_IDS; i++)
        assert_true(wi_given_has_id(&given, numbered(text, i), 99));
    assert_true(wi_given_add_id(&given, numbered(text, 0), 99, 199)); /* its own it renews */
    assert_false(wi_given_add_id(&given, "another", 100, 200));
    assert_true(wi_given_add_id(&given, "another", 101, 201)); /* one has ended */
    assert_true(wi_given_has_id(&given, "another", 200));
    assert_true(wi_given_has_id(&given, numbered(text, 0), 198));
    assert_false(wi_given_has_id(&given, numbered(text, 1), 100));
    assert_true(wi_given_has_id(&given, numbered(text, 2), 101));
}

TEST(a_file_is_one_of_a_node_s_until_its_ticket_ends)
{
    assert_false(wi_given_has_file(&given, "file", 1));
    wi_given_add_file(&given, "file", 100);
    assert_true(wi_given_has_file(&given, "file", 99));
    assert_false(wi_given_has_file(&given, "file", 100));
    assert_false(wi_given_has_file(&given, "fil", 1));
    assert_false(wi_given_has_id(&given, "file", 1));
    wi_given_add_file(&given, "file", 200);
    assert_true(wi_given_has_file(&given, "file", 199));
}

TEST(of_so_many_files_the_oldest_goes)
{
    char text[32];
    for (int i = 0; i <= WI_GIVEN_FILES; i++)
        wi_given_add_file(&given, numbered(text, i), 1000 + i);
    assert_false(wi_given_has_file(&given, numbered(text, 0), 1));
    for (int i = 1; i <= WI_GIVEN_FILES; i++)
        assert_true(wi_given_has_file(&given, numbered(text, i), 1));
}
