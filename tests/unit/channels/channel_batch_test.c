/* A batch: which rows it takes, and its messages as events and as frames, bit for bit. */
#include "../test.h"

#include "rows.h"

#include "nodes/node/frame.h"
#include <math.h>

static struct wi_budget budget;

static int set_up(void **state)
{
    budget = (struct wi_budget){.limit = 1 << 24};
    return 0;
}

static int tear_down(void **state)
{
    assert_int_equal(budget.used, 0);
    return 0;
}

FIXTURE(set_up, tear_down)

static struct wi_batch *vectors_batch(const struct wi_tensor *vectors)
{
    size_t rows = (size_t)vectors->dims[0], width = (size_t)vectors->dims[1];
    struct wi_batch *batch = wi_batch_new(&budget, WI_CHANNEL_VECTORS, "ada", "nest:q8", width);
    for (size_t i = 0; i < rows; i++) {
        char job[32], label[32];
        snprintf(job, sizeof job, "job-%zu", i);
        snprintf(label, sizeof label, "text \"%zu\"", i);
        wi_batch_add_vector(batch, job, i % 2 ? label : NULL, vectors->blob,
            vectors->offset + i * width * sizeof(float), width * sizeof(float));
    }
    wi_batch_seal(batch, 0);
    return batch;
}

static json_t *event_of(const struct wi_batch *batch, const char *name)
{
    struct wi_buffer text = {0};
    wi_batch_print_event(batch, &text);
    json_t *data = read_event(text.text, name);
    wi_buffer_clear(&text);
    return data;
}

/* The frame without the zeros at its end, and its blob. */
static struct wi_blob *frame_of(const struct wi_batch *batch, struct wi_frame *frame)
{
    struct wi_parcel *parcel = wi_batch_frame(batch);
    char *bytes = read_parcel(parcel);
    size_t size = wi_parcel_size(parcel), section = wi_batch_numbers(batch) * sizeof(float);
    uint32_t json;
    memcpy(&json, bytes, sizeof json);
    size_t whole = wi_frame_align(4 + json) + section;
    assert_int_equal(size, wi_frame_align(whole));
    for (size_t i = whole; i < size; i++)
        assert_int_equal(bytes[i], 0);
    struct wi_blob *blob = wi_blob_new(NULL, whole);
    assert_int_equal(wi_blob_append(blob, bytes, whole), 0);
    struct wi_error error = {0};
    if (wi_frame_parse(blob, 1, frame, &error) != WI_OK)
        fail_msg("%s", error.detail);
    free(bytes);
    wi_parcel_unref(parcel);
    return blob;
}

TEST(rows_of_one_client_model_and_width_belong_together)
{
    struct wi_batch *batch = wi_batch_new(&budget, WI_CHANNEL_VECTORS, "ada", "nest", 3);
    assert_true(wi_batch_takes(batch, "ada", "nest", 3));
    assert_false(wi_batch_takes(batch, "bob", "nest", 3));
    assert_false(wi_batch_takes(batch, "ada", "finch", 3));
    assert_false(wi_batch_takes(batch, "ada", NULL, 3));
    assert_false(wi_batch_takes(batch, "ada", "nest", 4));
    wi_batch_unref(batch);
    batch = wi_batch_new(&budget, WI_CHANNEL_RESULTS, "ada", NULL, 0);
    assert_true(wi_batch_takes(batch, "ada", NULL, 0));
    for (int i = 0; i < WI_BATCH_ROWS; i++) {
        assert_true(wi_batch_takes(batch, "ada", NULL, 0));
        wi_batch_add_result(batch, "{}", 2);
    }
    assert_false(wi_batch_takes(batch, "ada", NULL, 0));
    wi_batch_unref(batch);
    char *large = wi_alloc(WI_BATCH_BYTES);
    batch = wi_batch_new(&budget, WI_CHANNEL_RESULTS, "ada", "nest", 0);
    wi_batch_add_result(batch, large, WI_BATCH_BYTES);
    assert_false(wi_batch_takes(batch, "ada", "nest", 0));
    wi_batch_unref(batch);
    free(large);
}

