/* The configuration's file where there is no memory for its stream. */
#include <errno.h>
#include <stdio.h>

static FILE *open_stream(int fd, const char *mode)
{
    (void)fd;
    (void)mode;
    errno = ENOMEM;
    return NULL;
}

#define fdopen open_stream
#include "settings/config/config_reader.c"
#undef fdopen

#include "../../test.h" /* behind it, since cmocka has a macro of the name of one of its functions */
#include "base/descriptors.h"

TEST(is_told_and_leaves_nothing_open)
{
    struct wi_problems problems = {0};
    int next = wi_descriptors_next();
    config_read_file(NULL, "/dev/null", &problems);
    assert_int_equal(problems.count, 1);
    assert_string_equal(
        problems.items[0].detail, "/dev/null: cannot be opened: Cannot allocate memory");
    assert_int_equal(wi_descriptors_next(), next);
    wi_problems_clear(&problems);
}
