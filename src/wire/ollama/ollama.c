/*
 * Ollama's dialects, one for each endpoint: their errors, and answers of models, whole or as a
 * stream of lines of JSON. The last line has `done`, why the answer ended, and its figures. These
 * clients read whole calls of tools: they are sent before that line.
 */
#include "wire/ollama/ollama.h"

#include "base/clock.h"
#include "base/memory.h"
#include "base/text.h"
#include "wire/generation.h"
#include "wire/problem.h"
#include <stdlib.h>
#include <string.h>

#define NANOSECONDS 1e6 /* in a millisecond */
#define LONGEST_MS 1e12 /* nothing takes this long */
#define ROW_BYTES 4     /* around a vector */

/* --- errors ----------------------------------------------------------------------------------- */

static void ollama_print_error(const struct wi_dialect *dialect, struct wi_buffer *out,
    const struct wi_error *error, const char *request_id)
{
    (void)request_id; /* is in a header */
    wi_buffer_puts(out, "{\"error\":");
    wi_problem_sentence(out, error->detail, error->expected, error->allowed);
    wi_buffer_puts(out, "}\n");
}

/* --- calls of tools --------------------------------------------------------------------------- */

/* The arguments of a call are an object for these clients and text for a node. */

/* One call, or NULL if its arguments are not a complete object: it was cut short, as the answer's
 * end says. */
static json_t *make_call(
    json_t *id, json_t *name, const char *arguments, size_t length, size_t index)
{
    json_t *object = length > 0 ? json_loadb(arguments, length, 0, NULL) : json_object();
    if (!json_is_object(object) || !name) {
        json_decref(object);
        return NULL;
    }
    return json_pack("{s:O*, s:{s:I, s:O, s:o}}", "id", id, "function", "index", (json_int_t)index,
        "name", name, "arguments", object);
}

/* Takes the call, which may be NULL. */
static void add_call(json_t **list, json_t *call)
{
    if (!call)
        return;
    if (!*list)
        *list = json_array();
    json_array_append_new(*list, call);
}

/* --- of a whole answer ----------------------------------------------------------------------- */

static json_t *calls_of(const json_t *choice)
{
    struct wi_generation_call said;
    json_t *list = NULL;
    for (size_t i = 0; wi_generation_call(choice, i, &said); i++)
        add_call(&list, make_call(said.id, said.name, json_string_value(said.arguments),
                            json_string_length(said.arguments), i));
    return list;
}

/* --- of a stream ----------------------------------------------------------------------------- */

/* The call that a part belongs to; NULL if there cannot be such a call. */
static struct wi_ollama_call *call_at(struct wi_ollama_calls *calls, json_int_t index)
{
    if (index < 0 || index >= WI_OLLAMA_CALLS_MAX || (size_t)index > calls->count)
        return NULL;
    if ((size_t)index == calls->count) {
        calls->items = wi_realloc_array(calls->items, calls->count + 1, sizeof *calls->items);
        calls->items[calls->count++] = (struct wi_ollama_call){0};
    }
    return &calls->items[index];
}

static void calls_add(struct wi_ollama_calls *calls, const json_t *part_result)
{
    struct wi_generation_call said;
    for (size_t i = 0; wi_generation_call(part_result, i, &said); i++) {
        struct wi_ollama_call *call = call_at(calls, said.index);
        size_t length = json_string_length(said.arguments);
        if (!call)
            continue;
        if (!call->id)
            call->id = json_incref(said.id);
        if (!call->name)
            call->name = json_incref(said.name);
        if (length == 0 || length > WI_OLLAMA_CALLS_BYTES - calls->bytes)
            continue;
        wi_buffer_add(&call->arguments, json_string_value(said.arguments), length);
        calls->bytes += length;
    }
}

static json_t *calls_take(struct wi_ollama_calls *calls)
{
    json_t *list = NULL;
    for (size_t i = 0; i < calls->count; i++) {
        const struct wi_ollama_call *call = &calls->items[i];
        add_call(
            &list, make_call(call->id, call->name, call->arguments.text, call->arguments.size, i));
    }
    wi_ollama_calls_clear(calls);
    return list;
}

void wi_ollama_calls_clear(struct wi_ollama_calls *calls)
{
    for (size_t i = 0; i < calls->count; i++) {
        json_decref(calls->items[i].id);
        json_decref(calls->items[i].name);
        wi_buffer_clear(&calls->items[i].arguments);
    }
    free(calls->items);
    *calls = (struct wi_ollama_calls){0};
}

