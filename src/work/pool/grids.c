/*
 * The Selenium Grids that had no room for one more browser of a kind. Each is asked every second,
 * until it has room or no longer answers: then a session is tried, which finds out for itself.
 */
#include "work/pool/grids.h"

#include "base/log.h"
#include "base/memory.h"
#include "base/text.h"
#include "browser/webdriver/webdriver.h"
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#define PAUSE_MS 1000
#define ANSWER_MS 5000

struct pool_grid {
    struct pool_grid *next;
    struct wi_pool *pool;
    char kind[32], browser[64];
    char *url;
    struct wi_driver *driver;
    struct wi_timer *pause;
};

static void grid_free(struct pool_grid *grid)
{
    LL_DELETE(grid->pool->grids, grid);
    wi_driver_free(grid->driver);
    wi_timer_free(grid->pause);
    free(grid->url);
    free(grid);
}

static void on_told(void *context, const struct wi_error *error)
{
    struct pool_grid *grid = context;
    struct wi_pool *pool = grid->pool;
    const struct wi_grid *told = error ? NULL : wi_driver_grid(grid->driver);
    struct pool_kind *kind = wi_pool_kinds_find(pool->kinds, grid->kind);

    if (told && wi_grid_room(told, wi_pool_sessions_asking(pool->sessions, grid->url, "")) == 0) {
        wi_timer_start(grid->pause, PAUSE_MS, 0);
        return;
    }
    if (kind) {
        wi_info("pool", kind->name, "%s", told ? "its Grid has room" : "its Grid does not answer");
        wi_pool_kind_has_room(kind);
    }
    grid_free(grid);
    wi_pool_plan_soon(pool->wake);
}

static void on_pause(void *context)
{
    struct pool_grid *grid = context;

    wi_driver_ask_grid(grid->driver, grid->browser, ANSWER_MS, on_told, grid);
}

/* The name by which the Grid knows the browser. */
static void grid_name(struct pool_grid *grid, const struct wi_config_browser *browser)
{
    const struct wi_launch_request request = {.browser = browser, .directory = "/"};
    struct wi_launch launch = {0};
    struct wi_error ignored;

    if (wi_launch_make(&request, &launch, &ignored) == WI_OK)
        wi_text_copy(grid->browser, sizeof grid->browser, wi_launch_browser(&launch));
    wi_launch_clear(&launch);
}

void wi_pool_grid_full(struct wi_pool *pool, struct pool_kind *kind, const struct wi_error *error)
{
    const struct wi_driver_events none = {0};
    struct pool_grid *grid = pool->grids;

    wi_pool_kind_full(kind, error);
    while (grid && strcmp(grid->kind, kind->name) != 0)
        grid = grid->next;
    if (grid)
        return; /* it is being asked already */
    grid = wi_alloc(sizeof *grid);
    grid->pool = pool;
    wi_text_copy(grid->kind, sizeof grid->kind, kind->name);
    grid->url = wi_strdup(kind->browser->driver_url);
    grid_name(grid, kind->browser);
    grid->driver = wi_classic_new(pool->deps.loop, pool->deps.http, NULL, NULL, grid->url, &none);
    grid->pause = wi_timer_new(pool->deps.loop, on_pause, grid);
    wi_timer_start(grid->pause, PAUSE_MS, 0);
    LL_PREPEND(pool->grids, grid);
}

void wi_pool_grids_forget(struct wi_pool *pool)
{
    while (pool->grids)
        grid_free(pool->grids);
}
