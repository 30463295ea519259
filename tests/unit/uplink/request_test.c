/* A task as a request to the own daemon: its members, and the bytes that are sent. */
#include "../test.h"

#include "task.h"

#define HASH "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static struct {
    struct coming coming;
    struct wi_worker_task task;
    struct wi_uplink_body body;
    json_t *made;
} given;

static int set_up(void **state)
{
    memset(&given, 0, sizeof given);
    strcpy(given.task.id, "att-1");
    return 0;
}

static void body_forget(void)
{
    wi_uplink_body_clear(&given.body);
    json_decref(given.made);
    given.made = NULL;
}

static int tear_down(void **state)
{
    body_forget();
    coming_clear(&given.coming);
    return 0;
}

FIXTURE(set_up, tear_down)

static void request_make(const char *data)
{
    struct wi_error error;
    body_forget();
    coming_set(&given.coming, "twice", data);
    assert_int_equal(wi_uplink_request_make(&given.body, &given.task, &given.coming.request,
                         "there \"x\"", "chrome", &error),
        WI_OK);
    given.made = json_loadb(given.body.head.text, given.body.head.size, JSON_ALLOW_NUL, NULL);
    assert_non_null(given.made);
}

static void assert_member(const char *path, const char *wanted)
{
    char words[100], *rest = NULL;
    json_t *at = given.made, *value = wanted ? json_loads(wanted, JSON_DECODE_ANY, NULL) : NULL;
    snprintf(words, sizeof words, "%s", path);
    for (char *word = strtok_r(words, ".", &rest); word; word = strtok_r(NULL, ".", &rest))
        at = json_object_get(at, word);
    if (wanted ? !json_equal(at, value) : at != NULL)
        fail_msg("%s is not %s in %s", path, wanted, given.body.head.text);
    json_decref(value);
}

TEST(what_a_plain_task_becomes)
{
    request_make("{\"model\":{\"hash\":\"" HASH "\"},\"deadline_ms\":5000}");
    json_t *wanted = json_pack("{s:s,s:s,s:s,s:i,s:{s:b},s:[],s:{s:s}}", "model_name",
        "there \"x\"", "browser", "chrome", "id", "att-1", "timeout_ms", 5000, "parameters",
        "binary_data_output", 1, "inputs", "relay", "model_hash", HASH);
    assert_true(json_equal(given.made, wanted));
    json_decref(wanted);
    assert_int_equal(given.body.size, given.body.head.size);
}

TEST(what_the_client_asked_for_passes)
{
    given.coming.request.options = json_pack("{s:i}", "top_k", 3);
    request_make("{\"task\":\"text-generation\",\"model_type\":\"text2text\",\"outputs\":[\"y\"],"
                 "\"precision\":\"fp16\","
                 "\"fallback\":false,\"priority\":9,\"deadline_ms\":1,\"platforms\":[\"webgpu\"],"
                 "\"owner\":\"c-1\",\"secret\":\"no\",\"input\":{\"prompt\":\"hi\"}}");
    assert_member("task", "\"text-generation\"");
    assert_member("model_type", "\"text2text\"");
    assert_member("outputs", "[\"y\"]");
    assert_member("precision", "\"fp16\"");
    assert_member("fallback", "false");
    assert_member("priority", "9");
    assert_member("options", "{\"top_k\":3}");
    assert_member("inputs", "{\"text\":\"hi\"}");
    assert_member("relay", "{\"platforms\":[\"webgpu\"],\"owner\":\"c-1\"}");
    assert_member("secret", NULL);
    assert_member("platform", NULL);
}

TEST(a_relay_without_anything_to_say_is_empty)
{
    request_make("{\"model\":{\"name\":\"builtin/echo\"},\"platforms\":[]}");
    assert_member("relay", "{}");
}

/* Where the borrowing daemon compares, and does not answer a client. */
TEST(what_graphs_put_out_is_asked_for)
{
    request_make("{\"task\":\"image-classification\",\"raw\":true}");
    assert_member("relay", "{\"raw\":true}");
}

