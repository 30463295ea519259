/*
 * The Selenium Grids that had no room for one more browser of a kind. Each is watched until it has
 * room, or no longer answers: then a session is tried, which finds out for itself.
 */
#include "work/pool/private.h"

#include "base/log.h"
#include "base/memory.h"
#include "base/text.h"
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

struct pool_grid {
    struct pool_grid *next;
    struct wi_pool *pool;
    char kind[32];
    char *url;
    struct wi_grid_watch *watch;
};

static void grid_free(struct pool_grid *grid)
{
    LL_DELETE(grid->pool->grids, grid);
    wi_grid_watch_free(grid->watch);
    free(grid->url);
    free(grid);
}

static void on_told(void *context, const struct wi_grid *told)
{
    struct pool_grid *grid = context;
    struct wi_pool *pool = grid->pool;
    struct pool_kind *kind = wi_pool_kinds_find(pool->kinds, grid->kind);

    if (told && wi_grid_room(told, wi_pool_sessions_asking(pool->sessions, grid->url, "")) == 0)
        return;
    if (kind) {
        wi_info("pool", kind->name, "%s", told ? "its Grid has room" : "its Grid does not answer");
        wi_pool_kind_has_room(kind);
    }
    grid_free(grid);
    wi_pool_plan_soon(pool->wake);
}

void wi_pool_grid_full(struct wi_pool *pool, struct pool_kind *kind, const struct wi_error *error)
{
    struct pool_grid *grid = pool->grids;

    wi_pool_kind_full(kind, error);
    while (grid && strcmp(grid->kind, kind->name) != 0)
        grid = grid->next;
    if (grid)
        return; /* watched already */
    grid = wi_alloc(sizeof *grid);
    grid->pool = pool;
    wi_text_copy(grid->kind, sizeof grid->kind, kind->name);
    grid->url = wi_strdup(kind->browser->driver_url);
    grid->watch = wi_grid_watch_new(pool->deps.loop, pool->deps.http, kind->browser, on_told, grid);
    LL_PREPEND(pool->grids, grid);
}

void wi_pool_grids_forget(struct wi_pool *pool)
{
    while (pool->grids)
        grid_free(pool->grids);
}
