/* Which path and method finds which handler, and what the others are told. */
#include "../test.h"

#include "api/routes.h"
#include <stdio.h>
#include <string.h>

static void check(const char *method, const char *path, const char *pattern, const char *argument)
{
    char found[WI_ROUTE_ARGUMENT_MAX];
    struct wi_error error;
    const struct wi_route *route = wi_route_find(wi_routes, method, path, found, &error);
    assert_non_null(route);
    assert_string_equal(route->pattern, pattern);
    assert_string_equal(found, argument);
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
    check("POST", "/v1/sessions/s/recycle", "/v1/sessions/{id}/recycle", "s");
    check("DELETE", "/v1/jobs/job-1", "/v1/jobs/{id}", "job-1");
}

TEST(test_not_found)
{
    static const char *const paths[] = {"", "/v1", "/v1/", "/v1/inferx", "/v1/infer/", "//v1/infer",
        "/v1/models/", "/v1/models//load", "/v1/models/a/b/c/load", "/v1/models/a/b/c",
        "/v1/models//a", "/v1/models/a/", "/v1/nodes/a/b/drain", "/v1/jobs/", "/v1/jobs/a/b",
        "/v1/nodes//drain", "/HEALTHZ"};
    char found[WI_ROUTE_ARGUMENT_MAX], huge[4096];
    struct wi_error error;
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        assert_null(wi_route_find(wi_routes, "GET", paths[i], found, &error));
        assert_int_equal(error.code, WI_NOT_FOUND);
    }
    memset(huge, 'a', sizeof huge - 1);
    huge[sizeof huge - 1] = '\0';
    memcpy(huge, "/v1/models/", 11);
    assert_null(wi_route_find(wi_routes, "GET", huge, found, &error));
}

static void check_allowed(const char *method, const char *path, const char *allowed)
{
    char found[WI_ROUTE_ARGUMENT_MAX];
    struct wi_error error;
    assert_null(wi_route_find(wi_routes, method, path, found, &error));
    assert_int_equal(error.code, WI_METHOD_NOT_ALLOWED);
    assert_string_equal(error.allowed, allowed);
}

TEST(test_method_not_allowed)
{
    check_allowed("GET", "/v1/infer", "POST");
    check_allowed("DELETE", "/v1/status", "GET, HEAD");
    check_allowed("POST", "/v1/jobs/x", "GET, HEAD, DELETE");
    check_allowed("get", "/v1/status", "GET, HEAD");
    check_allowed("VERYVERYVERYLONGMETHODNAMEVERYVERYVERYLONG", "/", "GET, HEAD");
}

/* By hand, so that a row whose rank was forgotten, or a new one, is thought about twice. */
TEST(test_ranks)
{
    static const char *const open[] = {"GET /healthz", "GET /readyz"};
    static const char *const admin[] = {"POST /v1/nodes/{id}/drain", "POST /v1/nodes/{id}/undrain",
        "POST /v1/sessions/{id}/recycle", "POST /v1/models/pull", "POST /v1/models/{model}/cancel",
        "POST /v1/models/{model}/load", "POST /v1/models/{model}/unload", "POST /v1/admin/join",
        "GET /v1/admin/join", "DELETE /v1/admin/join/{id}", "DELETE /v1/models/{model}",
        "POST /v1/models/gc", "GET /metrics"};
    static const char *const user[] = {"GET /v1/openapi.json", "POST /v1/infer",
        "POST /v1/chat/completions", "POST /v1/completions", "POST /v1/embeddings",
        "POST /v1/rerank", "POST /v1/tokenize", "POST /v1/audio/transcriptions",
        "POST /v1/audio/translations", "POST /v1/audio/speech", "GET /v1/status", "GET /v1/nodes",
        "GET /v1/hardware", "GET /v1/models", "GET /v1/models/{model}", "POST /v1/jobs",
        "GET /v1/jobs", "GET /v1/jobs/{id}", "DELETE /v1/jobs/{id}", "GET /"};
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
