/*
 * webinfer uplink: lends a daemon to another one, or to all other members of its cluster. It is a
 * client of the API of its own daemon, the lending one, and a node of each borrowing one, with one
 * connection for each kind of browser. Everything happens on one loop.
 *
 *   uplink.c    the command: its arguments and secrets, and the loop
 *   program.c   what all parts use of it
 *   own.c       what the own daemon is asked regularly: its nodes and kinds
 *   kinds.c     from its answers to what each connection announces
 *   models.c    the hashes of its models, and their names
 *   borrowers.c the daemons that borrow, and the connections that each has
 *   follow.c    the members of the cluster as borrowers; roster.c: who they are
 *   line.c      a connection: the node of one kind
 *   relayed.c   a task, from its arrival to its end
 *   request.c   the task as a request; inputs.c: its input
 *   answer.c    the answer to a request as that to a task; stream.c: its parts
 *   failure.c   errors of the own daemon as errors of a node
 */
#ifndef WI_UPLINK_UPLINK_H
#define WI_UPLINK_UPLINK_H

#include "base/budget.h"
#include "base/loop.h"
#include "base/net/http_client.h"
#include "cli/cli.h"
#include "cli/events.h"
#include "nodes/node/relay.h"
#include "nodes/node/worker.h"
#include "uplink/kinds.h"

/* The hashes of a message, and of all that a relay may announce. */
#define WI_UPLINK_HASHES_MESSAGE 512
#define WI_UPLINK_HASHES_MAX 10000
/* Bytes of an answer's JSON, beside its tensors, and of an event. */
#define WI_UPLINK_JSON_MAX ((size_t)64 * 1024 * 1024)
/* Bytes of all answers that are on their way at a time. */
#define WI_UPLINK_MEMORY ((uint64_t)2 * 1024 * 1024 * 1024)

/* Runs the parsed command and returns its exit status. */
enum wi_exit wi_uplink(struct wi_cli *cli);

/* --- the whole ------------------------------------------------------------------------------- */

struct wi_uplink_options {
    const char *url, *authority; /* of the own daemon */
    const char *authorization;   /* the header for its token; NULL: none */
    const char *to;              /* the URL of the borrowing daemon; NULL: members borrow */
    struct wi_join_link link;    /* of the borrowing daemon */
    const char *token;           /* for members */
    const char *to_authority;    /* PEM file of the authority to trust there; NULL: the system's */
    const char *name;         /* of the own daemon, as others will call it; "": the own member's */
    uint64_t slots;           /* nodes of a kind to lend, at most */
    struct wi_strings models; /* the only ones to lend; none: all */
};

struct wi_uplink_own;
struct wi_uplink_models;
struct wi_uplink_follow;
struct wi_uplink_borrower;
struct wi_uplink_line;

struct wi_uplink_run {
    const struct wi_uplink_options *options;
    uv_loop_t *loop;
    struct lws_context *lws;
    struct lws_vhost *vhost; /* of all lines */
    struct wi_http *http;
    struct wi_budget *budget; /* of answers */
    struct wi_uplink_own *own;
    struct wi_uplink_follow *follow; /* NULL: there is one borrower */
    char name[WI_RELAY_SIZE];        /* of the own daemon, as borrowing ones call it */
    /* A request got no answer: the own daemon may be lost. Nothing new is taken until it is known.
     */
    void (*doubt)(struct wi_uplink_own *own);
    /* Looks at the own daemon now, or again where a look is under way. */
    void (*look)(struct wi_uplink_own *own);
    uint64_t looks; /* that have begun */
    struct wi_uplink_borrower *borrowers;
    struct wi_uplink_line *lines; /* of all borrowers, and those that end */
    json_t *names; /* of the models to lend, by their hashes; borrowed from models.c */
    struct wi_timer *beat, *over;
    uv_signal_t signals[2];
    size_t leaving;
    int ending;
    int is_lost; /* the own daemon does not answer */
    enum wi_exit exit;
};

/* --- program.c ------------------------------------------------------------------------------- */

