/* The dialect of OpenAI's Responses: answers, whole and as a stream's first and last events. */
#include "wire/responses/responses.h"

#include "base/memory.h"
#include "wire/openai/openai.h"
#include <string.h>

static json_t *responses_usage(const json_t *result)
{
    json_int_t read = wi_generation_tokens(result, "prompt_tokens");
    json_int_t made = wi_generation_tokens(result, "completion_tokens");
    return json_pack("{s:I, s:{s:I}, s:I, s:{s:i}, s:I}", "input_tokens", read,
        "input_tokens_details", "cached_tokens", wi_generation_tokens(result, "cached_tokens"),
        "output_tokens", made, "output_tokens_details", "reasoning_tokens", 0, "total_tokens",
        read + made);
}

/* An answer so far: `items` may be NULL, and so may `usage`, which is taken over. */
static json_t *make_response(
    const struct wi_stream_face *face, const char *status, json_t *items, json_t *usage)
{
    const struct wi_responses_extras *extras = face->infer->extras;
    json_t *response = json_pack("{s:o, s:s, s:I, s:s, s:s, s:n, s:n, s:o, s:o}", "id",
        json_sprintf("resp_%s", wi_generation_id(face->id)), "object", "response", "created_at",
        (json_int_t)extras->created, "status", status, "model", face->model_name, "error",
        "incomplete_details", "output", items ? json_incref(items) : json_array(), "usage",
        usage ? usage : json_null());
    json_object_update_missing(response, extras->echo);
    return response;
}

static int is_complete(const json_t *choice)
{
    return strcmp(wi_generation_finish(choice), "length") != 0;
}

/* The answer at its end. */
static json_t *response_finish(
    const struct wi_stream_face *face, const struct wi_output *output, const json_t *result)
{
    int complete = is_complete(wi_generation_choice(result, 0));
    json_t *response = make_response(
        face, complete ? "completed" : "incomplete", output->items, responses_usage(result));
    if (!complete)
        json_object_set_new(
            response, "incomplete_details", json_pack("{s:s}", "reason", "max_output_tokens"));
    return response;
}

/* An answer that arrived as a whole, and the end. */
static void output_end(struct wi_output *output, const struct wi_outcome *outcome, int in_parts,
    struct wi_buffer *events)
{
    const json_t *choice = wi_generation_choice(outcome->result, 0);
    const struct wi_part whole = wi_generation_part(choice, 0);
    if (!in_parts)
        wi_output_add(output, outcome->id, &whole, events);
    wi_output_end(output, outcome->id, is_complete(choice), events);
}

static struct wi_printing *responses_print(
    const struct wi_infer *infer, const struct wi_outcome *outcome, struct wi_error *error)
{
    const struct wi_stream_face face = {infer, outcome->id, outcome->model_name};
    struct wi_output output = {0};
    output_end(&output, outcome, 0, NULL);
    struct wi_printing *printing =
        wi_printing_json(response_finish(&face, &output, outcome->result));
    wi_output_clear(&output);
    return printing;
}

/* An event about the answer as a whole, which is taken over. */
static void response_tell(
    const struct wi_stream_face *face, const char *type, json_t *response, struct wi_buffer *out)
{
    struct wi_responses_extras *extras = face->infer->extras;
    wi_output_event(&extras->streamed, type, json_pack("{s:o}", "response", response), out);
}

static void responses_stream_begin(struct wi_buffer *out, const struct wi_stream_face *face)
{
    response_tell(face, "response.created", make_response(face, "in_progress", NULL, NULL), out);
    response_tell(
        face, "response.in_progress", make_response(face, "in_progress", NULL, NULL), out);
}

static void responses_stream_part(
    struct wi_buffer *out, const struct wi_stream_face *face, const struct wi_part *part)
{
    struct wi_responses_extras *extras = face->infer->extras;
    wi_output_add(&extras->streamed, face->id, part, out);
}

static struct wi_printing *responses_stream_done(
    const struct wi_infer *infer, const struct wi_outcome *outcome, struct wi_error *error)
{
    const struct wi_stream_face face = {infer, outcome->id, outcome->model_name};
    struct wi_responses_extras *extras = infer->extras;
    struct wi_printing *printing = wi_alloc(sizeof *printing);
    int complete = is_complete(wi_generation_choice(outcome->result, 0));
    output_end(&extras->streamed, outcome, outcome->parts > 0, &printing->text);
    response_tell(&face, complete ? "response.completed" : "response.incomplete",
        response_finish(&face, &extras->streamed, outcome->result), &printing->text);
    return printing;
}

/* The error in OpenAI's form, {"message", "type", "param", "code"}. */
static json_t *make_error(const struct wi_error *error)
{
    struct wi_buffer text = {0};
    wi_openai_error(&text, error, "input");
    json_t *made = json_loadb(text.text, text.size, 0, NULL);
    wi_buffer_clear(&text);
    return made;
}

static void responses_stream_error(struct wi_buffer *out, const struct wi_stream_face *face,
    const struct wi_error *error, const char *request_id)
{
    struct wi_responses_extras *extras = face->infer->extras;
    json_t *told = make_error(error);
    json_t *response = make_response(face, "failed", extras->streamed.items, NULL);
    (void)request_id; /* is in a header */
    json_object_set_new(response, "error",
        json_pack("{s:O, s:O}", "code", json_object_get(told, "code"), "message",
            json_object_get(told, "message")));
    json_object_del(told, "type"); /* here the event's */
    wi_output_event(&extras->streamed, "error", told, out);
    response_tell(face, "response.failed", response, out);
}

const struct wi_dialect wi_dialect_openai_responses = {.name = "openai.responses",
    WI_OPENAI_ERRORS,
    .task = WI_TASK_CHAT,
    .input = "input",
    .parameters = &wi_responses_parameters,
    .names = wi_responses_names,
    .extras_size = sizeof(struct wi_responses_extras),
    .free_extras = wi_responses_free_extras,
    .frame = wi_parameters_frame,
    .read = wi_responses_read,
    .print = responses_print,
    .stream_begin = responses_stream_begin,
    .stream_part = responses_stream_part,
    .stream_done = responses_stream_done,
    .stream_error = responses_stream_error};
