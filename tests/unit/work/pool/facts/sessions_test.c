/* What is known of sessions; the browsers' own sessions are played. */
#include "../../../test.h"

#include "../../../browser/machine.h"
#include "work/pool/facts/sessions.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct wi_session {
    struct wi_session_events events;
    enum wi_session_state state;
    char id[WI_ID_SIZE];
    const char *gpu;
};

static int begun;
static char told[256]; /* what the owner heard: "id:from-to " */

struct wi_session *wi_session_new(const struct wi_session_deps *deps,
    const struct wi_config_browser *browser, int64_t timeout_ms,
    const struct wi_session_events *events)
{
    struct wi_session *session = calloc(1, sizeof *session);

    session->events = *events;
    session->gpu = deps->gpu ? deps->gpu : "";
    snprintf(session->id, sizeof session->id, "s-%d", ++begun);
    return session;
}

static void become(struct wi_session *session, enum wi_session_state state)
{
    enum wi_session_state from = session->state;
    char id[WI_ID_SIZE];

    memcpy(id, session->id, sizeof id);
    session->state = state;
    session->events.on_state(session->events.context, id, from, state, NULL);
}

enum wi_session_state wi_session_state(const struct wi_session *session)
{
    return session->state;
}

void wi_session_info(const struct wi_session *session, struct wi_session_info *info)
{
    *info = (struct wi_session_info){.state = session->state, .gpu = session->gpu};
    memcpy(info->id, session->id, sizeof info->id);
}

void wi_session_welcomed(struct wi_session *session)
{
    become(session, WI_SESSION_READY);
}

void wi_session_set_busy(struct wi_session *session, int busy)
{
    become(session, busy ? WI_SESSION_BUSY : WI_SESSION_READY);
}

void wi_session_check(struct wi_session *session, uint64_t timeout_ms)
{
    session->events.on_checked(session->events.context, session->id, NULL);
}

void wi_session_free(struct wi_session *session)
{
    free(session);
}

static void on_page_url(void *context, struct pool_session *session, char *url, size_t size)
{
    snprintf(url, size, "page of %s", session->id);
}

static void on_state(void *context, struct pool_session *session, enum wi_session_state from,
    enum wi_session_state to, const struct wi_error *error)
{
    size_t length = strlen(told);

    assert_int_equal(wi_pool_session_state(session), to);
    snprintf(told + length, sizeof told - length, "%s:%d-%d ", session->id, (int)from, (int)to);
}

static void on_checked(void *context, struct pool_session *session, const struct wi_error *error)
{
    wi_pool_session_checked(session, 1);
}

static char changed[256]; /* the ids of those that somebody listening is told of */

static void on_change(void *context, enum wi_change_kind kind, const char *id, const char *owner)
{
    size_t length = strlen(changed);

    assert_int_equal(kind, WI_CHANGE_SESSION);
    assert_null(owner);
    snprintf(changed + length, sizeof changed - length, "%s ", id);
}

static int setup(void **state)
{
    static const struct wi_change_listener listener = {.on_change = on_change};
    const struct pool_sessions_events events = {NULL, on_page_url, on_state, on_checked, &listener};

    begun = 0;
    told[0] = changed[0] = '\0';
    *state = wi_pool_sessions_new(&events);
    return 0;
}

static void end(struct pool_session *session)
{
    struct wi_session *browser = session->browser;

    if (!wi_pool_session_ends(session))
        become(browser, WI_SESSION_DRAINING);
    become(browser, WI_SESSION_CLOSED);
}

static const struct pool_sessions *all_of(void **state)
{
    return *state;
}

static int teardown(void **state)
{
    while (all_of(state)->first)
        end(all_of(state)->first);
    wi_pool_sessions_free(*state);
    return 0;
}

static struct pool_session *begin_on(
    struct pool_sessions *sessions, const char *kind, const char *gpu)
{
    const struct wi_config_browser browser = {.kind = (char *)kind};
    const struct wi_session_deps deps = {.gpu = gpu};

    return wi_pool_sessions_start(sessions, &deps, &browser, 1000, "");
}

static struct pool_session *begin(struct pool_sessions *sessions, const char *kind)
{
    return begin_on(sessions, kind, NULL);
}

FIXTURE(setup, teardown)

TEST(the_newest_comes_first_and_is_found_by_its_id)
{
    struct pool_session *one = begin(*state, "chrome"), *other = begin(*state, "firefox");

    assert_ptr_equal(all_of(state)->first, other);
    assert_ptr_equal(other->next, one);
    assert_null(one->next);
    assert_ptr_equal(wi_pool_sessions_find(*state, "s-1"), one);
    assert_null(wi_pool_sessions_find(*state, "s-9"));
    assert_null(wi_pool_sessions_find(*state, ""));
    assert_string_equal(one->kind, "chrome");
    assert_int_equal(wi_pool_sessions_count(*state, NULL, WI_SESSION_STATE_COUNT), 2);
    assert_int_equal(wi_pool_sessions_count(*state, "firefox", WI_SESSION_STARTING), 1);
    assert_int_equal(wi_pool_sessions_count(*state, "firefox", WI_SESSION_READY), 0);
}

