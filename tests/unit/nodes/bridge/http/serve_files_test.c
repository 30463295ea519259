/* The page and model files over HTTP, and what stops the bridge from starting. */
#include "../fixture.h"

#include "nodes/bridge/http/serve.h"

FIXTURE(set_up, tear_down)

TEST(test_files)
{
    struct fixture *fixture = *state;
    struct client client = client_open(&fixture->loop, fixture->port);
    struct http_reply reply;
    char request[512], etag[80];

    assert_int_equal(client_request(&client, "GET / HTTP/1.1", &reply), 0);
    assert_int_equal(reply.status, 200);
    assert_string_equal((char *)reply.body, "<!doctype html>");
    assert_non_null(strstr(reply.head, "Cross-Origin-Opener-Policy: same-origin\r\n"));
    assert_non_null(strstr(reply.head, "Cross-Origin-Embedder-Policy: require-corp\r\n"));
    assert_non_null(strstr(reply.head, "Permissions-Policy: accelerometer=(), camera=(), "));
    assert_non_null(strstr(reply.head, "'wasm-unsafe-eval'"));
    assert_non_null(strstr(reply.head, "Cache-Control: no-cache\r\n"));
    assert_non_null(strstr(reply.head, "Content-Type: text/html; charset=utf-8\r\n"));
    reply_clear(&reply);

    assert_int_equal(
        client_request(&client, "GET /assets/engine-5XK2Q7NB.wasm HTTP/1.1", &reply), 0);
    assert_int_equal(reply.status, 200);
    assert_int_equal(reply.size, 300000);
    for (size_t i = 0; i < reply.size; i++)
        if (reply.body[i] != pattern(i))
            fail_msg("byte %zu is wrong", i);
    assert_non_null(strstr(reply.head, "Content-Type: application/wasm\r\n"));
    assert_non_null(strstr(reply.head, "immutable"));
    assert_int_equal(sscanf(strstr(reply.head, "ETag: "), "ETag: %79s", etag), 1);
    assert_int_equal(etag[0], '"');
    reply_clear(&reply);

    snprintf(request, sizeof request,
        "GET /assets/engine-5XK2Q7NB.wasm HTTP/1.1\r\nIf-None-Match: \"x\", %s", etag);
    assert_int_equal(client_request(&client, request, &reply), 0);
    assert_int_equal(reply.status, 304);
    reply_clear(&reply);

    assert_int_equal(
        client_request(&client,
            "GET /assets/engine-5XK2Q7NB.wasm HTTP/1.1\r\nRange: bytes=200000-200009", &reply),
        0);
    assert_int_equal(reply.status, 206);
    assert_int_equal(reply.size, 10);
    assert_int_equal(reply.body[9], pattern(200009));
    assert_non_null(strstr(reply.head, "Content-Range: bytes 200000-200009/300000\r\n"));
    reply_clear(&reply);
    assert_int_equal(
        client_request(
            &client, "GET /assets/engine-5XK2Q7NB.wasm HTTP/1.1\r\nRange: bytes=300000-", &reply),
        0);
    assert_int_equal(reply.status, 416);
    assert_non_null(strstr(reply.head, "Content-Range: bytes */300000\r\n"));
    reply_clear(&reply);
    assert_int_equal(client_request(&client, "HEAD /index.html HTTP/1.1", &reply), 0);
    assert_int_equal(reply.status, 200);
    assert_non_null(strstr(reply.head, "Content-Length: 15\r\n"));
    reply_clear(&reply);

    static const char *const missing[] = {"GET /passwd HTTP/1.1", "GET /.secret HTTP/1.1",
        "GET /../../etc/passwd HTTP/1.1", "GET /%2e%2e/%2e%2e/etc/passwd HTTP/1.1",
        "GET /assets HTTP/1.1", "GET /assets/ HTTP/1.1", "GET /nothing?x=1 HTTP/1.1"};
    for (size_t i = 0; i < sizeof missing / sizeof *missing; i++) {
        assert_int_equal(client_request(&client, missing[i], &reply), 0);
        assert_int_equal(reply.status, 404);
        reply_clear(&reply);
    }
    client_close(&client);
    client = client_open(&fixture->loop, fixture->port);
    client_send(&client, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nbody", 52);
    assert_int_equal(client_reply(&client, 0, &reply), 0);
    assert_int_equal(reply.status, 405);
    assert_non_null(strstr(reply.head, "Allow: GET, HEAD\r\n"));
    reply_clear(&reply);
    client_close(&client);
}

/* What is refused before its body came ends the connection, unless that is short and known. */
TEST(test_refused_and_kept)
{
    static const struct {
        const char *head;
        int status, closes;
    } cases[] = {{"GET /nothing HTTP/1.1\r\n", 404, 0}, {"HEAD /nothing HTTP/1.1\r\n", 404, 0},
        {"GET /nothing HTTP/1.1\r\nConnection: close\r\n", 404, 1},
        {"POST / HTTP/1.1\r\nContent-Length: 0\r\n", 405, 0}, {"POST / HTTP/1.1\r\n", 405, 1},
        {"POST / HTTP/1.1\r\nContent-Length: 99999999\r\n", 405, 1},
        {"DELETE / HTTP/1.1\r\n", 405, 1}};
    struct fixture *fixture = *state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct client client = client_open(&fixture->loop, fixture->port);
        struct http_reply reply;
        char text[256];
        snprintf(text, sizeof text, "%sHost: 127.0.0.1\r\n\r\n", cases[i].head);
        assert_int_equal(client_send(&client, text, strlen(text)), 0);
        assert_int_equal(client_reply(&client, text[0] == 'H', &reply), 0);
        assert_int_equal(reply.status, cases[i].status);
        if ((strcasestr(reply.head, "\r\nConnection: close\r\n") != NULL) != cases[i].closes)
            fail_msg("%s: %s", cases[i].head, reply.head);
        reply_clear(&reply);
        client_close(&client);
    }
}

