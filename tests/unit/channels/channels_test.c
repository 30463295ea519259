/* Subscribers: who hears what, in which order, what a slow one misses, and what is kept. */
#include "../test.h"

#include "rows.h"

#include "channels/channels.h"
#include "channels/recent.h"
#include "channels/telling.h"

static struct fixture {
    uv_loop_t loop;
    uv_timer_t limit;
    struct wi_budget budget;
    struct wi_work_queue *heavy;
    struct wi_channels *channels;
    struct wi_inference *asked;
    int woken;
} the_fixture, *fixture = &the_fixture;

#include "../until.h"

static int set_up(void **state)
{
    memset(fixture, 0, sizeof *fixture);
    fixture->budget.limit = (uint64_t)1 << 30;
    if (uv_loop_init(&fixture->loop))
        return -1;
    limit_waiting(&fixture->loop, &fixture->limit, 20000);
    fixture->heavy = wi_work_queue_new(&fixture->loop, 1);
    fixture->channels = wi_channels_new(&fixture->loop, &fixture->budget, fixture->heavy);
    fixture->asked = wi_inference_new();
    fixture->asked->publish = 1;
    return 0;
}

static int tear_down(void **state)
{
    wi_channels_free(fixture->channels);
    wi_work_queue_free(fixture->heavy);
    wi_inference_release(fixture->asked);
    uv_close((uv_handle_t *)&fixture->limit, NULL);
    uv_run(&fixture->loop, UV_RUN_DEFAULT);
    assert_int_equal(fixture->budget.used, 0);
    assert_int_equal(fixture->budget.spare, 0);
    assert_null(fixture->budget.on_short);
    return uv_loop_close(&fixture->loop);
}

FIXTURE(set_up, tear_down)

#define BOTH (1u << WI_CHANNEL_RESULTS | 1u << WI_CHANNEL_VECTORS)
#define RESULTS (1u << WI_CHANNEL_RESULTS)
#define VECTORS (1u << WI_CHANNEL_VECTORS)

static void on_more(void *context)
{
    fixture->woken++;
}

static struct wi_subscriber *subscribe_as(enum wi_channel_form form, unsigned channels,
    const char *client, const char *models, size_t recent)
{
    struct wi_strings list = {0};
    if (models)
        wi_strings_add(&list, models);
    const struct wi_subscription wants = {.channels = channels,
        .models = &list,
        .client = client,
        .holder = client ? client : "root",
        .form = form,
        .recent = recent};
    struct wi_subscriber *subscriber =
        wi_subscriber_new(fixture->channels, &wants, on_more, fixture);
    wi_strings_clear(&list);
    return subscriber;
}

static struct wi_subscriber *subscribe_to(
    unsigned channels, const char *client, const char *models, size_t recent)
{
    return subscribe_as(WI_CHANNEL_EVENTS, channels, client, models, recent);
}

/* A request of `client` ends with so many vectors, of which the first number is `first`. */
static void tell_vectors(
    const char *client, const char *model, size_t rows, size_t width, float first)
{
    struct wi_tensor tensor = make_vectors(&fixture->budget, rows, width, first, 0);
    struct wi_tensors outputs = {&tensor, 1};
    struct wi_outcome outcome = {.outputs = &outputs, .gpu_ms = -1};
    const struct wi_run_ending ending = {.id = "job-1",
        .client = client,
        .model_name = model,
        .asked = fixture->asked,
        .outcome = &outcome};
    wi_channels_tell(fixture->channels, &ending);
    free_vectors(&tensor);
}

static void tell(const char *client, const char *model, const char *id)
{
    const struct wi_run_ending ending = {
        .id = id, .client = client, .model_name = model, .code = WI_CANCELLED};
    wi_channels_tell(fixture->channels, &ending);
    wi_channels_hand_on(fixture->channels);
}

