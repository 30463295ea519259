/*
 * The streams and their clients; see stream_endpoint.h. The parts that a node sends wait in the
 * stream's events until the client's socket takes them, and the job is told what was taken. So a
 * slow client slows its own node's engine, and the daemon holds no more for it than its credit
 * allows.
 */
#include "api/endpoints/stream_endpoint.h"
#include "api/endpoints/endpoints.h"
#include "api/http/http_answer.h"

#include "api/endpoints/infer.h"
#include "api/http/events.h"
#include "base/memory.h"
#include "base/table.h"
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Approximate memory of a kept stream without its events. */
#define STREAM_COST 2048
/* How often the daemon behind a relay is told that it need not look for another place: its client
 * may want it to do so after some seconds of silence. */
#define RELAYED_BEAT_MS 1000.0

/* One stream, from its request until no client can come back to it. It is
 *   silent   while `request` waits for its first event
 *   open     while a client takes its events
 *   left     for a while, where it is resumable and has no client */
struct wi_api_stream {
    struct wi_api_streams *streams;
    char id[WI_ID_SIZE]; /* its job's */
    char request_id[WI_REQUEST_ID_MAX + 1];
    char *client;
    const struct wi_dialect *dialect;
    int resumable;
    struct wi_run *run; /* NULL once it has ended */
    struct wi_events *events;
    struct wi_request *request;
    struct wi_timer *timer;    /* until it opens; for comments; or until it is given up */
    struct wi_buffer progress; /* the latest event of that kind, while it is silent */
    uint64_t counted;          /* parts that the socket took */
    uint64_t charged;          /* for its run, to the budget */
    int queued;                /* its job is, or was */
    uint64_t counted_as;       /* its run, once it has ended: see wi_run_counted_as */
    struct wi_kept_item kept;  /* while it has ended and has no client */
    UT_hash_handle hh;
};

struct wi_api_streams {
    struct wi_api *api;
    struct wi_api_stream *streams; /* by id */
    struct wi_kept kept;
    struct wi_api_stream_counters counters;
};

/* In place of what its run had before. */
static int stream_charge(void *context, uint64_t bytes)
{
    struct wi_api_stream *stream = context;
    return wi_budget_exchange(stream->streams->api->deps.budget, &stream->charged, bytes);
}

static void free_stream(struct wi_api_stream *stream)
{
    struct wi_api_streams *streams = stream->streams;
    HASH_DEL(streams->streams, stream);
    wi_kept_remove(&streams->kept, &stream->kept);
    wi_run_abandon(stream->run);
    (void)stream_charge(stream, 0);
    wi_timer_free(stream->timer);
    wi_events_free(stream->events);
    wi_buffer_clear(&stream->progress);
    free(stream->client);
    free(stream);
}

static struct wi_api_stream *stream_find(const struct wi_api_streams *streams, const char *id)
{
    return WI_TABLE_FIND(streams->streams, id, strlen(id));
}

/* The request that waits for its events, or takes them; NULL: it has no client. */
static struct wi_request *request_of(const struct wi_api_stream *stream)
{
    return stream->request ? stream->request : wi_events_request(stream->events);
}

/* While it has a run. */
static struct wi_stream_face face_of(const struct wi_api_stream *stream)
{
    return (struct wi_stream_face){
        wi_run_infer(stream->run), stream->id, wi_run_model(stream->run)};
}

static int stream_is_relayed(const struct wi_api_stream *stream)
{
    return stream->run && wi_run_infer(stream->run)->asked->relayed.is;
}

/* How often its client is told that the server is alive. */
static uint64_t stream_beat(const struct wi_api_stream *stream)
{
    double beat = stream->streams->api->deps.times.beat;
    return (uint64_t)(stream_is_relayed(stream) && beat > RELAYED_BEAT_MS ? RELAYED_BEAT_MS : beat);
}

/* --- its clients ------------------------------------------------------------------------------ */

static void on_taken(void *context)
{
    struct wi_api_stream *stream = context;
    struct wi_api_streams *streams = stream->streams;
    struct wi_credit taken = wi_events_taken(stream->events);
    streams->counters.parts += taken.parts - stream->counted;
    wi_events_request(stream->events)->parts += taken.parts - stream->counted;
    stream->counted = taken.parts;
    if (stream->run)
        wi_run_took(stream->run, &taken);
}

