/*
 * The floor: the same libraries on one loop, and nothing else. A client's request body goes as one
 * WebSocket message to the one page that is connected and comes back as the answer. No JSON, no
 * queue, no checks, no retries: what webinferd's round trip is measured against, not an example.
 *
 *   floor            prints "PORT_FOR_CLIENTS PORT_FOR_THE_PAGE" and runs until SIGTERM
 */
#include <arpa/inet.h>
#include <libwebsockets.h>
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <uv.h>

#define CHUNK (128 * 1024)
#define SLOTS 4096

/* A request: LWS_PRE bytes of room, its number, then the body. */
struct exchange {
    struct MHD_Connection *connection;
    unsigned char *message;
    size_t size, capacity, sent;
    unsigned char *answer;
    size_t answer_size;
    uint32_t number;
    int state; /* 0 reading, 1 waiting, 2 answered */
    struct exchange *next;
};

struct floor {
    uv_loop_t loop;
    uv_poll_t poll;
    uv_timer_t timer;
    uv_check_t check;
    uv_signal_t signal;
    struct MHD_Daemon *http;
    struct lws *page;
    struct exchange *first, **last;
    struct exchange *waiting[SLOTS];
    unsigned char *incoming;
    size_t incoming_size, incoming_capacity;
    uint32_t next_number;
    int run_wanted;
};

static void grow(unsigned char **bytes, size_t *capacity, size_t needed)
{
    if (needed <= *capacity)
        return;
    *capacity = needed > 2 * *capacity ? needed : 2 * *capacity;
    *bytes = realloc(*bytes, *capacity);
    if (!*bytes)
        abort();
}

/* --- The page's side ------------------------------------------------------------------------- */

static void send_some(struct floor *floor)
{
    struct exchange *exchange = floor->first;
    if (!exchange)
        return;
    size_t left = exchange->size - exchange->sent, size = left < CHUNK ? left : CHUNK;
    int flags = lws_write_ws_flags(LWS_WRITE_BINARY, exchange->sent == 0, size == left);
    /* The header goes in front of the chunk: over bytes that were sent already. */
    if (lws_write(floor->page, exchange->message + LWS_PRE + exchange->sent, size, flags) < 0)
        return;
    exchange->sent += size;
    if (size == left) {
        floor->first = exchange->next;
        if (!floor->first)
            floor->last = &floor->first;
        free(exchange->message);
        exchange->message = NULL;
    }
    if (floor->first)
        lws_callback_on_writable(floor->page);
}

static void take(struct floor *floor, struct lws *page, const void *bytes, size_t size)
{
    size_t expected = floor->incoming_size + size + lws_remaining_packet_payload(page);
    grow(&floor->incoming, &floor->incoming_capacity, expected);
    memcpy(floor->incoming + floor->incoming_size, bytes, size);
    floor->incoming_size += size;
    if (!lws_is_final_fragment(page) || lws_remaining_packet_payload(page))
        return;
    uint32_t number;
    memcpy(&number, floor->incoming, sizeof number);
    struct exchange *exchange = floor->waiting[number % SLOTS];
    if (exchange && exchange->number == number) {
        floor->waiting[number % SLOTS] = NULL;
        exchange->answer = floor->incoming;
        exchange->answer_size = floor->incoming_size;
        exchange->state = 2;
        floor->incoming = NULL;
        floor->incoming_capacity = 0;
        MHD_resume_connection(exchange->connection);
        floor->run_wanted = 1;
    }
    floor->incoming_size = 0;
}

static int on_page(
    struct lws *page, enum lws_callback_reasons reason, void *user, void *bytes, size_t size)
{
    struct floor *floor = lws_context_user(lws_get_context(page));
    switch (reason) {
    case LWS_CALLBACK_ESTABLISHED:
        floor->page = page;
        break;
    case LWS_CALLBACK_CLOSED:
        if (floor->page == page)
            floor->page = NULL;
        break;
    case LWS_CALLBACK_SERVER_WRITEABLE:
        send_some(floor);
        break;
    case LWS_CALLBACK_RECEIVE:
        take(floor, page, bytes, size);
        break;
    default:
        return lws_callback_http_dummy(page, reason, user, bytes, size);
    }
    return 0;
}

/* --- The clients' side ----------------------------------------------------------------------- */

static enum MHD_Result answer(struct MHD_Connection *connection, unsigned status, void *bytes,
    size_t size, enum MHD_ResponseMemoryMode mode)
{
    struct MHD_Response *response = MHD_create_response_from_buffer(size, bytes, mode);
    MHD_add_response_header(response, "Content-Type", "application/octet-stream");
    enum MHD_Result result = MHD_queue_response(connection, status, response);
    MHD_destroy_response(response);
    return result;
}

static struct exchange *begin(struct MHD_Connection *connection)
{
    struct exchange *exchange = calloc(1, sizeof *exchange);
    const char *length =
        MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_CONTENT_LENGTH);
    exchange->connection = connection;
    exchange->size = sizeof exchange->number;
    grow(&exchange->message, &exchange->capacity,
        LWS_PRE + exchange->size + (length ? strtoul(length, NULL, 10) : 0));
    return exchange;
}

