/* The rows of accepted jobs: the order in which they are taken, what an end without warning
 * leaves, and that a row ends once. */
#include "fixture.h"

#include "settings/store/private.h"
#include "settings/store/rows.h"

static int set_up(void **state)
{
    struct fixture *f = new_fixture();
    *state = f;
    f->now = 1000000;
    open_db(f);
    return 0;
}

/* A row whose body is its id. */
static void fill(struct fixture *f, struct wi_record_accept *accept, const char *id)
{
    snprintf(accept->record.id, sizeof accept->record.id, "%s", id);
    strcpy(accept->record.client, "somebody");
    strcpy(accept->record.dialect, "a format");
    accept->record.model_name = wi_strdup("model");
    accept->record.priority = 5;
    accept->record.accepted_at = f->now;
    accept->record.deadline_at = f->now + 1000;
    accept->record.body_size = accept->record.json_size = strlen(id);
    accept->body = (const unsigned char *)accept->record.id;
}

static enum wi_record_found add(struct fixture *f, struct wi_record_accept *accept)
{
    now(f, wi_row_accept, accept);
    wi_record_clear(&accept->record);
    wi_record_clear(&accept->earlier);
    return accept->found;
}

static void add_plain(struct fixture *f, const char *id, int priority, int64_t age)
{
    struct wi_record_accept accept = {0};
    fill(f, &accept, id);
    accept.record.priority = priority;
    accept.record.accepted_at -= age;
    assert_int_equal(add(f, &accept), WI_RECORD_NEW);
}

/* The ids that were taken, with a space after each; checks their bodies. */
static const char *take(struct fixture *f, size_t count, uint64_t bytes, int suspect)
{
    static char ids[256];
    struct wi_record_take op = {.count = count, .bytes = bytes, .suspect = suspect, .now = f->now};
    now(f, wi_row_take, &op);
    ids[0] = '\0';
    for (size_t i = 0; i < op.taken; i++) {
        struct wi_record *row = &op.records[i];
        assert_int_equal(row->state, WI_RECORD_RUNNING);
        assert_int_equal(row->bytes->size, strlen(row->id));
        assert_memory_equal(row->bytes->bytes, row->id, row->bytes->size);
        strcat(strcat(ids, row->id), " ");
        wi_record_clear(row);
    }
    free(op.records);
    return ids;
}

static int finish(struct fixture *f, const char *id, enum wi_record_state state, const char *answer)
{
    struct wi_record_part parts[] = {{answer, strlen(answer)}, {"\1\2\3", 3}};
    struct wi_record_finish op = {
        .state = state, .status = 200, .now = f->now, .parts = parts, .part_count = 2};
    snprintf(op.id, sizeof op.id, "%s", id);
    now(f, wi_row_finish, &op);
    return op.finished;
}

static size_t recover(struct fixture *f, size_t *poison)
{
    struct wi_record_sweep op = {.now = f->now, .crashes_max = 3};
    now(f, wi_row_recover, &op);
    *poison = op.poison.count;
    free(op.poison.items);
    free(op.cancelled.items);
    return op.requeued;
}

/* The answer is what the row says that it is to be told in. */
static void tell_dialect(struct wi_record_cancel *op, const struct wi_record *row)
{
    static struct wi_record_part part;
    static char text[sizeof row->dialect];
    memcpy(text, row->dialect, sizeof text);
    part = (struct wi_record_part){text, strlen(text)};
    op->finish.parts = &part;
    op->finish.part_count = 1;
}

static int cancel(struct fixture *f, const char *id)
{
    struct wi_record_cancel op = {.tell = tell_dialect};
    op.finish.state = WI_RECORD_CANCELLED;
    snprintf(op.finish.id, sizeof op.finish.id, "%s", id);
    now(f, wi_row_cancel, &op);
    return op.finish.finished;
}

/* --------------------------------------------------------------------------------------------- */

FIXTURE(set_up, tear_down)

