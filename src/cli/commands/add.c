/*
 * webinfer add: a model file or folder copied into the directory in which the daemon looks for
 * models. The daemon is asked where that is, and then for the model: only if it finds what was
 * copied does it stay.
 */
#include "cli/cli.h"
#include "cli/commands/install.h"
#include "cli/commands/install_copy.h"
#include "cli/plain.h"
#include "cli/table.h"
#include "cli/usage.h"

#include "library/repository.h"
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ASK_MS 30000

static enum wi_exit refuse(const struct wi_error *error)
{
    wi_cli_complain(error);
    return WI_EXIT_USAGE;
}

/* --name, else what the file or folder is called, made legal. */
static enum wi_code choose_name(const struct wi_cli *cli, const struct wi_install_source *source,
    const char **name, struct wi_error *error)
{
    const char *given = wi_argument(&cli->arguments, "name");

    *name = given ? given : source->name;
    if (!**name)
        return wi_error_set(
            error, WI_BAD_REQUEST, "", "no model's name can be made of this; give --name NAME");
    if (wi_model_check_name(*name, error) != WI_OK)
        return error->code;
    if (strchr(*name, ':'))
        return wi_error_set(error, WI_BAD_REQUEST, "",
            "a model is added with all its variants: give --name NAME without \":\"");
    if (strcmp(*name, "builtin") == 0 || strncmp(*name, "builtin/", 8) == 0)
        return wi_error_set(
            error, WI_BAD_REQUEST, "", "names in builtin/ are the daemon's own; give --name NAME");
    return WI_OK;
}

/* --- asking the daemon ------------------------------------------------------------------------ */

static void complain_of_other_machine(const struct wi_cli *cli)
{
    fprintf(stderr,
        "webinfer: the daemon at %s is on another machine, and webinfer add copies on one machine\n"
        "  only; copy the file there (scp, rsync), and run webinfer add there\n",
        cli->rest.url);
}

/* Where the daemon's models lie; the caller frees `*directory`. */
static enum wi_exit ask_directory(struct wi_cli *cli, char **directory)
{
    struct wi_rest_request request = {.path = "/v1/status", .timeout_ms = ASK_MS};
    struct wi_rest_answer answer;
    const char *found;
    enum wi_exit result;
    json_t *status;

    wi_rest_exchange(&cli->rest, &request, &answer);
    result = wi_cli_check(cli, &answer);
    status = json_loadb(answer.body.text, answer.body.size, 0, NULL);
    found = json_string_value(json_object_get(status, "models_directory"));
    if (result == WI_EXIT_NO_SERVER) {
        fputs(
            "  webinfer add asks it where its models lie; to start it: systemctl start webinferd, "
            "or webinferd --config FILE\n",
            stderr);
    } else if (result == WI_EXIT_OK && !answer.same_machine) {
        complain_of_other_machine(cli);
        result = WI_EXIT_FAILED;
    } else if (result == WI_EXIT_OK && !found) {
        fputs("webinfer: the daemon does not say where its models lie; it tells those whose token "
              "has the rank admin\n",
            stderr);
        result = WI_EXIT_UNAUTHORIZED;
    } else if (result == WI_EXIT_OK) {
        *directory = wi_strdup(found);
    }
    json_decref(status);
    wi_rest_answer_clear(&answer);
    return result;
}

/* Has the daemon look for the model, which makes it read the files. With WI_EXIT_OK it found these
 * very ones, and `*model` (a new reference) says what it makes of them. */
static enum wi_exit ask_model(struct wi_cli *cli, const struct wi_install *install,
    const char *name, struct wi_rest_answer *answer, json_t **model)
{
    const char *hash;
    enum wi_exit result;

    wi_cli_ask_model(cli, name, wi_copy_is_interrupted, answer);
    result = wi_cli_check(cli, answer);
    if (answer->status == 404)
        fprintf(stderr,
            "  %s is there all the same; does the daemon run in a container, or is %s the end of a "
            "tunnel?\n",
            wi_install_path(install), cli->rest.url);
    if (result != WI_EXIT_OK)
        return result;
    *model = json_loadb(answer->body.text, answer->body.size, 0, NULL);
    hash = json_string_value(json_object_get(*model, "hash"));
    if (hash && strcmp(hash, wi_install_hash(install)) == 0)
        return WI_EXIT_OK;
    fprintf(stderr,
        "webinfer: the daemon has another model under the name %s than %s: it does not run on this "
        "machine, or somebody else has changed it\n",
        name, wi_install_path(install));
    return WI_EXIT_FAILED;
}

