/* See model_source.h. */
#include "api/model_source.h"

#include "api/step.h"
#include "base/memory.h"
#include <stdlib.h>
#include <string.h>

static json_t *version_json(const struct wi_version *version)
{
    return json_pack("{s:I, s:b, s:s?, s:s?, s:I, s:I}", "version", (json_int_t)version->number,
        "current", version->current, "revision", version->source.revision, "commit",
        version->source.commit, "bytes", (json_int_t)wi_source_bytes(&version->source), "pulled_at",
        (json_int_t)version->source.pulled_at);
}

void wi_api_add_versions(
    const struct wi_api *api, const char *name, const struct wi_versions *versions, json_t *out)
{
    int64_t used_at = wi_repository_used_at(api->deps.repository, name);
    json_t *list = json_array();
    for (size_t i = 0; i < versions->count; i++) {
        const struct wi_version *version = &versions->items[i];
        if (version->used_at > used_at)
            used_at = version->used_at;
        if (version->current)
            json_object_set_new(out, "source", wi_source_json(&version->source));
        json_array_append_new(list, version_json(version));
    }
    json_object_set_new(
        out, "last_used_at", used_at > 0 ? json_integer((json_int_t)used_at) : json_null());
    if (versions->count > 0)
        json_object_set(out, "versions", list);
    json_decref(list);
}

struct look {
    char *directory, *name;
    json_t *found;
    struct wi_versions versions;
};

static void free_look(void *work)
{
    struct look *look = work;
    wi_versions_clear(&look->versions);
    json_decref(look->found);
    free(look->directory);
    free(look->name);
    free(look);
}

static void read_versions(void *work)
{
    struct look *look = work;
    wi_versions_list(look->directory, look->name, &look->versions);
}

static void on_versions(struct wi_request *request, void *work)
{
    struct look *look = work;
    wi_api_add_versions(request->api, look->name, &look->versions, look->found);
    wi_request_answer_json(request, 200, json_incref(look->found));
    free_look(look);
}

void wi_api_answer_model(struct wi_request *request, const struct wi_model *model, json_t *found)
{
    static const struct wi_versions none;
    char *name = wi_strndup(model->name, strcspn(model->name, ":"));
    if (!found || model->builtin || model->version == 0) {
        if (found && !model->builtin)
            wi_api_add_versions(request->api, name, &none, found);
        wi_request_answer_json(request, 200, found);
        free(name);
        return;
    }
    struct look *look = wi_alloc(sizeof *look);
    look->directory = wi_strdup(wi_repository_directory(request->api->deps.repository));
    look->name = name;
    look->found = found;
    wi_request_compute(request, read_versions, on_versions, look, free_look);
}
