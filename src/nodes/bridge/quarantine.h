/*
 * The joined nodes that were found wrong, and the visitors that the listener refuses for it. Pure
 * but for the database, in which the rows are kept; no other module writes them there.
 *
 * If a node's answers were wrong, its node token is refused until the row is lifted; its join token
 * is refused to the address that the node came from, for 24 hours. For less grave causes both kinds
 * of token are refused for a limited time only. The service forgets join tokens when it ends,
 * except those of remembered devices; after a restart that address is refused with any join token.
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

/* The most rows that are kept; beyond it the oldest is dropped. */
#define WI_QUARANTINE_MAX 10000
/* How long an address is refused. */
#define WI_QUARANTINE_MS ((int64_t)24 * 3600 * 1000)
/* A join token with this many rows for wrong answers is revoked. */
#define WI_QUARANTINE_REVOKES 3
/* The number of departed nodes, the latest, that are still known by their ids: their work may still
 * be judged. */
#define WI_QUARANTINE_GONE_MAX 1024
/* Bytes of the name of the evidence, and of a reason, with a NUL; longer texts are cut. */
#define WI_QUARANTINE_EVIDENCE_SIZE 24
#define WI_QUARANTINE_REASON_SIZE 160

/* Sent to a node under quarantine, as the reason of its close frame and as the code of `bye`. */
#define WI_QUARANTINED "quarantined"

/* A node that joined, with a join token or with a node token. */
struct wi_visitor {
    char node[WI_ID_SIZE];
    char join[WI_ID_SIZE];            /* id of the token, in the list of both kinds */
    char name[WI_TOKEN_NAME_MAX + 1]; /* of a node token; "" for a join token */
    char address[WI_PEER_TEXT_SIZE];
};

struct wi_quarantine;
struct wi_quarantine *wi_quarantine_new(void);
void wi_quarantine_free(struct wi_quarantine *quarantine); /* NULL is fine */
/* Reads the rows in `db` (NULL: keep nothing), and stores them there from now on; called once, at
 * the start. `db` must outlive it. Times are Unix milliseconds here and below. */
void wi_quarantine_keep(struct wi_quarantine *quarantine, struct wi_db *db, int64_t now);

/* The node is gone. */
void wi_quarantine_note_gone(struct wi_quarantine *quarantine, const struct wi_visitor *visitor);
/* Finds a departed node, borrowed until the next is noted; NULL if it is no longer known. */
const struct wi_visitor *wi_quarantine_find_gone(
    const struct wi_quarantine *quarantine, const char *node);

/* The evidence, one of wi_evidence_names; a reason with details for admins; and the length of the
 * quarantine, 0 for wrong answers, see above. */
struct wi_quarantine_cause {
    const char *evidence, *reason;
    int64_t for_ms;
};
/* Puts the node under quarantine. Returns 0, or -1 if it is already. */
int wi_quarantine_add(struct wi_quarantine *quarantine, const struct wi_visitor *visitor,
    const struct wi_quarantine_cause *cause, int64_t now);
/* The number of rows for wrong answers that a join token has now. */
size_t wi_quarantine_wrongs(const struct wi_quarantine *quarantine, const char *join);
/* Whether a visitor with that token and address is refused; its `node` is ignored. */
int wi_quarantine_refuses(
    struct wi_quarantine *quarantine, const struct wi_visitor *visitor, int64_t now);
/* Removes a row by its id. Returns 0, or -1 if there is none. */
int wi_quarantine_lift(struct wi_quarantine *quarantine, const char *id);

size_t wi_quarantine_count(struct wi_quarantine *quarantine, int64_t now);
/* [{"id","node","token","join","address","evidence","reason","since","until"}] of the latest
 * `most`, the oldest first. The address, and the reason, which may name the models of others, are
 * included only with `everything`. New reference. */
json_t *wi_quarantine_json(
    struct wi_quarantine *quarantine, size_t most, int everything, int64_t now);

#endif
