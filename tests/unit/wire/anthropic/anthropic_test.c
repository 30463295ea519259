/* Anthropic's clients: what becomes of their requests, and answers and errors in their form. */
#include "../settling.h"

#include "wire/anthropic/anthropic.h"

static const struct wi_dialect *const answers = &wi_dialect_anthropic_messages;
static const struct wi_dialect *const counts = &wi_dialect_anthropic_count;

#define HEAD "{\"model\":\"chat@simulated\",\"max_tokens\":5,"
#define HELLO "\"messages\":[{\"role\":\"user\",\"content\":\"hello\"}]"
#define HELLO_INPUT "{\"messages\":[{\"content\":\"hello\",\"role\":\"user\"}]}"

TEST(blocks_become_messages)
{
    settles(answers, &chat,
        HEAD "\"system\":[{\"type\":\"text\",\"text\":\"s\",\"cache_control\":{}}],\"messages\":["
             "{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"a\"}]},"
             "{\"role\":\"assistant\",\"id\":\"msg_1\",\"usage\":{},\"content\":["
             "{\"type\":\"thinking\",\"thinking\":\"t\",\"signature\":\"\"},"
             "{\"type\":\"redacted_thinking\",\"data\":\"x\"},"
             "{\"type\":\"text\",\"text\":\"b\"},"
             "{\"type\":\"tool_use\",\"id\":\"c\",\"name\":\"f\",\"input\":{\"x\":1}}]},"
             "{\"role\":\"user\",\"content\":[{\"type\":\"tool_result\",\"tool_use_id\":\"c\","
             "\"content\":\"r\",\"is_error\":true},{\"type\":\"text\",\"text\":\"d\"}]}]}",
        "{\"messages\":[{\"content\":\"s\",\"role\":\"system\"},{\"content\":\"a\",\"role\":"
        "\"user\"},{\"content\":\"b\",\"reasoning_content\":\"t\",\"role\":\"assistant\","
        "\"tool_calls\":[{\"function\":{\"arguments\":\"{\\\"x\\\":1}\",\"name\":\"f\"},\"id\":"
        "\"c\",\"type\":\"function\"}]},{\"content\":\"r\",\"role\":\"tool\",\"tool_call_id\":"
        "\"c\"},{\"content\":\"d\",\"role\":\"user\"}]}",
        "{\"max_tokens\":5}");
    settles(answers, &chat, HEAD "\"messages\":[{\"role\":\"user\",\"content\":[]}]}",
        "{\"messages\":[{\"content\":\"\",\"role\":\"user\"}]}", "{\"max_tokens\":5}");
}

#define TOOLS                                                                                      \
    "\"tools\":[{\"type\":\"web_search_20250305\",\"name\":\"no\"},{\"name\":\"f\","               \
    "\"input_schema\":{\"type\":\"object\"}}],\"tool_choice\":{\"type\":\"tool\",\"name\":\"f\"}"
#define TOOLS_OPTIONS                                                                              \
    "\"tool_choice\":{\"function\":{\"name\":\"f\"},\"type\":\"function\"},\"tools\":[{"           \
    "\"function\":{\"name\":\"f\",\"parameters\":{\"type\":\"object\"}},\"type\":\"function\"}]"

/* A PNG of 4 × 4 pixels: its head, which is all that is looked at. */
#define PNG "iVBORw0KGgoAAAANSUhEUgAAAAQAAAAECAIAAAAmkwkp"

/* A model of pictures and text. */
static struct wi_model seeing = {.name = (char *)"chat",
    .type = WI_TYPE_MULTIMODAL,
    .engine = WI_ENGINE_PIPELINE,
    .format = WI_FORMAT_HUGGINGFACE,
    .facts.tasks = {2, {WI_TASK_VISUAL_QUESTION, WI_TASK_CHAT}}};

TEST(a_picture_keeps_its_place_among_the_text)
{
    struct wi_infer infer;
    struct wi_error error;
    if (parse(answers, &infer,
            HEAD
            "\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"a\"},{"
            "\"type\":\"image\",\"source\":{\"type\":\"base64\",\"media_type\":\"image/png\","
            "\"data\":\"" PNG "\"}},{\"type\":\"text\",\"text\":\"b\"}]}]}",
            &error) != WI_OK ||
        answers->check(&infer, &seeing, &limits, &error) != WI_OK)
        fail_msg("%s: %s", error.field, error.detail);
    assert_int_equal(infer.asked->tensors.count, 1);
    assert_int_equal(infer.picture.width, 4);
    equals(infer.asked->input, "[{\"content\":[{\"text\":\"a\",\"type\":\"text\"},{\"image\":{"
                               "\"media_type\":\"image/png\","
                               "\"tensor\":0},\"type\":\"image\"},{\"text\":\"b\",\"type\":"
                               "\"text\"}],\"role\":\"user\"}]");
    wi_infer_clear(&infer);
}

