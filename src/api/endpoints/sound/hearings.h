/*
 * Live sound: streams that clients send sound to while it comes, and take text from. The sound is
 * cut where nobody speaks (terms/sound/cutter.h); each segment becomes a job, as those of other
 * requests.
 *
 * A hearing lives until its client has had its end, or nobody came for it within [api]
 * stream_grace. It belongs to one client: others do not find it.
 */
#ifndef WI_API_ENDPOINTS_SOUND_HEARINGS_H
#define WI_API_ENDPOINTS_SOUND_HEARINGS_H

#include "api/http/request.h"
#include "terms/sound/pcm.h"

/* Hearings whose text is not at its end: of one client and of all. */
#define WI_HEARINGS_OF_CLIENT 32
#define WI_HEARINGS_MAX 256

struct wi_hearings;
struct wi_hearings *wi_hearings_new(struct wi_api *api);
/* The server closes: what nobody takes goes. */
void wi_hearings_quiesce(struct wi_hearings *hearings);
/* The others are told so. */
void wi_hearings_finish(struct wi_hearings *hearings);
/* When no request is left; NULL is fine. */
void wi_hearings_free(struct wi_hearings *hearings);

struct wi_hearings_counters {
    uint64_t opened, heard_ms, segments, finals, failures, partials;
    size_t live;         /* now: whose text is not at its end */
    uint64_t lag_ms;     /* now: the largest */
    uint64_t waiting_ms; /* now: sound without its final, of all together */
};
void wi_hearings_counters(
    const struct wi_hearings *hearings, struct wi_hearings_counters *counters);

/* --- one of them ------------------------------------------------------------------------------ */

struct wi_hearing_order {
    struct wi_pcm pcm;
    unsigned pause_ms;
    int partials;
    int words; /* the model tells the times of words */
};

/* How far it is. The text is behind by `lag_ms`: so much sound came since the end of the oldest
 * segment that has no final; 0 where each has. */
struct wi_hearing_state {
    uint64_t position; /* bytes that came */
    uint64_t heard_ms;
    uint64_t done_ms; /* all sound before that has its final, or has no speech */
    uint64_t lag_ms;
};

struct wi_hearing;
/* WI_OK, or WI_QUEUE_FULL: as many are there as may be. */
enum wi_code wi_hearings_admit(
    const struct wi_hearings *hearings, const char *client, struct wi_error *error);
/* A new one, whose segments are asked as `asked` is, which is settled and has a sound; of it a
 * reference is taken. */
struct wi_hearing *wi_hearing_new(struct wi_hearings *hearings, const char *client,
    const struct wi_inference *asked, const struct wi_hearing_order *order);
const char *wi_hearing_id(const struct wi_hearing *hearing);
/* That of `client`, or NULL. */
struct wi_hearing *wi_hearing_find(
    const struct wi_hearings *hearings, const char *id, const char *client);

/* Takes the stream's bytes from `position` on, but for those that came before. WI_OK; or nothing is
 * taken: WI_CONFLICT (bytes are missing before them, or it has ended), WI_SOUND_AHEAD,
 * WI_MEMORY_BUDGET. */
enum wi_code wi_hearing_take(struct wi_hearing *hearing, uint64_t position,
    const unsigned char *bytes, size_t size, struct wi_error *error);
/* No more comes. WI_OK, also where it has ended already; WI_INVALID_FIELD in the middle of a
 * sample: then it goes on. */
enum wi_code wi_hearing_end(struct wi_hearing *hearing, struct wi_error *error);
/* Nobody wants the rest. Its last event says so. */
void wi_hearing_cancel(struct wi_hearing *hearing);
void wi_hearing_state(const struct wi_hearing *hearing, struct wi_hearing_state *state);
/* The request is answered with its events, behind the one that Last-Event-ID names. One that takes
 * them now goes without the end. WI_OK, or with `error` WI_INVALID_FIELD or WI_STREAM_GONE. */
enum wi_code wi_hearing_read(
    struct wi_hearing *hearing, struct wi_request *request, struct wi_error *error);

#endif
