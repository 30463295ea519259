/* How the limit of open files is shared out. */
#include "../test.h"

#include "base/descriptors.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/resource.h>
#include <unistd.h>

static void limit_to(rlim_t most)
{
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = most;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

static int set_up(void **state)
{
    static struct rlimit before;
    getrlimit(RLIMIT_NOFILE, &before);
    *state = &before;
    return 0;
}

static int tear_down(void **state)
{
    return setrlimit(RLIMIT_NOFILE, *state);
}

FIXTURE(set_up, tear_down)

/* The reserve is left, but never more than a quarter. */
TEST(test_highest)
{
    limit_to(400);
    assert_int_equal(wi_descriptors_limit(), 400);
    assert_int_equal(wi_descriptors_highest(0), 399);
    assert_int_equal(wi_descriptors_highest(64), 335);
    assert_int_equal(wi_descriptors_highest(100), 299);
    assert_int_equal(wi_descriptors_highest(70000), 299);
}

/* With that limit there is enough, and with one less there is not. */
TEST(test_needed)
{
    static const unsigned reserves[] = {0, 10, 64, 1200};
    for (size_t i = 0; i < sizeof reserves / sizeof *reserves; i++) {
        for (int next = 3; next < 200; next += 7) {
            int needed = wi_descriptors_needed(next, reserves[i], 32);
            limit_to((rlim_t)needed);
            assert_true(wi_descriptors_highest(reserves[i]) - next >= 32);
            limit_to((rlim_t)needed - 1);
            assert_true(wi_descriptors_highest(reserves[i]) - next < 32);
        }
    }
    assert_int_equal(wi_descriptors_needed(100, 0, 32), 133);
}

TEST(test_next)
{
    int next = wi_descriptors_next(), fd = dup(0);
    assert_int_equal(fd, next);
    assert_true(wi_descriptors_next() > fd);
    close(fd);
    assert_int_equal(wi_descriptors_next(), next);
    limit_to((rlim_t)next);
    assert_int_equal(wi_descriptors_next(), INT_MAX);
}

TEST(test_close)
{
    int fd = dup(0);
    errno = ENOENT;
    wi_close(fd);
    assert_int_equal(errno, ENOENT);
    assert_int_equal(fcntl(fd, F_GETFD), -1);
    errno = ENOENT;
    wi_close(fd); /* fails: it is closed */
    assert_int_equal(errno, ENOENT);
    wi_close(-1);
    assert_int_equal(errno, ENOENT);
}

TEST(test_advice)
{
    char text[WI_DESCRIPTORS_ADVICE_SIZE];
    limit_to(400);
    assert_string_equal(wi_descriptors_advice(text),
        "at most 400 files may be open; raise that limit (LimitNOFILE=, ulimit -n)");
}

TEST(test_raise)
{
    const struct rlimit *before = *state;
    limit_to(100);
    wi_descriptors_raise();
    int hard = before->rlim_max < 65536 ? (int)before->rlim_max : 65536;
    assert_int_equal(wi_descriptors_limit(), hard);
    wi_descriptors_raise();
    assert_int_equal(wi_descriptors_limit(), hard);
}
