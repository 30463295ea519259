/* Both sides of webinferd --reload; see reload.h. */
#include "reload.h"

#include "base/descriptors.h"
#include "base/file.h"
#include "base/log.h"
#include "base/memory.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sysexits.h>
#include <unistd.h>

#define SOCKET_NAME "webinfer.sock"
/* A reload takes milliseconds; the loop may be busy. */
#define ANSWER_S 60
/* Longer answers are cut; they have at most 50 problems. */
#define ANSWER_MAX (128 * 1024)
/* A connection that cannot be accepted would be reported in each turn of the loop. */
#define SHORTAGE_PAUSE_MS 200

static const char reloaded[] = "reloaded\n", refused[] = "refused\n";

/* --- the address ------------------------------------------------------------------------------ */

/* An address has at most 107 bytes and paths may be longer, so it uses the folder's descriptor. */
static struct sockaddr_un address_in(int folder)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d/" SOCKET_NAME, folder);
    return address;
}

static int folder_open(const char *path, size_t length)
{
    char *folder = wi_strndup(path, length);
    int fd = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
    free(folder);
    return fd;
}

/* --- the daemon ------------------------------------------------------------------------------- */

struct wi_reload {
    int folder, socket;
    struct wi_watch *watch;
    struct wi_timer *shortage;
    wi_reload_fn *on_request;
    void *context;
};

static int is_trusted(int peer)
{
    struct ucred user;
    socklen_t size = sizeof user;
    return getsockopt(peer, SOL_SOCKET, SO_PEERCRED, &user, &size) == 0 &&
           (user.uid == geteuid() || user.uid == 0);
}

/* The socket of a client has room for the whole answer. */
static void answer_peer(const struct wi_reload *reload, int peer)
{
    struct wi_buffer problems = {0}, answer = {0};
    int failed = reload->on_request(reload->context, &problems) != 0;
    wi_buffer_printf(&answer, "%s%.*s", failed ? refused : reloaded,
        (int)(problems.size < ANSWER_MAX ? problems.size : ANSWER_MAX),
        problems.size > 0 ? problems.text : "");
    if (send(peer, answer.text, answer.size, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
        wi_debug("main", NULL, "the client that asked for a reload is gone");
    wi_buffer_clear(&answer);
    wi_buffer_clear(&problems);
}

static void on_shortage_over(void *context)
{
    const struct wi_reload *reload = context;
    wi_watch_set(reload->watch, UV_READABLE);
}

static void on_connection(void *context, int status, int events)
{
    const struct wi_reload *reload = context;
    int peer = accept4(reload->socket, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (peer < 0 && wi_is_shortage(errno)) {
        wi_watch_set(reload->watch, 0);
        wi_timer_start(reload->shortage, SHORTAGE_PAUSE_MS, 0);
    }
    if (peer < 0)
        return;
    if (is_trusted(peer))
        answer_peer(reload, peer);
    close(peer);
}

static int socket_listen(const struct wi_reload *reload)
{
    struct sockaddr_un address = address_in(reload->folder);
    unlinkat(reload->folder, SOCKET_NAME, 0); /* of a daemon that was killed */
    return bind(reload->socket, (struct sockaddr *)&address, sizeof address) == 0 &&
                   fchmodat(reload->folder, SOCKET_NAME, 0600, 0) == 0 &&
                   listen(reload->socket, 8) == 0
               ? 0
               : -1;
}

struct wi_reload *wi_reload_new(
    uv_loop_t *loop, const char *path, wi_reload_fn *on_request, void *context)
{
    struct wi_reload *reload = wi_alloc(sizeof *reload);
    *reload = (struct wi_reload){.on_request = on_request, .context = context};
    reload->folder = folder_open(path, (size_t)(strrchr(path, '/') - path));
    reload->socket = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (reload->folder >= 0 && reload->socket >= 0 && socket_listen(reload) == 0)
        reload->watch = wi_watch_new(loop, reload->socket, UV_READABLE, on_connection, reload);
    reload->shortage = wi_timer_new(loop, on_shortage_over, reload);
    if (reload->watch)
        return reload;
    wi_warn("main", NULL, "webinferd --reload has no socket in the folder of %s: %s", path,
        strerror(errno));
    wi_reload_free(reload);
    return NULL;
}

void wi_reload_free(struct wi_reload *reload)
{
    if (!reload)
        return;
    wi_timer_free(reload->shortage);
    wi_watch_free(reload->watch);
    if (reload->watch)
        unlinkat(reload->folder, SOCKET_NAME, 0);
    wi_close(reload->socket);
    wi_close(reload->folder);
    free(reload);
}

/* --- the command ------------------------------------------------------------------------------ */

/* A connected descriptor, or -1. */
static int daemon_connect(const char *folder)
{
    const struct timeval limit = {.tv_sec = ANSWER_S};
    int at = folder_open(folder, strlen(folder));
    if (at < 0)
        return -1;
    struct sockaddr_un address = address_in(at);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) != 0 ||
                       connect(fd, (struct sockaddr *)&address, sizeof address) != 0)) {
        close(fd);
        fd = -1;
    }
    close(at);
    return fd;
}

static void read_answer(int fd, struct wi_buffer *answer)
{
    char piece[4096];
    ssize_t got;
    while (answer->size < 2 * ANSWER_MAX && (got = recv(fd, piece, sizeof piece, 0)) > 0)
        wi_buffer_add(answer, piece, (size_t)got);
}

static int answer_begins(const struct wi_buffer *answer, const char *word)
{
    return answer->size >= strlen(word) && memcmp(answer->text, word, strlen(word)) == 0;
}

static int say_answer(const struct wi_buffer *answer)
{
    if (answer_begins(answer, reloaded))
        return EXIT_SUCCESS;
    if (!answer_begins(answer, refused)) {
        fprintf(stderr, "webinferd: the daemon has not answered; its log may say why\n");
        return EXIT_FAILURE;
    }
    fprintf(stderr, "webinferd: not reloaded, nothing changes:\n%.*s",
        (int)(answer->size - strlen(refused)), answer->text + strlen(refused));
    return EX_CONFIG;
}

int wi_reload_ask(const char *folder)
{
    struct wi_buffer answer = {0};
    int fd = folder ? daemon_connect(folder) : -1;
    if (fd < 0) {
        fprintf(stderr, "webinferd: no daemon has its database in %s: %s\n",
            folder ? folder : "a folder of this user", folder ? strerror(errno) : "there is none");
        return EXIT_FAILURE;
    }
    read_answer(fd, &answer);
    close(fd);
    int status = say_answer(&answer);
    wi_buffer_clear(&answer);
    return status;
}
