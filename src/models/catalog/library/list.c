/*
 * The store's folder, two levels deep: NAME/model.onnx and OWNER/NAME/model.onnx, or files of
 * another format (variants.h). A folder without a model is an owner's if it holds models, or
 * folders and no graph; else it was meant to be a model.
 */
#include "models/catalog/library/list.h"

#include "base/buffer.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/nearest.h"
#include "base/text.h"
#include "models/catalog/library/made.h"
#include "terms/format/folder.h"
#include "terms/format/model.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

/* Entries that are looked at for one name alone. */
#define LOOKS_AT_ONE 2000

struct scan {
    const char *directory;
    struct wi_list *list;
    size_t looks;
    int failed; /* errno of a shortage, or 0 */
};

/* What is in a folder, as far as it matters here. */
struct contents {
    char *graph;                 /* the first file that ends in .onnx; owned */
    int folders, models, others; /* models are folders too */
    int settings;                /* there is a config.json */
    int graphs;                  /* there is onnx/ with a graph in it */
};

/* --- rows ------------------------------------------------------------------------------------ */

static void note_failure(struct scan *scan, int why)
{
    if (wi_is_shortage(why))
        scan->failed = why;
}

/* A copy as UTF-8, whatever bytes a file's name or its content brings; NULL gives NULL. */
static char *as_utf8(const char *text)
{
    struct wi_buffer quoted = {0};

    if (!text)
        return NULL;
    wi_buffer_json_string(&quoted, text);
    json_t *string = json_loads(quoted.text, JSON_DECODE_ANY, NULL);
    char *copy = wi_strdup(string ? json_string_value(string) : "?");
    json_decref(string);
    wi_buffer_clear(&quoted);
    return copy;
}

/* Takes `problem` over. */
static void row_add(struct wi_list_row **rows, size_t *count, const char *name,
    enum wi_model_format format, char *problem)
{
    *WI_APPEND(*rows, *count) =
        (struct wi_list_row){.name = as_utf8(name), .format = format, .problem = as_utf8(problem)};
    free(problem);
}

static void add_variants(struct scan *scan, const char *name, struct wi_variants *variants)
{
    char *path = wi_sprintf("%s/%s", scan->directory, name);
    struct wi_folder folder = {0};

    if (wi_folder_read(path, &folder) != 0)
        note_failure(scan, errno);
    else
        wi_format_find_variants(folder.format, folder.files, folder.count, variants);
    if (variants->count > 0 && wi_made_list(scan->directory, name, folder.format, variants) != 0)
        note_failure(scan, errno);
    if (variants->count <= 1 && wi_formats[folder.format]->names)
        wi_variants_clear(variants); /* a single graph is all that there is */
    wi_folder_clear(&folder);
    free(path);
}

static void scan_add_model(
    struct scan *scan, const char *name, enum wi_model_format format, char *problem)
{
    struct wi_list *list = scan->list;
    unsigned number;

    if (list->model_count == WI_LIST_MAX) {
        free(problem);
        return;
    }
    row_add(&list->models, &list->model_count, name, format, problem);
    add_variants(scan, name, &list->models[list->model_count - 1].variants);
    if (wi_versions_find(scan->directory, name, &number) != 0 ||
        (number > 0 && wi_versions_list(scan->directory, name,
                           &list->models[list->model_count - 1].versions) != 0))
        note_failure(scan, errno);
}

static void scan_ignore(struct scan *scan, const char *name, char *reason)
{
    struct wi_list *list = scan->list;

    if (list->ignored_count < WI_LIST_IGNORED_MAX) {
        row_add(&list->ignored, &list->ignored_count, name, WI_FORMAT_COUNT, reason);
    } else {
        list->ignored_more++;
        free(reason);
    }
}

static const struct wi_list_row *row_find(
    const struct wi_list_row *rows, size_t count, const char *name)
{
    ssize_t index = wi_names_find(rows, count, sizeof *rows, name);
    return index < 0 ? NULL : &rows[index];
}

const struct wi_list_row *wi_list_model(const struct wi_list *list, const char *name)
{
    return row_find(list->models, list->model_count, name);
}

const struct wi_list_row *wi_list_ignored(const struct wi_list *list, const char *name)
{
    return row_find(list->ignored, list->ignored_count, name);
}

size_t wi_list_place(const struct wi_list *list, const char *name)
{
    size_t at = 0, end = list->model_count;
    while (at < end) {
        size_t middle = at + (end - at) / 2;
        if (strcmp(list->models[middle].name, name) <= 0)
            at = middle + 1;
        else
            end = middle;
    }
    return at;
}

static void clear_rows(struct wi_list_row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        free(rows[i].name);
        free(rows[i].problem);
        wi_variants_clear(&rows[i].variants);
        wi_versions_clear(&rows[i].versions);
    }
    free(rows);
}

void wi_list_clear(struct wi_list *list)
{
    clear_rows(list->models, list->model_count);
    clear_rows(list->ignored, list->ignored_count);
    memset(list, 0, sizeof *list);
}

/* --- looking --------------------------------------------------------------------------------- */

