/* JSON parameter tables: types, limits, names, paths in errors, defaults. */
#include "../test.h"

#include "base/params.h"
#include <string.h>

static const char *const colours[] = {"red", "green", NULL};

struct target {
    const char *name;
    int64_t count;
    double share;
    int on;
    int colour;
    json_t *list;
    json_t *any;
};

static const struct wi_param table[] = {
    {"name", WI_PARAM_STRING, offsetof(struct target, name), 1, 1, 8, NULL, NULL, NULL},
    {"count", WI_PARAM_INTEGER, offsetof(struct target, count), 0, 1, 10, NULL, NULL, NULL},
    {"share", WI_PARAM_NUMBER, offsetof(struct target, share), 0, 0, 0, NULL, NULL, NULL},
    {"on", WI_PARAM_BOOL, offsetof(struct target, on), 0, 0, 0, NULL, NULL, NULL},
    {"colour", WI_PARAM_ENUM, offsetof(struct target, colour), 0, 0, 0, colours, NULL, NULL},
    {"list", WI_PARAM_ARRAY, offsetof(struct target, list), 0, 0, 2, NULL, NULL, NULL},
    {"any", WI_PARAM_ANY, offsetof(struct target, any), 0, 0, 0, NULL, NULL, NULL},
    WI_PARAM_END,
};

static enum wi_code read_text(
    const char *text, enum wi_param_mode mode, struct target *target, struct wi_error *error)
{
    json_t *json = json_loads(text, JSON_DECODE_ANY, NULL);
    assert_non_null(json);
    memset(error, 0, sizeof *error);
    enum wi_code code = wi_params_read(table, json, mode, "outer.", target, error);
    json_decref(json);
    return code;
}

TEST(reads_every_kind)
{
    struct wi_error error;
    struct target got = {0};
    json_t *json = json_loads(
        "{\"name\":\"x\",\"count\":3,\"share\":1,\"on\":true,\"colour\":\"green\",\"list\":[1],"
        "\"any\":{}}",
        0, NULL);
    assert_int_equal(wi_params_read(table, json, WI_PARAMS_STRICT, "", &got, &error), WI_OK);
    assert_string_equal(got.name, "x");
    assert_int_equal(got.count, 3);
    assert_true(got.share == 1.0);
    assert_int_equal(got.on, 1);
    assert_int_equal(got.colour, 1);
    assert_int_equal(json_array_size(got.list), 1);
    assert_true(json_is_object(got.any));
    json_decref(json);
}

/* The largest number that doubles count to has sixteen digits. */
TEST(tells_limits_as_they_are)
{
    static const struct wi_param wide[] = {
        {"n", WI_PARAM_INTEGER, 0, 0, -9007199254740991.0, 9007199254740991.0, NULL, NULL, NULL},
        WI_PARAM_END,
    };
    struct wi_error error;
    int64_t n;
    json_t *json = json_pack("{s:I}", "n", (json_int_t)9007199254740992);
    assert_int_equal(
        wi_params_read(wide, json, WI_PARAMS_STRICT, "", &n, &error), WI_INVALID_FIELD);
    assert_string_equal(error.expected, "-9007199254740991 to 9007199254740991");
    json_decref(json);
}

TEST(keeps_defaults_of_absent_and_null_fields)
{
    struct wi_error error;
    struct target got = {.count = 7, .on = 1};
    assert_int_equal(
        read_text("{\"name\":\"x\",\"count\":null}", WI_PARAMS_STRICT, &got, &error), WI_OK);
    assert_int_equal(got.count, 7);
    assert_int_equal(got.on, 1);
}

TEST(names_what_is_wrong)
{
    static const struct {
        const char *text;
        enum wi_code code;
        const char *field, *expected, *allowed;
    } cases[] = {
        {"{}", WI_MISSING_FIELD, "outer.name", "a string", ""},
        {"{\"name\":null}", WI_MISSING_FIELD, "outer.name", "a string", ""},
        {"{\"name\":5}", WI_INVALID_FIELD, "outer.name", "a string", ""},
        {"{\"name\":\"\"}", WI_INVALID_FIELD, "outer.name", "1 to 8 bytes", ""},
        {"{\"name\":\"123456789\"}", WI_INVALID_FIELD, "outer.name", "1 to 8 bytes", ""},
        {"{\"name\":\"x\",\"count\":11}", WI_INVALID_FIELD, "outer.count", "1 to 10", ""},
        {"{\"name\":\"x\",\"count\":1.5}", WI_INVALID_FIELD, "outer.count", "an integer", ""},
        {"{\"name\":\"x\",\"on\":1}", WI_INVALID_FIELD, "outer.on", "true or false", ""},
        {"{\"name\":\"x\",\"colour\":\"blue\"}", WI_INVALID_FIELD, "outer.colour", "",
            "red, green"},
        {"{\"name\":\"x\",\"list\":[1,2,3]}", WI_INVALID_FIELD, "outer.list", "0 to 2 elements",
            ""},
        {"{\"name\":\"x\",\"list\":{}}", WI_INVALID_FIELD, "outer.list", "a list", ""},
        {"{\"name\":\"x\",\"nmae\":1}", WI_UNKNOWN_FIELD, "outer.nmae", "",
            "name, count, share, on, colour, list, any"},
        {"[]", WI_INVALID_FIELD, "outer", "an object", ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct wi_error error;
        struct target got = {0};
        assert_int_equal(read_text(cases[i].text, WI_PARAMS_STRICT, &got, &error), cases[i].code);
        assert_int_equal(error.code, cases[i].code);
        assert_string_equal(error.field, cases[i].field);
        assert_string_equal(error.expected, cases[i].expected);
        assert_string_equal(error.allowed, cases[i].allowed);
        assert_true(error.detail[0] != '\0');
    }
}

TEST(refuses_a_nul_character)
{
    struct wi_error error;
    struct target got = {0};
    json_t *json = json_loads("{\"name\":\"a\\u0000b\"}", JSON_ALLOW_NUL, NULL);
    assert_non_null(json);
    assert_int_equal(
        wi_params_read(table, json, WI_PARAMS_STRICT, "", &got, &error), WI_INVALID_FIELD);
    assert_null(got.name);
    json_decref(json);
}

TEST(says_that_nothing_is_allowed)
{
    static const struct wi_param none[] = {{0}};
    struct wi_error error;
    int target = 0;
    json_t *object = json_pack("{s:i}", "x", 1);
    assert_int_equal(wi_params_read(none, object, WI_PARAMS_STRICT, "options.", &target, &error),
        WI_UNKNOWN_FIELD);
    assert_string_equal(error.field, "options.x");
    assert_string_equal(
        error.detail, "there is no field options.x: no fields are allowed there; leave it out");
    assert_string_equal(error.allowed, "");
    json_decref(object);
}

TEST(open_mode_ignores_unknown_fields)
{
    struct wi_error error;
    struct target got = {0};
    assert_int_equal(
        read_text("{\"name\":\"x\",\"other\":1}", WI_PARAMS_OPEN, &got, &error), WI_OK);
}

TEST(finds_a_row_by_its_name)
{
    assert_ptr_equal(wi_params_find(table, table[1].name), &table[1]);
    assert_null(wi_params_find(table, "nam"));
    assert_null(wi_params_find(table, ""));
}
