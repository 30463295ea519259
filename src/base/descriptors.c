/* See descriptors.h. */
#include "base/descriptors.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#define LIMIT_WANTED 65536

void wi_descriptors_raise(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= LIMIT_WANTED)
        return;
    limit.rlim_cur = limit.rlim_max < LIMIT_WANTED ? limit.rlim_max : LIMIT_WANTED;
    setrlimit(RLIMIT_NOFILE, &limit);
}

int wi_descriptors_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur > INT_MAX)
        return INT_MAX;
    return (int)limit.rlim_cur;
}

static int highest_of(int limit, unsigned reserve)
{
    unsigned quarter = (unsigned)limit / 4;
    return limit - 1 - (int)(quarter < reserve ? quarter : reserve);
}

int wi_descriptors_highest(unsigned reserve)
{
    return highest_of(wi_descriptors_limit(), reserve);
}

int wi_descriptors_needed(int next, unsigned reserve, int room)
{
    int first = next == INT_MAX ? wi_descriptors_limit() : next, limit = first;
    while (highest_of(limit, reserve) - first < room)
        limit++;
    return limit;
}

const char *wi_descriptors_advice(char text[WI_DESCRIPTORS_ADVICE_SIZE])
{
    snprintf(text, WI_DESCRIPTORS_ADVICE_SIZE,
        "at most %d files may be open; raise that limit (LimitNOFILE=, ulimit -n)",
        wi_descriptors_limit());
    return text;
}

int wi_write_all(int fd, const void *bytes, size_t size)
{
    const char *left = bytes;
    while (size > 0) {
        ssize_t put = write(fd, left, size);
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return -1;
        left += put;
        size -= (size_t)put;
    }
    return 0;
}

ssize_t wi_read_all(int fd, void *bytes, size_t size, uint64_t at)
{
    size_t got = 0;
    while (got < size) {
        ssize_t n = pread(fd, (char *)bytes + got, size - got, (off_t)(at + got));
        if (n < 0 && errno != EINTR)
            return -1;
        if (n == 0)
            break;
        got += n > 0 ? (size_t)n : 0;
    }
    return (ssize_t)got;
}

void wi_close(int fd)
{
    int why = errno;
    if (fd >= 0)
        close(fd);
    errno = why;
}

int wi_descriptors_next(void)
{
    int fd = open("/", O_PATH | O_CLOEXEC);
    if (fd < 0)
        return INT_MAX;
    close(fd);
    return fd;
}
