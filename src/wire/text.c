/* The tasks of a model for text, pictures and sounds, and the form in which a node gets these. */
#include "wire/text.h"

#include "base/buffer.h"
#include <stdio.h>
#include <stdlib.h>

int wi_text_is_for(const struct wi_model *model)
{
    return wi_formats[model->format]->does_tasks;
}

/* --- the task --------------------------------------------------------------------------------- */

/* Whether a task can be done with inputs of that form. */
static int form_fits(enum wi_form form, enum wi_task_kind task)
{
    return form == WI_FORM_MADE || (wi_task_inputs[wi_tasks[task].takes].forms & 1u << form) != 0;
}

static enum wi_model_type infer_type(const struct wi_infer *infer, const struct wi_model *model)
{
    return infer->asked->has_type ? infer->asked->type : model->type;
}

static enum wi_task_kind task_of_string(enum wi_model_type type, enum wi_model_format format)
{
    if (type == WI_TYPE_TEXT_EMBEDDING)
        return WI_TASK_EMBED;
    if (type == WI_TYPE_TEXT2TEXT && !wi_formats[format]->gguf_options)
        return WI_TASK_TEXT2TEXT;
    return type == WI_TYPE_AUDIO ? WI_TASK_TEXT_TO_SPEECH : WI_TASK_COMPLETE;
}

/* The task of a form of input if neither the request nor the model names one. */
static enum wi_task_kind task_of_form(const struct wi_infer *infer, const struct wi_model *model)
{
    enum wi_model_type type = infer_type(infer, model);
    enum wi_task_kind found = WI_TASK_NONE;
    if (infer->form == WI_FORM_STRING)
        return task_of_string(type, model->format);
    for (int i = WI_TASK_NONE + 1; i < WI_TASK_COUNT; i++)
        if (wi_tasks[i].usual & 1u << infer->form &&
            (found == WI_TASK_NONE ||
                (!wi_task_is_of(found, type) && wi_task_is_of((enum wi_task_kind)i, type))))
            found = (enum wi_task_kind)i;
    return found;
}

/* A folder's tokenizer is one of its files. */
static int has_tokenizer(const struct wi_model *model)
{
    const char *tokenizer = wi_formats[model->format]->tokenizer;
    return !tokenizer || wi_manifest_find(&model->manifest, tokenizer) != NULL;
}

/* A model of unknown type may do anything. The request's model_type can override the type in its
 * files. */
static int model_does(
    const struct wi_infer *infer, const struct wi_model *model, enum wi_task_kind task)
{
    const struct wi_task_list *list = &model->facts.tasks;
    if (wi_formats[model->format]->gguf_options && !wi_tasks[task].gguf_options)
        return 0;
    if (task == WI_TASK_TOKENIZE)
        return has_tokenizer(model);
    if (list->count > 0 && !infer->asked->has_type)
        return wi_task_list_has(list, task);
    return wi_task_is_of(task, infer_type(infer, model));
}

/* The task that the request names, or that its endpoint is for. */
static enum wi_task_kind named_task(const struct wi_infer *infer, const struct wi_model *model)
{
    int rewrites = infer->or_rewrites && !model_does(infer, model, infer->asked->task) &&
                   model_does(infer, model, WI_TASK_TEXT2TEXT);
    return rewrites ? WI_TASK_TEXT2TEXT : infer->asked->task;
}

static enum wi_task_kind task_of(const struct wi_infer *infer, const struct wi_model *model)
{
    const struct wi_task_list *list = &model->facts.tasks;
    if (infer->asked->task != WI_TASK_NONE)
        return named_task(infer, model);
    for (size_t i = 0; i < list->count; i++)
        if (form_fits(infer->form, list->items[i]))
            return list->items[i];
    return list->count > 0 && !infer->asked->has_type ? list->items[0] : task_of_form(infer, model);
}

/* Writes the tasks that it can do to `text`. */
static void print_tasks(
    const struct wi_infer *infer, const struct wi_model *model, char *text, size_t size)
{
    struct wi_task_list list = {0};
    for (size_t i = 0; i < model->facts.tasks.count && !infer->asked->has_type; i++)
        wi_task_list_add(&list, model->facts.tasks.items[i]);
    for (int i = WI_TASK_NONE + 1; i < WI_TASK_COUNT; i++)
        if (model_does(infer, model, (enum wi_task_kind)i))
            wi_task_list_add(&list, (enum wi_task_kind)i);
    wi_task_list_print(&list, text, size);
}

