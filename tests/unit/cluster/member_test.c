/* A member's record: any name has a key, what is printed can be read, and nothing else is. */
#include "../test.h"
#include "base/json_read.h"
#include "cluster/member.h"
#include <string.h>

#define RECORD(more)                                                                               \
    "{\"record\":1,\"name\":\"a\",\"instance\":\"member-1\",\"version\":\"0.1.0\",\"api\":\"\","   \
    "\"bridge\":\"http://127.0.0.1:8471\",\"models\":[],\"model_count\":0,\"waiting\":0,"          \
    "\"running\":0,\"nodes\":0,\"at\":1" more "}"

static enum wi_read_fault read_text(const char *key, const char *text)
{
    struct wi_cluster_member member = {0};
    enum wi_read_fault fault = wi_member_read(&member, key, text, strlen(text));
    assert_true(fault == WI_READ_GOOD || member.name[0] == '\0');
    wi_member_clear(&member);
    return fault;
}

/* The record of "a" with this text instead of another one. */
static enum wi_read_fault read_with(const char *old, const char *with)
{
    char text[65536];
    const char *record = RECORD(""), *at = strstr(record, old);
    assert_non_null(at);
    snprintf(text, sizeof text, "%.*s%s%s", (int)(at - record), record, with, at + strlen(old));
    return read_text("YQ", text);
}

TEST(names_become_keys_of_letters_digits_and_two_signs)
{
    static const struct {
        const char *name, *key;
    } rows[] = {{"a", "YQ"}, {"ab", "YWI"}, {"abc", "YWJj"}, {"a.b*c>d", "YS5iKmM-ZA"},
        {"\xc3\xbc", "w7w"}, {"\xf0\x9f\x98\x80?", "8J-YgD8"}, {"ÿÿ", "w7_Dvw"}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char key[WI_MEMBER_KEY_SIZE];
        wi_member_key(rows[i].name, key);
        assert_string_equal(key, rows[i].key);
    }
}

TEST(the_longest_name_has_a_key)
{
    char name[WI_MEMBER_NAME_MAX + 1], key[WI_MEMBER_KEY_SIZE];
    memset(name, 'x', WI_MEMBER_NAME_MAX);
    name[WI_MEMBER_NAME_MAX] = '\0';
    wi_member_key(name, key);
    assert_int_equal(strlen(key), WI_MEMBER_KEY_SIZE - 1);
}

TEST(what_is_printed_can_be_read)
{
    struct wi_cluster_member member = {.name = "b.*>\xc3\xbc",
        .instance = "member-2",
        .version = "1.2.3",
        .api = "https://b:8470",
        .bridge = "http://10.0.0.2:8471",
        .model_count = 1000,
        .waiting = 3,
        .running = 2,
        .nodes = 4,
        .hears = 1700000000001,
        .at = 1700000000000};
    struct wi_cluster_member back = {0};
    struct wi_buffer out = {0};
    char key[WI_MEMBER_KEY_SIZE], name[400];
    memset(name, 'm', sizeof name);
    for (int i = 0; i < 100; i++) { /* too many, and one that is too long */
        snprintf(name, 120, "%0119d", i);
        wi_strings_add(&member.models, i == 5 ? strcat(memset(name, 'l', 380), "") : name);
        name[399] = '\0';
    }
    wi_member_print(&member, &out);
    assert_true(out.size <= WI_MEMBER_RECORD_MAX);
    wi_member_key(member.name, key);
    assert_int_equal(wi_member_read(&back, key, out.text, out.size), WI_READ_GOOD);
    assert_string_equal(back.name, member.name);
    assert_string_equal(back.instance, member.instance);
    assert_string_equal(back.version, member.version);
    assert_string_equal(back.api, member.api);
    assert_string_equal(back.bridge, member.bridge);
    assert_int_equal(back.model_count, 1000);
    assert_int_equal(back.waiting, 3);
    assert_int_equal(back.running, 2);
    assert_int_equal(back.nodes, 4);
    assert_int_equal(back.hears, member.hears);
    assert_int_equal(back.at, member.at);
    assert_int_equal(back.models.count, WI_MEMBER_MODELS_MAX - 1);
    assert_string_equal(back.models.items[0], member.models.items[0]);
    wi_buffer_clear(&out);
    wi_member_clear(&member);
    wi_member_clear(&back);
}