/* The next message's data and its name; NULL: there is none. */
static json_t *next(struct wi_subscriber *subscriber)
{
    struct wi_parcel *parcel = wi_subscriber_next(subscriber);
    if (!parcel)
        return NULL;
    char *text = read_parcel(parcel), name[32];
    assert_int_equal(sscanf(text, "event: %31s", name), 1);
    json_t *data = read_event(text, name);
    wi_parcel_unref(parcel);
    free(text);
    return data;
}

static void check_next(struct wi_subscriber *subscriber, const char *type, json_int_t count)
{
    json_t *data = next(subscriber);
    assert_non_null(data);
    assert_string_equal(member_text(data, "type"), type);
    if (count >= 0)
        assert_int_equal(member_integer(data, "count"), count);
    json_decref(data);
}

static void check_job(struct wi_subscriber *subscriber, const char *id)
{
    json_t *data = next(subscriber);
    assert_non_null(data);
    assert_string_equal(member_text(json_array_get(json_object_get(data, "jobs"), 0), "id"), id);
    json_decref(data);
}

static void check_nothing(struct wi_subscriber *subscriber)
{
    assert_null(wi_subscriber_next(subscriber));
}

TEST(each_client_hears_its_own_jobs_and_an_admin_all)
{
    struct wi_subscriber *ada = subscribe_to(BOTH, "ada", NULL, 0);
    struct wi_subscriber *bob = subscribe_to(BOTH, "bob", NULL, 0);
    struct wi_subscriber *root = subscribe_to(BOTH, NULL, NULL, 0);
    tell("ada", "nest", "of ada");
    tell("bob", "nest", "of bob");
    check_job(ada, "of ada");
    check_nothing(ada);
    check_job(bob, "of bob");
    check_nothing(bob);
    check_job(root, "of ada");
    check_job(root, "of bob");
    check_nothing(root);
    assert_int_equal(fixture->woken, 4);
    wi_subscriber_free(ada);
    wi_subscriber_free(bob);
    wi_subscriber_free(root);
}

TEST(nobody_is_told_what_others_miss)
{
    struct wi_subscriber *bob = subscribe_to(BOTH, "bob", NULL, 0);
    for (int i = 0; i < 200; i++)
        tell_vectors("ada", "nest", 256, 64, 0);
    wi_channels_hand_on(fixture->channels);
    check_nothing(bob);
    assert_int_equal(fixture->woken, 0);
    wi_subscriber_free(bob);
}

TEST(subscribers_choose_channels_and_models)
{
    struct wi_subscriber *vectors = subscribe_to(VECTORS, "ada", NULL, 0);
    struct wi_subscriber *nest = subscribe_to(RESULTS, "ada", "nest", 0);
    struct wi_subscriber *q8 = subscribe_to(RESULTS, "ada", "nest:q8", 0);
    tell("ada", "nest", "1");
    tell("ada", "nest:q8", "2");
    tell("ada", "nester", "3");
    tell("ada", NULL, "4");
    check_nothing(vectors);
    check_job(nest, "1");
    check_job(nest, "2");
    check_nothing(nest);
    check_job(q8, "2");
    check_nothing(q8);
    wi_subscriber_free(vectors);
    wi_subscriber_free(nest);
    wi_subscriber_free(q8);
}

TEST(what_is_not_published_has_no_vectors)
{
    struct wi_subscriber *ada = subscribe_to(BOTH, "ada", NULL, 0);
    fixture->asked->publish = 0;
    tell_vectors("ada", "nest", 2, 2, 0);
    wi_channels_hand_on(fixture->channels);
    check_next(ada, "job_completed", -1);
    check_nothing(ada);
    wi_subscriber_free(ada);
}

TEST(a_message_is_encoded_once_for_all)
{
    struct wi_subscriber *one = subscribe_to(VECTORS, "ada", NULL, 0);
    struct wi_subscriber *other = subscribe_to(VECTORS, NULL, NULL, 0);
    tell_vectors("ada", "nest", 2, 2, 0);
    wi_channels_hand_on(fixture->channels);
    struct wi_parcel *first = wi_subscriber_next(one), *second = wi_subscriber_next(other);
    assert_ptr_equal(first, second);
    wi_parcel_unref(first);
    wi_parcel_unref(second);
    wi_subscriber_free(one);
    wi_subscriber_free(other);
}

