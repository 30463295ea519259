/* Parts and keys of jobs whose record was never written: they go when they are old, and those of a
 * job that is being accepted, or that has a record, never do. */
#include "../made_up_clock.h"
#include "../test.h"
#include "fake_bucket.h"

#include "cluster/job_record.h"

#define ACK_WAIT_MS 30000
#define OLD_MS (10.0 * ACK_WAIT_MS)
#define FRESH_MS 60000.0                 /* of a key, beside that */
#define BODY_SIZE (WI_JOB_PART_SIZE + 7) /* two parts */

struct fixture {
    struct fake_bucket bucket;
    struct fake_member first, other;
    struct wi_error error;
    double now_ms;
    char *body;
};

static int set_up(void **state)
{
    struct fixture *f = wi_alloc(sizeof *f);
    *state = f;
    f->now_ms = 1000000.0;
    f->body = wi_alloc(BODY_SIZE + 1);
    memset(f->body, 'b', BODY_SIZE);
    fake_join(&f->first, &f->bucket, "member-1", f->now_ms);
    fake_join(&f->other, &f->bucket, "member-2", f->now_ms);
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    wi_shared_jobs_free(f->first.jobs);
    wi_shared_jobs_free(f->other.jobs);
    fake_bucket_clear(&f->bucket);
    free(f->body);
    free(f);
    return 0;
}

FIXTURE(set_up, tear_down)

/* --- what tests do ---------------------------------------------------------------------------- */

/* The connection is lost right before the record is written. */
static void on_write(void *data, const char *key)
{
    struct fixture *f = data;
    if (strncmp(key, "watched.job.", 12) == 0)
        f->bucket.fault = LOST_BEFORE;
    else
        f->bucket.before_write = on_write;
}

static void connect_again(struct fixture *f, struct fake_member *member)
{
    struct wi_broker_problem problem;
    wi_shared_is_lost(member->jobs, &problem);
    fake_connect(member, f->now_ms);
}

/* Leaves parts and a key, as a member that ends before it has written the record. */
static void leave_orphan(struct fixture *f, const char *id, const char *key)
{
    f->bucket.before_write = on_write;
    f->bucket.data = f;
    assert_int_equal(fake_accept(&f->other, id, f->body, key, &f->error), WI_CLUSTER_UNAVAILABLE);
    connect_again(f, &f->other);
}

/* At the members and at the server, where others' claims go on changing. */
static void time_pass(struct fixture *f, double ms)
{
    f->now_ms += ms;
    f->bucket.now_ms += ms;
    fake_set(&f->bucket, "watched.claim.member-3", "1", 1, 0);
    fake_follow(&f->first, f->now_ms);
}

static void sweep_as(struct fixture *f, int is_first)
{
    struct wi_members_view view = {.is_first = is_first};
    struct wi_record_sweep op = {.now = wi_steady_ms(), .limit = 10, .crashes_max = 3};
    assert_int_equal(wi_shared_sweep(f->first.jobs, &op, &view, f->now_ms, &f->error), WI_OK);
    wi_record_sweep_clear(&op);
}

/* How many the first member has removed until now. */
static uint64_t removed(struct fixture *f)
{
    struct wi_shared_counters counters;
    wi_shared_counters(f->first.jobs, &counters);
    return counters.orphans;
}

/* --- what goes -------------------------------------------------------------------------------- */

TEST(parts_and_a_key_without_a_record_go_and_those_of_a_job_stay)
{
    struct fixture *f = *state;
    assert_int_equal(fake_accept(&f->first, "job-1", f->body, "k", &f->error), WI_OK);
    leave_orphan(f, "job-2", "other");
    assert_int_equal(fake_keys(&f->bucket, "part."), 4);
    assert_int_equal(fake_keys(&f->bucket, "key."), 2);
    time_pass(f, OLD_MS - 1);
    sweep_as(f, 1);
    assert_int_equal(removed(f), 0);
    time_pass(f, FRESH_MS);
    sweep_as(f, 1);
    assert_int_equal(removed(f), 1);
    assert_int_equal(fake_keys(&f->bucket, "part.job-1."), 2);
    assert_int_equal(fake_keys(&f->bucket, "part."), 2);
    time_pass(f, ACK_WAIT_MS);
    sweep_as(f, 1);
    assert_int_equal(removed(f), 2);
    assert_int_equal(fake_keys(&f->bucket, "key."), 1);
    struct wi_record_take take = {.count = 16, .bytes = 1 << 30, .now = wi_steady_ms()};
    assert_int_equal(wi_shared_take(f->first.jobs, &take, &f->error), WI_OK);
    assert_int_equal(take.taken, 1);
    assert_int_equal(take.records[0].bytes->size, BODY_SIZE);
    wi_record_clear(&take.records[0]);
    free(take.records);
    free(take.rooms);
}

