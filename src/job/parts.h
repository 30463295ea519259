/*
 * The account of a stream over all its attempts: which part is wanted next, what the client has
 * taken of them, how much the present attempt may send, and where another one goes on. It knows
 * neither nodes nor times.
 */
#ifndef WI_JOB_PARTS_H
#define WI_JOB_PARTS_H

#include "base/budget.h"
#include "bridge/part.h"

/* Text and tokens beyond this are not kept: then no other node can go on. */
#define WI_PARTS_KEPT (4 * 1024 * 1024)

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
/* The text so far, NULL if there was none; borrowed until the next part. */
const char *wi_parts_text(const struct wi_parts *parts, size_t *length);
/* Where it goes on. `tokens` is a new reference, or NULL, which `from` borrows. */
void wi_parts_continue(const struct wi_parts *parts, struct wi_continuation *from, json_t **tokens);

#endif
