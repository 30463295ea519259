/* See add_files.h. Other formats than ONNX are read by the daemon alone. */
#include "cli/commands/add_files.h"

#include "base/descriptors.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include "cli/options.h"
#include "terms/format/folder.h"
#include "terms/model/variants.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define GRAPH "model.onnx"

/* --- one file -------------------------------------------------------------------------------- */

/* A file that is read: its place, and the identity by which a replaced file is noticed later. */
struct opened {
    const struct wi_add_files *files;
    const char *path; /* in the model */
    int fd;
    uint64_t bytes;
    struct wi_file_identity identity;
};

/* The path in the folder or the CAR for a file of the model. */
static const char *place_of(const struct wi_add_files *files, const char *path)
{
    return files->graph && strcmp(path, GRAPH) == 0 ? files->graph : path;
}

/* Opens a file of a folder. */
static enum wi_code open_in_folder(
    const struct wi_add_files *files, struct opened *opened, struct wi_error *error)
{
    const char *from = place_of(files, opened->path);
    int is_named = files->named && strcmp(from, files->named) == 0;
    char *whole = wi_sprintf("%s/%s", files->folder, from);
    struct wi_error why = {0};
    struct stat status;

    if (geteuid() == 0 && !is_named)
        opened->fd = wi_open_inside(files->folder, files->folder, from, &status, &why);
    else if ((opened->fd = open(whole, O_RDONLY | O_CLOEXEC | O_NONBLOCK)) < 0 ||
             fstat(opened->fd, &status) != 0)
        snprintf(why.detail, sizeof why.detail, "%s", strerror(errno));
    else if (!S_ISREG(status.st_mode))
        snprintf(why.detail, sizeof why.detail, "it is not a regular file");
    if (*why.detail)
        wi_cli_refuse(error, "%.200s cannot be read: %.250s%s", whole, why.detail,
            strstr(why.detail, "is a link out") ? "; root does not follow it: copy the folder with "
                                                  "cp -rL and add the copy, or add it as the user "
                                                  "who owns these models"
                                                : "");
    free(whole);
    if (*why.detail)
        return error->code;
    opened->bytes = (uint64_t)status.st_size;
    opened->identity = wi_file_identity_of(&status);
    return WI_OK;
}

