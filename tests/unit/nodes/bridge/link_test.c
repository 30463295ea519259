/* One WebSocket by itself: what it reads, writes and tells, without a bridge and without nodes. */
#include "../../test.h"

#include "base/clock.h"
#include "client.h"
#include "nodes/bridge/link.h"
#include "nodes/node/message.h"

#define STRANGER_MAX WI_LINK_STRANGER_MAX
#define MAX_FRAME (2 * 1024 * 1024)
#define SUBPROTOCOL "Sec-WebSocket-Protocol: test\r\n"

struct fixture {
    uv_loop_t loop;
    struct lws_context *lws;
    struct lws_vhost *vhost;
    struct wi_budget budget;
    struct wi_links links;
    struct wi_share share;
    uint64_t frames_in, frames_out, bytes_in, bytes_out;
    int listener, port;
    struct wi_link *link; /* the last that came; NULL once its socket is gone */
    struct client client; /* its other end */
    /* What was told, and by which context. */
    int messages, refusals, lates, lefts, rooms, gones;
    void *context;
    struct wi_blob *blob; /* the last message, referenced */
    int binary;
    struct wi_link_refused refused;
    int left_code;
    char left_text[16];
    int close_on_message; /* the owner closes from inside the event */
    int drawn, to_draw;   /* messages of the second lane */
    struct wi_tensors piece;
};

static struct fixture *here; /* lws's callback has no other way to it */
static int somebody;         /* its address is the context of who a link was settled for */

static void on_message(void *context, struct wi_link *link, struct wi_blob *blob, int binary)
{
    assert_ptr_equal(link, here->link);
    here->messages++;
    here->context = context;
    here->binary = binary;
    wi_blob_unref(here->blob);
    here->blob = wi_blob_ref(blob);
    if (here->close_on_message)
        wi_link_close(link, WI_CLOSE_POLICY, "enough", NULL);
}

static void on_refused(void *context, struct wi_link *link, const struct wi_link_refused *refused)
{
    here->refusals++;
    here->context = context;
    here->refused = *refused;
    if (refused->fault)
        wi_link_close(link, WI_CLOSE_PROTOCOL, refused->fault, NULL);
    else
        wi_link_close(link, WI_CLOSE_TOO_BIG, "too large", NULL);
}

static void on_late(void *context, struct wi_link *link)
{
    here->lates++;
    wi_link_fail(link, NULL, WI_CLOSE_POLICY, "too late");
}

static void on_left(void *context, struct wi_link *link, int code, const void *text, size_t size)
{
    here->lefts++;
    here->left_code = code;
    snprintf(here->left_text, sizeof here->left_text, "%.*s", (int)size, size ? (char *)text : "");
}

static void on_room(void *context, struct wi_link *link)
{
    assert_ptr_equal(link, here->link);
    here->rooms++;
}

static void on_gone(void *context, struct wi_link *link)
{
    assert_non_null(wi_link_heard(link)); /* it is there until the event has returned */
    here->gones++;
    here->context = context;
}

/* Of what is too large to be queued: `to_draw` messages of a number and many bytes. */
static struct wi_message *on_drained(void *context, struct wi_link *link)
{
    struct wi_buffer head = {0};
    if (here->drawn == here->to_draw)
        return NULL;
    wi_buffer_printf(&head, "%04d", here->drawn++);
    return wi_message_new(1, &head, &here->piece);
}

static const struct wi_link_events strangers = {
    .on_message = on_message, .on_refused = on_refused, .on_late = on_late};
static const struct wi_link_events settled = {.on_message = on_message,
    .on_refused = on_refused,
    .on_late = on_late,
    .on_left = on_left,
    .on_drained = on_drained,
    .on_room = on_room,
    .on_gone = on_gone};