TEST(the_first_member_alone_removes_and_not_in_each_sweep)
{
    struct fixture *f = *state;
    leave_orphan(f, "job-1", NULL);
    time_pass(f, OLD_MS);
    sweep_as(f, 0);
    assert_int_equal(removed(f), 0);
    sweep_as(f, 1);
    assert_int_equal(removed(f), 1);
    leave_orphan(f, "job-2", NULL);
    f->bucket.now_ms += OLD_MS;
    time_pass(f, ACK_WAIT_MS - 1);
    sweep_as(f, 1);
    assert_int_equal(removed(f), 1);
    time_pass(f, 1);
    sweep_as(f, 1);
    assert_int_equal(removed(f), 2);
}

TEST(an_orphan_behind_very_many_parts_is_reached)
{
    struct fixture *f = *state;
    char key[64];
    assert_int_equal(fake_accept(&f->first, "job-1", "x", NULL, &f->error), WI_OK);
    for (int i = 0; i < 1500; i++) {
        snprintf(key, sizeof key, "part.job-1.part-%d.0", i);
        fake_set(&f->bucket, key, "x", 1, 0);
    }
    leave_orphan(f, "job-2", NULL);
    time_pass(f, OLD_MS);
    sweep_as(f, 1);
    assert_int_equal(removed(f), 0);
    time_pass(f, ACK_WAIT_MS);
    sweep_as(f, 1);
    assert_int_equal(removed(f), 1);
    leave_orphan(f, "job-3", NULL); /* then it begins again */
    for (int i = 0; i < 2; i++) {
        time_pass(f, OLD_MS);
        sweep_as(f, 1);
    }
    assert_int_equal(removed(f), 2);
    assert_int_equal(fake_keys(&f->bucket, "part.job-1."), 1500);
}

TEST(of_very_many_orphans_each_pass_removes_some)
{
    struct fixture *f = *state;
    char key[64];
    for (int i = 0; i < 250; i++) {
        snprintf(key, sizeof key, "part.job-%d.part-1.0", i);
        fake_set(&f->bucket, key, "x", 1, 0);
    }
    time_pass(f, OLD_MS);
    for (unsigned i = 1; i <= 3; i++) {
        sweep_as(f, 1);
        assert_int_equal(removed(f), i < 3 ? 100 * i : 250);
        time_pass(f, ACK_WAIT_MS);
    }
    assert_int_equal(fake_keys(&f->bucket, "part."), 0);
}

TEST(a_walk_that_cannot_be_done_now_is_done_later_and_loses_no_connection)
{
    struct fixture *f = *state;
    struct wi_broker_problem problem;
    leave_orphan(f, "job-1", "k");
    time_pass(f, OLD_MS + FRESH_MS);
    f->bucket.walks_fail = 1;
    sweep_as(f, 1);
    assert_int_equal(f->bucket.walks, 1); /* the other one would fail, too */
    assert_false(wi_shared_is_lost(f->first.jobs, &problem));
    assert_int_equal(removed(f), 0);
    f->bucket.walks_fail = 0;
    time_pass(f, ACK_WAIT_MS);
    sweep_as(f, 1);
    assert_int_equal(removed(f), 2);
}

/* --- what stays ------------------------------------------------------------------------------- */

TEST(with_a_short_ack_wait_a_key_stays_as_long_as_it_is_fresh)
{
    struct fixture *f = *state;
    wi_shared_jobs_free(f->first.jobs);
    f->bucket.ack_wait_ms = 1000;
    fake_join(&f->first, &f->bucket, "member-1", f->now_ms);
    leave_orphan(f, "job-1", "k");
    time_pass(f, 10000);
    sweep_as(f, 1);
    assert_int_equal(fake_keys(&f->bucket, "part."), 0);
    assert_int_equal(fake_keys(&f->bucket, "key."), 1);
    time_pass(f, FRESH_MS - 1000);
    sweep_as(f, 1);
    assert_int_equal(fake_keys(&f->bucket, "key."), 1);
    time_pass(f, 1000);
    sweep_as(f, 1);
    assert_int_equal(fake_keys(&f->bucket, "key."), 0);
    assert_int_equal(removed(f), 2);
}

