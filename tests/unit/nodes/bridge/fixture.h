/*
 * A bridge on a loop of its own for tests: a page folder, a store of one model in place of the real
 * one, what was told upward, and helpers that speak the protocol. No call of ours into the bridge
 * may cause an event before it has returned: `inside` watches over that.
 */
#ifndef WI_TESTS_BRIDGE_FIXTURE_H
#define WI_TESTS_BRIDGE_FIXTURE_H

#include "../../asked.h"
#include "../../test.h"

#include "../../files.h"
#include "base/net/http.h"
#include "blocks.h"
#include "client.h"
#include "nodes/bridge/bridge.h"
#include "nodes/bridge/invitations.h"
#include "nodes/bridge/socket_limits.h"
#include "nodes/node/frame.h"

#define SUBPROTOCOL "Sec-WebSocket-Protocol: webinfer.v1\r\n"
#define CAPABILITIES                                                                               \
    "{\"browser\":{\"name\":\"chromium\",\"version\":\"156.0.1.2\",\"user_agent\":\"UA\"},"        \
    "\"os\":\"Linux\",\"cores\":4,\"memory_gib\":8,\"cross_origin_isolated\":true,\"platforms\":{" \
    "\"webgpu\":{\"available\":true,\"adapter\":{\"vendor\":\"google\",\"architecture\":"          \
    "\"swiftshader\",\"description\":\"sw\\u0007\",\"is_fallback\":true}},"                        \
    "\"webnn\":{\"available\":false,\"reason\":\"no navigator.ml\"},"                              \
    "\"wasm\":{\"available\":true,\"threads\":4}},\"engines\":{\"ort\":\"1.30.0\"}}"

/* --- A store of one model, in place of the real one ------------------------------------------- */

static struct wi_model test_model = {.name = (char *)"digits", .type = WI_TYPE_VISION};
static int model_references;

struct wi_model *wi_model_ref(struct wi_model *model)
{
    model_references++;
    return model;
}

void wi_model_unref(struct wi_model *model)
{
    if (model)
        model_references--;
}

struct wi_model *wi_model_ref_idle(struct wi_model *model)
{
    return wi_model_ref(model);
}

void wi_model_unref_idle(struct wi_model *model)
{
    wi_model_unref(model);
}

struct wi_model *wi_repository_by_hash(
    struct wi_repository *repository, const char *name, const char *hash)
{
    return strcmp(name, test_model.name) == 0 && strcmp(hash, test_model.hash) == 0 ? &test_model
                                                                                    : NULL;
}

struct wi_model *wi_repository_kernels(const struct wi_repository *repository)
{
    return &test_model;
}

/* A file of the model, behind `fd`, with a hash of one digit. */
static inline void put_model_file(const char *name, char digit, int fd)
{
    struct stat status;
    assert_int_equal(fstat(fd, &status), 0);
    struct wi_model_file *file = wi_manifest_add(&test_model.manifest, name);
    file->fd = fd;
    file->bytes = (uint64_t)status.st_size;
    file->identity = wi_file_identity_of(&status);
    memset(file->hash, digit, 64);
}

/* --- The bridge under test -------------------------------------------------------------------- */

struct fixture {
    int platforms_lost;
    uv_loop_t loop;
    struct lws_context *lws;
    struct wi_config config;
    struct wi_budget budget;
    struct wi_bridge *bridge;
    int port;
    char folder[64];
    /* What was told upward. */
    int ups, resumes, aways, downs, accepted, answers, parts, progresses;
    char node[WI_ID_SIZE], log[1024];
    char why[256];             /* the last attempt was lost */
    struct wi_answer answer;   /* the last; JSON referenced */
    int looks;                 /* features were found, or not */
    int pauses, goes_on;       /* how often the node was paused, and was no more */
    int throttles, speeds_up;  /* how often it began to run slowly, and no longer did */
    int threads, threads_said; /* what it may use; what it was said to have been told, when asked */
    const char *tuning;        /* what is known of that, as JSON; NULL: nothing */
    char lied[512];            /* nodes whose pages lied to others, each with a space */
    int tunings;               /* how often a node told of its own; then the last, as text */
    char tuned[256];
    int inside;                                 /* a call of ours is running: no event may come */
    void (*on_resume)(struct fixture *fixture); /* what the layer above does then; NULL: nothing */
    void (*on_part)(struct fixture *fixture, const char *attempt_id); /* likewise */
    void (*on_pause)(struct fixture *fixture);
};