static int on_socket(
    struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t length)
{
    struct wi_link *link = lws_get_opaque_user_data(wsi);
    switch (reason) {
    case LWS_CALLBACK_ESTABLISHED:
        here->link = wi_link_new(&here->links, wsi, &strangers, here);
        lws_set_opaque_user_data(wsi, here->link);
        return 0;
    case LWS_CALLBACK_RECEIVE:
    case LWS_CALLBACK_RECEIVE_PONG:
    case LWS_CALLBACK_SERVER_WRITEABLE:
    case LWS_CALLBACK_WS_PEER_INITIATED_CLOSE:
    case LWS_CALLBACK_WS_SERVER_DROP_PROTOCOL:
        return link ? wi_link_event(link, reason, in, length) : 0;
    case LWS_CALLBACK_CLOSED: {
        lws_set_opaque_user_data(wsi, NULL);
        int result = wi_link_event(link, reason, in, length);
        if (here->link == link)
            here->link = NULL;
        return result;
    }
    default:
        return lws_callback_http_dummy(wsi, reason, user, in, length);
    }
}

static const struct lws_protocols protocols[] = {
    {.name = "http", .callback = lws_callback_http_dummy, .rx_buffer_size = WI_LWS_CHUNK},
    {.name = "test", .callback = on_socket, .rx_buffer_size = WI_LWS_CHUNK},
    {0},
};

/* --- The fixture ----------------------------------------------------------------------------- */

static void listen_here(struct fixture *fixture)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t length = sizeof address;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    fixture->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fixture->listener, (struct sockaddr *)&address, length), 0);
    assert_int_equal(listen(fixture->listener, 1), 0);
    getsockname(fixture->listener, (struct sockaddr *)&address, &length);
    fixture->port = ntohs(address.sin_port);
}

