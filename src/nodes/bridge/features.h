/*
 * The abilities of a node's browser, found by trying them: the table of features, the question to a
 * node, and its answer, of which only the form is checked.
 */
#ifndef WI_NODES_BRIDGE_FEATURES_H
#define WI_NODES_BRIDGE_FEATURES_H

#include "nodes/bridge/bridge.h"

/* One row for each feature; the code that tries it is in page/src/features/table.js. */
struct wi_feature {
    const char *name;
    const char *title; /* for people */
};
/* The table, which ends with a row without a name. Public for tests. */
extern const struct wi_feature wi_features[];

#define WI_FEATURE_DETAIL_MAX 256 /* bytes */

enum wi_look_state {
    WI_LOOK_NEVER, /* it was not asked */
    WI_LOOK_ASKED, /* it has not answered yet */
    WI_LOOK_DONE,
    WI_LOOK_FAILED /* it gave no usable answer: `reason` */
};
extern const char *const wi_look_names[]; /* by state; ends with NULL */

/* The question to one node, and its result. */
struct wi_look {
    enum wi_look_state state;
    uint64_t query;   /* sequence of the latest message that asked */
    int64_t asked_at; /* Unix milliseconds */
    int64_t found_at; /* likewise; 0: no result yet */
    json_t *found;    /* as wi_features_read makes it, also while it is asked again; or NULL */
    char reason[128]; /* if failed */
    struct wi_timer *timer; /* NULL: never asked */
};

/* Reads `data.features` of a report: {NAME: {"state", "detail"}} for each row of the table, in its
 * order; names that are not in the table are left out, and features that are not in the report are
 * "no". A new reference, or NULL with `error` naming the field. Pure. */
json_t *wi_features_read(const json_t *features, struct wi_error *error);
/* [{"name", "title"}] of the table; new reference. */
json_t *wi_features_json(void);

/* Asks the node to find out what its browser can do by trying it, which takes a while. A node with
 * an open question is not asked again. WI_OK or WI_NODE_NOT_FOUND. */
enum wi_code wi_bridge_look(struct wi_bridge *bridge, const char *node_id);
/* The result of wi_bridge_look; borrowed until the next turn of the loop, NULL if there is no such
 * node. */
const struct wi_look *wi_bridge_looked(const struct wi_bridge *bridge, const char *node_id);

/* --- a node's --------------------------------------------------------------------------------- */

struct wi_node;
/* Asks the node, which must have a link, unless a question is already open. */
void wi_look_ask(struct wi_node *node);
/* The node is back, and may have forgotten the question. */
void wi_look_resume(struct wi_node *node);
/* A report answers the message `reply_to` (may be NULL) with `found` (taken over; NULL: the page
 * tries no features). */
void wi_look_answer(struct wi_node *node, const char *reply_to, json_t *found);
void wi_look_clear(struct wi_look *look);

#endif
