/* A session's directory. */
#include "browser/home.h"

#include "browser/display.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

char *wi_home_make(struct wi_instance *instance, const char *session_id, struct wi_error *error)
{
    char *directory;
    char name[16];

    /* Short, because sockets' paths are: see browser/instance.c. */
    snprintf(name, sizeof name, "s-%.8s", session_id + strlen(session_id) - 8);
    directory = wi_instance_make(instance, name, error);
    for (const char *const *folder = wi_launch_folders(); directory && *folder; folder++) {
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
    if (fd >= 0)
        close(fd);
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
