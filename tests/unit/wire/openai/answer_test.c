/* Answers in OpenAI's forms, whole and in chunks, made of what a node may say. */
#include "../../test.h"

#include "base/memory.h"
#include "wire/openai/openai.h"
#include <stdlib.h>
#include <string.h>

static struct wi_openai_extras extras = {.created = 7, .answers = 1};
static struct wi_inference chatting = {.task = WI_TASK_CHAT},
                           completing = {.task = WI_TASK_COMPLETE};
static const struct wi_infer chat = {
    .dialect = &wi_dialect_openai_chat, .asked = &chatting, .extras = &extras};
static const struct wi_infer prompt = {.asked = &completing, .extras = &extras};

static json_t *load(const char *text)
{
    json_error_t place;
    json_t *value = json_loads(text, JSON_REJECT_DUPLICATES, &place);
    if (!value)
        fail_msg("%s: %s", place.text, text);
    return value;
}

static void printed(const struct wi_dialect *dialect, const struct wi_infer *infer,
    const char *result, struct wi_tensors *outputs, const char *expected)
{
    struct wi_tensors none = {0};
    struct wi_error error;
    json_t *said = load(result), *wanted = load(expected);
    const struct wi_outcome outcome = {
        .id = "job-1", .model_name = "m", .result = said, .outputs = outputs ? outputs : &none};
    struct wi_printing *printing = dialect->print(infer, &outcome, &error);
    assert_non_null(printing);
    wi_printing_run(printing);
    json_t *got = load(printing->text.text);
    if (!json_equal(got, wanted))
        fail_msg("%s", printing->text.text);
    assert_false(wi_printing_has_binary(printing));
    wi_printing_free(printing);
    json_decref(said);
    json_decref(wanted);
    json_decref(got);
}

#define USAGE                                                                                      \
    "\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":2,\"total_tokens\":5,"                   \
    "\"prompt_tokens_details\":{\"cached_tokens\":1}}"
#define SAID "\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":2,\"cached_tokens\":1}"

TEST(test_chat)
{
    printed(&wi_dialect_openai_chat, &chat,
        "{\"text\":\"hi\",\"tokens\":[1],\"finish_reason\":\"length\",\"reasoning\":\"so\"," SAID
        ",\"timings\":{\"prompt_n\":3}}",
        NULL,
        "{\"id\":\"chatcmpl-1\",\"object\":\"chat.completion\",\"created\":7,\"model\":\"m\","
        "\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":\"hi\","
        "\"refusal\":null,\"reasoning_content\":\"so\"},\"logprobs\":null,"
        "\"finish_reason\":\"length\"}]," USAGE ",\"timings\":{\"prompt_n\":3}}");
    printed(&wi_dialect_openai_chat, &chat,
        "{\"text\":\"\",\"finish_reason\":\"tool_calls\",\"tool_calls\":[{\"index\":0,\"id\":\"c\","
        "\"function\":{\"name\":\"f\",\"arguments\":\"{}\"}},7],\"logprobs\":[]," SAID "}",
        NULL,
        "{\"id\":\"chatcmpl-1\",\"object\":\"chat.completion\",\"created\":7,\"model\":\"m\","
        "\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":null,"
        "\"refusal\":null,\"tool_calls\":[{\"id\":\"c\",\"type\":\"function\",\"function\":{"
        "\"name\":\"f\",\"arguments\":\"{}\"}}]},\"logprobs\":{\"content\":[],\"refusal\":null},"
        "\"finish_reason\":\"tool_calls\"}]," USAGE "}");
    printed(&wi_dialect_openai_chat, &chat,
        "{\"choices\":[{\"index\":0,\"text\":\"a\"},{\"index\":1,\"text\":\"b\","
        "\"finish_reason\":\"odd\"}]," SAID "}",
        NULL,
        "{\"id\":\"chatcmpl-1\",\"object\":\"chat.completion\",\"created\":7,\"model\":\"m\","
        "\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":\"a\","
        "\"refusal\":null},\"logprobs\":null,\"finish_reason\":\"stop\"},{\"index\":1,\"message\":"
        "{\"role\":\"assistant\",\"content\":\"b\",\"refusal\":null},\"logprobs\":null,"
        "\"finish_reason\":\"stop\"}]," USAGE "}");
}

TEST(test_completion)
{
    printed(&wi_dialect_openai_completions, &prompt,
        "{\"text\":\"ab\",\"finish_reason\":\"stop\",\"logprobs\":[{\"token\":\"a\",\"id\":1,"
        "\"logprob\":-1.5,\"top_logprobs\":[{\"token\":\"c\",\"logprob\":-2.5},{\"token\":7}]},"
        "{\"token\":\"b\",\"logprob\":-0.5}]," SAID "}",
        NULL,
        "{\"id\":\"cmpl-1\",\"object\":\"text_completion\",\"created\":7,\"model\":\"m\","
        "\"choices\":[{\"index\":0,\"text\":\"ab\",\"logprobs\":{\"tokens\":[\"a\",\"b\"],"
        "\"token_logprobs\":[-1.5,-0.5],\"top_logprobs\":[{\"c\":-2.5},{}],\"text_offset\":[0,1]},"
        "\"finish_reason\":\"stop\"}]," USAGE "}");
}

