/* Tensors in pieces between service and nodes; see pieces.h. */
#include "nodes/bridge/pieces.h"
#include "base/params.h"
#include "nodes/bridge/node.h"
#include "nodes/bridge/outgoing.h"
#include <stdlib.h>
#include <string.h>

/* How often those who wait for memory try again. */
#define MEMORY_MS 20
/* How often it is looked at what has come. */
#define LOOK_MS 250
/* A node sends at least so much of its answers in 10 s, or in twice what may pass without any word
 * of it, where that is less. */
#define SILENCES 2
/* Beyond its node's share an answer takes only what leaves one part in so many of all memory, or
 * half of that. */
#define KEPT_PART 8

/* --- The pace ------------------------------------------------------------------------------- */

static int attempt_is_under_way(const struct wi_attempt *attempt)
{
    return attempt->in && attempt->in->has_room;
}

static size_t count_under_way(const struct wi_node *node)
{
    size_t count = 0;
    for (const struct wi_attempt *attempt = node->attempts; attempt; attempt = attempt->hh.next)
        count += attempt_is_under_way(attempt) != 0;
    return count;
}

static struct wi_pace_rule pace_of(const struct wi_bridge_settings *settings)
{
    double silence = (double)(SILENCES * settings->heartbeat_interval * settings->heartbeat_misses);
    return (struct wi_pace_rule){
        silence < WI_LINK_PACE_MS ? silence : WI_LINK_PACE_MS, WI_LINK_PACE_BYTES_PER_MS};
}

/* One more look at all of the node, which is away or not: whether there is any. The looks are the
 * clock, so that after a time in which the service was not let run what has come meanwhile is read
 * before the next. */
static int node_look_at(const struct wi_node *node)
{
    const struct wi_pace_rule rule = pace_of(&node->bridge->settings);
    size_t senders = count_under_way(node);
    struct wi_attempt *attempt = node->link ? node->attempts : NULL;
    for (; attempt; attempt = attempt->hh.next)
        if (attempt_is_under_way(attempt))
            attempt->in->too_slow = wi_pieces_in_is_slow(attempt->in, &rule, LOOK_MS, senders);
    return senders > 0;
}

static struct wi_attempt *find_slow(const struct wi_bridge *bridge, struct wi_node **of)
{
    for (*of = bridge->nodes; *of; *of = (*of)->hh.next) {
        struct wi_attempt *attempt = (*of)->attempts;
        for (; attempt; attempt = attempt->hh.next)
            if (attempt_is_under_way(attempt) && attempt->in->too_slow)
                return attempt;
    }
    return NULL;
}

static void on_look_time(void *context)
{
    struct wi_bridge *bridge = context;
    struct wi_node *node;
    struct wi_attempt *attempt;
    struct wi_error error;
    int any = 0;
    for (node = bridge->nodes; node; node = node->hh.next)
        any |= node_look_at(node);
    if (!any)
        wi_timer_stop(bridge->look_timer);
    /* From the beginning each time: the event may end others. */
    while (!bridge->closed && (attempt = find_slow(bridge, &node)) != NULL) {
        wi_error_set(&error, WI_BAD_FRAMING, NULL,
            "it arrived too slowly after tensor %zu, byte %zu: less than 64 KiB/s",
            attempt->in->tensor, attempt->in->position);
        wi_response_reject(node, attempt, &error);
    }
}

/* Has the timer, which may not be there yet, call again and again. */
static void bridge_watch(
    struct wi_bridge *bridge, struct wi_timer **timer, wi_timer_fn *on_time, uint64_t ms)
{
    if (!*timer)
        *timer = wi_timer_new(bridge->loop, on_time, bridge);
    if (!wi_timer_running(*timer))
        wi_timer_start(*timer, ms, ms);
}

/* --- Memory ---------------------------------------------------------------------------------- */

/* An answer that is not whole. */
struct unfinished {
    struct wi_node *node;
    struct wi_attempt *attempt;
};

static size_t pieces_lacking(const struct wi_pieces_in *in)
{
    return in->bytes - in->held;
}

static int by_lack(const void *a, const void *b)
{
    size_t one = pieces_lacking(((const struct unfinished *)a)->attempt->in);
    size_t other = pieces_lacking(((const struct unfinished *)b)->attempt->in);
    return (one > other) - (one < other);
}

/* All of them, those that lack the least first; the caller frees the items. */
struct unfinished_list {
    struct unfinished *items;
    size_t count;
};

