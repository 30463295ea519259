/*
 * What each rank of token may do, on the real server: every route of the table, jobs that belong to
 * somebody, and a tokens file that changes.
 */
#include "../people.h"

#include "api/http/routes.h"

static void check_code(enum who who, const char *method, const char *where, int status,
    const char *code, const char *expected)
{
    json_t *json = NULL;
    assert_int_equal(ask_as(who, method, where, &json), status);
    assert_non_null(json);
    assert_string_equal(json_string_value(json_object_get(json, "code")), code);
    if (expected)
        assert_string_equal(json_string_value(json_object_get(json, "expected")), expected);
    json_decref(json);
}

/* The same in the form of OpenAI's clients. */
static void check_openai(enum who who, const char *where, int status, const char *code)
{
    json_t *json = NULL;
    assert_int_equal(ask_as(who, "POST", where, &json), status);
    const json_t *error = json_object_get(json, "error");
    assert_string_equal(json_string_value(json_object_get(error, "code")), code);
    json_decref(json);
}

/* And of Ollama's, who are told in one text. */
static void check_ollama(
    enum who who, const char *method, const char *where, int status, const char *said)
{
    json_t *json = NULL;
    assert_int_equal(ask_as(who, method, where, &json), status);
    const char *error = json_string_value(json_object_get(json, "error"));
    assert_non_null(error);
    assert_non_null(strstr(error, said));
    json_decref(json);
}

/* And of Anthropic's, whose errors have a type and a text. */
static void check_anthropic(
    enum who who, const char *method, const char *where, int status, const char *type)
{
    json_t *json = NULL;
    assert_int_equal(ask_as(who, method, where, &json), status);
    const char *said = json_string_value(json_object_get(json_object_get(json, "error"), "type"));
    assert_non_null(said);
    assert_string_equal(said, type);
    json_decref(json);
}

/* A path that the pattern matches: "x" for each {NAME}. */
static void fill(const char *pattern, char *where, size_t size)
{
    size_t used = 0;
    for (; *pattern && used + 1 < size; pattern++)
        if (*pattern == '{') {
            where[used++] = 'x';
            pattern = strchr(pattern, '}');
        } else {
            where[used++] = *pattern;
        }
    where[used] = '\0';
}

/* --- routes ---------------------------------------------------------------------------------- */

static void check_route(const struct wi_route *route, enum who who)
{
    char where[128], expected[64];
    fill(route->pattern, where, sizeof where);
    snprintf(expected, sizeof expected, "a token of rank %s", wi_rank_names[route->rank]);
    if (people[who].rank >= route->rank) {
        int status = ask_as(who, route->method, where, NULL);
        assert_int_not_equal(status, 401);
        assert_int_not_equal(status, 403);
    } else if (strcmp(route->dialect->error_form, "OllamaError") == 0) {
        check_ollama(who, route->method, where, who == NOBODY ? 401 : 403,
            who == NOBODY ? "Authorization: Bearer" : expected);
    } else if (strcmp(route->dialect->error_form, "AnthropicError") == 0) {
        check_anthropic(who, route->method, where, who == NOBODY ? 401 : 403,
            who == NOBODY ? "authentication_error" : "permission_error");
    } else if (route->dialect->status) {
        check_openai(
            who, where, who == NOBODY ? 401 : 403, who == NOBODY ? "invalid_api_key" : "rank");
    } else if (who == NOBODY) {
        check_code(who, route->method, where, 401, "unauthorized", NULL);
    } else {
        check_code(who, route->method, where, 403, "rank", expected);
    }
}

FIXTURE(set_up_tokens, tear_down_tokens)

TEST(test_every_route_with_every_rank)
{
    for (const struct wi_route *route = wi_routes; route->method; route++)
        for (int who = 0; who < WHO_COUNT; who++)
            check_route(route, (enum who)who);
}

TEST(test_where_there_is_no_route)
{
    check_code(NOBODY, "GET", "/nowhere", 401, "unauthorized", NULL);
    check_code(LAPTOP, "GET", "/nowhere", 403, "rank", "a token of rank user");
    check_code(LAPTOP, "PUT", "/v1/status", 403, "rank", "a token of rank user");
    check_code(BOB, "GET", "/nowhere", 404, "not_found", NULL);
    check_code(BOB, "PUT", "/v1/admin/join", 405, "method_not_allowed", NULL);
}

/* Without tokens everybody who reaches us may do everything. */
TEST(test_without_tokens)
{
    fixture->config.api.tokens_file = NULL;
    reload();
    for (const struct wi_route *route = wi_routes; route->method; route++) {
        char where[128];
        fill(route->pattern, where, sizeof where);
        int status = ask_as(NOBODY, route->method, where, NULL);
        assert_int_not_equal(status, 401);
        assert_int_not_equal(status, 403);
    }
}

/* --- jobs ------------------------------------------------------------------------------------ */

static struct client *submit_as(enum who who)
{
    char more[300], header[128];
    struct client *client = connect_client();
    header_of(who, header, sizeof header);
    snprintf(more, sizeof more,
        "%sX-Request-Id: request-1\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n",
        header, strlen(ECHO_REQUEST));
    send_head(client, "POST", "/v1/infer", more);
    send_text(client, ECHO_REQUEST);
    until(fixture->has_job);
    return client;
}

/* How many jobs /v1/status tells `who` of, and whose the first is. */
static size_t jobs_shown(enum who who, const char *client)
{
    json_t *json = NULL;
    assert_int_equal(ask_as(who, "GET", "/v1/status", &json), 200);
    const json_t *jobs = json_object_get(json_object_get(json, "queue"), "jobs");
    size_t count = json_array_size(jobs);
    if (count > 0)
        assert_string_equal(
            json_string_value(json_object_get(json_array_get(jobs, 0), "client")), client);
    json_decref(json);
    return count;
}

