/* See channel_socket.h. A closed connection has no subscriber, and waits for its peer. */
#include "api/sockets/channel_socket.h"

#include "api/sockets/channel_order.h"
#include "api/sockets/channel_sending.h"
#include "api/sockets/channel_upgrade.h"
#include "base/clock.h"
#include "base/descriptors.h"
#include "base/memory.h"
#include "base/text.h"
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>
#include <utlist.h>

/* The time of a message once it has begun: 64 KiB take a second at the slowest pace. */
#define MESSAGE_MS 15000
#define CLIENT_SIZE 80
_Static_assert(CLIENT_SIZE > WI_TOKEN_NAME_MAX && CLIENT_SIZE >= WI_ADDRESS_HOST_SIZE,
    "a client is the name of its token, or its address");

/* Bound to the lws socket as its opaque pointer, until lws destroys that. */
struct wi_channel_socket {
    struct wi_channel_sockets *all;
    struct lws *wsi;
    struct wi_limited_socket limited;
    struct wi_link *link; /* NULL: it is no WebSocket yet, or no more */
    int is_cut;           /* it was closed by us, without a word */
    char client[CLIENT_SIZE];
    int is_known;  /* it has shown its token, or needs none */
    int hears_all; /* it is an admin's */
    struct wi_rate_limit rate;
    unsigned faults; /* in a row */
    /* What it has subscribed to. */
    struct wi_subscriber *subscriber; /* NULL: nothing yet */
    unsigned channels;
    struct wi_strings models;
    enum wi_channel_form form;
    struct wi_channel_sending sending;
    struct wi_strings answers; /* that the link has no room for yet, the oldest first */
    /* When it has shown that it lives, in awake time; and what it had taken then. */
    double alive_at;
    uint64_t taken;
    struct wi_channel_socket *prev, *next;
};

/* --- the end --------------------------------------------------------------------------------- */

static void socket_leave(struct wi_channel_socket *socket)
{
    wi_subscriber_free(socket->subscriber);
    wi_channel_sending_clear(&socket->sending);
    wi_strings_clear(&socket->answers);
    socket->subscriber = NULL;
}

/* Closes it from the loop, without a word: there is no WebSocket, or its peer is gone. */
static void socket_cut(struct wi_channel_socket *socket)
{
    socket->is_cut = 1;
    socket_leave(socket);
    lws_set_timeout(socket->wsi, PENDING_TIMEOUT_USER_REASON_BASE, LWS_TO_KILL_ASYNC);
    /* lws looks at its timers only after something has happened to it. */
    lws_cancel_service(socket->all->lws);
}

/* `last` (may be NULL) is taken over. The client of one that has shown no token is its address. */
static void socket_close(struct wi_channel_socket *socket, enum wi_close code, const char *reason,
    struct wi_message *last)
{
    if (code != WI_CLOSE_GOING_AWAY)
        wi_log_limited(&socket->all->refusals, WI_LOG_WARN, "channels", socket->client,
            "a connection of a subscriber was closed: %s", reason);
    socket_leave(socket);
    wi_link_close(socket->link, code, reason, last);
}

static void socket_destroyed(struct wi_channel_socket *socket)
{
    struct wi_channel_sockets *all = socket->all;
    DL_DELETE(all->_first, socket);
    wi_socket_limits_leave(&all->_limits, &socket->limited);
    socket_leave(socket);
    wi_strings_clear(&socket->models);
    free(socket);
    if (all->closed && !all->_first && all->on_empty)
        all->on_empty(all->context);
}

/* --- what it gets ---------------------------------------------------------------------------- */

static struct wi_message *text_message(struct wi_buffer *text)
{
    return wi_message_new(0, text, NULL);
}

static struct wi_message *answer_message(const char *answer)
{
    struct wi_buffer text = {0};
    wi_buffer_puts(&text, answer);
    return text_message(&text);
}

/* An answer goes before messages that wait, but not between a text and its floats. */
static int socket_may_answer(const struct wi_channel_socket *socket)
{
    return !wi_channel_sending_is_midway(&socket->sending);
}

static struct wi_message *first_answer(struct wi_strings *answers)
{
    struct wi_message *message = answer_message(answers->items[0]);
    free(answers->items[0]);
    answers->count--;
    memmove(answers->items, answers->items + 1, answers->count * sizeof *answers->items);
    return message;
}

