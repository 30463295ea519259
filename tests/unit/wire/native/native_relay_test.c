/* The member `relay` of POST /v1/infer: what is read of it, and how everything else is refused. */
#include "../../test.h"

#include "terms/part.h"
#include "wire/native/native.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HASH "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define TOKEN "0 to 9007199254740991"
#define PLATFORMS "webgpu, webnn, webgl, wasm, native, simulated"

static struct wi_budget budget = {.limit = 1 << 26};
static struct wi_infer infer;
static struct wi_error error;

static enum wi_code parse(const char *relay, const char *beside)
{
    size_t size = strlen(relay) + strlen(beside) + 64;
    char *json = malloc(size);
    int length =
        snprintf(json, size, "{\"model_name\":\"m\",\"inputs\":[]%s,\"relay\":%s}", beside, relay);
    struct wi_blob *blob = wi_blob_new(&budget, (size_t)length);
    assert_int_equal(wi_blob_append(blob, json, (size_t)length), 0);
    memset(&infer, 0, sizeof infer);
    enum wi_code code =
        wi_dialect_parse(&wi_dialect_native, &infer, blob, (size_t)length, &budget, &error);
    wi_blob_unref(blob);
    free(json);
    return code;
}

static void check_bad(const char *relay, const char *beside, enum wi_code code, const char *field,
    const char *allowed)
{
    enum wi_code got = parse(relay, beside);
    wi_infer_clear(&infer);
    if (got != code || strcmp(error.field, field) != 0)
        fail_msg(
            "%.200s: %s, field \"%s\": %s", relay, wi_code_name(got), error.field, error.detail);
    assert_true(strlen(error.detail) > 3);
    assert_string_equal(*error.expected ? error.expected : error.allowed, allowed);
    assert_int_equal(budget.used, 0);
}

TEST(what_has_no_relay_is_no_relays)
{
    assert_int_equal(parse("null", ""), WI_OK);
    assert_false(infer.asked->relayed.is);
    assert_true(wi_inference_lists(infer.asked, WI_WEBGPU));
    wi_infer_clear(&infer);
}

TEST(every_member_may_be_left_out)
{
    assert_int_equal(parse("{}", ",\"platform\":\"wasm\",\"resumable\":false"), WI_OK);
    const struct wi_relayed *relayed = &infer.asked->relayed;
    assert_true(relayed->is && !relayed->platform_count && !relayed->owner && !relayed->from);
    assert_null(infer.model_hash);
    assert_int_equal(infer.asked->platform, WI_WASM);
    wi_infer_clear(&infer);
}

TEST(all_members_are_read)
{
    assert_int_equal(parse("{\"model_hash\":\"" HASH "\",\"platforms\":[\"webgpu\",\"wasm\"],"
                           "\"owner\":\"anna\",\"continue\":{\"seq\":3,\"text\":\"abc\","
                           "\"tokens\":[1,2,3]}}",
                         ",\"stream\":true,\"browser\":\"chrome\""),
        WI_OK);
    const struct wi_inference *asked = infer.asked;
    assert_string_equal(infer.model_hash, HASH);
    assert_true(asked->has_platform && asked->platform == WI_WEBGPU && asked->fallback);
    assert_true(wi_inference_lists(asked, WI_WASM) && !wi_inference_lists(asked, WI_WEBGL));
    assert_string_equal(asked->relayed.owner, "anna");
    assert_string_equal(json_string_value(json_object_get(asked->relayed.from, "text")), "abc");
    wi_infer_clear(&infer);
    assert_int_equal(parse("{\"platforms\":[\"wasm\"]}", ""), WI_OK);
    assert_false(infer.asked->fallback); /* there is nothing to fall back on */
    wi_infer_clear(&infer);
}

