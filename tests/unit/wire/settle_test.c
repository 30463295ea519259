/* What becomes of a checked request: text that is drawn at random is drawn from a known
 * seed, and how much there will be is foreseen. */
#include "../asked.h"
#include "../test.h"

#include "wire/infer.h"

static struct wi_model model = {.name = "tiny",
    .engine = WI_ENGINE_LLAMA,
    .format = WI_FORMAT_GGUF,
    .type = WI_TYPE_TEXT_GENERATION,
    ._references = 1};

static json_t *seed_of(json_t *options)
{
    struct wi_infer infer = {
        .form = WI_FORM_STRING, .asked = ASKED(.input = json_string("hello"), .options = options)};
    const struct wi_inference *asked = wi_infer_settle(&infer, &model);
    assert_int_equal(asked->task, WI_TASK_COMPLETE);
    json_t *seed = json_incref(json_object_get(asked->options, "seed"));
    wi_infer_clear(&infer);
    return seed;
}

TEST(what_is_drawn_has_a_seed)
{
    json_t *one = seed_of(NULL), *other = seed_of(json_pack("{s:f}", "temperature", 0.7)),
           *given = seed_of(json_pack("{s:i}", "seed", 5));
    assert_true(json_is_integer(one) && json_integer_value(one) >= 0);
    assert_true(json_is_integer(other));
    assert_int_not_equal(json_integer_value(one), json_integer_value(other));
    assert_int_equal(json_integer_value(given), 5);
    assert_null(seed_of(json_pack("{s:i}", "temperature", 0))); /* nothing is drawn */
    json_decref(one);
    json_decref(other);
    json_decref(given);
}

/* Of a request to a language model with 26 bytes of text in this form, and these options. */
static void expect_tokens(enum wi_form form, enum wi_task_kind task, const char *options,
    double prompt_tokens, double answer_tokens)
{
    struct wi_infer infer = {.form = form,
        .asked = ASKED(.task = task, .text_bytes = 26,
            .input = json_string("four and twenty blackbirds"),
            .options = options ? json_loads(options, 0, NULL) : NULL)};
    const struct wi_inference *asked = wi_infer_settle(&infer, &model);
    assert_true(asked->prompt_tokens == prompt_tokens);
    assert_true(asked->answer_tokens == answer_tokens);
    wi_infer_clear(&infer);
}

TEST(a_prompt_has_a_token_for_each_four_bytes)
{
    expect_tokens(WI_FORM_STRING, WI_TASK_NONE, NULL, 1 + 26 / 4.0, WI_USUAL_ANSWER_TOKENS);
    expect_tokens(WI_FORM_MESSAGES, WI_TASK_NONE, "{\"max_tokens\":7}", 1 + 26 / 4.0, 7);
}

TEST(a_limit_is_no_promise)
{
    expect_tokens(WI_FORM_MESSAGES, WI_TASK_NONE, "{\"max_tokens\":9999999}", 1 + 26 / 4.0, 1024);
}

TEST(what_makes_no_text_only_reads)
{
    expect_tokens(WI_FORM_STRING, WI_TASK_EMBED, NULL, 1 + 26 / 4.0, 0);
    expect_tokens(WI_FORM_STRING, WI_TASK_TOKENIZE, NULL, 1, 0); /* and hardly that */
}

TEST(what_has_no_text_has_no_tokens)
{
    expect_tokens(WI_FORM_NONE, WI_TASK_NONE, "{\"max_tokens\":7}", 0, 0);
}

static int is_private(enum wi_task_kind task, enum wi_form form, size_t text_bytes)
{
    static struct wi_model seeing = {.name = "seeing",
        .engine = WI_ENGINE_PIPELINE,
        .format = WI_FORMAT_HUGGINGFACE,
        .type = WI_TYPE_MULTIMODAL,
        ._references = 1};
    struct wi_infer infer = {.form = form,
        .asked = ASKED(.task = task, .text_bytes = text_bytes, .input = json_object())};
    int result = wi_infer_settle(&infer, &seeing)->is_private;
    wi_infer_clear(&infer);
    return result;
}

TEST(a_picture_with_words_is_private)
{
    assert_false(is_private(WI_TASK_IMAGE_TO_TEXT, WI_FORM_PICTURE, 0));
    assert_true(is_private(WI_TASK_IMAGE_TO_TEXT, WI_FORM_PICTURE_PROMPT, 5));
    assert_true(is_private(WI_TASK_VISUAL_QUESTION, WI_FORM_PICTURE_QUESTION, 5));
    assert_true(is_private(WI_TASK_SPEECH_RECOGNITION, WI_FORM_SOUND, 0));
    assert_false(is_private(WI_TASK_NONE, WI_FORM_NONE, 0));
}

static size_t length_of_set(enum wi_engine engine, enum wi_builtin builtin)
{
    struct wi_model graph = {
        .name = "graph", .engine = engine, .builtin = builtin, ._references = 1};
    struct wi_infer infer = {.asked = ASKED(.task = WI_TASK_NONE)};
    size_t length = strlen(wi_infer_settle(&infer, &graph)->set);
    wi_infer_clear(&infer);
    return length;
}

TEST(inputs_from_which_nothing_is_computed_are_in_no_set)
{
    assert_int_equal(length_of_set(WI_ENGINE_ORT, WI_BUILTIN_NONE), WI_INPUT_SET_SIZE - 1);
    assert_int_equal(length_of_set(WI_ENGINE_BUILTIN, WI_BUILTIN_ECHO), 0);
}
