/*
 * The member `relay` of a request: what another daemon, which hands it on for a client of its own,
 * says of the model, the place, the client and the part of a stream that was sent already.
 */
#include "wire/native/native.h"

#include "base/hash.h"
#include "base/memory.h"
#include "terms/model/manifest.h"
#include "terms/part.h"
#include <stdio.h>
#include <string.h>

/* More parts than any stream has. */
#define SEQ_MAX 1000000000.0
/* Bytes that a token takes while it is kept (work/job/parts.c). */
#define TOKEN_BYTES sizeof(int64_t)
#define FINISH_REASON_MAX 23

struct relay {
    const char *model_hash, *owner;
    json_t *platforms, *from;
    int raw;
};

const struct wi_param wi_native_relay_params[] = {
    WI_PARAM(relay, model_hash, STRING, .min = WI_MANIFEST_HEX - 1, .max = WI_MANIFEST_HEX - 1,
        .help = "The content hash that the model must have; if it has another one by now, or is "
                "gone, the answer is 503 model_changed."),
    WI_PARAM(relay, platforms, ARRAY, .min = 1, .max = WI_PLATFORM_COUNT, .form = "[Platform]",
        .help = "The platforms that may be tried, the first one first."),
    WI_PARAM(relay, owner, STRING, .min = 1, .max = 128,
        .help = "A word for the client. Requests with different words share no caches."),
    WI_PARAM(relay, raw, BOOL,
        .help = "Of a task: whether the answer is what the model's graphs put out, which the "
                "borrowing daemon compares. The default is false."),
    WI_PARAM_AS("continue", relay, from, OBJECT, .form = "Continuation",
        .help = "Where the stream continues that another node has begun."),
    WI_PARAM_END,
};

struct from {
    int64_t seq;
    json_t *text, *tokens, *answers;
};

const struct wi_param wi_native_continue_params[] = {
    WI_PARAM(from, seq, INTEGER, .required = 1, .min = 1, .max = SEQ_MAX,
        .help = "The number of the first part to send, which is that of the parts sent so far."),
    WI_PARAM(from, text, ANY, .form = "string", .help = "The text of the parts so far."),
    WI_PARAM(from, tokens, ARRAY, .min = 0, .max = WI_PARTS_KEPT / TOKEN_BYTES, .form = "[integer]",
        .help = "Their tokens."),
    WI_PARAM(from, answers, ARRAY, .min = 1, .max = WI_PARTS_ANSWERS, .form = "[object]",
        .help = "How both are divided into several answers: {text_bytes, tokens, ended, "
                "finish_reason} for each, as in webinfer-streams(7)."),
    WI_PARAM_END,
};

struct answer {
    int64_t text_bytes, tokens;
    int ended;
    const char *finish_reason;
};

static const struct wi_param answer_params[] = {
    WI_PARAM(answer, text_bytes, INTEGER, .required = 1, .min = 0, .max = WI_PARTS_KEPT),
    WI_PARAM(answer, tokens, INTEGER, .required = 1, .min = 0, .max = WI_PARTS_KEPT / TOKEN_BYTES),
    WI_PARAM(answer, ended, BOOL),
    WI_PARAM(answer, finish_reason, STRING, .min = 0, .max = FINISH_REASON_MAX),
    WI_PARAM_END,
};

/* --- where a stream goes on ------------------------------------------------------------------- */

static enum wi_code refuse_token(const json_t *token, size_t index, struct wi_error *error)
{
    char where[48];
    snprintf(where, sizeof where, "relay.continue.tokens[%zu]", index);
    if (!json_is_integer(token)) {
        wi_error_set(error, WI_INVALID_FIELD, where, "%s must be an integer, not %s", where,
            wi_json_type_name(token));
        return wi_error_expect(error, "an integer");
    }
    wi_error_set(error, WI_INVALID_FIELD, where, "%s is %lld, which is no token", where,
        (long long)json_integer_value(token));
    return wi_error_expect(error, "0 to %lld", (long long)WI_PART_NUMBER_MAX);
}

