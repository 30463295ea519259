/* What a node is given to do, and the models that it may fetch for it. */
#include "nodes/bridge/node.h"

#include "base/clock.h"
#include "base/params.h"
#include "base/text.h"
#include "nodes/bridge/outgoing.h"
#include "nodes/bridge/task/task_layout.h"
#include <stdlib.h>
#include <string.h>

/* Parts of streams that have ended may still be on their way: so many are no fault of the
 * node's. */
#define MAX_IN_FLIGHT ((size_t)65536)

/* Large messages that may still come for an answer that is no longer wanted: as many as can be in
 * transit of its pieces, and its end. */
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

static void node_grant(struct wi_node *node, const struct wi_model *model)
{
    if (is_granted(node, model->hash) || wi_model_is_built_in(model))
        return;
    memcpy(
        node->granted[node->granted_next++ % WI_GRANTED_MODELS], model->hash, sizeof model->hash);
}

/* Those of the one list that are not so in the other. */
static void tell_models(
    const struct wi_change_listener *listener, const json_t *models, const json_t *others)
{
    for (size_t i = 0; i < json_array_size(models); i++) {
        const json_t *model = json_array_get(models, i);
        const char *name = json_string_value(json_object_get(model, "name"));
        int same = 0;
        for (size_t k = 0; k < json_array_size(others); k++)
            if ((same = json_equal(model, json_array_get(others, k))))
                break;
        if (name && !same)
            wi_change_tell(listener, WI_CHANGE_MODEL, name, NULL);
    }
}

void wi_node_set_models(struct wi_node *node, json_t *models)
{
    const struct wi_change_listener *listener = node->bridge->events.listener;
    if (wi_change_is_heard(listener) && !json_equal(node->models, models)) {
        wi_change_tell(listener, WI_CHANGE_NODE, node->info.id, NULL);
        tell_models(listener, node->models, models);
        tell_models(listener, models, node->models);
    }
    json_decref(node->models);
    node->models = models;
    wi_model_orders_hear(&node->orders, models);
}

int wi_node_may_fetch(const struct wi_node *node, const struct wi_model *model)
{
    if (*node->info.relay)
        return 0; /* the daemon behind it has what it is asked for */
    for (const struct wi_attempt *attempt = node->attempts; attempt; attempt = attempt->hh.next)
        if (strcmp(attempt->sent.asked->model->hash, model->hash) == 0)
            return 1;
    return is_granted(node, model->hash);
}

void wi_node_offer(struct wi_node *node, struct wi_model *model)
{
    struct wi_model **place = &node->offered[node->offered_next++ % WI_OFFERED_MODELS];
    node_grant(node, model);
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
    node_grant(node, task->asked->model);
    attempt->sent_at = wi_awake_ms();
    wi_sent_note(&attempt->sent, task, wi_now_ms());
    if (task->asked->stream)
        wi_stream_open(&attempt->stream, task->from);
    HASH_ADD_STR(node->attempts, id, attempt);
    if (!pieces)
        return;
    attempt->out = wi_pieces_out_new(attempt->id, pieces);
    wi_pieces_turns_add(&node->turns, attempt->out);
    wi_link_draw(node->link);
}

enum wi_code wi_node_send_task(
    struct wi_node *node, const struct wi_task *task, struct wi_error *error)
{
    struct wi_bridge *bridge = node->bridge;
    struct wi_fit fit = {.max_frame = node->max_frame};
    struct wi_layout layout;
    struct wi_error problem;
    struct wi_task sent = *task;
    sent.is_lent = *node->info.relay != '\0';
    if (wi_layout_make(&layout, task, bridge->links.budget))
        return WI_NODE_BUSY;
    struct wi_message *message =
        wi_make_task_request(++bridge->sequence, &sent, &layout, &node->acks, &fit, &problem);
    enum wi_code code = message ? WI_OK : problem.code;
    if (!message && error)
        *error = problem;
    if (message && wi_node_send(node, message))
        code = WI_NODE_BUSY;
    if (code == WI_OK) {
        if (fit.acknowledges)
            wi_node_clear_acks(node);
        add_attempt(node, task, fit.in_pieces ? layout.tensors : NULL);
    }
    wi_layout_clear(&layout);
    return code;
}

void wi_node_grant(struct wi_node *node, struct wi_attempt *attempt, const struct wi_credit *credit)
{
    struct wi_stream *stream = &attempt->stream;
    if (!stream->open || !wi_flow_grant(&stream->flow, credit) || !node->link)
        return; /* an away node is told in its next welcome */
    wi_node_send(
        node, wi_make_credit(++node->bridge->sequence, attempt->id, &stream->flow.granted));
}

struct wi_attempt *wi_node_find_attempt(const struct wi_node *node, const char *id)
{
    struct wi_attempt *attempt = NULL;
    HASH_FIND_STR(node->attempts, id, attempt);
    return attempt;
}

int wi_node_accepts(struct wi_node *node, struct wi_attempt *attempt)
{
    const struct wi_bridge_events *events = &node->bridge->events;
    if (attempt->accepted)
        return 0;
    attempt->accepted = 1;
    events->on_accepted(events->context, node->info.id, attempt->id);
    return 1;
}

void wi_node_remove_attempt(struct wi_node *node, struct wi_attempt *attempt)
{
    const struct wi_stream *stream = &attempt->stream;
    uint64_t more = stream->flow.granted.parts - stream->flow.sent.parts;
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

/* Those that are in neither list. Collected first: the upper layer may send new attempts from
 * inside the event. */
static void attempts_lose(
    struct wi_node *node, const json_t *running, const json_t *unacknowledged, const char *why)
{
    struct wi_bridge *bridge = node->bridge;
    struct wi_attempt *attempt, *next;
    struct wi_strings lost = {0};
    char id[WI_ID_SIZE];
    memcpy(id, node->info.id, sizeof id);
    HASH_ITER(hh, node->attempts, attempt, next)
    {
        if (wi_json_has_text(running, attempt->id) || wi_json_has_text(unacknowledged, attempt->id))
            continue;
        wi_strings_add(&lost, attempt->id);
        wi_node_remove_attempt(node, attempt);
    }
    for (size_t i = 0; i < lost.count && !bridge->closed; i++)
        bridge->events.on_lost(bridge->events.context, id, lost.items[i], 0, why);
    wi_strings_clear(&lost);
}

void wi_node_reconcile(struct wi_node *node, const json_t *running, const json_t *unacknowledged)
{
    char why[192];
    snprintf(why, sizeof why, "the node came back without it%s%s",
        *node->left_why ? ", after it had closed the connection: " : "", node->left_why);
    node->left_why[0] = '\0';
    attempts_lose(node, running, unacknowledged, why);
}

void wi_node_lose(struct wi_node *node, const char *why)
{
    attempts_lose(node, NULL, NULL, why);
}
