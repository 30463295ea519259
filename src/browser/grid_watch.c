/* Asks a Grid for what it has, again and again: one question at a time, and a pause after each
 * answer. */
#include "browser/grid_watch.h"

#include "base/loop.h"
#include "base/memory.h"
#include "base/text.h"
#include "browser/kinds.h"
#include "browser/webdriver/webdriver.h"
#include <stdlib.h>

#define PAUSE_MS 1000
#define ANSWER_MS 5000

struct wi_grid_watch {
    struct wi_driver *driver;
    struct wi_timer *pause;
    char browser[64];
    wi_grid_watch_fn *on_told;
    void *context;
};

static void on_asked(void *context, const struct wi_error *error)
{
    struct wi_grid_watch *watch = context;

    wi_timer_start(watch->pause, PAUSE_MS, 0);
    watch->on_told(watch->context, error ? NULL : wi_driver_grid(watch->driver));
}

static void on_pause(void *context)
{
    struct wi_grid_watch *watch = context;

    wi_driver_ask_grid(watch->driver, watch->browser, ANSWER_MS, on_asked, watch);
}

struct wi_grid_watch *wi_grid_watch_new(uv_loop_t *loop, struct wi_http *http,
    const struct wi_config_browser *browser, wi_grid_watch_fn *on_told, void *context)
{
    const struct wi_launch_request request = {.browser = browser, .directory = "/"};
    const struct wi_driver_events none = {0};
    struct wi_grid_watch *watch = wi_alloc(sizeof *watch);
    struct wi_launch launch = {0};
    struct wi_error ignored;

    if (wi_launch_make(&request, &launch, &ignored) == WI_OK)
        wi_text_copy(watch->browser, sizeof watch->browser, wi_launch_browser(&launch));
    wi_launch_clear(&launch);
    watch->driver = wi_classic_new(loop, http, NULL, NULL, browser->driver_url, &none);
    watch->pause = wi_timer_new(loop, on_pause, watch);
    watch->on_told = on_told;
    watch->context = context;
    wi_timer_start(watch->pause, PAUSE_MS, 0);
    return watch;
}

void wi_grid_watch_free(struct wi_grid_watch *watch)
{
    if (!watch)
        return;
    wi_driver_free(watch->driver);
    wi_timer_free(watch->pause);
    free(watch);
}
