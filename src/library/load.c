/*
 * Reading a model from disk: what its folder is, then file by file. All is looked at before and
 * after, so that hashes, signature and model.json belong together.
 */
#include "library/load.h"

#include "base/clock.h"
#include "base/descriptors.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/secret.h"
#include "library/folder.h"
#include "library/versions.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { CHUNK = 256 * 1024, TRIES = 3 };

/* The limit of protobuf, and with it of an ONNX graph. Weights in files of their own have none. */
static const uint64_t max_graph = INT32_MAX;

/* --- files ------------------------------------------------------------------------------------ */

static enum wi_code hash_bytes(struct wi_load *load, struct wi_model_file *file, int fd)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    unsigned char *chunk = wi_alloc(CHUNK), hash[WI_HASH_SIZE];
    uint64_t at = 0;
    ssize_t n = 0;
    int good = context && EVP_DigestInit_ex(context, EVP_sha256(), NULL);
    while (good && at < file->bytes && !atomic_load(&load->stop)) {
        n = pread(fd, chunk, CHUNK, (off_t)at);
        if (n <= 0)
            break;
        good = EVP_DigestUpdate(context, chunk, (size_t)n);
        at += (uint64_t)n;
    }
    good = good && EVP_DigestFinal_ex(context, hash, NULL);
    EVP_MD_CTX_free(context);
    free(chunk);
    if (!good || at < file->bytes)
        return wi_error_set(&load->error, WI_MODEL_INVALID, file->path,
            "%.200s cannot be read at byte %" PRIu64 ": %s", file->path, at,
            n < 0 ? strerror(errno) : "it has become shorter");
    wi_hash_hex(hash, file->hash);
    return WI_OK;
}

static enum wi_code hash_file(struct wi_load *load, struct wi_model_file *file, int fd)
{
    if (wi_hash_cache_get(load->cache, &file->identity, file->hash)) {
        load->known_bytes += file->bytes;
        return WI_OK;
    }
    enum wi_code code = hash_bytes(load, file, fd);
    if (code != WI_OK)
        return code;
    struct wi_model_file *note = wi_manifest_add(&load->hashed, file->path);
    note->identity = file->identity;
    memcpy(note->hash, file->hash, sizeof note->hash);
    load->hashed_bytes += file->bytes;
    return WI_OK;
}

/* A clone without Git LFS has a few lines of text in the place of each large file. */
static enum wi_code check_content(struct wi_load *load, const char *path, int fd)
{
    unsigned char head[WI_GUESS_BYTES];
    ssize_t n = pread(fd, head, sizeof head, 0);
    if (n < (ssize_t)sizeof head || !wi_guess_is_pointer(head, (size_t)n))
        return WI_OK;
    return wi_error_set(&load->error, WI_MODEL_INVALID, path, "%.200s: " WI_GUESS_POINTER, path);
}

/* Adds a file of the folder, which was looked at, to the manifest and hashes it. */
static enum wi_code add_file(struct wi_load *load, const char *within, const char *path, int keep)
{
    struct stat status;
    int fd = wi_open_inside(within, load->folder, path, &status, &load->error);
    if (fd < 0)
        return load->error.code;
    if (check_content(load, path, fd) != WI_OK) {
        close(fd);
        return load->error.code;
    }
    struct wi_model_file *file = wi_manifest_add(&load->manifest, path);
    file->bytes = (uint64_t)status.st_size;
    file->identity = wi_file_identity_of(&status);
    enum wi_code code = hash_file(load, file, fd);
    if (keep && load->manifest.count <= WI_MANIFEST_OPEN_MAX)
        wi_manifest_keep_open(&load->manifest, fd);
    else
        close(fd);
    return code;
}

/* --- onnx ------------------------------------------------------------------------------------- */