/* Ends the program with that status, after a message for people if `format` is not NULL. Once. */
__attribute__((format(printf, 3, 4))) void wi_uplink_end(
    struct wi_uplink_run *run, enum wi_exit exit, const char *format, ...);
/* Prints a line of standard error. */
__attribute__((format(printf, 1, 2))) void wi_uplink_tell(const char *format, ...);
/* Warns if the token is sent to that URL unencrypted; `to` is its name for people. */
void wi_uplink_warn_plain(const char *to, const char *url);
/* Starts a request to the own daemon: fills in what all have. `path` is behind the URL. */
struct wi_http_call *wi_uplink_call(struct wi_uplink_run *run, const char *path,
    const char *const *headers, struct wi_http_request *request, wi_http_fn *on_answer,
    void *context);

/* --- ask.c ----------------------------------------------------------------------------------- */

/* A daemon that has not answered for so long is lost. */
#define WI_UPLINK_ANSWER_MS 8000
#define WI_UPLINK_ANSWER_MAX ((size_t)64 * 1024 * 1024)
/* Asks for what is at a path. */
struct wi_http_call *wi_uplink_get(
    struct wi_uplink_run *run, const char *path, wi_http_fn *on_answer, void *context);
/* The JSON of an answer with 200, which is the caller's; NULL: it is none. */
json_t *wi_uplink_answer_json(const struct wi_http_answer *answer);

/* --- own.c ----------------------------------------------------------------------------------- */

struct wi_uplink_own *wi_uplink_own_new(struct wi_uplink_run *run);
void wi_uplink_own_free(struct wi_uplink_own *own); /* NULL is fine */

/* --- models.c ------------------------------------------------------------------------------- */

struct wi_uplink_models *wi_uplink_models_new(struct wi_uplink_run *run);
void wi_uplink_models_free(struct wi_uplink_models *models); /* NULL is fine */
/* The own daemon answers: its models are read, and read again when they change. */
void wi_uplink_models_watch(struct wi_uplink_models *models);
/* It does not any more. */
void wi_uplink_models_leave(struct wi_uplink_models *models);

/* --- line.c ---------------------------------------------------------------------------------- */

struct wi_uplink_line {
    struct wi_uplink_run *run;
    struct wi_uplink_line *next;
    struct wi_uplink_borrower *borrower; /* NULL: it ends */
    double ends_at;                      /* of wi_awake_ms(), at the latest */
    char kind[WI_UPLINK_KIND_SIZE];
    char *capabilities;
    struct wi_worker_service service;
    struct wi_worker *worker;
    json_t *said; /* the hashes that the borrowing daemon was told, as keys */
    json_t *gone; /* those that it was told to forget, since it knew the node */
    int complained, is_open;
};

/* The connection of a borrower for a kind, which is made, and is in the list of lines. */
void wi_uplink_line_new(struct wi_uplink_borrower *borrower, const char *kind,
    char *capabilities); /* takes the capabilities over */
/* It has no borrower any more: its node leaves, and it is freed by a later beat. */
void wi_uplink_line_end(struct wi_uplink_line *line, const char *reason);
/* To be called every WI_WORKER_BEAT_MS: keeps all lines alive, and frees those that have ended. */
void wi_uplink_lines_beat(struct wi_uplink_run *run, double now);
void wi_uplink_lines_free(struct wi_uplink_run *run); /* once the loop has ended */
/* Announces these capabilities, which it takes over, where they are new. */
void wi_uplink_line_describe(struct wi_uplink_line *line, char *capabilities);
/* Says which models have come and gone. */
void wi_uplink_line_tell_models(struct wi_uplink_line *line);

/* --- relayed.c: a task ----------------------------------------------------------------------- */

struct wi_uplink_body {
    struct wi_buffer head; /* the JSON */
    struct wi_tensors tensors;
    size_t size; /* of all */
};

struct wi_uplink_part;

