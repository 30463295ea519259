/* Requests for Responses: items become messages, parameters the options of a chat. */
#include "../settling.h"

#include "wire/responses/responses.h"

static const struct wi_dialect *const dialect = &wi_dialect_openai_responses;

static void becomes(const char *body, const char *messages, const char *options)
{
    settles_in(dialect, &chat, body, "messages", messages, options);
}

#define HEAD "{\"model\":\"chat@simulated\","

TEST(what_is_said_becomes_messages)
{
    becomes(HEAD "\"input\":\"a\"}", "[{\"content\":\"a\",\"role\":\"user\"}]", "{}");
    becomes(HEAD "\"instructions\":\"i\",\"input\":[{\"role\":\"developer\",\"content\":\"d\"},"
                 "{\"type\":\"message\",\"role\":\"user\",\"content\":[{\"type\":\"input_text\","
                 "\"text\":\"a\"},{\"type\":\"input_text\",\"text\":\"b\"}]},"
                 "{\"role\":\"user\",\"content\":\"c\"}]}",
        "[{\"content\":[{\"text\":\"i\",\"type\":\"text\"},{\"text\":\"d\",\"type\":\"text\"}],"
        "\"role\":\"system\"},"
        "{\"content\":[{\"text\":\"a\",\"type\":\"text\"},{\"text\":\"b\",\"type\":\"text\"}],"
        "\"role\":\"user\"},{\"content\":\"c\",\"role\":\"user\"}]",
        "{}");
}

/* One turn of the assistant's is one message, whatever it is made of. */
TEST(what_was_answered_becomes_one_message)
{
    becomes(HEAD
        "\"input\":["
        "{\"type\":\"reasoning\",\"id\":\"rs_1\",\"summary\":[],\"content\":["
        "{\"type\":\"reasoning_text\",\"text\":\"t\"}],\"encrypted_content\":null},"
        "{\"type\":\"message\",\"id\":\"msg_1\",\"status\":\"completed\",\"role\":"
        "\"assistant\",\"content\":[{\"type\":\"output_text\",\"text\":\"s\","
        "\"annotations\":[],\"logprobs\":[]}]},"
        "{\"type\":\"function_call\",\"id\":\"fc_1\",\"call_id\":\"c\",\"name\":\"f\","
        "\"arguments\":\"{}\",\"status\":\"completed\"},"
        "{\"type\":\"function_call_output\",\"call_id\":\"c\",\"output\":\"r\"},"
        "{\"type\":\"reasoning\",\"summary\":[{\"type\":\"summary_text\",\"text\":\"u\"}]},"
        "{\"type\":\"function_call\",\"call_id\":\"d\",\"name\":\"f\",\"arguments\":\"{}\"}"
        "]}",
        "[{\"content\":\"s\",\"reasoning_content\":\"t\",\"role\":\"assistant\",\"tool_calls\":["
        "{\"function\":{\"arguments\":\"{}\",\"name\":\"f\"},\"id\":\"c\",\"type\":\"function\"}]},"
        "{\"content\":\"r\",\"role\":\"tool\",\"tool_call_id\":\"c\"},"
        "{\"content\":null,\"reasoning_content\":\"u\",\"role\":\"assistant\",\"tool_calls\":["
        "{\"function\":{\"arguments\":\"{}\",\"name\":\"f\"},\"id\":\"d\",\"type\":\"function\"}]}"
        "]",
        "{}");
}

