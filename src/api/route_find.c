/*
 * Which request goes where. Some twenty rows and a linear walk: a match costs less than a
 * microsecond, and what the walk leaves behind (the path fits, the method does not) is the 405.
 */
#include "api/routes.h"

#include <stdio.h>
#include <string.h>

size_t wi_route_count(const struct wi_route *routes)
{
    size_t count = 0;
    while (routes[count].method)
        count++;
    return count;
}

/* Whether `path` ends as the rest of a pattern says; a rest has no further {…}. */
static size_t argument_length(const char *path, const char *rest, int slashes)
{
    size_t length = strlen(path);
    size_t tail = strlen(rest);
    if (length <= tail || strcmp(path + length - tail, rest) != 0)
        return 0;
    size_t argument = length - tail;
    int found = 0;
    for (size_t i = 0; i < argument; i++) {
        if (path[i] != '/')
            continue;
        if (++found > slashes || i == 0 || i + 1 == argument)
            return 0;
    }
    return argument;
}

static int matches(const char *pattern, const char *path, char *argument)
{
    argument[0] = '\0';
    const char *brace = strchr(pattern, '{');
    if (!brace)
        return strcmp(pattern, path) == 0;
    size_t prefix = (size_t)(brace - pattern);
    if (strncmp(pattern, path, prefix) != 0)
        return 0;
    const char *rest = strchr(brace, '}') + 1;
    size_t length = argument_length(path + prefix, rest, strncmp(brace, "{model}", 7) == 0);
    if (length == 0 || length >= WI_ROUTE_ARGUMENT_MAX)
        return 0;
    memcpy(argument, path + prefix, length);
    argument[length] = '\0';
    return 1;
}

/* "GET" → "GET, HEAD", "GET, HEAD, DELETE" … */
static void add_method(char *allowed, size_t size, const char *method)
{
    size_t used = strlen(allowed);
    snprintf(allowed + used, size - used, "%s%s%s", used ? ", " : "", method,
        strcmp(method, "GET") == 0 ? ", HEAD" : "");
}

/* What clients of others ask for, and what to ask for here. */
static const char *advice_for(const char *path)
{
    static const struct {
        const char *start, *advice;
    } rows[] = {
        {"/api/", "POST /v1/chat/completions for conversations, POST /v1/embeddings, GET "
                  "/v1/models: OpenAI's API, whose base is /v1"},
        {"/v1/responses", "POST /v1/chat/completions, which takes the conversation as a whole"},
        {"/v1/messages", "POST /v1/chat/completions, which takes messages in OpenAI's form"},
        {"/v1/assistants", "POST /v1/chat/completions"},
        {"/v1/audio/", "POST /v1/infer, with a model for sound"},
        {"/v1/images/", "POST /v1/infer, with a model for pictures"},
        {"/chat/completions", "POST /v1/chat/completions: the base of the API is /v1"},
        {"/embeddings", "POST /v1/embeddings: the base of the API is /v1"},
        {"/models", "GET /v1/models: the base of the API is /v1"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (strncmp(path, rows[i].start, strlen(rows[i].start)) == 0)
            return rows[i].advice;
    return NULL;
}

static void not_found(const char *path, struct wi_error *error)
{
    const char *advice = advice_for(path);
    if (advice)
        wi_error_set(error, WI_NOT_FOUND, NULL, "this address is of another API; use %s", advice);
    else
        wi_error_set(error, WI_NOT_FOUND, NULL, "there is nothing here; GET / lists what there is");
}

const struct wi_route *wi_route_find(const struct wi_route *routes, const char *method,
    const char *path, char argument[WI_ROUTE_ARGUMENT_MAX], struct wi_error *error)
{
    const char *wanted = strcmp(method, "HEAD") == 0 ? "GET" : method;
    char allowed[64] = "";
    for (const struct wi_route *route = routes; route->method; route++) {
        if (!matches(route->pattern, path, argument))
            continue;
        if (strcmp(route->method, wanted) == 0)
            return route;
        add_method(allowed, sizeof allowed, route->method);
    }
    argument[0] = '\0';
    if (*allowed) {
        wi_error_set(
            error, WI_METHOD_NOT_ALLOWED, NULL, "this address does not answer to %.16s", method);
        wi_error_allow(error, "%s", allowed);
    } else {
        not_found(path, error);
    }
    return NULL;
}

/* Which it is, the body of the request says. */
const char *wi_route_gives(const struct wi_route *route, size_t index)
{
    static const struct {
        unsigned flags;
        const char *type;
    } given[] = {
        {WI_ROUTE_BINARY | WI_ROUTE_VOICE, "application/octet-stream"},
        {WI_ROUTE_EVENTS, "text/event-stream"},
        {WI_ROUTE_VOICE, "audio/pcm"},
        {WI_ROUTE_TEXT, "text/plain"},
        {WI_ROUTE_TEXT, "text/vtt"},
        {WI_ROUTE_TEXT, "application/x-subrip"},
    };
    for (size_t i = 0; i < sizeof given / sizeof *given; i++)
        if (route->flags & given[i].flags && index-- == 0)
            return given[i].type;
    return NULL;
}
