/*
 * A tiny HTTP and WebSocket client on a raw non-blocking socket, for tests that drive the bridge
 * on the same thread: every wait turns the loop and looks again, none sleeps for a fixed time.
 */
#ifndef WI_TESTS_BRIDGE_CLIENT_H
#define WI_TESTS_BRIDGE_CLIENT_H

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

#define CLIENT_PATIENCE_MS 10000

struct client {
    uv_loop_t *loop;
    int fd;
    unsigned char *bytes; /* received and not consumed */
    size_t size;
    int ended;
};

static inline double client_now(void)
{
    return (double)uv_hrtime() / 1e6;
}

static inline void client_receive(struct client *client)
{
    unsigned char chunk[65536];
    ssize_t got;
    while (client->fd >= 0 && !client->ended &&
           (got = recv(client->fd, chunk, sizeof chunk, MSG_DONTWAIT)) != -1) {
        if (got == 0) {
            client->ended = 1;
            return;
        }
        client->bytes = realloc(client->bytes, client->size + (size_t)got);
        memcpy(client->bytes + client->size, chunk, (size_t)got);
        client->size += (size_t)got;
    }
    if (client->fd >= 0 && errno != EAGAIN && errno != EINTR)
        client->ended = 1;
}

/* One turn of the loop and one look at the socket. */
static inline void client_turn(struct client *client)
{
    uv_run(client->loop, UV_RUN_NOWAIT);
    struct pollfd poller = {.fd = client->fd, .events = POLLIN};
    poll(&poller, client->fd >= 0 && !client->ended, 1);
    client_receive(client);
}

static inline void client_consume(struct client *client, size_t size)
{
    client->size -= size;
    if (client->size)
        memmove(client->bytes, client->bytes + size, client->size);
}

