/* The life of a node; see node.h. */
#include "bridge/node.h"
#include "base/clock.h"
#include "base/log.h"
#include "bridge/continuation.h"
#include "bridge/long_input.h"
#include "bridge/outgoing.h"
#include "bridge/text.h"
#include <stdlib.h>
#include <string.h>

/* The protocol's promise is an acknowledgement within 25 ms; earlier when the page would have to
 * keep many or large answers. */
#define ACK_MS 25
#define ACK_MAX 64
#define ACK_MAX_BYTES (8 * 1024 * 1024)
/* Parts of streams that have ended may still be on their way: so many are no fault of the node's.
 */
#define MAX_IN_FLIGHT ((size_t)65536)

/* --- Sending --------------------------------------------------------------------------------- */

int wi_node_send(struct wi_node *node, struct wi_message *message)
{
    if (node->link)
        return wi_link_send(node->link, message);
    wi_message_free(message);
    return -1;
}

static void clear_acks(struct wi_node *node)
{
    wi_strings_clear(&node->acks);
    node->ack_bytes = 0;
}

static void clear_part_acks(struct wi_node *node)
{
    json_decref(node->part_acks);
    node->part_acks = NULL;
}

/* As with all messages but task_request: a link that cannot take it is stuck or closing, and its
 * heartbeat ends it. */
static void send_acks(struct wi_node *node)
{
    if (!node->acks.count && !node->part_acks)
        return;
    wi_node_send(node, wi_make_acks(++node->bridge->sequence, &node->acks, node->part_acks));
    clear_acks(node);
    clear_part_acks(node);
}

static int threads_of(const struct wi_node *node)
{
    const struct wi_bridge_events *events = &node->bridge->events;
    return events->threads ? events->threads(events->context, &node->info, node->threads) : 1;
}

void wi_node_tell_settings(struct wi_node *node)
{
    struct wi_bridge *bridge = node->bridge;
    wi_node_send(
        node, wi_make_settings(++bridge->sequence, node->threads, &bridge->settings.models));
}

void wi_node_share_threads(struct wi_node *node)
{
    int threads = threads_of(node);
    if (threads == node->threads)
        return;
    node->threads = threads;
    wi_node_tell_settings(node);
}

/* Where each of the answers that come in pieces goes on. One that has no memory yet begins anew. */
static json_t *wanted(struct wi_node *node)
{
    json_t *data = json_object();
    for (struct wi_attempt *attempt = node->attempts; attempt; attempt = attempt->hh.next) {
        const struct wi_pieces_in *in = attempt->in;
        if (in && in->has_room) {
            json_object_set_new(data, attempt->id,
                json_pack("{s:I, s:I}", "tensor", (json_int_t)in->tensor, "position",
                    (json_int_t)in->position));
        } else {
            wi_pieces_in_free(attempt->in);
            attempt->in = NULL;
        }
    }
    return data;
}

void wi_node_welcome(struct wi_node *node, const struct wi_resumed *resumed)
{
    struct wi_bridge *bridge = node->bridge;
    json_t *data = resumed && node->info.parts ? wanted(node) : NULL;
    char resume[WI_TOKEN_SIZE], credential[WI_TOKEN_SIZE];
    wi_renewed_new(&node->resume, resume);
    wi_renewed_new(&node->credential, credential);
    node->threads = threads_of(node);
    const struct wi_welcome welcome = {.node = node->info.id,
        .resume_token = resume,
        .credential = credential,
        .parts = node->info.parts,
        .heartbeat_interval = bridge->settings.heartbeat_interval,
        .heartbeat_misses = bridge->settings.heartbeat_misses,
        .resume_grace = bridge->settings.resume_grace,
        .max_frame = node->max_frame,
        .model_budget = bridge->settings.model_budget,
        .threads = node->threads,
        .models = &bridge->settings.models,
        .resumed = resumed,
        .max_answer = node->info.parts ? bridge->settings.max_answer : 0,
        .data = data};
    wi_node_send(node, wi_make_welcome(++bridge->sequence, &welcome));
    json_decref(data);
    explicit_bzero(resume, sizeof resume);
    explicit_bzero(credential, sizeof credential);
}

/* --- Heartbeats ------------------------------------------------------------------------------ */

