/* See taking.h. libmicrohttpd asks for more only when the socket has all that it was given, which
 * a slow client may take longer for than the time that it has to take anything. */
#include "api/http/taking.h"

#include "base/clock.h"
#include <linux/sockios.h>
#include <sys/ioctl.h>

/* How often within [api] send_timeout it is looked whether anything was taken. */
#define LOOKS 8

static double send_timeout(const struct wi_taking *taking)
{
    return (double)taking->_request->api->deps.config->api.send_timeout;
}

static void look_again(struct wi_taking *taking, double now)
{
    taking->_request->connection->deadline = now + send_timeout(taking) / LOOKS;
}

/* Bytes that the kernel holds until the client's has them. */
static int bytes_held(int fd)
{
    int bytes = 0;
    return ioctl(fd, SIOCOUTQ, &bytes) == 0 ? bytes : 0;
}

/* For the request's `is_moving`. */
static int is_moving(void *work)
{
    struct wi_taking *taking = work;
    int held = bytes_held(taking->_request->connection->fd);
    double now = wi_awake_ms();
    if (held != taking->_held)
        taking->_moved_at = now;
    taking->_held = held;
    if (now - taking->_moved_at >= send_timeout(taking))
        return 0;
    look_again(taking, now);
    return 1;
}

void wi_taking_begin(struct wi_taking *taking, struct wi_request *request, const char *media_type,
    struct MHD_Response *response, void (*on_completed)(void *taking))
{
    wi_request_answer_response(request, 200, media_type, response, 0);
    request->cancel = on_completed;
    request->is_moving = is_moving;
    request->work = taking;
    *taking = (struct wi_taking){._request = request, ._moved_at = wi_awake_ms()};
}

void wi_taking_rest(struct wi_taking *taking)
{
    taking->_request->connection->deadline = 0;
}

ssize_t wi_taking_give(struct wi_taking *taking, size_t bytes)
{
    taking->_request->sent += bytes;
    taking->_moved_at = wi_awake_ms();
    look_again(taking, taking->_moved_at);
    return (ssize_t)bytes;
}

ssize_t wi_taking_pause(struct wi_taking *taking)
{
    struct wi_request *request = taking->_request;
    request->suspended = 1;
    MHD_suspend_connection(request->mhd);
    return 0;
}

ssize_t wi_taking_end(struct wi_taking *taking)
{
    look_again(taking, wi_awake_ms());
    return MHD_CONTENT_READER_END_OF_STREAM;
}
