/* Reading of task_response; see response.h. The checks are in answer_check.c. */
#include "nodes/bridge/response.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/params.h"
#include "base/text.h"
#include "nodes/bridge/node.h"
#include "nodes/bridge/outgoing.h"
#include <string.h>

/* Models whose outputs were seen with another shape than theirs; each is logged once. */
#define MAX_ODD_MODELS 256

struct response {
    int ok, retryable, in_pieces;
    int64_t parts;
    json_t *executed_on, *performance, *error, *result;
};

static const struct wi_param response_table[] = {
    WI_PARAM(response, ok, BOOL, .required = 1),
    WI_PARAM(response, retryable, BOOL),
    WI_PARAM(response, in_pieces, BOOL),
    WI_PARAM(response, parts, INTEGER, .max = WI_PART_NUMBER_MAX),
    WI_PARAM(response, executed_on, OBJECT),
    WI_PARAM(response, performance, OBJECT),
    WI_PARAM(response, error, OBJECT),
    WI_PARAM(response, result, ANY),
    WI_PARAM_END,
};

static const struct wi_param performance_table[] = {
    WI_PARAM(wi_answer, load_ms, NUMBER, .max = 1e12),
    WI_PARAM(wi_answer, inference_ms, NUMBER, .max = 1e12),
    WI_PARAM(wi_answer, waited_for_client_ms, NUMBER, .max = 1e12),
    WI_PARAM(wi_answer, gpu_ms, NUMBER, .max = 1e12),
    WI_PARAM(wi_answer, warm, BOOL),
    WI_PARAM_END,
};

struct failure {
    const char *code, *message, *field, *expected;
    json_t *errors;
};

static const struct wi_param failure_table[] = {
    WI_PARAM(failure, code, STRING, .required = 1, .min = 1, .max = 64),
    WI_PARAM(failure, message, STRING, .required = 1),
    WI_PARAM(failure, field, STRING),
    WI_PARAM(failure, expected, STRING),
    WI_PARAM(failure, errors, ARRAY, .max = WI_SOURCE_ERRORS_MAX),
    WI_PARAM_END,
};

struct source_error {
    int64_t line, column;
    const char *message;
};

static const struct wi_param source_error_table[] = {
    WI_PARAM(source_error, line, INTEGER, .required = 1, .min = 1, .max = UINT32_MAX),
    WI_PARAM(source_error, column, INTEGER, .required = 1, .min = 1, .max = UINT32_MAX),
    WI_PARAM(source_error, message, STRING, .required = 1),
    WI_PARAM_END,
};

static enum wi_code read_source_errors(
    const json_t *list, struct wi_error *out, struct wi_error *error)
{
    char where[48], message[sizeof out->source.rows->message];
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *row = json_array_get(list, i);
        struct source_error read = {0};
        snprintf(where, sizeof where, "data.error.errors[%zu].", i);
        if (wi_params_read(source_error_table, row, WI_PARAMS_OPEN, where, &read, error) != WI_OK)
            return error->code;
        wi_text_printable(message, sizeof message, read.message);
        wi_error_add_source(out, (unsigned)read.line, (unsigned)read.column, message);
    }
    return WI_OK;
}

static struct wi_claim claim_of(
    const struct wi_node *node, const struct wi_attempt *attempt, const char *code)
{
    return (*node->info.relay ? wi_claim_of_relay : wi_claim_of)(&attempt->sent, code, wi_now_ms());
}

static enum wi_code read_failure(const struct wi_node *node, const struct wi_attempt *attempt,
    const struct response *response, struct wi_answer *answer, struct wi_error *error)
{
    struct failure failure = {0};
    char code[65], message[400];
    if (!response->error)
        return wi_error_set(error, WI_MISSING_FIELD, "data.error", "data.error is missing");
    if (wi_params_read(failure_table, response->error, WI_PARAMS_OPEN, "data.error.", &failure,
            error) != WI_OK)
        return error->code;
    struct wi_claim claim = claim_of(node, attempt, failure.code);
    int has_begun = attempt->in || attempt->stream.next > attempt->stream.first;
    if (claim.code == WI_NODE_PAUSED && has_begun)
        return wi_error_set(error, WI_INFERENCE_FAILED, "data.error.code",
            "node_paused is only for a task that was not begun, but part of its answer has come");
    wi_text_printable(code, sizeof code, failure.code);
    wi_text_printable(message, sizeof message, failure.message);
    if (!claim.known)
        wi_error_set(&answer->error, claim.code, NULL,
            "the node failed with \"%s\", which a node may not report: %s", code, message);
    else if (claim.is_ours)
        wi_error_set(&answer->error, claim.code, NULL, "%s", message);
    else
        wi_error_set(&answer->error, claim.code, NULL, "%s: %s", code, message);
    if (claim.retryable)
        answer->retryable = 1;
    answer->error.poisoned = claim.code == WI_ATTEMPTS_EXHAUSTED && !answer->retryable;
    answer->broke = claim.broke;
    answer->hung = claim.hung;
    answer->starved = claim.starved;
    wi_text_printable(answer->error.field, sizeof answer->error.field, failure.field);
    wi_text_printable(answer->error.expected, sizeof answer->error.expected, failure.expected);
    return claim.code == WI_KERNEL_INVALID
               ? read_source_errors(failure.errors, &answer->error, error)
               : WI_OK;
}

