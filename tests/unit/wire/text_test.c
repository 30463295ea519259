/* Text in the native dialect: its forms, the task that a model makes of it, its options. */
#include "text_models.h"

#include "wire/text.h"
#include <stdlib.h>
#include <string.h>

/* What errors say is expected. */
#define FORMS                                                                                      \
    "{\"messages\"}, {\"query\", \"documents\"}, {\"text\", \"text_pair\"}, {\"pairs\"}, "         \
    "{\"question\", \"context\"}, {\"text\" or \"texts\", \"labels\"}, or {\"image\"} or "         \
    "{\"audio\"}, which may have \"labels\""
#define BIASES "{TOKEN: number}, TOKEN being the number of a token and each number from -100 to 100"
#define SIXTEEN_TOKENS "at most 1024 bytes, 64 for each token"

static struct wi_model picture = {.name = (char *)"picture", .facts.spec.takes_picture = 1};

/* The body with these inputs and this behind them, read and held against the model. */
static enum wi_code check(struct wi_infer *infer, const struct wi_model *model, const char *inputs,
    const char *more, struct wi_error *error)
{
    char *body = wi_sprintf("{\"model_name\":\"m\",\"platform\":\"simulated\",\"inputs\":%s%s%s}",
        inputs, *more ? "," : "", more);
    enum wi_code code = parse(&wi_dialect_native, infer, body, error);
    if (code == WI_OK)
        code = wi_dialect_native.check(infer, model, &limits, error);
    free(body);
    return code;
}

#define SAID "[{\"role\":\"user\",\"content\":\"hello\"}]"

/* --- what goes to a node --------------------------------------------------------------------- */

static void settles(const struct wi_model *model, const char *inputs, const char *more,
    const char *task, const char *input, const char *options)
{
    struct wi_infer infer;
    struct wi_error error;
    if (check(&infer, model, inputs, more, &error) != WI_OK)
        fail_msg("%s: %s", inputs, error.detail);
    wi_text_settle(&infer, model);
    assert_string_equal(wi_task_name(infer.asked->task), task);
    char *got = json_dumps(infer.asked->input, JSON_COMPACT | JSON_SORT_KEYS);
    assert_string_equal(got, input);
    free(got);
    got = infer.asked->options ? json_dumps(infer.asked->options, JSON_COMPACT | JSON_SORT_KEYS)
                               : strdup("");
    assert_string_equal(got, options);
    free(got);
    wi_infer_clear(&infer);
}

TEST(test_tasks)
{
    settles(&chat, "\"go on\"", "", "complete", "{\"prompt\":\"go on\"}", "");
    settles(&chat, "{\"messages\":" SAID "}", "", "chat",
        "{\"messages\":[{\"content\":\"hello\",\"role\":\"user\"}]}", "");
    settles(&embedder, "\"a\"", "", "embed", "{\"texts\":[\"a\"]}", "");
    settles(&embedder, "[\"a\",\"b\"]", "\"options\":{\"dimensions\":4}", "embed",
        "{\"texts\":[\"a\",\"b\"]}", "{\"dimensions\":4}");
    settles(&embedder, "{\"query\":\"q\",\"documents\":[\"d\"]}", "", "rerank",
        "{\"documents\":[\"d\"],\"query\":\"q\"}", "");
    settles(&chat, "\"t\"", "\"task\":\"tokenize\"", "tokenize",
        "{\"add_special\":true,\"text\":\"t\"}", "");
    settles(&embedder, "\"t\"", "\"task\":\"tokenize\",\"options\":{\"add_special\":false}",
        "tokenize", "{\"add_special\":false,\"text\":\"t\"}", "{}");
}