static void open_link(struct fixture *fixture)
{
    fixture->client = client_open(&fixture->loop, fixture->port);
    int fd = accept4(fixture->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    assert_true(fd >= 0);
    assert_non_null(lws_adopt_socket_vhost(fixture->vhost, fd));
    assert_int_equal(client_upgrade(&fixture->client, "/", SUBPROTOCOL), 101);
    assert_non_null(fixture->link);
}

static int set_up(void **state)
{
    struct wi_error error;
    struct fixture *fixture = calloc(1, sizeof *fixture);
    struct lws_context_creation_info info = {.port = CONTEXT_PORT_NO_LISTEN_SERVER,
        .vhost_name = "test",
        .protocols = protocols,
        .retry_and_idle_policy = &wi_lws_no_watch};
    wi_log_configure(WI_LOG_ERROR, WI_LOG_TEXT);
    here = fixture;
    uv_loop_init(&fixture->loop);
    fixture->lws = wi_lws_new(&fixture->loop, &error);
    fixture->vhost = lws_create_vhost(fixture->lws, &info);
    assert_non_null(fixture->vhost);
    fixture->budget.limit = 16 * 1024 * 1024;
    fixture->links = (struct wi_links){.loop = &fixture->loop,
        .budget = &fixture->budget,
        .message_ms = 60000,
        .hello_ms = 60000,
        .counters = {
            &fixture->frames_in, &fixture->frames_out, &fixture->bytes_in, &fixture->bytes_out}};
    listen_here(fixture);
    open_link(fixture);
    *state = fixture;
    return 0;
}

static int settle(void **state)
{
    set_up(state);
    wi_link_settle(here->link, &settled, &somebody);
    wi_link_limit(here->link, MAX_FRAME, NULL);
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    client_close(&fixture->client);
    close(fixture->listener);
    wi_lws_begin_free(fixture->lws);
    uv_run(&fixture->loop, UV_RUN_DEFAULT);
    wi_lws_end_free(fixture->lws);
    assert_int_equal(wi_links_count(&fixture->links), 0);
    wi_links_clear(&fixture->links);
    wi_blob_unref(fixture->blob);
    wi_tensors_clear(&fixture->piece);
    assert_int_equal(fixture->budget.used, 0);
    assert_int_equal(uv_loop_close(&fixture->loop), 0);
    free(fixture);
    return 0;
}

static void turn_until(struct fixture *fixture, const int *counter, int value)
{
    double until = client_now() + CLIENT_PATIENCE_MS;
    while (*counter < value && client_now() < until)
        client_turn(&fixture->client);
    assert_int_equal(*counter, value);
}

static void turn_until_gone(struct fixture *fixture)
{
    double until = client_now() + CLIENT_PATIENCE_MS;
    while (fixture->link && client_now() < until)
        client_turn(&fixture->client);
    assert_null(fixture->link);
}

static void say(struct fixture *fixture, int opcode, const char *text)
{
    assert_int_equal(client_send_frame(&fixture->client, opcode, 1, text, strlen(text)), 0);
}

/* The close frame that must come next, which is answered. */
static int hear_close(struct fixture *fixture, char reason[WI_LINK_REASON_SIZE])
{
    struct ws_message message;
    assert_int_equal(client_message(&fixture->client, &message), 0);
    assert_int_equal(message.opcode, 8);
    int code = message.bytes[0] << 8 | message.bytes[1];
    snprintf(reason, WI_LINK_REASON_SIZE, "%.*s", (int)message.size - 2, message.bytes + 2);
    client_send_frame(&fixture->client, 8, 1, message.bytes, 2);
    message_clear(&message);
    turn_until_gone(fixture);
    return code;
}

static void hear(struct fixture *fixture, const char *text)
{
    struct ws_message message;
    assert_int_equal(client_message(&fixture->client, &message), 0);
    assert_int_equal(message.opcode, 1);
    assert_string_equal((char *)message.bytes, text);
    message_clear(&message);
}

static struct wi_message *make_text(const char *text)
{
    struct wi_buffer head = {0};
    wi_buffer_puts(&head, text);
    return wi_message_new(0, &head, NULL);
}

/* --- Receiving ------------------------------------------------------------------------------- */

FIXTURE(settle, tear_down)

TEST_IN(a_message_comes_whole, set_up, tear_down)
{
    struct fixture *fixture = *state;
    client_send_frame(&fixture->client, 2, 0, "one ", 4);
    client_send_frame(&fixture->client, 0, 0, "and ", 4);
    client_send_frame(&fixture->client, 0, 1, "two", 3);
    turn_until(fixture, &fixture->messages, 1);
    assert_true(fixture->binary);
    assert_int_equal(fixture->blob->size, 11);
    assert_memory_equal(fixture->blob->bytes, "one and two", 11);
    assert_ptr_equal(fixture->context, fixture);
    say(fixture, 1, "three");
    turn_until(fixture, &fixture->messages, 2);
    assert_false(fixture->binary);
    assert_int_equal(fixture->blob->size, 5);
    assert_int_equal(fixture->frames_in, 2);
    assert_int_equal(fixture->bytes_in, 16);
}

TEST_IN(what_is_settled_is_counted_anew, set_up, tear_down)
{
    struct fixture *fixture = *state;
    say(fixture, 1, "a stranger's");
    turn_until(fixture, &fixture->messages, 1);
    double before = wi_now_ms();
    wi_link_settle(fixture->link, &settled, &somebody);
    wi_link_limit(fixture->link, MAX_FRAME, NULL);
    assert_int_equal(wi_link_heard(fixture->link)->bytes_in, 0);
    assert_true(wi_link_heard(fixture->link)->last_seen >= before);
    say(fixture, 1, "its own");
    turn_until(fixture, &fixture->messages, 2);
    assert_ptr_equal(fixture->context, &somebody);
    assert_int_equal(wi_link_heard(fixture->link)->bytes_in, 7);
    assert_int_equal(fixture->bytes_in, 19);
    assert_int_equal(wi_link_send(fixture->link, make_text("answer")), 0);
    hear(fixture, "answer");
    assert_int_equal(wi_link_heard(fixture->link)->bytes_out, 6);
    assert_int_equal(fixture->bytes_out, 6);
    assert_int_equal(fixture->frames_out, 1);
}

/* One byte more than `limit` in one frame: the refusal comes when its header has. */
static void expect_refused(struct fixture *fixture, int opcode, size_t limit)
{
    char *text = calloc(1, limit + 1), reason[WI_LINK_REASON_SIZE];
    memset(text, 'x', limit + 1);
    client_send_frame(&fixture->client, opcode, 1, text, limit + 1);
    free(text);
    turn_until(fixture, &fixture->refusals, 1);
    assert_int_equal(fixture->refused.limit, limit);
    assert_int_equal(fixture->refused.whole, limit + 1);
    assert_int_equal(fixture->refused.binary, opcode == 2);
    assert_int_equal(fixture->messages, 0);
    assert_int_equal(hear_close(fixture, reason), WI_CLOSE_TOO_BIG);
    assert_int_equal(fixture->gones, 0); /* its owner closed it */
}

TEST_IN(a_stranger_says_little, set_up, tear_down)
{
    expect_refused(*state, 2, STRANGER_MAX);
}

TEST(a_text_is_bounded)
{
    expect_refused(*state, 1, WI_FRAME_HEAD_MAX);
}

TEST(a_text_is_bounded_as_its_listener_wants)
{
    struct fixture *fixture = *state;
    fixture->links.text_max = 1000;
    expect_refused(fixture, 1, 1000);
}

TEST(a_binary_message_is_bounded)
{
    expect_refused(*state, 2, MAX_FRAME);
}

TEST_IN(fragments_count_together, set_up, tear_down)
{
    struct fixture *fixture = *state;
    char *half = calloc(1, STRANGER_MAX);
    memset(half, 'y', STRANGER_MAX);
    client_send_frame(&fixture->client, 1, 0, "begun", 5);
    client_send_frame(&fixture->client, 0, 1, half, STRANGER_MAX);
    free(half);
    turn_until(fixture, &fixture->refusals, 1);
    assert_int_equal(fixture->refused.whole, STRANGER_MAX + 5);
}

TEST_IN(without_memory_it_is_refused, set_up, tear_down)
{
    struct fixture *fixture = *state;
    fixture->budget.limit = 100;
    char text[201] = {0};
    memset(text, 'z', 200);
    say(fixture, 1, text);
    turn_until(fixture, &fixture->refusals, 1);
    assert_int_equal(fixture->refused.limit, 0);
    assert_int_equal(fixture->refused.whole, 200);
}

TEST(it_rests)
{
    struct fixture *fixture = *state;
    wi_link_rest(fixture->link, 100);
    double began = client_now();
    say(fixture, 1, "meanwhile");
    while (client_now() - began < 50) {
        client_turn(&fixture->client);
        assert_int_equal(fixture->messages, 0);
        assert_true(wi_link_silent_ms(fixture->link) == 0);
    }
    turn_until(fixture, &fixture->messages, 1);
    assert_true(client_now() - began >= 99);
}

/* --- Lent bytes, and pings -------------------------------------------------------------------- */

static int let_gone;

static void lent_read(const void *owner, size_t at, void *out, size_t size)
{
    const char *bytes = owner;
    memcpy(out, bytes + at, size);
}

static void lent_let_go(void *owner)
{
    let_gone++;
}

static const struct wi_message_source lent_source = {lent_read, lent_let_go};

TEST(a_message_may_have_bytes_of_others)
{
    struct fixture *fixture = *state;
    size_t size = 3 * WI_LWS_CHUNK + 7;
    char *bytes = calloc(1, size);
    struct ws_message message;
    for (size_t i = 0; i < size; i++)
        bytes[i] = (char)(i % 251);
    let_gone = 0;
    for (int i = 0; i < 2; i++)
        assert_int_equal(
            wi_link_send(fixture->link, wi_message_lend(i, size, &lent_source, bytes)), 0);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(client_message(&fixture->client, &message), 0);
        assert_int_equal(message.opcode, 1 + i);
        assert_int_equal(message.size, size);
        assert_memory_equal(message.bytes, bytes, size);
        message_clear(&message);
    }
    assert_int_equal(let_gone, 2);
    wi_message_free(wi_message_lend(1, size, &lent_source, bytes));
    assert_int_equal(let_gone, 3);
    free(bytes);
}

