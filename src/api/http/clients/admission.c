/* Counts connections, and answers those that are too many; see admission.h. */
#include "api/http/clients/admission.h"

#include "api/http/refusal.h"
#include "base/clock.h"
#include "base/descriptors.h"
#include "base/error.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/memory.h"
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utlist.h>

#define DRAINED_MAX (64 * 1024) /* the most that is read from a refused one */

struct refused {
    struct wi_admission *admission;
    int fd;
    size_t drained;
    struct wi_watch *watch;
    struct wi_timer *limit;
    struct refused *next, *prev;
};

struct wi_admission {
    uv_loop_t *loop;
    struct wi_admission_terms terms;
    struct wi_addresses addresses;
    struct wi_admission_counters counters;
    struct wi_log_limit log, replaced;
    struct refused *lingering;
    size_t lingering_count;
};

/* --- those that are refused ------------------------------------------------------------------ */

static void let_go(struct refused *refused)
{
    DL_DELETE(refused->admission->lingering, refused);
    refused->admission->lingering_count--;
    wi_watch_free(refused->watch);
    wi_timer_free(refused->limit);
    close(refused->fd);
    free(refused);
}

static void on_limit(void *context)
{
    let_go(context);
}

/* After an error (status < 0) the watch is over. */
static void on_readable(void *context, int status, int events)
{
    struct refused *refused = context;
    char waste[16 * 1024];
    ssize_t got = status < 0 ? 0 : recv(refused->fd, waste, sizeof waste, 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    refused->drained += got > 0 ? (size_t)got : 0;
    if (got <= 0 || refused->drained > DRAINED_MAX)
        let_go(refused);
}

static void connection_linger(struct wi_admission *admission, int fd)
{
    struct refused *refused = wi_alloc(sizeof *refused);
    refused->admission = admission;
    refused->fd = fd;
    DL_APPEND(admission->lingering, refused);
    admission->lingering_count++;
    refused->limit = wi_timer_new(admission->loop, on_limit, refused);
    wi_timer_start(refused->limit, (uint64_t)admission->terms.linger_ms, 0);
    refused->watch = wi_watch_new(admission->loop, fd, UV_READABLE, on_readable, refused);
    if (!refused->watch)
        let_go(refused);
}

/* A few hundred bytes into an empty socket buffer: they fit. */
static void connection_refuse(struct wi_admission *admission, int fd, const struct wi_error *error)
{
    struct wi_buffer text = {0};
    if (admission->terms.tls) {
        close(fd);
        return;
    }
    wi_refusal_write(&text, admission->terms.dialect, error, NULL);
    ssize_t sent = send(fd, text.text, text.size, MSG_DONTWAIT | MSG_NOSIGNAL);
    wi_buffer_clear(&text);
    if (sent < 0 || shutdown(fd, SHUT_WR) != 0 ||
        admission->lingering_count >= WI_ADMISSION_LINGERING)
        close(fd);
    else
        connection_linger(admission, fd);
}

/* --- the limits ------------------------------------------------------------------------------ */

static enum wi_code say_full(const struct wi_connections *connections,
    const struct wi_config_api *limits, struct wi_error *error)
{
    return wi_error_set(error, WI_TOO_MANY_CONNECTIONS, NULL,
        "%zu clients are connected, and [api] max_connections is %llu; try again later",
        connections->count, (unsigned long long)limits->max_connections);
}

static enum wi_code say_crowded(
    const struct wi_config_api *limits, const struct wi_peer *peer, struct wi_error *error)
{
    if (peer->exempt)
        return wi_error_set(error, WI_TOO_MANY_CONNECTIONS, NULL,
            "as many clients on this machine are connected as [api] max_connections_loopback "
            "allows, which is %llu; try again later",
            (unsigned long long)limits->max_connections_loopback);
    return wi_error_set(error, WI_TOO_MANY_CONNECTIONS, NULL,
        "your address has as many connections as [api] max_connections_per_address allows, "
        "which is %llu; close some, or use them for more than one request",
        (unsigned long long)limits->max_connections_per_address);
}

static int is_short_of_files(
    const struct wi_admission *admission, size_t open, int fd, struct wi_error *error)
{
    char advice[WI_DESCRIPTORS_ADVICE_SIZE];
    if (fd <= admission->terms.highest_fd)
        return 0;
    wi_error_set(error, WI_TOO_MANY_CONNECTIONS, NULL,
        "%zu clients are connected, and there are no open files left for more; try again later; "
        "for the operator of the service: %s",
        open, wi_descriptors_advice(advice));
    return 1;
}

int wi_admission_is_full(const struct wi_admission *admission, const struct wi_config_api *limits,
    const struct wi_connections *connections, struct wi_error *error)
{
    if (connections->count < limits->max_connections || connections->replaceable > 0)
        return is_short_of_files(admission, connections->count, wi_descriptors_next(), error);
    say_full(connections, limits, error);
    return 1;
}

enum wi_code wi_admission_check_place(const struct wi_connections *connections,
    const struct wi_config_api *limits, const struct wi_connection *connection,
    struct wi_error *error)
{
    const struct wi_peer *peer = &connection->admitted;
    if (connections->count > limits->max_connections)
        return say_full(connections, limits, error);
    if (peer->exempt && connections->here > limits->max_connections_loopback)
        return say_crowded(limits, peer, error);
    return WI_OK;
}

/* Has the next turn close one connection for another; only one of those counted with `among`, if
 * only they are too many. 0 if there is none. */
static int replace_one(struct wi_admission *admission, struct wi_connections *connections,
    const struct wi_peer *among, const char *limit)
{
    const struct wi_connection *gone = wi_connections_make_room(connections, among, wi_awake_ms());
    if (!gone)
        return 0;
    wi_admission_leave(admission, &gone->admitted);
    admission->counters.replaced++;
    wi_log_limited(&admission->replaced, WI_LOG_WARN, "api", NULL,
        "[api] %s is reached: a connection that showed no token or has asked nothing for a while "
        "was closed for another",
        limit);
    return 1;
}

/* By the limit of its address, or of this machine, which has a few places more. */
static enum wi_admitted find_place_among(struct wi_admission *admission,
    const struct wi_config_api *limits, struct wi_connections *connections,
    const struct wi_peer *peer)
{
    size_t most = (size_t)(peer->exempt ? limits->max_connections_loopback
                                        : limits->max_connections_per_address);
    size_t count =
        peer->exempt ? connections->here : wi_addresses_count(&admission->addresses, peer);
    if (count < most)
        return WI_ADMITTED;
    if (replace_one(admission, connections, peer,
            peer->exempt ? "max_connections_loopback" : "max_connections_per_address"))
        return count == most ? WI_ADMITTED : WI_ADMITTED_SPARE;
    return peer->exempt && count < most + WI_ADMISSION_SPARE ? WI_ADMITTED_SPARE : WI_ADMITTED_NOT;
}

/* By the limit of all. */
static enum wi_admitted find_place(struct wi_admission *admission,
    const struct wi_config_api *limits, struct wi_connections *connections)
{
    size_t most = (size_t)limits->max_connections;
    if (connections->count < most)
        return WI_ADMITTED;
    if (replace_one(admission, connections, NULL, "max_connections"))
        return connections->count < most ? WI_ADMITTED : WI_ADMITTED_SPARE;
    return connections->count < most + WI_ADMISSION_SPARE ? WI_ADMITTED_SPARE : WI_ADMITTED_NOT;
}

enum wi_admitted wi_admission_ask(struct wi_admission *admission,
    const struct wi_config_api *limits, struct wi_connections *connections, int fd,
    const struct wi_peer *peer)
{
    struct wi_error error;
    if (is_short_of_files(admission, connections->count, fd, &error)) {
        admission->counters.files++;
    } else {
        enum wi_admitted among = find_place_among(admission, limits, connections, peer);
        enum wi_admitted place =
            among == WI_ADMITTED_NOT ? among : find_place(admission, limits, connections);
        if (place != WI_ADMITTED_NOT)
            return among == WI_ADMITTED ? place : among;
        if (among == WI_ADMITTED_NOT) {
            admission->counters.address++;
            say_crowded(limits, peer, &error);
        } else {
            admission->counters.full++;
            say_full(connections, limits, &error);
        }
    }
    wi_log_limited(
        &admission->log, WI_LOG_WARN, "api", NULL, "a connection was refused: %s", error.detail);
    connection_refuse(admission, fd, &error);
    return WI_ADMITTED_NOT;
}

void wi_admission_enter(struct wi_admission *admission, const struct wi_peer *peer)
{
    (void)wi_addresses_take(&admission->addresses, peer, SIZE_MAX);
}

void wi_admission_leave(struct wi_admission *admission, const struct wi_peer *peer)
{
    wi_addresses_give(&admission->addresses, peer);
}

const struct wi_admission_counters *wi_admission_counters(const struct wi_admission *admission)
{
    return &admission->counters;
}

/* --- the whole ------------------------------------------------------------------------------- */

struct wi_admission *wi_admission_new(uv_loop_t *loop, const struct wi_admission_terms *terms)
{
    struct wi_admission *admission = wi_alloc(sizeof *admission);
    admission->loop = loop;
    admission->terms = *terms;
    admission->log.about = "refused connections";
    admission->replaced.about = "connections that were closed for others";
    return admission;
}

void wi_admission_free(struct wi_admission *admission)
{
    if (!admission)
        return;
    while (admission->lingering)
        let_go(admission->lingering);
    wi_addresses_clear(&admission->addresses);
    free(admission);
}
