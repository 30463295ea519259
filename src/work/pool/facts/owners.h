/*
 * Records by owner: those of our sessions, those that all joined nodes share, and those of each
 * token that nodes joined with. An owner's records are in the order in which they were renewed. If
 * there are too many, the oldest is dropped: of that owner, or of the token that has the most. So
 * the records of one token never displace ours, nor those of a token with fewer; the nodes of one
 * token may come from many addresses, which are many parties (struct wi_node_info). Pure; the
 * caller owns the records.
 */
#ifndef WI_WORK_POOL_FACTS_OWNERS_H
#define WI_WORK_POOL_FACTS_OWNERS_H

#include "base/table.h"
#include <stddef.h>

struct wi_owner;

/* Embedded in a record. */
struct wi_owned {
    struct wi_owner *owner;
    struct wi_owned *prev, *next; /* of the same owner */
};

/* The record that an `owned` is embedded in. */
#define WI_OWNED_RECORD(owned, type, member)                                                       \
    ((type *)(void *)((char *)(owned)-offsetof(type, member)))

struct wi_owner {
    struct wi_owned *records; /* the one renewed longest ago comes first */
    size_t count;
    UT_hash_handle hh;
    char name[]; /* the party field of a place's key, without an address */
};

/* Zero-initialise. */
struct wi_owners {
    struct wi_owner *all; /* by name; each exists while it has records */
    size_t joined;        /* records of all tokens */
};

/* The most records that are kept. */
struct wi_owners_most {
    size_t ours, shared;  /* `shared`: by all joined nodes */
    size_t joined, token; /* of all tokens together, and of one token */
};

/* The record to drop before another is added at a place with that key (struct wi_place); NULL:
 * there is room. */
struct wi_owned *wi_owners_surplus(
    const struct wi_owners *owners, const char *place_key, const struct wi_owners_most *most);
void wi_owners_add(struct wi_owners *owners, struct wi_owned *record, const char *place_key);
void wi_owners_remove(struct wi_owners *owners, struct wi_owned *record);
/* Moves it after all others of its owner. */
void wi_owned_renew(struct wi_owned *record);
/* Whether it belongs to a session of ours. */
int wi_owned_is_ours(const struct wi_owned *record);

#endif
