/*
 * The measurements: for each model at each place that can run it, how long loading and running take
 * and how often it fails. They are moving averages, kept over restarts; a few usual runs make up
 * for a single unusual one.
 */
#ifndef WI_WORK_POOL_FACTS_ESTIMATES_H
#define WI_WORK_POOL_FACTS_ESTIMATES_H

#include "settings/store/db.h"
#include "work/pool/facts/place.h"
#include <stddef.h>
#include <stdint.h>

/* The weight of the newest measurement once there are several: a place that has become ten times
 * slower loses its lead after two or three runs. */
#define WI_ESTIMATE_WEIGHT 0.3
/* The average always stays within the range of this many latest runs, so that it forgets earlier
 * ones. Only runs since the start of the daemon count here, because single times are not stored. */
#define WI_ESTIMATE_LATELY 5
/* One run counts as at most this many times the average. */
#define WI_ESTIMATE_OUTLIER 10
/* With fewer tokens the time depends more on the step that they were in than on the tokens. */
#define WI_ESTIMATE_FEW_TOKENS 8
/* The weight of the newest outcome in the failure rate. */
#define WI_ESTIMATE_FAILURE_WEIGHT 0.25
/* The shortest interval between two writes of a place to the database. */
#define WI_ESTIMATE_SAVE_MS 3000.0
/* The most keys that are kept: of our places, of all joined nodes, and of those with one token
 * (work/pool/facts/owners.h). The one measured longest ago is dropped. */
#define WI_ESTIMATE_MAX 20000
#define WI_ESTIMATE_JOINED_MAX 10000
#define WI_ESTIMATE_TOKEN_MAX 2000

/* The assumed time to run and to load at the best place, if it was never measured. */
#define WI_ESTIMATE_UNKNOWN_RUN_MS 250.0
#define WI_ESTIMATE_UNKNOWN_LOAD_MS 500.0

/* The times of a text by the node's answer, as far as they are plausible. Each pair is filled
 * completely, or 0. */
struct wi_timings {
    double prompt_tokens, prompt_ms; /* new tokens, not from a cache, and the time to read them */
    double answer_tokens, answer_ms; /* those generated after the first */
    int stands_in;                   /* the latter count only while there is nothing better */
};

struct wi_estimate {
    double load_ms, run_ms; /* run_ms is also set if only a first, cold run was measured */
    double failure;         /* 0 to 1 */
    unsigned loads, runs;   /* measured; `runs` on a loaded model only */
    int cold;               /* run_ms is that of a first run */
    unsigned attempts;      /* to explore it, failed or under way; not kept */
    double tried_at;        /* time of the last one, wi_awake_ms(); not kept */
    double lost_ms;         /* see relocate.c; not kept */
    /* Time of the model's runs for clients since it was last measured or tried here, or since the
     * start; not kept. */
    double elsewhere_ms;
    int64_t measured_at; /* Unix milliseconds; 0: never */
    /* For text: the time per new token of a prompt, up to the answer's first token, and per later
     * token. 0: not measured. A substitute for a measurement (a first run, or one of few tokens) is
     * not in the counts. */
    double prompt_ms, token_ms;
    unsigned prompts, answers;
    /* For tensors: the time per byte of the inputs if a request runs alone, and in a batch of
     * several. 0: not measured. */
    double single_ms, batch_ms;
    unsigned singles, batches;
    double since_single_ms, since_batch_ms; /* time of runs since the last of these; not kept */
    /* The bytes of inputs that a batch could have when one was too large, at that Unix time in ms;
     * 0: none was. See wi_estimate_batch_most. */
    uint64_t batch_most;
    int64_t crowded_at;
};

/* The expected time of a run: for text, to read `prompt_tokens` new tokens and to make
 * `answer_tokens`; without text (`prompt_tokens` 0) as in earlier runs. Negative: the needed times
 * were not measured. */
double wi_estimate_run_ms(
    const struct wi_estimate *estimate, double prompt_tokens, double answer_tokens);

/* The most bytes of inputs that a batch may have now, at that Unix time in ms; 0: no limit is
 * known. As what else the machine did then is not known, the limit doubles every
 * WI_BATCH_REGAIN_MS. */
