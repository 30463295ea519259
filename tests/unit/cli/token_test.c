/* The tokens file: mode, lines, names, and what it refuses. */
#include "../test.h"

#include "../../../src/cli/token.c"

#include "base/memory.h"
#include <stdlib.h>

static char directory[] = "/tmp/webinfer-token-XXXXXX";
static char path[64];

static int set_up(void **state)
{
    strcpy(directory + strlen(directory) - 6, "XXXXXX");
    if (!mkdtemp(directory))
        return -1;
    snprintf(path, sizeof path, "%s/tokens", directory);
    return 0;
}

static int tear_down(void **state)
{
    unlink(path);
    return rmdir(directory);
}

static char *contents(void)
{
    struct wi_error error;
    size_t size;
    char *text = wi_cli_read_file(path, 65536, &size, &error);
    assert_non_null(text);
    return text;
}

static void appends_lines_to_a_private_file(void **state)
{
    struct wi_error error;
    struct stat info;
    char *text;
    assert_int_equal(append(path, "ada", "ada:1", &error), WI_OK);
    assert_int_equal(append(path, "bob", "bob:2", &error), WI_OK);
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
    text = contents();
    assert_string_equal(text, "ada:1\nbob:2\n");
    free(text);
}

static void ends_a_line_that_was_not(void **state)
{
    struct wi_error error;
    char *text;
    int fd = open(path, O_WRONLY | O_CREAT, 0600);
    assert_int_equal(write(fd, "ada:1", 5), 5);
    close(fd);
    assert_int_equal(append(path, "bob", "bob:2", &error), WI_OK);
    text = contents();
    assert_string_equal(text, "ada:1\nbob:2\n");
    free(text);
}

static void refuses_a_name_that_is_there(void **state)
{
    struct wi_error error;
    assert_int_equal(append(path, "ada", "ada:1", &error), WI_OK);
    assert_int_equal(append(path, "ada", "ada:2", &error), WI_BAD_REQUEST);
    assert_non_null(strstr(error.detail, "already"));
    assert_int_equal(append(path, "ad", "ad:2", &error), WI_OK);
}

static void refuses_a_file_open_to_others(void **state)
{
    struct wi_error error;
    close(open(path, O_WRONLY | O_CREAT, 0644));
    chmod(path, 0644);
    assert_int_equal(append(path, "ada", "ada:1", &error), WI_BAD_REQUEST);
    assert_non_null(strstr(error.detail, "chmod 600"));
}

static void refuses_what_is_no_plain_file(void **state)
{
    struct wi_error error;
    assert_int_equal(append("/dev/null", "ada", "ada:1", &error), WI_BAD_REQUEST);
    assert_int_equal(append(directory, "ada", "ada:1", &error), WI_BAD_REQUEST);
    assert_int_equal(symlink("/dev/null", path), 0);
    assert_int_equal(append(path, "ada", "ada:1", &error), WI_BAD_REQUEST);
}

static void checks_names(void **state)
{
    struct wi_error error;
    char longest[NAME_MAX_BYTES + 2];
    memset(longest, 'a', sizeof longest);
    longest[NAME_MAX_BYTES] = '\0';
    assert_int_equal(check_name("ada.lovelace-1_2", &error), WI_OK);
    assert_int_equal(check_name(longest, &error), WI_OK);
    longest[NAME_MAX_BYTES] = 'a';
    longest[NAME_MAX_BYTES + 1] = '\0';
    assert_int_equal(check_name(longest, &error), WI_BAD_REQUEST);
    assert_int_equal(check_name("", &error), WI_BAD_REQUEST);
    assert_int_equal(check_name("a:b", &error), WI_BAD_REQUEST);
    assert_int_equal(check_name("a\nb", &error), WI_BAD_REQUEST);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(appends_lines_to_a_private_file, set_up, tear_down),
        cmocka_unit_test_setup_teardown(ends_a_line_that_was_not, set_up, tear_down),
        cmocka_unit_test_setup_teardown(refuses_a_name_that_is_there, set_up, tear_down),
        cmocka_unit_test_setup_teardown(refuses_a_file_open_to_others, set_up, tear_down),
        cmocka_unit_test_setup_teardown(refuses_what_is_no_plain_file, set_up, tear_down),
        cmocka_unit_test(checks_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
