/* Requests of Ollama's clients: three lists of parameters, and what becomes of each. */
#include "../settling.h"
#include "../text_models.h"

#include "base/memory.h"
#include "wire/ollama/ollama.h"
#include <string.h>

#define CHATS &wi_dialect_ollama_chat
#define GENERATES &wi_dialect_ollama_generate
#define EMBEDS &wi_dialect_ollama_embed

/* A PNG of 4 × 4 pixels: its head, which is all that is looked at. */
#define PNG "iVBORw0KGgoAAAANSUhEUgAAAAQAAAAECAIAAAAmkwkp"

static struct wi_model folder = {.name = (char *)"folder",
    .type = WI_TYPE_MULTIMODAL,
    .engine = WI_ENGINE_PIPELINE,
    .format = WI_FORMAT_HUGGINGFACE,
    .facts.tasks = {2, {WI_TASK_VISUAL_QUESTION, WI_TASK_CHAT}}};

#define SAID "\"messages\":[{\"role\":\"user\",\"content\":\"hello\"}]"
#define HEARD "{\"messages\":[{\"content\":\"hello\",\"role\":\"user\"}]}"
#define HEAD "{\"model\":\"chat:latest@simulated\"," SAID

TEST(test_honoured)
{
    settles(CHATS, &chat,
        HEAD ",\"options\":{\"num_predict\":5,\"num_ctx\":512,\"temperature\":0.5,\"top_k\":3,"
             "\"top_p\":0.5,\"min_p\":0.25,\"seed\":7,\"stop\":[\"x\"],\"repeat_penalty\":1.5,"
             "\"frequency_penalty\":1,\"presence_penalty\":-1},\"logprobs\":true,"
             "\"top_logprobs\":2,\"think\":\"high\"}",
        HEARD,
        "{\"chat_template_kwargs\":{\"enable_thinking\":true,\"reasoning_effort\":\"high\"},"
        "\"context\":512,\"frequency_penalty\":1,\"logprobs\":true,\"max_tokens\":5,\"min_p\":0.25,"
        "\"presence_penalty\":-1,\"repeat_penalty\":1.5,\"seed\":7,\"stop\":[\"x\"],"
        "\"temperature\":0.5,\"top_k\":3,\"top_logprobs\":2,\"top_p\":0.5}");
    settles(CHATS, &chat, HEAD ",\"format\":\"json\",\"think\":false}", HEARD,
        "{\"chat_template_kwargs\":{\"enable_thinking\":false},"
        "\"response_format\":{\"type\":\"json_object\"}}");
    settles(CHATS, &chat, HEAD ",\"format\":{\"type\":\"object\"}}", HEARD,
        "{\"json_schema\":{\"type\":\"object\"}}");
    settles(EMBEDS, &embedder,
        "{\"model\":\"e@simulated\",\"input\":[\"a\",\"b\"],\"dimensions\":4,"
        "\"options\":{\"num_ctx\":64,\"temperature\":1}}",
        "{\"texts\":[\"a\",\"b\"]}", "{\"context\":64,\"dimensions\":4,\"normalize\":true}");
    settles(&wi_dialect_ollama_embeddings, &embedder,
        "{\"model\":\"e@simulated\",\"prompt\":\"a\"}", "{\"texts\":[\"a\"]}", "{}");
}

TEST(test_ignored_and_neutral)
{
    settles(CHATS, &chat,
        HEAD ",\"keep_alive\":\"5m\",\"format\":\"\",\"shift\":false,\"truncate\":false,"
             "\"whatever\":null,\"options\":{\"num_predict\":-1,\"seed\":-1,\"num_gpu\":1,"
             "\"num_thread\":8,\"mirostat\":0,\"typical_p\":1.0,\"repeat_last_n\":64,"
             "\"use_mmap\":true,\"stop\":null}}",
        HEARD, "{}");
    settles(CHATS, &chat, HEAD ",\"options\":{\"num_predict\":-2}}", HEARD, "{}");
}

/* A prompt is a conversation, unless it is raw. */
TEST(test_prompts)
{
    settles(GENERATES, &chat, "{\"model\":\"m@simulated\",\"prompt\":\"hello\"}", HEARD, "{}");
    settles(GENERATES, &chat,
        "{\"model\":\"m@simulated\",\"prompt\":\"go\",\"system\":\"brief\",\"suffix\":\"\","
        "\"context\":[],\"template\":\"\"}",
        "{\"messages\":[{\"content\":\"brief\",\"role\":\"system\"},{\"content\":\"go\","
        "\"role\":\"user\"}]}",
        "{}");
    settles(GENERATES, &chat, "{\"model\":\"m@simulated\",\"prompt\":\"go\",\"raw\":true}",
        "{\"prompt\":\"go\"}", "{}");
}