TEST(test_canonical_form)
{
    settles(&chat, "\"p\"", "\"options\":{\"stop\":\"x\",\"seed\":null,\"temperature\":1}",
        "complete", "{\"prompt\":\"p\"}", "{\"stop\":[\"x\"],\"temperature\":1}");
    settles(&chat,
        "{\"messages\":[{\"role\":\"developer\",\"content\":\"be brief\",\"name\":null},"
        "{\"role\":\"assistant\",\"refusal\":null,\"tool_calls\":[{\"id\":\"c\",\"type\":"
        "\"function\",\"function\":{\"name\":\"f\",\"arguments\":\"{}\"}}]},"
        "{\"role\":\"tool\",\"tool_call_id\":\"c\",\"content\":[{\"type\":\"text\","
        "\"text\":\"9\"}]}]}",
        "", "chat",
        "{\"messages\":[{\"content\":\"be brief\",\"role\":\"system\"},"
        "{\"content\":null,\"role\":\"assistant\",\"tool_calls\":[{\"function\":{"
        "\"arguments\":\"{}\",\"name\":\"f\"},\"id\":\"c\",\"type\":\"function\"}]},"
        "{\"content\":[{\"text\":\"9\",\"type\":\"text\"}],\"role\":\"tool\","
        "\"tool_call_id\":\"c\"}]}",
        "");
}

/* --- refusals -------------------------------------------------------------------------------- */

static void refuses(const struct wi_model *model, const char *inputs, const char *more,
    enum wi_code code, const char *field, const char *expected)
{
    struct wi_infer infer;
    struct wi_error error;
    enum wi_code got = check(&infer, model, inputs, more, &error);
    if (got != code || strcmp(error.field, field) != 0)
        fail_msg("%s %s: %s, field \"%s\": %s", inputs, more, wi_code_name(got), error.field,
            error.detail);
    assert_true(strlen(error.detail) > 10);
    assert_string_equal(error.expected, expected);
    wi_infer_clear(&infer);
}

TEST(test_models)
{
    refuses(&chat, "[]", "", WI_INPUT_INVALID, "inputs",
        "a string, a list of strings, {\"messages\": […]} or {\"query\", \"documents\"}");
    refuses(&picture, "\"text\"", "", WI_INPUT_INVALID, "inputs",
        "a picture: {\"image\":\"<base64>\"}, or a list of tensors");
    refuses(&chat, "[\"a\",\"b\"]", "", WI_INPUT_INVALID, "inputs", "");
    refuses(&embedder, "{\"messages\":" SAID "}", "", WI_INPUT_INVALID, "inputs", "");
    refuses(&embedder, "\"a\"", "\"task\":\"complete\"", WI_INPUT_INVALID, "task", "");
    refuses(&chat, "\"a\"", "\"task\":\"chat\"", WI_INPUT_INVALID, "inputs",
        "{\"messages\": [{\"role\", \"content\"}]}");
    refuses(&chat, "\"a\"", "\"task\":\"image-classification\"", WI_INPUT_INVALID, "task", "");
    refuses(&chat, "\"a\"", "\"precision\":\"fp16\"", WI_PRECISION_UNSUPPORTED, "precision", "");
    refuses(&chat, "\"a\"", "\"outputs\":[\"x\"]", WI_OUTPUT_UNKNOWN, "outputs", "none");
    refuses(&embedder, "\"a\"", "\"outputs\":[\"x\"]", WI_OUTPUT_UNKNOWN, "outputs", "embeddings");
}

/* A folder does so with its tokenizer, of which one that sees has none. */
TEST(test_who_tokenizes)
{
    struct wi_model vit = {.name = (char *)"vit",
        .type = WI_TYPE_VISION,
        .engine = WI_ENGINE_PIPELINE,
        .format = WI_FORMAT_HUGGINGFACE};
    struct wi_infer infer;
    struct wi_error error;
    wi_task_list_add(&vit.facts.tasks, WI_TASK_IMAGE_CLASSIFICATION);
    refuses(&vit, "\"t\"", "\"task\":\"tokenize\"", WI_INPUT_INVALID, "task", "");
    assert_int_equal(check(&infer, &vit, "\"t\"", "\"task\":\"chat\"", &error), WI_INPUT_INVALID);
    assert_string_equal(error.allowed, "image-classification");
    wi_infer_clear(&infer);
    wi_manifest_add(&vit.manifest, "tokenizer.json");
    settles(&vit, "\"t\"", "\"task\":\"tokenize\"", "tokenize",
        "{\"add_special\":true,\"text\":\"t\"}", "");
    wi_manifest_clear(&vit.manifest);
}

