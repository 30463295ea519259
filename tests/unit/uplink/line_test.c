/* The node of one kind: which models it says, in which messages, and what its connection's ends
 * mean for its borrower. */
#include "base/clock.h"
#include "played.h"

static struct {
    struct wi_uplink_run run;
    struct wi_uplink_borrower borrower;
    struct wi_uplink_line *line;
    json_t *names;
    int refused;
    enum wi_exit exit;
    char why[600];
} test;

static void on_refused(struct wi_uplink_borrower *borrower, enum wi_exit exit, const char *why)
{
    assert_ptr_equal(borrower, &test.borrower);
    test.refused++;
    test.exit = exit;
    snprintf(test.why, sizeof test.why, "%s", why);
}

/* Of relayed.c, which has a test of its own. */
void wi_uplink_take_task(struct wi_worker_task *task, const struct wi_worker_request *request)
{
}

void wi_uplink_go_on(struct wi_worker_task *task)
{
}

void wi_uplink_cancel_task(struct wi_worker_task *task)
{
}

void wi_uplink_end_task(struct wi_worker_task *task)
{
}

static int set_up(void **state)
{
    memset(&test, 0, sizeof test);
    test.names = json_object();
    strcpy(test.run.name, "attic");
    test.run.names = test.names;
    test.borrower.run = &test.run;
    test.borrower.to = "http://big:8471";
    test.borrower.refuse = on_refused;
    wi_uplink_line_new(&test.borrower, "chrome", wi_strdup("{}"));
    test.line = test.run.lines;
    assert_non_null(test.line);
    played.worker.is_up = 1;
    return 0;
}

static int tear_down(void **state)
{
    wi_uplink_lines_free(&test.run);
    json_decref(test.names);
    forget_played();
    return 0;
}

FIXTURE(set_up, tear_down)

static void names_set(unsigned from, unsigned count)
{
    json_object_clear(test.names);
    for (unsigned i = from; i < from + count; i++) {
        char hash[65];
        snprintf(hash, sizeof hash, "%064x", i);
        json_object_set_new(test.names, hash, json_string("x"));
    }
}

static void come_up(const char *welcome)
{
    json_t *data = json_loads(welcome, 0, NULL);
    test.line->service.events->up(&played.worker, data);
    json_decref(data);
}

static void go_down(int code, const char *why)
{
    test.line->service.events->down(&played.worker, code, why);
}

/* The message `at` is that one with so many hashes; they are added to `all`. */
static void assert_message(size_t at, const char *member, size_t count, json_t *all)
{
    char *text = wi_sprintf("{%s}", played.said[at] + strlen("relay_models "));
    json_t *root = json_loads(text, 0, NULL), *list = json_object_get(root, member), *hash;
    size_t i;
    assert_memory_equal(played.said[at], "relay_models ", strlen("relay_models "));
    assert_int_equal(json_object_size(root), 1);
    assert_int_equal(json_array_size(list), count);
    json_array_foreach(list, i, hash)
        json_object_set_new(all, json_string_value(hash), json_true());
    json_decref(root);
    free(text);
}

TEST(hashes_go_in_messages_of_512)
{
    static const unsigned counts[] = {0, 1, 511, 512, 513, 1024, 1500};
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        unsigned count = counts[i], messages = (count + 511) / 512;
        json_t *all = json_object();
        names_set(0, count);
        come_up("{\"relay\":true}");
        assert_int_equal(played.count, messages);
        for (unsigned at = 0; at < messages; at++)
            assert_message(at, "add", at + 1 < messages ? 512 : count - 512 * at, all);
        assert_int_equal(json_object_size(all), count);
        json_decref(all);
        forget_said();
    }
}

TEST(only_what_has_changed_is_said_and_removals_first)
{
    json_t *all = json_object();
    names_set(0, 600);
    come_up("{\"relay\":true}");
    forget_said();
    wi_uplink_line_tell_models(test.line);
    assert_int_equal(played.count, 0);
    names_set(600, 600);
    wi_uplink_line_tell_models(test.line);
    assert_int_equal(played.count, 4);
    assert_message(0, "remove", 512, all);
    assert_message(1, "remove", 88, all);
    assert_message(2, "add", 512, all);
    assert_message(3, "add", 88, all);
    assert_int_equal(json_object_size(all), 1200);
    json_decref(all);
}

TEST(nothing_is_said_before_it_is_welcome)
{
    names_set(0, 3);
    played.worker.is_up = 0;
    wi_uplink_line_tell_models(test.line);
    assert_int_equal(played.count, 0);
    assert_int_equal(json_object_size(test.line->said), 0);
}

/* What was said last may not have come, be it an addition or a removal. */
TEST(who_comes_back_says_all_again)
{
    json_t *all = json_object();
    names_set(0, 3);
    come_up("{\"relay\":true}");
    names_set(2, 2);
    wi_uplink_line_tell_models(test.line);
    forget_said();
    come_up("{\"relay\":true,\"resumed\":true}");
    assert_int_equal(played.count, 2);
    assert_message(0, "remove", 2, all);
    assert_message(1, "add", 2, all);
    assert_int_equal(json_object_size(all), 4);
    json_decref(all);
    forget_said();
    all = json_object();
    come_up("{\"relay\":true}"); /* a new node, of which nothing is known */
    assert_int_equal(played.count, 1);
    assert_message(0, "add", 2, all);
    json_decref(all);
}