TEST(an_answer_to_a_ping_is_a_sign_of_life)
{
    struct fixture *fixture = *state;
    struct ws_message message;
    wi_link_ping(fixture->link);
    assert_int_equal(client_message(&fixture->client, &message), 0);
    assert_int_equal(message.opcode, 9);
    double before = wi_link_heard(fixture->link)->last_seen;
    client_send_frame(&fixture->client, 10, 1, message.bytes, message.size);
    message_clear(&message);
    double until = client_now() + CLIENT_PATIENCE_MS;
    while (wi_link_heard(fixture->link)->last_seen == before && client_now() < until)
        client_turn(&fixture->client);
    assert_true(wi_link_heard(fixture->link)->last_seen > before);
    assert_int_equal(fixture->messages, 0);
    assert_int_equal(wi_link_send(fixture->link, make_text("after it")), 0);
    hear(fixture, "after it");
}

/* --- Faults of frames ------------------------------------------------------------------------- */

/* The bytes end the connection with 1002, and with words that have these in them. */
static void expect_fault(struct fixture *fixture, const void *bytes, size_t size, const char *words)
{
    char reason[WI_LINK_REASON_SIZE];
    assert_int_equal(client_send(&fixture->client, bytes, size), 0);
    assert_int_equal(hear_close(fixture, reason), 1002);
    if (!strstr(reason, words))
        fail_msg("%s does not say: %s", reason, words);
    assert_int_equal(fixture->refusals, 1);
    assert_string_equal(fixture->refused.fault, reason);
    assert_int_equal(fixture->gones, 0); /* its owner closed it */
}