/* A copy has its own, and another run of the same work only that it must not leave. */
TEST(copies_know_what_they_need)
{
    struct wi_model model = {._references = 1};
    assert_int_equal(
        parse("{\"platforms\":[\"webgpu\",\"wasm\"],\"owner\":\"anna\",\"continue\":{\"seq\":1}}",
            ",\"stream\":true"),
        WI_OK);
    infer.asked->model = wi_model_ref(&model);
    struct wi_inference *other = wi_inference_of(infer.asked, &model);
    struct wi_inference *again = wi_inference_again(infer.asked);
    assert_string_equal(other->relayed.owner, "anna");
    assert_ptr_equal(other->relayed.from, infer.asked->relayed.from);
    assert_int_equal(other->relayed.platform_count, 2);
    assert_true(again->relayed.is);
    assert_true(!again->relayed.owner && !again->relayed.from && !again->relayed.platform_count);
    wi_infer_clear(&infer);
    wi_inference_release(other);
    wi_inference_release(again);
    assert_int_equal(model._references, 1);
}

TEST(the_outputs_of_graphs_are_asked_for_by_a_task_alone)
{
    static const char *const no_task[] = {
        "", ",\"stream\":true", ",\"task\":\"chat\",\"stream\":true"};
    assert_int_equal(parse("{\"raw\":true}", ",\"task\":\"image-classification\""), WI_OK);
    assert_true(infer.asked->raw);
    wi_infer_clear(&infer);
    assert_int_equal(parse("{\"raw\":false}", ""), WI_OK);
    assert_false(infer.asked->raw);
    wi_infer_clear(&infer);
    for (size_t i = 0; i < sizeof no_task / sizeof *no_task; i++)
        check_bad("{\"raw\":true}", no_task[i], WI_INVALID_FIELD, "relay.raw", "false");
    check_bad("{\"raw\":1}", ",\"task\":\"chat\"", WI_INVALID_FIELD, "relay.raw", "true or false");
}

TEST(bad_members_are_named)
{
    static const char bytes[] = "1 to 128 bytes", digits[] = "64 hexadecimal digits in lower case";
    char owner[160] = "{\"owner\":\"";
    memset(owner + strlen(owner), 'a', 129);
    strcat(owner, "\"}");
    check_bad("true", "", WI_INVALID_FIELD, "relay", "an object");
    check_bad("{\"via\":1}", "", WI_UNKNOWN_FIELD, "relay.via",
        "model_hash, platforms, owner, raw, continue");
    check_bad(
        "{\"model_hash\":\"ab\"}", "", WI_INVALID_FIELD, "relay.model_hash", "64 to 64 bytes");
    check_bad(
        "{\"model_hash\":\"G0112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\"}", "",
        WI_INVALID_FIELD, "relay.model_hash", digits);
    check_bad("{\"owner\":\"\"}", "", WI_INVALID_FIELD, "relay.owner", bytes);
    check_bad(owner, "", WI_INVALID_FIELD, "relay.owner", bytes);
    check_bad("{\"owner\":7}", "", WI_INVALID_FIELD, "relay.owner", "a string");
    check_bad("{\"platforms\":\"wasm\"}", "", WI_INVALID_FIELD, "relay.platforms", "a list");
    check_bad("{\"platforms\":[]}", "", WI_INVALID_FIELD, "relay.platforms", "1 to 6 elements");
    check_bad("{\"platforms\":[\"wasm\",\"cuda\"]}", "", WI_INVALID_FIELD, "relay.platforms[1]",
        PLATFORMS);
    check_bad("{\"platforms\":[\"wasm\",\"wasm\"]}", "", WI_INVALID_FIELD, "relay.platforms[1]",
        PLATFORMS);
    check_bad("{\"platforms\":[1]}", "", WI_INVALID_FIELD, "relay.platforms[0]", PLATFORMS);
    check_bad("{\"platforms\":[\"wasm\"]}", ",\"platform\":\"wasm\"", WI_INVALID_FIELD, "platform",
        "auto");
    check_bad("{}", ",\"stream\":true,\"resumable\":true", WI_INVALID_FIELD, "resumable", "false");
}

