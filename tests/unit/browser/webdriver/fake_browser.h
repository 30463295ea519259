/*
 * A browser's end of BiDi, scripted, on the loop of the test: it answers each command by its
 * method's row and can misbehave in every way that a frame or a message can.
 */
#ifndef WI_FAKE_BROWSER_H
#define WI_FAKE_BROWSER_H

#include "../../test.h"

#include "../../loopback.h"
#include "base/loop.h"
#include "base/memory.h"
#include "base/net/lws.h"
#include "browser/webdriver/webdriver.h"
#include <arpa/inet.h>
#include <libwebsockets.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* How a method is answered; what comes after the word is its text:
 *   ok JSON       success with that result             split JSON   the same, byte by byte
 *   error TEXT    an error with that message           wrong JSON   the same, with another id
 *   raw TEXT      that, as a text message              huge         3 MB of it
 *   bytes TEXT    that, without a frame                hang         nothing
 *   close         a close frame                        cut          the end of the connection
 * Of several rows for one method each is used once, the last one for ever. */
struct answer_row {
    const char *method, *answer;
};

/* Rows that most tests have. */
#define TREE                                                                                       \
    {                                                                                              \
        "browsingContext.getTree", "ok {\"contexts\":[{\"context\":\"window-1\"}]}"                \
    }
#define SUBSCRIBED                                                                                 \
    {                                                                                              \
        "session.subscribe", "ok {\"subscription\":\"s\"}"                                         \
    }
#define END                                                                                        \
    {                                                                                              \
        NULL, NULL                                                                                 \
    }

struct fake_browser {
    uv_loop_t loop;
    struct lws_context *lws;
    uv_tcp_t listener;
    uv_tcp_t *connection; /* the last one; NULL once it is closed */
    const struct answer_row *rows;
    unsigned used[16]; /* how often each row was */
    char url[64];
    char methods[512]; /* those that came, each with a ' ' after it */
    char last[4096];   /* the last command */
    size_t connections;
    const char *handshake; /* what to answer the upgrade with instead; NULL: agree */
    char request[8192];
    /* What the driver told. */
    size_t notes, gone;
    char note[600];
    enum wi_level level;
    struct wi_error why;
};

struct fake_connection {
    uv_tcp_t tcp; /* first: the handle is the connection */
    struct fake_browser *browser;
    unsigned char bytes[8192];
    size_t size;
    int upgraded;
};

static void fake_closed(uv_handle_t *handle)
{
    free(handle);
}

static void fake_cut(struct fake_browser *browser)
{
    uv_tcp_t *connection = browser->connection;

    browser->connection = NULL;
    if (connection)
        uv_close((uv_handle_t *)connection, fake_closed);
}

static void fake_written(uv_write_t *write, int status)
{
    free(write->data);
    free(write);
}

static void fake_send(struct fake_browser *browser, const void *bytes, size_t size)
{
    uv_write_t *write = wi_alloc(sizeof *write);
    uv_buf_t buffer;

    write->data = wi_alloc(size + 1);
    memcpy(write->data, bytes, size);
    buffer = uv_buf_init(write->data, (unsigned)size);
    uv_write(write, (uv_stream_t *)browser->connection, &buffer, 1, fake_written);
}

/* One frame from the server: `head` is the first byte (FIN and the opcode). */
static void fake_frame(
    struct fake_browser *browser, unsigned char head, const void *bytes, size_t size)
{
    unsigned char *frame = wi_alloc(size + 10);
    size_t at = 2;

    frame[0] = head;
    if (size < 126) {
        frame[1] = (unsigned char)size;
    } else if (size < 65536) {
        frame[1] = 126;
        frame[2] = (unsigned char)(size >> 8);
        frame[3] = (unsigned char)size;
        at = 4;
    } else {
        frame[1] = 127;
        for (int i = 0; i < 8; i++)
            frame[2 + i] = (unsigned char)((uint64_t)size >> (56 - 8 * i));
        at = 10;
    }
    memcpy(frame + at, bytes, size);
    fake_send(browser, frame, at + size);
    free(frame);
}

