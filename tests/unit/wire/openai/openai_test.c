/* Requests of OpenAI's clients: three lists of parameters, and what becomes of each. */
#include "../settling.h"
#include "../text_models.h"

#include "base/memory.h"
#include "wire/openai/openai.h"
#include <string.h>

#define SAID "\"messages\":[{\"role\":\"user\",\"content\":\"hello\"}]"
#define HEAD "{\"model\":\"chat@simulated\"," SAID

TEST(test_honoured)
{
    settles(&wi_dialect_openai_chat, &chat,
        HEAD ",\"max_completion_tokens\":5,\"temperature\":0.5,\"top_k\":3,\"stop\":\"x\","
             "\"logprobs\":true,\"top_logprobs\":2}",
        "{\"messages\":[{\"content\":\"hello\",\"role\":\"user\"}]}",
        "{\"logprobs\":true,\"max_tokens\":5,\"stop\":[\"x\"],\"temperature\":0.5,\"top_k\":3,"
        "\"top_logprobs\":2}");
    settles(&wi_dialect_openai_completions, &chat,
        "{\"model\":\"chat@simulated\",\"prompt\":[\"go\"],\"logprobs\":2,\"n\":2}",
        "{\"prompt\":\"go\"}", "{\"logprobs\":true,\"n\":2,\"top_logprobs\":2}");
    static const struct {
        const char *count, *options;
    } alternatives[] = {{"false", "{}"}, {"0", "{\"logprobs\":true}"},
        {"1", "{\"logprobs\":true,\"top_logprobs\":1}"},
        {"5", "{\"logprobs\":true,\"top_logprobs\":5}"}};
    for (size_t i = 0; i < sizeof alternatives / sizeof *alternatives; i++) {
        char *body = wi_sprintf("{\"model\":\"chat@simulated\",\"prompt\":\"go\",\"logprobs\":%s}",
            alternatives[i].count);
        settles(&wi_dialect_openai_completions, &chat, body, "{\"prompt\":\"go\"}",
            alternatives[i].options);
        free(body);
    }
    settles(&wi_dialect_openai_embeddings, &embedder,
        "{\"model\":\"e@simulated\",\"input\":[\"a\",\"b\"],\"dimensions\":4,"
        "\"encoding_format\":\"base64\"}",
        "{\"texts\":[\"a\",\"b\"]}", "{\"dimensions\":4}");
    settles(&wi_dialect_openai_rerank, &embedder,
        "{\"model\":\"e@simulated\",\"query\":\"q\",\"documents\":[\"d\"],\"top_n\":1}",
        "{\"documents\":[\"d\"],\"query\":\"q\"}", "{}");
    settles(&wi_dialect_openai_tokenize, &chat,
        "{\"model\":\"chat@simulated\",\"content\":\"t\",\"add_special\":false}",
        "{\"add_special\":false,\"text\":\"t\"}", "{}");
}

TEST(test_ignored_and_neutral)
{
    settles(&wi_dialect_openai_chat, &chat,
        HEAD ",\"user\":\"u\",\"store\":true,\"metadata\":{\"a\":1},\"service_tier\":\"auto\","
             "\"parallel_tool_calls\":false,\"prompt_cache_key\":\"k\",\"safety_identifier\":\"s\","
             "\"verbosity\":\"low\",\"modalities\":[\"text\"],\"functions\":[],\"audio\":null,"
             "\"whatever\":null,\"temperature\":null,\"stream_options\":null}",
        "{\"messages\":[{\"content\":\"hello\",\"role\":\"user\"}]}", "{}");
    settles(&wi_dialect_openai_completions, &chat,
        "{\"model\":\"chat@simulated\",\"prompt\":\"p\",\"best_of\":1,\"echo\":false,"
        "\"suffix\":\"\"}",
        "{\"prompt\":\"p\"}", "{}");
}