TEST(the_deadline_is_within_what_the_api_takes)
{
    static const struct {
        const char *data, *timeout;
    } rows[] = {
        {"{\"deadline_ms\":1}", "1"},
        {"{\"deadline_ms\":0}", "1"},
        {"{\"deadline_ms\":-5}", "1"},
        {"{}", "1"},
        {"{\"deadline_ms\":3600000}", "3600000"},
        {"{\"deadline_ms\":99999999999}", "3600000"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        request_make(rows[i].data);
        assert_member("timeout_ms", rows[i].timeout);
        assert_member("stream", NULL);
    }
}

/* Silence is measured by the borrowing daemon, so here it may last until the deadline. */
TEST(a_stream_may_be_silent_until_its_deadline)
{
    request_make("{\"stream\":true,\"deadline_ms\":7000}");
    assert_member("stream", "true");
    assert_member("stall_timeout_ms", "7000");
    assert_member("timeout_ms", "7000");
    assert_member("parameters", NULL);
}

TEST(special_tokens_are_an_option_of_the_api)
{
    request_make("{\"input\":{\"text\":\"hi\",\"add_special\":true}}");
    assert_member("options", "{\"add_special\":true}");
    given.coming.request.options = json_pack("{s:i}", "n", 1);
    request_make("{\"input\":{\"text\":\"hi\",\"add_special\":false}}");
    assert_member("options", "{\"add_special\":false,\"n\":1}");
    assert_int_equal(json_object_size(given.coming.request.options), 1);
}

TEST(a_stream_goes_on_where_it_was)
{
    static const unsigned char tokens[] = {1, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff,
        0xff, 0xff, 0xff, 0, 1, 0, 0, 0, 0, 0, 0};
    coming_add(&given.coming, "text", "a\"\0\xc3\xa9", 5);
    coming_add(&given.coming, "tokens", tokens, sizeof tokens);
    request_make("{\"stream\":true,\"continue\":{\"seq\":12,\"text\":{\"tensor\":0},"
                 "\"tokens\":{\"tensor\":1},\"answers\":[{\"index\":0,\"bytes\":3}]}}");
    assert_member("relay.continue.seq", "12");
    assert_member("relay.continue.tokens", "[1,-1,256]");
    assert_member("relay.continue.answers", "[{\"index\":0,\"bytes\":3}]");
    assert_member("inputs", "[]");
    const json_t *text =
        json_object_get(json_object_get(json_object_get(given.made, "relay"), "continue"), "text");
    assert_int_equal(json_string_length(text), 5);
    assert_memory_equal(json_string_value(text), "a\"\0\xc3\xa9", 5);
    request_make("{\"stream\":true,\"continue\":{\"seq\":0,\"text\":{\"tensor\":7}}}");
    assert_member("relay.continue", "{\"seq\":0}");
}

TEST(an_input_that_did_not_come_makes_no_request)
{
    struct wi_error error;
    coming_set(&given.coming, "twice", "{\"input\":{\"image\":{\"tensor\":0}}}");
    assert_int_equal(wi_uplink_request_make(
                         &given.body, &given.task, &given.coming.request, "x", "chrome", &error),
        WI_INPUT_INVALID);
}

/* Whatever the room, each byte once and in order. */
TEST(the_body_is_read_in_pieces_of_any_size)
{
    coming_add(&given.coming, "x", "first", 5);
    coming_add(&given.coming, "none", "", 0);
    coming_add(&given.coming, "y", "second", 6);
    request_make("{}");
    size_t size = given.body.size, json = given.body.head.size;
    assert_int_equal(size, json + 11);
    char *whole = wi_alloc(size + 1), *again = wi_alloc(size + 1);
    assert_int_equal(wi_uplink_body_copy(&given.body, 0, whole, size + 1), size);
    assert_memory_equal(whole + json, "firstsecond", 11);
    for (size_t room = 1; room <= size; room++) {
        size_t position = 0;
        while (position < size) {
            size_t copied = wi_uplink_body_copy(&given.body, position, again + position, room);
            assert_true(copied >= 1 && copied <= room && copied <= size - position);
            position += copied;
        }
        assert_memory_equal(again, whole, size);
    }
    assert_int_equal(wi_uplink_body_copy(&given.body, size, again, 1), 0);
    free(whole);
    free(again);
}
