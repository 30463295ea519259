/* What commands ask of the daemon, and what they make of its answers. The daemon is played. */
#include "../../test.h"

#include "../../files.h"
#include "base/memory.h"
#include "cli/cli.h"
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#define CID "bafybeigdyrzt5sfp7udm7hu76uh7y26nf3efuylqabf3oclgtqy55fbzdi"
#define WAITS 3 /* until an exchange that goes on beside others is over */

/* --- the daemon ------------------------------------------------------------------------------- */

struct reply {
    const char *asked; /* "GET /v1/models" */
    int status;
    const char *body; /* where events are wanted, these */
};

struct under_way {
    const struct wi_rest_request *request;
    struct wi_rest_answer *answer;
    int waits; /* that are left */
};

static struct {
    const struct reply *replies; /* ended by a row of nothing */
    struct wi_buffer asked;      /* a line for each exchange */
    struct under_way exchanges[2];
    size_t position; /* of a sound that is sent */
    int sound_ended;
} played;

static const char *method_of(const struct wi_rest_request *request)
{
    return request->method ? request->method : request->body ? "POST" : "GET";
}

static void give(const struct wi_rest_request *request, struct wi_rest_answer *answer, int status,
    const char *body)
{
    answer->status = status;
    answer->events = request->on_events != NULL;
    if (request->on_events)
        request->on_events(request->context, body, strlen(body));
    else
        wi_buffer_puts(&answer->body, body);
}

void wi_rest_exchange(const struct wi_rest *rest, const struct wi_rest_request *request,
    struct wi_rest_answer *answer)
{
    char *asked = wi_sprintf("%s %s", method_of(request), request->path);
    const struct reply *reply = played.replies;
    *answer = (struct wi_rest_answer){0};
    wi_buffer_printf(&played.asked, "%s\n", asked);
    while (reply->asked && strcmp(reply->asked, asked) != 0)
        reply++;
    if (!reply->asked)
        fail_msg("nobody expects %s", asked);
    give(request, answer, reply->status, reply->body);
    free(asked);
}

void wi_rest_answer_clear(struct wi_rest_answer *answer)
{
    wi_buffer_clear(&answer->body);
    *answer = (struct wi_rest_answer){0};
}

void wi_rest_add_argument(
    struct wi_buffer *path, char separator, const char *name, const char *value)
{
    fail_msg("%s is no part of what is asked", name);
}

struct wi_rest_calls *wi_rest_calls_new(const struct wi_rest *rest)
{
    return (struct wi_rest_calls *)&played;
}

void wi_rest_calls_free(struct wi_rest_calls *calls)
{
    memset(played.exchanges, 0, sizeof played.exchanges);
}

/* Each of the two, the sound and its events, has one exchange at a time. */
void wi_rest_calls_begin(struct wi_rest_calls *calls, const struct wi_rest_request *request,
    struct wi_rest_answer *answer)
{
    struct under_way *exchange = &played.exchanges[request->on_events != NULL];
    assert_null(exchange->request);
    assert_false(played.sound_ended && !request->on_events);
    *answer = (struct wi_rest_answer){0};
    *exchange = (struct under_way){request, answer, WAITS};
    wi_buffer_printf(&played.asked, "%s %s\n", method_of(request), request->path);
}

/* The texts are told once all of the sound is there. */
static void answer_exchange(struct under_way *exchange)
{
    const struct wi_rest_request *request = exchange->request;
    char told[64] = "";
    if (request->on_events && !played.sound_ended)
        return;
    if (request->on_events)
        snprintf(told, sizeof told, "event: done\ndata: {}\n\n");
    else if (request->is_bytes)
        snprintf(told, sizeof told, "{\"position\":%zu}", played.position += request->body_size);
    else
        played.sound_ended = 1;
    give(request, exchange->answer, 200, told);
    exchange->answer->over = 1;
    *exchange = (struct under_way){0};
}

int wi_rest_calls_wait(struct wi_rest_calls *calls, int descriptor, int timeout_ms)
{
    for (int i = 0; i < 2; i++)
        if (played.exchanges[i].request && --played.exchanges[i].waits <= 0)
            answer_exchange(&played.exchanges[i]);
    return descriptor >= 0; /* a file can always be read */
}

/* --- a command -------------------------------------------------------------------------------- */

static int set_up(void **state)
{
    char *root = wi_alloc(64);
    memset(&played, 0, sizeof played);
    make_root(root, "asked");
    *state = root;
    return 0;
}

static int tear_down(void **state)
{
    wi_buffer_clear(&played.asked);
    remove_root(*state);
    free(*state);
    return 0;
}

