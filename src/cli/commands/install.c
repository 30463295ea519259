/* See install.h. The copy gets owner and mode of the models directory, since the daemon that is to
 * read it often runs as another user. */
#include "cli/commands/install.h"

#include "cli/commands/install_copy.h"
#include "library/folder.h"
#include "library/load.h"
#include "library/repository.h"
#include "library/store_path.h"
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct wi_install {
    char *place;    /* where the model goes: DIRECTORY/NAME */
    int directory;  /* open */
    int parent;     /* the folder in which the model goes: the directory, or the owner's in it */
    int copy;       /* the folder of the copy, until that is complete */
    char *owner;    /* NULL: the name has none */
    int made_owner; /* its folder was made for this */
    char *last;     /* of the name */
    char *beside;   /* in `parent`, the copy; once published, what was replaced, if anything */
    int published, exchanged;
    char hash[65];
};

/* --- what is to be copied -------------------------------------------------------------------- */

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

static int ends_with(const char *text, const char *end)
{
    size_t length = strlen(text), size = strlen(end);

    return length > size && strcmp(text + length - size, end) == 0;
}

static enum wi_code look_at_file(const char *path, struct wi_install_source *source)
{
    char *copy = wi_strdup(path), *other = wi_strdup(path);
    const char *file = basename(other);
    int weights = ends_with(file, ".gguf");
    char *stem = wi_strndup(
        file, strlen(file) - (weights || ends_with(file, ".onnx") ? strlen(".onnx") : 0));
    const char *folder = dirname(copy);
    char *real = realpath(folder, NULL);

    source->folder = wi_strdup(folder);
    source->model = wi_strdup(file);
    source->target = wi_strdup(weights ? file : "model.onnx");
    /* "model" says nothing: its folder's name does. */
    source->name = make_name(strcmp(stem, "model") == 0 && real ? basename(real) : stem);
    free(real);
    free(stem);
    free(other);
    free(copy);
    return WI_OK;
}

static enum wi_code look_at_folder(
    const char *path, struct wi_install_source *source, struct wi_error *error)
{
    struct wi_strings found = {0};
    char *real = realpath(path, NULL);
    enum wi_model_format format;
    enum wi_code code = WI_OK;
    int other = wi_folder_format(path, &format) == 0 && format != WI_FORMAT_ONNX;

    wi_copy_list(path, ".onnx", &found);
    source->folder = wi_strdup(path);
    source->whole = 1;
    source->name = make_name(real ? basename(real) : "");
    source->target = wi_strdup(other ? NULL : "model.onnx");
    if (other)
        source->model = NULL;
    else if (wi_strings_contain(&found, "model.onnx"))
        source->model = wi_strdup("model.onnx");
    else if (found.count == 1)
        source->model = wi_strdup(found.items[0]);
    else if (found.count == 0)
        code = wi_error_set(error, WI_BAD_REQUEST, "",
            "%s has no model: there is no file *.onnx in it, no *.gguf, "
            "and no config.json with onnx/*.onnx",
            path);
    else
        code = wi_error_set(error, WI_BAD_REQUEST, "",
            "%s has several models; say which, as in webinfer add %s/%s", path, path,
            found.items[0]);
    wi_strings_clear(&found);
    free(real);
    return code;
}

/* Early, since a copy may take minutes; other formats are looked at once they are there. */
static enum wi_code check_graph(struct wi_install_source *source, struct wi_error *error)
{
    if (!source->target || strcmp(source->target, "model.onnx") != 0)
        return WI_OK;
    char *path = wi_sprintf("%s/%s", source->folder, source->model);
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct wi_onnx_signature signature = {0};
    struct wi_error why = {0};
    struct stat st;
    enum wi_code code;

    if (fd < 0 || fstat(fd, &st) != 0)
        code =
            wi_error_set(error, WI_BAD_REQUEST, "", "%s cannot be read: %s", path, strerror(errno));
    else if (!S_ISREG(st.st_mode))
        code = wi_error_set(error, WI_BAD_REQUEST, "", "%s is no regular file", path);
    else if (wi_onnx_read_file(fd, (uint64_t)st.st_size, NULL, &signature, &why) != WI_OK)
        code = wi_error_set(error, WI_MODEL_INVALID, "", "%.150s: %.340s", path, why.detail);
    else
        code = WI_OK;
    for (const struct wi_onnx_external *external = signature.externals; external;
         external = external->hh.next)
        wi_strings_add(&source->externals, external->path);
    wi_onnx_clear(&signature);
    if (fd >= 0)
        close(fd);
    free(path);
    return code;
}

