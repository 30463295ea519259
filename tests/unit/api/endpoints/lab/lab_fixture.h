/* A server over a database of its own, and runs of the laboratory that are sent to it. */
#ifndef WI_TESTS_LAB_ENDPOINTS_FIXTURE_H
#define WI_TESTS_LAB_ENDPOINTS_FIXTURE_H

#include "../../fixture.h"

#include "../../../files.h"

static char root[64];

static inline int set_up_db(void **state)
{
    struct wi_error error;
    make_root(root, "results");
    set_up(state);
    wi_server_free(fixture->server);
    fixture->config.pool.job_retention = 3600e3;
    fixture->config.store.results_keep = 10;
    fixture->deps.db = wi_db_open(&fixture->loop, root, &error);
    fixture->server = wi_server_new(&fixture->deps, &error);
    return fixture->server && fixture->deps.db ? 0 : -1;
}

static inline int tear_down_db(void **state)
{
    struct wi_db *db = fixture->deps.db;
    wi_server_quiesce(fixture->server);
    wi_server_finish(fixture->server);
    wi_server_stop(fixture->server);
    wi_server_free(fixture->server);
    fixture->server = NULL;
    wi_db_close(db);
    uv_run(&fixture->loop, UV_RUN_NOWAIT);
    int failed = tear_down(state);
    wi_db_free(db);
    remove_root(root);
    return failed;
}

/* Sends a part of a run; the answer is the caller's. */
static inline json_t *send_part(const char *text, int status)
{
    struct client *client = connect_client();
    post(client, "/v1/results", text, strlen(text));
    until(answered(client));
    assert_int_equal(status_of(client), status);
    json_t *json = body_of(client);
    free_client(client);
    return json;
}

static inline json_t *get(const char *path, int status)
{
    json_t *json;
    assert_int_equal(ask("GET", path, "", &json), status);
    assert_non_null(json);
    return json;
}

#define HEAD(id) "{\"version\":1,\"id\":\"" id "\",\"name\":\"mine\",\"began_at\":5,\"cells\":["
#define CELL(index, samples)                                                                       \
    "{\"model\":\"digits\",\"browser\":\"chrome\",\"platform\":\"wasm\",\"precision\":\"fp32\","   \
    "\"threads\":1,\"batch\":1,\"concurrency\":1,\"clock\":\"page\",\"outcome\":\"ok\","           \
    "\"index\":" #index ",\"samples_ms\":[" samples "]}"

#endif
