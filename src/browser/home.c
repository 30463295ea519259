/* A session's directory. */
#include "browser/home.h"
#include "base/descriptors.h"
#include "base/memory.h"
#include "browser/family_private.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

char *wi_home_make(struct wi_instance *instance, const char *session_id, struct wi_error *error)
{
    char *directory;
    char name[16];

    /* Short, because sockets' paths are: see browser/instance.c. */
    snprintf(name, sizeof name, "s-%.8s", session_id + strlen(session_id) - 8);
    directory = wi_instance_make(instance, name, error);
    for (const char *const *folder = wi_launch_folders; directory && *folder; folder++) {
        char *relative = wi_sprintf("%s/%s", name, *folder);
        char *path = wi_instance_make(instance, relative, error);
        free(relative);
        if (!path) {
            free(directory);
            directory = NULL;
        }
        free(path);
    }
    return directory;
}

static enum wi_code write_file(const char *path, const char *text, struct wi_error *error)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    enum wi_code code = WI_OK;

    if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
        code =
            wi_error_set(error, WI_UNAVAILABLE, "", "cannot write %s: %s", path, strerror(errno));
    wi_close(fd);
    return code;
}

enum wi_code wi_home_write(
    const char *directory, const struct wi_launch *launch, struct wi_error *error)
{
    enum wi_code code = WI_OK;

    for (size_t i = 0; code == WI_OK && i < launch->file_count; i++) {
        char *path = wi_sprintf("%s/%s", directory, launch->files[i].path);
        code = write_file(path, launch->files[i].text, error);
        free(path);
    }
    return code;
}

void wi_home_remove(uv_loop_t *loop, const char *directory, wi_remove_fn *done, void *context)
{
    wi_display_tidy(directory);
    wi_remove_tree(loop, directory, done, context);
}

/* --- what an X server leaves in /tmp when it is killed -------------------------------------- */

static int nobody_answers(const struct sockaddr_un *address)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int refused = fd >= 0 && connect(fd, (const struct sockaddr *)address, sizeof *address) != 0 &&
                  errno == ECONNREFUSED;

    wi_close(fd);
    return refused;
}

void wi_display_tidy(const char *directory)
{
    char *note = wi_sprintf("%s/run/display", directory);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    FILE *file = fopen(note, "re");
    int number = -1, pid = -1, count = 0;
    struct stat info;

    free(note);
    if (file) {
        count = fscanf(file, "%d %d", &number, &pid);
        fclose(file);
    }
    if (count != 2 || number < 0 || pid <= 1 || kill(pid, 0) == 0)
        return;
    snprintf(address.sun_path, sizeof address.sun_path, "/tmp/.X11-unix/X%d", number);
    if (lstat(address.sun_path, &info) == 0 && S_ISSOCK(info.st_mode) && info.st_uid == geteuid() &&
        nobody_answers(&address))
        unlink(address.sun_path);
}
