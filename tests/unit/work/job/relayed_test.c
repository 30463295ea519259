/* Jobs that another daemon hands on: where they go, where they go on, and whose caches they use. */
#include "one_stream.h"

FIXTURE(set_up, tear_down)

static const char *owner_of(const char *id, const char *client, const char *owner)
{
    struct wi_job_spec spec = {.client = wi_strdup(client),
        .asked = ASKED(.model = wi_model_ref(&fixture->model), .timeout_ms = 60000,
            .task = WI_TASK_CHAT, .input = json_object(),
            .relayed = {.is = owner != NULL, .owner = wi_strdup(owner)}),
        .accepted_at = wi_now_ms()};
    snprintf(spec.id, sizeof spec.id, "%s", id);
    assert_int_equal(wi_jobs_submit(fixture->jobs, &spec, NULL, on_done, NULL, NULL), WI_OK);
    return fixture->owner;
}

/* Begins a stream that was begun elsewhere. */
static enum wi_code open_at(const char *from, struct wi_error *error)
{
    static const struct wi_job_stream stream = {on_part, on_progress};
    struct wi_job_spec spec = {.id = "job-1",
        .asked = ASKED(.model = wi_model_ref(&fixture->model), .timeout_ms = 60000, .stream = 1,
            .relayed = {.is = 1, .from = json_loads(from, 0, NULL)}),
        .accepted_at = wi_now_ms()};
    memset(&seen, 0, sizeof seen);
    seen.next = (uint64_t)json_integer_value(json_object_get(spec.asked->relayed.from, "seq"));
    return wi_jobs_submit(fixture->jobs, &spec, &stream, on_done, NULL, error);
}

TEST(no_relay_is_wanted_for_what_came_through_one)
{
    owner_of("job-1", "attic", "anna");
    assert_true(fixture->wants_no_relays);
    answer_ok(fixture->attempt);
    owner_of("job-2", "attic", NULL);
    assert_false(fixture->wants_no_relays);
    answer_ok(fixture->attempt);
}

/* A relay's clients are apart from each other, from the relay's own, and from all other clients,
 * whatever the relay calls them. */
TEST(caches_are_a_relays_clients_own)
{
    static const struct {
        const char *client, *owner;
    } all[] = {{"attic", NULL}, {"attic", "anna"}, {"attic", "bert"}, {"anna", NULL},
        {"cellar", "anna"}, {"attic anna", NULL}, {"attic", "cellar\nanna"}};
    enum { COUNT = sizeof all / sizeof *all };
    char owners[COUNT][80], id[16];
    for (size_t i = 0; i < COUNT; i++) {
        snprintf(id, sizeof id, "job-%zu", i);
        snprintf(owners[i], sizeof owners[i], "%s", owner_of(id, all[i].client, all[i].owner));
        assert_int_equal(strlen(owners[i]), 64);
        answer_ok(fixture->attempt);
        for (size_t j = 0; j < i; j++)
            assert_string_not_equal(owners[i], owners[j]);
    }
    assert_string_equal(owner_of("job-9", "attic", "bert"), owners[2]);
    answer_ok(fixture->attempt);
}

TEST(a_stream_goes_on_where_it_was)
{
    assert_int_equal(open_at("{\"seq\":2,\"text\":\"ab\",\"tokens\":[5,6]}", NULL), WI_OK);
    assert_true(fixture->wants_more);
    assert_string_equal(fixture->from, "2 ab [5,6]");
    tell_progress(); /* its client has had nothing here */
    assert_int_equal(seen.progress, 1);
    bring(2, "c");
    lose(0);
    assert_string_equal(fixture->from, "3 abc [5,6]");
    bring(3, "d");
    end_stream(4);
    assert_int_equal(fixture->last.code, WI_OK);
    assert_true(fixture->last.first_part_ms >= 0);
    assert_string_equal(seen.text, "cd");
}

/* Who handed it on would take silence for the loss of this daemon. */
TEST(progress_is_told_behind_the_first_part_too)
{
    assert_int_equal(open_at("{\"seq\":2}", NULL), WI_OK);
    bring(2, "c");
    tell_progress();
    assert_int_equal(seen.progress, 1);
    lose(0);
    tell_progress();
    assert_int_equal(seen.progress, 2);
    end_stream(3);
}

/* Its end before the first part here says so. */
TEST(nothing_may_be_left_to_say)
{
    assert_int_equal(open_at("{\"seq\":2}", NULL), WI_OK);
    end_stream(2);
    assert_int_equal(fixture->last.code, WI_OK);
    assert_true(fixture->last.first_part_ms == 0);
}

/* No node of ours was lost, so that another daemon may be asked. */
TEST(where_none_can_go_on_the_relay_looks_elsewhere)
{
    struct wi_error error;
    fixture->pick = WI_PICK_NEVER;
    assert_int_equal(open_at("{\"seq\":2}", &error), WI_UNAVAILABLE);
    fixture->pick = WI_PICK_NODE;
    fixture->room = 0;
    assert_int_equal(open_at("{\"seq\":2}", &error), WI_OK);
    fixture->pick = WI_PICK_NEVER;
    events()->on_capacity(events()->context);
    assert_int_equal(fixture->last.code, WI_UNAVAILABLE);
    fixture->pick = WI_PICK_NODE;
    fixture->room = 1;
    assert_int_equal(open_at("{\"seq\":2}", &error), WI_OK);
    fixture->pick = WI_PICK_NEVER;
    lose(0);
    assert_int_equal(fixture->last.code, WI_STREAM_INTERRUPTED);
}

TEST(no_memory_for_what_was_said_is_no_memory)
{
    struct wi_error error;
    fixture->budget.limit = 1;
    assert_int_equal(open_at("{\"seq\":2,\"text\":\"ab\"}", &error), WI_MEMORY_BUDGET);
    assert_string_equal(error.field, "relay.continue");
    assert_int_equal(fixture->dispatched, 0);
}

/* What breaks every node is told from what was lost. */
TEST(poison_is_marked)
{
    submit("job-1");
    lose(WI_BLAME_ALONE);
    lose(WI_BLAME_ALONE);
    assert_int_equal(fixture->last.code, WI_ATTEMPTS_EXHAUSTED);
    assert_true(fixture->last.error.poisoned);
    submit("job-2");
    for (int i = 0; i < 4; i++)
        answer_failure(WI_INFERENCE_FAILED, 1);
    assert_int_equal(fixture->last.code, WI_ATTEMPTS_EXHAUSTED);
    assert_false(fixture->last.error.poisoned);
}
