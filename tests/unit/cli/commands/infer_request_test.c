/* The request that `webinfer infer` makes from its arguments. */
#include "../../test.h"
#include "cli/arguments.h"

#include "cli/commands/infer.h"
#include "cli/npy.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char directory[] = "/tmp/webinfer-infer-XXXXXX";
static char path[64], tensor[80];

static int set_up(void **state)
{
    strcpy(directory + strlen(directory) - 6, "XXXXXX");
    if (!mkdtemp(directory))
        return -1;
    snprintf(path, sizeof path, "%s/file", directory);
    snprintf(tensor, sizeof tensor, "x=%s", path);
    return 0;
}

static int tear_down(void **state)
{
    unlink(path);
    return rmdir(directory);
}

static void write_file(const void *bytes, size_t size)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    fclose(file);
}

struct made {
    struct wi_buffer body;
    size_t json_size;
    long timeout_ms;
    struct wi_error error;
    json_t *json; /* of a good one */
};

static enum wi_code make(struct made *made, const char **words)
{
    struct wi_arguments arguments;
    enum wi_code code;
    int count = 0;
    while (words[count])
        count++;
    memset(made, 0, sizeof *made);
    assert_int_equal(wi_arguments_parse(&arguments, count, (char **)words, &made->error), WI_OK);
    json_t *asked = json_pack("{s:s}", "model_name", arguments.positionals[0]);
    code = wi_cli_infer_request(
        &arguments, asked, &made->body, &made->json_size, &made->timeout_ms, &made->error);
    json_decref(asked);
    if (code == WI_OK) {
        made->json = json_loadb(
            made->body.text, made->json_size ? made->json_size : made->body.size, 0, NULL);
        assert_non_null(made->json);
    }
    wi_arguments_clear(&arguments);
    return code;
}
#define MAKE(made, ...) make(made, (const char *[]){"webinfer", "infer", __VA_ARGS__, NULL})

static void clear(struct made *made)
{
    wi_buffer_clear(&made->body);
    json_decref(made->json);
}

static void assert_json(const json_t *value, const char *expected)
{
    char *text = json_dumps(value, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY);
    assert_string_equal(text, expected);
    free(text);
}

FIXTURE(set_up, tear_down)

TEST(sends_a_file_behind_the_json)
{
    struct made made;
    write_file("\x89PNG", 4);
    assert_int_equal(MAKE(&made, "digits", "--image", path, "--platform", "wasm", "--no-fallback",
                         "--timeout", "2s", "--priority", "7"),
        WI_OK);
    assert_int_equal(made.body.size, made.json_size + 4);
    assert_memory_equal(made.body.text + made.json_size, "\x89PNG", 4);
    assert_int_equal(made.timeout_ms, 2000);
    assert_json(made.json, "{\"fallback\":false,\"inputs\":{\"image\":{\"binary_data_size\":4}},"
                           "\"model_name\":\"digits\","
                           "\"platform\":\"wasm\",\"priority\":7,\"timeout_ms\":2000}");
    clear(&made);
    write_file("", 0);
    assert_int_not_equal(MAKE(&made, "digits", "--image", path), WI_OK);
    assert_non_null(strstr(made.error.detail, "is empty"));
    clear(&made);
}

#define BEHIND "{\"binary_data_size\":4}"

TEST(sends_words_in_the_form_that_they_make)
{
    static const struct {
        const char *words[10], *inputs;
    } cases[] = {
        {{"--text", "a"}, "\"a\""},
        {{"--text", "a", "--text", "b"}, "[\"a\",\"b\"]"},
        {{"--text", "a", "--pair", "b"}, "{\"text\":\"a\",\"text_pair\":\"b\"}"},
        {{"--text", "a", "--question", "b"}, "{\"context\":\"a\",\"question\":\"b\"}"},
        {{"--text", "a", "--label", "b", "--label", "c"},
            "{\"labels\":[\"b\",\"c\"],\"text\":\"a\"}"},
        {{"--text", "a", "--text", "b", "--label", "c"},
            "{\"labels\":[\"c\"],\"texts\":[\"a\",\"b\"]}"},
        {{"--image", path, "--label", "b"}, "{\"image\":" BEHIND ",\"labels\":[\"b\"]}"},
        {{"--image", path, "--question", "b"}, "{\"image\":" BEHIND ",\"question\":\"b\"}"},
        {{"--audio", path}, "{\"audio\":" BEHIND "}"},
    };
    write_file("\x89PNG", 4);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *words[14] = {"webinfer", "infer", "m"};
        struct made made;
        for (size_t k = 0; cases[i].words[k]; k++)
            words[3 + k] = cases[i].words[k];
        assert_int_equal(make(&made, words), WI_OK);
        assert_json(json_object_get(made.json, "inputs"), cases[i].inputs);
        clear(&made);
    }
}

