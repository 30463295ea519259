/*
 * What was measured: for each model on each place that can run it, how long loading and running
 * take and how often it fails. Moving averages, kept over restarts; a few runs as usual make up
 * for a single one that was not.
 */
#ifndef WI_WORK_POOL_FACTS_ESTIMATES_H
#define WI_WORK_POOL_FACTS_ESTIMATES_H

#include "settings/store/db.h"
#include "work/pool/facts/place.h"
#include <stddef.h>
#include <stdint.h>

/* The weight of the newest measurement once there are several: a place that became ten times
 * slower has lost its lead after two or three runs. */
#define WI_ESTIMATE_WEIGHT 0.3
/* The average is never outside of what so many runs took lately, so that it forgets whatever came
 * before them: since the start of the daemon, for what they took is not kept. */
#define WI_ESTIMATE_LATELY 5
/* One run counts for at most so many times the average. */
#define WI_ESTIMATE_OUTLIER 10
/* Fewer tokens say more of the step that they were in than of themselves. */
#define WI_ESTIMATE_FEW_TOKENS 8
/* The weight of the newest outcome in the failure rate. */
#define WI_ESTIMATE_FAILURE_WEIGHT 0.25
/* A place is written to the database this often at most. */
#define WI_ESTIMATE_SAVE_MS 3000.0
/* More keys than this are not kept: of ours, of all nodes that joined, and of those with one token
 * (work/pool/facts/owners.h). The one that was measured longest ago goes. */
#define WI_ESTIMATE_MAX 20000
#define WI_ESTIMATE_JOINED_MAX 10000
#define WI_ESTIMATE_TOKEN_MAX 2000

/* The time to run and to load in the best place, of what was never measured. */
#define WI_ESTIMATE_UNKNOWN_RUN_MS 250.0
#define WI_ESTIMATE_UNKNOWN_LOAD_MS 500.0

/* What a node's answer says of the time that its text took, as far as that can be believed. Each
 * pair is filled whole, or 0. */
struct wi_timings {
    double prompt_tokens, prompt_ms; /* new ones, which were in no cache, and reading them */
    double answer_tokens, answer_ms; /* those that were generated after the first */
    int stands_in;                   /* the latter only say something while nothing else does */
};

struct wi_estimate {
    double load_ms, run_ms; /* run_ms also counts where only a first, cold run was measured */
    double failure;         /* 0 to 1 */
    unsigned loads, runs;   /* measured; `runs` on a loaded model only */
    int cold;               /* run_ms is that of a first run */
    unsigned attempts;      /* to explore it, without success so far or still under way; not kept */
    double tried_at;        /* the last, wi_now_ms(); not kept */
    double lost_ms;         /* see relocate.h; not kept */
    double elsewhere_ms;    /* the model's runs for clients since it was last measured or tried
                             * here, or since the start; not kept */
    int64_t measured_at;    /* Unix milliseconds; 0: never */
    /* Of text: for each new token of a prompt, which ends with the answer's first, and for each
     * after that. 0: not measured;
     * what stands in for a measurement, a first run or one of few tokens, is not in the counts. */
    double prompt_ms, token_ms;
    unsigned prompts, answers;
};

/* What a run is expected to take: of text, to read so many new tokens and to make so many; without
 * text (`prompt_tokens` 0) as the runs before. Negative: what that needs was not measured. */
double wi_estimate_run_ms(
    const struct wi_estimate *estimate, double prompt_tokens, double answer_tokens);

struct wi_estimates;
/* Reads what `db` (borrowed; NULL: nothing is kept) remembers. Blocks. */
struct wi_estimates *wi_estimates_new(struct wi_db *db);
/* Saves what was not saved yet. */
void wi_estimates_save(struct wi_estimates *estimates);
void wi_estimates_free(struct wi_estimates *estimates);

/* A copy of what is known of the model at the place; nearly all zero for nothing. */
struct wi_estimate wi_estimates_get(
    const struct wi_estimates *estimates, const char *hash, const struct wi_place *place);

/* How long one of `requests` that were joined in a run of `run_ms` would have run alone, as far as
 * that tells: no longer than all of them, and no less than its share. Between the two it is what is
 * known already; where nothing is, all of the run. */
double wi_estimates_alone(const struct wi_estimates *estimates, const char *hash,
    const struct wi_place *place, double run_ms, unsigned requests);
/* A run that went well, of one request. `now` is wi_now_ms(); it paces the saving. */
void wi_estimates_ran(struct wi_estimates *estimates, const char *hash,
    const struct wi_place *place, double load_ms, double run_ms, int warm, double now);
/* A stream that went well: it is as long as its client likes, so that only the time of its loading
 * says something, unless the model was there already (`warm`). */
void wi_estimates_loaded(struct wi_estimates *estimates, const char *hash,
    const struct wi_place *place, double load_ms, int warm, double now);
/* Text, in a stream or not: as a stream, and what each of its tokens took. */
void wi_estimates_spoke(struct wi_estimates *estimates, const char *hash,
    const struct wi_place *place, double load_ms, const struct wi_timings *timings, int warm,
    double now);
/* What the warm-up of the model took after it was loaded, as wi_estimate's rates: the first that
 * was told is kept, and used until a request has been measured. */
void wi_estimates_warmed(struct wi_estimates *estimates, const char *hash,
    const struct wi_place *place, double prompt_ms, double token_ms, double now);
/* The platform failed at the model, or its node was lost over it. */
void wi_estimates_failed(
    struct wi_estimates *estimates, const char *hash, const struct wi_place *place, double now);
/* It was stopped after `run_ms` without an answer: it is slower than that. */
void wi_estimates_exceeded(struct wi_estimates *estimates, const char *hash,
    const struct wi_place *place, double run_ms, double now);

/* A client's request goes to where the model is expected to run for so long. */
void wi_estimates_served(struct wi_estimates *estimates, const char *hash, double run_ms);
/* The next run at this place is there to find out about it. Where it takes less than was expected,
 * that counts in full: clients find out soon whether it was luck, but not that it was none. */
void wi_estimates_tried(
    struct wi_estimates *estimates, const char *hash, const struct wi_place *place, double now);
/* That run was not carried out, because there was too much to do, and does not count as a try; the
 * first one of all does. */
void wi_estimates_untried(
    struct wi_estimates *estimates, const char *hash, const struct wi_place *place);
/* A client's request runs so much longer than it would at this place, of which something is known;
 * negative: so much of that was paid for. What was lost so far. */
double wi_estimates_lose(
    struct wi_estimates *estimates, const char *hash, const struct wi_place *place, double ms);
/* What is known of the model where it runs fastest, in any version and on any platform of a kind,
 * borrowed until something changes; NULL if no run is known. `place`: where that is, unless NULL.
 * What was measured of joined nodes is theirs, and no reason to start a browser: it is left out. */
const struct wi_estimate *wi_estimates_best(const struct wi_estimates *estimates, const char *hash,
    const char *kind, struct wi_place *place);
size_t wi_estimates_count(const struct wi_estimates *estimates);

#endif
