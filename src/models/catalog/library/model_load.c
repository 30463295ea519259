/*
 * Reading a model from disk: what its folder is, then file by file. All is looked at before and
 * after, so that hashes, signature and model.json belong together.
 */
#include "models/catalog/library/model_load.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/memory.h"
#include "models/catalog/library/list.h"
#include "models/catalog/library/made.h"
#include "models/catalog/library/versions.h"
#include "terms/format/folder.h"
#include "terms/format/model.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ATTEMPTS = 3 };

/* --- files ------------------------------------------------------------------------------------ */

static enum wi_code hash_file(
    struct wi_load *load, struct wi_model_file *file, int fd, struct wi_error *error)
{
    if (wi_hash_cache_get(load->cache, &file->identity, file->hash)) {
        load->known_bytes += file->bytes;
        return WI_OK;
    }
    if (wi_hash_file(fd, file->bytes, &load->stop, file->hash) != 0)
        return wi_error_set(error, WI_MODEL_INVALID, file->path, "%.200s cannot be read: %s",
            file->path, errno ? strerror(errno) : "it has become shorter");
    struct wi_model_file *note = wi_manifest_add(&load->hashed, file->path);
    note->identity = file->identity;
    memcpy(note->hash, file->hash, sizeof note->hash);
    load->hashed_bytes += file->bytes;
    return WI_OK;
}

/* A clone without Git LFS has a few lines of text in the place of each large file. */
static enum wi_code check_content(const char *path, int fd, struct wi_error *error)
{
    unsigned char head[WI_GUESS_BYTES];
    ssize_t n = pread(fd, head, sizeof head, 0);
    if (n < (ssize_t)sizeof head || !wi_guess_is_pointer(head, (size_t)n))
        return WI_OK;
    return wi_error_set(error, WI_MODEL_INVALID, path, "%.200s: " WI_GUESS_POINTER, path);
}

/* --- the model as its format reads it --------------------------------------------------------- */

/* The view is of the folder, of which all that is asked for is looked at first, so that a change is
 * noticed. */
struct job {
    struct wi_view view; /* first, as that of the reading */
    struct wi_format_reading reading;
    struct wi_folder_view folder;
    struct wi_load *load;
};

static void job_stamp(struct job *job, const char *path)
{
    struct wi_file_stamps *stamps = &job->load->stamps;
    char *whole = wi_sprintf("%s/%s", job->load->folder, path);
    int known = 0;
    for (size_t i = 0; !known && i < stamps->count; i++)
        known = strcmp(stamps->items[i].path, whole) == 0;
    if (!known)
        wi_file_stamps_add(stamps, job->load->folder, path);
    free(whole);
}

static int view_has(const struct wi_view *view, const char *path)
{
    struct job *job = (struct job *)view;
    job_stamp(job, path);
    return job->folder.view.has(&job->folder.view, path);
}

static int view_open(const struct wi_view *view, const char *path, enum wi_view_reach reach,
    uint64_t *bytes, struct wi_error *error)
{
    struct job *job = (struct job *)view;
    job_stamp(job, path);
    return job->folder.view.open(&job->folder.view, path, reach, bytes, error);
}

/* Adds a file to the manifest and hashes it. */
static enum wi_code file_take(struct wi_format_reading *reading, const char *path,
    enum wi_view_reach reach, int keep, uint64_t *bytes)
{
    struct job *job = (struct job *)reading->view;
    struct wi_load *load = job->load;
    struct stat status;
    *bytes = 0;
    job_stamp(job, path);
    int fd = wi_open_inside(reach == WI_VIEW_STORE ? load->directory : load->folder, load->folder,
        path, &status, &reading->error);
    if (fd < 0)
        return reading->error.code;
    if (check_content(path, fd, &reading->error) != WI_OK) {
        close(fd);
        return reading->error.code;
    }
    struct wi_model_file *file = wi_manifest_add(&load->manifest, path);
    *bytes = file->bytes = (uint64_t)status.st_size;
    file->identity = wi_file_identity_of(&status);
    enum wi_code code = hash_file(load, file, fd, &reading->error);
    if (keep && load->manifest.count <= WI_MANIFEST_OPEN_MAX)
        wi_manifest_keep_open(&load->manifest, fd);
    else
        close(fd);
    return code;
}

