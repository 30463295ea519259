/* Between the files of the streams: stream.c is one's way from its request to its end, and
 * stream_end.c makes its last event. */
#ifndef WI_API_STREAM_PRIVATE_H
#define WI_API_STREAM_PRIVATE_H

#include "api/stream.h"
#include "api/taker.h"
#include <uthash.h>

struct wi_api_stream_ending;

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
    struct wi_timer *timer;              /* until it opens; for comments; or until it is given up */
    struct wi_buffer progress;           /* the latest event of that kind, while it is silent */
    struct wi_credit told;               /* to its job, of what was taken */
    uint64_t counted;                    /* parts */
    int under_way;                       /* its job is */
    struct wi_api_stream_ending *ending; /* while its last event is being printed */
    UT_hash_handle hh;
};

struct wi_api_streams {
    struct wi_api *api;
    struct wi_api_stream *streams; /* by id */
    struct wi_api_stream_counters counters;
};

struct wi_stream_face wi_api_stream_face(const struct wi_api_stream *stream);
/* Lets the request that waits for its first event have what is there, and what is to come. */
void wi_api_stream_open(struct wi_api_stream *stream, struct wi_request *request);
/* Its job has failed: answers the request that still waits, else the error is its last event. The
 * stream may be gone afterwards. */
void wi_api_stream_fail(struct wi_api_stream *stream, const struct wi_error *error);
/* Adds its last event; the text is taken over. */
void wi_api_stream_finish(struct wi_api_stream *stream, struct wi_buffer *text);

/* The job's answer becomes the last event, large ones on another thread. The stream may be gone
 * afterwards. */
void wi_api_stream_print_end(
    struct wi_api_stream *stream, const struct wi_job_spec *spec, struct wi_job_result *result);
void wi_api_stream_leave_end(
    struct wi_api_stream_ending *ending); /* nobody wants it; NULL is fine */

#endif