TEST(parameters_become_options)
{
    settles(answers, &chat,
        HEAD HELLO "," TOOLS ",\"stop_sequences\":[\"x\"],\"temperature\":0.5,\"thinking\":{"
                   "\"type\":\"disabled\"},\"output_config\":{\"effort\":\"low\",\"format\":{"
                   "\"type\":\"json_schema\",\"schema\":{}}},\"metadata\":{},\"container\":null}",
        HELLO_INPUT,
        "{\"chat_template_kwargs\":{\"enable_thinking\":false},\"max_tokens\":5,"
        "\"response_format\":{\"json_schema\":{\"schema\":{}},\"type\":\"json_schema\"},"
        "\"stop\":[\"x\"],\"temperature\":0.5," TOOLS_OPTIONS "}");
    settles(counts, &chat, "{\"model\":\"chat@simulated\"," HELLO "," TOOLS "}", HELLO_INPUT,
        "{" TOOLS_OPTIONS "}");
}

TEST(errors_have_the_path_of_the_request)
{
    static const struct {
        const char *rest, *field;
        enum wi_code code;
        const char *expected;
    } rows[] = {
        {"\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"tool_result\",\"tool_use_id\":"
         "\"c\",\"content\":[{\"type\":\"image\",\"source\":{\"type\":\"base64\",\"data\":\"AAAA\"}"
         "}]}]}]}",
            "messages[0].content[0].content[0]", WI_INVALID_FIELD, "text"},
        {"\"messages\":[{\"role\":\"assistant\",\"content\":[{\"type\":\"tool_use\",\"id\":\"c\","
         "\"name\":\"f\",\"input\":[]}]}]}",
            "messages[0].content[0].input", WI_INVALID_FIELD, "an object"},
        {"\"messages\":[{\"role\":\"user\",\"content\":7}]}", "messages[0].content",
            WI_INVALID_FIELD, "a string, or a list of blocks"},
        {"\"messages\":[{\"role\":\"user\",\"content\":[7]}]}", "messages[0].content[0]",
            WI_INVALID_FIELD, "an object"},
        {"\"messages\":[7]}", "messages[0]", WI_INVALID_FIELD, "an object"},
        {HELLO ",\"stop_sequences\":[\"a\",\"\"]}", "stop_sequences[1]", WI_INVALID_FIELD,
            "a string of 1 to 256 bytes without a NUL character"},
        {HELLO ",\"tools\":[{\"name\":\"f\",\"input_schema\":{\"a\":"
               "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]}}]}",
            "tools[0].input_schema", WI_INVALID_FIELD, "JSON of at most 32 levels"},
        {HELLO ",\"warmth\":1}", "warmth", WI_UNKNOWN_FIELD, ""},
        {HELLO ",\"temperature\":\"hot\"}", "temperature", WI_INVALID_FIELD, "a number"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char body[600];
        struct wi_infer infer;
        struct wi_error error;
        snprintf(body, sizeof body, HEAD "%s", rows[i].rest);
        if (check(answers, &infer, &chat, body, &error) != rows[i].code)
            fail_msg("%s: %s", body, error.detail);
        assert_string_equal(error.field, rows[i].field);
        assert_string_equal(error.expected, rows[i].expected);
        wi_infer_clear(&infer);
    }
    struct wi_infer infer;
    struct wi_error error;
    assert_int_equal(
        check(answers, &infer, &chat, "{\"model\":\"m\"," HELLO "}", &error), WI_MISSING_FIELD);
    assert_string_equal(error.field, "max_tokens");
    wi_infer_clear(&infer);
}

TEST(an_answer_is_of_blocks)
{
    struct wi_error error;
    json_t *result = json_loads(
        "{\"text\":\"a\",\"reasoning\":\"t\",\"finish_reason\":\"tool_calls\",\"tool_calls\":[{"
        "\"index\":0,\"id\":\"c\",\"function\":{\"name\":\"f\",\"arguments\":\"{\\\"x\\\":1}\"}},"
        "{\"index\":1,\"function\":{\"name\":\"g\",\"arguments\":\"{\"}}],"
        "\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":2,\"cached_tokens\":1}}",
        0, NULL);
    const struct wi_outcome outcome = {.id = "job-1", .model_name = "m", .result = result};
    struct wi_printing *printing = answers->print(NULL, &outcome, &error);
    assert_string_equal(printing->text.text,
        "{\"id\":\"msg_1\",\"type\":\"message\",\"role\":\"assistant\",\"model\":\"m\","
        "\"content\":[{\"type\":\"thinking\",\"thinking\":\"t\",\"signature\":\"\"},"
        "{\"type\":\"text\",\"text\":\"a\",\"citations\":null},"
        "{\"type\":\"tool_use\",\"id\":\"c\",\"name\":\"f\",\"input\":{\"x\":1},\"caller\":{"
        "\"type\":"
        "\"direct\"}},{\"type\":\"tool_use\",\"id\":\"toolu_3\",\"name\":\"g\",\"input\":{},"
        "\"caller\":{\"type\":\"direct\"}}],"
        "\"stop_reason\":\"tool_use\",\"stop_sequence\":null,\"usage\":{\"input_tokens\":2,"
        "\"cache_creation_input_tokens\":0,\"cache_read_input_tokens\":1,\"output_tokens\":2,"
        "\"output_tokens_details\":null,\"server_tool_use\":null,\"cache_creation\":null,"
        "\"inference_geo\":null,\"service_tier\":null,\"speed\":null},\"stop_details\":null,"
        "\"container\":null,\"diagnostics\":null}\n");
    wi_printing_free(printing);
    json_decref(result);
}

TEST(an_answer_says_at_which_text_it_ended)
{
    static const struct {
        const char *result, *ending;
    } rows[] = {
        {"{\"text\":\"a\",\"finish_reason\":\"stop\",\"stop_sequence\":\"##\"}",
            "\"stop_reason\":\"stop_sequence\",\"stop_sequence\":\"##\""},
        {"{\"text\":\"a\",\"finish_reason\":\"stop\"}",
            "\"stop_reason\":\"end_turn\",\"stop_sequence\":null"},
        {"{\"text\":\"a\",\"finish_reason\":\"length\",\"stop_sequence\":\"##\"}",
            "\"stop_reason\":\"max_tokens\",\"stop_sequence\":null"},
        {"{\"text\":\"a\",\"finish_reason\":\"stop\",\"stop_sequence\":7}",
            "\"stop_reason\":\"end_turn\",\"stop_sequence\":null"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct wi_error error;
        json_t *result = json_loads(rows[i].result, 0, NULL);
        const struct wi_outcome outcome = {.id = "job-1", .model_name = "m", .result = result};
        struct wi_printing *printing = answers->print(NULL, &outcome, &error);
        assert_non_null(strstr(printing->text.text, rows[i].ending));
        wi_printing_free(printing);
        json_decref(result);
    }
}

TEST(an_overflow_says_what_clients_compact_by)
{
    struct wi_buffer text = {0};
    struct wi_error error;
    wi_error_set(&error, WI_CONTEXT_LENGTH, "inputs", "it has 9 tokens, the context 8");
    answers->print_error(answers, &text, &error, NULL);
    assert_non_null(strstr(text.text, "\"message\":\"prompt is too long: it has 9 tokens"));
    assert_non_null(strstr(text.text, "\"type\":\"invalid_request_error\""));
    wi_buffer_clear(&text);
}

TEST(an_error_says_where_it_is)
{
    struct wi_buffer text = {0};
    struct wi_error error;
    wi_error_set(&error, WI_PICTURE_INVALID, "messages[0].content[1]", "it is no picture");
    answers->print_error(answers, &text, &error, "req-1");
    assert_string_equal(text.text,
        "{\"type\":\"error\",\"error\":{\"type\":\"invalid_request_error\",\"message\":"
        "\"messages[0].content[1]: it is no picture\"},\"request_id\":\"req-1\"}\n");
    wi_buffer_clear(&text);
    wi_error_set(&error, WI_ATTEMPTS_EXHAUSTED, NULL, "all failed");
    answers->stream_error(&text, NULL, &error, NULL);
    assert_string_equal(text.text,
        "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"api_error\",\"message\":"
        "\"all failed\"},\"request_id\":null}\n\n");
    wi_buffer_clear(&text);
}
