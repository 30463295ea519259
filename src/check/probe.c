/* The inputs of ours, by what a task takes; see probe.h. */
#include "check/probe.h"

#include "base/memory.h"
#include "check/probe_media.h"
#include <stdlib.h>
#include <string.h>
#include <uv.h>

/* About 60 tokens in most vocabularies, which are enough to measure reading by, and some to measure
 * writing. */
#define SENTENCE                                                                                   \
    "The river comes down from the hills in the north, turns round the old town, and goes on "     \
    "through wide green fields to the sea."
static const char prompt[] =
    SENTENCE " In spring it carries the snow of the mountains; in "
             "autumn it is low, and children walk across it on the stones. Tell how the river";
#define PROMPT_TOKENS 60.0
#define ANSWER_TOKENS 16
/* A question about one sentence, since it may not be cut. */
#define QUESTION_TOKENS 36.0
static const char spoken[] = "The river goes to the sea.";

/* Its beginning is another each time: what a node has computed before would measure nothing. */
static char *make_prompt(void)
{
    uint32_t number = 0;

    uv_random(NULL, NULL, &number, sizeof number, 0, NULL);
    return wi_sprintf("%u. %s", number, prompt);
}

static json_t *labels(void)
{
    return json_pack("[s, s, s]", "a river", "a red ball", "music");
}

/* --- options ---------------------------------------------------------------------------------- */

static void take(json_t *options, const json_t *client, const char *const names[], size_t count)
{
    for (size_t i = 0; i < count; i++) {
        json_t *option = json_object_get(client, names[i]);
        if (option)
            json_object_set(options, names[i], option);
    }
}

/* What reads all of a text first, and so may be asked to cut it. */
static int is_rewriting(enum wi_task_kind task)
{
    return wi_task_is_of(task, WI_TYPE_TEXT2TEXT) && !wi_task_is_of(task, WI_TYPE_TEXT_GENERATION);
}

/* Models of several languages ask which ones: their names are no words of the client's. */
static json_t *writing_options(const struct wi_inference *client)
{
    static const char *const languages[] = {"source_language", "target_language"};
    json_t *options = json_pack("{s:i, s:i}", "temperature", 0, "max_tokens", ANSWER_TOKENS);

    take(options, client->options, languages, sizeof languages / sizeof *languages);
    if (is_rewriting(client->task))
        json_object_set_new(options, "truncate", json_true());
    return options;
}

/* As the client's, as far as they make another prompt of its messages. */
static json_t *client_options(const struct wi_inference *client)
{
    static const char *const names[] = {"tools", "chat_template_kwargs", "context"};
    json_t *options = writing_options(client);

    take(options, client->options, names, sizeof names / sizeof *names);
    return options;
}

/* A model that spells what it hears has no tokens to count. */
static json_t *speech_options(const struct wi_model *model)
{
    return strstr(model->huggingface.architecture, "ForCTC")
               ? NULL
               : json_pack("{s:i}", "max_tokens", ANSWER_TOKENS);
}

/* The text may be longer than what a model reads, and only some tasks may be asked to cut it. */
static json_t *options_of(const struct wi_inference *client)
{
    int in_folder = client->model->format == WI_FORMAT_HUGGINGFACE;

    switch (client->task) {
    case WI_TASK_EMBED:
    case WI_TASK_RERANK:
        return in_folder ? json_pack("{s:b}", "truncate", 1) : NULL;
    case WI_TASK_TEXT_CLASSIFICATION:
    case WI_TASK_ZERO_SHOT_CLASSIFICATION:
    case WI_TASK_TOKEN_CLASSIFICATION:
        return json_pack("{s:b}", "truncate", 1);
    case WI_TASK_SPEECH_RECOGNITION:
        return speech_options(client->model);
    default:
        return wi_task_samples(client->task) ? writing_options(client) : NULL;
    }
}

/* --- inputs ----------------------------------------------------------------------------------- */

/* A vocabulary calls its gap by a name of its own, which the client knows. */
static json_t *texts_of(const struct wi_inference *client, const char *text)
{
    const char *mask = "[MASK]";
    json_t *texts;

    if (client->task != WI_TASK_FILL_MASK)
        return json_pack("[s]", text);
    const json_t *own = json_array_get(json_object_get(client->input, "texts"), 0);
    if (json_is_string(own) && strstr(json_string_value(own), "<mask>"))
        mask = "<mask>";
    char *gap = wi_sprintf("The river goes to the %s.", mask);
    texts = json_pack("[s]", gap);
    free(gap);
    return texts;
}