static enum wi_code refuse_task(const struct wi_infer *infer, const struct wi_model *model,
    enum wi_task_kind task, struct wi_error *error)
{
    char names[sizeof error->allowed];
    enum wi_model_type type = infer_type(infer, model);
    print_tasks(infer, model, names, sizeof names);
    wi_error_set(error, WI_INPUT_INVALID, infer->asked->task != WI_TASK_NONE ? "task" : "inputs",
        "%s is a model of the type %s and does not do the task %s", model->name,
        type == WI_TYPE_UNKNOWN ? "unknown" : wi_model_type_name(type), wi_task_name(task));
    return wi_error_allow(error, "%s", names);
}

static enum wi_code check_task(
    const struct wi_infer *infer, const struct wi_model *model, struct wi_error *error)
{
    enum wi_task_kind task = task_of(infer, model);
    if (!model_does(infer, model, task))
        return refuse_task(infer, model, task, error);
    if (form_fits(infer->form, task))
        return WI_OK;
    wi_error_set(error, WI_INPUT_INVALID, "inputs", "the task %s takes inputs of another form",
        wi_task_name(task));
    return wi_error_expect(error, "%s", wi_task_takes_words(task));
}

/* --- everything that depends on the model ----------------------------------------------------- */

/* Tensors for a model of tasks, or a task's input for one of tensors. */
static enum wi_code check_kind(
    const struct wi_infer *infer, const struct wi_model *model, struct wi_error *error)
{
    const struct wi_task_list *list = &model->facts.tasks;
    if (infer->form != WI_FORM_NONE && wi_text_is_for(model))
        return WI_OK;
    if (infer->form == WI_FORM_NONE) {
        wi_error_set(error, WI_INPUT_INVALID, "inputs", "%s takes no tensors", model->name);
        wi_error_expect(error, "%s",
            list->count > 0 ? wi_task_takes_words(list->items[0])
                            : "a string, a list of strings, {\"messages\": […]} or "
                              "{\"query\", \"documents\"}");
    } else {
        wi_error_set(error, WI_INPUT_INVALID, "inputs", "%s takes %s", model->name,
            model->facts.spec.takes_picture ? "a picture alone, or tensors" : "tensors alone");
        wi_error_expect(error, "%s",
            model->facts.spec.takes_picture
                ? "a picture: {\"image\":\"<base64>\"}, or a list of tensors"
                : "a list of {\"name\",\"datatype\",\"shape\",\"data\"}");
    }
    return WI_INPUT_INVALID;
}

/* A node other than our browsers may have an engine that our page lacks. */
static enum wi_code check_engine(
    const struct wi_infer *infer, const struct wi_model *model, struct wi_error *error)
{
    const struct wi_inference *asked = infer->asked;
    if (asked->has_platform && (asked->platform == WI_SIMULATED || asked->platform == WI_NATIVE))
        return WI_OK;
    return wi_model_check_engine(model, error);
}

static enum wi_code check_outputs(
    const struct wi_infer *infer, enum wi_task_kind task, struct wi_error *error)
{
    for (size_t i = 0; i < infer->asked->outputs.count; i++) {
        const char *name = infer->asked->outputs.items[i];
        if (wi_task_output(task, name))
            continue;
        wi_error_set(error, WI_OUTPUT_UNKNOWN, "outputs",
            "there is no output \"%.100s\" of the task %s", name, wi_task_name(task));
        return wi_error_expect(error, "%s", wi_task_outputs(task));
    }
    return WI_OK;
}

static uint64_t count_least(uint64_t a, uint64_t b)
{
    return b > 0 && b < a ? b : a;
}

/* The tokens that there is room for: the requested number, up to the model's, or else what fits the
 * memory of a page. 0: not known. */
static uint64_t context_of(const struct wi_infer *infer, const struct wi_model *model,
    const struct wi_config_models *limits)
{
    json_int_t asked = json_integer_value(json_object_get(infer->asked->options, "context"));
    uint64_t most = model->facts.context;
    if (wi_formats[model->format]->fixed_context)
        return most;
    if (asked > 0)
        return count_least((uint64_t)asked, most);
    if (model->facts.memory.context > 0)
        return count_least(model->facts.memory.context, most);
    return count_least((uint64_t)limits->context, most);
}

