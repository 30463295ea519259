/* Answers in Ollama's forms, whole and in lines, made of what a node may say. */
#include "../../test.h"

#include "base/memory.h"
#include "wire/ollama/ollama.h"
#include <stdlib.h>
#include <string.h>

static struct wi_ollama_extras chats = {0}, generates = {.generates = 1}, loads = {.only_load = 1};
static const struct wi_infer chat = {.extras = &chats}, prompt = {.extras = &generates},
                             load = {.extras = &loads};

/* Without the time, which is now. */
static json_t *read_as(const char *text)
{
    json_error_t place;
    json_t *value = json_loads(text, JSON_REJECT_DUPLICATES, &place);
    if (!value)
        fail_msg("%s: %s", place.text, text);
    const char *time = json_string_value(json_object_get(value, "created_at"));
    assert_true(!time || (strlen(time) == 24 && time[10] == 'T' && time[23] == 'Z'));
    json_object_del(value, "created_at");
    return value;
}

static void is_line(const char *text, const char *expected)
{
    json_t *got = read_as(text), *wanted = read_as(expected);
    if (!json_equal(got, wanted))
        fail_msg("%s", text);
    json_decref(got);
    json_decref(wanted);
}

static struct wi_outcome outcome_of(const json_t *result)
{
    return (struct wi_outcome){.id = "job-1",
        .model_name = "m",
        .result = result,
        .account = wi_task_account(result),
        .total_ms = 10,
        .load_ms = 2.5,
        .inference_ms = 7};
}

static void printed(const struct wi_infer *infer, const char *result, const char *expected)
{
    struct wi_error error;
    json_t *said = json_loads(result, 0, NULL);
    const struct wi_outcome outcome = outcome_of(said);
    struct wi_printing *printing = wi_ollama_print_text(infer, &outcome, &error);
    wi_printing_run(printing);
    is_line(printing->text.text, expected);
    wi_printing_free(printing);
    json_decref(said);
}

#define SAID                                                                                       \
    "\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":2},\"timings\":{\"prompt_n\":3,"         \
    "\"prompt_ms\":1.5,\"predicted_n\":2,\"predicted_ms\":4}"
#define END                                                                                        \
    "\"total_duration\":10000000,\"load_duration\":2500000,\"prompt_eval_count\":3,"               \
    "\"prompt_eval_duration\":1500000,\"eval_count\":2,\"eval_duration\":4000000"

TEST(test_whole_answers)
{
    printed(&chat,
        "{\"text\":\"hi\",\"reasoning\":\"so\",\"finish_reason\":\"length\",\"logprobs\":[]," SAID
        "}",
        "{\"model\":\"m\",\"message\":{\"role\":\"assistant\",\"content\":\"hi\",\"thinking\":"
        "\"so\"},\"done\":true,\"done_reason\":\"length\",\"logprobs\":[]," END "}");
    printed(&prompt, "{\"text\":\"hi\",\"reasoning\":\"so\"," SAID "}",
        "{\"model\":\"m\",\"response\":\"hi\",\"thinking\":\"so\",\"done\":true,"
        "\"done_reason\":\"stop\"," END "}");
    printed(&load, "{\"tokens\":[5]}",
        "{\"model\":\"m\",\"message\":{\"role\":\"assistant\",\"content\":\"\"},\"done\":true,"
        "\"done_reason\":\"load\",\"total_duration\":10000000,\"load_duration\":2500000}");
    /* A node that tells no figures; what cannot be is none. */
    printed(&prompt, "{\"text\":7,\"usage\":{\"prompt_tokens\":-1},\"timings\":{}}",
        "{\"model\":\"m\",\"response\":\"\",\"done\":true,\"done_reason\":\"stop\","
        "\"total_duration\":10000000,\"load_duration\":2500000,\"prompt_eval_count\":0,"
        "\"prompt_eval_duration\":0,\"eval_count\":0,\"eval_duration\":7000000}");
}

