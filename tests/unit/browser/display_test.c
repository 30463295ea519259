/* Tidying up after a killed X server touches only what was its own. */
#include "../test.h"

#include "browser/display.h"
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* No X server has so high a number. */
#define LOCK "/tmp/.X65009-lock"

static char directory[] = "/tmp/webinfer-display-XXXXXX";

static void write_text(const char *path, const char *format, int first, int second)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    fprintf(file, format, first, second);
    fclose(file);
}

static void note(int number, int pid)
{
    char path[64];

    snprintf(path, sizeof(path), "%s/run/display", directory);
    write_text(path, "%d %d\n", number, pid);
}

static int dead_pid(void)
{
    pid_t pid = fork();

    if (pid == 0)
        _exit(0);
    waitpid(pid, NULL, 0);
    return pid;
}

static void removes_the_lock_of_a_dead_server(void **state)
{
    int pid = dead_pid();

    note(65009, pid);
    write_text(LOCK, "%10d\n", pid, 0);
    wi_display_tidy(directory);
    assert_int_not_equal(access(LOCK, F_OK), 0);
    wi_display_tidy(directory); /* nothing is there any more */
}

static void leaves_what_is_another_servers_or_alive(void **state)
{
    note(65009, dead_pid());
    write_text(LOCK, "%10d\n", getpid(), 0);
    wi_display_tidy(directory);
    assert_int_equal(access(LOCK, F_OK), 0);
    note(65009, getpid());
    wi_display_tidy(directory);
    assert_int_equal(access(LOCK, F_OK), 0);
    note(-1, getpid());
    wi_display_tidy(directory);
    wi_display_tidy("/nonexistent");
    unlink(LOCK);
}

static int make_directory(void **state)
{
    char path[64];

    if (!mkdtemp(directory))
        return -1;
    snprintf(path, sizeof(path), "%s/run", directory);
    return mkdir(path, 0700);
}

static int remove_directory(void **state)
{
    char path[64];

    snprintf(path, sizeof(path), "%s/run/display", directory);
    unlink(path);
    snprintf(path, sizeof(path), "%s/run", directory);
    rmdir(path);
    return rmdir(directory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(removes_the_lock_of_a_dead_server),
        cmocka_unit_test(leaves_what_is_another_servers_or_alive),
    };

    return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
