/* Which path and method finds which handler, and what the others are told. */
#include "../../test.h"
#include "api/http/route.h"

#include "api/http/routes.h"
#include <stdio.h>
#include <string.h>

static char first[WI_ROUTE_ARGUMENT_MAX], second[WI_ROUTE_ARGUMENT_MAX];
static char *const arguments[] = {first, second};

static void check_in(const struct wi_route *routes, const char *method, const char *path,
    const char *pattern, const char *argument, const char *other)
{
    struct wi_error error;
    const struct wi_route *route = wi_route_find(routes, method, path, arguments, &error);
    assert_non_null(route);
    assert_string_equal(route->pattern, pattern);
    assert_string_equal(first, argument);
    assert_string_equal(second, other);
}

static void check(const char *method, const char *path, const char *pattern, const char *argument)
{
    check_in(wi_routes, method, path, pattern, argument, "");
}

TEST(test_found)
{
    check("POST", "/v1/infer", "/v1/infer", "");
    check("GET", "/", "/", "");
    check("HEAD", "/healthz", "/healthz", "");
    check("GET", "/v1/models/a", "/v1/models/{model}", "a");
    check("GET", "/v1/models/a/b", "/v1/models/{model}", "a/b");
    check("POST", "/v1/models/a/load", "/v1/models/{model}/load", "a");
    check("POST", "/v1/models/a/b/load", "/v1/models/{model}/load", "a/b");
    check("POST", "/v1/models/load/load", "/v1/models/{model}/load", "load");
    check("POST", "/v1/models/a/unload", "/v1/models/{model}/unload", "a");
    check("POST", "/v1/nodes/n-1/drain", "/v1/nodes/{id}/drain", "n-1");
    check("POST", "/v1/nodes/n-1/undrain", "/v1/nodes/{id}/undrain", "n-1");
    check("POST", "/v1/nodes/n-1/forgive", "/v1/nodes/{id}/forgive", "n-1");
    check("POST", "/v1/sessions/s/recycle", "/v1/sessions/{id}/recycle", "s");
    check("DELETE", "/v1/jobs/job-1", "/v1/jobs/{id}", "job-1");
}

TEST(the_rest_of_a_path_has_any_number_of_segments)
{
    struct wi_error error;
    char longest[WI_ROUTE_ARGUMENT_MAX + 8] = "/docs/";
    check("GET", "/docs", "/docs", "");
    check("GET", "/docs/", "/docs/{path}", "");
    check("HEAD", "/docs/guide.html", "/docs/{path}", "guide.html");
    check("GET", "/docs/man/webinferd.8.html", "/docs/{path}", "man/webinferd.8.html");
    check("GET", "/docs/../secret", "/docs/{path}", "../secret");
    memset(longest + 6, 'a', WI_ROUTE_ARGUMENT_MAX - 1);
    check("GET", longest, "/docs/{path}", longest + 6);
    longest[6 + WI_ROUTE_ARGUMENT_MAX - 1] = 'a';
    assert_null(wi_route_find(wi_routes, "GET", longest, arguments, &error));
    assert_int_equal(error.code, WI_NOT_FOUND);
}

TEST(a_path_that_could_be_a_verb_is_one)
{
    struct wi_error error;
    check("GET", "/v2", "/v2", "");
    check("GET", "/v2/", "/v2/", "");
    check("GET", "/v2/models/stats", "/v2/models/stats", "");
    check("GET", "/v2/models/a/b", "/v2/models/{model}", "a/b");
    check("GET", "/v2/models/a/ready", "/v2/models/{model}/ready", "a");
    check("GET", "/v2/models/ready/ready", "/v2/models/{model}/ready", "ready");
    check_in(wi_routes, "GET", "/v2/models/a/b/versions/3", "/v2/models/{model}/versions/{version}",
        "a/b", "3");
    check_in(wi_routes, "POST", "/v2/models/a/versions/3/generate_stream",
        "/v2/models/{model}/versions/{version}/generate_stream", "a", "3");
    assert_null(wi_route_find(wi_routes, "GET", "/v2/models/a/infer", arguments, &error));
    assert_int_equal(error.code, WI_METHOD_NOT_ALLOWED);
    assert_string_equal(error.allowed, "POST");
    assert_null(wi_route_find(wi_routes, "POST", "/v2/models/a/ready", arguments, &error));
    assert_string_equal(error.allowed, "GET, HEAD");
}

