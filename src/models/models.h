/*
 * The models of a daemon: those on its disk, those that it pulls, and those that it shares. One
 * object makes the parts, joins them and ends them. All functions are called on the loop's thread.
 */
#ifndef WI_MODELS_MODELS_H
#define WI_MODELS_MODELS_H

#include "base/change.h"
#include "base/loop.h"
#include "settings/config/config.h"
#include <stdint.h>

struct wi_db;
struct wi_http;

/* All is borrowed and must outlive the models. */
struct wi_models_deps {
    uv_loop_t *loop;
    struct wi_http *http;
    struct wi_db *db;
    const char *id;                            /* the daemon's */
    const struct wi_change_listener *listener; /* told of each change of a model or a pull */
};

/* The parts, which other rooms borrow between wi_models_new and wi_models_close. */
struct wi_models {
    struct wi_repository *repository;
    struct wi_versions_work *versions;
    struct wi_blockstore *blocks;
    struct wi_sources *sources;
    struct wi_neighbours *neighbours;
    struct wi_pulls *pulls;
};

/* The configuration is borrowed until the next wi_models_reload. */
struct wi_models *wi_models_new(const struct wi_models_deps *deps, struct wi_config *config);
/* Starts copies of neighbours' models, and serves what was pulled. `on_takes` is told how many
 * bytes one more copy may have; 0: none is made. */
void wi_models_share(
    struct wi_models *models, void (*on_takes)(void *context, uint64_t bytes), void *context);
/* Removes what an earlier daemon left behind, and resumes its pulls. */
void wi_models_resume(struct wi_models *models);
void wi_models_reload(struct wi_models *models, struct wi_config *config);
/* Ends all work without further callbacks. The loop must turn afterwards until it is empty. NULL is
 * fine. */
void wi_models_close(struct wi_models *models);
/* After the loop is empty. NULL is fine. */
void wi_models_free(struct wi_models *models);

/* --- the library: models on the disk, uploads, made versions -------------------------------- */

/* --- arriving: hubs, pulls, sources, neighbours ---------------------------------------------- */

/* --- sharing: blocks, CAR files -------------------------------------------------------------- */

#endif
