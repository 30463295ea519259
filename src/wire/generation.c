/* A node's answer to a text; see generation.h. */
#include "wire/generation.h"

#include <string.h>

const json_t *wi_generation_choice(const json_t *result, size_t index)
{
    const json_t *choices = json_object_get(result, "choices");
    if (json_is_array(choices))
        return json_array_get(choices, index);
    return index == 0 ? result : NULL;
}

const char *wi_generation_finish(const json_t *choice)
{
    static const char *const reasons[] = {"stop", "length", "tool_calls"};
    const char *said = json_string_value(json_object_get(choice, "finish_reason"));
    for (size_t i = 0; said && i < sizeof reasons / sizeof *reasons; i++)
        if (strcmp(said, reasons[i]) == 0)
            return reasons[i];
    return reasons[0];
}

const char *wi_generation_stop(const json_t *choice)
{
    int has_stopped = choice && strcmp(wi_generation_finish(choice), "stop") == 0;
    return has_stopped ? json_string_value(json_object_get(choice, "stop_sequence")) : NULL;
}

json_int_t wi_generation_tokens(const json_t *result, const char *name)
{
    double number = json_number_value(json_object_get(json_object_get(result, "usage"), name));
    return number > 0 && number < 1e15 ? (json_int_t)number : 0;
}

json_t *wi_generation_text(const char *text, size_t length)
{
    json_t *string = text ? json_stringn(text, length) : NULL;
    return string ? string : json_string("");
}

const char *wi_generation_id(const char *id)
{
    const char *dash = strchr(id, '-');
    return dash ? dash + 1 : id;
}

static json_t *string_of(const json_t *from, const char *name)
{
    json_t *value = json_object_get(from, name);
    return json_is_string(value) ? value : NULL;
}

int wi_generation_call(const json_t *from, size_t place, struct wi_generation_call *call)
{
    const json_t *said = json_array_get(json_object_get(from, "tool_calls"), place);
    const json_t *index = json_object_get(said, "index");
    const json_t *function = json_object_get(said, "function");
    if (!said)
        return 0;
    *call = (struct wi_generation_call){
        .index = json_is_integer(index) ? json_integer_value(index) : (json_int_t)place,
        .id = string_of(said, "id"),
        .type = string_of(said, "type"),
        .name = string_of(function, "name"),
        .arguments = string_of(function, "arguments")};
    return 1;
}

struct wi_part wi_generation_part(const json_t *choice, unsigned index)
{
    const json_t *text = json_object_get(choice, "text");
    return (struct wi_part){.index = index,
        .text = json_string_value(text),
        .text_length = json_string_length(text),
        .result = choice};
}

static void piece_hand_over(
    struct wi_blocks *blocks, struct wi_piece *piece, wi_piece_fn *on_piece, void *context)
{
    piece->begins = piece->begins || piece->kind != blocks->kind;
    on_piece(context, piece);
    blocks->kind = piece->kind;
}

static void cut_call(struct wi_blocks *blocks, const struct wi_generation_call *call,
    wi_piece_fn *on_piece, void *context)
{
    struct wi_piece piece = {.kind = WI_BLOCK_CALL,
        .begins = blocks->call != call->index,
        .text = json_string_value(call->arguments),
        .length = json_string_length(call->arguments),
        .id = call->id,
        .name = call->name};
    int is_open = blocks->kind == WI_BLOCK_CALL && !piece.begins;
    if (!is_open && !call->name)
        return;
    blocks->call = call->index;
    piece_hand_over(blocks, &piece, on_piece, context);
}

void wi_blocks_cut(
    struct wi_blocks *blocks, const struct wi_part *part, wi_piece_fn *on_piece, void *context)
{
    const json_t *thought = string_of(part->result, "reasoning");
    struct wi_generation_call call;
    if (json_string_length(thought) > 0)
        piece_hand_over(blocks,
            &(struct wi_piece){.kind = WI_BLOCK_THOUGHT,
                .text = json_string_value(thought),
                .length = json_string_length(thought)},
            on_piece, context);
    if (part->text_length > 0)
        piece_hand_over(blocks,
            &(struct wi_piece){.kind = WI_BLOCK_TEXT,
                .text = part->text,
                .length = part->text_length,
                .beside = part->result},
            on_piece, context);
    for (size_t i = 0; wi_generation_call(part->result, i, &call); i++)
        cut_call(blocks, &call, on_piece, context);
}