/* Nothing simulated goes out unmarked: what a simulated node says is marked whatever it says, and
 * another node that simulates has failed. */
static enum wi_code check_simulated(
    const struct wi_node *node, json_t *executed_on, struct wi_error *error)
{
    if (node->info.platforms[WI_SIMULATED].available) {
        json_object_set_new(executed_on, "simulated", json_true());
        json_object_set_new(executed_on, "platform", json_string(wi_platform_names[WI_SIMULATED]));
        return WI_OK;
    }
    if (!json_is_true(json_object_get(executed_on, "simulated")))
        return WI_OK;
    return wi_error_set(error, WI_INFERENCE_FAILED, "data.executed_on.simulated",
        "the node simulated an answer instead of computing it");
}

/* The daemon behind a relay is named by its announcement alone. */
static void name_via(const struct wi_node *node, json_t *executed_on)
{
    json_object_del(executed_on, "via");
    if (*node->info.relay)
        json_object_set_new(executed_on, "via", json_string(node->info.relay));
}

/* From this message, or from those before it. */
static enum wi_code take_outputs(struct wi_attempt *attempt, struct wi_frame *frame, int in_pieces,
    struct wi_tensors *outputs, struct wi_error *error)
{
    if (!in_pieces) {
        wi_tensors_move(outputs, &frame->tensors);
        return WI_OK;
    }
    if (!attempt->in || frame->tensors.count)
        return wi_error_set(error, WI_BAD_FRAMING, "data.in_pieces",
            "data.in_pieces needs a task_outline before it, and no tensors in the same message");
    return wi_pieces_in_take(attempt->in, outputs, error);
}

static enum wi_code answer_read(struct wi_node *node, struct wi_attempt *attempt,
    struct wi_frame *frame, struct wi_answer *answer, struct wi_error *error)
{
    struct response response = {.parts = -1};
    enum wi_code code =
        wi_params_read(response_table, frame->data, WI_PARAMS_OPEN, "data.", &response, error);
    if (code == WI_OK && response.performance)
        code = wi_params_read(performance_table, response.performance, WI_PARAMS_OPEN,
            "data.performance.", answer, error);
    if (code != WI_OK)
        return code;
    answer->ok = response.ok;
    answer->retryable = response.retryable;
    answer->executed_on = response.executed_on;
    answer->result = response.result;
    if (!response.ok)
        return read_failure(node, attempt, &response, answer, error);
    if (!response.executed_on)
        return wi_error_set(
            error, WI_MISSING_FIELD, "data.executed_on", "data.executed_on is missing");
    name_via(node, response.executed_on);
    if (take_outputs(attempt, frame, response.in_pieces, &answer->outputs, error) != WI_OK ||
        check_simulated(node, response.executed_on, error) != WI_OK)
        return error->code;
    return wi_stream_check_end(&attempt->stream, response.parts, error);
}

/* An engine only warns where a model's output is not of the shape that its file says, so from a
 * browser of ours that is news about the model; from a stranger it is a wrong answer. */
static enum wi_code judge_shape(
    struct wi_node *node, const struct wi_sent *sent, const char *odd, struct wi_error *error)
{
    struct wi_strings *known = &node->bridge->odd_models;
    if (!*node->info.session)
        return wi_error_set(error, WI_INFERENCE_FAILED, "data.tensors",
            "output %.128s has a different shape than in the model", odd);
    if (known->count >= MAX_ODD_MODELS || wi_strings_contain(known, sent->asked->model->hash))
        return WI_OK;
    wi_strings_add(known, sent->asked->model->hash);
    wi_warn("bridge", sent->asked->model->name,
        "its output %.128s has a different shape than in the model file; answers pass", odd);
    return WI_OK;
}

static enum wi_code answer_check(struct wi_node *node, const struct wi_sent *sent,
    const struct wi_answer *answer, struct wi_error *error)
{
    const char *odd = NULL;
    enum wi_code code = wi_answer_check(sent, answer, &odd, error);
    return code == WI_OK && odd ? judge_shape(node, sent, odd, error) : code;
}