TEST(urgent_ones_go_first_and_waiting_makes_urgent)
{
    struct fixture *f = *state;
    add_plain(f, "low", 1, 0);
    add_plain(f, "middle", 5, 0);
    add_plain(f, "high", 9, 0);
    add_plain(f, "older", 5, 10);
    add_plain(f, "aged", 1, 8 * WI_RECORD_AGEING_MS + 1);
    assert_string_equal(take(f, 2, 1000, 0), "aged high ");
    assert_string_equal(take(f, 9, 1000, 0), "older middle low ");
    assert_string_equal(take(f, 9, 1000, 0), "");
}

TEST(bodies_bound_what_is_taken)
{
    struct fixture *f = *state;
    add_plain(f, "12345678", 9, 0);
    add_plain(f, "abcdefgh", 8, 0);
    add_plain(f, "ABCDEFGH", 7, 0);
    assert_string_equal(take(f, 9, 4, 0), "12345678 "); /* one in any case */
    assert_string_equal(take(f, 9, 16, 0), "abcdefgh ABCDEFGH ");
}

TEST(a_row_that_goes_back_waits_until_its_time)
{
    struct fixture *f = *state;
    struct wi_record_return back = {
        .id = "one", .retry_at = f->now + 5, .attempts = 7, .problem = "no browser"};
    struct wi_record_read read = {.id = "one"};
    add_plain(f, "one", 5, 0);
    take(f, 1, 1000, 0);
    now(f, wi_row_return, &back);
    now(f, wi_row_read, &read);
    assert_int_equal(read.record.state, WI_RECORD_QUEUED);
    assert_string_equal(read.record.problem, "no browser");
    assert_int_equal(read.record.attempts, 7);
    assert_int_equal(read.record.crashes, 0);
    assert_int_equal(read.record.runs, 1);
    wi_record_clear(&read.record);
    assert_string_equal(take(f, 1, 1000, 0), "");
    f->now += 5;
    assert_string_equal(take(f, 1, 1000, 1), "one "); /* nor is it a suspect */
}

TEST(a_clock_that_is_set_back_keeps_no_row_waiting)
{
    struct fixture *f = *state;
    struct wi_record_return back = {.id = "one", .retry_at = f->now + 5, .problem = "no browser"};
    add_plain(f, "one", 5, 0);
    take(f, 1, 1000, 0);
    now(f, wi_row_return, &back);
    f->now -= 3600 * 1000;
    assert_string_equal(take(f, 1, 1000, 0), "one ");
}

TEST(what_nothing_could_run_goes_behind_what_came_later)
{
    struct fixture *f = *state;
    struct wi_record_return back = {.id = "vain", .retry_at = f->now + 5, .problem = "no browser"};
    add_plain(f, "vain", 5, 3);
    add_plain(f, "later", 5, 2);
    add_plain(f, "last", 4, 0);
    assert_string_equal(take(f, 1, 1000, 0), "vain ");
    back.behind_at = f->now;
    now(f, wi_row_return, &back);
    f->now += 5;
    assert_string_equal(take(f, 2, 1000, 0), "later vain "); /* its priority it keeps */
}

TEST(after_a_crash_suspects_run_one_at_a_time_and_not_for_ever)
{
    struct fixture *f = *state;
    size_t poison;
    add_plain(f, "bad", 5, 2);
    add_plain(f, "good", 5, 1);
    add_plain(f, "new", 5, 0);
    assert_string_equal(take(f, 2, 1000, 0), "bad good ");
    assert_int_equal(recover(f, &poison), 2);
    assert_int_equal(poison, 0);
    assert_string_equal(take(f, 9, 1000, 0), "bad new ");
    assert_string_equal(take(f, 9, 1000, 1), ""); /* while "bad" runs */
    assert_true(finish(f, "new", WI_RECORD_DONE, "{}"));
    assert_int_equal(recover(f, &poison), 1);
    assert_string_equal(take(f, 9, 1000, 0), "bad ");
    assert_int_equal(recover(f, &poison), 0);
    assert_int_equal(poison, 1);
    assert_true(finish(f, "bad", WI_RECORD_FAILED, "{}"));
    assert_string_equal(take(f, 9, 1000, 0), "good ");
}

