/*
 * webinfer open: opens the console in the user's browser. On a machine without a desktop it prints
 * the console's address, to be opened elsewhere.
 */
#include "cli/commands/commands.h"

#include "base/memory.h"
#include "cli/plain.h"
#include <errno.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>

#define ASK_MS 10000

extern char **environ;

static int has_desktop(void)
{
    const char *const names[] = {"DISPLAY", "WAYLAND_DISPLAY"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *value = getenv(names[i]);
        if (value && *value)
            return 1;
    }
    return 0;
}

/* 1 if the desktop has opened it. xdg-open does not wait for the browser. */
static int open_on_desktop(char *address)
{
    char *const words[] = {"xdg-open", address, NULL};
    int status;
    pid_t pid, ended;
    if (posix_spawnp(&pid, words[0], NULL, NULL, words, environ) != 0)
        return 0;
    while ((ended = waitpid(pid, &status, 0)) < 0 && errno == EINTR)
        ;
    return ended == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

enum wi_exit wi_cli_open(struct wi_cli *cli)
{
    json_t *value;
    enum wi_exit result = wi_cli_exchange(
        cli, &(struct wi_rest_request){.path = "/healthz", .timeout_ms = ASK_MS}, &value);
    json_decref(value);
    if (result != WI_EXIT_OK)
        return result;
    char *address = wi_sprintf("%s/", cli->rest.url);
    if (!has_desktop() || !open_on_desktop(address)) {
        wi_plain_print(stdout, address);
        putchar('\n');
    }
    free(address);
    return WI_EXIT_OK;
}
