/* Reading JSON: exactly what jansson reads, value by value. The fuzzer compares far more. */
#include "../test.h"

#include "base/json_read.h"
#include "base/memory.h"
#include <dlfcn.h>
#include <string.h>

static int given_to_jansson;

/* Jansson's own, counted. */
json_t *json_loadb(const char *buffer, size_t size, size_t flags, json_error_t *error)
{
    json_t *(*theirs)(const char *, size_t, size_t, json_error_t *);
    *(void **)&theirs = dlsym(RTLD_NEXT, "json_loadb");
    given_to_jansson++;
    return theirs(buffer, size, flags, error);
}

/* Compares values and, as text, their order; of errors, what is said of them. */
static void compare(const char *text, size_t size, size_t flags)
{
    json_error_t place = {0}, theirs_place = {0};
    json_t *ours = wi_json_read(text, size, flags, &place);
    json_t *theirs = json_loadb(text, size, flags | JSON_REJECT_DUPLICATES, &theirs_place);
    char *a = ours ? json_dumps(ours, JSON_COMPACT) : NULL;
    char *b = theirs ? json_dumps(theirs, JSON_COMPACT) : NULL;
    if (strcmp(a ? a : "", b ? b : "") != 0)
        fail_msg("%.*s: %s instead of %s", (int)size, text, a ? a : "nothing", b ? b : "nothing");
    assert_true(ours == NULL || json_equal(ours, theirs));
    if (!ours) {
        assert_string_equal(place.text, theirs_place.text);
        assert_int_equal(place.position, theirs_place.position);
    }
    free(a);
    free(b);
    json_decref(ours);
    json_decref(theirs);
}

/* In memory of exactly its size, so that the sanitizers see a look behind it. */
static void compare_exact(const char *text, size_t size)
{
    char *exact = test_malloc(size + (size == 0));
    memcpy(exact, text, size);
    compare(exact, size, 0);
    compare(exact, size, JSON_ALLOW_NUL);
    test_free(exact);
}

static const char *const rows[] = {
    "",
    " ",
    "{}",
    "[]",
    " { } ",
    "[ ]\n",
    "null",
    "\"a\"",
    "12",
    ("{\"id\":\"p-1\",\"type\":\"task_answer\",\"timestamp\":1763720402152.25,\"data\":"
     "{\"a\":[1,-2]}}"),
    "[true,false,null]",
    "[tru]",
    "[truex]",
    "[true1]",
    "[nul",
    "[1,2,]",
    "[,1]",
    "[1 2]",
    "[1}",
    "{\"a\":1]",
    "{\"a\"}",
    "{\"a\":}",
    "{\"a\":1,}",
    "{,}",
    "{a:1}",
    "{1:1}",
    "[] []",
    "[]x",
    "[[[]",
    "{\"a\":1,\"b\":2,\"a\":3}",
    "{\"a\":{\"a\":1},\"b\":{\"a\":1}}",
    "{\"\":0}",
    "[0,-0,7,-7,9223372036854775807,-9223372036854775808]",
    "[9223372036854775808]",
    "[-9223372036854775809]",
    "[123456789012345678901234567890]",
    "[01]",
    "[-01]",
    "[-]",
    "[+1]",
    "[.5]",
    "[1.]",
    "[1.e1]",
    "[1e]",
    "[1e+]",
    "[0x10]",
    "[0.5p1]",
    "[1.5e3,1E3,1e-3,-2.5e+2,0.1,-0.0,1e22,1e23,123456789012345678.5,4.9e-324,1e-400]",
    "[0.10000000149011612,-0.30000001192092896,1234567890123456.789,0.0000000000000000001]",
    "[9007199254740993.0,9007199254740992.5,1234567890123456789.5,0.00000000000000000001]",
    "[999999999999999999,-999999999999999999,1000000000000000000,0.0,-0.5]",
    "[1e308]",
    "[1e309]",
    "[-1e999]",
    "[Infinity]",
    "[NaN]",
    "[1",
    "[1.5",
    "[1e5",
    "[\"plain\",\"\",\"\\\"\\\\\\/\\b\\f\\n\\r\\t\",\"a\\nb\\nc\",\"\\n\",\"\\n\\n\"]",
    "[\"\\u0041\\u00e9\\ud83d\\ude00\"]",
    "[\"\\ud83d\"]",
    "[\"\\ude00\"]",
    "[\"\\ude00\\ud83d\"]",
    "[\"\\ud83d\\u0041\"]",
    "[\"\\ud83dA\"]",
    "[\"\\ud83d\\n\"]",
    "[\"\\uD83D\\uDE00\\u007f\\u0080\\u07ff\\u0800\\uffff\\ud800\\udc00\\udbff\\udfff\"]",
    "[\"\\u00g0\"]",
    "[\"\\u+041\"]",
    "[\"\\U0041\"]",
    "{\"\\u00e9\":{\"\\u00e8\":\"\\u00ea\"},\"e\":1}",
    "{\"\\u0061\":1,\"a\":2}",
    "[\"\\u0000\"]",
    "{\"a\\u0000b\":1}",
    "{\"a\\nb\":\"c\\nd\",\"e\":1}",
    "{\"a\\nb\":1,\"a\\nb\":2}",
    "[\"\\x41\"]",
    "[\"\\\"]",
    "[\"\\",
    "[\"open]",
    "[\"line\nbreak\"]",
    "[\"tab\there\"]",
    "[\"del\x7f\"]",
    "[\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\"]",
    "[\"\xc3\xa9\\n\xc3\xa9\"]",
    "{\"\xc3\xa9\":1}",
    "{\"\xc3\":1}",
    "[\"\xc3\"]",
    "[\"\xc0\x80\"]",
    "[\"\xed\xa0\x80\"]",
    "[\"\xf4\x90\x80\x80\"]",
    "[\"\x80\\n\"]",
    "\xef\xbb\xbf[]",
    "[\xc2\xa0 1]",
    "[1]\f",
};

