/*
 * What every unit test is made of: cmocka, with the headers that it expects before it, and tests
 * that register themselves where they are written, in whose order they run:
 *
 *     FIXTURE(set_up, tear_down)
 *     TEST(what_holds)
 *     {
 *         struct fixture *fixture = *state;
 *
 * FIXTURE, once in a program, is of its tests, but for those that name another; GROUP is of all of
 * them together. The program's main is here.
 */
#ifndef WI_TEST_H
#define WI_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants the four above first. */
#include <cmocka.h>

#include "base/log.h"
#include <unistd.h>

#define TEST_MAX 128
#define HANGS_SECONDS 300 /* a test that takes longer hangs; the longest takes some seconds */

static CMFixtureFunction test_set_up, test_tear_down; /* FIXTURE's */
static struct {
    struct CMUnitTest tests[TEST_MAX];
    size_t count;
    CMFixtureFunction before_all, after_all;
} test_program;

#define FIXTURE(set_up, tear_down)                                                                 \
    static CMFixtureFunction test_set_up = (set_up), test_tear_down = (tear_down);
#define GROUP(set_up, tear_down)                                                                   \
    __attribute__((constructor)) static void test_group(void)                                      \
    {                                                                                              \
        test_program.before_all = (set_up);                                                        \
        test_program.after_all = (tear_down);                                                      \
    }

/* A function with the parameter `void **state`. */
#define TEST(name) TEST_IN(name, test_set_up, test_tear_down)
#define TEST_IN(name, set_up, tear_down)                                                           \
    static void body_of_##name(void **state);                                                      \
    static void name(void **state)                                                                 \
    {                                                                                              \
        alarm(HANGS_SECONDS);                                                                      \
        body_of_##name(state);                                                                     \
    }                                                                                              \
    __attribute__((constructor)) static void register_##name(void)                                 \
    {                                                                                              \
        assert_true(test_program.count < TEST_MAX);                                                \
        test_program.tests[test_program.count++] =                                                 \
            (struct CMUnitTest){#name, name, (set_up), (tear_down), NULL};                         \
    }                                                                                              \
    static void body_of_##name(void **state)

int main(void)
{
    wi_log_configure(WI_LOG_ERROR, WI_LOG_TEXT);
    return _cmocka_run_group_tests("tests", test_program.tests, test_program.count,
        test_program.before_all, test_program.after_all);
}

#endif