TEST(strays_below_v2_are_told_in_the_form_of_those_who_ask_there)
{
    assert_string_equal(wi_route_dialect_near(wi_routes, "/v2/x")->error_form, "KserveError");
    assert_string_equal(wi_route_dialect_near(wi_routes, "/v2")->error_form, "KserveError");
    assert_null(wi_route_dialect_near(wi_routes, "/v2x"));
}

TEST(test_not_found)
{
    static const char *const paths[] = {"", "/v1", "/v1/", "/v1/inferx", "/v1/infer/", "//v1/infer",
        "/v1/models/", "/v1/models//load", "/v1/models/a/b/c/load", "/v1/models/a/b/c",
        "/v1/models//a", "/v1/models/a/", "/v1/nodes/a/b/drain", "/v1/jobs/", "/v1/jobs/a/b",
        "/v1/nodes//drain", "/HEALTHZ"};
    char huge[4096];
    struct wi_error error;
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        assert_null(wi_route_find(wi_routes, "GET", paths[i], arguments, &error));
        assert_int_equal(error.code, WI_NOT_FOUND);
    }
    memset(huge, 'a', sizeof huge - 1);
    huge[sizeof huge - 1] = '\0';
    memcpy(huge, "/v1/models/", 11);
    assert_null(wi_route_find(wi_routes, "GET", huge, arguments, &error));
}

static void check_allowed(const char *method, const char *path, const char *allowed)
{
    struct wi_error error;
    assert_null(wi_route_find(wi_routes, method, path, arguments, &error));
    assert_int_equal(error.code, WI_METHOD_NOT_ALLOWED);
    assert_string_equal(error.allowed, allowed);
}

TEST(test_method_not_allowed)
{
    check_allowed("GET", "/v1/infer", "POST");
    check_allowed("DELETE", "/v1/status", "GET, HEAD");
    check_allowed("POST", "/v1/jobs/x", "GET, HEAD, DELETE");
    check_allowed("get", "/v1/status", "GET, HEAD");
    check_allowed("POST", "/docs/guide.html", "GET, HEAD");
    check_allowed("VERYVERYVERYLONGMETHODNAMEVERYVERYVERYLONG", "/", "GET, HEAD");
}

/* --- what nothing fits ------------------------------------------------------------------------ */

static void check_lost(const char *method, const char *path, const char *words)
{
    struct wi_error error;
    assert_null(wi_route_find(wi_routes, method, path, arguments, &error));
    assert_int_equal(error.code, WI_NOT_FOUND);
    wi_route_lost(wi_routes, method, path, &error);
    if (!strstr(error.detail, words) || !strstr(error.detail, "GET / lists the endpoints"))
        fail_msg("%s is told: %s", path, error.detail);
}

TEST(a_path_that_is_written_wrong_is_told_the_nearest)
{
    check_lost("POST", "/v1/chat/completion", "POST /v1/chat/completions is similar");
    check_lost("POST", "/v1/embedings", "POST /v1/embeddings is similar");
    check_lost("GET", "/v1/model", "GET /v1/models is similar");
    check_lost("GET", "/V1/Models/", "GET /v1/models is similar");
    check_lost("POST", "/v1/models/a/b/laod", "POST /v1/models/{model}/load is similar");
    check_lost("POST", "/v1/nodes/n/undrian", "POST /v1/nodes/{id}/undrain is similar");
    check_lost("DELETE", "/v1/job/17", "DELETE /v1/jobs/{id} is similar");
    check_lost("GET", "/healtz", "GET /healthz is similar");
}