static struct wi_message *on_drained(void *context, struct wi_link *link)
{
    struct wi_channel_socket *socket = context;
    if (socket->answers.count > 0 && socket_may_answer(socket))
        return first_answer(&socket->answers);
    return wi_channel_sending_next(&socket->sending, socket->subscriber, socket->form);
}

static void on_more(void *context)
{
    struct wi_channel_socket *socket = context;
    wi_link_draw(socket->link);
}

/* --- what it says ---------------------------------------------------------------------------- */

/* Takes the text over. Answers that a client does not read wait, as many as it may ask for in a
 * second; after that it is no client to keep. */
static void socket_say(struct wi_channel_socket *socket, struct wi_buffer *text)
{
    struct wi_strings *answers = &socket->answers;
    char *answer = wi_buffer_take(text);
    int is_next = answers->count == 0 && socket_may_answer(socket);
    if (is_next && wi_link_send(socket->link, answer_message(answer)) == 0) {
        free(answer);
    } else if (answers->count < WI_CHANNEL_MESSAGES) {
        wi_strings_add_owned(answers, answer);
        wi_link_draw(socket->link);
    } else {
        free(answer);
        socket_close(
            socket, WI_CLOSE_TRY_LATER, "the answers to this client's messages are not read", NULL);
    }
}

static void socket_know(struct wi_channel_socket *socket, const char *client, int hears_all);

static enum wi_code socket_authenticate(
    struct wi_channel_socket *socket, const struct wi_channel_order *order, struct wi_error *error)
{
    const struct wi_access_rules *rules = socket->all->rules;
    const char *name;
    enum wi_rank rank;
    if (wi_access_tokens(rules)->count == 0)
        return WI_OK; /* no client needs a token */
    if (socket->is_known)
        return wi_error_set(error, WI_CONFLICT, "type",
            "this connection has shown its token already; open another one for another token");
    enum wi_code code = wi_access_check_token(rules, NULL, order->token, &name, &rank, error);
    if (code == WI_OK)
        code = wi_access_check_rank(rank, WI_RANK_USER, name, error);
    if (code == WI_OK)
        socket_know(socket, name, rank >= WI_RANK_ADMIN);
    else
        wi_text_copy(error->field, sizeof error->field, "token");
    return code;
}

static void tell_subscribed(struct wi_channel_socket *socket)
{
    struct wi_buffer text = {0};
    wi_channel_print_subscribed(&text, socket->channels, &socket->models, socket->form);
    socket_say(socket, &text);
}

static void socket_begin_subscriber(struct wi_channel_socket *socket)
{
    const struct wi_subscription wants = {.channels = socket->channels,
        .models = &socket->models,
        .client = socket->hears_all ? NULL : socket->client,
        .holder = socket->client,
        .form = socket->form};
    socket->subscriber = wi_subscriber_new(socket->all->channels, &wants, on_more, socket);
    wi_socket_limits_settle(&socket->all->_limits, &socket->limited);
}

/* Adds channels; models and the encoding hold for all of them. */
static enum wi_code socket_subscribe(
    struct wi_channel_socket *socket, struct wi_channel_order *order, struct wi_error *error)
{
    int has_form = order->form >= 0;
    if (socket->subscriber && has_form && (enum wi_channel_form)order->form != socket->form)
        return wi_error_set(error, WI_CONFLICT, "encoding",
            "this connection has subscribed with another encoding; open another one for this");
    if (!socket->subscriber &&
        wi_channels_check_room(socket->all->channels, socket->client, 0, error) != WI_OK)
        return error->code;
    if (has_form)
        socket->form = (enum wi_channel_form)order->form;
    if (order->has_models) {
        wi_strings_clear(&socket->models);
        socket->models = WI_TAKE(order->models);
    }
    socket->channels |= order->channels;
    if (socket->subscriber)
        wi_subscriber_want(socket->subscriber, socket->channels, &socket->models);
    else
        socket_begin_subscriber(socket);
    tell_subscribed(socket);
    return WI_OK;
}