/* Asks for a file of the page that has compressed copies, with `more` headers; takes its tag. */
static void ask_coded(
    struct client *client, const char *line, const char *more, struct http_reply *reply, char *etag)
{
    char request[512];
    snprintf(request, sizeof request, "%s /app-0f3c9d2e41.js HTTP/1.1%s", line, more);
    assert_int_equal(client_request(client, request, reply), 0);
    assert_non_null(strstr(reply->head, "Vary: Accept-Encoding\r\n"));
    assert_non_null(strstr(reply->head, "Cross-Origin-Embedder-Policy: require-corp\r\n"));
    assert_non_null(strstr(reply->head, "immutable"));
    assert_int_equal(sscanf(strstr(reply->head, "ETag: "), "ETag: %79s", etag), 1);
}

TEST(test_work_of_others)
{
    static const char *const words[] = {"none", "tensors", "text"};
    struct fixture *fixture = *state;
    struct client client = client_open(&fixture->loop, fixture->port);
    struct http_reply reply;

    for (int i = 0; i < 3; i++) {
        fixture->config.pool.strangers = (enum wi_strangers)i;
        wi_bridge_reload(fixture->bridge, &fixture->config);
        assert_int_equal(client_request(&client, "GET /work HTTP/1.1", &reply), 0);
        assert_int_equal(reply.status, 200);
        assert_string_equal((char *)reply.body, words[i]);
        assert_non_null(strstr(reply.head, "Content-Type: text/plain\r\n"));
        assert_non_null(strstr(reply.head, "Cross-Origin-Resource-Policy: same-origin\r\n"));
        reply_clear(&reply);
    }
    client_close(&client);
}

TEST(it_tells_whether_devices_are_remembered)
{
    struct fixture *fixture = *state;
    struct client client = client_open(&fixture->loop, fixture->port);
    struct http_reply reply;

    for (int i = 0; i < 2; i++) {
        fixture->config.bridge.devices = i;
        wi_bridge_reload(fixture->bridge, &fixture->config);
        assert_int_equal(client_request(&client, "GET /devices HTTP/1.1", &reply), 0);
        assert_int_equal(reply.status, 200);
        assert_string_equal((char *)reply.body, i ? "yes" : "no");
        assert_non_null(strstr(reply.head, "Cross-Origin-Resource-Policy: same-origin\r\n"));
        reply_clear(&reply);
    }
    client_close(&client);
}

