/*
 * Answers in parts: POST /v1/infer with "stream": true, and GET /v1/jobs/ID by a client that comes
 * back to one. Nothing is sent before there is a part or ten seconds have passed, so that what
 * fails before has its usual status.
 */
#ifndef WI_API_ENDPOINTS_STREAM_H
#define WI_API_ENDPOINTS_STREAM_H

#include "api/http/request.h"
#include "work/run/run.h"

struct wi_api_streams;
struct wi_api_streams *wi_api_streams_new(struct wi_api *api);
/* When no request is left; NULL is fine. */
void wi_api_streams_free(struct wi_api_streams *streams);

/* Whether the request's Accept header asks for a stream. */
int wi_api_stream_is_accepted(const struct wi_request *request);
/* Takes over the run of the request, of which a stream is wanted: its parts are events, and the
 * request waits for the first of them. */
void wi_api_stream_begin(struct wi_request *request, struct wi_run *run);
/* GET /v1/jobs/ID: lets the request have the events of that stream behind its Last-Event-ID, or
 * answers with why not. 0 if there is no such stream of the same client. */
int wi_api_stream_take_up(struct wi_request *request, const char *id);

/* The server closes: what nobody listens to ends, for nobody can come back to it any more. */
void wi_api_streams_quiesce(struct wi_api_streams *streams);
/* What is still under way ends with the error shutting_down. */
void wi_api_streams_finish(struct wi_api_streams *streams);

struct wi_api_stream_counters {
    uint64_t parts;         /* that clients' sockets took */
    uint64_t left, resumed; /* clients that went before the end, and that came back */
    size_t open, waiting;   /* now: with a client, and without one for a while */
};
void wi_api_streams_counters(
    const struct wi_api_streams *streams, struct wi_api_stream_counters *counters);

#endif
