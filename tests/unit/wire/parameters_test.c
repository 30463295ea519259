/* Names with a place behind them. */
#include "../test.h"

#include "wire/parameters.h"
#include <string.h>

TEST(takes_names_apart)
{
    static const struct {
        const char *asked, *name, *where;
    } good[] = {
        {"tiny", "tiny", ""},
        {"tiny:Q8_0", "tiny:Q8_0", ""},
        {"owner/tiny:Q8_0@firefox", "owner/tiny:Q8_0", "firefox"},
        {"tiny@wasm", "tiny", "wasm"},
        {"tiny@my-kind_2", "tiny", "my-kind_2"},
    };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        char name[WI_MODEL_NAME_MAX + 1], where[WI_MODEL_WHERE_MAX + 1];
        struct wi_error error = {0};
        assert_int_equal(wi_model_where(good[i].asked, name, where, &error), WI_OK);
        assert_string_equal(name, good[i].name);
        assert_string_equal(where, good[i].where);
    }
}

TEST(refuses_what_is_no_name)
{
    char long_name[WI_MODEL_NAME_MAX + 40], long_place[64] = "tiny@";
    memset(long_name, 'x', sizeof long_name - 1);
    long_name[sizeof long_name - 1] = '\0';
    memset(long_place + 5, 'x', WI_MODEL_WHERE_MAX + 1);
    long_place[5 + WI_MODEL_WHERE_MAX + 1] = '\0';
    const char *bad[] = {"", "@", "@wasm", "tiny@", "tiny@Wasm", "tiny@wasm@wasm", "tiny@1st",
        "tiny@wasm:Q8_0", "tiny@a b", ".tiny@wasm", "a/b/c@wasm", long_name, long_place};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char name[WI_MODEL_NAME_MAX + 1], where[WI_MODEL_WHERE_MAX + 1];
        struct wi_error error = {0};
        if (wi_model_where(bad[i], name, where, &error) != WI_INVALID_FIELD)
            fail_msg("\"%s\" was taken", bad[i]);
        assert_string_equal(error.field, "model");
        assert_non_null(strstr(error.allowed, "@firefox"));
    }
    long_place[5 + WI_MODEL_WHERE_MAX] = '\0';
    char name[WI_MODEL_NAME_MAX + 1], where[WI_MODEL_WHERE_MAX + 1];
    assert_int_equal(wi_model_where(long_place, name, where, NULL), WI_OK);
}