/* The copies that the build has put beside a file are sent to whom they suit, as that file. */
TEST(test_compressed_files)
{
    static const struct {
        const char *more, *coding, *body;
    } cases[] = {
        {"", NULL, "plain text"},
        {"\r\nAccept-Encoding: gzip, deflate, br", "br", "brotli"},
        {"\r\nAccept-Encoding: gzip, deflate", "gzip", "gzipped"},
        {"\r\nAccept-Encoding: br;q=0, gzip;q=0.1", "gzip", "gzipped"},
        {"\r\nAccept-Encoding: br;q=0, gzip;q=0", NULL, "plain text"},
        {"\r\nAccept-Encoding: br\r\nRange: bytes=0-99", NULL, "plain text"},
    };
    struct fixture *fixture = *state;
    struct client client = client_open(&fixture->loop, fixture->port);
    struct http_reply reply;
    char etags[sizeof cases / sizeof *cases][80], line[64];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ask_coded(&client, "GET", cases[i].more, &reply, etags[i]);
        assert_int_equal(reply.size, strlen(cases[i].body));
        assert_memory_equal(reply.body, cases[i].body, reply.size);
        assert_non_null(strstr(reply.head, "Content-Type: text/javascript; charset=utf-8\r\n"));
        assert_non_null(strstr(
            reply.head, cases[i].coding ? "Accept-Ranges: none\r\n" : "Accept-Ranges: bytes\r\n"));
        snprintf(line, sizeof line, "Content-Encoding: %s\r\n", cases[i].coding);
        assert_int_equal(strstr(reply.head, "Content-Encoding") != NULL, cases[i].coding != NULL);
        assert_int_equal(strstr(reply.head, line) != NULL, cases[i].coding != NULL);
        reply_clear(&reply);
    }
    assert_string_not_equal(etags[0], etags[1]);
    assert_string_not_equal(etags[1], etags[2]);
    assert_string_equal(etags[2], etags[3]);
    assert_string_equal(etags[0], etags[5]);
    client_close(&client);
}

/* Each form is known by its own tag alone. */
TEST(test_tags_of_compressed_files)
{
    static const char *const codings[] = {
        "", "\r\nAccept-Encoding: br", "\r\nAccept-Encoding: gzip"};
    struct fixture *fixture = *state;
    struct client client = client_open(&fixture->loop, fixture->port);
    struct http_reply reply;
    char etags[3][80], etag[80], line[384];
    for (size_t i = 0; i < 3; i++) {
        ask_coded(&client, "GET", codings[i], &reply, etags[i]);
        reply_clear(&reply);
    }
    for (size_t i = 0; i < 3; i++) {
        snprintf(line, sizeof line, "\r\nAccept-Encoding: br\r\nIf-None-Match: %s", etags[i]);
        ask_coded(&client, "GET", line, &reply, etag);
        assert_int_equal(reply.status, i == 1 ? 304 : 200);
        assert_string_equal(etag, etags[1]);
        reply_clear(&reply);
    }
    /* Who goes on with a compressed one gets the whole file: its bytes are others. */
    snprintf(line, sizeof line, "\r\nRange: bytes=3-\r\nIf-Range: %s", etags[1]);
    ask_coded(&client, "GET", line, &reply, etag);
    assert_int_equal(reply.status, 200);
    assert_int_equal(reply.size, 10);
    reply_clear(&reply);
    ask_coded(&client, "HEAD", "\r\nAccept-Encoding: br", &reply, etag);
    assert_non_null(strstr(reply.head, "Content-Length: 6\r\n"));
    reply_clear(&reply);
    client_close(&client);
}

