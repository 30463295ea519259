/* What the stored jobs do if their store loses answers, cannot be reached, answers late, or is
 * shared with other daemons: over a store in memory, whose faults are the test's. */
#include "alone.h"

#include "api/endpoints/job.h"
#include "fake_store.h"

static struct fake_store fake;

static int set_up(void **state)
{
    struct fixture *f = *state = wi_alloc(sizeof *f);
    set_up_alone(f);
    f->store = fake_open(&fake, &f->loop);
    start_with(f, &(struct wi_record_sweep){0});
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    wi_durable_free(f->durable);
    fake_close(&fake);
    empty_loop(f);
    tear_down_alone(f);
    free(f);
    return 0;
}

static struct wi_durable_counters counted(const struct fixture *f)
{
    struct wi_durable_counters counters;
    wi_durable_counters(f->durable, &counters);
    return counters;
}

/* The next tick comes at once, and writes again what could not be written. */
static void hurry(struct fixture *f)
{
    f->durable->ticks = WI_DURABLE_REWRITE_TICKS - 1;
    wi_timer_start(f->durable->timer, 1, WI_DURABLE_TICK_MS);
}

/* A job that is accepted and runs. */
static struct fake_record *run_one(struct fixture *f, struct waiter *waiter)
{
    assert_int_equal(store(f, "one", NULL), WI_RECORD_NEW);
    watch(f, waiter, "one");
    until(f->has_job);
    return fake_find(&fake, "one");
}

/* Another member ends the record. */
static void end_elsewhere(struct fake_record *kept)
{
    static char answer[] = "{}";
    struct wi_record_part part = {answer, strlen(answer)};
    struct wi_record_finish end = {
        .state = WI_RECORD_DONE, .status = 200, .parts = &part, .part_count = 1};
    kept->taken = 0;
    assert_true(fake_end(kept, &end));
}

/* What POST is answered if its record cannot be stored, or may have been. */
static enum wi_code store_in_vain(struct fixture *f, enum fake_fault fault, enum wi_code code)
{
    struct wi_record_accept op = {.key = "the key"};
    fill(&op, "one");
    fake.faults[ACCEPT] = fault;
    fake.fault = code;
    f->done = 0;
    wi_durable_accept(f->durable, &op, on_done, f);
    until(f->done);
    wi_record_clear(&op.record);
    return f->failure.code;
}

/* One record as sweeps name it. */
static struct wi_record_names name_of(const char *id)
{
    struct wi_record_names names = {wi_alloc(sizeof *names.items), 1};
    snprintf(names.items->id, sizeof names.items->id, "%s", id);
    strcpy(names.items->dialect, "native");
    strcpy(names.items->client, "me");
    return names;
}

static int answers(struct fixture *f, const char *id, const char *words)
{
    struct wi_record record = read_record(f, id);
    int found = memmem(record.bytes->bytes, record.bytes->size, words, strlen(words)) != NULL;
    wi_record_clear(&record);
    return found;
}

/* A record that another member has taken. */
static struct fake_record *add_elsewhere(struct fixture *f, const char *id)
{
    struct wi_record_accept op = {0};
    fill(&op, id);
    struct fake_record *kept = &fake.records[fake.count++];
    kept->record = op.record; /* moved */
    wi_buffer_add(&kept->body, op.body, op.record.body_size);
    kept->record.state = WI_RECORD_RUNNING;
    return kept;
}

FIXTURE(set_up, tear_down)

/* --- no answer, or no store ------------------------------------------------------------------- */

TEST(an_end_whose_answer_is_lost_is_written_again_and_counts_once)
{
    struct fixture *f = *state;
    struct waiter waiter = {0};
    struct wi_durable_now now;
    struct fake_record *kept = run_one(f, &waiter);
    fake.faults[FINISH] = LOST;
    finish_job(WI_OK);
    until(waiter.told);
    wi_durable_look(f->durable, "one", &now);
    assert_int_equal(now.stuck, WI_UNAVAILABLE);
    assert_non_null(strstr(now.problem, "the store is away"));
    assert_int_equal(counted(f).unwritten, 1);
    assert_int_equal(counted(f).done, 0);
    hurry(f);
    until(counted(f).done == 1);
    assert_int_equal(fake.asked[FINISH], 2);
    assert_int_equal(counted(f).running, 0);
    assert_int_equal(counted(f).dropped, 0);
    assert_int_equal(f->durable->open, 0);
    assert_int_equal(kept->record.state, WI_RECORD_DONE);
    assert_int_equal(f->submitted, 1);
}