/* Answers as the official clients give them back, and what they put beside what they ask. */
TEST(test_what_clients_send_back)
{
    settles(&wi_dialect_openai_chat, &chat,
        "{\"model\":\"chat@simulated\",\"messages\":["
        "{\"role\":\"system\",\"content\":[{\"type\":\"text\",\"text\":\"s\","
        "\"cache_control\":{\"type\":\"ephemeral\"}}]},"
        "{\"role\":\"assistant\",\"content\":\"a\",\"refusal\":null,\"annotations\":[],"
        "\"audio\":null,\"function_call\":null,\"tool_calls\":null,\"parsed\":{\"x\":1}},"
        "{\"role\":\"assistant\",\"content\":null},"
        "{\"role\":\"assistant\",\"content\":null,\"tool_calls\":[],\"refusal\":\"no\"},"
        "{\"role\":\"assistant\",\"content\":[{\"type\":\"refusal\",\"refusal\":\"never\"}]},"
        "{\"role\":\"assistant\",\"content\":null,\"tool_calls\":[{\"id\":\"c\",\"type\":"
        "\"function\",\"function\":{\"name\":\"f\",\"arguments\":\"{}\","
        "\"parsed_arguments\":{}}}]},"
        "{\"role\":\"user\",\"content\":\"u\",\"cache_control\":{}}]}",
        "{\"messages\":[{\"content\":[{\"text\":\"s\",\"type\":\"text\"}],\"role\":\"system\"},"
        "{\"content\":\"a\",\"role\":\"assistant\"},{\"content\":\"\",\"role\":\"assistant\"},"
        "{\"content\":\"no\",\"role\":\"assistant\"},"
        "{\"content\":[{\"text\":\"never\",\"type\":\"text\"}],\"role\":\"assistant\"},"
        "{\"content\":null,\"role\":\"assistant\",\"tool_calls\":[{\"function\":{\"arguments\":"
        "\"{}\",\"name\":\"f\"},\"id\":\"c\",\"type\":\"function\"}]},"
        "{\"content\":\"u\",\"role\":\"user\"}]}",
        "{}");
    settles(&wi_dialect_openai_chat, &chat, HEAD ",\"repetition_penalty\":1.5,\"max_tokens\":-1}",
        "{\"messages\":[{\"content\":\"hello\",\"role\":\"user\"}]}", "{\"repeat_penalty\":1.5}");
    settles(&wi_dialect_openai_chat, &chat, HEAD ",\"max_tokens\":9,\"max_completion_tokens\":-1}",
        "{\"messages\":[{\"content\":\"hello\",\"role\":\"user\"}]}", "{\"max_tokens\":9}");
    settles(&wi_dialect_openai_embeddings, &embedder,
        "{\"model\":\"e@simulated\",\"input\":\"a\",\"input_type\":\"query\"}",
        "{\"texts\":[\"a\"]}", "{}");
}

/* Each has its answers, one behind the other. */
TEST(test_several_prompts)
{
    static const char body[] = "{\"model\":\"chat@simulated\",\"prompt\":[\"a\",\"b\"],\"n\":2}";
    struct wi_infer infer;
    struct wi_error error;
    settles(
        &wi_dialect_openai_completions, &chat, body, "{\"prompts\":[\"a\",\"b\"]}", "{\"n\":2}");
    assert_int_equal(check(&wi_dialect_openai_completions, &infer, &chat, body, &error), WI_OK);
    assert_int_equal(((struct wi_openai_extras *)infer.extras)->answers, 4);
    wi_text_settle(&infer, &chat);
    assert_int_equal(infer.asked->task, WI_TASK_COMPLETE);
    assert_int_equal(wi_task_count(WI_TASK_COMPLETE, infer.asked->input, infer.asked->options), 4);
    wi_infer_clear(&infer);
    struct wi_buffer many = {0};
    wi_buffer_puts(&many, "{\"model\":\"chat@simulated\",\"n\":4,\"prompt\":[\"0\"");
    for (int i = 1; i < WI_TEXT_ANSWERS / 4; i++)
        wi_buffer_puts(&many, ",\"p\"");
    char *most = wi_sprintf("%s]}", many.text), *more = wi_sprintf("%s,\"p\"]}", many.text);
    assert_int_equal(check(&wi_dialect_openai_completions, &infer, &chat, most, &error), WI_OK);
    wi_infer_clear(&infer);
    assert_int_equal(
        check(&wi_dialect_openai_completions, &infer, &chat, more, &error), WI_INVALID_FIELD);
    assert_string_equal(error.expected, "at most 64 answers in all");
    wi_infer_clear(&infer);
    wi_buffer_clear(&many);
    free(most);
    free(more);
}

