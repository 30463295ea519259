/* A fixed prompt; see text_probe.h. */
#include "check/text_probe.h"

#include "base/memory.h"
#include <stdlib.h>

/* About 60 tokens in most vocabularies, which are enough to measure reading by, and some to measure
 * writing. */
static const char prompt[] =
    "The river comes down from the hills in the north, turns round the old town, and goes on "
    "through wide green fields to the sea. In spring it carries the snow of the mountains; in "
    "autumn it is low, and children walk across it on the stones. Tell how the river";
#define PROMPT_TOKENS 60.0
#define ANSWER_TOKENS 16

/* Its beginning is another each time: what a node has computed before would measure nothing. */
static char *make_prompt(void)
{
    uint32_t number = 0;

    uv_random(NULL, NULL, &number, sizeof number, 0, NULL);
    return wi_sprintf("%u. %s", number, prompt);
}

/* Models of several languages ask which ones: their names are no words of the client's. */
static void take_languages(json_t *options, const json_t *client)
{
    static const char *const names[] = {"source_language", "target_language"};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        json_t *language = json_object_get(client, names[i]);
        if (language)
            json_object_set(options, names[i], language);
    }
}

int wi_text_probe(struct wi_job_spec *spec, const struct wi_job_spec *client)
{
    char *text = make_prompt();

    if (client->task == WI_TASK_CHAT || wi_task_takes(client->task) == WI_TAKES_PROMPT) {
        spec->task = client->task == WI_TASK_CHAT ? WI_TASK_COMPLETE : client->task;
        spec->input = json_pack("{s:s}", "prompt", text);
        spec->options = json_pack("{s:i, s:i}", "temperature", 0, "max_tokens", ANSWER_TOKENS);
        take_languages(spec->options, client->options);
        spec->answer_tokens = ANSWER_TOKENS;
    } else if (client->task == WI_TASK_EMBED || client->task == WI_TASK_TEXT_CLASSIFICATION ||
               client->task == WI_TASK_TOKEN_CLASSIFICATION) {
        spec->task = client->task;
        spec->input = json_pack("{s:[s]}", "texts", text);
    } else if (client->task == WI_TASK_RERANK) {
        spec->task = WI_TASK_RERANK;
        spec->input = json_pack("{s:s, s:[s]}", "query", "a river", "documents", text);
    }
    spec->prompt_tokens = PROMPT_TOKENS;
    free(text);
    return spec->input ? 0 : -1;
}