enum wi_code wi_install_look(
    const char *path, struct wi_install_source *source, struct wi_error *error)
{
    struct stat st;
    enum wi_code code;

    if (stat(path, &st) != 0)
        return wi_error_set(
            error, WI_BAD_REQUEST, "", "%s cannot be read: %s", path, strerror(errno));
    code = S_ISDIR(st.st_mode) ? look_at_folder(path, source, error) : look_at_file(path, source);
    return code == WI_OK ? check_graph(source, error) : code;
}

void wi_install_source_clear(struct wi_install_source *source)
{
    free(source->folder);
    free(source->model);
    free(source->target);
    free(source->name);
    wi_strings_clear(&source->externals);
    *source = (struct wi_install_source){0};
}

/* --- the copy -------------------------------------------------------------------------------- */

/* For a directory that cannot be written: whose it is, and so who can. */
static enum wi_code cannot_write(const char *directory, struct wi_error *error)
{
    int why = errno;
    struct stat st;
    const struct passwd *owner = stat(directory, &st) == 0 ? getpwuid(st.st_uid) : NULL;

    if ((why == EACCES || why == EPERM) && owner)
        return wi_error_set(error, WI_BAD_REQUEST, "",
            "%s cannot be written: %s; run this as the user %s, or as root", directory,
            strerror(why), owner->pw_name);
    if (why == ENOENT)
        return wi_error_set(error, WI_BAD_REQUEST, "",
            "there is no %s on this machine, where the daemon says that its models are; "
            "webinfer add copies on the daemon's own machine, outside of containers",
            directory);
    return wi_error_set(
        error, WI_BAD_REQUEST, "", "%s cannot be written: %s", directory, strerror(why));
}

/* Who may put a link in its place could have root write anywhere: root follows root's alone. */
static int open_directory(const char *directory)
{
    struct stat st;
    int follow =
        geteuid() != 0 || (lstat(directory, &st) == 0 && S_ISLNK(st.st_mode) && st.st_uid == 0);

    return open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC | (follow ? 0 : O_NOFOLLOW));
}

/* The folder for the name's owner, handed over at once: nothing is in it yet. */
static int open_parent(struct wi_install *install, const struct wi_copy_mode *mode)
{
    if (!install->owner)
        return wi_path_open(install->directory, ".");
    int folder = wi_copy_make_folder(install->directory, install->owner);
    if (folder < 0)
        return errno == EEXIST ? wi_path_open(install->directory, install->owner) : -1;
    install->made_owner = 1;
    if (wi_copy_hand_over(folder, mode) == 0)
        return folder;
    close(folder);
    return -1;
}

/* The models directory, which the daemon does not make, and the folders in it. */
static enum wi_code make_folders(struct wi_install *install, const char *directory,
    struct wi_copy_mode *mode, struct wi_error *error)
{
    struct stat st;

    if (mkdir(directory, 0755) != 0 && errno != EEXIST)
        return cannot_write(directory, error);
    install->directory = open_directory(directory);
    if (install->directory < 0 || fstat(install->directory, &st) != 0)
        return cannot_write(directory, error);
    *mode = (struct wi_copy_mode){.mode = st.st_mode & 0777, .uid = st.st_uid, .gid = st.st_gid};
    install->parent = open_parent(install, mode);
    if (install->parent >= 0)
        install->copy = wi_copy_make_folder(install->parent, install->beside);
    return install->copy >= 0 ? WI_OK : cannot_write(directory, error);
}

static enum wi_code copy_one(const struct wi_install *install,
    const struct wi_install_source *source, const char *path, const struct wi_copy_mode *mode,
    struct wi_error *error)
{
    return wi_copy_file(source->folder, source->folder, path, install->copy, path, mode, error);
}

/* A file alone brings along what belongs to it: the files that it keeps tensors in, model.json
 * beside it, and the labels that this names. */
static enum wi_code copy_companions(const struct wi_install *install,
    const struct wi_install_source *source, const struct wi_copy_mode *mode, struct wi_error *error)
{
    char *path = wi_sprintf("%s/model.json", source->folder);
    json_t *spec = json_load_file(path, 0, NULL);
    const char *labels = json_string_value(json_object_get(spec, "labels_file"));
    enum wi_code code = WI_OK;

    for (size_t i = 0; code == WI_OK && i < source->externals.count; i++)
        code = copy_one(install, source, source->externals.items[i], mode, error);
    if (code == WI_OK && access(path, F_OK) == 0)
        code = copy_one(install, source, "model.json", mode, error);
    if (code == WI_OK && labels && !strchr(labels, '/'))
        code = copy_one(install, source, labels, mode, error);
    json_decref(spec);
    free(path);
    return code;
}

