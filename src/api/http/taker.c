/* See taker.h. A part counts as taken when the socket has all of it: libmicrohttpd asks for more
 * only then. */
#include "api/http/taker.h"

#include "base/clock.h"
#include "base/memory.h"
#include <linux/sockios.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

/* What the kernel holds for a client that does not read; the system would let it grow to
 * megabytes, which the engine would have computed for nobody. */
#define SEND_BUFFER (64 * 1024)
/* Only for HTTP/1.0, where libmicrohttpd has no buffer of its own. */
#define BLOCK 4096
/* How often within [api] send_timeout it is looked whether anything was taken. */
#define LOOKS 8

struct wi_taker {
    struct wi_request *request;
    struct wi_events *events; /* NULL once it was cut */
    struct wi_taker_callbacks back;
    struct wi_watch *watch;  /* for the client leaving */
    struct wi_buffer saying; /* what goes between two events */
    size_t said;             /* of it */
    double moved_at;         /* wi_now_ms() when it last took anything */
    int held;                /* see bytes_held, when that was last looked at */
    int left;                /* the client */
};

/* --- reading --------------------------------------------------------------------------------- */

/* Nothing goes within an event, or behind the last. */
static int may_begin(const struct wi_taker *taker)
{
    return wi_events_between(taker->events) && !wi_events_over(taker->events);
}

static size_t say(struct wi_taker *taker, char *out, size_t max)
{
    size_t left = taker->saying.size - taker->said;
    size_t size = left < max ? left : max;
    if (size == 0 || (taker->said == 0 && !may_begin(taker)))
        return 0;
    memcpy(out, taker->saying.text + taker->said, size);
    taker->said += size;
    if (taker->said == taker->saying.size) {
        wi_buffer_clear(&taker->saying);
        taker->said = 0;
    }
    return size;
}

static double send_timeout(const struct wi_taker *taker)
{
    return (double)taker->request->api->deps.config->api.send_timeout;
}

static void look_again(struct wi_taker *taker, double now)
{
    taker->request->connection->deadline = now + send_timeout(taker) / LOOKS;
}

static ssize_t rest(struct wi_taker *taker)
{
    struct wi_request *request = taker->request;
    if (wi_events_over(taker->events)) {
        look_again(taker, wi_now_ms()); /* a few bytes are still to be taken */
        return MHD_CONTENT_READER_END_OF_STREAM;
    }
    request->suspended = 1;
    MHD_suspend_connection(request->mhd);
    return 0;
}

static ssize_t on_read(void *context, uint64_t position, char *out, size_t max)
{
    struct wi_taker *taker = context;
    struct wi_request *request = taker->request;
    request->connection->deadline = 0;
    if (!taker->events || taker->left)
        return MHD_CONTENT_READER_END_WITH_ERROR;
    taker->back.on_taken(taker->back.context);
    size_t size = say(taker, out, max);
    if (taker->said == 0)
        size += wi_events_read(taker->events, out + size, max - size);
    if (size == 0)
        return rest(taker);
    request->sent += size;
    taker->moved_at = wi_now_ms();
    look_again(taker, taker->moved_at);
    return (ssize_t)size;
}

/* --- leaving --------------------------------------------------------------------------------- */

static void on_left(void *context, int status, int events)
{
    struct wi_taker *taker = context;
    wi_watch_free(taker->watch);
    taker->watch = NULL;
    taker->left = 1;
    shutdown(taker->request->connection->fd, SHUT_RDWR); /* for one that is not suspended */
    wi_request_resume(taker->request);
}

/* The request is completed, however it went. */
static void on_completed(void *context)
{
    struct wi_taker *taker = context;
    wi_watch_free(taker->watch);
    wi_buffer_clear(&taker->saying);
    taker->request->alias = NULL;
    if (taker->events)
        taker->back.on_gone(taker->back.context);
    free(taker);
}

/* Bytes that the kernel holds until the client's has them. */
static int bytes_held(int fd)
{
    int bytes = 0;
    return ioctl(fd, SIOCOUTQ, &bytes) == 0 ? bytes : 0;
}

/* A slow client takes a little, though not yet all that was last given to libmicrohttpd. */
static int is_moving(void *context)
{
    struct wi_taker *taker = context;
    int held = bytes_held(taker->request->connection->fd);
    double now = wi_now_ms();
    if (held != taker->held)
        taker->moved_at = now;
    taker->held = held;
    if (now - taker->moved_at >= send_timeout(taker))
        return 0;
    look_again(taker, now);
    return 1;
}

/* --- from outside ---------------------------------------------------------------------------- */

struct wi_taker *wi_taker_new(
    struct wi_request *request, struct wi_events *events, const struct wi_taker_callbacks *back)
{
    struct wi_taker *taker = wi_alloc(sizeof *taker);
    int fd = request->connection->fd, size = SEND_BUFFER;
    taker->request = request;
    taker->events = events;
    taker->back = *back;
    struct MHD_Response *response =
        MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK, on_read, taker, NULL);
    if (!response)
        abort(); /* out of memory for a small object */
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
    wi_request_answer_response(request, 200, wi_dialect_stream_type(request->dialect), response, 0);
    request->cancel = on_completed;
    request->is_moving = is_moving;
    request->work = taker;
    taker->moved_at = wi_now_ms();
    taker->watch = wi_watch_new(request->api->deps.loop, fd, UV_DISCONNECT, on_left, taker);
    return taker;
}

void wi_taker_wake(struct wi_taker *taker)
{
    wi_request_resume(taker->request);
}

void wi_taker_say(struct wi_taker *taker, struct wi_buffer *text)
{
    if (taker->said == 0 && text->size > 0) {
        wi_buffer_clear(&taker->saying);
        wi_buffer_add(&taker->saying, text->text, text->size);
        wi_taker_wake(taker);
    }
    wi_buffer_clear(text);
}

void wi_taker_cut(struct wi_taker *taker)
{
    taker->events = NULL;
    on_left(taker, 0, 0);
}

struct wi_request *wi_taker_request(const struct wi_taker *taker)
{
    return taker->request;
}
