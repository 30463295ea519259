/*
 * The listener for browsers. It serves the page, its scripts and model files, serves published
 * models by content to clients that are allowed to ask, and speaks the node protocol
 * (webinfer-protocol(7)) on /node. It knows nodes and attempts, not jobs or policy.
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
#include "models/models.h"
#include "nodes/bridge/joins/joins.h"
#include "nodes/node/relay.h"
#include "settings/config/api_tokens.h"
#include "settings/config/config.h"
#include "terms/kernel/kernel_choice.h"
#include "terms/model/engine.h"
#include "terms/part.h"
#include "terms/tensor/tensor.h"
#include "wire/inference.h"
#include <jansson.h>
#include <stdint.h>

/* Descriptors that are reserved for the rest of the program and not available for the bridge's
 * connections: model files, drivers, the database, downloads. */
#define WI_BRIDGE_RESERVED_DESCRIPTORS 64
/* Part of the reason of an attempt whose node has sent an answer that does not fit the task. It
 * lets clients distinguish this from an attempt whose node broke. */
#define WI_BRIDGE_UNUSABLE "cannot be used"

struct wi_adapter {
    char vendor[64];
    char architecture[64];
    char description[128];
    int is_fallback; /* a software adapter */
};

/* Bytes of a party's name, with a NUL. */
#define WI_PARTY_SIZE 136
/* What is before the lending daemon's name in the party of a relay. */
#define WI_PARTY_VIA " via="

/* A page's report about itself; bounded and escaped on arrival. Valid while the node lives. */
struct wi_node_info {
    char id[WI_ID_SIZE];
    char session[WI_ID_SIZE]; /* the session whose one-time token it used, or "" (joined) */
    /* The party that the node belongs to, by its token and never by its own claims: "" for a
     * session of ours, the name of a node token, or the id of a join token, a blank and the address
     * that it came from. For a relay, WI_PARTY_VIA and `relay` follow the name of its token. */
    char party[WI_PARTY_SIZE];
    char label[WI_JOIN_LABEL_SIZE]; /* of its join token, for the operator; or "" */
    char device[WI_ID_SIZE];        /* the remembered device that it is, or "" */
    char kind[32]; /* browser kind: the session's, else the one that the page claims */
    /* The name of the daemon that lends its browsers of that kind through this node, which is then
     * a relay; "": it is none. What came to this daemon through a relay never goes to one. */
    char relay[WI_RELAY_SIZE];
    char browser_version[64];
    char gpu[64]; /* the device of the only GPU that the session's browser may open; "": any */
    char user_agent[256];
    int cores;
    double memory_gib; /* 0: not told */
    /* Bytes that its user allows loaded models to take: no larger model is sent there. 0: there is
     * no such limit. */
    int64_t memory_limit;
    int isolated; /* crossOriginIsolated */
    struct wi_node_platform {
        int available;
        char reason[160]; /* why not */
        int has_adapter;
        struct wi_adapter adapter;
        int f16; /* computes in 16-bit floats: WebGPU's feature shader-f16 */
    } platforms[WI_PLATFORM_COUNT];
    struct wi_node_engine {
        int available;
        char version[64];
        unsigned slots;        /* tasks that it runs at the same time */
        unsigned short_slots;  /* additional tasks that make no text; 0: they count as `slots` */
        unsigned queue;        /* further tasks, of either kind, that it accepts */
        int can_continue;      /* continues what another node has begun: struct wi_continuation */
        int continues_several; /* also if that is several answers */
        int on_webgpu;         /* it can use a GPU: only asked of choosy engines */
        int64_t file_max;      /* bytes of the largest file that it can read; 0: no limit */
    } engines[WI_ENGINE_COUNT];
    int benchmarks;                             /* it accepts tasks of the type benchmark */
    json_t *capabilities;                       /* the whole report, for /v1/nodes; borrowed */
    const struct wi_relay_models *relay_models; /* of a relay: what its daemon has; else NULL */
    int64_t connected_at;                       /* Unix milliseconds */
};