TEST(long_events_are_printed_on_a_thread_and_keep_their_order)
{
    struct wi_subscriber *ada = subscribe_to(VECTORS, "ada", NULL, 0);
    tell_vectors("ada", "nest", 200, 64, 0);
    wi_channels_hand_on(fixture->channels);
    tell_vectors("ada", "nest", 1, 64, 0);
    wi_channels_hand_on(fixture->channels);
    fixture->woken = 0;
    check_nothing(ada);
    check_nothing(ada); /* it is printed once */
    until(fixture->woken > 0);
    check_next(ada, "vector_batch", 200);
    check_next(ada, "vector_batch", 1);
    check_nothing(ada);
    wi_subscriber_free(ada);
}

static void do_nothing(void *data)
{
}

static void note_woken(void *data, int cancelled)
{
    *(int *)data = fixture->woken;
}

TEST(events_are_printed_after_what_requests_need)
{
    struct wi_subscriber *ada = subscribe_to(VECTORS, "ada", NULL, 0);
    struct wi_subscriber *bob = subscribe_to(VECTORS, "bob", NULL, 0);
    int woken = -1;
    tell_vectors("ada", "nest", 200, 64, 0);
    tell_vectors("bob", "nest", 200, 64, 0);
    wi_channels_hand_on(fixture->channels);
    fixture->woken = 0;
    check_nothing(ada);
    check_nothing(bob); /* it waits for the only thread */
    wi_work_queue_start(fixture->heavy, 0, do_nothing, note_woken, &woken);
    until(fixture->woken == 2);
    assert_int_equal(woken, 1);
    check_next(ada, "vector_batch", 200);
    check_next(bob, "vector_batch", 200);
    wi_subscriber_free(ada);
    wi_subscriber_free(bob);
}

TEST(a_frame_does_not_wait_for_the_event_that_is_printed)
{
    struct wi_subscriber *events = subscribe_to(VECTORS, "ada", NULL, 0);
    struct wi_subscriber *frames = subscribe_as(WI_CHANNEL_FRAMES, VECTORS, "ada", NULL, 0);
    tell_vectors("ada", "nest", 200, 64, 0);
    wi_channels_hand_on(fixture->channels);
    check_nothing(events);
    struct wi_parcel *frame = wi_subscriber_next(frames);
    assert_non_null(frame);
    wi_parcel_unref(frame);
    wi_subscriber_free(events);
    wi_subscriber_free(frames);
}

TEST(a_subscriber_may_leave_while_its_event_is_printed)
{
    struct wi_subscriber *ada = subscribe_to(VECTORS, "ada", NULL, 0);
    tell_vectors("ada", "nest", 200, 64, 0);
    wi_channels_hand_on(fixture->channels);
    check_nothing(ada);
    wi_subscriber_free(ada);
}

/* The same, if a thread has to print it first. */
static json_t *next_when_printed(struct wi_subscriber *subscriber)
{
    json_t *data;
    while (!(data = next(subscriber)) && uv_loop_alive(&fixture->loop))
        uv_run(&fixture->loop, UV_RUN_ONCE);
    return data;
}

static uint64_t count_missed(json_t *data)
{
    int is_missed = strcmp(member_text(data, "type"), "missed") == 0;
    uint64_t count = is_missed ? (uint64_t)member_integer(data, "count") : 0;
    json_decref(data);
    return count;
}

/* The rows that a subscriber gets and those that it is told to have missed. */
static uint64_t take_all(struct wi_subscriber *subscriber, uint64_t *missed)
{
    uint64_t rows = 0;
    json_t *data;
    while ((data = next(subscriber))) {
        json_int_t count = member_integer(data, "count");
        uint64_t lost = count_missed(data);
        *missed += lost;
        rows += (uint64_t)count - lost;
    }
    return rows;
}