#define WI_BATCH_REGAIN_MS (24 * 3600 * 1000LL)
uint64_t wi_estimate_batch_most(const struct wi_estimate *estimate, int64_t wall_ms);

struct wi_estimates;
/* Reads the estimates in `db` (borrowed; NULL: keep nothing). Blocks. */
struct wi_estimates *wi_estimates_new(struct wi_db *db);
/* Saves all unsaved changes. */
void wi_estimates_save(struct wi_estimates *estimates);
void wi_estimates_free(struct wi_estimates *estimates);

/* A copy of the estimate for the model at the place; nearly all zero if nothing is known. */
struct wi_estimate wi_estimates_get(
    const struct wi_estimates *estimates, const char *hash, const struct wi_place *place);

/* The estimated time of one of `requests` that were joined in a run of `run_ms`, had it run alone:
 * the known time, but at least its share of the run; all of the run if no time is known or the
 * known time is longer. */
double wi_estimates_alone(const struct wi_estimates *estimates, const char *hash,
    const struct wi_place *place, double run_ms, unsigned requests);
/* Records the time of a successful run on a loaded model, by the bytes of its inputs: of a batch,
 * or of a request alone. */
void wi_estimates_batched(struct wi_estimates *estimates, const char *hash,
    const struct wi_place *place, int is_batch, size_t bytes, double run_ms, double now);
/* A batch with so many bytes of inputs was too large there at that Unix time in ms: a batch may
 * have half of that, or less if the limit is less. Returns the new limit. */
uint64_t wi_estimates_crowded(struct wi_estimates *estimates, const char *hash,
    const struct wi_place *place, size_t bytes, int64_t wall_ms, double now);
/* Records a successful run of one request. `now` is wi_awake_ms(); it limits how often is saved. */
void wi_estimates_ran(struct wi_estimates *estimates, const char *hash,
    const struct wi_place *place, double load_ms, double run_ms, int warm, double now);
/* Records a successful text, or a stream, which has no `timings` (all 0): its client determines how
 * long it takes, so that only the time to load counts, unless the model was already loaded
 * (`warm`). */
void wi_estimates_spoke(struct wi_estimates *estimates, const char *hash,
    const struct wi_place *place, double load_ms, const struct wi_timings *timings, int warm,
    double now);
/* Records the time of the model's warm-up after loading, as rates like those of wi_estimate. The
 * first report is kept, and used until a request has been measured. */
void wi_estimates_warmed(struct wi_estimates *estimates, const char *hash,
    const struct wi_place *place, double prompt_ms, double token_ms, double now);
/* The platform failed with the model, or its node was lost because of it. */
void wi_estimates_failed(
    struct wi_estimates *estimates, const char *hash, const struct wi_place *place, double now);
/* A run was stopped after `run_ms` without an answer: the place is slower than that. */
void wi_estimates_exceeded(struct wi_estimates *estimates, const char *hash,
    const struct wi_place *place, double run_ms, double now);

/* A client's request goes to a place where the model is expected to run for `run_ms`. */
void wi_estimates_served(struct wi_estimates *estimates, const char *hash, double run_ms);
/* The next run at this place explores it. If it is faster than expected, that counts in full:
 * clients soon find out whether it was luck, but would never find out that it was not. */
void wi_estimates_tried(
    struct wi_estimates *estimates, const char *hash, const struct wi_place *place, double now);
/* That run was not carried out, because there was too much work. It does not count as a try, except
 * for the very first one. */
void wi_estimates_untried(
    struct wi_estimates *estimates, const char *hash, const struct wi_place *place);
/* A client's request runs `ms` longer than it would at this place, for which there is an estimate;
 * negative: that much of the loss was paid for. Returns the loss so far. */
double wi_estimates_lose(
    struct wi_estimates *estimates, const char *hash, const struct wi_place *place, double ms);
/* The estimate for the place where the model runs fastest, in any version and on any platform of a
 * kind; borrowed until the next change, NULL if no run is known. `place` (may be NULL) receives
 * that place. Measurements of joined nodes apply only to them, and are no reason to start a
 * browser: they are left out. */
const struct wi_estimate *wi_estimates_best(const struct wi_estimates *estimates, const char *hash,
    const char *kind, struct wi_place *place);
size_t wi_estimates_count(const struct wi_estimates *estimates);

#endif
