/* Starting and ending a daemon of this program's own; see start.h. */
#include "cli/commands/bench/start.h"

#include "base/clock.h"
#include "base/descriptors.h"
#include "base/text.h"
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define PROGRAM "webinferd"
#define START_MS 60000
#define END_MS 30000
#define LINE_MAX_BYTES 4096

/* The caller frees. */
static char *find_program(void)
{
    char here[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", here, sizeof here - 1);
    if (length > 0) {
        here[length] = '\0';
        char *beside = wi_sprintf("%.*s" PROGRAM, (int)(wi_text_basename(here) - here), here);
        if (access(beside, X_OK) == 0)
            return beside;
        free(beside);
    }
    return wi_strdup(PROGRAM);
}

/* In the child, between fork and exec. A group of its own: ^C on the terminal is for this program
 * alone, which ends the daemon in good order. */
static _Noreturn void become(char *const arguments[], int input, int output, int log)
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

/* The first line of what it says, in `line`; 0, or -1 where it ends or takes too long. */
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
    return 0;
}

/* The last line of its log. */
static enum wi_code complain(int log, struct wi_error *error)
{
    char text[1024] = "";
    off_t end = lseek(log, 0, SEEK_END), from = end > 1023 ? end - 1023 : 0;
    ssize_t size = pread(log, text, sizeof text - 1, from);
    while (size > 0 && text[size - 1] == '\n')
        text[--size] = '\0';
    const char *last = strrchr(text, '\n');
    return wi_error_set(error, WI_UNAVAILABLE, "", PROGRAM " did not start: %.300s",
        size > 0 ? (last ? last + 1 : text) : "it ended without a word");
}

/* Both ends are closed at exec but where the child takes them. */
static enum wi_code launch(
    struct wi_own_daemon *daemon, char *const arguments[], int log, struct wi_error *error)
{
    int input[2] = {-1, -1}, output[2] = {-1, -1};
    char line[LINE_MAX_BYTES] = "";
    if (pipe2(input, O_CLOEXEC) == 0 && pipe2(output, O_CLOEXEC) == 0 &&
        (daemon->pid = fork()) == 0)
        become(arguments, input[0], output[1], log);
    wi_close(input[0]);
    wi_close(output[1]);
    daemon->input = input[1];
    int failed = daemon->pid <= 0 || read_line(output[0], line) != 0;
    wi_close(output[0]);
    json_t *told = failed ? NULL : json_loads(line, 0, NULL);
    const char *url = json_string_value(json_object_get(told, "api"));
    daemon->url = wi_strdup(url);
    json_decref(told);
    return daemon->url ? WI_OK : complain(log, error);
}

enum wi_code wi_own_daemon_start(
    struct wi_own_daemon *daemon, const struct wi_strings *settings, struct wi_error *error)
{
    char **arguments = make_arguments(find_program(), settings);
    int log = memfd_create("webinferd.log", MFD_CLOEXEC);
    *daemon = (struct wi_own_daemon){.input = -1};
    enum wi_code code = launch(daemon, arguments, log, error);
    wi_close(log);
    free_arguments(arguments);
    if (code != WI_OK)
        wi_own_daemon_end(daemon);
    return code;
}

void wi_own_daemon_end(struct wi_own_daemon *daemon)
{
    double until = wi_now_ms() + END_MS;
    int status;
    if (daemon->pid > 0) {
        wi_close(daemon->input);
        while (waitpid(daemon->pid, &status, WNOHANG) == 0) {
            if (wi_now_ms() > until)
                kill(daemon->pid, SIGKILL); /* its lifelines end the browsers */
            poll(NULL, 0, 20);
        }
    }
    free(daemon->url);
    *daemon = (struct wi_own_daemon){.input = -1};
}