static enum wi_code copy(struct wi_install *install, const struct wi_install_source *source,
    const struct wi_copy_mode *mode, struct wi_error *error)
{
    enum wi_code code;

    if (source->whole) {
        code = wi_copy_folder(source->folder, install->copy, source->model, mode, error);
    } else if (strcmp(source->target, "model.onnx") == 0) {
        code = copy_companions(install, source, mode, error);
    } else {
        code = WI_OK;
    }
    if (code == WI_OK && source->model)
        code = wi_copy_file(source->whole ? source->folder : NULL, source->folder, source->model,
            install->copy, source->target, mode, error);
    return code;
}

/* Reads the copy as the daemon will, and gives it to the daemon's user. */
static enum wi_code check_copy(struct wi_install *install, const char *directory,
    const struct wi_copy_mode *mode, struct wi_error *error)
{
    char *name = wi_sprintf(
        "%s%s%s", install->owner ? install->owner : "", install->owner ? "/" : "", install->beside);
    struct wi_load *load = wi_load_new(directory, name, NULL);
    enum wi_code code;

    wi_load_run(load);
    memcpy(install->hash, load->hash, sizeof install->hash);
    code = load->code;
    if (code != WI_OK)
        *error = load->error;
    else if (wi_copy_hand_over(install->copy, mode) != 0)
        code = cannot_write(install->place, error);
    wi_load_free(load);
    free(name);
    return code;
}

struct wi_install *wi_install_new(const struct wi_install_source *source, const char *directory,
    const char *name, struct wi_error *error)
{
    struct wi_install *install = wi_alloc(sizeof *install);
    const char *slash = strchr(name, '/');
    struct wi_copy_mode mode;

    install->directory = install->parent = install->copy = -1;
    install->place = wi_sprintf("%s/%s", directory, name);
    install->owner = slash ? wi_strndup(name, (size_t)(slash - name)) : NULL;
    install->last = wi_strdup(slash ? slash + 1 : name);
    /* The dot keeps it out of the daemon's list; the name is free for whoever else adds now. */
    install->beside = wi_sprintf(".add-%ld", (long)getpid());
    if (make_folders(install, directory, &mode, error) == WI_OK &&
        copy(install, source, &mode, error) == WI_OK &&
        check_copy(install, directory, &mode, error) == WI_OK)
        return install;
    wi_install_free(install);
    return NULL;
}

/* --- putting it in place --------------------------------------------------------------------- */

static enum wi_code is_taken(const char *place, struct wi_error *error)
{
    return wi_error_set(error, WI_CONFLICT, "",
        "%s is there already; --force replaces it, and requests that are under way end with the "
        "old version; --name NAME adds it under another name",
        place);
}

enum wi_code wi_install_check_free(const char *place, struct wi_error *error)
{
    struct stat st;

    return lstat(place, &st) == 0 ? is_taken(place, error) : WI_OK;
}

static enum wi_code cannot_publish(const struct wi_install *install, struct wi_error *error)
{
    if (errno == EEXIST)
        return is_taken(install->place, error);
    return wi_error_set(error, WI_BAD_REQUEST, "", "%s cannot be put in place: %s", install->place,
        strerror(errno));
}

enum wi_code wi_install_publish(struct wi_install *install, int force, struct wi_error *error)
{
    if (wi_copy_move(install->parent, install->beside, install->last) == 0) {
        install->published = 1;
        return WI_OK;
    }
    if (errno != EEXIST || !force)
        return cannot_publish(install, error);
    if (wi_copy_exchange(install->parent, install->beside, install->last) != 0)
        return cannot_publish(install, error);
    install->published = install->exchanged = 1;
    return WI_OK;
}

void wi_install_undo(struct wi_install *install)
{
    int undone;

    if (!install->published)
        return;
    undone = install->exchanged ? wi_copy_exchange(install->parent, install->beside, install->last)
                                : wi_copy_move(install->parent, install->last, install->beside);
    if (undone == 0)
        install->published = install->exchanged = 0;
}

const char *wi_install_hash(const struct wi_install *install)
{
    return install->hash;
}

const char *wi_install_path(const struct wi_install *install)
{
    return install->place;
}

static void close_folder(int fd)
{
    if (fd >= 0)
        close(fd);
}

void wi_install_free(struct wi_install *install)
{
    uint64_t freed = 0;

    if (!install)
        return;
    if (install->copy >= 0 && (!install->published || install->exchanged))
        wi_path_remove(install->parent, install->beside, &freed);
    if (!install->published && install->made_owner) /* unless another model is in it by now */
        unlinkat(install->directory, install->owner, AT_REMOVEDIR);
    close_folder(install->copy);
    close_folder(install->parent);
    close_folder(install->directory);
    free(install->owner);
    free(install->last);
    free(install->beside);
    free(install->place);
    free(install);
}
