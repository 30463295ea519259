/* See pin.h. */
#include "models/share/blockstore/pin.h"

#include "base/descriptors.h"
#include "base/file.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/text.h"
#include "models/catalog/library/store_path.h"
#include "models/share/blockstore/keep.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* --- pins in memory --------------------------------------------------------------------------- */

static struct wi_pin_file *pin_add_file(
    struct wi_pin *pin, const char *path, uint64_t bytes, const char *sha256)
{
    struct wi_pin_file *file = WI_APPEND(pin->files, pin->count);
    *file = (struct wi_pin_file){.path = wi_strdup(path), .bytes = bytes};
    snprintf(file->sha256, sizeof file->sha256, "%s", sha256);
    file->seen.size = (off_t)bytes;
    pin->bytes += bytes;
    return file;
}

void wi_pin_of(struct wi_pin *pin, const struct wi_model *model)
{
    *pin = (struct wi_pin){0};
    pin->model = wi_strdup(model->name);
    memcpy(pin->hash, model->hash, sizeof pin->hash);
    pin->version = model->version;
    for (size_t i = 0; i < model->manifest.count; i++) {
        const struct wi_model_file *file = &model->manifest.files[i];
        pin_add_file(pin, file->path, file->bytes, file->hash)->seen = file->identity;
    }
}

void wi_pin_copy(struct wi_pin *to, const struct wi_pin *from)
{
    *to = *from;
    to->model = wi_strdup(from->model);
    to->origin = wi_strdup(from->origin);
    to->files = wi_realloc_array(NULL, from->count, sizeof *to->files);
    for (size_t i = 0; i < from->count; i++) {
        to->files[i] = from->files[i];
        to->files[i].path = wi_strdup(from->files[i].path);
    }
}

void wi_pin_clear(struct wi_pin *pin)
{
    for (size_t i = 0; i < pin->count; i++)
        free(pin->files[i].path);
    free(pin->files);
    free(pin->model);
    free(pin->origin);
    *pin = (struct wi_pin){0};
}

char *wi_pin_folder(const struct wi_pin *pin, const char *directory)
{
    char *name = wi_model_name_without(pin->model);
    char *folder = pin->version ? wi_versions_folder(directory, name, pin->version)
                                : wi_sprintf("%s/%s", directory, name);
    free(name);
    return folder;
}

/* --- JSON ------------------------------------------------------------------------------------- */

static json_t *file_json(const struct wi_pin_file *file)
{
    const struct wi_file_identity *seen = &file->seen;
    char cid[WI_CID_TEXT];
    wi_cid_print(&file->cid, cid);
    return json_pack("{s:s, s:I, s:s, s:s, s:[I, I, I, I, I, I]}", "path", file->path, "bytes",
        (json_int_t)file->bytes, "sha256", file->sha256, "cid", cid, "seen",
        (json_int_t)seen->inode, (json_int_t)seen->links, (json_int_t)seen->modified.tv_sec,
        (json_int_t)seen->modified.tv_nsec, (json_int_t)seen->changed.tv_sec,
        (json_int_t)seen->changed.tv_nsec);
}

static const char *const kinds[] = {[WI_PIN_PUBLISHED] = "published",
    [WI_PIN_COPY] = "copy",
    [WI_PIN_ADOPTED] = "adopted",
    [WI_PIN_PULLED] = "pulled"};

/* A pin without a kind was published. */
static int read_kind(const char *text, enum wi_pin_kind *kind)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strcmp(text, kinds[i]) == 0) {
            *kind = (enum wi_pin_kind)i;
            return 0;
        }
    return -1;
}

char *wi_pin_print(const struct wi_pin *pin)
{
    char cid[WI_CID_TEXT];
    wi_cid_print(&pin->cid, cid);
    json_t *files = json_array();
    for (size_t i = 0; i < pin->count; i++)
        json_array_append_new(files, file_json(&pin->files[i]));
    json_t *json =
        json_pack("{s:s, s:s, s:s, s:s, s:I, s:s, s:I, s:o}", "cid", cid, "kind", kinds[pin->kind],
            "model", pin->model, "hash", pin->hash, "version", (json_int_t)pin->version, "origin",
            pin->origin, "published_at", (json_int_t)pin->published_at, "files", files);
    char *text = json_dumps(json, JSON_INDENT(2));
    json_decref(json);
    return text;
}

