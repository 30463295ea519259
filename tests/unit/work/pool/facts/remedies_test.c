/* What is done about each fault, when it comes alone and when it comes again; the numbers of
 * backoff and breaker. */
#include "../../../test.h"

#include "work/pool/facts/remedies.h"
#include <string.h>

TEST(each_fault_alone_gets_the_mildest_remedy)
{
    static const enum wi_remedy expected[WI_FAULT_COUNT] = {
        [WI_FAULT_ENGINE_HUNG] = WI_REMEDY_RELOAD,
        [WI_FAULT_PAGE_SILENT] = WI_REMEDY_RELOAD,
        [WI_FAULT_PAGE_FROZEN] = WI_REMEDY_RETIRE,
        [WI_FAULT_PAGE_CRASHED] = WI_REMEDY_KILL,
        [WI_FAULT_PLATFORM_LOST] = WI_REMEDY_END_GPU,
        [WI_FAULT_STOPPED] = WI_REMEDY_KILL,
        [WI_FAULT_KERNEL_HUNG] = WI_REMEDY_END_GPU,
    };

    for (int fault = 0; fault < WI_FAULT_COUNT; fault++) {
        struct wi_ladder ladder = {0};
        assert_int_equal(wi_ladder_climb(&ladder, fault, 5), expected[fault]);
        assert_int_equal(ladder.last, expected[fault]);
        assert_true(ladder.at == 5);
    }
}

TEST(again_soon_it_goes_up_to_the_end)
{
    struct wi_ladder ladder = {0};
    double now = 1;

    assert_int_equal(wi_ladder_climb(&ladder, WI_FAULT_PAGE_SILENT, now), WI_REMEDY_RELOAD);
    now += WI_LADDER_MS;
    assert_int_equal(wi_ladder_climb(&ladder, WI_FAULT_PAGE_SILENT, now), WI_REMEDY_KILL);
    now += WI_LADDER_MS;
    assert_int_equal(wi_ladder_climb(&ladder, WI_FAULT_PAGE_SILENT, now), WI_REMEDY_KILL);
    now += WI_LADDER_MS + 1;
    assert_int_equal(wi_ladder_climb(&ladder, WI_FAULT_PAGE_SILENT, now), WI_REMEDY_RELOAD);
}

TEST(another_fault_soon_after_a_remedy_is_no_milder_a_case)
{
    struct wi_ladder ladder = {0};

    assert_int_equal(wi_ladder_climb(&ladder, WI_FAULT_ENGINE_HUNG, 0), WI_REMEDY_RELOAD);
    assert_int_equal(wi_ladder_climb(&ladder, WI_FAULT_PAGE_SILENT, 1), WI_REMEDY_KILL);
    ladder = (struct wi_ladder){0};
    assert_int_equal(wi_ladder_climb(&ladder, WI_FAULT_PLATFORM_LOST, 0), WI_REMEDY_END_GPU);
    assert_int_equal(wi_ladder_climb(&ladder, WI_FAULT_PLATFORM_LOST, 1), WI_REMEDY_RETIRE);
    assert_int_equal(wi_ladder_climb(&ladder, WI_FAULT_PAGE_FROZEN, 2), WI_REMEDY_KILL);
}

TEST(every_fault_ends_in_a_new_browser)
{
    for (int fault = 0; fault < WI_FAULT_COUNT; fault++) {
        struct wi_ladder ladder = {0};
        enum wi_remedy remedy = WI_REMEDY_NONE;
        for (int i = 0; i < WI_REMEDY_COUNT; i++)
            remedy = wi_ladder_climb(&ladder, fault, i);
        assert_true(remedy == WI_REMEDY_KILL || remedy == WI_REMEDY_RETIRE);
    }
}

TEST(who_runs_long_gets_more_time_to_end)
{
    assert_true(wi_ladder_patience(0) >= 10000 && wi_ladder_patience(0) <= 40000);
    assert_true(wi_ladder_patience(60000) >= wi_ladder_patience(0) + 2 * 60000);
}

TEST(everything_has_a_name)
{
    for (int fault = 0; fault < WI_FAULT_COUNT; fault++)
        assert_true(strlen(wi_fault_names[fault]) > 3);
    for (int remedy = 0; remedy < WI_REMEDY_COUNT; remedy++)
        assert_true(strlen(wi_remedy_names[remedy]) > 3);
    assert_null(wi_fault_names[WI_FAULT_COUNT]);
    assert_null(wi_remedy_names[WI_REMEDY_COUNT]);
}

TEST(first_restart_is_at_once_then_doubles_to_thirty_seconds)
{
    const double expected[] = {0, 250, 500, 1000, 2000, 4000, 8000, 16000, 30000, 30000};
    struct wi_backoff backoff = {0};

    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        wi_backoff_broken(&backoff, 1000, 1, 10);
        assert_true(backoff.next_start == 1000 + expected[i]);
    }
    assert_false(backoff.open); /* all of them were ready */
}

TEST(a_session_that_served_well_starts_the_backoff_afresh)
{
    struct wi_backoff backoff = {0};

    for (int i = 0; i < 6; i++)
        wi_backoff_broken(&backoff, 0, 1, 10);
    wi_backoff_broken(&backoff, 5000, 1, 3999); /* less than the 4 s before it */
    assert_true(backoff.next_start == 5000 + 8000);
    wi_backoff_broken(&backoff, 5000, 1, 8000);
    assert_true(backoff.next_start == 5000);
    wi_backoff_broken(&backoff, 5000, 1, WI_BACKOFF_SOUND_MS - 1);
    assert_true(backoff.next_start == 5000 + WI_BACKOFF_FIRST_MS);
}

TEST(five_failures_to_become_ready_open_the_breaker)
{
    struct wi_backoff backoff = {0};

    for (int i = 0; i < 4; i++)
        wi_backoff_broken(&backoff, 0, 0, 0);
    assert_false(backoff.open);
    wi_backoff_broken(&backoff, 0, 0, 0);
    assert_true(backoff.open);
    wi_backoff_ready(&backoff);
    assert_false(backoff.open);
    assert_int_equal(backoff.failures, 0);
}

TEST(a_ready_session_between_failures_keeps_it_closed)
{
    struct wi_backoff backoff = {0};

    for (int i = 0; i < 20; i++) {
        wi_backoff_broken(&backoff, 0, i % 4 == 3, 1);
        assert_false(backoff.open);
    }
}
