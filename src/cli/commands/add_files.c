/* See add_files.h. Other formats than ONNX are read by the daemon alone. */
#include "cli/commands/add_files.h"

#include "base/descriptors.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include "format/gguf.h"
#include "library/folder.h"
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

static int open_file(
    const struct wi_add_files *files, const char *path, struct stat *status, struct wi_error *error)
{
    const char *from = files->graph && strcmp(path, GRAPH) == 0 ? files->graph : path;
    int is_named = files->named && strcmp(from, files->named) == 0;
    char *whole = wi_sprintf("%s/%s", files->folder, from);
    struct wi_error why = {0};
    int fd;

    if (geteuid() == 0 && !is_named)
        fd = wi_open_inside(files->folder, files->folder, from, status, &why);
    else if ((fd = open(whole, O_RDONLY | O_CLOEXEC | O_NONBLOCK)) < 0 || fstat(fd, status) != 0)
        snprintf(why.detail, sizeof why.detail, "%s", strerror(errno));
    else if (!S_ISREG(status->st_mode))
        snprintf(why.detail, sizeof why.detail, "it is no regular file");
    if (*why.detail)
        wi_error_set(error, WI_BAD_REQUEST, "", "%.200s cannot be read: %.250s%s", whole,
            why.detail,
            strstr(why.detail, "is a link out") ? "; root does not follow it: copy the folder with "
                                                  "cp -rL and add that, or add it as the user "
                                                  "whose models these are"
                                                : "");
    free(whole);
    if (!*why.detail)
        return fd;
    wi_close(fd);
    return -1;
}

int wi_add_files_open(
    const struct wi_add_files *files, const struct wi_model_file *file, struct wi_error *error)
{
    struct stat status;
    int fd = open_file(files, file->path, &status, error);
    struct wi_file_identity identity;

    if (fd < 0)
        return -1;
    identity = wi_file_identity_of(&status);
    if (wi_file_identity_same(&identity, &file->identity))
        return fd;
    close(fd);
    wi_error_set(error, WI_BAD_REQUEST, "",
        "%s/%s has changed while it was added; add it again once nobody writes to it",
        files->folder, file->path);
    return -1;
}

static enum wi_code add(struct wi_add_files *files, const char *path, struct wi_error *error)
{
    struct wi_model_file *file;
    struct stat status;
    int fd;

    for (size_t i = 0; i < files->list.count; i++)
        if (strcmp(files->list.files[i].path, path) == 0)
            return WI_OK;
    if (!wi_file_path_ok(path))
        return wi_error_set(error, WI_BAD_REQUEST, "",
            "%s/%s has a name that no file of a model can have; letters, digits and ._-@=~, are "
            "allowed: rename it",
            files->folder, path);
    if ((fd = open_file(files, path, &status, error)) < 0)
        return error->code;
    close(fd);
    file = wi_manifest_add(&files->list, path);
    file->bytes = (uint64_t)status.st_size;
    file->identity = wi_file_identity_of(&status);
    return WI_OK;
}

/* --- a graph and what belongs to it ---------------------------------------------------------- */

static enum wi_code add_graph(struct wi_add_files *files, struct wi_error *error)
{
    struct wi_onnx_signature signature = {0};
    struct wi_error why = {0};
    struct stat status;
    int fd = open_file(files, GRAPH, &status, error);
    enum wi_code code;

    if (fd < 0)
        return error->code;
    code = wi_onnx_read_file(fd, (uint64_t)status.st_size, NULL, &signature, &why);
    if (code == WI_OK)
        code = add(files, GRAPH, error);
    else
        wi_error_set(
            error, code, "", "%.100s/%.100s: %.300s", files->folder, files->graph, why.detail);
    for (const struct wi_onnx_external *external = signature.externals; external && code == WI_OK;
         external = external->hh.next)
        code = add(files, external->path, error);
    wi_onnx_clear(&signature);
    close(fd);
    return code;
}

/* model.json, and the labels that it names. The daemon says what is wrong with it. */
static enum wi_code add_spec(struct wi_add_files *files, struct wi_error *error)
{
    char *path = wi_sprintf("%s/model.json", files->folder);
    int is_there = access(path, F_OK) == 0;
    enum wi_code code = is_there ? add(files, "model.json", error) : WI_OK;
    struct stat status;
    int fd = is_there && code == WI_OK ? open_file(files, "model.json", &status, error) : -1;
    json_t *spec = fd >= 0 && status.st_size <= WI_SPEC_MAX ? json_loadfd(fd, 0, NULL) : NULL;
    const char *labels = json_string_value(json_object_get(spec, "labels_file"));

