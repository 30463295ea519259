/* Reading the timings of an answer; see timings.h. */
#include "pool/timings.h"

/* Milliseconds for a token: what is outside is no measurement. */
#define TOKEN_MS_MIN 1e-3
#define TOKEN_MS_MAX 1e6
/* How much longer than by our clock it may have taken by the page's, which can be coarse. */
#define CLOCK_SLACK_MS 200.0

/* Whether so many tokens, of `most` that the usage allows, may have taken so long. */
static int is_credible(double tokens, double most, double ms, double took_ms)
{
    return tokens >= 1 && tokens <= most && ms <= took_ms + CLOCK_SLACK_MS &&
           ms >= tokens * TOKEN_MS_MIN && ms <= tokens * TOKEN_MS_MAX;
}

struct wi_timings wi_timings_of(
    enum wi_task_kind task, const struct wi_answer *answer, double took_ms)
{
    struct wi_text_account said = answer->account;
    struct wi_timings timings = {0};

    if (!said.timed && !wi_task_generates(task)) {
        said.read = said.prompt - said.cached;
        said.read_ms = answer->inference_ms;
    }
    if (is_credible(said.read, said.prompt, said.read_ms, took_ms)) {
        timings.prompt_tokens = said.read;
        timings.prompt_ms = said.read_ms;
    }
    if (is_credible(said.made, said.generated - 1, said.made_ms, took_ms)) {
        timings.answer_tokens = said.made;
        timings.answer_ms = said.made_ms;
    }
    return timings;
}
