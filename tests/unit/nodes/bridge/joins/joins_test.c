/* Join tokens: so many nodes at a time, until some moment, until revoked. */
#include "../../../test.h"

#include "nodes/bridge/joins/joins.h"
#include <string.h>

#define TERMS(count, ms) (&(struct wi_join_terms){.nodes = (count), .ttl_ms = (ms)})

TEST(a_place_is_free_again_when_its_node_goes)
{
    struct wi_joins joins = {0};
    char id[WI_ID_SIZE], token[WI_TOKEN_SIZE], with[WI_ID_SIZE];
    assert_int_equal(wi_joins_add(&joins, TERMS(2, 100), 0, id, token), 0);
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

TEST(a_revoked_token_is_unknown_and_its_nodes_may_still_go)
{
    struct wi_joins joins = {0};
    char id[WI_ID_SIZE], token[WI_TOKEN_SIZE], with[WI_ID_SIZE];
    wi_joins_add(&joins, TERMS(1, 100), 0, id, token);
    assert_int_equal(wi_joins_take(&joins, token, 1, with), WI_JOIN_OK);
    assert_int_equal(wi_joins_revoke(&joins, id), 0);
    assert_int_equal(wi_joins_revoke(&joins, id), -1);
    assert_int_equal(wi_joins_take(&joins, token, 1, with), WI_JOIN_UNKNOWN);
    wi_joins_release(&joins, id);
    wi_joins_clear(&joins);
}

TEST(expired_tokens_make_room_and_one_in_use_is_shown)
{
    struct wi_joins joins = {0};
    char id[WI_ID_SIZE], token[WI_TOKEN_SIZE], used[WI_ID_SIZE], with[WI_ID_SIZE];
    wi_joins_add(&joins, TERMS(3, 100), 0, used, token);
    wi_joins_take(&joins, token, 1, with);
    for (int i = 1; i < WI_JOINS_MAX; i++)
        assert_int_equal(wi_joins_add(&joins, TERMS(1, 100), 0, id, token), 0);
    assert_int_equal(wi_joins_add(&joins, TERMS(1, 100), 50, id, token), -1);
    assert_int_equal(wi_joins_add(&joins, TERMS(1, 100), 101, id, token), 0);
    json_t *list = wi_joins_json(&joins, 101);
    assert_int_equal(json_array_size(list), 2);
    const json_t *first = json_array_get(list, 0);
    assert_string_equal(json_string_value(json_object_get(first, "id")), used);
    assert_int_equal(json_integer_value(json_object_get(first, "nodes")), 3);
    assert_int_equal(json_integer_value(json_object_get(first, "joined")), 1);
    json_decref(list);
    wi_joins_clear(&joins);
}

TEST(a_token_has_its_label_and_whether_it_may_be_passed_on)
{
    struct wi_joins joins = {0};
    char id[WI_ID_SIZE], other[WI_ID_SIZE], token[WI_TOKEN_SIZE];
    const struct wi_join_terms terms = {
        .nodes = 1, .ttl_ms = 100, .shareable = 1, .label = "Ada's phone"};
    wi_joins_add(&joins, &terms, 0, id, token);
    wi_joins_add(&joins, TERMS(1, 100), 0, other, token);
    assert_string_equal(wi_joins_label(&joins, id), "Ada's phone");
    assert_string_equal(wi_joins_label(&joins, other), "");
    assert_string_equal(wi_joins_label(&joins, "join-x"), "");
    assert_true(wi_joins_is_shareable(&joins, id));
    assert_false(wi_joins_is_shareable(&joins, other));
    assert_false(wi_joins_is_shareable(&joins, "join-x"));
    json_t *list = wi_joins_json(&joins, 1);
    const json_t *first = json_array_get(list, 0), *second = json_array_get(list, 1);
    assert_string_equal(json_string_value(json_object_get(first, "label")), "Ada's phone");
    assert_true(json_is_true(json_object_get(first, "shareable")));
    assert_true(json_is_null(json_object_get(second, "label")));
    assert_true(json_is_false(json_object_get(second, "shareable")));
    json_decref(list);
    wi_joins_clear(&joins);
}

/* --- node tokens ----------------------------------------------------------------------------- */

static struct wi_api_token make_token(const char *name, enum wi_rank rank, char *token)
{
    struct wi_api_token made = {.rank = rank};
    wi_token_new(token);
    wi_hash(token, strlen(token), made.hash);
    strcpy(made.name, name);
    return made;
}

struct revoked {
    int count;
    char id[WI_ID_SIZE];
};

static void on_revoked(void *context, const char *id)
{
    struct revoked *revoked = context;
    revoked->count++;
    strcpy(revoked->id, id);
}

TEST(only_node_tokens_bring_nodes_and_any_number_of_them)
{
    struct wi_joins joins = {0};
    struct revoked revoked = {0};
    char secrets[3][WI_TOKEN_SIZE], with[WI_ID_SIZE], other[WI_ID_SIZE];
    struct wi_api_token items[] = {make_token("ada", WI_RANK_USER, secrets[0]),
        make_token("root", WI_RANK_ADMIN, secrets[1]),
        make_token("laptop", WI_RANK_NODE, secrets[2])};
    const struct wi_api_tokens tokens = {items, 3};
    wi_joins_set_node_tokens(&joins, &tokens, on_revoked, &revoked);
    assert_int_equal(wi_joins_take(&joins, secrets[0], 0, with), WI_JOIN_UNKNOWN);
    assert_int_equal(wi_joins_take(&joins, secrets[1], 0, with), WI_JOIN_UNKNOWN);
    for (int i = 0; i < 1000; i++)
        assert_int_equal(wi_joins_take(&joins, secrets[2], 1e15, with), WI_JOIN_OK);
    wi_joins_release(&joins, with);
    /* The same file again: who is there stays. */
    wi_joins_set_node_tokens(&joins, &tokens, on_revoked, &revoked);
    assert_int_equal(wi_joins_take(&joins, secrets[2], 1e15, other), WI_JOIN_OK);
    assert_string_equal(other, with);
    json_t *list = wi_joins_node_tokens_json(&joins);
    json_t *expected = json_pack("[{s:s, s:i}]", "name", "laptop", "joined", 1000);
    assert_true(json_equal(list, expected));
    json_decref(list);
    json_decref(expected);
    assert_int_equal(revoked.count, 0);
    wi_joins_clear(&joins);
}

TEST(a_node_token_is_good_until_its_line_is_gone)
{
    struct wi_joins joins = {0};
    struct revoked revoked = {0};
    char secrets[2][WI_TOKEN_SIZE], with[WI_ID_SIZE], id[WI_ID_SIZE], token[WI_TOKEN_SIZE];
    struct wi_api_token items[] = {make_token("laptop", WI_RANK_NODE, secrets[0]),
        make_token("phone", WI_RANK_NODE, secrets[1])};
    wi_joins_add(&joins, TERMS(1, 100), 0, id, token);
    wi_joins_set_node_tokens(&joins, &(struct wi_api_tokens){items, 2}, on_revoked, &revoked);
    assert_int_equal(wi_joins_take(&joins, secrets[1], 0, with), WI_JOIN_OK);
    assert_true(wi_joins_is_node_token(&joins, secrets[1]));
    wi_joins_set_node_tokens(&joins, &(struct wi_api_tokens){items, 1}, on_revoked, &revoked);
    assert_int_equal(revoked.count, 1);
    assert_true(wi_joins_is_node_token(&joins, secrets[0]));
    assert_false(wi_joins_is_node_token(&joins, secrets[1]));
    assert_false(wi_joins_is_node_token(&joins, token));
    assert_string_equal(revoked.id, with);
    assert_int_equal(wi_joins_take(&joins, secrets[1], 0, with), WI_JOIN_UNKNOWN);
    assert_int_equal(wi_joins_take(&joins, secrets[0], 0, with), WI_JOIN_OK);
    /* Its line has another rank now. */
    items[0].rank = WI_RANK_USER;
    wi_joins_set_node_tokens(&joins, &(struct wi_api_tokens){items, 1}, on_revoked, &revoked);
    assert_int_equal(revoked.count, 2);
    assert_string_equal(revoked.id, with);
    /* A join token is none of the file's business. */
    assert_int_equal(wi_joins_take(&joins, token, 1, with), WI_JOIN_OK);
    wi_joins_clear(&joins);
}

TEST(only_a_token_of_rank_relay_is_one_for_relays)
{
    struct wi_joins joins = {0};
    struct revoked revoked = {0};
    char secrets[2][WI_TOKEN_SIZE], with[WI_ID_SIZE], id[WI_ID_SIZE], token[WI_TOKEN_SIZE];
    struct wi_api_token items[] = {make_token("laptop", WI_RANK_NODE, secrets[0]),
        make_token("hall", WI_RANK_RELAY, secrets[1])};
    const struct wi_api_tokens tokens = {items, 2};
    wi_joins_add(&joins, TERMS(1, 100), 0, id, token);
    wi_joins_set_node_tokens(&joins, &tokens, on_revoked, &revoked);
    assert_int_equal(wi_joins_take(&joins, secrets[0], 0, with), WI_JOIN_OK);
    assert_false(wi_joins_is_relay(&joins, with));
    assert_int_equal(wi_joins_take(&joins, token, 0, with), WI_JOIN_OK);
    assert_false(wi_joins_is_relay(&joins, with));
    assert_false(wi_joins_is_relay(&joins, "")); /* of a session */
    assert_int_equal(wi_joins_take(&joins, secrets[1], 0, with), WI_JOIN_OK);
    assert_true(wi_joins_is_relay(&joins, with));
    assert_true(wi_joins_is_node_token(&joins, secrets[1]));
    json_t *list = wi_joins_node_tokens_json(&joins);
    assert_int_equal(json_array_size(list), 2);
    json_decref(list);
    wi_joins_release(&joins, with);
    list = wi_joins_node_tokens_json(&joins); /* the other end of a relay may have it */
    assert_int_equal(json_array_size(list), 1);
    json_decref(list);
    /* Its line has another rank now: who came with it has to come again. */
    items[1].rank = WI_RANK_NODE;
    wi_joins_set_node_tokens(&joins, &tokens, on_revoked, &revoked);
    assert_int_equal(revoked.count, 1);
    assert_string_equal(revoked.id, with);
    assert_int_equal(wi_joins_take(&joins, secrets[1], 0, with), WI_JOIN_OK);
    assert_false(wi_joins_is_relay(&joins, with));
    wi_joins_clear(&joins);
}

TEST(node_tokens_take_no_room_from_join_tokens)
{
    struct wi_joins joins = {0};
    struct revoked revoked = {0};
    char secret[WI_TOKEN_SIZE], id[WI_ID_SIZE], token[WI_TOKEN_SIZE];
    static struct wi_api_token items[2 * WI_JOINS_MAX];
    for (size_t i = 0; i < 2 * WI_JOINS_MAX; i++)
        items[i] = make_token("many", WI_RANK_NODE, secret);
    wi_joins_set_node_tokens(
        &joins, &(struct wi_api_tokens){items, 2 * WI_JOINS_MAX}, on_revoked, &revoked);
    for (int i = 0; i < WI_JOINS_MAX; i++)
        assert_int_equal(wi_joins_add(&joins, TERMS(1, 100), 0, id, token), 0);
    assert_int_equal(wi_joins_add(&joins, TERMS(1, 100), 0, id, token), -1);
    json_t *list = wi_joins_json(&joins, 1);
    assert_int_equal(json_array_size(list), WI_JOINS_MAX);
    json_decref(list);
    wi_joins_clear(&joins);
}

/* --- remembered devices ----------------------------------------------------------------------- */

/* As many of each token. */
static size_t count_devices(void *devices, const char *id)
{
    return *(const size_t *)devices;
}

TEST(a_token_with_devices_stays_and_admits_only_them)
{
    size_t devices = 1;
    struct wi_joins joins = {.count_devices = count_devices, .devices = &devices};
    char id[WI_ID_SIZE], other[WI_ID_SIZE], token[WI_TOKEN_SIZE], fresh[WI_TOKEN_SIZE];
    wi_joins_add(&joins, TERMS(1, 100), 0, id, token);
    assert_int_equal(wi_joins_take(&joins, token, 101, other), WI_JOIN_UNKNOWN);
    wi_joins_add(&joins, TERMS(1, 100), 101, other, fresh); /* which forgets what is over */
    assert_int_equal(wi_joins_take_again(&joins, id), WI_JOIN_OK);
    assert_int_equal(wi_joins_take_again(&joins, id), WI_JOIN_FULL);
    wi_joins_release(&joins, id);
    json_t *list = wi_joins_json(&joins, 102);
    assert_int_equal(json_array_size(list), 2);
    const json_t *first = json_array_get(list, 0);
    assert_string_equal(json_string_value(json_object_get(first, "id")), id);
    assert_int_equal(json_integer_value(json_object_get(first, "devices")), 1);
    json_decref(list);

    devices = 0;
    list = wi_joins_json(&joins, 102);
    assert_int_equal(json_array_size(list), 1);
    json_decref(list);
    wi_joins_add(&joins, TERMS(1, 100), 102, other, fresh);
    assert_int_equal(wi_joins_take_again(&joins, id), WI_JOIN_UNKNOWN);
    wi_joins_clear(&joins);
}

/* They are no reason to refuse others. */
TEST(tokens_that_only_have_devices_count_for_nothing)
{
    size_t devices = 1;
    struct wi_joins joins = {.count_devices = count_devices, .devices = &devices};
    char id[WI_ID_SIZE], token[WI_TOKEN_SIZE];
    for (int i = 0; i < WI_JOINS_MAX; i++)
        wi_joins_add(&joins, TERMS(1, 100), 0, id, token);
    assert_int_equal(wi_joins_add(&joins, TERMS(1, 100), 50, id, token), -1);
    assert_int_equal(wi_joins_add(&joins, TERMS(1, 100), 101, id, token), 0);
    assert_int_equal(joins.count, WI_JOINS_MAX + 1);
    wi_joins_clear(&joins);
}

TEST(the_token_of_an_earlier_daemon_is_there_for_its_devices)
{
    size_t devices = 2;
    struct wi_joins joins = {.count_devices = count_devices, .devices = &devices};
    char with[WI_ID_SIZE];
    const struct wi_join_terms terms = {.nodes = 2, .shareable = 1, .label = "Ada"};
    wi_joins_restore(&joins, "join-a", &terms, 1000);
    wi_joins_restore(&joins, "join-a", TERMS(9, 0), 1000); /* of another device */
    assert_string_equal(wi_joins_label(&joins, "join-a"), "Ada");
    assert_true(wi_joins_is_shareable(&joins, "join-a"));
    assert_int_equal(wi_joins_terms(&joins, "join-a").nodes, 2);
    assert_int_equal(wi_joins_take(&joins, "", 1000, with), WI_JOIN_UNKNOWN);
    assert_int_equal(wi_joins_take_again(&joins, "join-a"), WI_JOIN_OK);
    assert_int_equal(wi_joins_take_again(&joins, "join-a"), WI_JOIN_OK);
    assert_int_equal(wi_joins_take_again(&joins, "join-a"), WI_JOIN_FULL);
    json_t *list = wi_joins_json(&joins, 1000);
    assert_int_equal(json_array_size(list), 1);
    assert_int_equal(json_integer_value(json_object_get(json_array_get(list, 0), "devices")), 2);
    json_decref(list);
    assert_int_equal(wi_joins_revoke(&joins, "join-a"), 0);
    assert_int_equal(wi_joins_take_again(&joins, "join-a"), WI_JOIN_UNKNOWN);
    wi_joins_clear(&joins);
}
