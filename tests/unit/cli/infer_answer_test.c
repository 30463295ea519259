/* What `webinfer infer` shows and saves of an answer. */
#include "../test.h"

#include "../../../src/cli/infer_answer.c"

#include <unistd.h>

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

static void shows_labels(void **state)
{
    struct wi_buffer out = {0};
    json_t *answer =
        load("{\"result\":{\"labels\":[{\"label\":\"7\",\"index\":7,\"probability\":0.987}]},"
             "\"executed_on\":{\"browser\":\"chrome\",\"platform\":\"wasm\",\"adapter\":null,"
             "\"fallbacks\":[{\"platform\":\"webgpu\",\"code\":\"x\",\"reason\":\"no adapter\"}]},"
             "\"performance\":{\"total_ms\":3.5,\"attempts\":1}}");
    wi_cli_infer_print(&out, answer);
    assert_non_null(strstr(out.text, "7      98.70 %"));
    assert_non_null(strstr(out.text, "not on webgpu: no adapter"));
    assert_non_null(strstr(out.text, "total 3.5 ms; attempts: 1"));
    assert_null(strstr(out.text, "adapter:"));
    wi_buffer_clear(&out);
    json_decref(answer);
}

static void shows_the_first_numbers(void **state)
{
    struct wi_buffer out = {0};
    json_t *answer = load("{\"outputs\":[{\"name\":\"y\",\"datatype\":\"INT64\",\"shape\":[10],"
                          "\"data\":[0,1,2,3,4,5,6,7,8,9]},{\"name\":\"s\",\"datatype\":\"FP32\","
                          "\"shape\":[],\"data\":[\"NaN\"]}]}");
    wi_cli_infer_print(&out, answer);
    assert_non_null(strstr(out.text, "y INT64[10] = 0, 1, 2, 3, 4, 5, 6, 7, … 2 more\n"));
    assert_non_null(strstr(out.text, "s FP32[] = NaN\n"));
    wi_buffer_clear(&out);
    json_decref(answer);
}

static void saves_tensors_under_tame_names(void **state)
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
    assert_int_equal(
        wi_cli_infer_save(answer, &body, strlen(answer_text), directory, &out, &error), WI_OK);
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

static void refuses_an_answer_whose_bytes_do_not_fit(void **state)
{
    struct wi_buffer body = {0}, out = {0};
    struct wi_error error = {0};
    json_t *answer = load(answer_text);
    wi_buffer_puts(&body, answer_text);
    wi_buffer_add(&body, "abc", 3);
    assert_int_not_equal(
        wi_cli_infer_save(answer, &body, strlen(answer_text), "/nonexistent", &out, &error), WI_OK);
    assert_true(*error.detail);
    wi_buffer_clear(&body);
    json_decref(answer);
}

static void no_name_leaves_the_folder(void **state)
{
    static const char *const cases[][2] = {{"y", "d/y.npy"}, {"../../etc/x", "d/_._.._etc_x.npy"},
        {".hidden", "d/_hidden.npy"}, {"", "d/_npy"}, {"a b\n", "d/a_b_.npy"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *path = file_name("d", cases[i][0]);
        assert_null(strchr(path + 2, '/'));
        assert_string_equal(path, cases[i][1]);
        free(path);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shows_labels),
        cmocka_unit_test(shows_the_first_numbers),
        cmocka_unit_test(saves_tensors_under_tame_names),
        cmocka_unit_test(refuses_an_answer_whose_bytes_do_not_fit),
        cmocka_unit_test(no_name_leaves_the_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
