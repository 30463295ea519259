/*
 * The content of an answer: blocks of thoughts, text and calls, which begin, grow and stop. In a
 * whole answer the arguments of a call are an object; in a stream they are text.
 */
#include "wire/anthropic/anthropic.h"

#include <string.h>

void wi_content_clear(struct wi_content *content)
{
    json_decref(content->list);
    json_decref(content->call_id);
    json_decref(content->name);
    wi_buffer_clear(&content->text);
    *content = (struct wi_content){0};
}

void wi_content_event(const char *type, json_t *event, struct wi_buffer *events)
{
    json_t *whole = json_pack("{s:s}", "type", type);
    json_object_update_missing(whole, event);
    json_decref(event);
    wi_printing_event(events, type, whole);
}

/* --- blocks ---------------------------------------------------------------------------------- */

/* The arguments of a call; none if they are not an object, as in a call that was cut short. */
static json_t *arguments_of(const struct wi_buffer *text)
{
    json_t *arguments = json_loadb(text->text ? text->text : "", text->size, 0, NULL);
    if (json_is_object(arguments))
        return arguments;
    json_decref(arguments);
    return json_object();
}

static json_t *buffer_text(const struct wi_buffer *buffer)
{
    json_t *text = buffer->size > 0 ? json_stringn(buffer->text, buffer->size) : NULL;
    return text ? text : json_string("");
}

/* A block of that kind with its content so far. */
static json_t *make_block(const struct wi_content *content)
{
    switch (content->blocks.kind) {
    case WI_BLOCK_THOUGHT:
        return json_pack("{s:s, s:o, s:s}", "type", "thinking", "thinking",
            buffer_text(&content->text), "signature", "");
    case WI_BLOCK_CALL:
        return json_pack("{s:s, s:o, s:o, s:o, s:{s:s}}", "type", "tool_use", "id",
            content->call_id ? json_incref(content->call_id)
                             : json_sprintf("toolu_%lld", (long long)content->index),
            "name", content->name ? json_incref(content->name) : json_string(""), "input",
            arguments_of(&content->text), "caller", "type", "direct");
    default:
        return json_pack(
            "{s:s, s:o, s:n}", "type", "text", "text", buffer_text(&content->text), "citations");
    }
}

static void open_block(
    struct wi_content *content, const struct wi_piece *piece, struct wi_buffer *events)
{
    content->blocks.kind = piece->kind;
    content->call_id = json_incref(piece->id);
    content->name = json_incref(piece->name);
    if (events)
        wi_content_event("content_block_start",
            json_pack("{s:I, s:o}", "index", content->index, "content_block", make_block(content)),
            events);
}

static void close_block(struct wi_content *content, struct wi_buffer *events)
{
    if (content->blocks.kind == WI_BLOCK_NONE)
        return;
    if (events) {
        wi_content_event("content_block_stop", json_pack("{s:I}", "index", content->index), events);
    } else {
        if (!content->list)
            content->list = json_array();
        json_array_append_new(content->list, make_block(content));
    }
    json_decref(content->call_id);
    json_decref(content->name);
    content->call_id = content->name = NULL;
    content->blocks.kind = WI_BLOCK_NONE;
    content->index++;
    wi_buffer_clear(&content->text);
}

/* --- what comes ------------------------------------------------------------------------------ */

struct writer {
    struct wi_content *content;
    struct wi_buffer *events; /* NULL: it is sent as a whole */
};

static void tell_delta(const struct writer *writer, const struct wi_piece *piece)
{
    static const struct {
        const char *type, *member;
    } deltas[] = {[WI_BLOCK_THOUGHT] = {"thinking_delta", "thinking"},
        [WI_BLOCK_TEXT] = {"text_delta", "text"},
        [WI_BLOCK_CALL] = {"input_json_delta", "partial_json"}};
    json_t *text = json_stringn(piece->text, piece->length);
    wi_content_event("content_block_delta",
        json_pack("{s:I, s:{s:s, s:o}}", "index", writer->content->index, "delta", "type",
            deltas[piece->kind].type, deltas[piece->kind].member, text ? text : json_string("")),
        writer->events);
}

static void on_piece(void *context, const struct wi_piece *piece)
{
    const struct writer *writer = context;
    if (piece->begins) {
        close_block(writer->content, writer->events);
        open_block(writer->content, piece, writer->events);
    }
    if (piece->length == 0)
        return;
    if (writer->events)
        tell_delta(writer, piece);
    else
        wi_buffer_add(&writer->content->text, piece->text, piece->length);
}

void wi_content_add(
    struct wi_content *content, const struct wi_part *part, struct wi_buffer *events)
{
    struct writer writer = {content, events};
    wi_blocks_cut(&content->blocks, part, on_piece, &writer);
}

void wi_content_end(struct wi_content *content, struct wi_buffer *events)
{
    close_block(content, events);
}
