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

void wi_taking_begin(struct wi_taking *taking, struct wi_request *request)
{
    *taking = (struct wi_taking){._request = request, ._moved_at = wi_now_ms()};
}

void wi_taking_rest(struct wi_taking *taking)
{
    taking->_request->connection->deadline = 0;
}

void wi_taking_give(struct wi_taking *taking, size_t bytes)
{
    taking->_request->sent += bytes;
    taking->_moved_at = wi_now_ms();
    look_again(taking, taking->_moved_at);
}

void wi_taking_end(struct wi_taking *taking)
{
    look_again(taking, wi_now_ms());
}

int wi_taking_is_moving(struct wi_taking *taking)
{
    int held = bytes_held(taking->_request->connection->fd);
    double now = wi_now_ms();
    if (held != taking->_held)
        taking->_moved_at = now;
    taking->_held = held;
    if (now - taking->_moved_at >= send_timeout(taking))
        return 0;
    look_again(taking, now);
    return 1;
}
