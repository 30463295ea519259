/* What a relay says of itself, and the set of the models that the daemon behind it has. */
#include "../../test.h"

#include "base/hash.h"
#include "nodes/node/relay.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- the announcement ------------------------------------------------------------------------- */

static enum wi_code relay_of(const char *text, char name[WI_RELAY_SIZE], struct wi_error *error)
{
    json_t *capabilities = json_loads(text, 0, NULL);
    assert_non_null(capabilities);
    enum wi_code code = wi_relay_read(capabilities, name, error);
    json_decref(capabilities);
    return code;
}

TEST(a_relay_names_the_daemon_behind_it)
{
    char name[WI_RELAY_SIZE] = "?";
    struct wi_error error = {0};
    assert_int_equal(relay_of("{\"relay\":{\"name\":\"hall-2.example\"}}", name, &error), WI_OK);
    assert_string_equal(name, "hall-2.example");
    assert_int_equal(relay_of("{}", name, &error), WI_OK);
    assert_string_equal(name, "");
    assert_int_equal(relay_of("{\"relay\":null}", name, &error), WI_OK);
    assert_string_equal(name, "");
}

TEST(a_bad_name_is_refused_with_its_field)
{
    static const struct {
        const char *text, *field;
    } bad[] = {
        {"{\"relay\":1}", "data.capabilities.relay"},
        {"{\"relay\":\"hall\"}", "data.capabilities.relay"},
        {"{\"relay\":{}}", "data.capabilities.relay.name"},
        {"{\"relay\":{\"name\":\"\"}}", "data.capabilities.relay.name"},
        {"{\"relay\":{\"name\":7}}", "data.capabilities.relay.name"},
        {"{\"relay\":{\"name\":\"-\"}}", "data.capabilities.relay.name"},
        {"{\"relay\":{\"name\":\"a b\"}}", "data.capabilities.relay.name"},
        {"{\"relay\":{\"name\":\"a\\tb\"}}", "data.capabilities.relay.name"},
        {"{\"relay\":{\"name\":\"a=b\"}}", "data.capabilities.relay.name"},
        {"{\"relay\":{\"name\":\"12345678901234567890123456789012"
         "345678901234567890123456789012345\"}}",
            "data.capabilities.relay.name"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char name[WI_RELAY_SIZE];
        struct wi_error error = {0};
        assert_int_not_equal(relay_of(bad[i].text, name, &error), WI_OK);
        assert_string_equal(error.field, bad[i].field);
        assert_string_equal(name, "");
    }
}

/* --- the set ---------------------------------------------------------------------------------- */

static struct wi_relay_models *models;

static int setup(void **state)
{
    models = wi_relay_models_new();
    return 0;
}

static int teardown(void **state)
{
    wi_relay_models_free(models);
    return 0;
}

FIXTURE(setup, teardown)

static const char *hash_of(unsigned number)
{
    static char hex[WI_HASH_HEX_SIZE];
    unsigned char hash[WI_HASH_SIZE];
    wi_hash(&number, sizeof number, hash);
    wi_hash_hex(hash, hex);
    return hex;
}

static json_t *hashes(unsigned from, unsigned count)
{
    json_t *list = json_array();
    for (unsigned i = from; i < from + count; i++)
        json_array_append_new(list, json_string(hash_of(i)));
    return list;
}

/* Takes both lists over; NULL: none. */
static enum wi_code update(json_t *add, json_t *remove, struct wi_error *error)
{
    json_t *data = json_pack("{s:o*, s:o*}", "add", add, "remove", remove);
    *error = (struct wi_error){0};
    enum wi_code code = wi_relay_models_update(models, data, error);
    json_decref(data);
    return code;
}

static int has(unsigned number)
{
    return wi_relay_models_have(models, hash_of(number));
}

TEST(what_was_added_is_there_until_it_is_removed)
{
    struct wi_error error;
    assert_false(has(1));
    assert_int_equal(update(hashes(0, 512), NULL, &error), WI_OK);
    assert_int_equal(update(hashes(0, 3), NULL, &error), WI_OK); /* again */
    assert_int_equal(wi_relay_models_count(models), 512);
    assert_true(has(0) && has(511) && !has(512));
    assert_int_equal(update(NULL, hashes(1, 500), &error), WI_OK);
    assert_int_equal(update(NULL, hashes(1, 500), &error), WI_OK); /* they are gone */
    assert_int_equal(wi_relay_models_count(models), 12);
    assert_true(has(0) && !has(1) && !has(500) && has(501));
    /* It is removed first. */
    assert_int_equal(update(hashes(0, 1), hashes(0, 1), &error), WI_OK);
    assert_true(has(0));
    assert_int_equal(update(NULL, NULL, &error), WI_OK);
    assert_false(wi_relay_models_have(models, "no hash"));
    assert_false(wi_relay_models_have(NULL, hash_of(0)));
}

TEST(ten_thousand_are_taken_and_no_more)
{
    struct wi_error error;
    for (unsigned i = 0; i < WI_RELAY_MODELS_MAX; i += 500)
        assert_int_equal(update(hashes(i, 500), NULL, &error), WI_OK);
    assert_int_equal(wi_relay_models_count(models), WI_RELAY_MODELS_MAX);
    assert_int_equal(update(hashes(0, 500), NULL, &error), WI_OK); /* they are there already */
    assert_int_equal(update(hashes(WI_RELAY_MODELS_MAX, 1), NULL, &error), WI_INVALID_FIELD);
    assert_string_equal(error.field, "data.add");
    assert_non_null(strstr(error.detail, "10000"));
    assert_int_equal(wi_relay_models_count(models), WI_RELAY_MODELS_MAX);
    assert_false(has(WI_RELAY_MODELS_MAX));
    assert_int_equal(
        update(hashes(WI_RELAY_MODELS_MAX, 1), hashes(9999, 1), &error), WI_OK); /* it has room */
    assert_true(has(WI_RELAY_MODELS_MAX) && !has(9999) && has(9998));
}

/* Whatever comes and goes, in whatever order: as a plain table of flags says. */
TEST(it_agrees_with_a_plain_list)
{
    enum { NUMBERS = 700 };
    static unsigned char flags[NUMBERS];
    unsigned random = 1;
    struct wi_error error;
    for (int round = 0; round < 20000; round++) {
        random = random * 1103515245u + 12345u;
        unsigned number = (random >> 8) % NUMBERS, adds = (random >> 20) & 1;
        assert_int_equal(
            update(adds ? hashes(number, 1) : NULL, adds ? NULL : hashes(number, 1), &error),
            WI_OK);
        flags[number] = (unsigned char)adds;
    }
    size_t count = 0;
    for (unsigned i = 0; i < NUMBERS; i++) {
        assert_int_equal(has(i), flags[i]);
        count += flags[i];
    }
    assert_int_equal(wi_relay_models_count(models), count);
}

TEST(bad_messages_change_nothing)
{
    static const char *const bad[] = {"{\"add\":1}", "{\"remove\":{}}", "{\"add\":[1]}",
        "{\"add\":[\"\"]}", "{\"add\":[\"abc\"]}",
        /* 63 and 65 digits, capitals, no digits, and no hash of anything */
        "{\"add\":[\"012345678901234567890123456789012345678901234567890123456789012\"]}",
        "{\"add\":[\"01234567890123456789012345678901234567890123456789012345678901234\"]}",
        "{\"add\":[\"ABCDEF6789012345678901234567890123456789012345678901234567890123\"]}",
        "{\"remove\":[\"g123456789012345678901234567890123456789012345678901234567890123\"]}",
        "{\"add\":[\"0000000000000000000000000000000000000000000000000000000000000000\"]}"};
    struct wi_error error;
    assert_int_equal(update(hashes(0, 2), NULL, &error), WI_OK);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        json_t *data = json_loads(bad[i], 0, NULL);
        assert_non_null(data);
        assert_int_not_equal(wi_relay_models_update(models, data, &error), WI_OK);
        assert_int_equal(strncmp(error.field, "data.", 5), 0);
        json_decref(data);
    }
    json_t *list = hashes(5, 2);
    json_array_append_new(list, json_string("no hash"));
    assert_int_equal(update(list, hashes(0, 1), &error), WI_INVALID_FIELD);
    assert_non_null(strstr(error.detail, "data.add[2]"));
    assert_true(has(0) && !has(5));
    assert_int_equal(wi_relay_models_count(models), 2);
}

TEST(a_message_has_at_most_512)
{
    struct wi_error error;
    assert_int_equal(update(hashes(0, 513), NULL, &error), WI_INVALID_FIELD);
    assert_non_null(strstr(error.detail, "513"));
    assert_int_equal(update(hashes(0, 300), hashes(600, 213), &error), WI_INVALID_FIELD);
    assert_int_equal(wi_relay_models_count(models), 0);
    assert_int_equal(update(hashes(0, 300), hashes(600, 212), &error), WI_OK);
}
