/* Tensors of a simulated node that do not fit a message, in pieces, both ways. */
#include "simulate/simulate.h"

#include <string.h>

/* --- of a task ------------------------------------------------------------------------------- */

int sim_pieces_expect(struct sim_attempt *attempt, const json_t *outline)
{
    attempt->in = wi_pieces_in_new(outline, NULL, NULL);
    if (attempt->in && wi_pieces_in_grant(attempt->in, attempt->in->bytes) == 0)
        return 0;
    attempt->node->sim->counters.unexpected++;
    return -1;
}

int sim_pieces_take(struct sim_attempt *attempt, const struct wi_frame *frame)
{
    const json_t *tensor = json_object_get(frame->data, "tensor");
    const json_t *position = json_object_get(frame->data, "position");
    if (wi_pieces_in_add(attempt->in, (uint64_t)json_integer_value(tensor),
            (uint64_t)json_integer_value(position), &frame->tensors, NULL) == WI_OK)
        return 0;
    attempt->node->sim->counters.unexpected++;
    return -1;
}

int sim_pieces_are_whole(struct sim_attempt *attempt, struct wi_tensors *inputs)
{
    if (attempt->in->tensor < attempt->in->tensors.count)
        return 0;
    if (wi_pieces_in_take(attempt->in, inputs, NULL) != WI_OK)
        attempt->node->sim->counters.unexpected++;
    wi_pieces_in_free(attempt->in);
    attempt->in = NULL;
    return 1;
}

/* --- of an answer ---------------------------------------------------------------------------- */

void sim_pieces_outline(struct sim_attempt *attempt)
{
    struct sim_pieces_out *pieces = &attempt->out;
    struct wi_buffer out = {0};
    pieces->tensor = pieces->position = 0;
    pieces->sent = 0;
    sim_message_begin(attempt->node, &out, 0, "task_outline");
    wi_buffer_puts(&out, "\"attempt_id\":");
    wi_buffer_json_string(&out, attempt->id);
    wi_buffer_puts(&out, ",");
    wi_frame_outline(&out, &pieces->tensors);
    wi_buffer_puts(&out, "}");
    wi_frame_end(&out, 0);
    sim_link_send_once(attempt->node, 0, &out);
}

static void send_piece(struct sim_attempt *attempt, size_t size)
{
    struct sim_pieces_out *pieces = &attempt->out;
    const unsigned char *bytes =
        wi_tensor_bytes(&pieces->tensors.items[pieces->tensor]) + pieces->position;
    struct wi_buffer out = {0};
    sim_message_begin(attempt->node, &out, 1, "task_data");
    wi_buffer_puts(&out, "\"attempt_id\":");
    wi_buffer_json_string(&out, attempt->id);
    wi_buffer_printf(&out,
        ",\"tensor\":%zu,\"position\":%zu,\"tensors\":[{\"name\":\"piece\",\"datatype\":\"UINT8\","
        "\"shape\":[%zu],\"offset\":0,\"byte_length\":%zu}]}",
        pieces->tensor, pieces->position, size, size);
    wi_frame_end(&out, 1);
    wi_buffer_add(&out, bytes, size);
    sim_link_send_once(attempt->node, 1, &out);
    pieces->position += size;
    pieces->sent += size;
}

/* All that there is credit for, and behind the last the answer. */
void sim_pieces_credit(struct sim_attempt *attempt, uint64_t data_bytes)
{
    struct sim_pieces_out *pieces = &attempt->out;
    while (pieces->tensor < pieces->tensors.count) {
        size_t left = pieces->tensors.items[pieces->tensor].size - pieces->position;
        size_t size = left < WI_PIECE_MAX ? left : WI_PIECE_MAX;
        if (pieces->sent + size > data_bytes)
            return;
        if (size) {
            send_piece(attempt, size);
            continue;
        }
        pieces->tensor++;
        pieces->position = 0;
    }
    sim_link_send(attempt->node, attempt->answer);
}

/* `wanted` is what the service lacks, NULL: it knows nothing of the answer. The credit comes again.
 */
void sim_pieces_resume(struct sim_attempt *attempt, const json_t *wanted)
{
    struct sim_pieces_out *pieces = &attempt->out;
    if (!wanted) {
        sim_pieces_outline(attempt);
        return;
    }
    pieces->tensor = (size_t)json_integer_value(json_object_get(wanted, "tensor"));
    pieces->position = (size_t)json_integer_value(json_object_get(wanted, "position"));
    pieces->sent = pieces->position;
    for (size_t i = 0; i < pieces->tensor && i < pieces->tensors.count; i++)
        pieces->sent += pieces->tensors.items[i].size;
    if (pieces->tensor < pieces->tensors.count &&
        pieces->position > pieces->tensors.items[pieces->tensor].size)
        pieces->position = pieces->tensors.items[pieces->tensor].size;
}
