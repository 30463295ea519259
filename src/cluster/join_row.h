/*
 * A join token as the members of a cluster share it (cluster/rows.h): a JSON object under the
 * token's id. It has the token's hash, never the token, its label, and how many of its places each
 * daemon holds. Rows come from other machines, so all of one is hostile: it is bounded, and read
 * whole or not at all. Pure.
 */
#ifndef WI_CLUSTER_JOIN_ROW_H
#define WI_CLUSTER_JOIN_ROW_H

#include "base/buffer.h"
#include "base/hash.h"
#include "base/secret.h"
#include "cluster/rows.h"

#define WI_JOIN_NODES_MAX 65536
#define WI_JOIN_LABEL_SIZE 201 /* bytes of a label, with a NUL */
/* Daemons that hold places of one token: as many as there may be members. */
#define WI_JOIN_HOLDERS_MAX WI_MEMBERS_MAX

struct wi_join_holder {
    char instance[WI_ID_SIZE]; /* of a daemon: one that starts again is another one */
    size_t nodes;              /* at least 1 */
};

/* Zero-initialise; free with wi_join_row_clear. */
struct wi_join_row {
    char id[WI_ID_SIZE];
    unsigned char hash[WI_HASH_SIZE];
    size_t nodes;                   /* that may be connected at a time */
    int64_t expires_at;             /* Unix milliseconds */
    int shareable;                  /* people who joined with the link may pass it on */
    char label[WI_JOIN_LABEL_SIZE]; /* plain UTF-8, or "" */
    struct wi_join_holder *holders;
    size_t holder_count; /* at most WI_JOIN_HOLDERS_MAX */
};
void wi_join_row_clear(struct wi_join_row *row);

/* How many places that daemon holds; all daemons hold. */
size_t wi_join_row_held(const struct wi_join_row *row, const char *instance);
size_t wi_join_row_taken(const struct wi_join_row *row);
/* That daemon holds so many from now on. 0, or -1: too many daemons hold some already. */
int wi_join_row_hold(struct wi_join_row *row, const char *instance, size_t nodes);

/* The text for `out`, of at most WI_ROW_MAX bytes. */
void wi_join_row_print(const struct wi_join_row *row, struct wi_buffer *out);
/* Fills an empty row from any bytes; it stays empty unless they are good. `id` has to be the
 * row's. */
enum wi_read_fault wi_join_row_read(
    struct wi_join_row *row, const char *id, const char *text, size_t size);

#endif
