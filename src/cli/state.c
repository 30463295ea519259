/* The folder for the client's state; see state.h. */
#include "cli/state.h"

#include "base/file.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* Makes the folder of this absolute path, and missing ones above it. */
static int make_folders(char *path)
{
    for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        int failed = mkdir(path, 0700) != 0 && errno != EEXIST;
        *slash = '/';
        if (failed)
            return -1;
    }
    return mkdir(path, 0700) != 0 && errno != EEXIST ? -1 : 0;
}

char *wi_cli_state_folder(void)
{
    char *folder = wi_state_folder(getenv("HOME"));
    if (folder && make_folders(folder) == 0)
        return folder;
    free(folder);
    return NULL;
}
