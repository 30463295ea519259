/* See origin.h. */
#include "terms/model/origin.h"

#include "base/memory.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void wi_source_add(struct wi_source *source, const char *path, uint64_t bytes, const char *hash)
{
    size_t count = source->count++;
    source->files = wi_grow_array(source->files, count, sizeof *source->files);
    struct wi_source_file *file = &source->files[count];
    *file = (struct wi_source_file){.path = wi_strdup(path), .bytes = bytes};
    snprintf(file->hash, sizeof file->hash, "%s", hash);
}

void wi_source_copy(struct wi_source *to, const struct wi_source *from)
{
    *to = (struct wi_source){.hub = wi_strdup(from->hub),
        .repository = wi_strdup(from->repository),
        .revision = wi_strdup(from->revision),
        .commit = wi_strdup(from->commit),
        .variant = wi_strdup(from->variant),
        .pulled_at = from->pulled_at,
        .copy = from->copy,
        .first = from->first};
    for (size_t i = 0; i < from->count; i++) {
        const struct wi_source_file *file = &from->files[i];
        wi_source_add(to, file->path, file->bytes, file->hash);
        to->files[i].modified = file->modified;
        memcpy(to->files[i].sha256, file->sha256, sizeof file->sha256);
    }
}

void wi_source_clear(struct wi_source *source)
{
    for (size_t i = 0; i < source->count; i++)
        free(source->files[i].path);
    free(source->files);
    free(source->hub);
    free(source->repository);
    free(source->revision);
    free(source->commit);
    free(source->variant);
    *source = (struct wi_source){0};
}

uint64_t wi_source_bytes(const struct wi_source *source)
{
    uint64_t bytes = 0;
    for (size_t i = 0; i < source->count; i++)
        bytes += source->files[i].bytes;
    return bytes;
}

json_t *wi_source_json(const struct wi_source *source)
{
    json_t *json = json_pack("{s:s?, s:s?, s:s?, s:s?, s:I}", "hub", source->hub, "repository",
        source->repository, "revision", source->revision, "commit", source->commit, "pulled_at",
        (json_int_t)source->pulled_at);
    if (source->variant)
        json_object_set_new(json, "variant", json_string(source->variant));
    return json;
}