/* What is sent back as it was answered: arguments are an object there, and text to a template. */
TEST(test_calls_and_thoughts)
{
    settles(CHATS, &chat,
        "{\"model\":\"m@simulated\",\"messages\":[{\"role\":\"user\",\"content\":\"x\"},"
        "{\"role\":\"assistant\",\"content\":\"\",\"thinking\":\"so\",\"tool_calls\":[{\"id\":"
        "\"c\",\"function\":{\"index\":0,\"name\":\"f\",\"arguments\":{\"a\":[1]}}}]},"
        "{\"role\":\"tool\",\"tool_name\":\"f\",\"content\":\"rain\"},{\"role\":\"assistant\"}]}",
        "{\"messages\":[{\"content\":\"x\",\"role\":\"user\"},{\"content\":\"\","
        "\"reasoning_content\":\"so\",\"role\":\"assistant\",\"tool_calls\":[{\"function\":{"
        "\"arguments\":\"{\\\"a\\\":[1]}\",\"name\":\"f\"},\"id\":\"c\"}]},{\"content\":\"rain\","
        "\"name\":\"f\",\"role\":\"tool\"},{\"content\":\"\",\"role\":\"assistant\"}]}",
        "{}");
}

/* They lie beside the text of a message, in base64 alone, and become tensors. */
TEST(test_pictures)
{
    struct wi_infer infer;
    struct wi_error error;
    assert_int_equal(check(CHATS, &infer, &folder,
                         "{\"model\":\"m@simulated\",\"messages\":[{\"role\":\"user\","
                         "\"content\":\"what?\",\"images\":[\"" PNG "\",\"" PNG "\"]}]}",
                         &error),
        WI_OK);
    assert_int_equal(infer.asked->tensors.count, 2);
    assert_int_equal(infer.picture.width, 4);
    char *got = json_dumps(infer.asked->input, JSON_COMPACT | JSON_SORT_KEYS);
    assert_non_null(strstr(got, "{\"text\":\"what?\",\"type\":\"text\"}"));
    assert_null(strstr(got, PNG));
    free(got);
    wi_infer_clear(&infer);
    assert_int_equal(check(GENERATES, &infer, &folder,
                         "{\"model\":\"m@simulated\",\"images\":[\"" PNG "\"]}", &error),
        WI_OK);
    assert_int_equal(infer.asked->tensors.count, 1);
    wi_infer_clear(&infer);
}

/* Clients say what only some models take, whatever the model. */
TEST(test_what_a_format_has_anyway)
{
    settles(CHATS, &folder, HEAD ",\"options\":{\"num_ctx\":4096}}", HEARD, "{}");
    static struct wi_model vectors = {.name = (char *)"vectors",
        .type = WI_TYPE_TEXT_EMBEDDING,
        .engine = WI_ENGINE_PIPELINE,
        .format = WI_FORMAT_HUGGINGFACE};
    settles(EMBEDS, &vectors, "{\"model\":\"e@simulated\",\"input\":\"a\"}", "{\"texts\":[\"a\"]}",
        "{\"normalize\":true,\"truncate\":true}");
    settles(EMBEDS, &vectors, "{\"model\":\"e@simulated\",\"input\":\"a\",\"truncate\":false}",
        "{\"texts\":[\"a\"]}", "{\"normalize\":true}");
}

