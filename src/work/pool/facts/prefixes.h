/*
 * Which node has computed which beginning of a prompt, so that a request that continues from there
 * can go where it costs least. A beginning is identified by a key (made by work/job/chain.h); a
 * longer one has a key of its own. Evictions on nodes are not recorded here: a wrong guess only
 * costs time. Pure and bounded: the beginning unused for longest is dropped first.
 */
#ifndef WI_WORK_POOL_FACTS_PREFIXES_H
#define WI_WORK_POOL_FACTS_PREFIXES_H

#include "base/secret.h"
#include <stddef.h>

/* The most beginnings that are remembered. */
#define WI_PREFIXES_MAX 8192

struct wi_prefix_key {
    unsigned char bytes[16];
};

struct wi_prefixes;
struct wi_prefixes *wi_prefixes_new(size_t max);     /* `max` is at least 1 */
void wi_prefixes_free(struct wi_prefixes *prefixes); /* NULL is fine */

/* `node` has computed this beginning, of `tokens` tokens; it replaces the node noted before. */
void wi_prefixes_note(struct wi_prefixes *prefixes, const struct wi_prefix_key *key,
    const char *node, unsigned tokens);
/* Finds the longest of the beginnings `keys`, which are ordered by length, that a node has. Returns
 * its tokens, and in `node` the node; or 0. */
unsigned wi_prefixes_find(struct wi_prefixes *prefixes, const struct wi_prefix_key *keys,
    size_t count, char node[WI_ID_SIZE]);
/* The node is gone: forgets its beginnings. */
void wi_prefixes_forget(struct wi_prefixes *prefixes, const char *node);
/* Public for tests. */
size_t wi_prefixes_count(const struct wi_prefixes *prefixes);

#endif
