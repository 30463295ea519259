/* Text generation in the form of Triton's generate extension: whole, or in parts. */
#include "wire/kserve/kserve.h"

#include "base/memory.h"
#include "base/text.h"
#include "wire/generation.h"
#include "wire/parameters.h"
#include "wire/text.h"
#include <string.h>

struct fields {
    const char *id;
    json_t *text_input, *parameters;
};

const struct wi_param wi_kserve_generate_params[] = {
    WI_PARAM(fields, id, STRING, .max = 128, .help = "Returned in the answer."),
    WI_PARAM(
        fields, text_input, ANY, .required = 1, .form = "string", .help = "The text to continue."),
    WI_PARAM(fields, parameters, OBJECT, .form = "KserveOptions",
        .help = "See Parameters; text options such as max_tokens are also allowed."),
    {0},
};

/* Members that ask for the usual behaviour. */
static int is_neutral(const char *name, const json_t *value, int stream)
{
    if (strcmp(name, "stream") == 0)
        return json_is_boolean(value) && json_is_true(value) == stream;
    return (strcmp(name, "best_of") == 0 || strcmp(name, "n") == 0) && json_is_integer(value) &&
           json_integer_value(value) == 1;
}

/* The answer is one text, and the address says whether it is streamed. */
static enum wi_code settle_options(struct wi_infer *infer, struct wi_error *error)
{
    static const char *const names[] = {"stream", "best_of", "n"};
    json_t *options = infer->asked->options;
    int stream = infer->asked->stream;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const json_t *value = json_object_get(options, names[i]);
        char field[40];
        if (!value || is_neutral(names[i], value, stream)) {
            json_object_del(options, names[i]);
            continue;
        }
        wi_join(field, sizeof field, "parameters.", names[i], NULL);
        wi_error_set(error, WI_INVALID_FIELD, field, "%s cannot be that here%s", field,
            i > 0 ? ": there is one text" : ": generate gives a whole, generate_stream parts");
        return wi_error_expect(error, "%s", i > 0 ? "1" : stream ? "true" : "false");
    }
    json_t *most = json_incref(json_object_get(options, "max_tokens"));
    json_object_del(options, "max_tokens");
    enum wi_code code = wi_parameters_read_most(infer, "parameters.max_tokens", most, error);
    json_decref(most);
    return code;
}

static enum wi_code settle_task(struct wi_infer *infer, struct wi_error *error)
{
    struct wi_inference *asked = infer->asked;
    if (asked->task == WI_TASK_NONE) {
        asked->task = WI_TASK_COMPLETE;
        infer->or_rewrites = 1;
    }
    if (wi_task_generates(asked->task))
        return WI_OK;
    return wi_error_set(error, WI_INVALID_FIELD, "parameters.task",
        "the task %s generates no text; use POST …/infer", wi_task_name(asked->task));
}

enum wi_code wi_kserve_read_generate(
    struct wi_infer *infer, const json_t *root, struct wi_error *error)
{
    struct fields fields = {0};
    infer->options_where = "parameters.";
    enum wi_code code =
        wi_kserve_read_members(infer, root, wi_kserve_generate_params, &fields, error);
    if (code == WI_OK)
        code = wi_kserve_read_parameters(infer, fields.parameters, error);
    if (code == WI_OK)
        code = settle_options(infer, error);
    if (code == WI_OK)
        code = settle_task(infer, error);
    if (code == WI_OK)
        code = wi_infer_check_options(infer, infer->json_size, error);
    if (code == WI_OK)
        code = wi_text_read_string(infer, fields.text_input, "text_input", error);
    if (fields.id && *fields.id)
        infer->asked->client_id = wi_strdup(fields.id);
    return code;
}

enum wi_code wi_kserve_fit_generate(
    struct wi_infer *infer, const struct wi_model *model, struct wi_error *error)
{
    return wi_kserve_check_version(model, infer->version, error);
}

/* The output of a node need not be UTF-8. */
static json_t *text_json(const char *text, size_t length)
{
    struct wi_buffer mended = {0};
    json_t *string = json_stringn(text, length);
    if (string)
        return string;
    wi_buffer_json_string(&mended, text);
    string = json_loadb(mended.text, mended.size, JSON_DECODE_ANY, NULL);
    wi_buffer_clear(&mended);
    return string;
}

/* Takes the text. */
static json_t *answer_json(const struct wi_infer *infer, const char *model_name, json_t *text)
{
    char version[WI_DIGITS_SIZE];
    const struct wi_inference *asked = infer->asked;
    json_t *answer = json_pack("{s:s, s:s, s:o}", "model_name", model_name, "model_version",
        wi_digits(version, wi_kserve_version(asked->model->version)), "text_output", text);
    if (asked->client_id)
        json_object_set_new(answer, "id", json_string(asked->client_id));
    return answer;
}

static json_t *whole_text(const struct wi_outcome *outcome)
{
    json_t *text = json_object_get(wi_generation_choice(outcome->result, 0), "text");
    return json_is_string(text) ? json_incref(text) : json_string("");
}

struct wi_printing *wi_kserve_print_generate(
    const struct wi_infer *infer, const struct wi_outcome *outcome, struct wi_error *error)
{
    return wi_printing_json(answer_json(infer, outcome->model_name, whole_text(outcome)));
}

/* Takes the text. */
static void add_event(struct wi_buffer *out, const struct wi_infer *infer, const char *model_name,
    json_t *text, int done)
{
    json_t *event = answer_json(infer, model_name, text);
    json_object_set_new(event, "done", json_boolean(done));
    wi_printing_event(out, NULL, event);
}

void wi_kserve_stream_part(
    struct wi_buffer *out, const struct wi_stream_face *face, const struct wi_part *part)
{
    if (part->text_length > 0)
        add_event(out, face->infer, face->model_name, text_json(part->text, part->text_length), 0);
}

/* The last event has text only if the node makes no parts. */
struct wi_printing *wi_kserve_stream_done(
    const struct wi_infer *infer, const struct wi_outcome *outcome, struct wi_error *error)
{
    struct wi_printing *printing = wi_alloc(sizeof *printing);
    add_event(&printing->text, infer, outcome->model_name,
        outcome->parts == 0 ? whole_text(outcome) : json_string(""), 1);
    return printing;
}
