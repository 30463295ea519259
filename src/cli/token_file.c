/* Reading and replacing the tokens file; see token_file.h. */
#include "cli/token_file.h"

#include "base/buffer.h"
#include "base/descriptors.h"
#include "base/memory.h"
#include "base/secret.h"
#include "cli/options.h"
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#define SERVICE_USER "webinfer" /* the user of the packaged service */

struct owner {
    uid_t user;
    gid_t group;
};

static enum wi_code open_folder(struct wi_token_file *file, struct wi_error *error)
{
    const char *slash = strrchr(file->path, '/');
    char *folder = slash == file->path ? wi_strdup("/")
                   : slash             ? wi_strndup(file->path, (size_t)(slash - file->path))
                                       : wi_strdup(".");
    file->_name = slash ? slash + 1 : file->path;
    file->_folder = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    enum wi_code code = WI_OK;
    if (file->_folder < 0 || flock(file->_folder, LOCK_EX) != 0)
        code = wi_cli_refuse(error, "the folder %s cannot be opened: %s", folder, strerror(errno));
    free(folder);
    return code;
}

static enum wi_code check_kind(const struct wi_token_file *file, struct wi_error *error)
{
    if (!S_ISREG(file->_info.st_mode))
        return wi_cli_refuse(error, "%s is not a regular file", file->path);
    if (file->_info.st_mode & 077)
        return wi_cli_refuse(error,
            "%s is open to other users, so the daemon would refuse it; run chmod 600 on it",
            file->path);
    if (file->_info.st_size > WI_API_TOKENS_FILE_MAX)
        return wi_cli_refuse(
            error, "%s is larger than %d bytes", file->path, WI_API_TOKENS_FILE_MAX);
    return WI_OK;
}

static enum wi_code read_all(struct wi_token_file *file, int fd, struct wi_error *error)
{
    size_t size = (size_t)file->_info.st_size;
    file->_text = wi_alloc(size + 1);
    ssize_t got = wi_read_all(fd, file->_text, size, 0);
    file->_size = got > 0 ? (size_t)got : 0;
    if (got < 0)
        return wi_cli_refuse(error, "%s cannot be read: %s", file->path, strerror(errno));
    if (strlen(file->_text) != file->_size)
        return wi_cli_refuse(error, "%s has a NUL byte", file->path);
    char *copy = wi_strdup(file->_text);
    enum wi_code code = wi_api_tokens_parse(&file->tokens, file->path, copy, error);
    free(copy);
    return code;
}

enum wi_code wi_token_file_open(
    struct wi_token_file *file, const char *path, struct wi_error *error)
{
    *file = (struct wi_token_file){.path = path, ._folder = -1};
    enum wi_code code = open_folder(file, error);
    if (code != WI_OK)
        return code;
    int fd = openat(
        file->_folder, file->_name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW | O_NOCTTY);
    if (fd < 0 && errno == ENOENT && *file->_name)
        return WI_OK;
    file->_exists = 1;
    if (fd < 0 || fstat(fd, &file->_info) != 0)
        code = wi_cli_refuse(error, "%s cannot be opened: %s", path, strerror(errno));
    else if ((code = check_kind(file, error)) == WI_OK)
        code = read_all(file, fd, error);
    wi_close(fd);
    return code;
}

void wi_token_file_close(struct wi_token_file *file)
{
    wi_api_tokens_clear(&file->tokens);
    free(file->_text);
    wi_close(file->_folder); /* and unlocks it */
    *file = (struct wi_token_file){._folder = -1};
}

static int find_user(const char *name, struct owner *owner)
{
    const struct passwd *user = getpwnam(name);
    if (!user)
        return -1;
    *owner = (struct owner){user->pw_uid, user->pw_gid};
    return 0;
}

static enum wi_code choose_owner(
    const struct wi_token_file *file, const char *name, struct owner *owner, struct wi_error *error)
{
    struct stat folder;
    *owner = (struct owner){geteuid(), getegid()};
    if (name)
        return find_user(name, owner) == 0
                   ? WI_OK
                   : wi_cli_refuse(error, "there is no user \"%.64s\"", name);
    if (file->_exists) {
        *owner = (struct owner){file->_info.st_uid, file->_info.st_gid};
    } else if (geteuid() == 0) {
        if (fstat(file->_folder, &folder) == 0 && folder.st_uid != 0)
            *owner = (struct owner){folder.st_uid, folder.st_gid};
        else
            (void)find_user(SERVICE_USER, owner);
    }
    return WI_OK;
}

static enum wi_code file_give(
    int fd, const struct owner *owner, const char *path, struct wi_error *error)
{
    struct stat info;
    if (fstat(fd, &info) == 0 && info.st_uid == owner->user && info.st_gid == owner->group)
        return WI_OK;
    if (fchown(fd, owner->user, owner->group) == 0)
        return WI_OK;
    return wi_cli_refuse(error,
        "%s should belong to user id %u, but only root can change its owner: %s", path,
        (unsigned)owner->user, strerror(errno));
}

/* Fills the new file, which is open as `fd`, and replaces the old one with it. */
static enum wi_code file_replace(const struct wi_token_file *file, int fd, const char *name,
    const char *line, const struct owner *owner, struct wi_error *error)
{
    mode_t mode = file->_exists ? file->_info.st_mode & 0777 : 0600;
    struct wi_buffer text = {0};
    if (file->_size > 0)
        wi_buffer_printf(
            &text, "%s%s", file->_text, file->_text[file->_size - 1] == '\n' ? "" : "\n");
    wi_buffer_printf(&text, "%s\n", line);
    enum wi_code code = file_give(fd, owner, file->path, error);
    if (code == WI_OK &&
        (wi_write_all(fd, text.text, text.size) != 0 || fchmod(fd, mode) != 0 || fsync(fd) != 0 ||
            renameat(file->_folder, name, file->_folder, file->_name) != 0))
        code = wi_cli_refuse(error, "%s cannot be written: %s", file->path, strerror(errno));
    wi_buffer_clear(&text);
    return code;
}

enum wi_code wi_token_file_add(
    struct wi_token_file *file, const char *line, const char *owner_name, struct wi_error *error)
{
    struct owner owner;
    char name[WI_ID_SIZE];
    enum wi_code code = choose_owner(file, owner_name, &owner, error);
    if (code != WI_OK)
        return code;
    wi_id_new(name, ".tokens");
    int fd =
        openat(file->_folder, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return wi_cli_refuse(
            error, "no file can be created in the folder of %s: %s", file->path, strerror(errno));
    code = file_replace(file, fd, name, line, &owner, error);
    close(fd);
    if (code != WI_OK) {
        unlinkat(file->_folder, name, 0);
        return code;
    }
    (void)fsync(file->_folder);
    file->owner = owner.user;
    return WI_OK;
}
