/* When answers to a task are the same: each rule from both sides. */
#include "../test.h"

#include "base/memory.h"
#include "model/compare.h"
#include <string.h>

static struct wi_comparison compare_so(
    enum wi_task_kind task, const char *reference, const char *got, int loose)
{
    struct wi_tensors none = {0};
    json_t *a = json_loads(reference, 0, NULL), *b = json_loads(got, 0, NULL);
    const struct wi_compared wanted = {a, &none}, had = {b, &none};
    struct wi_comparison out;
    assert_non_null(a);
    assert_non_null(b);
    wi_compare_answers(task, &wanted, &had, wi_tolerance_of(loose ? "q8" : "fp32"), &out);
    json_decref(a);
    json_decref(b);
    assert_false(out.same && out.open);
    return out;
}

static struct wi_comparison compare(enum wi_task_kind task, const char *reference, const char *got)
{
    return compare_so(task, reference, got, 0);
}

#define SAME(task, a, b) assert_true(compare(task, a, b).same)
#define OPEN(task, a, b) assert_true(compare(task, a, b).open)
static void differs(enum wi_task_kind task, const char *a, const char *b, const char *detail)
{
    struct wi_comparison out = compare(task, a, b);
    assert_false(out.same || out.open);
    assert_true(out.ratio > 1);
    if (!strstr(out.detail, detail))
        fail_msg("\"%s\" does not say \"%s\"", out.detail, detail);
}

#define TOP(label, p) "{\"label\":\"" label "\",\"index\":1,\"probability\":" p "}"
#define LABELS(one, other) "{\"labels\":[" one "," other "]}"

TEST(probabilities_may_differ_a_little)
{
    const char *wasm = LABELS(TOP("a", "0.8"), TOP("b", "0.2"));
    SAME(WI_TASK_TEXT_CLASSIFICATION, wasm, LABELS(TOP("a", "0.84"), TOP("b", "0.19")));
    differs(WI_TASK_TEXT_CLASSIFICATION, wasm, LABELS(TOP("a", "0.85"), TOP("b", "0.2")),
        "labels[0].probability: 0.85 where WASM gives 0.8");
    assert_true(
        compare_so(WI_TASK_TEXT_CLASSIFICATION, wasm, LABELS(TOP("a", "0.85"), TOP("b", "0.2")), 1)
            .same);
}

/* Where all are improbable an error of one is not lost among them. */
TEST(small_probabilities_are_held_against_each_other)
{
    const char *wasm = LABELS(TOP("a", "0.002"), TOP("b", "0.001"));
    differs(WI_TASK_IMAGE_CLASSIFICATION, wasm, LABELS(TOP("b", "0.001"), TOP("c", "0.001")),
        "labels[0] is there by WASM alone");
}

TEST(ties_may_change_their_order)
{
    const char *wasm = LABELS(TOP("a", "0.8"), TOP("b", "0.1"));
    SAME(WI_TASK_IMAGE_CLASSIFICATION, LABELS(TOP("a", "0.5"), TOP("b", "0.49")),
        LABELS(TOP("b", "0.5"), TOP("a", "0.49")));
    SAME(WI_TASK_IMAGE_CLASSIFICATION, wasm, LABELS(TOP("a", "0.8"), TOP("c", "0.101")));
    differs(WI_TASK_IMAGE_CLASSIFICATION, wasm, LABELS(TOP("a", "0.8"), TOP("c", "0.2")),
        "labels[1] is there");
    differs(WI_TASK_IMAGE_CLASSIFICATION, LABELS(TOP("a", "0.5"), TOP("b", "0.49")),
        LABELS(TOP("c", "0.5"), TOP("d", "0.49")), "labels[0] is there by WASM alone, with 0.5");
}

#define WORD(label, score, start)                                                                  \
    "{\"entities\":[{\"entity\":\"" label "\",\"score\":" score ",\"start\":" start "}]}"

/* Members that neither has are equal. */
TEST(a_word_has_the_same_label_but_for_ties)
{
    const char *wasm = WORD("PER", "0.9", "3");
    SAME(WI_TASK_TOKEN_CLASSIFICATION, wasm, WORD("PER", "0.91", "3"));
    differs(WI_TASK_TOKEN_CLASSIFICATION, wasm, WORD("LOC", "0.9", "3"), "entities[0]");
    differs(WI_TASK_TOKEN_CLASSIFICATION, wasm, WORD("PER", "0.9", "4"), "entities[0]");
    SAME(WI_TASK_TOKEN_CLASSIFICATION, WORD("PER", "0.5", "3"), WORD("LOC", "0.5", "3"));
}

#define BOX(label, score, left)                                                                    \
    "{\"boxes\":[{\"label\":\"" label "\",\"score\":" score ",\"box\":{\"xmin\":" left             \
    ",\"ymin\":0,\"xmax\":40,\"ymax\":50}}]}"

