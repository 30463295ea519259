/* Tensors in pieces between service and nodes; see pieces.h. */
#include "bridge/pieces.h"
#include "base/log.h"
#include "base/params.h"
#include "bridge/node.h"
#include "bridge/outgoing.h"
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

/* How often those who wait for memory try again. */
#define MEMORY_MS 20
/* How often those that have memory are looked at. */
#define STALL_CHECK_MS 250
/* A node that sends nothing of an answer that memory is held for is given up after so many times
 * what may pass without any word of it. */
#define STALL_FACTOR 2

/* An answer that waits for memory. By name: until it is its turn, anything may have ended. */
struct wi_waiting {
    char node[WI_ID_SIZE], attempt[WI_FRAME_ID_MAX + 1];
    struct wi_waiting *prev, *next;
};

/* --- The end of an attempt ------------------------------------------------------------------- */

static void refuse_size(struct wi_node *node, struct wi_attempt *attempt, size_t bytes)
{
    struct wi_error why;
    wi_response_too_large(node->bridge, bytes, &why);
    wi_response_end(node, attempt, &why, 0, wi_code_name(WI_ANSWER_TOO_LARGE));
}

/* --- Memory ---------------------------------------------------------------------------------- */

static int is_under_way(const struct wi_attempt *attempt)
{
    return attempt->in && attempt->in->has_room;
}

/* One more look at each that is under way; whether there is any. What is away has its grace. */
static int count_quiet(struct wi_bridge *bridge)
{
    int any = 0;
    for (const struct wi_node *node = bridge->nodes; node; node = node->hh.next) {
        struct wi_attempt *attempt = node->attempts;
        for (; attempt; attempt = attempt->hh.next) {
            if (!is_under_way(attempt))
                continue;
            any = 1;
            attempt->in->quiet = node->link ? attempt->in->quiet + 1 : 0;
        }
    }
    return any;
}

/* The first that is to be given up. Silence is counted in looks: after a time in which the service
 * was not let run, what has come meanwhile is read before the next. */
static struct wi_attempt *find_stalled(const struct wi_bridge *bridge, struct wi_node **of)
{
    const struct wi_bridge_settings *settings = &bridge->settings;
    int64_t limit = STALL_FACTOR * settings->heartbeat_interval * settings->heartbeat_misses;
    for (*of = bridge->nodes; *of; *of = (*of)->hh.next) {
        struct wi_attempt *attempt = (*of)->attempts;
        for (; attempt; attempt = attempt->hh.next)
            if (is_under_way(attempt) && attempt->in->quiet > 1 + (limit - 1) / STALL_CHECK_MS)
                return attempt;
    }
    return NULL;
}

static void on_stall_time(void *context)
{
    struct wi_bridge *bridge = context;
    struct wi_node *node;
    struct wi_attempt *attempt;
    struct wi_error error;
    if (!count_quiet(bridge))
        wi_timer_stop(bridge->stall_timer);
    /* From the beginning each time: the event may end others. */
    while (!bridge->closed && (attempt = find_stalled(bridge, &node)) != NULL) {
        wi_error_set(&error, WI_BAD_FRAMING, NULL,
            "nothing came of it for too long after tensor %zu, byte %zu", attempt->in->tensor,
            attempt->in->position);
        wi_response_reject(node, attempt, &error);
    }
}

static void tell_credit(struct wi_node *node, const struct wi_attempt *attempt)
{
    wi_node_send(
        node, wi_make_data_credit(++node->bridge->sequence, attempt->id, attempt->in->granted));
}

static void give_credit(struct wi_node *node, struct wi_attempt *attempt)
{
    struct wi_bridge *bridge = node->bridge;
    attempt->in->quiet = 0;
    if (!bridge->stall_timer)
        bridge->stall_timer = wi_timer_new(bridge->loop, on_stall_time, bridge);
    if (!wi_timer_running(bridge->stall_timer))
        wi_timer_start(bridge->stall_timer, STALL_CHECK_MS, STALL_CHECK_MS);
    tell_credit(node, attempt);
}

