/*
 * The listener for browsers: serves the page, its scripts and model files, gives what is published
 * to whoever may ask by content, and speaks the node protocol (webinfer-protocol(7)) on /node. It
 * knows nodes and attempts, not jobs or policy.
 *
 * A node outlives its socket: when the link drops, the node waits `resume_grace` for its page to
 * come back, and keeps its attempts. Everything is called on the loop's thread.
 */
#ifndef WI_NODES_BRIDGE_BRIDGE_H
#define WI_NODES_BRIDGE_BRIDGE_H

#include "base/blob.h"
#include "base/change.h"
#include "base/error.h"
#include "base/net/lws.h"
#include "base/secret.h"
#include "models/catalog/format/engine.h"
#include "models/catalog/library/repository.h"
#include "models/share/blockstore/blockstore.h"
#include "settings/config/api_tokens.h"
#include "settings/config/config.h"
#include "terms/kernel/choice.h"
#include "terms/part.h"
#include "terms/tensor/tensor.h"
#include "wire/inference.h"
#include <jansson.h>
#include <stdint.h>

/* Of those that may be open, so many descriptors are not for its connections but for all that the
 * rest of the program does: model files, drivers, the database, downloads. */
#define WI_BRIDGE_RESERVED_DESCRIPTORS 64
/* In the reason of an attempt whose node has answered, and not as it was asked: so clients tell it
 * from one whose node broke. */
#define WI_BRIDGE_UNUSABLE "cannot be used"

struct wi_adapter {
    char vendor[64];
    char architecture[64];
    char description[128];
    int is_fallback; /* a software adapter */
};

/* Bytes of a party, with a NUL. */
#define WI_PARTY_SIZE 128

/* What a page told about itself; bounded and escaped on arrival. Valid while the node lives. */
struct wi_node_info {
    char id[WI_ID_SIZE];
    char session[WI_ID_SIZE]; /* the session whose one-time token it spent, or "" (joined) */
    /* Whose node it is, by what it came with and never by what it says: "" of a session of ours,
     * the name of a node token, or the id of a join token, a blank and the address that it came
     * from.
     */
    char party[WI_PARTY_SIZE];
    char kind[32]; /* browser kind: the session's, else what the page says */
    char browser_version[64];
    char user_agent[256];
    int cores;
    double memory_gib; /* 0: not told */
    int isolated;      /* crossOriginIsolated */
    struct {
        int available;
        char reason[160]; /* why not */
        int has_adapter;
        struct wi_adapter adapter;
        int f16; /* computes in 16-bit floats: WebGPU's feature shader-f16 */
    } platforms[WI_PLATFORM_COUNT];
    struct {
        int available;
        char version[64];
        unsigned slots;       /* tasks that it runs at a time */
        unsigned short_slots; /* beside those, tasks that make no text; 0: they are among those */
        unsigned queue;       /* tasks of either kind that it takes beside those */
        int can_continue;     /* goes on with what another node has begun: struct wi_continuation */
        int continues_several; /* also where that is several answers */
        int on_webgpu;         /* it can use a GPU: asked of choosy engines alone */
        int64_t file_max;      /* bytes of the largest file that it can read; 0: of any */
    } engines[WI_ENGINE_COUNT];
    int benchmarks;       /* it takes tasks of the type benchmark */
    json_t *capabilities; /* the whole report, for /v1/nodes; borrowed */
    int64_t connected_at; /* Unix milliseconds */
};

struct wi_model_order;
/* What a node is doing, as far as the bridge sees it; filled on request. */
struct wi_node_state {
    int connected;        /* 0: within resume_grace */
    size_t attempts;      /* sent and not answered */
    double busy_since_ms; /* the node's own report: how long its engine has been running; 0 idle */
    double last_seen_ms;  /* since the last frame from it */
    double rtt_ms;        /* of the last heartbeat; 0 before the first */
    json_t *models;       /* last model_status list, borrowed; may be NULL */
    struct wi_model_order **orders; /* that are followed, for whoever gives it one: orders.h */
    uint64_t bytes_in, bytes_out;
};

