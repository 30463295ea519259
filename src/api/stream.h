/*
 * Answers in parts: POST /v1/infer with "stream": true, and GET /v1/jobs/ID by a client that comes
 * back to one. Nothing is sent before there is a part or ten seconds have passed, so that what
 * fails before has its usual status.
 */
#ifndef WI_API_STREAM_H
#define WI_API_STREAM_H

#include "api/request.h"
#include "job/job.h"

struct wi_api_streams;
struct wi_api_streams *wi_api_streams_new(struct wi_api *api);
/* When no request is left; NULL is fine. */
void wi_api_streams_free(struct wi_api_streams *streams);

/* Whether the request's Accept header asks for events. */
int wi_api_stream_is_accepted(const struct wi_request *request);
/* Whether the answer to what was read is to be events. */
int wi_api_stream_is_wanted(const struct wi_request *request, const struct wi_infer *infer);
/* Submits what was read and checked, and lets the request wait for its first event, or answers
 * with what is wrong. What `infer` holds is taken over. */
void wi_api_stream_begin(
    struct wi_request *request, struct wi_infer *infer, struct wi_model *model);
/* The same for a model that is not here and has to be pulled first (see pulls.h): how far that is
 * are the first events. */
void wi_api_stream_begin_pull(struct wi_request *request, struct wi_infer *infer);
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
