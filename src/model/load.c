/*
 * Reading a model from disk. A file is opened first without access (O_PATH), asked for its real
 * path, and only then opened for reading through the same descriptor: what was checked is what is
 * read, and a link that leads out of the store is never followed to the end.
 */
#include "model/load.h"

#include "base/memory.h"
#include "base/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { CHUNK = 256 * 1024, TRIES = 3 };

/* The limit of protobuf, and with it of ONNX, for one message. */
static const off_t max_model_size = INT32_MAX;

static int look_at(
    const char *directory, const char *name, const char *file, struct wi_file_identity *identity)
{
    char *path = wi_sprintf("%s/%s/%s", directory, name, file);
    struct stat st;
    int code = stat(path, &st), why = errno;

    memset(identity, 0, sizeof(*identity));
    free(path);
    errno = why;
    if (code < 0)
        return -1;
    identity->device = st.st_dev;
    identity->inode = st.st_ino;
    identity->size = st.st_size;
    identity->modified = st.st_mtim;
    return 0;
}

int wi_load_look(
    const char *directory, const char *name, const char *labels_file, struct wi_load_files *files)
{
    memset(files, 0, sizeof(*files)); /* padding too: they are compared as bytes */
    if (look_at(directory, name, "model.onnx", &files->model) < 0)
        return -1;
    look_at(directory, name, "model.json", &files->spec);
    if (labels_file)
        look_at(directory, name, labels_file, &files->labels);
    return 0;
}

static enum wi_code cannot_open(const char *name, const char *file, struct wi_error *error)
{
    switch (errno) {
    case ENOENT:
    case ENOTDIR:
        return wi_error_set(
            error, WI_MODEL_NOT_FOUND, "model_name", "there is no model %.160s", name);
    case EMFILE:
    case ENFILE:
    case ENOMEM:
        return wi_error_set(error, WI_UNAVAILABLE, "model_name",
            "%s cannot be opened now: %s; try again later", file, strerror(errno));
    default:
        return wi_error_set(
            error, WI_MODEL_INVALID, file, "%s cannot be opened: %s", file, strerror(errno));
    }
}

/* Whether the file behind `fd` lies under the directory whose real path is `root`. */
static int is_inside(int fd, const char *root)
{
    char link[40], real[PATH_MAX];
    size_t length = strlen(root);
    ssize_t n;

    snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    n = readlink(link, real, sizeof(real) - 1);
    if (n < 0)
        return 0;
    real[n] = '\0';
    if (strcmp(root, "/") == 0)
        return 1;
    return (size_t)n > length && memcmp(real, root, length) == 0 && real[length] == '/';
}

/* An open regular file of the store, or -1 with `error` filled. */
static int open_inside(
    const struct wi_load *load, const char *file, struct stat *st, struct wi_error *error)
{
    char *path = wi_sprintf("%s/%s/%s", load->directory, load->name, file);
    char *root = realpath(load->directory, NULL);
    int handle = root ? open(path, O_PATH | O_CLOEXEC) : -1, fd = -1;

    if (handle < 0 || fstat(handle, st) < 0) {
        cannot_open(load->name, file, error);
    } else if (!is_inside(handle, root)) {
        wi_error_set(error, WI_MODEL_INVALID, file, "%s is a link out of the model store", file);
    } else if (!S_ISREG(st->st_mode)) {
        wi_error_set(error, WI_MODEL_INVALID, file, "%s is no regular file", file);
    } else {
        char link[40];

        snprintf(link, sizeof(link), "/proc/self/fd/%d", handle);
        fd = open(link, O_RDONLY | O_CLOEXEC);
        if (fd < 0)
            cannot_open(load->name, file, error);
    }
    if (handle >= 0)
        close(handle);
    free(path);
    free(root);
    return fd;
}

/* The whole of a small file as text, or NULL with `error` filled. */
static char *read_text(
    const struct wi_load *load, const char *file, size_t *size, struct wi_error *error)
{
    struct stat st;
    int fd = open_inside(load, file, &st, error);
    char *text = NULL;
    size_t used = 0;
    ssize_t n = 0;

    if (fd < 0)
        return NULL;
    if (st.st_size > WI_SPEC_MAX) {
        wi_error_set(error, WI_MODEL_INVALID, file, "%s is larger than 1 MiB", file);
    } else {
        text = wi_alloc((size_t)st.st_size + 1);
        while (
            used < (size_t)st.st_size && (n = read(fd, text + used, (size_t)st.st_size - used)) > 0)
            used += (size_t)n;
        *size = used;
        if (n < 0) {
            wi_error_set(
                error, WI_MODEL_INVALID, file, "%s cannot be read: %s", file, strerror(errno));
            free(text);
            text = NULL;
        }
    }
    close(fd);
    return text;
}