static json_t *picture(struct wi_inference *asked)
{
    wi_probe_add_picture(&asked->tensors);
    return json_pack("{s:{s:i, s:s}}", "image", "tensor", 0, "media_type", "image/png");
}

static json_t *sound(struct wi_inference *asked)
{
    wi_probe_add_sound(&asked->tensors);
    return json_pack("{s:{s:i, s:s, s:i, s:i}}", "audio", "tensor", 0, "media_type",
        "audio/pcm;format=s16le", "sampling_rate", WI_PROBE_SOUND_RATE, "channels", 1);
}

static json_t *with(json_t *input, const char *name, json_t *more)
{
    json_object_set_new(input, name, more);
    return input;
}

/* NULL for what nothing stands for. */
static json_t *input_of(
    struct wi_inference *asked, const struct wi_inference *client, const char *text)
{
    switch (wi_task_takes(asked->task)) {
    case WI_TAKES_PROMPT:
        return json_pack("{s:s}", "prompt", text);
    case WI_TAKES_TEXTS:
    case WI_TAKES_PAIRS:
        return json_pack("{s:o}", "texts", texts_of(client, text));
    case WI_TAKES_QUERY:
        return json_pack("{s:s, s:[s, s]}", "query", "a river", "documents", text, "a red ball");
    case WI_TAKES_QUESTION:
        return json_pack("{s:s, s:s}", "question", "Where does it go?", "context", SENTENCE);
    case WI_TAKES_LABELS:
        return json_pack("{s:[s], s:o}", "texts", text, "labels", labels());
    case WI_TAKES_PICTURE:
    case WI_TAKES_PICTURE_PROMPT:
        return picture(asked);
    case WI_TAKES_PICTURE_LABELS:
        return with(picture(asked), "labels", labels());
    case WI_TAKES_PICTURE_QUESTION:
        return with(picture(asked), "question", json_string("What is red?"));
    case WI_TAKES_SOUND:
        return sound(asked);
    case WI_TAKES_SOUND_LABELS:
        return with(sound(asked), "labels", labels());
    case WI_TAKES_TEXT: /* text that is only to be counted says nothing */
        return asked->task == WI_TASK_TEXT_TO_SPEECH ? json_pack("{s:s}", "text", spoken) : NULL;
    default: /* tensors */
        return NULL;
    }
}

/* As wi_infer_settle foresees them. */
static void foresee(struct wi_inference *asked)
{
    if (wi_task_reads_text(asked->task))
        asked->prompt_tokens =
            asked->task == WI_TASK_QUESTION_ANSWERING ? QUESTION_TOKENS : PROMPT_TOKENS;
    else if (!wi_task_runs_evenly(asked->task))
        asked->prompt_tokens = 1;
    if (wi_task_generates(asked->task))
        asked->answer_tokens = ANSWER_TOKENS;
}

/* A conversation is text that a model goes on with; one that sees has its look compared as well. */
static enum wi_task_kind task_for(const struct wi_inference *client)
{
    if (client->task != WI_TASK_CHAT)
        return client->task;
    return wi_task_list_has(&client->model->huggingface.tasks, WI_TASK_VISUAL_QUESTION)
               ? WI_TASK_VISUAL_QUESTION
               : WI_TASK_COMPLETE;
}

struct wi_inference *wi_probe_ask(const struct wi_inference *client)
{
    struct wi_inference *asked = wi_inference_new();
    char *text = make_prompt();

    asked->model = wi_model_ref(client->model);
    asked->type = client->type;
    asked->precision = wi_strdup(client->precision);
    asked->task = task_for(client);
    asked->input = input_of(asked, client, text);
    free(text);
    if (!asked->input) {
        wi_inference_release(asked);
        return NULL;
    }
    asked->options = options_of(client);
    foresee(asked);
    return asked;
}

struct wi_inference *wi_probe_ask_client(const struct wi_inference *client)
{
    if (client->model->format != WI_FORMAT_GGUF || !wi_task_samples(client->task) ||
        client->prompt_tokens > WI_PROBE_PROMPT_TOKENS)
        return NULL;
    struct wi_inference *asked = wi_inference_again(client);
    json_decref(asked->options);
    asked->options = client_options(client);
    wi_strings_clear(&asked->outputs);
    asked->answer_tokens = ANSWER_TOKENS;
    return asked;
}
