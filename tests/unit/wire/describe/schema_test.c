/* Types as text, and the JSON Schema that they become. */
#include "../../test.h"

#include "wire/describe/schemas.h"
#include <stdlib.h>

/* Takes `schema`. */
static void expect(json_t *schema, const char *expected)
{
    char *text = json_dumps(schema, JSON_COMPACT | JSON_ENCODE_ANY);
    assert_string_equal(text, expected);
    free(text);
    json_decref(schema);
}

#define ANY "{\"$ref\":\"#/components/schemas/JsonValue\"}"

TEST(types)
{
    static const struct {
        const char *type, *schema;
    } rows[] = {
        {"integer", "{\"type\":\"integer\"}"},
        {"any", ANY},
        {"object", "{\"type\":\"object\",\"additionalProperties\":" ANY "}"},
        {"Status", "{\"$ref\":\"#/components/schemas/Status\"}"},
        {"'a'", "{\"const\":\"a\"}"},
        {"'a'|'b-c'", "{\"type\":\"string\",\"enum\":[\"a\",\"b-c\"]}"},
        {"string|null", "{\"anyOf\":[{\"type\":\"string\"},{\"type\":\"null\"}]}"},
        {"'a'|null", "{\"anyOf\":[{\"const\":\"a\"},{\"type\":\"null\"}]}"},
        {"[[any]]", "{\"type\":\"array\",\"items\":{\"type\":\"array\",\"items\":" ANY "}}"},
        {"{integer}", "{\"type\":\"object\",\"additionalProperties\":{\"type\":\"integer\"}}"},
        {"(a 'x'|'y', b? [A])",
            "{\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"string\",\"enum\":[\"x\","
            "\"y\"]},\"b\":{\"type\":\"array\",\"items\":{\"$ref\":\"#/components/schemas/A\"}}},"
            "\"required\":[\"a\"],\"additionalProperties\":false}"},
        {"(a null, * any)",
            "{\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"null\"}},\"required\":[\"a\"],"
            "\"additionalProperties\":" ANY "}"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        expect(wi_type_json(rows[i].type), rows[i].schema);
}

TEST(an_object_has_its_own_members_and_those_of_another)
{
    const struct wi_schema schemas[] = {
        WI_OBJECT("Base", {"a", "string", NULL}),
        WI_OBJECT_OF("More", (.help = "Two.", .also = "Base"), {"b?", "null", "Nothing."}),
        {.name = "Either", .is = "Base|More"},
        {0},
    };
    expect(wi_schema_json(&schemas[1], schemas),
        "{\"type\":\"object\",\"properties\":{\"b\":{\"type\":\"null\",\"description\":"
        "\"Nothing.\"},\"a\":{\"type\":\"string\"}},\"required\":[\"a\"],"
        "\"additionalProperties\":false,\"description\":\"Two.\"}");
    expect(wi_schema_json(&schemas[2], schemas),
        "{\"anyOf\":[{\"$ref\":\"#/components/schemas/Base\"},{\"$ref\":\"#/components/schemas/"
        "More\"}]}");
    assert_ptr_equal(wi_schema_find(schemas, "Moreover", 4), &schemas[1]);
    assert_null(wi_schema_find(schemas, "Mo", 2));
}

TEST(an_answer_has_the_members_of_its_form)
{
    expect(wi_form_json("Pin", "a/b", "bafy", 7, 1, 2, 5),
        "{\"name\":\"a/b\",\"cid\":\"bafy\",\"bytes\":7,\"stale\":true,\"version\":2,"
        "\"published_at\":5}");
    expect(wi_form_json("NodeLimit", "hold", NULL, NULL, "claim", NULL, 0, 9, "x"),
        "{\"effect\":\"hold\",\"evidence\":\"claim\",\"since\":null,\"until\":9,"
        "\"undone_by\":\"x\"}");
    expect(wi_form_json("Moves", 0.5, 2.0), "{\"lost_ms\":0.5,\"at_ms\":2.0}");
    expect(wi_form_json("Joins", json_array(), json_array()), "{\"joins\":[],\"node_tokens\":[]}");
    expect(wi_form_json("Removed", "a/b", "removed", 0, NULL),
        "{\"name\":\"a/b\",\"state\":\"removed\",\"freed_bytes\":0}");
    expect(wi_form_json("Removed", "a/b", "cancelled", -1, json_array()),
        "{\"name\":\"a/b\",\"state\":\"cancelled\",\"unpublished\":[]}");
    assert_null(wi_form_json("Alive", NULL));
    assert_null(wi_form_json("Alive", "\xff"));
}

TEST(parameters_tell_their_limits)
{
    static const char *const words[] = {"x", "y", NULL};
    static const struct wi_param rows[] = {
        {.name = "n", .kind = WI_PARAM_NUMBER, .min = 0.25, .max = 4},
        {.name = "i", .kind = WI_PARAM_INTEGER, .min = -1, .max = 9, .help = "Few."},
        {.name = "s", .kind = WI_PARAM_STRING, .required = 1, .min = 1, .max = 8},
        {.name = "e", .kind = WI_PARAM_ENUM, .names = words},
        {.name = "b", .kind = WI_PARAM_BOOL},
        {.name = "l", .kind = WI_PARAM_ARRAY, .max = 2},
        {.name = "t", .kind = WI_PARAM_ARRAY, .max = 2, .form = "[string]"},
        {.name = "o", .kind = WI_PARAM_OBJECT},
        {.name = "a", .kind = WI_PARAM_ANY},
        {.name = "f", .kind = WI_PARAM_ANY, .form = "string|null"},
        {0},
    };
    expect(wi_params_json(rows),
        "{\"type\":\"object\",\"properties\":{"
        "\"n\":{\"type\":\"number\",\"minimum\":0.25,\"maximum\":4},"
        "\"i\":{\"type\":\"integer\",\"minimum\":-1,\"maximum\":9,\"description\":\"Few.\"},"
        "\"s\":{\"type\":\"string\",\"minLength\":1,\"maxLength\":8},"
        "\"e\":{\"type\":\"string\",\"enum\":[\"x\",\"y\"]},"
        "\"b\":{\"type\":\"boolean\"},"
        "\"l\":{\"type\":\"array\",\"items\":" ANY ",\"minItems\":0,\"maxItems\":2},"
        "\"t\":{\"type\":\"array\",\"items\":{\"type\":\"string\"},\"minItems\":0,\"maxItems\":2},"
        "\"o\":{\"type\":\"object\",\"additionalProperties\":" ANY "},"
        "\"a\":" ANY ",\"f\":{\"anyOf\":[{\"type\":\"string\"},{\"type\":\"null\"}]}},"
        "\"required\":[\"s\"],\"additionalProperties\":false}");
}