TEST(an_end_waits_for_the_store_and_its_answer_is_kept)
{
    struct fixture *f = *state;
    struct waiter waiter = {0};
    struct fake_record *kept = run_one(f, &waiter);
    fake.faults[FINISH] = REFUSED;
    finish_job(WI_OK);
    until(waiter.told);
    assert_int_equal(kept->record.state, WI_RECORD_RUNNING);
    hurry(f);
    until(counted(f).done == 1);
    assert_true(answers(f, "one", "1.5"));
    assert_int_equal(f->submitted, 1);
}

/* The next try finds that it is no longer ours: it must not be ended as cancelled. */
TEST(a_return_whose_answer_is_lost_is_asked_for_again_and_does_nothing)
{
    struct fixture *f = *state;
    struct waiter waiter = {0};
    struct fake_record *kept = run_one(f, &waiter);
    fake.faults[GIVE_BACK] = LOST;
    wi_durable_quiesce(f->durable); /* so that it is not taken again */
    finish_job(WI_QUEUE_FULL);
    until(counted(f).unwritten == 1);
    assert_int_equal(kept->record.state, WI_RECORD_QUEUED);
    hurry(f);
    until(counted(f).running == 0);
    assert_int_equal(fake.asked[GIVE_BACK], 2);
    assert_int_equal(fake.asked[FINISH], 0);
    assert_int_equal(kept->record.state, WI_RECORD_QUEUED);
}

TEST(a_take_that_fails_is_tried_again)
{
    struct fixture *f = *state;
    fake.faults[TAKE] = LOST;
    assert_int_equal(store(f, "one", NULL), WI_RECORD_NEW);
    until(f->durable->untaken);
    assert_int_equal(f->budget.used, 0);
    assert_false(f->has_job);
    hurry(f);
    until(f->has_job);
    assert_int_equal(fake.asked[TAKE], 2);
    finish_job(WI_OK);
    until(counted(f).done == 1);
}

TEST(who_asks_is_told_the_codes_of_the_store)
{
    struct fixture *f = *state;
    assert_int_equal(store_in_vain(f, REFUSED, WI_STORAGE_FAILED), WI_STORAGE_FAILED);
    assert_int_equal(store_in_vain(f, REFUSED, WI_UNAVAILABLE), WI_UNAVAILABLE);
    assert_int_equal(counted(f).accepted, 0);
    assert_int_equal(f->durable->open, 0);
    struct wi_record_read op = {.id = "one"};
    fake.faults[READ] = REFUSED;
    f->done = 0;
    wi_durable_read(f->durable, &op, on_done, f);
    until(f->done);
    assert_int_equal(f->failure.code, WI_UNAVAILABLE);
    struct wi_durable_cancel cancelling = {.id = "one"};
    fake.faults[CANCEL] = REFUSED;
    f->done = 0;
    wi_durable_cancel(f->durable, &cancelling, on_done, f);
    until(f->done);
    assert_int_equal(f->failure.code, WI_UNAVAILABLE);
    assert_false(cancelling.found);
}

/* A client that got no answer sends again with its key. */
TEST(a_job_whose_acceptance_got_lost_is_one_job)
{
    struct fixture *f = *state;
    assert_int_equal(store_in_vain(f, LOST, WI_UNAVAILABLE), WI_UNAVAILABLE);
    assert_int_equal(store(f, "two", "the key"), WI_RECORD_SAME);
    assert_int_equal(fake.count, 1);
    assert_int_equal(counted(f).replayed, 1);
    fake.tell(fake.listener, WI_NEWS_CAME, "one");
    until(f->has_job);
    finish_job(WI_OK);
    until(counted(f).done == 1);
    assert_int_equal(f->submitted, 1);
}

TEST(a_cancel_whose_answer_is_lost_ends_the_wait_all_the_same)
{
    struct fixture *f = *state;
    struct waiter waiter = {0};
    wi_durable_quiesce(f->durable); /* so that it is not run */
    assert_int_equal(store(f, "one", NULL), WI_RECORD_NEW);
    watch(f, &waiter, "one");
    fake.faults[CANCEL] = LOST;
    cancel(f, "one", "me");
    assert_int_equal(f->failure.code, WI_UNAVAILABLE);
    assert_false(waiter.told);
    fake.tell(fake.listener, WI_NEWS_ENDED, "one");
    assert_true(waiter.told);
    check_state(f, "one", WI_RECORD_CANCELLED);
}

