/* webinfer infer: sends one request and shows, prints or saves its answer. */
#include "cli/commands/infer.h"

#include "cli/commands/commands.h"
#include "cli/plain.h"
#include "cli/text_table.h"
#include "cli/usage.h"
#include "terms/format/model.h"
#include <stdio.h>

static enum wi_exit answer_show(struct wi_cli *cli, const struct wi_rest_answer *answer)
{
    json_t *value = json_loadb(answer->body.text, wi_cli_json_size(answer), 0, NULL);
    struct wi_buffer text = {0};

    if (!json_is_object(value)) {
        json_decref(value);
        return wi_cli_fail(WI_EXIT_FAILED, "the answer is not a JSON object");
    }
    if (cli->json)
        fwrite(answer->body.text, 1, wi_cli_json_size(answer), stdout);
    enum wi_exit result = wi_cli_infer_put(cli, &text, value, answer);
    if (!cli->json)
        wi_plain_flush(stdout, &text);
    wi_buffer_clear(&text);
    json_decref(value);
    return result;
}

/* For an accepted job, prints only its id, for "webinfer jobs wait". */
static enum wi_exit show_job(struct wi_cli *cli, const struct wi_rest_answer *answer)
{
    json_t *job = json_loadb(answer->body.text, answer->body.size, 0, NULL);
    const char *id = wi_json_text(job, "id");
    enum wi_exit result = id ? WI_EXIT_OK : WI_EXIT_FAILED;

    if (cli->json)
        fwrite(answer->body.text, 1, answer->body.size, stdout);
    else
        puts(id ? id : "webinfer: the server returned no id");
    json_decref(job);
    return result;
}

/* Prints how to run the model, if the service answers and has the model. */
static void tell_usage(const struct wi_cli *cli)
{
    const char *name = cli->arguments.positionals[0];
    struct wi_buffer usage = {0};
    struct wi_error error;

    if (wi_model_check_name(name, &error) != WI_OK)
        return;
    json_t *model = wi_cli_get(cli, "/v1/models/*", name);
    if (model && wi_usage_print(&usage, name, model) == 0)
        fprintf(stderr, "To run it: %s\n", usage.text);
    json_decref(model);
    wi_buffer_clear(&usage);
}

/* Whether the request was refused because the model takes other inputs. */
static int is_other_input(const struct wi_rest_answer *answer)
{
    json_t *problem =
        answer->body.size > 0 ? json_loadb(answer->body.text, answer->body.size, 0, NULL) : NULL;
    int is_other = wi_json_is(problem, "code", "input_invalid") &&
                   (wi_json_is(problem, "field", "inputs") || wi_json_is(problem, "field", "task"));

    json_decref(problem);
    return is_other;
}

enum wi_exit wi_cli_infer_ask(struct wi_cli *cli, const char *path, json_t *asked)
{
    struct wi_buffer body = {0};
    int detach = wi_argument_given(&cli->arguments, "detach");
    struct wi_rest_request request = {.path = path};
    struct wi_rest_answer answer = {0};
    struct wi_error error = {0};
    enum wi_exit result = WI_EXIT_USAGE;

    if (wi_cli_infer_request(&cli->arguments, asked, &body, &request.json_size, &request.timeout_ms,
            &error) != WI_OK) {
        wi_cli_complain(&error);
        goto out;
    }
    wi_cli_infer_carry(&request, &body);
    if (wi_argument_given(&cli->arguments, "stream")) {
        result = wi_cli_live(&(struct wi_live){.cli = cli}, &request);
        goto out;
    }
    wi_rest_exchange(&cli->rest, &request, &answer);
    result = wi_cli_check(cli, &answer);
    if (result == WI_EXIT_OK && detach)
        result = show_job(cli, &answer);
    else if (result == WI_EXIT_OK)
        result = answer_show(cli, &answer);
    else if (is_other_input(&answer))
        tell_usage(cli);
out:
    wi_rest_answer_clear(&answer);
    wi_buffer_clear(&body);
    return result;
}

/* Whether there is a text and nothing that names a task. */
static int is_text_alone(const struct wi_arguments *arguments)
{
    static const char *const others[] = {"pair", "label", "question", "task"};

    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (wi_argument_given(arguments, others[i]))
            return 0;
    return wi_argument_at(arguments, "text", 0) && !wi_argument_at(arguments, "text", 1);
}

/* For a chat model, the text is a user message in the model's template, as in webinfer run. Other
 * models continue the text, as every model does with --task complete. */
static void say_to_chat(struct wi_cli *cli, json_t *asked)
{
    const char *name = cli->arguments.positionals[0];
    struct wi_rest_answer answer = {0};
    struct wi_error error;

    if (!is_text_alone(&cli->arguments) || wi_model_check_name(name, &error) != WI_OK)
        return;
    wi_cli_ask_model(cli, name, &answer);
    json_t *model = json_loadb(answer.body.text, answer.body.size, 0, NULL);
    if (answer.status == 200 && wi_usage_of_text(model) == WI_USAGE_CHAT)
        json_object_set_new(asked, "inputs",
            json_pack("{s:[{s:s, s:s}]}", "messages", "role", "user", "content",
                wi_argument(&cli->arguments, "text")));
    json_decref(model);
    wi_rest_answer_clear(&answer);
}

enum wi_exit wi_cli_infer(struct wi_cli *cli)
{
    int detach = wi_argument_given(&cli->arguments, "detach");
    json_t *asked = json_pack("{s:s}", "model_name", cli->arguments.positionals[0]);

    if (!asked)
        return wi_cli_fail(WI_EXIT_USAGE, "the model's name is not UTF-8");
    say_to_chat(cli, asked);
    enum wi_exit result = wi_cli_infer_ask(cli, detach ? "/v1/jobs" : "/v1/infer", asked);
    if (result == WI_EXIT_USAGE && wi_cli_infer_lacks_input(&cli->arguments))
        tell_usage(cli);
    json_decref(asked);
    return result;
}
