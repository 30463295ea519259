/*
 * The CIDs of the models that the members of a cluster serve: what one has published is found by
 * the others. Each CID is a row (content_row.h) with those that serve it. New ones are told with
 * the next sweeps, a few at a time, and so is what is no longer served. A member whose record has
 * gone serves nothing, whatever rows say; the first living member removes it from them once its
 * claim has lapsed.
 *
 * A row is a hint: blocks are verified by their hashes as from any source. Everything is called on
 * the loop.
 */
#ifndef WI_CLUSTER_SHARED_CONTENT_H
#define WI_CLUSTER_SHARED_CONTENT_H

#include "cluster/content_row.h"

#define WI_SHARED_CONTENT_MAX 4096 /* CIDs; others are left out */

/* The member of that instance, if it lives; borrowed until the next turn of the loop. NULL: there
 * is none. */
typedef const struct wi_cluster_member *wi_member_find_fn(void *context, const char *instance);
/* Calls `each` for every CID that this daemon serves, as wi_cid_print has it. One may come
 * twice. */
typedef void wi_served_fn(void *data, const char *cid);
typedef void wi_served_each_fn(void *context, wi_served_fn *each, void *data);

/* All is borrowed until wi_shared_content_free. */
struct wi_shared_content_deps {
    struct wi_rows *rows;
    wi_member_find_fn *find;
    void *find_context;
    wi_served_each_fn *served;
    void *served_context;
};

struct wi_shared_content;
/* From before the loop turns. */
struct wi_shared_content *wi_shared_content_new(const struct wi_shared_content_deps *deps);
void wi_shared_content_free(struct wi_shared_content *shared); /* NULL is fine */
/* The key that others have to know to get blocks from this daemon, of WI_HASH_SIZE bytes; each
 * start makes another one. */
const unsigned char *wi_shared_content_key(const struct wi_shared_content *shared);

/* A living member that serves a CID. Borrowed for the call. */
struct wi_content_server {
    const char *name, *url; /* the member's name; the base URL of its listener for browsers */
    const unsigned char *key;
};
typedef void wi_content_server_fn(void *context, const struct wi_content_server *server);
/* Calls `each` for those that serve the CID, at most WI_CONTENT_HOLDERS_MAX, without this daemon
 * and without those whose address cannot be used. */
void wi_shared_content_each(const struct wi_shared_content *shared, const struct wi_cid *cid,
    wi_content_server_fn *each, void *context);
/* Whether there may soon be others: the rows are not known now, or a member that has told that it
 * serves the CID is not seen, and may be back. */
int wi_shared_content_may_come(const struct wi_shared_content *shared, const struct wi_cid *cid);

#endif
