/* An answer's tensors from a node in pieces; see pieces_in.h. */
#include "nodes/node/pieces_in.h"
#include "base/memory.h"
#include <stdlib.h>
#include <string.h>

#define STEP (WI_PIECES_AHEAD / 4)

struct wi_pieces_in *wi_pieces_in_new(
    const json_t *outline, struct wi_share *share, struct wi_error *error)
{
    struct wi_pieces_in *in = wi_alloc(sizeof *in);
    if (wi_frame_parse_outline(outline, &in->tensors, error) != WI_OK) {
        wi_pieces_in_free(in);
        return NULL;
    }
    in->bytes = wi_tensors_bytes(&in->tensors);
    in->_share = share;
    return in;
}

void wi_pieces_in_free(struct wi_pieces_in *in)
{
    if (!in)
        return;
    wi_tensors_clear(&in->tensors);
    wi_share_forget(in->_share, in->held);
    free(in);
}

/* Steps over tensors that are full, or have no bytes. */
static void skip_full(struct wi_pieces_in *in)
{
    while (in->tensor < in->tensors.count && in->position == in->tensors.items[in->tensor].size) {
        in->tensor++;
        in->position = 0;
    }
}

size_t wi_pieces_in_due(const struct wi_pieces_in *in)
{
    size_t left = in->bytes - in->received;
    size_t most = in->received + (left < WI_PIECES_AHEAD ? left : WI_PIECES_AHEAD);
    /* In steps, or each piece would be answered. */
    return most < in->bytes && most - in->granted < STEP ? 0 : most - in->granted;
}

static int make_blobs(struct wi_pieces_in *in)
{
    struct wi_budget *budget = in->_share ? in->_share->budget : NULL;
    for (size_t i = 0; i < in->tensors.count; i++) {
        struct wi_tensor *tensor = &in->tensors.items[i];
        if (!tensor->blob && (tensor->blob = wi_blob_new(budget, 0)) == NULL)
            return -1;
    }
    return 0;
}

/* Takes as much of the memory that is missing as the tensor lacks. */
static int tensor_extend(struct wi_pieces_in *in, struct wi_tensor *tensor, size_t missing)
{
    size_t left = tensor->size - tensor->blob->capacity;
    size_t more = left < missing ? left : missing;
    if (wi_blob_make_room(tensor->blob, tensor->blob->capacity + more) != 0)
        return -1;
    in->held += more;
    wi_share_note(in->_share, more);
    return 0;
}

int wi_pieces_in_grant(struct wi_pieces_in *in, size_t more)
{
    size_t i = in->tensor, whole = in->granted + more;
    if (!in->has_room && make_blobs(in) != 0)
        return -1;
    while (in->held < whole) {
        struct wi_tensor *tensor = &in->tensors.items[i];
        if (tensor->blob->capacity == tensor->size)
            i++;
        else if (tensor_extend(in, tensor, whole - in->held) != 0)
            return -1;
    }
    if (in->received == in->granted) /* it waited for this */
        wi_pace_begin(&in->_pace, in->_owed_ms, in->received);
    in->granted = whole;
    in->has_room = 1;
    skip_full(in);
    return 0;
}

int wi_pieces_in_is_slow(
    struct wi_pieces_in *in, const struct wi_pace_rule *rule, double ms, size_t senders)
{
    /* Where all is there, the end is owed. */
    if (!in->has_room || (in->received == in->granted && in->granted < in->bytes))
        return 0;
    struct wi_pace_rule mine = {
        rule->window_ms * (double)senders, rule->bytes_per_ms / (double)senders};
    /* The time of the look before: so long at least. */
    int slow = in->_owed_ms >= wi_pace_deadline(&in->_pace, &mine, in->_owed_ms, in->received);
    in->_owed_ms += ms;
    return slow;
}

static int is_piece(const struct wi_tensors *piece)
{
    const struct wi_tensor *tensor = piece->items;
    return piece->count == 1 && strcmp(tensor->name, "piece") == 0 &&
           tensor->datatype == WI_UINT8 && tensor->rank == 1 && tensor->size > 0;
}

enum wi_code wi_pieces_in_add(struct wi_pieces_in *in, uint64_t tensor, uint64_t position,
    const struct wi_tensors *piece, struct wi_error *error)
{
    if (!is_piece(piece))
        return wi_error_set(error, WI_BAD_FRAMING, "data.tensors",
            "task_data must have one tensor \"piece\" of UINT8, with one dimension and not empty");
    if (!in->has_room)
        return wi_error_set(
            error, WI_BAD_FRAMING, NULL, "task_data came before its outline was given credit");
    if (in->tensor == in->tensors.count)
        return wi_error_set(
            error, WI_BAD_FRAMING, NULL, "task_data came although all tensors are there");
    if (piece->items->size > in->granted - in->received)
        return wi_error_set(error, WI_BAD_FRAMING, "data.tensors",
            "task_data has %zu bytes, and there is credit for %zu", piece->items->size,
            in->granted - in->received);
    if (tensor != in->tensor || position != in->position)
        return wi_error_set(error, WI_BAD_FRAMING, "data.position",
            "task_data came with tensor %llu from byte %llu, where tensor %zu from byte %zu was "
            "next",
            (unsigned long long)tensor, (unsigned long long)position, in->tensor, in->position);
    struct wi_tensor *to = &in->tensors.items[in->tensor];
    if (piece->items->size > to->size - in->position)
        return wi_error_set(error, WI_BAD_FRAMING, "data.tensors",
            "task_data has %zu bytes, and %zu are left of tensor %zu", piece->items->size,
            to->size - in->position, in->tensor);
    wi_blob_append(to->blob, wi_tensor_bytes(piece->items), piece->items->size);
    in->position += piece->items->size;
    in->received += piece->items->size;
    skip_full(in);
    return WI_OK;
}

enum wi_code wi_pieces_in_take(
    struct wi_pieces_in *in, struct wi_tensors *tensors, struct wi_error *error)
{
    if (!in->has_room || in->tensor < in->tensors.count)
        return wi_error_set(error, WI_BAD_FRAMING, NULL,
            "the answer ended at tensor %zu, byte %zu of its outline", in->tensor, in->position);
    for (size_t i = 0; i < in->tensors.count; i++) {
        char where[48];
        snprintf(where, sizeof where, "data.outline[%zu].", i);
        enum wi_code code = wi_frame_check_bytes(&in->tensors.items[i], where, error);
        if (code != WI_OK)
            return code;
    }
    wi_tensors_move(tensors, &in->tensors);
    return WI_OK;
}
