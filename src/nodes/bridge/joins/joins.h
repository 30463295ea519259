/*
 * Secrets with which nodes join that others have started. There are two kinds. A join token admits
 * a limited number of nodes at a time, until it expires; a node that leaves makes its place free
 * again. The members of a cluster share their join tokens (shared_joins.h). A node token, from the
 * tokens file, admits any number of nodes until it is removed from the file. A token of rank relay
 * is a node token, too: its nodes may be relays. As in tokens.h, only hashes are kept, and every
 * look-up compares all of them in constant time.
 */
#ifndef WI_NODES_BRIDGE_JOINS_H
#define WI_NODES_BRIDGE_JOINS_H

#include "base/secret.h"
#include "cluster/join_row.h"
#include "nodes/bridge/bridge_reading.h"
#include "settings/config/api_tokens.h"
#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#define WI_JOINS_MAX 256 /* join tokens that are valid or in use */

/* What a join token admits. */
struct wi_join_terms {
    size_t nodes;      /* at a time */
    int64_t ttl_ms;    /* from now; later, no new node may join */
    int shareable;     /* people who joined with the link may pass it on */
    const char *label; /* for the operator's lists: fewer than WI_JOIN_LABEL_SIZE bytes of plain
                          UTF-8; NULL: none */
};

enum wi_join_verdict {
    WI_JOIN_OK,
    WI_JOIN_UNKNOWN,
    WI_JOIN_FULL,
    WI_JOIN_AWAY, /* the cluster's servers cannot be used, which would have to tell */
    WI_JOIN_ASKED /* on_place follows */
};

/* What becomes of tokens that members share; called on the loop. */
struct wi_joins_events {
    /* The first of those nodes that were told WI_JOIN_ASKED for this token and have not heard since
     * has a place (WI_JOIN_OK, for wi_joins_release) or none. Comes from inside of what revokes
     * only, and then there is none. */
    void (*on_place)(void *context, const char *id, enum wi_join_verdict verdict);
    /* Of the nodes that have joined with this token at most `most` may stay. */
    void (*on_fewer)(void *context, const char *id, size_t most);
    /* The token was revoked. */
    void (*on_revoked)(void *context, const char *id);
    /* All tokens are known from now on, after a connection: there are no others. */
    void (*on_known)(void *context);
    void *context;
};

/* Zero-initialise. */
struct wi_join;
struct wi_joins {
    struct wi_join **items;
    size_t count;
    struct wi_rows *rows; /* NULL: nothing is shared */
    struct wi_joins_events events;
    /* How many devices are remembered with a token: while there are any, one that is not shared
     * stays when it is over. NULL: there are never any. Set by the owner. */
    size_t (*count_devices)(void *devices, const char *id);
    void *devices;
};

/* 0 and the new token with its id, or -1 if there are too many. Times are monotonic. A shared one
 * is of use once the members know it. */
int wi_joins_add(struct wi_joins *joins, const struct wi_join_terms *terms, double now_ms,
    char id[WI_ID_SIZE], char token[WI_TOKEN_SIZE]);
/* Takes a place; on WI_JOIN_OK and WI_JOIN_ASKED `id` names the token, for wi_joins_release. */
enum wi_join_verdict wi_joins_take(
    struct wi_joins *joins, const char *token, double now_ms, char id[WI_ID_SIZE]);
/* The loop's time that the nodes of that token, which was taken, have used; borrowed. */
struct wi_reading_token *wi_joins_reading(const struct wi_joins *joins, const char *id);
void wi_joins_release(struct wi_joins *joins, const char *id); /* unknown ids are fine */
/* 0, or -1: unknown. A shared one is revoked here at once, and everywhere as soon as the servers
 * can be used. */
int wi_joins_revoke(struct wi_joins *joins, const char *id);
/* Takes a place for a device of that token, which may be expired, as wi_joins_take does. */
enum wi_join_verdict wi_joins_take_again(struct wi_joins *joins, const char *id);
/* What a join token admits, without its `ttl_ms`; the label is borrowed. It must be known. */
struct wi_join_terms wi_joins_terms(const struct wi_joins *joins, const char *id);
/* Makes the token of an earlier daemon whose devices are remembered, unless it is known or tokens
 * are shared. It is expired, because its secret is lost. `ttl_ms` of the terms has no meaning. */
void wi_joins_restore(
    struct wi_joins *joins, const char *id, const struct wi_join_terms *terms, double now_ms);
/* Makes the entries of `tokens` with the rank WI_RANK_NODE or WI_RANK_RELAY the node tokens. Each
 * former node token that is not among them is revoked, and `on_revoked` is called with its id.
 * Those that remain keep their nodes. */
void wi_joins_set_node_tokens(struct wi_joins *joins, const struct wi_api_tokens *tokens,
    void (*on_revoked)(void *context, const char *id), void *context);
/* The name of a node token in the tokens file, borrowed; "" for a join token and for an unknown
 * id. */
const char *wi_joins_name(const struct wi_joins *joins, const char *id);
/* The label of a join token, borrowed; "" for one without, for a node token and for an unknown
 * id. */
const char *wi_joins_label(const struct wi_joins *joins, const char *id);
/* Whether it is a join token that people may pass on. */
int wi_joins_is_shareable(const struct wi_joins *joins, const char *id);
/* Whether that token, which was taken, has the rank WI_RANK_RELAY. */
int wi_joins_is_relay(const struct wi_joins *joins, const char *id);
/* Whether it is one of the node tokens. */
int wi_joins_is_node_token(const struct wi_joins *joins, const char *token);
/* The join tokens, without the node tokens:
 * [{"id","label","shareable","nodes","joined","devices","expires_at"}]. */
json_t *wi_joins_json(const struct wi_joins *joins, double now_ms);
/* The node tokens, and those for relays that have nodes: [{"name","joined"}]. */
json_t *wi_joins_node_tokens_json(const struct wi_joins *joins);
void wi_joins_clear(struct wi_joins *joins);

#endif
