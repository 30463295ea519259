/* Declarations that the worker's files share; see worker.h. */
#ifndef WI_NODES_NODE_WORKER_PRIVATE_H
#define WI_NODES_NODE_WORKER_PRIVATE_H

#include "base/buffer.h"
#include "base/net/lws_client.h"
#include "base/secret.h"
#include "nodes/node/frame.h"
#include "nodes/node/worker.h"

enum wi_worker_state {
    WI_WORKER_IDLE,
    WI_WORKER_CONNECTING,
    WI_WORKER_ANNOUNCING,
    WI_WORKER_UP,
    WI_WORKER_CUT, /* the socket is about to go */
    WI_WORKER_LEAVING,
    WI_WORKER_GONE, /* for good */
};

/* Events of the socket for the conversation. */
struct wi_worker_socket_events {
    void (*opened)(struct wi_worker *worker);
    void (*heard)(struct wi_worker *worker, struct wi_blob *blob, int binary); /* borrowed */
    /* It is gone, or never came; `why` is "" if it is not known. */
    void (*closed)(struct wi_worker *worker, const char *why);
    void (*refused)(struct wi_worker *worker, int code, const char *reason); /* on closing */
};

struct wi_worker {
    struct wi_worker_service *service;
    const struct wi_worker_socket_events *events;
    enum wi_worker_state state;
    char id[WI_ID_SIZE];              /* "" before the first welcome */
    char resume_token[WI_TOKEN_SIZE]; /* "" for none */
    uint64_t sequence;
    struct wi_worker_task *tasks;
    json_t *models;
    /* The socket. */
    struct wi_lws_client client;
    struct wi_blob *incoming;
    struct wi_message *queue;
    struct wi_message_place written; /* of the first message */
    /* Times, of wi_awake_ms(). */
    double heard, said, heartbeat_at, retry_at;
    double retry_ms; /* the next wait is a random time up to this */
    double interval_ms;
    uint64_t max_frame; /* bytes that the service takes */
    unsigned misses;
    struct wi_credit initial_credit; /* of each task */
    uint64_t max_answer;             /* bytes of tensors that the service takes */
    double connected_at;             /* its last socket */
    size_t address, tried;           /* of the link's: the one in use; in vain since a welcome */
    char why[160];                   /* its last connection has ended, or was refused */
    int close_code;                  /* likewise; 0: none */
    int paused;
    int broke_rules; /* the service refused a message of it */
    int found_full;  /* there was no room when it last tried to join */
};

/* --- worker_socket.c ------------------------------------------------------------------------- */

extern const struct lws_protocols wi_worker_protocols[];
/* `closed` may come from inside. */
void wi_worker_socket_connect(struct wi_worker *worker);
void wi_worker_socket_send(struct wi_worker *worker, struct wi_message *message); /* takes it */
void wi_worker_socket_clear(struct wi_worker *worker); /* what is queued and half received */

/* --- worker_say.c ---------------------------------------------------------------------------- */

/* Begins a message; its data is open. */
void wi_worker_begin(struct wi_worker *worker, struct wi_buffer *out, int binary, const char *type);
/* Ends and sends one without tensors. */
void wi_worker_send_text(struct wi_worker *worker, struct wi_buffer *out);
void wi_worker_say_announcement(struct wi_worker *worker);
void wi_worker_say_heartbeat(struct wi_worker *worker, const char *reply_to);
void wi_worker_say_models(struct wi_worker *worker);
void wi_worker_say_capabilities(struct wi_worker *worker, const char *reply_to);
void wi_worker_say_bye(struct wi_worker *worker, const char *reason);

/* --- worker_task.c: messages about tasks; a message about an unknown task is ignored --------- */

struct wi_worker_task *wi_worker_find(struct wi_worker *worker, const char *id); /* or NULL */
void wi_worker_end(struct wi_worker_task *task);
void wi_worker_take_task(struct wi_worker *worker, struct wi_frame *frame);
void wi_worker_take_data(struct wi_worker *worker, const struct wi_frame *frame);
void wi_worker_take_cancel(struct wi_worker *worker, const char *id);
void wi_worker_take_acks(struct wi_worker *worker, const json_t *ids, const json_t *parts);
/* Follows the data of a welcome: drops tasks that are no longer wanted, and sends again what has
 * not arrived. */
void wi_worker_resume(struct wi_worker *worker, const json_t *welcome);
/* Gives up the tasks that do not fit into an announcement. The service sends them again. */
void wi_worker_fit(struct wi_worker *worker);

/* --- worker_answer.c ------------------------------------------------------------------------- */

void wi_worker_take_credit(struct wi_worker_task *task, const json_t *said);
void wi_worker_forget_parts(struct wi_worker_task *task, uint64_t before); /* seq */
/* Applies what the welcome says about the task; NULL: nothing. */
void wi_worker_resume_answer(
    struct wi_worker_task *task, const json_t *next, const json_t *credit, const json_t *data);
void wi_worker_clear_answer(struct wi_worker_task *task);

#endif
