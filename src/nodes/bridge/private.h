/*
 * Declarations that the files of this folder and of http/ share: the bridge itself. No other file
 * includes this header.
 *
 *   listener  ->  socket (one connection)  ->  transfer (an HTTP answer)   http/
 *                                          ->  link (a WebSocket)          link.c
 *
 * Each of these calls only those to its left:
 *   message <- link, outgoing, pieces_in, pieces_out, continuation <- node <- response, refused
 *           <- parts, pieces, person_result <- messages <- devices/challenge <- announce
 *           <- invitations <- bridge
 * The events of a link go to announce.c while it is a stranger's, then to messages.c.
 */
#ifndef WI_NODES_BRIDGE_PRIVATE_H
#define WI_NODES_BRIDGE_PRIVATE_H

#include "base/log.h"
#include "base/loop.h"
#include "base/net/certificate.h"
#include "base/net/listener.h"
#include "base/net/network.h"
#include "base/net/site.h"
#include "base/rate_limit.h"
#include "base/table.h"
#include "nodes/bridge/bridge.h"
#include "nodes/bridge/http/content_list.h"
#include "nodes/bridge/http/outflow.h"
#include "nodes/bridge/joins/joins.h"
#include "nodes/bridge/link.h"
#include "nodes/bridge/outgoing.h"
#include "nodes/bridge/peers/accused.h"
#include "nodes/bridge/peers/peers.h"
#include "nodes/bridge/socket_limits.h"
#include "nodes/bridge/tokens.h"
#include "nodes/node/frame.h"

#define WI_PROTOCOL_NAME "webinfer.v1"

struct wi_devices;
struct wi_node;
struct wi_quarantine;
struct wi_socket;

/* Taken from the configuration, so that a reload is one assignment. */
struct wi_bridge_settings {
    int64_t heartbeat_interval, heartbeat_misses, resume_grace; /* ms, count, ms */
    uint64_t max_nodes, model_budget;
    uint64_t max_answer;      /* bytes of tensors */
    uint64_t max_per_address; /* sockets */
    uint64_t own_nodes;       /* places of max_nodes that are reserved for our own sessions */
    struct wi_model_terms models;
    enum wi_strangers strangers;
    struct wi_config_content content;
    int has_tokens; /* there is a tokens file */
    int devices;    /* may be remembered */
};

struct wi_bridge {
    uv_loop_t *loop;
    struct lws_vhost *vhost;
    struct wi_repository *repository;
    struct wi_blockstore *blocks; /* NULL: nothing is served by content */
    char *id;                     /* of this daemon, for its neighbours */
    uint64_t content_takes;       /* bytes of another copy that it would make */
    int has_members;              /* of a cluster: they know the key, and may ask for blocks */
    unsigned char members_key[WI_HASH_SIZE];
    struct wi_content_list content;
    struct wi_bridge_events events;
    struct wi_bridge_settings settings;
    struct wi_listener *listener;
    struct wi_site *page;
    struct wi_tokens tokens;
    struct wi_joins joins;
    struct wi_joining *joining; /* nodes that wait for a place of their join token; announce.c */
    struct wi_quarantine *quarantine;
    struct wi_devices *devices;
    struct wi_db *db;              /* NULL: nothing is kept */
    struct wi_rate_limit results;  /* of people, of all nodes together: person_result.c */
    struct wi_shares join_traffic; /* of messages, likewise */
    struct wi_toll joined_reading; /* of the loop's time, for all nodes that joined */
    struct wi_shares join_shares;  /* of memory, by the join token's id */
    struct wi_node *nodes;         /* hash by id */
    struct wi_links links;         /* all open WebSockets */
    struct wi_timer *sweep;        /* ends nodes that were dropped inside a call */
    struct wi_timer *memory_timer; /* runs while answers in pieces wait for memory */
    struct wi_timer *look_timer;   /* runs while such answers arrive */
    struct wi_timer *device_timer; /* forgets devices that were away for long */
    struct wi_socket_limits limits;
    size_t node_count, own_count;              /* all nodes; those of our sessions */
    uint64_t sequence;                         /* of messages sent */
    char *url;                                 /* at which browsers reach us */
    char *local_url;                           /* from the listening address */
    char *inside_url;                          /* on the loopback of a session's own network */
    unsigned port;                             /* of the listener */
    struct wi_certificate *certificate;        /* NULL: without TLS */
    struct wi_certificate *inside_certificate; /* the same one, judged for inside_url */
    struct lws_context *lws;
    char *security_headers;
    struct wi_strings siblings; /* origins of the operator's other daemons ([bridge] endpoints) */
    struct wi_peers peers;
    struct wi_accused accused;  /* peers, of wrong blocks */
    struct wi_networks proxies; /* that state which peer they pass on ([bridge] trusted_proxies) */
    struct wi_bridge_counters counters;
    struct wi_strings odd_models; /* hashes of models whose outputs lack the promised shape */
    struct wi_log_limit bad_answers, no_room, broken_off; /* log lines that others can cause */
    struct wi_outflow outflow;                            /* of all answers by content */
    size_t content_answers;                               /* of these answers, under way */
    int highest_fd; /* of any connection: base/descriptors.h */
    int closed;
};

/* --- upgrade.c -------------------------------------------------------------------------------- */

/* Checks a WebSocket upgrade. Returns 0 to continue, else the value for the lws callback to
 * return. */
int wi_upgrade_check(struct lws *wsi, struct wi_bridge *bridge, const char *upgrade);
/* Called after that check: a proxy of the operator's may have stated the peer that it passes on,
 * which then stands for the socket's address. Returns as above. */
int wi_upgrade_take_peer(struct lws *wsi, struct wi_socket *socket);
/* Whether a page of `origin` (NULL: not a browser) may open a WebSocket here because we have served
 * it; `host` is the request's Host header. Pure. Public for tests. */
int wi_origin_allowed(const char *origin, const char *host, const char *url, const char *local_url);
/* Whether a request that is admitted because it comes from this machine was meant for us. An
 * attacker's host name can direct the requests of his page to us, from a browser on this machine.
 * `host` is the request's Host header, or ""; `url` is the one at which browsers reach us. Pure. */
int wi_host_allowed(const char *host, const char *url);

/* Time that a stranger has to announce its node. */
#define WI_HELLO_MS 5000
/* Events of a stranger's link, whose context is its struct wi_socket. A new node is welcomed, one
 * that was away is taken back, and anything else closes the link. */
extern const struct wi_link_events wi_announce_events;
/* For wi_joins_events: what the first node that waits for a place of that token has got. */
void wi_announce_place(void *bridge, const char *join_id, enum wi_join_verdict verdict);
/* The socket goes; its node waits no more, neither for a place nor for the proof of a device. */
void wi_announce_forget(struct wi_socket *socket);
/* Forgets all nodes that wait. */
void wi_announce_close(struct wi_bridge *bridge);
/* Events of a node's link, whose context is the node: a row and a function for each type of
 * message. */
extern const struct wi_link_events wi_messages_events;

#endif