TEST(boxes_are_where_they_were)
{
    const char *wasm = BOX("cat", "0.9", "10");
    SAME(WI_TASK_OBJECT_DETECTION, wasm, BOX("cat", "0.88", "12"));
    differs(WI_TASK_OBJECT_DETECTION, wasm, BOX("cat", "0.9", "13"), "boxes[0]");
    differs(WI_TASK_OBJECT_DETECTION, wasm, BOX("dog", "0.9", "10"), "boxes[0]");
    differs(WI_TASK_OBJECT_DETECTION, wasm, "{\"boxes\":[]}", "boxes[0] is there by WASM alone");
    SAME(WI_TASK_OBJECT_DETECTION, BOX("cat", "0.051", "10"), "{\"boxes\":[]}");
    SAME(WI_TASK_OBJECT_DETECTION, BOX("cat", "0.3", "10"), BOX("dog", "0.3", "10"));
}

TEST(nothing_to_compare_leaves_it_open)
{
    char *many = strdup("{\"labels\":[");
    for (int i = 0; i < 300; i++) {
        char *more = wi_sprintf("%s%s%s", many, i ? "," : "", TOP("a", "0.1"));
        free(many);
        many = more;
    }
    char *all = wi_sprintf("%s]}", many);
    OPEN(WI_TASK_OBJECT_DETECTION, "{\"boxes\":[]}", "{\"boxes\":[]}");
    OPEN(WI_TASK_IMAGE_CLASSIFICATION, all, all);
    OPEN(WI_TASK_COMPLETE, "{\"text\":\"\"}", "{\"text\":\"\"}");
    OPEN(WI_TASK_RERANK, "{\"scores\":[]}", "{\"scores\":[]}");
    free(many);
    free(all);
}

TEST(other_scores)
{
    SAME(WI_TASK_RERANK, "{\"scores\":[7.5,-3]}", "{\"scores\":[7.6,-3.05]}");
    differs(WI_TASK_RERANK, "{\"scores\":[7.5,-3]}", "{\"scores\":[-3,7.5]}", "scores at 1");
    SAME(WI_TASK_FILL_MASK, "{\"fills\":[{\"token\":5,\"probability\":0.4}]}",
        "{\"fills\":[{\"token\":5,\"probability\":0.41}]}");
    differs(WI_TASK_QUESTION_ANSWERING,
        "{\"answers\":[{\"answer\":\"x\",\"start\":1,\"end\":2,\"score\":0.9}]}",
        "{\"answers\":[{\"answer\":\"y\",\"start\":3,\"end\":4,\"score\":0.4}]}", "answers[0]");
}

TEST(text_without_more_is_equal)
{
    const char *a = "{\"text\":\"hello\"}", *b = "{\"text\":\"hallo\"}";
    SAME(WI_TASK_SPEECH_RECOGNITION, a, a);
    differs(WI_TASK_SPEECH_RECOGNITION, a, b, "the text differs");
    differs(WI_TASK_COMPLETE, a, b, "the text differs");
    assert_true(compare_so(WI_TASK_SPEECH_RECOGNITION, a, b, 1).open);
}

/* A token 1 or 2, with the log-probabilities of both. */
#define SAYS(id, one, two)                                                                         \
    "{\"id\":" id ",\"logprob\":" one ",\"top_logprobs\":[{\"id\":1,\"logprob\":" one              \
    "},{\"id\":2,\"logprob\":" two "}]}"
#define TEXT(places) "{\"text\":\"t\",\"logprobs\":[" places "]}"

TEST(text_is_compared_by_its_probabilities)
{
    const char *wasm = TEXT(SAYS("1", "-0.5", "-1"));
    SAME(WI_TASK_COMPLETE, wasm, TEXT(SAYS("1", "-0.54", "-1.05")));
    differs(WI_TASK_COMPLETE, wasm, TEXT(SAYS("1", "-0.6", "-1")), "logprobs[0]");
    differs(WI_TASK_COMPLETE, wasm, TEXT(SAYS("1", "-0.5", "-1.2")), "logprobs[0]");
    assert_true(compare_so(WI_TASK_COMPLETE, wasm, TEXT(SAYS("1", "-0.6", "-1.2")), 1).same);
}

TEST(what_is_not_among_the_likeliest_is_less_likely)
{
    const char *wasm = "{\"logprobs\":[{\"id\":1,\"logprob\":-0.1,\"top_logprobs\":"
                       "[{\"id\":1,\"logprob\":-0.1},{\"id\":2,\"logprob\":-3}]}]}";
    SAME(WI_TASK_COMPLETE, wasm,
        "{\"logprobs\":[{\"id\":1,\"logprob\":-0.1,\"top_logprobs\":"
        "[{\"id\":1,\"logprob\":-0.1},{\"id\":7,\"logprob\":-3.01}]}]}");
    differs(WI_TASK_COMPLETE, wasm,
        "{\"logprobs\":[{\"id\":1,\"logprob\":-0.1,\"top_logprobs\":"
        "[{\"id\":1,\"logprob\":-0.1},{\"id\":7,\"logprob\":-2.5}]}]}",
        "logprobs[0]");
}