TEST(test_inputs)
{
    static const struct {
        const char *inputs, *field;
        enum wi_code code;
        const char *expected;
    } rows[] = {
        {"{}", "inputs", WI_INVALID_FIELD, FORMS},
        {"7", "inputs", WI_INVALID_FIELD,
            "a list of tensors, a picture: {\"image\":\"<base64>\"}, or text: a string, a list of "
            "strings, {\"messages\": [...]}"},
        {"\"a\\u0000b\"", "inputs", WI_INVALID_FIELD, ""},
        {"[\"a\",7]", "inputs[1]", WI_INVALID_FIELD, "a string"},
        {"{\"messages\":[]}", "inputs.messages", WI_INVALID_FIELD, "1 to 4096 messages"},
        {"{\"messages\":\"x\"}", "inputs.messages", WI_INVALID_FIELD, "a list of messages"},
        {"{\"messages\":[7]}", "inputs.messages[0]", WI_INVALID_FIELD, "an object"},
        {"{\"messages\":[{\"content\":\"x\"}]}", "inputs.messages[0].role", WI_MISSING_FIELD,
            "a string"},
        {"{\"messages\":[{\"role\":\"king\",\"content\":\"x\"}]}", "inputs.messages[0].role",
            WI_INVALID_FIELD, ""},
        {"{\"messages\":[{\"role\":\"user\"}]}", "inputs.messages[0].content", WI_MISSING_FIELD,
            ""},
        {"{\"messages\":[{\"role\":\"user\",\"content\":7}]}", "inputs.messages[0].content",
            WI_INVALID_FIELD, "a string, or a list of parts"},
        {"{\"messages\":[{\"role\":\"user\",\"content\":\"x\",\"mood\":1}]}",
            "inputs.messages[0].mood", WI_UNKNOWN_FIELD, ""},
        {"{\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"image_url\",\"image_url\":"
         "{\"url\":\"http://x/y.png\"}}]}]}",
            "inputs.messages[0].content[0]", WI_INVALID_FIELD,
            "{\"type\": \"text\", \"text\": string}, or {\"type\": \"image_url\", \"image_url\": "
            "{\"url\": \"data:image/png;base64,…\"}}"},
        {"{\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":7}]}]}",
            "inputs.messages[0].content[0].text", WI_INVALID_FIELD, "a string"},
        {"{\"messages\":[{\"role\":\"user\",\"content\":\"x\",\"tool_calls\":[{\"function\":{}}]}"
         "]}",
            "inputs.messages[0].tool_calls", WI_INVALID_FIELD, ""},
        {"{\"messages\":[{\"role\":\"assistant\",\"tool_calls\":[{\"function\":{}}]}]}",
            "inputs.messages[0].tool_calls[0].function.name", WI_MISSING_FIELD, "a string"},
        {"{\"query\":\"q\"}", "inputs.documents", WI_INVALID_FIELD, ""},
        {"{\"query\":\"q\",\"documents\":[]}", "inputs.documents", WI_INVALID_FIELD,
            "1 to 2048 texts"},
        {"{\"messages\":" SAID ",\"image\":\"x\"}", "inputs", WI_INVALID_FIELD, FORMS},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        refuses(&chat, rows[i].inputs, "", rows[i].code, rows[i].field, rows[i].expected);
}

