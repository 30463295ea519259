/* How long the node of a stream may be silent, by a clock that the test turns. */
#include "one_stream.h"

#include <sys/syscall.h>
#include <unistd.h>

static double clock_ms;

/* In the C library's place: what libuv and the jobs take for time goes on by advance() alone. */
int clock_gettime(clockid_t clock, struct timespec *now)
{
    if (clock != CLOCK_MONOTONIC && clock != CLOCK_MONOTONIC_COARSE)
        return (int)syscall(SYS_clock_gettime, clock, now);
    now->tv_sec = (time_t)(clock_ms / 1e3);
    now->tv_nsec = (long)((clock_ms - 1e3 * (double)now->tv_sec) * 1e6);
    return 0;
}

static int begin(void **state)
{
    clock_ms = 1e6;
    return set_up(state);
}

static void advance(double ms)
{
    clock_ms += ms;
    uv_run(&fixture->loop, UV_RUN_NOWAIT);
}

/* Its node has read so much of its prompt. */
static void count(double done)
{
    const struct wi_progress progress = {
        .phase = "prompt", .has_count = 1, .done = done, .total = 1000};
    events()->on_progress(events()->context, fixture->attempt, &progress);
}

static void count_after(double ms, double done)
{
    advance(ms);
    count(done);
}

/* Its node is lost after the first part, and another goes on with it. */
static void bring_and_lose(void)
{
    bring(0, "a");
    lose(0);
    assert_int_equal(fixture->dispatched, 2);
}

/* The stream ends when its node has been silent for so long, and not before. */
static void check_patience(double ms)
{
    char said[64];
    advance(ms - 1);
    assert_int_equal(fixture->answers, 0);
    advance(1);
    assert_int_equal(fixture->answers, 1);
    assert_int_equal(fixture->last.code, WI_STALL_TIMEOUT);
    snprintf(said, sizeof said, "sent nothing for %.0f ms", ms);
    assert_non_null(strstr(fixture->last.error.detail, said));
    assert_int_equal(fixture->cancelled, 1);
}

/* ---------------------------------------------------------------- what counts as life */

FIXTURE(begin, tear_down)

TEST(a_silent_node_ends_it_after_the_first_part)
{
    open_with(60000, 20);
    advance(60);
    assert_int_equal(fixture->answers, 0);
    bring(0, "a");
    check_patience(20);
    assert_int_equal(fixture->dispatched, 1);
}

TEST(parts_and_progress_are_life)
{
    open_with(60000, 20);
    bring(0, "a");
    for (int i = 0; i < 10; i++) {
        advance(19);
        assert_int_equal(fixture->answers, 0);
        if (i % 2)
            bring_many(1);
        else
            tell_progress();
    }
    end_stream(6);
    assert_int_equal(fixture->last.code, WI_OK);
}

TEST(a_slow_client_is_not_a_silent_node)
{
    open_with(60000, 20);
    bring_many(32);
    advance(80);
    assert_int_equal(fixture->answers, 0);
    assert_true(counters().stalled_ms == 0);
    wi_jobs_took(fixture->jobs, "job-1", &(struct wi_credit){32, 0});
    assert_true(counters().stalled_ms == 80);
    check_patience(20);
}

TEST(nor_is_one_that_waits_for_another_node)
{
    open_with(60000, 20);
    bring(0, "a");
    fixture->room = -1;
    lose(0);
    advance(80);
    assert_int_equal(fixture->answers, 0);
    fixture->room = 1;
    events()->on_capacity(events()->context);
    assert_int_equal(fixture->dispatched, 2);
    count(0);
    check_patience(20);
}

TEST(nor_one_that_waits_there)
{
    open_with(60000, 20);
    bring_and_lose();
    advance(80);
    tell_phase("loading");
    advance(80);
    tell_phase("queued"); /* at the daemon behind a relay */
    advance(80);
    assert_int_equal(fixture->answers, 0);
    tell_phase("writing");
    check_patience(20);
}

TEST(nor_one_whose_model_is_loaded_again)
{
    open_with(60000, 20);
    bring_and_lose();
    tell_phase("prompt");
    tell_phase("loading"); /* on the next platform */
    advance(80);
    assert_int_equal(fixture->answers, 0);
    bring(1, "b");
    tell_phase("loading"); /* after a part it has no excuse */
    check_patience(20);
}

TEST(nor_one_whose_node_may_come_back)
{
    open_with(60000, 20);
    bring(0, "a");
    fixture->away = 1;
    advance(70);
    assert_int_equal(fixture->answers, 0);
    fixture->away = 0;
    bring(1, "b");
    check_patience(20);
}

TEST(nor_one_whose_node_does_not)
{
    open_with(60000, 20);
    bring(0, "a");
    fixture->away = 1;
    advance(20);
    lose(0);
    assert_int_equal(fixture->dispatched, 2);
    assert_string_equal(fixture->from, "1 a ");
}

TEST(the_deadline_covers_the_whole)
{
    open_with(50, 30000);
    bring(0, "a");
    advance(50);
    assert_int_equal(fixture->last.code, WI_DEADLINE_EXCEEDED);
    assert_int_equal(fixture->cancelled, 1);
}

/* ---------------------------------------------------------------- going on elsewhere */