TEST(a_row_ends_once_and_keeps_its_answer)
{
    struct fixture *f = *state;
    struct wi_record_read read = {.id = "one", .answer_max = 100};
    add_plain(f, "one", 5, 0);
    take(f, 1, 1000, 0);
    assert_true(finish(f, "one", WI_RECORD_DONE, "{\"first\":1}"));
    assert_false(finish(f, "one", WI_RECORD_FAILED, "{\"second\":1}"));
    now(f, wi_row_read, &read);
    assert_true(read.found);
    assert_int_equal(read.record.state, WI_RECORD_DONE);
    assert_int_equal(read.record.head_size, 11);
    assert_int_equal(read.record.answer_size, 14);
    assert_memory_equal(read.record.bytes->bytes, "{\"first\":1}\1\2\3", 14);
    wi_record_clear(&read.record);
    read.answer_max = 13;
    now(f, wi_row_read, &read);
    assert_null(read.record.bytes);
    wi_record_clear(&read.record);
    struct wi_record_read none = {.id = "none"};
    now(f, wi_row_read, &none);
    assert_false(none.found);
}

TEST(only_what_waits_is_cancelled)
{
    struct fixture *f = *state;
    struct wi_record_cancel op = {.finish = {.id = "one"}, .tell = tell_dialect};
    struct wi_record_read read = {.id = "two", .answer_max = 100};
    op.finish.state = WI_RECORD_CANCELLED;
    now(f, wi_row_cancel, &op);
    assert_false(op.found);
    add_plain(f, "one", 5, 0);
    take(f, 1, 1000, 0);
    op.finish.finished = 1; /* of a transaction that was rolled back */
    now(f, wi_row_cancel, &op);
    assert_true(op.found);
    assert_int_equal(op.before, WI_RECORD_RUNNING);
    assert_false(op.finish.finished);
    assert_true(finish(f, "one", WI_RECORD_DONE, "{}"));
    now(f, wi_row_cancel, &op);
    assert_int_equal(op.before, WI_RECORD_DONE);
    assert_false(op.finish.finished);
    add_plain(f, "two", 5, 0);
    strcpy(op.finish.id, "two");
    now(f, wi_row_cancel, &op);
    assert_int_equal(op.before, WI_RECORD_QUEUED);
    assert_true(op.finish.finished);
    assert_string_equal(take(f, 9, 1000, 0), "");
    now(f, wi_row_read, &read);
    assert_memory_equal(read.record.bytes->bytes, "a format", 8);
    wi_record_clear(&read.record);
}

/* Whatever happens between the order and its execution, it is carried out. */
TEST(a_cancelled_row_does_not_go_back_to_the_queue)
{
    struct fixture *f = *state;
    struct wi_record_return back = {.id = "one"};
    struct wi_record_sweep recovered = {.now = f->now, .crashes_max = 3};
    add_plain(f, "one", 5, 2);
    add_plain(f, "two", 5, 1);
    take(f, 2, 1000, 0);
    assert_false(cancel(f, "one")); /* it runs: whoever runs it has to end it */
    now(f, wi_row_return, &back);
    assert_int_equal(back.returned, WI_RECORD_TO_CANCEL);
    now(f, wi_row_recover, &recovered);
    assert_int_equal(recovered.requeued, 1);
    assert_int_equal(recovered.poison.count, 0);
    assert_int_equal(recovered.cancelled.count, 1);
    assert_string_equal(recovered.cancelled.items[0].id, "one");
    free(recovered.cancelled.items);
    assert_string_equal(take(f, 9, 1000, 0), "two ");
    assert_true(finish(f, "one", WI_RECORD_CANCELLED, "{}"));
    strcpy(back.id, "two");
    now(f, wi_row_return, &back);
    assert_int_equal(back.returned, WI_RECORD_BACK);
}

