/* Which heads of frames have no mask, wherever they lie; and when a connection has ended. */
#include "../../test.h"

#include "base/net/lws_fault.h"
#include <arpa/inet.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Whether a frame with so many bytes of payload is unmasked whose head ends `before`. */
static int is_unmasked(const void *before, size_t length, unsigned char opcode, uint64_t size)
{
    unsigned char bytes[LWS_PRE + 8] = {0};
    memcpy(bytes + LWS_PRE - length, before, length);
    const struct wi_lws_frame frame = {bytes + LWS_PRE, size, opcode};
    return wi_lws_is_unmasked(&frame);
}

#define HEAD(bytes) bytes, sizeof bytes - 1

TEST(each_form_of_a_length_is_known)
{
    assert_true(is_unmasked(HEAD("\x81\x05"), 1, 5));
    assert_true(is_unmasked(HEAD("\x01\x7d"), 1, 125));
    assert_true(is_unmasked(HEAD("\x82\x7e\x00\x7e"), 2, 126));
    assert_true(is_unmasked(HEAD("\x82\x7e\xff\xff"), 2, 65535));
    assert_true(is_unmasked(HEAD("\x80\x7f\0\0\0\0\0\x01\0\0"), 0, 65536));
    /* RFC 6455 wants the shortest form; the library takes each. */
    assert_true(is_unmasked(HEAD("\x82\x7f\0\0\0\0\0\0\0\x05"), 2, 5));
    assert_false(is_unmasked(HEAD("\x81\x85mask"), 1, 5));
    assert_false(is_unmasked(HEAD("\x82\xfe\x01\x00mask"), 2, 256));
    assert_false(is_unmasked(HEAD("\x80\xff\0\0\0\0\0\x01\0\0mask"), 0, 65536));
}

TEST(what_is_no_head_says_nothing)
{
    assert_false(is_unmasked(HEAD(""), 1, 5));
    assert_false(is_unmasked(HEAD("\x81\x06"), 1, 5));
    assert_false(is_unmasked(HEAD("\x82\x05"), 1, 5));
    assert_false(is_unmasked(HEAD("\x82\x7e\x01\x00"), 2, 257));
}

TEST(a_mask_may_look_like_a_head)
{
    assert_false(is_unmasked(HEAD("\x81\x85\x81\x05\x81\x05"), 1, 5));
    assert_false(is_unmasked(HEAD("\x82\xfe\x01\x00\x82\x7e\x01\x00"), 2, 256));
}

/* --- the end of a connection ------------------------------------------------------------------ */

struct pair {
    int ours, theirs;
};

static struct pair connect_pair(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    struct pair pair = {.theirs = socket(AF_INET, SOCK_STREAM, 0)};
    assert_int_equal(bind(listener, (struct sockaddr *)&address, size), 0);
    assert_int_equal(listen(listener, 1), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &size), 0);
    assert_int_equal(connect(pair.theirs, (struct sockaddr *)&address, size), 0);
    pair.ours = accept(listener, NULL, NULL);
    assert_true(pair.ours >= 0);
    close(listener);
    return pair;
}

static void wait_for(int fd, short what)
{
    struct pollfd socket = {.fd = fd, .events = what};
    assert_int_equal(poll(&socket, 1, 10000), 1);
    assert_int_equal(socket.revents & what, what);
}

static void read_all(int fd, size_t count)
{
    char bytes[16];
    assert_int_equal(recv(fd, bytes, count, MSG_WAITALL), count);
}

TEST(a_connection_that_goes_on_has_not_ended)
{
    struct pair pair = connect_pair();
    assert_false(wi_lws_has_ended(pair.ours));
    assert_int_equal(write(pair.theirs, "bytes", 5), 5);
    wait_for(pair.ours, POLLIN);
    assert_false(wi_lws_has_ended(pair.ours));
    close(pair.theirs);
    close(pair.ours);
}

TEST(a_connection_has_ended_once_all_of_it_is_read)
{
    struct pair pair = connect_pair();
    assert_int_equal(write(pair.theirs, "bytes", 5), 5);
    close(pair.theirs);
    wait_for(pair.ours, POLLRDHUP);
    assert_false(wi_lws_has_ended(pair.ours));
    read_all(pair.ours, 5);
    assert_true(wi_lws_has_ended(pair.ours));
    close(pair.ours);
}

/* Also once a write has taken the error, and while bytes from before it are unread. */
TEST(a_connection_has_ended_once_it_was_reset)
{
    const struct linger reset = {.l_onoff = 1};
    struct pair pair = connect_pair();
    assert_int_equal(write(pair.theirs, "bytes", 5), 5);
    wait_for(pair.ours, POLLIN);
    assert_int_equal(setsockopt(pair.theirs, SOL_SOCKET, SO_LINGER, &reset, sizeof reset), 0);
    close(pair.theirs);
    wait_for(pair.ours, POLLHUP);
    assert_true(wi_lws_has_ended(pair.ours));
    assert_int_equal(send(pair.ours, "more", 4, MSG_NOSIGNAL), -1);
    assert_true(wi_lws_has_ended(pair.ours));
    read_all(pair.ours, 5);
    assert_true(wi_lws_has_ended(pair.ours));
    close(pair.ours);
}
