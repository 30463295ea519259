/*
 * One request from its first header to its last byte.
 *
 *   reading → handling → (waiting) → answered → sending → completed
 *
 * When many requests wait for the same thing, each becomes ready at its end and is handled in its
 * client's turn.
 *
 * A request whose body goes to its handler in pieces (WI_ROUTE_PIECES) goes from waiting back to
 * reading for each further piece.
 *
 * A request that is refused before its body was read goes from reading to discarding (short body:
 * it is read and dropped, the request is answered properly, and the connection stays open) or to
 * lingering (long body: the answer is written by hand at once and input is dropped for a moment, so
 * that the client sees the answer and not a reset). waiting.c is the only writer of `state`.
 */
#ifndef WI_API_HTTP_REQUEST_H
#define WI_API_HTTP_REQUEST_H

#include "api/http/access_rules.h"
#include "api/http/clients/admission.h"
#include "api/http/clients/connections.h"
#include "api/http/clients/spending.h"
#include "api/http/forwarded.h"
#include "api/http/headers.h"
#include "api/http/history.h"
#include "api/http/metrics.h"
#include "api/http/routes.h"
#include "api/http/server.h"
#include "base/buffer.h"
#include "base/log.h"
#include "base/net/site.h"
#include "base/params.h"
#include "base/share.h"
#include "base/work_queue.h"
#include "work/run/run.h"
#include <jansson.h>
#include <microhttpd.h>

enum wi_request_state {
    WI_REQUEST_READING,
    WI_REQUEST_DISCARDING,
    WI_REQUEST_LINGERING,
    WI_REQUEST_HANDLING,
    WI_REQUEST_WAITING, /* suspended */
    WI_REQUEST_READY,   /* its wait has ended */
    WI_REQUEST_ANSWERED,
    WI_REQUEST_SENDING,
    WI_REQUEST_GONE /* the client left; libmicrohttpd still has to be told */
};

/* The state that all requests share; owned by the server. */
struct wi_api {
    struct wi_server_deps deps;
    struct wi_access_rules *access;
    struct wi_admission *admission;
    struct wi_metrics *metrics;
    struct wi_history *history;
    struct wi_endpoints *endpoints; /* the state that they keep: see endpoints.h */
    struct wi_shares clients;       /* of the memory budget, in requests that are not completed */
    struct wi_work_queue *heavy;    /* big JSON is read and printed here */
    const struct wi_route *routes;
    struct wi_site *console, *docs;   /* NULL: it was not built */
    const struct wi_dialect *dialect; /* for requests that match no route */
    char url[96];
    int tls;
    int closing;        /* permanently: no request waits any more, answers have Connection: close */
    int64_t started_at; /* Unix milliseconds */
    double started_ms;  /* wi_now_ms() */
    struct wi_connections connections;
    struct wi_spending spending;
    struct wi_request *requests; /* all requests that are not completed */
    size_t request_count;
    struct wi_turn *turn;     /* once scheduled, it runs libmicrohttpd when this turn is over */
    struct wi_timer *watcher; /* runs wi_request_watch_waiting while requests wait */
    struct wi_log_limit strangers; /* of access log lines of requests without a good token */
    struct wi_timer *flush;        /* writes the kept lines of the access log */
};

/* The most parameters of a query; each takes memory of its connection, which has 64 KiB. */
#define WI_REQUEST_PARAMETERS_MAX 100
#define WI_REQUEST_ID_MAX 64

struct wi_request {
    struct wi_api *api;
    struct wi_connection *connection;
    struct MHD_Connection *mhd;
    enum wi_request_state state;
    const struct wi_route *route;     /* NULL: none matched */
    const struct wi_dialect *dialect; /* of the route; else of routes near the path, or wi_api's */
    char argument[WI_ROUTE_ARGUMENT_MAX]; /* the value of {id} or {model} */
    char second[WI_ROUTE_ARGUMENT_MAX];   /* the value of the {NAME} after it */
    char id[WI_REQUEST_ID_MAX + 1];
    const char *method, *target, *version; /* libmicrohttpd's, valid until completed */
    const char *path;                      /* in the target, or "/" */
    char *authority; /* of a target in absolute form, "http://HOST:PORT/PATH"; else NULL */
    struct wi_headers headers;
    struct wi_forwarded forwarded;     /* what proxies say of the request */
    char head_length[24];              /* of an unpacked body, for `headers`: see upload.c */
    char token[WI_TOKEN_NAME_MAX + 1]; /* the name of the token, "-" for none */
    enum wi_rank rank;                 /* what it may do; WI_RANK_NONE if no token was needed */
    int cross_origin;                  /* from an allowed origin: the answer says so */
    char *ignored; /* the ignored parameters, for a header of the answer; or NULL */
    int untyped;   /* its body has no declared type, and has to begin like a JSON object */

    int distrusted; /* its end is in doubt: its connection is closed after the answer */

    struct wi_blob *body; /* NULL for an empty one; a handler may take it over */
    int is_midway;        /* its handler has a piece of the body, and more follows */
    unsigned pieces;      /* pieces given to its handler, without the last one */
    struct wi_pace pace;  /* of the body */
    uint64_t received;    /* bytes of body */
    /* Its client's share of the memory budget; NULL while nothing is held. It counts the body, for
     * which the blob itself takes and returns budget, and the reserved bytes. */
    struct wi_share *share;
    size_t body_held;
    uint64_t json_cost; /* bytes that parsing the body as JSON may take (request.c) */
    size_t max_body;
    double started; /* wi_now_ms() when its headers were there */
    double read;    /* wi_now_ms() at the last byte of its body */
    struct wi_request_time spent;

    struct MHD_Response *response; /* once answered */
    int status;
    uint64_t sent;   /* bytes of the answer's body */
    size_t reserved; /* bytes of the budget reserved for it: see wi_request_reserve */

