/* What `webinfer infer` shows and saves of an answer. */
#include "../../test.h"

#include "cli/commands/infer_answer.c"

#include <unistd.h>

TEST(knows_files_by_their_first_bytes)
{
    static const char *const cases[][2] = {{"\x89PNG\r\n\x1a\n....", "png"},
        {"RIFF....WAVE", "wav"}, {"RIFF....WEBP", "npy"}, {"\x89PNG\r\n\x1a\n", "npy"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct wi_tensors tensors = {0};
        struct wi_tensor *tensor = wi_tensors_add(&tensors);
        tensor->datatype = WI_UINT8;
        tensor->rank = 1;
        tensor->size = strlen(cases[i][0]);
        tensor->blob = wi_blob_new(NULL, tensor->size);
        assert_int_equal(wi_blob_append(tensor->blob, cases[i][0], tensor->size), 0);
        assert_string_equal(ending_of(tensor), cases[i][1]);
        wi_tensors_clear(&tensors);
    }
}

static const char answer_text[] =
    "{\"outputs\":[{\"name\":\"a/b\",\"datatype\":\"FP32\",\"shape\":[2],\"parameters\":"
    "{\"binary_data_size\":8}},{\"name\":\"c\",\"datatype\":\"UINT8\",\"shape\":[1],"
    "\"parameters\":{\"binary_data_size\":1}}]}";

static json_t *load(const char *text)
{
    json_t *value = json_loads(text, 0, NULL);
    assert_non_null(value);
    return value;
}

/* The answer as people read it; to be freed. */
static char *print(const char *answer)
{
    struct wi_buffer out = {0};
    json_t *value = load(answer);
    wi_cli_infer_print(&out, value);
    json_decref(value);
    return out.text;
}

TEST(shows_labels)
{
    char *text =
        print("{\"result\":{\"labels\":[{\"label\":\"7\",\"index\":7,\"probability\":0.987}]},"
              "\"executed_on\":{\"browser\":\"chrome\",\"platform\":\"wasm\",\"adapter\":null,"
              "\"fallbacks\":[{\"platform\":\"webgpu\",\"code\":\"x\",\"reason\":\"no adapter\"}]},"
              "\"performance\":{\"total_ms\":3.5,\"attempts\":1}}");
    assert_non_null(strstr(text, "7      98.70 %"));
    assert_non_null(strstr(text, "not on webgpu: no adapter"));
    assert_non_null(strstr(text, "total 3.5 ms; attempts: 1"));
    assert_null(strstr(text, "adapter:"));
    free(text);
}

/* What is shown of a result, before what ran it. */
static void assert_shows(const char *result, const char *expected)
{
    struct wi_buffer out = {0};
    json_t *value = load(result);
    assert_int_equal(wi_cli_result_print(&out, value), *expected != '\0');
    assert_string_equal(out.text ? out.text : "", expected);
    wi_buffer_clear(&out);
    json_decref(value);
}

TEST(shows_every_form)
{
    assert_shows("{\"boxes\":[{\"label\":\"cat\",\"score\":0.5,\"box\":{\"xmin\":1,\"ymin\":2,"
                 "\"xmax\":30,\"ymax\":40}}]}",
        "LABEL  SCORE    LEFT, TOP – RIGHT, BOTTOM\ncat    50.00 %  1, 2 – 30, 40\n");
    assert_shows("{\"segments\":[{\"label\":\"sky\",\"mask\":\"mask_0\"}]}",
        "LABEL  SCORE  MASK\nsky    -      mask_0\n");
    assert_shows("{\"segments\":[]}", "LABEL  SCORE  MASK\n");
    assert_shows("{\"text\":\"a\",\"segments\":[]}", "a\nFROM  TO  TEXT\n");
    assert_shows(
        "{\"text\":\"a b\\u001b\",\"segments\":[{\"start\":0,\"end\":1.5,\"text\":\"a\"}]}",
        "a b?\nFROM  TO     TEXT\n0 s   1.5 s  a\n");
    assert_shows(
        "{\"entities\":[{\"entity\":\"PER\",\"word\":\"Ada\",\"score\":1,\"start\":0,\"end\":3}]}",
        "WORD  ENTITY  SCORE     FROM  TO\nAda   PER     100.00 %  0     3\n");
    assert_shows(
        "{\"answers\":[{\"answer\":\"7\",\"score\":0.25}]}", "ANSWER  SCORE\n7       25.00 %\n");
    assert_shows("{\"masks\":[[{\"token_text\":\"a\",\"probability\":1,\"text\":\"b\"}]]}",
        "mask 1:\nTOKEN  PROBABILITY  TEXT\na      100.00 %     b\n");
    assert_shows(
        "{\"results\":[{\"labels\":[]},{\"text\":\"x\"}]}", "1:\nLABEL  PROBABILITY\n\n2:\nx\n");
    assert_shows("{\"scores\":[0.5,1]}", "1: 0.5\n2: 1\n");
    assert_shows("{\"width\":1}", "");
    assert_shows("{\"segments\":3,\"results\":[],\"boxes\":{}}", "");
}

TEST(shows_the_first_numbers)
{
    char *text = print("{\"outputs\":[{\"name\":\"y\",\"datatype\":\"INT64\",\"shape\":[10],"
                       "\"data\":[0,1,2,3,4,5,6,7,8,9]},{\"name\":\"s\",\"datatype\":\"FP32\","
                       "\"shape\":[],\"data\":[\"NaN\"]}]}");
    assert_non_null(strstr(text, "y INT64[10] = 0, 1, 2, 3, 4, 5, 6, 7, … 2 more\n"));
    assert_non_null(strstr(text, "s FP32[] = NaN\n"));
    free(text);
}

TEST(shows_the_members_of_a_result_without_outputs)
{
    char *text = print("{\"outputs\":[],\"result\":{\"count\":5,\"tokens\":[3,4]}}");
    assert_int_equal(strncmp(text, "count: 5\ntokens: 3, 4\n", 22), 0);
    free(text);
    text = print("{\"outputs\":[],\"result\":{\"finish_reason\":\"stop\",\"usage\":{}}}");
    assert_null(strstr(text, "finish_reason"));
    free(text);
    text =
        print("{\"outputs\":[{\"name\":\"y\",\"datatype\":\"INT64\",\"shape\":[1],\"data\":[7]}],"
              "\"result\":{\"width\":1}}");
    assert_non_null(strstr(text, "y INT64[1] = 7\n"));
    assert_null(strstr(text, "width"));
    free(text);
}

TEST(calls_files_by_what_they_are)
{
    char *text =
        print("{\"outputs\":[{\"name\":\"audio\",\"datatype\":\"UINT8\",\"shape\":[12],"
              "\"data\":[82,73,70,70,0,0,0,0,87,65,86,69]},{\"name\":\"x\",\"datatype\":\"UINT8\","
              "\"shape\":[3],\"data\":[82,73,70]},{\"name\":\"depth\",\"datatype\":"
              "\"UINT8\",\"shape\":[8],\"data\":[137,80,78,71,13,10,26,10]}]}");
    assert_non_null(strstr(text, "audio UINT8[12]: a WAV file; --output FILE saves it\n"));
    assert_non_null(strstr(text, "x UINT8[3] = 82, 73, 70\n"));
    assert_non_null(strstr(text, "depth UINT8[8]: a PNG file; --output FILE saves it\n"));
    free(text);
}

TEST(saves_tensors_under_tame_names)
{
    char directory[] = "/tmp/webinfer-answer-XXXXXX", expected[64];
    struct wi_buffer body = {0}, out = {0};
    struct wi_error error = {0};
    struct wi_npy array;
    json_t *answer = load(answer_text);
    size_t size;
    char *file;
    assert_non_null(mkdtemp(directory));
    wi_buffer_puts(&body, answer_text);
    wi_buffer_add(&body, "abcdefgh\x05", 9);
    assert_int_equal(wi_cli_infer_save(answer,
                         &(struct wi_rest_answer){.body = body, .json_size = strlen(answer_text)},
                         directory, &out, &error),
        WI_OK);
    snprintf(expected, sizeof expected, "%s/a_b.npy", directory);
    file = wi_cli_read_file(expected, 4096, &size, &error);
    assert_non_null(file);
    assert_int_equal(wi_npy_read((unsigned char *)file, size, &array, &error), WI_OK);
    assert_int_equal(array.datatype, WI_FP32);
    assert_memory_equal(file + array.offset, "abcdefgh", 8);
    free(file);
    unlink(expected);
    snprintf(expected, sizeof expected, "%s/c.npy", directory);
    assert_int_equal(unlink(expected), 0);
    assert_int_equal(rmdir(directory), 0);
    wi_buffer_clear(&body);
    wi_buffer_clear(&out);
    json_decref(answer);
}

/* A voice where a file's name was asked for, whatever stands beside it. */
TEST(saves_one_output_as_the_file_that_is_named)
{
    static const char text[] =
        "{\"outputs\":[{\"name\":\"x\",\"datatype\":\"UINT8\",\"shape\":[1],\"data\":[7]},{"
        "\"name\":"
        "\"audio\",\"datatype\":\"UINT8\",\"shape\":[12],\"data\":[82,73,70,70,0,0,0,0,87,65,86,"
        "69]}]}";
    char directory[] = "/tmp/webinfer-answer-XXXXXX", wav[64], png[64];
    struct wi_buffer body = {0}, out = {0};
    struct wi_error error = {0};
    json_t *answer = load(text);
    size_t size;
    assert_non_null(mkdtemp(directory));
    snprintf(wav, sizeof wav, "%s/said.wav", directory);
    snprintf(png, sizeof png, "%s/said.png", directory);
    wi_buffer_puts(&body, text);
    assert_int_equal(
        wi_cli_infer_save(answer, &(struct wi_rest_answer){.body = body, .json_size = strlen(text)},
            wav, &out, &error),
        WI_OK);
    char *file = wi_cli_read_file(wav, 4096, &size, &error);
    assert_non_null(file);
    assert_int_equal(size, 12);
    assert_memory_equal(file, "RIFF\0\0\0\0WAVE", 12);
    assert_int_not_equal(
        wi_cli_infer_save(answer, &(struct wi_rest_answer){.body = body, .json_size = strlen(text)},
            png, &out, &error),
        WI_OK);
    assert_non_null(strstr(error.detail, "no output can be saved as"));
    free(file);
    assert_int_equal(unlink(wav), 0);
    assert_int_equal(rmdir(directory), 0);
    wi_buffer_clear(&body);
    wi_buffer_clear(&out);
    json_decref(answer);
}

TEST(refuses_an_answer_whose_bytes_do_not_fit)
{
    struct wi_buffer body = {0}, out = {0};
    struct wi_error error = {0};
    json_t *answer = load(answer_text);
    wi_buffer_puts(&body, answer_text);
    wi_buffer_add(&body, "abc", 3);
    assert_int_not_equal(
        wi_cli_infer_save(answer,
            &(struct wi_rest_answer){.body = body, .json_size = strlen(answer_text)},
            "/nonexistent", &out, &error),
        WI_OK);
    assert_true(*error.detail);
    wi_buffer_clear(&body);
    json_decref(answer);
}

TEST(no_name_leaves_the_folder)
{
    static const char *const cases[][2] = {{"y", "d/y.npy"}, {"../../etc/x", "d/_._.._etc_x.npy"},
        {".hidden", "d/_hidden.npy"}, {"", "d/_npy"}, {"a b\n", "d/a_b_.npy"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *path = file_name("d", cases[i][0], "npy");
        assert_null(strchr(path + 2, '/'));
        assert_string_equal(path, cases[i][1]);
        free(path);
    }
}