static enum wi_code check_tokens(const json_t *tokens, struct wi_error *error)
{
    size_t i;
    json_t *token;
    json_array_foreach(tokens, i, token)
    {
        json_int_t value = json_integer_value(token);
        if (!json_is_integer(token) || value < 0 || value > WI_PART_NUMBER_MAX)
            return refuse_token(token, i, error);
    }
    return WI_OK;
}

/* Text and tokens together, as they are kept. */
static enum wi_code check_kept(const struct from *from, struct wi_error *error)
{
    size_t kept = json_string_length(from->text) + json_array_size(from->tokens) * TOKEN_BYTES;
    if (from->text && !json_is_string(from->text)) {
        wi_error_set(error, WI_INVALID_FIELD, "relay.continue.text",
            "relay.continue.text must be a string, not %s", wi_json_type_name(from->text));
        return wi_error_expect(error, "a string");
    }
    if (kept <= WI_PARTS_KEPT)
        return check_tokens(from->tokens, error);
    wi_error_set(error, WI_INVALID_FIELD, "relay.continue",
        "the text and the tokens of relay.continue have %zu bytes together, at %zu a token", kept,
        TOKEN_BYTES);
    return wi_error_expect(error, "at most %d bytes", WI_PARTS_KEPT);
}

static enum wi_code refuse_division(struct wi_error *error)
{
    wi_error_set(error, WI_INVALID_FIELD, "relay.continue.answers",
        "relay.continue.answers does not divide the text and the tokens");
    return wi_error_expect(error, "text_bytes and tokens that add up to those of relay.continue, "
                                  "cut where a character ends");
}

/* All of the text and the tokens belong to one of the answers. */
static enum wi_code check_answers(const struct from *from, struct wi_error *error)
{
    const char *text = json_string_value(from->text);
    size_t text_bytes = 0, tokens = 0, length = json_string_length(from->text), i;
    json_t *item;
    char where[48];
    json_array_foreach(from->answers, i, item)
    {
        struct answer answer = {0};
        snprintf(where, sizeof where, "relay.continue.answers[%zu]", i);
        if (!json_is_object(item)) {
            wi_error_set(error, WI_INVALID_FIELD, where, "%s must be an object, not %s", where,
                wi_json_type_name(item));
            return wi_error_expect(error, "an object");
        }
        snprintf(where, sizeof where, "relay.continue.answers[%zu].", i);
        enum wi_code code =
            wi_params_read(answer_params, item, WI_PARAMS_STRICT, where, &answer, error);
        if (code != WI_OK)
            return code;
        text_bytes += (size_t)answer.text_bytes;
        tokens += (size_t)answer.tokens;
        if (text_bytes > length || (text && ((unsigned char)text[text_bytes] & 0xc0) == 0x80))
            return refuse_division(error);
    }
    return text_bytes == length && tokens == json_array_size(from->tokens) ? WI_OK
                                                                           : refuse_division(error);
}

static enum wi_code read_continue(struct wi_infer *infer, json_t *given, struct wi_error *error)
{
    struct from from = {0};
    enum wi_code code = wi_params_read(
        wi_native_continue_params, given, WI_PARAMS_STRICT, "relay.continue.", &from, error);
    if (code == WI_OK)
        code = check_kept(&from, error);
    if (code == WI_OK && from.answers)
        code = check_answers(&from, error);
    if (code == WI_OK)
        infer->asked->relayed.from = json_incref(given);
    return code;
}

/* --- the rest --------------------------------------------------------------------------------- */