static inline void on_up(void *context, const struct wi_node_info *info, int resumed)
{
    struct fixture *fixture = context;
    assert_false(fixture->inside);
    resumed ? fixture->resumes++ : fixture->ups++;
    snprintf(fixture->node, sizeof fixture->node, "%s", info->id);
    if (resumed && fixture->on_resume)
        fixture->on_resume(fixture);
}

static inline json_t *on_welcome_tuning(void *context, const struct wi_node_info *info)
{
    struct fixture *fixture = context;
    return fixture->tuning ? json_loads(fixture->tuning, 0, NULL) : NULL;
}

static inline void on_lied(void *context, const char *node_id)
{
    struct fixture *fixture = context;
    assert_false(fixture->inside);
    size_t size = strlen(fixture->lied);
    snprintf(fixture->lied + size, sizeof fixture->lied - size, "%s ", node_id);
}

static inline void on_tuning(
    void *context, const char *node_id, const struct wi_node_tuning *tuning)
{
    struct fixture *fixture = context;
    assert_false(fixture->inside);
    assert_string_equal(node_id, fixture->node);
    fixture->tunings++;
    snprintf(fixture->tuned, sizeof fixture->tuned, "%s %s %s%s%s", tuning->kernel->name,
        tuning->size_class, tuning->choice ? tuning->choice->variant : "-",
        tuning->hung ? " hung " : "", tuning->hung ? tuning->hung->variant : "");
}

static inline int on_threads(void *context, const struct wi_node_info *info, int said)
{
    struct fixture *fixture = context;
    fixture->threads_said = said;
    return fixture->threads;
}

static inline void on_away(void *context, const char *node_id)
{
    struct fixture *fixture = context;
    assert_false(fixture->inside);
    fixture->aways++;
}

static inline void on_paused(void *context, const char *node_id, int paused)
{
    struct fixture *fixture = context;
    assert_false(fixture->inside);
    assert_string_equal(node_id, fixture->node);
    paused ? fixture->pauses++ : fixture->goes_on++;
    if (paused && fixture->on_pause)
        fixture->on_pause(fixture);
}

static inline void on_throttled(void *context, const char *node_id, int throttled)
{
    struct fixture *fixture = context;
    assert_false(fixture->inside);
    assert_string_equal(node_id, fixture->node);
    throttled ? fixture->throttles++ : fixture->speeds_up++;
}

static inline void on_looked(void *context, const char *node_id)
{
    struct fixture *fixture = context;
    assert_false(fixture->inside);
    assert_string_equal(node_id, fixture->node);
    fixture->looks++;
}

static inline void on_down(void *context, const char *node_id, const char *why)
{
    struct fixture *fixture = context;
    assert_false(fixture->inside);
    fixture->downs++;
    strcat(fixture->log, "down;");
}

static inline void on_accepted(void *context, const char *node_id, const char *attempt_id)
{
    ((struct fixture *)context)->accepted++;
}

static inline void on_part(
    void *context, const char *node_id, const char *attempt_id, const struct wi_part *part)
{
    struct fixture *fixture = context;
    assert_false(fixture->inside);
    assert_int_equal(part->text_length, part->text ? strlen(part->text) : 0);
    fixture->parts++;
    size_t used = strlen(fixture->log);
    snprintf(fixture->log + used, sizeof fixture->log - used, "part %s/%llu %s;", attempt_id,
        (unsigned long long)part->seq, part->text ? part->text : "-");
    if (fixture->on_part)
        fixture->on_part(fixture, attempt_id);
}

