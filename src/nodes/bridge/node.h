/*
 * The life of a node: welcomed, away when its socket drops, back within its grace, down. Its
 * attempts, acknowledgements and heartbeats. `wi_node_info` and `wi_node_state` are made here.
 */
#ifndef WI_NODES_BRIDGE_NODE_H
#define WI_NODES_BRIDGE_NODE_H

#include "base/share.h"
#include "nodes/bridge/answer_check.h"
#include "nodes/bridge/features.h"
#include "nodes/bridge/orders.h"
#include "nodes/bridge/private.h"
#include "nodes/bridge/quarantine.h"
#include "nodes/bridge/stream.h"
#include "nodes/node/pieces_in.h"
#include "nodes/node/pieces_out.h"

/* Models offered with model_load stay fetchable for as long as this many later ones. */
#define WI_OFFERED_MODELS 16
/* So many models that it was given work for, the latest, may a node fetch, beside those at work. */
#define WI_GRANTED_MODELS 32

/* Bytes of a message from a joined node that belongs to no attempt. */
#define WI_LOOSE_MAX ((size_t)64 * 1024)

struct wi_attempt {
    char id[WI_FRAME_ID_MAX + 1];
    int accepted;
    struct wi_sent sent; /* what its answer is held against */
    struct wi_stream stream;
    double progress_at;        /* when it was told last how far it is */
    struct wi_pieces_out *out; /* NULL: its tensors went in one message */
    struct wi_pieces_in *in;   /* NULL: no outline of its answer has come */
    UT_hash_handle hh;         /* uthash keeps the order of insertion: the first is the oldest */
};