/* Where the configuration says so, and by their names. */
TEST(test_unknown_parameters_can_be_passed_over)
{
    static const char body[] =
        "{\"model\":\"chat@simulated\",\"web_search_options\":{},\"f\\r\\no:o\":1,"
        "\"best_of\":null,\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"text\","
        "\"text\":\"hi\",\"tone\":1}],\"mood\":1}]}";
    struct wi_infer infer = {.lenient = 1};
    struct wi_error error = {0};
    struct wi_blob *blob = wi_blob_new(NULL, sizeof body);
    assert_int_equal(wi_blob_append(blob, body, sizeof body - 1), 0);
    if (wi_dialect_parse(&wi_dialect_openai_chat, &infer, blob, sizeof body - 1, NULL, &error) !=
        WI_OK)
        fail_msg("%s", error.detail);
    static const char *const ignored[] = {
        "web_search_options", "f??o?o", "messages[0].mood", "messages[0].content[0].tone"};
    assert_int_equal(infer.ignored.count, 4);
    for (size_t i = 0; i < 4; i++)
        assert_true(wi_strings_contain(&infer.ignored, ignored[i]));
    char *got = json_dumps(infer.asked->input, JSON_COMPACT | JSON_SORT_KEYS);
    assert_string_equal(
        got, "[{\"content\":[{\"text\":\"hi\",\"type\":\"text\"}],\"role\":\"user\"}]");
    free(got);
    wi_blob_unref(blob);
    wi_infer_clear(&infer);
}

static void refuses(const struct wi_dialect *dialect, const struct wi_model *model,
    const char *body, const char *code, const char *param, const char *expected)
{
    struct wi_infer infer;
    struct wi_error error;
    struct wi_buffer text = {0};
    if (check(dialect, &infer, model, body, &error) == WI_OK)
        fail_msg("%s is taken", body);
    assert_string_equal(error.expected, expected);
    dialect->print_error(dialect, &text, &error, "req-1");
    json_t *whole = json_loads(text.text, 0, NULL), *told = json_object_get(whole, "error");
    const char *field = json_string_value(json_object_get(told, "param"));
    if (strcmp(json_string_value(json_object_get(told, "code")), code) != 0 ||
        strcmp(field ? field : "", param) != 0)
        fail_msg("%s: %s", body, text.text);
    assert_string_equal(json_string_value(json_object_get(told, "type")), "invalid_request_error");
    assert_int_equal(dialect->status(error.code), error.code == WI_BODY_TOO_LARGE ? 413 : 400);
    json_decref(whole);
    wi_buffer_clear(&text);
    wi_infer_clear(&infer);
}

