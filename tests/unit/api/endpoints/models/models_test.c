/* When a model was made, as OpenAI's and Ollama's clients are told. The rest of the lists is tested
 * by system tests, over models on disk. */
#include "../../fixture.h"
#include "api/endpoints/models/model_row.h"
#include "api/endpoints/models/models.h"
#include "api/http/request.h"

FIXTURE(set_up, tear_down)

static int64_t changed_at(const time_t *seconds, size_t count)
{
    const struct wi_api api = {.started_at = 17999};
    struct wi_model_file files[3] = {0};
    for (size_t i = 0; i < count; i++)
        files[i].identity.modified.tv_sec = seconds[i];
    const struct wi_model model = {.manifest = {.files = files, .count = count}};
    return wi_api_changed_at(&api, &model);
}

TEST(a_model_is_as_old_as_the_file_that_changed_last)
{
    assert_int_equal(changed_at((const time_t[]){7, 9, 8}, 3), 9);
    assert_int_equal(changed_at((const time_t[]){1}, 1), 1);
}

TEST(one_without_files_is_as_old_as_the_service)
{
    const struct wi_api api = {.started_at = 17999};
    assert_int_equal(changed_at(NULL, 0), 17);
    assert_int_equal(changed_at((const time_t[]){0}, 1), 17);
    assert_int_equal(wi_api_changed_at(&api, NULL), 17);
}

TEST(what_is_listed_says_so)
{
    json_t *answer;
    const json_t *model;
    size_t index, found = 0;
    int64_t before = wi_wall_ms() / 1000;
    struct wi_error error;
    wi_server_free(fixture->server);
    fixture->server = wi_server_new(&fixture->deps, &error);
    assert_non_null(fixture->server);
    int64_t after = wi_wall_ms() / 1000;
    assert_int_equal(ask("GET", "/v1/models", "", &answer), 200);
    json_array_foreach(json_object_get(answer, "data"), index, model)
    {
        if (strcmp(json_string_value(json_object_get(model, "id")), "builtin/echo") != 0)
            continue;
        found++;
        assert_in_range(json_integer_value(json_object_get(model, "created")), before, after);
    }
    assert_int_equal(found, 1);
    json_decref(answer);
}

/* Before it is read: from the folder of its current version, or not at all. */
TEST(the_size_of_a_model_that_was_pulled_is_known)
{
    const struct wi_api *api = (struct wi_api *)fixture->server; /* its first member */
    struct wi_api_loaded loaded = wi_api_loaded_new(SIZE_MAX);
    struct wi_version versions[2] = {{.number = 2}, {.number = 1, .current = 1}};
    struct wi_list_row row = {.name = "m", .format = WI_FORMAT_ONNX, .versions = {versions, 2}};
    static const char hash[] = "00";
    wi_source_add(&versions[0].source, "model.onnx", 9, hash);
    wi_source_add(&versions[1].source, "model.onnx", 5, hash);
    wi_source_add(&versions[1].source, "model.onnx_data", 2, hash);
    json_t *entry = wi_api_model_row(api, &loaded, &row, NULL, NULL);
    assert_int_equal(json_integer_value(json_object_get(entry, "bytes")), 7);
    json_decref(entry);
    row.versions.count = 0;
    entry = wi_api_model_row(api, &loaded, &row, NULL, NULL);
    assert_non_null(entry);
    assert_null(json_object_get(entry, "bytes"));
    json_decref(entry);
    for (size_t i = 0; i < 2; i++)
        wi_source_clear(&versions[i].source);
    wi_api_loaded_clear(&loaded);
}