TEST(a_record_that_the_index_has_not_yet_keeps_its_parts_and_key)
{
    struct fixture *f = *state;
    assert_int_equal(fake_accept(&f->other, "job-1", f->body, "k", &f->error), WI_OK);
    f->now_ms += OLD_MS + FRESH_MS;
    f->bucket.now_ms += OLD_MS + FRESH_MS;
    fake_set(&f->bucket, "watched.claim.member-3", "1", 1, 0);
    sweep_as(f, 1); /* which has followed nothing */
    assert_int_equal(removed(f), 0);
    assert_int_equal(fake_keys(&f->bucket, "part."), 2);
}

TEST(a_record_or_a_key_of_another_version_and_foreign_names_stay)
{
    struct fixture *f = *state;
    static const char newer[] = "{\"record\":2}\n";
    static const char *const keys[] = {"part.job-1.part-1.0", "part.*.part-1.0", "part.job-2.*.0",
        "part..x.0", "part.job_3.part-1.0",
        "part.a-name-that-is-longer-than-all-of-ours-are.part-1.0"};
    fake_set(&f->bucket, "watched.job.job-1", newer, strlen(newer), 0);
    fake_set(&f->bucket, "key.newer", newer, strlen(newer), 0);
    fake_set(&f->bucket, "key.garbage", "\xff{", 2, 0);
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
        fake_set(&f->bucket, keys[i], "x", 1, 0);
    time_pass(f, OLD_MS + FRESH_MS);
    sweep_as(f, 1);
    assert_int_equal(removed(f), 0);
    assert_int_equal(fake_keys(&f->bucket, "part."), sizeof keys / sizeof keys[0]);
    assert_int_equal(fake_keys(&f->bucket, "key."), 2);
}

/* Another request takes the key over right before it is removed. */
static void on_purge(void *data, const char *key)
{
    struct fixture *f = data;
    if (strncmp(key, "key.", 4) == 0)
        assert_int_equal(fake_accept(&f->other, "job-2", "x", "k", &f->error), WI_OK);
    else
        f->bucket.before_write = on_purge;
}

TEST(a_key_that_is_used_again_right_before_it_would_go_stays)
{
    struct fixture *f = *state;
    leave_orphan(f, "job-1", "k");
    clock_skip(2 * (time_t)FRESH_MS);
    time_pass(f, OLD_MS + FRESH_MS);
    f->bucket.before_write = on_purge;
    sweep_as(f, 1);
    assert_int_equal(fake_keys(&f->bucket, "key."), 1);
    assert_int_equal(fake_accept(&f->first, "job-3", "x", "k", &f->error), WI_OK);
    assert_int_equal(fake_keys(&f->bucket, "watched.job."), 1); /* it has found job-2 */
}

/* --- a record that comes late ----------------------------------------------------------------- */

static time_t stopped_ms;

/* The member is stopped for a while after its parts were written. */
static void on_stop(void *data, const char *key)
{
    struct fixture *f = data;
    if (strncmp(key, "part.", 5) == 0)
        clock_skip(stopped_ms);
    else
        f->bucket.before_write = on_stop;
}

TEST(a_record_that_would_come_too_late_is_not_written)
{
    struct fixture *f = *state;
    struct wi_broker_problem problem;
    f->bucket.data = f;
    f->bucket.before_write = on_stop;
    stopped_ms = 4 * ACK_WAIT_MS;
    assert_int_equal(fake_accept(&f->other, "job-1", f->body, NULL, &f->error), WI_OK);
    f->bucket.before_write = on_stop;
    stopped_ms = 5 * ACK_WAIT_MS;
    assert_int_equal(
        fake_accept(&f->other, "job-2", f->body, NULL, &f->error), WI_CLUSTER_UNAVAILABLE);
    assert_int_equal(f->error.retry_after_s, 2);
    assert_false(wi_shared_is_lost(f->other.jobs, &problem));
    assert_int_equal(fake_keys(&f->bucket, "watched.job."), 1);
    time_pass(f, OLD_MS);
    sweep_as(f, 1);
    assert_int_equal(removed(f), 1);
    assert_int_equal(fake_keys(&f->bucket, "part.job-1."), 2);
}