TEST(test_a_running_job_is_its_clients)
{
    struct client *waiting = submit_as(ADA);
    const char *names[] = {fixture->spec.id, "mine", "request-1"};
    char where[100];
    assert_string_equal(fixture->spec.client, "ada");
    for (size_t i = 0; i < 3; i++) {
        snprintf(where, sizeof where, "/v1/jobs/%s", names[i]);
        check_code(BOB, "GET", where, 404, "job_not_found", NULL);
        check_code(BOB, "DELETE", where, 404, "job_not_found", NULL);
        assert_int_equal(ask_as(ADA, "GET", where, NULL), 200);
        /* What a client calls its job means nothing to others, and an admin is another. */
        assert_int_equal(ask_as(ROOT, "GET", where, NULL), i == 0 ? 200 : 404);
    }
    assert_int_equal(jobs_shown(BOB, ""), 0);
    assert_int_equal(jobs_shown(ADA, "ada"), 1);
    assert_int_equal(jobs_shown(ROOT, "ada"), 1);
    assert_true(fixture->has_job);
    assert_int_equal(ask_as(ADA, "DELETE", "/v1/jobs/mine", NULL), 200);
    until(answered(waiting));
    assert_int_equal(status_of(waiting), 409);
    free_client(waiting);
}

/* Nobody else comes for a stream, an admin neither: whose it is may tell what is in it. */
TEST(test_a_stream_is_its_clients)
{
    static const char body[] = "{\"model_name\":\"builtin/echo\",\"inputs\":[],\"stream\":true,"
                               "\"resumable\":true}";
    static const struct {
        enum who who;
        int status;
    } rows[] = {{ADA, 404}, {ROOT, 404}, {NOBODY, 401}, {BOB, 200}};
    char more[256], where[80], header[160];
    struct client *client = connect_client();
    header_of(BOB, header, sizeof header);
    snprintf(more, sizeof more, "Content-Type: application/json\r\nContent-Length: %zu\r\n%s",
        sizeof body - 1, header);
    send_head(client, "POST", "/v1/infer", more);
    send_bytes(client, body, sizeof body - 1);
    until(fixture->has_job);
    snprintf(where, sizeof where, "/v1/jobs/%s", fixture->spec.id);
    fixture->hears.on_part(
        fixture->context, &fixture->spec, &(const struct wi_part){.text = "a", .text_length = 1});
    until(answered(client));
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        header_of(rows[i].who, header, sizeof header);
        snprintf(more, sizeof more, "Accept: text/event-stream\r\n%s", header);
        assert_int_equal(
            ask(rows[i].status == 200 ? "HEAD" : "GET", where, more, NULL), rows[i].status);
    }
    assert_false(closed(client));
    finish_job(WI_OK);
    free_client(client);
}

TEST(test_an_admin_cancels_anybodys)
{
    struct client *waiting = submit_as(BOB);
    char where[100];
    snprintf(where, sizeof where, "/v1/jobs/%s", fixture->spec.id);
    assert_int_equal(ask_as(ROOT, "DELETE", where, NULL), 200);
    until(answered(waiting));
    assert_int_equal(status_of(waiting), 409);
    free_client(waiting);
}

/* --- what is shown --------------------------------------------------------------------------- */

TEST(test_a_nodes_user_agent_is_for_admins)
{
    json_t *seen[2] = {NULL, NULL};
    assert_int_equal(ask_as(BOB, "GET", "/v1/nodes", &seen[0]), 200);
    assert_int_equal(ask_as(ROOT, "GET", "/v1/nodes", &seen[1]), 200);
    for (int i = 0; i < 2; i++) {
        const json_t *one = json_array_get(json_object_get(seen[i], "nodes"), 0);
        assert_non_null(json_object_get(one, "cores"));
        assert_int_equal(json_object_get(one, "user_agent") != NULL, i);
        json_decref(seen[i]);
    }
}

/* --- the file -------------------------------------------------------------------------------- */

TEST(test_reload)
{
    assert_int_equal(fixture->node_tokens, 1);
    write_tokens(1u << ADA | 1u << ROOT);
    reload();
    assert_int_equal(fixture->node_tokens, 0);
    check_code(BOB, "GET", "/v1/status", 401, "unauthorized", NULL);
    check_code(LAPTOP, "GET", "/v1/status", 401, "unauthorized", NULL);
    assert_int_equal(ask_as(ADA, "GET", "/v1/status", NULL), 200);
}

TEST(test_a_bad_file_changes_nothing)
{
    struct wi_error error;
    FILE *file = fopen(path, "a");
    fprintf(file, "eve:%064d:root\n", 0);
    fclose(file);
    assert_int_not_equal(wi_server_reload(fixture->server, &fixture->config, &error), WI_OK);
    assert_non_null(strstr(error.detail, "line 5"));
    assert_non_null(strstr(error.detail, "root"));
    assert_int_equal(fixture->node_tokens, 1);
    assert_int_equal(ask_as(BOB, "GET", "/v1/status", NULL), 200);
}

/* Where on this machine models lie is for those who may put some there. */
TEST(test_the_models_directory_is_for_admins)
{
    static const struct {
        enum who who;
        int shown;
    } cases[] = {{ADA, 0}, {ROOT, 1}};
    fixture->config.models.directory = (char *)"models";
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        json_t *json = NULL;
        assert_int_equal(ask_as(cases[i].who, "GET", "/v1/status", &json), 200);
        const char *shown = json_string_value(json_object_get(json, "models_directory"));
        assert_int_equal(shown != NULL, cases[i].shown);
        if (shown)
            assert_true(*shown == '/' && strstr(shown, "/models"));
        json_decref(json);
    }
}
