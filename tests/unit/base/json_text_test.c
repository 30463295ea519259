/* Where a member stands in the text of an object. */
#include "../test.h"

#include "base/json_text.h"
#include <jansson.h>
#include <string.h>

TEST(finds_members)
{
    static const struct {
        const char *text, *key, *value; /* NULL: there is none */
    } rows[] = {
        {"{\"a\":1}", "a", "1"},
        {" { \"a\" : 1 , \"b\" : [1, {\"a\": \"}\"}] } ", "b", "[1, {\"a\": \"}\"}]"},
        {"{\"x\":{\"a\":2},\"a\":{ \"b\": 1.50 }}", "a", "{ \"b\": 1.50 }"},
        {"{\"x\":\"\\\"a\\\":3\",\"a\":true}", "a", "true"},
        {"{\"x\\\\\":1,\"a\":null}", "a", "null"},
        {"{\"a\":\"b\"}", "b", NULL},
        {"{\"ab\":1}", "a", NULL},
        {"{\"\\u0061\":1}", "a", NULL},
        {"{}", "a", NULL},
        {"[\"a\",1]", "a", NULL},
        {"\"a\"", "a", NULL},
        {"", "a", NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        size_t length = 0;
        const char *text = rows[i].text;
        const char *value = wi_json_text_member(text, strlen(text), rows[i].key, &length);
        if (!rows[i].value) {
            assert_null(value);
            continue;
        }
        assert_non_null(value);
        assert_int_equal(length, strlen(rows[i].value));
        assert_memory_equal(value, rows[i].value, length);
    }
}

/* It never looks behind the end, wherever the text is cut. */
TEST(stays_inside)
{
    static const char whole[] = "{\"a\\\"\" : [\"x\\\\\", {\"k\": 1}], \"b\": {\"c\": \"d\"} }";
    for (size_t size = 0; size < sizeof whole; size++) {
        char *text = test_malloc(size + 1);
        memcpy(text, whole, size);
        size_t length = 0;
        const char *value = wi_json_text_member(text, size, "b", &length);
        assert_true(!value || (value >= text && length <= size - (size_t)(value - text)));
        test_free(text);
    }
}
