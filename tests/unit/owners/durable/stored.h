/* A server with a database of its own: jobs are stored over HTTP and looked at likewise. For tests
 * of the stored jobs; only the jobs' runs are played. */
#ifndef WI_TESTS_DURABLE_STORED_H
#define WI_TESTS_DURABLE_STORED_H

#include "../../api/fixture.h"

#include "../../files.h"
#include "settings/store/private.h"
#include "settings/store/rows.h"

static struct wi_db *db;
static char folder[64];

static void stop_server(void)
{
    wi_server_quiesce(fixture->server);
    wi_server_finish(fixture->server);
    wi_server_stop(fixture->server);
    wi_server_free(fixture->server);
    fixture->server = NULL;
}

static void start_server(void)
{
    struct wi_error error;

    fixture->server = wi_server_new(&fixture->deps, &error);
    assert_non_null(fixture->server);
}

static void open_database(void)
{
    struct wi_error error;

    db = fixture->deps.db = wi_db_open(&fixture->loop, folder, &error);
    assert_non_null(db);
}

/* As when the daemon ends: nothing is left on the loop. */
static void close_database(void)
{
    wi_db_close(db);
    wi_uploads_free(fixture->uploads);
    uv_timer_stop(&fixture->tick);
    uv_prepare_stop(&fixture->turn);
    uv_run(&fixture->loop, UV_RUN_DEFAULT);
    wi_db_free(db);
    fixture->deps.uploads = fixture->uploads =
        wi_uploads_new(&fixture->loop, fixture->repository, fixture->versions);
    uv_timer_start(&fixture->tick, on_tick, 5, 5);
    uv_prepare_start(&fixture->turn, on_turn);
}

static int set_up_stored(void **state)
{
    set_up(state);
    stop_server();
    make_root(folder, "durable");
    open_database();
    fixture->config.store.max_size = 1 << 20;
    fixture->config.pool.job_retention = 3600000;
    start_server();
    return 0;
}

static int tear_down_stored(void **state)
{
    int result;

    stop_server();
    close_database();
    result = tear_down(state);
    remove_root(folder);
    return result;
}

/* POSTs the echo; the status, and the job's id or "" in `id`. */
static int store(const char *more, const char *body, char id[WI_ID_SIZE])
{
    struct client *client = connect_client();
    char head[256];
    json_t *json;
    int status;

    snprintf(head, sizeof head, "Content-Type: application/json\r\nContent-Length: %zu\r\n%s",
        strlen(body), more);
    send_head(client, "POST", "/v1/jobs", head);
    send_text(client, body);
    until(answered(client));
    status = status_of(client);
    json = body_of(client);
    snprintf(
        id, WI_ID_SIZE, "%s", status == 202 ? json_string_value(json_object_get(json, "id")) : "");
    json_decref(json);
    free_client(client);
    return status;
}

/* The job's document once it has ended. */
static json_t *end_of(const char *id)
{
    char path[128];
    json_t *json;

    snprintf(path, sizeof path, "/v1/jobs/%s?wait=4s", id);
    assert_int_equal(ask("GET", path, "", &json), 200);
    assert_non_null(json);
    return json;
}

static void check_end(const char *id, const char *state)
{
    json_t *json = end_of(id);

    assert_string_equal(json_string_value(json_object_get(json, "state")), state);
    json_decref(json);
}

static int64_t stored(const char *what)
{
    int64_t value;
    json_t *json;

    assert_int_equal(ask("GET", "/v1/status", "", &json), 200);
    value = json_integer_value(json_object_get(json_object_get(json, "stored_jobs"), what));
    json_decref(json);
    return value;
}

#endif