/* 0 if it must go on waiting, 1 if it is served or not there any more. */
static int serve(struct wi_bridge *bridge, const struct wi_waiting *waiting)
{
    struct wi_node *node = wi_node_find(bridge, waiting->node);
    struct wi_attempt *attempt = node ? wi_node_find_attempt(node, waiting->attempt) : NULL;
    if (!attempt || !attempt->in || attempt->in->has_room)
        return 1;
    if (wi_pieces_in_make_room(attempt->in, bridge->links.budget))
        return 0;
    give_credit(node, attempt);
    return 1;
}

static void on_memory_time(void *context)
{
    struct wi_bridge *bridge = context;
    while (bridge->waiting && serve(bridge, bridge->waiting)) {
        struct wi_waiting *served = bridge->waiting;
        DL_DELETE(bridge->waiting, served);
        free(served);
    }
    if (!bridge->waiting)
        wi_timer_stop(bridge->memory_timer);
}

static void wait_for_memory(struct wi_node *node, const struct wi_attempt *attempt)
{
    struct wi_bridge *bridge = node->bridge;
    struct wi_waiting *waiting = wi_alloc(sizeof *waiting);
    memcpy(waiting->node, node->info.id, sizeof waiting->node);
    memcpy(waiting->attempt, attempt->id, sizeof waiting->attempt);
    DL_APPEND(bridge->waiting, waiting);
    if (!bridge->memory_timer)
        bridge->memory_timer = wi_timer_new(bridge->loop, on_memory_time, bridge);
    wi_timer_start(bridge->memory_timer, MEMORY_MS, MEMORY_MS);
}

void wi_pieces_quiesce(struct wi_bridge *bridge)
{
    struct wi_waiting *waiting, *next;
    wi_timer_free(bridge->memory_timer);
    wi_timer_free(bridge->stall_timer);
    bridge->memory_timer = bridge->stall_timer = NULL;
    DL_FOREACH_SAFE(bridge->waiting, waiting, next)
    free(waiting);
    bridge->waiting = NULL;
}

/* --- From the node --------------------------------------------------------------------------- */

struct data {
    json_t *outline;
    int64_t tensor, position;
};

static const struct wi_param outline_table[] = {
    WI_PARAM_ROW(data, outline, WI_PARAM_ARRAY, 1, 0, 0),
    WI_PARAM_END,
};

static const struct wi_param data_table[] = {
    WI_PARAM_ROW(data, tensor, WI_PARAM_INTEGER, 1, 0, WI_TENSOR_DIM_MAX),
    WI_PARAM_ROW(data, position, WI_PARAM_INTEGER, 1, 0, WI_TENSOR_DIM_MAX),
    WI_PARAM_END,
};

/* The attempt that a message is about. NULL: there is none, and `*heard` says what that means. */
static struct wi_attempt *find_attempt(struct wi_node *node, const struct wi_frame *frame,
    enum wi_heard *heard, struct wi_error *error)
{
    const char *id;
    int told = wi_frame_attempt(frame, &id, error) == WI_OK;
    *heard = told ? WI_HEARD_LOOSE : WI_HEARD_WRONG; /* cancelled meanwhile */
    return told ? wi_node_find_attempt(node, id) : NULL;
}

static enum wi_code read_outline(struct wi_node *node, struct wi_attempt *attempt,
    const struct wi_frame *frame, struct data *data, struct wi_error *error)
{
    if (wi_params_read(outline_table, frame->data, WI_PARAMS_OPEN, "data.", data, error) != WI_OK)
        return error->code;
    if (attempt->in)
        return wi_error_set(error, WI_BAD_FRAMING, "data.outline", "a second outline came");
    attempt->in = wi_pieces_in_new(data->outline, error);
    if (!attempt->in)
        return error->code;
    struct wi_answer answer = {.ok = 1, .outputs = attempt->in->tensors};
    return wi_response_check(node, &attempt->sent, &answer, error);
}

