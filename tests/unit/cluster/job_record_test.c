/* The record of a job that members share: what is printed can be read, and nothing else is. */
#include "../test.h"
#include "cluster/job_record.h"

#include "base/text.h"
#include <stdlib.h>
#include <string.h>

static void job_fill(struct wi_job_record *job)
{
    struct wi_record *record = &job->record;
    wi_text_copy(record->id, sizeof record->id, "job-1");
    wi_text_copy(record->dialect, sizeof record->dialect, "native");
    wi_text_copy(record->client, sizeof record->client, "b.*>\xc3\xbc");
    record->client_id = wi_strdup("a \"request\"\n");
    record->model_name = wi_strdup("org/model:fp16");
    record->priority = 7;
    record->accepted_at = 1700000000000;
    record->deadline_at = 1700000001000;
    record->runs = 2;
    record->crashes = 1;
    record->attempts = 3;
    record->body_size = 5;
    record->json_size = 4;
    record->cost = 100;
    record->bytes = wi_blob_new(NULL, 6);
    wi_blob_append(record->bytes,
        "a\n\0\xff"
        "b",
        5);
    job->rank = -5;
    job->retry_at = 9;
    wi_strings_add(&job->lapsed, "member-1");
    wi_strings_add(&job->lapsed, "member-2");
    wi_strings_add(&record->unable, "member-3");
    wi_hash_hex((const unsigned char *)"01234567890123456789012345678901", job->key);
}

static enum wi_read_fault read_text(const char *text, size_t size)
{
    struct wi_job_record job = {0};
    enum wi_read_fault fault = wi_job_record_read(&job, "job-1", text, size);
    assert_true(fault == WI_READ_GOOD || (!job.record.id[0] && !job.record.bytes));
    wi_job_record_clear(&job);
    return fault;
}

/* The printed record with this text instead of another one. */
static enum wi_read_fault read_with(const char *old, const char *with)
{
    struct wi_job_record job = {0};
    struct wi_buffer text = {0}, changed = {0};
    job_fill(&job);
    assert_int_equal(wi_job_record_print(&job, &text), 0);
    const char *at = strstr(text.text, old);
    assert_non_null(at);
    wi_buffer_add(&changed, text.text, (size_t)(at - text.text));
    wi_buffer_puts(&changed, with);
    size_t rest = (size_t)(at - text.text) + strlen(old);
    wi_buffer_add(&changed, text.text + rest, text.size - rest);
    enum wi_read_fault fault = read_text(changed.text, changed.size);
    wi_buffer_clear(&text);
    wi_buffer_clear(&changed);
    wi_job_record_clear(&job);
    return fault;
}

TEST(what_is_printed_can_be_read)
{
    struct wi_job_record job = {0}, back = {0};
    struct wi_buffer text = {0};
    job_fill(&job);
    assert_int_equal(wi_job_record_print(&job, &text), 0);
    assert_int_equal(wi_job_record_read(&back, "job-1", text.text, text.size), WI_READ_GOOD);
    const struct wi_record *a = &job.record, *b = &back.record;
    assert_string_equal(a->client, b->client);
    assert_string_equal(a->client_id, b->client_id);
    assert_string_equal(a->model_name, b->model_name);
    assert_null(b->problem);
    assert_true(a->priority == b->priority && a->accepted_at == b->accepted_at);
    assert_true(a->deadline_at == b->deadline_at && a->runs == b->runs);
    assert_true(a->crashes == b->crashes && a->attempts == b->attempts && a->cost == b->cost);
    assert_int_equal(b->bytes->size, 5);
    assert_memory_equal(a->bytes->bytes, b->bytes->bytes, 5);
    assert_true(back.rank == -5 && back.retry_at == 9 && !back.cancelled);
    assert_string_equal(back.key, job.key);
    assert_string_equal(back.holder, "");
    assert_true(wi_strings_equal(&back.lapsed, &job.lapsed));
    assert_true(wi_strings_equal(&b->unable, &a->unable));
    wi_job_record_clear(&job);
    wi_job_record_clear(&back);
    wi_buffer_clear(&text);
}

TEST(a_newer_record_is_told_from_garbage)
{
    static const char newer[] = "{\"record\":2}\nx";
    assert_int_equal(read_text(newer, strlen(newer)), WI_READ_OTHER_VERSION);
    assert_int_equal(read_with("\"record\":1", "\"record\":0"), WI_READ_OTHER_VERSION);
    assert_int_equal(read_with("\"record\":1", "\"later\":[1],\"record\":1"), WI_READ_GOOD);
    assert_int_equal(read_with(",\"lapsed\":[\"member-1\",\"member-2\"]", ""), WI_READ_GOOD);
    assert_int_equal(read_with(",\"unable\":[\"member-3\"]", ""), WI_READ_GOOD);
}

