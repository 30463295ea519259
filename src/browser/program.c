/*
 * Finding programs as a shell would, so that a missing one can be named before anything is started.
 */
#include "browser/program.h"

#include "base/memory.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

const char *wi_program_path(void)
{
    const char *path = getenv("PATH");

    return path && *path ? path : "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
}

static int program_runs(const char *path)
{
    struct stat info;

    return stat(path, &info) == 0 && S_ISREG(info.st_mode) && access(path, X_OK) == 0;
}

char *wi_program_find(const char *name)
{
    const char *start, *end;

    if (strchr(name, '/'))
        return program_runs(name) ? wi_strdup(name) : NULL;
    for (start = wi_program_path(); *start; start = *end ? end + 1 : end) {
        end = strchrnul(start, ':');
        /* Relative entries would depend on the working directory: not for a daemon. */
        if (*start != '/')
            continue;
        char *path = wi_sprintf("%.*s/%s", (int)(end - start), start, name);
        if (program_runs(path))
            return path;
        free(path);
    }
    return NULL;
}

void wi_helper_find(const char *name, char path[WI_HELPER_PATH_SIZE])
{
    /* Below the program's own folder in a build tree, else below its parent in a tree that was
     * installed at another place than configured (DESTDIR, an unpacked archive). */
    static const char *const folders[] = {"", "/libexec/webinfer"};
    char self[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);

    for (size_t i = 0; length > 0 && i < sizeof folders / sizeof *folders; i++) {
        self[length] = '\0';
        length = strrchr(self, '/') - self;
        self[length] = '\0';
        snprintf(path, WI_HELPER_PATH_SIZE, "%s%s/%s", self, folders[i], name);
        if (access(path, X_OK) == 0)
            return;
    }
    snprintf(path, WI_HELPER_PATH_SIZE, "%s/%s", WI_LIBEXECDIR, name);
}

void wi_lifeline_find(char path[WI_HELPER_PATH_SIZE])
{
    wi_helper_find("webinfer-lifeline", path);
}