static char *read_labels(void *context, const char *name, struct wi_error *error)
{
    struct wi_load *load = context;
    size_t size;
    char *text;

    look_at(load->directory, load->name, name, &load->files.labels);
    text = read_text(load, name, &size, error);

    if (!text && error->code == WI_MODEL_NOT_FOUND)
        wi_error_set(error, WI_MODEL_INVALID, "labels_file",
            "model.json: labels_file: there is no %s in the model's folder", name);
    if (text && strlen(text) != size) {
        wi_error_set(error, WI_MODEL_INVALID, "labels_file", "%s has a NUL byte", name);
        free(text);
        return NULL;
    }
    return text;
}

static enum wi_code hash_file(struct wi_load *load)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    unsigned char *chunk = wi_alloc(CHUNK), hash[WI_HASH_SIZE];
    off_t at = 0;
    ssize_t n = 0;
    int good = context && EVP_DigestInit_ex(context, EVP_sha256(), NULL);

    while (good && at < load->size && !atomic_load(&load->stop)) {
        n = pread(load->fd, chunk, CHUNK, at);
        if (n <= 0)
            break;
        good = EVP_DigestUpdate(context, chunk, (size_t)n);
        at += n;
    }
    good = good && EVP_DigestFinal_ex(context, hash, NULL);
    EVP_MD_CTX_free(context);
    free(chunk);
    if (atomic_load(&load->stop))
        return wi_error_set(&load->error, WI_UNAVAILABLE, "", "the store is closing");
    if (!good || at < load->size)
        return wi_error_set(&load->error, WI_MODEL_INVALID, "model.onnx",
            "model.onnx cannot be read at byte %jd: %s", (intmax_t)at,
            n < 0 ? strerror(errno) : "it has become shorter");
    wi_hash_hex(hash, load->hash);
    return WI_OK;
}

static enum wi_code read_spec(struct wi_load *load)
{
    size_t size;
    char *text;
    enum wi_code code;

    if (load->files.spec.inode == 0)
        return WI_OK;
    text = read_text(load, "model.json", &size, &load->error);
    if (!text)
        return load->error.code;
    code = wi_spec_read(text, size, &load->signature, read_labels, load, &load->spec, &load->error);
    free(text);
    return code == WI_OK ? WI_OK : load->error.code;
}

static void drop_results(struct wi_load *load)
{
    if (load->fd >= 0)
        close(load->fd);
    load->fd = -1;
    wi_onnx_clear(&load->signature);
    wi_spec_clear(&load->spec);
}

static enum wi_code read_once(struct wi_load *load)
{
    struct stat st;
    enum wi_code code;

    wi_load_look(load->directory, load->name, NULL, &load->files);
    load->fd = open_inside(load, "model.onnx", &st, &load->error);
    if (load->fd < 0)
        return load->error.code;
    load->size = st.st_size;
    if (load->size > max_model_size)
        return wi_error_set(&load->error, WI_MODEL_INVALID, "model.onnx",
            "model.onnx has %jd bytes; an ONNX file has at most 2 GiB, and weights in files of "
            "their own are not supported",
            (intmax_t)load->size);
    code = wi_onnx_read_file(load->fd, (uint64_t)load->size, &load->signature, &load->error);
    if (code == WI_OK)
        code = hash_file(load);
    return code == WI_OK ? read_spec(load) : code;
}

/* Reads until the files were the same before and after, so that hash, signature and model.json
 * belong together. */
void wi_load_run(struct wi_load *load)
{
    struct wi_load_files after;

    for (int i = 0; i < TRIES; i++) {
        load->code = read_once(load);
        if (load->code == WI_UNAVAILABLE)
            return;
        if (wi_load_look(load->directory, load->name, load->spec.labels_file, &after) < 0)
            memset(&after, 0, sizeof(after));
        if (memcmp(&load->files, &after, sizeof(after)) == 0)
            return;
        drop_results(load);
    }
    memset(&load->files, 0, sizeof(load->files));
    load->code = wi_error_set(&load->error, WI_MODEL_INVALID, "model.onnx",
        "the model's files change while they are read; write to another name and rename");
}

struct wi_load *wi_load_new(const char *directory, const char *name)
{
    struct wi_load *load = wi_alloc(sizeof(*load));

    load->directory = wi_strdup(directory);
    load->name = wi_strdup(name);
    load->fd = -1;
    return load;
}

void wi_load_free(struct wi_load *load)
{
    if (!load)
        return;
    drop_results(load);
    free(load->directory);
    free(load->name);
    free(load);
}
