/*
 * The node's side of webinfer-protocol(7). A worker is a node as it sees itself: it connects,
 * announces itself, keeps the heartbeats, takes tasks with all their tensors, sends parts within
 * their credit and answers, keeps both until they are acknowledged, and comes back with its resume
 * token when the connection breaks. Its owner computes the answers.
 *
 * A program may have thousands of workers of one service; everything happens on the service's loop,
 * and nothing blocks.
 *
 *   worker.c           the conversation
 *   worker_socket.c    the socket, and what is queued for it
 *   worker_say.c       what it says of itself
 *   worker_task.c      its tasks: tensors that come in pieces, what becomes of them when it resumes
 *   worker_answer.c    parts and answers
 *   worker_link.c      the join link
 */
#ifndef WI_NODES_NODE_WORKER_H
#define WI_NODES_NODE_WORKER_H

#include "base/error.h"
#include "base/pcg32.h"
#include "base/secret.h"
#include "nodes/node/frame.h"
#include "terms/part.h"
#include <jansson.h>
#include <stdint.h>
#include <uv.h>

/* The most connections that may be under way at a time. The service allows 256 that have not
 * announced themselves. */
#define WI_WORKERS_CONNECTING_MAX 128
/* About how often wi_worker_beat is to be called for each worker. */
#define WI_WORKER_BEAT_MS 100

/* Of the addresses that a name has, so many are tried. */
#define WI_JOIN_ADDRESSES_MAX 8

/* The parts of a join link, "http://HOST:PORT/#token=TOKEN": the address at which a node joins, and
 * its token. Anything after the token, such as "&start", is for pages. */
struct wi_join_link {
    char host[300]; /* as in the URL, with the port */
    /* Of the host, as numbers. Each worker tries them in turn until it gets a connection. */
    char addresses[WI_JOIN_ADDRESSES_MAX][64];
    size_t address_count; /* at least 1 */
    int port, tls;
    char token[WI_TOKEN_SIZE]; /* a secret: wipe it after use */
};

/* Looks the host's addresses up as well, which may block for seconds. WI_OK or, with `error`
 * filled, WI_BAD_REQUEST. */
enum wi_code wi_join_link_read(const char *text, struct wi_join_link *link, struct wi_error *error);
/* The same for an address, "http://HOST:PORT", and a token that come apart. */
enum wi_code wi_join_link_make(
    const char *url, const char *token, struct wi_join_link *link, struct wi_error *error);

struct lws_context;
struct lws_vhost;
struct wi_worker;
struct wi_worker_task;

/* The contents of a task. Borrowed from its message, which ends with the call: keep JSON by
 * json_incref. */
struct wi_worker_request {
    json_t *data;    /* of the task_request; an input that came as a tensor is in it as JSON */
    json_t *options; /* NULL: none */
    const char *model;
    struct wi_tensors *inputs;
};

/* Events for a worker's owner. */
struct wi_worker_events {
    /* A task has arrived. The owner answers it now or later with wi_worker_answer. */
    void (*task)(struct wi_worker_task *task, const struct wi_worker_request *request);
    /* Credit is available again after wi_worker_has_credit said no. */
    void (*go_on)(struct wi_worker_task *task);
    /* The task is no longer wanted. It ends unless it is answered in this call. */
    void (*cancel)(struct wi_worker_task *task);
    /* The task is about to be freed. Its owner frees the data in `owner`. */
    void (*end)(struct wi_worker_task *task);
    /* Load a model; unload all versions of the model of that name. */
    void (*load)(struct wi_worker *worker, const json_t *model);
    void (*unload)(struct wi_worker *worker, const char *name);
    /* A worker that sent `bye` is gone. */
    void (*left)(struct wi_worker *worker);
    /* NULL: not told. The service has welcomed the worker; `welcome` is the message's data. */
    void (*up)(struct wi_worker *worker, const json_t *welcome);
    /* NULL: not told. A connection has ended, or could be made to none of the link's addresses.
     * `code` is that of the service's close frame, 0 for none; `why` says what is known. */
    void (*down)(struct wi_worker *worker, int code, const char *why);
};

/* Counters of all workers of a service. */
struct wi_worker_counters {
    size_t connecting, up, up_peak;
    size_t refused; /* that will not come back */
    size_t full;    /* that there was no room for, and that try again */
    uint64_t welcomed, resumed, tasks, parts, cancelled, unexpected;
    uint64_t returned;                    /* tasks that came while their worker was paused */
    uint64_t heartbeats, late_heartbeats; /* of the service: later than 1.5 intervals */
    double worst_gap_ms;
    char why[160]; /* of the last worker that was refused, or that there was no room for */
};

/* A service as its workers know it. Fill in what has no underscore, zero the rest. */
struct wi_worker_service {
    uv_loop_t *loop;
    struct lws_context *lws;
    struct lws_vhost *vhost; /* of wi_worker_vhost_new; services may share it */
    struct wi_join_link link;
    const char *capabilities; /* what each announces: the JSON of data.capabilities */
    int comes_back;           /* a worker that was told to leave joins again as a new node */
    const struct wi_worker_events *events;
    void *context;          /* the owner's */
    struct wi_pcg32 random; /* seeded: the same seed gives the same numbers again */
    struct wi_worker_counters counters;
    unsigned char *_scratch;
};

