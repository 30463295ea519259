/* The daemons that borrow: the lines that each has, and what the loss of each means. */
#include "played.h"

#define LINES_MAX 8

static struct {
    struct wi_uplink_options options;
    struct wi_uplink_run run;
    struct wi_uplink_line lines[LINES_MAX];
    size_t opened, described, ended;
} test;

/* --- the lines, played --- */

void wi_uplink_line_new(struct wi_uplink_borrower *borrower, const char *kind, char *capabilities)
{
    struct wi_uplink_line *line = &test.lines[test.opened++];
    line->run = borrower->run;
    line->borrower = borrower;
    line->worker = &played.worker;
    line->capabilities = capabilities;
    strcpy(line->kind, kind);
    line->next = borrower->run->lines;
    borrower->run->lines = line;
}

void wi_uplink_line_describe(struct wi_uplink_line *line, char *capabilities)
{
    free(line->capabilities);
    line->capabilities = capabilities;
    test.described++;
}

void wi_uplink_line_end(struct wi_uplink_line *line, const char *reason)
{
    assert_true(*reason != '\0');
    line->borrower = NULL;
    test.ended++;
}

/* --- */

static const struct wi_join_link link_there = {.host = "there"};

static int set_up(void **state)
{
    memset(&test, 0, sizeof test);
    test.options.slots = 64;
    test.run.options = &test.options;
    strcpy(test.run.name, "attic");
    return 0;
}

static int tear_down(void **state)
{
    while (test.run.borrowers)
        wi_uplink_borrower_end(test.run.borrowers, "the end");
    for (size_t i = 0; i < test.opened; i++)
        free(test.lines[i].capabilities);
    forget_played();
    return 0;
}

FIXTURE(set_up, tear_down)

static struct wi_uplink_borrower *borrower_of(const char *name)
{
    return wi_uplink_borrower_new(&test.run, name, "http://there:8471", &link_there);
}

/* Nodes of kinds by their names, and how many browsers of each may be started. Returns whether
 * there was something to lend. */
static int lend(const char *nodes, const char *kinds)
{
    json_t *rows = json_loads(nodes, 0, NULL), *samples = json_object();
    json_t *status =
        json_pack("{s:o,s:i}", "kinds", json_loads(kinds, 0, NULL), "session_limit", 4);
    size_t count;
    struct wi_uplink_kind *list = wi_uplink_kinds_read(rows, status, samples, &count);
    int lends = wi_uplink_borrowers_lend(&test.run, list, count);
    free(list);
    json_decref(rows);
    json_decref(status);
    json_decref(samples);
    return lends;
}

#define CHROME "{\"browser\":\"chrome\",\"engines\":{\"ort\":{\"slots\":2}}}"
#define FIREFOX "{\"browser\":\"firefox\",\"engines\":{}}"

TEST(each_borrower_has_a_line_for_each_kind)
{
    const struct wi_uplink_borrower *b = borrower_of("b"), *c = borrower_of("c");
    lend("[" CHROME "," FIREFOX "]", "{}");
    assert_int_equal(test.opened, 4);
    for (size_t i = 0; i < 4; i++) {
        assert_ptr_equal(test.lines[i].borrower, i < 2 ? c : b); /* the last one first */
        assert_string_equal(test.lines[i].kind, i % 2 ? "firefox" : "chrome");
        assert_non_null(strstr(test.lines[i].capabilities, "\"attic\""));
    }
    lend("[" CHROME "]", "{}");
    assert_int_equal(test.opened, 4);
    assert_int_equal(test.described, 2);
}

TEST(who_comes_later_has_lines_as_well)
{
    borrower_of("b");
    lend("[" CHROME "]", "{}");
    const struct wi_uplink_borrower *c = borrower_of("c");
    lend("[" CHROME "]", "{}");
    assert_int_equal(test.opened, 2);
    assert_ptr_equal(test.lines[1].borrower, c);
}