static void send_heartbeat(struct wi_node *node)
{
    node->heartbeat_id = ++node->bridge->sequence;
    node->heartbeat_sent = wi_now_ms();
    wi_node_send(node, wi_make_heartbeat(node->heartbeat_id, ++node->heartbeat_sequence));
}

static void on_heartbeat_time(void *context)
{
    struct wi_node *node = context;
    const struct wi_bridge_settings *settings = &node->bridge->settings;
    if (!node->link)
        return;
    if (wi_link_silent_ms(node->link) >
        (double)(settings->heartbeat_interval * settings->heartbeat_misses)) {
        node->bridge->counters.heartbeat_timeouts++;
        wi_node_fail(node, WI_CLOSE_SILENT, "no message within the heartbeat limit");
        return;
    }
    send_heartbeat(node);
}

static void on_ack_time(void *context)
{
    send_acks(context);
}

static void on_grace_over(void *context)
{
    wi_node_down(context, "resume_unknown", "it did not come back in time");
}

/* --- Life ------------------------------------------------------------------------------------ */

struct wi_node *wi_node_new(struct wi_bridge *bridge, const struct wi_node_info *info)
{
    struct wi_node *node = wi_alloc(sizeof *node);
    node->bridge = bridge;
    node->info = *info;
    json_incref(node->info.capabilities);
    node->info.connected_at = wi_wall_ms();
    node->heartbeat_timer = wi_timer_new(bridge->loop, on_heartbeat_time, node);
    node->ack_timer = wi_timer_new(bridge->loop, on_ack_time, node);
    node->grace_timer = wi_timer_new(bridge->loop, on_grace_over, node);
    HASH_ADD_STR(bridge->nodes, info.id, node);
    bridge->node_count++;
    bridge->own_count += *info->session != '\0';
    return node;
}

struct wi_node *wi_node_find(const struct wi_bridge *bridge, const char *id)
{
    struct wi_node *node = NULL;
    HASH_FIND_STR(bridge->nodes, id, node);
    return node;
}

/* --- Its link -------------------------------------------------------------------------------- */

void wi_node_attach(struct wi_node *node, struct wi_link *link, const struct wi_link_events *events)
{
    uint64_t interval = (uint64_t)node->bridge->settings.heartbeat_interval;
    wi_link_settle(link, events, node);
    node->link = link;
    node->max_frame = !node->info.parts     ? node->bridge->links.max_frame
                      : *node->info.session ? WI_FRAME_MAX_OWN
                                            : WI_FRAME_MAX_JOINED;
    wi_link_limit(link, node->max_frame);
    node->left = 0;
    node->window = 0;
    node->busy_since_ms = 0;
    wi_timer_stop(node->grace_timer);
    wi_timer_start(node->heartbeat_timer, interval, interval);
}

struct wi_link_heard wi_node_heard(const struct wi_node *node)
{
    struct wi_link_heard heard = node->heard;
    if (node->link) {
        const struct wi_link_heard *more = wi_link_heard(node->link);
        heard.bytes_in += more->bytes_in;
        heard.bytes_out += more->bytes_out;
        heard.last_seen = more->last_seen;
    }
    return heard;
}

/* Keeps what its link has counted. The link, which is not its own any more, or NULL. */
static struct wi_link *let_go(struct wi_node *node)
{
    struct wi_link *link = node->link;
    node->heard = wi_node_heard(node);
    node->link = NULL;
    wi_pieces_turns_clear(&node->turns); /* it names what it wants when it comes back */
    return link;
}

void wi_node_detach(struct wi_node *node, const char *reason)
{
    struct wi_link *link = let_go(node);
    if (link)
        wi_link_close(link, WI_CLOSE_NORMAL, reason, NULL);
}

static void go_away(struct wi_node *node)
{
    struct wi_bridge *bridge = node->bridge;
    if (bridge->closed)
        return;
    wi_timer_stop(node->heartbeat_timer);
    wi_timer_stop(node->ack_timer);
    clear_acks(node); /* the page names what it still holds when it comes back */
    clear_part_acks(node);
    wi_timer_start(node->grace_timer, (uint64_t)bridge->settings.resume_grace, 0);
    bridge->events.on_node_away(bridge->events.context, node->info.id);
}

void wi_node_fail(struct wi_node *node, enum wi_close code, const char *reason)
{
    wi_link_fail(let_go(node), node->info.id, code, reason);
    go_away(node);
}