TEST(test_options)
{
    static const struct {
        const char *options, *field;
        enum wi_code code;
        const char *expected;
    } rows[] = {
        {"\"warmth\":1", "options.warmth", WI_UNKNOWN_FIELD, ""},
        {"\"max_tokens\":0", "options.max_tokens", WI_INVALID_FIELD, "1 to 10000000"},
        {"\"temperature\":2.5", "options.temperature", WI_INVALID_FIELD, "0 to 2"},
        {"\"temperature\":\"hot\"", "options.temperature", WI_INVALID_FIELD, "a number"},
        {"\"n\":1000", "options.n", WI_INVALID_FIELD, "1 to 64"},
        {"\"n\":0", "options.n", WI_INVALID_FIELD, "1 to 64"},
        {"\"context\":15", "options.context", WI_INVALID_FIELD, "16 to 10000000"},
        {"\"stop\":[\"\"]", "options.stop[0]", WI_INVALID_FIELD,
            "a string of 1 to 256 bytes without a NUL character"},
        {"\"stop\":7", "options.stop", WI_INVALID_FIELD,
            "a string, or a list of at most 16 strings"},
        {"\"logit_bias\":{\"x\":1}", "options.logit_bias", WI_INVALID_FIELD, BIASES},
        {"\"logit_bias\":{\"1\":101}", "options.logit_bias", WI_INVALID_FIELD, BIASES},
        {"\"logit_bias\":{\"1\":-101}", "options.logit_bias", WI_INVALID_FIELD, BIASES},
        {"\"top_logprobs\":2", "options.top_logprobs", WI_INVALID_FIELD,
            "absent, or together with logprobs: true"},
        {"\"tools\":[{}]", "options.tools[0]", WI_INVALID_FIELD,
            "{\"type\": \"function\", \"function\": {\"name\", \"description\"?, "
            "\"parameters\"?}}"},
        {"\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"two words\"}}]",
            "options.tools[0].function.name", WI_INVALID_FIELD,
            "1 to 64 letters, digits, \"_\" and \"-\""},
        {"\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"\"}}]",
            "options.tools[0].function.name", WI_INVALID_FIELD,
            "1 to 64 letters, digits, \"_\" and \"-\""},
        {"\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"f\",\"description\":1}}]",
            "options.tools[0].function.description", WI_INVALID_FIELD, "a string"},
        {"\"tool_choice\":\"required\"", "options.tool_choice", WI_INVALID_FIELD,
            "none, auto, required (with tools), or {\"type\": \"function\", \"function\": "
            "{\"name\"}} with the name of one of the tools"},
        {"\"response_format\":{\"type\":\"xml\"}", "options.response_format", WI_INVALID_FIELD,
            "{\"type\": \"text\"}, {\"type\": \"json_object\"} or {\"type\": \"json_schema\", "
            "\"json_schema\": {\"name\", \"schema\"}}"},
        {"\"json_schema\":{},\"grammar\":\"root ::= [a]\"", "options.grammar", WI_INVALID_FIELD,
            "alone: only one of grammar, json_schema and response_format can be kept to"},
        {"\"dimensions\":4", "options.dimensions", WI_UNKNOWN_FIELD, ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char *more = wi_sprintf("\"options\":{%s}", rows[i].options);
        refuses(
            &chat, "{\"messages\":" SAID "}", more, rows[i].code, rows[i].field, rows[i].expected);
        free(more);
    }
    refuses(&chat, "\"p\"", "\"options\":{\"tools\":[]}", WI_UNKNOWN_FIELD, "options.tools", "");
    refuses(&embedder, "\"p\"", "\"options\":{\"max_tokens\":1}", WI_UNKNOWN_FIELD,
        "options.max_tokens", "");
}

TEST(test_good_options)
{
    struct wi_infer infer;
    struct wi_error error;
    if (check(&infer, &chat, "{\"messages\":" SAID "}",
            "\"options\":{\"max_tokens\":10,\"temperature\":0,\"top_p\":1,\"top_k\":40,"
            "\"min_p\":0.1,\"repeat_penalty\":1.1,\"frequency_penalty\":-2,"
            "\"presence_penalty\":2,\"logit_bias\":{\"17\":-100,\"18\":100},\"stop\":[\"a\",\"b\"],"
            "\"seed\":-5,\"n\":4,\"logprobs\":true,\"top_logprobs\":20,\"tools\":[{\"type\":"
            "\"function\",\"function\":{\"name\":\"f\",\"parameters\":{}}}],"
            "\"tool_choice\":{\"type\":\"function\",\"function\":{\"name\":\"f\"}},"
            "\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{\"schema\":{}}},"
            "\"chat_template_kwargs\":{\"x\":[1]},\"deterministic\":true,\"context\":100}",
            &error) != WI_OK)
        fail_msg("%s: %s", error.field, error.detail);
    wi_infer_clear(&infer);
}

static char *nested(const char *name, int depth)
{
    struct wi_buffer out = {0};
    wi_buffer_printf(&out, "\"options\":{\"%s\":", name);
    for (int i = 0; i < depth; i++)
        wi_buffer_puts(&out, "{\"a\":");
    wi_buffer_puts(&out, "1");
    for (int i = 0; i < depth; i++)
        wi_buffer_puts(&out, "}");
    wi_buffer_puts(&out, "}");
    return wi_buffer_take(&out);
}

TEST(test_depth_and_size)
{
    struct wi_infer infer;
    struct wi_error error;
    char *good = nested("json_schema", WI_TEXT_DEPTH), *deep = nested("json_schema", 33);
    char *kwargs = nested("chat_template_kwargs", 2000), *text, *more;
    assert_int_equal(check(&infer, &chat, "\"p\"", good, &error), WI_OK);
    wi_infer_clear(&infer);
    refuses(
        &chat, "\"p\"", deep, WI_INVALID_FIELD, "options.json_schema", "JSON of at most 32 levels");
    refuses(&chat, "{\"messages\":" SAID "}", kwargs, WI_INVALID_FIELD,
        "options.chat_template_kwargs", "JSON of at most 32 levels");
    text = wi_sprintf("\"%0*d\"", WI_TEXT_SCHEMA + 1, 0);
    more = wi_sprintf("\"options\":{\"json_schema\":{\"a\":%s}}", text);
    refuses(&chat, "\"p\"", more, WI_INVALID_FIELD, "options.json_schema",
        "JSON of at most 65536 bytes");
    free(more);
    more = wi_sprintf("\"options\":{\"grammar\":%s}", text);
    refuses(&chat, "\"p\"", more, WI_INVALID_FIELD, "options.grammar", "1 to 65536 bytes");
    free(more);
    refuses(&chat, text, "\"options\":{\"context\":1024}", WI_CONTEXT_LENGTH, "inputs",
        "at most 65536 bytes, 64 for each token");
    free(text);
    text = wi_sprintf("\"%0*d\"", WI_TEXT_MAX + 1, 0);
    refuses(&chat, text, "", WI_BODY_TOO_LARGE, "inputs", "at most 4194304 bytes");
    free(text);
    free(good);
    free(deep);
    free(kwargs);
}

/* Texts that say nothing cost no bytes of text, but the loop has to go through them. */
TEST(test_count)
{
    struct wi_infer infer;
    struct wi_error error;
    for (int most = WI_TEXT_COUNT; most <= WI_TEXT_COUNT + 1; most++) {
        struct wi_buffer inputs = {0};
        char last[80];
        wi_buffer_puts(&inputs, "{\"messages\":[");
        for (int i = 0; i < most; i++)
            wi_buffer_strings(&inputs,
                i % 4096 ? ","
                : i      ? "]},"
                         : "",
                i % 4096 ? "" : "{\"role\":\"user\",\"content\":[",
                "{\"type\":\"text\",\"text\":\"\"}", NULL);
        wi_buffer_puts(&inputs, "]}]}");
        snprintf(last, sizeof last, "inputs.messages[%d].content[%d].text", WI_TEXT_COUNT / 4096,
            WI_TEXT_COUNT % 4096);
        if (most <= WI_TEXT_COUNT)
            assert_int_equal(check(&infer, &chat, inputs.text, "", &error), WI_OK);
        else
            refuses(&chat, inputs.text, "", WI_INVALID_FIELD, last,
                "at most 16384 texts in a request, the parts of messages and calls counted");
        if (most <= WI_TEXT_COUNT)
            wi_infer_clear(&infer);
        wi_buffer_clear(&inputs);
    }
}

/* What a model makes of options is checked on the loop, which is not to go through megabytes. */
TEST(test_many_options)
{
    char *text = wi_sprintf("%0*d", 1 << 20, 0);
    char *more = wi_sprintf("\"options\":{\"json_schema\":{\"a\":\"%s\"}}", text);
    refuses(&chat, "\"p\"", more, WI_BODY_TOO_LARGE, "options", "at most 1048576 bytes");
    free(more);
    /* Beside a large input they may be as they are. */
    char *input = wi_sprintf("\"%s\"", text);
    refuses(&chat, input, "\"options\":{\"colour\":1}", WI_UNKNOWN_FIELD, "options.colour", "");
    free(input);
    free(text);
}

/* What is asked for, as far as the model goes; else what fits. */
TEST(test_context)
{
    struct wi_model small = chat;
    char *text = wi_sprintf("\"%0*d\"", 64 * 16 + 1, 0);
    refuses(
        &small, text, "\"options\":{\"context\":16}", WI_CONTEXT_LENGTH, "inputs", SIXTEEN_TOKENS);
    small.facts.context = 16;
    refuses(
        &small, text, "\"options\":{\"context\":100}", WI_CONTEXT_LENGTH, "inputs", SIXTEEN_TOKENS);
    small.facts.memory.context = 100;
    refuses(&small, text, "", WI_CONTEXT_LENGTH, "inputs", SIXTEEN_TOKENS);
    small.facts.context = 0;
    small.facts.memory.context = 16;
    refuses(&small, text, "", WI_CONTEXT_LENGTH, "inputs", SIXTEEN_TOKENS);
    free(text);
}

/* Tokens that the vocabulary lacks would change nothing. */
TEST(test_biased_tokens)
{
    static const char *const biases[] = {"\"options\":{\"logit_bias\":{\"0\":1,\"99\":-1}}",
        "\"options\":{\"logit_bias\":{\"0\":1,\"100\":-1}}"};
    struct wi_model known = chat, folder = {.name = (char *)"folder",
                                      .type = WI_TYPE_TEXT_GENERATION,
                                      .engine = WI_ENGINE_PIPELINE,
                                      .format = WI_FORMAT_HUGGINGFACE,
                                      .facts.vocabulary = 100};
    const struct wi_model *models[] = {&known, &folder, &chat};
    known.facts.vocabulary = 100;
    for (size_t i = 0; i < 3; i++) {
        for (size_t bias = 0; bias < 2; bias++) {
            int refused = bias == 1 && i < 2; /* of the third nobody knows how many it has */
            struct wi_infer infer;
            struct wi_error error;
            enum wi_code code = check(&infer, models[i], "\"a\"", biases[bias], &error);
            assert_int_equal(code, refused ? WI_INPUT_INVALID : WI_OK);
            if (refused) {
                assert_string_equal(error.field, "options.logit_bias");
                assert_string_equal(error.expected, "tokens from 0 to 99");
                assert_non_null(strstr(error.detail, "none is number 100"));
            }
            wi_infer_clear(&infer);
        }
    }
}

TEST(test_engine)
{
    struct wi_infer infer;
    struct wi_error error;
    assert_int_equal(parse(&wi_dialect_native, &infer,
                         "{\"model_name\":\"m\",\"platform\":\"native\",\"inputs\":\"p\"}", &error),
        WI_OK);
    assert_int_equal(wi_dialect_native.check(&infer, &chat, &limits, &error), WI_OK);
    assert_true(wi_infer_timeout_ms(&infer, chat.type) == 600000);
    wi_infer_clear(&infer);
}