TEST(garbage_is_not_read)
{
    static const char *const texts[] = {"", "\n", "x\n", "[]\n", "null\n", "{}\n",
        "{\"record\":1}\n", "{\"record\":\"1\"}\n", "{\"record\":1}", "\xff\xfe\n"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        assert_int_equal(read_text(texts[i], strlen(texts[i])), WI_READ_GARBAGE);
}

TEST(each_member_is_checked)
{
    static const struct {
        const char *old, *with;
    } rows[] = {{"\"id\":\"job-1\"", "\"id\":\"job-2\""}, {"\"id\":\"job-1\"", "\"id\":7"},
        {"\"state\":\"queued\"", "\"state\":\"running\""}, /* nobody holds it */
        {"\"state\":\"queued\"", "\"state\":\"done\""},    /* it has no end */
        {"\"state\":\"queued\"", "\"state\":\"gone\""},
        {"\"dialect\":\"native\"", "\"dialect\":\"\""}, {"\"client\":\"b", "\"client\":\"\\u001bb"},
        {"\"model\":\"org", "\"model\":\"\\norg"}, {"\"priority\":7", "\"priority\":10"},
        {"\"priority\":7", "\"priority\":-1"}, {"\"runs\":2", "\"runs\":0.5"},
        {"\"runs\":2", "\"runs\":1e99"}, {"\"body_size\":5", "\"body_size\":6"},
        {"\"body_size\":5", "\"body_size\":900000001"}, {"\"json_size\":4", "\"json_size\":6"},
        {"\"answer_size\":0", "\"answer_size\":1"}, {"\"head_size\":0", "\"head_size\":1"},
        {"\"status\":0", "\"status\":1000"},
        {"\"accepted_at\":1700000000000", "\"accepted_at\":-1"},
        {"\"cancelled\":false", "\"cancelled\":0"}, {"\"key\":\"3", "\"key\":\"x"},
        {"\"key\":", "\"holder\":\"member-1\",\"key\":"}, /* what is queued is held by nobody */
        {"\"key\":", "\"parts\":\"part-1\",\"key\":"},    /* its bytes are in the record */
        {"\"key\":", "\"parts\":\"a.>\",\"key\":"}, {",\"cost\":100", ""},
        {"[\"member-1\",", "[\"a\",\"b\",\"c\","}, /* more than count */
        {"[\"member-1\",", "[\"a.>\","}, {"[\"member-1\",", "[\"\","}, {"[\"member-1\",", "[7,"},
        {"[\"member-1\",", "[[],"},
        {"[\"member-1\",", "[\"0123456789012345678901234567890123456789\","},
        {"[\"member-1\",\"member-2\"]", "{}"}, {"[\"member-1\",\"member-2\"]", "\"member-1\""},
        {"[\"member-3\"]", "[\"a.>\"]"}, {"[\"member-3\"]", "\"member-3\""}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_int_equal(read_with(rows[i].old, rows[i].with), WI_READ_GARBAGE);
}

TEST(a_record_is_bounded)
{
    char *text = wi_alloc(WI_JOB_RECORD_MAX + 2);
    memset(text, ' ', WI_JOB_RECORD_MAX + 1);
    assert_int_equal(read_text(text, WI_JOB_RECORD_MAX + 1), WI_READ_GARBAGE);
    text[WI_JOB_HEAD_MAX] = '\n'; /* too late */
    assert_int_equal(read_text(text, WI_JOB_RECORD_MAX), WI_READ_GARBAGE);
    free(text);
    struct wi_job_record job = {0};
    struct wi_buffer out = {0};
    job_fill(&job);
    free(job.record.client_id);
    job.record.client_id = wi_alloc(WI_JOB_HEAD_MAX + 1);
    memset(job.record.client_id, 'x', WI_JOB_HEAD_MAX);
    assert_int_equal(wi_job_record_print(&job, &out), -1);
    wi_buffer_clear(&out);
    wi_job_record_clear(&job);
}

TEST(names_of_keys_differ_by_client_and_endpoint)
{
    char names[4][WI_HASH_HEX_SIZE];
    wi_job_key_name("a", 0, "k", names[0]);
    wi_job_key_name("a", 1, "k", names[1]);
    wi_job_key_name("b", 0, "k", names[2]);
    wi_job_key_name("a", 0, "jk", names[3]);
    for (int i = 0; i < 4; i++)
        for (int j = 0; j < i; j++)
            assert_string_not_equal(names[i], names[j]);
}

TEST(a_key_is_read_whole_or_not_at_all)
{
    struct wi_job_key key = {.id = "job-1", .dialect = "native", .at = 5}, back = {0};
    struct wi_buffer text = {0};
    wi_job_key_name("a", 0, "k", key.hash);
    wi_job_key_print(&key, &text);
    assert_int_equal(wi_job_key_read(&back, text.text, text.size), WI_READ_GOOD);
    assert_string_equal(back.id, "job-1");
    assert_string_equal(back.hash, key.hash);
    assert_string_equal(back.dialect, "native");
    assert_int_equal(back.at, 5);
    assert_int_equal(wi_job_key_read(&back, text.text, text.size - 1), WI_READ_GARBAGE);
    assert_int_equal(wi_job_key_read(&back, "{\"record\":3}", 12), WI_READ_OTHER_VERSION);
    assert_int_equal(wi_job_key_read(&back, "", 0), WI_READ_GARBAGE);
    wi_buffer_clear(&text);
}

TEST(only_ids_are_names)
{
    static const char *const bad[] = {
        "", "a.b", "*", ">", "a b", "a/b", "\xc3\xbc", "0123456789012345678901234567890123456789"};
    assert_true(wi_job_is_name("job-9f2c04d61b7e83a5"));
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(wi_job_is_name(bad[i]));
}
