/* Jobs that members share: one of them takes a record, one end stays, and what a member that is
 * gone has left is taken by the others. */
#include "../test.h"
#include "fake_bucket.h"

#include "base/clock.h"
#include "cluster/job_record.h"

#define MEMBERS 8
#define NOW 1000000.0

struct fixture {
    struct fake_bucket bucket;
    struct fake_member members[MEMBERS];
    struct wi_error error;
    double now_ms;
};

static int set_up(void **state)
{
    struct fixture *f = wi_alloc(sizeof *f);
    *state = f;
    f->now_ms = NOW;
    for (int i = 0; i < MEMBERS; i++) {
        char instance[WI_ID_SIZE];
        snprintf(instance, sizeof instance, "member-%d", i);
        fake_join(&f->members[i], &f->bucket, instance, f->now_ms);
    }
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    for (int i = 0; i < MEMBERS; i++)
        wi_shared_jobs_free(f->members[i].jobs);
    fake_bucket_clear(&f->bucket);
    free(f);
    return 0;
}

FIXTURE(set_up, tear_down)

/* --- what tests do ---------------------------------------------------------------------------- */

static enum wi_code accept_at(
    struct fixture *f, int member, const char *id, const char *body, const char *key)
{
    return fake_accept(&f->members[member], id, body, key, &f->error);
}

static void follow_all(struct fixture *f)
{
    for (int i = 0; i < MEMBERS; i++)
        fake_follow(&f->members[i], f->now_ms);
}

/* How many were taken; the ids with a space after each. */
static size_t take_at(struct fixture *f, int member, char *ids, const char *body)
{
    struct wi_record_take op = {.count = 16, .bytes = 1 << 30, .now = wi_steady_ms()};
    assert_int_equal(wi_shared_take(f->members[member].jobs, &op, &f->error), WI_OK);
    ids[0] = '\0';
    for (size_t i = 0; i < op.taken; i++) {
        strcat(strcat(ids, op.records[i].id), " ");
        if (body) {
            assert_int_equal(op.records[i].bytes->size, strlen(body));
            assert_memory_equal(op.records[i].bytes->bytes, body, strlen(body));
        }
        wi_record_clear(&op.records[i]);
    }
    free(op.records);
    free(op.rooms);
    return op.taken;
}

/* Whether it was this end. */
static int finish_at(struct fixture *f, int member, const char *id, const char *answer, int64_t now)
{
    struct wi_record_part part = {answer, strlen(answer)};
    struct wi_record_finish op = {
        .state = WI_RECORD_DONE, .status = 200, .now = now, .parts = &part, .part_count = 1};
    wi_text_copy(op.id, sizeof op.id, id);
    assert_int_equal(wi_shared_finish(f->members[member].jobs, &op, &f->error), WI_OK);
    return op.finished;
}

static void read_at(struct fixture *f, int member, const char *id, struct wi_record_read *op)
{
    *op = (struct wi_record_read){.answer_max = 1 << 30};
    wi_text_copy(op->id, sizeof op->id, id);
    assert_int_equal(wi_shared_read(f->members[member].jobs, op, &f->error), WI_OK);
}

static unsigned crashes_of(struct fixture *f, const char *id)
{
    struct wi_record_read op;
    read_at(f, 0, id, &op);
    unsigned crashes = op.record.crashes;
    wi_record_clear(&op.record);
    return crashes;
}

/* WI_RECORD_STATES: there is none. */
static enum wi_record_state state_of(struct fixture *f, const char *id)
{
    struct wi_record_read op;
    read_at(f, 0, id, &op);
    enum wi_record_state state = op.found ? op.record.state : WI_RECORD_STATES;
    wi_record_clear(&op.record);
    return state;
}

/* Adds the names, which are separated by spaces. */
static void living_add(struct wi_members_view *view, const char *names)
{
    while (names && *names) {
        size_t length = strcspn(names, " ");
        assert_true(length < WI_ID_SIZE);
        memcpy(view->living[view->count++], names, length);
        names += length + (names[length] == ' ');
    }
}

/* A sweep of one member, which is the first; those who are named live. */
static struct wi_record_sweep sweep_at(struct fixture *f, int member, const char *living)
{
    struct wi_members_view view = {.is_first = 1};
    struct wi_record_sweep op = {.now = wi_steady_ms(),
        .finished_before = wi_steady_ms() - 1000,
        .limit = 10,
        .crashes_max = 3};
    living_add(&view, living);
    op.count = 1;
    assert_int_equal(
        wi_shared_sweep(f->members[member].jobs, &op, &view, f->now_ms, &f->error), WI_OK);
    return op;
}

static size_t requeued_at(struct fixture *f, int member, const char *living)
{
    struct wi_record_sweep op = sweep_at(f, member, living);
    wi_record_sweep_clear(&op);
    return op.requeued;
}

/* The first one sweeps: 1 if the record is queued again, 0 if it is poison. */
static int is_requeued(struct fixture *f, const char *living)
{
    struct wi_record_sweep op = sweep_at(f, 0, living);
    assert_int_equal(op.requeued + op.poison.count, 1);
    if (op.poison.count)
        assert_string_equal(op.poison.items[0].id, "job-1");
    wi_record_sweep_clear(&op);
    follow_all(f);
    return op.requeued == 1;
}