TEST(a_copy_is_no_file_but_what_only_has_its_name_is)
{
    static const struct {
        const char *line;
        int status;
    } names[] = {{"GET /app-0f3c9d2e41.js.br HTTP/1.1", 404},
        {"GET /app-0f3c9d2e41.js.gz HTTP/1.1", 404}, {"GET /app-0f3c9d2e41.js.gz.br HTTP/1.1", 404},
        {"GET /alone-0f3c9d2e41.js.gz HTTP/1.1", 200}};
    struct fixture *fixture = *state;
    struct client client = client_open(&fixture->loop, fixture->port);
    struct http_reply reply;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        assert_int_equal(client_request(&client, names[i].line, &reply), 0);
        assert_int_equal(reply.status, names[i].status);
        assert_null(strstr(reply.head, "Vary"));
        reply_clear(&reply);
    }
    client_close(&client);
}

/* Asks for a file of the model with the node's credential and `more` headers. */
static void ask_for(struct fixture *fixture, struct client *client, const json_t *welcome,
    const char *path, const char *more, struct http_reply *reply)
{
    char request[1024];
    snprintf(request, sizeof request,
        "GET /models/digits/%s/%s HTTP/1.1\r\nAuthorization: Bearer %s%s", test_model.hash, path,
        text_of(welcome, "model_credential"), more);
    assert_int_equal(client_request(client, request, reply), 0);
}

/* What a task says of the model: its engine and all its files. */
static void check_model(const json_t *model)
{
    static const char *const paths[] = {"_a-b@c=d~e,f", "model.onnx", "weights/part.data"};
    const json_t *files = json_object_get(model, "files");
    char url[256];
    assert_int_equal(json_array_size(files), 3);
    for (size_t i = 0; i < 3; i++) {
        const json_t *file = json_array_get(files, i);
        snprintf(url, sizeof url, "/models/digits/%s/%s", test_model.hash, paths[i]);
        assert_string_equal(json_string_value(json_object_get(file, "path")), paths[i]);
        assert_string_equal(json_string_value(json_object_get(file, "url")), url);
        assert_int_equal(json_integer_value(json_object_get(file, "bytes")), 300000);
        assert_string_equal(
            json_string_value(json_object_get(file, "hash")), test_model.manifest.files[i].hash);
    }
    assert_string_equal(json_string_value(json_object_get(model, "hash")), test_model.hash);
    assert_string_equal(json_string_value(json_object_get(model, "engine")), "ort");
    snprintf(url, sizeof url, "/models/digits/%s/.spec.json", test_model.hash);
    assert_string_equal(json_string_value(json_object_get(model, "spec_url")), url);
}

