/* The members of a cluster as borrowers: who comes, who goes, and who is tried again. */
#include "played.h"

#include "../set_clock.h"
#include "uplink/follow.h"

#define BORROWERS_MAX 80

static struct {
    uv_loop_t loop;
    struct wi_uplink_options options;
    struct wi_uplink_run run;
    struct wi_uplink_borrower borrowers[BORROWERS_MAX]; /* all that there were */
    size_t begun, ended;
    int is_up; /* all of them are connected */
} test;

/* --- the borrowers, played --- */

struct wi_uplink_borrower *wi_uplink_borrower_new(
    struct wi_uplink_run *run, const char *name, const char *url, const struct wi_join_link *link)
{
    assert_true(test.begun < BORROWERS_MAX);
    struct wi_uplink_borrower *borrower = &test.borrowers[test.begun++];
    assert_string_equal(link->token, "wi_token");
    borrower->run = run;
    borrower->to = wi_sprintf("%s %s", name, url);
    borrower->is_member = 1;
    return borrower;
}

void wi_uplink_borrower_end(struct wi_uplink_borrower *borrower, const char *reason)
{
    free(borrower->to);
    borrower->to = NULL;
    test.ended++;
}

int wi_uplink_borrower_is_up(const struct wi_uplink_borrower *borrower)
{
    return test.is_up;
}

static int set_up(void **state)
{
    memset(&test, 0, sizeof test);
    set_clock.now_ms = 0;
    uv_loop_init(&test.loop);
    test.options =
        (struct wi_uplink_options){.url = "http://here", .token = "wi_token", .name = ""};
    test.run.options = &test.options;
    test.run.loop = &test.loop;
    test.run.follow = wi_uplink_follow_new(&test.run);
    return 0;
}

static int tear_down(void **state)
{
    wi_uplink_follow_free(test.run.follow);
    forget_played();
    uv_run(&test.loop, UV_RUN_DEFAULT);
    for (size_t i = 0; i < test.begun; i++)
        assert_null(test.borrowers[i].to);
    return uv_loop_close(&test.loop);
}

FIXTURE(set_up, tear_down)

/* --- */

/* What a timer waits for comes with the next turn. */
static void timer_hasten(uv_handle_t *handle, void *unused)
{
    uv_timer_t *timer = (uv_timer_t *)handle;
    if (handle->type == UV_TIMER && uv_is_active(handle))
        uv_timer_start(timer, timer->timer_cb, 0, 0);
}

/* The next question is asked. */
static void turn(void)
{
    int before = asked.count;
    uv_walk(&test.loop, timer_hasten, NULL);
    while (asked.count == before)
        uv_run(&test.loop, UV_RUN_ONCE);
    assert_string_equal(asked.path, "/v1/cluster");
}

#define PEER(name, instance, bridge)                                                               \
    "{\"name\":\"" name "\",\"instance\":\"" instance "\",\"bridge\":\"" bridge "\"}"
#define B PEER("b", "1", "http://127.0.0.1:1")
#define C PEER("c", "1", "http://127.0.0.1:2")

static void see(const char *members)
{
    struct wi_buffer text = {0};
    wi_buffer_strings(
        &text, "{\"state\":\"member\",\"name\":\"a*\",\"members\":[", members, "]}", NULL);
    turn();
    give_answer(200, text.text);
    wi_buffer_clear(&text);
}

static void until_begun(size_t count)
{
    while (test.begun < count)
        uv_run(&test.loop, UV_RUN_ONCE);
    assert_int_equal(test.begun, count);
}

TEST(other_members_borrow)
{
    see(B "," C);
    until_begun(2);
    assert_string_equal(test.run.name, "a-");
    see(B "," C);
    see(C "," B);
    assert_int_equal(test.begun, 2);
    assert_int_equal(test.ended, 0);
}

/* Few are looked up at a time, but one after the other. */
TEST(many_members_are_found_after_one_look)
{
    struct wi_buffer members = {0};
    for (int i = 0; i < 20; i++)
        wi_buffer_printf(&members,
            "%s{\"name\":\"m%d\",\"instance\":\"x\",\"bridge\":\"http://127.0.0.1:%d\"}",
            i ? "," : "", i, i + 1);
    see(members.text);
    wi_buffer_clear(&members);
    int asked_before = asked.count;
    until_begun(20);
    assert_int_equal(asked.count, asked_before);
}

TEST(a_given_name_stays)
{
    test.options.name = "attic";
    strcpy(test.run.name, "attic");
    see("");
    assert_string_equal(test.run.name, "attic");
}

/* A daemon that has just connected to its cluster does not see all members yet. */
TEST(a_member_is_gone_after_three_looks_and_comes_back_as_a_new_one)
{
    see(B "," C);
    until_begun(2);
    see(C);
    see(C);
    assert_int_equal(test.ended, 0);
    see(B "," C); /* it was there all the time */
    see(C);
    see(C);
    assert_int_equal(test.ended, 0);
    see(C);
    assert_int_equal(test.ended, 1);
    assert_string_equal(
        played.told, "b http://127.0.0.1:1 is no member any more, so nothing is lent to it");
    see(B "," C);
    until_begun(3);
    assert_int_equal(test.ended, 1);
}