TEST(test_completion_offsets_are_characters)
{
    /* "é", "日" in two tokens, "日" in one, "b" */
    printed(&wi_dialect_openai_completions, &prompt,
        "{\"text\":\"\",\"finish_reason\":\"stop\",\"logprobs\":["
        "{\"token\":\"\\u00e9\",\"logprob\":-1.0,\"bytes\":[195,169]},"
        "{\"token\":\"\\ufffd\",\"logprob\":-1.0,\"bytes\":[230,151]},"
        "{\"token\":\"\\ufffd\",\"logprob\":-1.0,\"bytes\":[165]},"
        "{\"token\":\"\\u65e5\",\"logprob\":-1.0},"
        "{\"token\":\"b\",\"logprob\":-1.0,\"bytes\":null}]," SAID "}",
        NULL,
        "{\"id\":\"cmpl-1\",\"object\":\"text_completion\",\"created\":7,\"model\":\"m\","
        "\"choices\":[{\"index\":0,\"text\":\"\",\"logprobs\":{\"tokens\":[\"\xc3\xa9\","
        "\"\xef\xbf\xbd\","
        "\"\xef\xbf\xbd\",\"\xe6\x97\xa5\",\"b\"],\"token_logprobs\":[-1.0,-1.0,-1.0,-1.0,-1.0],"
        "\"top_logprobs\":[{},{},{},{},{}],\"text_offset\":[0,1,1,2,3]},"
        "\"finish_reason\":\"stop\"}]," USAGE "}");
}

TEST(test_embeddings)
{
    static const float numbers[] = {0.5f, -2.0f, 1.0f, 0.25f};
    for (int base64 = 0; base64 < 2; base64++) {
        struct wi_tensors outputs = {0};
        struct wi_openai_extras own = {.base64 = base64};
        const struct wi_infer infer = {.extras = &own};
        struct wi_blob *blob = wi_blob_new(NULL, sizeof numbers);
        assert_int_equal(wi_blob_append(blob, numbers, sizeof numbers), 0);
        *wi_tensors_add(&outputs) = (struct wi_tensor){.name = wi_strdup("embeddings"),
            .datatype = WI_FP32,
            .rank = 2,
            .dims = {2, 2},
            .blob = blob,
            .size = sizeof numbers};
        printed(&wi_dialect_openai_embeddings, &infer, "{\"usage\":{\"prompt_tokens\":4}}",
            &outputs,
            base64 ? "{\"object\":\"list\",\"data\":[{\"object\":\"embedding\",\"index\":0,"
                     "\"embedding\":\"AAAAPwAAAMA=\"},{\"object\":\"embedding\",\"index\":1,"
                     "\"embedding\":\"AACAPwAAgD4=\"}],\"model\":\"m\",\"usage\":{"
                     "\"prompt_tokens\":4,\"total_tokens\":4}}"
                   : "{\"object\":\"list\",\"data\":[{\"object\":\"embedding\",\"index\":0,"
                     "\"embedding\":[0.5,-2]},{\"object\":\"embedding\",\"index\":1,"
                     "\"embedding\":[1,0.25]}],\"model\":\"m\",\"usage\":{"
                     "\"prompt_tokens\":4,\"total_tokens\":4}}");
        wi_tensors_clear(&outputs);
    }
}

TEST(test_ranking_and_tokens)
{
    json_t *documents = json_pack("[s,s,s]", "a", "b", "c");
    struct wi_openai_extras own = {.created = 7, .top = 2, .documents = documents};
    const struct wi_infer infer = {.extras = &own};
    printed(&wi_dialect_openai_rerank, &infer, "{\"scores\":[0.5,2.5,1.5]}", NULL,
        "{\"id\":\"rerank-1\",\"object\":\"list\",\"created\":7,\"model\":\"m\",\"results\":["
        "{\"index\":1,\"relevance_score\":2.5,\"document\":{\"text\":\"b\"}},"
        "{\"index\":2,\"relevance_score\":1.5,\"document\":{\"text\":\"c\"}}],"
        "\"usage\":{\"prompt_tokens\":0,\"total_tokens\":0}}");
    printed(&wi_dialect_openai_tokenize, &chat, "{\"tokens\":[5,6]}", NULL,
        "{\"model\":\"m\",\"tokens\":[5,6],\"count\":2}");
    json_decref(documents);
}

