/*
 * The verdicts that the members of a cluster share: what one has found of a model at a place of its
 * own sessions counts at the others for equal places, until they have found something themselves.
 * Each verdict is a row (cluster/rows.h): a JSON object under the SHA-256 of its key. New ones are
 * told with the next sweeps, a few at a time; a row is replaced by what was found later and is
 * otherwise. The first living member removes those that are too old to be of use. Rows come from
 * other machines, so all of one is hostile: it is bounded, and read whole or not at all.
 */
#ifndef WI_WORK_POOL_FACTS_SHARED_VERDICTS_H
#define WI_WORK_POOL_FACTS_SHARED_VERDICTS_H

#include "base/buffer.h"
#include "base/hash.h"
#include "cluster/rows.h"
#include "work/pool/facts/verdicts.h"

#define WI_SHARED_VERDICTS_MAX 4096 /* rows; others are left out */
#define WI_SHARED_VERDICTS_MS ((int64_t)90 * 24 * 3600 * 1000)

struct wi_shared_verdicts;
/* Both are borrowed. `rows` NULL gives NULL: this daemon is in no cluster. From before the loop
 * turns. */
struct wi_shared_verdicts *wi_shared_verdicts_new(
    struct wi_verdicts *verdicts, struct wi_rows *rows);
void wi_shared_verdicts_free(struct wi_shared_verdicts *shared); /* NULL is fine */

/* The name of the row of that key. Pure. Public for tests. */
void wi_verdict_row_name(const char *key, char name[WI_HASH_HEX_SIZE]);
/* The text for `out`, of at most WI_ROW_MAX bytes, without a detail that cannot be shown. Pure.
 * Public for tests. */
void wi_verdict_row_print(const struct wi_told_verdict *verdict, struct wi_buffer *out);
/* Fills `verdict` from any bytes if they are good; whether its key is one of ours is for verdicts.h
 * to say. A row of other rules of comparing is one of another version. Pure. Public for tests. */
enum wi_read_fault wi_verdict_row_read(
    struct wi_told_verdict *verdict, const char *name, const char *text, size_t size);

#endif
