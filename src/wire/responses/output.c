/*
 * The output of an answer: items that grow with the data of a node, and the events for that. An
 * item is added, then its content is added and grows; then the content is done, and then the item.
 */
#include "wire/responses/responses.h"

void wi_output_clear(struct wi_output *output)
{
    json_decref(output->items);
    json_decref(output->logprobs);
    json_decref(output->waiting);
    json_decref(output->call_id);
    json_decref(output->name);
    wi_buffer_clear(&output->text);
    *output = (struct wi_output){0};
}

/* The output of one answer, and the list of its events. */
struct writer {
    struct wi_output *output;
    const char *id;
    struct wi_buffer *events; /* NULL: nowhere */
};

/* --- events ---------------------------------------------------------------------------------- */

void wi_output_event(
    struct wi_output *output, const char *type, json_t *event, struct wi_buffer *events)
{
    json_t *whole =
        json_pack("{s:s, s:I}", "type", type, "sequence_number", (json_int_t)output->events++);
    json_object_update_missing(whole, event);
    json_decref(event);
    wi_printing_event(events, type, whole);
}

static json_int_t output_place(const struct wi_output *output)
{
    return (json_int_t)json_array_size(output->items);
}

/* "msg_1_0": the answer's and the place in it. */
static json_t *item_id(const struct writer *writer)
{
    static const char *const prefixes[] = {
        [WI_BLOCK_THOUGHT] = "rs", [WI_BLOCK_TEXT] = "msg", [WI_BLOCK_CALL] = "fc"};
    const struct wi_output *output = writer->output;
    return json_sprintf("%s_%s_%lld", prefixes[output->blocks.kind], wi_generation_id(writer->id),
        (long long)output_place(output));
}

/* An event about the open item, with `value` as its member `name`, and `logprobs` unless they are
 * NULL; both are taken over. */
static void writer_tell(const struct writer *writer, const char *type, const char *name,
    json_t *value, json_t *logprobs)
{
    struct wi_output *output = writer->output;
    json_t *event = json_pack("{s:o, s:I, s:o}", "item_id", item_id(writer), "output_index",
        output_place(output), name, value);
    if (output->blocks.kind != WI_BLOCK_CALL)
        json_object_set_new(event, "content_index", json_integer(0));
    if (logprobs)
        json_object_set_new(event, "logprobs", logprobs);
    wi_output_event(output, type, event, writer->events);
}

/* The event that the open item is added or done. */
static void tell_item(const struct writer *writer, const char *type, json_t *item)
{
    wi_output_event(writer->output, type,
        json_pack("{s:I, s:O}", "output_index", output_place(writer->output), "item", item),
        writer->events);
}

/* --- the open item --------------------------------------------------------------------------- */

static json_t *output_content(const struct wi_output *output)
{
    return wi_generation_text(output->text.text, output->text.size);
}

static json_t *logprobs_of(const struct wi_output *output)
{
    return output->logprobs ? json_incref(output->logprobs) : json_array();
}

static json_t *part_of(const struct wi_output *output)
{
    if (output->blocks.kind == WI_BLOCK_THOUGHT)
        return json_pack("{s:s, s:o}", "type", "reasoning_text", "text", output_content(output));
    return json_pack("{s:s, s:o, s:[], s:o}", "type", "output_text", "text", output_content(output),
        "annotations", "logprobs", logprobs_of(output));
}

/* The item so far. `content`: a list, which is taken over; none for a call. */
static json_t *make_item(const struct writer *writer, const char *status, json_t *content)
{
    const struct wi_output *output = writer->output;
    json_t *item = json_pack("{s:o, s:s}", "id", item_id(writer), "status", status);
    switch (output->blocks.kind) {
    case WI_BLOCK_THOUGHT:
        json_object_set_new(item, "type", json_string("reasoning"));
        json_object_set_new(item, "summary", json_array());
        break;
    case WI_BLOCK_CALL:
        json_object_set_new(item, "type", json_string("function_call"));
        json_object_set_new(
            item, "call_id", output->call_id ? json_incref(output->call_id) : item_id(writer));
        json_object_set_new(
            item, "name", output->name ? json_incref(output->name) : json_string(""));
        json_object_set_new(item, "arguments", output_content(output));
        break;
    default:
        json_object_set_new(item, "type", json_string("message"));
        json_object_set_new(item, "role", json_string("assistant"));
    }
    if (content)
        json_object_set_new(item, "content", content);
    return item;
}

static int has_content(const struct wi_output *output)
{
    return output->blocks.kind != WI_BLOCK_CALL;
}

static void open_item(const struct writer *writer, const struct wi_piece *piece)
{
    struct wi_output *output = writer->output;
    output->blocks.kind = piece->kind;
    output->call_id = json_incref(piece->id);
    output->name = json_incref(piece->name);
    if (!output->items)
        output->items = json_array();
    if (!writer->events)
        return;
    json_t *item = make_item(writer, "in_progress", has_content(output) ? json_array() : NULL);
    tell_item(writer, "response.output_item.added", item);
    json_decref(item);
    if (has_content(output))
        writer_tell(writer, "response.content_part.added", "part", part_of(output), NULL);
}

