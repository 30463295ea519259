/*
 * Streams for Ollama's clients: lines of JSON, the last of which has `done`, why the answer ended,
 * and its figures. These clients read whole calls of tools: they are sent before that line.
 */
#include "wire/ollama/ollama.h"

#include "base/memory.h"
#include "wire/generation.h"

/* Takes the line. */
static void add_line(struct wi_buffer *out, json_t *line)
{
    wi_buffer_json(out, line);
    wi_buffer_puts(out, "\n");
    json_decref(line);
}

/* The output before the end. Takes `calls`. */
static void add_made(struct wi_buffer *out, const struct wi_stream_face *face, json_t *text,
    const json_t *result, json_t *calls)
{
    json_t *thoughts = json_object_get(result, "reasoning");
    json_t *logprobs = json_object_get(result, "logprobs");
    if (json_string_length(text) == 0 && json_string_length(thoughts) == 0 &&
        !json_is_array(logprobs) && !calls)
        return;
    json_t *line = wi_ollama_head(face->model_name, 0);
    wi_ollama_put_made(line, face->infer, text, thoughts, calls);
    if (json_is_array(logprobs))
        json_object_set(line, "logprobs", logprobs);
    add_line(out, line);
}

void wi_ollama_stream_begin(struct wi_buffer *out, const struct wi_stream_face *face)
{
}

/* There is one answer: these clients cannot ask for more. */
void wi_ollama_stream_part(
    struct wi_buffer *out, const struct wi_stream_face *face, const struct wi_part *part)
{
    struct wi_ollama_extras *extras = face->infer->extras;
    if (part->index > 0)
        return;
    json_t *text = part->text ? json_stringn(part->text, part->text_length) : NULL;
    wi_ollama_calls_add(&extras->calls, part->result);
    add_made(out, face, text, part->result, NULL);
    json_decref(text);
}

void wi_ollama_stream_progress(struct wi_buffer *out, const struct wi_stream_face *face,
    const struct wi_progress *progress, unsigned position)
{
}

struct wi_printing *wi_ollama_stream_done(
    const struct wi_infer *infer, const struct wi_outcome *outcome, struct wi_error *error)
{
    struct wi_ollama_extras *extras = infer->extras;
    struct wi_printing *printing = wi_alloc(sizeof *printing);
    const struct wi_stream_face face = {infer, outcome->id, outcome->model_name};
    const json_t *choice = wi_generation_choice(outcome->result, 0);
    if (outcome->parts == 0) /* of a node that makes none */
        add_made(&printing->text, &face, json_object_get(choice, "text"), choice,
            wi_ollama_calls_of(choice));
    else
        add_made(&printing->text, &face, NULL, NULL, wi_ollama_calls_take(&extras->calls));
    json_t *line = wi_ollama_head(outcome->model_name, 1);
    wi_ollama_put_made(line, infer, NULL, NULL, NULL);
    wi_ollama_put_end(line, infer, outcome);
    add_line(&printing->text, line);
    return printing;
}

void wi_ollama_stream_error(struct wi_buffer *out, const struct wi_stream_face *face,
    const struct wi_error *error, const char *request_id)
{
    wi_ollama_print_error(out, error, request_id);
}