TEST(parameters_become_options)
{
    becomes(HEAD
        "\"input\":\"a\",\"max_output_tokens\":5,\"temperature\":0.5,\"top_k\":3,\"seed\":1,"
        "\"tools\":[{\"type\":\"custom\",\"name\":\"no\"},{\"type\":\"function\",\"name\":\"f\","
        "\"description\":\"d\",\"parameters\":{\"type\":\"object\"},\"strict\":true}],"
        "\"tool_choice\":{\"type\":\"function\",\"name\":\"f\"},\"top_logprobs\":2,"
        "\"text\":{\"verbosity\":\"low\",\"format\":{\"type\":\"json_schema\",\"name\":\"n\","
        "\"schema\":{}}},\"store\":true,\"reasoning\":{\"effort\":\"high\"}}",
        "[{\"content\":\"a\",\"role\":\"user\"}]",
        "{\"logprobs\":true,\"max_tokens\":5,\"response_format\":{\"json_schema\":{\"name\":\"n\","
        "\"schema\":{},\"type\":\"json_schema\"},\"type\":\"json_schema\"},\"seed\":1,"
        "\"temperature\":0.5,\"tool_choice\":{\"function\":{\"name\":\"f\"},\"type\":\"function\"},"
        "\"tools\":[{\"function\":{\"description\":\"d\",\"name\":\"f\",\"parameters\":{\"type\":"
        "\"object\"},\"strict\":true},\"type\":\"function\"}],\"top_k\":3,\"top_logprobs\":2}");
}

TEST(errors_have_the_path_of_the_request)
{
    static const struct {
        const char *rest, *field;
        enum wi_code code;
        const char *expected;
    } rows[] = {
        {"\"input\":[{\"role\":\"user\",\"content\":[{\"type\":\"input_text\",\"text\":1}]}]}",
            "input[0].content[0].text", WI_INVALID_FIELD, "a string"},
        {"\"input\":[{\"role\":\"user\",\"content\":\"a\",\"mood\":1}]}", "input[0].mood",
            WI_UNKNOWN_FIELD, ""},
        {"\"input\":[{\"type\":\"function_call\",\"call_id\":\"c\",\"name\":\"f\","
         "\"arguments\":\"a\\u0000b\"}]}",
            "input[0].arguments", WI_INVALID_FIELD, ""},
        {"\"input\":[{\"type\":\"reasoning\",\"summary\":[1]}]}", "input[0].summary[0].text",
            WI_INVALID_FIELD, "a string"},
        {"\"input\":[{\"role\":\"assistant\",\"content\":[{\"type\":\"input_image\",\"image_url\":"
         "\"data:image/png;base64,AAAA\"}]}]}",
            "input[0].content[0]", WI_INVALID_FIELD, "text"},
        {"\"input\":[1]}", "input[0]", WI_INVALID_FIELD, "an object"},
        {"\"input\":1}", "input", WI_INVALID_FIELD, "a string, or a list of items"},
        {"\"input\":[]}", "input", WI_INVALID_FIELD, "1 to 4096 messages"},
        {"\"instructions\":[],\"input\":\"a\"}", "instructions", WI_INVALID_FIELD, "a string"},
        {"\"input\":\"a\",\"text\":{\"format\":{\"type\":\"json_schema\",\"schema\":{\"a\":"
         "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]}}}}",
            "text.format.schema", WI_INVALID_FIELD, "JSON of at most 32 levels"},
        {"\"input\":\"a\",\"tools\":[{\"type\":\"function\",\"name\":\"f\",\"parameters\":{\"a\":"
         "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]}}]}",
            "tools[0].parameters", WI_INVALID_FIELD, "JSON of at most 32 levels"},
        {"\"input\":\"a\",\"background\":true}", "background", WI_UNKNOWN_FIELD, ""},
        {"\"input\":\"a\",\"include\":[\"a\",1]}", "include[1]", WI_INVALID_FIELD, "a string"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char body[600];
        struct wi_infer infer;
        struct wi_error error;
        snprintf(body, sizeof body, HEAD "%s", rows[i].rest);
        assert_int_equal(check(dialect, &infer, &chat, body, &error), rows[i].code);
        assert_string_equal(error.field, rows[i].field);
        assert_string_equal(error.expected, rows[i].expected);
        assert_non_null(strstr(error.detail, rows[i].field));
        wi_infer_clear(&infer);
    }
}