/* A frame as a client must not send it: the head, and so many bytes `a`. */
static void expect_unmasked(
    struct fixture *fixture, const char *head, size_t head_size, size_t size)
{
    unsigned char *frame = malloc(head_size + size);
    memcpy(frame, head, head_size);
    memset(frame + head_size, 'a', size);
    expect_fault(fixture, frame, head_size + size, "no mask");
    free(frame);
    assert_int_equal(fixture->messages, 0);
}

TEST_IN(a_stranger_masks_its_frames, set_up, tear_down)
{
    expect_unmasked(*state, "\x81\x05", 2, 5);
}

TEST(a_short_frame_has_a_mask)
{
    expect_unmasked(*state, "\x82\x7d", 2, 125);
}

TEST(a_longer_frame_has_a_mask)
{
    expect_unmasked(*state, "\x81\x7e\x01\x00", 4, 256);
}

TEST(a_long_frame_has_a_mask)
{
    expect_unmasked(*state, "\x82\x7f\0\0\0\0\0\x01\0\0", 10, 65536);
}

TEST(a_fragment_has_a_mask)
{
    struct fixture *fixture = *state;
    client_send_frame(&fixture->client, 1, 0, "begun", 5);
    expect_unmasked(fixture, "\x80\x04", 2, 4);
}

TEST(a_frame_behind_others_has_a_mask)
{
    struct fixture *fixture = *state;
    say(fixture, 1, "with a mask");
    turn_until(fixture, &fixture->messages, 1);
    fixture->messages = 0;
    expect_unmasked(fixture, "\x81\x03", 2, 3);
}

/* Also one that looks like a head without a mask, and none at all but in the head. */
TEST(any_mask_is_one)
{
    static const unsigned char masks[][4] = {
        {0x12, 0x34, 0x56, 0x78}, {0x82, 0x7d, 0x82, 0x7d}, {0, 0, 0, 0}};
    struct fixture *fixture = *state;
    for (int i = 0; i < 3; i++) {
        unsigned char frame[6 + 125] = {0x82, 0x80 | 125};
        memcpy(frame + 2, masks[i], 4);
        for (int at = 0; at < 125; at++)
            frame[6 + at] = (unsigned char)at ^ masks[i][at & 3];
        assert_int_equal(client_send(&fixture->client, frame, sizeof frame), 0);
        turn_until(fixture, &fixture->messages, i + 1);
        assert_int_equal(fixture->blob->size, 125);
        assert_int_equal(fixture->blob->bytes[124], 124);
    }
    assert_int_equal(fixture->refusals, 0);
}

TEST(a_control_frame_in_fragments)
{
    expect_fault(*state, "\x09\x80mask", 6, "may not come in fragments");
}

TEST(an_opcode_that_is_none)
{
    expect_fault(*state, "\x83\x80mask", 6, "opcode that RFC 6455 does not define");
}

TEST(a_continuation_of_nothing)
{
    expect_fault(*state, "\x80\x80mask", 6, "continues no message");
}

TEST(a_message_inside_another)
{
    struct fixture *fixture = *state;
    client_send_frame(&fixture->client, 1, 0, "begun", 5);
    expect_fault(fixture, "\x81\x80mask", 6, "begins one inside another");
}

TEST(reserved_bits)
{
    expect_fault(*state, "\xc1\x80mask", 6, "reserved bits");
}

TEST(a_long_ping)
{
    expect_fault(*state, "\x89\xfe\x00\x7emask", 8, "control frame of more than 125");
}