TEST(at_half_of_it_the_stream_goes_on_at_another_node)
{
    char first[WI_ID_SIZE];
    open_with(60000, 20);
    bring(0, "a");
    memcpy(first, fixture->attempt, sizeof first);
    fixture->elsewhere = "node-2";
    advance(9);
    assert_int_equal(fixture->dispatched, 1);
    advance(1);
    assert_int_equal(fixture->dispatched, 2);
    assert_string_equal(fixture->sent_to, "node-2");
    assert_string_equal(fixture->cancelled_for, "stalled");
    assert_string_equal(fixture->from, "1 a ");
    bring_from(first, 1, "late");
    bring(1, "b");
    end_stream(2);
    assert_int_equal(fixture->last.code, WI_OK);
    assert_int_equal(fixture->last.attempts, 2);
    assert_string_equal(seen.text, "ab");
    assert_int_equal(counters().late_parts, 1);
    assert_int_equal(fixture->found.count, 1);
    assert_int_equal(fixture->found.kind, WI_EVIDENCE_DISPUTED);
    assert_string_equal(fixture->found.node, "node-1");
}

TEST(likewise_from_a_node_of_ours_which_nothing_is_found_against)
{
    fixture->ours = 1;
    fixture->elsewhere = "node-2";
    open_with(60000, 20);
    bring(0, "a");
    advance(10);
    assert_string_equal(fixture->sent_to, "node-2");
    end_stream(1);
    assert_int_equal(fixture->last.code, WI_OK);
    assert_int_equal(fixture->found.count, 0);
}

TEST(where_none_has_room_then_it_goes_once_one_has)
{
    fixture->elsewhere = "node-2";
    open_with(60000, 80);
    bring(0, "a");
    fixture->room = 0;
    advance(40);
    advance(10);
    assert_int_equal(fixture->dispatched, 1);
    assert_int_equal(fixture->cancelled, 0);
    fixture->room = 1;
    advance(10);
    assert_int_equal(fixture->dispatched, 2);
    assert_int_equal(fixture->answers, 0);
}

TEST(what_comes_meanwhile_is_taken_from_where_it_is)
{
    open_with(60000, 80);
    bring(0, "a");
    advance(70);
    bring(1, "b");
    fixture->elsewhere = "node-2";
    advance(39);
    assert_int_equal(fixture->dispatched, 1);
    end_stream(2);
    assert_int_equal(fixture->last.code, WI_OK);
}

TEST(a_slow_client_moves_nothing)
{
    fixture->elsewhere = "node-2";
    open_with(60000, 20);
    bring_many(32);
    advance(80);
    assert_int_equal(fixture->dispatched, 1);
    wi_jobs_took(fixture->jobs, "job-1", &(struct wi_credit){32, 0});
    advance(10);
    assert_int_equal(fixture->dispatched, 2);
}

TEST(what_is_drawn_without_a_seed_is_interrupted)
{
    fixture->elsewhere = "node-2";
    open_asking(60000, 20, json_pack("{s:f}", "temperature", 0.7));
    bring(0, "a");
    advance(10);
    advance(9);
    assert_int_equal(fixture->answers, 0);
    advance(1);
    assert_int_equal(fixture->last.code, WI_STREAM_INTERRUPTED);
    assert_non_null(strstr(fixture->last.error.detail, "without a seed"));
    assert_int_equal(fixture->dispatched, 1);
}

static void check_goes_on(json_t *options)
{
    fixture->elsewhere = "node-2";
    open_asking(60000, 20, options);
    bring(0, "a");
    advance(10);
    assert_int_equal(fixture->dispatched, 2);
}

TEST(what_is_drawn_with_a_seed_goes_on)
{
    check_goes_on(json_pack("{s:f, s:i}", "temperature", 0.7, "seed", 0));
}

TEST(what_is_not_drawn_goes_on)
{
    check_goes_on(json_pack("{s:i}", "temperature", 0));
}

/* ---------------------------------------------------------------- by how fast a prompt is read */

/* Of which the client has said nothing. */
static void open_long(void)
{
    open_with(600000, 0);
}

TEST(half_a_minute_is_the_least)
{
    open_long();
    count(0);
    count_after(9000, 64);
    bring(0, "a");
    check_patience(30000);
}

TEST(three_batches_where_they_take_longer)
{
    open_long();
    count(0);
    count_after(12000, 8);
    count_after(15000, 16);
    count_after(11000, 24);
    bring(0, "a");
    check_patience(45000);
}

TEST(what_the_client_says_holds)
{
    open_with(600000, 20000);
    count(0);
    count_after(15000, 8);
    bring(0, "a");
    check_patience(20000);
}

TEST(a_count_that_does_not_grow_is_no_batch)
{
    open_long();
    count_after(50000, 8); /* it may have been loaded until now */
    count_after(50000, 8);
    count_after(50000, 0); /* another answer's */
    bring(0, "a");
    check_patience(30000);
}

TEST(a_batch_is_known_to_the_next_node_and_measured_there)
{
    open_long();
    count(0);
    count_after(15000, 8);
    bring_and_lose();
    for (int read = 0; read <= 32; read += 8) {
        advance(40000); /* loading, at first */
        assert_int_equal(fixture->answers, 0);
        count(read);
    }
    check_patience(120000);
}

TEST(what_another_node_had_cached_is_no_batch)
{
    open_long();
    count(0);
    count_after(15000, 8);
    bring_and_lose();
    count_after(40000, 16);
    check_patience(45000);
}
