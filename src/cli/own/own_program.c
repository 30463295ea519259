/* Starts and ends programs for this command; see own_program.h. */
#include "cli/own/own_program.h"

#include "base/clock.h"
#include "base/descriptors.h"
#include "cli/cli.h"
#include "cli/text_table.h"
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define DAEMON "webinferd"
#define NODE "tools/native-node.mjs"
#define START_MS 60000
#define END_MS 30000
#define GONE_MS 2000
#define LINE_MAX_BYTES 4096
#define SAID_SIZE 1024 /* the end of a program's standard error */
#define SAID_LINES 5

/* In the child, between fork and exec. A group of its own: ^C on the terminal is for this program
 * alone, which ends the daemon in good order. */
static _Noreturn void child_become(char *const arguments[], int input, int output, int log)
{
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    setpgid(0, 0);
    if (dup2(input, STDIN_FILENO) >= 0 && dup2(output, STDOUT_FILENO) >= 0 &&
        dup2(log, STDERR_FILENO) >= 0)
        execvp(arguments[0], arguments);
    dprintf(log, "%s cannot be started: %s", arguments[0], strerror(errno));
    _exit(127);
}

static char **make_arguments(char *program, const struct wi_strings *settings)
{
    char **arguments = wi_alloc((settings->count + 3) * sizeof *arguments);
    arguments[0] = program;
    arguments[1] = wi_strdup("--private");
    for (size_t i = 0; i < settings->count; i++)
        arguments[2 + i] = wi_sprintf("--set=%s", settings->items[i]);
    return arguments;
}

static void free_arguments(char **arguments)
{
    for (size_t i = 0; arguments[i]; i++)
        free(arguments[i]);
    free(arguments);
}

/* Reads the first line of its output into `line`; 0, or -1 if it ends or takes too long. */
static int read_line(int output, char line[LINE_MAX_BYTES])
{
    double until = wi_now_ms() + START_MS;
    size_t used = 0;
    while (used < LINE_MAX_BYTES - 1 && !memchr(line, '\n', used)) {
        struct pollfd ready = {.fd = output, .events = POLLIN};
        double left = until - wi_now_ms();
        ssize_t size;
        if (left <= 0 || (poll(&ready, 1, (int)left) < 0 && errno != EINTR))
            return -1;
        if (!(ready.revents & (POLLIN | POLLHUP)))
            continue;
        if ((size = read(output, line + used, LINE_MAX_BYTES - 1 - used)) <= 0)
            return -1;
        used += (size_t)size;
    }
    line[used] = '\0';
    line[strcspn(line, "\n")] = '\0';
    return 0;
}

/* Reads the end of its log into `text`: a limited number of lines, the first of which may be
 * cut. */
static const char *read_last(int log, char text[SAID_SIZE], unsigned lines)
{
    off_t end = lseek(log, 0, SEEK_END), from = end >= SAID_SIZE ? end - SAID_SIZE + 1 : 0;
    ssize_t size = pread(log, text, SAID_SIZE - 1, from);
    size = size > 0 ? size : 0;
    while (size > 0 && text[size - 1] == '\n')
        size--;
    text[size] = '\0';
    for (char *at = text + size; at > text; at--)
        if (at[-1] == '\n' && --lines == 0)
            return at;
    return text;
}

static void program_complain(const char *name, int log, struct wi_error *error)
{
    char text[SAID_SIZE];
    const char *last = read_last(log, text, 1);
    wi_error_set(error, WI_UNAVAILABLE, "", "%s did not start: %.300s", name,
        *last ? last : "it ended without a word");
}

/* Gets how the program has ended: 1, or 0 if it has not. wi_own_program_end still reaps its
 * status. */
static int read_end(const struct wi_own_program *program, siginfo_t *end)
{
    *end = (siginfo_t){0};
    return program->pid > 0 &&
           waitid(P_PID, (id_t)program->pid, end, WEXITED | WNOHANG | WNOWAIT) == 0 &&
           end->si_pid == program->pid;
}

int wi_own_program_has_ended(const struct wi_own_program *program)
{
    siginfo_t end;
    return read_end(program, &end);
}

void wi_own_program_say_end(const struct wi_own_program *program, const char *name, int is_lost)
{
    double until = is_lost && program->pid > 0 ? wi_now_ms() + GONE_MS : 0;
    char text[SAID_SIZE];
    siginfo_t end;
    while (!read_end(program, &end)) {
        if (wi_now_ms() >= until)
            return;
        poll(NULL, 0, 20);
    }
    const char *last = read_last(program->log, text, SAID_LINES);
    fprintf(stderr, "webinfer: %s has ended by itself, %s %d%s%s\n", name,
        end.si_code == CLD_EXITED ? "with status" : "by signal", end.si_status,
        *last ? "; the last that it said:\n" : ", and has said nothing", last);
}

