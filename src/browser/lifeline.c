/* Looks for our helper programs; the daemon and `webinfer doctor` start browsers under them. */
#include "browser/lifeline.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

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
