/* What the server's tests share: the lower layers, played; a server on a loop; clients of it. */
#ifndef WI_TESTS_API_FIXTURE_H
#define WI_TESTS_API_FIXTURE_H

#include "../test.h"
#include "api/http/server.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "models/catalog/library/uploads.h"
#include "models/catalog/library/versions_work.h"
#include "nodes/bridge/features.h"
#include "nodes/bridge/invitations.h"
#include "owners/proof/proof.h"
#include "wire/describe/schemas.h"
#include "work/pool/evidence.h"
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* --- what we play ---------------------------------------------------------------------------- */

struct fixture {
    uv_loop_t loop;
    uv_timer_t tick;
    uv_prepare_t turn;
    unsigned turns;
    struct wi_config config;
    struct wi_budget budget;
    struct wi_repository *repository;
    struct wi_versions_work *versions;
    struct wi_uploads *uploads;
    struct wi_children *children;
    struct wi_server *server;
    struct wi_server_deps deps;
    enum wi_code admit, ready;
    size_t node_tokens;             /* that the bridge was given */
    char label[WI_JOIN_LABEL_SIZE]; /* of the latest join token */
    int shareable;                  /* likewise */
    struct wi_strings peers;        /* of the bridge */
    int shares;                     /* join tokens are those of a cluster */
    wi_job_store_done_fn *stored;   /* whoever waits until the cluster knows one; or NULL */
    void *stored_data;
    const char *dropped; /* why the latest node was dropped */
    /* the job under way */
    int submitted, abandoned, has_job;
    int stubborn;        /* it does not end when it is cancelled */
    int held_up;         /* no node computes it */
    int attempts;        /* of which the last failed; 0 for none */
    const char *problem; /* of the last attempt; NULL: "its node went" */
    struct wi_job_spec spec;
    wi_job_fn *on_done;
    void *context;
    struct wi_job_stream hears; /* if it is a stream */
    uint64_t parts;             /* that were given */
    struct wi_credit took;      /* as was told last */
    /* what the other parts have counted */
    struct wi_job_counters jobs; /* but for those accepted */
    struct wi_pool_counters pool;
    struct wi_bridge_counters bridge;
    struct wi_cross_counters cross;
    size_t quarantined; /* nodes, now */
    uint64_t found[WI_EVIDENCE_COUNT];
    json_t *kinds;                        /* NULL: none */
    const struct wi_node_info *kind_page; /* of chrome; NULL: none */
};

static struct fixture *fixture;

#include "../one_job.h"

static void finish_job(enum wi_code code)
{
    struct wi_answer answer = {.ok = 1,
        .inference_ms = 1.5,
        .warm = 1,
        .parts = fixture->parts,
        .waited_for_client_ms = 0.5};
    struct wi_job_result result = {
        .code = code, .queue_ms = 0.25, .total_ms = 2, .first_part_ms = 0.75, .attempts = 1};
    snprintf(result.node, sizeof result.node, "node-1");
    if (code == WI_OK) {
        wi_tensors_share(&answer.outputs, &fixture->spec.asked->tensors);
        answer.executed_on = json_pack("{s:s, s:s}", "platform", "wasm", "engine", "echo");
        result.answer = &answer;
    } else {
        wi_error_set(&result.error, code, NULL, "it failed");
        result.error.attempts = 4;
    }
    end_job(&result);
    wi_tensors_clear(&answer.outputs);
    json_decref(answer.executed_on);
}

enum wi_code wi_jobs_cancel(struct wi_jobs *jobs, const char *job_id)
{
    if (!is_job(job_id))
        return WI_JOB_NOT_FOUND;
    if (fixture->stubborn)
        return WI_OK;
    finish_job(WI_CANCELLED);
    return WI_OK;
}

char *wi_jobs_batch_obstacle(const struct wi_jobs *jobs, const struct wi_model *model)
{
    return NULL;
}

size_t wi_jobs_position(const struct wi_jobs *jobs, const char *job_id)
{
    return is_job(job_id) ? 3 : 0;
}

