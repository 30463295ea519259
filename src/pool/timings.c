/* Reading the timings of an answer; see timings.h. */
#include "pool/timings.h"

/* More tokens than any context has. */
#define TOKENS_MAX 1e7
/* Milliseconds for a token: what is outside is no measurement. */
#define TOKEN_MS_MIN 1e-3
#define TOKEN_MS_MAX 1e6
/* How much longer than by our clock it may have taken by the page's, which can be coarse. */
#define CLOCK_SLACK_MS 200.0

static double number(const json_t *object, const char *name)
{
    return json_number_value(json_object_get(object, name));
}

/* Whether so many tokens, of `most` that the usage allows, may have taken so long. */
static int is_credible(double tokens, double most, double ms, double took_ms)
{
    return tokens >= 1 && tokens <= most && most <= TOKENS_MAX && ms <= took_ms + CLOCK_SLACK_MS &&
           ms >= tokens * TOKEN_MS_MIN && ms <= tokens * TOKEN_MS_MAX;
}

struct wi_timings wi_timings_of(
    enum wi_text_task task, const struct wi_answer *answer, double took_ms)
{
    const json_t *usage = json_object_get(answer->result, "usage");
    const json_t *said = json_object_get(answer->result, "timings");
    double prompt = number(said, "prompt_n"), prompt_ms = number(said, "prompt_ms");
    double made = number(said, "predicted_n"), made_ms = number(said, "predicted_ms");
    struct wi_timings timings = {0};

    if (!said && !wi_text_task_generates(task)) {
        prompt = number(usage, "prompt_tokens") - number(usage, "cached_tokens");
        prompt_ms = answer->inference_ms;
    }
    if (is_credible(prompt, number(usage, "prompt_tokens"), prompt_ms, took_ms)) {
        timings.prompt_tokens = prompt;
        timings.prompt_ms = prompt_ms;
    }
    if (is_credible(made, number(usage, "completion_tokens"), made_ms, took_ms)) {
        timings.answer_tokens = made;
        timings.answer_ms = made_ms;
    }
    return timings;
}