TEST(a_path_with_too_much_or_too_little_in_front_is_told_the_right_one)
{
    check_lost("POST", "/chat/completions", "POST /v1/chat/completions is similar");
    check_lost("POST", "/v1/v1/chat/completions", "POST /v1/chat/completions is similar");
    check_lost("POST", "/openai/v1/embeddings", "POST /v1/embeddings is similar");
    check_lost("GET", "/models/a/b", "GET /v1/models/{model} is similar");
    check_lost("DELETE", "/models/a/b", "DELETE /v1/models/{model} is similar");
    check_lost("POST", "/nodes/n/drain", "POST /v1/nodes/{id}/drain is similar");
}

/* "METHOD /path" in the text is a row of the table. */
static void check_named(const char *text)
{
    struct wi_error error;
    char method[8], path[64];
    for (const char *at = text; (at = strstr(at, " /")) != NULL; at++) {
        const char *word = at;
        while (word > text && word[-1] != ' ')
            word--;
        snprintf(method, sizeof method, "%.*s", (int)(at - word), word);
        snprintf(path, sizeof path, "%.*s", (int)strcspn(at + 1, " ;,"), at + 1);
        if (!wi_route_find(wi_routes, method, path, arguments, &error))
            fail_msg("%s names %s %s, which is not there", text, method, path);
    }
}

TEST(a_path_of_another_server_is_told_what_to_use_and_that_is_there)
{
    static const char *const paths[] = {"/v1/images/generations", "/v1/moderations", "/v1/files",
        "/v1/files/file-1/content", "/v1/assistants", "/v1/threads/t/runs", "/v1/conversations",
        "/v1/responses/resp_1", "/v1/messages/batches", "/v1/batches", "/v1/videos",
        "/v1/vector_stores", "/v1/fine_tuning/jobs", "/v1/realtime", "/v1/engines", "/api/create",
        "/api/copy", "/api/push", "/api/blobs/sha256:0", "/v2/cudasharedmemory/status",
        "/v2/systemsharedmemory/status", "/API/Create"};
    struct wi_error error;
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        check_lost("POST", paths[i], "another server's: ");
        wi_route_lost(wi_routes, "POST", paths[i], &error);
        check_named(error.detail);
    }
}

TEST(a_path_that_is_near_nothing_is_told_where_the_list_is)
{
    check_lost("GET", "", "nothing at this path; GET /");
    check_lost("GET", "/favicon.ico", "nothing at this path; GET /");
    check_lost("GET", "*", "nothing at this path; GET /");
    check_lost("GET", "/////", "nothing at this path; GET /");
    check_lost("GET", "/a/very/different/path/of/something", "nothing at this path; GET /");
}

static const struct wi_dialect ours = {.error_form = "Ours"}, theirs = {.error_form = "Theirs"};
static const struct wi_route forms[] = {
    {.method = "GET", .pattern = "/alone", .dialect = &ours},
    {.method = "GET", .pattern = "/both/a", .dialect = &ours},
    {.method = "GET", .pattern = "/both/b", .dialect = &theirs},
    {.method = "GET", .pattern = "/their", .dialect = &ours},
    {.method = "GET", .pattern = "/their/a", .dialect = &theirs},
    {.method = "POST", .pattern = "/their/{model}/b", .dialect = &theirs},
    {.method = NULL},
};

TEST(a_path_without_a_route_is_refused_in_the_form_of_those_beside_it)
{
    static const char *const nobodys[] = {"", "*", "/", "//", "/alone", "/alone/x", "/both/c",
        "/both", "/the", "/theirs/a", "their/a"};
    for (size_t i = 0; i < sizeof nobodys / sizeof *nobodys; i++)
        assert_null(wi_route_dialect_near(forms, nobodys[i]));
    assert_ptr_equal(wi_route_dialect_near(forms, "/their"), &theirs);
    assert_ptr_equal(wi_route_dialect_near(forms, "/their/"), &theirs);
    assert_ptr_equal(wi_route_dialect_near(forms, "/their/x/y"), &theirs);
}