int wi_jobs_is_held_up(const struct wi_jobs *jobs, const char *job_id)
{
    return is_job(job_id) && fixture->held_up;
}

json_t *wi_jobs_describe(const struct wi_jobs *jobs, const char *job_id)
{
    if (!is_job(job_id))
        return NULL;
    return json_pack("{s:s, s:s, s:s, s:i, s:s*}", "id", job_id, "client", fixture->spec.client,
        "state", "queued", "attempts", fixture->attempts, "problem",
        !fixture->attempts ? NULL
        : fixture->problem ? fixture->problem
                           : "its node went");
}

const char *wi_jobs_client(const struct wi_jobs *jobs, const char *job_id)
{
    if (!is_job(job_id))
        return NULL;
    return fixture->spec.client;
}

void wi_checks_cross_counters(const struct wi_checks *checks, struct wi_cross_counters *counters)
{
    *counters = fixture->cross;
}

void wi_checks_counters(const struct wi_checks *checks, struct wi_check_counters *counters)
{
    *counters = (struct wi_check_counters){0};
}

struct wi_verdicts *wi_pool_verdicts(const struct wi_pool *pool)
{
    return NULL;
}

void wi_jobs_counters(const struct wi_jobs *jobs, struct wi_job_counters *counters)
{
    *counters = fixture->jobs;
    counters->accepted = (uint64_t)fixture->submitted;
}

void wi_jobs_each(const struct wi_jobs *jobs, wi_job_look_fn *look, void *context)
{
}

enum wi_code wi_pool_ready(const struct wi_pool *pool, struct wi_error *error)
{
    return fixture->ready == WI_OK
               ? WI_OK
               : wi_error_set(error, fixture->ready, NULL, "no browser is installed");
}

json_t *wi_pool_sessions_json(const struct wi_pool *pool)
{
    return json_array();
}

json_t *wi_pool_nodes_json(const struct wi_pool *pool, size_t most, size_t *more)
{
    *more = 0;
    return json_pack("[{s:s}]", "id", "node-1");
}

json_t *wi_pool_nodes_page_json(
    const struct wi_pool *pool, const char *after, size_t limit, int *more)
{
    size_t others;
    *more = 0;
    return wi_pool_nodes_json(pool, limit, &others);
}

json_t *wi_pool_session_json(const struct wi_pool *pool, const char *session_id)
{
    return NULL;
}

json_t *wi_pool_node_json(const struct wi_pool *pool, const char *node_id)
{
    return strcmp(node_id, "node-1") == 0 ? json_pack("{s:s}", "id", "node-1") : NULL;
}

void wi_pool_list_sessions(const struct wi_pool *pool, struct wi_strings *ids, size_t most)
{
}

void wi_pool_list_nodes(const struct wi_pool *pool, struct wi_strings *ids, size_t most)
{
    wi_strings_add(ids, "node-1");
}

void wi_jobs_list(
    const struct wi_jobs *jobs, const char *client, struct wi_strings *ids, size_t most)
{
}

json_t *wi_pool_hardware_json(struct wi_pool *pool, const struct wi_demand *demand)
{
    return json_pack("{s:s}", "model_name", demand->asked->model->name);
}

int wi_pool_has_kind(const struct wi_pool *pool, const char *kind)
{
    return 0;
}

json_t *wi_pool_kinds_json(const struct wi_pool *pool)
{
    return fixture->kinds ? json_incref(fixture->kinds) : json_object();
}

const struct wi_node_info *wi_pool_kind_page(const struct wi_pool *pool, const char *kind)
{
    return strcmp(kind, "chrome") == 0 ? fixture->kind_page : NULL;
}

void wi_pool_add_warnings(const struct wi_pool *pool, json_t *warnings)
{
}

const char *wi_session_state_name(enum wi_session_state state)
{
    return state == WI_SESSION_READY ? "ready" : "other";
}

void wi_pool_counters(const struct wi_pool *pool, struct wi_pool_counters *counters)
{
    *counters = fixture->pool;
}