TEST(refuses_words_that_go_with_nothing)
{
    static const char *const cases[6][5] = {{"--pair", "a"}, {"--pair", "a", "--image", path},
        {"--label", "a"}, {"--text", "\xff"}, {"--text", "a", "--audio", path},
        {"--image", path, "--output", "a", "--stream"}};
    write_file("a picture", 9);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *words[9] = {"webinfer", "infer", "m"};
        struct made made;
        for (size_t k = 0; k < 5 && cases[i][k]; k++)
            words[3 + k] = cases[i][k];
        assert_int_equal(make(&made, words), WI_BAD_REQUEST);
        assert_true(*made.error.detail);
        wi_buffer_clear(&made.body);
    }
}

TEST(sends_tensors_in_binary)
{
    static const int64_t dims[] = {1, 2};
    struct made made;
    struct wi_buffer file = {0};
    wi_npy_write_header(&file, WI_FP32, dims, 2, NULL);
    wi_buffer_add(&file, "abcdefgh", 8);
    write_file(file.text, file.size);
    assert_int_equal(MAKE(&made, "m", "--tensor", tensor, "--output", directory), WI_OK);
    assert_json(made.json,
        "{\"inputs\":[{\"datatype\":\"FP32\",\"name\":\"x\",\"parameters\":{\"binary_data_size\":8}"
        ","
        "\"shape\":[1,2]}],\"model_name\":\"m\",\"parameters\":{\"binary_data_output\":true}}");
    assert_int_equal(made.body.size - made.json_size, 8);
    assert_memory_equal(made.body.text + made.json_size, "abcdefgh", 8);
    clear(&made);
    wi_buffer_clear(&file);
}

TEST(takes_inputs_or_a_whole_request_from_a_file)
{
    struct made made;
    write_file("\"some text\"", 11);
    assert_int_equal(MAKE(&made, "m", "--json", path), WI_OK);
    assert_json(made.json, "{\"inputs\":\"some text\",\"model_name\":\"m\"}");
    clear(&made);
    write_file("{\"inputs\":[],\"model_name\":\"other\",\"timeout_ms\":5}", 49);
    assert_int_equal(MAKE(&made, "m", "--inputs", path), WI_OK);
    assert_json(made.json, "{\"inputs\":[],\"model_name\":\"m\",\"timeout_ms\":5}");
    assert_int_equal(made.timeout_ms, 5);
    clear(&made);
}

TEST(says_what_is_wrong)
{
    struct made made;
    write_file("{\"a\":", 5);
    assert_int_not_equal(MAKE(&made, "m"), WI_OK);
    assert_non_null(strstr(made.error.detail, "one of them"));
    assert_int_not_equal(MAKE(&made, "m", "--image", path, path), WI_OK);
    assert_non_null(strstr(made.error.detail, "one of them"));
    assert_int_not_equal(MAKE(&made, "m", path), WI_OK);
    assert_non_null(strstr(made.error.detail, "line 1"));
    assert_int_not_equal(MAKE(&made, "m", "--tensor", "x"), WI_OK);
    assert_non_null(strstr(made.error.detail, "NAME=FILE"));
    assert_int_not_equal(MAKE(&made, "m", "--tensor", "=x"), WI_OK);
    assert_int_not_equal(MAKE(&made, "m", "--tensor", tensor), WI_OK);
    assert_non_null(strstr(made.error.detail, "not a .npy file"));
    assert_int_not_equal(MAKE(&made, "m", "--image", "/nonexistent"), WI_OK);
    assert_non_null(strstr(made.error.detail, "No such file"));
    assert_int_not_equal(MAKE(&made, "m", "--image", path, "--timeout", "soon"), WI_OK);
    assert_non_null(strstr(made.error.detail, "--timeout"));
    assert_int_not_equal(MAKE(&made, "m", "--image", path, "--timeout", "2h"), WI_OK);
    assert_int_not_equal(MAKE(&made, "m", "--image", path, "--priority", "10"), WI_OK);
}

TEST(types_options_as_json_does)
{
    struct made made;
    assert_int_equal(MAKE(&made, "builtin/count", "--stream", "--option", "count=5", "--option",
                         "a=true", "--option", "b=0.5", "--option", "c=x=y", "--option",
                         "d=", "--option", "e={}", "--option", "f=null"),
        WI_OK);
    assert_json(json_object_get(made.json, "options"),
        "{\"a\":true,\"b\":0.5,\"c\":\"x=y\",\"count\":5,\"d\":\"\",\"e\":{},\"f\":\"null\"}");
    assert_json(json_object_get(made.json, "inputs"), "[]");
    assert_json(json_object_get(made.json, "stream"), "true");
    assert_null(json_object_get(made.json, "timeout_ms")); /* the server knows which default */
    clear(&made);
}

TEST(refuses_what_a_stream_cannot_have)
{
    static const char *const rows[][2] = {{"--output=/tmp", "--stream"}, {"--detach", "--stream"},
        {"--option=x", "--stream"}, {"--option==1", "--stream"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct made made;
        assert_int_equal(MAKE(&made, "m", "--option=a=1", rows[i][0], rows[i][1]), WI_BAD_REQUEST);
        assert_true(*made.error.detail);
        clear(&made);
    }
}