enum wi_heard wi_pieces_outline(
    struct wi_node *node, struct wi_frame *frame, struct wi_error *error)
{
    struct wi_bridge *bridge = node->bridge;
    struct data data = {0};
    enum wi_heard heard;
    struct wi_attempt *attempt = find_attempt(node, frame, &heard, error);
    if (!attempt)
        return heard;
    if (read_outline(node, attempt, frame, &data, error) != WI_OK) {
        wi_response_reject(node, attempt, error);
        return WI_HEARD_OURS;
    }
    size_t bytes = attempt->in->bytes;
    if (bytes > bridge->settings.max_answer)
        refuse_size(node, attempt, bytes);
    else if (bridge->waiting || wi_pieces_in_make_room(attempt->in, bridge->links.budget))
        wait_for_memory(node, attempt);
    else
        give_credit(node, attempt);
    return WI_HEARD_OURS;
}

static enum wi_code take_piece(struct wi_pieces_in *in, const struct data *data,
    const struct wi_tensors *piece, struct wi_error *error)
{
    size_t size = wi_tensors_bytes(piece), more = in->has_room ? in->granted - in->received : 0;
    if (size > more)
        return wi_error_set(error, WI_BAD_FRAMING, "data.tensors",
            "task_data has %zu bytes, and there is credit for %zu", size, more);
    return wi_pieces_in_add(in, (uint64_t)data->tensor, (uint64_t)data->position, piece, error);
}

enum wi_heard wi_pieces_data(struct wi_node *node, struct wi_frame *frame, struct wi_error *error)
{
    struct data data = {0};
    enum wi_heard heard;
    struct wi_attempt *attempt = find_attempt(node, frame, &heard, error);
    if (!attempt)
        return heard;
    enum wi_code code =
        wi_params_read(data_table, frame->data, WI_PARAMS_OPEN, "data.", &data, error);
    if (code == WI_OK && !attempt->in)
        code = wi_error_set(error, WI_BAD_FRAMING, NULL, "task_data came without a task_outline");
    if (code == WI_OK)
        code = take_piece(attempt->in, &data, &frame->tensors, error);
    if (code != WI_OK) {
        wi_response_reject(node, attempt, error);
        return WI_HEARD_OURS;
    }
    attempt->in->quiet = 0;
    if (wi_pieces_in_extend(attempt->in))
        tell_credit(node, attempt);
    return WI_HEARD_OURS;
}

/* --- To the node ----------------------------------------------------------------------------- */

struct wi_message *wi_pieces_next(void *context, struct wi_link *link)
{
    struct wi_node *node = context;
    return wi_pieces_turns_next(&node->turns, &node->bridge->sequence);
}

/* Sends from there on again what the node wants of an attempt. */
static int go_on(struct wi_node *node, const char *id, const json_t *place, struct wi_error *error)
{
    struct wi_attempt *attempt = wi_node_find_attempt(node, id);
    struct data data = {0};
    if (!attempt)
        return 0; /* cancelled while it was away */
    if (json_is_object(place) &&
        wi_params_read(data_table, place, WI_PARAMS_OPEN, "data.resume.data.", &data, error) ==
            WI_OK &&
        attempt->out &&
        wi_pieces_out_seek(attempt->out, (uint64_t)data.tensor, (uint64_t)data.position) == 0) {
        wi_pieces_turns_add(&node->turns, attempt->out);
        return 0;
    }
    wi_error_set(error, WI_INVALID_FIELD, "data.resume.data",
        "data.resume.data wants bytes of %.64s that the task does not have", id);
    return -1;
}

int wi_pieces_resume(struct wi_node *node, const json_t *data, struct wi_error *error)
{
    struct wi_attempt *attempt;
    const char *id;
    json_t *place;
    json_object_foreach((json_t *)data, id, place)
    {
        if (go_on(node, id, place, error))
            return -1;
    }
    for (attempt = node->attempts; attempt; attempt = attempt->hh.next)
        if (attempt->in && attempt->in->has_room)
            give_credit(node, attempt);
    wi_link_draw(node->link);
    return 0;
}
