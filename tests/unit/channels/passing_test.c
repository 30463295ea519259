/* Batches between two members: what comes, and how many rows were lost on the way. */
#include "../test.h"

#include "rows.h"

#include "channels/passing.h"
#include "channels/telling.h"

/* A member, and what it has heard. */
struct side {
    const char *name;
    struct side *other;
    struct wi_passing *passing;
    struct wi_talk_follower follower;
    int listens, is_cut; /* what it says is lost */
    size_t said, batches;
    uint64_t rows, lost;
    struct wi_buffer last; /* that it has said */
    char of[64];           /* client and model of the last rows or losses */
};

static struct fixture {
    uv_loop_t loop;
    uv_timer_t limit;
    struct side a, b;
} the_fixture, *fixture = &the_fixture;

#include "../until.h"

/* --- a talk in memory ------------------------------------------------------------------------- */

static void on_follow(void *context, const struct wi_talk_follower *follower)
{
    struct side *side = context;
    side->follower = follower ? *follower : (struct wi_talk_follower){0};
}

static void on_listen(void *context, int listens)
{
    struct side *side = context;
    side->listens = listens;
    side->other->follower.on_audience(side->other->follower.context, listens);
}

static enum wi_read_fault hear(struct side *side, const char *from, const struct wi_buffer *text)
{
    return side->follower.on_heard(side->follower.context, from, text->text, text->size);
}

static int on_say(void *context, struct wi_buffer *text)
{
    struct side *side = context;
    side->said++;
    wi_buffer_clear(&side->last);
    side->last = *text;
    *text = (struct wi_buffer){0};
    if (!side->is_cut && side->other->listens)
        assert_int_equal(hear(side->other, side->name, &side->last), WI_READ_GOOD);
    return 0;
}

static void on_batch(void *context, struct wi_batch *batch)
{
    struct side *side = context;
    side->batches++;
    side->rows += batch->count;
    side->lost += batch->lost;
    snprintf(side->of, sizeof side->of, "%s %s", batch->client, batch->model);
}

static void side_begin(struct side *side, const char *name, struct side *other)
{
    const struct wi_member_talk talk = {side, on_follow, on_listen, on_say};
    side->name = name;
    side->other = other;
    side->passing = wi_passing_new(&fixture->loop, NULL, &talk, on_batch, side);
}

static int set_up(void **state)
{
    memset(fixture, 0, sizeof *fixture);
    if (uv_loop_init(&fixture->loop))
        return -1;
    limit_waiting(&fixture->loop, &fixture->limit, 20000);
    side_begin(&fixture->a, "member-a", &fixture->b);
    side_begin(&fixture->b, "member-b", &fixture->a);
    return 0;
}

static int tear_down(void **state)
{
    for (struct side *side = &fixture->a; side; side = side == &fixture->a ? &fixture->b : NULL) {
        wi_passing_free(side->passing);
        assert_null(side->follower.on_heard);
        wi_buffer_clear(&side->last);
    }
    uv_close((uv_handle_t *)&fixture->limit, NULL);
    uv_run(&fixture->loop, UV_RUN_DEFAULT);
    return uv_loop_close(&fixture->loop);
}

FIXTURE(set_up, tear_down)

/* `side` tells so many results. */
static void tell(struct side *side, const char *client, const char *model, size_t rows)
{
    struct wi_batch *batch = wi_batch_new(NULL, WI_CHANNEL_RESULTS, client, model, 0);
    for (size_t i = 0; i < rows; i++)
        wi_batch_add_result(batch, "{}", 2);
    wi_batch_seal(batch, 0);
    wi_passing_tell(side->passing, batch);
    wi_batch_unref(batch);
}

static void check_heard(const struct side *side, uint64_t rows, uint64_t lost)
{
    assert_int_equal(side->rows, rows);
    assert_int_equal(side->lost, lost);
}

/* --- tests ------------------------------------------------------------------------------------ */

TEST(nothing_is_told_unless_another_member_listens)
{
    struct side *a = &fixture->a, *b = &fixture->b;
    assert_false(wi_passing_is_heard(a->passing));
    tell(a, "ada", "nest", 1);
    assert_int_equal(a->said, 0);
    wi_passing_listen(b->passing, 1);
    assert_true(wi_passing_is_heard(a->passing));
    assert_false(wi_passing_is_heard(b->passing));
    tell(a, "ada", "nest", 2);
    check_heard(b, 2, 0);
    check_heard(a, 0, 0);
    assert_string_equal(b->of, "ada nest");
}

TEST(what_is_not_listened_to_is_not_read)
{
    struct wi_buffer garbage = {.text = (char *)"x", .size = 1};
    assert_int_equal(hear(&fixture->b, "member-a", &garbage), WI_READ_GOOD);
    wi_passing_listen(fixture->b.passing, 1);
    assert_int_equal(hear(&fixture->b, "member-a", &garbage), WI_READ_GARBAGE);
    check_heard(&fixture->b, 0, 0);
}

