/* The account of a stream; see parts.h. */
#include "work/job/parts.h"

#include "base/blob.h"
#include "base/memory.h"
#include "base/text.h"
#include <stdlib.h>
#include <string.h>

/* An attempt is told of more credit in steps of at least this share of a window. */
#define STEPS 2

/* One answer so far. */
struct wi_parts_answer {
    struct wi_blob *text;   /* NULL: there was none */
    struct wi_blob *tokens; /* likewise, each an int64_t */
    int ended;
    char finish[24]; /* why */
};

void wi_parts_clear(struct wi_parts *parts)
{
    for (unsigned i = 0; i < parts->answer_count; i++) {
        wi_blob_unref(parts->answers[i].text);
        wi_blob_unref(parts->answers[i].tokens);
    }
    free(parts->answers);
    parts->answers = NULL;
    parts->answer_count = 0;
}

void wi_parts_begin(struct wi_parts *parts)
{
    parts->flow = (struct wi_flow){.granted = {WI_CREDIT_PARTS, WI_CREDIT_BYTES}};
}

/* ---------------------------------------------------------------- what was said so far */

static int blob_append(struct wi_parts *parts, struct wi_blob **to, const void *bytes, size_t size)
{
    if (size > WI_PARTS_KEPT - parts->kept)
        return -1;
    if (*to == NULL)
        *to = wi_blob_new(parts->budget, 0);
    if (*to == NULL || wi_blob_append(*to, bytes, size))
        return -1;
    parts->kept += size;
    return 0;
}

static struct wi_parts_answer *answer_of(struct wi_parts *parts, unsigned index)
{
    if (index >= parts->answer_count) {
        parts->answers = wi_realloc_array(parts->answers, index + 1, sizeof *parts->answers);
        memset(parts->answers + parts->answer_count, 0,
            (index + 1 - parts->answer_count) * sizeof *parts->answers);
        parts->answer_count = index + 1;
    }
    return &parts->answers[index];
}

static int keep_content(struct wi_parts *parts, const struct wi_part *part)
{
    size_t i;
    json_t *token;
    struct wi_parts_answer *answer = answer_of(parts, part->index);
    const char *why = json_string_value(json_object_get(part->result, "finish_reason"));
    if (why) {
        answer->ended = 1;
        wi_text_printable(answer->finish, sizeof answer->finish, why);
    }
    if (part->text && blob_append(parts, &answer->text, part->text, part->text_length))
        return -1;
    json_array_foreach(part->tokens, i, token)
    {
        int64_t value = json_integer_value(token);
        if (blob_append(parts, &answer->tokens, &value, sizeof value))
            return -1;
    }
    return 0;
}

static void part_keep(struct wi_parts *parts, const struct wi_part *part)
{
    if (parts->obstacle)
        return;
    if (part->index >= WI_PARTS_ANSWERS)
        parts->obstacle = "it has more answers than can be handed to another node";
    else if (keep_content(parts, part))
        parts->obstacle = "it is too long by now to be handed to another node";
    if (parts->obstacle)
        wi_parts_clear(parts);
}

/* ---------------------------------------------------------------- where they were begun */

/* What remains of the text and the tokens that several answers have between them. */
struct said {
    const char *text;
    const json_t *tokens;
    size_t token;
};

static int answer_resume(
    struct wi_parts *parts, unsigned index, struct said *said, size_t text_bytes, size_t tokens)
{
    struct wi_parts_answer *answer = answer_of(parts, index);
    if (text_bytes > 0) {
        if (blob_append(parts, &answer->text, said->text, text_bytes))
            return -1;
        said->text += text_bytes;
    }
    for (size_t i = 0; i < tokens; i++) {
        int64_t value = json_integer_value(json_array_get(said->tokens, said->token++));
        if (blob_append(parts, &answer->tokens, &value, sizeof value))
            return -1;
    }
    return 0;
}

static int answers_resume(struct wi_parts *parts, const json_t *answers, struct said *said)
{
    size_t i;
    json_t *item;
    json_array_foreach(answers, i, item)
    {
        const char *why = json_string_value(json_object_get(item, "finish_reason"));
        if (answer_resume(parts, (unsigned)i, said,
                (size_t)json_integer_value(json_object_get(item, "text_bytes")),
                (size_t)json_integer_value(json_object_get(item, "tokens"))))
            return -1;
        parts->answers[i].ended = json_is_true(json_object_get(item, "ended"));
        wi_text_printable(
            parts->answers[i].finish, sizeof parts->answers[i].finish, why ? why : "");
    }
    return 0;
}

int wi_parts_begin_at(struct wi_parts *parts, const json_t *from)
{
    const json_t *text = json_object_get(from, "text"), *tokens = json_object_get(from, "tokens");
    const json_t *answers = json_object_get(from, "answers");
    struct said said = {.text = json_string_value(text), .tokens = tokens};
    parts->first = (uint64_t)json_integer_value(json_object_get(from, "seq"));
    parts->received.parts = parts->taken.parts = parts->first;
    if (answers)
        return answers_resume(parts, answers, &said);
    return text || tokens
               ? answer_resume(parts, 0, &said, json_string_length(text), json_array_size(tokens))
               : 0;
}