static void fake_text(struct fake_browser *browser, const char *text)
{
    fake_frame(browser, 0x81, text, strlen(text));
}

static void fake_split(struct fake_browser *browser, const char *text)
{
    for (const char *c = text; *c; c++)
        fake_frame(browser, (unsigned char)((c[1] ? 0 : 0x80) | (c == text ? 1 : 0)), c, 1);
}

static void fake_event(struct fake_browser *browser, const char *method, const char *params)
{
    char *text = wi_sprintf("{\"type\":\"event\",\"method\":\"%s\",\"params\":%s}", method, params);

    fake_text(browser, text);
    free(text);
}

static const char *fake_find(struct fake_browser *browser, const char *method)
{
    const char *answer = "hang";

    for (size_t i = 0; browser->rows[i].method; i++) {
        if (strcmp(browser->rows[i].method, method) != 0)
            continue;
        answer = browser->rows[i].answer;
        if (browser->used[i]++ == 0)
            break;
    }
    return answer;
}

static void fake_answer(struct fake_browser *browser, json_int_t id, const char *answer)
{
    static char huge[3000000];
    const char *rest = strchr(answer, ' ') ? strchr(answer, ' ') + 1 : "";
    char *text = NULL;

    if (strncmp(answer, "ok", 2) == 0 || strncmp(answer, "split", 5) == 0)
        text = wi_sprintf("{\"type\":\"success\",\"id\":%lld,\"result\":%s}", (long long)id, rest);
    else if (strncmp(answer, "wrong", 5) == 0)
        text =
            wi_sprintf("{\"type\":\"success\",\"id\":%lld,\"result\":%s}", (long long)id + 7, rest);
    else if (strncmp(answer, "error", 5) == 0)
        text = wi_sprintf("{\"type\":\"error\",\"id\":%lld,\"error\":\"no such thing\","
                          "\"message\":\"%s\\nat x.js\",\"stacktrace\":\"#0\"}",
            (long long)id, rest);
    if (strncmp(answer, "split", 5) == 0)
        fake_split(browser, text);
    else if (text)
        fake_text(browser, text);
    else if (strncmp(answer, "raw", 3) == 0)
        fake_text(browser, rest);
    else if (strncmp(answer, "bytes", 5) == 0)
        fake_send(browser, rest, strlen(rest));
    else if (strcmp(answer, "huge") == 0)
        fake_frame(browser, 0x81, memset(huge, ' ', sizeof huge), sizeof huge);
    else if (strcmp(answer, "close") == 0)
        fake_frame(browser, 0x88,
            "\x03\xe9"
            "going",
            7);
    else if (strcmp(answer, "cut") == 0)
        fake_cut(browser);
    free(text);
}

static void fake_command(struct fake_browser *browser, const char *text, size_t size)
{
    json_t *command = json_loadb(text, size, 0, NULL);
    const char *method = json_string_value(json_object_get(command, "method"));
    size_t used = strlen(browser->methods);

    assert_non_null(method);
    snprintf(browser->last, sizeof browser->last, "%.*s", (int)size, text);
    snprintf(browser->methods + used, sizeof browser->methods - used, "%s ", method);
    fake_answer(
        browser, json_integer_value(json_object_get(command, "id")), fake_find(browser, method));
    json_decref(command);
}

/* The client's frames are masked; those of ours are short. What it closes with is ignored. */
static void fake_frames(struct fake_connection *connection)
{
    unsigned char *bytes = connection->bytes;

    while (connection->size >= 6 && connection->browser->connection == &connection->tcp) {
        size_t size = bytes[1] & 0x7f, at = size == 126 ? 4 : 2;
        if (size == 126)
            size = (size_t)bytes[2] << 8 | bytes[3];
        assert_true(bytes[1] & 0x80);
        if (connection->size < at + 4 + size)
            return;
        for (size_t i = 0; i < size; i++)
            bytes[at + 4 + i] ^= bytes[at + i % 4];
        if ((bytes[0] & 0x0f) == 1)
            fake_command(connection->browser, (char *)bytes + at + 4, size);
        connection->size -= at + 4 + size;
        memmove(bytes, bytes + at + 4 + size, connection->size);
    }
}

