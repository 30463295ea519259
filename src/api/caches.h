/*
 * The way of a model's bytes as a cache of levels, each of which asks the next for what it has not:
 * the memory of pages, the store on this machine's disk, the hubs.
 */
#ifndef WI_API_CACHES_H
#define WI_API_CACHES_H

#include "api/request.h"
#include "wire/dialect.h"

/* A run was answered: its page had the model, or loaded it first. */
void wi_caches_note_run(struct wi_page_cache *pages, const struct wi_outcome *outcome);
/* Appends the counts of all levels as Prometheus text. */
void wi_caches_write(const struct wi_api *api, struct wi_buffer *out);

#endif
