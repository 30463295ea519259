/*
 * Live sound: streams to which clients send sound while it is recorded, and from which they take
 * the text. The sound is cut at pauses in speech (terms/sound/cutter.h); each segment becomes a job
 * like that of any request.
 *
 * A hearing lives until its client has received its end, or has stayed away for [api] stream_grace.
 * It belongs to one client: others do not find it.
 */
#ifndef WI_API_ENDPOINTS_SOUND_HEARINGS_H
#define WI_API_ENDPOINTS_SOUND_HEARINGS_H

#include "api/http/request.h"
#include "terms/sound/pcm.h"

/* The most hearings whose text has not ended: of one client, and of all. */
#define WI_HEARINGS_OF_CLIENT 32
#define WI_HEARINGS_MAX 256

struct wi_hearings;
struct wi_hearings *wi_hearings_new(struct wi_api *api);
/* The server closes: hearings without a client are freed. */
void wi_hearings_quiesce(struct wi_hearings *hearings);
/* The clients of the others are told so. */
void wi_hearings_finish(struct wi_hearings *hearings);
/* When no request is left; NULL is fine. */
void wi_hearings_free(struct wi_hearings *hearings);

struct wi_hearings_counters {
    uint64_t opened, heard_ms, segments, finals, failures, partials;
    size_t live;         /* now: whose text has not ended */
    uint64_t lag_ms;     /* now: the largest */
    uint64_t waiting_ms; /* now: sound without its final, of all hearings together */
};
void wi_hearings_counters(
    const struct wi_hearings *hearings, struct wi_hearings_counters *counters);

/* --- one of them ------------------------------------------------------------------------------ */

struct wi_hearing_order {
    struct wi_pcm pcm;
    unsigned pause_ms;
    int partials;
    int words; /* the model reports the times of words */
};

/* How far a hearing is. The text is behind by `lag_ms`, which is how much sound has come since the
 * end of the oldest segment without a final; 0 if each has one. */
struct wi_hearing_state {
    uint64_t position; /* bytes that came */
    uint64_t heard_ms;
    uint64_t done_ms; /* all sound before this time has its final, or has no speech */
    uint64_t lag_ms;
};

struct wi_hearing;
/* WI_OK, or WI_QUEUE_FULL if there is the maximum number of hearings. */
enum wi_code wi_hearings_admit(
    const struct wi_hearings *hearings, const char *client, struct wi_error *error);
/* A new hearing, whose segments are requests like `asked`, which is settled and has a sound; takes
 * a reference to it. */
struct wi_hearing *wi_hearing_new(struct wi_hearings *hearings, const char *client,
    const struct wi_inference *asked, const struct wi_hearing_order *order);
const char *wi_hearing_id(const struct wi_hearing *hearing);
/* The hearing with that id, if it is one of `client`; else NULL. */
struct wi_hearing *wi_hearing_find(
    const struct wi_hearings *hearings, const char *id, const char *client);

/* Takes the stream's bytes from `position` on, except for those that it has already. WI_OK; or
 * nothing is taken: WI_CONFLICT (bytes are missing before them, or the sound has ended),
 * WI_SOUND_AHEAD, WI_MEMORY_BUDGET. */
enum wi_code wi_hearing_take(struct wi_hearing *hearing, uint64_t position,
    const unsigned char *bytes, size_t size, struct wi_error *error);
/* Ends the sound. WI_OK, also if it has ended already; WI_INVALID_FIELD in the middle of a sample,
 * and then it goes on. */
enum wi_code wi_hearing_end(struct wi_hearing *hearing, struct wi_error *error);
/* Cancels the hearing; its last event says so. */
void wi_hearing_cancel(struct wi_hearing *hearing);
void wi_hearing_state(const struct wi_hearing *hearing, struct wi_hearing_state *state);
/* Answers the request with the hearing's events, after the one that Last-Event-ID names. A client
 * that takes them at this moment is cut off without the end. WI_OK, or with `error`
 * WI_INVALID_FIELD or WI_STREAM_GONE. */
enum wi_code wi_hearing_read(
    struct wi_hearing *hearing, struct wi_request *request, struct wi_error *error);

#endif