TEST(a_newer_record_is_told_from_garbage)
{
    assert_int_equal(read_text("YQ", RECORD("")), WI_READ_GOOD);
    assert_int_equal(read_text("YQ", RECORD(",\"later\":[1]")), WI_READ_GOOD);
    assert_int_equal(read_text("YQ", RECORD(",\"hears\":-1")), WI_READ_GARBAGE);
    assert_int_equal(read_text("YQ", "{\"record\":2}"), WI_READ_OTHER_VERSION);
    assert_int_equal(read_text("YQ", "{\"record\":0}"), WI_READ_OTHER_VERSION);
}

TEST(garbage_is_not_read)
{
    static const char *const texts[] = {"", "x", "[]", "null", "{}", "{\"record\":\"1\"}",
        "{\"record\":-1}", "{\"record\":1}", "{\"record\":1", "\xff\xfe"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        assert_int_equal(read_text("YQ", texts[i]), WI_READ_GARBAGE);
    assert_int_equal(read_text("Yg", RECORD("")), WI_READ_GARBAGE); /* another name's key */
}

TEST(each_member_of_a_record_is_checked)
{
    static const struct {
        const char *old, *with;
    } rows[] = {{"\"name\":\"a\"", "\"name\":\"\""}, {"\"name\":\"a\"", "\"name\":\"b\""},
        {"\"name\":\"a\"", "\"name\":7"}, {"\"instance\":\"member-1\"", "\"instance\":\"\""},
        {"\"instance\":\"member-1\"", "\"instance\":\"a b\""},
        {"\"version\":\"0.1.0\"", "\"version\":\"\\u001b[2J\""},
        {"\"api\":\"\"", "\"api\":\"ftp://x\""}, {"\"api\":\"\"", "\"api\":\"javascript:1\""},
        {"\"api\":\"\"", "\"api\":\"http://a\\nb\""}, {"\"models\":[]", "\"models\":{}"},
        {"\"models\":[]", "\"models\":[1]"}, {"\"models\":[]", "\"models\":[\"\"]"},
        {"\"models\":[]", "\"models\":[\"a\\u202eb\"]"}, {"\"waiting\":0", "\"waiting\":-1"},
        {"\"waiting\":0", "\"waiting\":1e99"}, {"\"waiting\":0", "\"waiting\":0.5"},
        {"\"nodes\":0", "\"nodes\":1000000001"}, {"\"at\":1", "\"at\":-1"},
        {"\"at\":1", "\"at\":253402300800000"}, {",\"nodes\":0", ""}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_int_equal(read_with(rows[i].old, rows[i].with), WI_READ_GARBAGE);
    assert_int_equal(read_with("\"models\":[]", "\"models\":[\"org/x\"]"), WI_READ_GOOD);
}

TEST(a_record_is_bounded)
{
    static char long_one[WI_MEMBER_RECORD_MAX + 64];
    struct wi_cluster_member member = {0};
    const char *record = RECORD("");
    memset(long_one, ' ', sizeof long_one);
    memcpy(long_one, record, strlen(record));
    assert_int_equal(wi_member_read(&member, "YQ", long_one, WI_MEMBER_RECORD_MAX), WI_READ_GOOD);
    wi_member_clear(&member);
    assert_int_equal(
        wi_member_read(&member, "YQ", long_one, WI_MEMBER_RECORD_MAX + 1), WI_READ_GARBAGE);
    wi_member_clear(&member);
}