/* --- other members ---------------------------------------------------------------------------- */

/* It was stopped for so long that another member took the record, and ended it first. */
TEST(a_second_end_is_dropped)
{
    struct fixture *f = *state;
    struct waiter waiter = {0};
    struct fake_record *kept = run_one(f, &waiter);
    end_elsewhere(kept);
    fake.tell(fake.listener, WI_NEWS_ENDED, "one");
    assert_true(waiter.told);
    finish_job(WI_OK);
    until(counted(f).running == 0);
    assert_int_equal(fake.asked[FINISH], 1);
    assert_int_equal(counted(f).done, 0);
    assert_int_equal(counted(f).dropped, 1);
    assert_true(answers(f, "one", "{}")); /* the other's */
}

TEST(a_record_that_another_member_has_taken_is_not_given_back)
{
    struct fixture *f = *state;
    struct waiter waiter = {0};
    struct fake_record *kept = run_one(f, &waiter);
    kept->taken = 0;
    finish_job(WI_QUEUE_FULL);
    until(counted(f).running == 0);
    assert_int_equal(fake.asked[GIVE_BACK], 1);
    assert_int_equal(fake.asked[FINISH], 0);
    assert_int_equal(counted(f).queued, 0);
    assert_int_equal(kept->record.state, WI_RECORD_RUNNING);
    wi_durable_unwatch(f->durable, &waiter.watcher);
}

TEST(another_member_was_faster_to_take_it)
{
    struct fixture *f = *state;
    add_elsewhere(f, "one");
    fake.tell(fake.listener, WI_NEWS_CAME, "one");
    until(fake.asked[TAKE] == 1 && !f->durable->taking);
    assert_false(f->has_job);
    assert_int_equal(f->budget.used, 0);
}

static int is_elsewhere(void *context, const struct wi_record *record, enum wi_code code)
{
    assert_string_equal(record->id, "one");
    assert_true(code == WI_MODEL_NOT_FOUND || code == WI_UNAVAILABLE);
    return *(int *)context;
}

/* The member that has the model finds it in the queue. */
TEST(what_lacks_its_model_here_is_left_to_others_that_may_have_it)
{
    struct fixture *f = *state;
    int others = 1;
    struct waiter waiter = {0};
    struct fake_record *kept = run_one(f, &waiter);
    f->durable->deps.may_run_elsewhere = is_elsewhere;
    f->durable->deps.context = &others;
    wi_durable_quiesce(f->durable); /* so that it is not taken again */
    int64_t before = wi_steady_ms();
    finish_job(WI_MODEL_NOT_FOUND);
    until(counted(f).running == 0);
    assert_int_equal(kept->record.state, WI_RECORD_QUEUED);
    assert_in_range(kept->retry_at, before + 30000, wi_steady_ms() + 30000);
    assert_true(kept->is_unable);
    assert_int_equal(fake.asked[FINISH], 0);
    wi_durable_unwatch(f->durable, &waiter.watcher);
}

TEST(what_lacks_its_model_at_all_members_fails)
{
    struct fixture *f = *state;
    struct waiter waiter = {0};
    int others = 0;
    struct fake_record *kept = run_one(f, &waiter);
    f->durable->deps.may_run_elsewhere = is_elsewhere;
    f->durable->deps.context = &others;
    finish_job(WI_MODEL_NOT_FOUND);
    until(waiter.told);
    assert_int_equal(kept->record.state, WI_RECORD_FAILED);
    assert_int_equal(kept->record.status, 404);
    assert_true(answers(f, "one", "model_not_found"));
    assert_int_equal(fake.asked[GIVE_BACK], 0);
}

/* Its client waits at any member. */
TEST(a_request_with_a_key_that_cannot_run_here_is_left_to_others_that_may_run_it)
{
    struct fixture *f = *state;
    int others = 1;
    struct waiter waiter = {0};
    struct fake_record *kept = run_one(f, &waiter);
    f->durable->entries->record.infer = 1;
    f->durable->deps.may_run_elsewhere = is_elsewhere;
    f->durable->deps.context = &others;
    wi_durable_quiesce(f->durable); /* so that it is not taken again */
    int64_t before = wi_steady_ms();
    finish_job(WI_UNAVAILABLE);
    until(counted(f).running == 0);
    assert_int_equal(kept->record.state, WI_RECORD_QUEUED);
    assert_in_range(kept->retry_at, before + 5000, wi_steady_ms() + 5000);
    assert_true(kept->is_unable);
    assert_int_equal(fake.asked[FINISH], 0);
    wi_durable_unwatch(f->durable, &waiter.watcher);
}