enum wi_code wi_response_check_outline(struct wi_node *node, const struct wi_sent *sent,
    const struct wi_tensors *outline, struct wi_error *error)
{
    const char *odd = NULL;
    enum wi_code code = wi_answer_check_outputs(sent, outline, &odd, error);
    return code == WI_OK && odd ? judge_shape(node, sent, odd, error) : code;
}

/* Whatever the node says, the attempt has failed, and another node may do better. */
static void answer_disbelieve(
    struct wi_node *node, const struct wi_error *problem, struct wi_error *error)
{
    struct wi_bridge *bridge = node->bridge;
    bridge->counters.bad_answers++;
    wi_log_limited(&bridge->bad_answers, WI_LOG_WARN, "bridge", node->info.id,
        "an answer from this node is not used: %s", problem->detail);
    wi_error_set(error, WI_INFERENCE_FAILED, NULL,
        "the answer of node %s " WI_BRIDGE_UNUSABLE ": %s", node->info.id, problem->detail);
}

enum wi_code wi_response_too_large(
    const struct wi_bridge *bridge, size_t bytes, struct wi_error *error)
{
    wi_error_set(error, WI_ANSWER_TOO_LARGE, NULL,
        "the answer has %zu bytes of tensors, and at most %llu are accepted ([api] max_answer, and "
        "half of [pool] memory_budget): ask for fewer or smaller outputs, or raise these",
        bytes, (unsigned long long)bridge->settings.max_answer);
    return wi_error_expect(
        error, "at most %llu bytes", (unsigned long long)bridge->settings.max_answer);
}

/* What is right, but more than is taken. */
static void answer_limit(const struct wi_bridge *bridge, struct wi_answer *answer)
{
    size_t bytes = wi_tensors_bytes(&answer->outputs);
    if (bytes <= bridge->settings.max_answer)
        return;
    wi_tensors_clear(&answer->outputs);
    *answer = (struct wi_answer){0};
    wi_response_too_large(bridge, bytes, &answer->error);
}

/* What a paused node gives back, it has not begun. */
static void note_end(struct wi_node *node, double sent_at, const struct wi_answer *answer)
{
    if (answer->ok || answer->error.code != WI_NODE_PAUSED)
        wi_tally_end(&node->tally, answer->ok, wi_awake_ms() - sent_at);
}

enum wi_heard wi_response_handle(struct wi_node *node, const char *id, struct wi_attempt *attempt,
    struct wi_frame *frame, struct wi_error *error)
{
    struct wi_bridge *bridge = node->bridge;
    struct wi_answer answer = {.gpu_ms = -1};
    if (!attempt) {
        /* Cancelled meanwhile, or sent again although it had arrived: the page may forget it. */
        bridge->counters.late_answers++;
        wi_node_acknowledge(node, id, 0);
        return WI_HEARD_LOOSE;
    }
    if (answer_read(node, attempt, frame, &answer, error) != WI_OK ||
        answer_check(node, &attempt->sent, &answer, error) != WI_OK) {
        wi_tensors_clear(&answer.outputs);
        answer = (struct wi_answer){.retryable = 1};
        answer_disbelieve(node, error, &answer.error);
    } else {
        answer_limit(bridge, &answer);
    }
    if (answer.ok && attempt->sent.asked->task != WI_TASK_NONE)
        answer.account = wi_task_account(answer.result);
    answer.parts = attempt->stream.next;
    note_end(node, attempt->sent_at, &answer);
    wi_node_remove_attempt(node, attempt);
    if (answer.error.code == WI_NODE_PAUSED) /* or it would be sent the same again */
        wi_node_pause(node, 1);
    /* Before the event, so that the next task_request from inside it carries the
     * acknowledgement. */
    wi_node_acknowledge(node, id, wi_tensors_bytes(&answer.outputs));
    bridge->events.on_answer(bridge->events.context, node->info.id, id, &answer);
    wi_tensors_clear(&answer.outputs);
    return WI_HEARD_OURS;
}

void wi_response_end(struct wi_node *node, struct wi_attempt *attempt, const struct wi_error *why,
    int retryable, const char *reason)
{
    struct wi_bridge *bridge = node->bridge;
    struct wi_answer answer = {
        .error = *why, .retryable = retryable, .parts = attempt->stream.next};
    char id[sizeof attempt->id];
    memcpy(id, attempt->id, sizeof id);
    note_end(node, attempt->sent_at, &answer);
    wi_node_send(node, wi_make_cancel(++bridge->sequence, id, reason));
    wi_node_remove_attempt(node, attempt);
    bridge->events.on_answer(bridge->events.context, node->info.id, id, &answer);
}

void wi_response_reject(
    struct wi_node *node, struct wi_attempt *attempt, const struct wi_error *problem)
{
    struct wi_error why;
    answer_disbelieve(node, problem, &why);
    wi_response_end(node, attempt, &why, 1, "answer_invalid");
}