/* Time passes in small steps, in which the members tick, but for one (-1: all do). */
static void time_pass(struct fixture *f, double ms, int but)
{
    for (double end = f->now_ms + ms; f->now_ms < end; f->now_ms += 1000)
        for (int i = 0; i < MEMBERS; i++)
            if (i != but) {
                fake_follow(&f->members[i], f->now_ms);
                wi_shared_tick(f->members[i].jobs, f->now_ms);
            }
    follow_all(f);
}

/* The member takes the one record, and its claim lapses. */
static void take_and_lapse(struct fixture *f, int member)
{
    char ids[256];
    time_pass(f, 3000, -1);
    assert_int_equal(take_at(f, member, ids, NULL), 1);
    wi_shared_leave(f->members[member].jobs); /* its claim is gone at once */
    follow_all(f);
}

/* --- one record ------------------------------------------------------------------------------- */

TEST(what_one_member_accepts_another_runs_and_all_can_read)
{
    struct fixture *f = *state;
    char ids[256];
    struct wi_record_read op;
    assert_int_equal(accept_at(f, 0, "job-1", "a body", NULL), WI_OK);
    follow_all(f);
    assert_string_equal(f->members[0].news, ""); /* its own */
    assert_string_equal(f->members[1].news, "came job-1; ");
    assert_int_equal(take_at(f, 1, ids, "a body"), 1);
    assert_string_equal(ids, "job-1 ");
    read_at(f, 2, "job-1", &op);
    assert_int_equal(op.record.state, WI_RECORD_RUNNING);
    assert_true(op.record.elsewhere);
    wi_record_clear(&op.record);
    assert_true(finish_at(f, 1, "job-1", "an answer", 5));
    follow_all(f);
    assert_string_equal(f->members[0].news, "ended job-1; ");
    read_at(f, 3, "job-1", &op);
    assert_int_equal(op.record.state, WI_RECORD_DONE);
    assert_int_equal(op.record.bytes->size, 9);
    assert_memory_equal(op.record.bytes->bytes, "an answer", 9);
    wi_record_clear(&op.record);
}

TEST(large_bodies_and_answers_lie_in_parts)
{
    struct fixture *f = *state;
    char ids[256];
    size_t size = 2 * WI_JOB_PART_SIZE + 7;
    char *body = wi_alloc(size + 1);
    struct wi_record_read op;
    memset(body, 'b', size);
    assert_int_equal(accept_at(f, 0, "job-1", body, NULL), WI_OK);
    assert_int_equal(fake_keys(&f->bucket, "part.job-1."), 3);
    follow_all(f);
    assert_int_equal(take_at(f, 1, ids, body), 1);
    body[0] = 'a';
    assert_true(finish_at(f, 1, "job-1", body, 5));
    assert_int_equal(fake_keys(&f->bucket, "part.job-1."), 3); /* the body's are gone */
    read_at(f, 2, "job-1", &op);
    assert_int_equal(op.record.bytes->size, size);
    assert_memory_equal(op.record.bytes->bytes, body, size);
    wi_record_clear(&op.record);
    free(body);
}

TEST(a_record_whose_body_is_lost_comes_without_it)
{
    struct fixture *f = *state;
    struct wi_broker_problem problem;
    size_t size = WI_JOB_PART_SIZE + 7;
    char *body = wi_alloc(size + 1);
    memset(body, 'b', size);
    assert_int_equal(accept_at(f, 0, "job-1", body, NULL), WI_OK);
    free(body);
    fake_purge(&f->bucket, "part.>", 0, &problem);
    struct wi_record_take op = {.count = 16, .bytes = 1 << 30, .now = wi_steady_ms()};
    assert_int_equal(wi_shared_take(f->members[0].jobs, &op, &f->error), WI_OK);
    assert_int_equal(op.taken, 1);
    assert_null(op.records[0].bytes);
    wi_record_clear(&op.records[0]);
    free(op.records);
    free(op.rooms);
}

TEST(of_eight_members_one_takes_a_record)
{
    struct fixture *f = *state;
    char ids[256], id[WI_ID_SIZE];
    size_t taken = 0;
    for (int i = 0; i < 8; i++) {
        snprintf(id, sizeof id, "job-%d", i);
        assert_int_equal(accept_at(f, i, id, "x", NULL), WI_OK);
    }
    follow_all(f);
    for (int i = 0; i < MEMBERS; i++) /* none has heard of what the others took */
        taken += take_at(f, i, ids, "x");
    assert_int_equal(taken, 8);
}

struct race {
    struct fixture *f;
    int member;
    size_t taken;
};

static void on_race_take(void *data, const char *key)
{
    struct race *race = data;
    char ids[256];
    race->taken = take_at(race->f, race->member, ids, NULL);
}

TEST(a_record_that_another_takes_right_before_the_write_is_left_out)
{
    struct fixture *f = *state;
    struct race race = {f, 1, 0};
    char ids[256];
    assert_int_equal(accept_at(f, 0, "job-1", "x", NULL), WI_OK);
    follow_all(f);
    f->bucket.before_write = on_race_take;
    f->bucket.data = &race;
    assert_int_equal(take_at(f, 0, ids, NULL), 0);
    assert_int_equal(race.taken, 1);
}

