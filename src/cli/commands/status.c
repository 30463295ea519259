/* webinfer status: the daemon at a glance, problems first. */
#include "cli/commands/commands.h"
#include "cli/pages.h"
#include "cli/text_table.h"

#include <stdio.h>

static void put_uptime(const json_t *answer)
{
    long long s = (long long)wi_json_number(answer, "uptime_s");

    printf(", up ");
    if (s >= 86400)
        printf("%lldd ", s / 86400);
    if (s >= 3600)
        printf("%lldh ", s / 3600 % 24);
    if (s >= 60)
        printf("%lldm ", s / 60 % 60);
    printf("%llds\n", s % 60);
}

/* The kind is not wanted: it is switched off, or it is configured only by default and not
 * installed. */
static int is_unwanted(const json_t *kind)
{
    return json_integer_value(json_object_get(kind, "max")) == 0 ||
           (json_is_false(json_object_get(kind, "installed")) &&
               json_is_null(json_object_get(kind, "problem")));
}

/* {"chrome": {…}} becomes rows with a "kind", without the unwanted ones. */
static json_t *kind_rows(const json_t *kinds)
{
    json_t *rows = json_array(), *value;
    const char *kind;

    json_object_foreach((json_t *)kinds, kind, value)
    {
        if (is_unwanted(value))
            continue;
        json_t *row = json_copy(value);
        json_object_set_new(row, "kind", json_string(kind));
        json_array_append_new(rows, row);
    }
    return rows;
}

static void print_warnings(const json_t *answer)
{
    const json_t *warning;
    size_t i;
    int ready = json_is_true(json_object_get(answer, "ready"));

    wi_table_say(ready ? "ready: yes\n<problem: {problem}\n>" : "ready: no, {problem}\n", answer);
    json_array_foreach(json_object_get(answer, "warnings"), i, warning)
        wi_table_say("warning: {}\n", warning);
}

/* The status does not have all of many nodes; their own list is shown then. */
static void print_nodes(const struct wi_cli *cli, const json_t *answer)
{
    static const struct wi_column columns[] = {{"NODE", "id", NULL}, {"BROWSER", "browser", NULL},
        {"VERSION", "browser_version", NULL}, {"AWAY", "away", NULL},
        {"DRAINING", "draining", NULL}, {"PAUSED", "paused", NULL}, {"ATTEMPTS", "attempts", NULL},
        {0}};
    struct wi_pages pages = {.cli = cli, .path = "/v1/nodes", .member = "nodes"};

    if (json_integer_value(json_object_get(answer, "nodes_more")) <= 0) {
        wi_table_print("\nnodes\n", columns, json_object_get(answer, "nodes"), "none");
        return;
    }
    puts("\nnodes");
    wi_pages_table(&pages, columns, "none");
}

/* A session's kind and, if it was given a GPU, that. */
static void put_kind(struct wi_buffer *out, const json_t *session)
{
    const json_t *gpu = json_object_get(session, "gpu");

    wi_table_cell(out, json_object_get(session, "kind"));
    if (!json_is_string(gpu))
        return;
    wi_buffer_puts(out, " on ");
    wi_table_cell(out, gpu);
}

static void print_status(const struct wi_cli *cli, const json_t *answer)
{
    static const char text[] =
        "api: {api.url}\n"
        "bridge: {bridge.url}\n"
        "queue: {queue.waiting} waiting, {queue.running} running\n"
        "jobs: {counters.jobs.completed} completed, {counters.jobs.failed} failed, "
        "{counters.jobs.retried} retried\n"
        "stored jobs: {stored_jobs.queued} queued, {stored_jobs.running} running, "
        "{stored_jobs.done} done\n";
    static const struct wi_column kinds[] = {{"KIND", "kind", NULL},
        {"INSTALLED", "installed", NULL}, {"BREAKER", "breaker", NULL},
        {"FAILURES", "failures", NULL}, {"PROBLEM", "problem", NULL}, {0}};
    static const struct wi_column sessions[] = {{"SESSION", "id", NULL}, {"KIND", "", put_kind},
        {"STATE", "state", NULL}, {"STEP", "step", NULL}, {"NODE", "node", NULL},
        {"READY IN", "{ready_ms} ms", NULL}, {"MEMORY", "{memory_bytes:0M}", NULL}, {0}};
    json_t *rows = kind_rows(json_object_get(answer, "kinds"));

    wi_table_say("webinferd {version}", answer);
    put_uptime(answer);
    print_warnings(answer);
    wi_table_say(text, answer);
    wi_table_print(
        "\nbrowsers\n", kinds, rows, "none is installed; webinfer doctor shows what each needs");
    wi_table_print("\nsessions\n", sessions, json_object_get(answer, "sessions"), "none");
    print_nodes(cli, answer);
    json_decref(rows);
}

enum wi_exit wi_cli_status(struct wi_cli *cli)
{
    return wi_cli_show(cli, "/v1/status", print_status);
}