TEST(the_owner_hears_of_each_change_with_where_it_came_from)
{
    struct pool_session *session = begin(*state, "chrome");

    wi_pool_session_welcomed(session, 50);
    assert_true(wi_pool_session_serves(session));
    wi_session_set_busy(session->browser, 1);
    assert_true(wi_pool_session_serves(session));
    wi_pool_session_idle(session, 70);
    assert_true(session->idle_since == 70);
    assert_false(wi_pool_session_ends(session));
    end(session);
    assert_string_equal(told, "s-1:0-1 s-1:1-2 s-1:2-1 s-1:1-3 s-1:3-5 ");
    assert_null(all_of(state)->first);
    assert_int_equal(all_of(state)->counters.started, 1);
    assert_int_equal(all_of(state)->counters.closed, 1);
    assert_int_equal(all_of(state)->counters.broken, 0);
}

TEST(a_successor_that_ends_is_forgotten)
{
    struct pool_session *old = begin(*state, "chrome"), *fresh = begin(*state, "chrome");

    wi_pool_session_succeed(old, fresh);
    assert_string_equal(old->successor, "s-2");
    become(fresh->browser, WI_SESSION_DRAINING);
    assert_string_equal(old->successor, "");
}

TEST(a_session_wears_once_and_not_when_it_ends)
{
    struct pool_session *session = begin(*state, "chrome"), *ending = begin(*state, "chrome");

    assert_int_equal(wi_pool_session_wear(session, "why"), 1);
    assert_int_equal(wi_pool_session_wear(session, "another"), 0);
    assert_string_equal(session->worn, "why");
    become(ending->browser, WI_SESSION_DRAINING);
    assert_int_equal(wi_pool_session_wear(ending, "why"), 0);
    assert_int_equal(all_of(state)->counters.worn, 1);
}

TEST(failed_checks_count_in_a_row)
{
    struct pool_session *session = begin(*state, "chrome");

    wi_pool_session_checked(session, 0);
    wi_pool_session_checked(session, 0);
    assert_int_equal(session->checks_failed, 2);
    wi_pool_session_check(session, 100, 80); /* it is found well */
    assert_int_equal(session->checks_failed, 0);
    assert_true(session->checked_at == 80);
}

static void check_changed(const char *expected)
{
    assert_string_equal(changed, expected);
    changed[0] = '\0';
}

TEST(who_listens_is_told_of_each_change)
{
    struct pool_sessions *sessions = *state;
    struct pool_session *old = begin(sessions, "chrome"), *fresh = begin(sessions, "chrome");

    check_changed("s-1 s-2 ");
    wi_pool_session_set_node(old, "n-1");
    check_changed("s-1 ");
    wi_pool_session_welcomed(old, 10);
    check_changed("s-1 ");
    wi_session_set_busy(old->browser, 1);
    wi_pool_session_answered(old);
    wi_pool_session_idle(old, 20);
    check_changed("s-1 s-1 s-1 ");
    wi_pool_session_wear(old, "it ran for long");
    wi_pool_session_wear(old, "it ran for long"); /* which is known */
    wi_pool_session_succeed(old, fresh);
    check_changed("s-1 s-1 ");
    end(fresh); /* so that the old one has no successor any more */
    check_changed("s-1 s-2 s-2 ");
}

/* --- several GPUs ---------------------------------------------------------------------------- */

static const struct wi_gpu_device gpus[] = {
    GPU_WITHOUT_DRIVER, GPU_NVIDIA, GPU_AMD, GPU_CLOSED, GPU_INTEL};
static const struct wi_config_browser chrome = {.kind = "chrome"};

static const char *gpu_of(char letter)
{
    return letter == 'n' ? gpus[1].path : letter == 'a' ? gpus[2].path : gpus[4].path;
}

/* `sessions` as in the table below. */
static const char *next_after(struct pool_sessions *all, const char *sessions)
{
    for (const char *at = sessions; *at; at++) {
        char mark = *at == '-' || *at == '*' ? *at++ : ' ';
        struct pool_session *session = begin_on(all, *at & 0x20 ? "edge" : "chrome",
            (*at | 0x20) == 'x' ? NULL : gpu_of((char)(*at | 0x20)));
        if (mark == '-')
            become(session->browser, WI_SESSION_DRAINING);
        if (mark == '*')
            wi_pool_session_wear(session, "it is old");
    }
    const struct wi_gpu_device *next =
        wi_pool_sessions_spread(all, &chrome, gpus, sizeof gpus / sizeof *gpus);
    while (all->first)
        end(all->first);
    return next->path;
}

TEST(each_gpu_has_one_before_any_has_two)
{
    /* Sessions: a letter for the GPU of each, large for a chrome, small for an edge; x: one that
     * chooses for itself. Before it '-': it ends; '*': it is to be replaced. */
    static const struct {
        const char *sessions;
        char next;
    } rows[] = {
        {"", 'n'},
        {"N", 'a'},
        {"NA", 'i'},
        {"NAI", 'n'},
        {"NAIN", 'a'},
        {"NANAI", 'i'},
        /* One that has left, ends or is to be replaced leaves its place to the next. */
        {"NI", 'a'},
        {"N-AI", 'a'},
        {"NA*I", 'i'},
        {"*NAI", 'n'},
        /* Another kind counts less. */
        {"n", 'a'},
        {"nAI", 'n'},
        {"nNAI", 'a'},
        {"xX", 'n'},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_string_equal(next_after(*state, rows[i].sessions), gpu_of(rows[i].next));
}

TEST(without_a_usable_gpu_there_is_none)
{
    assert_null(wi_pool_sessions_spread(*state, &chrome, gpus, 1));
    assert_null(wi_pool_sessions_spread(*state, &chrome, gpus, 0));
}