TEST(the_first_end_stays_and_a_second_one_is_counted)
{
    struct fixture *f = *state;
    char ids[256];
    struct wi_shared_counters counters;
    struct wi_record_read op;
    assert_int_equal(accept_at(f, 0, "job-1", "x", NULL), WI_OK);
    follow_all(f);
    assert_int_equal(take_at(f, 1, ids, NULL), 1);
    assert_true(finish_at(f, 1, "job-1", "first", 5));
    assert_true(finish_at(f, 1, "job-1", "first", 5)); /* asked for again: its own */
    assert_false(finish_at(f, 2, "job-1", "second", 6));
    assert_false(finish_at(f, 2, "job-9", "none", 6));
    wi_shared_counters(f->members[2].jobs, &counters);
    assert_int_equal(counters.second_ends, 1);
    read_at(f, 3, "job-1", &op);
    assert_memory_equal(op.record.bytes->bytes, "first", 5);
    wi_record_clear(&op.record);
}

static void on_race_finish(void *data, const char *key)
{
    struct race *race = data;
    race->taken = (size_t)finish_at(race->f, race->member, "job-1", "theirs", 7);
}

TEST(of_two_ends_at_once_one_stays)
{
    struct fixture *f = *state;
    struct race race = {f, 2, 0};
    char ids[256];
    assert_int_equal(accept_at(f, 0, "job-1", "x", NULL), WI_OK);
    assert_int_equal(take_at(f, 0, ids, NULL), 1);
    f->bucket.before_write = on_race_finish;
    f->bucket.data = &race;
    assert_false(finish_at(f, 0, "job-1", "ours", 6));
    assert_int_equal(race.taken, 1);
}

/* --- lost answers ----------------------------------------------------------------------------- */

TEST(a_lost_answer_to_a_job_with_a_key_leaves_one_job)
{
    struct fixture *f = *state;
    static const enum fake_fault faults[] = {LOST_BEFORE, LOST_AFTER};
    for (size_t i = 0; i < 2; i++) {
        struct wi_broker_problem problem;
        const char *key = i ? "k1" : "k0";
        f->bucket.fault = faults[i];
        assert_int_equal(accept_at(f, 0, i ? "job-1" : "job-0", "x", key), WI_CLUSTER_UNAVAILABLE);
        assert_int_equal(f->error.retry_after_s, 2);
        assert_true(wi_shared_is_lost(f->members[0].jobs, &problem));
        fake_connect(&f->members[0], f->now_ms);
        assert_int_equal(accept_at(f, 1, i ? "job-3" : "job-2", "x", key), WI_OK);
        assert_int_equal(accept_at(f, 2, i ? "job-5" : "job-4", "x", key), WI_OK);
        assert_int_equal(fake_keys(&f->bucket, "watched.job."), i + 1);
    }
}

TEST(a_key_finds_the_job_at_any_member)
{
    struct fixture *f = *state;
    struct wi_record_accept op = {.key = "k"};
    assert_int_equal(accept_at(f, 0, "job-1", "x", "k"), WI_OK);
    fake_accept_fill(&op, "job-2", "x", 1);
    assert_int_equal(fake_accept_one(&f->members[1], &op, &f->error), WI_OK);
    assert_int_equal(op.found, WI_RECORD_SAME);
    assert_string_equal(op.earlier.id, "job-1");
    fake_accept_clear(&op);
    fake_accept_fill(&op, "job-3", "other", 5);
    assert_int_equal(fake_accept_one(&f->members[2], &op, &f->error), WI_OK);
    assert_int_equal(op.found, WI_RECORD_OTHER);
    fake_accept_clear(&op);
    fake_accept_fill(&op, "job-4", "x", 1);
    wi_text_copy(op.record.client, sizeof op.record.client, "another");
    assert_int_equal(fake_accept_one(&f->members[2], &op, &f->error), WI_OK);
    assert_int_equal(op.found, WI_RECORD_NEW);
    fake_accept_clear(&op);
}

/* --- many at once ----------------------------------------------------------------------------- */

#define MANY 5

struct many {
    struct wi_record_accept ops[MANY];
    struct wi_error errors[MANY];
    struct wi_shared_accept all[MANY];
    size_t begun;
};

/* Jobs with the ids and keys of these; a key may be NULL. */
static void accept_many(
    struct fixture *f, struct many *many, const char *const ids[MANY], const char *const keys[MANY])
{
    *many = (struct many){0};
    for (int i = 0; i < MANY; i++) {
        fake_accept_fill(&many->ops[i], ids[i], "x", 1);
        many->ops[i].key = keys ? keys[i] : NULL;
        many->all[i] = (struct wi_shared_accept){.op = &many->ops[i], .error = &many->errors[i]};
    }
    f->bucket.makes = 0;
    many->begun = wi_shared_accept(f->members[0].jobs, many->all, MANY);
}

static void many_clear(struct many *many)
{
    for (int i = 0; i < MANY; i++)
        fake_accept_clear(&many->ops[i]);
}

static const char *const many_ids[] = {"job-0", "job-1", "job-2", "job-3", "job-4"};

