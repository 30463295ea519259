/* What a node sends becomes items, and the events that tell of them. */
#include "../../test.h"

#include "base/memory.h"
#include "wire/responses/responses.h"
#include <stdlib.h>
#include <string.h>

static json_t *load(const char *text)
{
    json_t *value = json_loads(text, 0, NULL);
    if (!value)
        fail_msg("no JSON: %s", text);
    return value;
}

static void add(
    struct wi_output *output, const char *text, const char *beside, struct wi_buffer *events)
{
    json_t *result = beside ? load(beside) : NULL;
    const struct wi_part part = {
        .text = text, .text_length = text ? strlen(text) : 0, .result = result};
    wi_output_add(output, "job-1", &part, events);
    json_decref(result);
}

/* The types of the events, without "response.". */
static void told(struct wi_buffer *events, const char *types)
{
    struct wi_buffer got = {0};
    static const char name[] = "event: response.";
    wi_buffer_puts(&got, "");
    for (const char *at = events->text; at && (at = strstr(at, name)); at++)
        wi_buffer_printf(&got, "%s%.*s", got.size ? " " : "",
            (int)strcspn(at + sizeof name - 1, "\n"), at + sizeof name - 1);
    assert_string_equal(got.text, types);
    wi_buffer_clear(&got);
    wi_buffer_clear(events);
}

static void items(const struct wi_output *output, const char *expected)
{
    json_t *wanted = load(expected);
    char *got = json_dumps(output->items, JSON_COMPACT);
    if (!json_equal(output->items, wanted))
        fail_msg("%s", got);
    free(got);
    json_decref(wanted);
}

#define MESSAGE(id, text)                                                                          \
    "{\"id\":\"" id "\",\"status\":\"completed\",\"type\":\"message\",\"role\":\"assistant\","     \
    "\"content\":[{\"type\":\"output_text\",\"text\":\"" text                                      \
    "\",\"annotations\":[],\"logprobs\":[]}]}"
#define CALL(id, call, name, arguments)                                                            \
    "{\"id\":\"" id "\",\"status\":\"completed\",\"type\":\"function_call\",\"call_id\":\"" call   \
    "\",\"name\":\"" name "\",\"arguments\":\"" arguments "\"}"

TEST(thoughts_text_and_calls_are_items)
{
    struct wi_output output = {0};
    struct wi_buffer events = {0};
    add(&output, NULL, "{\"reasoning\":\"so\"}", &events);
    told(&events, "output_item.added content_part.added reasoning_text.delta");
    add(&output, "h", NULL, &events);
    told(&events, "reasoning_text.done content_part.done output_item.done output_item.added "
                  "content_part.added output_text.delta");
    add(&output, "i", NULL, &events);
    told(&events, "output_text.delta");
    add(&output, NULL,
        "{\"tool_calls\":[{\"index\":0,\"id\":\"c\",\"function\":{\"name\":\"f\"}},"
        "{\"index\":0,\"function\":{\"arguments\":\"{\"}}]}",
        &events);
    told(&events, "output_text.done content_part.done output_item.done output_item.added "
                  "function_call_arguments.delta");
    add(&output, NULL,
        "{\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":\"}\"}},"
        "{\"index\":1,\"id\":\"d\",\"function\":{\"name\":\"g\",\"arguments\":\"{}\"}}]}",
        &events);
    told(&events, "function_call_arguments.delta function_call_arguments.done output_item.done "
                  "output_item.added function_call_arguments.delta");
    wi_output_end(&output, "job-1", 1, &events);
    told(&events, "function_call_arguments.done output_item.done");
    items(&output,
        "[{\"id\":\"rs_1_0\",\"status\":\"completed\",\"type\":\"reasoning\","
        "\"summary\":[],\"content\":[{\"type\":\"reasoning_text\",\"text\":\"so\"}]}," MESSAGE(
            "msg_1_1", "hi") "," CALL("fc_1_2", "c", "f", "{}") "," CALL("fc_1_3", "d", "g",
            "{}") "]");
    assert_int_equal(output.events, 22);
    wi_output_clear(&output);
}

static void logprobs_are(const struct wi_output *output, const char *expected)
{
    json_t *part = json_array_get(json_object_get(json_array_get(output->items, 0), "content"), 0);
    json_t *wanted = load(expected);
    assert_true(json_equal(json_object_get(part, "logprobs"), wanted));
    json_decref(wanted);
}

TEST(rows_without_text_wait_for_it)
{
    struct wi_output output = {0};
    struct wi_buffer events = {0};
    add(&output, NULL, "{\"logprobs\":[{\"id\":1}]}", &events);
    told(&events, "");
    add(&output, "h", "{\"logprobs\":[{\"id\":2}]}", &events);
    told(&events, "output_item.added content_part.added output_text.delta");
    add(&output, NULL, "{\"logprobs\":[{\"id\":3}]}", &events);
    told(&events, "");
    wi_output_end(&output, "job-1", 1, &events);
    told(&events, "output_text.delta output_text.done content_part.done output_item.done");
    logprobs_are(&output, "[{\"id\":1},{\"id\":2},{\"id\":3}]");
    wi_output_clear(&output);
}

/* Those of what tells a thought apart from text are none of the text's. */
TEST(rows_before_a_thought_are_left_out)
{
    struct wi_output output = {0};
    add(&output, NULL, "{\"logprobs\":[{\"id\":1}]}", NULL);
    add(&output, NULL, "{\"reasoning\":\"so\",\"logprobs\":[{\"id\":2}]}", NULL);
    wi_output_end(&output, "job-1", 1, NULL);
    assert_null(output.waiting);
    wi_output_clear(&output);
}

/* Stretches of calls that nobody began, and what is of another type than it has to be. */
TEST(what_has_not_its_form_is_left_out)
{
    struct wi_output output = {0};
    struct wi_buffer events = {0};
    add(&output, NULL,
        "{\"reasoning\":5,\"tool_calls\":[{\"index\":3,\"function\":{"
        "\"arguments\":\"{\"}},7,{\"function\":[]}],\"logprobs\":{}}",
        &events);
    told(&events, "");
    wi_output_end(&output, "job-1", 1, &events);
    told(&events, "output_item.added content_part.added output_text.done content_part.done "
                  "output_item.done");
    items(&output, "[" MESSAGE("msg_1_0", "") "]");
    wi_output_clear(&output);
    add(&output, NULL, "{\"tool_calls\":[{\"function\":{\"name\":\"f\"}}]}", NULL);
    wi_output_end(&output, "job-1", 1, NULL);
    items(&output, "[" CALL("fc_1_0", "fc_1_0", "f", "") "]");
    wi_output_clear(&output);
}

TEST(what_was_cut_short_is_incomplete)
{
    struct wi_output output = {0};
    add(&output, "a", NULL, NULL);
    wi_output_end(&output, "job-1", 0, NULL);
    assert_string_equal("incomplete",
        json_string_value(json_object_get(json_array_get(output.items, 0), "status")));
    wi_output_clear(&output);
}
