/*
 * webinfer matrix: the features of the browsers of each kind, found by trying them: in the browsers
 * of a daemon, or with --start in browsers that are started one by one, as for webinfer doctor.
 */
#include "cli/commands/doctor/doctor.h"

#include "base/clock.h"
#include "base/memory.h"
#include "browser/browser_network.h"
#include "browser/session.h"
#include "cli/commands/commands.h"
#include "cli/commands/lab/lab.h"
#include "cli/plain.h"
#include "cli/text_table.h"
#include "nodes/bridge/features.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LOOK_EVERY_MS 500

static int is_asked(const json_t *matrix)
{
    return wi_json_find(
               json_object_get(matrix, "browsers"), "state", wi_look_names[WI_LOOK_ASKED]) != NULL;
}

/* GETs the matrix, or POSTs the body if there is one (taken over); replaces `*matrix`. */
static enum wi_exit matrix_exchange(
    struct wi_cli *cli, const char *path, json_t *body, json_t **matrix)
{
    struct wi_rest_request request = {.path = path, .json = body};

    json_decref(*matrix);
    enum wi_exit result = wi_cli_exchange(cli, &request, matrix);
    if (result != WI_EXIT_OK || json_is_array(json_object_get(*matrix, "browsers")))
        return result;
    return wi_cli_fail(WI_EXIT_FAILED, "the service's answer is not a matrix");
}

static enum wi_exit find_there(struct wi_cli *cli, json_t **matrix)
{
    const char *node = wi_argument(&cli->arguments, "node");
    const char *browser = wi_argument(&cli->arguments, "browser");
    int is_found = wi_argument_given(&cli->arguments, "found");
    struct wi_buffer path = {0};
    enum wi_exit result = WI_EXIT_OK;

    wi_buffer_puts(&path, "/v1/matrix");
    wi_rest_add_argument(&path, '?', "browser", browser);
    wi_rest_add_argument(&path, browser ? '&' : '?', "node", node);
    if (!is_found)
        result = matrix_exchange(
            cli, "/v1/matrix", json_pack("{s:s*, s:s*}", "node", node, "browser", browser), matrix);
    if (result == WI_EXIT_OK)
        result = matrix_exchange(cli, path.text, NULL, matrix);
    while (result == WI_EXIT_OK && !is_found && is_asked(*matrix)) {
        usleep(LOOK_EVERY_MS * 1000);
        result = matrix_exchange(cli, path.text, NULL, matrix);
    }
    wi_buffer_clear(&path);
    return result;
}

static json_t *column_absent(const char *kind, const char *reason)
{
    return json_pack("{s:s, s:n, s:n, s:b, s:s, s:s, s:n, s:n, s:n}", "browser", kind,
        "browser_version", "node", "joined", 0, "state", "absent", "reason", reason, "asked_at",
        "found_at", "features");
}

/* Makes a column of the object of wi_doctor_try. */
static json_t *column_of(const char *kind, const json_t *report, int64_t began)
{
    const json_t *features = json_object_get(report, "features");
    const char *problem = wi_json_text(report, "problem");

    if (json_is_true(json_object_get(report, "remote")))
        return column_absent(kind, "it is on another machine, and only a daemon reaches it");
    if (problem)
        return column_absent(kind, problem);
    return json_pack("{s:s, s:O, s:n, s:b, s:s, s:O, s:I, s:o, s:O}", "browser", kind,
        "browser_version", json_object_get(report, "browser_version"), "node", "joined", 0, "state",
        wi_look_names[json_is_null(features) ? WI_LOOK_FAILED : WI_LOOK_DONE], "reason",
        json_object_get(report, "reason"), "asked_at", (json_int_t)began, "found_at",
        json_is_null(features) ? json_null() : json_integer(wi_wall_ms()), "features", features);
}

static json_t *column_look(
    struct wi_config *config, size_t index, const struct wi_network *network, json_t *checks)
{
    const struct wi_config_browser *browser = &config->browsers[index];
    int64_t began = wi_wall_ms();
    struct wi_error error;

    if (browser->max_connections == 0)
        return column_absent(browser->kind, "its max_connections is 0");
    if (wi_session_installed(browser, NULL, NULL, &error) != WI_OK)
        return column_absent(browser->kind, error.detail);
    json_t *report = wi_doctor_try(config, browser, network, NULL, 1, checks);
    json_t *column = column_of(browser->kind, report, began);
    json_decref(report);
    return column;
}

static enum wi_exit find_here(struct wi_cli *cli, json_t **matrix)
{
    const char *wanted = wi_argument(&cli->arguments, "browser");
    json_t *checks = json_array(), *columns = json_array();
    struct wi_config *config = wi_doctor_config(wi_argument(&cli->arguments, "config"), checks);
    struct wi_network *network = wi_doctor_begin();
    for (size_t i = 0; config && i < config->browser_count; i++)
        if (!wanted || strcmp(wanted, config->browsers[i].kind) == 0)
            json_array_append_new(columns, column_look(config, i, network, checks));
    if (!config)
        wi_doctor_print(checks);
    else if (json_array_size(columns) == 0)
        fprintf(stderr, "webinfer: there is no browser kind \"%s\"\n", wanted);
    *matrix = json_pack("{s:o, s:o}", "features", wi_features_json(), "browsers", columns);
    wi_network_free(network);
    json_decref(checks);
    enum wi_exit result = config && json_array_size(columns) > 0 ? WI_EXIT_OK : WI_EXIT_USAGE;
    wi_config_unref(config);
    return result;
}

