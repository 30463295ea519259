/* Counting, and answering those that are too many; see admission.h. */
#include "api/http/admission.h"

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

#define DRAINED_MAX (64 * 1024) /* that is read from a refused one */

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

static void linger(struct wi_admission *admission, int fd)
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
static void refuse(struct wi_admission *admission, int fd, const struct wi_error *error)
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
        linger(admission, fd);
}

/* --- the limits ------------------------------------------------------------------------------ */

enum wi_code wi_admission_full(const struct wi_connections *connections,
    const struct wi_config_api *limits, struct wi_error *error)
{
    return wi_error_set(error, WI_TOO_MANY_CONNECTIONS, NULL,
        "%zu clients are connected, and [api] max_connections is %llu; try again later",
        connections->count, (unsigned long long)limits->max_connections);
}

static int is_short_of_files(
    const struct wi_admission *admission, size_t open, int fd, struct wi_error *error)
{
    char advice[WI_DESCRIPTORS_ADVICE_SIZE];
    if (fd <= admission->terms.highest_fd)
        return 0;
    wi_error_set(error, WI_TOO_MANY_CONNECTIONS, NULL,
        "%zu clients are connected, and there are no open files left for more; try again later; "
        "for whoever runs the service: %s",
        open, wi_descriptors_advice(advice));
    return 1;
}

int wi_admission_is_full(const struct wi_admission *admission, const struct wi_config_api *limits,
    const struct wi_connections *connections, struct wi_error *error)
{
    if (connections->count < limits->max_connections || connections->waiting > 0)
        return is_short_of_files(admission, connections->count, wi_descriptors_next(), error);
    wi_admission_full(connections, limits, error);
    return 1;
}

/* How one gets in whom nothing else keeps out. Where one has to go, the next turn closes it. */
static enum wi_admitted find_place(struct wi_admission *admission,
    const struct wi_config_api *limits, struct wi_connections *connections)
{
    size_t most = (size_t)limits->max_connections;
    if (connections->count < most)
        return WI_ADMITTED;
    if (wi_connections_make_room(connections, wi_now_ms())) {
        admission->counters.replaced++;
        wi_log_limited(&admission->replaced, WI_LOG_WARN, "api", NULL,
            "[api] max_connections, %zu, is reached: the connection that has asked nothing for the "
            "longest time was closed for another",
            most);
        return connections->count < most ? WI_ADMITTED : WI_ADMITTED_SPARE;
    }
    return connections->count < most + WI_ADMISSION_SPARE ? WI_ADMITTED_SPARE : WI_ADMITTED_NOT;
}

enum wi_admitted wi_admission_ask(struct wi_admission *admission,
    const struct wi_config_api *limits, struct wi_connections *connections, int fd,
    const struct wi_peer *peer)
{
    struct wi_error error;
    enum wi_admitted place = WI_ADMITTED_NOT;
    if (is_short_of_files(admission, connections->count, fd, &error)) {
        admission->counters.files++;
    } else if (wi_addresses_count(&admission->addresses, peer) >=
                   limits->max_connections_per_address &&
               !peer->exempt) {
        admission->counters.address++;
        wi_error_set(&error, WI_TOO_MANY_CONNECTIONS, NULL,
            "your address has as many connections as [api] max_connections_per_address allows, "
            "which is %llu; close some, or use them for more than one request",
            (unsigned long long)limits->max_connections_per_address);
    } else {
        place = find_place(admission, limits, connections);
        if (place != WI_ADMITTED_NOT)
            return place;
        admission->counters.full++;
        wi_admission_full(connections, limits, &error);
    }
    wi_log_limited(
        &admission->log, WI_LOG_WARN, "api", NULL, "a connection was refused: %s", error.detail);
    refuse(admission, fd, &error);
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