/* The events at the end of an item's content, before the item is done. */
static void tell_content(const struct writer *writer)
{
    const struct wi_output *output = writer->output;
    if (output->blocks.kind == WI_BLOCK_CALL)
        writer_tell(writer, "response.function_call_arguments.done", "arguments",
            output_content(output), NULL);
    else if (output->blocks.kind == WI_BLOCK_TEXT)
        writer_tell(writer, "response.output_text.done", "text", output_content(output),
            logprobs_of(output));
    else
        writer_tell(writer, "response.reasoning_text.done", "text", output_content(output), NULL);
    if (has_content(output))
        writer_tell(writer, "response.content_part.done", "part", part_of(output), NULL);
}

static void close_item(const struct writer *writer, const char *status)
{
    struct wi_output *output = writer->output;
    if (output->blocks.kind == WI_BLOCK_NONE)
        return;
    json_t *item =
        make_item(writer, status, has_content(output) ? json_pack("[o]", part_of(output)) : NULL);
    if (writer->events) {
        tell_content(writer);
        tell_item(writer, "response.output_item.done", item);
    }
    json_array_append_new(output->items, item);
    json_decref(output->logprobs);
    json_decref(output->call_id);
    json_decref(output->name);
    output->logprobs = output->call_id = output->name = NULL;
    output->blocks.kind = WI_BLOCK_NONE;
    wi_buffer_clear(&output->text);
}

/* --- what comes ------------------------------------------------------------------------------ */

static void append_rows(json_t **to, json_t *rows)
{
    if (!*to)
        *to = json_array();
    json_array_extend(*to, rows);
}

/* The rows of a text: those of earlier tokens without text, and its own. A new reference. */
static json_t *take_rows(struct wi_output *output, json_t *own)
{
    json_t *rows = output->waiting ? output->waiting : json_array();
    output->waiting = NULL;
    if (json_is_array(own))
        json_array_extend(rows, own);
    return rows;
}

static void writer_add_text(
    const struct writer *writer, const char *text, size_t length, json_t *own)
{
    struct wi_output *output = writer->output;
    json_t *rows = take_rows(output, own);
    wi_buffer_add(&output->text, text, length);
    if (json_array_size(rows) > 0)
        append_rows(&output->logprobs, rows);
    if (writer->events)
        writer_tell(
            writer, "response.output_text.delta", "delta", wi_generation_text(text, length), rows);
    else
        json_decref(rows);
}

static void add_other(const struct writer *writer, const struct wi_piece *piece)
{
    struct wi_output *output = writer->output;
    wi_buffer_add(&output->text, piece->text, piece->length);
    if (writer->events)
        writer_tell(writer,
            piece->kind == WI_BLOCK_CALL ? "response.function_call_arguments.delta"
                                         : "response.reasoning_text.delta",
            "delta", wi_generation_text(piece->text, piece->length), NULL);
}

static void on_piece(void *context, const struct wi_piece *piece)
{
    const struct writer *writer = context;
    if (piece->begins) {
        close_item(writer, "completed");
        open_item(writer, piece);
    }
    if (piece->length == 0)
        return;
    if (piece->kind == WI_BLOCK_TEXT)
        writer_add_text(
            writer, piece->text, piece->length, json_object_get(piece->beside, "logprobs"));
    else
        add_other(writer, piece);
}

/* The rows of a part that has nothing else wait for the text of their tokens; rows that wait before
 * a thought or a call belong to the marks that separate it from text. */
static void hold_rows(struct wi_output *output, const struct wi_part *part)
{
    json_t *rows = json_object_get(part->result, "logprobs");
    struct wi_generation_call call;
    if (json_string_length(json_object_get(part->result, "reasoning")) > 0 ||
        wi_generation_call(part->result, 0, &call)) {
        json_decref(output->waiting);
        output->waiting = NULL;
    } else if (part->text_length == 0 && json_is_array(rows)) {
        append_rows(&output->waiting, rows);
    }
}

void wi_output_add(
    struct wi_output *output, const char *id, const struct wi_part *part, struct wi_buffer *events)
{
    struct writer writer = {output, id, events};
    hold_rows(output, part);
    wi_blocks_cut(&output->blocks, part, on_piece, &writer);
}

void wi_output_end(
    struct wi_output *output, const char *id, int is_complete, struct wi_buffer *events)
{
    const struct writer writer = {output, id, events};
    const struct wi_piece nothing = {.kind = WI_BLOCK_TEXT};
    if (output->blocks.kind == WI_BLOCK_NONE && json_array_size(output->items) == 0)
        open_item(&writer, &nothing);
    if (output->blocks.kind == WI_BLOCK_TEXT && output->waiting)
        writer_add_text(&writer, "", 0, NULL);
    close_item(&writer, is_complete ? "completed" : "incomplete");
}