/* What connections are made with, those with TLS too if `tls`: then `authority` is the PEM file of
 * the authority to trust, NULL: the system's. It ends with the context. NULL if libwebsockets
 * refuses. */
struct lws_vhost *wi_worker_vhost_new(struct lws_context *lws, int tls, const char *authority);
void wi_worker_service_open(struct wi_worker_service *service);
/* When it has no workers any more. */
void wi_worker_service_close(struct wi_worker_service *service);
/* A random number in [0, 1). */
double wi_worker_random(struct wi_worker_service *service);

struct wi_worker *wi_worker_new(struct wi_worker_service *service);
/* Gives up its tasks for good. After that only its socket keeps the loop alive. */
void wi_worker_stop(struct wi_worker *worker);
void wi_worker_free(struct wi_worker *worker); /* not in an event of its own; NULL is fine */
struct wi_worker_service *wi_worker_service(const struct wi_worker *worker);
/* Once; it comes back by itself. */
void wi_worker_connect(struct wi_worker *worker);
/* Reconnects when it is due, sends heartbeats, and notices silence. `now` is of wi_awake_ms(). */
void wi_worker_beat(struct wi_worker *worker, double now);
/* Breaks the connection without sending anything. */
void wi_worker_cut(struct wi_worker *worker);
/* Pauses or resumes the worker. While paused it accepts no task: new ones are answered with
 * node_paused, and running ones continue. */
void wi_worker_pause(struct wi_worker *worker, int paused);
int wi_worker_is_paused(const struct wi_worker *worker);
/* Calls `visit` for each task, which may answer it. */
void wi_worker_each_task(struct wi_worker *worker, void (*visit)(struct wi_worker_task *task));
/* Sends `bye` if it is connected. Returns 1 if it did; then `left` follows. */
int wi_worker_leave(struct wi_worker *worker, const char *reason);
int wi_worker_is_up(const struct wi_worker *worker);
/* Whether the service has refused it for good. */
int wi_worker_is_gone(const struct wi_worker *worker);
/* Whether it did so because of a message, after it had welcomed the worker. */
int wi_worker_broke_rules(const struct wi_worker *worker);
/* Bytes of an answer's tensors that the service takes, as it said last; 0: it has not. */
uint64_t wi_worker_max_answer(const struct wi_worker *worker);
/* Sends a message of that type if it is connected. `members` is the JSON of its data's members,
 * without braces. */
void wi_worker_say(struct wi_worker *worker, const char *type, const char *members);
/* Says that the service's capabilities have changed, if it is connected. */
void wi_worker_report(struct wi_worker *worker);
/* The models that it has loaded, as model_status lists them; borrowed, NULL for none. */
const json_t *wi_worker_models(const struct wi_worker *worker);
void wi_worker_set_models(struct wi_worker *worker, json_t *models); /* takes the reference */

/* --- A task ---------------------------------------------------------------------------------- */

struct wi_worker_task {
    struct wi_worker *worker;
    void *owner; /* the owner's */
    char id[WI_FRAME_ID_MAX + 1];
    uint64_t next;    /* seq of the part that is sent next; a continuation begins above 0 */
    double waited_ms; /* for credit, so far; awake time */
    int answered;
    struct wi_worker_task *_prev, *_next;
    char _reply_to[WI_FRAME_ID_MAX + 1];
    json_t *_request;              /* until all its tensors have arrived */
    struct wi_pieces_in *_in;      /* likewise, if they come in pieces */
    int _streams;                  /* it is a stream, which needs credit */
    struct wi_worker_part *_parts; /* not acknowledged */
    struct wi_flow _flow;
    double _blocked;          /* since, of wi_awake_ms(); 0: there is credit */
    struct wi_buffer _answer; /* the head of its message */
    int _answer_binary;
    struct wi_tensors _outputs; /* after the head */
    struct wi_pieces_out *_out; /* those sent in pieces, before it */
};

struct wi_worker_answer {
    struct wi_error failure; /* WI_OK: it went well */
    int retryable;           /* of a failure: another node may do better */
    const char *code;        /* of a failure, as it is to be sent; NULL: by the failure's own */
    const char *executed_on; /* JSON */
    double load_ms, inference_ms;
    struct wi_tensors outputs; /* shared, not taken */
    json_t *result;            /* borrowed; NULL: none */
};

/* Whether a part may go now. If not, `go_on` follows. */
int wi_worker_has_credit(struct wi_worker_task *task);
/* Sends the part `task->next`: `members` is the JSON of its members except its number, without
 * braces, and `bytes` is its size for the credit. Once wi_worker_has_credit said yes, it may be
 * called without a connection, too. */
void wi_worker_send_part(struct wi_worker_task *task, const char *members, size_t bytes);
/* Says how far the task is, if the worker is connected: the JSON of the message's members. */
void wi_worker_progress(struct wi_worker_task *task, const char *members);
/* Answers the task, at once or when the connection is back. Tensors that do not fit a message go in
 * pieces. */
void wi_worker_answer(struct wi_worker_task *task, const struct wi_worker_answer *answer);
/* Sends an answer that did not go in pieces a second time, if the worker is connected: returns 1 if
 * it did. For tests of services. */
int wi_worker_repeat(struct wi_worker_task *task);

#endif