TEST(only_the_lines_of_one_that_goes_end)
{
    struct wi_uplink_borrower *b = borrower_of("b"), *c = borrower_of("c");
    lend("[" CHROME "]", "{}");
    wi_uplink_borrower_end(b, "it is gone");
    assert_ptr_equal(test.run.borrowers, c);
    assert_null(c->next);
    assert_ptr_equal(test.lines[0].borrower, c);
    assert_null(test.lines[1].borrower);
    lend("[" CHROME "]", "{}");
    assert_int_equal(test.opened, 2);
    b = borrower_of("b"); /* it comes back, and its line is a new one */
    lend("[" CHROME "]", "{}");
    assert_int_equal(test.opened, 3);
    assert_ptr_equal(test.lines[2].borrower, b);
}

TEST(the_program_ends_without_its_only_borrower)
{
    struct wi_uplink_borrower *borrower = borrower_of(NULL);
    assert_string_equal(borrower->to, "http://there:8471");
    borrower->refuse(borrower, WI_EXIT_UNAUTHORIZED, "it refuses");
    assert_int_equal(played.ended, 1);
    assert_int_equal(played.exit, WI_EXIT_UNAUTHORIZED);
    assert_string_equal(played.told, "it refuses");
}

TEST(the_program_goes_on_without_a_member)
{
    struct wi_uplink_borrower *b = borrower_of("b"), *c = borrower_of("c");
    lend("[" CHROME "]", "{}");
    assert_string_equal(b->to, "b (http://there:8471)");
    b->refuse(b, WI_EXIT_UNAUTHORIZED, "it refuses");
    assert_int_equal(played.ended, 0);
    assert_string_equal(played.told, "it refuses; it is tried again now and then");
    assert_int_equal(test.ended, 1);
    assert_true(b->is_refused);
    assert_ptr_equal(test.lines[0].borrower, c);
    lend("[" CHROME "]", "{}"); /* it has lines again when it is one anew */
    assert_int_equal(test.opened, 2);
    played.told[0] = '\0';
    b->refuse(b, WI_EXIT_UNAUTHORIZED, "again");
    assert_string_equal(played.told, "");
}

TEST(one_of_its_lines_is_enough_to_be_connected)
{
    struct wi_uplink_borrower *b = borrower_of("b"), *c = borrower_of("c");
    assert_false(wi_uplink_borrower_is_up(b));
    played.worker.is_up = 1;
    assert_false(wi_uplink_borrower_is_up(b));
    lend("[" CHROME "," FIREFOX "]", "{}");
    assert_true(wi_uplink_borrower_is_up(b));
    c->refuse(c, WI_EXIT_UNAUTHORIZED, "no");
    assert_false(wi_uplink_borrower_is_up(c));
    assert_true(wi_uplink_borrower_is_up(b));
}

TEST(lines_are_paused_while_their_kind_can_have_no_node)
{
    borrower_of("b");
    lend("[" CHROME "]", "{}");
    assert_false(played.worker.paused);
    assert_false(lend("[]", "{\"chrome\":{\"max\":0}}"));
    assert_true(played.worker.paused);
    assert_true(lend("[]", "{\"chrome\":{\"max\":1,\"installed\":true}}")); /* as it was */
    assert_false(played.worker.paused);
    assert_int_equal(test.described, 0);
}

/* It is there before the first browser of its kind runs. */
TEST(a_kind_that_may_be_started_has_a_line_once_it_is_known_what_it_can)
{
    borrower_of("b");
    assert_false(lend("[]", "{\"chrome\":{\"max\":2,\"installed\":true}}"));
    assert_int_equal(test.opened, 0);
    assert_false(lend("[]", "{\"chrome\":{\"max\":0,\"installed\":true,\"abilities\":{}}}"));
    assert_int_equal(test.opened, 0);
    assert_true(lend("[]", "{\"chrome\":{\"max\":2,\"installed\":true,\"abilities\":"
                           "{\"engines\":{\"ort\":{\"slots\":3}}}}}"));
    assert_int_equal(test.opened, 1);
    assert_non_null(strstr(test.lines[0].capabilities, "\"slots\":6"));
    assert_false(played.worker.paused);
}
