/* What the hub of a Grid says of itself, and lists that make no sense. */
#include "../../test.h"

#include "base/memory.h"
#include "browser/webdriver/grid.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHROME "{\"stereotype\":{\"browserName\":\"chrome\"},\"session\":null}"
#define FIREFOX "{\"stereotype\":{\"browserName\":\"firefox\"},\"session\":null}"
#define USED(id)                                                                                   \
    "{\"stereotype\":{\"browserName\":\"chrome\"},\"session\":{\"sessionId\":\"" id "\"}}"
#define NODE(more, slots) "{" more "\"slots\":[" slots "]}"
#define AT(uri) "\"uri\":\"" uri "\","

static struct wi_error error;

/* What a list says about chrome, and about the session "mine". */
static struct wi_grid read_list(const char *text)
{
    json_t *nodes = json_loads(text, JSON_DECODE_ANY, NULL);
    struct wi_grid grid;

    assert_non_null(nodes);
    assert_int_equal(wi_grid_read(nodes, "chrome", "mine", &grid, &error), WI_OK);
    json_decref(nodes);
    return grid;
}

static void expect_room(const char *text, size_t nodes, size_t slots, size_t free)
{
    struct wi_grid grid = read_list(text);

    assert_int_equal(grid.nodes, nodes);
    assert_int_equal(grid.slots, slots);
    assert_int_equal(grid.free, free);
}

TEST(free_slots_are_counted)
{
    expect_room("[]", 0, 0, 0);
    expect_room("[" NODE("", "") "]", 1, 0, 0);
    expect_room("[" NODE("", CHROME "," USED("a")) "," NODE("", CHROME) "]", 2, 3, 2);
}

TEST(slots_of_other_browsers_do_not_count)
{
    expect_room("[" NODE("", FIREFOX "," CHROME) "]", 1, 1, 1);
    expect_room("[" NODE("", "{\"stereotype\":{\"browserName\":\"Chrome\"}},{}") "]", 1, 2, 2);
}

TEST(a_node_gives_no_more_than_its_maximum)
{
    expect_room("[" NODE("\"maxSessions\":1,", CHROME "," CHROME) "]", 1, 1, 1);
    expect_room("[" NODE("\"maxSessions\":1,", USED("a") "," CHROME) "]", 1, 1, 0);
    expect_room("[" NODE("\"maxSessions\":0,", CHROME) "]", 1, 0, 0);
    expect_room("[" NODE("\"maxSessions\":1,", USED("a") "," USED("b") "," CHROME) "]", 1, 1, 0);
}

TEST(only_nodes_that_are_up_count)
{
    expect_room("[" NODE("\"availability\":\"UP\",", CHROME) "," NODE(
                    "\"availability\":\"DRAINING\",", CHROME) "," NODE("\"availability\":\"DOWN\",",
                    CHROME) "," NODE("\"availability\":\"?\",", CHROME) "]",
        1, 1, 1);
}

TEST(the_node_of_a_session_is_found)
{
    struct wi_grid grid = read_list("[" NODE(AT("http://10.0.0.1:5555"), USED("other")) "," NODE(
        AT("https://[::1]:5555") "\"availability\":\"DRAINING\",", USED("mine")) "]");

    assert_string_equal(grid.home, "https://[::1]:5555");
    grid = read_list("[" NODE(AT("http://10.0.0.1:5555"), USED("other") "," CHROME) "]");
    assert_string_equal(grid.home, "");
}

TEST(an_address_that_is_none_is_not_used)
{
    static const char *const uris[] = {"", "http://", "ftp://host", "host:5555", "http://host/path",
        "http://user@host", "http://host?x", "http://ho st", "http://host#x", "http://host\\\\x"};

    for (size_t i = 0; i < sizeof uris / sizeof *uris; i++) {
        char *text = wi_sprintf("[" NODE(AT("%s"), USED("mine")) "]", uris[i]);
        struct wi_grid grid = read_list(text);
        free(text);
        assert_string_equal(grid.home, "");
        assert_int_equal(grid.nodes, 1);
    }
}

TEST(what_is_promised_is_not_free)
{
    struct wi_grid grid = read_list("[" NODE("", CHROME "," CHROME "," USED("reserved")) "]");

    assert_int_equal(grid.reserved, 1);
    assert_int_equal(wi_grid_room(&grid, 0), 2);
    assert_int_equal(wi_grid_room(&grid, 1), 2); /* the hub counts it already */
    assert_int_equal(wi_grid_room(&grid, 2), 1);
    assert_int_equal(wi_grid_room(&grid, 3), 0);
    assert_int_equal(wi_grid_room(&grid, 9), 0);
}