TEST(many_jobs_are_accepted_with_one_wait)
{
    static const char *const keys[] = {"a", NULL, "b", NULL, "c"};
    struct fixture *f = *state;
    struct many many;
    char ids[256];
    accept_many(f, &many, many_ids, keys);
    assert_int_equal(many.begun, MANY);
    assert_int_equal(f->bucket.makes, 1);
    for (int i = 0; i < MANY; i++) {
        assert_int_equal(many.all[i].code, WI_OK);
        assert_int_equal(many.ops[i].found, WI_RECORD_NEW);
    }
    follow_all(f);
    assert_int_equal(take_at(f, 3, ids, "x"), MANY);
    many_clear(&many);
}

TEST(of_many_jobs_with_one_key_one_is_made)
{
    static const char *const keys[] = {"k", NULL, "k", "k", "other"};
    struct fixture *f = *state;
    struct many many;
    accept_many(f, &many, many_ids, keys);
    for (int i = 0; i < MANY; i++) {
        int is_first = i != 2 && i != 3;
        assert_int_equal(many.all[i].code, WI_OK);
        assert_int_equal(many.ops[i].found, is_first ? WI_RECORD_NEW : WI_RECORD_SAME);
        if (!is_first)
            assert_string_equal(many.ops[i].earlier.id, "job-0");
    }
    assert_int_equal(fake_keys(&f->bucket, "watched.job."), 3);
    many_clear(&many);
}

TEST(of_many_jobs_those_that_do_not_fit_are_refused_alone)
{
    struct fixture *f = *state;
    struct many many;
    f->bucket.fault = FULL; /* of the first */
    accept_many(f, &many, many_ids, NULL);
    assert_int_equal(many.begun, MANY);
    assert_int_equal(many.all[0].code, WI_STORAGE_FAILED);
    assert_string_equal(many.errors[0].detail, "a fault");
    for (int i = 1; i < MANY; i++)
        assert_int_equal(many.all[i].code, WI_OK);
    assert_int_equal(fake_keys(&f->bucket, "watched.job."), MANY - 1);
    many_clear(&many);
}

/* Each of them may be done or not. */
TEST(many_jobs_are_lost_together)
{
    struct fixture *f = *state;
    struct wi_broker_problem problem;
    struct many many;
    f->bucket.fault = LOST_AFTER;
    accept_many(f, &many, many_ids, NULL);
    assert_int_equal(many.begun, MANY);
    for (int i = 0; i < MANY; i++) {
        assert_int_equal(many.all[i].code, WI_CLUSTER_UNAVAILABLE);
        assert_int_equal(many.errors[i].retry_after_s, 2);
    }
    assert_int_equal(fake_keys(&f->bucket, "watched.job."), 1);
    assert_true(wi_shared_is_lost(f->members[0].jobs, &problem));
    many_clear(&many);
}

/* Those behind are the keeper's, whose connection is gone. */
TEST(a_loss_before_the_records_begins_no_more)
{
    static const char *const keys[] = {NULL, "k", NULL, NULL, NULL};
    struct fixture *f = *state;
    struct many many;
    f->bucket.fault = LOST_BEFORE; /* of the key */
    accept_many(f, &many, many_ids, keys);
    assert_int_equal(many.begun, 2);
    assert_int_equal(f->bucket.makes, 0);
    for (int i = 0; i < 2; i++)
        assert_int_equal(many.all[i].code, WI_CLUSTER_UNAVAILABLE);
    assert_int_equal(fake_keys(&f->bucket, "watched.job."), 0);
    many_clear(&many);
}

TEST(a_take_whose_answer_is_lost_is_queued_again_and_is_no_crash)
{
    struct fixture *f = *state;
    struct wi_broker_problem problem;
    struct wi_record_read read;
    struct wi_record_take op = {.count = 1, .bytes = 100, .now = wi_steady_ms()};
    assert_int_equal(accept_at(f, 0, "job-1", "x", NULL), WI_OK);
    f->bucket.fault = LOST_AFTER;
    assert_int_equal(wi_shared_take(f->members[0].jobs, &op, &f->error), WI_CLUSTER_UNAVAILABLE);
    assert_int_equal(op.taken, 0);
    free(op.records);
    free(op.rooms);
    assert_true(wi_shared_is_lost(f->members[0].jobs, &problem));
    fake_connect(&f->members[0], f->now_ms);
    wi_shared_tick(f->members[0].jobs, f->now_ms);
    read_at(f, 1, "job-1", &read);
    assert_int_equal(read.record.state, WI_RECORD_QUEUED);
    assert_int_equal(read.record.crashes, 0);
    wi_record_clear(&read.record);
    assert_non_null(strstr(f->members[0].news, "came job-1"));
}

TEST(an_end_whose_answer_is_lost_is_recognised)
{
    struct fixture *f = *state;
    struct wi_broker_problem problem;
    struct wi_record_part part = {"x", 1};
    struct wi_record_finish op = {
        .state = WI_RECORD_DONE, .status = 200, .now = 5, .parts = &part, .part_count = 1};
    char ids[256];
    wi_text_copy(op.id, sizeof op.id, "job-1");
    assert_int_equal(accept_at(f, 0, "job-1", "x", NULL), WI_OK);
    assert_int_equal(take_at(f, 0, ids, NULL), 1);
    f->bucket.fault = LOST_AFTER;
    assert_int_equal(wi_shared_finish(f->members[0].jobs, &op, &f->error), WI_CLUSTER_UNAVAILABLE);
    assert_true(wi_shared_is_lost(f->members[0].jobs, &problem));
    fake_connect(&f->members[0], f->now_ms);
    assert_non_null(strstr(f->members[0].news, "ended job-1"));
    assert_int_equal(wi_shared_finish(f->members[0].jobs, &op, &f->error), WI_OK);
    assert_true(op.finished);
}

