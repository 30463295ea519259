/* What is believed of the timings in an answer, and what is not. */
#include "../test.h"

#include "pool/timings.h"
#include <jansson.h>

/* Of an answer whose result is this, after ten seconds. */
static struct wi_timings timings_of(enum wi_task_kind task, const char *result)
{
    json_t *said = json_loads(result, 0, NULL);
    struct wi_answer answer = {.ok = 1, .inference_ms = 600, .account = wi_task_account(said)};

    json_decref(said);
    return wi_timings_of(task, &answer, 10000);
}

#define USAGE(prompt, completion, cached)                                                          \
    "\"usage\":{\"prompt_tokens\":" #prompt ",\"completion_tokens\":" #completion                  \
    ",\"cached_tokens\":" #cached "}"
#define TIMINGS(prompt_n, prompt_ms, predicted_n, predicted_ms)                                    \
    "\"timings\":{\"prompt_n\":" #prompt_n ",\"prompt_ms\":" #prompt_ms                            \
    ",\"predicted_n\":" #predicted_n ",\"predicted_ms\":" #predicted_ms "}"

TEST(what_a_language_model_says_is_taken)
{
    struct wi_timings timings = timings_of(
        WI_TASK_CHAT, "{\"text\":\"x\"," USAGE(40, 25, 30) "," TIMINGS(10, 50.5, 25, 1000) "}");

    assert_true(timings.prompt_tokens == 10 && timings.prompt_ms == 50.5);
    assert_true(timings.answer_tokens == 24 && timings.answer_ms == 1000);
}

TEST(the_first_token_comes_with_the_prompt)
{
    struct wi_timings timings =
        timings_of(WI_TASK_CHAT, "{" USAGE(40, 1, 0) "," TIMINGS(40, 80, 1, 0.006) "}");

    assert_true(timings.prompt_tokens == 40 && timings.prompt_ms == 80);
    assert_true(timings.answer_tokens == 0 && timings.answer_ms == 0);
}

TEST(each_half_is_believed_by_itself)
{
    struct wi_timings timings =
        timings_of(WI_TASK_CHAT, "{" USAGE(40, 25, 40) "," TIMINGS(0, 0, 25, 1000) "}");

    assert_true(timings.prompt_tokens == 0 && timings.prompt_ms == 0);
    assert_true(timings.answer_tokens == 24);
    timings = timings_of(WI_TASK_COMPLETE, "{" USAGE(40, 25, 0) "," TIMINGS(40, 80, 25, true) "}");
    assert_true(timings.prompt_tokens == 40);
    assert_true(timings.answer_tokens == 0 && timings.answer_ms == 0);
}

TEST(what_cannot_be_is_not_believed)
{
    static const char *const results[] = {
        "{" USAGE(40, 25, 0) "," TIMINGS(
            41, 100, 26, 1000) "}", /* more than it says that it used */
        "{" USAGE(40, 25, 0) "," TIMINGS(40, 20000, 25, 20000) "}", /* longer than it was away */
        "{" USAGE(40, 25, 0) "," TIMINGS(40, 0, 25, -1) "}",
        "{" USAGE(40, 25, 0) "," TIMINGS(40, 0.0001, 25, 0.0001) "}",
        "{" USAGE(40, 25, 0) "," TIMINGS(-40, -100, 0.5, 1000) "}",
        "{" USAGE(1e300, 1e300, 0) "," TIMINGS(1e300, 1e300, 1e300, 1000) "}",
        "{" TIMINGS(40, 100, 25, 1000) "}", /* no usage */
        "{" USAGE(40, 25, 0) "}",           /* and no timings of what it made */
        "{\"usage\":[40],\"timings\":[1]}",
        "{}",
        "[]",
    };

    for (size_t i = 0; i < sizeof results / sizeof *results; i++) {
        struct wi_timings timings = timings_of(WI_TASK_CHAT, results[i]);
        assert_true(timings.prompt_tokens == 0 && timings.prompt_ms == 0);
        assert_true(timings.answer_tokens == 0 && timings.answer_ms == 0);
    }
    const struct wi_answer none = {.ok = 1, .inference_ms = 600};
    assert_true(wi_timings_of(WI_TASK_EMBED, &none, 10000).prompt_tokens == 0);
}

TEST(what_makes_no_text_has_read_all_the_time)
{
    struct wi_timings timings = timings_of(WI_TASK_EMBED, "{" USAGE(40, 0, 10) "}");

    assert_true(timings.prompt_tokens == 30 && timings.prompt_ms == 600);
    assert_true(timings.answer_tokens == 0);
    timings = timings_of(WI_TASK_RERANK, "{" USAGE(40, 0, 0) "," TIMINGS(20, 50, 0, 0) "}");
    assert_true(timings.prompt_tokens == 20 && timings.prompt_ms == 50);
}