/* One attempt to send. Everything is borrowed for the call; blobs and the model are referenced as
 * long as they are being written. */
struct wi_task {
    const char *attempt_id;
    const char *job_id;
    const struct wi_inference *asked;              /* settled; of joined requests the first */
    const struct wi_tensors *tensors;              /* its own; of joined requests the rows of all */
    enum wi_platform platforms[WI_PLATFORM_COUNT]; /* to try, in this order */
    size_t platform_count;
    double deadline_ms; /* left to run */
    double usual_ms;    /* loading and running, where measured; 0: unknown */
    double prompt_ms;   /* of a token that a language model reads, likewise */
    const char *owner;  /* whose it is: what was computed of it is for the same owner's tasks
                           only; NULL: for everybody's */
    const char *client; /* who asks, for the pool's books; NULL: nobody in particular */
    unsigned requests;  /* that are joined in it; 0: it is one alone */
    int alone;          /* of text: nothing else is to run in the model's engine meanwhile */
    int broke;          /* what it ran in before broke, for the pool's books */
    int is_short;       /* makes no text, and is counted for the engine's short_slots */
    const struct wi_continuation *from; /* NULL: from the beginning */
};

/* Whose fault it may be that an engine or a node broke. */
enum wi_blame {
    WI_BLAME_NONE,  /* not this attempt's, or nobody knows */
    WI_BLAME_ALONE, /* this attempt's: it ran alone */
    WI_BLAME_SHARED /* this one's, or that of another that ran beside it in the same engine */
};

/* An answer to an attempt. On arrival it is the callee's to take from: tensors by wi_tensors_move,
 * JSON values by json_incref. */
struct wi_answer {
    int ok;
    struct wi_error error; /* if not ok; WI_NODE_PAUSED: its node had not begun it */
    int retryable;         /* if not ok: another node may do better (device lost, engine died) */
    int broke;             /* if not ok: its engine did */
    int hung;              /* … in that it gave no answer */
    int starved;           /* if not ok: there was no memory; from the pool on: to load the model */
    int excused;           /* if not ok: we have ended what it ran in; filled likewise */
    enum wi_blame blame;   /* of text, then: filled by whoever knows what else was on the node */
    json_t *executed_on;   /* platform, engine, adapter, fallbacks…: as the page reported */
    double load_ms, inference_ms;
    double waited_for_client_ms; /* for credit; in neither of these */
    double gpu_ms; /* a kernel's by the clock of its GPU; negative: it has none, or nobody asked */
    int warm;
    uint64_t parts; /* how many there were before it, those of earlier attempts too */
    struct wi_tensors outputs;
    json_t *result;                 /* may be NULL */
    struct wi_text_account account; /* of a text's: what the result says of its tokens */
};

/* How a node computes a kernel fastest, as it says, for calls of a class of sizes. Borrowed. */
struct wi_node_tuning {
    const struct wi_kernel *kernel;
    const char *size_class;                /* one that the kernel has */
    const struct wi_kernel_choice *choice; /* NULL: it has not found out */
    const struct wi_kernel_choice *hung; /* what it tried has not ended, and computes on; or NULL */
};

