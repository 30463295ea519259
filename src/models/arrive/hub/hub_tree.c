/* Lists of files, read from what a hub says. */
#include "models/arrive/hub/hub_tree.h"

#include "base/file.h"
#include "base/hash.h"
#include "base/json_read.h"
#include "base/memory.h"
#include "base/text.h"
#include <ctype.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

enum { SHA1_DIGITS = 40, SHA256_DIGITS = 64 };

#define tree_fail(error, format, ...)                                                              \
    wi_error_set(                                                                                  \
        error, WI_HUB_FAILED, "", "the hub's answer cannot be used: " format, ##__VA_ARGS__)

/* --- files ------------------------------------------------------------------------------------ */

/* Whether a path could lead anywhere but into the repository. */
static int leads_out(const char *path)
{
    for (;; path++) {
        size_t length = strcspn(path, "/");
        if (length == 0 || (length <= 2 && strncmp(path, "..", length) == 0))
            return 1;
        path += length;
        if (!*path)
            return 0;
    }
}

/* Where the file of that path is to be filled in `*file`, or NULL for one that is left out. */
static enum wi_code add_path(
    struct wi_hub_tree *tree, const char *path, struct wi_hub_file **file, struct wi_error *error)
{
    *file = NULL;
    if (leads_out(path))
        return tree_fail(error, "the path \"%.100s\" leads out of the repository", path);
    if (!wi_file_path_ok(path))
        return WI_OK;
    if (tree->count == WI_HUB_FILES_MAX)
        return tree_fail(
            error, "there are more than %d files, which is more than is read", WI_HUB_FILES_MAX);
    const struct wi_hub_file row = {.remote = (char *)path, .bytes = WI_HUB_BYTES_UNKNOWN};
    wi_hub_tree_add(tree, &row, path);
    *file = &tree->files[tree->count - 1];
    return WI_OK;
}

/* Sets lower-case digits; 0, or -1 if `text` does not begin with so many and nothing more like
 * them. */
static int read_digits(char *hash, const char *text, size_t digits)
{
    for (size_t i = 0; i < digits; i++) {
        if (!isxdigit((unsigned char)text[i]))
            return -1;
        hash[i] = (char)tolower((unsigned char)text[i]);
    }
    hash[digits] = '\0';
    return isxdigit((unsigned char)text[digits]) ? -1 : 0;
}

static int is_digest(const char *text, size_t digits)
{
    char hash[SHA256_DIGITS + 1];
    return text && strlen(text) == digits && read_digits(hash, text, digits) == 0;
}

/* --- JSON ------------------------------------------------------------------------------------- */

enum wi_code wi_hub_tree_read_revision(
    struct wi_hub_tree *tree, const char *text, size_t size, struct wi_error *error)
{
    json_error_t place;
    json_t *answer = wi_json_read(text, size, 0, &place);
    const char *sha = json_string_value(json_object_get(answer, "sha"));
    enum wi_code code = WI_OK;
    if (!answer)
        code = tree_fail(error, "of the revision: line %d: %.160s", place.line, place.text);
    else if (!is_digest(sha, SHA1_DIGITS) && !is_digest(sha, SHA256_DIGITS))
        code = tree_fail(error, "of the revision: there is no commit in \"sha\"");
    else
        tree->commit = wi_strdup(sha);
    json_decref(answer);
    return code;
}

/* The digest and the length of an entry; large files have theirs in `lfs`. */
static int read_entry(const json_t *entry, struct wi_hub_file *file)
{
    const json_t *lfs = json_object_get(entry, "lfs");
    const json_t *size = json_object_get(lfs ? lfs : entry, "size");
    const char *oid = json_string_value(json_object_get(lfs ? lfs : entry, "oid"));
    size_t digits = lfs ? SHA256_DIGITS : SHA1_DIGITS;
    json_int_t bytes = json_integer_value(size);
    if (!json_is_integer(size) || bytes < 0 || bytes > (json_int_t)WI_HUB_FILE_MAX ||
        !is_digest(oid, digits))
        return -1;
    file->bytes = (uint64_t)bytes;
    file->digest = lfs ? WI_HUB_SHA256 : WI_HUB_GIT_SHA1;
    return read_digits(file->hash, oid, digits);
}

static enum wi_code tree_add_entry(
    struct wi_hub_tree *tree, const json_t *entry, struct wi_error *error)
{
    const char *type = json_string_value(json_object_get(entry, "type"));
    const char *path = json_string_value(json_object_get(entry, "path"));
    struct wi_hub_file *file;
    if (!type || !path)
        return tree_fail(error, "an entry of the tree has no type or no path");
    if (strcmp(type, "file") != 0)
        return WI_OK;
    enum wi_code code = add_path(tree, path, &file, error);
    if (code != WI_OK || !file)
        return code;
    if (read_entry(entry, file) != 0)
        return tree_fail(error, "%.100s has no length or no hash that could be right", path);
    tree->bytes += file->bytes;
    return WI_OK;
}

enum wi_code wi_hub_tree_read_page(
    struct wi_hub_tree *tree, const char *text, size_t size, struct wi_error *error)
{
    json_error_t place;
    json_t *page = wi_json_read(text, size, 0, &place);
    enum wi_code code = WI_OK;
    if (!page)
        code = tree_fail(error, "of the tree: line %d: %.160s", place.line, place.text);
    else if (!json_is_array(page))
        code = tree_fail(error, "of the tree: it is no list");
    for (size_t i = 0; code == WI_OK && i < json_array_size(page); i++)
        code = tree_add_entry(tree, json_array_get(page, i), error);
    json_decref(page);
    return code;
}

/* --- SHA256SUMS ------------------------------------------------------------------------------- */

/* A line as sha256sum prints it: digits, a space, a space or "*", the path. A backslash in front
 * says that the path is escaped: no model has such a one. */
static enum wi_code add_line(
    struct wi_hub_tree *tree, const char *line, unsigned number, struct wi_error *error)
{
    char hash[SHA256_DIGITS + 1];
    struct wi_hub_file *file;
    if (*line == '\\')
        return WI_OK;
    if (read_digits(hash, line, SHA256_DIGITS) != 0 || line[SHA256_DIGITS] != ' ' ||
        !strchr(" *", line[SHA256_DIGITS + 1]) || !line[SHA256_DIGITS + 1])
        return tree_fail(error, "SHA256SUMS, line %u, is not as sha256sum prints it", number);
    const char *path = line + SHA256_DIGITS + 2;
    path += strncmp(path, "./", 2) == 0 ? 2 : 0;
    enum wi_code code = add_path(tree, path, &file, error);
    if (file) {
        file->digest = WI_HUB_SHA256;
        memcpy(file->hash, hash, sizeof hash);
    }
    return code;
}

enum wi_code wi_hub_tree_read_sums(
    struct wi_hub_tree *tree, const char *text, size_t size, struct wi_error *error)
{
    unsigned char digest[WI_HASH_SIZE];
    char hex[SHA256_DIGITS + 1], *copy = wi_strndup(text, size), *rest = copy, *line;
    enum wi_code code = WI_OK;
    if (strlen(copy) != size)
        code = tree_fail(error, "SHA256SUMS has a NUL byte");
    for (unsigned number = 1; code == WI_OK && (line = strsep(&rest, "\n")); number++) {
        size_t length = strlen(line);
        if (length > 0 && line[length - 1] == '\r')
            line[--length] = '\0';
        if (length > 0)
            code = add_line(tree, line, number, error);
    }
    wi_hash(text, size, digest);
    wi_hash_hex(digest, hex);
    tree->commit = wi_strdup(hex);
    free(copy);
    return code;
}

/* --- the whole -------------------------------------------------------------------------------- */

enum wi_code wi_hub_tree_finish(struct wi_hub_tree *tree, struct wi_error *error)
{
    wi_names_sort(tree->files, tree->count, sizeof *tree->files);
    for (size_t i = 1; i < tree->count; i++)
        if (strcmp(tree->files[i - 1].path, tree->files[i].path) == 0)
            return tree_fail(error, "%.100s is listed twice", tree->files[i].path);
    return WI_OK;
}

int wi_hub_tree_has(const struct wi_hub_tree *tree, const char *path)
{
    for (size_t i = 0; i < tree->count; i++)
        if (strcmp(tree->files[i].path, path) == 0)
            return 1;
    return 0;
}

const struct wi_hub_file *wi_hub_tree_find(const struct wi_hub_tree *tree, const char *path)
{
    ssize_t index = wi_names_find(tree->files, tree->count, sizeof *tree->files, path);
    return index < 0 ? NULL : &tree->files[index];
}

void wi_hub_tree_set_bytes(struct wi_hub_tree *tree, size_t index, uint64_t bytes)
{
    if (tree->files[index].bytes != WI_HUB_BYTES_UNKNOWN || bytes > WI_HUB_FILE_MAX)
        return;
    tree->files[index].bytes = bytes;
    tree->bytes += bytes;
}

void wi_hub_tree_add(struct wi_hub_tree *tree, const struct wi_hub_file *file, const char *path)
{
    struct wi_hub_file *copy = WI_APPEND(tree->files, tree->count);
    *copy = *file;
    copy->path = wi_strdup(path);
    copy->remote = wi_strdup(file->remote);
    if (file->bytes != WI_HUB_BYTES_UNKNOWN)
        tree->bytes += file->bytes;
}

void wi_hub_tree_copy(struct wi_hub_tree *to, const struct wi_hub_tree *from)
{
    *to = (struct wi_hub_tree){.commit = wi_strdup(from->commit)};
    for (size_t i = 0; i < from->count; i++)
        wi_hub_tree_add(to, &from->files[i], from->files[i].path);
}

void wi_hub_tree_clear(struct wi_hub_tree *tree)
{
    for (size_t i = 0; i < tree->count; i++) {
        free(tree->files[i].path);
        free(tree->files[i].remote);
    }
    free(tree->files);
    free(tree->commit);
    *tree = (struct wi_hub_tree){0};
}