TEST(a_slow_subscriber_misses_whole_batches_and_is_told_how_many_rows)
{
    struct wi_subscriber *slow = subscribe_to(VECTORS, "ada", NULL, 0);
    uint64_t sent = 0, missed = 0, got = 0;
    for (int i = 0; i < 200; i++, sent += 100) { /* 32 KiB each, and what belongs to them */
        tell_vectors("ada", "nest", 100, 80, (float)i);
        wi_channels_hand_on(fixture->channels);
    }
    assert_true(fixture->budget.used < 2 * WI_UNREAD_MAX + WI_RECENT_BYTES);
    json_t *data;
    int gaps = 0;
    while ((data = next(slow))) {
        int is_missed = strcmp(member_text(data, "type"), "missed") == 0;
        assert_false(gaps); /* what is missed is at the end */
        gaps += is_missed;
        *(is_missed ? &missed : &got) += (uint64_t)member_integer(data, "count");
        json_decref(data);
    }
    uint64_t numbers = got * 80 * sizeof(float);
    assert_true(numbers > (uint64_t)3 << 20 && numbers <= (uint64_t)4 << 20);
    assert_true(missed > 1000);
    assert_int_equal(got + missed, sent);
    tell_vectors("ada", "nest", 3, 80, 0); /* it has caught up */
    wi_channels_hand_on(fixture->channels);
    check_next(slow, "vector_batch", 3);
    wi_subscriber_free(slow);
}

/* Each answer fills three batches and a small one. */
TEST(a_slow_subscriber_holds_no_more_memory_than_it_has_unread)
{
    struct wi_subscriber *quick = subscribe_to(VECTORS, "ada", NULL, 0);
    uint64_t missed = 0, told = 0;
    for (int i = 0; i < 20; i++) {
        tell_vectors("ada", "nest", 500, 384, 0);
        wi_channels_hand_on(fixture->channels);
    }
    wi_subscriber_free(quick);
    uint64_t before = fixture->budget.used; /* the latest batches */
    struct wi_subscriber *slow = subscribe_to(VECTORS, "ada", NULL, 0);
    for (int i = 0; i < 60; i++) {
        tell_vectors("ada", "nest", 500, 384, 0);
        wi_channels_hand_on(fixture->channels);
        assert_true(fixture->budget.used < before + 6 * (1 << 20));
    }
    while (told < (uint64_t)60 * 500) {
        json_t *data = next_when_printed(slow);
        told += (uint64_t)member_integer(data, "count");
        missed += count_missed(data);
    }
    assert_int_equal(told, 60 * 500);
    assert_true(missed > 20000);
    wi_subscriber_free(slow);
}

TEST(all_queues_have_a_part_of_the_budget)
{
    struct wi_subscriber *slow = subscribe_to(VECTORS, "ada", NULL, 0);
    struct wi_subscriber *quick = subscribe_to(VECTORS, "bob", NULL, 0);
    uint64_t missed = 0, none = 0, got = 0;
    fixture->budget.limit = 8 * (1 << 20);
    for (int i = 0; i < 60; i++) {
        tell_vectors("ada", "nest", 100, 80, 0);
        tell_vectors("bob", "nest", 1, 80, 0);
        wi_channels_hand_on(fixture->channels);
        got += take_all(quick, &none);
    }
    assert_int_equal(got, 60);
    assert_int_equal(none, 0);
    assert_true(fixture->budget.used < 5 * (1 << 19)); /* queues and latest batches */
    got = take_all(slow, &missed);
    assert_int_equal(got + missed, 6000);
    assert_true(missed > 1000);
    wi_subscriber_free(slow);
    wi_subscriber_free(quick);
}

