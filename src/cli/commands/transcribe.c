/* webinfer transcribe: prints the speech of a sound file as text or subtitles. */
#include "cli/commands/commands.h"

#include "base/memory.h"
#include "base/params.h"
#include "cli/commands/infer.h"
#include "cli/pages.h"
#include "cli/plain.h"
#include "wire/captions.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TASK "automatic-speech-recognition"

enum form { TEXT, SRT, VTT, WHOLE };

static enum wi_code read_form(
    const struct wi_arguments *arguments, enum form *form, struct wi_error *error)
{
    static const char *const names[] = {"text", "srt", "vtt", "json"};
    const char *asked = wi_argument(arguments, "format");

    for (*form = TEXT; *form <= WHOLE; ++*form)
        if (!asked || strcmp(asked, names[*form]) == 0)
            return WI_OK;
    wi_cli_refuse(error, "--format %.40s is none", asked);
    return wi_error_allow(error, "text, srt, vtt, json");
}

static int has_task(const json_t *model)
{
    return wi_json_has_text(json_object_get(model, "tasks"), TASK);
}

/* A model in the list has its tasks once it has been read; a model that may be for sounds, judging
 * by its name, is requested on its own. Only folders have tasks. */
static int model_transcribes(const struct wi_cli *cli, const json_t *model, const char *name)
{
    if (json_object_get(model, "tasks"))
        return has_task(model);
    if (!wi_json_is(model, "format", "huggingface") ||
        (wi_json_text(model, "type") && !wi_json_is(model, "type", "audio")))
        return 0;
    json_t *read = wi_cli_get(cli, "/v1/models/*", name);
    int yes = has_task(read);
    json_decref(read);
    return yes;
}

static void refuse_choice(const struct wi_strings *names, struct wi_error *error)
{
    struct wi_buffer list = {0};

    if (names->count == 0) {
        wi_cli_refuse(error,
            "the server has no model that transcribes; pull or add one, or name the model with "
            "--model");
        return;
    }
    wi_cli_refuse(
        error, "the server has %zu models that transcribe; name one with --model", names->count);
    for (size_t i = 0; i < names->count; i++)
        wi_buffer_strings(&list, i ? ", " : "", names->items[i], NULL);
    wi_error_allow(error, "%s", list.text);
    wi_buffer_clear(&list);
}

/* The model of --model, else the only one that transcribes, of those that the server has: a new
 * string, or NULL with `error`. */
static char *find_model(const struct wi_cli *cli, struct wi_error *error)
{
    struct wi_pages pages = {.cli = cli, .path = "/v1/models", .member = "models", .quiet = 1};
    const char *asked = wi_argument(&cli->arguments, "model");
    struct wi_strings names = {0};
    const json_t *model;
    char *name = NULL;

    if (asked)
        return wi_strdup(asked);
    while ((model = wi_pages_row(&pages))) {
        const char *its = wi_json_text(model, "name");
        if (its && model_transcribes(cli, model, its))
            wi_strings_add(&names, its);
    }
    if (wi_pages_close(&pages) != WI_EXIT_OK)
        wi_cli_refuse(
            error, "the server does not say which models it has; name the model with --model");
    else if (names.count == 1)
        name = wi_strdup(names.items[0]);
    else
        refuse_choice(&names, error);
    wi_strings_clear(&names);
    return name;
}

static void add_options(json_t *request, const struct wi_arguments *arguments, enum form form)
{
    const char *language = wi_argument(arguments, "language");
    json_t *options = json_object_get(request, "options");

    if (!options) {
        options = json_object();
        json_object_set_new(request, "options", options);
    }
    if (language)
        json_object_set_new(options, "language", json_string(language));
    if (wi_argument_given(arguments, "translate"))
        json_object_set_new(options, "translate", json_true());
    if (form == SRT || form == VTT)
        json_object_set_new(options, "timestamps", json_string("segment"));
}

static enum wi_code write_request(const struct wi_cli *cli, enum form form, struct wi_buffer *body,
    struct wi_rest_request *request, struct wi_error *error)
{
    const struct wi_arguments *arguments = &cli->arguments;
    struct wi_buffer sound = {0};
    json_t *requested = json_object();
    json_t *inputs = wi_cli_infer_file("audio", arguments->positionals[0], &sound, error);
    char *model = inputs ? find_model(cli, error) : NULL;

    if (model && wi_cli_infer_choices(requested, arguments, &request->timeout_ms, error) == WI_OK) {
        json_object_set_new(requested, "model_name", json_string(model));
        json_object_set_new(requested, "task", json_string(TASK));
        json_object_set(requested, "inputs", inputs);
        add_options(requested, arguments, form);
        wi_buffer_json(body, requested);
        request->json_size = body->size;
        wi_buffer_add(body, sound.text, sound.size);
    }
    wi_buffer_clear(&sound);
    json_decref(inputs);
    json_decref(requested);
    free(model);
    return error->code;
}

/* A model's text may hold anything, so a terminal gets none of its control characters. */
static void print_heard(enum form form, const json_t *result)
{
    struct wi_buffer heard = {0}, plain = {0};

    if (form == TEXT)
        wi_buffer_strings(&heard, wi_json_text(result, "text"), "\n", NULL);
    else
        wi_captions_write(&heard, json_object_get(result, "segments"),
            form == SRT ? WI_CAPTIONS_SRT : WI_CAPTIONS_VTT);
    wi_plain(&plain, heard.text, heard.size, "\n\t");
    wi_plain_flush(stdout, &plain);
    wi_buffer_clear(&heard);
}

static enum wi_exit transcript_show(
    const struct wi_cli *cli, enum form form, const struct wi_buffer *body)
{
    json_t *answer = json_loadb(body->text, body->size, 0, NULL);
    const json_t *result = json_object_get(answer, "result");
    int has_text = json_is_string(json_object_get(result, "text"));

    if (!has_text)
        fputs("webinfer: the answer has no text\n", stderr);
    else if (cli->json || form == WHOLE)
        wi_plain_json(stdout, body->text, body->size);
    else
        print_heard(form, result);
    json_decref(answer);
    return has_text ? WI_EXIT_OK : WI_EXIT_FAILED;
}

enum wi_exit wi_cli_transcribe(struct wi_cli *cli)
{
    struct wi_rest_request request = {.path = "/v1/infer"};
    struct wi_rest_answer answer = {0};
    struct wi_error error = {0};
    struct wi_buffer body = {0};
    enum wi_exit result = WI_EXIT_USAGE;
    enum form form;

    if (wi_argument_given(&cli->arguments, "live"))
        return wi_cli_listen(cli);
    if (read_form(&cli->arguments, &form, &error) == WI_OK &&
        write_request(cli, form, &body, &request, &error) == WI_OK) {
        wi_cli_infer_carry(&request, &body);
        wi_rest_exchange(&cli->rest, &request, &answer);
        result = wi_cli_check(cli, &answer);
        if (result == WI_EXIT_OK)
            result = transcript_show(cli, form, &answer.body);
    } else {
        wi_cli_complain(&error);
    }
    wi_rest_answer_clear(&answer);
    wi_buffer_clear(&body);
    return result;
}
