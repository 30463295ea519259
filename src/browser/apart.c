/* Making the namespaces of a session, and passing sockets of its network through a Unix socket
 * (unix(7)). */
#include "browser/apart.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <unistd.h>

#define BACKLOG 1024

/* --- the network ----------------------------------------------------------------------------- */

/* Closes, and keeps errno for the caller, which reports the failure. */
static int fd_fail(int fd)
{
    int why = errno;

    if (fd >= 0)
        close(fd);
    errno = why;
    return -1;
}

/* A new network has a loopback interface, which is down. */
static int raise_loopback(void)
{
    struct ifreq request = {.ifr_name = "lo"};
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    if (fd < 0 || ioctl(fd, SIOCGIFFLAGS, &request) != 0)
        return fd_fail(fd);
    request.ifr_flags |= IFF_UP;
    if (ioctl(fd, SIOCSIFFLAGS, &request) != 0)
        return fd_fail(fd);
    close(fd);
    return 0;
}

static int write_text(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    ssize_t size = (ssize_t)strlen(text);

    if (fd < 0 || write(fd, text, (size_t)size) != size)
        return fd_fail(fd);
    close(fd);
    return 0;
}

/* The same number inside as outside (user_namespaces(7)). */
static int id_map(const char *path, unsigned id)
{
    char line[32];

    snprintf(line, sizeof line, "%u %u 1", id, id);
    return write_text(path, line);
}

/* In a new user namespace, everything is permitted that concerns its own resources, until the next
 * exec of a user that is not root in it. */
static int enter_with_identity(int namespaces, const char **step)
{
    unsigned user = geteuid(), group = getegid();

    *step = "unshare";
    if (unshare(CLONE_NEWUSER | namespaces) != 0)
        return -1;
    *step = "/proc/self/setgroups";
    if (write_text("/proc/self/setgroups", "deny") != 0)
        return -1;
    *step = "/proc/self/gid_map";
    if (id_map("/proc/self/gid_map", group) != 0)
        return -1;
    *step = "/proc/self/uid_map";
    return id_map("/proc/self/uid_map", user);
}

int wi_apart_enter(const char **step)
{
    *step = "";
    /* A root in a container may lack one right or the other. */
    if (geteuid() == 0 && unshare(CLONE_NEWNET) == 0 && raise_loopback() == 0)
        return 0;
    if (enter_with_identity(CLONE_NEWNET, step) != 0)
        return -1;
    *step = "the loopback interface";
    return raise_loopback();
}

int wi_apart_socket(void)
{
    int one = 1;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd >= 0)
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    return fd;
}

int wi_apart_listen(unsigned port)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
        .sin_port = htons((in_port_t)port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0 || bind(fd, (const struct sockaddr *)&address, sizeof address) != 0 ||
        listen(fd, BACKLOG) != 0)
        return fd_fail(fd);
    return fd;
}

/* --- devices --------------------------------------------------------------------------------- */

/* A mount of the file over itself, on which no device can be opened. */
static int device_hide(const char *path)
{
    struct mount_attr closed = {.attr_set = MOUNT_ATTR_NODEV};

    return mount(path, path, NULL, MS_BIND, NULL) != 0 ||
                   mount_setattr(AT_FDCWD, path, 0, &closed, sizeof closed) != 0
               ? -1
               : 0;
}

int wi_apart_hide(const char *const *paths, size_t count, const char **step)
{
    *step = "unshare";
    if (unshare(CLONE_NEWNS) != 0 && enter_with_identity(CLONE_NEWNS, step) != 0)
        return -1;
    *step = "mounts";
    if (mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) != 0) /* none of ours goes outside */
        return -1;
    for (size_t i = 0; i < count; i++) {
        *step = paths[i];
        if (device_hide(paths[i]) != 0)
            return -1;
    }
    return 0;
}

/* --- sockets on their way -------------------------------------------------------------------- */

union control {
    struct cmsghdr header; /* for its alignment */
    char bytes[CMSG_SPACE(WI_APART_PACKET_MAX * sizeof(int))];
};

int wi_apart_send(int channel, const int *fds, size_t count)
{
    union control control = {0};
    char byte = 0;
    struct iovec part = {&byte, 1};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    struct cmsghdr *header = &control.header;

    if (count > 0) {
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(count * sizeof *fds);
        memcpy(CMSG_DATA(header), fds, count * sizeof *fds);
        message.msg_control = control.bytes;
        message.msg_controllen = CMSG_SPACE(count * sizeof *fds);
    }
    return sendmsg(channel, &message, MSG_DONTWAIT | MSG_NOSIGNAL) == 1 ? 0 : -1;
}

ssize_t wi_apart_receive(int channel, int fds[WI_APART_PACKET_MAX])
{
    union control control = {0};
    char byte;
    struct iovec part = {&byte, 1};
    struct msghdr message = {.msg_iov = &part,
        .msg_iovlen = 1,
        .msg_control = control.bytes,
        .msg_controllen = sizeof control.bytes};
    ssize_t size = recvmsg(channel, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    size_t count = 0;

    if (size == 0)
        errno = EPIPE;
    if (size <= 0)
        return -1;
    const struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    if (header && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS)
        count = (header->cmsg_len - CMSG_LEN(0)) / sizeof *fds;
    memcpy(fds, CMSG_DATA(&control.header), count * sizeof *fds);
    return (ssize_t)count;
}
