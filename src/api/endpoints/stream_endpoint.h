/*
 * Answers in parts: POST /v1/infer with "stream": true, and GET /v1/jobs/ID by a client that comes
 * back to such an answer. Nothing is sent before there is a part or ten seconds have passed, so
 * that a failure before that has its usual status.
 */
#ifndef WI_API_ENDPOINTS_STREAM_ENDPOINT_H
#define WI_API_ENDPOINTS_STREAM_ENDPOINT_H

#include "api/http/request.h"
#include "work/run/run.h"

struct wi_api_streams;
struct wi_api_streams *wi_api_streams_new(struct wi_api *api);
/* When no request is left; NULL is fine. */
void wi_api_streams_free(struct wi_api_streams *streams);

/* Whether the request's Accept header asks for a stream. */
int wi_api_stream_is_accepted(const struct wi_request *request);
/* Takes over the run of a request that asks for a stream: the run's parts become events, and the
 * request waits for the first of them. */
void wi_api_stream_begin(struct wi_request *request, struct wi_run *run);
/* GET /v1/jobs/ID: answers the request with the events of that stream after its Last-Event-ID, or
 * with the reason why that is not possible. 0 if the same client has no such stream. */
int wi_api_stream_take_up(struct wi_request *request, const char *id);

/* The server closes: streams without a client end, because no client can come back to them any
 * more. */
void wi_api_streams_quiesce(struct wi_api_streams *streams);
/* Streams that are still under way end with the error shutting_down. */
void wi_api_streams_finish(struct wi_api_streams *streams);

struct wi_api_stream_counters {
    uint64_t parts;         /* that clients' sockets took */
    uint64_t left, resumed; /* clients that went before the end, and that came back */
    size_t open, waiting;   /* now: with a client, and without one for a while */
};
void wi_api_streams_counters(
    const struct wi_api_streams *streams, struct wi_api_stream_counters *counters);

#endif
