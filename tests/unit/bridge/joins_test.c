/* Join tokens: so many nodes at a time, until some moment, until revoked. */
#include "../test.h"

#include "bridge/joins.h"
#include <string.h>

static void a_place_is_free_again_when_its_node_goes(void **state)
{
    struct wi_joins joins = {0};
    char id[WI_ID_SIZE], token[WI_TOKEN_SIZE], with[WI_ID_SIZE];
    assert_int_equal(wi_joins_add(&joins, 2, 0, 100, id, token), 0);
    assert_int_equal(wi_joins_take(&joins, "wi_other", 1, with), WI_JOIN_UNKNOWN);
    assert_int_equal(wi_joins_take(&joins, "", 1, with), WI_JOIN_UNKNOWN);
    assert_int_equal(wi_joins_take(&joins, token, 1, with), WI_JOIN_OK);
    assert_string_equal(with, id);
    assert_int_equal(wi_joins_take(&joins, token, 1, with), WI_JOIN_OK);
    assert_int_equal(wi_joins_take(&joins, token, 1, with), WI_JOIN_FULL);
    wi_joins_release(&joins, id);
    assert_int_equal(wi_joins_take(&joins, token, 100, with), WI_JOIN_OK);
    wi_joins_release(&joins, id);
    assert_int_equal(wi_joins_take(&joins, token, 101, with), WI_JOIN_UNKNOWN); /* too old */
    wi_joins_clear(&joins);
}

static void a_revoked_token_is_unknown_and_its_nodes_may_still_go(void **state)
{
    struct wi_joins joins = {0};
    char id[WI_ID_SIZE], token[WI_TOKEN_SIZE], with[WI_ID_SIZE];
    wi_joins_add(&joins, 1, 0, 100, id, token);
    assert_int_equal(wi_joins_take(&joins, token, 1, with), WI_JOIN_OK);
    assert_int_equal(wi_joins_revoke(&joins, id), 0);
    assert_int_equal(wi_joins_revoke(&joins, id), -1);
    assert_int_equal(wi_joins_take(&joins, token, 1, with), WI_JOIN_UNKNOWN);
    wi_joins_release(&joins, id);
    wi_joins_clear(&joins);
}

static void expired_tokens_make_room_and_one_in_use_is_shown(void **state)
{
    struct wi_joins joins = {0};
    char id[WI_ID_SIZE], token[WI_TOKEN_SIZE], used[WI_ID_SIZE], with[WI_ID_SIZE];
    wi_joins_add(&joins, 3, 0, 100, used, token);
    wi_joins_take(&joins, token, 1, with);
    for (int i = 1; i < WI_JOINS_MAX; i++)
        assert_int_equal(wi_joins_add(&joins, 1, 0, 100, id, token), 0);
    assert_int_equal(wi_joins_add(&joins, 1, 50, 100, id, token), -1);
    assert_int_equal(wi_joins_add(&joins, 1, 101, 100, id, token), 0);
    json_t *list = wi_joins_json(&joins, 101);
    assert_int_equal(json_array_size(list), 2);
    const json_t *first = json_array_get(list, 0);
    assert_string_equal(json_string_value(json_object_get(first, "id")), used);
    assert_int_equal(json_integer_value(json_object_get(first, "nodes")), 3);
    assert_int_equal(json_integer_value(json_object_get(first, "joined")), 1);
    json_decref(list);
    wi_joins_clear(&joins);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_place_is_free_again_when_its_node_goes),
        cmocka_unit_test(a_revoked_token_is_unknown_and_its_nodes_may_still_go),
        cmocka_unit_test(expired_tokens_make_room_and_one_in_use_is_shown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