TEST(people_are_told_once_that_it_is_there_and_once_that_it_is_not)
{
    come_up("{\"relay\":true}");
    assert_string_equal(
        played.told, "attic lends its browsers of the kind chrome to http://big:8471");
    for (int i = 0; i < 2; i++) {
        played.told[0] = '\0';
        go_down(0, "");
        assert_string_equal(played.told,
            i ? ""
              : "http://big:8471 is not connected for the kind chrome: the connection ended; "
                "trying again");
    }
    come_up("{\"relay\":true,\"resumed\":true}");
    assert_non_null(strstr(played.told, "lends its browsers"));
    assert_int_equal(played.ended, 0);
}

TEST(a_token_of_another_rank_is_a_refusal)
{
    come_up("{}");
    assert_int_equal(test.refused, 1);
    assert_int_equal(test.exit, WI_EXIT_UNAUTHORIZED);
    assert_non_null(strstr(test.why, "must have the rank relay"));
    assert_false(test.borrower.welcomed);
}

TEST(a_refused_token_is_a_refusal)
{
    played.worker.is_gone = 1;
    go_down(1008, "the token is not known");
    assert_int_equal(test.refused, 1);
    assert_int_equal(test.exit, WI_EXIT_UNAUTHORIZED);
    assert_non_null(strstr(test.why, "http://big:8471 refuses the relay: the token is not known"));
    test.run.ending = 1;
    go_down(1008, "again");
    assert_int_equal(test.refused, 1);
}

TEST(nothing_there_at_first_ends_the_program)
{
    go_down(0, "no welcome came");
    assert_int_equal(played.exit, WI_EXIT_NO_SERVER);
    assert_non_null(strstr(played.told, "no webinfer daemon that takes nodes at http://big:8471: "
                                        "no welcome came"));
}

/* It may come later, and others are lent to. */
TEST(a_member_that_is_not_there_is_waited_for)
{
    test.borrower.is_member = 1;
    go_down(0, "no welcome came");
    assert_int_equal(played.ended, 0);
    assert_non_null(strstr(played.told, "no welcome came; trying again"));
}

TEST(no_more_is_told_of_a_member_until_it_borrows)
{
    test.borrower.is_member = test.borrower.is_told = 1;
    go_down(0, "");
    assert_string_equal(played.told, "");
    come_up("{\"relay\":true}");
    assert_non_null(strstr(played.told, "lends its browsers"));
    assert_false(test.borrower.is_told);
    assert_true(test.borrower.welcomed);
    go_down(0, "");
    assert_non_null(strstr(played.told, "trying again"));
}

/* --- its end --- */

static void beat(double after_ms)
{
    wi_uplink_lines_beat(&test.run, wi_awake_ms() + after_ms);
}

TEST(a_line_that_was_not_connected_ends_at_once)
{
    wi_uplink_line_end(test.line, "it is over");
    beat(0);
    assert_null(test.run.lines);
}

TEST(a_line_ends_once_its_node_has_left)
{
    played.leaves = 1;
    wi_uplink_line_end(test.line, "it is over");
    assert_string_equal(played.said[0], "bye it is over");
    beat(0);
    assert_non_null(test.run.lines);
    go_down(1000, "bye"); /* of no interest any more */
    assert_string_equal(played.told, "");
    test.line->service.events->left(&played.worker);
    assert_int_equal(test.run.leaving, 0);
    beat(0);
    assert_null(test.run.lines);
}

TEST(a_line_does_not_wait_for_a_daemon_that_is_stopped)
{
    played.leaves = 1;
    wi_uplink_line_end(test.line, "it is over");
    beat(1900);
    assert_non_null(test.run.lines);
    beat(2100);
    assert_null(test.run.lines);
}

TEST(a_line_that_ends_comes_up_no_more)
{
    played.leaves = 1;
    names_set(0, 3);
    wi_uplink_line_end(test.line, "it is over");
    forget_said();
    come_up("{\"relay\":true}");
    assert_int_equal(played.count, 0);
    assert_string_equal(played.told, "");
}

TEST(the_others_stay)
{
    struct wi_uplink_line *first = test.line;
    wi_uplink_line_new(&test.borrower, "firefox", wi_strdup("{}"));
    wi_uplink_line_new(&test.borrower, "webkit", wi_strdup("{}"));
    wi_uplink_line_end(test.run.lines->next, "it is over");
    beat(0);
    assert_string_equal(test.run.lines->kind, "webkit");
    assert_ptr_equal(test.run.lines->next, first);
    assert_null(first->next);
    assert_int_equal(played.beats, 2);
}

TEST(a_daemon_without_room_is_there)
{
    go_down(1013, "the daemon has enough nodes");
    assert_int_equal(played.ended, 0);
    assert_non_null(strstr(played.told, "the daemon has enough nodes; trying again"));
}

TEST(capabilities_are_reported_when_they_change)
{
    wi_uplink_line_describe(test.line, wi_strdup("{}"));
    assert_int_equal(played.reports, 0);
    wi_uplink_line_describe(test.line, wi_strdup("{\"cores\":2}"));
    assert_int_equal(played.reports, 1);
    assert_string_equal(test.line->service.capabilities, "{\"cores\":2}");
}