struct wi_uplink_task {
    struct wi_uplink_run *run;
    struct wi_uplink_line *line;
    struct wi_worker_task *task;
    struct wi_uplink_body body;
    struct wi_http_call *call; /* NULL: it has ended */
    int is_stream;
    /* The answer. */
    int status, is_events, is_paused;
    size_t json_size; /* of a binary answer; 0: all is JSON */
    struct wi_blob *blob;
    struct wi_error failure; /* of what was received; WI_OK: none so far */
    /* A stream. */
    struct wi_cli_events events;
    struct wi_uplink_part *parts; /* that wait for credit, and the end behind them */
    uint64_t received;            /* the number of the part that is expected next */
    int has_end;
    /* The own daemon says that it has no node for the task: that look shows whether the kind has
     * none, and the task waits for it. 0: it waits for none. */
    uint64_t look;
};

void wi_uplink_take_task(struct wi_worker_task *task, const struct wi_worker_request *request);
void wi_uplink_go_on(struct wi_worker_task *task);
void wi_uplink_cancel_task(struct wi_worker_task *task);
void wi_uplink_end_task(struct wi_worker_task *task);
/* Answers a task because the own daemon is lost: another node is asked. */
void wi_uplink_give_back(struct wi_worker_task *task);
/* A look is over. Answers a task that has waited for it: it goes back untouched where its node is
 * paused by now, and else it has failed. */
void wi_uplink_settle(struct wi_worker_task *task);

/* --- request.c, inputs.c: pure --------------------------------------------------------------- */

/* Makes the body of POST /v1/infer. `name` is the model's name at the own daemon. WI_OK, or why the
 * task cannot be such a request. Clear the body in either case. */
enum wi_code wi_uplink_request_make(struct wi_uplink_body *body, const struct wi_worker_task *task,
    const struct wi_worker_request *request, const char *name, const char *kind,
    struct wi_error *error);
void wi_uplink_body_clear(struct wi_uplink_body *body);
/* Copies bytes from a position on, at most `room`; returns their number. */
size_t wi_uplink_body_copy(
    const struct wi_uplink_body *body, uint64_t position, char *out, size_t room);
/* The tensor of a task that {"tensor": i} names; NULL: there is none such. Borrowed. */
const struct wi_tensor *wi_uplink_tensor_at(
    const struct wi_worker_request *request, const json_t *place);
/* Adds `,"inputs":` for what a task has, and to `tensors` those whose bytes follow the JSON. */
enum wi_code wi_uplink_inputs_add(struct wi_buffer *out, struct wi_tensors *tensors,
    const struct wi_worker_request *request, struct wi_error *error);

/* --- answer.c, stream.c, failure.c ----------------------------------------------------------- */

/* What the own daemon answered, whole or with the last event of a stream. WI_OK: clear it. */
struct wi_uplink_answer {
    json_t *root;
    char *executed_on;
    struct wi_worker_answer answer;
};
/* Reads an answer of `json_size` bytes of JSON at the beginning of `blob`, and tensors behind.
 * WI_OK, or why it is no answer to that attempt. */
enum wi_code wi_uplink_answer_read(struct wi_uplink_answer *read, struct wi_blob *blob,
    size_t json_size, const char *attempt, struct wi_error *error);
void wi_uplink_answer_clear(struct wi_uplink_answer *read);

/* Takes bytes of the events. 0, or -1 with the task's failure set. */
int wi_uplink_stream_take(struct wi_uplink_task *own, const char *bytes, size_t size);
/* Sends what waited and may go; returns whether nothing waits any more. */
int wi_uplink_stream_flush(struct wi_uplink_task *own);
void wi_uplink_stream_begin(struct wi_uplink_task *own);
void wi_uplink_stream_clear(struct wi_uplink_task *own);

/* Whether the problem document in `text` says that there is no node for the task. */
int wi_uplink_has_no_node(int status, const char *text, size_t size);
/* Answers a task with the problem document in `text`; `status` is that of HTTP. */
void wi_uplink_fail_by(struct wi_worker_task *task, int status, const char *text, size_t size);
/* Answers a task with a failure of our own. */
void wi_uplink_fail(struct wi_worker_task *task, const char *code, int retryable, const char *why);

#endif