/* It has ended, and its client may come back for that. It may be gone afterwards, and others. */
static void keep_end(struct wi_api_stream *stream)
{
    struct wi_kept *kept = &stream->streams->kept;
    struct wi_kept_item *item;
    int gone = 0;
    wi_kept_add(kept, &stream->kept, stream->client, STREAM_COST + wi_events_size(stream->events));
    while (!gone && (item = wi_kept_excess(kept, &stream->kept))) {
        gone = item == &stream->kept;
        free_stream((struct wi_api_stream *)((char *)item - offsetof(struct wi_api_stream, kept)));
    }
}

static void on_gone(void *context)
{
    struct wi_api_stream *stream = context;
    const struct wi_api *api = stream->streams->api;
    stream->streams->counters.left += !wi_events_over(stream->events);
    if (!stream->resumable || api->closing) {
        free_stream(stream);
        return;
    }
    wi_timer_wait(stream->timer, (uint64_t)api->deps.config->api.stream_grace);
    if (wi_events_ended(stream->events))
        keep_end(stream);
}

/* A request is known by its job while that is under way: jobs.c looks there. */
static void name_job(struct wi_api_stream *stream, struct wi_request *request)
{
    if (!stream->run || !stream->queued)
        return;
    memcpy(request->job, stream->id, sizeof request->job);
    request->alias = wi_run_infer(stream->run)->asked->client_id;
}

/* Its job has ended, or it is left to others. */
static void unname_job(const struct wi_api_stream *stream, struct wi_request *request)
{
    request->job[0] = '\0';
    request->alias = NULL;
    request->counted_as = stream->counted_as;
}

static void open_stream(struct wi_api_stream *stream, struct wi_request *request)
{
    const struct wi_events_callbacks back = {stream, on_taken, on_gone};
    uint64_t beat = stream_beat(stream);
    stream->request = NULL;
    wi_kept_remove(&stream->streams->kept, &stream->kept);
    wi_events_send(stream->events, request, &back);
    wi_request_add_location(request, "/v1/jobs/", stream->id);
    name_job(stream, request);
    request->counted_as = stream->counted_as;
    wi_timer_start(stream->timer, beat, beat);
}

/* The client that takes it now goes without its end. */
static void client_cut(const struct wi_api_stream *stream)
{
    struct wi_request *request = wi_events_request(stream->events);
    if (request)
        unname_job(stream, request);
    wi_events_cut(stream->events);
}

static void say_position(
    const struct wi_api_stream *stream, struct wi_buffer *text, unsigned position)
{
    const struct wi_stream_face face = face_of(stream);
    const struct wi_progress progress = {.phase = "queued"};
    if (stream->dialect->stream_progress)
        stream->dialect->stream_progress(text, &face, &progress, position);
}

/* Shows the client, and any proxy between, that the server is alive. */
static void say_alive(struct wi_api_stream *stream)
{
    struct wi_jobs *jobs = stream->streams->api->deps.jobs;
    struct wi_buffer text = {0};
    int waits = stream->run && wi_events_parts(stream->events) == 0;
    size_t position = waits ? wi_jobs_position(jobs, stream->id) : 0;
    wi_buffer_puts(&text, wi_dialect_stream_alive(stream->dialect));
    if (position > 0)
        say_position(stream, &text, (unsigned)position);
    else if (stream->progress.size > 0)
        wi_buffer_add(&text, stream->progress.text, stream->progress.size);
    else if (stream_is_relayed(stream) && wi_jobs_is_held_up(jobs, stream->id))
        say_position(stream, &text, 0);
    wi_buffer_clear(&stream->progress);
    wi_events_insert(stream->events, &text);
}

static void on_time(void *context)
{
    struct wi_api_stream *stream = context;
    if (!request_of(stream)) {
        free_stream(stream);
        return;
    }
    if (stream->request)
        open_stream(stream, stream->request);
    say_alive(stream);
}

/* --- its run ---------------------------------------------------------------------------------- */