/* `accept` has what is special of it. */
static enum wi_record_found keyed(struct fixture *f, const char *id, const char *body, int infer,
    const char *client, struct wi_record_accept *accept)
{
    const struct wi_record_accept given = *accept;
    *accept = (struct wi_record_accept){.key = "the key", .identify = given.identify};
    fill(f, accept, id);
    if (*given.record.dialect)
        strcpy(accept->record.dialect, given.record.dialect);
    strcpy(accept->record.client, client);
    accept->record.infer = infer;
    accept->body = (const unsigned char *)body;
    accept->record.body_size = accept->record.json_size = strlen(body);
    now(f, wi_row_accept, accept);
    wi_record_clear(&accept->record);
    return accept->found;
}

TEST(a_key_belongs_to_a_client_an_endpoint_and_a_body)
{
    struct fixture *f = *state;
    struct wi_record_accept accept = {0};
    assert_int_equal(keyed(f, "a", "body", 0, "me", &accept), WI_RECORD_NEW);
    assert_int_equal(keyed(f, "b", "body", 0, "me", &accept), WI_RECORD_SAME);
    assert_string_equal(accept.earlier.id, "a");
    wi_record_clear(&accept.earlier);
    assert_int_equal(keyed(f, "c", "other", 0, "me", &accept), WI_RECORD_OTHER);
    wi_record_clear(&accept.earlier);
    assert_int_equal(keyed(f, "d", "other", 1, "me", &accept), WI_RECORD_NEW);
    assert_int_equal(keyed(f, "e", "other", 0, "you", &accept), WI_RECORD_NEW);
    struct wi_record_finish end = {.id = "d", .state = WI_RECORD_FAILED, .forget_key = 1};
    now(f, wi_row_finish, &end);
    assert_int_equal(keyed(f, "f", "third", 1, "me", &accept), WI_RECORD_NEW);
}

/* What it means is its first letter. */
static void identify(const unsigned char *bytes, size_t size, unsigned char hash[WI_HASH_SIZE])
{
    assert_true(size > 0);
    memset(hash, bytes[0], WI_HASH_SIZE);
}

TEST(a_key_is_for_what_a_body_means_in_its_format)
{
    struct fixture *f = *state;
    struct wi_record_accept accept = {.identify = identify};
    assert_int_equal(keyed(f, "a", "body", 1, "me", &accept), WI_RECORD_NEW);
    assert_int_equal(keyed(f, "b", "bird", 1, "me", &accept), WI_RECORD_SAME);
    wi_record_clear(&accept.earlier);
    assert_int_equal(keyed(f, "c", "cody", 1, "me", &accept), WI_RECORD_OTHER);
    wi_record_clear(&accept.earlier);
    strcpy(accept.record.dialect, "another format");
    assert_int_equal(keyed(f, "d", "body", 1, "me", &accept), WI_RECORD_OTHER);
    wi_record_clear(&accept.earlier);
}

static void look(struct fixture *f, struct wi_record *row, const char *id)
{
    struct wi_record_read op = {0};
    snprintf(op.id, sizeof op.id, "%s", id);
    now(f, wi_row_read, &op);
    assert_true(op.found);
    *row = op.record;
}

/* The clock was 1,000 s ahead, and was put right before the daemon was started again. */
TEST(what_is_from_the_future_is_of_now)
{
    struct fixture *f = *state;
    struct wi_record row;
    size_t poison;
    int64_t right = f->now;
    add_plain(f, "before", 5, 0);
    f->now += 1000000;
    add_plain(f, "ahead", 5, 0);
    add_plain(f, "done", 5, 0);
    finish(f, "done", WI_RECORD_DONE, "{}");
    f->now = right + 10;
    recover(f, &poison);
    look(f, &row, "before");
    assert_int_equal(row.deadline_at, right + 1000);
    wi_record_clear(&row);
    look(f, &row, "ahead");
    assert_int_equal(row.accepted_at, f->now);
    assert_int_equal(row.deadline_at, f->now + 1000);
    wi_record_clear(&row);
    look(f, &row, "done");
    assert_int_equal(row.finished_at, f->now);
    wi_record_clear(&row);
    assert_string_equal(take(f, 10, 1000, 0), "before ahead ");
}

