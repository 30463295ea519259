/* Files that commands read whole. */
#include "../test.h"

#include "cli/cli.h"
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Longer than what is read at a time. */
enum { SIZE = 200000 };

static char path[] = "/tmp/webinfer-cli-XXXXXX";

static int set_up(void **state)
{
    strcpy(path + strlen(path) - 6, "XXXXXX");
    int fd = mkstemp(path), failed = fd < 0;
    for (int i = 0; i < SIZE && !failed; i += 4)
        failed = write(fd, &i, 4) != 4;
    return failed || close(fd) != 0 ? -1 : 0;
}

static int tear_down(void **state)
{
    return unlink(path);
}

FIXTURE(set_up, tear_down)

TEST(a_file_is_read_whole)
{
    size_t size;
    struct wi_error error = {0};
    char *bytes = wi_cli_read_file(path, SIZE, &size, &error);
    assert_non_null(bytes);
    assert_int_equal(size, SIZE);
    for (int i = 0; i < SIZE; i += 4)
        assert_memory_equal(bytes + i, &i, 4);
    free(bytes);
}

TEST(an_id_is_what_the_service_accepts_as_one_and_no_step_in_a_path)
{
    static const char *const good[] = {"run-1", ".hidden", "...", "a.b_C-9"};
    static const char *const bad[] = {NULL, "", ".", "..", "a/b", "a b", "../x", "%2e"};

    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_true(wi_cli_is_id(good[i]));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(wi_cli_is_id(bad[i]));
}

TEST(a_file_that_is_too_large_is_refused)
{
    size_t size;
    struct wi_error error = {0};
    assert_null(wi_cli_read_file(path, SIZE - 1, &size, &error));
    assert_int_equal(error.code, WI_BAD_REQUEST);
    assert_non_null(strstr(error.detail, "more than the 199999 bytes"));
}