/* For a file in a CAR, the CAR is opened. */
static enum wi_code open_in_car(
    const struct wi_add_files *files, struct opened *opened, struct wi_error *error)
{
    struct stat status;

    if (wi_add_car_find(files->car, place_of(files, opened->path), &opened->bytes, error) != WI_OK)
        return error->code;
    opened->fd = open(files->folder, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (opened->fd < 0 || fstat(opened->fd, &status) != 0)
        return wi_cli_refuse(error, "%.200s cannot be read: %s", files->folder, strerror(errno));
    opened->identity = wi_file_identity_of(&status);
    return WI_OK;
}

/* Opens a file of the model; the caller closes its descriptor. */
static enum wi_code open_file(const struct wi_add_files *files, const char *path,
    struct opened *opened, struct wi_error *error)
{
    *opened = (struct opened){.files = files, .path = path, .fd = -1};
    enum wi_code code = (files->car ? open_in_car : open_in_folder)(files, opened, error);
    if (code != WI_OK)
        wi_close(opened->fd);
    return code;
}

static ssize_t read_opened(void *source, void *bytes, size_t size, uint64_t at)
{
    const struct opened *opened = source;
    const struct wi_add_files *files = opened->files;

    return files->car ? wi_add_car_read(
                            files->car, place_of(files, opened->path), opened->fd, bytes, size, at)
                      : pread(opened->fd, bytes, size, (off_t)at);
}

int wi_add_files_open(
    const struct wi_add_files *files, const struct wi_model_file *file, struct wi_error *error)
{
    struct opened opened;

    if (open_file(files, file->path, &opened, error) != WI_OK)
        return -1;
    if (wi_file_identity_same(&opened.identity, &file->identity))
        return opened.fd;
    close(opened.fd);
    wi_cli_refuse(error,
        "%s/%s changed while it was being added; add it again when no program writes to it",
        files->folder, file->path);
    return -1;
}

ssize_t wi_add_files_read(const struct wi_add_files *files, const struct wi_model_file *file,
    int fd, void *bytes, size_t size, uint64_t at)
{
    struct opened opened = {.files = files, .path = file->path, .fd = fd};

    return read_opened(&opened, bytes, size, at);
}

static enum wi_code file_add(struct wi_add_files *files, const char *path, struct wi_error *error)
{
    struct opened opened;

    for (size_t i = 0; i < files->list.count; i++)
        if (strcmp(files->list.files[i].path, path) == 0)
            return WI_OK;
    if (!wi_file_path_ok(path))
        return wi_cli_refuse(error,
            "%s/%s has a name that a model file cannot have; rename it, with letters, digits and "
            "._-@=~, only",
            files->folder, path);
    if (open_file(files, path, &opened, error) != WI_OK)
        return error->code;
    close(opened.fd);
    struct wi_model_file *file = wi_manifest_add(&files->list, path);
    file->bytes = opened.bytes;
    /* The identity of a CAR is the one when it was checked, even if the CAR has changed since. */
    file->identity = files->car ? files->car->identity : opened.identity;
    return WI_OK;
}

/* --- a graph and what belongs to it ---------------------------------------------------------- */

static enum wi_code add_graph(struct wi_add_files *files, struct wi_error *error)
{
    struct wi_onnx_signature signature = {0};
    struct wi_error why = {0};
    struct opened opened;
    enum wi_code code;

    if (open_file(files, GRAPH, &opened, error) != WI_OK)
        return error->code;
    code = wi_onnx_read_from(read_opened, &opened, opened.bytes, NULL, &signature, &why);
    if (code == WI_OK)
        code = file_add(files, GRAPH, error);
    else
        wi_error_set(
            error, code, "", "%.100s/%.100s: %.300s", files->folder, files->graph, why.detail);
    for (const struct wi_onnx_external *external = signature.externals; external && code == WI_OK;
         external = external->hh.next)
        code = file_add(files, external->path, error);
    wi_onnx_clear(&signature);
    close(opened.fd);
    return code;
}

static int is_there(const struct wi_add_files *files, const char *path)
{
    const struct wi_view *view = files->car ? &files->car->view : NULL;
    char *whole = wi_sprintf("%s/%s", files->folder, path);
    int there = view ? view->has(view, path) : access(whole, F_OK) == 0;

    free(whole);
    return there;
}

/* NULL for a file that is not JSON or too large. */
static json_t *read_json(const struct wi_add_files *files, const char *path)
{
    struct wi_error error;
    struct opened opened;
    json_t *json = NULL;

    if (open_file(files, path, &opened, &error) != WI_OK)
        return NULL;
    char *text = opened.bytes <= WI_SPEC_MAX ? wi_alloc((size_t)opened.bytes + 1) : NULL;
    if (text && read_opened(&opened, text, (size_t)opened.bytes, 0) == (ssize_t)opened.bytes)
        json = json_loadb(text, (size_t)opened.bytes, 0, NULL);
    free(text);
    close(opened.fd);
    return json;
}

/* model.json, and the labels that it names. The daemon says what is wrong with it. */
static enum wi_code add_spec(struct wi_add_files *files, struct wi_error *error)
{
    int there = is_there(files, "model.json");
    enum wi_code code = there ? file_add(files, "model.json", error) : WI_OK;
    json_t *spec = there && code == WI_OK ? read_json(files, "model.json") : NULL;
    const char *labels = json_string_value(json_object_get(spec, "labels_file"));

    if (labels && !strchr(labels, '/'))
        code = file_add(files, labels, error);
    json_decref(spec);
    return code;
}

/* --- a file ---------------------------------------------------------------------------------- */

/* Turns `text` into a valid model name: characters that a name cannot have become "-". */
static char *make_name(const char *text)
{
    static const char good[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

    text += strcspn(text, good);
    char *name = wi_strndup(text, strnlen(text, 128));
    for (char *c = name; *c; c++) {
        if (!strchr(good, *c) && !strchr("._-", *c))
            *c = '-';
    }
    return name;
}

/* "x-00002-of-00003.gguf" comes with x-00001-of-00003.gguf and the third. */
static enum wi_code add_parts(struct wi_add_files *files, struct wi_error *error)
{
    unsigned parts;
    size_t stem = wi_gguf_stem(files->named, &parts);
    const char *tail = files->named + strlen(files->named) - strlen(".gguf");
    enum wi_code code = WI_OK;

    if (files->named + stem == tail)
        return file_add(files, files->named, error);
    for (unsigned i = 1; code == WI_OK && i <= parts; i++) {
        char *path = wi_sprintf("%.*s-%05u-of-%05u%s", (int)stem, files->named, i, parts, tail);
        code = file_add(files, path, error);
        free(path);
    }
    return code;
}

/* Names the model after the file at `path` without its suffix, or after the folder if the file is
 * called "model". */
static void name_by_file(const char *path, struct wi_add_files *files)
{
    static const char *const ends[] = {".gguf", ".onnx", ".car"};
    char *stem = wi_strdup(wi_text_basename(path)), *copy = wi_strdup(path), *real;
    size_t length = strlen(stem);

    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
        if (wi_text_ends(stem, ends[i]))
            stem[length - strlen(ends[i])] = '\0';
    real = realpath(dirname(copy), NULL);
    files->name = make_name(strcmp(stem, "model") == 0 && real ? wi_text_basename(real) : stem);
    free(real);
    free(copy);
    free(stem);
}

static enum wi_code find_by_file(
    const char *path, struct wi_add_files *files, struct wi_error *error)
{
    char *copy = wi_strdup(path);
    const char *file = wi_text_basename(path);
    int weights = wi_text_ends(file, ".gguf");

    files->folder = wi_strdup(dirname(copy));
    files->named = wi_strdup(file);
    files->graph = weights ? NULL : wi_strdup(file);
    name_by_file(path, files);
    free(copy);
    return weights ? add_parts(files, error) : WI_OK;
}

/* --- a folder -------------------------------------------------------------------------------- */

static int is_graph(const struct dirent *item)
{
    return item->d_name[0] != '.' && wi_text_ends(item->d_name, ".onnx");
}

/* The only graph of a folder or a CAR, whatever it is called. */
static enum wi_code pick_graph(
    struct wi_add_files *files, const struct wi_strings *graphs, struct wi_error *error)
{
    if (graphs->count == 0)
        return wi_cli_refuse(error,
            "%s contains no model: no *.onnx or *.gguf file, and no config.json with onnx/*.onnx",
            files->folder);
    if (graphs->count == 1)
        files->graph = wi_strdup(graphs->items[0]);
    else if (files->car)
        return wi_cli_refuse(error,
            "%s has several models, such as %s; only a CAR with one model can be added",
            files->folder, graphs->items[0]);
    else
        return wi_cli_refuse(error, "%s has several models; name one, as in webinfer add %s/%s",
            files->folder, files->folder, graphs->items[0]);
    return WI_OK;
}

static enum wi_code find_graph(struct wi_add_files *files, struct wi_error *error)
{
    struct wi_strings graphs = {0};
    struct dirent **items = NULL;
    int count = scandir(files->folder, &items, is_graph, alphasort);

    for (int i = 0; i < count; i++) {
        wi_strings_add(&graphs, items[i]->d_name);
        free(items[i]);
    }
    free(items);
    enum wi_code code = pick_graph(files, &graphs, error);
    wi_strings_clear(&graphs);
    return code;
}

static enum wi_code fail_too_many(const struct wi_add_files *files, struct wi_error *error)
{
    return wi_cli_refuse(error, "%s has more than %d files, which is the maximum for a model",
        files->folder, WI_MODEL_FILES_MAX);
}

static enum wi_code find_in_folder(
    const char *path, struct wi_add_files *files, struct wi_error *error)
{
    char *real = realpath(path, NULL);
    struct wi_folder folder = {0};
    enum wi_code code = WI_OK;
    int found = wi_folder_read(path, &folder) == 0;

    files->folder = wi_strdup(path);
    files->name = make_name(real ? wi_text_basename(real) : "");
    free(real);
    if (!found && errno != ENOENT)
        code = wi_cli_refuse(error, "%s cannot be read: %s", path, strerror(errno));
    else if (!found)
        code = find_graph(files, error);
    else if (folder.format == WI_FORMAT_ONNX)
        files->graph = wi_strdup(GRAPH);
    else if (folder.too_many)
        code = fail_too_many(files, error);
    for (size_t i = 0; code == WI_OK && i < folder.count; i++)
        code = file_add(files, folder.files[i].path, error);
    wi_folder_clear(&folder);
    return code;
}

/* --- a CAR ----------------------------------------------------------------------------------- */

static enum wi_code find_graph_in_car(struct wi_add_files *files, struct wi_error *error)
{
    struct wi_strings graphs = {0};
    const struct wi_view_file *all = files->car->tree->files;
    size_t count = files->car->tree->count;

    for (size_t i = 0; i < count; i++)
        if (wi_view_is_in(all[i].path, "") && wi_text_ends(all[i].path, ".onnx"))
            wi_strings_add(&graphs, all[i].path);
    enum wi_code code = pick_graph(files, &graphs, error);
    wi_strings_clear(&graphs);
    return code;
}

static unsigned depth_of(const char *path)
{
    unsigned depth = 0;

    while ((path = strchr(path, '/'))) {
        path++;
        depth++;
    }
    return depth;
}

/* Adds the files that the format needs, as for a folder. */
static enum wi_code add_wanted(
    struct wi_add_files *files, const struct wi_format *format, struct wi_error *error)
{
    enum wi_code code = WI_OK;
    const struct wi_view_file *all = files->car->tree->files;
    size_t count = files->car->tree->count;

    for (size_t i = 0; i < count && code == WI_OK; i++) {
        if (depth_of(all[i].path) > format->depth || !format->wants(all[i].path))
            continue;
        code = files->list.count == WI_MODEL_FILES_MAX ? fail_too_many(files, error)
                                                       : file_add(files, all[i].path, error);
    }
    return code;
}

static enum wi_code find_in_car(
    const char *path, struct wi_add_files *files, struct wi_error *error)
{
    enum wi_model_format format;

    files->folder = wi_strdup(path);
    name_by_file(path, files);
    files->car = wi_add_car_open(path, error);
    if (!files->car)
        return error->code;
    if (wi_format_detect(&files->car->view, &format) != 0)
        return find_graph_in_car(files, error);
    if (!wi_formats[format]->names)
        return add_wanted(files, wi_formats[format], error);
    files->graph = wi_strdup(GRAPH);
    return WI_OK;
}

enum wi_code wi_add_files_find(const char *path, struct wi_add_files *files, struct wi_error *error)
{
    struct stat status;

    if (stat(path, &status) != 0)
        return wi_cli_refuse(error, "%s cannot be read: %s", path, strerror(errno));
    enum wi_code code = S_ISDIR(status.st_mode)      ? find_in_folder(path, files, error)
                        : wi_text_ends(path, ".car") ? find_in_car(path, files, error)
                                                     : find_by_file(path, files, error);
    if (code == WI_OK && files->graph)
        code = add_graph(files, error);
    if (code == WI_OK && files->graph)
        code = add_spec(files, error);
    wi_manifest_sort(&files->list);
    return code;
}

void wi_add_files_clear(struct wi_add_files *files)
{
    wi_add_car_free(files->car);
    free(files->folder);
    free(files->named);
    free(files->graph);
    free(files->name);
    wi_manifest_clear(&files->list);
    *files = (struct wi_add_files){0};
}