/* --- the parts of an answer ------------------------------------------------------------------- */

static json_t *head_make(const char *model_name, int done)
{
    char time[WI_TIME_SIZE];
    wi_format_time(wi_wall_ms(), time);
    return json_pack("{s:s, s:s, s:b}", "model", model_name, "created_at", time, "done", done);
}

/* `from` has the thoughts and the logprobs. Takes `calls`. */
static void put_made(
    json_t *to, const struct wi_infer *infer, json_t *text, const json_t *from, json_t *calls)
{
    json_t *thoughts = json_object_get(from, "reasoning");
    json_t *logprobs = json_object_get(from, "logprobs");
    const struct wi_ollama_extras *extras = infer->extras;
    json_t *message = extras->generates ? NULL : json_pack("{s:s}", "role", "assistant");
    json_t *made = message ? message : to;
    json_object_set_new(made, message ? "content" : "response",
        json_is_string(text) ? json_incref(text) : json_string(""));
    if (json_string_length(thoughts) > 0)
        json_object_set(made, "thinking", thoughts);
    if (calls && message)
        json_object_set(message, "tool_calls", calls);
    if (message)
        json_object_set_new(to, "message", message);
    if (json_is_array(logprobs))
        json_object_set(to, "logprobs", logprobs);
    json_decref(calls);
}

/* --- figures ---------------------------------------------------------------------------------- */

static json_int_t ms_to_nanoseconds(double ms)
{
    return ms > 0 && ms < LONGEST_MS ? (json_int_t)(ms * NANOSECONDS) : 0;
}

/* The time of an answer's tokens if the node has not reported it: the rest of its work. */
static double made_ms(const struct wi_outcome *outcome)
{
    const struct wi_text_account *account = &outcome->account;
    return account->timed && account->made_ms > 0 ? account->made_ms
                                                  : outcome->inference_ms - account->read_ms;
}

static void put_end(json_t *to, const struct wi_infer *infer, const struct wi_outcome *outcome)
{
    const struct wi_ollama_extras *extras = infer->extras;
    const json_t *choice = wi_generation_choice(outcome->result, 0);
    const char *reason = wi_generation_finish(choice);
    if (strcmp(reason, "tool_calls") == 0) /* for these clients an end like any other */
        reason = "stop";
    json_object_update_new(
        to, json_pack("{s:s, s:I, s:I}", "done_reason", extras->only_load ? "load" : reason,
                "total_duration", ms_to_nanoseconds(outcome->total_ms), "load_duration",
                ms_to_nanoseconds(outcome->load_ms)));
    if (extras->only_load)
        return;
    json_object_update_new(
        to, json_pack("{s:I, s:I, s:I, s:I}", "prompt_eval_count",
                wi_generation_tokens(outcome->result, "prompt_tokens"), "prompt_eval_duration",
                ms_to_nanoseconds(outcome->account.read_ms), "eval_count",
                wi_generation_tokens(outcome->result, "completion_tokens"), "eval_duration",
                ms_to_nanoseconds(made_ms(outcome))));
}

/* --- whole answers ---------------------------------------------------------------------------- */

struct wi_printing *wi_ollama_print_text(
    const struct wi_infer *infer, const struct wi_outcome *outcome, struct wi_error *error)
{
    const struct wi_ollama_extras *extras = infer->extras;
    const json_t *choice = extras->only_load ? NULL : wi_generation_choice(outcome->result, 0);
    json_t *answer = head_make(outcome->model_name, 1);
    put_made(answer, infer, json_object_get(choice, "text"), choice, calls_of(choice));
    put_end(answer, infer, outcome);
    return wi_printing_json(answer);
}

/* --- vectors ---------------------------------------------------------------------------------- */

static void embedding_add_row(struct wi_buffer *out, int64_t index, const float *row, size_t width)
{
    if (index > 0)
        wi_buffer_puts(out, ",\n");
    wi_vectors_numbers(out, row, width);
}

static struct wi_printing *print_embed(
    const struct wi_infer *infer, const struct wi_outcome *outcome, struct wi_error *error)
{
    struct wi_printing *printing =
        wi_vectors_print(outcome->outputs, ROW_BYTES, embedding_add_row, error);
    if (!printing)
        return NULL;
    wi_buffer_puts(&printing->text, "{\"model\":");
    wi_buffer_json_string(&printing->text, outcome->model_name);
    wi_buffer_puts(&printing->text, ",\"embeddings\":[");
    wi_buffer_printf(&printing->tail,
        "],\"total_duration\":%lld,\"load_duration\":%lld,\"prompt_eval_count\":%lld}\n",
        (long long)ms_to_nanoseconds(outcome->total_ms),
        (long long)ms_to_nanoseconds(outcome->load_ms),
        (long long)wi_generation_tokens(outcome->result, "prompt_tokens"));
    return printing;
}

