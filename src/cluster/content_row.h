/*
 * The members of a cluster that serve the model with a CID, as they share it (cluster/rows.h): a
 * JSON object under the CID. Each member is named by its instance, with a key; its address is in
 * its own record (member.h). Rows come from other machines, so all of one is hostile: it is
 * bounded, and read whole or not at all. Pure.
 *
 * The key is there for those who may read the rows: a daemon that asks the member for a block shows
 * a proof that it knows the key. The proof is of that block's CID, so that it is of no use for
 * another block to a program that overhears it.
 */
#ifndef WI_CLUSTER_CONTENT_ROW_H
#define WI_CLUSTER_CONTENT_ROW_H

#include "base/buffer.h"
#include "base/hash.h"
#include "base/secret.h"
#include "cluster/rows.h"
#include "terms/model/cid.h"

#define WI_CONTENT_HOLDERS_MAX 16 /* of one CID; more of them would not make a pull faster */

struct wi_content_holder {
    char instance[WI_ID_SIZE]; /* of a daemon: one that starts again is another one */
    unsigned char key[WI_HASH_SIZE];
};

/* A value; all zero: no member serves it. */
struct wi_content_row {
    struct wi_content_holder holders[WI_CONTENT_HOLDERS_MAX];
    size_t count;
};

/* NULL: it does not serve it. */
const struct wi_content_holder *wi_content_row_find(
    const struct wi_content_row *row, const char *instance);
/* That daemon serves it from now on, with that key. 0, or -1: enough others do. */
int wi_content_row_add(
    struct wi_content_row *row, const char *instance, const unsigned char key[WI_HASH_SIZE]);
void wi_content_row_drop(struct wi_content_row *row, const char *instance);

/* The text for `out`, of at most WI_ROW_MAX bytes. */
void wi_content_row_print(const struct wi_content_row *row, struct wi_buffer *out);
/* Fills an empty row from any bytes; it stays empty unless they are good. `name` has to be a CID as
 * wi_cid_print has it. */
enum wi_read_fault wi_content_row_read(
    struct wi_content_row *row, const char *name, const char *text, size_t size);

/* The proof for that block. */
void wi_content_proof(const unsigned char key[WI_HASH_SIZE], const struct wi_cid *cid,
    unsigned char proof[WI_HASH_SIZE]);

#endif