static enum wi_code socket_unsubscribe(
    struct wi_channel_socket *socket, const struct wi_channel_order *order, struct wi_error *error)
{
    socket->channels &= order->channels ? ~order->channels : 0;
    if (socket->subscriber)
        wi_subscriber_want(socket->subscriber, socket->channels, &socket->models);
    tell_subscribed(socket);
    return WI_OK;
}

static enum wi_code socket_recall(
    struct wi_channel_socket *socket, const struct wi_channel_order *order, struct wi_error *error)
{
    if (!(socket->channels >> WI_CHANNEL_VECTORS & 1))
        return wi_error_set(error, WI_CONFLICT, "type",
            "this connection has not subscribed to vector_updates; subscribe first");
    if (wi_subscriber_recall(socket->subscriber, WI_CHANNEL_VECTORS, (size_t)order->rows) != 0)
        return wi_error_set(error, WI_CONFLICT, "type",
            "the vectors of an earlier request_vectors are still on their way; read them first");
    wi_link_draw(socket->link);
    return WI_OK;
}

static enum wi_code order_carry_out(
    struct wi_channel_socket *socket, struct wi_channel_order *order, struct wi_error *error)
{
    if (!socket->is_known && order->verb != WI_CHANNEL_AUTHENTICATE)
        return wi_error_set(error, WI_UNAUTHORIZED, "type",
            "a token is needed: first send {\"type\": \"authenticate\", \"token\": TOKEN}");
    switch (order->verb) {
    case WI_CHANNEL_AUTHENTICATE:
        return socket_authenticate(socket, order, error);
    case WI_CHANNEL_SUBSCRIBE:
        return socket_subscribe(socket, order, error);
    case WI_CHANNEL_UNSUBSCRIBE:
        return socket_unsubscribe(socket, order, error);
    default:
        return socket_recall(socket, order, error);
    }
}

/* Tells the client of its fault, and closes the connection if that is the end of it. */
static void socket_complain(struct wi_channel_socket *socket, const struct wi_error *error)
{
    struct wi_buffer text = {0};
    wi_channel_print_error(&text, error);
    if (error->code == WI_TOO_MANY_WATCHERS)
        socket_close(socket, WI_CLOSE_TRY_LATER, error->detail, text_message(&text));
    else if (!socket->is_known || ++socket->faults == WI_CHANNEL_FAULTS)
        socket_close(socket, WI_CLOSE_POLICY, error->detail, text_message(&text));
    else
        socket_say(socket, &text);
}

static enum wi_code socket_take_message(struct wi_channel_socket *socket,
    const struct wi_blob *blob, int binary, struct wi_error *error)
{
    struct wi_channel_order order;
    if (binary)
        return wi_error_set(
            error, WI_BAD_REQUEST, NULL, "the message is binary; send texts of JSON");
    enum wi_code code = wi_channel_order_read(&order, (const char *)blob->bytes, blob->size, error);
    if (code == WI_OK)
        code = order_carry_out(socket, &order, error);
    wi_channel_order_clear(&order);
    return code;
}

static void on_message(void *context, struct wi_link *link, struct wi_blob *blob, int binary)
{
    static const struct wi_rate_rule rule = {.most = WI_CHANNEL_MESSAGES, .window_ms = 1000};
    struct wi_channel_socket *socket = context;
    struct wi_error error;
    if (socket->is_cut)
        return;
    if (!wi_rate_limit_take(&socket->rate, &rule, wi_now_ms(), NULL))
        socket_close(socket, WI_CLOSE_POLICY, "more than 20 messages came in a second", NULL);
    else if (socket_take_message(socket, blob, binary, &error) != WI_OK)
        socket_complain(socket, &error);
    else
        socket->faults = 0;
}

static void on_refused(void *context, struct wi_link *link, const struct wi_link_refused *refused)
{
    struct wi_channel_socket *socket = context;
    if (refused->fault)
        socket_close(socket, WI_CLOSE_PROTOCOL, refused->fault, NULL);
    else if (refused->limit > 0)
        socket_close(socket, WI_CLOSE_TOO_BIG, "a message may have at most 65536 bytes", NULL);
    else
        socket_close(socket, WI_CLOSE_TRY_LATER, "there is no memory for the message", NULL);
}