struct wi_model_order;
/* A node's present state, as far as the bridge knows it; filled on request. */
struct wi_node_state {
    int connected;        /* 0: within resume_grace */
    size_t attempts;      /* sent and not yet answered */
    double busy_since_ms; /* the node's own report: how long its engine has been running; 0 idle */
    double last_seen_ms;  /* since the last frame from it */
    double rtt_ms;        /* of the last heartbeat; 0 before the first */
    /* Tasks that it has answered, and that have failed there, since it was welcomed as a new node;
     * and the service's heartbeats that had no reply before the next one was due. */
    uint64_t answered, failed, heartbeats_lost;
    double task_ms_p50;             /* median time of its latest answered tasks; negative: none */
    json_t *models;                 /* last model_status list, borrowed; may be NULL */
    struct wi_model_order **orders; /* tracked, for the callers that give them: orders.h */
    uint64_t bytes_in, bytes_out;
};

/* One attempt to send. Everything is borrowed for the call; blobs and the model are referenced
 * while they are being written. */
struct wi_task {
    const char *attempt_id;
    const char *job_id;
    const struct wi_inference *asked;              /* settled; the first of joined requests */
    const struct wi_tensors *tensors;              /* its own, or the rows of all joined requests */
    enum wi_platform platforms[WI_PLATFORM_COUNT]; /* to try, in this order */
    size_t platform_count;
    double deadline_ms; /* time that is left to run */
    double usual_ms;    /* loading and running, where measured; 0: unknown */
    double prompt_ms;   /* per token that a language model reads, likewise */
    const char *owner;  /* only tasks of the same owner reuse its computed state; NULL: all may */
    const char *client; /* the client, for the pool's books; NULL: no particular one */
    unsigned requests;  /* number that are joined in it; 0: it is a single one */
    int alone;          /* of text: nothing else may run in the model's engine meanwhile */
    int broke;          /* the engine of an earlier attempt broke, for the pool's books */
    int is_short;       /* makes no text, and counts towards the engine's short_slots */
    int is_lent; /* goes to a relay, whose daemon has a queue of its own; the bridge sets it */
    const struct wi_continuation *from; /* NULL: from the beginning */
};

/* The attempts that may have caused an engine or a node to break. */
enum wi_blame {
    WI_BLAME_NONE,  /* not this attempt, or unknown */
    WI_BLAME_ALONE, /* this attempt: it ran alone */
    WI_BLAME_SHARED /* this attempt, or another in the same engine */
};

/* An answer to an attempt. On arrival the callee may take from it: tensors by wi_tensors_move, JSON
 * values by json_incref. */
struct wi_answer {
    int ok;
    struct wi_error error; /* if not ok; WI_NODE_PAUSED: its node had not begun it */
    int retryable;         /* if not ok: another node may do better (device lost, engine died) */
    int broke;             /* if not ok: its engine did */
    int hung;              /* … by giving no answer */
    int starved;           /* if not ok: there was no memory; above the pool: to load the model, or
                              for a batch */
    int excused;           /* if not ok: we ended its engine or browser; filled likewise */
    enum wi_blame blame;   /* of text, then: filled by the layer that knows the node's other work */
    json_t *executed_on;   /* platform, engine, adapter, fallbacks…: as reported by the page */
    double load_ms, inference_ms;
    double waited_for_client_ms; /* for credit; not included in these */
    double gpu_ms; /* of a kernel, by the GPU's clock; negative: not available, or not asked for */
    int warm;
    uint64_t parts; /* the number before it, including those of earlier attempts */
    struct wi_tensors outputs;
    json_t *result;                 /* may be NULL */
    struct wi_text_account account; /* for text: what the result says about its tokens */
};

/* The fastest way for a node to compute a kernel, as it reports, for calls of a class of sizes.
 * Borrowed. */
struct wi_node_tuning {
    const struct wi_kernel *kernel;
    const char *size_class;                /* one that the kernel has */
    const struct wi_kernel_choice *choice; /* NULL: it has not found one */
    const struct wi_kernel_choice *hung;   /* one that it tried and that still computes; or NULL */
};

