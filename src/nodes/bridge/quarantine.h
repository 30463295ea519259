/*
 * Nodes that joined and were found wrong: who they were, and whom the listener refuses for it. Pure
 * but for the database, in which it is kept; nobody else writes it there.
 *
 * A node whose answers were wrong: a node token is refused until its row is lifted, a join token to
 * the address that the node came from, for 24 hours. What is less grave has an end for both. The
 * service forgets join tokens when it ends, so that after a restart that address is refused with
 * any join token.
 */
#ifndef WI_NODES_BRIDGE_QUARANTINE_H
#define WI_NODES_BRIDGE_QUARANTINE_H

#include "base/net/addresses.h"
#include "base/secret.h"
#include "settings/config/api_tokens.h"
#include "settings/store/db.h"
#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

/* More rows are not kept: the oldest goes. */
#define WI_QUARANTINE_MAX 10000
/* For how long an address is refused. */
#define WI_QUARANTINE_MS ((int64_t)24 * 3600 * 1000)
/* So many rows of one join token, for wrong answers, revoke it. */
#define WI_QUARANTINE_REVOKES 3
/* Nodes that are gone and still known by their ids, the latest: what they did may be judged yet. */
#define WI_QUARANTINE_GONE_MAX 1024
/* Bytes of the name of what was found, and of a reason, with a NUL; what is longer is cut. */
#define WI_QUARANTINE_EVIDENCE_SIZE 24
#define WI_QUARANTINE_REASON_SIZE 160

/* What a node under it is told, as its close frame's reason and as the code of `bye`. */
#define WI_QUARANTINED "quarantined"

/* Who came: a node with a join token, or with a node token. */
struct wi_visitor {
    char node[WI_ID_SIZE];
    char join[WI_ID_SIZE];            /* of the token in the list of both kinds */
    char name[WI_TOKEN_NAME_MAX + 1]; /* of a node token; "" for a join token */
    char address[WI_PEER_TEXT_SIZE];
};

struct wi_quarantine;
struct wi_quarantine *wi_quarantine_new(void);
void wi_quarantine_free(struct wi_quarantine *quarantine); /* NULL is fine */
/* Reads what `db` (NULL: keep nothing) remembers, and keeps it there from now on; once, while
 * starting. `db` must outlive it. Times are Unix milliseconds here and below. */
void wi_quarantine_keep(struct wi_quarantine *quarantine, struct wi_db *db, int64_t now);

/* The node is gone. */
void wi_quarantine_note_gone(struct wi_quarantine *quarantine, const struct wi_visitor *visitor);
/* One of those, borrowed until the next is noted; NULL if it is not known any more. */
const struct wi_visitor *wi_quarantine_find_gone(
    const struct wi_quarantine *quarantine, const char *node);

/* What was found, one of wi_evidence_names; more of it for admins; and for how long the node is
 * under it, 0: its answers were wrong, see above. */
struct wi_quarantine_cause {
    const char *evidence, *reason;
    int64_t for_ms;
};
/* Puts the node under it. 0, or -1 if it is under it already. */
int wi_quarantine_add(struct wi_quarantine *quarantine, const struct wi_visitor *visitor,
    const struct wi_quarantine_cause *cause, int64_t now);
/* How many rows a join token has now for wrong answers. */
size_t wi_quarantine_wrongs(const struct wi_quarantine *quarantine, const char *join);
/* Whether who comes with that token from that address is refused; its `node` is not looked at. */
int wi_quarantine_refuses(
    struct wi_quarantine *quarantine, const struct wi_visitor *visitor, int64_t now);
/* Takes a row away, by its id. 0, or -1 if there is none. */
int wi_quarantine_lift(struct wi_quarantine *quarantine, const char *id);

size_t wi_quarantine_count(struct wi_quarantine *quarantine, int64_t now);
/* [{"id","node","token","join","address","evidence","reason","since","until"}] of the latest
 * `most`, the oldest first. Where they came from, and the reason, which may name others' models,
 * are there with `everything` only. New reference. */
json_t *wi_quarantine_json(
    struct wi_quarantine *quarantine, size_t most, int everything, int64_t now);

#endif