TEST(test_refused)
{
    static const struct {
        const char *more, *code, *param, *expected;
    } rows[] = {
        {"\"warmth\":1", "unsupported_parameter", "warmth", ""},
        {"\"audio\":{}", "unsupported_parameter", "audio", ""},
        {"\"modalities\":[\"audio\"]", "unsupported_parameter", "modalities", ""},
        {"\"functions\":[{}]", "unsupported_parameter", "functions", ""},
        {"\"input\":\"x\"", "unsupported_parameter", "input", ""},
        {"\"temperature\":3", "invalid_field", "temperature", "0 to 2"},
        {"\"n\":1000", "invalid_field", "n", "1 to 64"},
        {"\"stream\":1", "invalid_field", "stream", "true or false"},
        {"\"stream_options\":{}", "invalid_field", "stream_options", ""},
        {"\"stream\":true,\"stream_options\":{\"x\":1}", "unsupported_parameter",
            "stream_options.x", ""},
        {"\"tools\":[{}]", "invalid_field", "tools[0]",
            "{\"type\": \"function\", \"function\": {\"name\", \"description\"?, "
            "\"parameters\"?}}"},
        {"\"logprobs\":2", "invalid_field", "logprobs", "true or false"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char *body = wi_sprintf(HEAD ",%s}", rows[i].more);
        refuses(
            &wi_dialect_openai_chat, &chat, body, rows[i].code, rows[i].param, rows[i].expected);
        free(body);
    }
    refuses(&wi_dialect_openai_chat, &chat, "{" SAID "}", "missing_field", "model", "a string");
    refuses(&wi_dialect_openai_chat, &chat, "{\"model\":\"m\"}", "missing_field", "messages", "");
    refuses(&wi_dialect_openai_chat, &chat, "{\"model\":\"a b\"," SAID "}", "invalid_field",
        "model", "");
    refuses(&wi_dialect_openai_chat, &chat, "[]", "bad_json", "", "");
    char *tools = wi_sprintf(HEAD ",\"tools\":[\"%0*d\"]}", 1 << 20, 0);
    refuses(&wi_dialect_openai_chat, &chat, tools, "body_too_large", "", "at most 1048576 bytes");
    free(tools);
    refuses(&wi_dialect_openai_chat, &chat,
        "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"image_url\","
        "\"image_url\":{\"url\":\"http://x\"}}]}]}",
        "invalid_field", "messages[0].content[0]",
        "{\"type\": \"text\", \"text\": string}, or {\"type\": \"image_url\", \"image_url\": "
        "{\"url\": \"data:image/png;base64,…\"}}");
    refuses(&wi_dialect_openai_chat, &embedder, "{\"model\":\"e@simulated\"," SAID "}",
        "input_invalid", "model", "");
    refuses(&wi_dialect_openai_embeddings, &embedder, "{\"model\":\"e@simulated\",\"input\":[1,2]}",
        "invalid_field", "input", "text");
    refuses(&wi_dialect_openai_embeddings, &embedder,
        "{\"model\":\"e@simulated\",\"input\":\"x\",\"stream\":true}", "unsupported_parameter",
        "stream", "");
    refuses(&wi_dialect_openai_completions, &chat,
        "{\"model\":\"chat@simulated\",\"prompt\":\"x\",\"best_of\":2}", "unsupported_parameter",
        "best_of", "");
    refuses(&wi_dialect_openai_completions, &chat,
        "{\"model\":\"chat@simulated\",\"prompt\":[1,2]}", "invalid_field", "prompt", "text");
    refuses(&wi_dialect_openai_tokenize, &chat,
        "{\"model\":\"chat@simulated\",\"prompt\":[\"a\",\"b\"]}", "invalid_field", "prompt",
        "a string");
    static const char *const counts[] = {"6", "-1", "1.5", "true"};
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        char *body = wi_sprintf(
            "{\"model\":\"chat@simulated\",\"prompt\":\"x\",\"logprobs\":%s}", counts[i]);
        refuses(&wi_dialect_openai_completions, &chat, body, "invalid_field", "logprobs", "0 to 5");
        free(body);
    }
}

TEST(two_names_of_one_parameter_are_refused_by_the_one_at_fault)
{
    refuses(&wi_dialect_openai_tokenize, &chat,
        "{\"model\":\"chat@simulated\",\"prompt\":\"a\",\"content\":true}", "invalid_field",
        "content", "");
    refuses(&wi_dialect_openai_tokenize, &chat,
        "{\"model\":\"chat@simulated\",\"prompt\":true,\"content\":\"a\"}", "invalid_field",
        "prompt", "");
    refuses(&wi_dialect_openai_chat, &chat,
        HEAD ",\"repetition_penalty\":0.6,\"repeat_penalty\":{\"x\":1}}", "invalid_field",
        "repeat_penalty", "");
    refuses(&wi_dialect_openai_chat, &chat,
        HEAD ",\"repetition_penalty\":true,\"repeat_penalty\":1}", "invalid_field",
        "repetition_penalty", "a number");
}

