/* Large files, alone and in forms: a thread looks through them, and nothing is copied. */
#include "../fixture.h"

#define LARGE (3 << 20) /* more than is unpacked, or looked through, on the loop */
#define PART(name, value)                                                                          \
    "--b\r\nContent-Disposition: form-data; name=\"" name "\"\r\n\r\n" value "\r\n"
#define FILE_PART(name)                                                                            \
    "--b\r\nContent-Disposition: form-data; name=\"" name "\"; filename=\"a\"\r\n\r\n"

/* Posts `start`, a large sound that looks as if it were full of JSON, and `end`. */
static struct client *post_sound(
    const char *path, const char *type, const char *start, const char *end)
{
    size_t before = strlen(start), size = before + LARGE + strlen(end);
    char *body = malloc(size), more[200];
    struct client *client = connect_client();
    memcpy(body, start, before);
    memset(body + before, '{', LARGE);
    memcpy(body + before, "OggS", 4);
    memcpy(body + before + LARGE, end, strlen(end));
    snprintf(more, sizeof more, "Content-Type: %s\r\nContent-Length: %zu\r\n", type, size);
    send_head(client, "POST", path, more);
    send_bytes(client, body, size);
    free(body);
    return client;
}

static struct client *post_alone(void)
{
    return post_sound("/v1/infer?model_name=builtin/echo", "audio/ogg", "", "");
}

static struct client *post_form(void)
{
    return post_sound("/v1/infer", "multipart/form-data; boundary=b",
        PART("model_name", "builtin/echo") FILE_PART("audio"), "\r\n--b--\r\n");
}

static struct client *post_to_transcribe(void)
{
    return post_sound("/v1/audio/transcriptions", "multipart/form-data; boundary=b",
        PART("model", "builtin/echo") FILE_PART("file"), "\r\n--b--\r\n");
}

FIXTURE(set_up, tear_down)

/* Each is read as a whole, in little more memory than its own, and then its model takes none. */
TEST(test_large_files)
{
    static const struct {
        struct client *(*post)(void);
        int status;
    } rows[] = {{post_alone, 422}, {post_form, 422}, {post_to_transcribe, 400}};
    fixture->budget.limit = 2 * (LARGE + 4096); /* the configuration asks for twice the body */
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct client *client = rows[i].post();
        until(answered(client));
        assert_int_equal(status_of(client), rows[i].status);
        assert_non_null(strstr(client->text, "builtin/echo takes tensors alone"));
        free_client(client);
        /* And a client that leaves while a thread reads. */
        client = rows[i].post();
        until(fixture->budget.used >= LARGE);
        free_client(client);
        until(fixture->budget.used == 0);
    }
    fixture->budget.limit = LARGE + 10; /* none for what is asked of it */
    struct client *client = post_alone();
    until(answered(client));
    check_problem(client, 503, "memory_budget");
    free_client(client);
    until(wi_server_busy(fixture->server) == 0);
}

/* Transcripts come as text, and speech as a sound; what cannot be at all is told what can. */
TEST(test_accepted)
{
    static const struct {
        const char *path, *accept, *missing;
    } rows[] = {
        {"/v1/audio/transcriptions", "text/plain", NULL},
        {"/v1/audio/transcriptions", "text/vtt, application/x-subrip", NULL},
        {"/v1/audio/translations", "text/*", NULL},
        {"/v1/audio/transcriptions", "audio/wav",
            "application/json, text/event-stream, text/plain"},
        {"/v1/audio/speech", "audio/wav", NULL},
        {"/v1/audio/speech", "audio/pcm;q=0.5", NULL},
        {"/v1/audio/speech", "application/octet-stream", NULL},
        {"/v1/audio/speech", "audio/mpeg, text/plain",
            "audio/wav, application/octet-stream, audio/pcm"},
        {"/v1/infer", "text/plain", "application/json, application/octet-stream"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct client *client = connect_client();
        char more[200];
        int form = strcmp(rows[i].path, "/v1/audio/speech") != 0;
        snprintf(more, sizeof more, "Content-Type: %s\r\nContent-Length: 2\r\nAccept: %s\r\n",
            form ? "multipart/form-data; boundary=b" : "application/json", rows[i].accept);
        send_head(client, "POST", rows[i].path, more);
        send_bytes(client, "{}", 2);
        until(answered(client));
        assert_int_equal(status_of(client), rows[i].missing ? 406 : 400);
        if (rows[i].missing)
            assert_non_null(strstr(client->text, rows[i].missing));
        free_client(client);
    }
}
