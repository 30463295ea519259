/* The errors in the API's description; see openapi_errors.h. */
#include "api/endpoints/openapi_errors.h"

#include "api/http/route.h"
#include "base/memory.h"
#include "wire/describe/schema.h"
#include "wire/openai/openai.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* --- words ----------------------------------------------------------------------------------- */

char *wi_openapi_next_word(const char **text)
{
    *text += strspn(*text, " ");
    size_t length = strcspn(*text, " ");
    char *word = length > 0 ? wi_strndup(*text, length) : NULL;
    *text += length;
    return word;
}

/* --- errors ---------------------------------------------------------------------------------- */

/* The codes with which any request may be refused, any with a token, and any with a body. */
#define ANY                                                                                        \
    "bad_request forbidden_host forbidden_origin not_acceptable body_too_large request_timeout "   \
    "unsupported_media_type internal not_implemented shutting_down memory_budget "                 \
    "too_many_connections"
#define TOKEN "unauthorized rank"
#define BODY "bad_json unknown_field missing_field invalid_field non_finite length_required"
#define ADMITTED "queue_full client_share_used"

/* As the dialect prints it; NULL where its errors name no code. */
static json_t *name_of(const struct wi_dialect *dialect, enum wi_code code)
{
    struct wi_error error;
    struct wi_buffer text = {0};
    if (!dialect->error_code)
        return NULL;
    int nested = strncmp(dialect->error_code, "error.", 6) == 0;
    wi_error_set(&error, code, NULL, "-");
    dialect->print_error(dialect, &text, &error, NULL);
    json_t *printed = json_loadb(text.text, text.size, 0, NULL);
    json_t *object = nested ? json_object_get(printed, "error") : printed;
    json_t *name = json_incref(json_object_get(object, dialect->error_code + (nested ? 6 : 0)));
    json_decref(printed);
    wi_buffer_clear(&text);
    return name;
}

/* Takes the name; NULL adds none to the list. */
static void add_to(json_t *lists, const char *key, json_t *name)
{
    json_t *list = json_object_get(lists, key), *one;
    size_t i;
    if (!list) {
        list = json_array();
        json_object_set_new(lists, key, list);
    }
    if (!name)
        return;
    json_array_foreach(list, i, one)
    {
        if (json_equal(one, name))
            break;
    }
    if (i == json_array_size(list))
        json_array_append(list, name);
    json_decref(name);
}

static void add_codes(struct wi_codes *codes, const char *words)
{
    char *word, status[12];
    while ((word = wi_openapi_next_word(&words)) != NULL) {
        enum wi_code code = wi_code_from_name(word);
        assert(strcmp(wi_code_name(code), word) == 0);
        snprintf(status, sizeof status, "%d", wi_dialect_status(codes->dialect, code));
        add_to(codes->by_status, status, name_of(codes->dialect, code));
        add_to(codes->by_status, "", name_of(codes->dialect, code));
        if (wi_code_retry_after(code) > 0)
            json_object_set_new(codes->retries, status, json_true());
        free(word);
    }
}

json_t *wi_openapi_error(const struct wi_dialect *dialect, json_t *names)
{
    const char *member = dialect->error_code;
    json_t *schema = wi_type_json(dialect->error_form);
    if (!member)
        return schema;
    int nested = strncmp(member, "error.", 6) == 0;
    json_t *code =
        json_pack("{s:{s:{s:O}}}", "properties", member + (nested ? 6 : 0), "enum", names);
    if (nested)
        code = json_pack("{s:{s:o}}", "properties", "error", code);
    json_object_update_new(schema, code);
    return schema;
}

void wi_openapi_add_errors(json_t *responses, const struct wi_codes *codes)
{
    const char *status;
    json_t *names;
    json_object_foreach(codes->by_status, status, names)
    {
        if (!*status)
            continue;
        json_t *response = json_pack("{s:s, s:{s:{s:o}}}", "description", "An error.", "content",
            codes->dialect->error_type, "schema", wi_openapi_error(codes->dialect, names));
        if (json_object_get(codes->retries, status))
            json_object_set_new(response, "headers",
                json_pack("{s:{s:s, s:{s:s}}}", "Retry-After", "description",
                    "The number of seconds after which to retry.", "schema", "type", "integer"));
        json_object_set_new(responses, status, response);
    }
}

static struct wi_codes codes_for(const struct wi_dialect *dialect)
{
    struct wi_codes codes = {dialect, json_object(), json_object()};
    add_codes(&codes, ANY);
    return codes;
}

struct wi_codes wi_openapi_codes_of(const struct wi_route *route)
{
    struct wi_codes codes = codes_for(route->dialect);
    if (route->rank > WI_RANK_NONE)
        add_codes(&codes, TOKEN);
    if (route->flags & (WI_ROUTE_BODY | WI_ROUTE_MAYBE))
        add_codes(&codes, BODY);
    if (route->flags & WI_ROUTE_ADMIT)
        add_codes(&codes, ADMITTED);
    if (route->codes)
        add_codes(&codes, route->codes);
    return codes;
}

void wi_openapi_clear_codes(struct wi_codes *codes)
{
    json_decref(codes->by_status);
    json_decref(codes->retries);
}

/* --- elsewhere ------------------------------------------------------------------------------- */

/* Adds another form of an answer's content to those that are there. */
static void add_contents(json_t *responses, const char *status, json_t *response)
{
    json_t *there = json_object_get(json_object_get(responses, status), "content"), *media;
    const char *type;
    if (!there) {
        json_object_set(responses, status, response);
        return;
    }
    json_object_foreach(json_object_get(response, "content"), type, media)
    {
        json_t *schema = json_object_get(json_object_get(there, type), "schema");
        json_t *more = json_object_get(media, "schema"), *forms;
        if (!schema)
            json_object_set(there, type, media);
        else if ((forms = json_object_get(schema, "anyOf")) != NULL)
            json_array_append(forms, more);
        else
            json_object_set_new(json_object_get(there, type), "schema",
                json_pack("{s:[O, O]}", "anyOf", schema, more));
    }
}

static void add_elsewhere(json_t *responses, const struct wi_dialect *dialect)
{
    struct wi_codes codes = codes_for(dialect);
    json_t *more = json_object(), *response;
    const char *status;
    add_codes(&codes, TOKEN " not_found method_not_allowed");
    wi_openapi_add_errors(more, &codes);
    json_object_foreach(more, status, response)
    {
        add_contents(responses, status, response);
    }
    json_decref(more);
    wi_openapi_clear_codes(&codes);
}

/* Whether a row before this one has errors of that form below a segment of their own. */
static int is_told(const struct wi_route *routes, const struct wi_route *route, const char *form)
{
    for (const struct wi_route *before = routes; before < route; before++) {
        const struct wi_dialect *near = wi_route_dialect_near(routes, before->pattern);
        if (near && strcmp(near->error_form, form) == 0)
            return 1;
    }
    return 0;
}

json_t *wi_openapi_elsewhere(const struct wi_route *routes)
{
    json_t *responses = json_object();
    add_elsewhere(responses, &wi_dialect_openai_both);
    for (const struct wi_route *route = routes; route->method; route++) {
        const struct wi_dialect *near = wi_route_dialect_near(routes, route->pattern);
        if (near && !is_told(routes, route, near->error_form))
            add_elsewhere(responses, near);
    }
    return responses;
}
