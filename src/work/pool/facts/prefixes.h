/*
 * Which node has computed which beginning of a prompt, so that what goes on from there can go where
 * it costs least. A beginning is named by a key (work/job/chain.h makes them); a longer one has a
 * key of its own. What a node has evicted meanwhile is not told here: a wrong guess costs time,
 * nothing else. Pure and bounded: what was not used for longest goes first.
 */
#ifndef WI_WORK_POOL_FACTS_PREFIXES_H
#define WI_WORK_POOL_FACTS_PREFIXES_H

#include "base/secret.h"
#include <stddef.h>

/* More than this many beginnings are not known at a time. */
#define WI_PREFIXES_MAX 8192

struct wi_prefix_key {
    unsigned char bytes[16];
};

struct wi_prefixes;
struct wi_prefixes *wi_prefixes_new(size_t max);     /* `max` is at least 1 */
void wi_prefixes_free(struct wi_prefixes *prefixes); /* NULL is fine */

/* `node` has computed this beginning, of so many tokens; whoever had it before is not known any
 * more. */
void wi_prefixes_note(struct wi_prefixes *prefixes, const struct wi_prefix_key *key,
    const char *node, unsigned tokens);
/* The longest of the beginnings `keys`, which are in the order of their length, that a node has.
 * Its tokens and the node, or 0. */
unsigned wi_prefixes_find(struct wi_prefixes *prefixes, const struct wi_prefix_key *keys,
    size_t count, char node[WI_ID_SIZE]);
/* The node is gone, and all that it had. */
void wi_prefixes_forget(struct wi_prefixes *prefixes, const char *node);
/* Public for tests. */
size_t wi_prefixes_count(const struct wi_prefixes *prefixes);

#endif
