/* When a model was made, as OpenAI's and Ollama's clients are told. The rest of the lists is tested
 * by system tests, over models on disk. */
#include "../../fixture.h"
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
