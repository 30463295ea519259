/*
 * Streams for OpenAI's clients: chunks without names, and an end with [DONE]. The reason for an
 * answer's end comes with the end of the whole, because only that has the figures.
 */
#include "wire/openai/openai.h"

#include "base/memory.h"
#include "wire/generation.h"

static int is_chat(const struct wi_infer *infer)
{
    return infer->asked->task == WI_TASK_CHAT;
}

/* A chunk with that choice, or without one. Takes it. */
static json_t *make_chunk(
    const struct wi_infer *infer, const char *id, const char *model_name, json_t *choice)
{
    const struct wi_openai_extras *extras = infer->extras;
    json_t *chunk = wi_openai_head(is_chat(infer) ? "chatcmpl" : "cmpl", id,
        is_chat(infer) ? "chat.completion.chunk" : "text_completion", model_name, extras->created);
    json_object_set_new(chunk, "choices", choice ? json_pack("[o]", choice) : json_array());
    if (extras->include_usage)
        json_object_set_new(chunk, "usage", json_null());
    return chunk;
}

static void add_choice(struct wi_buffer *out, const struct wi_stream_face *face, json_t *choice)
{
    if (choice)
        wi_printing_event(out, NULL, make_chunk(face->infer, face->id, face->model_name, choice));
}

void wi_openai_stream_begin(struct wi_buffer *out, const struct wi_stream_face *face)
{
    const struct wi_openai_extras *extras = face->infer->extras;
    for (int64_t i = 0; is_chat(face->infer) && i < extras->answers; i++)
        add_choice(out, face,
            json_pack("{s:I, s:{s:s, s:s}, s:n, s:n}", "index", (json_int_t)i, "delta", "role",
                "assistant", "content", "", "logprobs", "finish_reason"));
}

void wi_openai_stream_part(
    struct wi_buffer *out, const struct wi_stream_face *face, const struct wi_part *part)
{
    struct wi_openai_extras *extras = face->infer->extras;
    if (is_chat(face->infer)) {
        add_choice(out, face, wi_openai_delta(part));
    } else if (part->index < extras->answers) {
        if (!extras->begun)
            extras->begun = wi_alloc((size_t)extras->answers * sizeof *extras->begun);
        add_choice(out, face, wi_openai_text_delta(part, &extras->begun[part->index]));
    }
}

/* These clients know no such event, but a comment keeps the connection alive. */
void wi_openai_stream_progress(struct wi_buffer *out, const struct wi_stream_face *face,
    const struct wi_progress *progress, unsigned position)
{
    wi_buffer_puts(out, ": under way\n\n");
}

/* --- the end ---------------------------------------------------------------------------------- */

static json_t *last_choice(const struct wi_infer *infer, const json_t *choice, size_t index)
{
    if (is_chat(infer))
        return json_pack("{s:I, s:{}, s:n, s:s}", "index", (json_int_t)index, "delta", "logprobs",
            "finish_reason", wi_generation_finish(choice));
    return json_pack("{s:I, s:s, s:n, s:s}", "index", (json_int_t)index, "text", "", "logprobs",
        "finish_reason", wi_generation_finish(choice));
}

static void add_timings(json_t *chunk, const json_t *result)
{
    json_t *timings = json_object_get(result, "timings");
    if (json_is_object(timings))
        json_object_set(chunk, "timings", timings);
}

static void add_usage(
    struct wi_buffer *out, const struct wi_stream_face *face, const json_t *result)
{
    json_t *chunk = make_chunk(face->infer, face->id, face->model_name, NULL);
    json_object_set_new(chunk, "usage", wi_openai_usage(result));
    add_timings(chunk, result);
    wi_printing_event(out, NULL, chunk);
}

struct wi_printing *wi_openai_stream_done(
    const struct wi_infer *infer, const struct wi_outcome *outcome, struct wi_error *error)
{
    const struct wi_openai_extras *extras = infer->extras;
    struct wi_printing *printing = wi_alloc(sizeof *printing);
    const struct wi_stream_face face = {infer, outcome->id, outcome->model_name};
    const json_t *result = outcome->result;
    size_t count = (size_t)extras->answers;
    for (size_t i = 0; i < count; i++) {
        const json_t *choice = wi_generation_choice(result, i);
        const struct wi_part whole = wi_generation_part(choice, (unsigned)i);
        if (outcome->parts == 0)
            wi_openai_stream_part(&printing->text, &face, &whole);
        json_t *chunk =
            make_chunk(infer, outcome->id, outcome->model_name, last_choice(infer, choice, i));
        if (i + 1 == count && !extras->include_usage)
            add_timings(chunk, result);
        wi_printing_event(&printing->text, NULL, chunk);
    }
    if (extras->include_usage)
        add_usage(&printing->text, &face, result);
    wi_buffer_puts(&printing->text, "data: [DONE]\n\n");
    return printing;
}

void wi_openai_stream_error(struct wi_buffer *out, const struct wi_stream_face *face,
    const struct wi_error *error, const char *request_id)
{
    (void)request_id; /* is in a header */
    wi_buffer_puts(out, "data: {\"error\":");
    wi_openai_error(out, error, is_chat(face->infer) ? "messages" : "prompt");
    wi_buffer_puts(out, "}\n\n");
}