static void expect_excuse(const char *list, const char *expected)
{
    struct wi_grid grid = read_list(list);
    char *excuse = wi_grid_excuse(&grid, "chrome");

    assert_string_equal(excuse, expected);
    free(excuse);
}

TEST(the_reason_for_no_room_is_told)
{
    expect_excuse("[]", "the Grid has no node that is up");
    expect_excuse("[" NODE("", FIREFOX "," FIREFOX ",{\"stereotype\":{\"browserName\":\"a\\nb\"}},"
                                       "{\"stereotype\":{\"browserName\":\"safari\"}}") "]",
        "the Grid has no chrome; its nodes have: firefox, safari");
    expect_excuse("[" NODE("", "") "]", "the Grid has no chrome; its nodes have: nothing");
    expect_excuse("[" NODE("", USED("a")) "]",
        "the Grid has no free chrome: it may have 1 at a time on 1 node, and all are in use or "
        "promised");
}

TEST(a_list_of_browsers_is_cut)
{
    char *slots = wi_strdup(CHROME);

    for (int i = 0; i < 100; i++) {
        char *more = wi_sprintf("%s,{\"stereotype\":{\"browserName\":\"browser-%d-\"}}", slots, i);
        free(slots);
        slots = more;
    }
    char *list = wi_sprintf("[{\"slots\":[%s]}]", slots);
    struct wi_grid grid = read_list(list);
    assert_true(strlen(grid.offers) < sizeof grid.offers);
    assert_non_null(strstr(grid.offers, "chrome, browser-0-"));
    free(list);
    free(slots);
}

static void expect_nonsense(json_t *nodes)
{
    struct wi_grid grid;

    assert_int_equal(wi_grid_read(nodes, "chrome", "", &grid, &error), WI_INTERNAL);
    assert_string_equal(error.field, WI_GRID_FIELD);
    assert_memory_equal(error.detail, "status: ", 8);
    json_decref(nodes);
}

static json_t *repeat(const char *text, int count)
{
    json_t *list = json_array();

    for (int i = 0; i < count; i++)
        json_array_append_new(list, json_loads(text, 0, NULL));
    return list;
}

TEST(lists_that_make_no_sense_are_refused)
{
    static const char *const lists[] = {"{}", "\"x\"", "[1]", "[null]", "[{}]", "[{\"slots\":{}}]",
        "[{\"slots\":[1]}]", "[{\"slots\":[{\"session\":{}}]}]",
        "[{\"slots\":[{\"session\":{\"sessionId\":5}}]}]", "[{\"slots\":[{\"session\":\"x\"}]}]",
        "[{\"slots\":[{\"stereotype\":[]}]}]",
        "[{\"slots\":[{\"stereotype\":{\"browserName\":1}}]}]",
        "[{\"slots\":[],\"maxSessions\":-1}]", "[{\"slots\":[],\"maxSessions\":1.5}]",
        "[{\"slots\":[],\"maxSessions\":100001}]", "[{\"slots\":[],\"uri\":5}]",
        "[{\"slots\":[],\"availability\":true}]"};

    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        expect_nonsense(json_loads(lists[i], JSON_DECODE_ANY, NULL));
    expect_nonsense(repeat("{\"slots\":[]}", WI_GRID_NODES_MAX + 1));
    expect_nonsense(json_pack("[{s:o}]", "slots", repeat("{}", WI_GRID_SLOTS_MAX + 1)));
}

TEST(the_largest_lists_are_read)
{
    json_t *nodes = json_pack("[{s:o}]", "slots", repeat(CHROME, WI_GRID_SLOTS_MAX));
    json_t *more = repeat("{\"slots\":[]}", WI_GRID_NODES_MAX - 1);
    struct wi_grid grid;

    json_array_extend(nodes, more);
    assert_int_equal(wi_grid_read(nodes, "chrome", "", &grid, &error), WI_OK);
    assert_int_equal(grid.nodes, WI_GRID_NODES_MAX);
    assert_int_equal(grid.free, WI_GRID_SLOTS_MAX);
    json_decref(more);
    json_decref(nodes);
}