static enum wi_code load_read_model(struct wi_load *load, const struct wi_variant *variant)
{
    struct job job = {.view = {.has = view_has, .open = view_open},
        .folder = wi_folder_view(load->directory, load->folder),
        .load = load};
    job.reading = (struct wi_format_reading){.view = &job.view,
        .name = load->name,
        .variant = variant,
        .stop = &load->stop,
        .take = file_take};
    enum wi_code code = wi_formats[load->format]->read(&job.reading);
    load->error = job.reading.error;
    load->facts = WI_TAKE(job.reading.facts);
    return code;
}

/* --- variants --------------------------------------------------------------------------------- */

/* The variants that there are, as far as there is room. */
static void allow_variants(struct wi_load *load)
{
    char text[sizeof load->error.allowed] = "";
    size_t used = 0;
    for (size_t i = 0; i < load->variants.count; i++) {
        const char *name = load->variants.items[i].name;
        if (used + strlen(load->base) + strlen(name) + sizeof ", :" > sizeof text)
            break;
        used += (size_t)sprintf(text + used, "%s%s:%s", used ? ", " : "", load->base, name);
    }
    if (used)
        wi_error_allow(&load->error, "%s", text);
}

static enum wi_code no_variant(struct wi_load *load)
{
    if (load->wanted) {
        wi_error_set(&load->error, WI_MODEL_NOT_FOUND, "model_name",
            "the model %s has no variant %.128s", load->base, load->wanted);
        allow_variants(load);
    } else {
        wi_error_set(&load->error, WI_MODEL_INVALID, "model_name",
            "%s has an incomplete set of files: parts of a split file are missing", load->base);
    }
    return load->error.code;
}

/* What was read of one variant. */
static void drop_reading(struct wi_load *load)
{
    wi_manifest_clear(&load->manifest);
    wi_facts_clear(&load->facts);
    free(WI_TAKE(load->variant));
}

static enum wi_code read_variant(struct wi_load *load, const struct wi_variant *variant)
{
    load->variant = wi_strdup(variant->name);
    for (size_t i = 0; i < variant->files.count; i++)
        wi_file_stamps_add(&load->stamps, load->folder, variant->files.items[i]);
    return load_read_model(load, variant);
}

/* What was made here of other files is none of the model's variants any more. */
static enum wi_code read_made(struct wi_load *load, const struct wi_variant *made)
{
    const struct wi_variant *source = wi_variants_get(&load->variants, WI_MADE_SOURCE);
    enum wi_code code = source && !source->notes ? read_variant(load, source) : no_variant(load);
    if (code == WI_OK) {
        wi_manifest_sort(&load->manifest);
        wi_manifest_hash(&load->manifest, load->hash);
        drop_reading(load);
        code = wi_made_is_of(made->notes, load->hash) ? WI_OK : no_variant(load);
    }
    if (code == WI_OK) {
        free(load->folder);
        load->folder = wi_made_folder(load->directory, load->base, made->name);
        code = read_variant(load, made);
    }
    return code;
}

/* Adds those that were made here; a change of them is a change of the model. */
static enum wi_code add_made(struct wi_load *load)
{
    char *place = wi_versions_place(WI_STORE_MADE, load->base);
    wi_file_stamps_add(&load->stamps, load->directory, place);
    int listed = wi_made_list(load->directory, load->base, load->format, &load->variants) == 0;
    free(place);
    return listed ? WI_OK : wi_cannot_open("the folder of what was made of it", &load->error);
}

/* Of a format that names its files by itself a single graph is all that there is. */
static enum wi_code read_alone(struct wi_load *load)
{
    wi_variants_clear(&load->variants);
    if (load->wanted)
        return wi_error_set(&load->error, WI_MODEL_NOT_FOUND, "model_name",
            "the model %s has no variants", load->base);
    return load_read_model(load, NULL);
}

static enum wi_code read_folder(struct wi_load *load, struct wi_folder *folder)
{
    for (size_t i = 0; i < folder->folders.count; i++)
        wi_file_stamps_add(&load->stamps, load->folder, folder->folders.items[i]);
    if (folder->too_many)
        return wi_error_set(&load->error, WI_MODEL_INVALID, "model_name",
            "%s has more than %d files; a model may have that many", load->base,
            WI_MODEL_FILES_MAX);
    if (wi_check_inside(load->directory, load->folder, &load->error) != WI_OK)
        return load->error.code;
    wi_format_find_variants(folder->format, folder->files, folder->count, &load->variants);
    if (!load->staged && add_made(load) != WI_OK)
        return load->error.code;
    if (load->variants.count <= 1 && wi_formats[load->format]->names && load->as == WI_FORMAT_COUNT)
        return read_alone(load);
    const struct wi_variant *variant = wi_variants_get(&load->variants, load->wanted);
    if (variant && variant->notes)
        return read_made(load, variant);
    return variant ? read_variant(load, variant) : no_variant(load);
}