TEST(what_is_old_goes_and_what_is_late_is_found)
{
    struct fixture *f = *state;
    struct wi_record_sweep op = {.finished_before = f->now, .now = f->now + 999, .limit = 10};
    add_plain(f, "done", 5, 0);
    add_plain(f, "late", 5, 0);
    add_plain(f, "running", 5, 0);
    struct wi_record_accept accept = {0};
    fill(f, &accept, "in time");
    accept.record.deadline_at += 1000;
    add(f, &accept);
    finish(f, "done", WI_RECORD_DONE, "{}");
    op.count = 1;
    op.finished_before--;
    now(f, wi_row_sweep, &op);
    assert_int_equal(op.removed + op.late.count, 0);
    assert_int_equal(op.total, 4);
    assert_int_equal(op.open, 3);
    assert_int_equal(op.bytes, strlen("{}") + 3 + strlen("laterunningin time"));
    op.finished_before++;
    op.now++;
    op.limit = 2;
    now(f, wi_row_sweep, &op);
    assert_int_equal(op.removed, 1);
    assert_int_equal(op.late.count, 2);
    assert_string_equal(op.late.items[0].dialect, "a format");
    assert_int_equal(op.total, 3);
    free(op.holdings);
    free(op.late.items);
}

TEST(the_list_is_newest_first)
{
    struct fixture *f = *state;
    struct wi_record_list op = {.state = WI_RECORD_STATES, .limit = 2};
    add_plain(f, "old", 5, 20);
    add_plain(f, "older", 5, 30);
    add_plain(f, "new", 5, 10);
    finish(f, "new", WI_RECORD_DONE, "{}");
    now(f, wi_row_list, &op);
    assert_int_equal(op.count, 2);
    assert_string_equal(op.records[0].id, "new");
    assert_string_equal(op.records[1].id, "old");
    op.state = WI_RECORD_QUEUED;
    now(f, wi_row_list, &op);
    assert_int_equal(op.count, 2);
    assert_string_equal(op.records[1].id, "older");
    for (size_t i = 0; i < op.count; i++)
        wi_record_clear(&op.records[i]);
    free(op.records);
}

static void expect_behind(struct fixture *f, struct wi_record_list *list, int64_t at,
    const char *id, const char *expected)
{
    char text[256] = "";

    list->before_at = at;
    strcpy(list->before_id, id);
    now(f, wi_row_list, list);
    for (size_t i = 0; i < list->count; i++)
        strcat(strcat(text, list->records[i].id), " ");
    assert_string_equal(text, expected);
}

TEST(the_list_goes_on_behind_a_place)
{
    struct fixture *f = *state;
    struct wi_record_list op = {.state = WI_RECORD_STATES, .limit = 2};
    add_plain(f, "b", 5, 20); /* the last number is its age */
    add_plain(f, "c", 5, 20);
    add_plain(f, "a", 5, 20);
    add_plain(f, "new", 5, 10);
    add_plain(f, "old", 5, 30);
    now(f, wi_row_list, &op);
    int64_t at = op.records[1].accepted_at;
    assert_string_equal(op.records[1].id, "c");
    expect_behind(f, &op, at, "c", "b a ");
    expect_behind(f, &op, at, "bb", "b a "); /* which is not there */
    expect_behind(f, &op, at, "a", "old ");
    expect_behind(f, &op, at - 10, "old", "");
    expect_behind(f, &op, INT64_MAX, "z", "new c ");
    op.state = WI_RECORD_DONE;
    finish(f, "a", WI_RECORD_DONE, "{}");
    expect_behind(f, &op, at, "c", "a ");
    for (size_t i = 0; i < op.count; i++)
        wi_record_clear(&op.records[i]);
    free(op.records);
}

