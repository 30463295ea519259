/* What the API tells of those who bring blocks. What is published is in publish_test.c. */
#include "../../fixture.h"
#include "models/arrive/source/sources.h"

static struct wi_sources *sources;

static int set_up_sources(void **state)
{
    static const struct wi_block_source_row rows[] = {
        {.name = "one", .url = "http://127.0.0.1:1", .token = "a-secret"},
        {.name = "two", .url = "http://127.0.0.1:2/below"},
        {.name = "three", .url = "http://127.0.0.1:3", .trouble = "its token cannot be read"}};
    struct wi_error error;
    set_up(state);
    wi_server_free(fixture->server);
    sources = wi_sources_new();
    wi_sources_set(sources, rows, sizeof rows / sizeof *rows);
    fixture->deps.sources = sources;
    fixture->server = wi_server_new(&fixture->deps, &error);
    return fixture->server ? 0 : -1;
}

static int tear_down_sources(void **state)
{
    tear_down(state);
    wi_sources_free(sources);
    return 0;
}

FIXTURE(set_up_sources, tear_down_sources)

/* The row of the source with that index; the answer is the caller's. */
static const json_t *source_at(size_t index, json_t **answer)
{
    assert_int_equal(ask("GET", "/v1/content", "", answer), 200);
    assert_int_equal(json_array_size(json_object_get(*answer, "sources")), 3);
    return json_array_get(json_object_get(*answer, "sources"), index);
}

static void check_state(size_t index, const char *state, const char *reason, double least_ms)
{
    json_t *answer;
    int64_t now = wi_wall_ms();
    const json_t *source = source_at(index, &answer), *until = json_object_get(source, "until");
    assert_string_equal(json_string_value(json_object_get(source, "state")), state);
    if (reason)
        assert_string_equal(json_string_value(json_object_get(source, "reason")), reason);
    else
        assert_true(json_is_null(json_object_get(source, "reason")));
    assert_int_equal(json_is_integer(until), least_ms > 0);
    if (least_ms > 0)
        assert_true(json_integer_value(until) - now > least_ms - 5000 &&
                    json_integer_value(until) - now < least_ms + 60000);
    json_decref(answer);
}

TEST(each_source_has_its_state_and_why)
{
    check_state(0, "ready", NULL, 0);
    check_state(2, "out", "its token cannot be read", 0);
    wi_block_source_rest(wi_sources_at(sources, 0), 30000, "it is busy");
    check_state(0, "resting", "it is busy", 30000);
    wi_block_source_lied(wi_sources_at(sources, 1), 1, "a block was wrong");
    check_state(1, "out", "a block was wrong", WI_SOURCE_OUT_MS);
    wi_block_source_rest(wi_sources_at(sources, 1), 30000, "it is busy"); /* out all the same */
    check_state(1, "out", "it is busy", WI_SOURCE_OUT_MS);
}

TEST(what_a_source_brought_is_counted)
{
    json_t *answer;
    struct wi_block_source *one = wi_sources_at(sources, 0);
    const json_t *source = source_at(0, &answer);
    assert_true(json_is_null(json_object_get(source, "seen_at")));
    json_decref(answer);
    wi_block_source_saw(one, 5000);
    wi_block_source_brought(one, 3000);
    wi_block_source_brought(one, 1000);
    wi_block_source_lied(one, 1, "a block was wrong");
    source = source_at(0, &answer);
    assert_int_equal(json_integer_value(json_object_get(source, "bytes")), 4000);
    assert_int_equal(json_integer_value(json_object_get(source, "blocks")), 2);
    assert_int_equal(json_integer_value(json_object_get(source, "wrong")), 1);
    assert_true(json_integer_value(json_object_get(source, "seen_at")) > wi_wall_ms() - 60000);
    assert_true(json_is_number(json_object_get(source, "bytes_per_second")));
    json_decref(answer);
}

TEST(no_secret_is_told)
{
    json_t *answer;
    const json_t *source = source_at(0, &answer);
    char *text = json_dumps(answer, 0);
    assert_string_equal(json_string_value(json_object_get(source, "url")), "http://127.0.0.1:1");
    assert_null(strstr(text, "a-secret"));
    free(text);
    json_decref(answer);
}

TEST(metrics_have_each_source)
{
    struct client *client = connect_client();
    wi_block_source_brought(wi_sources_at(sources, 1), 3000);
    send_head(client, "GET", "/metrics", "");
    until(answered(client));
    assert_int_equal(status_of(client), 200);
    assert_non_null(strstr(client->text, "\nwebinfer_source_bytes_total{source=\"two\"} 3000\n"));
    assert_non_null(strstr(client->text, "\nwebinfer_source_blocks_total{source=\"two\"} 1\n"));
    assert_non_null(
        strstr(client->text, "\nwebinfer_source_wrong_blocks_total{source=\"three\"} 0\n"));
    free_client(client);
}

TEST(without_sources_there_are_none)
{
    json_t *answer;
    wi_sources_set(sources, NULL, 0);
    assert_int_equal(ask("GET", "/v1/content", "", &answer), 200);
    assert_int_equal(json_array_size(json_object_get(answer, "sources")), 0);
    assert_int_equal(json_array_size(json_object_get(answer, "models")), 0);
    assert_true(json_is_false(json_object_get(answer, "served")));
    json_decref(answer);
}