static void on_queued(void *context)
{
    struct wi_api_stream *stream = context;
    const struct wi_stream_face face = face_of(stream);
    struct wi_request *request = request_of(stream);
    struct wi_buffer text = {0};
    stream->queued = 1;
    if (stream->dialect->stream_begin)
        stream->dialect->stream_begin(&text, &face);
    wi_events_add(stream->events, &text);
    if (request)
        name_job(stream, request);
}

static void add_part(struct wi_api_stream *stream, const struct wi_part *part)
{
    const struct wi_stream_face face = face_of(stream);
    struct wi_buffer text = {0};
    stream->dialect->stream_part(&text, &face, part);
    wi_events_add_part(stream->events, &text, part->bytes);
    wi_buffer_clear(&stream->progress); /* that is past */
    if (stream->request)
        open_stream(stream, stream->request);
}

/* The time of the stream's work counts for its client while it has one. */
static int on_work(void *context)
{
    const struct wi_api_stream *stream = context;
    struct wi_request *request = request_of(stream);
    if (request)
        wi_request_begin_spending(request);
    return request != NULL;
}

static void on_part(void *context, const struct wi_part *part)
{
    struct wi_api_stream *stream = context;
    struct wi_api *api = stream->streams->api;
    int works = on_work(stream);
    add_part(stream, part);
    if (works)
        wi_infer_rest(api);
}

static void on_progress(void *context, const struct wi_progress *progress)
{
    struct wi_api_stream *stream = context;
    const struct wi_stream_face face = face_of(stream);
    struct wi_buffer text = {0};
    if (stream->dialect->stream_progress)
        stream->dialect->stream_progress(&text, &face, progress, 0);
    if (wi_events_client(stream->events)) {
        wi_events_insert(stream->events, &text);
        return;
    }
    wi_buffer_clear(&stream->progress);
    stream->progress = text;
}

/* Its last event. The stream may be gone afterwards, and others. */
static void finish_stream(struct wi_api_stream *stream, struct wi_buffer *text)
{
    stream->run = NULL;
    wi_events_end(stream->events, text);
    (void)stream_charge(stream, 0);
    if (!wi_events_client(stream->events))
        keep_end(stream);
}

/* An error before anything was sent is the answer to its request. */
static void fail_stream(struct wi_api_stream *stream, const struct wi_error *error)
{
    const struct wi_stream_face face = face_of(stream);
    struct wi_request *request = stream->request;
    struct wi_buffer text = {0};
    if (request) {
        stream->run = NULL;
        free_stream(stream);
        wi_request_answer_error(request, error);
        return;
    }
    stream->dialect->stream_error(&text, &face, error, stream->request_id);
    finish_stream(stream, &text);
}

static void on_done(void *context, struct wi_printing *printing, const struct wi_error *error)
{
    struct wi_api_stream *stream = context;
    struct wi_request *request = request_of(stream);
    stream->counted_as = wi_run_counted_as(stream->run);
    if (request)
        unname_job(stream, request);
    stream->queued = 0;
    if (!printing) {
        fail_stream(stream, error);
        return;
    }
    if (stream->request)
        open_stream(stream, stream->request);
    finish_stream(stream, &printing->text);
    wi_printing_free(printing);
}

/* --- POST /v1/infer --------------------------------------------------------------------------- */

/* The client is gone before anything was sent, or the server stops. */
static void cancel_silent(void *work)
{
    struct wi_api_stream *stream = work;
    unname_job(stream, stream->request);
    free_stream(stream);
}

int wi_api_stream_is_accepted(const struct wi_request *request)
{
    const char *accept = request->headers.accept;
    const char *type = wi_dialect_stream_type(request->dialect);
    return wi_media_type_named(accept, type) && !wi_media_type_named(accept, "application/json");
}

static struct wi_api_stream *new_stream(struct wi_request *request, struct wi_run *run)
{
    struct wi_api_stream *stream = wi_alloc(sizeof *stream);
    struct wi_api *api = request->api;
    stream->streams = api->endpoints->streams;
    stream->run = run;
    stream->client = wi_strdup(wi_request_client(request));
    stream->dialect = request->dialect;
    stream->request = request;
    stream->resumable = wi_run_infer(run)->resumable;
    memcpy(stream->id, wi_run_id(run), sizeof stream->id);
    memcpy(stream->request_id, request->id, sizeof stream->request_id);
    stream->events = wi_events_new(
        api->deps.budget, stream->resumable ? (size_t)api->deps.config->api.stream_buffer : 0);
    stream->timer = wi_timer_new(api->deps.loop, on_time, stream);
    HASH_ADD_STR(api->endpoints->streams->streams, id, stream);
    return stream;
}

