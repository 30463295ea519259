/* A connection that was given up before it was taken is no shortage: the next one is taken at once.
 */
#include "../../test.h"

#include "base/net/listener.h"
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

TEST(what_is_no_address_is_refused_by_its_key)
{
    static const char *const bad[] = {"", "127.0.0.1", "localhost:8470", "127.0.0.1:65536",
        "127.0.0.1:x", "[::1]", "::1:8470", "1.2.3:80"};
    uv_loop_t loop;
    assert_int_equal(uv_loop_init(&loop), 0);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        const struct wi_listener_options options = {bad[i], "api.listen", "api"};
        struct wi_error error;
        assert_null(wi_listener_new(&loop, &options, on_accept, NULL, &error));
        assert_int_equal(error.code, WI_INVALID_FIELD);
        assert_string_equal(error.field, "api.listen");
        assert_string_equal(error.expected, "ADDRESS:PORT, e.g. 127.0.0.1:8470 or [::1]:8470");
    }
    assert_int_equal(uv_loop_close(&loop), 0);
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
