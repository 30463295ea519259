/* Tensors to a node in pieces; see pieces_out.h. */
#include "nodes/node/pieces_out.h"
#include "base/memory.h"
#include <stdlib.h>
#include <utlist.h>

struct wi_pieces_out *wi_pieces_out_new(const char *attempt, const struct wi_tensors *tensors)
{
    struct wi_pieces_out *out = wi_alloc(sizeof *out);
    snprintf(out->attempt, sizeof out->attempt, "%s", attempt);
    wi_tensors_share(&out->tensors, tensors);
    return out;
}

static void leave_turns(struct wi_pieces_out *out)
{
    if (out->_turns)
        DL_DELETE2(out->_turns->_first, out, _prev, _next);
    out->_turns = NULL;
}

void wi_pieces_out_free(struct wi_pieces_out *out)
{
    if (!out)
        return;
    leave_turns(out);
    wi_tensors_clear(&out->tensors);
    free(out);
}

int wi_pieces_out_seek(struct wi_pieces_out *out, uint64_t tensor, uint64_t position)
{
    if (tensor >= out->tensors.count || position >= out->tensors.items[tensor].size)
        return -1;
    out->tensor = tensor;
    out->position = position;
    return 0;
}

/* Steps over tensors that are sent, or have no bytes. NULL: there is no byte left. */
static const struct wi_tensor *pieces_current(struct wi_pieces_out *out)
{
    while (out->tensor < out->tensors.count) {
        const struct wi_tensor *tensor = &out->tensors.items[out->tensor];
        if (out->position < tensor->size)
            return tensor;
        out->tensor++;
        out->position = 0;
    }
    return NULL;
}

static struct wi_message *make_piece(struct wi_pieces_out *out, const struct wi_tensor *tensor,
    const char *from, size_t size, uint64_t sequence)
{
    static char name[] = "piece";
    struct wi_tensor piece = {.name = name, .datatype = WI_UINT8, .rank = 1, .blob = tensor->blob};
    struct wi_tensors one = {&piece, 1};
    struct wi_buffer head = {0};
    piece.size = size;
    piece.dims[0] = (int64_t)piece.size;
    piece.offset = tensor->offset + out->position;
    if (from)
        wi_frame_begin_from(&head, 1, from, "task_data", sequence);
    else
        wi_frame_begin(&head, 1, "task_data", sequence);
    wi_buffer_puts(&head, ",\"data\":{\"attempt_id\":");
    wi_buffer_json_string(&head, out->attempt);
    wi_buffer_printf(&head, ",\"tensor\":%zu,\"position\":%zu,", out->tensor, out->position);
    wi_frame_tensors(&head, &one);
    wi_buffer_puts(&head, "}");
    wi_frame_end(&head, 1);
    out->position += piece.size;
    return wi_message_new(1, &head, &one);
}

struct wi_message *wi_pieces_out_next(
    struct wi_pieces_out *out, const char *from, uint64_t most, uint64_t *sequence)
{
    const struct wi_tensor *tensor = pieces_current(out);
    if (!tensor)
        return NULL;
    size_t left = tensor->size - out->position;
    size_t size = left < WI_PIECE_MAX ? left : WI_PIECE_MAX;
    uint64_t end = out->position + size;
    for (size_t i = 0; i < out->tensor; i++)
        end += out->tensors.items[i].size;
    return end <= most ? make_piece(out, tensor, from, size, ++*sequence) : NULL;
}

/* --- Turns ----------------------------------------------------------------------------------- */

void wi_pieces_turns_add(struct wi_pieces_turns *turns, struct wi_pieces_out *out)
{
    leave_turns(out);
    DL_APPEND2(turns->_first, out, _prev, _next);
    out->_turns = turns;
}

void wi_pieces_turns_clear(struct wi_pieces_turns *turns)
{
    while (turns->_first)
        leave_turns(turns->_first);
}

struct wi_message *wi_pieces_turns_next(struct wi_pieces_turns *turns, uint64_t *sequence)
{
    struct wi_pieces_out *out;
    while ((out = turns->_first) != NULL) {
        struct wi_message *message = wi_pieces_out_next(out, NULL, UINT64_MAX, sequence);
        leave_turns(out);
        if (!message)
            continue;
        wi_pieces_turns_add(turns, out);
        return message;
    }
    return NULL;
}
