/* What was announced of uploads, and all that are under way. */
#include "models/catalog/library/uploads.h"

#include "base/clock.h"
#include "base/descriptors.h"
#include "base/file.h"
#include "base/memory.h"
#include "models/catalog/library/store_path.h"
#include "models/catalog/library/versions.h"
#include "terms/format/format.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

/* request.json is no longer than the body that it was made from, but for the name. */
enum { REQUEST_MAX = 2 * 1024 * 1024 };

int wi_upload_is_id(const char *id)
{
    static const char prefix[] = WI_UPLOAD_PREFIX "-";
    const char *digits = id + sizeof prefix - 1;
    return strncmp(id, prefix, sizeof prefix - 1) == 0 && strlen(digits) == 16 &&
           strspn(digits, "0123456789abcdef") == 16;
}

/* --- what was announced ----------------------------------------------------------------------- */

void wi_upload_order_clear(struct wi_upload_order *order)
{
    free(order->name);
    wi_source_clear(&order->files);
    *order = (struct wi_upload_order){0};
}

/* Whether two files cannot lie in one folder: they are the same, or one is in the other. */
static int exclude_each_other(const char *a, const char *b)
{
    size_t short_one = strlen(a), long_one = strlen(b);
    if (short_one > long_one)
        return exclude_each_other(b, a);
    return strncmp(a, b, short_one) == 0 && (!b[short_one] || b[short_one] == '/');
}

/* A graph may keep its tensors in files of any names, and model.json its labels: whether they do is
 * found when all is read. */
static int may_have(const struct wi_source *files, const char *path)
{
    int found = wi_format_may_have(path);
    for (size_t i = 0; i < files->count && !found; i++)
        found = wi_format_may_name(files->files[i].path);
    return found;
}

static enum wi_code check_path(const struct wi_source *files, size_t i, struct wi_error *error)
{
    const char *path = files->files[i].path;
    if (!wi_file_path_ok(path) || !may_have(files, path)) {
        wi_error_set(error, WI_MODEL_INVALID, "files",
            "files[%zu]: no model format has a file %.200s; leave it out", i, path);
        return wi_error_expect(
            error, "paths such as model.onnx, onnx/model_q4.onnx or tiny-Q4_K_M.gguf");
    }
    for (size_t k = 0; k < i; k++)
        if (exclude_each_other(files->files[k].path, path))
            return wi_error_set(error, WI_INVALID_FIELD, "files",
                "files[%zu] is %.200s, and files[%zu] is %.200s: name each file once", k,
                files->files[k].path, i, path);
    return WI_OK;
}

enum wi_code wi_upload_order_check(const struct wi_upload_order *order, struct wi_error *error)
{
    uint64_t total = 0;
    for (size_t i = 0; i < order->files.count; i++) {
        enum wi_code code = check_path(&order->files, i, error);
        if (code != WI_OK)
            return code;
        if (order->files.files[i].bytes > (uint64_t)INT64_MAX - total)
            return wi_error_set(
                error, WI_INVALID_FIELD, "files", "the files are too large together");
        total += order->files.files[i].bytes;
    }
    return WI_OK;
}

char *wi_upload_order_print(const struct wi_upload_order *order)
{
    json_t *files = json_array();
    for (size_t i = 0; i < order->files.count; i++) {
        const struct wi_source_file *file = &order->files.files[i];
        json_array_append_new(files, json_pack("{s:s, s:I, s:s}", "path", file->path, "bytes",
                                         (json_int_t)file->bytes, "sha256", file->hash));
    }
    json_t *json = json_pack("{s:s, s:b, s:I, s:o}", "name", order->name, "replace",
        !order->files.first, "made_ms", (json_int_t)order->made_ms, "files", files);
    char *text = json_dumps(json, JSON_COMPACT);
    json_decref(json);
    return text;
}

static int upload_read_file(const json_t *json, struct wi_source *files)
{
    const char *path, *hash;
    json_int_t bytes;
    if (json_unpack((json_t *)json, "{s:s, s:I, s:s}", "path", &path, "bytes", &bytes, "sha256",
            &hash) != 0 ||
        !wi_file_path_ok(path) || bytes < 0 || strlen(hash) != WI_MANIFEST_HEX - 1)
        return -1;
    wi_source_add(files, path, (uint64_t)bytes, hash);
    return 0;
}

