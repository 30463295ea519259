/* A stream as its files share it: stream.c, and stream_pull.c for one whose model is not here. */
#ifndef WI_API_STREAM_PRIVATE_H
#define WI_API_STREAM_PRIVATE_H

#include "api/infer.h"
#include "api/kept.h"
#include "api/stream.h"
#include "api/stream_end.h"
#include "api/taker.h"
#include "base/table.h"

/* What is under way before a stream has a job. `cancel` ends it if the stream goes first; whoever
 * set it clears it when it is done. All NULL: nothing. */
struct wi_stream_before {
    void (*cancel)(void *context);
    void *context;
};

/* One stream, from its request until nobody can want anything of it any more. It is
 *   silent   while `request` waits for its first event
 *   open     while somebody takes its events
 *   left     for a while, where it is resumable and nobody does */
struct wi_api_stream {
    struct wi_api_streams *streams;
    char id[WI_ID_SIZE]; /* its job's */
    char request_id[WI_REQUEST_ID_MAX + 1];
    char *client, *model_name;
    const struct wi_dialect *dialect;
    struct wi_infer infer;
    struct wi_events *events;
    struct wi_request *request;
    struct wi_taker *taker;
    struct wi_timer *timer;    /* until it opens; for comments; or until it is given up */
    struct wi_buffer progress; /* the latest event of that kind, while it is silent */
    struct wi_credit told;     /* to its job, of what was taken */
    uint64_t counted;          /* parts */
    double accepted_at;        /* wi_now_ms() */
    int under_way;             /* its job is */
    struct wi_stream_end *end; /* while its last event is being printed */
    struct wi_stream_before before;
    struct wi_kept_item kept; /* while it has ended and nobody takes it */
    UT_hash_handle hh;
};

struct wi_api_streams {
    struct wi_api *api;
    struct wi_api_stream *streams; /* by id */
    struct wi_kept kept;
    struct wi_api_stream_counters counters;
};

/* A silent one for `request`, known by `id`. What `infer` holds is taken over. */
struct wi_api_stream *wi_stream_new(
    struct wi_request *request, struct wi_infer *infer, const char *model_name, const char *id);
/* Its request waits for its first event. */
void wi_stream_wait(struct wi_api_stream *stream);
/* Shows the client how far it is. */
void wi_stream_show(struct wi_api_stream *stream, const struct wi_progress *progress);
/* Its last event is the error, or its request's answer, after which it is gone. */
void wi_stream_fail(struct wi_api_stream *stream, const struct wi_error *error);
/* Submits its job: WI_OK, or why not. */
enum wi_code wi_stream_submit(
    struct wi_api_stream *stream, struct wi_job_spec *spec, struct wi_error *error);

#endif