static inline void on_progress(
    void *context, const char *node_id, const char *attempt_id, const struct wi_progress *progress)
{
    struct fixture *fixture = context;
    assert_false(fixture->inside);
    fixture->progresses++;
    strcat(strcat(strcat(fixture->log, "progress "), progress->phase), ";");
}

static inline void answer_clear(struct fixture *fixture)
{
    json_decref(fixture->answer.executed_on);
    json_decref(fixture->answer.result);
    wi_tensors_clear(&fixture->answer.outputs);
    memset(&fixture->answer, 0, sizeof fixture->answer);
}

static inline void on_answer(
    void *context, const char *node_id, const char *attempt_id, struct wi_answer *answer)
{
    struct fixture *fixture = context;
    assert_false(fixture->inside);
    answer_clear(fixture);
    fixture->answers++;
    fixture->answer = *answer;
    json_incref(fixture->answer.executed_on);
    json_incref(fixture->answer.result);
    memset(&fixture->answer.outputs, 0, sizeof fixture->answer.outputs);
    wi_tensors_move(&fixture->answer.outputs, &answer->outputs);
    strcat(strcat(strcat(fixture->log, "answer "), attempt_id), ";");
}

static inline void on_lost(
    void *context, const char *node_id, const char *attempt_id, int alone, const char *why)
{
    struct fixture *fixture = context;
    assert_false(fixture->inside);
    strcat(strcat(strcat(fixture->log, alone ? "lost-alone " : "lost "), attempt_id), ";");
    snprintf(fixture->why, sizeof fixture->why, "%s", why);
}

static inline unsigned char pattern(size_t i)
{
    return (unsigned char)(i * 31 + i / 251);
}

static inline void on_platform_lost(
    void *context, const char *node_id, enum wi_platform platform, const char *why)
{
    struct fixture *fixture = context;
    fixture->platforms_lost++;
}

static inline void make_page(struct fixture *fixture)
{
    static unsigned char big[300000];
    for (size_t i = 0; i < sizeof big; i++)
        big[i] = pattern(i);
    make_root(fixture->folder, "bridge");
    write_file(fixture->folder, "index.html", "<!doctype html>", 15);
    write_file(fixture->folder, ".secret", "no", 2);
    write_file(fixture->folder, "assets/engine-5XK2Q7NB.wasm", big, sizeof big);
    write_file(fixture->folder, "app-0f3c9d2e41.js", "plain text", 10);
    write_file(fixture->folder, "app-0f3c9d2e41.js.br", "brotli", 6);
    write_file(fixture->folder, "app-0f3c9d2e41.js.gz", "gzipped", 7);
    write_file(fixture->folder, "app-0f3c9d2e41.js.gz.br", "twice", 5);
    write_file(fixture->folder, "alone-0f3c9d2e41.js.gz", "a file", 6);
    char *link = path_to(fixture->folder, "passwd");
    assert_int_equal(symlink("/etc/passwd", link), 0);
    free(link);
    write_file(fixture->folder, "model.onnx.test", big, sizeof big);
}