    if (labels && !strchr(labels, '/'))
        code = add(files, labels, error);
    json_decref(spec);
    wi_close(fd);
    free(path);
    return code;
}

/* --- a file ---------------------------------------------------------------------------------- */

/* As much of `text` as a model's name can have: what it cannot becomes "-". */
static char *make_name(const char *text)
{
    static const char good[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    char *name;

    text += strcspn(text, good);
    name = wi_strndup(text, strnlen(text, 128));
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
        return add(files, files->named, error);
    for (unsigned i = 1; code == WI_OK && i <= parts; i++) {
        char *path = wi_sprintf("%.*s-%05u-of-%05u%s", (int)stem, files->named, i, parts, tail);
        code = add(files, path, error);
        free(path);
    }
    return code;
}

static enum wi_code find_by_file(
    const char *path, struct wi_add_files *files, struct wi_error *error)
{
    char *copy = wi_strdup(path);
    const char *file = wi_text_basename(path);
    int weights = wi_text_ends(file, ".gguf");
    char *stem = wi_strndup(
        file, strlen(file) - (weights || wi_text_ends(file, ".onnx") ? strlen(".onnx") : 0));
    char *real;

    files->folder = wi_strdup(dirname(copy));
    files->named = wi_strdup(file);
    files->graph = weights ? NULL : wi_strdup(file);
    real = realpath(files->folder, NULL);
    /* "model" says nothing: its folder's name does. */
    files->name = make_name(strcmp(stem, "model") == 0 && real ? wi_text_basename(real) : stem);
    free(real);
    free(stem);
    free(copy);
    return weights ? add_parts(files, error) : WI_OK;
}

/* --- a folder -------------------------------------------------------------------------------- */

static int is_graph(const struct dirent *item)
{
    return item->d_name[0] != '.' && wi_text_ends(item->d_name, ".onnx");
}

/* The only graph of a folder, whatever it is called. */
static enum wi_code find_graph(const char *path, struct wi_add_files *files, struct wi_error *error)
{
    struct dirent **items = NULL;
    int count = scandir(path, &items, is_graph, alphasort);
    enum wi_code code = WI_OK;

    if (count == 1)
        files->graph = wi_strdup(items[0]->d_name);
    else if (count > 1)
        code = wi_error_set(error, WI_BAD_REQUEST, "",
            "%s has several models; say which, as in webinfer add %s/%s", path, path,
            items[0]->d_name);
    else
        code = wi_error_set(error, WI_BAD_REQUEST, "",
            "%s has no model: there is no file *.onnx in it, no *.gguf, "
            "and no config.json with onnx/*.onnx",
            path);
    while (count > 0)
        free(items[--count]);
    free(items);
    return code;
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
        code =
            wi_error_set(error, WI_BAD_REQUEST, "", "%s cannot be read: %s", path, strerror(errno));
    else if (!found)
        code = find_graph(path, files, error);
    else if (folder.format == WI_FORMAT_ONNX)
        files->graph = wi_strdup(GRAPH);
    else if (folder.too_many)
        code = wi_error_set(error, WI_BAD_REQUEST, "",
            "%s has more than %d files; a model may have that many", path, WI_MODEL_FILES_MAX);
    for (size_t i = 0; code == WI_OK && i < folder.count; i++)
        code = add(files, folder.files[i].path, error);
    wi_folder_clear(&folder);
    return code;
}

enum wi_code wi_add_files_find(const char *path, struct wi_add_files *files, struct wi_error *error)
{
    struct stat status;
    enum wi_code code;

    if (stat(path, &status) != 0)
        return wi_error_set(
            error, WI_BAD_REQUEST, "", "%s cannot be read: %s", path, strerror(errno));
    code = S_ISDIR(status.st_mode) ? find_in_folder(path, files, error)
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
    free(files->folder);
    free(files->named);
    free(files->graph);
    free(files->name);
    wi_manifest_clear(&files->list);
    *files = (struct wi_add_files){0};
}