enum wi_code wi_pool_recycle(struct wi_pool *pool, const char *id, struct wi_error *error)
{
    return wi_error_set(error, WI_SESSION_NOT_FOUND, "id", "there is no session %.32s", id);
}

enum wi_code wi_pool_doubt_kind(struct wi_pool *pool, const char *kind, struct wi_error *error)
{
    return wi_error_set(error, WI_NOT_FOUND, "kind", "no browser kind %.40s is configured", kind);
}

enum wi_code wi_pool_drain(
    struct wi_pool *pool, const char *id, int draining, struct wi_error *error)
{
    return strcmp(id, "node-1") == 0
               ? WI_OK
               : wi_error_set(error, WI_NODE_NOT_FOUND, "id", "there is no node %.32s", id);
}

enum wi_code wi_pool_forgive(struct wi_pool *pool, const char *id, struct wi_error *error)
{
    return wi_pool_drain(pool, id, 0, error);
}

json_t *wi_pool_found_json(const struct wi_pool *pool, const char *id, int everything)
{
    return json_pack(
        "{s:[{s:s*}], s:n}", "limits", "reason", everything ? "it lies" : NULL, "conduct");
}

void wi_pool_found_counts(const struct wi_pool *pool, uint64_t counts[WI_EVIDENCE_COUNT])
{
    memcpy(counts, fixture->found, sizeof fixture->found);
}

static const struct wi_node_info node = {.id = "node-1",
    .kind = "chrome",
    .browser_version = "1.2.3",
    .cores = 2,
    .platforms[WI_WASM].available = 1};
static const struct wi_node_info our_node = {.id = "node-ours", .session = "session-1"};

const struct wi_node_info *wi_bridge_node(const struct wi_bridge *bridge, const char *id)
{
    return strcmp(id, "node-1") == 0 ? &node : strcmp(id, "node-ours") == 0 ? &our_node : NULL;
}

const struct wi_node_info *wi_pool_node_info(const struct wi_pool *pool, const char *id)
{
    return wi_bridge_node(NULL, id);
}

int wi_bridge_node_state(
    const struct wi_bridge *bridge, const char *id, struct wi_node_state *state)
{
    memset(state, 0, sizeof *state);
    return strcmp(id, "node-1") == 0 ? 0 : -1;
}

void wi_bridge_each(const struct wi_bridge *bridge, wi_bridge_each_fn *each, void *context)
{
    each(context, &node);
}

const struct wi_bridge_counters *wi_bridge_counters(const struct wi_bridge *bridge)
{
    return &fixture->bridge;
}

const struct wi_strings *wi_bridge_peers(const struct wi_bridge *bridge)
{
    return &fixture->peers;
}

const char *wi_bridge_url(const struct wi_bridge *bridge)
{
    return "http://127.0.0.1:1";
}

enum wi_code wi_pool_load(struct wi_pool *pool, const char *id, struct wi_model *model,
    const enum wi_platform *platforms, size_t count)
{
    return WI_OK;
}

enum wi_code wi_bridge_unload(struct wi_bridge *bridge, const char *id, const char *name)
{
    return WI_OK;
}

void wi_bridge_drop(struct wi_bridge *bridge, const char *node_id, const char *why)
{
    fixture->dropped = why;
}

enum wi_code wi_bridge_invite(struct wi_bridge *bridge, const struct wi_join_terms *terms,
    char id[WI_ID_SIZE], char token[WI_TOKEN_SIZE], struct wi_error *error)
{
    wi_text_copy(fixture->label, sizeof fixture->label, terms->label);
    fixture->shareable = terms->shareable;
    strcpy(id, "join-1");
    strcpy(token, "wi_x");
    return WI_OK;
}

int wi_bridge_uninvite(struct wi_bridge *bridge, const char *id)
{
    return strcmp(id, "join-1") == 0 ? 0 : -1;
}

int wi_bridge_shares_invitations(const struct wi_bridge *bridge)
{
    return fixture->shares;
}