/* 1000: its purpose is fulfilled; 1001: it is going away, as a page that is closed says. Whoever
 * means to come back says neither. */
void wi_node_on_left(void *context, struct wi_link *link, int code, const void *text, size_t size)
{
    struct wi_node *node = context;
    char reason[WI_LINK_REASON_SIZE] = "", said[sizeof node->left_why];
    node->left = code == WI_CLOSE_NORMAL || code == WI_CLOSE_GOING_AWAY;
    node->left_why[0] = '\0';
    if (code <= WI_CLOSE_GOING_AWAY)
        return; /* it gives no fault for its reason */
    if (size)
        memcpy(reason, text, size < sizeof reason ? size : sizeof reason - 1);
    wi_text_printable(said, sizeof said, reason);
    snprintf(node->left_why, sizeof node->left_why, "%d %.80s", code, said);
}

void wi_node_on_gone(void *context, struct wi_link *link)
{
    struct wi_node *node = context;
    let_go(node);
    if (node->left && !*node->info.session) /* who looks after a browser of ours sees what it did */
        wi_node_leave(node, 1, "it closed its connection");
    else
        go_away(node);
}

/* --- Its end --------------------------------------------------------------------------------- */

static void unlist(struct wi_node *node)
{
    HASH_DEL(node->bridge->nodes, node);
    node->bridge->node_count--;
    node->bridge->own_count -= *node->info.session != '\0';
    if (*node->join)
        wi_joins_release(&node->bridge->joins, node->join);
}

void wi_node_quiesce(struct wi_node *node)
{
    struct wi_attempt *attempt, *next;
    let_go(node);
    HASH_ITER(hh, node->attempts, attempt, next)
    wi_node_remove_attempt(node, attempt);
    for (unsigned i = 0; i < WI_OFFERED_MODELS; i++) {
        wi_model_unref_idle(node->offered[i]);
        node->offered[i] = NULL;
    }
    wi_strings_clear(&node->acks);
    clear_part_acks(node);
    wi_timer_free(node->heartbeat_timer);
    wi_timer_free(node->ack_timer);
    wi_timer_free(node->grace_timer);
    node->heartbeat_timer = node->ack_timer = node->grace_timer = NULL;
}

static void node_destroy(struct wi_node *node)
{
    wi_node_quiesce(node);
    json_decref(node->info.capabilities);
    json_decref(node->models);
    free(node);
}

static void silence(struct wi_node *node)
{
    wi_timer_stop(node->grace_timer);
    wi_timer_stop(node->heartbeat_timer);
    wi_timer_stop(node->ack_timer);
}

/* `blame`: the oldest attempt may have been what ended it. */
static void end(struct wi_node *node, int blame, const char *why)
{
    struct wi_bridge *bridge = node->bridge;
    struct wi_attempt *attempt, *next;
    HASH_ITER(hh, node->attempts, attempt, next)
    {
        if (!bridge->closed)
            bridge->events.on_lost(bridge->events.context, node->info.id, attempt->id, blame, why);
        blame = 0;
    }
    if (!bridge->closed)
        bridge->events.on_node_down(bridge->events.context, node->info.id, why);
    node_destroy(node);
}

void wi_node_down(struct wi_node *node, const char *code, const char *why)
{
    wi_info("bridge", node->info.id, "node down: %s", why);
    unlist(node);
    silence(node);
    struct wi_link *link = let_go(node);
    if (link)
        wi_link_close(
            link, WI_CLOSE_NORMAL, code, wi_make_bye(++node->bridge->sequence, code, why));
    end(node, 1, why);
}

void wi_node_leave(struct wi_node *node, int blame, const char *why)
{
    wi_info("bridge", node->info.id, "node left: %s", why);
    unlist(node);
    silence(node);
    wi_node_detach(node, "the node has left");
    end(node, blame, why);
}

void wi_node_free(struct wi_node *node)
{
    unlist(node);
    node_destroy(node);
}

