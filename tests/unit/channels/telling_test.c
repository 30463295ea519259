/* Tellings: what is printed is read as the same batch, bit for bit, and nothing else is read. */
#include "../test.h"

#include "rows.h"

#include "channels/telling.h"
#include "cluster/talk.h"

static enum wi_read_fault read_bytes(const char *bytes, size_t size, struct wi_telling *telling)
{
    *telling = (struct wi_telling){0};
    return wi_telling_read(telling, NULL, bytes, size);
}

static enum wi_read_fault read_text(const char *text)
{
    struct wi_telling telling;
    enum wi_read_fault fault = read_bytes(text, strlen(text), &telling);
    assert_true(fault == WI_READ_GOOD || (!telling.batch && telling.epoch == 0));
    wi_batch_unref(telling.batch);
    return fault;
}

/* Prints and reads it; the batch that came is the caller's. */
static struct wi_telling copy(const struct wi_telling *telling)
{
    struct wi_telling read;
    struct wi_buffer out = {0};
    wi_telling_print(telling, &out);
    assert_int_equal(read_bytes(out.text, out.size, &read), WI_READ_GOOD);
    assert_int_equal(read.epoch, telling->epoch);
    assert_int_equal(read.born, telling->born);
    assert_int_equal(read.before, telling->before);
    wi_buffer_clear(&out);
    return read;
}

static void check_same_event(const struct wi_batch *one, const struct wi_batch *other)
{
    struct wi_buffer first = {0}, second = {0};
    wi_batch_print_event(one, &first);
    wi_batch_print_event(other, &second);
    assert_string_equal(first.text, second.text);
    wi_buffer_clear(&first);
    wi_buffer_clear(&second);
}

TEST(vectors_are_the_same_bit_for_bit)
{
    struct wi_tensor tensor = make_vectors(NULL, 2, 3, 0.1f, 5);
    static const unsigned char nan[] = {1, 0, 0xc0, 0x7f};
    struct wi_batch *batch = wi_batch_new(NULL, WI_CHANNEL_VECTORS, "ada", "nest:q8", 3);
    memcpy(tensor.blob->bytes + 5, nan, sizeof nan);
    wi_batch_add_vector(batch, "job-1", "\"\xc3\xbc\n", tensor.blob, 5, 12);
    wi_batch_add_vector(batch, "job-2", NULL, tensor.blob, 17, 12);
    wi_batch_seal(batch, 0);
    const struct wi_telling telling = {.epoch = 7, .born = 3, .before = 1ull << 40, .batch = batch};
    struct wi_telling read = copy(&telling);
    assert_int_equal(read.batch->count, 2);
    assert_memory_equal(read.batch->rows[0].blob->bytes, tensor.blob->bytes + 5, 6 * sizeof(float));
    assert_string_equal(read.batch->client, "ada");
    check_same_event(batch, read.batch);
    wi_batch_unref(read.batch);
    wi_batch_unref(batch);
    free_vectors(&tensor);
}

TEST(results_are_the_same_texts)
{
    static const char *const jobs[] = {"{\"id\":\"a\",\"performance\":{\"total_ms\":0.1}}",
        "{\"id\":\"b\",\"result\":{\"text\":\"\\u0000\\\"\xc3\xbc\"}}"};
    struct wi_batch *batch = wi_batch_new(NULL, WI_CHANNEL_RESULTS, "10.0.0.1", NULL, 0);
    for (size_t i = 0; i < 2; i++)
        wi_batch_add_result(batch, jobs[i], strlen(jobs[i]));
    wi_batch_seal(batch, 0);
    struct wi_telling read = copy(&(struct wi_telling){.epoch = 1, .born = 1, .batch = batch});
    assert_null(read.batch->model);
    for (size_t i = 0; i < 2; i++)
        assert_string_equal(wi_batch_text(read.batch, read.batch->rows[i].text), jobs[i]);
    check_same_event(batch, read.batch);
    wi_batch_unref(read.batch);
    wi_batch_unref(batch);
}

TEST(a_telling_may_have_no_rows_and_a_greeting_no_batch)
{
    struct wi_batch *line = wi_batch_new(NULL, WI_CHANNEL_VECTORS, "ada", "nest", 1);
    struct wi_telling read =
        copy(&(struct wi_telling){.epoch = 2, .born = 2, .before = 9, .batch = line});
    assert_int_equal(read.batch->count + read.batch->lost, 0);
    wi_batch_unref(read.batch);
    wi_batch_unref(line);
    assert_null(copy(&(struct wi_telling){.epoch = 4}).batch);
}