TEST(test_model_files)
{
    struct fixture *fixture = *state;
    json_t *welcome;
    struct client node = join(fixture, &welcome),
                  client = client_open(&fixture->loop, fixture->port);
    struct http_reply reply;
    char request[512];
    snprintf(request, sizeof request, "GET /models/digits/%s/model.onnx HTTP/1.1", test_model.hash);
    assert_int_equal(client_request(&client, request, &reply), 0);
    assert_int_equal(reply.status, 401);
    reply_clear(&reply);
    /* Not even a node's credential opens what it has no work for. */
    char known[1024];
    snprintf(known, sizeof known, "%s\r\nAuthorization: Bearer %s", request,
        text_of(welcome, "model_credential"));
    assert_int_equal(client_request(&client, known, &reply), 0);
    assert_int_equal(reply.status, 404);
    reply_clear(&reply);
    send_task(fixture, "att-1", NULL);
    json_t *task = hear(&node, "task_request");
    check_model(json_object_get(json_object_get(task, "data"), "model"));
    json_decref(task);
    strcat(request, "\r\nAuthorization: Bearer wi_wrong");
    assert_int_equal(client_request(&client, request, &reply), 0);
    assert_int_equal(reply.status, 401);
    reply_clear(&reply);

    static const struct {
        const char *path;
        int status;
        size_t size;
        char etag;
    } files[] = {{"model.onnx", 200, 300000, 'b'}, {"weights/part.data", 200, 300000, 'c'},
        {"_a-b@c=d~e,f", 200, 300000, 'd'}, {".spec.json", 200, 17, 0}, {"model.json", 404, 0, 0},
        {"other", 404, 0, 0}, {"weights", 404, 0, 0}, {"", 404, 0, 0}};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        char etag[80];
        ask_for(fixture, &client, welcome, files[i].path, "", &reply);
        assert_int_equal(reply.status, files[i].status);
        if (files[i].size)
            assert_int_equal(reply.size, files[i].size);
        snprintf(etag, sizeof etag, "ETag: \"%c%c%c", files[i].etag, files[i].etag, files[i].etag);
        if (files[i].etag)
            assert_non_null(strstr(reply.head, etag));
        reply_clear(&reply);
    }
    /* Nor is it closed when the work is done: the file may still be on its way. */
    say(&node, "task_response", ANSWER("att-1"));
    turn_until(&node, &fixture->answers, 1);
    assert_int_equal(model_references, 0);
    assert_int_equal(client_request(&client, known, &reply), 0);
    assert_int_equal(reply.status, 200);
    reply_clear(&reply);
    assert_int_equal(model_references, 0);
    wi_bridge_drop(fixture->bridge, fixture->node, "test");
    turn_until(&node, &fixture->downs, 1);
    snprintf(request, sizeof request,
        "GET /models/digits/%s/model.onnx HTTP/1.1\r\nAuthorization: Bearer %s", test_model.hash,
        text_of(welcome, "model_credential"));
    assert_int_equal(client_request(&client, request, &reply), 0);
    assert_int_equal(reply.status, 401);
    reply_clear(&reply);
    json_decref(welcome);
    client_close(&client);
    client_close(&node);
}

/* Before anything is known of who asks: whatever is in front of the dot. */
TEST(credentials_are_of_any_length)
{
    static const size_t lengths[] = {0, 1, WI_ID_SIZE - 1, WI_ID_SIZE, 200, 3900};
    struct fixture *fixture = *state;
    char request[4608];
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        struct client client = client_open(&fixture->loop, fixture->port);
        struct http_reply reply;
        size_t head = (size_t)sprintf(request,
            "GET /models/digits/%s/model.onnx HTTP/1.1\r\nHost: 127.0.0.1\r\n"
            "Authorization: Bearer ",
            test_model.hash);
        memset(request + head, 'a', lengths[i]);
        strcpy(request + head + lengths[i], ".wi_secret\r\n\r\n");
        assert_int_equal(client_send(&client, request, strlen(request)), 0);
        assert_int_equal(client_reply(&client, 0, &reply), 0);
        assert_int_equal(reply.status, 401);
        reply_clear(&reply);
        client_close(&client);
    }
}

/* A transfer that broke off goes on where it was, as long as the file is the same. */
TEST(test_ranges_of_model_files)
{
    struct fixture *fixture = *state;
    json_t *welcome;
    struct client node = join(fixture, &welcome),
                  client = client_open(&fixture->loop, fixture->port);
    struct http_reply reply;
    char same[128];
    send_task(fixture, "att-1", NULL);
    json_decref(hear(&node, "task_request"));
    static const struct {
        const char *range;
        int status;
        size_t size, first;
    } cases[] = {{"bytes=299990-", 206, 10, 299990}, {"bytes=-5", 206, 5, 299995},
        {"bytes=0-0", 206, 1, 0}, {"bytes=5-7,9-9", 200, 300000, 0}, {"bytes=300000-", 416, 0, 0},
        {"lines=1-2", 200, 300000, 0}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char more[64];
        snprintf(more, sizeof more, "\r\nRange: %s", cases[i].range);
        ask_for(fixture, &client, welcome, "weights/part.data", more, &reply);
        assert_int_equal(reply.status, cases[i].status);
        for (size_t k = 0; cases[i].size && k < reply.size; k++)
            assert_int_equal(reply.body[k], pattern(cases[i].first + k));
        if (cases[i].size)
            assert_int_equal(reply.size, cases[i].size);
        reply_clear(&reply);
    }
    snprintf(same, sizeof same, "\r\nRange: bytes=1-2\r\nIf-Range: \"%s\"",
        wi_manifest_find(&test_model.manifest, "weights/part.data")->hash);
    ask_for(fixture, &client, welcome, "weights/part.data", same, &reply);
    assert_int_equal(reply.status, 206);
    reply_clear(&reply);
    ask_for(fixture, &client, welcome, "weights/part.data",
        "\r\nRange: bytes=1-2\r\nIf-Range: \"other\"", &reply);
    assert_int_equal(reply.status, 200);
    assert_int_equal(reply.size, 300000);
    reply_clear(&reply);
    json_decref(welcome);
    client_close(&client);
    client_close(&node);
}