/* Events for the upper layer, never from inside its own calls into the bridge. */
struct wi_bridge_events {
    void *context;
    /* A page announced itself and was welcomed; or came back within its grace. */
    void (*on_node_up)(void *context, const struct wi_node_info *node, int resumed);
    /* The socket dropped; the node may come back. */
    void (*on_node_away)(void *context, const char *node_id);
    /* A task was refused with WI_NODE_BUSY because too much data was waiting to be sent there; half
     * of it has been sent. The callee must not send. May be NULL. */
    void (*on_node_room)(void *context, const char *node_id);
    /* The node accepts no new task, or accepts them again; a new node accepts them. May be NULL. */
    void (*on_node_paused)(void *context, const char *node_id, int paused);
    /* The node runs slowly at present, or no longer. May be NULL. */
    void (*on_node_throttled)(void *context, const char *node_id, int throttled);
    /* The node is gone for good. Each of its attempts was reported lost before, in the order
     * sent. */
    void (*on_node_down)(void *context, const char *node_id, const char *why);
    void (*on_accepted)(void *context, const char *node_id, const char *attempt_id);
    /* The next part of a stream: `seq` is one more than the last, even after a reconnection. May be
     * NULL. */
    void (*on_part)(
        void *context, const char *node_id, const char *attempt_id, const struct wi_part *part);
    /* May be NULL. */
    void (*on_progress)(void *context, const char *node_id, const char *attempt_id,
        const struct wi_progress *progress);
    void (*on_answer)(
        void *context, const char *node_id, const char *attempt_id, struct wi_answer *answer);
    /* `alone` = it was the oldest on its node, so it may have caused the node to break. */
    void (*on_lost)(
        void *context, const char *node_id, const char *attempt_id, int alone, const char *why);
    /* The page can no longer use a platform that it could use before. May be NULL. */
    void (*on_platform_lost)(
        void *context, const char *node_id, enum wi_platform platform, const char *why);
    /* The page sent a new report of its abilities, or of its models (the list of a model_status,
     * borrowed). Both may be NULL. */
    void (*on_node_report)(void *context, const struct wi_node_info *node);
    void (*on_node_models)(void *context, const char *node_id, const json_t *models);
    /* The daemon behind a relay has other models than before. May be NULL. */
    void (*on_relay_models)(void *context, const char *node_id);
    /* The answer to wi_bridge_look has come, or will not come. May be NULL. */
    void (*on_node_looked)(void *context, const char *node_id);
    /* Called before each welcome and by wi_bridge_share_threads: how many threads WASM may use
     * there; `said` is the number that the node was last told, 0 for none yet. May be NULL: one. */
    int (*threads)(void *context, const struct wi_node_info *node, int said);
    /* Called before each welcome: returns how kernels are to be compiled there, a new reference, or
     * NULL if nothing is known. May be NULL. */
    json_t *(*tuning)(void *context, const struct wi_node_info *node);
    /* Nodes of two join tokens have had wrong blocks of models from the peer that is the page of
     * this node. May be NULL. */
    void (*on_node_lied)(void *context, const char *node_id);
    /* The answer to wi_bridge_tune. May be NULL. */
    void (*on_tuning)(void *context, const char *node_id, const struct wi_node_tuning *tuning);
    /* Is told when a node's report of its models changes: the node, and each of these models.
     * Borrowed; NULL: none. */
    const struct wi_change_listener *listener;
};

/* Counters for /metrics, all since the start. */
struct wi_bridge_counters {
    uint64_t connections, refused, frames_in, frames_out, bytes_in, bytes_out;
    uint64_t malformed, protocol_errors, unauthorized, late_answers, resumed, heartbeat_timeouts;
    uint64_t bad_answers;                 /* well-formed, but wrong: each failed its attempt */
    uint64_t quarantined;                 /* nodes */
    uint64_t parts;                       /* of streams, handed up */
    uint64_t parts_repeated, parts_stale; /* repeated ones; those of attempts that had ended */
    uint64_t file_requests, file_bytes;
    uint64_t model_bytes; /* of these, for models */
    /* By content: answers that were begun, their bytes, and requests refused because there was no
     * token, no such block, or no room. */
    uint64_t content_blocks, content_cars, content_bytes;
    uint64_t content_unauthorized, content_missing, content_busy;
};

struct wi_bridge;
struct wi_db;       /* settings/store/db.h */
struct wi_listener; /* base/net/listener.h */

/* Listens at once. NULL with `error` filled (port in use, bad certificate, page not found). `lws`,
 * `store`, `config`, `budget` and `events` must outlive it. */
