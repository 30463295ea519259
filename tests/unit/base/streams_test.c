/* Standard streams that are closed, and output that cannot be written. Each in a process of its
 * own. */
#include "../test.h"

#include "base/streams.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

/* Whether `program` ends with `status` in a child. */
static void expect_status(int (*program)(int), int argument, int status)
{
    int ended;
    fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0)
        _exit(program(argument));
    assert_int_equal(waitpid(child, &ended, 0), child);
    assert_true(WIFEXITED(ended));
    assert_int_equal(WEXITSTATUS(ended), status);
}

/* Bits: 1, the stream is taken; 2, it can be used; 4, the next file gets another number. */
static int start_without(int stream)
{
    char byte = 0;
    if (stream >= 0)
        close(stream);
    wi_streams_keep();
    int used = stream < 0    ? 0
               : stream == 0 ? read(stream, &byte, 1) >= 0 || errno != EBADF
                             : write(stream, &byte, 1) >= 0 || errno != EBADF;
    int next = open("/dev/null", O_RDONLY);
    return (stream < 0 || fcntl(stream, F_GETFD) >= 0) | used << 1 | (next > STDERR_FILENO) << 2;
}

TEST(a_stream_that_is_closed_is_taken)
{
    for (int stream = -1; stream <= STDERR_FILENO; stream++)
        expect_status(start_without, stream, 1 | 4);
}

/* `what`: nothing is printed, or something, to a device that is full or one that is not. */
static int print(int what)
{
    int fd = open(what & 2 ? "/dev/full" : "/dev/null", O_WRONLY);
    dup2(fd, STDOUT_FILENO);
    dup2(open("/dev/null", O_WRONLY), STDERR_FILENO);
    if (what & 1)
        fputs("text", stdout);
    return wi_streams_end("test") == 0 ? 0 : 7;
}

TEST(what_could_not_be_written_is_a_failure)
{
    expect_status(print, 0, 0);
    expect_status(print, 1, 0);
    expect_status(print, 2, 0);
    expect_status(print, 3, 7);
}

/* A failure from before is not forgotten although there is nothing left to write. */
static int print_and_flush(int what)
{
    print(what);
    return wi_streams_end("test") == 0 ? 0 : 7;
}

TEST(a_failure_is_remembered)
{
    expect_status(print_and_flush, 1, 0);
    expect_status(print_and_flush, 3, 7);
}