/* It goes where the file goes, and nowhere else. */
TEST(a_list_of_blocks_is_served_like_its_file)
{
    static struct wi_blockstore blocks = {.leaves = "the leaves"};
    struct fixture *fixture = *state;
    struct wi_model_file *file = &test_model.manifest.files[1];
    json_t *welcome;
    struct client node = join(fixture, &welcome),
                  client = client_open(&fixture->loop, fixture->port);
    struct http_reply reply;
    char request[512], etag[128];
    assert_string_equal(file->path, "model.onnx");
    wi_bridge_serve_content(fixture->bridge, &blocks, "daemon-1", NULL);
    file->bytes = WI_BLOCKS_MIN;
    ask_for(fixture, &client, welcome, "model.onnx?blocks", "", &reply);
    assert_int_equal(reply.status, 404); /* it has no work for it */
    reply_clear(&reply);
    send_task(fixture, "att-1", NULL);
    json_decref(hear(&node, "task_request"));
    snprintf(request, sizeof request, "GET /models/digits/%s/model.onnx?blocks HTTP/1.1",
        test_model.hash);
    assert_int_equal(client_request(&client, request, &reply), 0);
    assert_int_equal(reply.status, 401);
    reply_clear(&reply);

    ask_for(fixture, &client, welcome, "model.onnx?blocks", "", &reply);
    snprintf(etag, sizeof etag, "ETag: \"%s.blocks\"\r\n", file->hash);
    assert_int_equal(reply.status, 200);
    assert_int_equal(reply.size, strlen(blocks.leaves));
    assert_memory_equal(reply.body, blocks.leaves, reply.size);
    assert_non_null(strstr(reply.head, etag));
    assert_non_null(strstr(reply.head, "Cache-Control: no-store\r\n"));
    assert_null(strstr(reply.head, "X-Webinfer-Ticket")); /* it named no peer */
    reply_clear(&reply);

    blocks.leaves = NULL;
    for (blocks.soon = 1; blocks.soon >= 0; blocks.soon--) {
        ask_for(fixture, &client, welcome, "model.onnx?blocks", "", &reply);
        assert_int_equal(reply.status, blocks.soon ? 503 : 404);
        assert_int_equal(strstr(reply.head, "Retry-After: 1\r\n") != NULL, blocks.soon);
        reply_clear(&reply);
    }
    blocks.soon = 0;
    blocks.leaves = "the leaves";
    file->bytes = WI_BLOCKS_MIN - 1;
    static const char *const none[] = {
        "model.onnx?blocks", "weights/part.data?blocks", ".spec.json?blocks", "other?blocks"};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
        ask_for(fixture, &client, welcome, none[i], "", &reply);
        assert_int_equal(reply.status, 404);
        reply_clear(&reply);
    }
    ask_for(fixture, &client, welcome, "weights/part.data?block", "", &reply);
    assert_int_equal(reply.size, 300000); /* the file */
    reply_clear(&reply);
    wi_bridge_serve_content(fixture->bridge, NULL, "daemon-1", NULL);
    file->bytes = WI_BLOCKS_MIN;
    ask_for(fixture, &client, welcome, "model.onnx?blocks", "", &reply);
    assert_int_equal(reply.status, 404);
    reply_clear(&reply);
    json_decref(welcome);
    client_close(&client);
    client_close(&node);
}