/* Events of thirds are more than twice as long as their numbers. */
TEST(what_is_printed_for_slow_subscribers_is_in_that_part)
{
    struct wi_subscriber *slow = subscribe_to(VECTORS, "ada", NULL, 0);
    struct wi_subscriber *quick = subscribe_to(VECTORS, "ada", NULL, 0);
    uint64_t missed = 0, none = 0, got = 0;
    fixture->budget.limit = 8 * (1 << 20);
    for (int i = 0; i < 60; i++) {
        tell_vectors("ada", "nest", 100, 80, 1.f / 3);
        wi_channels_hand_on(fixture->channels);
        got += take_all(quick, &none);
        assert_true(fixture->budget.used < 5 * (1 << 19)); /* queues and latest batches */
    }
    assert_int_equal(got, 6000);
    got = take_all(slow, &missed);
    assert_int_equal(got + missed, 6000);
    assert_true(missed > 1000);
    wi_subscriber_free(slow);
    wi_subscriber_free(quick);
}

TEST(recent_rows_that_are_not_taken_cost_others_nothing)
{
    struct wi_subscriber *bob = subscribe_to(VECTORS, "bob", NULL, 0);
    uint64_t missed = 0, none = 0, got = 0;
    fixture->budget.limit = 8 * (1 << 20);
    wi_subscriber_free(subscribe_to(VECTORS, "ada", NULL, 0)); /* ada may come again */
    for (int i = 0; i < 40; i++) {
        tell_vectors("ada", "nest", 100, 80, 0);
        wi_channels_hand_on(fixture->channels);
    }
    struct wi_subscriber *ada = subscribe_to(VECTORS, "ada", NULL, WI_RECENT_ROWS);
    for (int i = 0; i < 20; i++) {
        tell_vectors("bob", "nest", 50, 80, 0);
        wi_channels_hand_on(fixture->channels);
        got += take_all(bob, &none);
    }
    assert_int_equal(got, 1000);
    assert_int_equal(none, 0);
    got = take_all(ada, &missed);
    assert_true(missed > 1000 && got == 0);
    wi_subscriber_free(ada);
    wi_subscriber_free(bob);
}

TEST(lost_rows_are_told_to_those_who_would_have_heard_them)
{
    struct wi_subscriber *ada = subscribe_to(VECTORS, "ada", NULL, 0);
    struct wi_subscriber *bob = subscribe_to(VECTORS, "bob", NULL, 0);
    tell_vectors("ada", "nest", 4100, 1, 0);
    wi_channels_hand_on(fixture->channels);
    for (int i = 0; i < 16; i++)
        check_next(ada, "vector_batch", 256);
    check_next(ada, "missed", 4);
    check_nothing(ada);
    check_nothing(bob);
    wi_subscriber_free(ada);
    wi_subscriber_free(bob);
}

TEST(recent_rows_come_first_and_no_more_than_are_wanted)
{
    struct wi_subscriber *first = subscribe_to(VECTORS, NULL, NULL, 0);
    tell_vectors("ada", "nest", 5, 2, 0);
    tell_vectors("ada", "finch", 3, 2, 100);
    tell_vectors("bob", "nest", 3, 2, 200);
    wi_channels_hand_on(fixture->channels);
    struct wi_subscriber *ada = subscribe_to(VECTORS, "ada", NULL, 4);
    struct wi_subscriber *nest = subscribe_to(VECTORS, NULL, "nest", 1000);
    struct wi_subscriber *results = subscribe_to(RESULTS, "ada", NULL, 2);
    struct wi_subscriber *none = subscribe_to(VECTORS, "eve", NULL, 1000);
    tell_vectors("ada", "nest", 1, 2, 300);
    wi_channels_hand_on(fixture->channels);
    json_t *data = next(ada);
    assert_int_equal(member_integer(data, "count"), 1); /* the last of the five */
    const json_t *row = json_array_get(json_object_get(data, "vectors"), 0);
    assert_true(json_number_value(json_array_get(row, 0)) == 8);
    json_decref(data);
    check_next(ada, "vector_batch", 3);
    check_next(ada, "vector_batch", 1);
    check_nothing(ada);
    check_next(nest, "vector_batch", 5);
    check_next(nest, "vector_batch", 3);
    check_next(nest, "vector_batch", 1);
    check_nothing(nest);
    check_next(results, "job_completed", -1);
    check_next(results, "job_completed", -1);
    check_next(results, "job_completed", -1);
    check_nothing(results);
    check_nothing(none);
    wi_subscriber_free(first);
    wi_subscriber_free(ada);
    wi_subscriber_free(nest);
    wi_subscriber_free(results);
    wi_subscriber_free(none);
}