/* --- two placeholders ------------------------------------------------------------------------- */

/* In an order in which the first that fits would often be the wrong one. */
static const struct wi_route versions[] = {
    {.method = "GET", .pattern = "/m/{model}"},
    {.method = "POST", .pattern = "/m/{model}"},
    {.method = "GET", .pattern = "/m/{model}/ready"},
    {.method = "GET", .pattern = "/m/{model}/versions/{version}"},
    {.method = "GET", .pattern = "/m/{model}/versions/{version}/ready"},
    {.method = "POST", .pattern = "/m/{model}/infer"},
    {.method = "POST", .pattern = "/m/{model}/versions/{version}/infer"},
    {.method = "DELETE", .pattern = "/m/{model}"},
    {.method = "DELETE", .pattern = "/m/all"},
    {.method = "GET", .pattern = "/two/{id}/{version}"},
    {.method = NULL},
};

TEST(a_pattern_may_have_two_placeholders)
{
    static const char one[] = "/m/{model}/versions/{version}",
                      infer[] = "/m/{model}/versions/{version}/infer";
    check_in(versions, "GET", "/m/a/versions/1", one, "a", "1");
    check_in(versions, "GET", "/m/a/b/versions/1", one, "a/b", "1");
    check_in(versions, "POST", "/m/a/b:q4/versions/1.2/infer", infer, "a/b:q4", "1.2");
    check_in(versions, "GET", "/two/a/b", "/two/{id}/{version}", "a", "b");
    /* Words of the pattern may be names, too. */
    check_in(versions, "POST", "/m/versions/versions/infer/infer", infer, "versions", "infer");
    check_in(versions, "POST", "/m/a/versions/versions/1/infer", infer, "a/versions", "1");
    check_in(versions, "GET", "/m/versions/versions/versions/versions", one, "versions/versions",
        "versions");
}

TEST(the_longest_literal_text_wins)
{
    check_in(versions, "GET", "/m/a/b", "/m/{model}", "a/b", "");
    check_in(versions, "GET", "/m/a/ready", "/m/{model}/ready", "a", "");
    check_in(versions, "GET", "/m/ready/ready", "/m/{model}/ready", "ready", "");
    check_in(versions, "POST", "/m/a/ready", "/m/{model}", "a/ready", "");
    check_in(versions, "POST", "/m/a/infer", "/m/{model}/infer", "a", "");
    check_in(versions, "POST", "/m/a/versions/infer", "/m/{model}/infer", "a/versions", "");
    check_in(versions, "GET", "/m/versions/ready", "/m/{model}/ready", "versions", "");
    check_in(versions, "GET", "/m/a/versions/ready", "/m/{model}/versions/{version}", "a", "ready");
    check_in(versions, "DELETE", "/m/all", "/m/all", "", "");
    check_in(versions, "DELETE", "/m/alls", "/m/{model}", "alls", "");
}

TEST(what_fits_neither_leaves_nothing_behind)
{
    static const char *const paths[] = {"/m/a/b/c", "/m/a/versions/", "/m/a/versions//infer",
        "/m//versions/1", "/m/a//versions/1", "/m/a/b/c/versions/1", "/m/a/versions/1/2",
        "/m/a/versions/1/", "/m/a/versions/1/infers", "/m/a/versions/1/infer/", "/m//", "/m/a/",
        "/m//a", "/two/a", "/two/a/", "/two//b", "/two/a/b/c", "/two///", "/m/{model}/versions/",
        "/m", "/m/", ""};
    struct wi_error error;
    char huge[4096];
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        assert_null(wi_route_find(versions, "GET", paths[i], arguments, &error));
        assert_int_equal(error.code, WI_NOT_FOUND);
        assert_string_equal(first, "");
        assert_string_equal(second, "");
    }
    memset(huge, '/', sizeof huge - 1);
    huge[sizeof huge - 1] = '\0';
    memcpy(huge, "/m/a", 4);
    assert_null(wi_route_find(versions, "GET", huge, arguments, &error));
}

