/* Models that are always there, and the options that they take. */
#include "../../test.h"

#include "terms/format/model.h"
#include <string.h>

TEST(names_them_in_order)
{
    const char *before = "";
    for (int i = WI_BUILTIN_NONE + 1; i < WI_BUILTIN_END; i++) {
        const char *name = wi_builtin_name((enum wi_builtin)i);
        assert_true(strcmp(before, name) < 0); /* the list of models relies on it */
        assert_int_equal(wi_builtin_of_name(name), i);
        before = name;
    }
    assert_int_equal(wi_builtin_of_name("builtin/other"), WI_BUILTIN_NONE);
    assert_int_equal(wi_builtin_of_name(""), WI_BUILTIN_NONE);
}

static enum wi_code check(enum wi_builtin builtin, const char *options, struct wi_error *error)
{
    struct wi_model model = {.name = (char *)"m", .builtin = builtin};
    json_t *object = options ? json_loads(options, 0, NULL) : NULL;
    enum wi_code code = wi_model_check_options(&model, object, "options.", error);
    json_decref(object);
    return code;
}

TEST(reads_what_is_counted)
{
    struct wi_count_options read;
    struct wi_error error;
    json_t *options = json_pack("{s:i, s:i, s:i}", "count", 7, "interval_ms", 20, "bytes", 60000);
    assert_int_equal(wi_builtin_read_count(options, "options.", &read, &error), WI_OK);
    assert_int_equal(read.count, 7);
    assert_int_equal(read.interval_ms, 20);
    assert_int_equal(read.bytes, 60000);
    json_object_del(options, "interval_ms");
    json_object_del(options, "bytes");
    assert_int_equal(wi_builtin_read_count(options, "options.", &read, &error), WI_OK);
    assert_int_equal(read.interval_ms, 0);
    assert_int_equal(read.bytes, 0);
    json_decref(options);
}

TEST(refuses_options_of_no_meaning)
{
    static const struct {
        const char *options, *field;
        enum wi_code code;
    } rows[] = {
        {NULL, "options.count", WI_MISSING_FIELD},
        {"{}", "options.count", WI_MISSING_FIELD},
        {"{\"count\":0}", "options.count", WI_INVALID_FIELD},
        {"{\"count\":1000001}", "options.count", WI_INVALID_FIELD},
        {"{\"count\":1.5}", "options.count", WI_INVALID_FIELD},
        {"{\"count\":\"3\"}", "options.count", WI_INVALID_FIELD},
        {"{\"count\":1,\"interval_ms\":-1}", "options.interval_ms", WI_INVALID_FIELD},
        {"{\"count\":1,\"interval_ms\":60001}", "options.interval_ms", WI_INVALID_FIELD},
        {"{\"count\":1,\"bytes\":60001}", "options.bytes", WI_INVALID_FIELD},
        {"{\"count\":1,\"colour\":1}", "options.colour", WI_UNKNOWN_FIELD},
    };
    struct wi_error error;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(check(WI_BUILTIN_COUNT, rows[i].options, &error), rows[i].code);
        assert_string_equal(error.field, rows[i].field);
    }
    assert_int_equal(check(WI_BUILTIN_COUNT, "{\"count\":1000000}", &error), WI_OK);
}

TEST(refuses_options_of_models_that_take_none)
{
    struct wi_error error;
    assert_int_equal(check(WI_BUILTIN_NONE, NULL, &error), WI_OK);
    assert_int_equal(check(WI_BUILTIN_ECHO, "{}", &error), WI_OK);
    assert_int_equal(check(WI_BUILTIN_ECHO, "{\"count\":1}", &error), WI_UNKNOWN_FIELD);
    assert_string_equal(error.field, "options.count");
    assert_int_equal(check(WI_BUILTIN_NONE, "{\"seed\":1}", &error), WI_UNKNOWN_FIELD);
    assert_string_equal(error.field, "options.seed");
}

TEST(names_of_their_own_are_nobody_elses)
{
    assert_true(wi_builtin_owns("builtin"));
    assert_true(wi_builtin_owns("builtin/echo"));
    assert_true(wi_builtin_owns("builtin/anything"));
    assert_false(wi_builtin_owns("builtins"));
    assert_false(wi_builtin_owns("my/builtin"));
    assert_false(wi_builtin_owns("built"));
}

TEST(names_options_as_the_client_does)
{
    struct wi_model model = {.name = (char *)"m", .builtin = WI_BUILTIN_ECHO};
    struct wi_count_options read;
    struct wi_error error;
    json_t *options = json_pack("{s:i}", "colour", 1);
    assert_int_equal(
        wi_model_check_options(&model, options, "parameters.", &error), WI_UNKNOWN_FIELD);
    assert_string_equal(error.field, "parameters.colour");
    assert_string_equal(error.detail, "m takes no options, so there is no parameters.colour");
    assert_int_equal(
        wi_builtin_read_count(options, "parameters.", &read, &error), WI_UNKNOWN_FIELD);
    assert_string_equal(error.field, "parameters.colour");
    json_decref(options);
}
