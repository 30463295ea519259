/* webinfer status: the daemon at a glance, what is wrong first. */
#include "cli/cli.h"
#include "cli/table.h"

#include <stdio.h>

static void put_table(
    const char *title, const struct wi_column *columns, const json_t *rows, const char *none)
{
    struct wi_buffer text = {0};

    printf("\n%s\n", title);
    if (json_array_size(rows) == 0) {
        printf("%s\n", none);
        return;
    }
    wi_table(&text, columns, rows);
    fputs(text.text, stdout);
    wi_buffer_clear(&text);
}

static void put_value(const char *format, const json_t *answer, const char *path)
{
    struct wi_buffer cell = {0};

    wi_table_cell(&cell, wi_json_at(answer, path), NULL);
    printf(format, cell.text);
    wi_buffer_clear(&cell);
}

static void put_uptime(const json_t *answer)
{
    long long s = (long long)json_number_value(json_object_get(answer, "uptime_s"));

    printf(", up ");
    if (s >= 86400)
        printf("%lldd ", s / 86400);
    if (s >= 3600)
        printf("%lldh ", s / 3600 % 24);
    if (s >= 60)
        printf("%lldm ", s / 60 % 60);
    printf("%llds\n", s % 60);
}

/* Bytes as people read them. */
static json_t *session_rows(const json_t *sessions)
{
    json_t *rows = json_deep_copy(sessions), *row;
    size_t i;

    json_array_foreach(rows, i, row)
    {
        double bytes = json_number_value(json_object_get(row, "memory_bytes"));
        json_object_set_new(row, "_memory", json_sprintf("%.0f MiB", bytes / (1 << 20)));
    }
    return rows;
}

/* Nobody asked for it: it is switched off, or there by default and not installed. */
static int is_unwanted(const json_t *kind)
{
    return json_integer_value(json_object_get(kind, "max")) == 0 ||
           (json_is_false(json_object_get(kind, "installed")) &&
               json_is_null(json_object_get(kind, "problem")));
}

/* {"chrome": {…}} becomes rows with a "kind", the unwanted left out. */
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
    if (ready)
        puts("ready: yes");
    if (ready && json_is_string(json_object_get(answer, "problem")))
        put_value("problem: %s\n", answer, "problem");
    if (!ready)
        put_value("ready: no, %s\n", answer, "problem");
    json_array_foreach(json_object_get(answer, "warnings"), i, warning)
    {
        struct wi_buffer cell = {0};
        wi_table_cell(&cell, warning, NULL);
        printf("warning: %s\n", cell.text);
        wi_buffer_clear(&cell);
    }
}

static void print_status(const struct wi_cli *cli, const json_t *answer)
{
    static const struct wi_column kinds[] = {{"KIND", "kind", NULL},
        {"INSTALLED", "installed", NULL}, {"BREAKER", "breaker", NULL},
        {"FAILURES", "failures", NULL}, {"PROBLEM", "problem", NULL}, {0}};
    static const struct wi_column sessions[] = {{"SESSION", "id", NULL}, {"KIND", "kind", NULL},
        {"STATE", "state", NULL}, {"STEP", "step", NULL}, {"NODE", "node", NULL},
        {"READY IN", "ready_ms", " ms"}, {"MEMORY", "_memory", NULL}, {0}};
    static const struct wi_column nodes[] = {{"NODE", "id", NULL}, {"BROWSER", "browser", NULL},
        {"VERSION", "browser_version", NULL}, {"AWAY", "away", NULL},
        {"DRAINING", "draining", NULL}, {"ATTEMPTS", "attempts", NULL}, {0}};
    json_t *rows = kind_rows(json_object_get(answer, "kinds"));
    json_t *browsers = session_rows(json_object_get(answer, "sessions"));

    put_value("webinferd %s", answer, "version");
    put_uptime(answer);
    print_warnings(answer);
    put_value("api: %s\n", answer, "api.url");
    put_value("bridge: %s\n", answer, "bridge.url");
    put_value("queue: %s waiting, ", answer, "queue.waiting");
    put_value("%s running\n", answer, "queue.running");
    put_value("jobs: %s completed, ", answer, "counters.jobs.completed");
    put_value("%s failed, ", answer, "counters.jobs.failed");
    put_value("%s retried\n", answer, "counters.jobs.retried");
    put_value("stored jobs: %s queued, ", answer, "stored_jobs.queued");
    put_value("%s running, ", answer, "stored_jobs.running");
    put_value("%s done\n", answer, "stored_jobs.done");
    put_table("browsers", kinds, rows, "none is installed; webinfer doctor says what each takes");
    put_table("sessions", sessions, browsers, "none");
    put_table("nodes", nodes, json_object_get(answer, "nodes"), "none");
    json_decref(browsers);
    json_decref(rows);
}

enum wi_exit wi_cli_status(struct wi_cli *cli)
{
    return wi_cli_show(cli, "/v1/status", print_status);
}
