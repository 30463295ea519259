/*
 * Finds out what browsers can do: in the browsers of a daemon, where each kind that has none is
 * started first, or in browsers that are started here one by one, as for webinfer doctor.
 */
#include "cli/commands/doctor/matrix.h"

#include "base/clock.h"
#include "base/text.h"
#include "browser/browser_network.h"
#include "browser/session.h"
#include "cli/commands/doctor/doctor.h"
#include "cli/text_table.h"
#include "nodes/bridge/features.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LOOK_EVERY_MS 500
#define START_MS 120000
#define EXCHANGE_MS 5000 /* besides */

/* Fills `text` from `object` as a line of progress. */
static void say_progress(const char *text, const json_t *object)
{
    struct wi_buffer line = {0};

    wi_buffer_puts(&line, "webinfer: ");
    wi_table_fill(&line, text, object);
    fprintf(stderr, "%s\n", line.text);
    wi_buffer_clear(&line);
}

/* --- in a daemon's browsers ------------------------------------------------------------------- */

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

static int is_in_state(const json_t *column, enum wi_look_state state)
{
    return wi_json_is(column, "state", wi_look_names[state]);
}

/* Says which nodes have answered since the last time; `said` has their ids. Whether all have. */
static int say_answers(const json_t *matrix, json_t *said)
{
    const json_t *column;
    int left = 0;
    size_t i;

    json_array_foreach(json_object_get(matrix, "browsers"), i, column)
    {
        const char *node = wi_json_text(column, "node");
        left += is_in_state(column, WI_LOOK_ASKED);
        if (!node || is_in_state(column, WI_LOOK_ASKED) || json_object_get(said, node))
            continue;
        json_object_set_new(said, node, json_true());
        if (is_in_state(column, WI_LOOK_DONE))
            say_progress("{browser}< {browser_version}> is tested", column);
    }
    return left == 0;
}

/* Has nodes tested, and waits for the results. */
static enum wi_exit nodes_look(
    struct wi_cli *cli, const char *node, const char *browser, json_t **matrix)
{
    struct wi_buffer path = {0};
    json_t *said = json_object();

    wi_buffer_puts(&path, "/v1/matrix");
    wi_rest_add_argument(&path, '?', "browser", browser);
    wi_rest_add_argument(&path, browser ? '&' : '?', "node", node);
    enum wi_exit result = matrix_exchange(
        cli, "/v1/matrix", json_pack("{s:s*, s:s*}", "node", node, "browser", browser), matrix);
    if (result == WI_EXIT_OK)
        result = matrix_exchange(cli, path.text, NULL, matrix);
    while (result == WI_EXIT_OK && !say_answers(*matrix, said)) {
        usleep(LOOK_EVERY_MS * 1000);
        result = matrix_exchange(cli, path.text, NULL, matrix);
    }
    json_decref(said);
    wi_buffer_clear(&path);
    return result;
}

/* Has the daemon start a browser of the column's kind, which it may not have; 0, or -1 with the
 * reason in the column. */
static int kind_start(const struct wi_cli *cli, json_t *column)
{
    struct wi_rest_answer answer;
    json_t *order = json_pack("{s:s, s:O, s:s, s:[], s:i}", "model_name", "builtin/echo", "browser",
        json_object_get(column, "browser"), "platform", "wasm", "inputs", "timeout_ms", START_MS);

    say_progress("{browser} is asked for", column);
    wi_cli_send(cli,
        &(struct wi_rest_request){
            .path = "/v1/infer", .json = order, .timeout_ms = START_MS + EXCHANGE_MS},
        &answer);
    json_t *problem =
        json_loadb(answer.body.text ? answer.body.text : "", answer.body.size, 0, NULL);
    int started = answer.status == 200;
    if (started)
        say_progress("{browser} is started", column);
    else if (wi_json_text(problem, "detail"))
        json_object_set(column, "reason", json_object_get(problem, "detail"));
    json_decref(problem);
    wi_rest_answer_clear(&answer);
    return started ? 0 : -1;
}