TEST_IN(a_frame_of_more_than_there_is, set_up, tear_down)
{
    expect_fault(*state, "\x82\xff\x80\0\0\0\0\0\0\0mask", 14, "2^63 bytes or more");
}

/* --- Sending --------------------------------------------------------------------------------- */

/* Two tensors: a short one that is copied, and a long one that is written where it lies. */
static struct wi_tensors make_tensors(void)
{
    static const size_t sizes[] = {5, 300000};
    struct wi_tensors list = {0};
    for (int i = 0; i < 2; i++) {
        struct wi_tensor *tensor = wi_tensors_add(&list);
        tensor->name = strdup("x");
        tensor->datatype = WI_UINT8;
        tensor->rank = 1;
        tensor->dims[0] = (int64_t)sizes[i];
        tensor->size = sizes[i];
        tensor->blob = wi_blob_new(NULL, sizes[i]);
        for (size_t at = 0; at < sizes[i]; at++) {
            unsigned char byte = (unsigned char)(at * 31 + at / 251);
            wi_blob_append(tensor->blob, &byte, 1);
        }
    }
    return list;
}

TEST(tensors_are_sent_from_where_they_lie)
{
    struct fixture *fixture = *state;
    struct wi_tensors tensors = make_tensors();
    struct wi_buffer head = {0};
    wi_buffer_puts(&head, "head");
    char text[1001] = {0};
    int before = 0;
    memset(text, 'm', 1000);
    wi_link_limit(fixture->link, MAX_FRAME, &fixture->share);
    for (; fixture->share.held == 0; before++) /* until one has to wait for the socket */
        assert_int_equal(wi_link_send(fixture->link, make_text(text)), 0);
    assert_int_equal(wi_link_send(fixture->link, wi_message_new(1, &head, &tensors)), 0);
    assert_int_equal(wi_link_send(fixture->link, make_text("next")), 0);
    struct ws_message message;
    for (int i = 0; i < before; i++)
        hear(fixture, text);
    assert_int_equal(client_message(&fixture->client, &message), 0);
    assert_int_equal(message.opcode, 2);
    assert_true(message.fragments > 1);
    assert_int_equal(message.size, 4 + 8 + 300000);
    assert_memory_equal(message.bytes, "head", 4);
    for (int i = 0; i < 2; i++) {
        const struct wi_tensor *tensor = &tensors.items[i];
        assert_memory_equal(
            message.bytes + 4 + (size_t)i * 8, wi_tensor_bytes(tensor), tensor->size);
        for (size_t at = 0; at < tensor->size; at++) /* nothing was left in it */
            if (tensor->blob->bytes[at] != (unsigned char)(at * 31 + at / 251))
                fail_msg("tensor %d is not what it was, at byte %zu", i, at);
    }
    assert_memory_equal(message.bytes + 9, "\0\0\0", 3);
    message_clear(&message);
    hear(fixture, "next");
    wi_tensors_clear(&tensors);
}

TEST(a_full_queue_takes_no_more)
{
    struct fixture *fixture = *state;
    int sent = 0;
    char text[1001] = {0};
    memset(text, 'm', 1000);
    while (sent < 100000 && wi_link_send(fixture->link, make_text(text)) == 0)
        sent++; /* and nobody reads */
    assert_true(sent >= 4096 && sent < 100000);
    assert_int_equal(fixture->rooms, 0);
    for (int i = 0; i < sent; i++)
        hear(fixture, text);
    assert_int_equal(fixture->rooms, 1); /* told once, and before the queue is empty */
    assert_int_equal(wi_link_send(fixture->link, make_text("again")), 0);
    hear(fixture, "again");
}

/* The next message: -1 for the text `text`, else the number that it was drawn as. */
static int hear_drawn(struct fixture *fixture, const char *text)
{
    struct ws_message message;
    int number = -1;
    assert_int_equal(client_message(&fixture->client, &message), 0);
    if (message.opcode == 1) {
        assert_int_equal(message.size, strlen(text));
        assert_memory_equal(message.bytes, text, message.size);
    } else {
        assert_int_equal(message.size, 4 + 8 + 300000);
        number = atoi((char *)message.bytes);
    }
    message_clear(&message);
    return number;
}

