/*
 * The life of a node: welcomed, away when its socket drops, back within its grace, down. Its
 * attempts, acknowledgements and heartbeats. `wi_node_info` and `wi_node_state` are made here.
 * Times are those of wi_awake_ms: what a node sent while the daemon stood still was not late. Only
 * clients' deadlines (struct wi_sent) and the end of a join token go by wi_now_ms.
 */
#ifndef WI_NODES_BRIDGE_NODE_H
#define WI_NODES_BRIDGE_NODE_H

#include "base/rate_limit.h"
#include "base/share.h"
#include "nodes/bridge/answer_check.h"
#include "nodes/bridge/features.h"
#include "nodes/bridge/orders.h"
#include "nodes/bridge/peers/given.h"
#include "nodes/bridge/private.h"
#include "nodes/bridge/quarantine.h"
#include "nodes/bridge/task/task_stream.h"
#include "nodes/node/pieces_in.h"
#include "nodes/node/pieces_out.h"
#include "nodes/node/relay.h"
#include "nodes/node/tally.h"

/* A model offered with model_load stays fetchable until this many later ones have been offered. */
#define WI_OFFERED_MODELS 16
/* Besides the models of its running attempts, a node may fetch this many of the latest models for
 * which it was given work. */
#define WI_GRANTED_MODELS 32

/* Bytes of a message from a joined node that belongs to no attempt. */
#define WI_LOOSE_MAX ((size_t)64 * 1024)

struct wi_attempt {
    char id[WI_FRAME_ID_MAX + 1];
    int accepted;
    double sent_at;
    struct wi_sent sent; /* what its answer is checked against */
    struct wi_stream stream;
    double progress_at;        /* when its progress was last reported */
    struct wi_pieces_out *out; /* NULL: its tensors went in one message */
    struct wi_pieces_in *in;   /* NULL: no outline of its answer has come */
    UT_hash_handle hh;         /* uthash keeps the order of insertion: the first is the oldest */
};

struct wi_node {
    struct wi_bridge *bridge;
    struct wi_node_info info;
    char join[WI_ID_SIZE];      /* the join token that it came with, or "" */
    const char *device_problem; /* why its key is not remembered; NULL: it is, or has none */
    struct wi_peer peer;        /* of its latest socket */
    /* Shares of memory: for answers in pieces, and for messages that are incomplete or not sent
     * yet. The parent of each is the share of all nodes with this token. */
    struct wi_share share, traffic;
    struct wi_link *link; /* NULL while away */
    struct wi_renewed resume, credential;
    struct wi_relay_models *relay_models; /* of a relay, as in its info; else NULL */
    uint64_t max_frame;                   /* bytes of a binary message, either way */
    int threads;                          /* the number that it was told to use; 0: none yet */
    struct wi_attempt *attempts;
    struct wi_pieces_turns turns; /* of the tensors sent to it in pieces */
    struct wi_strings acks;       /* answered and not yet acknowledged */
    size_t ack_bytes;             /* of those answers */
    json_t *part_acks;            /* {ATTEMPT: seq}, likewise; NULL: none */
    size_t parts_in_flight; /* the most that may still come from streams that have ended here */
    struct wi_timer *ack_timer, *heartbeat_timer, *grace_timer;
    struct wi_tally tally;
    double heartbeat_sent, rtt, busy_since_ms;
    uint64_t heartbeat_sequence;
    uint64_t heartbeat_id; /* message sequence of the last heartbeat, for its echo */
    int heartbeat_open;    /* that one has no reply yet */
    json_t *models;
    struct wi_model_order *orders; /* those that a caller waits for */
    struct wi_look look;
    struct wi_link_heard heard; /* of the links before this one; last_seen while away */
    struct wi_given given;
    /* Messages for no attempt, log lines, tickets for a peer, and wrong blocks: messages.c; tickets
     * for files of a model: http/serve_files.c. */
    struct wi_rate_limit loose, lines, tickets, wrong_blocks, file_tickets;
    struct wi_reading reading; /* of its messages; holds a reference to its token's share */
    unsigned late_large;       /* large messages that may still come for attempts that have ended */
    unsigned tunings;          /* the number it has reported since its last welcome */
    double result_at;          /* when a result of its person was taken last; 0: never */
    struct wi_model *offered[WI_OFFERED_MODELS]; /* referenced */
    unsigned offered_next;
    char granted[WI_GRANTED_MODELS][65]; /* by content; "" for none */
    unsigned granted_next;
    char left_why[96];            /* the reason it gave when it last closed its connection, or "" */
    int left_code;                /* the code of that close; 0: none, or it did not close it */
    int paused;                   /* it accepts no new task until it says so */
    int throttled;                /* it runs slowly at present, as it says */
    struct wi_rate_limit resumes; /* of taking more work again */
    int dropped;                  /* the sweep ends the node */
    int quarantined;              /* … because it was found wrong: its messages no longer count */
    char drop_reason[128];
    UT_hash_handle hh;
};

/* `join`: the token that it came with, or "". */
struct wi_node *wi_node_new(
    struct wi_bridge *bridge, const struct wi_node_info *info, const char join[WI_ID_SIZE]);
struct wi_node *wi_node_find(const struct wi_bridge *bridge, const char *id); /* or NULL */
/* Makes the link the node's, which was new or away, and starts its heartbeats. The link's events
 * come with the node for their context. */
void wi_node_attach(
    struct wi_node *node, struct wi_link *link, const struct wi_link_events *events);
/* Fills info.party, once its join and its peer are known. */
void wi_node_name_party(struct wi_node *node);
/* A ticket as JSON that says that the node is the peer of that id, which the caller owns; NULL: it
 * has said so of too many ids. */
