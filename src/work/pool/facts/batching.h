/*
 * Whether requests of a model should run together at a place: while a byte of their inputs takes
 * less time in a batch than alone. The other way is measured again from time to time, for at most
 * the share of time that [pool] exploration allows. Pure.
 */
#ifndef WI_WORK_POOL_FACTS_BATCHING_H
#define WI_WORK_POOL_FACTS_BATCHING_H

#include "work/pool/facts/estimates.h"

/* The share of its memory that a node's inputs may take in a batch: the page holds them in the
 * message and in the engine, which needs several times as much for its own tensors. */
#define WI_BATCH_MEMORY_SHARE (1.0 / 16)
/* The longest time that a batch is expected to take. Its first request waits for the last, and a
 * page takes a run of more than 10 s that is much longer than usual for a hang
 * (page/src/link/limits.js). */
#define WI_BATCH_RUN_MS 4000.0

/* How many times as long a request takes alone as in a batch; 0: not known. */
double wi_batching_gain(const struct wi_estimate *estimate);
/* Whether requests with so many bytes of inputs together should be one batch. */
int wi_batching_pays(const struct wi_estimate *estimate, double exploration, size_t bytes);
/* The most bytes of inputs of a batch on a node with that memory; `memory_gib` 0: not known. The
 * memory that a row needs inside the engine is not known, as pages do not report it. `wall_ms` is
 * the Unix time. */
uint64_t wi_batching_most(const struct wi_estimate *estimate, double memory_gib, int64_t wall_ms);

#endif
