/*
 * The state machine's table, pair by pair, and sessions whose driver is a shell script: it dies, it
 * hangs, it cannot be started. In the end no process and no folder is left.
 */
#include "../test.h"

#include "base/memory.h"
#include "browser/session_private.h"
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct place {
    uv_loop_t loop;
    struct wi_session_deps deps;
    struct wi_session *session;
    char states[64]; /* their initials, in order */
    struct wi_error error;
    int lines;
};

TEST(every_pair_of_states)
{
    /* rows: from starting, ready, busy, draining, broken, closed; columns: to the same */
    static const char *const expected[] = {
        ".r.db.", "s.bdb.", ".r.db.", "....bc", ".....c", "......"};

    for (int from = 0; from < WI_SESSION_STATE_COUNT; from++)
        for (int to = 0; to < WI_SESSION_STATE_COUNT; to++)
            assert_int_equal(wi_session_may_become(from, to), expected[from][to] != '.');
}

static void take_state(void *context, const char *id, enum wi_session_state from,
    enum wi_session_state state, const struct wi_error *error)
{
    struct place *place = context;

    assert_true(wi_session_may_become(from, state));
    assert_int_equal(wi_session_state(place->session), state);
    place->states[strlen(place->states)] = wi_session_state_name(state)[0];
    if (error)
        place->error = *error;
    if (state != WI_SESSION_CLOSED)
        return;
    wi_session_free(place->session);
    assert_int_equal(wi_children_count(place->deps.children), 0);
    wi_children_free(place->deps.children);
    wi_http_free(place->deps.http);
}

static void give_url(void *context, const char *id, char *url, size_t size)
{
    fail_msg("no session got that far");
}

/* Starts a session with this script as its driver. */
static void start(struct place *place, const char *script, int64_t timeout_ms)
{
    struct wi_session_events events = {place, give_url, take_state, NULL, NULL};
    struct wi_config_browser browser = {.kind = "chrome", .binary = "/bin/sh"};
    char lifeline[PATH_MAX], *path;
    FILE *file;

    memset(place, 0, sizeof *place);
    assert_non_null(realpath("webinfer-lifeline", lifeline));
    uv_loop_init(&place->loop);
    place->deps = (struct wi_session_deps){.loop = &place->loop,
        .http = wi_http_new(&place->loop),
        .instance = wi_instance_new(&place->error),
        .children = wi_children_new(&place->loop, lifeline)};
    assert_non_null(place->deps.instance);
    path = wi_sprintf("%s/driver", place->deps.instance->path);
    if (script) {
        file = fopen(path, "we");
        fprintf(file, "#!/bin/sh\n%s\n", script);
        fchmod(fileno(file), 0700);
        fclose(file);
    }
    browser.driver_command = path;
    place->session = wi_session_new(&place->deps, &browser, timeout_ms, &events);
    free(path);
    assert_string_equal(place->states, "");
}

static void finish(struct place *place, const char *states)
{
    char *folder = NULL, *driver;

    uv_run(&place->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&place->loop), 0);
    assert_string_equal(place->states, states);
    driver = wi_sprintf("%s/driver", place->deps.instance->path);
    folder = wi_sprintf("%s/lock", place->deps.instance->path);
    unlink(driver);
    unlink(folder);
    /* Nothing but those two was left in it. */
    assert_int_equal(rmdir(place->deps.instance->path), 0);
    wi_instance_free(place->deps.instance);
    free(driver);
    free(folder);
}

TEST(a_driver_that_is_missing)
{
    struct place place;

    start(&place, NULL, 5000);
    finish(&place, "bc");
    assert_int_equal(place.error.code, WI_UNAVAILABLE);
    assert_non_null(strstr(place.error.detail, "/driver"));
}

TEST(a_driver_that_dies_says_why)
{
    struct place place;

    start(&place, "setsid sleep 1000 & echo something is wrong >&2; exit 9", 5000);
    finish(&place, "bc");
    assert_non_null(strstr(place.error.detail, "status 9"));
    assert_non_null(strstr(place.error.detail, "something is wrong"));
}

/* A driver that chose a port and found it taken when it opened it. */
TEST(a_driver_that_lost_its_port_is_started_once_more)
{
    struct place place;

    /* The second one hangs, so that it is the deadline that ends the session. */
    start(&place, "[ -e twice ] && sleep 1000; touch twice; echo port not available; exit 1", 500);
    finish(&place, "bc");
    assert_non_null(strstr(place.error.detail, "not ready within"));
    start(&place, "[ -e twice ] && exit 7; touch twice; exit 1", 5000);
    finish(&place, "bc");
    assert_non_null(strstr(place.error.detail, "status 7"));
}

TEST(a_driver_that_hangs_runs_into_the_deadline)
{
    struct place place;

    start(&place, "trap '' TERM; touch profile/x; setsid sleep 1000 & sleep 1000", 100);
    finish(&place, "bc");
    assert_non_null(strstr(place.error.detail, "\"spawn\""));
}

TEST(a_driver_that_lies_about_its_port)
{
    struct place place;

    start(&place, "echo ChromeDriver was started successfully on port 1.; sleep 1000", 300);
    finish(&place, "bc");
    assert_int_equal(place.error.code, WI_UNAVAILABLE);
}

TEST(closed_while_starting)
{
    struct place place;

    start(&place, "sleep 1000", 5000);
    wi_session_close(place.session);
    wi_session_close(place.session); /* once is enough */
    wi_session_reload(place.session, 1);
    finish(&place, "dc");
}

TEST(killed_while_starting_and_while_draining)
{
    struct place place;

    start(&place, "sleep 1000", 5000);
    wi_session_kill(place.session, NULL);
    wi_session_kill(place.session, NULL);
    finish(&place, "bc");
    start(&place, "trap '' TERM; sleep 1000", 5000);
    wi_session_close(place.session);
    wi_session_kill(place.session, NULL);
    finish(&place, "dbc");
}