static int pin_read_file(const json_t *json, struct wi_pin *pin)
{
    const char *path, *sha256, *cid;
    json_int_t bytes, inode, links, modified[2], changed[2];
    if (json_unpack((json_t *)json, "{s:s, s:I, s:s, s:s, s:[I, I, I, I, I, I]}", "path", &path,
            "bytes", &bytes, "sha256", &sha256, "cid", &cid, "seen", &inode, &links, &modified[0],
            &modified[1], &changed[0], &changed[1]) != 0 ||
        !wi_file_path_ok(path) || bytes < 0 || pin->bytes + (uint64_t)bytes > INT64_MAX ||
        !wi_hash_is_printed(sha256))
        return -1;
    struct wi_pin_file *file = pin_add_file(pin, path, (uint64_t)bytes, sha256);
    struct wi_file_identity *seen = &file->seen;
    seen->inode = (ino_t)inode;
    seen->links = (nlink_t)links;
    seen->modified = (struct timespec){(time_t)modified[0], modified[1]};
    seen->changed = (struct timespec){(time_t)changed[0], changed[1]};
    return wi_cid_parse_printed(cid, &file->cid);
}

/* Whether one of the folders that the path goes through is a file of the list. */
static int is_below_file(const struct wi_pin *pin, const char *path)
{
    char part[WI_FILE_PATH_MAX + 1];
    for (const char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
        snprintf(part, sizeof part, "%.*s", (int)(slash - path), path);
        if (wi_names_find(pin->files, pin->count, sizeof *pin->files, part) >= 0)
            return 1;
    }
    return 0;
}

/* Sorted, each once, and none is another's folder. */
static int is_tree(const struct wi_pin *pin)
{
    for (size_t i = 1; i < pin->count; i++) {
        if (strcmp(pin->files[i - 1].path, pin->files[i].path) >= 0)
            return 0;
    }
    for (size_t i = 0; i < pin->count; i++) {
        if (is_below_file(pin, pin->files[i].path))
            return 0;
    }
    return 1;
}

int wi_pin_origin_ok(const char *text)
{
    size_t length = strlen(text);
    return length > 0 && length < WI_ID_SIZE &&
           strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-") == length;
}

static int pin_read(const json_t *json, struct wi_pin *pin)
{
    const char *cid, *model, *hash, *origin, *kind = kinds[WI_PIN_PUBLISHED];
    json_int_t version, published_at;
    const json_t *files;
    if (json_unpack((json_t *)json, "{s:s, s?s, s:s, s:s, s:I, s:s, s:I, s:o}", "cid", &cid, "kind",
            &kind, "model", &model, "hash", &hash, "version", &version, "origin", &origin,
            "published_at", &published_at, "files", &files) != 0 ||
        read_kind(kind, &pin->kind) != 0 || wi_cid_parse_printed(cid, &pin->cid) != 0 ||
        wi_model_check_name(model, NULL) != WI_OK || !wi_hash_is_printed(hash) || version < 0 ||
        version > INT32_MAX || !wi_pin_origin_ok(origin) || published_at < 0 ||
        !json_is_array(files) || json_array_size(files) == 0 ||
        json_array_size(files) > WI_MODEL_FILES_MAX)
        return -1;
    pin->model = wi_strdup(model);
    pin->origin = wi_strdup(origin);
    pin->version = (unsigned)version;
    pin->published_at = published_at;
    snprintf(pin->hash, sizeof pin->hash, "%s", hash);
    for (size_t i = 0; i < json_array_size(files); i++)
        if (pin_read_file(json_array_get(files, i), pin) != 0)
            return -1;
    return is_tree(pin) ? 0 : -1;
}

int wi_pin_parse(const char *text, size_t size, struct wi_pin *pin)
{
    json_t *json = json_loadb(text, size, JSON_REJECT_DUPLICATES, NULL);
    int good = json && pin_read(json, pin) == 0;
    json_decref(json);
    if (good)
        wi_cid_print(&pin->cid, pin->cid_text);
    else
        wi_pin_clear(pin);
    return good ? 0 : -1;
}

