/*
 * The account of a stream over all its attempts: the next part that is expected, the parts that the
 * client has taken, how much the present attempt may send, and where another attempt continues. It
 * knows neither nodes nor times.
 */
#ifndef WI_WORK_JOB_PARTS_H
#define WI_WORK_JOB_PARTS_H

#include "base/budget.h"
#include "terms/part.h"

/* Zero-initialise but for `budget`; free with wi_parts_clear. Others read the members; only the
 * functions here change them. */
struct wi_parts {
    uint64_t first;                  /* the number of its first part; above 0 if it was resumed */
    struct wi_credit received;       /* over all attempts; `parts` is also the number of the next */
    struct wi_credit taken;          /* of that */
    struct wi_flow flow;             /* of the present attempt, or the last one */
    struct wi_budget *budget;        /* charged for the kept data; borrowed, may be NULL */
    struct wi_parts_answer *answers; /* by their index */
    unsigned answer_count;           /* as far as seen */
    size_t kept;                     /* bytes of all of them */
    /* NULL if another attempt can continue where these end; else the reason, as the end of a
     * sentence. */
    const char *obstacle;
};
/* Forgets what was kept. */
void wi_parts_clear(struct wi_parts *parts);

/* The stream was begun elsewhere and goes on at `from`: {seq, text?, tokens?, answers?} as in a
 * task (webinfer-protocol(7)), with text and tokens as JSON, which was checked (wire/native).
 * Nothing was added before. Returns -1 if memory is refused. */
int wi_parts_begin_at(struct wi_parts *parts, const json_t *from);
/* An attempt begins: it has brought no part, and has the initial credit of every attempt. */
void wi_parts_begin(struct wi_parts *parts);
/* Records a part of the present attempt. Returns 0 if it is not the next expected one. */
int wi_parts_add(struct wi_parts *parts, const struct wi_part *part);

/* Sets how much the client has taken of all that was added: totals that never decrease. They do not
 * count what came before wi_parts_begin_at. */
void wi_parts_take(struct wi_parts *parts, const struct wi_credit *taken);
/* Whether the attempt is to be granted more credit; `credit` receives the new total. Credit is
 * granted in steps, not for every part. */
int wi_parts_grant(struct wi_parts *parts, struct wi_credit *credit);

/* The text so far of a single answer, NULL if there was none; borrowed until the next part. */
const char *wi_parts_text(const struct wi_parts *parts, size_t *length);

/* The point where they end. */
struct wi_parts_end {
    struct wi_continuation from; /* borrows the members below, and text from the parts */
    struct wi_blob *text;        /* of several answers */
    json_t *tokens, *answers;
};
/* Returns 0, and `end` lasts until the next part and must be cleared; or -1 if memory is
 * refused. */
int wi_parts_continue(const struct wi_parts *parts, struct wi_parts_end *end);
void wi_parts_end_clear(struct wi_parts_end *end);

#endif