TEST(a_full_bucket_takes_nothing_and_the_connection_stays)
{
    struct fixture *f = *state;
    struct wi_broker_problem problem;
    f->bucket.fault = FULL;
    assert_int_equal(accept_at(f, 0, "job-1", "x", NULL), WI_STORAGE_FAILED);
    assert_false(wi_shared_is_lost(f->members[0].jobs, &problem));
    assert_int_equal(fake_keys(&f->bucket, "watched.job."), 0);
}

/* --- back, cancelled -------------------------------------------------------------------------- */

TEST(what_goes_back_is_taken_by_another_and_is_no_crash)
{
    struct fixture *f = *state;
    char ids[256];
    struct wi_record_return back = {.id = "job-1", .attempts = 2, .problem = "no node"};
    struct wi_record_read read;
    assert_int_equal(accept_at(f, 0, "job-1", "x", NULL), WI_OK);
    follow_all(f);
    assert_int_equal(take_at(f, 1, ids, NULL), 1);
    assert_int_equal(wi_shared_return(f->members[2].jobs, &back, &f->error), WI_OK);
    assert_int_equal(back.returned, WI_RECORD_NOT_OURS);
    assert_int_equal(wi_shared_return(f->members[1].jobs, &back, &f->error), WI_OK);
    assert_int_equal(back.returned, WI_RECORD_BACK);
    follow_all(f);
    read_at(f, 2, "job-1", &read);
    assert_int_equal(read.record.crashes, 0);
    assert_int_equal(read.record.runs, 1);
    assert_int_equal(read.record.attempts, 2);
    assert_string_equal(read.record.problem, "no node");
    wi_record_clear(&read.record);
    assert_int_equal(take_at(f, 2, ids, "x"), 1);
}

TEST(what_a_member_could_not_run_pauses_for_that_member_alone)
{
    struct fixture *f = *state;
    char ids[256];
    struct wi_record_return back = {
        .id = "job-1", .retry_at = wi_steady_ms() + 5000, .behind_at = wi_steady_ms()};
    assert_int_equal(accept_at(f, 0, "job-1", "x", NULL), WI_OK);
    follow_all(f);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(take_at(f, i, ids, NULL), 1);
        assert_int_equal(wi_shared_return(f->members[i].jobs, &back, &f->error), WI_OK);
        follow_all(f);
        for (int j = 0; j <= i; j++)
            assert_int_equal(take_at(f, j, ids, NULL), 0);
    }
    assert_int_equal(take_at(f, 3, ids, NULL), 1);
}

/* Each is named once, whatever else has put the record back. */
TEST(a_record_names_the_members_that_could_not_run_it)
{
    static const struct {
        int member, is_unable;
        const char *unable[3];
    } rows[] = {{0, 0, {NULL}}, {1, 1, {"member-1"}}, {0, 0, {"member-1"}}, {1, 1, {"member-1"}},
        {2, 1, {"member-1", "member-2"}}};
    struct fixture *f = *state;
    char ids[256];
    struct wi_record_read read;
    assert_int_equal(accept_at(f, 0, "job-1", "x", NULL), WI_OK);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct wi_record_return back = {.id = "job-1", .is_unable = rows[i].is_unable};
        follow_all(f);
        assert_int_equal(take_at(f, rows[i].member, ids, NULL), 1);
        assert_int_equal(
            wi_shared_return(f->members[rows[i].member].jobs, &back, &f->error), WI_OK);
        read_at(f, 3, "job-1", &read);
        for (size_t j = 0; j < 3 && (rows[i].unable[j] || j < read.record.unable.count); j++)
            assert_string_equal(read.record.unable.items[j], rows[i].unable[j]);
        wi_record_clear(&read.record);
    }
}

/* More than can live at the same time: those that are gone are among them. */
TEST(a_record_names_no_more_members_than_may_live)
{
    struct fixture *f = *state;
    struct fake_member other;
    char ids[256], instance[WI_ID_SIZE];
    struct wi_record_return back = {.id = "job-1", .is_unable = 1};
    struct wi_record_read read;
    assert_int_equal(accept_at(f, 0, "job-1", "x", NULL), WI_OK);
    for (int i = 0; i <= WI_JOB_UNABLE_MAX; i++) {
        struct wi_record_take op = {.count = 1, .bytes = 100, .now = wi_steady_ms()};
        snprintf(instance, sizeof instance, "other-%d", i);
        fake_join(&other, &f->bucket, instance, f->now_ms);
        assert_int_equal(wi_shared_take(other.jobs, &op, &f->error), WI_OK);
        assert_int_equal(op.taken, 1);
        wi_record_clear(&op.records[0]);
        free(op.records);
        free(op.rooms);
        assert_int_equal(wi_shared_return(other.jobs, &back, &f->error), WI_OK);
        wi_shared_jobs_free(other.jobs);
    }
    read_at(f, 0, "job-1", &read);
    assert_int_equal(read.record.unable.count, 1);
    assert_string_equal(read.record.unable.items[0], instance);
    wi_record_clear(&read.record);
    assert_int_equal(take_at(f, 0, ids, "x"), 1);
}

