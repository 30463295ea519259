/*
 * When a kind of browser may be started again: backoff after sessions that broke, and a breaker
 * after too many that never became ready. Pure: times are given.
 */
#ifndef WI_POOL_BACKOFF_H
#define WI_POOL_BACKOFF_H

#include <stddef.h>

/* The contract: the first restart at once, then 0.25 s doubling to 30 s; five failures in a row to
 * become ready open the breaker. */
#define WI_BACKOFF_FIRST_MS 250.0
#define WI_BACKOFF_MAX_MS 30000.0
#define WI_BREAKER_FAILURES 5
/* A session that served so long, and at least as long as it had been waited for, was sound: the
 * next restart is the first again. */
#define WI_BACKOFF_SOUND_MS 1000.0

/* Zero-initialise. */
struct wi_backoff {
    unsigned broken;   /* sessions in a row that broke */
    unsigned failures; /* of these, in a row, that never became ready */
    int open;          /* the breaker */
    double next_start; /* not before this time, in ms */
};

void wi_backoff_broken(struct wi_backoff *backoff, double now, int was_ready, double served_ms);
void wi_backoff_ready(struct wi_backoff *backoff);
/* With an open breaker one session at a time probes (half-open). `starting`: how many are. */
int wi_backoff_may_start(const struct wi_backoff *backoff, double now, size_t starting);

#endif
