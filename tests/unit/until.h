/*
 * Waiting on the loop of `fixture`, which has the members `loop` and `limit`: what does not come
 * within the limit fails the test. To be included behind `fixture`.
 */
#ifndef WI_TESTS_UNIT_UNTIL_H
#define WI_TESTS_UNIT_UNTIL_H

static void on_limit(uv_timer_t *timer)
{
    fail_msg("it did not come");
}

/* Ended by uv_close of `limit`. */
static void limit_waiting(uv_loop_t *loop, uv_timer_t *limit, uint64_t ms)
{
    uv_timer_init(loop, limit);
    uv_timer_start(limit, on_limit, ms, 0);
    uv_unref((uv_handle_t *)limit);
}

/* Where what is played goes on between the turns of the loop, a test has an `until` of its own. */
#ifndef until
#define until(condition)                                                                           \
    do {                                                                                           \
        while (!(condition))                                                                       \
            uv_run(&fixture->loop, UV_RUN_ONCE);                                                   \
    } while (0)
#endif

#endif
