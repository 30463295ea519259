/*
 * Finds the route of a request. The table has some forty rows and the walk is linear: a match costs
 * less than a microsecond, and a walk that finds only rows whose path fits, but not the method,
 * gives the 405.
 */
#include "api/http/routes.h"

#include "api/http/route.h"
#include "terms/model/cid.h"
#include <stdio.h>
#include <string.h>

size_t wi_route_count(const struct wi_route *routes)
{
    size_t count = 0;
    while (routes[count].method)
        count++;
    return count;
}

/* Copies the first `length` characters of the path to the argument; 0 if they are too many. */
static int take_argument(char *argument, const char *path, size_t length)
{
    if (length >= WI_ROUTE_ARGUMENT_MAX)
        return 0;
    memcpy(argument, path, length);
    argument[length] = '\0';
    return 1;
}

/* Whether the path is one that the pattern means. Each {…} is copied to one of the arguments. */
int wi_route_fits(const char *pattern, const char *path, char *const *arguments)
{
    const char *brace = strchrnul(pattern, '{');
    size_t literal = (size_t)(brace - pattern), length = 0;
    if (strncmp(pattern, path, literal) != 0)
        return 0;
    path += literal;
    if (!*brace)
        return !*path;
    if (strcmp(brace, "{path}") == 0)
        return take_argument(*arguments, path, strlen(path));
    const char *rest = strchr(brace, '}') + 1;
    int segments = strncmp(brace, "{model}", 7) == 0 ? 2 : 1;
    for (; segments > 0; segments--, length++) {
        const char *end = strchrnul(path + length, '/');
        int is_empty = end == path + length;
        length = (size_t)(end - path);
        if (is_empty || length >= WI_ROUTE_ARGUMENT_MAX)
            return 0;
        if (wi_route_fits(rest, path + length, arguments + 1))
            return take_argument(*arguments, path, length);
        if (!path[length])
            return 0;
    }
    return 0;
}

/* Characters of a pattern outside of {…}. */
static size_t literal_text(const char *pattern)
{
    size_t count = strcspn(pattern, "{");
    return pattern[count] ? count + literal_text(strchr(pattern, '}') + 1) : count;
}

/* "GET" → "GET, HEAD", "GET, HEAD, DELETE" … */
static void add_method(char *allowed, size_t size, const char *method)
{
    size_t used = strlen(allowed);
    if (!strstr(allowed, method))
        snprintf(allowed + used, size - used, "%s%s%s", used ? ", " : "", method,
            strcmp(method, "GET") == 0 ? ", HEAD" : "");
}

const struct wi_route *wi_route_find(const struct wi_route *routes, const char *method,
    const char *path, char *const arguments[WI_ROUTE_ARGUMENTS], struct wi_error *error)
{
    const char *wanted = strcmp(method, "HEAD") == 0 ? "GET" : method;
    const struct wi_route *found = NULL;
    size_t claimed = 0; /* text of the longest pattern that answers alone, to other methods */
    char allowed[64] = "";
    /* RFC 9110, 9.3.7: "OPTIONS *" asks about the server as a whole. */
    int is_about_all = strcmp(path, "*") == 0 && strcmp(method, "OPTIONS") == 0;
    for (const struct wi_route *route = routes; route->method; route++) {
        if (!is_about_all && !wi_route_fits(route->pattern, path, arguments))
            continue;
        size_t text = literal_text(route->pattern);
        if (strcmp(route->method, wanted) == 0) {
            if (!found || text > literal_text(found->pattern))
                found = route;
            continue;
        }
        add_method(allowed, sizeof allowed, route->method);
        if (route->flags & WI_ROUTE_VERB && text > claimed)
            claimed = text;
    }
    if (found && claimed > literal_text(found->pattern))
        found = NULL;
    for (size_t i = 0; i < WI_ROUTE_ARGUMENTS; i++)
        *arguments[i] = '\0'; /* of those that only might have been it */
    if (found) {
        wi_route_fits(found->pattern, path, arguments);
    } else if (*allowed) {
        wi_error_set(
            error, WI_METHOD_NOT_ALLOWED, NULL, "this address does not answer to %.16s", method);
        wi_error_allow(error, "%s", allowed);
    } else {
        wi_error_set(
            error, WI_NOT_FOUND, NULL, "there is nothing at this path; GET / lists the endpoints");
    }
    return found;
}

/* The body of the request decides which type it is. */
const char *wi_route_gives(const struct wi_route *route, size_t index)
{
    static const struct {
        unsigned flags;
        const char *type;
    } given[] = {
        {WI_ROUTE_BINARY | WI_ROUTE_VOICE, "application/octet-stream"},
        {WI_ROUTE_EVENTS, "text/event-stream"},
        {WI_ROUTE_LINES, "application/x-ndjson"},
        {WI_ROUTE_VOICE, "audio/pcm"},
        {WI_ROUTE_TEXT, "text/plain"},
        {WI_ROUTE_TEXT, "text/vtt"},
        {WI_ROUTE_TEXT, "application/x-subrip"},
        {WI_ROUTE_PAGE, "text/html"},
        {WI_ROUTE_CAR, WI_CAR_TYPE},
    };
    for (size_t i = 0; i < sizeof given / sizeof *given; i++)
        if (route->flags & given[i].flags && index-- == 0)
            return given[i].type;
    return NULL;
}