static struct unfinished_list list_unfinished(const struct wi_bridge *bridge)
{
    struct unfinished_list list = {0};
    struct wi_node *node;
    size_t most = 1;
    for (node = bridge->nodes; node; node = node->hh.next)
        most += HASH_COUNT(node->attempts);
    list.items = wi_alloc(most * sizeof *list.items);
    for (node = bridge->nodes; node; node = node->hh.next)
        for (struct wi_attempt *attempt = node->attempts; attempt; attempt = attempt->hh.next)
            if (attempt->in)
                list.items[list.count++] = (struct unfinished){node, attempt};
    qsort(list.items, list.count, sizeof *list.items, by_lack);
    return list;
}

/* How much of all memory it may take beyond its node's share: all but a part, which is less for the
 * one that lacks the least, so that what else is taken meanwhile does not stop them all. */
static size_t common_room(const struct wi_budget *budget, const struct unfinished_list *list,
    const struct wi_pieces_in *in)
{
    const struct unfinished *first = list->items;
    while (first->attempt->in != in && pieces_lacking(first->attempt->in) == 0)
        first++;
    uint64_t kept = budget->limit / KEPT_PART;
    uint64_t most = budget->limit - (first->attempt->in == in ? kept / 2 : kept);
    return budget->used < most ? (size_t)(most - budget->used) : 0;
}

/* Whether, if it takes `more` now, all before it in the list and then the answer itself can be
 * whole one after the other, each with what those before it give back. Else answers that hold
 * something each would wait for each other. */
static int can_all_end(
    const struct unfinished_list *list, const struct wi_pieces_in *in, size_t room, size_t more)
{
    if (more > room)
        return 0;
    room -= more;
    for (const struct unfinished *item = list->items; item->attempt->in != in; item++) {
        const struct wi_pieces_in *before = item->attempt->in;
        if (pieces_lacking(before) > room)
            return 0;
        room += before->held;
    }
    return pieces_lacking(in) - more <= room;
}

/* Within the node's share nothing else is asked. */
static int is_in_share(const struct wi_node *node, const struct wi_pieces_in *in)
{
    return pieces_lacking(in) <= wi_share_room(&node->share);
}

static void tell_credit(struct wi_node *node, const struct wi_attempt *attempt)
{
    wi_node_send(
        node, wi_make_data_credit(++node->bridge->sequence, attempt->id, attempt->in->granted));
}

/* The next step of an answer, where it may be taken; else the answer waits. */
static void take_step(struct wi_node *node, struct wi_attempt *attempt, int may)
{
    struct wi_pieces_in *in = attempt->in;
    in->waits = !may || wi_pieces_in_grant(in, wi_pieces_in_due(in)) != 0;
    if (in->waits)
        return;
    tell_credit(node, attempt);
    bridge_watch(node->bridge, &node->bridge->look_timer, on_look_time, LOOK_MS);
}

static void try_step(
    const struct unfinished_list *list, struct wi_node *node, struct wi_attempt *attempt)
{
    const struct wi_pieces_in *in = attempt->in;
    size_t room = common_room(node->bridge->links.budget, list, in);
    take_step(
        node, attempt, is_in_share(node, in) || can_all_end(list, in, room, wi_pieces_in_due(in)));
}

static void on_memory_time(void *context)
{
    struct wi_bridge *bridge = context;
    struct unfinished_list list = list_unfinished(bridge);
    int any = 0;
    for (size_t i = 0; i < list.count; i++) {
        struct wi_attempt *attempt = list.items[i].attempt;
        if (attempt->in->waits)
            try_step(&list, list.items[i].node, attempt);
        any |= attempt->in->waits;
    }
    free(list.items);
    if (!any)
        wi_timer_stop(bridge->memory_timer);
}

/* The next step, if one is due. */
static void go_on_with(struct wi_node *node, struct wi_attempt *attempt)
{
    const struct wi_pieces_in *in = attempt->in;
    if (in->waits || (in->has_room && !wi_pieces_in_due(in)))
        return;
    if (is_in_share(node, in)) {
        take_step(node, attempt, 1);
    } else {
        struct unfinished_list list = list_unfinished(node->bridge);
        try_step(&list, node, attempt);
        free(list.items);
    }
    if (in->waits)
        bridge_watch(node->bridge, &node->bridge->memory_timer, on_memory_time, MEMORY_MS);
}

void wi_pieces_quiesce(struct wi_bridge *bridge)
{
    wi_timer_free(bridge->memory_timer);
    wi_timer_free(bridge->look_timer);
    bridge->memory_timer = bridge->look_timer = NULL;
}