/* Whether it is a kind without a browser that is not switched off. */
static int can_start(const json_t *column)
{
    const char *reason = wi_json_text(column, "reason");
    return wi_json_is(column, "state", "absent") && wi_json_text(column, "browser") &&
           !(reason && strstr(reason, "max_connections"));
}

/* Starts the kinds without a browser, one after the other, because there may be room for one
 * alone; their columns become those that were found. */
static enum wi_exit start_absent(struct wi_cli *cli, json_t *matrix)
{
    json_t *columns = json_object_get(matrix, "browsers"), *all = json_array(), *found = NULL;
    json_t *column;
    enum wi_exit result = WI_EXIT_OK;
    size_t i;

    json_array_foreach(columns, i, column)
    {
        if (result != WI_EXIT_OK || !can_start(column) || kind_start(cli, column) != 0) {
            json_array_append(all, column);
            continue;
        }
        result = nodes_look(cli, NULL, wi_json_text(column, "browser"), &found);
        if (result == WI_EXIT_OK)
            json_array_extend(all, json_object_get(found, "browsers"));
    }
    json_object_set_new(matrix, "browsers", all);
    json_decref(found);
    return result;
}

/* Whether any column is of a node. */
static int has_node(const json_t *matrix)
{
    const json_t *column;
    size_t i;

    json_array_foreach(json_object_get(matrix, "browsers"), i, column)
    {
        if (wi_json_text(column, "node"))
            return 1;
    }
    return 0;
}

/* Where the page of a node is that joined: the label of its link, as far as this token may know it.
 * Several pages may have one label, or none, so then it has the node's id. A new reference. */
static json_t *place_of(const json_t *nodes, const char *id)
{
    const char *label = wi_json_text(wi_json_find(nodes, "id", id), "label");
    const json_t *node;
    size_t i, same = 0;

    json_array_foreach(nodes, i, node) same += label && wi_json_is(node, "label", label);
    if (!label)
        return json_sprintf("joined as %s", id);
    return same > 1 ? json_sprintf("%s, %s", label, id) : json_string(label);
}

/* Names the device of each page that joined. */
static void name_joined(const struct wi_cli *cli, json_t *matrix)
{
    json_t *nodes = NULL, *column;
    size_t i;

    json_array_foreach(json_object_get(matrix, "browsers"), i, column)
    {
        const char *id = wi_json_text(column, "node");
        if (!id || !json_is_true(json_object_get(column, "joined")))
            continue;
        if (!nodes)
            nodes = wi_cli_get(cli, "/v1/nodes?limit=1000", NULL);
        json_object_set_new(column, "where", place_of(json_object_get(nodes, "nodes"), id));
    }
    json_decref(nodes);
}

enum wi_exit wi_matrix_find_there(struct wi_cli *cli, json_t **matrix)
{
    const char *node = wi_argument(&cli->arguments, "node");
    const char *browser = wi_argument(&cli->arguments, "browser");
    int is_found = wi_argument_given(&cli->arguments, "found");
    struct wi_buffer path = {0};

    wi_buffer_puts(&path, "/v1/matrix");
    wi_rest_add_argument(&path, '?', "browser", browser);
    wi_rest_add_argument(&path, browser ? '&' : '?', "node", node);
    enum wi_exit result = matrix_exchange(cli, path.text, NULL, matrix);
    if (result == WI_EXIT_OK && !is_found && (node || has_node(*matrix)))
        result = nodes_look(cli, node, browser, matrix);
    if (result == WI_EXIT_OK && !is_found && !node)
        result = start_absent(cli, *matrix);
    if (result == WI_EXIT_OK)
        name_joined(cli, *matrix);
    wi_buffer_clear(&path);
    return result;
}

/* --- in browsers that are started here -------------------------------------------------------- */

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
    fprintf(stderr, "webinfer: %s is started\n", browser->kind);
    json_t *report = wi_doctor_try(config, browser, network, NULL, 1, checks);
    json_t *column = column_of(browser->kind, report, began);
    say_progress(is_in_state(column, WI_LOOK_DONE) ? "{browser}< {browser_version}> is tested"
                                                   : "{browser}<: {reason}>",
        column);
    json_decref(report);
    return column;
}

enum wi_exit wi_matrix_find_here(const struct wi_cli *cli, json_t **matrix)
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
