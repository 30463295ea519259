/* What a node is given to do, and the models that it may fetch for it. */
#include "bridge/node.h"

#include "base/clock.h"
#include "base/join.h"
#include "bridge/continuation.h"
#include "bridge/long_input.h"
#include "bridge/outgoing.h"
#include <stdlib.h>
#include <string.h>

/* Parts of streams that have ended may still be on their way: so many are no fault of the node's.
 */
#define MAX_IN_FLIGHT ((size_t)65536)

/* And large messages of an answer that nobody waits for any more: as many as there may be of its
 * pieces on their way, and its end. */
#define LATE_LARGE_MAX ((unsigned)(WI_PIECES_AHEAD / WI_LOOSE_MAX) + 1)
#define LATE_LARGE_OF_ALL (64 * LATE_LARGE_MAX)

/* --- models ---------------------------------------------------------------------------------- */

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

void wi_node_offer(struct wi_node *node, struct wi_model *model)
{
    struct wi_model **place = &node->offered[node->offered_next++ % WI_OFFERED_MODELS];
    grant(node, model);
    wi_model_ref_idle(model);
    wi_model_unref_idle(*place);
    *place = model;
}

/* --- attempts -------------------------------------------------------------------------------- */

/* `pieces`: the tensors that go so, or NULL. */
static void add_attempt(
    struct wi_node *node, const struct wi_task *task, const struct wi_tensors *pieces)
{
    struct wi_attempt *attempt = wi_alloc(sizeof *attempt);
    wi_join(attempt->id, sizeof attempt->id, task->attempt_id, NULL);
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
        wi_node_send_acks(node);
    if (!message) {
        if (error)
            *error = problem;
        return problem.code;
    }
    if (wi_node_send(node, message))
        return WI_NODE_BUSY;
    wi_node_clear_acks(node);
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
    node->late_large = node->late_large < LATE_LARGE_OF_ALL - LATE_LARGE_MAX
                           ? node->late_large + LATE_LARGE_MAX
                           : LATE_LARGE_OF_ALL;
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