void wi_api_stream_begin(struct wi_request *request, struct wi_run *run)
{
    struct wi_api_stream *stream = new_stream(request, run);
    const struct wi_run_owner owner = {.context = stream,
        .charge = stream_charge,
        .on_work = on_work,
        .on_queued = on_queued,
        .on_part = on_part,
        .on_progress = on_progress,
        .on_done = on_done};
    wi_run_give(run, &owner);
    wi_request_note_ignored(request, &wi_run_infer(run)->ignored);
    wi_timer_start(stream->timer, (uint64_t)request->api->deps.times.beat, 0);
    wi_request_wait(request, cancel_silent, stream);
}

/* --- GET /v1/jobs/ID -------------------------------------------------------------------------- */

/* WI_OK and the part to begin with, which is the first without a Last-Event-ID. */
static enum wi_code read_place(const struct wi_request *request, const struct wi_api_stream *stream,
    uint64_t *seq, struct wi_error *error)
{
    char of[sizeof "the stream " + WI_ID_SIZE];
    if (!stream->resumable)
        return wi_error_set(error, WI_STREAM_GONE, "id",
            "the stream %s is only for the client that began it, because its request did not say "
            "\"resumable\": true",
            stream->id);
    snprintf(of, sizeof of, "the stream %s", stream->id);
    return wi_events_place(stream->events, request->headers.last_event_id, of,
        (uint64_t)stream->streams->api->deps.config->api.stream_buffer, seq, error);
}

int wi_api_stream_take_up(struct wi_request *request, const char *id)
{
    struct wi_api_stream *stream = stream_find(request->api->endpoints->streams, id);
    struct wi_error error;
    uint64_t seq = 0;
    if (!stream || strcmp(stream->client, wi_request_client(request)) != 0)
        return 0;
    if (read_place(request, stream, &seq, &error) != WI_OK) {
        wi_request_answer_error(request, &error);
        return 1;
    }
    if (wi_request_answer_head(request, stream->dialect))
        return 1;
    if (stream->request) /* it has had nothing yet, and nothing is what it gets */
        open_stream(stream, stream->request);
    client_cut(stream);
    wi_events_seek(stream->events, seq);
    stream->streams->counters.resumed++;
    open_stream(stream, request);
    return 1;
}

/* --- all of them ------------------------------------------------------------------------------ */

struct wi_api_streams *wi_api_streams_new(struct wi_api *api)
{
    struct wi_api_streams *streams = wi_alloc(sizeof *streams);
    streams->api = api;
    streams->kept.budget = api->deps.budget;
    return streams;
}

void wi_api_streams_quiesce(struct wi_api_streams *streams)
{
    struct wi_api_stream *stream, *next;
    HASH_ITER(hh, streams->streams, stream, next)
    {
        if (!request_of(stream))
            free_stream(stream);
    }
}

void wi_api_streams_finish(struct wi_api_streams *streams)
{
    struct wi_api_stream *stream, *next;
    struct wi_error error;
    wi_request_shutting_down(&error);
    wi_api_streams_quiesce(streams);
    HASH_ITER(hh, streams->streams, stream, next)
    {
        if (stream->request || wi_events_ended(stream->events))
            continue; /* its request is answered, or its client has its end */
        if (stream->run)
            wi_run_stop(stream->run, &error);
    }
}

void wi_api_streams_free(struct wi_api_streams *streams)
{
    if (!streams)
        return;
    wi_api_streams_quiesce(streams);
    assert(!streams->streams);
    free(streams);
}

void wi_api_streams_counters(
    const struct wi_api_streams *streams, struct wi_api_stream_counters *counters)
{
    *counters = streams->counters;
    for (const struct wi_api_stream *stream = streams->streams; stream; stream = stream->hh.next) {
        if (request_of(stream))
            counters->open++;
        else
            counters->waiting++;
    }
}
