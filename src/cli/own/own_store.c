/* The folder of those runs, and daemons over it; see own_store.h. */
#include "cli/own/own_store.h"

#include "base/file.h"
#include "cli/own/own_program.h"
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* The caller frees; NULL: there is no home. */
static char *store_path(void)
{
    char *folder = wi_state_folder(getenv("HOME"));
    char *path = folder ? wi_sprintf("%s/bench", folder) : NULL;
    free(folder);
    return path;
}

static int store_exists(void)
{
    char *path = store_path();
    int exists = path && access(path, F_OK) == 0;
    free(path);
    return exists;
}

void wi_own_store_set(struct wi_strings *settings)
{
    char *path = store_path();
    char *setting = path ? wi_sprintf("store.path=%s", path) : NULL;
    if (setting)
        wi_strings_add(settings, setting);
    free(setting);
    free(path);
}

int wi_own_names_daemon(const struct wi_arguments *arguments)
{
    const char *url = getenv("WEBINFER_URL");
    return wi_argument_given(arguments, "url") || (url && *url);
}

int wi_own_is_needed(const struct wi_cli *cli)
{
    struct wi_rest_answer answer;
    if (wi_own_names_daemon(&cli->arguments))
        return 0;
    wi_cli_send(cli, &(struct wi_rest_request){.path = "/healthz"}, &answer);
    int is_needed = answer.status == 0 && !answer.late;
    wi_rest_answer_clear(&answer);
    return is_needed;
}

/* Starts a daemon over the runs, with neither models nor browsers. */
static enum wi_code store_open(struct wi_own_daemon *daemon, struct wi_error *error)
{
    struct wi_strings settings = {0};
    wi_own_store_set(&settings);
    wi_strings_add(&settings, "models.directory=");
    wi_strings_add(&settings, "pool.min_connections=0");
    wi_strings_add(&settings, "pool.max_connections=0");
    enum wi_code code = wi_own_daemon_start(daemon, &settings, error);
    wi_strings_clear(&settings);
    return code;
}

enum wi_exit wi_own_store_ask(struct wi_cli *cli, wi_verb_fn *run)
{
    struct wi_own_daemon daemon = {.program = WI_OWN_NOBODY};
    struct wi_error error = {0};
    const char *url = cli->rest.url;
    if (!store_exists() || !wi_own_is_needed(cli))
        return run(cli);
    fprintf(stderr,
        "webinfer: no daemon answers at %s, so the runs that webinfer bench has kept are read\n",
        url);
    if (store_open(&daemon, &error) != WI_OK) {
        wi_cli_complain(&error);
        return WI_EXIT_NO_SERVER;
    }
    cli->rest.url = daemon.url;
    enum wi_exit result = run(cli);
    cli->rest.url = url;
    wi_own_daemon_end(&daemon);
    return result;
}
