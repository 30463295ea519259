/* Looks for our helper programs; the daemon and `webinfer doctor` start browsers under them. */
#include "browser/lifeline.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

void wi_helper_find(const char *name, char path[WI_HELPER_PATH_SIZE])
{
    char self[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);

    if (length > 0) {
        self[length] = '\0';
        *strrchr(self, '/') = '\0';
        snprintf(path, WI_HELPER_PATH_SIZE, "%s/%s", self, name);
        if (access(path, X_OK) == 0)
            return;
    }
    snprintf(path, WI_HELPER_PATH_SIZE, "%s/%s", WI_LIBEXECDIR, name);
}

void wi_lifeline_find(char path[WI_HELPER_PATH_SIZE])
{
    wi_helper_find("webinfer-lifeline", path);
}
