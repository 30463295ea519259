/*
 * How a model shall answer Ollama's clients: the members of `options`, in three lists (see
 * ollama_parse.c), the form of the answer, and whether the model thinks.
 */
#include "wire/ollama/ollama.h"

#include "wire/text.h"
#include <string.h>

#define FILLS_CONTEXT (-2) /* as num_predict */
#define ANY_SEED (-1)

/* --- the lists ------------------------------------------------------------------------------- */

#define TEXT (1u << WI_TASK_CHAT | 1u << WI_TASK_COMPLETE)
#define EMBED (1u << WI_TASK_EMBED)
#define ALL (TEXT | EMBED)

static const struct wi_parameter option_parameters[] = {
    {WI_PARAMETER_SPECIAL, TEXT, {"num_predict"}},
    {WI_PARAMETER_SPECIAL, ALL, {"num_ctx"}},
    {WI_PARAMETER_SPECIAL, TEXT, {"seed"}},
    {WI_PARAMETER_OPTION, TEXT,
        {"temperature", "top_k", "top_p", "min_p", "stop", "repeat_penalty", "frequency_penalty",
            "presence_penalty"}},
    /* Nothing is drawn at random for vectors. */
    {WI_PARAMETER_IGNORED, EMBED,
        {"num_predict", "seed", "temperature", "top_k", "top_p", "min_p", "stop", "repeat_penalty",
            "frequency_penalty", "presence_penalty"}},
    /* The use of the machine, which the pool decides. */
    {WI_PARAMETER_IGNORED, ALL,
        {"numa", "num_batch", "num_gpu", "main_gpu", "num_thread", "num_keep", "low_vram", "f16_kv",
            "use_mmap", "use_mlock", "logits_all", "embedding_only", "penalize_newline"}},
    /* Of a sampler that does not exist here: see its switch in the list of refused ones. */
    {WI_PARAMETER_IGNORED, ALL, {"mirostat_tau", "mirostat_eta"}},
    {0},
};
static const struct wi_neutral option_neutrals[] = {
    {"mirostat", "0"},
    {"typical_p", "1"},
    {"typical_p", "1.0"},
    {"tfs_z", "1"},
    {"tfs_z", "1.0"},
    {"repeat_last_n", "64"},
    {"vocab_only", "false"},
    {0},
};

struct sampling {
    json_t *num_predict, *seed;
    int64_t num_ctx;
};
static const struct wi_param sampling_table[] = {
    WI_PARAM(sampling, num_predict, ANY),
    WI_PARAM(sampling, seed, ANY),
    WI_PARAM(sampling, num_ctx, INTEGER, .min = 16, .max = WI_TOKENS_MAX),
    WI_PARAM_END,
};

static const struct wi_parameters lists = {option_parameters, option_neutrals, sampling_table};

/* --- options --------------------------------------------------------------------------------- */

static int is_integer(const json_t *value, json_int_t number)
{
    return json_is_integer(value) && json_integer_value(value) == number;
}

enum wi_code wi_ollama_read_options(
    struct wi_infer *infer, const json_t *options, struct wi_error *error)
{
    json_t *asked = infer->asked->options;
    struct sampling read = {0};
    enum wi_code code = wi_parameters_sort_within(infer, options, &lists, "options.", error);
    if (code == WI_OK)
        code = wi_params_read(sampling_table, options, WI_PARAMS_OPEN, "options.", &read, error);
    if (code != WI_OK)
        return code;
    if (read.num_ctx > 0)
        json_object_set_new(asked, "context", json_integer(read.num_ctx));
    if (infer->asked->task == WI_TASK_EMBED)
        return WI_OK;
    if (read.seed && !is_integer(read.seed, ANY_SEED))
        json_object_set(asked, "seed", read.seed);
    if (is_integer(read.num_predict, FILLS_CONTEXT))
        return WI_OK;
    return wi_parameters_read_most(infer, "options.num_predict", read.num_predict, error);
}

enum wi_code wi_ollama_read_format(struct wi_infer *infer, json_t *format, struct wi_error *error)
{
    const char *word = json_string_value(format);
    if (word && !*word)
        return WI_OK;
    if (word && strcmp(word, "json") == 0) {
        json_object_set_new(
            infer->asked->options, "response_format", json_pack("{s:s}", "type", "json_object"));
        return WI_OK;
    }
    if (json_is_object(format)) {
        json_object_set(infer->asked->options, "json_schema", format);
        return WI_OK;
    }
    wi_error_set(error, WI_INVALID_FIELD, "format", "format is neither \"json\" nor a JSON schema");
    return wi_error_expect(error, "\"json\", or a JSON schema");
}

enum wi_code wi_ollama_read_think(struct wi_infer *infer, json_t *think, struct wi_error *error)
{
    static const char *const levels[] = {"low", "medium", "high"};
    const char *word = json_string_value(think);
    json_t *told = json_is_boolean(think) ? json_pack("{s:O}", "enable_thinking", think) : NULL;
    for (size_t i = 0; word && i < sizeof levels / sizeof *levels; i++)
        if (strcmp(word, levels[i]) == 0)
            told = json_pack("{s:b, s:s}", "enable_thinking", 1, "reasoning_effort", word);
    if (told) {
        json_object_set_new(infer->asked->options, "chat_template_kwargs", told);
        return WI_OK;
    }
    wi_error_set(error, WI_INVALID_FIELD, "think", "think cannot be that");
    return wi_error_allow(error, "true, false, \"low\", \"medium\", \"high\"");
}

/* --- the model ------------------------------------------------------------------------------- */

/* Clients send these for any model: the context of a folder is fixed, and the engine of a GGUF
 * model cuts no text. A text that is too long is refused for its length. */
static void fit_options(struct wi_inference *asked, const struct wi_model *model)
{
    if (wi_formats[model->format]->fixed_context)
        json_object_del(asked->options, "context");
    else
        json_object_del(asked->options, "truncate");
}

enum wi_code wi_ollama_check(const struct wi_infer *infer, const struct wi_model *model,
    const struct wi_config_models *limits, struct wi_error *error)
{
    fit_options(infer->asked, model);
    enum wi_code code = wi_text_check(infer, model, limits, error);
    if (code != WI_OK)
        wi_ollama_rename(infer, error);
    return code;
}

enum wi_code wi_ollama_check_stream(const struct wi_infer *infer, struct wi_error *error)
{
    (void)infer; /* only generated text may be a stream here */
    return WI_OK;
}
