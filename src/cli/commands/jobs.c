/* webinfer jobs: the jobs that were accepted to run later. */
#include "cli/commands/commands.h"
#include "cli/commands/infer.h"
#include "cli/pages.h"
#include "cli/plain.h"
#include "cli/text_table.h"

#include "base/memory.h"
#include <stdio.h>
#include <stdlib.h>

/* The longest wait of the server, plus time for the transfer. */
#define WAIT "60s"
#define WAIT_EXCHANGE_MS 75000

static int check_id(const char *id)
{
    if (wi_cli_is_id(id))
        return 0;
    wi_cli_fail(
        WI_EXIT_USAGE, "\"%s\" is not the id of a job; webinfer jobs list shows the ids", id);
    return -1;
}

enum wi_exit wi_cli_jobs_list(struct wi_cli *cli)
{
    static const struct wi_column columns[] = {{"JOB", "id", NULL}, {"STATE", "state", NULL},
        {"MODEL", "model_name", NULL}, {"CLIENT", "client", NULL}, {"PRIORITY", "priority", NULL},
        {"RUNS", "runs", NULL}, {"ACCEPTED", "{accepted_at:t}", NULL}, {"NODE", "node", NULL},
        {"PROBLEM", "problem", NULL}, {0}};
    const char *state = wi_argument(&cli->arguments, "state");
    struct wi_pages pages = {.cli = cli, .member = "jobs"};

    if ((state && check_id(state) != 0) || wi_pages_read_most(&pages) != 0)
        return WI_EXIT_USAGE;
    char *path = state ? wi_sprintf("/v1/jobs?state=%s", state) : wi_strdup("/v1/jobs");
    pages.path = path;
    enum wi_exit result = wi_pages_table(&pages, columns, "There are no jobs.");
    free(path);
    return result;
}

/* Looks once at the job; `*job` gets its document (a new reference) with WI_EXIT_OK. */
static enum wi_exit job_look(
    struct wi_cli *cli, int wait, struct wi_rest_answer *answer, json_t **job)
{
    wi_cli_send(cli,
        &(struct wi_rest_request){.path = wait ? "/v1/jobs/*?wait=" WAIT : "/v1/jobs/*",
            .name = cli->arguments.positionals[0],
            .timeout_ms = wait ? WAIT_EXCHANGE_MS : 0},
        answer);
    enum wi_exit result = wi_cli_check(cli, answer);
    if (result != WI_EXIT_OK)
        return result;
    *job = json_loadb(answer->body.text, wi_cli_json_size(answer), 0, NULL);
    if (json_is_object(*job))
        return WI_EXIT_OK;
    return wi_cli_fail(WI_EXIT_FAILED, "the answer is not a JSON object");
}

/* Prints the job for people; a failed job gives a failure status. */
static enum wi_exit put_job(
    struct wi_cli *cli, const struct wi_rest_answer *answer, const json_t *job)
{
    struct wi_buffer text = {0};
    enum wi_exit result = WI_EXIT_OK;

    if (cli->json)
        wi_plain_json(stdout, answer->body.text, wi_cli_json_size(answer));
    else
        wi_table_fill(&text, "{id}<: {state}><\n  {error.detail}><\n  {problem}>\n", job);
    if (json_object_get(job, "answer"))
        result = wi_cli_infer_put(cli, &text, json_object_get(job, "answer"), answer);
    else if (json_object_get(job, "error"))
        result = WI_EXIT_FAILED;
    wi_plain_flush(stdout, &text);
    return result;
}

static enum wi_exit job_show(struct wi_cli *cli, int wait)
{
    enum wi_exit result;
    int again;

    if (check_id(cli->arguments.positionals[0]) != 0)
        return WI_EXIT_USAGE;
    do {
        struct wi_rest_answer answer = {0};
        json_t *job = NULL;
        result = job_look(cli, wait, &answer, &job);
        again = wait && result == WI_EXIT_OK && !json_object_get(job, "finished_at");
        if (result == WI_EXIT_OK && !again)
            result = put_job(cli, &answer, job);
        json_decref(job);
        wi_rest_answer_clear(&answer);
    } while (again);
    return result;
}

enum wi_exit wi_cli_jobs_show(struct wi_cli *cli)
{
    return job_show(cli, 0);
}

enum wi_exit wi_cli_jobs_wait(struct wi_cli *cli)
{
    return job_show(cli, 1);
}

enum wi_exit wi_cli_jobs_cancel(struct wi_cli *cli)
{
    const char *id = cli->arguments.positionals[0];
    struct wi_rest_answer answer;

    if (check_id(id) != 0)
        return WI_EXIT_USAGE;
    wi_cli_send(cli,
        &(struct wi_rest_request){.path = "/v1/jobs/*", .name = id, .method = "DELETE"}, &answer);
    enum wi_exit result = wi_cli_check(cli, &answer);
    if (result == WI_EXIT_OK && cli->json)
        wi_plain_json(stdout, answer.body.text, answer.body.size);
    else if (result == WI_EXIT_OK)
        printf("%s: %s\n", id, answer.status == 202 ? "will be cancelled" : "cancelled");
    wi_rest_answer_clear(&answer);
    return result;
}
