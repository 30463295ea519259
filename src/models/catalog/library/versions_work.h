/*
 * Changes of the store from the loop: each runs on a worker thread, one after another, and calls
 * back once. The versions in use are listed at the moment when that matters, so that running
 * requests finish on the version that they began with. None of these functions calls back from
 * inside.
 */
#ifndef WI_MODELS_CATALOG_LIBRARY_VERSIONS_WORK_H
#define WI_MODELS_CATALOG_LIBRARY_VERSIONS_WORK_H

#include "models/catalog/library/repository.h"
#include "models/catalog/library/versions.h"
#include <uv.h>

/* `repository` is borrowed and must outlive this. It is asked which models requests hold, and told
 * of every change. Until wi_versions_work_set there is no quota, and two versions are kept. */
struct wi_versions_work *wi_versions_work_new(uv_loop_t *loop, struct wi_repository *repository);
/* No callback is called any more; running tasks complete by themselves, and then free their memory.
 * NULL is fine. */
void wi_versions_work_free(struct wi_versions_work *work);
void wi_versions_work_set(struct wi_versions_work *work, uint64_t quota, unsigned keep);
/* Sets the callback that lists what neighbours have (only `elsewhere` of the use), called before
 * something is removed. There is only one. */
void wi_versions_work_ask(
    struct wi_versions_work *work, wi_versions_use_fn *list_elsewhere, void *context);
/* Sets the callback that is told the name of each model that wi_versions_take_away has removed,
 * before its bytes are freed. There is only one; may be NULL. */
typedef void wi_versions_gone_fn(void *context, const char *name);
void wi_versions_work_tell(
    struct wi_versions_work *work, wi_versions_gone_fn *on_gone, void *context);

/* The staging folders that an earlier daemon left: `ids`, and their requests. With an error they
 * are those that could be read; WI_UNAVAILABLE: another try may find more. */
struct wi_versions_task *wi_versions_staged(
    struct wi_versions_work *work, wi_versions_fn *on_done, void *context);
/* Makes room for `needed` bytes of the staging folder `id`, including those that are there already:
 * removes models by the quota, and checks the disk. Errors: WI_STORAGE_FAILED with the figures. */
struct wi_versions_task *wi_versions_make_room(struct wi_versions_work *work, const char *id,
    uint64_t needed, wi_versions_fn *on_done, void *context);
/* Opens the staging folder `id` (`request` NULL: as written down) for that name, which is checked,
 * and links what the store has of `files` (a source's list; NULL: none) into it. */
struct wi_versions_task *wi_versions_stage(struct wi_versions_work *work, const char *id,
    const char *request, const char *name, const struct wi_source *files, wi_versions_fn *on_done,
    void *context);
/* Publishes the staging folder `id` under the name, if it can be read as the repository will read
 * it, and removes versions beyond those kept. `source` is copied. Then the repository reads its
 * list again. Errors: also those of wi_load; WI_CONFLICT if the source is to be the first and there
 * is a pulled or uploaded model of that name. */
struct wi_versions_task *wi_versions_make_current(struct wi_versions_work *work, const char *id,
    const char *name, const struct wi_source *source, wi_versions_fn *on_done, void *context);
/* As wi_versions_make_room, without removing anything: the room must be there within the quota or,
 * with `apart`, on the disk. */
struct wi_versions_task *wi_versions_find_room(struct wi_versions_work *work, const char *id,
    uint64_t needed, int apart, wi_versions_fn *on_done, void *context);
/* As wi_versions_adopt. */
struct wi_versions_task *wi_versions_want(
    struct wi_versions_work *work, const char *name, wi_versions_fn *on_done, void *context);

#endif