TEST(vectors_without_memory_are_lost)
{
    struct wi_tensor tensor = make_vectors(NULL, 3, 4, 1, 0);
    struct wi_batch *batch = wi_batch_new(NULL, WI_CHANNEL_VECTORS, "ada", "nest", 4);
    struct wi_budget budget = {.limit = 8};
    struct wi_telling read = {0};
    struct wi_buffer out = {0};
    for (size_t i = 0; i < 3; i++)
        wi_batch_add_vector(batch, "job-1", NULL, tensor.blob, i * 16, 16);
    wi_batch_seal(batch, 0);
    wi_telling_print(&(struct wi_telling){.epoch = 1, .born = 1, .batch = batch}, &out);
    assert_int_equal(wi_telling_read(&read, &budget, out.text, out.size), WI_READ_GOOD);
    assert_int_equal(read.batch->count, 0);
    assert_int_equal(read.batch->lost, 3);
    wi_batch_unref(read.batch);
    assert_int_equal(budget.used, 0);
    wi_buffer_clear(&out);
    wi_batch_unref(batch);
    free_vectors(&tensor);
}

/* The fields before and after the texts of a result. */
#define BEGIN "{\"telling\":1,\"epoch\":2,\"born\":1,\"before\":0,"
#define OF_RESULTS BEGIN "\"channel\":\"job_results\",\"client\":\"ada\",\"at\":1,"
#define RESULT(text) OF_RESULTS "\"texts\":[\"" text "\"],\"labels\":[null]}"

TEST(what_is_no_telling_is_garbage)
{
    static const char *const texts[] = {"", "[]", "{}", "{\"telling\":1}", "{\"telling\":\"1\"}",
        "{\"telling\":1,\"epoch\":-1,\"born\":0,\"before\":0}",
        "{\"telling\":1,\"epoch\":1,\"born\":0,\"before\":9007199254740994}",
        BEGIN "\"channel\":\"logs\",\"client\":\"ada\",\"texts\":[],\"labels\":[]}",
        BEGIN "\"channel\":\"job_results\",\"texts\":[],\"labels\":[]}",
        BEGIN "\"channel\":\"vector_updates\",\"client\":\"ada\",\"texts\":[],\"labels\":[]}",
        BEGIN "\"channel\":\"vector_updates\",\"client\":\"ada\",\"model\":\"m\",\"texts\":[],"
              "\"labels\":[]}",
        "{\"telling\":1,\"epoch\":1,\"born\":0,\"before\":0,\"channel\":\"job_results\","
        "\"client\":\"ada\",\"texts\":[],\"labels\":[]}",
        "{\"telling\":1,\"epoch\":1,\"born\":2,\"before\":0,\"channel\":\"job_results\","
        "\"client\":\"ada\",\"texts\":[],\"labels\":[]}",
        OF_RESULTS "\"dimensions\":1,\"texts\":[],\"labels\":[]}",
        OF_RESULTS "\"texts\":[]"
                   ",\"labels\":[null]}",
        OF_RESULTS "\"texts\":[1],\"labels\":[null]}",
        OF_RESULTS "\"texts\":[\"{}\"],\"labels\":[1]}", RESULT(""), RESULT("[]"), RESULT("{"),
        RESULT("{}x"), RESULT("{\\n}"), RESULT("{} {}"),
        RESULT("{\\\"a\\\":{\\\"b\\\":1,\\\"result\\\":2}}")};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        assert_int_equal(read_text(texts[i]), WI_READ_GARBAGE);
    assert_int_equal(read_text(RESULT("{}")), WI_READ_GOOD);
    assert_int_equal(read_text(RESULT("{\\\"a\\\":1,\\\"result\\\":{\\\"b\\\":2}}")), WI_READ_GOOD);
}

TEST(another_version_is_said_to_be_one)
{
    assert_int_equal(read_text("{\"telling\":2,\"epoch\":[]}"), WI_READ_OTHER_VERSION);
}

TEST(vectors_are_as_many_as_they_say)
{
    static const char text[] = BEGIN "\"channel\":\"vector_updates\",\"client\":\"a\",\"model\":"
                                     "\"m\",\"dimensions\":2,\"texts\":[\"j\"],\"labels\":[null]}\0"
                                     "abcdefgh";
    struct wi_telling telling;
    for (size_t cut = 1; cut < 10; cut++)
        assert_int_equal(read_bytes(text, sizeof text - 1 - cut, &telling), WI_READ_GARBAGE);
    assert_int_equal(read_bytes(text, sizeof text, &telling), WI_READ_GARBAGE);
    assert_int_equal(read_bytes(text, sizeof text - 1, &telling), WI_READ_GOOD);
    assert_int_equal(telling.batch->count, 1);
    wi_batch_unref(telling.batch);
}

TEST(what_is_too_long_is_garbage)
{
    struct wi_buffer text = {0};
    static const char spaces[4096 + 1] = {[0 ... 4095] = ' '};
    wi_buffer_puts(&text, BEGIN "\"a\":0}");
    assert_int_equal(read_text(text.text), WI_READ_GOOD);
    while (text.size <= WI_TALK_MESSAGE_MAX)
        wi_buffer_puts(&text, spaces);
    assert_int_equal(read_text(text.text), WI_READ_GARBAGE);
    wi_buffer_clear(&text);
}