FIXTURE(set_up, tear_down)

/* Standard output goes to a file below `root` until it is put back. */
static int catch_output(const char *root)
{
    char *path = path_to(root, "out");
    int before = dup(STDOUT_FILENO), out = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    fflush(stdout);
    assert_true(before >= 0 && out >= 0 && dup2(out, STDOUT_FILENO) >= 0);
    close(out);
    free(path);
    return before;
}

static void put_output_back(const char *root, int before, char *printed, size_t size)
{
    char *path = path_to(root, "out");
    fflush(stdout);
    assert_true(dup2(before, STDOUT_FILENO) >= 0);
    close(before);
    int out = open(path, O_RDONLY);
    ssize_t got = read(out, printed, size - 1);
    close(out);
    free(path);
    assert_true(got >= 0);
    printed[got] = '\0';
}

/* Runs it, its words ended by NULL; what it prints goes to `printed`. */
static enum wi_exit run_command(
    const char *root, const struct reply *replies, const char *const *words, char printed[256])
{
    struct wi_cli cli = {0};
    struct wi_error error = {0};
    int count = 0;
    while (words[count])
        count++;
    if (wi_arguments_parse(&cli.arguments, count, (char **)words, &error) != WI_OK)
        fail_msg("%s", error.detail);
    cli.json = wi_argument_given(&cli.arguments, "json");
    played.replies = replies;
    int before = catch_output(root);
    enum wi_exit result = cli.arguments.verb->run(&cli);
    put_output_back(root, before, printed, 256);
    wi_arguments_clear(&cli.arguments);
    return result;
}

/* --- what they do ----------------------------------------------------------------------------- */

#define MODEL(name, from) "{\"name\":\"" name "\",\"source\":{\"repository\":\"ipfs://" from "\"}}"

/* Of a path in content what it has led to, and nothing that came otherwise. */
TEST(what_a_path_in_content_has_led_to_is_run_without_a_pull)
{
    static const char list[] = "{\"models\":[" MODEL("ipfs/other", CID "/o") "," MODEL("mine",
        CID "/a/b") "," MODEL("ipfs/right", CID "/a/b") "," MODEL("ipfs/second", CID "/a/b") "]}";
    static const struct reply replies[] = {{"GET /v1/models", 200, list},
        {"GET /v1/models/ipfs/right", 200, "{\"name\":\"ipfs/right\",\"type\":\"onnx\"}"}, {0}};
    char printed[256];
    assert_int_equal(run_command(*state, replies,
                         (const char *[]){"webinfer", "run", "ipfs://" CID "/a/b", NULL}, printed),
        WI_EXIT_OK);
    assert_string_equal(played.asked.text, "GET /v1/models\nGET /v1/models/ipfs/right\n");
}

TEST(what_was_published_is_printed_as_an_address_or_as_json)
{
    static const struct reply replies[] = {
        {"POST /v1/models/m/publish", 200, "event: done\ndata: {\"cid\":\"" CID "\"}\n\n"}, {0}};
    char printed[256];
    assert_int_equal(
        run_command(*state, replies, (const char *[]){"webinfer", "publish", "m", NULL}, printed),
        WI_EXIT_OK);
    assert_string_equal(printed, "ipfs://" CID "\n");
    assert_int_equal(run_command(*state, replies,
                         (const char *[]){"webinfer", "publish", "m", "--json", NULL}, printed),
        WI_EXIT_OK);
    assert_string_equal(printed, "{\"cid\":\"" CID "\"}\n");
}

/* Four samples of a channel. */
static const unsigned char wav[] = "RIFF\x2c\0\0\0WAVEfmt \x10\0\0\0\1\0\1\0\x80\x3e\0\0\0\x7d\0\0"
                                   "\2\0\x10\0data\x08\0\0\0\1\0\2\0\3\0\4";

TEST(a_sound_is_sent_one_exchange_after_another_until_it_has_ended)
{
    static const struct reply replies[] = {{"POST /v1/audio/streams", 201, "{\"id\":\"s1\"}"}, {0}};
    char printed[256], *path = path_to(*state, "four.wav");
    write_file(*state, "four.wav", wav, sizeof wav);
    assert_int_equal(
        run_command(*state, replies,
            (const char *[]){"webinfer", "transcribe", "--live", "m", path, NULL}, printed),
        WI_EXIT_OK);
    assert_string_equal(played.asked.text,
        "POST /v1/audio/streams\nGET /v1/audio/streams/s1/events\n"
        "POST /v1/audio/streams/s1?position=0\nPOST /v1/audio/streams/s1/end\n");
    assert_int_equal(played.position, 8);
    free(path);
}