/* --- reading ---------------------------------------------------------------------------------- */

static void pin_make_name(const char *model, char name[WI_HASH_HEX_SIZE])
{
    unsigned char hash[WI_HASH_SIZE];
    wi_hash(model, strlen(model), hash);
    wi_hash_hex(hash, name);
}

struct reading {
    wi_pin_take_fn *take;
    void *context;
    size_t count;
};

/* A pin of another name would not be found by its own, and could not be replaced. */
static int read_pin(int folder, const char *name, struct wi_pin *pin)
{
    char meant[WI_HASH_HEX_SIZE];
    size_t size;
    char *text = wi_path_read(folder, name, WI_PIN_MAX, &size);
    int good = text && wi_pin_parse(text, size, pin) == 0;
    free(text);
    if (!good)
        return -1;
    pin_make_name(pin->model, meant);
    if (strcmp(meant, name) == 0)
        return 0;
    wi_pin_clear(pin);
    return -1;
}

static int read_one(void *context, int folder, const char *name, const struct stat *status)
{
    struct reading *reading = context;
    struct wi_pin pin = {0};
    if (wi_keep_is_temporary(name))
        return 0;
    if (read_pin(folder, name, &pin) == 0)
        reading->take(reading->context, &pin);
    else
        wi_warn(
            "content", NULL, WI_STORE_CONTENT "/" WI_KEEP_PINS "/%.80s is no pin: remove it", name);
    return ++reading->count == WI_PINS_MAX;
}

void wi_pins_read(const char *directory, wi_pin_take_fn *take, void *context)
{
    struct reading reading = {take, context, 0};
    int folder = wi_keep_open(directory, WI_KEEP_PINS, 0);
    if (folder >= 0)
        wi_path_each(folder, read_one, &reading);
    else if (!wi_is_missing(errno))
        wi_warn("content", NULL, "the published models of %s cannot be read: %s", directory,
            strerror(errno));
    if (reading.count == WI_PINS_MAX)
        wi_warn("content", NULL, "no more than %d pins of %s are read", WI_PINS_MAX, directory);
    wi_close(folder);
}

/* --- writing ---------------------------------------------------------------------------------- */

enum wi_code wi_pin_stage(const char *directory, const struct wi_pin *pin,
    char temporary[WI_ID_SIZE], struct wi_error *error)
{
    int folder = wi_keep_open(directory, WI_KEEP_PINS, 1);
    char *text = wi_pin_print(pin);
    int written = folder >= 0 && wi_keep_stage(folder, text, strlen(text), temporary) == 0;
    free(text);
    wi_close(folder);
    return written ? WI_OK : wi_keep_failed(directory, error);
}

enum wi_code wi_pin_commit(
    const char *directory, const char *model, const char *temporary, struct wi_error *error)
{
    char name[WI_HASH_HEX_SIZE];
    pin_make_name(model, name);
    int folder = wi_keep_open(directory, WI_KEEP_PINS, 0);
    int done = folder >= 0 && (temporary ? wi_keep_commit(folder, temporary, name) == 0
                                         : unlinkat(folder, name, 0) == 0);
    done |= !temporary && !done && wi_is_missing(errno); /* it is already gone */
    wi_close(folder);
    return done ? WI_OK : wi_keep_failed(directory, error);
}

void wi_pin_drop(const char *directory, const char *temporary)
{
    int folder = wi_keep_open(directory, WI_KEEP_PINS, 0);
    if (folder >= 0)
        wi_keep_drop(folder, temporary);
    wi_close(folder);
}

void wi_pins_sync(const char *directory)
{
    int folder = wi_keep_open(directory, WI_KEEP_PINS, 0);
    if (folder >= 0)
        fsync(folder);
    wi_close(folder);
}

static int sweep_one(void *context, int folder, const char *name, const struct stat *status)
{
    if (wi_keep_is_temporary(name))
        unlinkat(folder, name, 0);
    return 0;
}

void wi_pins_sweep(const char *directory)
{
    int folder = wi_keep_open(directory, WI_KEEP_PINS, 0);
    if (folder >= 0)
        wi_path_each(folder, sweep_one, NULL);
    wi_close(folder);
}