/* ---------------------------------------------------------------- where they end */

static size_t blob_size(const struct wi_blob *blob)
{
    return blob ? blob->size : 0;
}

const char *wi_parts_text(const struct wi_parts *parts, size_t *length)
{
    const struct wi_blob *text = parts->answer_count == 1 ? parts->answers[0].text : NULL;
    *length = blob_size(text);
    return text ? (const char *)text->bytes : NULL;
}

static int join_texts(const struct wi_parts *parts, struct wi_parts_end *end)
{
    size_t size = 0;
    for (unsigned i = 0; i < parts->answer_count; i++)
        size += blob_size(parts->answers[i].text);
    if (size == 0)
        return 0;
    end->text = wi_blob_new(parts->budget, size);
    for (unsigned i = 0; end->text && i < parts->answer_count; i++) {
        const struct wi_blob *text = parts->answers[i].text;
        if (text && wi_blob_append(end->text, text->bytes, text->size))
            return -1;
    }
    if (end->text == NULL)
        return -1;
    end->from.text = (const char *)end->text->bytes;
    end->from.text_length = size;
    return 0;
}

static void list_tokens(const struct wi_blob *tokens, json_t **list)
{
    const int64_t *values = tokens ? (const int64_t *)tokens->bytes : NULL;
    if (tokens && *list == NULL)
        *list = json_array();
    for (size_t i = 0; i < blob_size(tokens) / sizeof *values; i++)
        json_array_append_new(*list, json_integer(values[i]));
}

/* How text and tokens divide, where that is not plain. */
static json_t *list_answers(const struct wi_parts *parts)
{
    if (parts->answer_count == 0 || (parts->answer_count == 1 && !parts->answers[0].ended))
        return NULL;
    json_t *list = json_array();
    for (unsigned i = 0; i < parts->answer_count; i++) {
        const struct wi_parts_answer *answer = &parts->answers[i];
        json_t *said = json_pack("{s:I, s:I}", "text_bytes", (json_int_t)blob_size(answer->text),
            "tokens", (json_int_t)(blob_size(answer->tokens) / sizeof(int64_t)));
        if (answer->ended) {
            json_object_set_new(said, "ended", json_true());
            json_object_set_new(said, "finish_reason", json_string(answer->finish));
        }
        json_array_append_new(list, said);
    }
    return list;
}

int wi_parts_continue(const struct wi_parts *parts, struct wi_parts_end *end)
{
    *end = (struct wi_parts_end){.from.seq = parts->received.parts};
    if (parts->answer_count > 1 && join_texts(parts, end)) {
        wi_parts_end_clear(end);
        return -1;
    }
    if (parts->answer_count == 1)
        end->from.text = wi_parts_text(parts, &end->from.text_length);
    for (unsigned i = 0; i < parts->answer_count; i++)
        list_tokens(parts->answers[i].tokens, &end->tokens);
    end->answers = list_answers(parts);
    end->from.tokens = end->tokens;
    end->from.answers = end->answers;
    return 0;
}

void wi_parts_end_clear(struct wi_parts_end *end)
{
    wi_blob_unref(end->text);
    json_decref(end->tokens);
    json_decref(end->answers);
    *end = (struct wi_parts_end){0};
}

/* ---------------------------------------------------------------- parts */

int wi_parts_add(struct wi_parts *parts, const struct wi_part *part)
{
    if (part->seq != parts->received.parts)
        return 0;
    parts->received.parts++;
    parts->received.bytes += part->bytes;
    wi_flow_add(&parts->flow, part->bytes);
    part_keep(parts, part);
    return 1;
}

/* ---------------------------------------------------------------- credit */

static uint64_t value_between(uint64_t least, uint64_t value, uint64_t most)
{
    return value < least ? least : value > most ? most : value;
}

void wi_parts_take(struct wi_parts *parts, const struct wi_credit *taken)
{
    struct wi_credit *now = &parts->taken;
    now->parts = value_between(now->parts, parts->first + taken->parts, parts->received.parts);
    now->bytes = value_between(now->bytes, taken->bytes, parts->received.bytes);
}

/* Up to a window more than the client has taken: since the attempt's beginning, as it counts. */
static uint64_t parts_allowance(uint64_t taken, uint64_t base, uint64_t window, uint64_t granted)
{
    uint64_t total = taken + window;
    return total > base && total - base > granted ? total - base : granted;
}

int wi_parts_grant(struct wi_parts *parts, struct wi_credit *credit)
{
    const struct wi_credit *sent = &parts->flow.sent, *granted = &parts->flow.granted;
    const struct wi_credit *received = &parts->received, *taken = &parts->taken;
    credit->parts = parts_allowance(
        taken->parts, received->parts - sent->parts, WI_CREDIT_PARTS, granted->parts);
    credit->bytes = parts_allowance(
        taken->bytes, received->bytes - sent->bytes, WI_CREDIT_BYTES, granted->bytes);
    if (credit->parts - granted->parts < WI_CREDIT_PARTS / STEPS &&
        credit->bytes - granted->bytes < WI_CREDIT_BYTES / STEPS)
        return 0;
    return wi_flow_grant(&parts->flow, credit);
}