/* A stream unless it is not wanted; and what has nothing to answer only loads. */
TEST(test_streams_and_loads)
{
    static const struct {
        const struct wi_dialect *dialect;
        const char *body;
        int stream, loads;
    } rows[] = {
        {CHATS, HEAD "}", 1, 0},
        {CHATS, HEAD ",\"stream\":false}", 0, 0},
        {CHATS, "{\"model\":\"m@simulated\",\"messages\":[],\"options\":{\"num_ctx\":64}}", 0, 1},
        {CHATS, "{\"model\":\"m@simulated\"}", 0, 1},
        {GENERATES, "{\"model\":\"m@simulated\",\"keep_alive\":-1}", 0, 1},
        {GENERATES, "{\"model\":\"m@simulated\",\"prompt\":\"\",\"raw\":true}", 0, 1},
        {EMBEDS, "{\"model\":\"m@simulated\",\"input\":\"x\"}", 0, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct wi_infer infer;
        struct wi_error error;
        const struct wi_model *model = rows[i].dialect == EMBEDS ? &embedder : &chat;
        if (check(rows[i].dialect, &infer, model, rows[i].body, &error) != WI_OK)
            fail_msg("%s: %s", rows[i].body, error.detail);
        const struct wi_ollama_extras *extras = infer.extras;
        assert_int_equal(infer.asked->stream, rows[i].stream);
        assert_int_equal(extras->only_load, rows[i].loads);
        assert_int_equal(infer.asked->task == WI_TASK_TOKENIZE, rows[i].loads);
        wi_infer_clear(&infer);
    }
}

static void refuses(const struct wi_dialect *dialect, const struct wi_model *model,
    const char *body, enum wi_code code, const char *said, const char *expected)
{
    struct wi_infer infer;
    struct wi_error error;
    struct wi_buffer text = {0};
    assert_int_equal(check(dialect, &infer, model, body, &error), code);
    assert_string_equal(error.expected, expected);
    dialect->print_error(dialect, &text, &error, "req-1");
    json_t *told = json_loads(text.text, 0, NULL);
    const char *got = json_string_value(json_object_get(told, "error"));
    assert_int_equal(json_object_size(told), 1);
    if (!got || strncmp(got, said, strlen(said)) != 0)
        fail_msg("%s: %s", body, text.text);
    json_decref(told);
    wi_buffer_clear(&text);
    wi_infer_clear(&infer);
}

TEST(test_refused)
{
    static const struct {
        const char *more;
        enum wi_code code;
        const char *said, *expected;
    } rows[] = {
        {"\"warmth\":1", WI_UNKNOWN_FIELD, "the parameter warmth is not supported here", ""},
        {"\"prompt\":\"x\"", WI_UNKNOWN_FIELD, "the parameter prompt", ""},
        {"\"tool_choice\":\"auto\"", WI_UNKNOWN_FIELD, "the parameter tool_choice", ""},
        {"\"options\":7", WI_INVALID_FIELD, "options must be an object", "an object"},
        {"\"options\":{\"mirostat\":1}", WI_UNKNOWN_FIELD, "the parameter options.mirostat is not",
            ""},
        {"\"options\":{\"num_ctx\":1}", WI_INVALID_FIELD, "options.num_ctx", "16 to 10000000"},
        {"\"options\":{\"num_predict\":0}", WI_INVALID_FIELD, "options.num_predict must be",
            "1 to 10000000, or -1 for as many as fit"},
        {"\"options\":{\"num_predict\":\"5\"}", WI_INVALID_FIELD, "options.num_predict must be",
            "1 to 10000000, or -1 for as many as fit"},
        {"\"options\":{\"seed\":\"x\"}", WI_INVALID_FIELD, "options.seed must be", "an integer"},
        {"\"options\":{\"top_p\":2}", WI_INVALID_FIELD, "options.top_p", "0 to 1"},
        {"\"options\":{\"stop\":[\"\"]}", WI_INVALID_FIELD, "stop[0] must be",
            "a string of 1 to 256 bytes without a NUL character"},
        {"\"format\":\"xml\"", WI_INVALID_FIELD, "format is neither", "\"json\", or a JSON schema"},
        {"\"format\":7", WI_INVALID_FIELD, "format is neither", "\"json\", or a JSON schema"},
        {"\"think\":1", WI_INVALID_FIELD, "think cannot be that; allowed: true", ""},
        {"\"keep_alive\":true", WI_INVALID_FIELD, "keep_alive must be",
            "a duration such as \"5m\", or a number of seconds"},
        {"\"stream\":1", WI_INVALID_FIELD, "stream must be", "true or false"},
        {"\"tools\":[{}]", WI_INVALID_FIELD, "tools[0] must be",
            "{\"type\": \"function\", \"function\": {\"name\", \"description\"?, "
            "\"parameters\"?}}"},
        {"\"top_logprobs\":2", WI_INVALID_FIELD, "top_logprobs must be",
            "absent, or together with logprobs: true"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char *body = wi_sprintf(HEAD ",%s}", rows[i].more);
        refuses(CHATS, &chat, body, rows[i].code, rows[i].said, rows[i].expected);
        free(body);
    }
    refuses(CHATS, &chat, "{" SAID "}", WI_MISSING_FIELD, "model is missing", "a string");
    refuses(CHATS, &chat, "[]", WI_BAD_JSON, "", "");
    refuses(CHATS, &embedder, HEAD "}", WI_INPUT_INVALID, "embedder is a model of the type", "");
    refuses(
        CHATS, &folder, HEAD ",\"format\":\"json\"}", WI_UNKNOWN_FIELD, "format is for GGUF", "");
    char *tools = wi_sprintf(HEAD ",\"tools\":[\"%0*d\"]}", 1 << 20, 0);
    refuses(CHATS, &chat, tools, WI_BODY_TOO_LARGE, "the options have", "at most 1048576 bytes");
    free(tools);
}

#define MESSAGE(text) "{\"model\":\"m@simulated\",\"messages\":[{\"role\":\"user\"," text "}]}"

TEST(test_refused_messages_and_prompts)
{
    refuses(CHATS, &chat, MESSAGE("\"content\":[{\"type\":\"text\",\"text\":\"x\"}]"),
        WI_INVALID_FIELD, "messages[0].content must be a string", "a string");
    refuses(CHATS, &chat, MESSAGE("\"mood\":1"), WI_UNKNOWN_FIELD,
        "there is no field messages[0].mood; allowed: role, content, thinking, images", "");
    refuses(CHATS, &chat, MESSAGE("\"images\":[7]"), WI_INVALID_FIELD,
        "messages[0].images[0] must be a string, not an integer; expected: a picture in base64",
        "a picture in base64");
    refuses(CHATS, &folder, MESSAGE("\"images\":[\"http://x/y.png\"]"), WI_PICTURE_INVALID, "",
        "PNG, JPEG or WebP in base64, or a data URI such as \"data:image/png;base64,…\"");
    refuses(CHATS, &chat, MESSAGE("\"images\":[\"" PNG "\"]"), WI_INVALID_FIELD,
        "messages[0].images[0] is a picture, and chat takes none", "");
    refuses(CHATS, &chat,
        MESSAGE("\"tool_calls\":[{\"function\":{\"name\":\"f\",\"arguments\":{}}}]"),
        WI_INVALID_FIELD, "messages[0] has tool_calls", "");
    refuses(GENERATES, &chat,
        "{\"model\":\"m@simulated\",\"prompt\":\"x\",\"images\":[\"" PNG "\"]}", WI_INVALID_FIELD,
        "images[0] is a picture, and chat takes none", "");
    refuses(GENERATES, &chat, "{\"model\":\"m@simulated\",\"prompt\":7}", WI_INVALID_FIELD,
        "prompt must be a string", "a string");
    refuses(GENERATES, &chat, "{\"model\":\"m@simulated\",\"prompt\":\"x\",\"system\":\"\\u0000\"}",
        WI_INVALID_FIELD, "", "");
    refuses(GENERATES, &chat, "{\"model\":\"m@simulated\",\"prompt\":\"x\",\"suffix\":\"y\"}",
        WI_UNKNOWN_FIELD, "the parameter suffix", "");
    refuses(GENERATES, &chat,
        "{\"model\":\"m@simulated\",\"prompt\":\"x\",\"raw\":true,\"think\":true}",
        WI_INVALID_FIELD, "raw goes on with the prompt as it is", "");
    static const char *const never[] = {"0", "0.0", "\"0\"", "\"0s\""};
    for (size_t i = 0; i < sizeof never / sizeof *never; i++) {
        char *body = wi_sprintf("{\"model\":\"m@simulated\",\"keep_alive\":%s}", never[i]);
        refuses(GENERATES, &chat, body, WI_INVALID_FIELD, "keep_alive 0 without",
            "another value, or none");
        free(body);
    }
    refuses(CHATS, &chat, "{\"model\":\"m@simulated\",\"messages\":[],\"logprobs\":\"x\"}",
        WI_INVALID_FIELD, "logprobs must be true or false",
        "true or false"); /* though it would only load */
    refuses(CHATS, &chat, "{\"model\":\"m@simulated\",\"messages\":[],\"top_logprobs\":-1}",
        WI_INVALID_FIELD, "top_logprobs", "0 to 20");
    refuses(CHATS, &chat, "{\"model\":\"m@simulated\",\"messages\":[],\"think\":1}",
        WI_INVALID_FIELD, "think cannot be that", "");
    refuses(
        EMBEDS, &embedder, "{\"model\":\"e@simulated\"}", WI_MISSING_FIELD, "input is missing", "");
    refuses(EMBEDS, &embedder, "{\"model\":\"e@simulated\",\"input\":[7]}", WI_INVALID_FIELD,
        "input[0] must be a string", "a string");
}

/* Where the configuration says so, and by their names. */
TEST(test_unknown_parameters_can_be_passed_over)
{
    static const char body[] = "{\"model\":\"m@simulated\",\"foo\":1,\"options\":{\"bar\":1},"
                               "\"messages\":[{\"role\":\"user\",\"content\":\"x\",\"mood\":1}]}";
    struct wi_infer infer = {.lenient = 1};
    struct wi_error error = {0};
    struct wi_blob *blob = wi_blob_new(NULL, sizeof body);
    assert_int_equal(wi_blob_append(blob, body, sizeof body - 1), 0);
    if (wi_dialect_parse(&wi_dialect_ollama_chat, &infer, blob, sizeof body - 1, NULL, &error) !=
        WI_OK)
        fail_msg("%s", error.detail);
    static const char *const ignored[] = {"foo", "options.bar", "messages[0].mood"};
    assert_int_equal(infer.ignored.count, 3);
    for (size_t i = 0; i < 3; i++)
        assert_true(wi_strings_contain(&infer.ignored, ignored[i]));
    wi_blob_unref(blob);
    wi_infer_clear(&infer);
}
