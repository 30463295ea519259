/* The parameters that only OpenAI's endpoints for sound have: the form of the answer, and the times
 * in it. */
#include "wire/openai/openai.h"

#include <stdlib.h>
#include <string.h>

/* The form by its name, of those from `first` on. */
static enum wi_code sound_read_form(struct wi_infer *infer, const json_t *root,
    enum wi_openai_form first, const char *const *names, struct wi_error *error)
{
    const json_t *asked = json_object_get(root, "response_format");
    struct wi_openai_extras *extras = infer->extras;
    extras->form = first;
    for (int i = 0; names[i] && json_is_string(asked); i++) {
        if (strcmp(json_string_value(asked), names[i]) != 0)
            continue;
        extras->form = (enum wi_openai_form)((int)first + i);
        return WI_OK;
    }
    if (!asked || json_is_null(asked))
        return WI_OK;
    char *given = json_dumps(asked, JSON_COMPACT | JSON_ENCODE_ANY | JSON_ENSURE_ASCII);
    wi_error_set(error, WI_INVALID_FIELD, "response_format",
        "the response_format %.40s is not made here", given);
    free(given);
    struct wi_buffer list = {0};
    for (int i = 0; names[i]; i++)
        wi_buffer_strings(&list, i > 0 ? ", " : "", names[i], NULL);
    wi_error_allow(error, "%s", list.text);
    wi_buffer_clear(&list);
    return WI_INVALID_FIELD;
}

static enum wi_code refuse_times(struct wi_error *error)
{
    wi_error_set(error, WI_INVALID_FIELD, WI_OPENAI_TIMES,
        "%s is for response_format verbose_json, and is segment, word or both", WI_OPENAI_TIMES);
    return wi_error_expect(error, "segment or word");
}

/* A form has one value, or several of one name. */
static enum wi_code read_times(
    struct wi_openai_extras *extras, const json_t *times, struct wi_error *error)
{
    size_t count = json_is_array(times) ? json_array_size(times) : 1;
    for (size_t i = 0; i < count; i++) {
        const json_t *one = json_is_array(times) ? json_array_get(times, i) : times;
        const char *word = json_is_string(one) ? json_string_value(one) : "";
        if (strcmp(word, "segment") == 0)
            extras->segments = 1;
        else if (strcmp(word, "word") == 0)
            extras->words = 1;
        else
            return refuse_times(error);
    }
    return WI_OK;
}

/* The option that asks a node for the requested times. */
static const char *times_of(const struct wi_openai_extras *extras)
{
    if (extras->words)
        return extras->segments ? "both" : "word";
    return "segment";
}

enum wi_code wi_openai_check_stream(const struct wi_infer *infer, struct wi_error *error)
{
    const struct wi_openai_extras *extras = infer->extras;
    return extras->form <= WI_OPENAI_TEXT
               ? WI_OK
               : wi_error_set(error, WI_INVALID_FIELD, "stream",
                     "a stream is of text; ask for response_format json, or for no stream");
}

enum wi_code wi_openai_read_recognition(
    struct wi_infer *infer, const json_t *root, struct wi_error *error)
{
    struct wi_inference *asked = infer->asked;
    static const char *const forms[] = {"json", "text", "srt", "vtt", "verbose_json", NULL};
    const json_t *times = json_object_get(root, WI_OPENAI_TIMES);
    enum wi_code code = sound_read_form(infer, root, WI_OPENAI_JSON, forms, error);
    if (code != WI_OK)
        return code;
    struct wi_openai_extras *extras = infer->extras;
    enum wi_openai_form form = extras->form;
    infer->is_file = form == WI_OPENAI_TEXT || form == WI_OPENAI_SRT || form == WI_OPENAI_VTT;
    asked->stream = json_is_true(json_object_get(root, "stream"));
    if (asked->stream && (code = wi_openai_check_stream(infer, error)) != WI_OK)
        return code;
    if (json_is_null(times))
        times = NULL;
    if (times && form != WI_OPENAI_VERBOSE)
        return refuse_times(error);
    if (times && (code = read_times(extras, times, error)) != WI_OK)
        return code;
    extras->segments |= !extras->words;
    if (form >= WI_OPENAI_SRT)
        json_object_set_new(asked->options, "timestamps", json_string(times_of(extras)));
    if (form == WI_OPENAI_VERBOSE && extras->segments)
        json_object_set_new(asked->options, "details", json_true());
    return WI_OK;
}

enum wi_code wi_openai_read_speech(
    struct wi_infer *infer, const json_t *root, struct wi_error *error)
{
    static const char *const forms[] = {"wav", "pcm", NULL};
    infer->is_file = 1;
    return sound_read_form(infer, root, WI_OPENAI_WAV, forms, error);
}