static enum MHD_Result on_request(void *context, struct MHD_Connection *connection, const char *url,
    const char *method, const char *version, const char *bytes, size_t *size, void **state)
{
    struct floor *floor = context;
    struct exchange *exchange = *state;
    if (!exchange) {
        *state = begin(connection);
        return MHD_YES;
    }
    if (*size) {
        grow(&exchange->message, &exchange->capacity, LWS_PRE + exchange->size + *size);
        memcpy(exchange->message + LWS_PRE + exchange->size, bytes, *size);
        exchange->size += *size;
        *size = 0;
        return MHD_YES;
    }
    if (exchange->state == 2) {
        /* What came back begins with the number and ends as the body did. */
        return answer(connection, MHD_HTTP_OK, exchange->answer + sizeof exchange->number,
            exchange->answer_size - sizeof exchange->number, MHD_RESPMEM_PERSISTENT);
    }
    if (exchange->state == 1)
        return MHD_YES;
    if (!floor->page)
        return answer(connection, MHD_HTTP_SERVICE_UNAVAILABLE, "", 0, MHD_RESPMEM_PERSISTENT);
    exchange->state = 1;
    exchange->number = floor->next_number++;
    memcpy(exchange->message + LWS_PRE, &exchange->number, sizeof exchange->number);
    floor->waiting[exchange->number % SLOTS] = exchange;
    *floor->last = exchange;
    floor->last = &exchange->next;
    MHD_suspend_connection(connection);
    lws_callback_on_writable(floor->page);
    return MHD_YES;
}

static void on_completed(void *context, struct MHD_Connection *connection, void **state,
    enum MHD_RequestTerminationCode code)
{
    struct exchange *exchange = *state;
    if (!exchange)
        return;
    free(exchange->message);
    free(exchange->answer);
    free(exchange);
    *state = NULL;
}

/* --- The loop -------------------------------------------------------------------------------- */

static void run_http(struct floor *floor);

static void on_timer(uv_timer_t *timer)
{
    run_http(timer->data);
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
    run_http(poll->data);
}

/* Once per turn of the loop, never inside one of its callbacks. */
static void on_check(uv_check_t *check)
{
    struct floor *floor = check->data;
    if (floor->run_wanted)
        run_http(floor);
}

static void run_http(struct floor *floor)
{
    unsigned long long timeout;
    floor->run_wanted = 0;
    MHD_run(floor->http);
    if (MHD_get_timeout(floor->http, &timeout) == MHD_YES)
        uv_timer_start(&floor->timer, on_timer, timeout, 0);
    else
        uv_timer_stop(&floor->timer);
}

static void on_signal(uv_signal_t *signal, int number)
{
    /* Nothing here needs an orderly end: the system takes everything back. */
    _Exit(0);
}

int main(void)
{
    static struct floor floor;
    static const struct lws_protocols protocols[] = {
        {"floor", on_page, 0, CHUNK, 0, NULL, 0}, {NULL, NULL, 0, 0, 0, NULL, 0}};
    floor.last = &floor.first;
    prctl(PR_SET_PDEATHSIG, SIGTERM); /* a bench that is killed leaves nothing */
    uv_loop_init(&floor.loop);
    void *loops[1] = {&floor.loop};
    lws_set_log_level(LLL_ERR, NULL);
    struct lws_context_creation_info info = {.port = 0,
        .iface = "127.0.0.1",
        .protocols = protocols,
        .options = LWS_SERVER_OPTION_LIBUV | LWS_SERVER_OPTION_DISABLE_IPV6,
        .foreign_loops = loops,
        .pt_serv_buf_size = CHUNK,
        .user = &floor};
    struct lws_context *context = lws_create_context(&info);
    struct sockaddr_in any = {.sin_family = AF_INET};
    any.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    floor.http = MHD_start_daemon(MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL,
        on_request, &floor, MHD_OPTION_SOCK_ADDR, &any, MHD_OPTION_NOTIFY_COMPLETED, on_completed,
        NULL, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)256 * 1024, MHD_OPTION_END);
    if (!context || !floor.http)
        return 1;
    floor.poll.data = floor.timer.data = floor.check.data = &floor;
    uv_timer_init(&floor.loop, &floor.timer);
    uv_check_init(&floor.loop, &floor.check);
    uv_check_start(&floor.check, on_check);
    uv_poll_init(&floor.loop, &floor.poll,
        MHD_get_daemon_info(floor.http, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd);
    uv_poll_start(&floor.poll, UV_READABLE, on_readable);
    uv_signal_init(&floor.loop, &floor.signal);
    uv_signal_start(&floor.signal, on_signal, SIGTERM);
    printf("%u %d\n", MHD_get_daemon_info(floor.http, MHD_DAEMON_INFO_BIND_PORT)->port,
        lws_get_vhost_listen_port(lws_get_vhost_by_name(context, "default")));
    fflush(stdout);
    return uv_run(&floor.loop, UV_RUN_DEFAULT);
}