TEST(a_request_with_a_key_that_no_member_can_run_fails)
{
    struct fixture *f = *state;
    int others = 0;
    struct waiter waiter = {0};
    struct fake_record *kept = run_one(f, &waiter);
    f->durable->entries->record.infer = 1;
    f->durable->deps.may_run_elsewhere = is_elsewhere;
    f->durable->deps.context = &others;
    finish_job(WI_UNAVAILABLE);
    until(waiter.told);
    assert_int_equal(kept->record.state, WI_RECORD_FAILED);
    assert_int_equal(kept->record.status, 503);
    assert_true(answers(f, "one", "unavailable"));
    assert_int_equal(fake.asked[GIVE_BACK], 0);
}

/* GET /v1/jobs/ID says the same at any member. */
TEST(what_runs_elsewhere_is_said_to_run)
{
    struct fixture *f = *state;
    struct wi_buffer text = {0};
    add_elsewhere(f, "one");
    struct wi_record record = read_record(f, "one");
    wi_job_print(&text, f->durable, &record);
    assert_non_null(strstr(text.text, "\"state\":\"running\""));
    wi_record_clear(&record);
    wi_buffer_clear(&text);
}

TEST(what_another_member_cancels_is_ended_here)
{
    struct fixture *f = *state;
    struct waiter waiter = {0};
    run_one(f, &waiter)->is_to_cancel = 1;
    fake.tell(fake.listener, WI_NEWS_CANCELLED, "one");
    until(waiter.told);
    check_state(f, "one", WI_RECORD_CANCELLED);
    assert_int_equal(counted(f).cancelled, 1);
}

TEST(what_a_lost_member_leaves_is_ended_or_runs_again)
{
    struct fixture *f = *state;
    add_elsewhere(f, "poison");
    add_elsewhere(f, "cancelled");
    add_elsewhere(f, "again")->record.state = WI_RECORD_QUEUED;
    until(fake.asked[SWEEP] == 1 && !f->durable->sweeping); /* the first, of the start */
    fake.found = (struct wi_record_sweep){.poison = name_of("poison"),
        .cancelled = name_of("cancelled"),
        .requeued = 1,
        .counted = 1,
        .queued = 1,
        .open = 3};
    fake.tell(fake.listener, WI_NEWS_LEFT, "poison");
    until(f->has_job && counted(f).failed == 1 && counted(f).cancelled == 1);
    assert_int_equal(counted(f).recovered, 1);
    assert_true(answers(f, "poison", "attempts_exhausted"));
    check_state(f, "cancelled", WI_RECORD_CANCELLED);
    finish_job(WI_OK);
    until(counted(f).done == 1);
}

/* Its claim had lapsed, but it runs yet. */
TEST(what_is_named_in_a_sweep_and_runs_here_is_left_alone)
{
    struct fixture *f = *state;
    struct waiter waiter = {0};
    run_one(f, &waiter);
    until(fake.asked[SWEEP] >= 1 && !f->durable->sweeping);
    int swept = fake.asked[SWEEP];
    fake.found = (struct wi_record_sweep){.late = name_of("one"), .poison = name_of("one")};
    fake.tell(fake.listener, WI_NEWS_LEFT, "one");
    until(fake.asked[SWEEP] > swept && !f->durable->sweeping);
    assert_int_equal(fake.asked[FINISH], 0);
    assert_int_equal(counted(f).expired, 0);
    finish_job(WI_OK);
    until(counted(f).done == 1);
}

/* --- its end is told -------------------------------------------------------------------------- */

/* Leaves so many bytes of the budget; gives how many were taken for that. */
static uint64_t leave(struct fixture *f, uint64_t bytes)
{
    uint64_t taken = f->budget.limit - f->budget.used - bytes;
    wi_budget_force(&f->budget, taken);
    return taken;
}