    char job[WI_ID_SIZE]; /* the job that it waits for, or "" */
    const char *alias;    /* the client's own name for it; borrowed from the handler's work */

    uint64_t counted_as; /* the series of the history that counts its inference; 0: none */
    uint64_t parts;      /* of a stream: parts that its client took in this answer */

    /* The work that the handler waits for; set with wi_request_wait. For an answer that is made bit
     * by bit: its maker; then `cancel` is called when the request is completed, whatever the
     * outcome. */
    void (*cancel)(void *work);
    void *work;
    /* For such an answer: called when the connection's deadline passes; 1 if it has set another. */
    int (*is_moving)(void *work);
    void (*go_on)(struct wi_request *request, void *work); /* once it is ready */
    int suspended;
    struct wi_watch *watch; /* for the client leaving while suspended */
    struct wi_request *next, *previous;
};

/* --- for handlers ----------------------------------------------------------------------------- */

/* A handler answers before it returns, or calls this: then the connection is suspended until one of
 * the answers below. If the client leaves or the server stops first, `cancel(work)` is called once
 * and must free everything that would call back. */
void wi_request_wait(struct wi_request *request, void (*cancel)(void *work), void *work);

/* Each is the only answer; after it only wi_request_add_header may follow, at once. */
void wi_request_answer_text(struct wi_request *request, int status, const char *media_type,
    struct wi_buffer *text); /* takes the text over */
void wi_request_answer_json(struct wi_request *request, int status, json_t *value); /* takes it */
/* With what becomes of the object of that id. */
void wi_request_answer_verb(
    struct wi_request *request, int status, const char *id, const char *state);
/* Answers a HEAD request for a stream of `dialect`. 0: it has another method. */
int wi_request_answer_head(struct wi_request *request, const struct wi_dialect *dialect);
void wi_request_answer_error(struct wi_request *request, const struct wi_error *error);
/* Likewise with the error that wi_error_set() makes of the rest. */
__attribute__((format(printf, 4, 5))) void wi_request_answer_refusal(
    struct wi_request *request, enum wi_code code, const char *field, const char *format, ...);
void wi_request_answer_response(struct wi_request *request, int status, const char *media_type,
    struct MHD_Response *response, uint64_t bytes); /* takes the response; aborts if it is NULL */
/* With the bytes of all slices, borrowed until `on_sent` is called; the list is copied. */
void wi_request_answer_slices(struct wi_request *request, int status, const char *media_type,
    const struct MHD_IoVec *slices, size_t count, void (*on_sent)(void *context), void *context);
void wi_request_add_header(struct wi_request *request, const char *name, const char *value);
/* Adds the header Location: the path `folder` `id` on this server, as the client reaches it. */
void wi_request_add_location(struct wi_request *request, const char *folder, const char *id);

/* Whether the client already has the version with that entity tag (with its quotes): If-None-Match.
 */
int wi_request_knows(const struct wi_request *request, const char *etag);

/* The client to which the queue is fair and to which the request's jobs belong: the token's name,
 * or without tokens the client's address. Borrowed from the request. */
const char *wi_request_client(const struct wi_request *request);
/* The client whose jobs it may see and change; NULL: all clients' jobs. */
const char *wi_request_scope(const struct wi_request *request);
/* Charges `bytes` to the budget and to its client's share until the request is completed, or until
 * the next call, which replaces the amount. 0, or -1 if they do not fit. */
int wi_request_reserve(struct wi_request *request, size_t bytes);
/* A body as a JSON object (no body: {}): a new reference, or NULL with the error. May be called on
 * a thread: reading 64 KiB takes a millisecond or two. */
json_t *wi_body_object(const struct wi_blob *body, struct wi_error *error);
/* The request's body likewise, for a route whose body is not larger than that, read into `target`
 * by `table`. Texts in `target` belong to the body. NULL: the request was answered with the error.
 */
json_t *wi_request_read_body(
    struct wi_request *request, const struct wi_param *table, void *target);

/* The handler of a route with WI_ROUTE_PIECES is called with each piece of the body, to which it
 * may take a reference but which it may not take over. While `is_midway` is set, more follows, and
 * the handler may only answer with an error, or wait and then call this: the body is read on, and
 * `work` is in the request when the handler is called again. If the request ends before that,
 * `cancel(work)` is called. */
void wi_request_read_on(struct wi_request *request, void (*cancel)(void *work), void *work);

/* --- for the server --------------------------------------------------------------------------- */

/* libmicrohttpd's access handler; *context is the request. */
enum MHD_Result wi_request_access(struct wi_connection *connection, struct MHD_Connection *mhd,
    const char *path, const char *method, const char *version, const char *upload,
    size_t *upload_size, void **context);
/* libmicrohttpd is done with the request, whatever the outcome: counts, logs and frees it. */
void wi_request_completed(struct wi_request *request, enum MHD_RequestTerminationCode why);
/* Its connection's deadline has passed: 408 if a body was being read, else the connection is just
 * cut. */
void wi_request_expired(struct wi_request *request);
/* Whether the head of a chunk of its body may fill its connection's memory. */
int wi_request_may_clog(const struct wi_request *request);
/* Until more of its body comes, it has no more time than a lingering request. */
void wi_request_shorten_deadline(struct wi_request *request);
/* Answers a waiting request with `error`; any other is left alone. */
void wi_request_abort(struct wi_request *request, const struct wi_error *error);
/* The server is closing: answers a request whose body is still coming. */
void wi_request_hurry(struct wi_request *request);
/* Sets the error for a request that is not handled any more; returns WI_SHUTTING_DOWN. */
enum wi_code wi_request_shutting_down(struct wi_error *error);

#endif