/* --- From the node --------------------------------------------------------------------------- */

struct data {
    json_t *outline;
    int64_t tensor, position;
};

static const struct wi_param outline_table[] = {
    WI_PARAM(data, outline, ARRAY, .required = 1),
    WI_PARAM_END,
};

static const struct wi_param data_table[] = {
    WI_PARAM(data, tensor, INTEGER, .required = 1, .max = WI_TENSOR_DIM_MAX),
    WI_PARAM(data, position, INTEGER, .required = 1, .max = WI_TENSOR_DIM_MAX),
    WI_PARAM_END,
};

static enum wi_code read_outline(struct wi_node *node, struct wi_attempt *attempt,
    const struct wi_frame *frame, struct wi_error *error)
{
    struct data data = {0};
    if (wi_params_read(outline_table, frame->data, WI_PARAMS_OPEN, "data.", &data, error) != WI_OK)
        return error->code;
    if (attempt->in)
        return wi_error_set(error, WI_BAD_FRAMING, "data.outline", "a second outline came");
    attempt->in = wi_pieces_in_new(data.outline, &node->share, error);
    if (!attempt->in ||
        wi_response_check_outline(node, &attempt->sent, &attempt->in->tensors, error) != WI_OK)
        return error->code;
    if (attempt->in->bytes > node->bridge->settings.max_answer)
        return wi_response_too_large(node->bridge, attempt->in->bytes, error);
    return WI_OK;
}

static enum wi_code read_piece(
    struct wi_attempt *attempt, const struct wi_frame *frame, struct wi_error *error)
{
    struct data data = {0};
    if (wi_params_read(data_table, frame->data, WI_PARAMS_OPEN, "data.", &data, error) != WI_OK)
        return error->code;
    if (!attempt->in)
        return wi_error_set(error, WI_BAD_FRAMING, NULL, "task_data came without a task_outline");
    return wi_pieces_in_add(
        attempt->in, (uint64_t)data.tensor, (uint64_t)data.position, &frame->tensors, error);
}

/* The answer goes on after a message that was read, or ends with the error. */
static enum wi_heard pieces_settle(struct wi_node *node, struct wi_attempt *attempt,
    enum wi_code read, const struct wi_error *error)
{
    if (read == WI_OK)
        go_on_with(node, attempt);
    else if (read == WI_ANSWER_TOO_LARGE)
        wi_response_end(node, attempt, error, 0, wi_code_name(read));
    else
        wi_response_reject(node, attempt, error);
    return WI_HEARD_OURS;
}

enum wi_heard wi_pieces_outline(struct wi_node *node, const char *id, struct wi_attempt *attempt,
    struct wi_frame *frame, struct wi_error *error)
{
    if (!attempt)
        return WI_HEARD_LOOSE;            /* cancelled meanwhile */
    (void)wi_node_accepts(node, attempt); /* its pieces may take longer than it may be silent */
    return pieces_settle(node, attempt, read_outline(node, attempt, frame, error), error);
}

enum wi_heard wi_pieces_data(struct wi_node *node, const char *id, struct wi_attempt *attempt,
    struct wi_frame *frame, struct wi_error *error)
{
    return attempt ? pieces_settle(node, attempt, read_piece(attempt, frame, error), error)
                   : WI_HEARD_LOOSE; /* cancelled meanwhile */
}

json_t *wi_pieces_wanted(struct wi_node *node)
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

/* --- To the node ----------------------------------------------------------------------------- */

struct wi_message *wi_pieces_next(void *context, struct wi_link *link)
{
    struct wi_node *node = context;
    return wi_pieces_turns_next(&node->turns, &node->bridge->sequence);
}

/* Sends from there on again what the node wants of an attempt. */
static int attempt_go_on(
    struct wi_node *node, const char *id, const json_t *place, struct wi_error *error)
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
        "data.resume.data asks for bytes of %.64s that the task does not have", id);
    return -1;
}

int wi_pieces_resume(struct wi_node *node, const json_t *data, struct wi_error *error)
{
    const char *id;
    json_t *place;
    json_object_foreach((json_t *)data, id, place)
    {
        if (attempt_go_on(node, id, place, error))
            return -1;
    }
    for (struct wi_attempt *attempt = node->attempts; attempt; attempt = attempt->hh.next)
        if (attempt_is_under_way(attempt))
            tell_credit(node, attempt);
    wi_link_draw(node->link);
    return 0;
}
