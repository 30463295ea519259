/* Tidying up after a killed X server touches only what was its own. */
#include "../test.h"

#include "browser/home.h"
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

/* No X server has so high a number. */
#define SOCKET "/tmp/.X11-unix/X65009"

static char directory[] = "/tmp/webinfer-display-XXXXXX";

static void note(int number, int pid)
{
    char path[64];
    FILE *file;

    snprintf(path, sizeof path, "%s/run/display", directory);
    file = fopen(path, "w");
    assert_non_null(file);
    fprintf(file, "%d %d\n", number, pid);
    fclose(file);
}

static int dead_pid(void)
{
    pid_t pid = fork();

    if (pid == 0)
        _exit(0);
    waitpid(pid, NULL, 0);
    return pid;
}

/* A socket at SOCKET; closed, it is what a killed server leaves. */
static int make_socket(void)
{
    const struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = SOCKET};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    unlink(SOCKET);
    assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(fd, 1), 0);
    return fd;
}

static int make_directory(void **state)
{
    char path[64];

    if (!mkdtemp(directory))
        return -1;
    mkdir("/tmp/.X11-unix", 01777); /* is there wherever an X server ran */
    snprintf(path, sizeof path, "%s/run", directory);
    return mkdir(path, 0700);
}

static int remove_directory(void **state)
{
    char path[64];

    snprintf(path, sizeof path, "%s/run/display", directory);
    unlink(path);
    snprintf(path, sizeof path, "%s/run", directory);
    rmdir(path);
    return rmdir(directory);
}

GROUP(make_directory, remove_directory)

TEST(removes_the_socket_of_a_dead_server)
{
    note(65009, dead_pid());
    close(make_socket());
    wi_display_tidy(directory);
    assert_int_not_equal(access(SOCKET, F_OK), 0);
    wi_display_tidy(directory); /* nothing is there any more */
}

TEST(leaves_what_answers_or_lives)
{
    int fd = make_socket();

    note(65009, dead_pid());
    wi_display_tidy(directory);
    assert_int_equal(access(SOCKET, F_OK), 0);
    close(fd);
    note(65009, getpid());
    wi_display_tidy(directory);
    assert_int_equal(access(SOCKET, F_OK), 0);
    note(-1, dead_pid());
    wi_display_tidy(directory);
    wi_display_tidy("/nonexistent");
    unlink(SOCKET);
}
