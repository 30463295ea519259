/*
 * webinfer add: sends a model file or folder to the daemon, from any machine. It becomes a model
 * only if the daemon can read it.
 */
#include "cli/commands/add_files.h"
#include "cli/commands/commands.h"

#include "cli/plain.h"
#include "cli/text_table.h"
#include "cli/usage.h"
#include "settings/config/alias.h"
#include <signal.h>
#include <stdio.h>

/* The name of --name, or else that of the file or folder, made valid. */
static enum wi_code choose_name(const struct wi_cli *cli, const struct wi_add_files *files,
    const char **name, struct wi_error *error)
{
    const char *given = wi_argument(&cli->arguments, "name");

    *name = given ? given : files->name;
    if (!**name)
        return wi_cli_refuse(
            error, "no model name can be derived from this; give one with --name NAME");
    return wi_aliases_allow(NULL, *name, "", error);
}

static void put_values(const char *member, const json_t *model)
{
    struct wi_buffer text = {0};

    wi_table_join(&text, ", ", "{name} {datatype}[{shape}]", json_object_get(model, member));
    printf("  %-8s %s\n", member, text.size ? text.text : "");
    wi_buffer_clear(&text);
}

static void model_show(const char *name, const struct wi_manifest *list, const json_t *model)
{
    struct wi_buffer bytes = {0}, usage = {0};

    wi_table_bytes(&bytes, (double)wi_manifest_bytes(list));
    printf("%s: added, %s\n  type     ", name, bytes.text);
    wi_table_say(json_is_null(json_object_get(model, "type"))
                     ? "not known; \"type\" in model.json tells it\n"
                     : "{type}\n",
        model);
    if (json_object_get(model, "variant")) {
        wi_table_say("  format   {format}\n", model);
    } else {
        put_values("inputs", model);
        put_values("outputs", model);
    }
    if (wi_usage_print(&usage, name, model) == 0)
        printf("To run it: %s\n", usage.text);
    wi_buffer_clear(&bytes);
    wi_buffer_clear(&usage);
}

/* ^C takes effect once the begun upload is cleaned up. */
static enum wi_exit model_add(struct wi_cli *cli, struct wi_add_files *files, const char *name)
{
    int force = wi_argument_given(&cli->arguments, "force");
    struct wi_rest_answer answer = {0};
    sigset_t ending, before;

    sigemptyset(&ending);
    sigaddset(&ending, SIGINT);
    sigaddset(&ending, SIGTERM);
    sigaddset(&ending, SIGHUP);
    sigprocmask(SIG_BLOCK, &ending, &before);
    enum wi_exit result = wi_add_send(cli, files, name, NULL, force, &answer);
    sigprocmask(SIG_SETMASK, &before, NULL);
    json_t *model = json_loadb(answer.body.text, answer.body.size, 0, NULL);
    if (result == WI_EXIT_OK && cli->json)
        wi_plain_json(stdout, answer.body.text, answer.body.size);
    else if (result == WI_EXIT_OK)
        model_show(name, &files->list, model);
    json_decref(model);
    wi_rest_answer_clear(&answer);
    return result;
}

enum wi_exit wi_cli_add(struct wi_cli *cli)
{
    struct wi_add_files files = {0};
    struct wi_error error = {0};
    enum wi_exit result = WI_EXIT_USAGE;
    const char *name;

    if (wi_add_files_find(cli->arguments.positionals[0], &files, &error) != WI_OK ||
        choose_name(cli, &files, &name, &error) != WI_OK)
        wi_cli_complain(&error);
    else
        result = model_add(cli, &files, name);
    wi_add_files_clear(&files);
    return result;
}