TEST(a_subscriber_may_want_something_else)
{
    struct wi_strings none = {0}, nest = {0};
    struct wi_subscriber *ada = subscribe_to(RESULTS, "ada", NULL, 0);
    wi_strings_add(&nest, "nest");
    tell_vectors("ada", "finch", 2, 2, 0);
    wi_channels_hand_on(fixture->channels);
    wi_subscriber_want(ada, VECTORS, &nest);
    check_nothing(ada); /* of a channel that it does not want any more */
    tell_vectors("ada", "finch", 2, 2, 0);
    tell_vectors("ada", "nest", 3, 2, 0);
    wi_channels_hand_on(fixture->channels);
    check_next(ada, "vector_batch", 3);
    check_nothing(ada);
    wi_subscriber_want(ada, 0, &none);
    tell_vectors("ada", "nest", 1, 2, 0);
    wi_channels_hand_on(fixture->channels);
    check_nothing(ada);
    wi_subscriber_free(ada);
    wi_strings_clear(&nest);
}

TEST(the_latest_rows_can_be_asked_for_once_more)
{
    struct wi_subscriber *ada = subscribe_to(VECTORS, "ada", NULL, 0);
    tell_vectors("ada", "nest", 5, 2, 0);
    wi_channels_hand_on(fixture->channels);
    check_next(ada, "vector_batch", 5);
    assert_int_equal(wi_subscriber_recall(ada, WI_CHANNEL_VECTORS, 2), 0);
    assert_int_equal(wi_subscriber_recall(ada, WI_CHANNEL_VECTORS, 2), -1);
    check_next(ada, "vector_batch", 2);
    check_nothing(ada);
    assert_int_equal(wi_subscriber_recall(ada, WI_CHANNEL_VECTORS, 1000), 0);
    check_next(ada, "vector_batch", 5);
    wi_subscriber_free(ada);
}

TEST(floats_are_a_form_of_their_own)
{
    struct wi_subscriber *one = subscribe_as(WI_CHANNEL_FLOATS, VECTORS, "ada", NULL, 0);
    struct wi_subscriber *other = subscribe_as(WI_CHANNEL_FLOATS, VECTORS, NULL, NULL, 0);
    tell_vectors("ada", "nest", 200, 64, 0); /* no thread prints it */
    wi_channels_hand_on(fixture->channels);
    struct wi_parcel *first = wi_subscriber_next(one), *second = wi_subscriber_next(other);
    assert_non_null(first);
    assert_ptr_equal(first, second);
    assert_true(wi_parcel_size(first) - wi_parcel_first(first) == 200 * 64 * sizeof(float));
    wi_parcel_unref(first);
    wi_parcel_unref(second);
    wi_subscriber_free(one);
    wi_subscriber_free(other);
}

TEST(without_subscribers_nothing_is_kept)
{
    assert_false(wi_channels_are_heard(fixture->channels, "ada"));
    tell_vectors("ada", "nest", 5, 2, 0);
    wi_channels_hand_on(fixture->channels);
    assert_int_equal(fixture->budget.used, 0);
    struct wi_subscriber *ada = subscribe_to(VECTORS, "ada", NULL, 100);
    check_nothing(ada);
    wi_subscriber_free(ada);
    assert_true(wi_channels_are_heard(fixture->channels, "ada"));
    tell_vectors("ada", "nest", 5, 2, 0); /* it may come back */
    wi_channels_hand_on(fixture->channels);
    assert_true(fixture->budget.used > 0);
    ada = subscribe_to(VECTORS, "ada", NULL, 100);
    check_next(ada, "vector_batch", 5);
    wi_subscriber_free(ada);
}

