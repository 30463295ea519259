/* Rows that members share: each follows them all, and of several that change one, one does. */
#include "../test.h"
#include "fake_rows.h"

#define JOIN_KEY WI_ROW_PREFIX "join."

struct heard {
    char text[1024];
    enum wi_read_fault answer;
};

static void hear(struct heard *heard, const char *one, const char *two)
{
    size_t length = strlen(heard->text);
    wi_join(heard->text + length, sizeof heard->text - length, one, two, "; ", NULL);
}

static enum wi_read_fault on_row(void *context, const struct wi_row *row)
{
    struct heard *heard = context;
    char text[64];
    snprintf(text, sizeof text, "=%.*s", (int)row->size, row->text ? row->text : "gone");
    hear(heard, row->name, row->text ? text : " gone");
    return heard->answer;
}

static void on_ready(void *context)
{
    hear(context, "ready", "");
}

static void on_changed(
    void *context, const char *name, enum wi_row_result result, const struct wi_error *error)
{
    static const char *const results[] = {" done", " changed", " failed"};
    assert_int_equal(result == WI_ROW_FAILED, error != NULL);
    hear(context, name, results[result]);
}

static void on_lapsed(void *context, const char *instance)
{
    hear(context, instance, " lapsed");
}

static void on_sweep(void *context, const struct wi_members_view *view)
{
    hear(context, "sweep", view->is_first ? " first" : "");
}

struct fixture {
    struct fake_table table;
    struct fake_follower followers[2];
    struct heard heard[2];
};

static int set_up(void **state)
{
    struct fixture *f = wi_alloc(sizeof *f);
    *state = f;
    for (int i = 0; i < 2; i++) {
        const struct wi_row_follower follower = {.on_row = on_row,
            .on_ready = on_ready,
            .on_sweep = on_sweep,
            .on_changed = on_changed,
            .on_lapsed = on_lapsed,
            .context = &f->heard[i],
            .most = 3};
        fake_rows_join(&f->followers[i], &f->table, i ? "member-b" : "member-a");
        wi_rows_follow(f->followers[i].rows, WI_ROWS_JOINS, &follower);
        fake_rows_connect(&f->followers[i]);
    }
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    for (int i = 0; i < 2; i++)
        fake_rows_leave(&f->followers[i]);
    fake_table_clear(&f->table);
    free(f);
    return 0;
}

FIXTURE(set_up, tear_down)

/* Asserts what the member has heard since the last time. */
static void assert_heard(struct fixture *f, int member, const char *expected)
{
    fake_turn_all(f->followers, 2);
    assert_string_equal(f->heard[member].text, expected);
    f->heard[member].text[0] = '\0';
}

static void put(struct fixture *f, int member, const char *name, const char *text)
{
    wi_rows_write(f->followers[member].rows, WI_ROWS_JOINS, name, text, strlen(text));
}

TEST(what_one_member_writes_comes_to_all)
{
    struct fixture *f = *state;
    assert_heard(f, 0, "ready; ");
    put(f, 0, "x", "1");
    assert_heard(f, 0, "x=1; x done; ");
    assert_heard(f, 1, "ready; x=1; ");
    put(f, 1, "x", "2");
    assert_heard(f, 1, "x=2; x done; ");
    assert_heard(f, 0, "x=2; ");
    wi_rows_remove(f->followers[0].rows, WI_ROWS_JOINS, "x");
    assert_heard(f, 0, "x gone; x done; ");
    assert_heard(f, 1, "x gone; ");
    put(f, 1, "x", "3"); /* it is made anew */
    assert_heard(f, 0, "x=3; ");
}

TEST(of_two_that_change_a_row_one_does)
{
    struct fixture *f = *state;
    put(f, 0, "x", "0");
    fake_turn_all(f->followers, 2);
    f->heard[0].text[0] = f->heard[1].text[0] = '\0';
    put(f, 0, "x", "a");
    put(f, 1, "x", "b");
    assert_heard(f, 1, "x=a; x changed; ");
    assert_heard(f, 0, "x=a; x done; ");
    /* Nor is a row changed that was removed meanwhile. */
    wi_rows_remove(f->followers[0].rows, WI_ROWS_JOINS, "x");
    put(f, 1, "x", "c");
    assert_heard(f, 1, "x gone; x changed; ");
    assert_int_equal(fake_rows_count(&f->table, JOIN_KEY), 0);
}

TEST(after_a_loss_of_the_servers_the_copy_is_that_of_the_rows)
{
    struct fixture *f = *state;
    put(f, 0, "x", "1");
    put(f, 0, "y", "1");
    fake_turn_all(f->followers, 2);
    fake_rows_away(&f->followers[1]);
    f->heard[1].text[0] = '\0';
    assert_false(wi_rows_is_ready(f->followers[1].rows));
    put(f, 1, "x", "2");
    assert_heard(f, 1, "x failed; ");
    wi_rows_remove(f->followers[0].rows, WI_ROWS_JOINS, "x");
    put(f, 0, "y", "2");
    put(f, 0, "z", "1");
    assert_heard(f, 1, "");
    wi_rows_sweep(f->followers[1].rows, &(struct wi_members_view){.is_first = 1});
    assert_heard(f, 1, "");
    fake_rows_connect(&f->followers[1]);
    assert_heard(f, 1, "y=2; z=1; x gone; ready; ");
    wi_rows_sweep(f->followers[1].rows, &(struct wi_members_view){.is_first = 1});
    assert_heard(f, 1, "sweep first; ");
}