void wi_bridge_await_invitation(
    struct wi_bridge *bridge, const char *id, wi_job_store_done_fn *done, void *data)
{
    fixture->stored = done;
    fixture->stored_data = data;
}

void wi_bridge_take_tokens(struct wi_bridge *bridge, const struct wi_api_tokens *tokens)
{
    fixture->node_tokens = wi_api_tokens_count(tokens, WI_RANK_NODE);
}

json_t *wi_bridge_invitations(const struct wi_bridge *bridge)
{
    return json_array();
}

/* One, without a label and away. */
json_t *wi_bridge_devices(const struct wi_bridge *bridge)
{
    json_t *list = json_array();
    json_array_append_new(list,
        wi_form_json("Device", "device-1", "join-1", (const char *)NULL, 1, 2, (const char *)NULL));
    return list;
}

int wi_bridge_forget_device(struct wi_bridge *bridge, const char *id)
{
    return strcmp(id, "device-1") == 0 ? 0 : -1;
}

json_t *wi_bridge_quarantined(const struct wi_bridge *bridge, size_t most, int everything)
{
    return json_array();
}

size_t wi_bridge_quarantined_count(const struct wi_bridge *bridge)
{
    return fixture->quarantined;
}

int wi_bridge_lift(struct wi_bridge *bridge, const char *id)
{
    return -1;
}

enum wi_code wi_bridge_look(struct wi_bridge *bridge, const char *id)
{
    return WI_NODE_NOT_FOUND;
}

json_t *wi_pool_tunings_json(const struct wi_pool *pool, size_t most, size_t *more)
{
    *more = 0;
    return json_array();
}

const struct wi_look *wi_bridge_looked(const struct wi_bridge *bridge, const char *id)
{
    static const struct wi_look never = {0};
    return &never;
}

/* Nobody is examined. */
struct wi_proof_order *wi_proof_order(
    struct wi_proof *proof, const struct wi_proof_want *want, struct wi_error *error)
{
    wi_error_set(error, WI_QUEUE_FULL, NULL, "nobody is examined here");
    return NULL;
}

void wi_proof_order_each(const struct wi_proof_order *order,
    void (*each)(void *context, const struct wi_proof_row *row), void *context)
{
}

void wi_proof_order_abandon(struct wi_proof_order *order)
{
}

json_t *wi_bridge_node_tokens(const struct wi_bridge *bridge)
{
    return json_array();
}

/* --- fixture --------------------------------------------------------------------------------- */

static void on_tick(uv_timer_t *timer)
{
}

static void on_turn(uv_prepare_t *prepare)
{
    fixture->turns++;
}

/* A machine that is busy with others makes no request slow. */
static const struct wi_server_times patient = {
    .headers = 60e3, .stall = 60e3, .grace = 60e3, .linger = 100, .beat = 400};

static int set_up_with(struct wi_server_times times)
{
    struct fixture *f = fixture = calloc(1, sizeof *f);
    struct wi_error error;
    wi_log_configure(WI_LOG_ERROR, WI_LOG_TEXT);
    uv_loop_init(&f->loop);
    /* So that UV_RUN_ONCE comes back. */
    uv_timer_init(&f->loop, &f->tick);
    uv_timer_start(&f->tick, on_tick, 5, 5);
    uv_prepare_init(&f->loop, &f->turn);
    uv_prepare_start(&f->turn, on_turn);
    f->budget.limit = 1 << 28;
    f->config.api.listen = (char *)"127.0.0.1:0";
    f->config.api.max_body = 8 << 20;
    f->config.api.max_connections = 1024;
    f->config.api.max_connections_per_address = 256;
    f->config.api.max_connections_loopback = 1024;
    f->config.api.stream_grace = 10000;
    f->config.api.stream_buffer = 256 << 10;
    f->config.api.send_timeout = 10000;
    f->config.api.idle_timeout = 5000;
    f->config.pool.max_queue = 8;
    f->config.pool.client_share = 1;
    f->config.models.max_picture_pixels = 1000000;
    f->config.models.directory = (char *)"/nonexistent/models";
    f->repository = wi_repository_new(&f->loop, "/nonexistent", NULL);
    f->versions = wi_versions_work_new(&f->loop, f->repository);
    f->uploads = wi_uploads_new(&f->loop, f->repository, f->versions);
    f->children = wi_children_new(&f->loop, "/nonexistent/lifeline");
    f->deps = (struct wi_server_deps){.loop = &f->loop,
        .config = &f->config,
        .children = f->children,
        .repository = f->repository,
        .versions = f->versions,
        .uploads = f->uploads,
        .budget = &f->budget,
        .version = "9.9.9",
        .times = times};
    f->server = wi_server_new(&f->deps, &error);
    assert_non_null(f->server);
    return 0;
}