char *wi_node_ticket(struct wi_node *node, const char *id);
/* Its identity, by which it is recognised later. It must have joined. */
struct wi_visitor wi_node_visitor(const struct wi_node *node);
/* Renews the node's secrets and sends them; `resumed` (NULL: it is new) is borrowed. */
void wi_node_welcome(struct wi_node *node, const struct wi_resumed *resumed);
/* Tells it how many threads it may use, if that has changed since it was last told. It must have a
 * link. */
void wi_node_share_threads(struct wi_node *node);
/* The node has said that it accepts no new task, or accepts them again. One that says the latter
 * too often stays paused, until it says so in a later second. */
void wi_node_pause(struct wi_node *node, int paused);
/* The node has said that it runs slowly at present, or no longer; limited in the same way. */
void wi_node_throttle(struct wi_node *node, int throttled);
/* Sends the current values of the welcome's settings for threads and language models. */
void wi_node_tell_settings(struct wi_node *node);
/* Closes its link, if it has one, without telling the upper layer. */
void wi_node_detach(struct wi_node *node, const char *reason);
/* Closes its link after a fault of the peer's: tells the upper layer that the node is away, and
 * waits for the page to come back. The node must have a link. */
void wi_node_fail(struct wi_node *node, enum wi_close code, const char *reason);
/* The same after a fault that the node would repeat: its attempts are lost at once and not waited
 * for. Otherwise it would keep an answer that cannot be read and send it again for ever, with all
 * other messages behind it. Its next welcome tells it to forget them. */
void wi_node_give_up(struct wi_node *node, enum wi_close code, const char *reason);
/* For wi_link_events of nodes. The peer's close frame says whether it means to come back, and
 * whether with its resume token. Once its socket is gone, the node is away, or gone. */
void wi_node_on_left(void *node, struct wi_link *link, int code, const void *text, size_t size);
void wi_node_on_gone(void *node, struct wi_link *link);
/* Its traffic over all its links, and when it was last heard. */
struct wi_link_heard wi_node_heard(const struct wi_node *node);
/* Ends the node and frees it: says `bye` with `code` if it is connected, reports its attempts lost
 * in the order sent, then the node down. If it is under quarantine, none of its attempts is blamed.
 * Never call it from inside a call of the upper layer's. */
void wi_node_down(struct wi_node *node, const char *code, const char *why);
/* The same when the node leaves by itself: nothing is sent to it. With `blame`, the oldest of its
 * attempts may have been the reason. */
void wi_node_leave(struct wi_node *node, int blame, const char *why);
/* The loop ends the node in its next turn; until then it is sent nothing. */
void wi_node_expel(struct wi_node *node, const char *why);
/* When the bridge closes: releases timers, attempts and models, so that the loop can run empty. The
 * node itself stays, because its own event may be what ends the bridge. */
void wi_node_quiesce(struct wi_node *node);
/* Frees it without any report; its sockets are gone. */
void wi_node_free(struct wi_node *node);
/* The live node with the model credential `token`, or NULL. A credential is the node's id, a dot
 * and a secret, so that a file request does not have to search all nodes. */
struct wi_node *wi_node_by_credential(const struct wi_bridge *bridge, const char *token);

/* --- node_attempts.c ------------------------------------------------------------------------- */

/* Whether the node was given work for the model, or told to load it. */
int wi_node_may_fetch(const struct wi_node *node, const struct wi_model *model);
/* Keeps the model fetchable although no attempt holds it. */
void wi_node_offer(struct wi_node *node, struct wi_model *model);

/* Sends a task and notes the attempt. The node must have a link; as wi_bridge_send_task. */
enum wi_code wi_node_send_task(
    struct wi_node *node, const struct wi_task *task, struct wi_error *error);
/* Raises a stream's credit; does nothing if it would not be raised. */
void wi_node_grant(
    struct wi_node *node, struct wi_attempt *attempt, const struct wi_credit *credit);
struct wi_attempt *wi_node_find_attempt(const struct wi_node *node, const char *id); /* or NULL */
/* The node has accepted the attempt, which is reported once. Returns 1 the first time. */
int wi_node_accepts(struct wi_node *node, struct wi_attempt *attempt);
void wi_node_remove_attempt(struct wi_node *node, struct wi_attempt *attempt);
/* Attempts that are in neither list were never received: removes them and reports them lost. */
void wi_node_reconcile(struct wi_node *node, const json_t *running, const json_t *unacknowledged);
/* Removes all attempts and reports them lost. */
void wi_node_lose(struct wi_node *node, const char *why);

/* Stores the models that it has now (the list of a model_status, which is taken over; NULL:
 * none). */
void wi_node_set_models(struct wi_node *node, json_t *models);

/* --- node_acks.c ----------------------------------------------------------------------------- */

/* Sends the message, which is taken over. Returns 0, or -1 if the node has no link or its link is
 * full. */
int wi_node_send(struct wi_node *node, struct wi_message *message);
/* Notes that an answer of `bytes` was taken, to be acknowledged soon. */
void wi_node_acknowledge(struct wi_node *node, const char *attempt_id, size_t bytes);
/* Notes that all parts below `seq` were taken, likewise. */
void wi_node_acknowledge_parts(struct wi_node *node, const char *attempt_id, uint64_t seq);
/* Sends the noted acknowledgements at once. */
void wi_node_send_acks(struct wi_node *node);
/* The acknowledgements of answers went out in another message. */
void wi_node_clear_acks(struct wi_node *node);
/* Forgets all acknowledgements. */
void wi_node_forget_acks(struct wi_node *node);

#endif