/* A job whose answer waits for memory to be printed in, until the test gives it back. */
static uint64_t wait_to_print(struct fixture *f)
{
    assert_int_equal(store(f, "one", NULL), WI_RECORD_NEW);
    until(f->has_job);
    uint64_t taken = leave(f, 0);
    finish_job(WI_OK);
    assert_int_equal(f->durable->entries->step, WI_DURABLE_WAITING);
    assert_string_equal(f->ends, "");
    return taken;
}

TEST(an_end_is_told_once_it_is_written)
{
    struct fixture *f = *state;
    struct waiter waiter = {0};
    run_one(f, &waiter);
    fake.faults[FINISH] = LOST;
    finish_job(WI_OK);
    until(waiter.told);
    assert_string_equal(f->ends, "");
    hurry(f);
    until(counted(f).done == 1);
    assert_string_equal(f->ends, "one done, ");
    assert_int_equal(store(f, "two", NULL), WI_RECORD_NEW);
    until(f->has_job);
    finish_job(WI_INFERENCE_FAILED);
    until(counted(f).failed == 1);
    assert_string_equal(f->ends, "one done, two inference_failed, ");
}

TEST(an_answer_that_can_never_be_printed_is_told_as_failed_alone)
{
    struct fixture *f = *state;
    assert_int_equal(store(f, "one", NULL), WI_RECORD_NEW);
    until(f->has_job);
    uint64_t limit = f->budget.limit;
    f->budget.limit = 51; /* two numbers may take 52 bytes */
    finish_job(WI_OK);
    f->budget.limit = limit;
    until(counted(f).failed == 1);
    assert_string_equal(f->ends, "one answer_too_large, ");
}

TEST(an_answer_that_waits_until_its_deadline_is_told_as_failed_alone)
{
    struct fixture *f = *state;
    uint64_t taken = wait_to_print(f);
    f->durable->entries->record.deadline_at = wi_steady_ms();
    hurry(f);
    until(counted(f).failed == 1);
    assert_string_equal(f->ends, "one deadline_exceeded, ");
    wi_budget_give(&f->budget, taken);
}

TEST(an_answer_that_is_cancelled_while_it_waits_is_told_as_cancelled_alone)
{
    struct fixture *f = *state;
    uint64_t taken = wait_to_print(f);
    assert_true(cancel(f, "one", "me"));
    until(counted(f).cancelled == 1);
    assert_string_equal(f->ends, "one cancelled, ");
    wi_budget_give(&f->budget, taken);
}

/* Its memory was needed by another answer. */
TEST(an_answer_that_is_made_again_is_told_once)
{
    struct fixture *f = *state;
    struct wi_error error;
    uint64_t taken = wait_to_print(f);
    wi_error_set(&error, WI_MEMORY_BUDGET, NULL, "there was no memory");
    wi_durable_put_back(f->durable->entries, &error, 0);
    wi_budget_give(&f->budget, taken);
    until(f->has_job);
    assert_string_equal(f->ends, "");
    finish_job(WI_OK);
    until(counted(f).done == 1);
    assert_string_equal(f->ends, "one done, ");
}

TEST(the_end_of_what_did_not_run_is_told)
{
    struct fixture *f = *state;
    until(fake.asked[SWEEP] == 1 && !f->durable->sweeping); /* the first, of the start */
    add_elsewhere(f, "late");
    add_elsewhere(f, "poison");
    add_elsewhere(f, "left");
    fake.found = (struct wi_record_sweep){
        .late = name_of("late"), .poison = name_of("poison"), .cancelled = name_of("left")};
    fake.tell(fake.listener, WI_NEWS_LEFT, "poison");
    until(counted(f).failed == 2 && counted(f).cancelled == 1);
    assert_string_equal(
        f->ends, "late deadline_exceeded, poison attempts_exhausted, left cancelled, ");
}

TEST(the_end_of_what_is_cancelled_in_the_queue_is_told)
{
    struct fixture *f = *state;
    wi_durable_quiesce(f->durable); /* so that it is not run */
    assert_int_equal(store(f, "one", NULL), WI_RECORD_NEW);
    fake_find(&fake, "one")->record.client_id = wi_strdup("mine");
    assert_true(cancel(f, "one", "me"));
    assert_string_equal(f->ends, "mine cancelled, ");
}

