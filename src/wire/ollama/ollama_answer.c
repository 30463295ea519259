/* Answers of models for Ollama's clients, whole or as the pieces of a stream. */
#include "wire/ollama/ollama.h"

#include "base/clock.h"
#include "base/text.h"
#include "wire/generation.h"
#include "wire/vectors.h"
#include <string.h>

#define NANOSECONDS 1e6 /* in a millisecond */
#define LONGEST_MS 1e12 /* nothing takes this long */
#define ROW_BYTES 4     /* around a vector */

json_t *wi_ollama_head(const char *model_name, int done)
{
    char time[WI_TIME_SIZE];
    wi_format_time(wi_wall_ms(), time);
    return json_pack("{s:s, s:s, s:b}", "model", model_name, "created_at", time, "done", done);
}

void wi_ollama_put_made(
    json_t *to, const struct wi_infer *infer, json_t *text, const json_t *thoughts, json_t *calls)
{
    const struct wi_ollama_extras *extras = infer->extras;
    json_t *message = extras->generates ? NULL : json_pack("{s:s}", "role", "assistant");
    json_t *made = message ? message : to;
    json_object_set_new(made, message ? "content" : "response",
        json_is_string(text) ? json_incref(text) : json_string(""));
    if (json_string_length(thoughts) > 0)
        json_object_set(made, "thinking", (json_t *)thoughts);
    if (calls && message)
        json_object_set(message, "tool_calls", calls);
    if (message)
        json_object_set_new(to, "message", message);
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

static void answer_put_number(json_t *to, const char *name, json_int_t number)
{
    json_object_set_new(to, name, json_integer(number));
}

void wi_ollama_put_end(json_t *to, const struct wi_infer *infer, const struct wi_outcome *outcome)
{
    const struct wi_ollama_extras *extras = infer->extras;
    const json_t *choice = wi_generation_choice(outcome->result, 0);
    const char *reason = wi_generation_finish(choice);
    if (strcmp(reason, "tool_calls") == 0) /* for these clients an end like any other */
        reason = "stop";
    json_object_set_new(to, "done_reason", json_string(extras->only_load ? "load" : reason));
    answer_put_number(to, "total_duration", ms_to_nanoseconds(outcome->total_ms));
    answer_put_number(to, "load_duration", ms_to_nanoseconds(outcome->load_ms));
    if (extras->only_load)
        return;
    answer_put_number(
        to, "prompt_eval_count", wi_generation_tokens(outcome->result, "prompt_tokens"));
    answer_put_number(to, "prompt_eval_duration", ms_to_nanoseconds(outcome->account.read_ms));
    answer_put_number(to, "eval_count", wi_generation_tokens(outcome->result, "completion_tokens"));
    answer_put_number(to, "eval_duration", ms_to_nanoseconds(made_ms(outcome)));
}

/* --- whole answers ---------------------------------------------------------------------------- */

struct wi_printing *wi_ollama_print_text(
    const struct wi_infer *infer, const struct wi_outcome *outcome, struct wi_error *error)
{
    const struct wi_ollama_extras *extras = infer->extras;
    const json_t *choice = extras->only_load ? NULL : wi_generation_choice(outcome->result, 0);
    json_t *logprobs = json_object_get(choice, "logprobs");
    json_t *answer = wi_ollama_head(outcome->model_name, 1);
    wi_ollama_put_made(answer, infer, json_object_get(choice, "text"),
        json_object_get(choice, "reasoning"), wi_ollama_calls_of(choice));
    if (json_is_array(logprobs))
        json_object_set(answer, "logprobs", logprobs);
    wi_ollama_put_end(answer, infer, outcome);
    return wi_printing_json(answer);
}

/* --- vectors ---------------------------------------------------------------------------------- */

static void embedding_add_row(struct wi_buffer *out, int64_t index, const float *row, size_t width)
{
    if (index > 0)
        wi_buffer_puts(out, ",\n");
    wi_vectors_numbers(out, row, width);
}

static void write_rows(struct wi_printing *printing)
{
    wi_vectors_each(printing, embedding_add_row);
}

struct wi_printing *wi_ollama_print_embed(
    const struct wi_infer *infer, const struct wi_outcome *outcome, struct wi_error *error)
{
    struct wi_printing *printing = wi_vectors_print(outcome->outputs, ROW_BYTES, write_rows, error);
    if (!printing)
        return NULL;
    wi_buffer_puts(&printing->text, "{\"model\":");
    wi_buffer_json_string(&printing->text, outcome->model_name);
    wi_buffer_puts(&printing->text, ",\"embeddings\":[");
    wi_buffer_puts(&printing->tail, "],\"total_duration\":");
    wi_buffer_integer(&printing->tail, ms_to_nanoseconds(outcome->total_ms));
    wi_buffer_puts(&printing->tail, ",\"load_duration\":");
    wi_buffer_integer(&printing->tail, ms_to_nanoseconds(outcome->load_ms));
    wi_buffer_puts(&printing->tail, ",\"prompt_eval_count\":");
    wi_buffer_integer(&printing->tail, wi_generation_tokens(outcome->result, "prompt_tokens"));
    wi_buffer_puts(&printing->tail, "}\n");
    return printing;
}

struct wi_printing *wi_ollama_print_embeddings(
    const struct wi_infer *infer, const struct wi_outcome *outcome, struct wi_error *error)
{
    struct wi_printing *printing = wi_vectors_print(outcome->outputs, ROW_BYTES, write_rows, error);
    if (!printing)
        return NULL;
    wi_buffer_puts(&printing->text, "{\"embedding\":");
    wi_buffer_puts(&printing->tail, "}\n");
    return printing;
}
