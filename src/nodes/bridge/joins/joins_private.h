/* The table of tokens that nodes join with: shared between joins.c, which says what tokens are for,
 * and shared_joins.c. */
#ifndef WI_NODES_BRIDGE_JOINS_PRIVATE_H
#define WI_NODES_BRIDGE_JOINS_PRIVATE_H

#include "base/error.h"
#include "nodes/bridge/joins/joins.h"
#include "terms/job/job_store.h"

enum wi_join_state {
    WI_JOIN_IS_KNOWN,
    WI_JOIN_IS_NEW,      /* the members do not know it yet */
    WI_JOIN_IS_WITHDRAWN /* here; its row is to go */
};

enum wi_join_change {
    WI_JOIN_IDLE,
    WI_JOIN_CHANGING, /* a change of the row has been asked for */
    WI_JOIN_FAILED    /* the last change has; it is tried again when that may help */
};

struct wi_join {
    char id[WI_ID_SIZE];
    unsigned char hash[WI_HASH_SIZE];
    double expires_ms; /* INFINITY for a node token */
    size_t nodes, joined;
    struct wi_reading_token *reading;
    char name[WI_TOKEN_NAME_MAX + 1]; /* of a node token; "" for a join token */
    char label[WI_JOIN_LABEL_SIZE];   /* of a join token, or "" */
    int shareable;
    int is_relay; /* a node token of rank relay */
    /* The rest is of tokens that members share; `joined` are the nodes here. */
    int is_shared;
    struct wi_join_row row; /* as it was told last */
    enum wi_join_state state;
    enum wi_join_change change;
    size_t waiting; /* nodes that were told WI_JOIN_ASKED */
    size_t least;   /* places that are left here by a change that may have been made */
    int settling;
    wi_job_store_done_fn *done; /* of wi_joins_await; NULL: none */
    void *done_data;
};

/* With an id and no more. */
struct wi_join *wi_joins_make(struct wi_joins *joins, int is_relay);
struct wi_join *wi_joins_find(const struct wi_joins *joins, const char *id); /* or NULL */
void wi_joins_drop(struct wi_joins *joins, struct wi_join *join);

#endif