TEST(servers_that_have_lost_their_rows_count_revisions_anew)
{
    struct fixture *f = *state;
    put(f, 0, "x", "1");
    put(f, 0, "y", "1");
    fake_turn_all(f->followers, 2);
    put(f, 0, "x", "2");
    fake_turn_all(f->followers, 2);
    for (int i = 0; i < 2; i++) {
        fake_rows_away(&f->followers[i]);
        f->heard[i].text[0] = '\0';
    }
    fake_table_clear(&f->table);
    fake_row_set(&f->table, JOIN_KEY "x", "3", 1);
    for (int i = 0; i < 2; i++)
        fake_rows_connect(&f->followers[i]);
    assert_heard(f, 0, "x=3; y gone; ready; ");
    put(f, 0, "x", "4");
    assert_heard(f, 0, "x=4; x done; ");
    assert_heard(f, 1, "x=3; y gone; ready; x=4; ");
}

TEST(what_is_no_row_is_counted)
{
    struct fixture *f = *state;
    static char large[WI_ROW_MAX + 1];
    memset(large, 'x', sizeof large);
    fake_row_set(&f->table, JOIN_KEY, "1", 1);
    fake_row_set(&f->table, JOIN_KEY "a.b", "1", 1);
    fake_row_set(&f->table, JOIN_KEY "*", "1", 1);
    fake_row_set(&f->table, WI_ROW_PREFIX "other.a", "1", 1);
    fake_row_set(&f->table, WI_ROW_PREFIX, "1", 1);
    fake_turn_all(f->followers, 2);
    const struct wi_row_counters *counters = wi_rows_counters(f->followers[0].rows);
    assert_int_equal(counters->garbage, 5);
    assert_heard(f, 0, "ready; ");
    /* A row that becomes too large is as good as gone, and can be written again. */
    put(f, 0, "x", "1");
    assert_heard(f, 0, "x=1; x done; ");
    fake_row_set(&f->table, JOIN_KEY "x", large, sizeof large);
    assert_heard(f, 0, "x gone; ");
    assert_int_equal(counters->garbage, 6);
    put(f, 0, "x", "2");
    assert_heard(f, 0, "x=2; x done; ");
    f->heard[0].answer = WI_READ_OTHER_VERSION;
    fake_row_set(&f->table, JOIN_KEY "x", "3", 1);
    assert_heard(f, 0, "x=3; ");
    assert_int_equal(counters->other_version, 1);
}

TEST(there_are_so_many_and_the_others_are_left_out)
{
    struct fixture *f = *state;
    for (char name = 'a'; name <= 'e'; name++) {
        char key[] = JOIN_KEY "?";
        key[sizeof key - 2] = name;
        fake_row_set(&f->table, key, "1", 1);
    }
    fake_turn_all(f->followers, 2);
    assert_int_equal(wi_rows_counters(f->followers[0].rows)->left_out, 2);
    assert_heard(f, 0, "ready; a=1; b=1; c=1; ");
}

TEST(who_unfollows_is_not_called)
{
    struct fixture *f = *state;
    put(f, 0, "x", "1");
    f->heard[0].text[0] = '\0';
    wi_rows_unfollow(f->followers[0].rows, WI_ROWS_JOINS);
    assert_heard(f, 0, "");
    assert_heard(f, 1, "ready; x=1; ");
}

TEST(a_lapsed_claim_is_told_and_no_other)
{
    struct fixture *f = *state;
    struct wi_members_view seen = {0};
    f->followers[0].lapsed = "member-z";
    wi_rows_ask_lapsed(f->followers[0].rows, WI_ROWS_JOINS, "member-y", &seen);
    wi_rows_ask_lapsed(f->followers[0].rows, WI_ROWS_JOINS, "member-z", &seen);
    assert_heard(f, 0, "ready; member-z lapsed; ");
}

TEST(a_member_that_is_seen_is_not_asked_about_and_another_one_once)
{
    struct fixture *f = *state;
    struct wi_members_view seen = {.count = 1, .living = {"member-x"}};
    for (int i = 0; i < 2; i++) {
        wi_rows_ask_lapsed(f->followers[0].rows, WI_ROWS_JOINS, "member-x", &seen);
        wi_rows_ask_lapsed(f->followers[0].rows, WI_ROWS_JOINS, "member-y", &seen);
    }
    assert_int_equal(f->followers[0].asked_count, 1);
    seen.count = WI_MEMBERS_MAX; /* there is no room */
    wi_rows_ask_lapsed(f->followers[0].rows, WI_ROWS_JOINS, "member-z", &seen);
    assert_int_equal(f->followers[0].asked_count, 1);
}

TEST(changes_under_way_are_counted)
{
    struct fixture *f = *state;
    struct wi_members_view seen = {0};
    const struct wi_rows *rows = f->followers[0].rows;
    put(f, 0, "x", "1");
    wi_rows_remove(f->followers[0].rows, WI_ROWS_JOINS, "y");
    wi_rows_ask_lapsed(f->followers[0].rows, WI_ROWS_JOINS, "member-y", &seen);
    assert_int_equal(wi_rows_room(rows, WI_ROWS_JOINS), WI_ROWS_CHANGING_MAX - 2);
    assert_int_equal(wi_rows_room(rows, WI_ROWS_VERDICTS), WI_ROWS_CHANGING_MAX);
    fake_turn_all(f->followers, 2);
    assert_int_equal(wi_rows_room(rows, WI_ROWS_JOINS), WI_ROWS_CHANGING_MAX);
    f->followers[0].away = 1;
    put(f, 0, "x", "2");
    assert_int_equal(wi_rows_room(rows, WI_ROWS_JOINS), WI_ROWS_CHANGING_MAX - 1);
    fake_turn_all(f->followers, 2);
    assert_int_equal(wi_rows_room(rows, WI_ROWS_JOINS), WI_ROWS_CHANGING_MAX);
}