TEST(a_bad_continuation_is_named)
{
    static const char divided[] = "text_bytes and tokens that add up to those of relay.continue, "
                                  "cut where a character ends";
    static const struct {
        const char *from;
        enum wi_code code;
        const char *field, *expected;
    } cases[] = {
        {"{}", WI_MISSING_FIELD, "relay.continue.seq", "an integer"},
        {"{\"seq\":0}", WI_INVALID_FIELD, "relay.continue.seq", "1 to 1000000000"},
        {"{\"seq\":1,\"text\":5}", WI_INVALID_FIELD, "relay.continue.text", "a string"},
        {"{\"seq\":1,\"tokens\":[1,\"a\"]}", WI_INVALID_FIELD, "relay.continue.tokens[1]",
            "an integer"},
        {"{\"seq\":1,\"tokens\":[-1]}", WI_INVALID_FIELD, "relay.continue.tokens[0]", TOKEN},
        {"{\"seq\":1,\"tokens\":[9007199254740992]}", WI_INVALID_FIELD, "relay.continue.tokens[0]",
            TOKEN},
        {"{\"seq\":1,\"tensor\":0}", WI_UNKNOWN_FIELD, "relay.continue.tensor",
            "seq, text, tokens, answers"},
        {"{\"seq\":1,\"answers\":[]}", WI_INVALID_FIELD, "relay.continue.answers",
            "1 to 64 elements"},
        {"{\"seq\":1,\"answers\":[3]}", WI_INVALID_FIELD, "relay.continue.answers[0]", "an object"},
        {"{\"seq\":1,\"answers\":[{\"text_bytes\":0}]}", WI_MISSING_FIELD,
            "relay.continue.answers[0].tokens", "an integer"},
        {"{\"seq\":1,\"text\":\"ab\",\"answers\":[{\"text_bytes\":1,\"tokens\":0}]}",
            WI_INVALID_FIELD, "relay.continue.answers", divided},
        {"{\"seq\":1,\"text\":\"ab\",\"answers\":[{\"text_bytes\":3,\"tokens\":0}]}",
            WI_INVALID_FIELD, "relay.continue.answers", divided},
        {"{\"seq\":1,\"tokens\":[1],\"answers\":[{\"text_bytes\":0,\"tokens\":0}]}",
            WI_INVALID_FIELD, "relay.continue.answers", divided},
        {"{\"seq\":1,\"text\":\"\\u00e9\",\"answers\":[{\"text_bytes\":1,\"tokens\":0},"
         "{\"text_bytes\":1,\"tokens\":0}]}",
            WI_INVALID_FIELD, "relay.continue.answers", divided},
    };
    char relay[512];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        snprintf(relay, sizeof relay, "{\"continue\":%s}", cases[i].from);
        check_bad(relay, ",\"stream\":true", cases[i].code, cases[i].field, cases[i].expected);
    }
    check_bad(
        "{\"continue\":{\"seq\":1}}", "", WI_INVALID_FIELD, "relay.continue", "\"stream\": true");
}

/* As long as a daemon keeps text and tokens of a stream, and no longer. */
TEST(a_continuation_is_bounded)
{
    size_t size = WI_PARTS_KEPT + 64;
    char *relay = malloc(size), expected[64];
    int head = snprintf(relay, size, "{\"continue\":{\"seq\":9,\"text\":\"");
    memset(relay + head, 'a', WI_PARTS_KEPT);
    strcpy(relay + head + WI_PARTS_KEPT, "\"}}");
    assert_int_equal(parse(relay, ",\"stream\":true"), WI_OK);
    wi_infer_clear(&infer);
    strcpy(relay + head + WI_PARTS_KEPT, "a\"}}");
    snprintf(expected, sizeof expected, "at most %d bytes", WI_PARTS_KEPT);
    check_bad(relay, ",\"stream\":true", WI_INVALID_FIELD, "relay.continue", expected);
    free(relay);
}
