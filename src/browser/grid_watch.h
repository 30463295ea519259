/*
 * Asks a Selenium Grid that has no room, every second, what it has. No policy: the owner says when
 * that is enough.
 */
#ifndef WI_BROWSER_GRID_WATCH_H
#define WI_BROWSER_GRID_WATCH_H

#include "base/net/http_client.h"
#include "browser/webdriver/grid.h"
#include "settings/config/config.h"
#include <uv.h>

/* What the Grid has for the browser; NULL: no Grid has answered. The watch may be freed inside. */
typedef void wi_grid_watch_fn(void *context, const struct wi_grid *grid);
struct wi_grid_watch;
/* `browser` has a driver_url, and is not used afterwards. */
struct wi_grid_watch *wi_grid_watch_new(uv_loop_t *loop, struct wi_http *http,
    const struct wi_config_browser *browser, wi_grid_watch_fn *on_told, void *context);
void wi_grid_watch_free(struct wi_grid_watch *watch); /* NULL is fine */

#endif
