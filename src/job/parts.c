/* The account of a stream; see parts.h. */
#include "job/parts.h"

#include "base/blob.h"
#include "base/memory.h"
#include <stdlib.h>

/* An attempt is told of more credit in steps of at least this share of a window. */
#define STEPS 2

struct wi_parts {
    struct wi_credit received; /* over all attempts */
    struct wi_credit taken;    /* of that */
    struct wi_credit base;     /* `received` when the attempt began */
    struct wi_credit granted;  /* to the attempt, since its beginning */
    struct wi_budget *budget;
    struct wi_blob *text;   /* so far; NULL: there was none */
    struct wi_blob *tokens; /* likewise, each an int64_t */
    const char *obstacle;
};

struct wi_parts *wi_parts_new(struct wi_budget *budget)
{
    struct wi_parts *parts = wi_alloc(sizeof *parts);
    parts->budget = budget;
    return parts;
}

static void forget_content(struct wi_parts *parts)
{
    wi_blob_unref(parts->text);
    wi_blob_unref(parts->tokens);
    parts->text = parts->tokens = NULL;
}

void wi_parts_free(struct wi_parts *parts)
{
    if (parts == NULL)
        return;
    forget_content(parts);
    free(parts);
}

void wi_parts_begin(struct wi_parts *parts)
{
    parts->base = parts->received;
    parts->granted = (struct wi_credit){WI_CREDIT_PARTS, WI_CREDIT_BYTES};
}

/* ---------------------------------------------------------------- what was said so far */

static int append(struct wi_parts *parts, struct wi_blob **to, const void *bytes, size_t size)
{
    size_t kept = (parts->text ? parts->text->size : 0) + (parts->tokens ? parts->tokens->size : 0);
    if (size > WI_PARTS_KEPT - kept)
        return -1;
    if (*to == NULL)
        *to = wi_blob_new(parts->budget, 0);
    return *to ? wi_blob_append(*to, bytes, size) : -1;
}

static int keep_content(struct wi_parts *parts, const struct wi_part *part)
{
    size_t i;
    json_t *token;
    if (part->text && append(parts, &parts->text, part->text, part->text_length))
        return -1;
    json_array_foreach(part->tokens, i, token)
    {
        int64_t value = json_integer_value(token);
        if (append(parts, &parts->tokens, &value, sizeof value))
            return -1;
    }
    return 0;
}

static void keep(struct wi_parts *parts, const struct wi_part *part)
{
    if (parts->obstacle)
        return;
    if (part->index > 0)
        parts->obstacle = "it has several answers, and only one can be continued";
    else if (keep_content(parts, part))
        parts->obstacle = "it is too long by now to be handed to another";
    if (parts->obstacle)
        forget_content(parts);
}

const char *wi_parts_obstacle(const struct wi_parts *parts)
{
    return parts->obstacle;
}

const char *wi_parts_text(const struct wi_parts *parts, size_t *length)
{
    *length = parts->text ? parts->text->size : 0;
    return parts->text ? (const char *)parts->text->bytes : NULL;
}

void wi_parts_continue(const struct wi_parts *parts, struct wi_continuation *from, json_t **tokens)
{
    *tokens = parts->tokens ? json_array() : NULL;
    *from = (struct wi_continuation){.seq = parts->received.parts, .tokens = *tokens};
    from->text = wi_parts_text(parts, &from->text_length);
    if (parts->tokens == NULL)
        return;
    const int64_t *values = (const int64_t *)parts->tokens->bytes;
    for (size_t i = 0; i < parts->tokens->size / sizeof *values; i++)
        json_array_append_new(*tokens, json_integer(values[i]));
}

/* ---------------------------------------------------------------- parts */

int wi_parts_add(struct wi_parts *parts, const struct wi_part *part)
{
    if (part->seq != parts->received.parts)
        return 0;
    parts->received.parts++;
    parts->received.bytes += part->bytes;
    keep(parts, part);
    return 1;
}

uint64_t wi_parts_count(const struct wi_parts *parts)
{
    return parts->received.parts;
}

int wi_parts_brought(const struct wi_parts *parts)
{
    return parts->received.parts > parts->base.parts;
}

/* ---------------------------------------------------------------- credit */

static uint64_t between(uint64_t least, uint64_t value, uint64_t most)
{
    return value < least ? least : value > most ? most : value;
}

void wi_parts_take(struct wi_parts *parts, const struct wi_credit *taken)
{
    struct wi_credit *now = &parts->taken;
    now->parts = between(now->parts, taken->parts, parts->received.parts);
    now->bytes = between(now->bytes, taken->bytes, parts->received.bytes);
}

/* Up to a window more than the client has taken: since the attempt's beginning, as it counts. */
static uint64_t allowance(uint64_t taken, uint64_t base, uint64_t window, uint64_t granted)
{
    uint64_t total = taken + window;
    return total > base && total - base > granted ? total - base : granted;
}

int wi_parts_grant(struct wi_parts *parts, struct wi_credit *credit)
{
    struct wi_credit *granted = &parts->granted;
    credit->parts =
        allowance(parts->taken.parts, parts->base.parts, WI_CREDIT_PARTS, granted->parts);
    credit->bytes =
        allowance(parts->taken.bytes, parts->base.bytes, WI_CREDIT_BYTES, granted->bytes);
    if (credit->parts - granted->parts < WI_CREDIT_PARTS / STEPS &&
        credit->bytes - granted->bytes < WI_CREDIT_BYTES / STEPS)
        return 0;
    *granted = *credit;
    return 1;
}

int wi_parts_has_credit(const struct wi_parts *parts)
{
    struct wi_credit sent = {
        parts->received.parts - parts->base.parts, parts->received.bytes - parts->base.bytes};
    return wi_credit_lasts(&sent, &parts->granted);
}
