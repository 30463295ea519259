/*
 * What the hub of a Selenium Grid says of itself at GET /status: its nodes, their slots, and the
 * sessions in these (https://www.selenium.dev/documentation/grid/advanced_features/endpoints/).
 * Pure. The answer is not trusted: it is read with tables and bounded.
 */
#ifndef WI_BROWSER_WEBDRIVER_GRID_H
#define WI_BROWSER_WEBDRIVER_GRID_H

#include "base/error.h"
#include <jansson.h>
#include <stddef.h>

#define WI_GRID_NODES_MAX 1024
#define WI_GRID_SLOTS_MAX 1024 /* of a node */
#define WI_GRID_URI_SIZE 256

struct wi_grid {
    size_t nodes;                /* that are up */
    size_t slots;                /* theirs, for the browser in question */
    size_t free;                 /* so many sessions of it can be had now */
    size_t reserved;             /* so many are being started, for anyone */
    char offers[128];            /* the browsers of all slots, for people: "chrome, firefox" */
    char home[WI_GRID_URI_SIZE]; /* the address of the node that has the session; "": none has */
};

/* Reads `nodes`, the member "nodes" of a status. `browser` is the name in question, as in
 * "browserName" (in any case, as it is no stricter than a Grid), `session_id` the id of a session
 * ("": none). WI_OK, or WI_INTERNAL with WI_GRID_FIELD if the list makes no sense. */
#define WI_GRID_FIELD "nodes"
enum wi_code wi_grid_read(const json_t *nodes, const char *browser, const char *session_id,
    struct wi_grid *grid, struct wi_error *error);
/* How many more may be asked for, while `asking` requests of ours are under way. */
size_t wi_grid_room(const struct wi_grid *grid, size_t asking);
/* Why there is none, for people; the caller frees it. */
char *wi_grid_excuse(const struct wi_grid *grid, const char *browser);

#endif