static inline int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    struct wi_error error = {0};
    char path[160];
    wi_log_configure(WI_LOG_ERROR, WI_LOG_TEXT);
    uv_loop_init(&fixture->loop);
    fixture->lws = wi_lws_new(&fixture->loop, &error);
    assert_non_null(fixture->lws);
    make_page(fixture);
    fixture->budget.limit = 64 * 1024 * 1024;
    fixture->config.bridge.listen = (char *)"127.0.0.1:0";
    fixture->config.bridge.page = fixture->folder;
    fixture->config.bridge.heartbeat_interval = 60000; /* none comes in between */
    fixture->config.bridge.heartbeat_misses = 3;
    fixture->config.bridge.resume_grace = 15000;
    fixture->config.bridge.max_nodes = 8;
    fixture->config.bridge.max_connections_per_address = 256;
    fixture->config.api.max_body = 8 * 1024 * 1024;
    fixture->config.api.max_answer = 48 * 1024 * 1024;
    fixture->config.pool.memory_budget = 128 * 1024 * 1024;
    fixture->config.pool.max_connections = 1;
    fixture->config.pool.model_budget = 1 << 30;
    struct wi_bridge_events events = {
        .context = fixture,
        .on_node_up = on_up,
        .on_node_away = on_away,
        .on_node_paused = on_paused,
        .on_node_throttled = on_throttled,
        .on_node_down = on_down,
        .on_accepted = on_accepted,
        .on_part = on_part,
        .on_progress = on_progress,
        .on_answer = on_answer,
        .on_lost = on_lost,
        .on_platform_lost = on_platform_lost,
        .on_node_looked = on_looked,
        .threads = on_threads,
        .tuning = on_welcome_tuning,
        .on_node_lied = on_lied,
        .on_tuning = on_tuning,
    };
    fixture->bridge = wi_bridge_new(
        fixture->lws, &fixture->loop, NULL, &fixture->config, &fixture->budget, &events, &error);
    if (!fixture->bridge)
        fail_msg("%s", error.detail);
    fixture->port = atoi(strrchr(wi_bridge_url(fixture->bridge), ':') + 1);
    snprintf(path, sizeof path, "%s/model.onnx.test", fixture->folder);
    put_model_file("_a-b@c=d~e,f", 'd', open(path, O_RDONLY));
    put_model_file("model.onnx", 'b', open(path, O_RDONLY));
    put_model_file("weights/part.data", 'c', open(path, O_RDONLY));
    memset(test_model.hash, 'a', 64);
    test_model.facts.spec.text = (char *)"{\"type\":\"vision\"}";
    model_references = 0;
    *state = fixture;
    return 0;
}

/* With a model that puts out `y`, any number of bytes. */
static inline int set_up_with_output(void **state)
{
    static struct wi_onnx_value output = {.name = (char *)"y",
        .has_datatype = 1,
        .datatype = WI_UINT8,
        .tensor = 1,
        .rank = 1,
        .has_shape = 1,
        .dims = {-1}};
    test_model.facts.signature = (struct wi_onnx_signature){.outputs = &output, .output_count = 1};
    return set_up(state);
}

static inline int tear_down(void **state)
{
    struct fixture *fixture = *state;
    fixture->inside = 1;
    wi_bridge_close(fixture->bridge);
    fixture->inside = 0;
    wi_lws_begin_free(fixture->lws);
    uv_run(&fixture->loop, UV_RUN_DEFAULT);
    wi_lws_end_free(fixture->lws);
    wi_bridge_free(fixture->bridge);
    assert_int_equal(uv_loop_close(&fixture->loop), 0);
    answer_clear(fixture);
    assert_int_equal(fixture->budget.used, 0);
    assert_int_equal(model_references, 0);
    assert_int_equal(open_readings, 0);
    wi_manifest_clear(&test_model.manifest);
    remove_root(fixture->folder);
    free(fixture);
    return 0;
}

/* --- Helpers of the tests --------------------------------------------------------------------- */

static inline struct client open_socket(struct fixture *fixture)
{
    struct client client = client_open(&fixture->loop, fixture->port);
    assert_int_equal(client_upgrade(&client, "/node", SUBPROTOCOL), 101);
    return client;
}

static inline void say(struct client *client, const char *type, const char *data)
{
    char *text = NULL;
    int size = asprintf(&text,
        "{\"id\":\"n-1\",\"type\":\"%s\",\"from\":\"\",\"timestamp\":1,\"data\":%s}", type, data);
    assert_int_equal(client_send_frame(client, 1, 1, text, (size_t)size), 0);
    free(text);
}

/* The next text message, which must be of `type`; heartbeats are passed over. */
static inline json_t *hear(struct client *client, const char *type)
{
    for (;;) {
        struct ws_message message;
        assert_int_equal(client_message(client, &message), 0);
        assert_int_equal(message.opcode, 1);
        json_t *root = json_loadb((char *)message.bytes, message.size, 0, NULL);
        assert_non_null(root);
        message_clear(&message);
        const char *got = json_string_value(json_object_get(root, "type"));
        assert_string_equal(json_string_value(json_object_get(root, "from")), "service");
        if (strcmp(got, type) == 0)
            return root;
        assert_string_equal(got, "heartbeat");
        json_decref(root);
    }
}