static struct wi_printing *print_old_embeddings(
    const struct wi_infer *infer, const struct wi_outcome *outcome, struct wi_error *error)
{
    struct wi_printing *printing =
        wi_vectors_print(outcome->outputs, ROW_BYTES, embedding_add_row, error);
    if (!printing)
        return NULL;
    wi_buffer_puts(&printing->text, "{\"embedding\":");
    wi_buffer_puts(&printing->tail, "}\n");
    return printing;
}

/* --- streams ---------------------------------------------------------------------------------- */

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
    if (json_string_length(text) == 0 &&
        json_string_length(json_object_get(result, "reasoning")) == 0 &&
        !json_is_array(json_object_get(result, "logprobs")) && !calls)
        return;
    json_t *line = head_make(face->model_name, 0);
    put_made(line, face->infer, text, result, calls);
    add_line(out, line);
}

/* There is one answer: these clients cannot ask for more. */
void wi_ollama_stream_part(
    struct wi_buffer *out, const struct wi_stream_face *face, const struct wi_part *part)
{
    struct wi_ollama_extras *extras = face->infer->extras;
    if (part->index > 0)
        return;
    json_t *text = part->text ? json_stringn(part->text, part->text_length) : NULL;
    calls_add(&extras->calls, part->result);
    add_made(out, face, text, part->result, NULL);
    json_decref(text);
}

struct wi_printing *wi_ollama_stream_done(
    const struct wi_infer *infer, const struct wi_outcome *outcome, struct wi_error *error)
{
    struct wi_ollama_extras *extras = infer->extras;
    struct wi_printing *printing = wi_alloc(sizeof *printing);
    const struct wi_stream_face face = {infer, outcome->id, outcome->model_name};
    const json_t *choice = wi_generation_choice(outcome->result, 0);
    if (outcome->parts == 0) /* of a node that makes none */
        add_made(&printing->text, &face, json_object_get(choice, "text"), choice, calls_of(choice));
    else
        add_made(&printing->text, &face, NULL, NULL, calls_take(&extras->calls));
    json_t *line = head_make(outcome->model_name, 1);
    put_made(line, infer, NULL, NULL, NULL);
    put_end(line, infer, outcome);
    add_line(&printing->text, line);
    return printing;
}

static void stream_error(struct wi_buffer *out, const struct wi_stream_face *face,
    const struct wi_error *error, const char *request_id)
{
    ollama_print_error(NULL, out, error, request_id);
}

/* --- the dialects ----------------------------------------------------------------------------- */

static void ollama_free_extras(void *data)
{
    struct wi_ollama_extras *extras = data;
    wi_ollama_calls_clear(&extras->calls);
    free(extras);
}

#define ERRORS                                                                                     \
    .error_type = "application/json", .error_form = "OllamaError",                                 \
    .print_error = ollama_print_error, .stream_type = "application/x-ndjson",                      \
    .stream_error = stream_error
#define ENDPOINT(endpoint, kind, lists, print_)                                                    \
    const struct wi_dialect wi_dialect_ollama_##endpoint = {ERRORS, .name = "ollama." #endpoint,   \
        .task = WI_TASK_##kind, .parameters = (lists),                                             \
        .extras_size = sizeof(struct wi_ollama_extras), .free_extras = ollama_free_extras,         \
        .frame = wi_parameters_frame, .read = wi_ollama_read, .parse = wi_ollama_parse,            \
        .check = wi_ollama_check, .print = (print_), .stream_part = wi_ollama_stream_part,         \
        .stream_done = wi_ollama_stream_done}

ENDPOINT(chat, CHAT, &wi_ollama_parameters, wi_ollama_print_text);
ENDPOINT(generate, COMPLETE, &wi_ollama_parameters, wi_ollama_print_text);
ENDPOINT(embed, EMBED, &wi_ollama_parameters, print_embed);
ENDPOINT(embeddings, EMBED, &wi_ollama_old_parameters, print_old_embeddings);

const struct wi_dialect wi_dialect_ollama = {.name = "ollama", ERRORS};