/* A file that was written to in place is not what was hashed. */
TEST(test_changed_model_file)
{
    struct fixture *fixture = *state;
    json_t *welcome;
    struct client node = join(fixture, &welcome),
                  client = client_open(&fixture->loop, fixture->port);
    struct http_reply reply;
    send_task(fixture, "att-1", NULL);
    json_decref(hear(&node, "task_request"));
    test_model.manifest.files[2].identity.size++;
    ask_for(fixture, &client, welcome, "weights/part.data", "", &reply);
    assert_int_equal(reply.status, 404);
    reply_clear(&reply);
    ask_for(fixture, &client, welcome, "model.onnx", "", &reply);
    assert_int_equal(reply.status, 200);
    reply_clear(&reply);
    json_decref(welcome);
    client_close(&client);
    client_close(&node);
}

/* A client that leaves while its file is on the way, or never reads it, harms nothing. */
TEST(test_abandoned_file)
{
    struct fixture *fixture = *state;
    for (int i = 0; i < 8; i++) {
        struct client client = client_open(&fixture->loop, fixture->port);
        const char *text = "GET /assets/engine-5XK2Q7NB.wasm HTTP/1.1\r\nHost: h\r\n\r\n";
        client_send(&client, text, strlen(text));
        for (int turn = 0; turn < i; turn++)
            uv_run(&fixture->loop, UV_RUN_NOWAIT);
        client_close(&client);
    }
    struct client client = client_open(&fixture->loop, fixture->port);
    struct http_reply reply;
    assert_int_equal(client_request(&client, "GET / HTTP/1.1", &reply), 0);
    reply_clear(&reply);
    client_close(&client);
}

/* Asks again and again, and reads nothing, until it is cut: that is when the system's buffers are
 * full of answers, which takes thousands of turns of both ends. */
static void check_cut(struct fixture *fixture, const char *first, const char *more)
{
    struct client client = client_open(&fixture->loop, fixture->port);
    double until = client_now() + 12 * CLIENT_PATIENCE_MS;
    int small = 4096, cut = 0;
    setsockopt(client.fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    assert_int_equal(client_send(&client, first, strlen(first)), 0);
    while (!cut && client_now() < until) {
        cut =
            send(client.fd, more, strlen(more), MSG_DONTWAIT | MSG_NOSIGNAL) < 0 && errno != EAGAIN;
        uv_run(&fixture->loop, UV_RUN_NOWAIT);
    }
    if (!cut)
        fail_msg("never: %s then %s", first, more);
    client_close(&client);
}

/* lws reads nothing while it writes an answer, and is told again and again that there is something
 * to read: whoever sends more and does not take his answer would keep a core busy. */
TEST(test_unread_answers)
{
    static const char request[] = "GET /assets/engine-5XK2Q7NB.wasm HTTP/1.1\r\nHost: h\r\n\r\n";
    check_cut(*state, request, request);
    check_cut(*state, request, "GET / HTTP/1.1\r\nHost: h\r\n\r\n");
}

TEST(test_bad_start)
{
    struct fixture *fixture = *state;
    struct wi_bridge_events events = {0};
    struct wi_config config = fixture->config;
    struct wi_error error = {0};
    char address[64];
    snprintf(address, sizeof address, "127.0.0.1:%d", fixture->port);
    config.bridge.listen = address;
    assert_null(wi_bridge_new(
        fixture->lws, &fixture->loop, NULL, &config, &fixture->budget, &events, &error));
    assert_string_equal(error.field, "bridge.listen");
    assert_non_null(strstr(error.detail, "in use"));
    config.bridge.listen = (char *)"127.0.0.1";
    assert_null(wi_bridge_new(
        fixture->lws, &fixture->loop, NULL, &config, &fixture->budget, &events, &error));
    config = fixture->config;
    config.bridge.page = (char *)"/nonexistent";
    assert_null(wi_bridge_new(
        fixture->lws, &fixture->loop, NULL, &config, &fixture->budget, &events, &error));
    assert_string_equal(error.field, "bridge.page");
}
