/*
 * Any JSON as the nodes that the hub of a Selenium Grid lists. What is read is bounded, can be
 * shown, and never promises more than there is; what is refused is explained.
 */
#include "browser/webdriver/grid.h"
#include "must.h"
#include "plant.h"
#include <ctype.h>
#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_home(const char *home)
{
    const char *rest = strstr(home, "://");
    must(!*home || (rest && strncmp(home, "http", 4) == 0));
    must(!*home || (rest[3] && !strpbrk(rest + 3, "/?#@ ")));
}

static void check_grid(const struct wi_grid *grid)
{
    must(grid->nodes <= WI_GRID_NODES_MAX && grid->slots <= grid->nodes * WI_GRID_SLOTS_MAX);
    must(grid->free <= grid->slots);
    for (size_t asking = 0; asking < 3; asking++)
        must(wi_grid_room(grid, asking) <= grid->free);
    for (const char *at = grid->offers; *at; at++)
        must(isprint((unsigned char)*at));
    check_home(grid->home);
    char *excuse = wi_grid_excuse(grid, "chrome");
    must(*excuse);
    free(excuse);
    WI_PLANT(grid->slots > 4); /* in no seed */
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    json_t *nodes = json_loadb((const char *)data, size, JSON_DECODE_ANY, NULL);
    struct wi_grid grid;
    struct wi_error error = {0};
    if (wi_grid_read(nodes, "chrome", "mine", &grid, &error) == WI_OK)
        check_grid(&grid);
    else
        must(error.code == WI_INTERNAL && *error.detail && strcmp(error.field, WI_GRID_FIELD) == 0);
    json_decref(nodes);
    return 0;
}