struct wi_bridge *wi_bridge_new(struct lws_context *lws, uv_loop_t *loop,
    struct wi_repository *repository, const struct wi_config *config, struct wi_budget *budget,
    const struct wi_bridge_events *events, struct wi_error *error);
/* Serves the models published in `blocks` to others, as far as [content] allows; until this is
 * called, and with NULL, nothing is served. `id` (copied) is this daemon's. `blocks` must outlive
 * the bridge. `members_key` (copied; NULL: none do) is known to the members of the cluster, which
 * may ask for blocks (cluster/content_row.h). */
void wi_bridge_serve_content(struct wi_bridge *bridge, struct wi_blockstore *blocks, const char *id,
    const unsigned char *members_key);
/* For wi_models_share: sets the size in bytes of one more copy that this daemon would make, which
 * neighbours are told; 0, the initial value: none. */
void wi_bridge_take_copies(void *bridge, uint64_t bytes);
/* Adds what is wrong with the files that [bridge] names, as a start would find it. Blocks, and
 * changes nothing. */
void wi_bridge_check(const struct wi_config *config, struct wi_problems *problems);
/* Called before wi_bridge_reload: checks that the files of [bridge] tls_certificate and tls_key are
 * now a certificate and its key. WI_OK, or WI_INVALID_FIELD. */
enum wi_code wi_bridge_check_reload(const struct wi_config *config, struct wi_error *error);
/* Takes the reloadable values of a new configuration, and reads the certificate again, which new
 * connections get. */
void wi_bridge_reload(struct wi_bridge *bridge, const struct wi_config *config);
/* Stops listening, sends `bye` and closes every node's socket with 1001; the sockets go as the loop
 * turns. No further event comes. */
void wi_bridge_close(struct wi_bridge *bridge);
/* WebSockets that are still open: after wi_bridge_close, those whose close frame is still being
 * sent. */
size_t wi_bridge_links(const struct wi_bridge *bridge);
void wi_bridge_free(struct wi_bridge *bridge); /* after the lws context was destroyed */

/* The base URL of the page, e.g. "http://127.0.0.1:8471". */
const char *wi_bridge_url(const struct wi_bridge *bridge);
/* Multiaddrs of the peers over which pages may reach the bridge ([bridge] peers), borrowed until a
 * reload. */
const struct wi_strings *wi_bridge_peers(const struct wi_bridge *bridge);
/* The address at which a browser reaches the bridge. */
struct wi_bridge_address {
    const char *url; /* of the page, as above */
    /* The listener's certificate, judged for that URL, by which browsers recognise it; NULL without
     * TLS. */
    const struct wi_certificate *certificate;
    unsigned port; /* with `apart`; else 0 */
};
/* With `apart`, the address for a browser that has a network of its own, in which the bridge is on
 * loopback, at the same port as here. */
struct wi_bridge_address wi_bridge_address(const struct wi_bridge *bridge, int apart);
/* Also accepts connections from `fd`, which listens in another network and is taken over. NULL if
 * it cannot be watched, or the bridge is closed. Free it before the bridge. */
struct wi_listener *wi_bridge_listen(struct wi_bridge *bridge, int fd);
/* Makes a one-time token for a session that we start: the page's URL is URL/#token=TOKEN&start. It
 * is valid until it is spent, revoked, or `ttl_ms` have passed. `version` is the browser's, as
 * reported by its driver; "" uses the page's report, whose user agent may be less exact. `gpu`: the
 * device of the only GPU that the browser may open; "": any. */
void wi_bridge_expect(struct wi_bridge *bridge, const char *session_id, const char *kind,
    const char *version, const char *gpu, int64_t ttl_ms, char token[WI_TOKEN_SIZE]);
void wi_bridge_revoke(struct wi_bridge *bridge, const char *session_id);

/* Keeps in `db` from now on the quarantine of nodes that were found wrong
 * (nodes/bridge/quarantine.h), the remembered devices (nodes/bridge/devices/devices.h), and results
 * of people (nodes/bridge/person_result.h). The rows that are there already apply. Called once, at
 * the start, after wi_bridge_share_invitations. `db` must outlive the bridge. */