static void on_tell(struct wi_record_cancel *cancel, const struct wi_record *record)
{
    static const struct wi_record_part part = {"gone", 4};
    cancel->finish.parts = (struct wi_record_part *)&part;
    cancel->finish.part_count = 1;
}

static void cancel_at(struct fixture *f, int member, const char *id, struct wi_record_cancel *op)
{
    *op = (struct wi_record_cancel){
        .finish = {.state = WI_RECORD_CANCELLED, .status = 499, .now = 5}, .tell = on_tell};
    wi_text_copy(op->finish.id, sizeof op->finish.id, id);
    assert_int_equal(wi_shared_cancel(f->members[member].jobs, op, &f->error), WI_OK);
}

TEST(a_job_is_cancelled_at_any_member)
{
    struct fixture *f = *state;
    char ids[256];
    struct wi_record_cancel op;
    struct wi_record_return back = {.id = "job-2"};
    assert_int_equal(accept_at(f, 0, "job-1", "x", NULL), WI_OK);
    follow_all(f);
    cancel_at(f, 1, "job-1", &op);
    assert_true(op.found && op.finish.finished);
    assert_int_equal(state_of(f, "job-1"), WI_RECORD_CANCELLED);
    assert_int_equal(accept_at(f, 0, "job-2", "x", NULL), WI_OK);
    follow_all(f);
    assert_int_equal(take_at(f, 2, ids, NULL), 1);
    cancel_at(f, 1, "job-2", &op);
    assert_true(op.found && !op.finish.finished);
    assert_int_equal(op.before, WI_RECORD_RUNNING);
    follow_all(f);
    assert_non_null(strstr(f->members[2].news, "cancelled job-2"));
    assert_null(strstr(f->members[3].news, "cancelled job-2"));
    assert_int_equal(wi_shared_return(f->members[2].jobs, &back, &f->error), WI_OK);
    assert_int_equal(back.returned, WI_RECORD_TO_CANCEL);
    cancel_at(f, 1, "job-9", &op);
    assert_false(op.found);
}

TEST(the_job_of_another_client_is_not_found)
{
    struct fixture *f = *state;
    struct wi_record_read op = {.id = "job-1", .client = "another"};
    struct wi_record_list list = {.state = WI_RECORD_STATES, .client = "another", .limit = 10};
    assert_int_equal(accept_at(f, 0, "job-1", "x", NULL), WI_OK);
    follow_all(f);
    assert_int_equal(wi_shared_read(f->members[1].jobs, &op, &f->error), WI_OK);
    assert_false(op.found);
    assert_int_equal(wi_shared_list(f->members[1].jobs, &list, &f->error), WI_OK);
    assert_int_equal(list.count, 0);
    free(list.records);
}

TEST(names_with_wildcards_are_no_keys)
{
    struct fixture *f = *state;
    static const char *const names[] = {"*", ">", "job.1", "", "a b", "job-1.>"};
    assert_int_equal(accept_at(f, 0, "job-1", "x", NULL), WI_OK);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct wi_record_read op;
        read_at(f, 0, names[i], &op);
        assert_false(op.found);
    }
}

/* --- members that go -------------------------------------------------------------------------- */

TEST(what_a_lost_member_has_taken_runs_again_and_counts_as_a_crash)
{
    struct fixture *f = *state;
    char ids[256];
    struct wi_record_read read;
    assert_int_equal(accept_at(f, 0, "job-1", "x", NULL), WI_OK);
    time_pass(f, 3000, -1);
    assert_int_equal(take_at(f, 7, ids, NULL), 1);
    time_pass(f, 25000, 7);
    assert_int_equal(requeued_at(f, 0, NULL), 0);
    time_pass(f, 20000, 7);
    assert_non_null(strstr(f->members[1].news, "left job-1"));
    assert_int_equal(requeued_at(f, 0, NULL), 1);
    follow_all(f);
    read_at(f, 2, "job-1", &read);
    assert_int_equal(read.record.state, WI_RECORD_QUEUED);
    assert_int_equal(read.record.crashes, 1);
    wi_record_clear(&read.record);
    assert_int_equal(take_at(f, 2, ids, NULL), 1);
}

TEST(a_run_of_a_member_that_lives_is_no_crash)
{
    struct fixture *f = *state;
    char ids[256];
    struct wi_record_read read;
    assert_int_equal(accept_at(f, 0, "job-1", "x", NULL), WI_OK);
    time_pass(f, 3000, -1);
    assert_int_equal(take_at(f, 7, ids, NULL), 1);
    time_pass(f, 45000, 7);
    assert_int_equal(requeued_at(f, 0, "member-7"), 1);
    read_at(f, 2, "job-1", &read);
    assert_int_equal(read.record.crashes, 0);
    wi_record_clear(&read.record);
}

