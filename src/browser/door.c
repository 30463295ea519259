/* A stock of sockets: a new one is requested for each one taken. */
#include "browser/door.h"

#include "base/loop.h"
#include "base/memory.h"
#include "browser/apart.h"
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

struct wi_door {
    int channel;
    struct wi_watch *watch;
    int stock[WI_APART_STOCK];
    size_t count;
    int wanted; /* sockets still to be requested from the helper */
    int open;
    wi_door_fn *on_open;
    void *context;
};

/* A request that it does not accept now is repeated with the next one. */
static void door_ask(struct wi_door *door)
{
    static const char byte = 0;

    while (door->wanted > 0 &&
           send(door->channel, &byte, sizeof byte, MSG_DONTWAIT | MSG_NOSIGNAL) == sizeof byte)
        door->wanted--;
}

static void door_keep(struct wi_door *door, int fd)
{
    if (door->count < WI_APART_STOCK)
        door->stock[door->count++] = fd;
    else
        close(fd);
}

static void take_packet(struct wi_door *door, const int *fds, size_t count)
{
    size_t first = 0;

    if (!door->open) {
        door->open = 1;
        first = count > 0;
        door->wanted = (int)(WI_APART_STOCK - (count - first));
        door->on_open(door->context, count > 0 ? fds[0] : -1);
    } else if (count == 0) {
        door->wanted++; /* it had none to give */
    }
    for (size_t i = first; i < count; i++)
        door_keep(door, fds[i]);
}

static void on_readable(void *context, int status, int events)
{
    struct wi_door *door = context;
    int fds[WI_APART_PACKET_MAX];
    ssize_t count;

    while ((count = wi_apart_receive(door->channel, fds)) >= 0)
        take_packet(door, fds, (size_t)count);
    if (errno != EAGAIN && errno != EINTR)
        wi_watch_set(door->watch, 0); /* the helper is gone, which is reported elsewhere */
}

struct wi_door *wi_door_new(uv_loop_t *loop, int channel, wi_door_fn *on_open, void *context)
{
    struct wi_door *door = wi_alloc(sizeof *door);

    door->channel = channel;
    door->on_open = on_open;
    door->context = context;
    door->watch = wi_watch_new(loop, channel, UV_READABLE, on_readable, door);
    if (door->watch)
        return door;
    free(door);
    return NULL;
}

int wi_door_take(struct wi_door *door)
{
    if (!door->open)
        return -1;
    door->wanted += door->count > 0;
    door_ask(door);
    return door->count > 0 ? door->stock[--door->count] : -1;
}

void wi_door_free(struct wi_door *door)
{
    if (!door)
        return;
    wi_watch_free(door->watch);
    for (size_t i = 0; i < door->count; i++)
        close(door->stock[i]);
    free(door);
}