void wi_bridge_remember(struct wi_bridge *bridge, struct wi_db *db);
/* Puts a joined node that was found wrong under quarantine. It is sent nothing more, its messages
 * no longer count, it is closed with 1008, its attempts are lost without blame, and its token is
 * refused as nodes/bridge/quarantine.h says. The third wrong node of a join token revokes the
 * token. A departed node is known for a while. Returns 0, or -1 if nothing was done: the node is
 * unknown, of a session of ours, a relay, or already under quarantine. */
struct wi_quarantine_cause;
int wi_bridge_quarantine(
    struct wi_bridge *bridge, const char *node_id, const struct wi_quarantine_cause *cause);
/* Removes a row of the quarantine. Returns 0, or -1 if there is no such row. */
int wi_bridge_lift(struct wi_bridge *bridge, const char *id);
/* The latest `most` rows, as wi_quarantine_json has them; new reference. */
json_t *wi_bridge_quarantined(const struct wi_bridge *bridge, size_t most, int everything);
size_t wi_bridge_quarantined_count(const struct wi_bridge *bridge);

/* WI_OK; WI_NODE_NOT_FOUND; WI_NODE_BUSY if too much data is waiting to be sent to it; or, with
 * `error` (may be NULL) for the client, WI_INPUT_INVALID if the JSON of the message would be larger
 * than a node may be sent: no node could read it. */
enum wi_code wi_bridge_send_task(struct wi_bridge *bridge, const char *node_id,
    const struct wi_task *task, struct wi_error *error);
/* Sets how much the attempt, a stream, may send in total; a lower value than before has no effect.
 * Does nothing if there is no such attempt. */
void wi_bridge_credit(struct wi_bridge *bridge, const char *node_id, const char *attempt_id,
    const struct wi_credit *credit);
/* Forgets the attempt and tells the page to stop it; an answer that comes anyway is dropped and
 * counted. */
void wi_bridge_cancel(
    struct wi_bridge *bridge, const char *node_id, const char *attempt_id, const char *reason);
/* model_load / model_unload; WI_OK or WI_NODE_NOT_FOUND. Progress shows in wi_node_state.models.
 * `prompt_ms` as in wi_task. The node is no relay. */
enum wi_code wi_bridge_load(struct wi_bridge *bridge, const char *node_id, struct wi_model *model,
    const enum wi_platform *platforms, size_t platform_count, double prompt_ms);
/* The same for our kernels, of which these are to be compiled: names of wi_kernels_used_list. */
enum wi_code wi_bridge_load_kernels(struct wi_bridge *bridge, const char *node_id,
    enum wi_platform platform, const struct wi_strings *kernels);
enum wi_code wi_bridge_unload(
    struct wi_bridge *bridge, const char *node_id, const char *model_name);
/* Calls `threads` again, and tells the node if the number has changed. Does nothing if it is not
 * connected. */
void wi_bridge_share_threads(struct wi_bridge *bridge, const char *node_id);
/* Has the node try again the platforms that it has lost. Does nothing if it is not connected. */
void wi_bridge_revive(struct wi_bridge *bridge, const char *node_id);
/* Has the node find the fastest way to compute that kernel, for calls of that class of sizes, until
 * it has something else to do. WI_OK or WI_NODE_NOT_FOUND. */
enum wi_code wi_bridge_tune(struct wi_bridge *bridge, const char *node_id,
    const struct wi_kernel *kernel, const char *size_class);
/* Sends the node the tuning that its next welcome would contain; `list` is borrowed. Does nothing
 * if it is not connected. */
void wi_bridge_tell_tuning(struct wi_bridge *bridge, const char *node_id, const json_t *list);
/* Sends `bye` and closes; on_node_down follows from the loop. */
void wi_bridge_drop(struct wi_bridge *bridge, const char *node_id, const char *why);

/* Both borrowed until the next turn of the loop; NULL / -1 if there is no such node. */
const struct wi_node_info *wi_bridge_node(const struct wi_bridge *bridge, const char *node_id);
int wi_bridge_node_state(
    const struct wi_bridge *bridge, const char *node_id, struct wi_node_state *state);
typedef void wi_bridge_each_fn(void *context, const struct wi_node_info *node);
void wi_bridge_each(const struct wi_bridge *bridge, wi_bridge_each_fn *each, void *context);
const struct wi_bridge_counters *wi_bridge_counters(const struct wi_bridge *bridge);

#endif