static void add_of(struct fixture *f, const char *id, const char *client, int64_t age)
{
    struct wi_record_accept accept = {0};
    fill(f, &accept, id);
    strcpy(accept.record.client, client);
    accept.record.accepted_at -= age;
    assert_int_equal(add(f, &accept), WI_RECORD_NEW);
}

TEST(a_clients_rows_are_found_by_it_alone)
{
    struct fixture *f = *state;
    add_of(f, "mine", "me", 10);
    add_of(f, "yours", "you", 5);
    add_of(f, "mine too", "me", 1);
    finish(f, "yours", WI_RECORD_DONE, "{}");
    struct wi_record_list list = {.state = WI_RECORD_STATES, .limit = 9, .client = "me"};
    now(f, wi_row_list, &list);
    assert_int_equal(list.count, 2);
    assert_string_equal(list.records[0].id, "mine too");
    assert_string_equal(list.records[1].id, "mine");
    list.state = WI_RECORD_DONE;
    now(f, wi_row_list, &list);
    assert_int_equal(list.count, 0);
    strcpy(list.client, "you");
    now(f, wi_row_list, &list);
    assert_int_equal(list.count, 1);
    wi_record_clear(&list.records[0]);
    free(list.records);

    struct wi_record_read read = {.id = "yours", .answer_max = 100, .client = "me"};
    now(f, wi_row_read, &read);
    assert_false(read.found);
    assert_null(read.record.bytes);
    strcpy(read.client, "you");
    now(f, wi_row_read, &read);
    assert_true(read.found);
    assert_non_null(read.record.bytes);
    wi_record_clear(&read.record);

    struct wi_record_cancel cancel = {.finish = {.id = "mine"}, .tell = tell_dialect};
    cancel.finish.state = WI_RECORD_CANCELLED;
    strcpy(cancel.client, "you");
    now(f, wi_row_cancel, &cancel);
    assert_false(cancel.found);
    assert_false(cancel.finish.finished);
    *cancel.client = '\0';
    now(f, wi_row_cancel, &cancel);
    assert_true(cancel.found);
    assert_true(cancel.finish.finished);
}

/* --- whose turn it is
 * ------------------------------------------------------------------------- */

static void add_infer(struct fixture *f, const char *id, const char *client)
{
    struct wi_record_accept accept = {0};
    fill(f, &accept, id);
    strcpy(accept.record.client, client);
    accept.record.infer = 1;
    assert_int_equal(add(f, &accept), WI_RECORD_NEW);
}

TEST(clients_take_turns)
{
    struct fixture *f = *state;
    for (int i = 0; i < 5; i++)
        add_of(f, (const char *[]){"a1", "a2", "a3", "a4", "a5"}[i], "ann", 50 - i);
    add_of(f, "b1", "bob", 2);
    add_of(f, "b2", "bob", 1);
    assert_string_equal(take(f, 1, 1000, 0), "a1 ");
    assert_string_equal(take(f, 2, 1000, 0), "b1 a2 ");
    add_of(f, "c1", "cid", 0);
    assert_string_equal(take(f, 9, 1000, 0), "b2 a3 c1 a4 a5 ");
    add_of(f, "b3", "bob", 0); /* one who had left the line */
    assert_string_equal(take(f, 9, 1000, 0), "b3 ");
}

TEST(what_somebody_waits_for_goes_first_and_others_all_the_same)
{
    struct fixture *f = *state;
    add_of(f, "a1", "ann", 9);
    add_of(f, "a2", "ann", 8);
    for (int i = 0; i < 4; i++)
        add_infer(f, (const char *[]){"i1", "i2", "i3", "i4"}[i], "ann");
    add_infer(f, "j1", "bob");
    assert_string_equal(take(f, 9, 1000, 0), "i1 j1 i2 a1 i3 i4 a2 ");
}

