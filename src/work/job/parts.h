/*
 * The account of a stream over all its attempts: which part is wanted next, what the client has
 * taken of them, how much the present attempt may send, and where another one goes on. It knows
 * neither nodes nor times.
 */
#ifndef WI_WORK_JOB_PARTS_H
#define WI_WORK_JOB_PARTS_H

#include "base/budget.h"
#include "terms/part.h"

/* Text and tokens beyond this are not kept, nor is what more answers say: then no other node can go
 * on. */
#define WI_PARTS_KEPT (4 * 1024 * 1024)
#define WI_PARTS_ANSWERS 64

struct wi_parts;
/* What is kept is charged to `budget` (borrowed; may be NULL). */
struct wi_parts *wi_parts_new(struct wi_budget *budget);
void wi_parts_free(struct wi_parts *parts); /* NULL is fine */

/* An attempt begins: it has brought nothing, and may send what each may at first. */
void wi_parts_begin(struct wi_parts *parts);
/* Books a part of the present attempt. 0 if it is not the one that is wanted next. */
int wi_parts_add(struct wi_parts *parts, const struct wi_part *part);
/* How many there were, which is also the number of the next. */
uint64_t wi_parts_count(const struct wi_parts *parts);
/* Whether the present attempt, or the last one, has brought any. */
int wi_parts_brought(const struct wi_parts *parts);

/* What the client has taken of all that was added: totals, never less than before. */
void wi_parts_take(struct wi_parts *parts, const struct wi_credit *taken);
/* Whether the attempt is to be told that it may send more: `credit` is what it may send then. It is
 * told of steps, not of every part. */
int wi_parts_grant(struct wi_parts *parts, struct wi_credit *credit);
/* Whether the attempt may send a part by what it was told. */
int wi_parts_has_credit(const struct wi_parts *parts);

/* NULL if another attempt can go on where these end; else why not: the end of a sentence. */
const char *wi_parts_obstacle(const struct wi_parts *parts);
/* How many answers they belong to, as far as that was seen. */
unsigned wi_parts_answers(const struct wi_parts *parts);
/* The text so far of an only answer, NULL if there was none; borrowed until the next part. */
const char *wi_parts_text(const struct wi_parts *parts, size_t *length);

/* Where they end. */
struct wi_parts_end {
    struct wi_continuation from; /* borrows what follows, and text from the parts */
    struct wi_blob *text;        /* of several answers */
    json_t *tokens, *answers;
};
/* 0, and `end` lasts until the next part and is to be cleared; -1 if the memory is refused. */
int wi_parts_continue(const struct wi_parts *parts, struct wi_parts_end *end);
void wi_parts_end_clear(struct wi_parts_end *end);

#endif