TEST(an_odd_answer_changes_nothing)
{
    static const struct {
        int status;
        const char *body;
    } rows[] = {{503, "{\"code\":\"unavailable\"}"}, {404, "{\"code\":\"not_found\"}"}, {0, ""},
        {200, "garbage"}, {200, "[]"}, {200, "{\"state\":\"connecting\",\"members\":[]}"}};
    see(B);
    until_begun(1);
    for (int i = 0; i < 4; i++)
        for (size_t row = 0; row < sizeof rows / sizeof *rows; row++) {
            turn();
            give_answer(rows[row].status, rows[row].body);
        }
    assert_int_equal(test.ended, 0);
    assert_int_equal(played.ended, 0);
    see(B);
    assert_int_equal(test.begun, 1);
}

TEST(a_megabyte_of_garbage_changes_nothing)
{
    size_t size = 1 << 20;
    char *text = wi_alloc(size + 1);
    see(B);
    until_begun(1);
    memset(text, '[', size);
    turn();
    give_answer(200, text);
    memset(text, 'x', size);
    text[0] = text[size - 1] = '"';
    turn();
    give_answer(200, text);
    free(text);
    assert_int_equal(test.ended, 0);
}

TEST(what_is_odd_is_told_once)
{
    for (int i = 0; i < 2; i++) {
        played.told[0] = '\0';
        turn();
        give_answer(503, "{}");
        if (i ? *played.told
              : !strstr(played.told, "http://here: its answer to GET /v1/cluster is none"))
            fail_msg("%s", played.told);
    }
    see("");
    turn();
    give_answer(404, "");
    assert_non_null(strstr(played.told, "is none"));
    played.told[0] = '\0';
    turn();
    give_answer(0, ""); /* which own.c tells */
    assert_string_equal(played.told, "");
}

TEST(without_a_cluster_nobody_borrows)
{
    see(B "," C);
    until_begun(2);
    turn();
    give_answer(200, "{\"state\":\"off\",\"members\":[]}");
    assert_int_equal(test.ended, 2);
    assert_non_null(strstr(played.told, "it is in no cluster, so nothing is lent"));
    see(B);
    until_begun(3);
}

TEST(a_member_at_another_address_is_a_new_borrower)
{
    see(B);
    until_begun(1);
    test.is_up = 1;
    see(PEER("b", "1", "http://127.0.0.1:7"));
    assert_int_equal(test.ended, 1);
    until_begun(2);
    assert_string_equal(test.borrowers[1].to, "b http://127.0.0.1:7");
}

/* Its address may have another meaning by now; where a connection has found it, it stays. */
TEST(another_process_is_looked_up_again_unless_it_was_found)
{
    see(B);
    until_begun(1);
    see(PEER("b", "2", "http://127.0.0.1:1"));
    assert_int_equal(test.ended, 1);
    until_begun(2);
    test.is_up = 1;
    see(PEER("b", "3", "http://127.0.0.1:1"));
    see(PEER("b", "3", "http://127.0.0.1:1"));
    assert_int_equal(test.ended, 1);
    assert_int_equal(test.begun, 2);
}

TEST(a_member_that_refuses_is_tried_again_after_a_growing_time)
{
    double waits[] = {10000, 20000, 40000, 80000, 160000, 300000, 300000};
    see(B "," C);
    until_begun(2);
    test.borrowers[1].welcomed = 1;
    for (size_t i = 0; i < sizeof waits / sizeof *waits; i++) {
        size_t begun = test.begun;
        test.borrowers[i ? begun - 1 : 0].is_refused = 1;
        see(B "," C);
        assert_int_equal(test.ended, i + 1);
        set_clock.now_ms += waits[i] / 2 - 1;
        see(B "," C);
        see(B "," C);
        assert_int_equal(test.begun, begun);
        set_clock.now_ms += waits[i] / 2 + 2;
        see(B "," C);
        until_begun(begun + 1);
        assert_true(test.borrowers[begun].is_told); /* nothing more is said of it */
    }
}

TEST(a_member_whose_address_is_none_is_tried_again)
{
    see(PEER("b", "1", "http://") "," C);
    until_begun(1); /* the other one */
    while (!strstr(played.told, "cannot borrow"))
        uv_run(&test.loop, UV_RUN_ONCE);
    assert_non_null(strstr(played.told, "b (http://) cannot borrow: "));
    assert_non_null(strstr(played.told, "it is tried again now and then"));
    played.told[0] = '\0';
    for (int i = 0; i < 3; i++) {
        set_clock.now_ms += 10001;
        see(PEER("b", "1", "http://") "," C);
    }
    assert_string_equal(played.told, "");
    assert_int_equal(test.begun, 1);
}

TEST(what_is_looked_up_when_a_member_goes_is_of_no_interest)
{
    see(B);
    turn();
    give_answer(200, "{\"state\":\"off\"}");
    see("");
    assert_true(test.begun == test.ended);
}

TEST(there_is_an_end_to_members)
{
    for (int look = 0; look < 3; look++) {
        struct wi_buffer members = {0};
        for (int i = 0; i < 100; i++)
            wi_buffer_printf(&members,
                "%s{\"name\":\"m%d-%d\",\"instance\":\"x\",\"bridge\":\"http://127.0.0.1:%d\"}",
                i ? "," : "", look, i, i + 1);
        see(members.text);
        wi_buffer_clear(&members);
    }
    assert_non_null(strstr(played.told, "only 64 members borrow"));
    assert_true(test.begun <= 64);
}