/* The table's rows: {"title", "0": STATE, "1": …}; and in `whys` the explanations of cells. */
static json_t *rows_of(const struct wi_cli *cli, const json_t *matrix, json_t *whys)
{
    const json_t *feature, *column;
    json_t *rows = json_array();
    size_t i, c;

    json_array_foreach(json_object_get(matrix, "features"), i, feature)
    {
        json_t *row = json_pack("{s:O?}", "title", json_object_get(feature, "title"));
        const char *name = wi_json_text(feature, "name");
        json_array_foreach(json_object_get(matrix, "browsers"), c, column)
        {
            const json_t *found =
                name ? json_object_get(json_object_get(column, "features"), name) : NULL;
            json_t *state = json_object_get(found, "state"),
                   *why = json_object_get(found, "detail");
            char key[24];
            snprintf(key, sizeof key, "%zu", c);
            json_object_set(row, key, state);
            if (json_string_length(why) > 0 &&
                (wi_argument_given(&cli->arguments, "verbose") ||
                    strcmp(json_string_value(state) ?: "", "yes") != 0))
                json_array_append_new(
                    whys, json_pack("{s:O?, s:O?, s:O?, s:O}", "browser",
                              json_object_get(column, "browser"), "title",
                              json_object_get(feature, "title"), "state", state, "detail", why));
        }
        json_array_append_new(rows, row);
    }
    return rows;
}

/* A column without results has its reason in the second table. */
static void add_reasons(const json_t *matrix, json_t *whys)
{
    const json_t *column;
    size_t c;

    json_array_foreach(json_object_get(matrix, "browsers"), c, column)
    {
        if (json_is_object(json_object_get(column, "features")))
            continue;
        json_array_append_new(whys,
            json_pack("{s:O?, s:s, s:O?, s:O?}", "browser", json_object_get(column, "browser"),
                "title", "all", "state", json_object_get(column, "state"), "detail",
                json_object_get(column, "reason")));
    }
}

static void print_matrix(const struct wi_cli *cli, const json_t *matrix)
{
    static const struct wi_column why_columns[] = {{"BROWSER", "browser", NULL},
        {"FEATURE", "title", NULL}, {"STATE", "state", NULL}, {"WHY", "detail", NULL}, {0}};
    const json_t *browsers = json_object_get(matrix, "browsers"), *browser;
    size_t count = json_array_size(browsers), c;
    struct wi_column *columns = wi_alloc((count + 2) * sizeof *columns);
    char(*keys)[24] = wi_alloc((count + 1) * sizeof *keys);
    struct wi_buffer *titles = wi_alloc((count + 1) * sizeof *titles);
    json_t *whys = json_array(), *rows = rows_of(cli, matrix, whys);

    columns[0] = (struct wi_column){"FEATURE", "title", NULL};
    json_array_foreach(browsers, c, browser)
    {
        snprintf(keys[c], sizeof keys[c], "%zu", c);
        wi_table_fill(&titles[c], "{browser}", browser);
        columns[c + 1] = (struct wi_column){titles[c].text, keys[c], NULL};
    }
    wi_table_print("", columns, rows, "There are no features.");
    add_reasons(matrix, whys);
    wi_table_print("\n", why_columns, whys, NULL);
    for (c = 0; c < count; c++)
        wi_buffer_clear(&titles[c]);
    free(titles);
    free(keys);
    free(columns);
    json_decref(rows);
    json_decref(whys);
}

static enum wi_exit matrix_show(const struct wi_cli *cli, json_t *matrix)
{
    struct wi_buffer text = {0};
    enum wi_exit result = WI_EXIT_OK;

    if (wi_argument_given(&cli->arguments, "html")) {
        json_t *document = json_pack("{s:O}", "matrix", matrix);
        wi_buffer_json(&text, document);
        result = wi_cli_lab_write_html(cli, text.text);
        json_decref(document);
    } else if (cli->json) {
        wi_plain_put_json(json_incref(matrix));
    } else {
        print_matrix(cli, matrix);
    }
    wi_buffer_clear(&text);
    return result;
}

/* Whether the options go together; prints an error if not. */
static int matrix_check(const struct wi_arguments *arguments)
{
    static const char *const others[] = {"url", "node", "found"};
    if (!wi_argument_given(arguments, "start"))
        return 1;
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (wi_argument_given(arguments, others[i])) {
            wi_cli_fail(WI_EXIT_USAGE,
                "with --start no daemon is asked, so --%s cannot be used with it", others[i]);
            return 0;
        }
    return 1;
}

enum wi_exit wi_cli_matrix(struct wi_cli *cli)
{
    json_t *matrix = NULL;

    if (!matrix_check(&cli->arguments))
        return WI_EXIT_USAGE;
    enum wi_exit result = wi_argument_given(&cli->arguments, "start") ? find_here(cli, &matrix)
                                                                      : find_there(cli, &matrix);

    if (result == WI_EXIT_OK)
        result = matrix_show(cli, matrix);
    json_decref(matrix);
    return result;
}