/* Upward, never from inside a call of ours into the bridge. */
struct wi_bridge_events {
    void *context;
    /* A page announced itself and was welcomed; or came back within its grace. */
    void (*on_node_up)(void *context, const struct wi_node_info *node, int resumed);
    /* The socket dropped; the node may come back. */
    void (*on_node_away)(void *context, const char *node_id);
    /* A task was refused with WI_NODE_BUSY because too much waited to be sent there; half of that
     * has been sent. Nothing is to be sent from inside. May be NULL. */
    void (*on_node_room)(void *context, const char *node_id);
    /* It takes no new task, or does so again; a node that is new takes them. May be NULL. */
    void (*on_node_paused)(void *context, const char *node_id, int paused);
    /* Gone for good. Each attempt that was on it was reported lost before, in the order sent. */
    void (*on_node_down)(void *context, const char *node_id, const char *why);
    void (*on_accepted)(void *context, const char *node_id, const char *attempt_id);
    /* The next part of a stream: `seq` is one more than the last, whatever became of the socket.
     * May be NULL. */
    void (*on_part)(
        void *context, const char *node_id, const char *attempt_id, const struct wi_part *part);
    /* May be NULL. */
    void (*on_progress)(void *context, const char *node_id, const char *attempt_id,
        const struct wi_progress *progress);
    void (*on_answer)(
        void *context, const char *node_id, const char *attempt_id, struct wi_answer *answer);
    /* `alone` = it was the oldest on its node, so it may have been what broke it. */
    void (*on_lost)(
        void *context, const char *node_id, const char *attempt_id, int alone, const char *why);
    /* The page can no longer use a platform that it could use before. May be NULL. */
    void (*on_platform_lost)(
        void *context, const char *node_id, enum wi_platform platform, const char *why);
    /* Its page told anew what it can do, or which models it has (the list of a model_status,
     * borrowed). Both may be NULL. */
    void (*on_node_report)(void *context, const struct wi_node_info *node);
    void (*on_node_models)(void *context, const char *node_id, const json_t *models);
    /* What wi_bridge_look asked has come, or will not. May be NULL. */
    void (*on_node_looked)(void *context, const char *node_id);
    /* Asked before each welcome and by wi_bridge_share_threads: how many threads WASM may use
     * there; `said` is what the node was told last, 0 for nothing yet. May be NULL: one. */
    int (*threads)(void *context, const struct wi_node_info *node, int said);
    /* Asked before each welcome: what is known of how kernels are to be compiled there; a new
     * reference, NULL: nothing. May be NULL. */
    json_t *(*tuning)(void *context, const struct wi_node_info *node);
    /* The answer to wi_bridge_tune. May be NULL. */
    void (*on_tuning)(void *context, const char *node_id, const struct wi_node_tuning *tuning);
    /* Is told when what a node says of its models has changed: the node, and each of these models.
     * Borrowed; NULL: nobody. */
    const struct wi_change_listener *listener;
};

/* Counters for /metrics, all since the start. */
struct wi_bridge_counters {
    uint64_t connections, refused, frames_in, frames_out, bytes_in, bytes_out;
    uint64_t malformed, protocol_errors, unauthorized, late_answers, resumed, heartbeat_timeouts;
    uint64_t bad_answers;                 /* well-formed, but wrong: each cost its attempt */
    uint64_t quarantined;                 /* nodes */
    uint64_t parts;                       /* of streams, handed up */
    uint64_t parts_repeated, parts_stale; /* came again; came for attempts that had ended */
    uint64_t file_requests, file_bytes;
    uint64_t model_bytes; /* of them, of models */
    /* By content: answers that were begun, their bytes, and requests that were refused for want of
     * a token, of the block, or of room. */
    uint64_t content_blocks, content_cars, content_bytes;
    uint64_t content_unauthorized, content_missing, content_busy;
};

struct wi_bridge;
struct wi_look;     /* nodes/bridge/features.h */
struct wi_db;       /* settings/store/db.h */
struct wi_listener; /* base/net/listener.h */

/* Listens at once. NULL with `error` filled (port in use, bad certificate, page not found).
 * `lws`, `store`, `config`, `budget` and `events` must outlive it. */
struct wi_bridge *wi_bridge_new(struct lws_context *lws, uv_loop_t *loop,
    struct wi_repository *repository, const struct wi_config *config, struct wi_budget *budget,
    const struct wi_bridge_events *events, struct wi_error *error);
/* What is published in `blocks` is given to others, as far as [content] says; until this is called,
 * and with NULL, there is nothing. `id` (copied) is this daemon's. `blocks` must outlive the
 * bridge.
 */
void wi_bridge_serve_content(
    struct wi_bridge *bridge, struct wi_blockstore *blocks, const char *id);
/* Neighbours are told that this daemon would make one more copy of so many bytes; 0, at first:
 * none.
 */
void wi_bridge_take_copies(struct wi_bridge *bridge, uint64_t bytes);
/* Asked before wi_bridge_reload: whether the files of [bridge] tls_certificate and tls_key are a
 * certificate and its key, now. WI_OK, or WI_INVALID_FIELD. */