TEST(reads_as_jansson_does)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        for (size_t size = 0; size <= strlen(rows[i]); size++)
            compare_exact(rows[i], size);
    compare_exact("[\"\0\"]", 5);
    compare_exact("[1\0]", 4);
    compare_exact("[]\0", 3);
}

/* As Python's json.dumps writes by default. */
TEST(what_python_writes_is_read_once)
{
    static const char text[] =
        "{\"model\": \"m\", \"pr\\u00e9fixe\": [\"na\\u00efve \\ud83d\\ude00\", 1.5, null]}";
    given_to_jansson = 0;
    json_t *read = wi_json_read(text, sizeof text - 1, 0, NULL);
    assert_int_equal(given_to_jansson, 0);
    json_t *list = json_object_get(read, "pr\xc3\xa9\x66ixe");
    assert_string_equal(
        json_string_value(json_array_get(list, 0)), "na\xc3\xafve \xf0\x9f\x98\x80");
    json_decref(read);
}

/* Deep nesting is left to jansson, with its limit. */
TEST(nests_as_deep_as_jansson)
{
    static const size_t depths[] = {63, 64, 65, 66, 2047, 2048, 2049, 100000};
    for (size_t i = 0; i < sizeof depths / sizeof *depths; i++) {
        char *text = test_malloc(2 * depths[i]);
        memset(text, '[', depths[i]);
        memset(text + depths[i], ']', depths[i]);
        compare(text, 2 * depths[i], 0);
        test_free(text);
    }
}

TEST(reads_nothing)
{
    json_error_t place;
    assert_null(wi_json_read(NULL, 0, 0, &place));
    assert_null(wi_json_read("[", 1, 0, NULL));
}

TEST(whole_numbers_become_integers)
{
    static const char text[] = "{\"a\":2048.0,\"b\":1.5,\"c\":{\"d\":-3e2,\"e\":{\"f\":4.0}},\"g\":"
                               "[5.0],\"h\":0.1,\"i\":7}";
    json_error_t place;
    json_t *root = wi_json_read(text, sizeof text - 1, 0, &place);
    wi_json_settle_integers(root);
    char *settled = json_dumps(root, JSON_COMPACT);
    assert_string_equal(settled, "{\"a\":2048,\"b\":1.5,\"c\":{\"d\":-300,\"e\":{\"f\":4.0}},"
                                 "\"g\":[5.0],\"h\":0.10000000000000001,\"i\":7}");
    free(settled);
    json_decref(root);
}