static int set_up(void **state)
{
    return set_up_with(patient);
}

/* The order of server.h; at the end nothing is left on the loop and nothing of the budget. */
static int tear_down(void **state)
{
    struct fixture *f = fixture;
    if (f->server) {
        wi_server_quiesce(f->server);
        wi_server_finish(f->server);
        wi_server_stop(f->server);
        wi_server_free(f->server);
    }
    wi_strings_clear(&f->peers);
    wi_children_free(f->children);
    wi_uploads_free(f->uploads);
    wi_versions_work_free(f->versions);
    wi_repository_free(f->repository);
    uv_close((uv_handle_t *)&f->tick, NULL);
    uv_close((uv_handle_t *)&f->turn, NULL);
    uv_run(&f->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&f->loop), 0);
    assert_int_equal(f->budget.used, 0);
    assert_false(f->has_job);
    free(f);
    return 0;
}

/* Turns the loop until `condition`, or fails after five seconds. */
#define until(condition)                                                                           \
    do {                                                                                           \
        double limit_ = wi_now_ms() + 5000;                                                        \
        while (!(condition)) {                                                                     \
            if (wi_now_ms() > limit_)                                                              \
                fail_msg("never: %s", #condition);                                                 \
            uv_run(&fixture->loop, UV_RUN_ONCE);                                                   \
        }                                                                                          \
    } while (0)

/* --- clients --------------------------------------------------------------------------------- */

struct client {
    int fd;
    char *text; /* what came so far */
    size_t size;
    int closed;
    size_t head;      /* of the first answer, with its empty line; 0 before it is there */
    size_t body_size; /* by its Content-Length */
};

static struct client *connect_client(void)
{
    struct client *client = calloc(1, sizeof *client);
    struct sockaddr_in address = {.sin_family = AF_INET,
        .sin_port = htons((uint16_t)wi_server_port(fixture->server)),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    client->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(client->fd, (struct sockaddr *)&address, sizeof address), 0);
    fcntl(client->fd, F_SETFL, O_NONBLOCK);
    return client;
}

static void free_client(struct client *client)
{
    if (client->fd >= 0)
        close(client->fd);
    free(client->text);
    free(client);
}

static void read_more(struct client *client)
{
    char chunk[65536];
    ssize_t got;
    while ((got = recv(client->fd, chunk, sizeof chunk, 0)) > 0) {
        client->text = realloc(client->text, client->size + (size_t)got + 1);
        memcpy(client->text + client->size, chunk, (size_t)got);
        client->size += (size_t)got;
        client->text[client->size] = '\0';
    }
    client->closed |= got == 0 || (errno != EAGAIN && errno != EINTR);
    const char *end = client->text ? strstr(client->text, "\r\n\r\n") : NULL;
    const char *length = end ? strcasestr(client->text, "\r\nContent-Length: ") : NULL;
    client->head = end ? (size_t)(end - client->text) + 4 : 0;
    client->body_size = length && length < end ? strtoul(length + 18, NULL, 10) : 0;
}

/* Whether the first answer is there in full; or the connection is closed. */
static int answered(struct client *client)
{
    read_more(client);
    return client->closed || (client->head > 0 && client->size >= client->head + client->body_size);
}

static int status_of(const struct client *client)
{
    return client->size > 12 ? atoi(client->text + 9) : 0;
}

static void send_bytes(struct client *client, const void *bytes, size_t size)
{
    const char *at = bytes;
    while (size > 0) {
        ssize_t sent = send(client->fd, at, size, MSG_NOSIGNAL);
        if (sent < 0 && errno == EAGAIN) {
            uv_run(&fixture->loop, UV_RUN_ONCE);
            continue;
        }
        if (sent < 0)
            return; /* the server has cut us off; the test looks at why */
        at += sent;
        size -= (size_t)sent;
    }
}

static void send_text(struct client *client, const char *text)
{
    send_bytes(client, text, strlen(text));
}

static void send_head(struct client *client, const char *method, const char *path, const char *more)
{
    char head[1024];
    snprintf(head, sizeof head, "%s %s HTTP/1.1\r\nHost: 127.0.0.1:%u\r\n%s\r\n", method, path,
        wi_server_port(fixture->server), more);
    send_text(client, head);
}

static void post(struct client *client, const char *path, const void *body, size_t size)
{
    char more[128];
    snprintf(more, sizeof more, "Content-Type: application/json\r\nContent-Length: %zu\r\n", size);
    send_head(client, "POST", path, more);
    send_bytes(client, body, size);
}

/* One exchange on a fresh connection; the body as JSON (or NULL) is the caller's. */
static inline int ask(const char *method, const char *path, const char *more, json_t **json)
{
    struct client *client = connect_client();
    send_head(client, method, path, more);
    until(answered(client));
    int status = status_of(client);
    if (json)
        *json = json_loadb(client->text + client->head, client->body_size, 0, NULL);
    free_client(client);
    return status;
}

static json_t *body_of(const struct client *client)
{
    json_t *json =
        json_loadb(client->text + client->head, client->body_size, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(json);
    return json;
}

#define ECHO_REQUEST                                                                               \
    "{\"model_name\":\"builtin/echo\",\"id\":\"mine\",\"inputs\":[{\"name\":\"x\","                \
    "\"datatype\":\"FP32\",\"shape\":[2],\"data\":[1.5,2]}]}"

static inline int closed(struct client *client)
{
    read_more(client);
    return client->closed;
}

/* Forgets the first answer, for the next on the same connection. */
static inline void next_answer(struct client *client)
{
    size_t used = client->head + client->body_size;
    memmove(client->text, client->text + used, client->size - used + 1);
    client->size -= used;
    client->head = client->body_size = 0;
}

static inline void check_problem(const struct client *client, int status, const char *code)
{
    assert_int_equal(status_of(client), status);
    assert_non_null(strcasestr(client->text, "Content-Type: application/problem+json"));
    assert_non_null(strcasestr(client->text, "X-Request-Id: "));
    json_t *json = body_of(client);
    assert_string_equal(json_string_value(json_object_get(json, "code")), code);
    assert_int_equal(json_integer_value(json_object_get(json, "status")), status);
    json_decref(json);
}

/* libmicrohttpd 1.0 refuses some malformed heads itself, with 400 in HTML, and closes the
 * connection: the access handler is never called. */
static inline int is_library_refusal(const struct client *client)
{
    return strncmp(MHD_get_version(), "0.9.", 4) != 0 && status_of(client) == 400 &&
           !strcasestr(client->text, "X-Request-Id: ");
}

/* That the problem says of `member` ("field", "expected", "allowed") what `text` is. */
static inline void check_member(const struct client *client, const char *member, const char *text)
{
    json_t *json = body_of(client);
    const char *said = json_string_value(json_object_get(json, member));
    if (!said || strcmp(said, text) != 0)
        fail_msg("%s: %s instead of %s", member, said ? said : "nothing", text);
    json_decref(json);
}

static inline void submit_echo(struct client *client)
{
    post(client, "/v1/infer", ECHO_REQUEST, strlen(ECHO_REQUEST));
    until(fixture->has_job);
}

#endif