TEST(results_are_told_as_they_were_printed)
{
    struct wi_batch *batch = wi_batch_new(&budget, WI_CHANNEL_RESULTS, "ada", "nest", 0);
    struct wi_frame frame;
    wi_batch_add_result(batch, "{\"id\":\"one\"}", 12);
    wi_batch_add_result(batch, "{\"id\":\"two\"}", 12);
    wi_batch_seal(batch, 0);
    json_t *data = event_of(batch, "job_completed");
    json_t *jobs = json_object_get(data, "jobs");
    assert_int_equal(json_array_size(jobs), 2);
    assert_string_equal(member_text(json_array_get(jobs, 1), "id"), "two");
    assert_int_equal(member_integer(data, "timestamp"), batch->timestamp);
    assert_null(json_object_get(data, "vectors"));
    struct wi_blob *blob = frame_of(batch, &frame);
    assert_string_equal(frame.type, "job_completed");
    assert_true(json_equal(json_object_get(frame.data, "jobs"), jobs));
    assert_int_equal(frame.tensors.count, 0);
    wi_frame_clear(&frame);
    wi_blob_unref(blob);
    json_decref(data);
    wi_batch_unref(batch);
}

TEST(vectors_are_the_same_in_events_and_frames)
{
    struct wi_tensor vectors = make_vectors(&budget, 5, 3, 0.1f, 8);
    struct wi_batch *batch = vectors_batch(&vectors);
    struct wi_frame frame;
    json_t *data = event_of(batch, "vector_batch");
    struct wi_blob *blob = frame_of(batch, &frame);
    assert_string_equal(member_text(data, "model_name"), "nest:q8");
    assert_int_equal(member_integer(data, "count"), 5);
    assert_int_equal(member_integer(data, "dimensions"), 3);
    assert_string_equal(item_text(data, "jobs", 4), "job-4");
    assert_true(json_is_null(json_array_get(json_object_get(data, "labels"), 0)));
    assert_string_equal(item_text(data, "labels", 3), "text \"3\"");
    assert_string_equal(frame.type, "vector_batch");
    static const char *const same[] = {
        "model_name", "count", "dimensions", "jobs", "labels", "timestamp"};
    for (size_t i = 0; i < sizeof same / sizeof *same; i++)
        assert_true(
            json_equal(json_object_get(frame.data, same[i]), json_object_get(data, same[i])));
    assert_int_equal(frame.tensors.count, 1);
    const struct wi_tensor *tensor = &frame.tensors.items[0];
    assert_string_equal(tensor->name, "vectors");
    assert_int_equal(tensor->rank, 2);
    assert_int_equal(tensor->dims[0], 5);
    assert_int_equal(tensor->dims[1], 3);
    assert_memory_equal(
        wi_tensor_bytes(tensor), vectors.blob->bytes + vectors.offset, vectors.size);
    for (size_t i = 0; i < 15; i++) {
        const json_t *row = json_array_get(json_object_get(data, "vectors"), i / 3);
        float number = (float)json_number_value(json_array_get(row, i % 3));
        assert_memory_equal(
            &number, vectors.blob->bytes + vectors.offset + i * sizeof number, sizeof number);
    }
    wi_frame_clear(&frame);
    wi_blob_unref(blob);
    json_decref(data);
    wi_batch_unref(batch);
    free_vectors(&vectors);
}

TEST(numbers_that_are_not_finite_are_words_in_events_and_bits_in_frames)
{
    struct wi_tensor vectors = make_vectors(&budget, 1, 3, 0, 0);
    const float odd[] = {NAN, INFINITY, -INFINITY};
    memcpy(vectors.blob->bytes, odd, sizeof odd);
    struct wi_batch *batch = vectors_batch(&vectors);
    struct wi_frame frame;
    json_t *data = event_of(batch, "vector_batch");
    const json_t *row = json_array_get(json_object_get(data, "vectors"), 0);
    assert_string_equal(json_string_value(json_array_get(row, 0)), "NaN");
    assert_string_equal(json_string_value(json_array_get(row, 1)), "Infinity");
    assert_string_equal(json_string_value(json_array_get(row, 2)), "-Infinity");
    struct wi_blob *blob = frame_of(batch, &frame);
    assert_memory_equal(wi_tensor_bytes(&frame.tensors.items[0]), odd, sizeof odd);
    wi_frame_clear(&frame);
    wi_blob_unref(blob);
    json_decref(data);
    wi_batch_unref(batch);
    free_vectors(&vectors);
}

TEST(long_vectors_are_printed_whole)
{
    struct wi_tensor vectors = make_vectors(&budget, 1, 5000, 0.25f, 0);
    struct wi_batch *batch = vectors_batch(&vectors);
    json_t *data = event_of(batch, "vector_batch");
    const json_t *row = json_array_get(json_object_get(data, "vectors"), 0);
    assert_int_equal(json_array_size(row), 5000);
    assert_true(json_number_value(json_array_get(row, 4999)) == 4999.25);
    json_decref(data);
    wi_batch_unref(batch);
    free_vectors(&vectors);
}