/* Either of them has as many bytes as there is room for, and no more. */
TEST(test_long_arguments)
{
    static char longest[WI_ROUTE_ARGUMENT_MAX], path[2 * WI_ROUTE_ARGUMENT_MAX + 32];
    struct wi_error error;
    memset(longest, 'a', sizeof longest - 1);
    snprintf(path, sizeof path, "/two/%s/%s", longest, longest);
    check_in(versions, "GET", path, "/two/{id}/{version}", longest, longest);
    snprintf(path, sizeof path, "/two/%sa/%s", longest, longest);
    assert_null(wi_route_find(versions, "GET", path, arguments, &error));
    snprintf(path, sizeof path, "/two/%s/%sa", longest, longest);
    assert_null(wi_route_find(versions, "GET", path, arguments, &error));
    assert_string_equal(first, "");
    longest[199] = '/';
    snprintf(path, sizeof path, "/m/%s/versions/1", longest);
    check_in(versions, "GET", path, "/m/{model}/versions/{version}", longest, "1");
    snprintf(path, sizeof path, "/m/%sa/versions/1", longest);
    assert_null(wi_route_find(versions, "GET", path, arguments, &error));
}

/* Each method once, whichever of the patterns it is of. */
TEST(test_methods_of_several_patterns)
{
    struct wi_error error;
    assert_null(wi_route_find(versions, "PUT", "/m/a/ready", arguments, &error));
    assert_int_equal(error.code, WI_METHOD_NOT_ALLOWED);
    assert_string_equal(error.allowed, "GET, HEAD, POST, DELETE");
    assert_string_equal(first, "");
    assert_null(wi_route_find(versions, "POST", "/m/a/versions/1", arguments, &error));
    assert_string_equal(error.allowed, "GET, HEAD");
    assert_null(wi_route_find(versions, "GET", "/m/a/versions/1/infer", arguments, &error));
    assert_string_equal(error.allowed, "POST");
}

/* What the pattern of every row has to keep to. */
TEST(test_patterns)
{
    for (const struct wi_route *route = wi_routes; route->method; route++) {
        size_t count = 0, models = 0;
        for (const char *at = route->pattern; (at = strchr(at, '{')) != NULL; count++, at++) {
            models += strncmp(at, "{model}", 7) == 0;
            assert_true(at[-1] == '/' && strchr(at, '}'));
            assert_true(strchr("/", strchr(at, '}')[1]));
        }
        assert_true(count <= WI_ROUTE_ARGUMENTS && models <= 1);
    }
}

/* --- ranks ------------------------------------------------------------------------------------ */

#define KSERVE(method, end)                                                                        \
    method " /v2/models/{model}" end, method " /v2/models/{model}/versions/{version}" end

