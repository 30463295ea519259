/* task_part and task_progress; see response.h. task_stream.c says which parts may come. */
#include "nodes/bridge/task/task_parts.h"

#include "base/clock.h"
#include "base/text.h"
#include "nodes/bridge/node.h"
#include "nodes/bridge/outgoing.h"

/* Of one attempt; four a second are due. */
#define PROGRESS_MS 200.0

/* --- task_part ------------------------------------------------------------------------------- */

/* Of an attempt that ended here while the part was on its way: the page may forget it. */
static enum wi_heard drop_stale(
    struct wi_node *node, const char *attempt_id, const struct wi_frame *frame)
{
    const json_t *seq = json_object_get(frame->data, "seq");
    node->bridge->counters.parts_stale++;
    if (json_is_integer(seq) && json_integer_value(seq) >= 0 &&
        json_integer_value(seq) < WI_PART_NUMBER_MAX)
        wi_node_acknowledge_parts(node, attempt_id, (uint64_t)json_integer_value(seq) + 1);
    if (!node->parts_in_flight)
        return WI_HEARD_LOOSE;
    node->parts_in_flight--;
    return WI_HEARD_OURS;
}

static void part_deliver(struct wi_node *node, const char *attempt_id, const struct wi_part *part)
{
    struct wi_bridge *bridge = node->bridge;
    const struct wi_bridge_events *events = &bridge->events;
    bridge->counters.parts++;
    if (events->on_part)
        events->on_part(events->context, node->info.id, attempt_id, part);
    if (!bridge->closed)
        wi_node_acknowledge_parts(node, attempt_id, part->seq + 1);
}

enum wi_heard wi_part_handle(struct wi_node *node, const char *id, struct wi_attempt *attempt,
    struct wi_frame *frame, struct wi_error *error)
{
    struct wi_part part;
    if (!attempt)
        return drop_stale(node, id, frame);
    switch (wi_stream_take(&attempt->stream, frame, &part, error)) {
    case WI_PART_DUE:
        part_deliver(node, id, &part);
        return WI_HEARD_OURS;
    case WI_PART_REPEATED:
        node->bridge->counters.parts_repeated++;
        wi_node_acknowledge_parts(node, id, attempt->stream.next);
        return WI_HEARD_LOOSE;
    default:
        wi_response_reject(node, attempt, error);
        return WI_HEARD_OURS;
    }
}

/* --- task_progress --------------------------------------------------------------------------- */

/* A report that is not passed on counts as loose: a flood of them is a fault. */
enum wi_heard wi_progress_handle(struct wi_node *node, const char *id, struct wi_attempt *attempt,
    struct wi_frame *frame, struct wi_error *error)
{
    const struct wi_bridge_events *events = &node->bridge->events;
    struct wi_progress progress;
    char phase[64];
    double now = wi_awake_ms();
    if (wi_progress_read(frame->data, &progress, error) != WI_OK)
        return WI_HEARD_WRONG;
    if (!attempt || !events->on_progress ||
        (now - attempt->progress_at < PROGRESS_MS && !attempt->sent.asked->program))
        return WI_HEARD_LOOSE; /* of a program each of its few words counts */
    attempt->progress_at = now;
    wi_text_printable(phase, sizeof phase, progress.phase);
    progress.phase = phase;
    events->on_progress(events->context, node->info.id, id, &progress);
    return WI_HEARD_OURS;
}

/* --- a node that comes back ------------------------------------------------------------------ */

/* Whether the node has made fewer parts of the stream than have come: it has begun again. */
static int began_again(const struct wi_attempt *attempt, const json_t *next)
{
    const json_t *seq = json_object_get(next, attempt->id);
    return seq && (uint64_t)json_integer_value(seq) < attempt->stream.next;
}

void wi_parts_resume(const struct wi_node *node, json_t *attempts, const json_t *next,
    const struct wi_resumed *resumed)
{
    for (size_t i = json_array_size(attempts); i-- > 0;) {
        json_t *id = json_array_get(attempts, i);
        const struct wi_attempt *attempt = wi_node_find_attempt(node, json_string_value(id));
        if (!attempt || !attempt->stream.open)
            continue;
        if (began_again(attempt, next)) {
            json_array_append(resumed->cancel, id);
            json_array_remove(attempts, i);
            continue;
        }
        const struct wi_stream *stream = &attempt->stream;
        json_object_set_new(resumed->next, attempt->id, json_integer((json_int_t)stream->next));
        json_object_set_new(resumed->credit, attempt->id,
            json_pack("{s:I, s:I}", "parts", (json_int_t)stream->flow.granted.parts, "bytes",
                (json_int_t)stream->flow.granted.bytes));
    }
}