/* --- what came of it -------------------------------------------------------------------------- */

static void put_values(const char *label, const json_t *values)
{
    struct wi_buffer text = {0};

    wi_cli_put_values(&text, values);
    printf("  %-8s %s\n", label, text.size ? text.text : "");
    wi_buffer_clear(&text);
}

static void show(const struct wi_cli *cli, const struct wi_install *install, const char *name,
    const struct wi_rest_answer *answer, const json_t *model)
{
    struct wi_buffer type = {0}, usage = {0};

    if (cli->json) {
        wi_plain_json(stdout, answer->body.text, answer->body.size);
        return;
    }
    wi_table_cell(&type, json_object_get(model, "type"));
    printf("%s: added as %s\n  %-8s %s\n", name, wi_install_path(install), "type",
        json_is_null(json_object_get(model, "type")) ? "not known; \"type\" in model.json tells it"
                                                     : type.text);
    if (json_object_get(model, "variant")) {
        wi_table_say("  format   {format}\n", model);
    } else {
        put_values("inputs", json_object_get(model, "inputs"));
        put_values("outputs", json_object_get(model, "outputs"));
    }
    if (wi_usage_print(&usage, name, model) == 0)
        printf("To run it: %s\n", usage.text);
    wi_buffer_clear(&type);
    wi_buffer_clear(&usage);
}

static enum wi_exit publish(struct wi_cli *cli, struct wi_install *install, const char *name)
{
    int force = wi_argument_given(&cli->arguments, "force");
    struct wi_error error = {0};
    struct wi_rest_answer answer = {0};
    json_t *model = NULL;
    enum wi_exit result;

    if (wi_install_publish(install, force, &error) != WI_OK)
        return refuse(&error);
    result = ask_model(cli, install, name, &answer, &model);
    if (result == WI_EXIT_OK) {
        show(cli, install, name, &answer, model);
    } else {
        wi_install_undo(install);
        fputs("  nothing was changed\n", stderr);
    }
    json_decref(model);
    wi_rest_answer_clear(&answer);
    return result;
}

/* A name that is taken is found before a copy of gigabytes is made; publishing decides. */
static enum wi_code check_free(
    const struct wi_cli *cli, const char *directory, const char *name, struct wi_error *error)
{
    char *place = wi_sprintf("%s/%s", directory, name);
    enum wi_code code = WI_OK;

    if (!wi_argument_given(&cli->arguments, "force"))
        code = wi_install_check_free(place, error);
    free(place);
    return code;
}

/* ^C waits until what was begun is tidied up; then it has its effect. */
static enum wi_exit install(struct wi_cli *cli, const struct wi_install_source *source,
    const char *directory, const char *name)
{
    struct wi_install *install;
    struct wi_error error = {0};
    enum wi_exit result;
    sigset_t ending, before;

    if (check_free(cli, directory, name, &error) != WI_OK)
        return refuse(&error);
    sigemptyset(&ending);
    sigaddset(&ending, SIGINT);
    sigaddset(&ending, SIGTERM);
    sigaddset(&ending, SIGHUP);
    sigprocmask(SIG_BLOCK, &ending, &before);
    install = wi_install_new(source, directory, name, &error);
    result = install ? publish(cli, install, name) : refuse(&error);
    wi_install_free(install);
    sigprocmask(SIG_SETMASK, &before, NULL);
    return result;
}

enum wi_exit wi_cli_add(struct wi_cli *cli)
{
    struct wi_install_source source = {0};
    struct wi_error error = {0};
    const char *name;
    char *directory = NULL;
    enum wi_exit result;

    if (wi_install_look(cli->arguments.positionals[0], &source, &error) != WI_OK ||
        choose_name(cli, &source, &name, &error) != WI_OK)
        result = refuse(&error);
    else
        result = ask_directory(cli, &directory);
    if (result == WI_EXIT_OK)
        result = install(cli, &source, directory, name);
    free(directory);
    wi_install_source_clear(&source);
    return result;
}