static void on_late(void *context, struct wi_link *link)
{
    struct wi_channel_socket *socket = context;
    socket_close(socket, WI_CLOSE_POLICY,
        socket->is_known ? "a message came too slowly"
                         : "no message of the type authenticate came within 5 seconds",
        NULL);
}

static void on_left(void *context, struct wi_link *link, int code, const void *text, size_t size)
{
    socket_leave(context);
}

static void on_gone(void *context, struct wi_link *link)
{
    socket_leave(context);
}

static const struct wi_link_events link_events = {.on_message = on_message,
    .on_refused = on_refused,
    .on_late = on_late,
    .on_left = on_left,
    .on_drained = on_drained,
    .on_gone = on_gone};

static void socket_know(struct wi_channel_socket *socket, const char *client, int hears_all)
{
    wi_text_copy(socket->client, sizeof socket->client, client);
    socket->is_known = 1;
    socket->hears_all = hears_all;
    wi_link_settle(socket->link, &link_events, socket);
    wi_link_limit(socket->link, WI_CHANNEL_MESSAGE_MAX, &socket->all->_share);
}

/* --- the way in from lws ---------------------------------------------------------------------- */

/* Without tokens, it is this machine's, and needs to say nothing. Its client is its address. */
static int socket_established(struct wi_channel_socket *socket)
{
    struct wi_channel_sockets *all = socket->all;
    if (all->closed)
        return -1;
    socket->link = wi_link_new(&all->_links, socket->wsi, &link_events, socket);
    socket->alive_at = wi_awake_ms();
    if (wi_access_tokens(all->rules)->count > 0)
        return 0;
    char address[CLIENT_SIZE];
    wi_text_copy(address, sizeof address, socket->client);
    socket_know(socket, address, 1);
    return 0;
}

static int socket_upgrade(struct wi_channel_socket *socket, const char *upgrade)
{
    if (socket->all->closed)
        return -1;
    return wi_channel_upgrade_check(socket->wsi, socket->all->rules, upgrade);
}

/* Events of the WebSocket. */
static int link_event(struct wi_channel_socket *socket, enum lws_callback_reasons reason,
    const void *in, size_t length)
{
    struct wi_link *link = socket->link;
    if (reason == LWS_CALLBACK_CLOSED)
        socket->link = NULL; /* which ends now */
    return link ? wi_link_event(link, reason, in, length) : 0;
}

int wi_channel_socket_event(
    struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t length)
{
    struct wi_channel_socket *socket = wsi ? lws_get_opaque_user_data(wsi) : NULL;
    switch (reason) {
    case LWS_CALLBACK_HTTP_CONFIRM_UPGRADE:
        return socket ? socket_upgrade(socket, in) : -1;
    case LWS_CALLBACK_HTTP: /* it is answered, and closed */
        if (socket)
            (void)socket_upgrade(socket, NULL);
        return -1;
    case LWS_CALLBACK_HTTP_BODY:
    case LWS_CALLBACK_HTTP_BODY_COMPLETION:
    case LWS_CALLBACK_RAW_ADOPT:
    case LWS_CALLBACK_RAW_RX:
        return -1;
    case LWS_CALLBACK_ESTABLISHED:
        return socket ? socket_established(socket) : -1;
    case LWS_CALLBACK_RECEIVE:
    case LWS_CALLBACK_RECEIVE_PONG:
    case LWS_CALLBACK_SERVER_WRITEABLE:
    case LWS_CALLBACK_WS_PEER_INITIATED_CLOSE:
    case LWS_CALLBACK_CLOSED:
        return socket ? link_event(socket, reason, in, length) : 0;
    case LWS_CALLBACK_WS_SERVER_DROP_PROTOCOL:
        return socket && !socket->is_cut ? link_event(socket, reason, in, length) : 0;
    case LWS_CALLBACK_WSI_DESTROY:
        lws_set_opaque_user_data(wsi, NULL);
        if (socket)
            socket_destroyed(socket);
        return 0;
    default:
        return lws_callback_http_dummy(wsi, reason, user, in, length);
    }
}

/* --- all of them ----------------------------------------------------------------------------- */