/* A token 1 with so many alternatives, of which the last has that log-probability. */
static char *says_many(int count, double last)
{
    char *text = strdup("{\"logprobs\":[{\"id\":1,\"logprob\":-0.1,\"top_logprobs\":[");
    for (int i = 1; i <= count; i++) {
        char *more = wi_sprintf("%s%s{\"id\":%d,\"logprob\":%g}", text, i > 1 ? "," : "", i,
            i == 1      ? -0.1
            : i < count ? -5.0
                        : last);
        free(text);
        text = more;
    }
    char *all = wi_sprintf("%s]}]}", text);
    free(text);
    return all;
}

/* A page that sends more than it is asked for does not make more work. */
TEST(alternatives_are_looked_at_to_a_limit)
{
    char *few = says_many(20, -5), *other_few = says_many(20, -1);
    char *many = says_many(200, -5), *other_many = says_many(200, -1);
    differs(WI_TASK_COMPLETE, few, other_few, "logprobs[0]");
    SAME(WI_TASK_COMPLETE, many, other_many);
    free(few);
    free(other_few);
    free(many);
    free(other_many);
}

/* What comes after two tokens that were as likely as each other is another text. */
TEST(texts_may_part_at_a_tie)
{
    const char *wasm = TEXT(SAYS("1", "-0.7", "-0.71") "," SAYS("1", "-0.1", "-3"));
    const char *tied = "{\"logprobs\":[{\"id\":2,\"logprob\":-0.69,\"top_logprobs\":"
                       "[{\"id\":2,\"logprob\":-0.69},{\"id\":1,\"logprob\":-0.72}]},"
                       "{\"id\":9,\"logprob\":-2,\"top_logprobs\":[]}]}";
    SAME(WI_TASK_COMPLETE, wasm, tied);
    differs(WI_TASK_COMPLETE, TEXT(SAYS("1", "-0.3", "-1.5")),
        "{\"logprobs\":[{\"id\":2,\"logprob\":-1.5,\"top_logprobs\":"
        "[{\"id\":2,\"logprob\":-1.5},{\"id\":1,\"logprob\":-0.3}]}]}",
        "the texts part at token 0");
}

TEST(a_text_may_end_earlier_at_a_tie)
{
    const char *tie = TEXT(SAYS("1", "-0.1", "-3") "," SAYS("1", "-0.7", "-0.7"));
    const char *sure = TEXT(SAYS("1", "-0.1", "-3") "," SAYS("1", "-0.1", "-3"));
    const char *ended = TEXT(SAYS("1", "-0.1", "-3"));
    SAME(WI_TASK_COMPLETE, tie, ended);
    SAME(WI_TASK_COMPLETE, ended, tie);
    differs(WI_TASK_COMPLETE, sure, ended, "one text ends before token 1");
}

static void add(struct wi_tensors *list, const char *name, enum wi_datatype type, const void *bytes,
    size_t size, int64_t count)
{
    struct wi_tensor *tensor = wi_tensors_add(list);
    tensor->name = wi_strdup(name);
    tensor->datatype = type;
    tensor->rank = 1;
    tensor->dims[0] = count;
    tensor->blob = wi_blob_new(NULL, size);
    wi_blob_append(tensor->blob, bytes, size);
    tensor->size = size;
}

TEST(vectors_are_compared_as_tensors)
{
    const float one[] = {1, 0.5f}, other[] = {1, 0.55f};
    struct wi_tensors a = {0}, b = {0};
    const struct wi_compared wanted = {NULL, &a}, had = {NULL, &b};
    struct wi_comparison out;
    add(&a, "embeddings", WI_FP32, one, sizeof one, 2);
    add(&b, "embeddings", WI_FP32, other, sizeof other, 2);
    wi_compare_answers(WI_TASK_EMBED, &wanted, &wanted, wi_tolerance_of("fp32"), &out);
    assert_true(out.same);
    wi_compare_answers(WI_TASK_EMBED, &wanted, &had, wi_tolerance_of("fp32"), &out);
    assert_false(out.same || out.open);
    wi_compare_answers(WI_TASK_EMBED, &wanted, &had, wi_tolerance_of("q8"), &out);
    assert_true(out.same);
    wi_tensors_clear(&a);
    wi_tensors_clear(&b);
}

TEST(what_a_precision_allows)
{
    static const char *const names[] = {"fp32", "fp16", "q8", "q4"};
    for (size_t i = 0; i < 4; i++)
        assert_string_equal(wi_tolerance_of(names[i])->precision, names[i]);
    assert_ptr_equal(wi_tolerance_of("F32"), wi_tolerance_of("fp32"));
    assert_ptr_equal(wi_tolerance_of("BF16"), wi_tolerance_of("fp16"));
    assert_ptr_equal(wi_tolerance_of("Q4_K_M"), wi_tolerance_of(NULL));
    assert_ptr_equal(wi_tolerance_of("bf16"), wi_tolerance_of("fp16"));
    assert_true(wi_tolerance_of(NULL)->loose);
    assert_ptr_equal(wi_tolerance_of_graph("fp16"), wi_tolerance_of("fp16"));
    assert_ptr_equal(wi_tolerance_of_graph("float64"), wi_tolerance_of("fp32"));
    assert_ptr_equal(wi_tolerance_of_graph(""), wi_tolerance_of("fp32"));
}
