/* A listener of a test on 127.0.0.1. Include it after test.h. */
#ifndef WI_TESTS_LOOPBACK_H
#define WI_TESTS_LOOPBACK_H

#include <uv.h>

/* Listens on a free port, which it returns. Who listens closes it. */
static inline int listen_on_loopback(
    uv_loop_t *loop, uv_tcp_t *listener, uv_connection_cb on_connection)
{
    struct sockaddr_in address;
    int size = sizeof address;
    uv_tcp_init(loop, listener);
    uv_ip4_addr("127.0.0.1", 0, &address);
    uv_tcp_bind(listener, (struct sockaddr *)&address, 0);
    assert_int_equal(uv_listen((uv_stream_t *)listener, 16, on_connection), 0);
    uv_tcp_getsockname(listener, (struct sockaddr *)&address, &size);
    return ntohs(address.sin_port);
}

#endif
