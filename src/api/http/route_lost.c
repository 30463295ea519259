/*
 * Requests that no route fits: which route was meant, and in which form they are refused. The guess
 * covers addresses of other servers, addresses with too much or too little in front, and spelling
 * mistakes.
 */
#include "api/http/routes.h"

#include "api/http/route.h"
#include "base/nearest.h"
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* Whether the path begins with all segments of `start`. */
static int is_below(const char *path, const char *start)
{
    size_t length = strlen(start);
    return strncasecmp(path, start, length) == 0 &&
           (start[length - 1] == '/' || path[length] == '/' || path[length] == '\0');
}

/* Paths of other servers that this one does not have, each with the closest equivalent here. */
static const char *advice_for(const char *path)
{
    static const struct {
        const char *start, *advice;
    } rows[] = {
        {"/v1/assistants", "send the whole conversation to POST /v1/chat/completions"},
        {"/v1/threads", "send the whole conversation to POST /v1/chat/completions"},
        {"/v1/conversations", "send the whole conversation to POST /v1/responses"},
        {"/v1/responses/", "answers are not stored; send the whole conversation in each request"},
        {"/v1/messages/batches", "send each request to POST /v1/jobs, which runs it later"},
        {"/v1/batches", "send each request to POST /v1/jobs, which runs it later"},
        {"/v1/images", "no model generates pictures here; POST /v1/infer reads pictures"},
        {"/v1/videos", "no model generates pictures here; POST /v1/infer reads pictures"},
        {"/v1/moderations", "POST /v1/infer runs models that classify texts"},
        {"/v1/files", "a request contains its files, for instance POST /v1/infer"},
        {"/v1/vector_stores", "vectors are not stored; POST /v1/embeddings computes them"},
        {"/v1/fine_tuning", "nothing is trained here; GET /v1/models lists what runs"},
        {"/v1/complete", "send the prompt to POST /v1/completions"},
        {"/v1/realtime", "POST /v1/chat/completions answers in parts with stream: true"},
        {"/v1/engines", "GET /v1/models lists what runs"},
        {"/api/create",
            "models are not built from others here; POST /v1/models/pull fetches models"},
        {"/api/copy", "models are not built from others here; POST /v1/models/pull fetches models"},
        {"/api/push", "nothing is sent to hubs; POST /v1/models/pull fetches models"},
        {"/api/blobs", "POST /v1/models/pull fetches models"},
        {"/v2/cudasharedmemory",
            "no memory is shared with clients; tensors go in the body of POST /v1/infer"},
        {"/v2/systemsharedmemory",
            "no memory is shared with clients; tensors go in the body of POST "
            "/v1/infer"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (is_below(path, rows[i].start))
            return rows[i].advice;
    return NULL;
}

/* --- which one was meant ---------------------------------------------------------------------- */

static int pattern_fits(const char *pattern, const char *path)
{
    char first[WI_ROUTE_ARGUMENT_MAX], second[WI_ROUTE_ARGUMENT_MAX];
    char *const arguments[WI_ROUTE_ARGUMENTS] = {first, second};
    return wi_route_fits(pattern, path, arguments);
}

/* Whether the path is the pattern without its beginning ("/chat/completions"). The rest of the
 * pattern has to begin with a word: a {NAME} would fit anything. */
static int is_end_of(const char *pattern, const char *path)
{
    for (const char *rest = strchr(pattern + 1, '/'); rest; rest = strchr(rest + 1, '/'))
        if (rest[1] != '{' && pattern_fits(rest, path))
            return 1;
    return 0;
}

/* Whether the path has something in front of the pattern ("/v1/v1/models"). */
static int has_end_of(const char *pattern, const char *path)
{
    for (const char *rest = strchr(path + 1, '/'); rest; rest = strchr(rest + 1, '/'))
        if (rest[1] && pattern_fits(pattern, rest))
            return 1;
    return 0;
}

static size_t segments_of(const char *path)
{
    size_t count = 0;
    for (; *path; path++)
        count += *path == '/';
    return count;
}

/* Appends a segment or several, with the slash before each; where the next one begins. */
static const char *copy_segments(char *to, size_t size, const char *from, int count)
{
    const char *end = from;
    for (; count > 0 && *end; count--)
        end = strchrnul(end + 1, '/');
    size_t used = strlen(to);
    snprintf(to + used, size - used, "%.*s", (int)(end - from), from);
    return end;
}

/* The pattern with the path's own segments for {NAME}, so that only spelling is left between the
 * two: 0 if there is nothing to stand for one. */
static int fill_in(const char *pattern, const char *path, char *out, size_t size)
{
    int longer = segments_of(path) > segments_of(pattern);
    *out = '\0';
    while (*pattern) {
        int is_name = pattern[1] == '{';
        int count = longer && strncmp(pattern, "/{model}", 8) == 0 ? 2 : 1;
        if (is_name && (!path[0] || !path[1]))
            return 0;
        char skipped[WI_NEAREST_MAX] = "";
        const char *next =
            copy_segments(is_name ? skipped : out, is_name ? sizeof skipped : size, pattern, 1);
        path = copy_segments(is_name ? out : skipped, is_name ? size : sizeof skipped, path, count);
        pattern = next;
    }
    return 1;
}

/* The row for the method among the rows with one pattern, if there is one. */
static const struct wi_route *with_method(
    const struct wi_route *routes, const struct wi_route *found, const char *method)
{
    for (const struct wi_route *route = routes; found && route->method; route++)
        if (strcmp(route->pattern, found->pattern) == 0 && strcmp(route->method, method) == 0)
            return route;
    return found;
}

static const struct wi_route *route_guess(
    const struct wi_route *routes, const char *method, const char *path)
{
    const struct wi_route *found = NULL;
    struct wi_nearest nearest = wi_nearest_to(path);
    char filled[WI_NEAREST_MAX + 1];
    if (*path != '/' || strlen(path) > WI_NEAREST_MAX)
        return NULL;
    for (const struct wi_route *route = routes; route->method; route++) {
        if (!route->pattern[1])
            continue; /* "/" is the end of no other */
        if (is_end_of(route->pattern, path) || has_end_of(route->pattern, path))
            return with_method(routes, route, method);
        nearest.name = NULL; /* set again where this one is nearer */
        if (fill_in(route->pattern, path, filled, sizeof filled))
            wi_nearest_offer(&nearest, filled);
        if (nearest.name)
            found = route;
    }
    return with_method(routes, found, method);
}

void wi_route_lost(
    const struct wi_route *routes, const char *method, const char *path, struct wi_error *error)
{
    const char *advice = advice_for(path);
    const struct wi_route *route = advice ? NULL : route_guess(routes, method, path);
    if (advice)
        wi_error_set(error, WI_NOT_FOUND, NULL,
            "this path is another server's: %s; GET / lists the endpoints", advice);
    else if (route)
        wi_error_set(error, WI_NOT_FOUND, NULL,
            "there is nothing at this path; %s %s is similar, and GET / lists the endpoints",
            route->method, route->pattern);
}

/* --- in which form it is refused -------------------------------------------------------------- */

const struct wi_dialect *wi_route_dialect_near(const struct wi_route *routes, const char *path)
{
    const struct wi_dialect *near = NULL;
    size_t length = *path == '/' ? 1 + strcspn(path + 1, "/") : 0;
    for (const struct wi_route *route = routes; length > 1 && route->method; route++) {
        if (strncmp(route->pattern, path, length) != 0 || route->pattern[length] != '/')
            continue;
        if (near && strcmp(near->error_form, route->dialect->error_form) != 0)
            return NULL;
        near = route->dialect;
    }
    return near;
}