TEST(a_frame_has_the_vectors_without_a_copy)
{
    struct wi_tensor vectors = make_vectors(&budget, 64, 256, 0, 0);
    struct wi_batch *batch = vectors_batch(&vectors);
    uint64_t before = budget.used;
    struct wi_parcel *parcel = wi_batch_frame(batch);
    assert_true(wi_parcel_size(parcel) > vectors.size);
    assert_int_equal(budget.used - before, wi_parcel_size(parcel) - vectors.size);
    wi_parcel_unref(parcel);
    wi_batch_unref(batch);
    free_vectors(&vectors);
}

TEST(ids_of_frames_do_not_count)
{
    struct wi_batch *batch = wi_batch_new(&budget, WI_CHANNEL_RESULTS, "ada", "nest", 0);
    struct wi_frame one, other;
    wi_batch_add_result(batch, "{}", 2);
    wi_batch_seal(batch, 0);
    struct wi_blob *first = frame_of(batch, &one), *second = frame_of(batch, &other);
    long long a = atoll(one.id + 2), b = atoll(other.id + 2);
    assert_true(llabs(a - b) > 1000); /* fails once in 10^12 */
    wi_frame_clear(&one);
    wi_frame_clear(&other);
    wi_blob_unref(first);
    wi_blob_unref(second);
    wi_batch_unref(batch);
}

TEST(a_tail_has_the_last_rows)
{
    struct wi_tensor vectors = make_vectors(&budget, 4, 2, 0, 0);
    struct wi_batch *batch = vectors_batch(&vectors), *tail = wi_batch_tail(batch, 3);
    wi_batch_unref(batch);
    json_t *data = event_of(tail, "vector_batch");
    assert_int_equal(member_integer(data, "count"), 1);
    assert_string_equal(item_text(data, "jobs", 0), "job-3");
    assert_string_equal(item_text(data, "labels", 0), "text \"3\"");
    const json_t *row = json_array_get(json_object_get(data, "vectors"), 0);
    assert_int_equal(json_number_value(json_array_get(row, 1)), 7);
    json_decref(data);
    wi_batch_unref(tail);
    free_vectors(&vectors);
    batch = wi_batch_new(&budget, WI_CHANNEL_RESULTS, "ada", "nest", 0);
    wi_batch_add_result(batch, "{\"id\":\"one\"}", 12);
    wi_batch_add_result(batch, "{\"id\":\"two\"}", 12);
    wi_batch_seal(batch, 0);
    tail = wi_batch_tail(batch, 1);
    data = event_of(tail, "job_completed");
    assert_int_equal(json_array_size(json_object_get(data, "jobs")), 1);
    json_decref(data);
    wi_batch_unref(tail);
    wi_batch_unref(batch);
}

TEST(the_result_of_the_only_job_is_also_beside_it)
{
    static const char told[] = "{\"id\":\"a\\\",\\\"result\\\":1\",\"result\":{\"vector\":[1,2]}}";
    struct wi_batch *batch = wi_batch_new(&budget, WI_CHANNEL_RESULTS, "ada", "nest", 0);
    wi_batch_add_result(batch, told, strlen(told));
    struct wi_batch *two = wi_batch_new(&budget, WI_CHANNEL_RESULTS, "ada", "nest", 0);
    wi_batch_add_result(two, told, strlen(told));
    wi_batch_add_result(two, told, strlen(told));
    wi_batch_seal(batch, 0);
    wi_batch_seal(two, 0);
    json_t *data = event_of(batch, "job_completed");
    const json_t *job = json_array_get(json_object_get(data, "jobs"), 0);
    assert_string_equal(member_text(job, "id"), "a\",\"result\":1");
    assert_true(json_equal(json_object_get(data, "result"), json_object_get(job, "result")));
    assert_int_equal(
        json_array_size(json_object_get(json_object_get(data, "result"), "vector")), 2);
    json_decref(data);
    data = event_of(two, "job_completed");
    assert_null(json_object_get(data, "result"));
    json_decref(data);
    wi_batch_unref(batch);
    wi_batch_unref(two);
}

/* The part as text or bytes, ended by NUL. */
static char *read_part(const struct wi_parcel *parcel, const struct wi_channel_part *part)
{
    char *bytes = wi_alloc(part->size + 1);
    assert_int_equal(wi_parcel_read(parcel, part->at, bytes, part->size), part->size);
    return bytes;
}