TEST(lost_rows_are_told_with_the_next_ones_of_their_line)
{
    struct side *a = &fixture->a, *b = &fixture->b;
    wi_passing_listen(b->passing, 1);
    tell(a, "ada", "nest", 1);
    tell(a, "bob", "nest", 1);
    a->is_cut = 1;
    tell(a, "ada", "nest", 3);
    tell(a, "ada", "nest", 2);
    a->is_cut = 0;
    tell(a, "bob", "nest", 1);
    tell(a, "ada", NULL, 1);
    check_heard(b, 4, 0);
    tell(a, "ada", "nest", 1);
    check_heard(b, 5, 5);
    assert_string_equal(b->of, "ada nest");
    assert_int_equal(b->batches, 6);
}

TEST(the_loss_of_the_last_rows_is_found_without_others)
{
    struct side *a = &fixture->a, *b = &fixture->b;
    wi_passing_listen(b->passing, 1);
    tell(a, "ada", "nest", 1);
    a->is_cut = 1;
    tell(a, "ada", "nest", 4);
    a->is_cut = 0;
    until(b->lost > 0);
    check_heard(b, 1, 4);
    tell(a, "ada", "nest", 1);
    check_heard(b, 2, 4);
}

TEST(a_line_whose_first_rows_are_lost_is_missed_whole)
{
    struct side *a = &fixture->a, *b = &fixture->b;
    wi_passing_listen(b->passing, 1);
    a->is_cut = 1;
    tell(a, "ada", "nest", 2);
    a->is_cut = 0;
    tell(a, "ada", "nest", 1);
    check_heard(b, 1, 2);
}

TEST(what_was_told_before_a_member_listens_is_not_missed)
{
    struct side *a = &fixture->a, *b = &fixture->b;
    a->follower.on_audience(a->follower.context, 1); /* others do */
    tell(a, "ada", "nest", 5);
    wi_passing_listen(b->passing, 1);
    tell(a, "ada", "nest", 1);
    check_heard(b, 1, 0);
    wi_passing_listen(b->passing, 0);
    tell(a, "ada", "nest", 5);
    wi_passing_listen(b->passing, 1);
    until(a->said == 6); /* how far the line is */
    tell(a, "ada", "nest", 1);
    check_heard(b, 2, 0);
}

TEST(one_that_hears_before_it_is_greeted_does_not_miss_what_came_before)
{
    struct side *a = &fixture->a, *b = &fixture->b;
    a->follower.on_audience(a->follower.context, 1);
    tell(a, "ada", "nest", 5);
    b->listens = 1; /* the teller does not know it yet */
    wi_passing_listen(b->passing, 1);
    check_heard(b, 0, 0);
    tell(a, "ada", "nest", 1);
    check_heard(b, 1, 0);
}

TEST(rows_are_counted_while_a_listener_is_away)
{
    struct side *a = &fixture->a, *b = &fixture->b;
    wi_passing_listen(b->passing, 1);
    tell(a, "ada", "nest", 1);
    a->follower.on_audience(a->follower.context, 0);
    assert_true(wi_passing_is_heard(a->passing));
    size_t said = a->said;
    tell(a, "ada", "nest", 3);
    tell(a, "ada", "new", 2);
    assert_int_equal(a->said, said);
    a->follower.on_audience(a->follower.context, 1);
    until(b->lost == 5);
    check_heard(b, 1, 5);
}

TEST(what_comes_twice_or_late_is_ignored)
{
    struct side *a = &fixture->a, *b = &fixture->b;
    struct wi_buffer old = {0};
    wi_passing_listen(b->passing, 1);
    tell(a, "ada", "nest", 2);
    wi_buffer_add(&old, a->last.text, a->last.size);
    assert_int_equal(hear(b, "member-a", &old), WI_READ_GOOD);
    tell(a, "ada", "nest", 1);
    assert_int_equal(hear(b, "member-a", &old), WI_READ_GOOD);
    check_heard(b, 3, 0);
    /* To another member it is another line. */
    assert_int_equal(hear(b, "member-c", &old), WI_READ_GOOD);
    check_heard(b, 5, 0);
    wi_buffer_clear(&old);
}

TEST(lines_are_bounded_and_one_that_goes_misses_nothing)
{
    struct side *a = &fixture->a, *b = &fixture->b;
    char model[32];
    wi_passing_listen(b->passing, 1);
    for (int round = 0; round < 2; round++)
        for (size_t i = 0; i <= WI_PASSING_LINES_OTHERS; i++) {
            snprintf(model, sizeof model, "m%zu", i);
            tell(a, "ada", model, 1);
        }
    check_heard(b, 2 * (WI_PASSING_LINES_OTHERS + 1), 0);
}

TEST(members_are_bounded)
{
    struct side *a = &fixture->a, *b = &fixture->b;
    char name[32];
    wi_passing_listen(b->passing, 1);
    for (size_t i = 0; i < 2 * WI_PASSING_LINES_OTHERS; i++) {
        snprintf(name, sizeof name, "member-%zu", i);
        assert_int_equal(hear(b, name, &a->last), WI_READ_GOOD);
    }
    tell(a, "ada", "nest", 1);
    check_heard(b, 1, 0);
}

TEST(without_a_cluster_there_is_nothing_to_do)
{
    assert_false(wi_passing_is_heard(NULL));
    wi_passing_tell(NULL, NULL);
    wi_passing_listen(NULL, 1);
    wi_passing_free(NULL);
}
