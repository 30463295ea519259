/* See streams.h. */
#include "base/streams.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void wi_streams_keep(void)
{
    /* In this order: open gives the lowest number that is free. Each is opened the wrong way round,
     * so that it can be neither read nor written. */
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (fcntl(fd, F_GETFD) < 0 && errno == EBADF &&
            open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) != fd)
            abort(); /* nothing could be trusted to go where it is meant */
}

int wi_streams_end(const char *program)
{
    errno = 0;
    if (fflush(stdout) == 0 && !ferror(stdout))
        return 0;
    /* An earlier failure has left no errno. */
    fprintf(stderr, "%s: standard output: %s\n", program,
        errno ? strerror(errno) : "not all of it could be written");
    return -1;
}