/* 0, or -1, also if it has ended already. */
static int program_tell(int input, const char *word)
{
    void (*before)(int) = signal(SIGPIPE, SIG_IGN);
    ssize_t written = write(input, word, strlen(word));
    signal(SIGPIPE, before);
    return written == (ssize_t)strlen(word) ? 0 : -1;
}

/* Starts it, tells it `word` (may be NULL) and waits for its first line. WI_OK, or WI_UNAVAILABLE.
 * Both ends are closed at exec but where the child takes them. */
static enum wi_code program_launch(struct wi_own_program *program, char *const arguments[],
    const char *name, const char *word, char line[LINE_MAX_BYTES], struct wi_error *error)
{
    int input[2] = {-1, -1}, output[2] = {-1, -1};
    int log = program->log = memfd_create("program.log", MFD_CLOEXEC);
    if (pipe2(input, O_CLOEXEC) == 0 && pipe2(output, O_CLOEXEC) == 0 &&
        (program->pid = fork()) == 0)
        child_become(arguments, input[0], output[1], log);
    wi_close(input[0]);
    wi_close(output[1]);
    program->input = input[1];
    int failed = program->pid <= 0 || (word && program_tell(input[1], word) != 0) ||
                 read_line(output[0], line) != 0;
    if (failed)
        program_complain(name, log, error);
    wi_close(output[0]);
    return failed ? WI_UNAVAILABLE : WI_OK;
}

void wi_own_program_end(struct wi_own_program *program)
{
    double until = wi_now_ms() + END_MS;
    int status;
    if (program->pid > 0) {
        wi_close(program->input);
        while (waitpid(program->pid, &status, WNOHANG) == 0) {
            if (wi_now_ms() > until)
                kill(program->pid, SIGKILL); /* a daemon's lifelines end the browsers */
            poll(NULL, 0, 20);
        }
    }
    wi_close(program->log);
    *program = WI_OWN_NOBODY;
}

enum wi_code wi_own_daemon_start(
    struct wi_own_daemon *daemon, const struct wi_strings *settings, struct wi_error *error)
{
    char **arguments = make_arguments(wi_cli_find_beside(DAEMON), settings);
    char line[LINE_MAX_BYTES] = "";
    *daemon = (struct wi_own_daemon){.program = WI_OWN_NOBODY};
    enum wi_code code = program_launch(&daemon->program, arguments, DAEMON, NULL, line, error);
    json_t *told = code == WI_OK ? json_loads(line, 0, NULL) : NULL;
    daemon->url = wi_strdup(wi_json_text(told, "api"));
    json_decref(told);
    free_arguments(arguments);
    if (code == WI_OK && !daemon->url)
        code = wi_error_set(error, WI_UNAVAILABLE, "", DAEMON " did not say where it serves");
    if (code != WI_OK)
        wi_own_daemon_end(daemon);
    return code;
}

void wi_own_daemon_end(struct wi_own_daemon *daemon)
{
    wi_own_program_end(&daemon->program);
    free(daemon->url);
    daemon->url = NULL;
}

/* As ./dev has them: npm's packages lie in the build folder, and maybe Node itself. */
static char **make_node_arguments(const char *checkout)
{
    const char *modules = getenv("WEBINFER_NODE_MODULES"), *path = getenv("PATH");
    char **arguments = wi_alloc(8 * sizeof *arguments);
    arguments[0] = wi_strdup("env");
    arguments[1] =
        modules ? wi_sprintf("WEBINFER_NODE_MODULES=%s", modules)
                : wi_sprintf("WEBINFER_NODE_MODULES=%s/build/node/tests/node_modules", checkout);
    arguments[2] = wi_sprintf("NODE_OPTIONS=--import=file://%s/scripts/node/modules.mjs", checkout);
    arguments[3] = wi_sprintf("PATH=%s/build/tools/bin:%s", checkout, path ? path : "/usr/bin");
    arguments[4] = wi_strdup("node");
    arguments[5] = wi_sprintf("%s/" NODE, checkout);
    arguments[6] = wi_strdup("-");
    return arguments;
}

enum wi_code wi_own_node_start(
    struct wi_own_program *node, const char *link, struct wi_error *error)
{
    char *checkout = wi_cli_find_above(NODE);
    char line[LINE_MAX_BYTES] = "";
    *node = WI_OWN_NOBODY;
    if (!checkout)
        return wi_error_set(error, WI_UNAVAILABLE, "",
            "a native node is started in a checkout alone: " NODE " is not above this program");
    char **arguments = make_node_arguments(checkout);
    char *word = wi_sprintf("%s\n", link);
    enum wi_code code = program_launch(node, arguments, NODE, word, line, error);
    free(word);
    free_arguments(arguments);
    free(checkout);
    if (code != WI_OK)
        wi_own_program_end(node);
    return code;
}