/* --- streams ---------------------------------------------------------------------------------- */

#define CHUNK                                                                                      \
    "data: {\"id\":\"chatcmpl-1\",\"object\":\"chat.completion.chunk\",\"created\":7,"             \
    "\"model\":\"m\",\"choices\":"

static void written(struct wi_buffer *text, const char *expected)
{
    assert_string_equal(text->text ? text->text : "", expected);
    wi_buffer_clear(text);
}

TEST(test_chunks)
{
    const struct wi_stream_face face = {&chat, "job-1", "m"};
    struct wi_buffer text = {0};
    json_t *thought = load("{\"reasoning\":\"so\",\"tool_calls\":[{\"index\":1,\"function\":{"
                           "\"arguments\":\"{\"}}]}");
    json_t *over = load("{\"finish_reason\":\"stop\"}");
    const struct wi_part plain = {.text = "hi", .text_length = 2};
    const struct wi_part odd = {.result = thought, .index = 2};
    const struct wi_part last = {.result = over};
    wi_dialect_openai_chat.stream_begin(&text, &face);
    written(&text, CHUNK "[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"},"
                         "\"logprobs\":null,\"finish_reason\":null}]}\n\n");
    wi_dialect_openai_chat.stream_part(&text, &face, &plain);
    written(&text, CHUNK "[{\"index\":0,\"delta\":{\"content\":\"hi\"},\"logprobs\":null,"
                         "\"finish_reason\":null}]}\n\n");
    wi_dialect_openai_chat.stream_part(&text, &face, &odd);
    written(&text, CHUNK "[{\"index\":2,\"delta\":{\"reasoning_content\":\"so\",\"tool_calls\":[{"
                         "\"index\":1,\"function\":{\"arguments\":\"{\"}}]},\"logprobs\":null,"
                         "\"finish_reason\":null}]}\n\n");
    wi_dialect_openai_chat.stream_part(&text, &face, &last);
    written(&text, "");
    json_decref(thought);
    json_decref(over);
}

static void ended(
    const struct wi_infer *infer, const char *result, uint64_t parts, const char *expected)
{
    json_t *said = load(result);
    struct wi_error error;
    const struct wi_outcome outcome = {
        .id = "job-1", .model_name = "m", .result = said, .parts = parts};
    struct wi_printing *printing = wi_dialect_openai_chat.stream_done(infer, &outcome, &error);
    wi_printing_run(printing);
    assert_string_equal(printing->text.text, expected);
    wi_printing_free(printing);
    json_decref(said);
}

TEST(test_ends)
{
    struct wi_openai_extras more = {.created = 7, .answers = 1, .include_usage = 1};
    const struct wi_infer asks = {.asked = &chatting, .extras = &more};
    ended(&chat, "{\"finish_reason\":\"length\",\"timings\":{\"a\":1}," SAID "}", 3,
        CHUNK "[{\"index\":0,\"delta\":{},\"logprobs\":null,\"finish_reason\":\"length\"}],"
              "\"timings\":{\"a\":1}}\n\ndata: [DONE]\n\n");
    ended(&asks, "{\"finish_reason\":\"stop\",\"timings\":{\"a\":1}," SAID "}", 3,
        CHUNK "[{\"index\":0,\"delta\":{},\"logprobs\":null,\"finish_reason\":\"stop\"}],"
              "\"usage\":null}\n\n" CHUNK "[]," USAGE ",\"timings\":{\"a\":1}}\n\n"
              "data: [DONE]\n\n");
    ended(&chat, "{\"text\":\"all\",\"finish_reason\":\"stop\"}", 0,
        CHUNK "[{\"index\":0,\"delta\":{\"content\":\"all\"},\"logprobs\":null,"
              "\"finish_reason\":null}]}\n\n" CHUNK
              "[{\"index\":0,\"delta\":{},\"logprobs\":null,\"finish_reason\":\"stop\"}]}\n\n"
              "data: [DONE]\n\n");
}

TEST(test_failure)
{
    const struct wi_stream_face face = {&chat, "job-1", "m"};
    const struct wi_progress progress = {.phase = "loading"};
    struct wi_buffer text = {0};
    struct wi_error error;
    wi_error_set(&error, WI_STREAM_INTERRUPTED, NULL, "it broke off");
    wi_dialect_openai_chat.stream_error(&text, &face, &error, "req-1");
    written(&text, "data: {\"error\":{\"message\":\"it broke off\",\"type\":\"server_error\","
                   "\"param\":null,\"code\":\"stream_interrupted\"}}\n\n");
    wi_dialect_openai_chat.stream_progress(&text, &face, &progress, 0);
    assert_int_equal(text.text[0], ':'); /* a comment */
    wi_buffer_clear(&text);
}
