/* Whole answers in OpenAI's forms. Vectors may be large: they are left to wi_printing_run. */
#include "wire/openai/openai.h"

#include "base/memory.h"
#include "wire/generation.h"
#include "wire/vectors.h"
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#define ROW_BYTES 64 /* around a vector */

/* --- text ------------------------------------------------------------------------------------- */

typedef json_t *choice_fn(const json_t *choice, json_int_t index);

static struct wi_printing *print_text(const struct wi_infer *infer,
    const struct wi_outcome *outcome, const char *prefix, const char *object, choice_fn *make)
{
    const struct wi_openai_extras *extras = infer->extras;
    const json_t *result = outcome->result, *choice;
    json_t *timings = json_object_get(result, "timings"), *choices = json_array();
    json_t *answer =
        wi_openai_head(prefix, outcome->id, object, outcome->model_name, extras->created);
    for (size_t i = 0; (choice = wi_generation_choice(result, i)) != NULL; i++)
        json_array_append_new(choices, make(choice, (json_int_t)i));
    json_object_set_new(answer, "choices", choices);
    json_object_set_new(answer, "usage", wi_openai_usage(result));
    if (json_is_object(timings))
        json_object_set(answer, "timings", timings);
    return wi_printing_json(answer);
}

struct wi_printing *wi_openai_print_chat(
    const struct wi_infer *infer, const struct wi_outcome *outcome, struct wi_error *error)
{
    return print_text(infer, outcome, "chatcmpl", "chat.completion", wi_openai_message);
}

struct wi_printing *wi_openai_print_completion(
    const struct wi_infer *infer, const struct wi_outcome *outcome, struct wi_error *error)
{
    return print_text(infer, outcome, "cmpl", "text_completion", wi_openai_text);
}

/* --- vectors ---------------------------------------------------------------------------------- */

/* Little-endian floats, which are the default of the clients. */
static void add_base64(struct wi_buffer *out, const float *row, size_t width)
{
    size_t bytes = width * sizeof *row;
    unsigned char *text = wi_alloc((bytes + 2) / 3 * 4 + 1);
    int length = EVP_EncodeBlock(text, (const unsigned char *)row, (int)bytes);
    wi_buffer_puts(out, "\"");
    wi_buffer_add(out, text, (size_t)length);
    wi_buffer_puts(out, "\"");
    free(text);
}

static void begin_row(struct wi_buffer *out, int64_t index)
{
    wi_buffer_puts(out, index > 0 ? ",\n{\"object\":\"embedding\",\"index\":"
                                  : "{\"object\":\"embedding\",\"index\":");
    wi_buffer_integer(out, index);
    wi_buffer_puts(out, ",\"embedding\":");
}

static void add_in_numbers(struct wi_buffer *out, int64_t index, const float *row, size_t width)
{
    begin_row(out, index);
    wi_vectors_numbers(out, row, width);
    wi_buffer_puts(out, "}");
}

static void add_in_base64(struct wi_buffer *out, int64_t index, const float *row, size_t width)
{
    begin_row(out, index);
    add_base64(out, row, width);
    wi_buffer_puts(out, "}");
}

static void write_numbers(struct wi_printing *printing)
{
    wi_vectors_each(printing, add_in_numbers);
}

static void write_base64(struct wi_printing *printing)
{
    wi_vectors_each(printing, add_in_base64);
}

/* {"prompt_tokens", "total_tokens"}: nothing is generated. */
static json_t *openai_usage(const json_t *result)
{
    json_t *usage = wi_openai_usage(result);
    json_object_del(usage, "completion_tokens");
    json_object_del(usage, "prompt_tokens_details");
    return usage;
}

struct wi_printing *wi_openai_print_embeddings(
    const struct wi_infer *infer, const struct wi_outcome *outcome, struct wi_error *error)
{
    const struct wi_openai_extras *extras = infer->extras;
    struct wi_printing *printing = wi_vectors_print(
        outcome->outputs, ROW_BYTES, extras->base64 ? write_base64 : write_numbers, error);
    if (!printing)
        return NULL;
    json_t *usage = openai_usage(outcome->result);
    wi_buffer_puts(&printing->text, "{\"object\":\"list\",\"data\":[");
    wi_buffer_puts(&printing->tail, "],\"model\":");
    wi_buffer_json_string(&printing->tail, outcome->model_name);
    wi_buffer_puts(&printing->tail, ",\"usage\":");
    wi_buffer_json(&printing->tail, usage);
    wi_buffer_puts(&printing->tail, "}\n");
    json_decref(usage);
    return printing;
}

/* --- a ranking -------------------------------------------------------------------------------- */

struct ranked {
    size_t index;
    double score;
};

/* The best first; of equal ones the first. */
static int rank_compare(const void *a, const void *b)
{
    const struct ranked *first = a, *second = b;
    if (first->score != second->score)
        return first->score > second->score ? -1 : 1;
    return first->index < second->index ? -1 : 1;
}

static json_t *scores_rank(const struct wi_openai_extras *extras, const json_t *scores)
{
    size_t count = json_array_size(scores);
    size_t top = extras->top > 0 && (size_t)extras->top < count ? (size_t)extras->top : count;
    struct ranked *rows = wi_alloc((count + 1) * sizeof *rows);
    json_t *results = json_array();
    for (size_t i = 0; i < count; i++)
        rows[i] = (struct ranked){i, json_number_value(json_array_get(scores, i))};
    qsort(rows, count, sizeof *rows, rank_compare);
    for (size_t i = 0; i < top; i++) {
        json_t *row = json_pack(
            "{s:I, s:f}", "index", (json_int_t)rows[i].index, "relevance_score", rows[i].score);
        json_t *document = json_array_get(extras->documents, rows[i].index);
        if (document)
            json_object_set_new(row, "document", json_pack("{s:O}", "text", document));
        json_array_append_new(results, row);
    }
    free(rows);
    return results;
}

struct wi_printing *wi_openai_print_ranking(
    const struct wi_infer *infer, const struct wi_outcome *outcome, struct wi_error *error)
{
    const struct wi_openai_extras *extras = infer->extras;
    json_t *answer =
        wi_openai_head("rerank", outcome->id, "list", outcome->model_name, extras->created);
    json_object_set_new(
        answer, "results", scores_rank(extras, json_object_get(outcome->result, "scores")));
    json_object_set_new(answer, "usage", openai_usage(outcome->result));
    return wi_printing_json(answer);
}

struct wi_printing *wi_openai_print_tokens(
    const struct wi_infer *infer, const struct wi_outcome *outcome, struct wi_error *error)
{
    json_t *tokens = json_object_get(outcome->result, "tokens");
    return wi_printing_json(json_pack("{s:s, s:O, s:I}", "model", outcome->model_name, "tokens",
        tokens, "count", (json_int_t)json_array_size(tokens)));
}
