/*
 * Which models the own daemon has, by their hashes. Its list has the hash of a model once its files
 * have been read; the others, and all variants but the first, are asked for one by one. The list is
 * read when an event says that a model has changed, and now and then.
 */
#include "uplink/uplink.h"

#include "base/hash.h"
#include "base/memory.h"
#include <stdlib.h>
#include <string.h>

#define AGAIN_MS 1000
#define MODELS_MS 60000
/* After a change, so that many changes are one look. */
#define SETTLE_MS 2000
/* Models whose hashes were asked for, before they are announced. */
#define ANNOUNCED_AT_ONCE 256
/* Hashes that are remembered, those of models that have changed since among them. */
#define KNOWN_MAX (4 * WI_UPLINK_HASHES_MAX)

/* Which models there are, while their list is read page by page. */
struct catalog {
    const struct wi_strings *only; /* these names alone; none: all */
    json_t *names;                 /* by hash: what was found so far */
    json_t *unread;                /* names whose hashes have to be asked for one by one, as keys */
    json_t *known;                 /* hashes that were asked for, by "NAME@HASH OF THE FIRST" */
    int is_full;                   /* more models than a relay may have */
};

struct wi_uplink_models {
    struct wi_uplink_run *run;
    struct wi_timer *due;
    struct wi_http_call *reading, *watching;
    json_t *names;  /* as announced */
    char *asked;    /* the model that is asked for */
    size_t unsaid;  /* found since lines were told */
    int is_changed; /* since the list was begun */
    int unwatched;  /* since then: they could not be watched */
    int said_full;
    struct catalog catalog;
};

/* --- the catalog ------------------------------------------------------------------------------ */

static void catalog_begin(struct catalog *catalog)
{
    json_decref(catalog->names);
    json_decref(catalog->unread);
    catalog->names = json_object();
    catalog->unread = json_object();
    catalog->known = catalog->known ? catalog->known : json_object();
    if (json_object_size(catalog->known) > KNOWN_MAX)
        json_object_clear(catalog->known); /* they are asked for again */
    catalog->is_full = 0;
}

static void catalog_clear(struct catalog *catalog)
{
    json_decref(catalog->names);
    json_decref(catalog->unread);
    json_decref(catalog->known);
    *catalog = (struct catalog){0};
}

static int name_is_wanted(const struct catalog *catalog, const char *name)
{
    if (!catalog->only || catalog->only->count == 0)
        return 1;
    for (size_t i = 0; i < catalog->only->count; i++)
        if (strcmp(catalog->only->items[i], name) == 0)
            return 1;
    return 0;
}

static const char *hash_of(const json_t *row)
{
    const char *hash = json_string_value(json_object_get(row, "hash"));
    return hash && wi_hash_is_printed(hash) ? hash : NULL;
}

static void add_hash(struct catalog *catalog, const char *hash, const char *name)
{
    if (json_object_get(catalog->names, hash))
        return;
    if (json_object_size(catalog->names) == WI_UPLINK_HASHES_MAX)
        catalog->is_full = 1;
    else
        json_object_set_new(catalog->names, hash, json_string(name));
}

/* The first is the model itself. */
static void add_variants(struct catalog *catalog, const json_t *row, const char *hash)
{
    const char *name = json_string_value(json_object_get(row, "name"));
    const char *shown = json_string_value(json_object_get(row, "variant"));
    const json_t *variants = json_object_get(row, "variants");
    for (size_t i = 0; i < json_array_size(variants); i++) {
        const char *variant =
            json_string_value(json_object_get(json_array_get(variants, i), "name"));
        if (!variant || (shown && strcmp(variant, shown) == 0))
            continue;
        char *whole = wi_sprintf("%s:%s@%s", name, variant, hash);
        const char *found = json_string_value(json_object_get(catalog->known, whole));
        whole[strlen(whole) - WI_HASH_HEX_SIZE] = '\0';
        if (found)
            add_hash(catalog, found, whole);
        else
            json_object_set_new(catalog->unread, whole, json_string(hash));
        free(whole);
    }
}

static void catalog_take(struct catalog *catalog, const json_t *row, const char *asked)
{
    const char *name = asked ? asked : json_string_value(json_object_get(row, "name"));
    const char *hash = hash_of(row);
    if (!name || json_is_true(json_object_get(row, "builtin")))
        return;
    if (asked) {
        const char *of = json_string_value(json_object_get(catalog->unread, asked));
        char *key = wi_sprintf("%s@%s", asked, of ? of : "");
        if (hash && of && *of)
            json_object_set_new(catalog->known, key, json_string(hash));
        free(key);
        json_object_del(catalog->unread, asked);
    }
    if (!hash && !asked && !json_object_get(row, "problem") && name_is_wanted(catalog, name))
        json_object_set_new(catalog->unread, name, json_string(""));
    if (!hash || (!asked && !name_is_wanted(catalog, name)))
        return;
    add_hash(catalog, hash, name);
    if (!strchr(name, ':'))
        add_variants(catalog, row, hash);
}

/* The next one to ask for, as long as one more could be lent: the answer may take the daemon long,
 * which has to read its files. */