static enum wi_code check_size(const struct wi_infer *infer, const struct wi_model *model,
    enum wi_task_kind task, const struct wi_config_models *limits, struct wi_error *error)
{
    /* Each text of a list has its own context. */
    int is_one = wi_tasks[task].generates && infer->form != WI_FORM_LIST;
    size_t bytes = is_one ? infer->asked->text_bytes : infer->longest_text;
    uint64_t context = context_of(infer, model, limits);
    if (json_is_true(json_object_get(infer->asked->options, "truncate")))
        return WI_OK;
    if (context == 0 || context > WI_TEXT_MAX || bytes <= context * WI_TEXT_PER_TOKEN)
        return WI_OK;
    wi_error_set(error, WI_CONTEXT_LENGTH, "inputs",
        "the text has %zu bytes, which is more than a context of %llu tokens can hold", bytes,
        (unsigned long long)context);
    return wi_error_expect(error, "at most %llu bytes, %d for each token",
        (unsigned long long)context * WI_TEXT_PER_TOKEN, WI_TEXT_PER_TOKEN);
}

/* Each of several prompts has as many answers as one alone. */
static enum wi_code check_prompts(
    const struct wi_infer *infer, enum wi_task_kind task, struct wi_error *error)
{
    const struct wi_inference *asked = infer->asked;
    const json_t *n = json_object_get(asked->options, "n");
    json_int_t each = json_is_integer(n) ? json_integer_value(n) : 1;
    if (task != WI_TASK_COMPLETE || infer->form != WI_FORM_LIST ||
        (json_int_t)json_array_size(asked->input) * each <= WI_TEXT_ANSWERS)
        return WI_OK;
    wi_error_set(error, WI_INVALID_FIELD, "inputs",
        "%zu prompts with %lld answers each are too many for one request",
        json_array_size(asked->input), (long long)each);
    return wi_error_expect(error, "at most %d answers in all", WI_TEXT_ANSWERS);
}

/* A precision belongs to a variant. */
static enum wi_code check_precision(
    const struct wi_infer *infer, const struct wi_model *model, struct wi_error *error)
{
    const struct wi_inference *asked = infer->asked;
    struct wi_buffer names = {0};
    if (!asked->precision || (model->variant && wi_variant_is_of(model->variant, asked->precision)))
        return WI_OK;
    for (size_t i = 0; i < model->variants.count; i++)
        wi_buffer_printf(&names, "%s%s", i ? ", " : "", model->variants.items[i].name);
    wi_error_set(error, WI_PRECISION_UNSUPPORTED, "precision",
        "%s has no variant in %s; its variants are its precisions", model->name, asked->precision);
    wi_error_allow(error, "%s", names.text ? names.text : "none");
    wi_buffer_clear(&names);
    return WI_PRECISION_UNSUPPORTED;
}

static enum wi_code check_picture(
    const struct wi_infer *infer, const struct wi_config_models *limits, struct wi_error *error)
{
    if (infer->form < WI_FORM_PICTURE || infer->form > WI_FORM_PICTURE_PROMPT)
        return WI_OK;
    return wi_picture_check_size(&infer->picture, limits->max_picture_pixels, error);
}

/* Pictures in messages; the names of their tensors give their places. */
static enum wi_code check_shown(const struct wi_infer *infer, const struct wi_model *model,
    const struct wi_config_models *limits, struct wi_error *error)
{
    const struct wi_inference *asked = infer->asked;
    if (infer->form != WI_FORM_MESSAGES || asked->tensors.count == 0)
        return WI_OK;
    const char *where = asked->tensors.items[0].name;
    if (!wi_task_list_has(&model->facts.tasks, WI_TASK_VISUAL_QUESTION)) {
        wi_error_set(error, WI_INVALID_FIELD, where, "%s is a picture, and %s takes none", where,
            model->name);
        return wi_error_expect(error, "{\"type\": \"text\", \"text\": string}");
    }
    enum wi_code code = wi_picture_check_size(&infer->picture, limits->max_picture_pixels, error);
    if (code != WI_OK && error)
        snprintf(
            error->field, sizeof error->field, "%s", asked->tensors.items[infer->largest].name);
    return code;
}