TEST(what_is_drawn_is_made_as_the_socket_takes_it)
{
    struct fixture *fixture = *state;
    fixture->piece = make_tensors();
    fixture->to_draw = 1000; /* 300 MB, and a few MB fit into the sockets' buffers */
    wi_link_draw(fixture->link);
    assert_int_equal(fixture->drawn, 0); /* from the loop only */
    for (int i = 0; i < 20; i++)
        assert_int_equal(hear_drawn(fixture, ""), i);
    assert_true(fixture->drawn < 100);
    fixture->to_draw = fixture->drawn; /* the rest is not wanted any more */
    for (int i = 20; i < fixture->to_draw; i++)
        assert_int_equal(hear_drawn(fixture, ""), i);
    assert_int_equal(wi_link_send(fixture->link, make_text("last")), 0);
    assert_int_equal(hear_drawn(fixture, "last"), -1);
}

/* All of it would go before what is sent next: a socket's buffers alone would take ten or more. */
TEST(little_is_written_ahead)
{
    struct fixture *fixture = *state;
    fixture->piece = make_tensors();
    fixture->to_draw = 1000;
    wi_link_draw(fixture->link);
    for (int i = 0; i < 500; i++) /* and nothing is read */
        uv_run(&fixture->loop, UV_RUN_NOWAIT);
    assert_true(fixture->drawn > 0);
    assert_true(fixture->drawn <= 4);
    fixture->to_draw = fixture->drawn;
}

TEST(what_is_queued_goes_before_what_is_drawn)
{
    struct fixture *fixture = *state;
    fixture->piece = make_tensors();
    fixture->to_draw = 100;
    wi_link_draw(fixture->link);
    assert_int_equal(hear_drawn(fixture, ""), 0);
    int before = fixture->drawn;
    assert_true(before < 100);
    assert_int_equal(wi_link_send(fixture->link, make_text("small")), 0);
    for (int i = 1; i < before; i++) /* those that were made before it was sent */
        assert_int_equal(hear_drawn(fixture, "small"), i);
    assert_int_equal(hear_drawn(fixture, "small"), -1);
    for (int i = before; i < 100; i++)
        assert_int_equal(hear_drawn(fixture, ""), i);
}

TEST(what_is_drawn_does_not_fill_the_queue)
{
    struct fixture *fixture = *state;
    fixture->piece = make_tensors();
    fixture->to_draw = 100;
    wi_link_draw(fixture->link);
    assert_int_equal(hear_drawn(fixture, ""), 0);
    struct wi_buffer head = {0};
    wi_buffer_puts(&head, "9999");
    assert_int_equal(wi_link_send(fixture->link, wi_message_new(1, &head, &fixture->piece)), 0);
    int number;
    while ((number = hear_drawn(fixture, "")) != 9999)
        assert_true(number < fixture->drawn);
    fixture->to_draw = fixture->drawn;
}

TEST(a_link_has_a_limit_of_its_own)
{
    struct fixture *fixture = *state;
    wi_link_limit(fixture->link, 5000, &fixture->share);
    expect_refused(fixture, 2, 5000);
}

/* --- The end --------------------------------------------------------------------------------- */

TEST_IN(a_stranger_is_late, set_up, tear_down)
{
    struct fixture *fixture = *state;
    char reason[WI_LINK_REASON_SIZE];
    client_close(&fixture->client);
    turn_until_gone(fixture);
    fixture->links.hello_ms = 20;
    open_link(fixture);
    turn_until(fixture, &fixture->lates, 1);
    assert_int_equal(hear_close(fixture, reason), WI_CLOSE_POLICY);
    assert_string_equal(reason, "too late");
    client_close(&fixture->client);
    open_link(fixture);
    wi_link_settle(fixture->link, &settled, &somebody);
    wi_link_limit(fixture->link, MAX_FRAME, NULL);
    double until = client_now() + 60;
    while (client_now() < until)
        client_turn(&fixture->client);
    assert_int_equal(fixture->lates, 1);
    assert_non_null(fixture->link);
}