void wi_channel_sockets_begin(
    struct wi_channel_sockets *sockets, uv_loop_t *loop, struct wi_budget *budget)
{
    struct wi_links *links = &sockets->_links;
    struct wi_socket_limits *limits = &sockets->_limits;
    if (getrandom(limits->dice, sizeof limits->dice, GRND_NONBLOCK) < 0)
        wi_debug("channels", NULL, "which sockets go for others can be foreseen");
    sockets->refusals.about = "connections of subscribers that were closed";
    sockets->_share.budget = budget;
    links->loop = loop;
    links->budget = budget;
    links->hello_ms = WI_CHANNEL_HELLO_MS;
    links->text_max = WI_CHANNEL_MESSAGE_MAX;
    links->message_ms = MESSAGE_MS;
    links->counters.frames_in = &sockets->_frames_in;
    links->counters.frames_out = &sockets->_frames_out;
    links->counters.bytes_in = &sockets->_bytes_in;
    links->counters.bytes_out = &sockets->_bytes_out;
}

/* 1: the connection would take a descriptor that the rest of the service may need. */
static int is_short_of_files(struct wi_channel_sockets *sockets, int fd)
{
    char advice[WI_DESCRIPTORS_ADVICE_SIZE];
    if (fd <= sockets->highest_fd)
        return 0;
    wi_log_limited(&sockets->refusals, WI_LOG_WARN, "channels", NULL,
        "a connection of a subscriber was closed, because the last file descriptors are reserved "
        "for the service itself: %s",
        wi_descriptors_advice(advice));
    return 1;
}

void wi_channel_socket_accept(
    struct wi_channel_sockets *sockets, int fd, const struct sockaddr *peer)
{
    struct wi_peer from = wi_peer_of(peer);
    struct wi_channel_socket *socket = wi_alloc(sizeof *socket);
    struct wi_limited_socket *out = NULL;
    if (is_short_of_files(sockets, fd) ||
        wi_socket_limits_enter(&sockets->_limits, &socket->limited, &from,
            (size_t)sockets->max_per_address, &out) != 0) {
        free(socket);
        close(fd);
        return;
    }
    if (out)
        socket_cut((
            struct wi_channel_socket *)((char *)out - offsetof(struct wi_channel_socket, limited)));
    struct lws *wsi = lws_adopt_socket_vhost(sockets->vhost, fd);
    if (!wsi) { /* lws has closed it */
        wi_socket_limits_leave(&sockets->_limits, &socket->limited);
        free(socket);
        return;
    }
    socket->all = sockets;
    socket->wsi = wsi;
    wi_address_host(
        (const union wi_address *)(const void *)peer, socket->client, sizeof socket->client);
    lws_set_opaque_user_data(wsi, socket);
    DL_APPEND(sockets->_first, socket);
}

static int socket_is_silent(struct wi_channel_socket *socket, double silent_ms)
{
    const struct wi_link_heard *heard = wi_link_heard(socket->link);
    double now = wi_awake_ms();
    if (heard->bytes_out != socket->taken)
        socket->alive_at = now;
    else if (heard->last_seen > socket->alive_at)
        socket->alive_at = heard->last_seen;
    socket->taken = heard->bytes_out;
    return now - socket->alive_at > silent_ms;
}

void wi_channel_sockets_beat(struct wi_channel_sockets *sockets, double silent_ms)
{
    struct wi_channel_socket *socket, *next;
    DL_FOREACH_SAFE(sockets->_first, socket, next)
    {
        if (!socket->link || wi_link_is_closing(socket->link) || socket->is_cut)
            continue;
        if (socket_is_silent(socket, silent_ms))
            socket_cut(socket);
        else
            wi_link_ping(socket->link);
    }
}

void wi_channel_sockets_close(struct wi_channel_sockets *sockets, const char *reason)
{
    struct wi_channel_socket *socket, *next;
    DL_FOREACH_SAFE(sockets->_first, socket, next)
    {
        if (socket->link)
            socket_close(socket, WI_CLOSE_GOING_AWAY, reason, NULL);
        else if (!socket->is_cut)
            socket_cut(socket);
    }
}

int wi_channel_sockets_are_empty(const struct wi_channel_sockets *sockets)
{
    return sockets->_first == NULL;
}

void wi_channel_sockets_clear(struct wi_channel_sockets *sockets)
{
    wi_links_clear(&sockets->_links);
    wi_socket_limits_clear(&sockets->_limits);
}