/* Engines ignore tokens that do not exist, and an option without effect is a mistake. */
static enum wi_code check_bias(const struct wi_infer *infer, const struct wi_model *model,
    const char *where, struct wi_error *error)
{
    uint64_t count = model->facts.vocabulary;
    const char *token;
    json_t *value;
    char field[40];
    json_object_foreach(json_object_get(infer->asked->options, "logit_bias"), token, value)
    {
        if (count == 0 || strtoull(token, NULL, 10) < count)
            continue;
        snprintf(field, sizeof field, "%slogit_bias", where);
        wi_error_set(error, WI_INPUT_INVALID, field, "%s has %llu tokens, and none is number %s",
            model->name, (unsigned long long)count, token);
        return wi_error_expect(error, "tokens from 0 to %llu", (unsigned long long)count - 1);
    }
    return WI_OK;
}

enum wi_code wi_text_check(const struct wi_infer *infer, const struct wi_model *model,
    const struct wi_config_models *limits, struct wi_error *error)
{
    enum wi_task_kind task = task_of(infer, model);
    enum wi_code code = check_engine(infer, model, error);
    if (code != WI_OK || (code = check_kind(infer, model, error)) != WI_OK ||
        (code = check_task(infer, model, error)) != WI_OK ||
        (code = check_picture(infer, limits, error)) != WI_OK ||
        (code = check_shown(infer, model, limits, error)) != WI_OK ||
        (code = check_outputs(infer, task, error)) != WI_OK)
        return code;
    if ((code = check_precision(infer, model, error)) != WI_OK)
        return code;
    const char *where = wi_infer_options_where(infer);
    code = wi_task_check_options(task, wi_formats[model->format]->gguf_options,
        infer->asked->options, (unsigned)limits->slots, where, error);
    if (code != WI_OK || (code = check_prompts(infer, task, error)) != WI_OK ||
        (code = check_bias(infer, model, where, error)) != WI_OK)
        return code;
    return check_size(infer, model, task, limits, error);
}

void wi_text_name_variant(
    struct wi_infer *infer, const struct wi_model *model, const struct wi_variant *variant)
{
    char *name = wi_model_name_with(model->name, variant->name);
    free(infer->model_name);
    infer->model_name = name;
}

int wi_text_choose_variant(struct wi_infer *infer, const struct wi_model *model)
{
    const struct wi_inference *asked = infer->asked;
    if (!asked->precision || !model->variant || wi_model_name_variant(infer->model_name) ||
        wi_variant_is_of(model->variant, asked->precision))
        return 0;
    const struct wi_variant *variant = wi_variants_of_precision(&model->variants, asked->precision);
    if (!variant)
        return 0; /* which wi_text_check says */
    wi_text_name_variant(infer, model, variant);
    return 1;
}

/* --- the canonical form ----------------------------------------------------------------------- */

static json_t *settle_input(struct wi_infer *infer, enum wi_task_kind task)
{
    json_t *input = infer->asked->input,
           *special = json_object_get(infer->asked->options, "add_special");
    if (task == WI_TASK_TOKENIZE && infer->form == WI_FORM_STRING)
        return json_pack(
            "{s:o, s:b}", "text", input, "add_special", !special || json_is_true(special));
    const struct wi_task_input_row *row = &wi_task_inputs[wi_tasks[task].takes];
    if (infer->form == WI_FORM_STRING && row->of_string)
        return json_pack("{s:o}", row->of_string, input);
    if (infer->form == WI_FORM_STRING)
        return json_pack("{s:[o]}", row->of_list, input);
    if (infer->form == WI_FORM_LIST || infer->form == WI_FORM_MESSAGES)
        return json_pack("{s:o}", row->of_list, input);
    return input; /* it is so already */
}

/* Options that have an effect, each in one form. */
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

void wi_text_settle(struct wi_infer *infer, const struct wi_model *model)
{
    struct wi_inference *asked = infer->asked;
    int is_text = infer->form != WI_FORM_NONE && wi_text_is_for(model);
    if (is_text || model->variant) {
        free(asked->precision); /* it is no longer needed: the model is the variant */
        asked->precision = NULL;
    }
    asked->task = is_text ? task_of(infer, model) : WI_TASK_NONE;
    if (!is_text)
        return;
    asked->input = settle_input(infer, asked->task);
    settle_options(asked->options, asked->task);
}