static inline const char *text_of(const json_t *root, const char *field)
{
    return json_string_value(json_object_get(json_object_get(root, "data"), field));
}

/* The code of the close frame that must come next; then the socket must end. */
static inline int hear_close(struct client *client)
{
    struct ws_message message;
    assert_int_equal(client_message(client, &message), 0);
    assert_int_equal(message.opcode, 8);
    assert_true(message.size >= 2);
    int code = message.bytes[0] << 8 | message.bytes[1];
    client_send_frame(client, 8, 1, message.bytes, 2);
    message_clear(&message);
    double until = client_now() + CLIENT_PATIENCE_MS;
    while (!client->ended && client_now() < until)
        client_turn(client);
    assert_true(client->ended);
    return code;
}

static inline void announce(struct client *client, const char *who)
{
    char data[1024];
    snprintf(data, sizeof data,
        "{\"protocol\":1,\"page_version\":\"t\",%s,\"capabilities\":" CAPABILITIES "}", who);
    say(client, "node_announcement", data);
}

/* A welcomed node; `welcome` (may be NULL) takes the message. */
static inline struct client join(struct fixture *fixture, json_t **welcome)
{
    char token[WI_TOKEN_SIZE], who[128];
    wi_bridge_expect(fixture->bridge, "session-1", "chrome", "", "", 60000, token);
    struct client client = open_socket(fixture);
    snprintf(who, sizeof who, "\"token\":\"%s\"", token);
    announce(&client, who);
    json_t *root = hear(&client, "welcome");
    if (welcome)
        *welcome = root;
    else
        json_decref(root);
    return client;
}

static inline enum wi_code send_task(
    struct fixture *fixture, const char *attempt_id, const struct wi_tensors *tensors)
{
    struct wi_inference *asked = ASKED(.model = wi_model_ref(&test_model), .fallback = 1);
    struct wi_task task = {.attempt_id = attempt_id,
        .job_id = "job-1",
        .asked = asked,
        .platforms = {WI_WEBGPU, WI_WASM},
        .platform_count = 2,
        .deadline_ms = 1000,
        .tensors = tensors};
    fixture->inside = 1;
    enum wi_code code = wi_bridge_send_task(fixture->bridge, fixture->node, &task, NULL);
    fixture->inside = 0;
    wi_inference_release(asked);
    return code;
}

static inline struct wi_tensors make_tensor(const char *name, size_t size)
{
    struct wi_tensors list = {0};
    struct wi_tensor *tensor = wi_tensors_add(&list);
    unsigned char *bytes = wi_alloc(size);
    tensor->name = strdup(name);
    tensor->datatype = WI_UINT8;
    tensor->rank = 1;
    tensor->dims[0] = (int64_t)size;
    tensor->blob = wi_blob_new(NULL, size);
    for (size_t i = 0; i < size; i++)
        bytes[i] = pattern(i);
    wi_blob_append(tensor->blob, bytes, size);
    free(bytes);
    tensor->size = size;
    return list;
}

static inline void turn_until(struct client *client, const int *counter, int value)
{
    double until = client_now() + CLIENT_PATIENCE_MS;
    while (*counter < value && client_now() < until)
        client_turn(client);
    assert_int_equal(*counter, value);
}

#define ANSWER(id)                                                                                 \
    "{\"attempt_id\":\"" id "\",\"reply_to\":\"s-2\",\"ok\":true,\"executed_on\":{\"platform\":"   \
    "\"wasm\",\"engine\":\"ort\"},\"performance\":{\"load_ms\":1,\"inference_ms\":2.5,"            \
    "\"warm\":true},\"tensors\":[],\"result\":{\"a\":1}}"

#endif