/* --- the whole -------------------------------------------------------------------------------- */

static void drop_results(struct wi_load *load)
{
    drop_reading(load);
    wi_file_stamps_clear(&load->stamps);
    wi_source_clear(&load->source);
    wi_manifest_clear(&load->hashed);
    wi_variants_clear(&load->variants);
    free(WI_TAKE(load->why));
    load->hashed_bytes = load->known_bytes = 0;
}

/* The folder is the one that the name leads to now, so that all files are of one version, and of
 * the same one later, when the name leads on. */
static enum wi_code choose_folder(struct wi_load *load)
{
    enum wi_code code = WI_OK;
    free(load->folder);
    load->folder = wi_strdup(load->staged);
    if (load->staged)
        load->version = 0;
    else if (wi_versions_find(load->directory, load->base, &load->version) != 0)
        code = wi_cannot_open("the model's folder", &load->error);
    if (load->version) {
        wi_file_stamps_add(&load->stamps, load->directory, load->base);
        load->folder = wi_versions_folder(load->directory, load->base, load->version);
        int folder = open(load->folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (folder >= 0) {
            wi_source_read(folder, &load->source);
            close(folder);
        }
    } else if (!load->staged) {
        load->folder = wi_sprintf("%s/%s", load->directory, load->base);
    }
    return code;
}

static enum wi_code no_model(struct wi_load *load)
{
    if (!load->staged)
        load->why = wi_list_why_none(load->directory, load->base);
    return wi_error_set(
        &load->error, WI_MODEL_NOT_FOUND, "model_name", "there is no model %.160s", load->name);
}

static enum wi_code read_once(struct wi_load *load)
{
    load->error = (struct wi_error){0};
    if (choose_folder(load) != WI_OK)
        return load->error.code;
    struct wi_folder folder = {0};
    enum wi_code code;
    int found =
        (load->as == WI_FORMAT_COUNT ? wi_folder_read(load->folder, &folder)
                                     : wi_folder_read_as(load->folder, load->as, &folder)) == 0;
    load->format = found ? folder.format : WI_FORMAT_COUNT;
    if (!found && !wi_is_missing(errno))
        code = wi_cannot_open("the model's folder", &load->error);
    else if (load->format == WI_FORMAT_COUNT)
        code = no_model(load);
    else
        code = read_folder(load, &folder);
    wi_folder_clear(&folder);
    if (code != WI_OK)
        return code;
    wi_manifest_sort(&load->manifest);
    wi_manifest_hash(&load->manifest, load->hash);
    return WI_OK;
}

void wi_load_run(struct wi_load *load)
{
    load->began_at = wi_wall_ms() / 1000;
    for (int i = 0; i < ATTEMPTS; i++) {
        load->code = read_once(load);
        if (atomic_load(&load->stop))
            load->code = wi_error_set(&load->error, WI_UNAVAILABLE, "", "the store is closing");
        if (load->code == WI_UNAVAILABLE || load->stamps.count == 0 ||
            wi_file_stamps_hold(&load->stamps))
            return;
        drop_results(load);
    }
    load->code = wi_error_set(&load->error, WI_MODEL_INVALID, "model.onnx",
        "the model's files changed while they were read; write to another name, then rename");
}

struct wi_load *wi_load_new(const char *directory, const char *name, struct wi_hash_cache *cache)
{
    struct wi_load *load = wi_alloc(sizeof *load);
    load->directory = wi_strdup(directory);
    load->name = wi_strdup(name);
    load->base = wi_model_name_without(name);
    load->wanted = wi_model_name_variant(load->name);
    load->cache = cache;
    load->as = WI_FORMAT_COUNT;
    return load;
}

void wi_load_free(struct wi_load *load)
{
    if (!load)
        return;
    drop_results(load);
    free(load->directory);
    free(load->staged);
    free(load->folder);
    free(load->name);
    free(load->base);
    free(load);
}
