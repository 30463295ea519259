/* Between the files of live sound. */
#ifndef WI_API_ENDPOINTS_SOUND_PRIVATE_H
#define WI_API_ENDPOINTS_SOUND_PRIVATE_H

#include "api/endpoints/sound/hearings.h"
#include "api/http/events.h"
#include "base/share.h"
#include "terms/sound/cutter.h"
#include <uthash.h>

/* A segment that has ended and has no final yet. */
struct wi_heard_segment {
    uint64_t start_ms, end_ms;
    uint64_t known_ms; /* the sound's time at which its end was known */
    struct wi_blob *sound;
    struct wi_heard_segment *prev, *next;
};

/* The segments for the runs of a hearing, and the run that is under way: segments.c. */
struct wi_hearing_runs {
    struct wi_heard_segment *waiting; /* the first is the one that runs, if a final runs */
    uint64_t next;                    /* the number of the first of these */
    struct wi_run *run;
    int is_partial;    /* `run` is */
    int beginning;     /* it is being begun, and may end inside of that call */
    double not_before; /* wi_now_ms(): the queue was full */
    /* The moments at which the sound of the last partial begins and ends. */
    uint64_t partial_from, partial_to;
    size_t partial_size; /* bytes of that */
    char *said;          /* by the one before, of the same segment; NULL: nothing */
};

struct wi_hearing {
    struct wi_hearings *hearings;
    char id[WI_ID_SIZE];
    char *client;
    const struct wi_inference *asked; /* with one moment of sound */
    struct wi_hearing_order order;
    struct wi_cutter *cutter;
    int has_ended;   /* no more sound comes */
    double begun_at; /* wi_now_ms() */
    double sent_at;  /* wi_awake_ms(): when the client last sent, or tried to */
    struct wi_share *share;
    uint64_t held; /* of it */
    struct wi_hearing_runs runs;
    /* What is told: hearing_events.c. */
    struct wi_events *events;
    uint64_t told_bytes; /* of events with a number */
    double told_at;      /* wi_now_ms(): the last event, or comment */
    double lag_told_at;
    double left_at; /* wi_awake_ms(): when it ended, or its last client left */
    struct wi_timer *timer;
    struct wi_kept_item kept; /* while it has ended and has no client */
    int is_kept;
    UT_hash_handle hh;
};

struct wi_hearings {
    struct wi_api *api;
    struct wi_hearing *all; /* by id */
    struct wi_kept kept;
    struct wi_hearings_counters counters;
};

static inline uint64_t wi_hearing_ms(const struct wi_hearing *hearing, uint64_t moments)
{
    return wi_pcm_ms(&hearing->order.pcm, moments);
}

/* --- hearing_events.c: the events ------------------------------------------------------------- */

/* Each result has the next number, and waits until a client takes it. */
void wi_hearing_tell_final(struct wi_hearing *hearing, uint64_t number,
    const struct wi_heard_segment *segment, const struct wi_outcome *outcome);
void wi_hearing_tell_failure(
    struct wi_hearing *hearing, uint64_t number, const struct wi_error *error);
/* Events that matter only at the moment go only to a client that takes the events now. `stable`:
 * how many characters of `text` were the same in the run before. */
void wi_hearing_tell_partial(struct wi_hearing *hearing, uint64_t number, uint64_t start_ms,
    const char *text, size_t stable);
void wi_hearing_tell_lag(struct wi_hearing *hearing, uint64_t lag_ms);
/* A sign of life, if nothing was told for `beat_ms`. */
void wi_hearing_tell_alive(struct wi_hearing *hearing, double beat_ms);
/* The last event: how it went, or why it ends. */
void wi_hearing_tell_done(struct wi_hearing *hearing, uint64_t segments, uint64_t heard_ms);
void wi_hearing_tell_end(struct wi_hearing *hearing, const struct wi_error *error);
/* Who hears of ends (on_ended in work/run/run.h) hears of its own; the two above do that, too. */
void wi_hearing_note_end(const struct wi_hearing *hearing, enum wi_code code);
/* Whether so many events wait for a client that takes none that no more should be made. */
int wi_hearing_is_unread(const struct wi_hearing *hearing);

/* --- segments.c: the runs --------------------------------------------------------------------- */

/* For wi_cutter_add: `context` is the hearing. */
void wi_hearing_add_segment(void *context, const struct wi_sound_segment *segment);
/* Begins the runs that can begin, and tells the end once all are done. */
void wi_hearing_go_on(struct wi_hearing *hearing);
/* Ends the run that is under way, and drops the segments that wait. */
void wi_hearing_drop_runs(struct wi_hearing *hearing);

#endif