TEST(a_member_that_renews_its_claim_keeps_what_it_has)
{
    struct fixture *f = *state;
    char ids[256];
    assert_int_equal(accept_at(f, 0, "job-1", "x", NULL), WI_OK);
    time_pass(f, 3000, -1);
    assert_int_equal(take_at(f, 7, ids, NULL), 1);
    time_pass(f, 120000, -1);
    assert_int_equal(requeued_at(f, 0, NULL), 0);
    assert_int_equal(state_of(f, "job-1"), WI_RECORD_RUNNING);
}

TEST(a_member_that_is_busy_with_operations_for_long_keeps_what_it_has)
{
    struct fixture *f = *state;
    char ids[256];
    assert_int_equal(accept_at(f, 0, "job-1", "x", NULL), WI_OK);
    time_pass(f, 3000, -1);
    assert_int_equal(take_at(f, 7, ids, NULL), 1);
    for (int i = 0; i < 20; i++) {
        time_pass(f, 5000, 7);
        wi_shared_renew(f->members[7].jobs, f->now_ms);
    }
    assert_int_equal(requeued_at(f, 0, NULL), 0);
    assert_int_equal(state_of(f, "job-1"), WI_RECORD_RUNNING);
}

TEST(a_short_claim_lapses_although_its_observer_ticks_seldom)
{
    struct fixture *f = *state;
    struct fake_member observer;
    char ids[256];
    f->bucket.ack_wait_ms = 1000;
    fake_join(&observer, &f->bucket, "member-8", f->now_ms);
    assert_int_equal(accept_at(f, 0, "job-1", "x", NULL), WI_OK);
    follow_all(f);
    assert_int_equal(take_at(f, 7, ids, NULL), 1);
    for (int i = 0; i < 12; i++, f->now_ms += 250) {
        fake_follow(&observer, f->now_ms);
        wi_shared_tick(observer.jobs, f->now_ms);
    }
    assert_non_null(strstr(observer.news, "left job-1"));
    wi_shared_jobs_free(observer.jobs);
}

TEST(an_observer_that_did_not_run_takes_nothing_from_the_others)
{
    struct fixture *f = *state;
    char ids[256];
    assert_int_equal(accept_at(f, 0, "job-1", "x", NULL), WI_OK);
    time_pass(f, 3000, -1);
    assert_int_equal(take_at(f, 7, ids, NULL), 1);
    follow_all(f);
    f->now_ms += 100000; /* all were stopped */
    assert_int_equal(requeued_at(f, 0, NULL), 0);
    wi_shared_tick(f->members[0].jobs, f->now_ms);
    assert_int_equal(requeued_at(f, 0, NULL), 0);
}

TEST(three_crashes_are_poison_whoever_crashed)
{
    struct fixture *f = *state;
    assert_int_equal(accept_at(f, 0, "job-1", "x", NULL), WI_OK);
    for (int i = 7; i > 4; i--) {
        take_and_lapse(f, i);
        assert_int_equal(is_requeued(f, NULL), i > 5);
    }
}

/* Each is gone when its claim lapses, and there again before the next one's does. */
TEST(members_that_were_stopped_and_are_back_poison_no_job)
{
    static const char *const living[] = {"", "member-7", "member-7 member-6",
        "member-7 member-6 member-5", "member-7 member-6 member-5 member-4"};
    struct fixture *f = *state;
    assert_int_equal(accept_at(f, 0, "job-1", "x", NULL), WI_OK);
    for (int i = 0; i < 5; i++) {
        take_and_lapse(f, 7 - i);
        assert_true(is_requeued(f, living[i]));
        assert_int_equal(crashes_of(f, "job-1"), 1); /* the last one's, which is not back */
    }
}

TEST(a_member_that_is_stopped_again_and_again_poisons_no_job)
{
    struct fixture *f = *state;
    char ids[256];
    assert_int_equal(accept_at(f, 0, "job-1", "x", NULL), WI_OK);
    for (int i = 0; i < 4; i++) {
        take_and_lapse(f, 7);
        assert_true(is_requeued(f, NULL));
        assert_int_equal(crashes_of(f, "job-1"), 1);
    }
    assert_int_equal(take_at(f, 7, ids, NULL), 1);
    assert_true(finish_at(f, 7, "job-1", "an answer", 5));
    assert_int_equal(state_of(f, "job-1"), WI_RECORD_DONE);
}

TEST(runs_of_members_that_are_not_back_count)
{
    struct fixture *f = *state;
    assert_int_equal(accept_at(f, 0, "job-1", "x", NULL), WI_OK);
    take_and_lapse(f, 7);
    assert_true(is_requeued(f, NULL));
    take_and_lapse(f, 6);
    assert_true(is_requeued(f, NULL));
    assert_int_equal(crashes_of(f, "job-1"), 2);
    take_and_lapse(f, 5);
    assert_true(is_requeued(f, "member-7"));
    assert_int_equal(crashes_of(f, "job-1"), 2); /* 6 and 5 */
    take_and_lapse(f, 4);
    assert_false(is_requeued(f, "member-7"));
}

TEST(what_goes_back_keeps_its_earlier_crashes)
{
    struct fixture *f = *state;
    char ids[256];
    struct wi_record_return back = {.id = "job-1"};
    assert_int_equal(accept_at(f, 0, "job-1", "x", NULL), WI_OK);
    take_and_lapse(f, 7);
    assert_true(is_requeued(f, NULL));
    assert_int_equal(take_at(f, 6, ids, NULL), 1);
    assert_int_equal(wi_shared_return(f->members[6].jobs, &back, &f->error), WI_OK);
    follow_all(f);
    assert_int_equal(crashes_of(f, "job-1"), 1);
    take_and_lapse(f, 6);
    assert_true(is_requeued(f, "member-7 member-6"));
    assert_int_equal(crashes_of(f, "job-1"), 0);
}

