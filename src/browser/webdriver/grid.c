/* A Selenium Grid's nodes as its hub lists them: how many sessions of a browser it has room for,
 * and which node has a session. */
#include "browser/webdriver/grid.h"

#include "base/memory.h"
#include "base/params.h"
#include "base/text.h"
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* Of the sessions of one node; a Grid's default is the number of its processors. */
#define SESSIONS_MAX 100000
/* The id that a hub shows for a session that is being started. */
#define RESERVED "reserved"

struct node {
    const char *uri, *availability;
    int64_t max_sessions;
    json_t *slots;
};

static const struct wi_param node_table[] = {
    WI_PARAM(node, uri, STRING, .max = WI_GRID_URI_SIZE - 1),
    WI_PARAM(node, availability, STRING, .max = 32),
    WI_PARAM_AS("maxSessions", node, max_sessions, INTEGER, .max = SESSIONS_MAX),
    WI_PARAM(node, slots, ARRAY, .required = 1, .max = WI_GRID_SLOTS_MAX),
    WI_PARAM_END,
};

struct slot {
    json_t *stereotype, *session;
};

static const struct wi_param slot_table[] = {
    WI_PARAM(slot, stereotype, OBJECT),
    WI_PARAM(slot, session, OBJECT),
    WI_PARAM_END,
};

struct stereotype {
    const char *browser;
};

static const struct wi_param stereotype_table[] = {
    WI_PARAM_AS("browserName", stereotype, browser, STRING, .max = 64),
    WI_PARAM_END,
};

struct session {
    const char *id;
};

static const struct wi_param session_table[] = {
    WI_PARAM_AS("sessionId", session, id, STRING, .required = 1, .max = 256),
    WI_PARAM_END,
};

/* The question, and the answer as far as it is read. */
struct reading {
    const char *browser, *session_id;
    struct wi_grid *grid;
};

/* Names come from others: only what can be printed is kept. */
static void offers_add(char offers[], size_t size, const char *browser)
{
    size_t used = strlen(offers);
    const char *character = browser;

    while (isprint((unsigned char)*character) && *character != ',')
        character++;
    if (*browser && !*character && !strcasestr(offers, browser) &&
        used + strlen(browser) + sizeof ", " <= size)
        snprintf(offers + used, size - used, "%s%s", used > 0 ? ", " : "", browser);
}

/* "http://host:port", and nothing behind it. */
static int is_address(const char *uri)
{
    const char *rest = strncmp(uri, "http://", 7) == 0    ? uri + 7
                       : strncmp(uri, "https://", 8) == 0 ? uri + 8
                                                          : "";
    const char *character = rest;

    while (isalnum((unsigned char)*character) || (*character && strchr(".-_:[]", *character)))
        character++;
    return *rest && !*character;
}

/* What one node adds to the answer. */
struct share {
    size_t slots, free, used, reserved;
};

static enum wi_code slot_read(const struct reading *reading, const struct node *node,
    const json_t *value, const char *where, struct share *share, struct wi_error *error)
{
    struct slot slot = {NULL, NULL};
    struct stereotype stereotype = {""};
    struct session session = {""};

    if (wi_params_read(slot_table, value, WI_PARAMS_OPEN, where, &slot, error) != WI_OK ||
        (slot.stereotype && wi_params_read(stereotype_table, slot.stereotype, WI_PARAMS_OPEN, where,
                                &stereotype, error) != WI_OK) ||
        (slot.session && wi_params_read(session_table, slot.session, WI_PARAMS_OPEN, where,
                             &session, error) != WI_OK))
        return error->code;
    offers_add(reading->grid->offers, sizeof reading->grid->offers, stereotype.browser);
    int fits = !*stereotype.browser || strcasecmp(stereotype.browser, reading->browser) == 0;
    share->slots += fits;
    share->free += fits && !slot.session;
    share->used += slot.session != NULL;
    share->reserved += fits && strcmp(session.id, RESERVED) == 0;
    if (*session.id && strcmp(session.id, reading->session_id) == 0 && is_address(node->uri))
        wi_text_copy(reading->grid->home, sizeof reading->grid->home, node->uri);
    return WI_OK;
}

static enum wi_code node_read(
    const struct reading *reading, const json_t *value, size_t index, struct wi_error *error)
{
    struct node node = {"", "UP", SESSIONS_MAX, NULL};
    struct wi_grid *grid = reading->grid;
    struct share share = {0};
    char where[64];

    snprintf(where, sizeof where, "nodes[%zu].", index);
    if (wi_params_read(node_table, value, WI_PARAMS_OPEN, where, &node, error) != WI_OK)
        return error->code;
    for (size_t i = 0; i < json_array_size(node.slots); i++) {
        snprintf(where, sizeof where, "nodes[%zu].slots[%zu].", index, i);
        if (slot_read(reading, &node, json_array_get(node.slots, i), where, &share, error) != WI_OK)
            return error->code;
    }
    if (strcmp(node.availability, "UP") != 0)
        return WI_OK;
    size_t most = (size_t)node.max_sessions;
    size_t left = most > share.used ? most - share.used : 0;
    grid->nodes++;
    grid->slots += share.slots < most ? share.slots : most;
    grid->free += share.free < left ? share.free : left;
    grid->reserved += share.reserved;
    return WI_OK;
}

enum wi_code wi_grid_read(const json_t *nodes, const char *browser, const char *session_id,
    struct wi_grid *grid, struct wi_error *error)
{
    const struct reading reading = {browser, session_id, grid};
    size_t count = json_array_size(nodes);
    struct wi_error why;

    *grid = (struct wi_grid){0};
    if (!json_is_array(nodes) || count > WI_GRID_NODES_MAX)
        return wi_error_set(error, WI_INTERNAL, WI_GRID_FIELD,
            "status: the Grid's \"nodes\" must be an array of at most %d", WI_GRID_NODES_MAX);
    for (size_t i = 0; i < count; i++)
        if (node_read(&reading, json_array_get(nodes, i), i, &why) != WI_OK)
            return wi_error_set(error, WI_INTERNAL, WI_GRID_FIELD,
                "status: the Grid's answer makes no sense: %.300s", why.detail);
    return WI_OK;
}

size_t wi_grid_room(const struct wi_grid *grid, size_t asking)
{
    size_t expected = asking > grid->reserved ? asking - grid->reserved : 0;

    return grid->free > expected ? grid->free - expected : 0;
}

char *wi_grid_excuse(const struct wi_grid *grid, const char *browser)
{
    if (grid->nodes == 0)
        return wi_sprintf("the Grid has no node that is up");
    if (grid->slots == 0)
        return wi_sprintf("the Grid has no %s; its nodes have: %s", browser,
            *grid->offers ? grid->offers : "nothing");
    return wi_sprintf("the Grid has no free %s: it may have %zu at a time on %zu node%s, and all "
                      "are in use or promised",
        browser, grid->slots, grid->nodes, grid->nodes == 1 ? "" : "s");
}