TEST(what_comes_back_stands_in_line_again)
{
    struct fixture *f = *state;
    struct wi_record_return back = {.id = "one", .retry_at = f->now + 5};
    size_t poison;
    add_of(f, "one", "ann", 9);
    take(f, 1, 1000, 0);
    assert_string_equal(take(f, 1, 1000, 0), ""); /* ann leaves the line */
    now(f, wi_row_return, &back);
    assert_string_equal(take(f, 1, 1000, 0), "");
    f->now += 5;
    assert_string_equal(take(f, 1, 1000, 0), "one ");
    add_of(f, "two", "bob", 0);
    assert_int_equal(recover(f, &poison), 1);
    assert_string_equal(take(f, 9, 1000, 0), "one two ");
}

/* How many thousands of SQLite's steps a piece of work takes. */
static int count_step(void *context)
{
    ++*(unsigned *)context;
    return 0;
}

static unsigned cost(struct fixture *f, wi_db_work_fn *work, void *data)
{
    unsigned steps = 0;
    sqlite3_progress_handler(f->db->sqlite, 1000, count_step, &steps);
    now(f, work, data);
    sqlite3_progress_handler(f->db->sqlite, 0, NULL, NULL);
    return steps;
}

static void free_list(struct wi_record_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        wi_record_clear(&list->records[i]);
    free(list->records);
}

static enum wi_code fill_table(sqlite3 *sqlite, void *data, struct wi_error *error)
{
    for (int i = 0; i < 2000; i++) {
        struct wi_record_accept accept = {0};
        char id[WI_ID_SIZE];
        snprintf(id, sizeof id, "row-%d", i);
        fill(data, &accept, id);
        enum wi_code code = wi_row_accept(sqlite, &accept, error);
        wi_record_clear(&accept.record);
        if (code != WI_OK)
            return code;
    }
    return WI_OK;
}

static enum wi_code let_all_pause(sqlite3 *sqlite, void *data, struct wi_error *error)
{
    return wi_db_exec(sqlite, "UPDATE jobs SET retry_at = 1000005", error);
}

TEST(no_list_and_no_pause_costs_a_walk_through_all_rows)
{
    struct fixture *f = *state;
    now(f, fill_table, f);
    struct wi_record_list list = {.state = WI_RECORD_FAILED, .limit = 10, .client = "somebody"};
    assert_int_equal(cost(f, wi_row_list, &list), 0);
    assert_int_equal(list.count, 0);
    *list.client = '\0';
    assert_int_equal(cost(f, wi_row_list, &list), 0);
    list.state = WI_RECORD_QUEUED;
    assert_int_equal(cost(f, wi_row_list, &list), 0);
    assert_int_equal(list.count, 10);
    list.before_at = list.records[9].accepted_at;
    strcpy(list.before_id, list.records[9].id);
    assert_int_equal(cost(f, wi_row_list, &list), 0);
    assert_int_equal(list.count, 10);
    free_list(&list);
    now(f, let_all_pause, NULL);
    struct wi_record_take op = {.count = 4, .bytes = 1000, .now = f->now};
    assert_int_equal(cost(f, wi_row_take, &op), 0);
    assert_int_equal(op.taken, 0);
    free(op.records);
}

/* A disk that fails for a moment costs nobody his job. */
TEST(a_body_that_cannot_be_read_now_is_read_later)
{
    struct fixture *f = *state;
    struct wi_record_accept accept = {0};
    struct wi_record_take op = {.count = 4, .bytes = 1000000, .now = f->now};
    char *body = calloc(1, 100000);
    fill(f, &accept, "big");
    accept.body = (unsigned char *)body;
    accept.record.body_size = 100000;
    assert_int_equal(add(f, &accept), WI_RECORD_NEW);
    int before = sqlite3_limit(f->db->sqlite, SQLITE_LIMIT_LENGTH, 50000);
    now(f, wi_row_take, &op);
    assert_int_equal(op.taken, 0);
    sqlite3_limit(f->db->sqlite, SQLITE_LIMIT_LENGTH, before);
    op.now += 10000;
    now(f, wi_row_take, &op);
    assert_int_equal(op.taken, 1);
    assert_non_null(op.records[0].bytes);
    assert_int_equal(op.records[0].runs, 1);
    wi_record_clear(&op.records[0]);
    free(op.records);
    free(body);
}