TEST(a_websocket_gets_the_data_of_an_event_and_a_frame_without_zeros)
{
    struct wi_tensor vectors = make_vectors(&budget, 3, 3, 0.5f, 0);
    struct wi_batch *batch = vectors_batch(&vectors);
    struct wi_channel_part parts[WI_CHANNEL_PARTS];
    struct wi_buffer text = {0};
    wi_batch_print_event(batch, &text);
    json_t *event = read_event(text.text, "vector_batch");
    struct wi_parcel *parcel = wi_parcel_new(&budget);
    wi_parcel_add_text(parcel, &text);
    assert_int_equal(wi_channel_parts(parcel, WI_CHANNEL_EVENTS, parts), 1);
    assert_false(parts[0].binary);
    char *bytes = read_part(parcel, &parts[0]);
    json_t *data = json_loads(bytes, 0, NULL);
    assert_true(json_equal(data, event));
    json_decref(event);
    json_decref(data);
    free(bytes);
    wi_parcel_unref(parcel);

    parcel = wi_batch_frame(batch);
    assert_int_equal(wi_channel_parts(parcel, WI_CHANNEL_FRAMES, parts), 1);
    assert_true(parts[0].binary && parts[0].at == 0);
    assert_int_equal(parts[0].size, wi_parcel_size(parcel) - 4); /* 36 bytes are padded to 40 */
    wi_parcel_unref(parcel);
    wi_batch_unref(batch);
    free_vectors(&vectors);
}

TEST(floats_follow_a_text_without_them)
{
    struct wi_tensor vectors = make_vectors(&budget, 3, 3, 0.5f, 0);
    struct wi_batch *batch = vectors_batch(&vectors);
    struct wi_channel_part parts[WI_CHANNEL_PARTS];
    struct wi_parcel *parcel = wi_batch_floats(batch);
    assert_int_equal(wi_channel_parts(parcel, WI_CHANNEL_FLOATS, parts), 2);
    assert_true(!parts[0].binary && parts[1].binary);
    assert_int_equal(parts[1].size, 9 * sizeof(float));
    char *text = read_part(parcel, &parts[0]), *bytes = read_part(parcel, &parts[1]);
    json_t *data = json_loads(text, 0, NULL);
    assert_non_null(data);
    assert_string_equal(member_text(data, "type"), "vector_batch");
    assert_int_equal(member_integer(data, "count"), 3);
    assert_null(json_object_get(data, "vectors"));
    assert_memory_equal(bytes, wi_tensor_bytes(&vectors), 9 * sizeof(float));
    json_decref(data);
    free(text);
    free(bytes);
    wi_parcel_unref(parcel);
    wi_batch_unref(batch);
    free_vectors(&vectors);

    parcel = wi_missed_message(&budget, WI_CHANNEL_FLOATS, WI_CHANNEL_VECTORS, 9);
    assert_int_equal(wi_channel_parts(parcel, WI_CHANNEL_FLOATS, parts), 1);
    text = read_part(parcel, &parts[0]);
    assert_string_equal(text, "{\"type\":\"missed\",\"channel\":\"vector_updates\",\"count\":9}");
    free(text);
    wi_parcel_unref(parcel);
}

TEST(what_was_missed_is_told_in_both_forms)
{
    struct wi_parcel *parcel =
        wi_missed_message(&budget, WI_CHANNEL_EVENTS, WI_CHANNEL_VECTORS, 12345);
    char *bytes = read_parcel(parcel);
    json_t *data = read_event(bytes, "missed");
    assert_string_equal(member_text(data, "channel"), "vector_updates");
    assert_int_equal(member_integer(data, "count"), 12345);
    json_decref(data);
    free(bytes);
    wi_parcel_unref(parcel);

    parcel = wi_missed_message(&budget, WI_CHANNEL_FRAMES, WI_CHANNEL_RESULTS, 7);
    bytes = read_parcel(parcel);
    assert_int_equal(wi_parcel_size(parcel) % 8, 0);
    uint32_t length;
    memcpy(&length, bytes, sizeof length);
    data = json_loadb(bytes + sizeof length, length, 0, NULL);
    assert_string_equal(member_text(data, "type"), "missed");
    const json_t *about = json_object_get(data, "data");
    assert_string_equal(member_text(about, "channel"), "job_results");
    assert_int_equal(member_integer(about, "count"), 7);
    json_decref(data);
    free(bytes);
    wi_parcel_unref(parcel);
}

TEST(signs_of_life_are_no_messages)
{
    struct wi_buffer text = {0};
    uint32_t length;
    wi_alive_message(&text, WI_CHANNEL_EVENTS);
    assert_string_equal(text.text, ": alive\n\n");
    wi_buffer_clear(&text);
    wi_alive_message(&text, WI_CHANNEL_FRAMES);
    assert_int_equal(text.size % 8, 0);
    memcpy(&length, text.text, sizeof length);
    json_t *frame = json_loadb(text.text + sizeof length, length, 0, NULL);
    assert_string_equal(member_text(frame, "type"), "heartbeat");
    json_decref(frame);
    wi_buffer_clear(&text);
}
