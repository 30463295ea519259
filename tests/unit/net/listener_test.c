/* A connection that was given up before it was taken is no shortage: the next one is taken at once.
 */
#include "../test.h"

#include "net/listener.h"
#include <dlfcn.h>
#include <errno.h>
#include <unistd.h>
#include <uv.h>

static const int faults[] = {ECONNABORTED, EINTR};
static size_t fault; /* the next */
static int accepted;

int accept4(int fd, struct sockaddr *peer, socklen_t *length, int flags)
{
    int (*real)(int, struct sockaddr *, socklen_t *, int);
    *(void **)&real = dlsym(RTLD_NEXT, "accept4");
    if (fault < sizeof faults / sizeof *faults) {
        errno = faults[fault++];
        return -1;
    }
    return real(fd, peer, length, flags);
}

static void on_accept(void *context, int fd, const struct sockaddr *peer, socklen_t length)
{
    accepted++;
    close(fd);
}

TEST(who_gave_up_holds_up_nobody)
{
    const struct wi_listener_options options = {"127.0.0.1:0", "api.listen", "api"};
    struct wi_error error;
    uv_loop_t loop;
    assert_int_equal(uv_loop_init(&loop), 0);
    struct wi_listener *listener = wi_listener_new(&loop, &options, on_accept, NULL, &error);
    assert_non_null(listener);
    const union wi_address *address = wi_listener_address(listener);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(fd, &address->any, wi_address_size(address)), 0);
    uv_run(&loop, UV_RUN_ONCE); /* in the same turn, and not after a pause */
    assert_int_equal(fault, sizeof faults / sizeof *faults);
    assert_int_equal(accepted, 1);
    close(fd);
    wi_listener_free(listener);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&loop), 0);
}