/* Neither memory nor the loop's time goes to it. */
TEST(nothing_is_gathered_of_clients_whose_jobs_no_subscriber_hears)
{
    struct wi_subscriber *ada = subscribe_to(BOTH, "ada", NULL, 0);
    uint64_t before = fixture->budget.used;
    assert_true(wi_channels_are_heard(fixture->channels, "ada"));
    assert_false(wi_channels_are_heard(fixture->channels, "bob"));
    tell_vectors("bob", "nest", 256, 256, 0);
    wi_channels_hand_on(fixture->channels);
    assert_int_equal(fixture->budget.used, before);
    struct wi_subscriber *bob = subscribe_to(VECTORS, "bob", NULL, 1000);
    check_nothing(bob);
    tell_vectors("bob", "nest", 5, 2, 0);
    wi_channels_hand_on(fixture->channels);
    check_next(bob, "vector_batch", 5);
    wi_subscriber_free(bob);
    tell_vectors("bob", "nest", 3, 2, 0); /* it may come back, though ada is there */
    wi_channels_hand_on(fixture->channels);
    bob = subscribe_to(VECTORS, "bob", NULL, 3);
    check_next(bob, "vector_batch", 3);
    wi_subscriber_free(bob);
    check_nothing(ada);
    wi_subscriber_free(ada);
}

TEST(latest_batches_make_room_for_others)
{
    struct wi_subscriber *ada = subscribe_to(RESULTS, "ada", NULL, 0);
    tell_vectors("ada", "nest", 256, 256, 0);
    wi_channels_hand_on(fixture->channels);
    check_next(ada, "job_completed", -1);
    assert_true(fixture->budget.used > 256 * 1024);
    fixture->budget.limit = fixture->budget.used;
    assert_int_equal(wi_budget_take(&fixture->budget, 200 * 1024), 0);
    wi_budget_give(&fixture->budget, 200 * 1024);
    assert_true(fixture->budget.used < 200 * 1024);
    wi_subscriber_free(ada);
}

TEST(there_is_room_for_so_many_subscribers)
{
    static struct wi_subscriber *all[WI_SUBSCRIBERS_ALL];
    struct wi_error error = {0};
    for (size_t i = 0; i < WI_SUBSCRIBERS_ALL; i++) {
        char client[32];
        snprintf(client, sizeof client, "client-%zu", i / WI_SUBSCRIBERS_CLIENT);
        assert_int_equal(wi_channels_check_room(fixture->channels, client, 0, &error), WI_OK);
        all[i] = subscribe_to(BOTH, client, NULL, 0);
        if (i % WI_SUBSCRIBERS_CLIENT == WI_SUBSCRIBERS_CLIENT - 1) {
            assert_int_equal(
                wi_channels_check_room(fixture->channels, client, 0, &error), WI_TOO_MANY_WATCHERS);
        }
    }
    assert_int_equal(
        wi_channels_check_room(fixture->channels, "another", 0, &error), WI_TOO_MANY_WATCHERS);
    assert_null(strpbrk(error.detail, "0123456789")); /* how many others there are */
    wi_subscriber_free(all[0]);
    assert_int_equal(wi_channels_check_room(fixture->channels, "another", 0, &error), WI_OK);
    assert_int_equal(
        wi_channels_check_room(fixture->channels, "another", 1, &error), WI_TOO_MANY_WATCHERS);
    for (size_t i = 1; i < WI_SUBSCRIBERS_ALL; i++)
        wi_subscriber_free(all[i]);
}

/* --- in a cluster ----------------------------------------------------------------------------- */

/* What the channels have of the cluster, and what they did with it. */
static struct {
    struct wi_talk_follower follower;
    int listens;
    size_t said;
} cluster;