/* 'd', 'f' or 0 for nothing of use; follows links. */
static char kind_of(const struct scan *scan, const char *name)
{
    char *path = wi_sprintf("%s/%s", scan->directory, name);
    struct stat status;
    int found = stat(path, &status) == 0;

    free(path);
    return !found ? 0 : S_ISDIR(status.st_mode) ? 'd' : S_ISREG(status.st_mode) ? 'f' : 0;
}

static int file_is_graph(const char *file)
{
    size_t length = strlen(file);

    return length > 5 && strcmp(file + length - 5, ".onnx") == 0;
}

static int is_model(struct scan *scan, const char *name, enum wi_model_format *format)
{
    char *path = wi_sprintf("%s/%s", scan->directory, name);
    int found = wi_folder_format(path, format) == 0;

    if (!found)
        note_failure(scan, errno);
    free(path);
    return found;
}

/* What is wrong with NAME/model.json before its graph is looked at, or NULL. */
static char *check_spec(const struct scan *scan, const char *name)
{
    char *path = wi_sprintf("%s/%s/model.json", scan->directory, name), *problem = NULL;
    struct stat status;
    json_error_t error;

    if (stat(path, &status) == 0 && S_ISREG(status.st_mode) && status.st_size <= WI_SPEC_MAX &&
        access(path, R_OK) == 0) {
        json_t *json = json_load_file(path, JSON_REJECT_DUPLICATES, &error);
        if (!json)
            problem = wi_sprintf("model.json is no JSON: line %d: %s", error.line, error.text);
        else if (!json_is_object(json))
            problem = wi_strdup("model.json is no JSON object");
        json_decref(json);
    }
    free(path);
    return problem;
}

typedef void each_fn(struct scan *scan, const char *name, const char *file, void *context);

/* Calls `each` for what is in DIRECTORY/FOLDER, FOLDER being "" for the repository itself. */
static void each_entry(struct scan *scan, const char *folder, each_fn *each, void *context)
{
    char *path = wi_sprintf("%s/%s", scan->directory, folder);
    DIR *dir = opendir(path);
    const struct dirent *item;

    if (!dir)
        note_failure(scan, errno);
    free(path);
    while (dir && scan->looks < WI_LIST_LOOKS_MAX && (item = readdir(dir))) {
        if (item->d_name[0] == '.')
            continue;
        scan->looks++;
        char *name = wi_sprintf("%s%s%s", folder, *folder ? "/" : "", item->d_name);
        each(scan, name, item->d_name, context);
        free(name);
    }
    if (dir)
        closedir(dir);
}

static void note_graph(struct scan *scan, const char *name, const char *file, void *context)
{
    *(int *)context |= file_is_graph(file) && kind_of(scan, name) == 'f';
}

static int has_graph(struct scan *scan, const char *folder)
{
    int found = 0;
    each_entry(scan, folder, note_graph, &found);
    return found;
}

static void note_content(struct scan *scan, const char *name, const char *file, void *context)
{
    struct contents *contents = context;
    char kind = kind_of(scan, name);
    enum wi_model_format format;

    contents->folders += kind == 'd';
    contents->graphs |= kind == 'd' && strcmp(file, "onnx") == 0 && has_graph(scan, name);
    contents->models += kind == 'd' && is_model(scan, name, &format);
    contents->others += kind != 'd';
    contents->settings |= kind == 'f' && strcmp(file, "config.json") == 0;
    if (kind == 'f' && file_is_graph(file) && !contents->graph)
        contents->graph = wi_strdup(file);
}

static char *why_no_model(const struct contents *contents)
{
    if (contents->graphs && !contents->settings)
        return wi_strdup("the folder has a graph in onnx/, but no config.json, which says what it "
                         "is for: put it next to onnx/, or, to have it asked with tensors, move "
                         "the graph out of onnx/ as model.onnx");
    if (contents->graph)
        return wi_sprintf(
            "the folder has no model.onnx but %.200s: name that file model.onnx", contents->graph);
    if (contents->settings)
        return wi_strdup("the folder has a config.json but no weights: put them into onnx/, as "
                         "onnx/model.onnx");
    return wi_strdup(contents->folders + contents->others > 0
                         ? "there is no model.onnx in the folder"
                         : "the folder is empty; it needs a model.onnx");
}

static void scan_take_file(struct scan *scan, const char *name, const char *file)
{
    if (file_is_graph(file))
        scan_ignore(scan, name,
            wi_sprintf("a model is a folder: move the file to %.*s/model.onnx",
                (int)strlen(name) - 5, name));
}

/* A folder that is a model: whether it was taken as one or ignored. */
static int take_model(struct scan *scan, const char *name)
{
    enum wi_model_format format;

    if (!is_model(scan, name, &format))
        return 0;
    if (wi_builtin_owns(name))
        scan_ignore(
            scan, name, wi_strdup("the name is reserved; choose another name for the folder"));
    else if (wi_model_check_name(name, NULL) != WI_OK)
        scan_ignore(scan, name,
            wi_strdup("no request can name it: name the folder with letters, digits, \".\", \"_\" "
                      "and \"-\", beginning with a letter or digit"));
    else
        scan_add_model(scan, name, format, check_spec(scan, name));
    return 1;
}