/* What is allowed is told once, and a client of token lists how it sends text. */
TEST(test_advice)
{
    static const struct {
        const char *body, *message;
    } rows[] = {
        {"{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"x\",\"mood\":1}]}",
            "there is no field messages[0].mood; allowed: role, content, name, tool_calls, "
            "tool_call_id, reasoning_content"},
        {"{\"model\":\"m\",\"messages\":[{\"role\":\"king\",\"content\":\"x\"}]}",
            "messages[0].role cannot be \"king\"; allowed: system, developer, user, assistant, "
            "tool"},
        {"{\"model\":\"m\",\"messages\":[],\"max_tokens\":0}",
            "max_tokens must be a number of tokens; expected: 1 to 10000000, or -1 for as many as "
            "fit"},
        {"{\"model\":\"m\",\"messages\":[]}", "messages has 0, outside 1 to 4096 messages"},
        {"{\"model\":\"m\",\"messages\":7}", "messages must be a list of messages, not an integer"},
    };
    struct wi_infer infer;
    struct wi_error error;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct wi_buffer text = {0};
        assert_int_not_equal(parse(&wi_dialect_openai_chat, &infer, rows[i].body, &error), WI_OK);
        wi_dialect_openai_chat.print_error(&wi_dialect_openai_chat, &text, &error, NULL);
        json_t *whole = json_loads(text.text, 0, NULL), *told = json_object_get(whole, "error");
        assert_string_equal(json_string_value(json_object_get(told, "message")), rows[i].message);
        json_decref(whole);
        wi_buffer_clear(&text);
        wi_infer_clear(&infer);
    }
    assert_int_not_equal(parse(&wi_dialect_openai_embeddings, &infer,
                             "{\"model\":\"m\",\"input\":[[1,2],[3]]}", &error),
        WI_OK);
    assert_non_null(strstr(error.detail, "check_embedding_ctx_length=False"));
    wi_infer_clear(&infer);
}

/* Who sends text to a model of tensors has the wrong model, not the wrong text. */
TEST(test_a_model_of_tensors)
{
    static const struct wi_model tensors = {.name = (char *)"tensors"};
    refuses(&wi_dialect_openai_rerank, &tensors,
        "{\"model\":\"tensors@simulated\",\"query\":\"q\",\"documents\":[\"d\"]}", "input_invalid",
        "model", "a list of {\"name\",\"datatype\",\"shape\",\"data\"}");
}

TEST(test_model)
{
    struct wi_infer infer;
    struct wi_error error;
    assert_int_equal(
        parse(&wi_dialect_openai_chat, &infer, "{\"model\":\"o/m:q@wasm\"," SAID "}", &error),
        WI_OK);
    assert_string_equal(infer.model_name, "o/m:q");
    assert_true(
        infer.asked->has_platform && infer.asked->platform == WI_WASM && !infer.asked->fallback);
    wi_infer_clear(&infer);
    assert_int_equal(
        parse(&wi_dialect_openai_chat, &infer, "{\"model\":\"m@firefox\"," SAID "}", &error),
        WI_OK);
    assert_string_equal(infer.asked->browser, "firefox");
    assert_true(!infer.asked->has_platform && infer.asked->fallback);
    wi_infer_clear(&infer);
}

/* --- errors ----------------------------------------------------------------------------------- */