enum wi_code wi_bridge_check_reload(const struct wi_config *config, struct wi_error *error);
/* Takes the reloadable values of a new configuration, and reads the certificate again: connections
 * from now on are shown it. */
void wi_bridge_reload(struct wi_bridge *bridge, const struct wi_config *config);
/* Stops listening, sends `bye` and closes every node's socket with 1001; the sockets go as the
 * loop turns. No event comes any more. */
void wi_bridge_close(struct wi_bridge *bridge);
/* WebSockets that are still open: after wi_bridge_close, those whose close frame is on its way. */
size_t wi_bridge_links(const struct wi_bridge *bridge);
void wi_bridge_free(struct wi_bridge *bridge); /* after the lws context was destroyed */

/* The base URL of the page, e.g. "http://127.0.0.1:8471". */
const char *wi_bridge_url(const struct wi_bridge *bridge);
/* How a browser reaches it. */
struct wi_bridge_address {
    const char *url; /* of the page, as above */
    /* What its listener shows over TLS, judged for that URL, for browsers to know it by; NULL
     * without TLS. */
    const struct wi_certificate *certificate;
    unsigned port; /* with `apart`; else 0 */
};
/* With `apart` for a browser that has a network of its own, in which the bridge is on loopback, at
 * the port that it has here. */
struct wi_bridge_address wi_bridge_address(const struct wi_bridge *bridge, int apart);
/* Takes connections from `fd`, too, which listens in another network and is the callee's. NULL if
 * it cannot be watched, or the bridge is closed. Free it before the bridge. */
struct wi_listener *wi_bridge_listen(struct wi_bridge *bridge, int fd);
/* A fresh one-time token for a session that we start: the page's URL is URL/#token=TOKEN&start. It
 * is good until it is spent, revoked, or `ttl_ms` have passed. `version` is the browser's, as its
 * driver says it; "" leaves it to the page, whose user agent may tell less. */
void wi_bridge_expect(struct wi_bridge *bridge, const char *session_id, const char *kind,
    const char *version, int64_t ttl_ms, char token[WI_TOKEN_SIZE]);
void wi_bridge_revoke(struct wi_bridge *bridge, const char *session_id);

/* A join token, for pages and programs that somebody else starts: the page's URL is
 * URL/#token=TOKEN, where it waits for a click, or that with "&start". At most `nodes` nodes may be
 * there with it at a time, and none may come anew after `ttl_ms`. WI_OK, or WI_CONFLICT where there
 * are too many such tokens. */
enum wi_code wi_bridge_invite(struct wi_bridge *bridge, size_t nodes, int64_t ttl_ms,
    char id[WI_ID_SIZE], char token[WI_TOKEN_SIZE], struct wi_error *error);
/* Nobody comes with it any more, and who came is sent away. 0, or -1 if there is no such token. */
int wi_bridge_uninvite(struct wi_bridge *bridge, const char *id);
/* [{"id","nodes","joined","expires_at"}]: join tokens that are good or in use; new reference. */
json_t *wi_bridge_invitations(const struct wi_bridge *bridge);
/* From now on those of `tokens` (copied from) whose rank is WI_RANK_NODE bring any number of nodes.
 * Who came with one that is not there any more is sent away. */
void wi_bridge_take_tokens(struct wi_bridge *bridge, const struct wi_api_tokens *tokens);
/* [{"name","joined"}] of these; new reference. */
json_t *wi_bridge_node_tokens(const struct wi_bridge *bridge);

/* Nodes that were found wrong are remembered in `db` from now on (nodes/bridge/quarantine.h), and
 * those that are there are refused; once, while starting. `db` must outlive the bridge. */
void wi_bridge_remember(struct wi_bridge *bridge, struct wi_db *db);
/* The node, which joined, was found wrong: it is sent nothing more, nothing that it says counts,
 * it goes with 1008, its attempts are lost without blame, and its token is refused, as
 * nodes/bridge/quarantine.h says; the third node of a join token that was wrong revokes that. A
 * node that is gone is known for a while. 0, or -1 where nothing was done: it is unknown, of a
 * session of ours, or under quarantine. */