int wi_upload_order_parse(const char *text, size_t size, struct wi_upload_order *order)
{
    json_t *json = json_loadb(text, size, JSON_REJECT_DUPLICATES, NULL), *files;
    const char *name;
    json_int_t made_ms;
    int replace;
    int good = json &&
               json_unpack(json, "{s:s, s:b, s:I, s:o}", "name", &name, "replace", &replace,
                   "made_ms", &made_ms, "files", &files) == 0 &&
               json_is_array(files) && json_array_size(files) <= WI_MODEL_FILES_MAX;
    if (good) {
        order->name = wi_strdup(name);
        order->made_ms = made_ms;
        order->files.first = !replace;
        for (size_t i = 0; i < json_array_size(files); i++)
            good = good && upload_read_file(json_array_get(files, i), &order->files) == 0;
    }
    json_decref(json);
    if (!good)
        wi_upload_order_clear(order);
    return good ? 0 : -1;
}

/* --- on disk ---------------------------------------------------------------------------------- */

static int read_order(int request, struct wi_upload_order *order)
{
    size_t size;
    char *text = wi_path_text(request, REQUEST_MAX, &size);
    int result = text ? wi_upload_order_parse(text, size, order) : -1;
    free(text);
    return result;
}

static int open_request(int pulling, const char *id)
{
    char *path = wi_sprintf("%s/" WI_STAGING_REQUEST, id);
    int fd = openat(pulling, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    free(path);
    return fd;
}

enum wi_code wi_upload_missing(const char *id, struct wi_error *error)
{
    return wi_error_set(error, WI_NOT_FOUND, NULL,
        "there is no upload %.64s: it was published, removed, or not continued for a day", id);
}

enum wi_code wi_upload_enter(
    const char *directory, const char *id, struct wi_upload_place *place, struct wi_error *error)
{
    *place = (struct wi_upload_place){.request = -1, .files = -1};
    if (!wi_upload_is_id(id))
        return wi_upload_missing(id, error);
    int store = wi_versions_open_store(directory);
    int pulling = store >= 0 ? wi_path_open(store, WI_STORE_STAGING) : -1;
    char *files = wi_sprintf("%s/" WI_STAGING_FILES, id);
    place->request = pulling >= 0 ? open_request(pulling, id) : -1;
    place->files = place->request >= 0 ? wi_path_open(pulling, files) : -1;
    enum wi_code code = WI_OK;
    if (place->files < 0)
        code = wi_is_missing(errno) ? wi_upload_missing(id, error)
                                    : wi_path_failed(directory, "the upload cannot be read", error);
    else if (read_order(place->request, &place->order) != 0)
        code = wi_error_set(
            error, WI_STORAGE_FAILED, NULL, "what was announced of %s cannot be read", id);
    if (code != WI_OK)
        wi_upload_leave(place);
    else
        (void)futimens(place->request, NULL); /* it is not given up */
    free(files);
    wi_close(pulling);
    wi_close(store);
    return code;
}

void wi_upload_leave(struct wi_upload_place *place)
{
    wi_close(place->request);
    wi_close(place->files);
    wi_upload_order_clear(&place->order);
    *place = (struct wi_upload_place){.request = -1, .files = -1};
}

int wi_upload_is_over(int pulling, const char *id)
{
    struct stat status;
    int request = open_request(pulling, id);
    int over = request >= 0 ? fstat(request, &status) == 0 &&
                                  wi_wall_ms() / 1000 - status.st_mtim.tv_sec > WI_UPLOAD_KEPT_S
                            : wi_is_missing(errno);
    wi_close(request);
    return over;
}

/* --- all of them ------------------------------------------------------------------------------ */

struct survey {
    const char *id; /* of which those are wanted that were made before it; NULL: all */
    int64_t made_ms;
    size_t count;
    uint64_t coming;
};

static int is_before(const struct survey *survey, const char *id, int64_t made_ms)
{
    return !survey->id || made_ms < survey->made_ms ||
           (made_ms == survey->made_ms && strcmp(id, survey->id) < 0);
}

static uint64_t missing_of(int folder, const struct wi_source_file *file)
{
    struct stat status;
    uint64_t here = fstatat(folder, file->path, &status, AT_SYMLINK_NOFOLLOW) == 0
                        ? (uint64_t)status.st_size
                        : 0;
    return here < file->bytes ? file->bytes - here : 0;
}

static int survey_one(void *context, int pulling, const char *name, const struct stat *status)
{
    struct survey *survey = context;
    struct wi_upload_order order = {0};
    if (!wi_upload_is_id(name) || !S_ISDIR(status->st_mode))
        return 0;
    char *path = wi_sprintf("%s/" WI_STAGING_FILES, name);
    int request = open_request(pulling, name), files = wi_path_open(pulling, path);
    if (request >= 0 && files >= 0 && read_order(request, &order) == 0 &&
        is_before(survey, name, order.made_ms)) {
        survey->count++;
        for (size_t i = 0; i < order.files.count; i++)
            survey->coming += missing_of(files, &order.files.files[i]);
    }
    wi_close(request);
    wi_close(files);
    wi_upload_order_clear(&order);
    free(path);
    return 0;
}

static void run_survey(const char *directory, struct survey *survey)
{
    struct wi_upload_order order = {0};
    int store = wi_versions_open_store(directory);
    int pulling = store >= 0 ? wi_path_open(store, WI_STORE_STAGING) : -1;
    int own = pulling >= 0 && survey->id && wi_upload_is_id(survey->id)
                  ? open_request(pulling, survey->id)
                  : -1;
    if (own >= 0 && read_order(own, &order) == 0)
        survey->made_ms = order.made_ms;
    else
        survey->id = NULL;
    if (pulling >= 0)
        wi_path_each(pulling, survey_one, survey);
    wi_upload_order_clear(&order);
    wi_close(own);
    wi_close(pulling);
    wi_close(store);
}

uint64_t wi_uploads_coming(const char *directory, const char *id)
{
    struct survey survey = {.id = id};
    run_survey(directory, &survey);
    return survey.coming;
}

int wi_upload_make_file(int folder, const char *path)
{
    const char *last;
    int above = wi_path_open_above(folder, path, 1, &last);
    int fd = above < 0
                 ? -1
                 : openat(above, last,
                       O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_APPEND | O_CLOEXEC, 0644);
    wi_close(above);
    return fd;
}

static enum wi_code make_empty_files(
    const char *directory, const struct wi_upload_place *place, struct wi_error *error)
{
    for (size_t i = 0; i < place->order.files.count; i++) {
        const struct wi_source_file *file = &place->order.files.files[i];
        int fd = file->bytes == 0 ? wi_upload_make_file(place->files, file->path) : -1;
        if (file->bytes == 0 && fd < 0)
            return wi_path_failed(directory, "nothing can be sent", error);
        wi_close(fd);
    }
    return WI_OK;
}

enum wi_code wi_upload_taken(const char *directory, const char *name, struct wi_error *error)
{
    unsigned number;
    if (wi_versions_find(directory, name, &number) != 0)
        return wi_path_failed(directory, "the model's versions cannot be seen", error);
    if (number == 0)
        return WI_OK;
    return wi_error_set(error, WI_CONFLICT, "model_name",
        "there is already a model %.160s: remove that model, choose another name, or announce the "
        "files with \"replace\": true, which makes the upload a new version",
        name);
}

enum wi_code wi_upload_admit(const char *directory, const char *id, struct wi_error *error)
{
    struct survey survey = {.id = id};
    struct wi_upload_place place;
    enum wi_code code = wi_upload_enter(directory, id, &place, error);
    if (code != WI_OK)
        return code;
    if (place.order.files.first)
        code = wi_upload_taken(directory, place.order.name, error);
    if (code == WI_OK) {
        run_survey(directory, &survey);
        if (survey.count >= WI_UPLOADS_MAX)
            code = wi_error_set(error, WI_QUEUE_FULL, NULL,
                "%d uploads are already under way; publish or remove one of them first",
                WI_UPLOADS_MAX);
    }
    if (code == WI_OK)
        code = make_empty_files(directory, &place, error);
    wi_upload_leave(&place);
    return code;
}
