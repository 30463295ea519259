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
static enum wi_task_kind usual_task(enum wi_text_form form, enum wi_model_type type)
{
    switch (form) {
    case WI_TEXT_FORM_STRING:
        return type == WI_TYPE_TEXT_EMBEDDING ? WI_TASK_EMBED : WI_TASK_COMPLETE;
    case WI_TEXT_FORM_LIST:
        return WI_TASK_EMBED;
    case WI_TEXT_FORM_MESSAGES:
        return WI_TASK_CHAT;
    case WI_TEXT_FORM_QUERY:
        return WI_TASK_RERANK;
    default:
        return WI_TASK_NONE;
    }
}

static enum wi_task_kind task_of(const struct wi_infer *infer, const struct wi_model *model)
{
    return infer->task != WI_TASK_NONE ? infer->task
                                       : usual_task(infer->form, type_of(infer, model));
}

static int fits(enum wi_text_form form, enum wi_task_kind task)
{
    switch (task) {
    case WI_TASK_CHAT:
        return form == WI_TEXT_FORM_MESSAGES;
    case WI_TASK_EMBED:
        return form == WI_TEXT_FORM_STRING || form == WI_TEXT_FORM_LIST;
    case WI_TASK_RERANK:
        return form == WI_TEXT_FORM_QUERY;
    default:
        return form == WI_TEXT_FORM_STRING;
    }
}

static enum wi_code check_task(
    const struct wi_infer *infer, const struct wi_model *model, struct wi_error *error)
{
    enum wi_model_type type = type_of(infer, model);
    enum wi_task_kind task = task_of(infer, model);
    if (!wi_task_is_of(task, type)) {
        int embeds = type == WI_TYPE_TEXT_EMBEDDING;
        wi_error_set(error, WI_INPUT_INVALID, infer->task != WI_TASK_NONE ? "task" : "inputs",
            "%s is a model of the type %s and does not do the task %s.", model->name,
            wi_model_type_name(type), wi_task_name(task));
        wi_error_expect(error, "%s, or %s",
            wi_task_takes_words(embeds ? WI_TASK_EMBED : WI_TASK_CHAT),
            wi_task_takes_words(embeds ? WI_TASK_RERANK : WI_TASK_COMPLETE));
        return WI_INPUT_INVALID;
    }
    if (fits(infer->form, task))
        return WI_OK;
    wi_error_set(error, WI_INPUT_INVALID, "inputs", "The task %s takes another form of text.",
        wi_task_name(task));
    wi_error_expect(error, "%s", wi_task_takes_words(task));
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
    const struct wi_infer *infer, enum wi_task_kind task, struct wi_error *error)
{
    for (size_t i = 0; i < infer->outputs.count; i++) {
        const char *name = infer->outputs.items[i];
        if (wi_task_has_output(task, name))
            continue;
        wi_error_set(error, WI_OUTPUT_UNKNOWN, "outputs",
            "There is no output \"%.100s\" of the task %s.", name, wi_task_name(task));
        wi_error_expect(error, "%s", wi_task_outputs(task));
        return WI_OUTPUT_UNKNOWN;
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
    enum wi_task_kind task, const struct wi_config_models *limits, struct wi_error *error)
{
    /* Each text of a list has the context for itself. */
    size_t bytes =
        task == WI_TASK_EMBED || task == WI_TASK_RERANK ? infer->longest_text : infer->text_bytes;
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
    enum wi_task_kind task = task_of(infer, model);
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

static json_t *settle_input(struct wi_infer *infer, enum wi_task_kind task)
{
    json_t *input = infer->input, *special = json_object_get(infer->options, "add_special");
    switch (task) {
    case WI_TASK_CHAT:
        return json_pack("{s:o}", "messages", input);
    case WI_TASK_COMPLETE:
        return json_pack("{s:o}", "prompt", input);
    case WI_TASK_EMBED:
        return infer->form == WI_TEXT_FORM_LIST ? json_pack("{s:o}", "texts", input)
                                                : json_pack("{s:[o]}", "texts", input);
    case WI_TASK_TOKENIZE:
        return json_pack(
            "{s:o, s:b}", "text", input, "add_special", !special || json_is_true(special));
    default:
        return input; /* of a query: it is so already */
    }
}

/* Options that say something, with one form each. */
static void settle_options(json_t *options, enum wi_task_kind task)
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
    if (task == WI_TASK_TOKENIZE)
        json_object_del(options, "add_special");
}

enum wi_task_kind wi_text_settle(struct wi_infer *infer, const struct wi_model *model)
{
    if (infer->form == WI_TEXT_FORM_NONE)
        return WI_TASK_NONE;
    infer->task = task_of(infer, model);
    infer->input = settle_input(infer, infer->task);
    infer->form = WI_TEXT_FORM_NONE;
    settle_options(infer->options, infer->task);
    return infer->task;
}
