/* .source.json: written once, read with distrust. */
#include "models/catalog/library/source.h"

#include "base/descriptors.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/memory.h"
#include "models/catalog/library/store_path.h"
#include "terms/model/cid.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int wi_source_file_is(const struct wi_source_file *file, const struct stat *status)
{
    return S_ISREG(status->st_mode) && (uint64_t)status->st_size == file->bytes &&
           status->st_mtim.tv_sec == file->modified.tv_sec &&
           status->st_mtim.tv_nsec == file->modified.tv_nsec;
}

/* --- JSON ------------------------------------------------------------------------------------- */

static json_t *whole_json(const struct wi_source *source)
{
    json_t *json = wi_source_json(source), *files = json_array();
    for (size_t i = 0; i < source->count; i++) {
        const struct wi_source_file *file = &source->files[i];
        json_array_append_new(files,
            json_pack("{s:s, s:I, s:s, s:s, s:[I, I]}", "path", file->path, "bytes",
                (json_int_t)file->bytes, "hash", file->hash, "sha256", file->sha256, "modified",
                (json_int_t)file->modified.tv_sec, (json_int_t)file->modified.tv_nsec));
    }
    json_object_set_new(json, "files", files);
    return json;
}

int wi_source_hash_is_cid(const char *hash)
{
    struct wi_cid cid;
    return wi_cid_parse_printed(hash, &cid) == 0;
}

static int is_sha1(const char *text)
{
    return strlen(text) == 40 && strspn(text, "0123456789abcdef") == 40;
}

static int is_hash(const char *text)
{
    return wi_hash_is_printed(text) || is_sha1(text) || wi_source_hash_is_cid(text);
}

static int source_read_file(const json_t *json, struct wi_source *source)
{
    const char *path, *hash, *sha256;
    json_int_t bytes, seconds, nanoseconds;
    if (json_unpack((json_t *)json, "{s:s, s:I, s:s, s:s, s:[I, I]}", "path", &path, "bytes",
            &bytes, "hash", &hash, "sha256", &sha256, "modified", &seconds, &nanoseconds) != 0 ||
        !wi_file_path_ok(path) || bytes < 0 || !is_hash(hash) || !wi_hash_is_printed(sha256))
        return -1;
    wi_source_add(source, path, (uint64_t)bytes, hash);
    struct wi_source_file *file = &source->files[source->count - 1];
    strcpy(file->sha256, sha256);
    file->modified = (struct timespec){(time_t)seconds, nanoseconds};
    return 0;
}

/* A text or null; -1 for anything else. */
static int source_read_text(const json_t *json, const char *key, char **text)
{
    const json_t *value = json_object_get(json, key);
    *text = wi_strdup(json_string_value(value));
    return !value || json_is_null(value) || json_is_string(value) ? 0 : -1;
}

static int source_read(const json_t *json, struct wi_source *source)
{
    const json_t *files = json_object_get(json, "files");
    const json_t *pulled_at = json_object_get(json, "pulled_at");
    if (source_read_text(json, "hub", &source->hub) != 0 ||
        source_read_text(json, "repository", &source->repository) != 0 ||
        source_read_text(json, "revision", &source->revision) != 0 ||
        source_read_text(json, "commit", &source->commit) != 0 ||
        source_read_text(json, "variant", &source->variant) != 0 || !json_is_integer(pulled_at) ||
        !json_is_array(files) || json_array_size(files) > WI_MODEL_FILES_MAX)
        return -1;
    source->pulled_at = json_integer_value(pulled_at);
    for (size_t i = 0; i < json_array_size(files); i++)
        if (source_read_file(json_array_get(files, i), source) != 0)
            return -1;
    return 0;
}

int wi_source_parse(const char *text, size_t size, struct wi_source *source)
{
    json_t *json = json_loadb(text, size, JSON_REJECT_DUPLICATES, NULL);
    int good = json && source_read(json, source) == 0;
    json_decref(json);
    if (!good)
        wi_source_clear(source);
    return good ? 0 : -1;
}

char *wi_source_print(const struct wi_source *source)
{
    json_t *json = whole_json(source);
    char *text = json_dumps(json, JSON_INDENT(2));
    json_decref(json);
    return text;
}

/* --- the file --------------------------------------------------------------------------------- */

int wi_source_read(int folder, struct wi_source *source)
{
    size_t size;
    char *text = wi_path_read(folder, WI_SOURCE_FILE, WI_SOURCE_MAX, &size);
    int result = text ? wi_source_parse(text, size, source) : -1;
    free(text);
    return result;
}

static enum wi_code source_failed(const char *verb, const char *what, struct wi_error *error)
{
    int why = errno;
    return wi_error_set(error, wi_is_shortage(why) ? WI_UNAVAILABLE : WI_STORAGE_FAILED, "",
        "%.200s cannot be %s: %s", what, verb, strerror(why));
}

/* 0 and the file's SHA-256, or -1 with errno. */
static int hash_file(int folder, struct wi_source_file *file)
{
    int fd = openat(folder, file->path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    int hashed = fd >= 0 ? wi_hash_file(fd, file->bytes, NULL, file->sha256) : -1;
    wi_close(fd);
    return hashed;
}

static enum wi_code file_look(int folder, struct wi_source_file *file, struct wi_error *error)
{
    struct stat status;
    if (!wi_file_path_ok(file->path) || !is_hash(file->hash) ||
        fstatat(folder, file->path, &status, AT_SYMLINK_NOFOLLOW) != 0 ||
        !S_ISREG(status.st_mode) ||
        (file->bytes != UINT64_MAX && file->bytes != (uint64_t)status.st_size))
        return wi_error_set(error, WI_INTERNAL, "",
            "%.200s cannot be published: it is no longer there as it was fetched", file->path);
    file->bytes = (uint64_t)status.st_size;
    file->modified = status.st_mtim;
    if (wi_hash_is_printed(file->sha256))
        return WI_OK;
    if (wi_hash_is_printed(file->hash))
        memcpy(file->sha256, file->hash, sizeof file->sha256);
    else if (hash_file(folder, file) != 0)
        return source_failed("read", file->path, error);
    return WI_OK;
}

enum wi_code wi_source_look(int folder, struct wi_source *source, struct wi_error *error)
{
    enum wi_code code = WI_OK;
    for (size_t i = 0; code == WI_OK && i < source->count; i++)
        code = file_look(folder, &source->files[i], error);
    return code;
}

enum wi_code wi_source_write(int folder, const struct wi_source *source, struct wi_error *error)
{
    char *text = wi_source_print(source);
    unlinkat(folder, WI_SOURCE_FILE, 0);
    int written = text && wi_file_write(folder, WI_SOURCE_FILE, text, strlen(text), 0644) == 0;
    free(text);
    return written
               ? WI_OK
               : source_failed("written", "where the model came from (" WI_SOURCE_FILE ")", error);
}