static char *catalog_next(struct catalog *catalog)
{
    const char *name = json_object_iter_key(json_object_iter(catalog->unread));
    return name && !catalog->is_full ? wi_strdup(name) : NULL;
}

/* --- the list --------------------------------------------------------------------------------- */

static void models_read_next(struct wi_uplink_models *models);

static void models_tell(struct wi_uplink_models *models)
{
    models->unsaid = 0;
    for (struct wi_uplink_line *line = models->run->lines; line; line = line->next)
        wi_uplink_line_tell_models(line);
    if (models->catalog.is_full && !models->said_full)
        wi_uplink_tell("only %d models are lent; --models says which", WI_UPLINK_HASHES_MAX);
    models->said_full = models->catalog.is_full;
}

static void on_model(void *context, const struct wi_http_answer *answer)
{
    struct wi_uplink_models *models = context;
    json_t *row = wi_uplink_answer_json(answer);
    models->reading = NULL;
    catalog_take(&models->catalog, row, models->asked);
    json_decref(row);
    free(models->asked);
    models->asked = NULL;
    if (++models->unsaid >= ANNOUNCED_AT_ONCE)
        models_tell(models);
    models_read_next(models);
}

static void models_read_next(struct wi_uplink_models *models)
{
    models->asked = catalog_next(&models->catalog);
    if (!models->asked) {
        models_tell(models);
        wi_timer_start(models->due, models->is_changed ? SETTLE_MS : MODELS_MS, 0);
        return;
    }
    char *path = wi_sprintf("/v1/models/%s", models->asked);
    models->reading = wi_uplink_get(models->run, path, on_model, models);
    free(path);
}

static void on_models(void *context, const struct wi_http_answer *answer);

static void models_read_page(struct wi_uplink_models *models, const char *after)
{
    struct wi_buffer path = {0};
    wi_buffer_puts(&path, "/v1/models?limit=1000");
    wi_rest_add_argument(&path, '&', "after", after);
    models->reading = wi_uplink_get(models->run, path.text, on_models, models);
    wi_buffer_clear(&path);
}

static void models_publish(struct wi_uplink_models *models)
{
    json_decref(models->names);
    models->names = json_incref(models->catalog.names);
    models->run->names = models->names;
}

static void on_models(void *context, const struct wi_http_answer *answer)
{
    struct wi_uplink_models *models = context;
    json_t *root = wi_uplink_answer_json(answer);
    const json_t *rows = json_object_get(root, "models");
    models->reading = NULL;
    for (size_t i = 0; i < json_array_size(rows); i++)
        catalog_take(&models->catalog, json_array_get(rows, i), NULL);
    const char *next = json_string_value(json_object_get(root, "next"));
    if (!root) {
        wi_timer_start(models->due, AGAIN_MS, 0);
    } else if (next && json_array_size(rows) > 0) {
        models_read_page(models, next);
    } else {
        models_publish(models);
        models_read_next(models);
    }
    json_decref(root);
}

static void on_models_due(void *context)
{
    struct wi_uplink_models *models = context;
    if (models->reading)
        return;
    models->is_changed = models->unwatched = 0;
    catalog_begin(&models->catalog);
    models_read_page(models, NULL);
}

/* What has changed does not matter here: the list is read again. */
static enum wi_http_verdict on_watched(void *context, const char *bytes, size_t size)
{
    struct wi_uplink_models *models = context;
    if (!memmem(bytes, size, "event: change", 13))
        return WI_HTTP_TAKEN;
    models->is_changed = 1;
    if (!models->reading)
        wi_timer_start(models->due, SETTLE_MS, 0);
    return WI_HTTP_TAKEN;
}

static void on_watching_end(void *context, const struct wi_http_answer *answer)
{
    struct wi_uplink_models *models = context;
    models->watching = NULL; /* the next look begins again */
    models->unwatched = answer->status >= 400;
}

void wi_uplink_models_watch(struct wi_uplink_models *models)
{
    struct wi_http_request request = {.method = "GET", .on_data = on_watched};
    if (models->watching || models->unwatched)
        return;
    models->watching = wi_uplink_call(
        models->run, "/v1/events?kinds=model", NULL, &request, on_watching_end, models);
    if (!models->reading)
        wi_timer_start(models->due, 0, 0);
}

void wi_uplink_models_leave(struct wi_uplink_models *models)
{
    wi_http_cancel(models->watching);
    models->watching = NULL;
}

struct wi_uplink_models *wi_uplink_models_new(struct wi_uplink_run *run)
{
    struct wi_uplink_models *models = wi_alloc(sizeof *models);
    models->run = run;
    models->catalog.only = &run->options->models;
    models->names = json_object();
    run->names = models->names;
    models->due = wi_timer_new(run->loop, on_models_due, models);
    return models;
}

void wi_uplink_models_free(struct wi_uplink_models *models)
{
    if (!models)
        return;
    wi_http_cancel(models->reading);
    wi_http_cancel(models->watching);
    wi_timer_free(models->due);
    json_decref(models->names);
    free(models->asked);
    catalog_clear(&models->catalog);
    free(models);
}