struct wi_node {
    struct wi_bridge *bridge;
    struct wi_node_info info;
    char join[WI_ID_SIZE];           /* the join token that it came with, or "" */
    char address[WI_PEER_TEXT_SIZE]; /* of its latest socket */
    /* Of memory, each with that of the nodes with this token for its parent: of answers in pieces,
     * and of messages that are not whole, or not sent yet. */
    struct wi_share share, traffic;
    struct wi_link *link; /* NULL while away */
    struct wi_renewed resume, credential;
    uint64_t max_frame; /* bytes of a binary message, either way */
    int threads;        /* that it was told it may use; 0: nothing yet */
    struct wi_attempt *attempts;
    struct wi_pieces_turns turns; /* of what is sent to it in pieces */
    struct wi_strings acks;       /* answered and not yet acknowledged */
    size_t ack_bytes;             /* of those answers */
    json_t *part_acks;            /* {ATTEMPT: seq}, likewise; NULL: none */
    size_t parts_in_flight;       /* at most, of streams that have ended here */
    struct wi_timer *ack_timer, *heartbeat_timer, *grace_timer;
    double heartbeat_sent, rtt, busy_since_ms;
    uint64_t heartbeat_sequence;
    uint64_t heartbeat_id; /* message sequence of the last heartbeat, for its echo */
    json_t *models;
    struct wi_model_order *orders; /* that somebody waits for */
    struct wi_look look;
    struct wi_link_heard heard; /* of the links before this one; last_seen while away */
    /* What it sends through its link, in the second that began then: messages.c. */
    double window;
    unsigned loose_messages;
    struct wi_reading reading; /* its messages: its token's part is referenced */
    unsigned late_large;       /* large messages that may still come for what has ended here */
    double log_window;         /* start of the second in which log lines are counted */
    unsigned log_count;
    unsigned tunings;                            /* that it told since it was welcomed last */
    struct wi_model *offered[WI_OFFERED_MODELS]; /* referenced */
    unsigned offered_next;
    char granted[WI_GRANTED_MODELS][65]; /* by content; "" for none */
    unsigned granted_next;
    char left_why[96]; /* what it said when it closed its connection last, or "" */
    int left_code;     /* of its close; 0: it said none, or did not close it */
    int paused;        /* it takes nothing new until it says otherwise */
    int dropped;       /* the sweep ends the node */
    int quarantined;   /* … since it was found wrong: what it says does not count any more */
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
struct wi_resumed;
/* Fills info.party, once its join and its address are known. */
void wi_node_name_party(struct wi_node *node);
/* Who it is, to be known again. It must have joined. */
struct wi_visitor wi_node_visitor(const struct wi_node *node);
/* Renews the node's secrets and sends them; `resumed` (NULL: it is new) is borrowed. */
void wi_node_welcome(struct wi_node *node, const struct wi_resumed *resumed);
/* Tells it how many threads it may use, where that has changed since it was told. It must have a
 * link. */
void wi_node_share_threads(struct wi_node *node);
/* It takes nothing new, or does so again, as it says. */
void wi_node_pause(struct wi_node *node, int paused);
/* What its welcome said of threads and language models, as it is now. */
void wi_node_tell_settings(struct wi_node *node);
/* Closes its link, if it has one, without a word to the upper layer. */
void wi_node_detach(struct wi_node *node, const char *reason);
/* Closes its link after a fault of the peer's: tells the upper layer that the node is away, and
 * waits for the page to come back. The node must have a link. */
void wi_node_fail(struct wi_node *node, enum wi_close code, const char *reason);
/* Of wi_link_events, for nodes: the peer's close frame says whether it means to come back, and
 * whether with what it was given; without its socket the node is away, or gone. */
void wi_node_on_left(void *node, struct wi_link *link, int code, const void *text, size_t size);
void wi_node_on_gone(void *node, struct wi_link *link);
/* What came and went over all its links, and when it was last heard. */
struct wi_link_heard wi_node_heard(const struct wi_node *node);
/* Ends the node and frees it: says `bye` with `code` if it is connected, reports its attempts lost
 * in the order sent, then the node down; of one under quarantine none may have been the reason.
 * Never from inside a call of the upper layer's. */
void wi_node_down(struct wi_node *node, const char *code, const char *why);
/* The same when the node goes by itself: nothing is said to it. With `blame` the oldest of its
 * attempts may have been the reason. */
void wi_node_leave(struct wi_node *node, int blame, const char *why);
/* At the bridge's end: lets go of timers, attempts and models, so that the loop can run empty. The
 * node itself stays, because its own event may be what ends the bridge. */
void wi_node_quiesce(struct wi_node *node);
/* Frees without a word; its sockets are gone. */
void wi_node_free(struct wi_node *node);
/* The live node whose model credential `token` is, or NULL: its id, a dot and its secret, so that
 * no file request has to look through all nodes. */
const struct wi_node *wi_node_by_credential(const struct wi_bridge *bridge, const char *token);

/* --- node_attempts.c ------------------------------------------------------------------------- */

/* Whether it was given work for the model, or told to load it. */
int wi_node_may_fetch(const struct wi_node *node, const struct wi_model *model);
/* Keeps the model fetchable although no attempt holds it. */
void wi_node_offer(struct wi_node *node, struct wi_model *model);

/* Sends a task and notes the attempt. The node must have a link; as wi_bridge_send_task. */
enum wi_code wi_node_send_task(
    struct wi_node *node, const struct wi_task *task, struct wi_error *error);
/* Grants a stream more; nothing happens where that is not more. */
void wi_node_grant(
    struct wi_node *node, struct wi_attempt *attempt, const struct wi_credit *credit);
struct wi_attempt *wi_node_find_attempt(const struct wi_node *node, const char *id); /* or NULL */
/* The node has it: reported once. 1 if that is news. */
int wi_node_accepts(struct wi_node *node, struct wi_attempt *attempt);
void wi_node_remove_attempt(struct wi_node *node, struct wi_attempt *attempt);
/* Attempts that are in neither list were never received: takes them off and reports them lost. */
void wi_node_reconcile(struct wi_node *node, const json_t *running, const json_t *unacknowledged);
/* Takes all of them off and reports them lost. */
void wi_node_lose(struct wi_node *node, const char *why);

/* It has these models now (the list of a model_status, which is taken over; NULL: none). */
void wi_node_set_models(struct wi_node *node, json_t *models);

/* --- node_acks.c ----------------------------------------------------------------------------- */

/* Sends the message, which is taken over; 0, or -1 if it has no link or that is full. */
int wi_node_send(struct wi_node *node, struct wi_message *message);
/* Notes that an answer of `bytes` was taken, to be acknowledged soon. */
void wi_node_acknowledge(struct wi_node *node, const char *attempt_id, size_t bytes);
/* Notes that all parts below `seq` were taken, likewise. */
void wi_node_acknowledge_parts(struct wi_node *node, const char *attempt_id, uint64_t seq);
/* At once, those that are noted. */
void wi_node_send_acks(struct wi_node *node);
/* Those of answers have been said in another message. */
void wi_node_clear_acks(struct wi_node *node);
/* None is owed any more. */
void wi_node_forget_acks(struct wi_node *node);

#endif