/* By hand, so that a row whose rank was forgotten, or a new one, is thought about twice. */
TEST(test_ranks)
{
    static const char *const open[] = {"GET /healthz", "GET /readyz", "GET /v2/health/live",
        "GET /v2/health/ready", "GET /console/{file}", "GET /docs", "GET /docs/{path}"};
    static const char *const admin[] = {"DELETE /v1/nodes/{id}", "POST /v1/nodes/{id}/drain",
        "POST /v1/nodes/{id}/undrain", "POST /v1/sessions/{id}/recycle", "POST /v1/models/pull",
        "POST /v1/models/{model}/cancel", "POST /v1/models/{model}/load",
        "POST /v1/models/{model}/unload", "POST /v1/models/{model}/publish",
        "POST /v1/models/{model}/unpublish", "GET /v1/content", "POST /v1/admin/join",
        "GET /v1/admin/join", "DELETE /v1/admin/join/{id}", "DELETE /v1/admin/quarantine/{id}",
        "GET /v1/devices", "DELETE /v1/devices/{id}", "POST /v1/admin/verify",
        "DELETE /v1/models/{model}", "POST /v1/models/gc", "GET /metrics",
        "POST /v2/repository/models/{model}/load", "POST /v2/repository/models/{model}/unload",
        "POST /api/pull", "DELETE /api/delete", "POST /v1/models/{model}/files",
        "PUT /v1/uploads/{id}", "POST /v1/uploads/{id}/publish", "DELETE /v1/uploads/{id}",
        "GET /v1/logs", "POST /v1/models/{model}/quantize", "POST /v1/results",
        "DELETE /v1/results/{id}", "POST /v1/matrix", "POST /v1/admin/backup",
        "POST /v1/kinds/{id}/retest", "POST /v1/nodes/{id}/forgive"};
    static const char *const user[] = {"GET /v1/openapi.json", "POST /v1/infer", "POST /v1/compute",
        "POST /v1/benchmark", "POST /v1/models/{model}/sample", "GET /v1/kernels",
        "POST /v1/chat/completions", "POST /v1/responses", "POST /v1/messages",
        "POST /v1/messages/count_tokens", "POST /v1/completions", "POST /v1/embeddings",
        "POST /v1/rerank", "POST /v1/tokenize", "POST /v1/audio/transcriptions",
        "POST /v1/audio/translations", "POST /v1/audio/speech", "POST /v1/audio/streams",
        "POST /v1/audio/streams/{id}", "POST /v1/audio/streams/{id}/end",
        "DELETE /v1/audio/streams/{id}", "GET /v1/audio/streams/{id}/events", "GET /v1/status",
        "GET /v1/events", "GET /v1/channels", "GET /v1/nodes", "GET /v1/hardware",
        "GET /v1/cluster", "GET /v1/history", "GET /v1/history/results",
        "GET /v1/results/{id}/figures", "GET /v1/results/{id}/comparison", "GET /v1/models",
        "GET /v1/models/{model}", "POST /v1/jobs", "GET /v1/jobs", "GET /v1/jobs/{id}",
        "DELETE /v1/jobs/{id}", "GET /v1/matrix", "GET /v1/results", "GET /v1/results/{id}",
        "GET /", "GET /v2", "GET /v2/", "GET /v2/models/stats", "POST /v2/repository/index",
        KSERVE("GET", ""), KSERVE("GET", "/ready"), KSERVE("GET", "/config"),
        KSERVE("GET", "/stats"), KSERVE("POST", "/infer"), KSERVE("POST", "/generate"),
        KSERVE("POST", "/generate_stream"), "POST /api/chat", "POST /api/generate",
        "POST /api/embed", "POST /api/embeddings", "GET /api/tags", "GET /api/ps", "POST /api/show",
        "GET /api/version"};
    static const struct {
        const char *const *rows;
        size_t count;
        enum wi_rank rank;
    } ranks[] = {{open, sizeof open / sizeof *open, WI_RANK_NONE},
        {user, sizeof user / sizeof *user, WI_RANK_USER},
        {admin, sizeof admin / sizeof *admin, WI_RANK_ADMIN}};
    size_t listed = 0;
    for (size_t r = 0; r < sizeof ranks / sizeof *ranks; r++)
        for (size_t i = 0; i < ranks[r].count; i++, listed++) {
            const struct wi_route *found = NULL;
            for (const struct wi_route *route = wi_routes; route->method; route++) {
                char row[128];
                snprintf(row, sizeof row, "%s %s", route->method, route->pattern);
                if (strcmp(row, ranks[r].rows[i]) == 0)
                    found = route;
            }
            assert_non_null(found);
            assert_int_equal(found->rank, ranks[r].rank);
        }
    assert_int_equal(listed, wi_route_count(wi_routes));
}