TEST(test_errors)
{
    static const struct {
        enum wi_code code;
        int status;
        const char *type, *name;
    } rows[] = {
        {WI_INVALID_FIELD, 400, "invalid_request_error", "invalid_field"},
        {WI_INPUT_INVALID, 400, "invalid_request_error", "input_invalid"},
        {WI_CONTEXT_LENGTH, 400, "invalid_request_error", "context_length_exceeded"},
        {WI_UNAUTHORIZED, 401, "invalid_request_error", "invalid_api_key"},
        {WI_FORBIDDEN_RANK, 403, "permission_error", "rank"},
        {WI_MODEL_NOT_FOUND, 404, "invalid_request_error", "model_not_found"},
        {WI_BODY_TOO_LARGE, 413, "invalid_request_error", "body_too_large"},
        {WI_QUEUE_FULL, 429, "rate_limit_error", "rate_limit_exceeded"},
        {WI_CLIENT_SHARE, 429, "rate_limit_error", "rate_limit_exceeded"},
        {WI_INFERENCE_FAILED, 500, "server_error", "inference_failed"},
        {WI_ATTEMPTS_EXHAUSTED, 502, "server_error", "attempts_exhausted"},
        {WI_UNAVAILABLE, 503, "server_error", "unavailable"},
        {WI_DEADLINE_EXCEEDED, 504, "server_error", "deadline_exceeded"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct wi_error error;
        struct wi_buffer text = {0};
        wi_error_set(&error, rows[i].code, "inputs", "it is \"so\"");
        wi_error_expect(&error, "this");
        wi_dialect_openai_chat.print_error(&wi_dialect_openai_chat, &text, &error, NULL);
        char *expected =
            wi_sprintf("{\"error\":{\"message\":\"it is \\\"so\\\"; expected: this\",\"type\":"
                       "\"%s\",\"param\":\"messages\",\"code\":\"%s\"}}\n",
                rows[i].type, rows[i].name);
        assert_string_equal(text.text, expected);
        assert_int_equal(wi_dialect_status(&wi_dialect_openai_chat, rows[i].code), rows[i].status);
        free(expected);
        wi_buffer_clear(&text);
    }
}

TEST(test_fields_have_the_names_of_requests)
{
    static const struct {
        const char *field, *param;
    } rows[] = {{"model_name", "model"}, {"task", "model"}, {"browser", "model"},
        {"platform", "model"}, {"inputs", "input"}, {"inputs.texts", "input"},
        {"inputs.audio", "file"}, {"options.timestamps", "response_format"},
        {"options.dimensions", "dimensions"}, {"inputs.query", "query"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct wi_error error;
        struct wi_buffer text = {0};
        wi_error_set(&error, WI_INPUT_INVALID, rows[i].field, "it is wrong");
        wi_error_allow(&error, "others");
        wi_dialect_openai_embeddings.print_error(
            &wi_dialect_openai_embeddings, &text, &error, NULL);
        json_t *whole = json_loads(text.text, JSON_REJECT_DUPLICATES, NULL);
        json_t *told = json_object_get(whole, "error");
        assert_string_equal(json_string_value(json_object_get(told, "param")), rows[i].param);
        assert_string_equal(
            json_string_value(json_object_get(told, "message")), "it is wrong; allowed: others");
        json_decref(whole);
        wi_buffer_clear(&text);
    }
}

/* A model that tells no times was asked for some by the form of the answer. */
TEST(test_forms_without_times_are_named)
{
    static const struct {
        const char *field, *expected, *told;
    } rows[] = {{"options.timestamps", "none", "it is wrong; expected: json or text"},
        {"options.timestamps", "none or segment", "it is wrong; expected: none or segment"},
        {"options.language", "none", "it is wrong; expected: none"},
        {"options.timestamps", "", "it is wrong"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct wi_error error;
        struct wi_buffer text = {0};
        wi_error_set(&error, WI_INPUT_INVALID, rows[i].field, "it is wrong");
        wi_error_expect(&error, "%s", rows[i].expected);
        wi_dialect_openai_transcriptions.print_error(
            &wi_dialect_openai_transcriptions, &text, &error, NULL);
        json_t *whole = json_loads(text.text, JSON_REJECT_DUPLICATES, NULL);
        json_t *told = json_object_get(whole, "error");
        assert_string_equal(json_string_value(json_object_get(told, "message")), rows[i].told);
        json_decref(whole);
        wi_buffer_clear(&text);
    }
}

/* What is not known has the name that the request gave it. */
TEST(test_unknown_parameters_keep_their_names)
{
    static const char *const names[] = {"task", "platform", "inputs"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct wi_error error;
        struct wi_buffer text = {0};
        wi_error_set(&error, WI_UNKNOWN_FIELD, names[i], "it is not known");
        wi_dialect_openai_embeddings.print_error(
            &wi_dialect_openai_embeddings, &text, &error, NULL);
        json_t *whole = json_loads(text.text, JSON_REJECT_DUPLICATES, NULL);
        json_t *told = json_object_get(whole, "error");
        assert_string_equal(json_string_value(json_object_get(told, "param")), names[i]);
        json_decref(whole);
        wi_buffer_clear(&text);
    }
}

TEST(test_both)
{
    struct wi_error error;
    struct wi_buffer text = {0};
    wi_error_set(&error, WI_MODEL_NOT_FOUND, "model_name", "there is none");
    wi_dialect_openai_both.print_error(&wi_dialect_openai_both, &text, &error, "req-1");
    json_t *whole = json_loads(text.text, JSON_REJECT_DUPLICATES, NULL);
    assert_string_equal(json_string_value(json_object_get(whole, "code")), "model_not_found");
    assert_string_equal(json_string_value(json_object_get(whole, "detail")), "there is none");
    json_t *told = json_object_get(whole, "error");
    assert_string_equal(json_string_value(json_object_get(told, "param")), "model");
    assert_int_equal(wi_dialect_status(&wi_dialect_openai_both, WI_INPUT_INVALID), 422);
    json_decref(whole);
    wi_buffer_clear(&text);
}
