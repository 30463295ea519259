/*
 * Errors of the own daemon as errors of a node. The code stays what it is; what matters is whether
 * another node is asked. An error of the client is final, and so is a task that breaks what runs
 * it. What is about the own daemon, its load, its models and its tokens, says nothing of the task.
 */
#include "uplink/uplink.h"

#include "base/json_read.h"
#include "base/text.h"
#include <string.h>

#define CODE_MAX 64

/* Codes that a status alone would say wrongly. The borrowing daemon, whose deadline it is, asks
 * another node after deadline_exceeded if the deadline has not passed (wi_claim_of_relay). */
static const struct {
    const char *code;
    int retryable;
} exceptions[] = {
    {"inference_failed", 0}, /* else it would have been tried there again */
    {"not_implemented", 0}, {"deadline_exceeded", 0}, {"stream_diverged", 0},
    {"answer_too_large", 0},
    {"body_too_large", 1}, /* the limit is that daemon's, and a request has more than its task */
};

static int status_is_retryable(int status)
{
    return status == 401 || status == 403 || status == 404 || status == 408 || status == 409 ||
           status == 410 || status == 429 || status >= 500 || status < 400;
}

static int failure_is_retryable(const char *code, int status, const json_t *problem)
{
    if (json_is_true(json_object_get(problem, "poisoned")))
        return 0;
    for (size_t i = 0; i < sizeof exceptions / sizeof *exceptions; i++)
        if (strcmp(exceptions[i].code, code) == 0)
            return exceptions[i].retryable;
    return status_is_retryable(status);
}

static int code_is_ok(const char *code)
{
    size_t length = code ? strlen(code) : 0;
    return length > 0 && length <= CODE_MAX &&
           strspn(code, "abcdefghijklmnopqrstuvwxyz0123456789_") == length;
}

void wi_uplink_fail(struct wi_worker_task *task, const char *code, int retryable, const char *why)
{
    struct wi_worker_answer answer = {.retryable = retryable, .code = code};
    wi_error_set(&answer.failure, WI_INFERENCE_FAILED, NULL, "%.400s", why);
    wi_worker_answer(task, &answer);
}

static const char *word_of(const json_t *problem, const char *name)
{
    return json_string_value(json_object_get(problem, name));
}

/* A request has its client's inputs and options under the names that the client gave them. */
static void fail_as(
    struct wi_worker_task *task, const char *code, int retryable, const json_t *problem)
{
    const char *detail = word_of(problem, "detail"), *expected = word_of(problem, "expected");
    struct wi_worker_answer answer = {.retryable = retryable, .code = code};
    wi_error_set(&answer.failure, WI_INFERENCE_FAILED, word_of(problem, "field"), "%.400s",
        detail ? detail : "the lending daemon gave no reason");
    if (expected)
        wi_error_expect(&answer.failure, "%s", expected);
    wi_worker_answer(task, &answer);
}

int wi_uplink_has_no_node(int status, const char *text, size_t size)
{
    if (status != 503)
        return 0;
    json_t *problem = wi_json_read(text, size, 0, NULL);
    const char *code = word_of(problem, "code");
    int has_none = code && strcmp(code, "unavailable") == 0;
    json_decref(problem);
    return has_none;
}

void wi_uplink_fail_by(struct wi_worker_task *task, int status, const char *text, size_t size)
{
    json_t *problem = wi_json_read(text, size, 0, NULL);
    const char *code = word_of(problem, "code");
    const json_t *said = json_object_get(problem, "status"); /* of an event, the only one */
    if (json_is_integer(said))
        status = (int)json_integer_value(said);
    if (code_is_ok(code))
        fail_as(task, code, failure_is_retryable(code, status, problem), problem);
    else
        wi_uplink_fail(task, "unavailable", 1, "the lending daemon gave an answer without a code");
    json_decref(problem);
}
