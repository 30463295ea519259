/* What is known of the kinds of browser; whether one is installed is played. */
#include "../../../test.h"

#include "work/pool/facts/browser_kinds.h"
#include "work/pool/scale.h"
#include <string.h>

static int installed;

enum wi_code wi_session_installed(const struct wi_config_browser *browser,
    const struct wi_gpus *gpus, char *stamp, struct wi_error *error)
{
    return installed ? WI_OK : wi_error_set(error, WI_UNAVAILABLE, "", "it is not there");
}

static struct wi_config_browser browsers[] = {
    {.kind = "chrome", .max_connections = 2},
    {.kind = "firefox", .max_connections = 1},
};
static char *preferred[] = {"firefox/wasm"};
static struct wi_config config;

static int setup(void **state)
{
    struct pool_kinds *kinds = wi_pool_kinds_new();

    installed = 0;
    config = (struct wi_config){.browsers = browsers, .browser_count = 2};
    wi_pool_kinds_set(kinds, &config);
    *state = kinds;
    return 0;
}

static int teardown(void **state)
{
    wi_pool_kinds_free(*state);
    return 0;
}

FIXTURE(setup, teardown)

TEST(the_preferred_kind_comes_first)
{
    struct pool_kinds *kinds = *state;

    assert_string_equal(kinds->all[0].name, "chrome");
    config.browser_preferences.other = (struct wi_strings){.items = preferred, .count = 1};
    wi_pool_kinds_set(kinds, &config);
    assert_string_equal(kinds->all[0].name, "firefox");
    assert_int_equal((size_t)(wi_pool_kinds_find(kinds, "chrome") - kinds->all), 1);
    assert_null(wi_pool_kinds_find(kinds, "edge"));
}

TEST(what_was_learnt_outlives_a_change_of_the_configuration)
{
    struct pool_kinds *kinds = *state;
    struct wi_error error = {.code = WI_UNAVAILABLE};
    struct pool_kind *kind = wi_pool_kinds_find(kinds, "chrome");

    for (int i = 0; i < WI_BREAKER_FAILURES; i++)
        wi_pool_kind_broken(kind, 1000, -1, &error);
    wi_pool_kind_request(kind, 7, 500);
    wi_pool_kind_changed(kind, WI_SESSION_STARTING, WI_SESSION_BROKEN);
    config.browser_preferences.other = (struct wi_strings){.items = preferred, .count = 1};
    wi_pool_kinds_set(kinds, &config);
    kind = wi_pool_kinds_find(kinds, "chrome");
    assert_true(kind->backoff.open);
    assert_true(kind->requested_since == 500);
    assert_int_equal(kind->requested_by, 7);
    assert_int_equal(kind->transitions[WI_SESSION_STARTING][WI_SESSION_BROKEN], 1);
    assert_false(wi_pool_kinds_find(kinds, "firefox")->backoff.open);
    wi_pool_kind_forgive(kind);
    assert_false(kind->backoff.open);
}

/* The service cannot be reached, or the browser fails. */
static void break_all(struct pool_kind *kind, const char *field)
{
    struct wi_error error;

    wi_error_set(&error, WI_UNAVAILABLE, field, "it does not start");
    for (int i = 0; i < WI_BREAKER_FAILURES; i++)
        wi_pool_kind_broken(kind, 1000, -1, &error);
    assert_true(kind->backoff.open);
}

TEST(a_service_that_was_away_and_answers_is_tried_at_once)
{
    struct pool_kinds *kinds = *state;
    struct pool_kind *kind = wi_pool_kinds_find(kinds, "chrome");

    break_all(kind, WI_SESSION_SERVICE);
    wi_pool_kind_answers(kind);
    assert_false(kind->backoff.open);
    assert_true(kind->backoff.next_start == 0);
    assert_int_equal(kind->problem.code, WI_OK);
    break_all(kind, WI_SESSION_SERVICE);
    wi_pool_kind_ready(kind); /* of the browsers asked for, one was there after all */
    assert_false(kind->is_away);
    assert_int_equal(kind->backoff.broken, 0);
    assert_true(kind->backoff.next_start == 0);
    assert_int_equal(kind->problem.code, WI_OK);
    break_all(kind, ""); /* which the service's answer does not excuse */
    wi_pool_kind_answers(kind);
    assert_true(kind->backoff.open);
    assert_string_equal(kind->problem.detail, "it does not start");
}

TEST(a_kind_is_preferred_once_what_it_would_have_had_takes_as_long_as_its_start)
{
    struct pool_kinds *kinds = *state;
    struct pool_kind *kind = &kinds->all[0];

    assert_false(wi_pool_kind_prefer(kind, 750, 3000, 1000, 100)); /* one request, or two */
    assert_false(wi_pool_kind_prefer(kind, 750, 3000, 1000, 200));
    assert_false(wi_pool_kind_prefer(kind, 1500, 3000, 1000, 1200));
    assert_true(wi_pool_kind_prefer(kind, 1, 3000, 1000, 1300));
    assert_false(wi_pool_kind_prefer(kind, 2999, 3000, 1000, 2301)); /* after a pause */
    assert_true(wi_pool_kind_prefer(kind, 3001, 3000, 1000, 9000));  /* one that is long enough */
}

TEST(a_request_is_new_once_and_ends_when_it_is_not_repeated_or_came_true)
{
    struct pool_kinds *kinds = *state;
    struct pool_kind *kind = wi_pool_kinds_find(kinds, "chrome");

    assert_false(wi_pool_kinds_requested(kinds));
    assert_int_equal(wi_pool_kind_request(kind, 7, 100), 1);
    assert_int_equal(wi_pool_kind_request(kind, 7, 200), 0);
    assert_true(kind->requested_since == 100);
    wi_pool_kinds_forget_requests(kinds, 250, 50);
    assert_true(wi_pool_kinds_requested(kinds));
    wi_pool_kinds_forget_requests(kinds, 251, 50);
    assert_false(wi_pool_kinds_requested(kinds));
    assert_int_equal(wi_pool_kind_request(kind, 7, 300), 1);
    wi_pool_kind_ready(kind);
    assert_false(wi_pool_kinds_requested(kinds));
}

TEST(what_is_missing_is_looked_for_again)
{
    struct pool_kinds *kinds = *state;
    const struct pool_kind *kind = wi_pool_kinds_find(kinds, "chrome");
    double next = wi_pool_kinds_check_missing(kinds, 1000);

    assert_true(next > 1000 && next < WI_NEVER);
    installed = 1;
    assert_true(wi_pool_kinds_check_missing(kinds, next - 1) == next); /* not due */
    assert_false(kind->installed);
    assert_true(wi_pool_kinds_check_missing(kinds, next) == WI_NEVER);
    assert_true(kind->installed);
    assert_null(wi_pool_kind_problem(kind));
}

/* One that is there by default and that nobody asked for has no problem by being absent. */
TEST(a_problem_is_one_of_a_kind_that_is_there_or_asked_for)
{
    struct pool_kinds *kinds = *state;
    struct pool_kind *kind = wi_pool_kinds_find(kinds, "chrome");
    struct wi_error error = {.code = WI_UNAVAILABLE, .detail = "it broke"};

    wi_pool_kind_check(kind, NULL, 1);
    assert_null(wi_pool_kind_problem(kind));
    installed = 1;
    wi_pool_kind_check(kind, NULL, 2);
    wi_pool_kind_broken(kind, 3, 100, &error);
    assert_string_equal(wi_pool_kind_problem(kind), "it broke");
    wi_pool_kind_ready(kind);
    assert_null(wi_pool_kind_problem(kind));
}