static char *read_labels(void *context, const char *name, struct wi_error *error)
{
    struct wi_load *load = context;
    const struct wi_folder_view view = wi_folder_view(load->directory, load->folder);
    size_t size;
    wi_looks_add(&load->looks, load->folder, name);
    char *text = wi_view_read(&view.view, name, WI_VIEW_STORE, WI_SPEC_MAX, &size, error);
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

/* model.json is a file like the others, of which the contents count too. */
static enum wi_code read_spec(struct wi_load *load)
{
    const struct wi_folder_view view = wi_folder_view(load->directory, load->folder);
    size_t size;
    if (!wi_looks_add(&load->looks, load->folder, "model.json"))
        return WI_OK;
    char *text =
        wi_view_read(&view.view, "model.json", WI_VIEW_STORE, WI_SPEC_MAX, &size, &load->error);
    if (!text)
        return load->error.code;
    enum wi_code code = add_file(load, load->directory, "model.json", 0); /* no page asks for it */
    if (code == WI_OK)
        code = wi_spec_read(
            text, size, &load->signature, read_labels, load, &load->spec, &load->error);
    free(text);
    return code;
}

/* The files that tensors are kept in, each as long as its tensors say. */
static enum wi_code read_externals(struct wi_load *load)
{
    enum wi_code code = WI_OK;
    for (const struct wi_onnx_external *external = load->signature.externals;
         external && code == WI_OK; external = external->hh.next) {
        wi_looks_add(&load->looks, load->folder, external->path);
        code = add_file(load, load->folder, external->path, 1);
        if (code == WI_MODEL_NOT_FOUND)
            code = wi_error_set(&load->error, WI_MODEL_INVALID, external->path,
                "model.onnx keeps tensors in %.200s, which is not in the model's folder",
                external->path);
        const struct wi_model_file *file = &load->manifest.files[load->manifest.count - 1];
        if (code == WI_OK && file->bytes < external->least)
            code = wi_error_set(&load->error, WI_MODEL_INVALID, external->path,
                "%.200s has %" PRIu64
                " bytes, but model.onnx has tensors there up to byte %" PRIu64,
                external->path, file->bytes, external->least);
    }
    return code;
}

static enum wi_code read_onnx(struct wi_load *load)
{
    const struct wi_folder_view view = wi_folder_view(load->directory, load->folder);
    uint64_t bytes;
    wi_looks_add(&load->looks, load->folder, "model.onnx");
    int fd = view.view.open(&view.view, "model.onnx", WI_VIEW_STORE, &bytes, &load->error);
    if (fd < 0)
        return load->error.code;
    enum wi_code code = WI_OK;
    if (bytes > max_graph)
        code = wi_error_set(&load->error, WI_MODEL_INVALID, "model.onnx",
            "model.onnx has %" PRIu64 " bytes; an ONNX file has at most 2 GiB: save its weights "
            "as external data, in files of their own",
            bytes);
    if (code == WI_OK)
        code = wi_onnx_read_file(fd, bytes, &load->stop, &load->signature, &load->error);
    close(fd);
    if (code == WI_OK)
        code = add_file(load, load->directory, "model.onnx", 1);
    if (code == WI_OK)
        code = read_externals(load);
    return code == WI_OK ? read_spec(load) : code;
}

/* --- formats of several files ----------------------------------------------------------------- */

/* The variants that there are, as far as there is room. */
static void allow_variants(struct wi_load *load, int base_length)
{
    char text[sizeof load->error.allowed] = "";
    size_t used = 0;
    for (size_t i = 0; i < load->variants.count; i++) {
        const char *name = load->variants.items[i].name;
        if (used + (size_t)base_length + strlen(name) + sizeof ", :" > sizeof text)
            break;
        used += (size_t)sprintf(
            text + used, "%s%.*s:%s", used ? ", " : "", base_length, load->name, name);
    }
    if (used)
        wi_error_allow(&load->error, "%s", text);
}

static enum wi_code no_variant(struct wi_load *load, const char *wanted, int base_length)
{
    if (wanted) {
        wi_error_set(&load->error, WI_MODEL_NOT_FOUND, "model_name",
            "the model %.*s has no variant %.128s", base_length, load->name, wanted);
        allow_variants(load, base_length);
    } else {
        wi_error_set(&load->error, WI_MODEL_INVALID, "model_name",
            "%.*s has no whole set of files: parts of a split file are missing", base_length,
            load->name);
    }
    return load->error.code;
}

/* What the files say of the model's type comes before what its name says. */
static enum wi_code read_huggingface(struct wi_load *load, const struct wi_variant *variant)
{
    const struct wi_folder_view view = wi_folder_view(load->directory, load->folder);
    const struct wi_huggingface_folder folder = {
        .name = load->name, .files = &variant->files, .view = &view.view};
    enum wi_code code = wi_huggingface_read(&folder, &load->huggingface, &load->error);
    load->spec.type = load->huggingface.type;
    load->spec.has_type = load->spec.type != WI_TYPE_UNKNOWN;
    return code;
}

/* The head of one GGUF file: `index` of `count` in its set, or a projector. */
static enum wi_code read_gguf_file(
    struct wi_load *load, const char *path, size_t index, size_t count)
{
    const struct wi_folder_view view = wi_folder_view(load->directory, load->folder);
    struct wi_gguf_info part = {0};
    int projector = wi_variants_is_projector(path);
    uint64_t bytes;
    int fd = view.view.open(&view.view, path, WI_VIEW_MODEL, &bytes, &load->error);
    if (fd < 0)
        return load->error.code;
    enum wi_code code = wi_gguf_read_file(fd, bytes, path,
        projector    ? WI_GGUF_PROJECTOR
        : index == 0 ? WI_GGUF_MODEL
                     : WI_GGUF_PART,
        &part, &load->error);
    close(fd);
    if (code == WI_OK && !projector && index == 0)
        load->gguf = part;
    if (code == WI_OK && !projector)
        code = wi_gguf_join(
            &load->gguf, index == 0 ? &load->gguf : &part, path, index, count, &load->error);
    return code;
}

/* Before anything is hashed, so that what is no model is refused at once. */
static enum wi_code read_gguf(struct wi_load *load, const struct wi_variant *variant)
{
    size_t projectors = 0, index = 0;
    enum wi_code code = WI_OK;
    for (size_t i = 0; i < variant->files.count; i++)
        projectors += wi_variants_is_projector(variant->files.items[i]) != 0;
    for (size_t i = 0; i < variant->files.count && code == WI_OK; i++) {
        const char *path = variant->files.items[i];
        code = read_gguf_file(load, path, index, variant->files.count - projectors);
        index += !wi_variants_is_projector(path);
    }
    if (code != WI_OK)
        return code;
    if (load->gguf.tensor_count == 0)
        return wi_error_set(&load->error, WI_MODEL_INVALID, variant->files.items[0],
            "%.200s has no weights; fetch or convert the model again", variant->files.items[0]);
    load->spec.has_type = 1;
    load->spec.type = wi_gguf_model_type(&load->gguf);
    if (projectors > 0 && load->spec.type == WI_TYPE_TEXT_GENERATION)
        load->spec.type = WI_TYPE_MULTIMODAL;
    return WI_OK;
}

/* What the operators of a folder's graph say of comparing its answers. A graph that cannot be read
 * is the page's to refuse. */
static enum wi_code read_graph(struct wi_load *load, const char *path)
{
    struct wi_onnx_signature graph = {0};
    struct wi_error ignored;
    const struct wi_folder_view view = wi_folder_view(load->directory, load->folder);
    uint64_t bytes;
    int fd = view.view.open(&view.view, path, WI_VIEW_MODEL, &bytes, &load->error);
    if (fd < 0)
        return load->error.code;
    wi_onnx_read_file(fd, bytes, &load->stop, &graph, &ignored);
    close(fd);
    if (!*load->signature.random)
        memcpy(load->signature.random, graph.random, sizeof load->signature.random);
    load->signature.quantised |= graph.quantised;
    wi_onnx_clear(&graph);
    return WI_OK;
}

static enum wi_code read_graphs(struct wi_load *load, const struct wi_variant *variant)
{
    enum wi_code code = WI_OK;
    for (size_t i = 0; i < variant->files.count && code == WI_OK; i++) {
        const char *path = variant->files.items[i], *end = strrchr(path, '.');
        if (end && strcmp(end, ".onnx") == 0)
            code = read_graph(load, path);
    }
    return code;
}

static enum wi_code read_variant(struct wi_load *load, const struct wi_variant *variant)
{
    enum wi_code code;
    load->variant = wi_strdup(variant->name);
    for (size_t i = 0; i < variant->files.count; i++)
        wi_looks_add(&load->looks, load->folder, variant->files.items[i]);
    code =
        load->format == WI_FORMAT_GGUF ? read_gguf(load, variant) : read_huggingface(load, variant);
    for (size_t i = 0; i < variant->files.count && code == WI_OK; i++)
        code = add_file(load, load->folder, variant->files.items[i], 0);
    if (code == WI_OK && load->format == WI_FORMAT_HUGGINGFACE)
        code = read_graphs(load, variant);
    return code;
}

static enum wi_code read_folder(
    struct wi_load *load, struct wi_folder *folder, const char *wanted, int base_length)
{
    for (size_t i = 0; i < folder->folders.count; i++)
        wi_looks_add(&load->looks, load->folder, folder->folders.items[i]);
    if (folder->too_many)
        return wi_error_set(&load->error, WI_MODEL_INVALID, "model_name",
            "%.*s has more than %d files; a model may have that many", base_length, load->name,
            WI_MODEL_FILES_MAX);
    if (wi_check_inside(load->directory, load->folder, &load->error) != WI_OK)
        return load->error.code;
    wi_variants_find(folder->format, folder->files, folder->count, &load->variants);
    const struct wi_variant *variant = wi_variants_get(&load->variants, wanted);
    return variant ? read_variant(load, variant) : no_variant(load, wanted, base_length);
}

/* --- the whole -------------------------------------------------------------------------------- */

static void drop_results(struct wi_load *load)
{
    wi_looks_clear(&load->looks);
    wi_source_clear(&load->source);
    wi_manifest_clear(&load->manifest);
    wi_manifest_clear(&load->hashed);
    wi_variants_clear(&load->variants);
    wi_onnx_clear(&load->signature);
    wi_spec_clear(&load->spec);
    load->gguf = (struct wi_gguf_info){0};
    free(load->variant);
    load->variant = NULL;
    load->hashed_bytes = load->known_bytes = 0;
}

/* The folder is the one that the name leads to now, so that all files are of one version, and of
 * the same one later, when the name leads on. */
static enum wi_code choose_folder(struct wi_load *load)
{
    char *name = wi_strndup(load->name, strcspn(load->name, ":"));
    enum wi_code code = WI_OK;
    free(load->folder);
    load->folder = wi_strdup(load->staged);
    if (load->staged)
        load->version = 0;
    else if (wi_versions_find(load->directory, name, &load->version) != 0)
        code = wi_cannot_open("the model's folder", &load->error);
    if (load->version) {
        wi_looks_add(&load->looks, load->directory, name);
        load->folder = wi_versions_folder(load->directory, name, load->version);
        int folder = open(load->folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (folder >= 0) {
            wi_source_read(folder, &load->source);
            close(folder);
        }
    } else if (!load->staged) {
        load->folder = wi_sprintf("%s/%s", load->directory, name);
    }
    free(name);
    return code;
}

static enum wi_code read_once(struct wi_load *load)
{
    load->error = (struct wi_error){0};
    if (choose_folder(load) != WI_OK)
        return load->error.code;
    int base_length = (int)strcspn(load->name, ":");
    const char *wanted = load->name[base_length] ? load->name + base_length + 1 : NULL;
    struct wi_folder folder = {0};
    enum wi_code code;
    int found = wi_folder_read(load->folder, &folder) == 0;
    load->format = found ? folder.format : WI_FORMAT_COUNT;
    if (!found && !wi_is_missing(errno))
        code = wi_cannot_open("the model's folder", &load->error);
    else if (load->format == WI_FORMAT_COUNT)
        code = wi_error_set(
            &load->error, WI_MODEL_NOT_FOUND, "model_name", "there is no model %.160s", load->name);
    else if (folder.format == WI_FORMAT_ONNX && wanted)
        code = wi_error_set(&load->error, WI_MODEL_NOT_FOUND, "model_name",
            "the model %.*s has no variants", base_length, load->name);
    else if (folder.format == WI_FORMAT_ONNX)
        code = read_onnx(load);
    else
        code = read_folder(load, &folder, wanted, base_length);
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
    for (int i = 0; i < TRIES; i++) {
        load->code = read_once(load);
        if (atomic_load(&load->stop))
            load->code = wi_error_set(&load->error, WI_UNAVAILABLE, "", "the store is closing");
        if (load->code == WI_UNAVAILABLE || load->looks.count == 0 || wi_looks_hold(&load->looks))
            return;
        drop_results(load);
    }
    load->code = wi_error_set(&load->error, WI_MODEL_INVALID, "model.onnx",
        "the model's files change while they are read; write to another name and rename");
}

struct wi_load *wi_load_new(const char *directory, const char *name, struct wi_hash_cache *cache)
{
    struct wi_load *load = wi_alloc(sizeof *load);
    load->directory = wi_strdup(directory);
    load->name = wi_strdup(name);
    load->cache = cache;
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
    free(load);
}
