/* What a model makes of text, and the form in which a node gets it. */
#include "wire/text.h"

#include <stdio.h>
#include <string.h>

int wi_text_is_for(const struct wi_model *model)
{
    return model->engine == WI_ENGINE_LLAMA || model->engine == WI_ENGINE_PIPELINE;
}

/* --- the task -------------------------------------------------------------------------------- */

static enum wi_model_type type_of(const struct wi_infer *infer, const struct wi_model *model)
{
    return infer->has_type ? infer->type : model->type;
}

/* What a form of input means where no task is named. */
static enum wi_text_task usual_task(enum wi_text_form form, enum wi_model_type type)
{
    switch (form) {
    case WI_TEXT_FORM_STRING:
        return type == WI_TYPE_TEXT_EMBEDDING ? WI_TEXT_EMBED : WI_TEXT_COMPLETE;
    case WI_TEXT_FORM_LIST:
        return WI_TEXT_EMBED;
    case WI_TEXT_FORM_MESSAGES:
        return WI_TEXT_CHAT;
    case WI_TEXT_FORM_QUERY:
        return WI_TEXT_RERANK;
    default:
        return WI_TEXT_NONE;
    }
}

static enum wi_text_task task_of(const struct wi_infer *infer, const struct wi_model *model)
{
    return infer->text != WI_TEXT_NONE ? infer->text
                                       : usual_task(infer->form, type_of(infer, model));
}

/* A model whose type cannot be told may do anything. */
static int does(enum wi_model_type type, enum wi_text_task task)
{
    if (type == WI_TYPE_UNKNOWN || type == WI_TYPE_MULTIMODAL || task == WI_TEXT_TOKENIZE)
        return 1;
    return wi_text_task_generates(task) ? type != WI_TYPE_TEXT_EMBEDDING
                                        : type == WI_TYPE_TEXT_EMBEDDING;
}

static int fits(enum wi_text_form form, enum wi_text_task task)
{
    switch (task) {
    case WI_TEXT_CHAT:
        return form == WI_TEXT_FORM_MESSAGES;
    case WI_TEXT_EMBED:
        return form == WI_TEXT_FORM_STRING || form == WI_TEXT_FORM_LIST;
    case WI_TEXT_RERANK:
        return form == WI_TEXT_FORM_QUERY;
    default:
        return form == WI_TEXT_FORM_STRING;
    }
}

static const char *input_of(enum wi_text_task task)
{
    static const char *const inputs[WI_TEXT_TASK_COUNT] = {
        [WI_TEXT_CHAT] = "{\"messages\": [{\"role\", \"content\"}]}",
        [WI_TEXT_COMPLETE] = "a string",
        [WI_TEXT_EMBED] = "a string or a list of strings",
        [WI_TEXT_RERANK] = "{\"query\": string, \"documents\": [string]}",
        [WI_TEXT_TOKENIZE] = "a string",
    };
    return inputs[task] ? inputs[task] : "text";
}

static enum wi_code check_task(
    const struct wi_infer *infer, const struct wi_model *model, struct wi_error *error)
{
    enum wi_model_type type = type_of(infer, model);
    enum wi_text_task task = task_of(infer, model);
    if (infer->task && infer->text == WI_TEXT_NONE)
        return wi_error_set(error, WI_INPUT_INVALID, "task",
            "%s does not do the task %s; leave task out.", model->name, infer->task);
    if (!does(type, task)) {
        int embeds = type == WI_TYPE_TEXT_EMBEDDING;
        wi_error_set(error, WI_INPUT_INVALID, infer->text != WI_TEXT_NONE ? "task" : "inputs",
            "%s is a model of the type %s and does not do the task %s.", model->name,
            wi_model_type_name(type), wi_text_task_name(task));
        wi_error_expect(error, "%s, or %s", input_of(embeds ? WI_TEXT_EMBED : WI_TEXT_CHAT),
            input_of(embeds ? WI_TEXT_RERANK : WI_TEXT_COMPLETE));
        return WI_INPUT_INVALID;
    }
    if (fits(infer->form, task))
        return WI_OK;
    wi_error_set(error, WI_INPUT_INVALID, "inputs", "The task %s takes another form of text.",
        wi_text_task_name(task));
    wi_error_expect(error, "%s", input_of(task));
    return WI_INPUT_INVALID;
}

/* --- everything that depends on the model ---------------------------------------------------- */

/* Tensors for a model of text, or text for one of tensors. */
static enum wi_code check_kind(
    const struct wi_infer *infer, const struct wi_model *model, struct wi_error *error)
{
    if (infer->form != WI_TEXT_FORM_NONE && wi_text_is_for(model))
        return WI_OK;
    if (infer->form == WI_TEXT_FORM_NONE) {
        wi_error_set(error, WI_INPUT_INVALID, "inputs", "%s takes text.", model->name);
        wi_error_expect(error, "a string, a list of strings, {\"messages\": […]} or "
                               "{\"query\", \"documents\"}");
    } else {
        wi_error_set(error, WI_INPUT_INVALID, "inputs", "%s takes no text.", model->name);
        wi_error_expect(error, "%s",
            model->takes_picture ? "a picture: {\"image\":\"<base64>\"}, or a list of tensors"
                                 : "a list of {\"name\",\"datatype\",\"shape\",\"data\"}");
    }
    return WI_INPUT_INVALID;
}