static enum wi_code read_hash(struct wi_infer *infer, const char *hash, struct wi_error *error)
{
    if (hash && !wi_hash_is_printed(hash)) {
        wi_error_set(error, WI_INVALID_FIELD, "relay.model_hash",
            "relay.model_hash is not the content hash of a model; GET /v1/models/{model} shows it");
        return wi_error_expect(error, "64 hexadecimal digits in lower case");
    }
    infer->model_hash = wi_strdup(hash);
    return WI_OK;
}

static enum wi_code refuse_platform(size_t index, struct wi_error *error)
{
    char where[48], names[128] = "";
    snprintf(where, sizeof where, "relay.platforms[%zu]", index);
    for (int i = 0; i < WI_PLATFORM_COUNT; i++)
        snprintf(names + strlen(names), sizeof names - strlen(names), "%s%s", i ? ", " : "",
            wi_platform_names[i]);
    wi_error_set(error, WI_INVALID_FIELD, where, "%s is not a platform, or is there twice", where);
    return wi_error_allow(error, "%s", names);
}

/* The first is the one that is asked for, and the others are those to fall back on. */
static enum wi_code read_platforms(
    struct wi_infer *infer, const json_t *list, struct wi_error *error)
{
    struct wi_inference *asked = infer->asked;
    struct wi_relayed *relayed = &asked->relayed;
    size_t i;
    json_t *item;
    json_array_foreach(list, i, item)
    {
        int found = json_is_string(item) ? wi_platform_of_name(json_string_value(item)) : -1;
        if (found < 0 || (i > 0 && wi_inference_lists(asked, (enum wi_platform)found)))
            return refuse_platform(i, error);
        relayed->platforms[relayed->platform_count++] = (enum wi_platform)found;
    }
    if (relayed->platform_count == 0)
        return WI_OK;
    asked->has_platform = 1;
    asked->platform = relayed->platforms[0];
    asked->fallback = asked->fallback && relayed->platform_count > 1;
    return WI_OK;
}

/* What does not go with members of the request beside it. */
static enum wi_code check_beside(
    const struct wi_infer *infer, const struct relay *relay, struct wi_error *error)
{
    if (infer->resumable) {
        wi_error_set(error, WI_INVALID_FIELD, "resumable",
            "a stream for a relay is not kept: send it again with relay.continue");
        return wi_error_expect(error, "false");
    }
    if (relay->platforms && infer->asked->has_platform) {
        wi_error_set(error, WI_INVALID_FIELD, "platform",
            "relay.platforms says which platforms may be tried; leave out platform");
        return wi_error_expect(error, "auto");
    }
    if (relay->from && !infer->asked->stream) {
        wi_error_set(error, WI_INVALID_FIELD, "relay.continue",
            "only a stream continues; add \"stream\": true, or leave out relay.continue");
        return wi_error_expect(error, "\"stream\": true");
    }
    if (relay->raw && (infer->asked->stream || infer->asked->task == WI_TASK_NONE)) {
        wi_error_set(error, WI_INVALID_FIELD, "relay.raw",
            "only the whole answer to a task has another form; add \"task\" and leave out "
            "\"stream\", or leave out relay.raw");
        return wi_error_expect(error, "false");
    }
    return WI_OK;
}

enum wi_code wi_native_read_relay(
    struct wi_infer *infer, const json_t *given, struct wi_error *error)
{
    struct relay relay = {0};
    if (!given)
        return WI_OK;
    enum wi_code code =
        wi_params_read(wi_native_relay_params, given, WI_PARAMS_STRICT, "relay.", &relay, error);
    if (code != WI_OK || (code = check_beside(infer, &relay, error)) != WI_OK ||
        (code = read_hash(infer, relay.model_hash, error)) != WI_OK ||
        (code = read_platforms(infer, relay.platforms, error)) != WI_OK)
        return code;
    infer->asked->relayed.is = 1;
    infer->asked->raw = relay.raw;
    infer->asked->relayed.owner = wi_strdup(relay.owner);
    return relay.from ? read_continue(infer, relay.from, error) : WI_OK;
}
