/*
 * An X server removes /tmp/.Xn-lock and its socket when it ends, but not when it is killed. The
 * lock holds its process id, so whoever has the number by now is safe from us.
 */
#include "browser/display.h"

#include "base/memory.h"
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static int read_numbers(const char *path, const char *format, int *first, int *second)
{
    FILE *file = fopen(path, "re");
    int count;

    if (!file)
        return 0;
    count = fscanf(file, format, first, second);
    fclose(file);
    return count;
}

void wi_display_tidy(const char *directory)
{
    char *note = wi_sprintf("%s/run/display", directory), lock[32], socket[40];
    int number, pid, holder;

    if (read_numbers(note, "%d %d", &number, &pid) == 2 && number >= 0 && pid > 1) {
        snprintf(lock, sizeof(lock), "/tmp/.X%d-lock", number);
        snprintf(socket, sizeof(socket), "/tmp/.X11-unix/X%d", number);
        if (read_numbers(lock, "%d", &holder, NULL) == 1 && holder == pid && kill(pid, 0) != 0 &&
            errno == ESRCH) {
            unlink(socket);
            unlink(lock);
        }
    }
    free(note);
}