static inline struct client client_open(uv_loop_t *loop, int port)
{
    struct client client = {.loop = loop, .fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (connect(client.fd, (struct sockaddr *)&address, sizeof address))
        abort();
    return client;
}

static inline void client_close(struct client *client)
{
    if (client->fd >= 0)
        close(client->fd);
    free(client->bytes);
    *client = (struct client){.loop = client->loop, .fd = -1};
}

/* 0, or -1 if the peer closed first or takes nothing. */
static inline int client_send(struct client *client, const void *bytes, size_t size)
{
    const unsigned char *at = bytes;
    double until = client_now() + CLIENT_PATIENCE_MS;
    while (size && client_now() < until) {
        ssize_t sent = send(client->fd, at, size, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (sent < 0 && errno != EAGAIN)
            return -1;
        if (sent > 0) {
            at += sent;
            size -= (size_t)sent;
        }
        if (size)
            client_turn(client);
    }
    return size ? -1 : 0;
}

/* --- HTTP ------------------------------------------------------------------------------------ */

struct http_reply {
    int status;
    char head[4096];
    unsigned char *body;
    size_t size;
};

static inline void reply_clear(struct http_reply *reply)
{
    free(reply->body);
    memset(reply, 0, sizeof *reply);
}

/* Reads one answer; `head_only` for HEAD. 0, or -1 if none came. */
static inline int client_reply(struct client *client, int head_only, struct http_reply *reply)
{
    double until = client_now() + CLIENT_PATIENCE_MS;
    unsigned char *end = NULL;
    memset(reply, 0, sizeof *reply);
    while (!(end = client->size ? memmem(client->bytes, client->size, "\r\n\r\n", 4) : NULL)) {
        if (client_now() > until || client->ended)
            return -1;
        client_turn(client);
    }
    size_t head = (size_t)(end - client->bytes) + 4;
    snprintf(reply->head, sizeof reply->head, "%.*s", (int)head, client->bytes);
    client_consume(client, head);
    sscanf(reply->head, "HTTP/1.1 %d", &reply->status);
    const char *length = strcasestr(reply->head, "\r\nContent-Length:");
    size_t size = length && !head_only ? strtoul(length + 17, NULL, 10) : 0;
    while (client->size < size) {
        if (client_now() > until || client->ended)
            return -1;
        client_turn(client);
    }
    reply->body = malloc(size + 1);
    if (size)
        memcpy(reply->body, client->bytes, size);
    reply->body[size] = '\0';
    reply->size = size;
    client_consume(client, size);
    return 0;
}

static inline int client_request(
    struct client *client, const char *request_head, struct http_reply *reply)
{
    char text[2048];
    snprintf(text, sizeof text, "%s\r\nHost: 127.0.0.1\r\n\r\n", request_head);
    if (client_send(client, text, strlen(text)))
        return -1;
    return client_reply(client, strncmp(request_head, "HEAD", 4) == 0, reply);
}

/* --- WebSocket ------------------------------------------------------------------------------- */

/* The status of the answer; 101 on success. `extra` is more header lines, each with CR LF. */
static inline int client_upgrade(struct client *client, const char *path, const char *extra)
{
    char text[2048];
    struct http_reply reply;
    snprintf(text, sizeof text,
        "GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n%s\r\n",
        path, extra);
    if (client_send(client, text, strlen(text)) || client_reply(client, 0, &reply))
        return -1;
    int status = reply.status;
    reply_clear(&reply);
    return status;
}

static inline int client_send_frame(
    struct client *client, int opcode, int final, const void *bytes, size_t size)
{
    unsigned char head[14] = {(unsigned char)((final ? 0x80 : 0) | opcode)};
    size_t length = 2;
    if (size < 126) {
        head[1] = (unsigned char)(0x80 | size);
    } else if (size < 65536) {
        head[1] = 0x80 | 126;
        head[2] = (unsigned char)(size >> 8);
        head[3] = (unsigned char)size;
        length = 4;
    } else {
        head[1] = 0x80 | 127;
        for (int i = 0; i < 8; i++)
            head[2 + i] = (unsigned char)((uint64_t)size >> (56 - 8 * i));
        length = 10;
    }
    static const unsigned char mask[4] = {0x12, 0x34, 0x56, 0x78};
    memcpy(head + length, mask, 4);
    unsigned char *masked = malloc(length + 4 + size);
    memcpy(masked, head, length + 4);
    for (size_t i = 0; i < size; i++)
        masked[length + 4 + i] = ((const unsigned char *)bytes)[i] ^ mask[i & 3];
    int result = client_send(client, masked, length + 4 + size);
    free(masked);
    return result;
}

struct ws_message {
    int opcode; /* 1 text, 2 binary, 8 close */
    unsigned char *bytes;
    size_t size;
    int fragments;
};

static inline void message_clear(struct ws_message *message)
{
    free(message->bytes);
    memset(message, 0, sizeof *message);
}

/* Takes one frame off the buffer if it is whole: 1, else 0. */
static inline int client_take_frame(struct client *client, struct ws_message *message, int *final)
{
    const unsigned char *b = client->bytes;
    if (client->size < 2)
        return 0;
    size_t head = 2;
    uint64_t size = b[1] & 0x7f;
    if (size == 126 || size == 127) {
        size_t bytes = size == 126 ? 2 : 8;
        if (client->size < head + bytes)
            return 0;
        size = 0;
        for (size_t i = 0; i < bytes; i++)
            size = size << 8 | b[2 + i];
        head += bytes;
    }
    if (client->size < head + size)
        return 0;
    if (b[0] & 0x08 && message->fragments > 0) { /* a pong may stand between two fragments */
        client_consume(client, head + size);
        return 1;
    }
    *final = b[0] >> 7;
    if (b[0] & 0x0f)
        message->opcode = b[0] & 0x0f;
    message->bytes = realloc(message->bytes, message->size + size + 1);
    memcpy(message->bytes + message->size, b + head, size);
    message->size += size;
    message->bytes[message->size] = '\0';
    message->fragments++;
    client_consume(client, head + size);
    return 1;
}

/* The next whole message: 0, or -1 if none came or the peer hung up. */
static inline int client_message(struct client *client, struct ws_message *message)
{
    double until = client_now() + CLIENT_PATIENCE_MS;
    int final = 0;
    memset(message, 0, sizeof *message);
    while (!final) {
        if (client_take_frame(client, message, &final))
            continue;
        if (client_now() > until || client->ended)
            return -1;
        client_turn(client);
    }
    return 0;
}

#endif
