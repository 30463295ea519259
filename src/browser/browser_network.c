/* What this machine, and each kind of browser, permits; see browser_network.h. */
#include "browser/browser_network.h"

#include "base/memory.h"
#include "browser/apart.h"
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utlist.h>

/* Failed starts with a network of its own before one without is tried. */
#define FAILURES 2
#define ADVICE                                                                                     \
    " (sysctl user.max_net_namespaces, kernel.unprivileged_userns_clone, "                         \
    "kernel.apparmor_restrict_unprivileged_userns; in a container, what its runtime allows)"

/* A kind whose sessions have begun. */
struct known_kind {
    struct known_kind *next;
    char *name;
    int proven;   /* it has started with a network of its own */
    int failures; /* in a row, before that */
    int without;  /* it starts only without one */
};

struct wi_network {
    char *problem; /* of the machine; NULL: there is none */
    int confined;  /* wi_network_confined */
    struct known_kind *kinds;
};

static void set_problem(struct wi_network *network, const char *why)
{
    free(network->problem);
    network->problem = wi_sprintf("%s" ADVICE, why);
}

/* The message of the helper, without its name; "" if there is none. */
static void read_words(int fd, char *words, size_t size)
{
    size_t used = 0;
    ssize_t count;

    while (used < size - 1 && (count = read(fd, words + used, size - 1 - used)) > 0)
        used += (size_t)count;
    words[used] = '\0';
    words[strcspn(words, "\n")] = '\0';
}

/* The helper's exit status, with its message in `words`; -1 if it cannot be started. */
static int ask_helper(const char *lifeline, char *words, size_t size)
{
    char *const arguments[] = {(char *)"webinfer-lifeline", (char *)"--try-apart", NULL};
    char *const environment[] = {NULL};
    posix_spawn_file_actions_t actions;
    int ends[2], status = -1, failed;
    pid_t pid;

    if (pipe2(ends, O_CLOEXEC) != 0)
        return -1;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    failed = posix_spawn(&pid, lifeline, &actions, NULL, arguments, environment);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    if (!failed)
        read_words(ends[0], words, size);
    close(ends[0]);
    while (!failed && waitpid(pid, &status, 0) < 0 && errno == EINTR)
        continue;
    errno = failed;
    return !failed && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* --- sandboxes ------------------------------------------------------------------------------- */

/* Where packages install the helper that Chromium's sandbox can use in place of user namespaces. */
static const char *const setuid_helpers[] = {
    "/usr/lib/chromium*/chrome-sandbox", "/opt/*/*/chrome-sandbox", "/opt/*/*/msedge-sandbox"};

static int has_setuid_helper(void)
{
    glob_t found = {0};
    struct stat info;
    int has = 0;

    for (size_t i = 0; i < sizeof setuid_helpers / sizeof *setuid_helpers; i++)
        glob(setuid_helpers[i], i > 0 ? GLOB_APPEND : 0, NULL, &found);
    for (size_t i = 0; i < found.gl_pathc; i++)
        has |= stat(found.gl_pathv[i], &info) == 0 && info.st_uid == 0 && (info.st_mode & S_ISUID);
    globfree(&found);
    return has;
}

int wi_network_confined(const struct wi_network *network)
{
    return network && network->confined;
}

/* --- what is known --------------------------------------------------------------------------- */

struct wi_network *wi_network_new(const char *lifeline)
{
    struct wi_network *network = wi_alloc(sizeof *network);
    char words[256] = "";
    int status = ask_helper(lifeline, words, sizeof words);
    const char *why = strstr(words, WI_APART_REFUSED);

    if (why)
        set_problem(network, why + strlen(WI_APART_REFUSED));
    else if (status != 0)
        network->problem = wi_sprintf(
            "%s cannot be asked: %s", lifeline, errno ? strerror(errno) : "it ended at once");
    network->confined = status == WI_APART_EXIT_CONFINED && !has_setuid_helper();
    return network;
}

void wi_network_free(struct wi_network *network)
{
    struct known_kind *kind, *next;

    if (!network)
        return;
    LL_FOREACH_SAFE(network->kinds, kind, next)
    {
        free(kind->name);
        free(kind);
    }
    free(network->problem);
    free(network);
}

void wi_network_refused(struct wi_network *network, const char *why)
{
    const char *words = strstr(why, WI_APART_REFUSED);

    set_problem(network, words ? words + strlen(WI_APART_REFUSED) : why);
}

static struct known_kind *find_kind(const struct wi_network *network, const char *name)
{
    struct known_kind *kind = network->kinds;

    while (kind && strcmp(kind->name, name) != 0)
        kind = kind->next;
    return kind;
}

static struct known_kind *take_kind(struct wi_network *network, const char *name)
{
    struct known_kind *kind = find_kind(network, name);

    if (kind)
        return kind;
    kind = wi_alloc(sizeof *kind);
    kind->name = wi_strdup(name);
    LL_PREPEND(network->kinds, kind);
    return kind;
}

int wi_network_apart(const struct wi_network *network, enum wi_network_mode mode,
    const struct wi_config_browser *browser)
{
    const struct known_kind *kind = network ? find_kind(network, browser->kind) : NULL;

    if (!network || mode == WI_NETWORK_HOST || browser->driver_url)
        return 0;
    if (mode == WI_NETWORK_ISOLATED)
        return 1;
    return !network->problem && !(kind && (kind->without || kind->failures >= FAILURES));
}

const char *wi_network_problem(
    const struct wi_network *network, const struct wi_config_browser *browser)
{
    if (!network || (browser && browser->driver_url))
        return NULL;
    if (network->problem || !browser)
        return network->problem;
    const struct known_kind *kind = find_kind(network, browser->kind);
    return kind && kind->without ? "it did not start in a network of its own, and did without"
                                 : NULL;
}

int wi_network_tried(struct wi_network *network, const char *name, int apart, int came)
{
    struct known_kind *kind = take_kind(network, name);

    if (kind->proven || kind->without)
        return 0;
    if (apart) {
        kind->proven = came;
        kind->failures = came ? 0 : kind->failures + 1;
        return 0;
    }
    /* It was the trial without a network, and shows what caused the failures. */
    kind->without = came && kind->failures >= FAILURES;
    kind->failures = 0;
    return kind->without;
}
