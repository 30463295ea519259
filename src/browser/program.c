/*
 * Finding programs as a shell would, so that a missing one can be named before anything is started.
 */
#include "browser/program.h"

#include "base/memory.h"
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
        char *path;
        end = strchrnul(start, ':');
        /* Relative entries would depend on the working directory: not for a daemon. */
        if (*start != '/')
            continue;
        path = wi_sprintf("%.*s/%s", (int)(end - start), start, name);
        if (program_runs(path))
            return path;
        free(path);
    }
    return NULL;
}