static void fake_upgrade(struct fake_connection *connection)
{
    struct fake_browser *browser = connection->browser;
    const char *key, *head = (char *)connection->bytes;
    unsigned char hash[20];
    char joined[128], accept[64], answer[256];

    connection->bytes[connection->size] = '\0';
    if (!strstr(head, "\r\n\r\n"))
        return;
    snprintf(browser->request, sizeof browser->request, "%s", head);
    connection->upgraded = 1;
    connection->size = 0;
    if (browser->handshake) {
        fake_send(browser, browser->handshake, strlen(browser->handshake));
        return;
    }
    key = strcasestr(browser->request, "sec-websocket-key: ");
    assert_non_null(key);
    snprintf(joined, sizeof joined, "%.24s258EAFA5-E914-47DA-95CA-C5AB0DC85B11", key + 19);
    lws_SHA1((unsigned char *)joined, strlen(joined), hash);
    lws_b64_encode_string((char *)hash, sizeof hash, accept, sizeof accept);
    snprintf(answer, sizeof answer,
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Accept: %s\r\n\r\n",
        accept);
    fake_send(browser, answer, strlen(answer));
}

static void fake_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
    struct fake_connection *connection = (struct fake_connection *)handle;

    *buffer = uv_buf_init((char *)connection->bytes + connection->size,
        (unsigned)(sizeof connection->bytes - connection->size - 1));
}

static void fake_read(uv_stream_t *stream, ssize_t size, const uv_buf_t *buffer)
{
    struct fake_connection *connection = (struct fake_connection *)stream;

    if (size < 0) {
        if (connection->browser->connection == &connection->tcp)
            fake_cut(connection->browser);
        return;
    }
    connection->size += (size_t)size;
    if (connection->upgraded)
        fake_frames(connection);
    else
        fake_upgrade(connection);
}

static void fake_accept(uv_stream_t *listener, int status)
{
    struct fake_browser *browser = listener->data;
    struct fake_connection *connection = wi_alloc(sizeof *connection);

    fake_cut(browser);
    connection->browser = browser;
    uv_tcp_init(listener->loop, &connection->tcp);
    uv_accept(listener, (uv_stream_t *)&connection->tcp);
    uv_read_start((uv_stream_t *)&connection->tcp, fake_alloc, fake_read);
    browser->connection = &connection->tcp;
    browser->connections++;
}

static void fake_open(struct fake_browser *browser, const struct answer_row *rows)
{
    struct wi_error error;

    memset(browser, 0, sizeof *browser);
    browser->rows = rows;
    uv_loop_init(&browser->loop);
    browser->lws = wi_lws_new(&browser->loop, &error);
    assert_non_null(browser->lws);
    browser->listener.data = browser;
    snprintf(browser->url, sizeof browser->url, "ws://127.0.0.1:%d",
        listen_on_loopback(&browser->loop, &browser->listener, fake_accept));
}

/* Everything that was made on the loop must be gone by itself. */
static void fake_close(struct fake_browser *browser)
{
    fake_cut(browser);
    uv_close((uv_handle_t *)&browser->listener, NULL);
    wi_lws_begin_free(browser->lws);
    uv_run(&browser->loop, UV_RUN_DEFAULT);
    wi_lws_end_free(browser->lws);
    assert_int_equal(uv_loop_close(&browser->loop), 0);
}

static void fake_take_note(void *context, enum wi_level level, const char *text)
{
    struct fake_browser *browser = context;

    browser->notes++;
    browser->level = level;
    snprintf(browser->note, sizeof browser->note, "%s", text);
}

static void fake_take_gone(void *context, const struct wi_error *why)
{
    struct fake_browser *browser = context;

    browser->gone++;
    browser->why = *why;
}

static struct wi_driver_events fake_events(struct fake_browser *browser)
{
    return (struct wi_driver_events){browser, fake_take_note, fake_take_gone};
}

#endif
