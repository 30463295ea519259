/* See member.h. */
#include "cluster/member.h"

#include "base/buffer.h"
#include <ctype.h>
#include <string.h>

#define RECORD_VERSION 1
/* No count of anything here is greater. */
#define COUNT_MAX 1000000000
/* Longer names are left out of a record, so that WI_MEMBER_MODELS_MAX of them fit. */
#define MODEL_NAME_MAX 128

void wi_member_clear(struct wi_cluster_member *member)
{
    wi_strings_clear(&member->models);
    *member = (struct wi_cluster_member){0};
}

/* --- names ------------------------------------------------------------------------------------ */

void wi_member_key(const char *name, char key[WI_MEMBER_KEY_SIZE])
{
    wi_text_base64url(name, strlen(name), key);
}

/* --- writing ---------------------------------------------------------------------------------- */

static json_t *names_json(const struct wi_strings *names)
{
    json_t *list = json_array();
    for (size_t i = 0; i < names->count && i < WI_MEMBER_MODELS_MAX; i++)
        if (strlen(names->items[i]) <= MODEL_NAME_MAX)
            json_array_append_new(list, json_string(names->items[i]));
    return list;
}

void wi_member_print(const struct wi_cluster_member *member, struct wi_buffer *out)
{
    json_t *record = json_pack("{s:i, s:s, s:s, s:s, s:s, s:s, s:o, s:I, s:I, s:I, s:I, s:I, s:I}",
        "record", RECORD_VERSION, "name", member->name, "instance", member->instance, "version",
        member->version, "api", member->api, "bridge", member->bridge, "models",
        names_json(&member->models), "model_count", (json_int_t)member->model_count, "waiting",
        (json_int_t)member->waiting, "running", (json_int_t)member->running, "nodes",
        (json_int_t)member->nodes, "hears", (json_int_t)member->hears, "at",
        (json_int_t)member->at);
    wi_buffer_json(out, record);
    json_decref(record);
}

/* --- texts ------------------------------------------------------------------------------------ */

struct text_params {
    const char *text;
};

/* A text of that many bytes that passes the check; else NULL. */
static const char *text_read(const json_t *object, const char *field, double min, double max,
    int (*is_good)(const char *text))
{
    struct text_params params = {0};
    const struct wi_param table[] = {
        WI_PARAM_AS(field, text_params, text, STRING, .required = 1, .min = min, .max = max),
        WI_PARAM_END};
    return wi_params_read(table, object, WI_PARAMS_OPEN, "", &params, NULL) == WI_OK &&
                   is_good(params.text)
               ? params.text
               : NULL;
}

static int is_word(const char *text)
{
    for (; *text; text++)
        if (!isgraph((unsigned char)*text))
            return 0;
    return 1;
}

static int is_base(const char *url)
{
    return *url == '\0' ||
           ((strncmp(url, "http://", 7) == 0 || strncmp(url, "https://", 8) == 0) && is_word(url));
}

const char *wi_member_name(const json_t *object)
{
    return text_read(object, "name", 1, WI_MEMBER_NAME_MAX, wi_text_is_plain);
}

const char *wi_member_instance(const json_t *object)
{
    return text_read(object, "instance", 1, WI_ID_SIZE - 1, is_word);
}

const char *wi_member_url(const json_t *object, const char *field)
{
    return text_read(object, field, 0, WI_MEMBER_URL_SIZE - 1, is_base);
}

/* --- reading ---------------------------------------------------------------------------------- */

struct record_params {
    json_t *models;
    int64_t model_count, waiting, running, nodes, hears, at;
};

#define COUNT .required = 1, .max = COUNT_MAX
static const struct wi_param record_table[] = {
    WI_PARAM(record_params, models, ARRAY, .required = 1, .max = WI_MEMBER_MODELS_MAX),
    WI_PARAM(record_params, model_count, INTEGER, COUNT),
    WI_PARAM(record_params, waiting, INTEGER, COUNT),
    WI_PARAM(record_params, running, INTEGER, COUNT),
    WI_PARAM(record_params, nodes, INTEGER, COUNT),
    WI_PARAM(record_params, hears, INTEGER, .max = WI_VERSIONED_TIME_MAX),
    WI_PARAM(record_params, at, INTEGER, .required = 1, .max = WI_VERSIONED_TIME_MAX),
    WI_PARAM_END};

static const struct wi_versioned record_form = {
    "record", RECORD_VERSION, WI_MEMBER_RECORD_MAX, record_table};

/* Whether every name can be shown, in so many bytes. */
static int are_models(const json_t *list)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *item = json_array_get(list, i);
        size_t length = json_string_length(item);
        if (length == 0 || length > MODEL_NAME_MAX || !wi_text_is_plain(json_string_value(item)))
            return 0;
    }
    return 1;
}

struct record_texts {
    const char *name, *instance, *version, *api, *bridge;
};

/* Whether all are good, and the name is that of the key. */
static int texts_read(struct record_texts *texts, const json_t *record, const char *key)
{
    char own[WI_MEMBER_KEY_SIZE];
    *texts = (struct record_texts){wi_member_name(record), wi_member_instance(record),
        text_read(record, "version", 0, WI_MEMBER_VERSION_SIZE - 1, is_word),
        wi_member_url(record, "api"), wi_member_url(record, "bridge")};
    if (!texts->name || !texts->instance || !texts->version || !texts->api || !texts->bridge)
        return 0;
    wi_member_key(texts->name, own);
    return strcmp(own, key) == 0;
}

static void member_fill(struct wi_cluster_member *member, const struct record_texts *texts,
    const struct record_params *params)
{
    wi_text_copy(member->name, sizeof member->name, texts->name);
    wi_text_copy(member->instance, sizeof member->instance, texts->instance);
    wi_text_copy(member->version, sizeof member->version, texts->version);
    wi_text_copy(member->api, sizeof member->api, texts->api);
    wi_text_copy(member->bridge, sizeof member->bridge, texts->bridge);
    for (size_t i = 0; i < json_array_size(params->models); i++)
        wi_strings_add(&member->models, json_string_value(json_array_get(params->models, i)));
    member->model_count = (uint64_t)params->model_count;
    member->waiting = (uint64_t)params->waiting;
    member->running = (uint64_t)params->running;
    member->nodes = (uint64_t)params->nodes;
    member->hears = params->hears;
    member->at = params->at;
}

enum wi_read_fault wi_member_read(
    struct wi_cluster_member *member, const char *key, const char *text, size_t size)
{
    struct record_params params = {0};
    struct record_texts texts;
    json_t *record;
    enum wi_read_fault fault = wi_versioned_read(&record_form, text, size, &params, &record);
    if (fault == WI_READ_GOOD && !(are_models(params.models) && texts_read(&texts, record, key)))
        fault = WI_READ_GARBAGE;
    if (fault == WI_READ_GOOD)
        member_fill(member, &texts, &params);
    json_decref(record);
    return fault;
}
