/* Looks for webinfer-lifeline; the daemon and `webinfer doctor` start browsers under it. */
#include "browser/lifeline.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

void wi_lifeline_find(char path[WI_LIFELINE_PATH_SIZE])
{
    char self[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);

    if (length > 0) {
        self[length] = '\0';
        *strrchr(self, '/') = '\0';
        snprintf(path, WI_LIFELINE_PATH_SIZE, "%s/webinfer-lifeline", self);
        if (access(path, X_OK) == 0)
            return;
    }
    snprintf(path, WI_LIFELINE_PATH_SIZE, "%s/webinfer-lifeline", WI_LIBEXECDIR);
}
