/*
 * An X server removes its socket when it ends, but not when it is killed. (One that looks for a
 * free display by itself makes no lock file.) Where nobody answers, nobody else has the number.
 */
#include "browser/display.h"

#include "base/memory.h"
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static int nobody_answers(const struct sockaddr_un *address)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int refused = fd >= 0 && connect(fd, (const struct sockaddr *)address, sizeof *address) != 0 &&
                  errno == ECONNREFUSED;

    if (fd >= 0)
        close(fd);
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