struct wi_quarantine_cause;
int wi_bridge_quarantine(
    struct wi_bridge *bridge, const char *node_id, const struct wi_quarantine_cause *cause);
/* 0, or -1 if there is no such row. */
int wi_bridge_lift(struct wi_bridge *bridge, const char *id);
/* The latest `most` rows, as wi_quarantine_json has them; new reference. */
json_t *wi_bridge_quarantined(const struct wi_bridge *bridge, size_t most, int everything);
size_t wi_bridge_quarantined_count(const struct wi_bridge *bridge);

/* WI_OK; WI_NODE_NOT_FOUND; WI_NODE_BUSY where too much waits to be sent to it; or, with `error`
 * (may be NULL) for the client, WI_INPUT_INVALID where the JSON of the message would be larger than
 * a node may be sent: no node could read it. */
enum wi_code wi_bridge_send_task(struct wi_bridge *bridge, const char *node_id,
    const struct wi_task *task, struct wi_error *error);
/* What the attempt, a stream, may send from now on; less than before changes nothing. Nothing
 * happens where there is no such attempt. */
void wi_bridge_credit(struct wi_bridge *bridge, const char *node_id, const char *attempt_id,
    const struct wi_credit *credit);
/* Forgets the attempt and tells the page to stop it; an answer that comes all the same is dropped
 * and counted. */
void wi_bridge_cancel(
    struct wi_bridge *bridge, const char *node_id, const char *attempt_id, const char *reason);
/* model_load / model_unload; WI_OK or WI_NODE_NOT_FOUND. Progress shows in wi_node_state.models.
 * `prompt_ms` as in wi_task. */
enum wi_code wi_bridge_load(struct wi_bridge *bridge, const char *node_id, struct wi_model *model,
    const enum wi_platform *platforms, size_t platform_count, double prompt_ms);
/* The same of our kernels, of which these are to be compiled: names of wi_kernels_used_list. */
enum wi_code wi_bridge_load_kernels(struct wi_bridge *bridge, const char *node_id,
    enum wi_platform platform, const struct wi_strings *kernels);
enum wi_code wi_bridge_unload(
    struct wi_bridge *bridge, const char *node_id, const char *model_name);
/* Asks `threads` anew, and tells the node if that is another number than it was told. Nothing
 * happens where it is not connected. */
void wi_bridge_share_threads(struct wi_bridge *bridge, const char *node_id);
/* Has it look how it computes that kernel fastest, for calls of that class of sizes, until it has
 * something else to do. WI_OK or WI_NODE_NOT_FOUND. */
enum wi_code wi_bridge_tune(struct wi_bridge *bridge, const char *node_id,
    const struct wi_kernel *kernel, const char *size_class);
/* Tells it what its next welcome would say of tuning; `list` is borrowed. Nothing happens where it
 * is not connected. */
void wi_bridge_tell_tuning(struct wi_bridge *bridge, const char *node_id, const json_t *list);
/* Asks the node what its browser can do, found by doing it (nodes/bridge/features.h), which takes a
 * while; one that is asked already is not asked again. WI_OK or WI_NODE_NOT_FOUND. */
enum wi_code wi_bridge_look(struct wi_bridge *bridge, const char *node_id);
/* What came of it; borrowed until the next turn of the loop, NULL if there is no such node. */
const struct wi_look *wi_bridge_looked(const struct wi_bridge *bridge, const char *node_id);
/* Says bye and closes; on_node_down follows from the loop. */
void wi_bridge_drop(struct wi_bridge *bridge, const char *node_id, const char *why);

/* Both borrowed until the next turn of the loop; NULL / -1 if there is no such node. */
const struct wi_node_info *wi_bridge_node(const struct wi_bridge *bridge, const char *node_id);
int wi_bridge_node_state(
    const struct wi_bridge *bridge, const char *node_id, struct wi_node_state *state);
typedef void wi_bridge_each_fn(void *context, const struct wi_node_info *node);
void wi_bridge_each(const struct wi_bridge *bridge, wi_bridge_each_fn *each, void *context);
const struct wi_bridge_counters *wi_bridge_counters(const struct wi_bridge *bridge);

#endif