TEST(it_is_closed_with_a_last_word)
{
    struct fixture *fixture = *state;
    char reason[WI_LINK_REASON_SIZE];
    wi_link_close(fixture->link, WI_CLOSE_TRY_LATER, "not\nnow", make_text("goodbye"));
    assert_true(wi_link_is_closing(fixture->link));
    assert_int_equal(wi_link_send(fixture->link, make_text("too late")), -1);
    wi_link_close(fixture->link, WI_CLOSE_NORMAL, "twice", make_text("not sent"));
    say(fixture, 1, "not heard");
    hear(fixture, "goodbye");
    assert_int_equal(hear_close(fixture, reason), WI_CLOSE_TRY_LATER);
    assert_string_equal(reason, "not now");
    assert_int_equal(fixture->messages + fixture->lefts + fixture->gones, 0);
}

TEST(it_may_be_closed_inside_an_event)
{
    struct fixture *fixture = *state;
    char reason[WI_LINK_REASON_SIZE];
    fixture->close_on_message = 1;
    say(fixture, 1, "one");
    say(fixture, 1, "two");
    assert_int_equal(hear_close(fixture, reason), WI_CLOSE_POLICY);
    assert_int_equal(fixture->messages, 1);
}

static void close_it(void *context, struct wi_link *link)
{
    int *count = context;
    (*count)++;
    wi_link_close(link, WI_CLOSE_GOING_AWAY, "all", NULL);
}

TEST_IN(all_are_closed_together, set_up, tear_down)
{
    struct fixture *fixture = *state;
    char reason[WI_LINK_REASON_SIZE];
    struct ws_message message;
    struct client first = fixture->client;
    int count = 0;
    open_link(fixture);
    assert_int_equal(wi_links_count(&fixture->links), 2);
    wi_links_each(&fixture->links, close_it, &count);
    assert_int_equal(count, 2);
    assert_int_equal(client_message(&first, &message), 0);
    assert_int_equal(message.opcode, 8);
    message_clear(&message);
    client_close(&first);
    assert_int_equal(hear_close(fixture, reason), WI_CLOSE_GOING_AWAY);
    double until = client_now() + CLIENT_PATIENCE_MS;
    while (wi_links_count(&fixture->links) && client_now() < until)
        client_turn(&fixture->client);
    assert_int_equal(wi_links_count(&fixture->links), 0);
}

TEST(the_peer_says_why_it_goes)
{
    struct fixture *fixture = *state;
    client_send_frame(&fixture->client, 8, 1, "\x03\xe9gone", 6);
    turn_until(fixture, &fixture->gones, 1);
    assert_int_equal(fixture->lefts, 1);
    assert_int_equal(fixture->left_code, 1001);
    assert_string_equal(fixture->left_text, "gone");
    assert_ptr_equal(fixture->context, &somebody);
    assert_null(fixture->link);
}

TEST(the_peer_may_say_nothing)
{
    struct fixture *fixture = *state;
    client_send_frame(&fixture->client, 8, 1, "", 0);
    turn_until(fixture, &fixture->gones, 1);
    assert_int_equal(fixture->lefts, 1);
    assert_int_equal(fixture->left_code, 0);
}

TEST(what_follows_the_close_frame_is_not_heard)
{
    static const char bytes[] = "\x88\x82\0\0\0\0\x03\xe8\x81\x84\0\0\0\0late";
    struct fixture *fixture = *state;
    assert_int_equal(client_send(&fixture->client, bytes, sizeof bytes - 1), 0);
    turn_until(fixture, &fixture->gones, 1);
    assert_int_equal(fixture->lefts, 1);
    assert_int_equal(fixture->messages, 0);
}

TEST(a_dead_socket_is_told_once)
{
    struct fixture *fixture = *state;
    client_close(&fixture->client);
    turn_until(fixture, &fixture->gones, 1);
    turn_until_gone(fixture);
    assert_int_equal(fixture->lefts, 0);
    assert_int_equal(fixture->gones, 1);
    assert_int_equal(fixture->refusals, 0); /* it was no fault */
}

TEST(an_end_in_the_middle_of_a_frame_is_no_fault)
{
    struct fixture *fixture = *state;
    assert_int_equal(client_send(&fixture->client, "\x82\xff\0\0\0", 5), 0);
    shutdown(fixture->client.fd, SHUT_WR);
    turn_until(fixture, &fixture->gones, 1);
    assert_int_equal(fixture->refusals, 0);
}