/* Arguments are an object; a call that is none, or was cut short, is left out. */
TEST(test_whole_calls)
{
    printed(&chat,
        "{\"text\":\"\",\"finish_reason\":\"tool_calls\",\"tool_calls\":[{\"id\":\"c\","
        "\"function\":{\"name\":\"f\",\"arguments\":\"{\\\"a\\\":1}\"}},{\"function\":{\"name\":"
        "\"g\",\"arguments\":\"\"}},{\"function\":{\"name\":\"h\",\"arguments\":\"{\\\"a\"}},"
        "{\"function\":{\"name\":7,\"arguments\":\"{}\"}},{\"function\":{\"name\":\"i\","
        "\"arguments\":\"[]\"}},7]," SAID "}",
        "{\"model\":\"m\",\"message\":{\"role\":\"assistant\",\"content\":\"\",\"tool_calls\":["
        "{\"id\":\"c\",\"function\":{\"index\":0,\"name\":\"f\",\"arguments\":{\"a\":1}}},"
        "{\"function\":{\"index\":1,\"name\":\"g\",\"arguments\":{}}}]},\"done\":true,"
        "\"done_reason\":\"stop\"," END "}");
}

static void vectors(const struct wi_dialect *dialect, int64_t rows, const char *expected)
{
    static const float numbers[] = {0.5f, -2.0f, 1.0f, 0.25f};
    struct wi_tensors outputs = {0};
    struct wi_error error;
    size_t size = (size_t)rows * 2 * sizeof *numbers;
    struct wi_blob *blob = wi_blob_new(NULL, size);
    assert_int_equal(wi_blob_append(blob, numbers, size), 0);
    *wi_tensors_add(&outputs) = (struct wi_tensor){.name = wi_strdup("embeddings"),
        .datatype = WI_FP32,
        .rank = 2,
        .dims = {rows, 2},
        .blob = blob,
        .size = size};
    json_t *said = json_loads("{\"usage\":{\"prompt_tokens\":4}}", 0, NULL);
    struct wi_outcome outcome = outcome_of(said);
    outcome.outputs = &outputs;
    struct wi_printing *printing = dialect->print(&chat, &outcome, &error);
    assert_non_null(printing);
    wi_printing_run(printing);
    is_line(printing->text.text, expected);
    wi_printing_free(printing);
    json_decref(said);
    assert_null(dialect->print(&chat, &outcome, &error)); /* they were taken */
    assert_int_equal(error.code, WI_INFERENCE_FAILED);
}

TEST(test_vectors)
{
    vectors(&wi_dialect_ollama_embed, 2,
        "{\"model\":\"m\",\"embeddings\":[[0.5,-2],[1,0.25]],\"total_duration\":10000000,"
        "\"load_duration\":2500000,\"prompt_eval_count\":4}");
    vectors(&wi_dialect_ollama_embeddings, 1, "{\"embedding\":[0.5,-2]}");
}

/* --- streams ---------------------------------------------------------------------------------- */

static const struct wi_stream_face face = {&chat, "job-1", "m"},
                                   prompt_face = {&prompt, "job-1", "m"};

static void told(const struct wi_stream_face *to, const struct wi_part *part, const char *expected)
{
    struct wi_buffer text = {0};
    wi_ollama_stream_part(&text, to, part);
    if (!expected) {
        assert_int_equal(text.size, 0);
        return;
    }
    assert_int_equal(text.text[text.size - 1], '\n');
    assert_ptr_equal(strchr(text.text, '\n'), text.text + text.size - 1);
    is_line(text.text, expected);
    wi_buffer_clear(&text);
}

TEST(test_parts)
{
    json_t *thought = json_loads("{\"reasoning\":\"so\"}", 0, NULL);
    json_t *rated = json_loads("{\"logprobs\":[]}", 0, NULL);
    json_t *end = json_loads("{\"finish_reason\":\"stop\"}", 0, NULL);
    told(&face, &(struct wi_part){.text = "a\nb", .text_length = 3},
        "{\"model\":\"m\",\"message\":{\"role\":\"assistant\",\"content\":\"a\\nb\"},"
        "\"done\":false}");
    told(&prompt_face, &(struct wi_part){.text = "a", .text_length = 1},
        "{\"model\":\"m\",\"response\":\"a\",\"done\":false}");
    told(&prompt_face, &(struct wi_part){.result = thought},
        "{\"model\":\"m\",\"response\":\"\",\"thinking\":\"so\",\"done\":false}");
    told(&prompt_face, &(struct wi_part){.result = rated},
        "{\"model\":\"m\",\"response\":\"\",\"logprobs\":[],\"done\":false}");
    told(&face, &(struct wi_part){.result = end}, NULL);
    told(&face, &(struct wi_part){.index = 1, .text = "a", .text_length = 1}, NULL);
    json_decref(thought);
    json_decref(rated);
    json_decref(end);
}