/* The store finds that it was cancelled meanwhile. */
TEST(the_end_of_what_is_cancelled_on_its_way_back_is_told)
{
    struct fixture *f = *state;
    struct waiter waiter = {0};
    run_one(f, &waiter)->is_to_cancel = 1;
    finish_job(WI_QUEUE_FULL);
    until(waiter.told);
    assert_string_equal(f->ends, "one cancelled, ");
}

/* The budget may have been lowered since it was accepted. */
TEST(the_end_of_what_needs_more_memory_than_there_is_is_told)
{
    struct fixture *f = *state;
    struct wi_record_accept accept = {0};
    fill(&accept, "one");
    accept.record.cost = f->budget.limit;
    wi_durable_accept(f->durable, &accept, on_done, f);
    until(counted(f).failed == 1);
    assert_string_equal(f->ends, "one memory_budget, ");
    wi_record_clear(&accept.record);
}

TEST(no_end_is_told_of_what_another_member_has_ended)
{
    struct fixture *f = *state;
    struct waiter waiter = {0};
    end_elsewhere(run_one(f, &waiter));
    finish_job(WI_OK);
    until(counted(f).dropped == 1);
    assert_string_equal(f->ends, "");
    wi_durable_unwatch(f->durable, &waiter.watcher);
}

/* --- the end of the daemon -------------------------------------------------------------------- */

/* Each answer comes once, what was taken goes back, and nothing is left. */
TEST(answers_may_come_after_the_end)
{
    struct fixture *f = *state;
    struct wi_record_accept accept = {0};
    struct wi_record_list list = {.limit = 5};
    assert_int_equal(store(f, "one", NULL), WI_RECORD_NEW);
    fake.holds = 1;
    until(f->durable->taking);
    fill(&accept, "two");
    f->done = 0;
    wi_durable_accept(f->durable, &accept, on_done, f);
    wi_durable_list(f->durable, &list, on_done, f);
    wi_durable_free(f->durable);
    assert_null(fake.tell);
    assert_false(f->done);
    fake.holds = 0;
    fake_answer(&fake);
    assert_int_equal(f->done, 1);
    assert_int_equal(fake.asked[GIVE_BACK], 1);
    assert_int_equal(fake_find(&fake, "one")->record.state, WI_RECORD_QUEUED);
    assert_false(f->has_job);
    for (size_t i = 0; i < list.count; i++)
        wi_record_clear(&list.records[i]);
    free(list.records);
    wi_record_clear(&accept.record);
    start_with(f, &(struct wi_record_sweep){0}); /* to be freed */
}

/* The counts of answers are freed before a thread may have printed the last one. */
TEST(an_answer_that_is_printed_after_the_end_is_kept_and_not_counted)
{
    struct fixture *f = *state;
    struct wi_record_accept accept = {0};
    struct wi_buffer large = {0};
    wi_buffer_puts(&large,
        "{\"model_name\":\"builtin/echo\",\"inputs\":[{\"name\":\"x\",\"datatype\":"
        "\"FP32\",\"shape\":[8000],\"data\":[1");
    for (int i = 1; i < 8000; i++)
        wi_buffer_puts(&large, ",1");
    wi_buffer_puts(&large, "]}]}");
    fill(&accept, "one");
    accept.body = (const unsigned char *)large.text;
    accept.record.body_size = accept.record.json_size = large.size;
    wi_durable_accept(f->durable, &accept, on_done, f);
    until(f->has_job);
    finish_job(WI_OK);
    assert_int_equal(f->bytes_out, 0); /* it is being printed */
    wi_durable_free(f->durable);
    until(fake_find(&fake, "one")->record.state == WI_RECORD_DONE);
    assert_int_equal(f->bytes_out, 0);
    wi_record_clear(&accept.record);
    wi_buffer_clear(&large);
    start_with(f, &(struct wi_record_sweep){0});
}

/* An end that cannot be written is tried once more, and then left to the store. */
TEST(an_end_that_cannot_be_written_does_not_hold_up_the_end)
{
    struct fixture *f = *state;
    struct waiter waiter = {0};
    run_one(f, &waiter);
    fake.faults[FINISH] = REFUSED;
    finish_job(WI_OK);
    until(waiter.told);
    fake.faults[FINISH] = REFUSED;
    wi_durable_free(f->durable);
    fake_answer(&fake);
    assert_int_equal(fake.asked[FINISH], 2);
    assert_int_equal(f->budget.used, 0);
    start_with(f, &(struct wi_record_sweep){0});
}