static void on_follow(void *context, const struct wi_talk_follower *follower)
{
    cluster.follower = follower ? *follower : (struct wi_talk_follower){0};
}

static void on_listen(void *context, int listens)
{
    cluster.listens = listens;
}

static int on_say(void *context, struct wi_buffer *text)
{
    cluster.said++;
    wi_buffer_clear(text);
    return 0;
}

static void join_cluster(void)
{
    const struct wi_member_talk talk = {NULL, on_follow, on_listen, on_say};
    memset(&cluster, 0, sizeof cluster);
    wi_channels_join(fixture->channels, &fixture->loop, &talk);
}

/* Another member tells of a job of ada's, which is the row `before` of its line. */
static void hear_job(const char *id, uint64_t before)
{
    struct wi_batch *batch = wi_batch_new(NULL, WI_CHANNEL_RESULTS, "ada", "nest", 0);
    struct wi_buffer job = {0}, text = {0};
    wi_buffer_strings(&job, "{\"id\":\"", id, "\"}", NULL);
    wi_batch_add_result(batch, job.text, job.size);
    wi_batch_seal(batch, 0);
    wi_telling_print(
        &(struct wi_telling){.epoch = 1, .born = 1, .before = before, .batch = batch}, &text);
    assert_int_equal(
        cluster.follower.on_heard(cluster.follower.context, "member-b", text.text, text.size),
        WI_READ_GOOD);
    wi_buffer_clear(&text);
    wi_buffer_clear(&job);
    wi_batch_unref(batch);
}

TEST(subscribers_hear_other_members_by_the_same_rules)
{
    join_cluster();
    assert_false(cluster.listens);
    struct wi_subscriber *ada = subscribe_to(RESULTS, "ada", NULL, 0);
    assert_true(cluster.listens);
    struct wi_subscriber *bob = subscribe_to(RESULTS, "bob", NULL, 0);
    struct wi_subscriber *root = subscribe_to(RESULTS, NULL, NULL, 0);
    struct wi_subscriber *other = subscribe_to(RESULTS, "ada", "twice", 0);
    struct wi_subscriber *vectors = subscribe_to(VECTORS, "ada", NULL, 0);
    hear_job("1", 0);
    hear_job("5", 4);
    check_job(ada, "1");
    check_next(ada, "missed", 3);
    check_job(ada, "5");
    check_job(root, "1");
    check_next(root, "missed", 3);
    check_job(root, "5");
    struct wi_subscriber *const silent[] = {ada, bob, root, other, vectors};
    for (size_t i = 0; i < sizeof silent / sizeof *silent; i++) {
        check_nothing(silent[i]);
        wi_subscriber_free(silent[i]);
    }
}

TEST(rows_of_other_members_are_not_kept)
{
    join_cluster();
    struct wi_subscriber *ada = subscribe_to(RESULTS, "ada", NULL, 0);
    hear_job("1", 0);
    tell("ada", "nest", "2");
    struct wi_subscriber *late = subscribe_to(RESULTS, "ada", NULL, 10);
    check_job(late, "2");
    check_nothing(late);
    wi_subscriber_free(ada);
    wi_subscriber_free(late);
}

TEST(other_members_hear_what_no_subscriber_does_here)
{
    join_cluster();
    tell("ada", "nest", "1");
    assert_int_equal(cluster.said, 0);
    assert_false(wi_channels_are_heard(fixture->channels, "ada"));
    cluster.follower.on_audience(cluster.follower.context, 1);
    assert_true(wi_channels_are_heard(fixture->channels, "ada"));
    size_t greeted = cluster.said;
    tell("ada", "nest", "2");
    assert_int_equal(cluster.said, greeted + 1);
    assert_int_equal(fixture->budget.spare, 0); /* nothing is kept for subscribers that are not */
    struct wi_subscriber *ada = subscribe_to(RESULTS, "ada", NULL, 10);
    check_nothing(ada);
    wi_subscriber_free(ada);
}