const struct wi_node *wi_node_by_credential(const struct wi_bridge *bridge, const char *token)
{
    unsigned char hash[WI_HASH_SIZE];
    char id[WI_ID_SIZE];
    const char *dot = strchr(token, '.');
    if (!dot || (size_t)(dot - token) >= sizeof id)
        return NULL;
    memcpy(id, token, (size_t)(dot - token));
    id[dot - token] = '\0';
    wi_hash(dot + 1, strlen(dot + 1), hash);
    const struct wi_node *node = wi_node_find(bridge, id);
    return node && wi_renewed_matches(&node->credential, hash) ? node : NULL;
}

/* --- Attempts -------------------------------------------------------------------------------- */

static int is_granted(const struct wi_node *node, const char *hash)
{
    for (size_t i = 0; i < WI_GRANTED_MODELS; i++)
        if (strcmp(node->granted[i], hash) == 0)
            return 1;
    return 0;
}

static void grant(struct wi_node *node, const struct wi_model *model)
{
    if (!model || model->builtin || is_granted(node, model->hash))
        return;
    memcpy(
        node->granted[node->granted_next++ % WI_GRANTED_MODELS], model->hash, sizeof model->hash);
}

int wi_node_may_fetch(const struct wi_node *node, const struct wi_model *model)
{
    for (const struct wi_attempt *attempt = node->attempts; attempt; attempt = attempt->hh.next)
        if (attempt->sent.model && strcmp(attempt->sent.model->hash, model->hash) == 0)
            return 1;
    return is_granted(node, model->hash);
}

/* `pieces`: the tensors that go so, or NULL. */
static void add_attempt(
    struct wi_node *node, const struct wi_task *task, const struct wi_tensors *pieces)
{
    struct wi_attempt *attempt = wi_alloc(sizeof *attempt);
    snprintf(attempt->id, sizeof attempt->id, "%s", task->attempt_id);
    wi_sent_note(&attempt->sent, task, wi_now_ms());
    if (task->stream)
        wi_stream_open(&attempt->stream, task->from);
    grant(node, task->model);
    HASH_ADD_STR(node->attempts, id, attempt);
    if (!pieces)
        return;
    attempt->out = wi_pieces_out_new(attempt->id, pieces);
    wi_pieces_turns_add(&node->turns, attempt->out);
    wi_link_draw(node->link);
}

/* `task` as it is said, with other tensors than it has, perhaps. */
static enum wi_code say_task(struct wi_node *node, const struct wi_task *task,
    const struct wi_task *said, struct wi_error *error)
{
    struct wi_bridge *bridge = node->bridge;
    struct wi_error problem;
    struct wi_fit fit = {.max_frame = node->max_frame, .pieces = node->info.parts};
    struct wi_message *message =
        wi_make_task_request(++bridge->sequence, said, &node->acks, &fit, &problem);
    if (fit.left_out)
        send_acks(node);
    if (!message) {
        if (error)
            *error = problem;
        return problem.code;
    }
    if (wi_node_send(node, message))
        return WI_NODE_BUSY;
    clear_acks(node);
    add_attempt(node, task, fit.pieces ? said->tensors : NULL);
    return WI_OK;
}

/* With its continuation in tensors, which takes memory for as long as it is on its way. `given` is
 * the task, perhaps with its input in one. */
static enum wi_code say_long_stream(struct wi_node *node, const struct wi_task *task,
    const struct wi_task *given, struct wi_error *error)
{
    struct wi_continuation from = *given->from;
    struct wi_task said = *given;
    struct wi_tensors tensors = {0};
    if (wi_continuation_lay_out(&tensors, given, node->bridge->links.budget))
        return WI_NODE_BUSY;
    from.in_tensors = 1;
    said.from = &from;
    said.tensors = &tensors;
    enum wi_code code = say_task(node, task, &said, error);
    wi_tensors_clear(&tensors);
    return code;
}

static enum wi_code say_stream(struct wi_node *node, const struct wi_task *task,
    const struct wi_task *said, struct wi_error *error)
{
    if (task->from && node->info.long_continue && wi_continuation_is_long(task->from))
        return say_long_stream(node, task, said, error);
    return say_task(node, task, said, error);
}

/* With its input in a tensor, likewise. */
static enum wi_code say_long_text(
    struct wi_node *node, const struct wi_task *task, struct wi_error *error)
{
    struct wi_task said = *task;
    struct wi_tensors tensors = {0};
    if (task->tensors)
        wi_tensors_share(&tensors, task->tensors);
    said.tensors = &tensors;
    said.input_in_tensor = 1;
    enum wi_code code = wi_input_lay_out(&tensors, task, node->bridge->links.budget)
                            ? WI_NODE_BUSY
                            : say_stream(node, task, &said, error);
    wi_tensors_clear(&tensors);
    return code;
}

