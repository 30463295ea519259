/* A daemon that is played by a table of replies, and commands that are run against it. */
#ifndef WI_TESTS_CLI_PLAYED_H
#define WI_TESTS_CLI_PLAYED_H

#include "../../test.h"

#include "../../files.h"
#include "base/memory.h"
#include "cli/cli.h"
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

/* Runs a verb that is a program of its own; its test defines it. */
#ifndef PLAYED_PROGRAM
#define PLAYED_PROGRAM NULL
#endif

#define PRINTED_MAX 4096

/* --- the daemon ------------------------------------------------------------------------------- */

/* Several replies to the same are given one after the other, the last again and again. */
struct reply {
    const char *asked; /* "GET /v1/models" */
    int status;        /* 0: nobody answers */
    const char *body;  /* where events are wanted, these */
};

static struct {
    const struct reply *replies; /* ended by a row of nothing */
    /* Answers in the place of replies; NULL: these do. */
    void (*serve)(
        const char *asked, const struct wi_rest_request *request, struct wi_rest_answer *answer);
    struct wi_buffer asked; /* a line for each exchange */
    struct wi_buffer body;  /* of the last that had one */
} played;

static const char *method_of(const struct wi_rest_request *request)
{
    return request->method ? request->method : request->body ? "POST" : "GET";
}

static void give(const struct wi_rest_request *request, struct wi_rest_answer *answer, int status,
    const char *body)
{
    answer->status = status;
    answer->events = request->on_events != NULL && status == 200;
    if (answer->events)
        request->on_events(request->context, body, strlen(body));
    else
        wi_buffer_puts(&answer->body, body);
}

/* How often that line has been asked before. */
static size_t times_of(const char *asked)
{
    size_t length = strlen(asked), times = 0;
    const char *line = played.asked.text;
    while (line && *line) {
        size_t size = strcspn(line, "\n");
        times += size == length && memcmp(line, asked, length) == 0;
        line += size + (line[size] == '\n');
    }
    return times;
}

static const struct reply *reply_to(const char *asked)
{
    const struct reply *found = NULL;
    size_t left = times_of(asked) + 1;
    for (const struct reply *reply = played.replies; reply->asked && left > 0; reply++)
        if (strcmp(reply->asked, asked) == 0) {
            found = reply;
            left--;
        }
    if (!found)
        fail_msg("nobody expects %s", asked);
    return found;
}

static void answer_asked(
    const char *asked, const struct wi_rest_request *request, struct wi_rest_answer *answer)
{
    if (played.serve) {
        played.serve(asked, request, answer);
    } else {
        const struct reply *reply = reply_to(asked);
        give(request, answer, reply->status, reply->body);
    }
}

void wi_rest_exchange(const struct wi_rest *rest, const struct wi_rest_request *request,
    struct wi_rest_answer *answer)
{
    char *asked = wi_sprintf("%s %s", method_of(request), request->path);
    *answer = (struct wi_rest_answer){0};
    answer_asked(asked, request, answer);
    wi_buffer_printf(&played.asked, "%s\n", asked);
    if (request->body) {
        played.body.size = 0;
        wi_buffer_add(&played.body, request->body, request->body_size);
    }
    free(asked);
}

void wi_rest_answer_clear(struct wi_rest_answer *answer)
{
    wi_buffer_clear(&answer->body);
    *answer = (struct wi_rest_answer){0};
}

/* Of values that need no escapes. */
void wi_rest_add_argument(
    struct wi_buffer *path, char separator, const char *name, const char *value)
{
    if (value)
        wi_buffer_printf(path, "%c%s=%s", separator, name, value);
}

static void forget_played(void)
{
    wi_buffer_clear(&played.asked);
    wi_buffer_clear(&played.body);
    played.replies = NULL;
}

/* A fixture whose state is a folder of the test's own. */
static inline int set_up_played(void **state)
{
    char *root = wi_alloc(64);
    make_root(root, "played");
    *state = root;
    return 0;
}

static inline int tear_down_played(void **state)
{
    forget_played();
    remove_root(*state);
    free(*state);
    return 0;
}

/* --- a command -------------------------------------------------------------------------------- */

/* The descriptor goes to, or comes from, that file until it is put back by what this returns. */
static int redirect(int descriptor, const char *root, const char *name, int flags)
{
    char *path = path_to(root, name);
    int before = dup(descriptor), file = open(path, flags | O_CLOEXEC, 0600);
    fflush(NULL);
    assert_true(before >= 0 && file >= 0 && dup2(file, descriptor) >= 0);
    close(file);
    free(path);
    return before;
}

static void put_back(int descriptor, int before)
{
    fflush(NULL);
    assert_true(dup2(before, descriptor) >= 0);
    close(before);
}

static void read_printed(const char *root, const char *name, char printed[PRINTED_MAX])
{
    char *path = path_to(root, name);
    int out = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t got = read(out, printed, PRINTED_MAX - 1);
    close(out);
    free(path);
    assert_true(got >= 0);
    printed[got] = '\0';
}

/* Runs it, its words ended by NULL; what it prints goes to `printed`, and what it says beside that
 * to `said`, which may be NULL. */
static enum wi_exit run_saying(const char *root, const struct reply *replies,
    const char *const *words, char printed[PRINTED_MAX], char said[PRINTED_MAX])
{
    struct wi_cli cli = {.rest.url = "http://127.0.0.1:1"};
    struct wi_error error = {0};
    int count = 0;
    while (words[count])
        count++;
    if (wi_arguments_parse(&cli.arguments, count, (char **)words, &error) != WI_OK)
        fail_msg("%s", error.detail);
    cli.json = wi_argument_given(&cli.arguments, "json");
    forget_played();
    played.replies = replies;
    int out = redirect(STDOUT_FILENO, root, "out", O_WRONLY | O_CREAT | O_TRUNC);
    int complaints = redirect(STDERR_FILENO, root, "complaints", O_WRONLY | O_CREAT | O_TRUNC);
    wi_verb_fn *own = cli.arguments.verb->run ? cli.arguments.verb->run : PLAYED_PROGRAM;
    enum wi_exit result = own(&cli);
    put_back(STDERR_FILENO, complaints);
    put_back(STDOUT_FILENO, out);
    read_printed(root, "out", printed);
    if (said)
        read_printed(root, "complaints", said);
    wi_arguments_clear(&cli.arguments);
    return result;
}

static inline enum wi_exit run_command(const char *root, const struct reply *replies,
    const char *const *words, char printed[PRINTED_MAX])
{
    return run_saying(root, replies, words, printed, NULL);
}

#endif