static void gives_call(const char *result)
{
    json_t *said = json_loads(result, 0, NULL);
    told(&face, &(struct wi_part){.result = said}, NULL);
    json_decref(said);
}

/* Its lines, the last of them the end; the caller frees it. */
static char *ending(const char *result, uint64_t parts)
{
    struct wi_error error;
    json_t *said = json_loads(result, 0, NULL);
    struct wi_outcome outcome = outcome_of(said);
    outcome.parts = parts;
    struct wi_printing *printing = wi_ollama_stream_done(&chat, &outcome, &error);
    wi_printing_run(printing);
    char *text = wi_buffer_take(&printing->text);
    wi_printing_free(printing);
    json_decref(said);
    return text;
}

#define LAST                                                                                       \
    "{\"model\":\"m\",\"message\":{\"role\":\"assistant\",\"content\":\"\"},\"done\":true,"        \
    "\"done_reason\":\"stop\"," END "}"

/* Calls come in pieces, and are told whole; their memory is bounded. */
TEST(test_calls_of_a_stream)
{
    gives_call("{\"tool_calls\":[{\"index\":0,\"id\":\"c\",\"function\":{\"name\":\"f\","
               "\"arguments\":\"{\\\"a\"}}]}");
    gives_call("{\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":\"\\\":1}\"}},"
               "{\"index\":1,\"function\":{\"name\":\"g\",\"arguments\":\"{\"}},"
               "{\"index\":7,\"function\":{\"name\":\"h\"}},{\"index\":-1},7]}");
    char *text = ending("{\"finish_reason\":\"tool_calls\"," SAID "}", 2);
    char *second = strchr(text, '\n');
    *second++ = '\0';
    is_line(text,
        "{\"model\":\"m\",\"message\":{\"role\":\"assistant\",\"content\":\"\",\"tool_calls\":[{"
        "\"id\":\"c\",\"function\":{\"index\":0,\"name\":\"f\",\"arguments\":{\"a\":1}}}]},"
        "\"done\":false}");
    is_line(second, LAST);
    free(text);

    char *much =
        wi_sprintf("{\"tool_calls\":[{\"function\":{\"name\":\"f\",\"arguments\":\"%0*d\"}}]}",
            WI_OLLAMA_CALLS_BYTES / 2 + 1, 0);
    gives_call(much);
    gives_call(much);
    assert_int_equal(chats.calls.bytes, WI_OLLAMA_CALLS_BYTES / 2 + 1);
    free(much);
    text = ending("{" SAID "}", 2);
    is_line(text, LAST);
    free(text);
    assert_int_equal(chats.calls.count, 0);
}

/* A node that makes no parts has the answer at its end. */
TEST(test_an_answer_without_parts)
{
    char *text = ending("{\"text\":\"hi\"," SAID "}", 0);
    char *second = strchr(text, '\n');
    *second++ = '\0';
    is_line(text, "{\"model\":\"m\",\"message\":{\"role\":\"assistant\",\"content\":\"hi\"},"
                  "\"done\":false}");
    is_line(second, LAST);
    free(text);
}

TEST(test_errors_and_silence)
{
    const struct wi_dialect *dialect = &wi_dialect_ollama_chat;
    struct wi_buffer text = {0};
    struct wi_error error;
    assert_null(dialect->stream_begin);
    assert_null(dialect->stream_progress);
    assert_string_equal(wi_dialect_stream_type(dialect), "application/x-ndjson");
    assert_string_equal(wi_dialect_stream_alive(dialect), "");
    wi_error_set(&error, WI_STREAM_INTERRUPTED, NULL, "the node is gone");
    wi_error_expect(&error, "patience");
    dialect->stream_error(&text, &face, &error, "req-1");
    assert_string_equal(text.text, "{\"error\":\"the node is gone; expected: patience\"}\n");
    wi_buffer_clear(&text);
}