enum wi_code wi_node_send_task(
    struct wi_node *node, const struct wi_task *task, struct wi_error *error)
{
    if (task->stream && !node->info.parts)
        return WI_NODE_BUSY; /* it has announced less since it was chosen */
    if (node->info.long_input && wi_input_is_long(task))
        return say_long_text(node, task, error);
    return say_stream(node, task, task, error);
}

void wi_node_grant(struct wi_node *node, struct wi_attempt *attempt, const struct wi_credit *credit)
{
    struct wi_stream *stream = &attempt->stream;
    if (!stream->open || !wi_stream_grant(stream, credit) || !node->link)
        return; /* an away node is told in its next welcome */
    wi_node_send(node, wi_make_credit(++node->bridge->sequence, attempt->id, &stream->granted));
}

struct wi_attempt *wi_node_find_attempt(const struct wi_node *node, const char *id)
{
    struct wi_attempt *attempt = NULL;
    HASH_FIND_STR(node->attempts, id, attempt);
    return attempt;
}

void wi_node_remove_attempt(struct wi_node *node, struct wi_attempt *attempt)
{
    const struct wi_stream *stream = &attempt->stream;
    uint64_t more = stream->granted.parts - stream->received.parts;
    uint64_t room = MAX_IN_FLIGHT - node->parts_in_flight;
    node->parts_in_flight += more < room ? more : room;
    HASH_DEL(node->attempts, attempt);
    wi_sent_clear(&attempt->sent);
    wi_pieces_out_free(attempt->out);
    wi_pieces_in_free(attempt->in);
    free(attempt);
}

static int listed(const json_t *list, const char *id)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *text = json_string_value(json_array_get(list, i));
        if (text && strcmp(text, id) == 0)
            return 1;
    }
    return 0;
}

void wi_node_reconcile(struct wi_node *node, const json_t *running, const json_t *unacknowledged)
{
    struct wi_bridge *bridge = node->bridge;
    struct wi_attempt *attempt, *next;
    struct wi_strings lost = {0};
    char why[192];
    snprintf(why, sizeof why, "the node came back without it%s%s",
        *node->left_why ? ", after it had closed the connection: " : "", node->left_why);
    node->left_why[0] = '\0';
    /* Collected first: the upper layer may send new attempts from inside the event. */
    HASH_ITER(hh, node->attempts, attempt, next)
    {
        if (listed(running, attempt->id) || listed(unacknowledged, attempt->id))
            continue;
        wi_strings_add(&lost, attempt->id);
        wi_node_remove_attempt(node, attempt);
    }
    for (size_t i = 0; i < lost.count && !bridge->closed; i++)
        bridge->events.on_lost(bridge->events.context, node->info.id, lost.items[i], 0, why);
    wi_strings_clear(&lost);
}

/* --- Acknowledgements and models ------------------------------------------------------------- */

void wi_node_acknowledge(struct wi_node *node, const char *attempt_id, size_t bytes)
{
    wi_strings_add(&node->acks, attempt_id);
    node->ack_bytes += bytes;
    if (node->acks.count >= ACK_MAX || node->ack_bytes >= ACK_MAX_BYTES)
        send_acks(node);
    else if (!wi_timer_running(node->ack_timer))
        wi_timer_start(node->ack_timer, ACK_MS, 0);
}

void wi_node_acknowledge_parts(struct wi_node *node, const char *attempt_id, uint64_t seq)
{
    if (!node->part_acks)
        node->part_acks = json_object();
    json_object_set_new(node->part_acks, attempt_id, json_integer((json_int_t)seq));
    if (json_object_size(node->part_acks) >= ACK_MAX)
        send_acks(node);
    else if (!wi_timer_running(node->ack_timer))
        wi_timer_start(node->ack_timer, ACK_MS, 0);
}

void wi_node_offer(struct wi_node *node, struct wi_model *model)
{
    struct wi_model **place = &node->offered[node->offered_next++ % WI_OFFERED_MODELS];
    grant(node, model);
    wi_model_ref_idle(model);
    wi_model_unref_idle(*place);
    *place = model;
}