/* A node that is no browser of ours may have an engine that our page has not. */
static enum wi_code check_engine(
    const struct wi_infer *infer, const struct wi_model *model, struct wi_error *error)
{
    if (infer->has_platform && (infer->platform == WI_SIMULATED || infer->platform == WI_NATIVE))
        return WI_OK;
    return wi_model_check_engine(model, error);
}

static enum wi_code check_outputs(
    const struct wi_infer *infer, enum wi_text_task task, struct wi_error *error)
{
    for (size_t i = 0; i < infer->outputs.count; i++) {
        const char *name = infer->outputs.items[i];
        if (task != WI_TEXT_EMBED || strcmp(name, "embeddings") != 0) {
            wi_error_set(error, WI_OUTPUT_UNKNOWN, "outputs", "There is no output \"%.100s\"%s.",
                name, task == WI_TEXT_EMBED ? "" : ": the answer is in result");
            wi_error_expect(error, "%s", task == WI_TEXT_EMBED ? "embeddings" : "none");
            return WI_OUTPUT_UNKNOWN;
        }
    }
    return WI_OK;
}

static uint64_t least(uint64_t a, uint64_t b)
{
    return b > 0 && b < a ? b : a;
}

/* The tokens that there is room for: what is asked for as far as the model goes, else what fits the
 * memory of a page. 0: not known. */
static uint64_t context_of(const struct wi_infer *infer, const struct wi_model *model,
    const struct wi_config_models *limits)
{
    json_int_t asked = json_integer_value(json_object_get(infer->options, "context"));
    uint64_t most = model->gguf.context_length;
    if (asked > 0)
        return least((uint64_t)asked, most);
    if (model->memory.context > 0)
        return least(model->memory.context, most);
    return least((uint64_t)limits->context, most);
}

static enum wi_code check_size(const struct wi_infer *infer, const struct wi_model *model,
    enum wi_text_task task, const struct wi_config_models *limits, struct wi_error *error)
{
    /* Each text of a list has the context for itself. */
    size_t bytes =
        task == WI_TEXT_EMBED || task == WI_TEXT_RERANK ? infer->longest_text : infer->text_bytes;
    uint64_t context = context_of(infer, model, limits);
    if (context == 0 || context > WI_TEXT_MAX || bytes <= context * WI_TEXT_PER_TOKEN)
        return WI_OK;
    wi_error_set(error, WI_CONTEXT_LENGTH, "inputs",
        "The text has %zu bytes, which is more than a context of %llu tokens can hold.", bytes,
        (unsigned long long)context);
    wi_error_expect(error, "at most %llu bytes, %d for each token",
        (unsigned long long)context * WI_TEXT_PER_TOKEN, WI_TEXT_PER_TOKEN);
    return WI_CONTEXT_LENGTH;
}

enum wi_code wi_text_check(const struct wi_infer *infer, const struct wi_model *model,
    const struct wi_config_models *limits, struct wi_error *error)
{
    enum wi_text_task task = task_of(infer, model);
    enum wi_code code = check_engine(infer, model, error);
    if (code != WI_OK || (code = check_kind(infer, model, error)) != WI_OK ||
        (code = check_task(infer, model, error)) != WI_OK ||
        (code = check_outputs(infer, task, error)) != WI_OK)
        return code;
    if (infer->precision) {
        wi_error_set(error, WI_PRECISION_UNSUPPORTED, "precision",
            "%s is served as it is; other precisions are variants of its own, NAME:VARIANT.",
            model->name);
        wi_error_expect(error, "no precision");
        return WI_PRECISION_UNSUPPORTED;
    }
    code = wi_text_check_options(task, infer->options, (unsigned)limits->slots,
        infer->options_where ? infer->options_where : "options.", error);
    return code == WI_OK ? check_size(infer, model, task, limits, error) : code;
}

/* --- the canonical form ---------------------------------------------------------------------- */

static json_t *settle_input(struct wi_infer *infer, enum wi_text_task task)
{
    json_t *input = infer->input, *special = json_object_get(infer->options, "add_special");
    switch (task) {
    case WI_TEXT_CHAT:
        return json_pack("{s:o}", "messages", input);
    case WI_TEXT_COMPLETE:
        return json_pack("{s:o}", "prompt", input);
    case WI_TEXT_EMBED:
        return infer->form == WI_TEXT_FORM_LIST ? json_pack("{s:o}", "texts", input)
                                                : json_pack("{s:[o]}", "texts", input);
    case WI_TEXT_TOKENIZE:
        return json_pack(
            "{s:o, s:b}", "text", input, "add_special", !special || json_is_true(special));
    default:
        return input; /* of a query: it is so already */
    }
}

/* Options that say something, with one form each. */
static void settle_options(json_t *options, enum wi_text_task task)
{
    const char *key;
    json_t *value;
    void *next;
    json_object_foreach_safe(options, next, key, value)
    {
        if (json_is_null(value))
            json_object_del(options, key);
    }
    value = json_object_get(options, "stop");
    if (json_is_string(value))
        json_object_set_new(options, "stop", json_pack("[O]", value));
    if (task == WI_TEXT_TOKENIZE)
        json_object_del(options, "add_special");
}

enum wi_text_task wi_text_settle(struct wi_infer *infer, const struct wi_model *model)
{
    if (infer->form == WI_TEXT_FORM_NONE)
        return WI_TEXT_NONE;
    infer->text = task_of(infer, model);
    infer->input = settle_input(infer, infer->text);
    infer->form = WI_TEXT_FORM_NONE;
    settle_options(infer->options, infer->text);
    return infer->text;
}
