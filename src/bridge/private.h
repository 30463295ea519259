/*
 * What the files of this folder share: the bridge itself and its nodes. Nobody else includes this.
 *
 *   listener  ->  socket (one connection)  ->  transfer (an HTTP answer)   files.c
 *                                          ->  link (a WebSocket)          link.c
 *
 * Each of these calls only those to its left:
 *   link <- outgoing <- node <- response, refused <- messages <- announce <- bridge
 * What a link tells is heard by announce.c while it is a stranger's, then by messages.c.
 */
#ifndef WI_BRIDGE_PRIVATE_H
#define WI_BRIDGE_PRIVATE_H

#include "base/certificate.h"
#include "base/listener.h"
#include "base/log_limit.h"
#include "base/loop.h"
#include "bridge/answer_check.h"
#include "bridge/bridge.h"
#include "bridge/frame.h"
#include "bridge/joins.h"
#include "bridge/link.h"
#include "bridge/page.h"
#include "bridge/places.h"
#include "bridge/tokens.h"
#include <uthash.h>

#define WI_PROTOCOL_NAME "webinfer.v1"

struct wi_node;
struct wi_transfer;

/* Taken from the configuration, so that a reload is one assignment. */
struct wi_bridge_settings {
    int64_t heartbeat_interval, heartbeat_misses, resume_grace; /* ms, count, ms */
    uint64_t max_nodes, model_budget;
    uint64_t max_per_address; /* sockets */
    uint64_t own_nodes;       /* places of max_nodes that are kept for sessions of ours */
};

struct wi_bridge {
    uv_loop_t *loop;
    struct lws_vhost *vhost;
    struct wi_store *store;
    struct wi_bridge_events events;
    struct wi_bridge_settings settings;
    struct wi_listener *listener;
    struct wi_page *page;
    struct wi_tokens tokens;
    struct wi_joins joins;
    struct wi_node *nodes;  /* hash by id */
    struct wi_links links;  /* all open WebSockets */
    struct wi_timer *sweep; /* ends nodes that were dropped from inside a call */
    struct wi_places places;
    size_t node_count, own_count;       /* all nodes; those of our sessions */
    uint64_t sequence;                  /* of messages sent */
    char *url;                          /* as browsers reach us */
    char *local_url;                    /* from the listening address */
    struct wi_certificate *certificate; /* NULL: without TLS */
    struct lws_context *lws;
    char *security_headers;
    struct wi_bridge_counters counters;
    struct wi_strings odd_models;    /* hashes of those whose outputs have not the shape promised */
    struct wi_log_limit bad_answers; /* lines that others can cause */
    int closed;
};

/* --- files.c --------------------------------------------------------------------------------- */

/* The lws callback of plain HTTP; also the one that refuses upgrades. */
int wi_files_callback(
    struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t length);
/* Answers the request on `wsi` with a short text and closes or keeps the connection. The value is
 * for the lws callback to return. `extra` is more header lines, each ended by CR LF, or NULL. */
int wi_files_refuse(
    struct lws *wsi, struct wi_bridge *bridge, int status, const char *text, const char *extra);
/* Everything that each answer carries: COOP, COEP, CSP and so on. Owned by the caller. */
char *wi_files_security_headers(const char *url, const char *local_url);
/* Lets go of a transfer whose socket is gone; a read under way frees it later. NULL is fine. */
void wi_transfer_abandon(struct wi_transfer *transfer);

/* --- upgrade.c ------------------------------------------------------------------------------- */

/* Checks a WebSocket upgrade: 0 to go on, else what the lws callback returns. */
int wi_upgrade_check(struct lws *wsi, struct wi_bridge *bridge, const char *upgrade);
/* Whether a page of `origin` (NULL: not a browser) may open a WebSocket here; `host` is what the
 * request's Host header says. Pure. */
int wi_origin_allowed(const char *origin, const char *host, const char *url, const char *local_url);

/* --- nodes ----------------------------------------------------------------------------------- */

/* Models offered with model_load stay fetchable for as long as this many later ones. */
#define WI_OFFERED_MODELS 16
/* So many models that it was given work for, the latest, may a node fetch, beside those at work. */
#define WI_GRANTED_MODELS 32

struct wi_attempt {
    char id[WI_FRAME_ID_MAX + 1];
    int accepted;
    struct wi_sent sent; /* what its answer is held against */
    UT_hash_handle hh;   /* uthash keeps the order of insertion: the first is the oldest */
};

struct wi_node {
    struct wi_bridge *bridge;
    struct wi_node_info info;
    char join[WI_ID_SIZE]; /* the join token that it came with, or "" */
    struct wi_link *link;  /* NULL while away */
    struct wi_renewed resume, credential;
    struct wi_attempt *attempts;
    struct wi_strings acks; /* answered and not yet acknowledged */
    size_t ack_bytes;       /* of those answers */
    struct wi_timer *ack_timer, *heartbeat_timer, *grace_timer;
    double heartbeat_sent, rtt, busy_since_ms;
    uint64_t heartbeat_sequence;
    uint64_t heartbeat_id; /* message sequence of the last heartbeat, for its echo */
    json_t *models;
    struct wi_link_heard heard; /* of the links before this one; last_seen while away */
    /* What it sends through its link, in the second that began then: messages.c. */
    double window;
    unsigned loose_messages;
    size_t json_bytes;
    double log_window; /* start of the second in which log lines are counted */
    unsigned log_count;
    struct wi_model *offered[WI_OFFERED_MODELS]; /* referenced */
    unsigned offered_next;
    char granted[WI_GRANTED_MODELS][65]; /* by content; "" for none */
    unsigned granted_next;
    unsigned untold;      /* messages refused in a row that nobody could tell: refused.c */
    int untold_large;     /* the last was too large */
    char untold_why[128]; /* why the last was refused */
    char left_why[96];    /* what it said when it closed its connection last, or "" */
    int left;             /* its close said that it was done */
    int dropped;          /* the sweep ends the node */
    char drop_reason[128];
    UT_hash_handle hh;
};

#endif