/* Takes an entry of an owner's folder. */
static void take_inner(struct scan *scan, const char *name, const char *file, void *context)
{
    struct contents contents = {0};

    if (kind_of(scan, name) != 'd') {
        scan_take_file(scan, name, file);
    } else if (!take_model(scan, name) && wi_model_check_name(name, NULL) == WI_OK) {
        each_entry(scan, name, note_content, &contents);
        scan_ignore(scan, name, why_no_model(&contents));
    }
    free(contents.graph);
}

/* Folders in a model's folder, but for that of its own graphs. */
static void take_models_only(struct scan *scan, const char *name, const char *file, void *context)
{
    if (kind_of(scan, name) == 'd' && strcmp(file, "onnx") != 0)
        take_model(scan, name);
}

static void take_outer(struct scan *scan, const char *name, const char *file, void *context)
{
    struct contents contents = {0};

    if (kind_of(scan, name) != 'd') {
        scan_take_file(scan, name, file);
    } else if (take_model(scan, name)) {
        each_entry(scan, name, take_models_only, NULL); /* its other folders are its own affair */
    } else if (wi_model_check_name(name, NULL) == WI_OK) {
        each_entry(scan, name, note_content, &contents);
        int owner = contents.folders > 0 && !contents.graph && !contents.settings;
        if (contents.models > 0 || owner)
            each_entry(scan, name, take_inner, NULL);
        if ((contents.graphs && !contents.settings) || (contents.models == 0 && !owner))
            scan_ignore(scan, name, why_no_model(&contents));
    }
    free(contents.graph);
}

int wi_list_read(const char *directory, struct wi_list *list)
{
    struct scan scan = {.directory = directory, .list = list};
    struct statvfs disk;

    if (statvfs(directory, &disk) == 0)
        list->disk_bytes = (uint64_t)disk.f_blocks * disk.f_frsize;
    each_entry(&scan, "", take_outer, NULL);
    wi_names_sort(list->models, list->model_count, sizeof *list->models);
    wi_names_sort(list->ignored, list->ignored_count, sizeof *list->ignored);
    errno = scan.failed;
    return scan.failed ? -1 : 0;
}

char *wi_list_why_none(const char *directory, const char *name)
{
    struct wi_list list = {0};
    struct scan scan = {
        .directory = directory, .list = &list, .looks = WI_LIST_LOOKS_MAX - LOOKS_AT_ONE};
    const char *file = wi_text_basename(name);
    char *why = NULL;

    if (file == name)
        take_outer(&scan, name, file, NULL);
    else
        take_inner(&scan, name, file, NULL);
    for (size_t i = 0; i < list.ignored_count && !why; i++)
        if (strcmp(list.ignored[i].name, name) == 0)
            why = wi_strdup(list.ignored[i].problem);
    wi_list_clear(&list);
    return why;
}

/* --- what was meant -------------------------------------------------------------------------- */

/* The names that there are but for `gone`, the one that was meant first, as far as there is room.
 */
static void allow_names(
    struct wi_error *error, const struct wi_list *list, const char *gone, const char *meant)
{
    char text[sizeof error->allowed] = "";
    size_t used = 0, shown = 0, count = list->model_count - (wi_list_model(list, gone) != NULL);

    for (size_t i = 0; i <= list->model_count; i++) {
        const char *name = i == 0 ? meant : list->models[i - 1].name;
        if (!name || strcmp(name, gone) == 0 || (i > 0 && meant && strcmp(name, meant) == 0))
            continue;
        if (used + strlen(", ") + strlen(name) + sizeof(" and 99999 more") > sizeof text)
            break;
        used += (size_t)sprintf(text + used, "%s%s", shown > 0 ? ", " : "", name);
        shown++;
    }
    if (shown == 0)
        return;
    if (shown < count)
        sprintf(text + used, " and %zu more", count - shown);
    wi_error_allow(error, "%s", text);
}

void wi_list_explain(
    const struct wi_list *list, const char *name, const char *why, struct wi_error *error)
{
    const struct wi_list_row *ignored = wi_list_ignored(list, name);
    struct wi_nearest nearest = wi_nearest_to(name);

    if (!why && ignored)
        why = ignored->problem;
    for (size_t i = 0; i < list->model_count; i++)
        if (strcmp(list->models[i].name, name) != 0) /* else it is gone since the list was read */
            wi_nearest_offer(&nearest, list->models[i].name);
    if (why)
        wi_error_set(error, WI_MODEL_NOT_FOUND, "model_name",
            "there is no model %.160s in the store: %.200s", name, why);
    else if (nearest.name)
        wi_error_set(error, WI_MODEL_NOT_FOUND, "model_name",
            "there is no model %.160s in the store; did you mean %.160s?", name, nearest.name);
    else
        wi_error_set(
            error, WI_MODEL_NOT_FOUND, "model_name", "there is no model %.160s in the store", name);
    wi_error_expect(error, "the name of a model that GET /v1/models lists");
    allow_names(error, list, name, nearest.name);
}
