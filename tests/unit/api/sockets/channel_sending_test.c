/* The messages of a subscriber as those of a WebSocket: their parts, and who holds their bytes. */
#include "../../test.h"

#include "../../channels/rows.h"

#include "api/sockets/channel_sending.h"

static struct fixture {
    uv_loop_t loop;
    struct wi_budget budget;
    struct wi_work_queue *heavy;
    struct wi_channels *channels;
    struct wi_inference *asked;
} the_fixture, *fixture = &the_fixture;

static int set_up(void **state)
{
    memset(fixture, 0, sizeof *fixture);
    fixture->budget.limit = (uint64_t)1 << 30;
    if (uv_loop_init(&fixture->loop))
        return -1;
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
    uv_run(&fixture->loop, UV_RUN_DEFAULT);
    assert_int_equal(fixture->budget.used, 0);
    return uv_loop_close(&fixture->loop);
}

FIXTURE(set_up, tear_down)

static void on_more(void *context)
{
}

static struct wi_subscriber *subscribe_as(enum wi_channel_form form)
{
    const struct wi_strings none = {0};
    const struct wi_subscription wants = {.channels = 1u << WI_CHANNEL_VECTORS,
        .models = &none,
        .client = "ada",
        .holder = "ada",
        .form = form};
    return wi_subscriber_new(fixture->channels, &wants, on_more, fixture);
}

/* A request of ada ends with the vectors 1, 2 and 3, 4. */
static void tell_vectors(void)
{
    struct wi_tensor tensor = make_vectors(&fixture->budget, 2, 2, 1, 0);
    struct wi_tensors outputs = {&tensor, 1};
    struct wi_outcome outcome = {.outputs = &outputs, .gpu_ms = -1};
    const struct wi_run_ending ending = {.id = "job-1",
        .client = "ada",
        .model_name = "nest",
        .asked = fixture->asked,
        .outcome = &outcome};
    wi_channels_tell(fixture->channels, &ending);
    wi_channels_hand_on(fixture->channels);
    free_vectors(&tensor);
}

/* The bytes of a message, which is freed, ended by NUL. */
static char *take_bytes(struct wi_message *message, int binary, size_t *size)
{
    struct wi_message_place place = {0};
    char *bytes = wi_alloc(4096);
    assert_non_null(message);
    assert_int_equal(message->binary, binary);
    assert_int_equal(message->total, 0); /* others have it */
    *size = wi_message_gather(message, &place, (unsigned char *)bytes, 4095);
    assert_int_equal(place.piece, message->count);
    wi_message_free(message);
    return bytes;
}

TEST(floats_come_behind_their_text)
{
    static const float numbers[] = {1, 2, 3, 4};
    struct wi_channel_sending sending = {0};
    struct wi_subscriber *ada = subscribe_as(WI_CHANNEL_FLOATS);
    size_t size;
    assert_null(wi_channel_sending_next(&sending, ada, WI_CHANNEL_FLOATS));
    tell_vectors();
    char *text = take_bytes(wi_channel_sending_next(&sending, ada, WI_CHANNEL_FLOATS), 0, &size);
    json_t *told = json_loads(text, 0, NULL);
    assert_string_equal(member_text(told, "type"), "vector_batch");
    assert_true(wi_channel_sending_is_midway(&sending));
    tell_vectors(); /* nothing comes between */
    char *floats = take_bytes(wi_channel_sending_next(&sending, NULL, WI_CHANNEL_FLOATS), 1, &size);
    assert_int_equal(size, sizeof numbers);
    assert_memory_equal(floats, numbers, size);
    assert_false(wi_channel_sending_is_midway(&sending));
    assert_null(wi_channel_sending_next(&sending, NULL, WI_CHANNEL_FLOATS));
    json_decref(told);
    free(text);
    free(floats);
    wi_subscriber_free(ada);
}

TEST(what_is_sent_lives_on_without_its_subscriber)
{
    struct wi_channel_sending sending = {0};
    struct wi_subscriber *ada = subscribe_as(WI_CHANNEL_FRAMES);
    size_t size;
    tell_vectors();
    struct wi_message *message = wi_channel_sending_next(&sending, ada, WI_CHANNEL_FRAMES);
    wi_subscriber_free(ada);
    wi_channel_sending_clear(&sending);
    char *frame = take_bytes(message, 1, &size);
    assert_true(size > 16);
    free(frame);
}

TEST(an_unfinished_message_can_be_dropped)
{
    struct wi_channel_sending sending = {0};
    struct wi_subscriber *ada = subscribe_as(WI_CHANNEL_FLOATS);
    tell_vectors();
    wi_message_free(wi_channel_sending_next(&sending, ada, WI_CHANNEL_FLOATS));
    wi_channel_sending_clear(&sending);
    assert_false(wi_channel_sending_is_midway(&sending));
    wi_subscriber_free(ada);
}