/* As members wrote it that named no instances. */
TEST(crashes_of_unknown_instances_count)
{
    struct fixture *f = *state;
    struct wi_job_record job = {0};
    struct wi_buffer text = {0};
    assert_int_equal(accept_at(f, 0, "job-1", "x", NULL), WI_OK);
    const struct fake_value *value = fake_find(&f->bucket, "watched.job.job-1");
    assert_int_equal(wi_job_record_read(&job, "job-1", value->bytes, value->size), WI_READ_GOOD);
    job.record.crashes = 2;
    assert_int_equal(wi_job_record_print(&job, &text), 0);
    assert_null(strstr(text.text, "lapsed"));
    fake_set(&f->bucket, "watched.job.job-1", text.text, text.size, 0);
    wi_job_record_clear(&job);
    wi_buffer_clear(&text);
    take_and_lapse(f, 7);
    assert_true(is_requeued(f, "member-7"));
    take_and_lapse(f, 6);
    assert_false(is_requeued(f, "member-7"));
}

TEST(late_and_old_records_are_found_by_the_first_member_alone)
{
    struct fixture *f = *state;
    struct wi_record_accept late = {0};
    struct wi_members_view other = {0};
    char ids[256];
    assert_int_equal(accept_at(f, 0, "job-1", "x", "k"), WI_OK);
    assert_int_equal(take_at(f, 0, ids, NULL), 1);
    assert_true(finish_at(f, 0, "job-1", "y", 5)); /* long ago */
    fake_accept_fill(&late, "job-2", "x", 1);
    late.record.deadline_at = late.record.accepted_at - 1;
    assert_int_equal(fake_accept_one(&f->members[0], &late, &f->error), WI_OK);
    fake_accept_clear(&late);
    follow_all(f);
    struct wi_record_sweep op = {
        .now = wi_steady_ms(), .finished_before = 10, .limit = 5, .count = 1};
    assert_int_equal(wi_shared_sweep(f->members[1].jobs, &op, &other, f->now_ms, &f->error), WI_OK);
    assert_int_equal(op.late.count + op.removed, 0);
    assert_int_equal(op.total, 2);
    wi_record_sweep_clear(&op);
    op = sweep_at(f, 0, NULL);
    assert_int_equal(op.late.count, 1);
    assert_int_equal(op.removed, 1);
    assert_int_equal(op.total, 1);
    wi_record_sweep_clear(&op);
    assert_int_equal(fake_keys(&f->bucket, "key."), 0);
    assert_int_equal(state_of(f, "job-1"), WI_RECORD_STATES);
    time_pass(f, 62000, -1); /* the mark goes, too */
    assert_null(fake_find(&f->bucket, "watched.job.job-1"));
    assert_int_equal(accept_at(f, 0, "job-5", "x", "k"), WI_OK);
    assert_int_equal(state_of(f, "job-5"), WI_RECORD_QUEUED);
}

TEST(a_mark_goes_unless_its_key_came_again)
{
    struct fixture *f = *state;
    char keys[][WI_KV_KEY_SIZE] = {"watched.row.join.a", "watched.row.join.b"};
    for (size_t i = 0; i < 2; i++) {
        const struct wi_broker_entry entry = {
            .key = keys[i], .revision = fake_set(&f->bucket, keys[i], "", 0, 1), .removed = 1};
        wi_shared_mark(f->members[0].jobs, &entry, f->now_ms);
    }
    fake_set(&f->bucket, keys[1], "x", 1, 0);
    time_pass(f, 58000, -1);
    assert_non_null(fake_find(&f->bucket, keys[0]));
    time_pass(f, 4000, -1);
    assert_null(fake_find(&f->bucket, keys[0]));
    assert_non_null(fake_find(&f->bucket, keys[1]));
}

/* --- hostile records -------------------------------------------------------------------------- */

TEST(garbage_in_the_bucket_is_counted_and_ignored)
{
    struct fixture *f = *state;
    struct wi_shared_counters counters;
    struct wi_record_list list = {.state = WI_RECORD_STATES, .limit = 10};
    char ids[256];
    fake_set(&f->bucket, "watched.job.job-1", "x", 1, 0);
    fake_set(&f->bucket, "watched.job.job-2", "{\"record\":2}\n", 13, 0);
    fake_set(&f->bucket, "watched.claim.a*b", "1", 1, 0);
    fake_set(&f->bucket, "watched.else", "1", 1, 0);
    follow_all(f);
    wi_shared_counters(f->members[1].jobs, &counters);
    assert_int_equal(counters.garbage, 3);
    assert_int_equal(counters.other_version, 1);
    assert_int_equal(wi_shared_list(f->members[1].jobs, &list, &f->error), WI_OK);
    assert_int_equal(list.count, 0);
    free(list.records);
    assert_int_equal(take_at(f, 1, ids, NULL), 0);
    assert_int_equal(state_of(f, "job-1"), WI_RECORD_STATES);
}
