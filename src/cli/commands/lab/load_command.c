/* Loads runs from the service or a file, and writes reports. */
#include "cli/commands/lab/lab.h"

#include "base/memory.h"
#include "base/text.h"
#include "cli/own/own_store.h"
#include "settings/config/config_options.h"
#include "terms/lab/report.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* 10,000 cells with 1,000 samples each, as they are exported. */
#define FILE_MAX_BYTES (256 << 20)
#define TEMPLATE_MAX (4 << 20)
#define EXCHANGE_MS 120000

json_t *wi_cli_lab_text(struct wi_buffer *text)
{
    json_t *value = json_string(text->text ? text->text : "");
    wi_buffer_clear(text);
    return value;
}

json_t *wi_cli_lab_name(const struct wi_lab_cell *cell)
{
    struct wi_buffer name = {0};

    wi_lab_put_name(&name, cell);
    return wi_cli_lab_text(&name);
}

int wi_cli_lab_is_file(const char *name)
{
    struct stat status;

    return strcmp(name, "-") == 0 || strchr(name, '/') || wi_text_ends(name, ".json") ||
           (stat(name, &status) == 0 && S_ISREG(status.st_mode));
}

int wi_cli_lab_check_id(const char *id)
{
    if (wi_cli_is_id(id) && strlen(id) < WI_ID_SIZE)
        return 1;
    wi_cli_fail(
        WI_EXIT_USAGE, "\"%s\" is not the id of a run; webinfer results list shows the ids", id);
    return 0;
}

/* Whether the text is a line of JSON for each cell, as results export prints it by default. */
static int is_ndjson(const char *text, size_t size)
{
    json_t *first = json_loadb(text, size, JSON_DISABLE_EOF_CHECK, NULL);
    int is_cell = json_object_get(first, "index") && !json_object_get(first, "cells");

    json_decref(first);
    return is_cell;
}

static enum wi_exit read_document(
    const char *name, const char *text, size_t size, struct wi_lab_run *run)
{
    struct wi_error error = {0};
    json_error_t place;
    json_t *document = json_loadb(text, size, JSON_REJECT_DUPLICATES, &place);
    enum wi_code code;

    if (is_ndjson(text, size)) {
        code = wi_error_set(&error, WI_BAD_JSON, "",
            "%s has lines of JSON, which cannot be read back; export the run with webinfer results "
            "export --format json",
            name);
    } else if (!json_is_object(document)) {
        code = wi_error_set(&error, WI_BAD_JSON, "", "%s is not a run: %s", name,
            document ? "it is not a JSON object" : place.text);
    } else {
        code = wi_lab_run_read(run, document, WI_LAB_WHOLE, &error);
    }
    json_decref(document);
    if (code == WI_OK)
        return WI_EXIT_OK;
    if (code != WI_BAD_JSON)
        fprintf(stderr, "webinfer: %s is not a run that can be read:\n", name);
    return wi_cli_complain(&error);
}

enum wi_exit wi_cli_lab_load_file(const char *path, struct wi_lab_run *run)
{
    struct wi_error error = {0};
    size_t size;
    char *text = wi_cli_read_file(path, FILE_MAX_BYTES, &size, &error);
    enum wi_exit result = WI_EXIT_USAGE;

    if (text)
        result = read_document(path, text, size, run);
    else
        wi_cli_complain(&error);
    free(text);
    return result;
}

enum wi_exit wi_cli_lab_load(struct wi_cli *cli, const char *name, struct wi_lab_run *run)
{
    struct wi_rest_answer answer;

    if (wi_cli_lab_is_file(name))
        return wi_cli_lab_load_file(name, run);
    if (!wi_cli_lab_check_id(name))
        return WI_EXIT_USAGE;
    wi_cli_send(cli,
        &(struct wi_rest_request){.path = "/v1/results/*", .name = name, .timeout_ms = EXCHANGE_MS},
        &answer);
    enum wi_exit result = wi_cli_check(cli, &answer);
    if (result == WI_EXIT_OK &&
        read_document(name, answer.body.text, answer.body.size, run) != WI_EXIT_OK)
        result = WI_EXIT_FAILED; /* it is the service's */
    wi_rest_answer_clear(&answer);
    return result;
}

enum wi_exit wi_cli_lab_ask(struct wi_cli *cli, wi_verb_fn *run)
{
    for (unsigned i = 0; i < cli->arguments.positional_count; i++)
        if (!wi_cli_lab_is_file(cli->arguments.positionals[i]))
            return wi_own_store_ask(cli, run);
    return run(cli);
}

enum wi_exit wi_cli_lab_write(
    const struct wi_cli *cli, const char *option, const struct wi_buffer *text)
{
    const char *path = wi_argument(&cli->arguments, option);
    int standard = path && strcmp(path, "-") == 0;
    FILE *file = standard ? stdout : path ? fopen(path, "we") : NULL;
    int failed = file == NULL || fwrite(text->text, 1, text->size, file) != text->size;

    if (!path)
        return WI_EXIT_OK;
    if (file && !standard && fclose(file) != 0)
        failed = 1;
    if (!failed)
        return WI_EXIT_OK;
    return wi_cli_fail(WI_EXIT_USAGE, "%s cannot be written: %s", path, strerror(errno));
}

enum wi_exit wi_cli_lab_write_html(const struct wi_cli *cli, const char *json)
{
    return wi_cli_lab_write_answer(cli, "", json);
}

enum wi_exit wi_cli_lab_write_answer(const struct wi_cli *cli, const char *answer, const char *json)
{
    char *folder = wi_config_data_directory(), *path = wi_sprintf("%s/lab.html", folder);
    struct wi_error error = {0};
    struct wi_buffer text = {0};
    enum wi_exit result = WI_EXIT_USAGE;
    size_t size;
    char *template_text = wi_cli_read_file(path, TEMPLATE_MAX, &size, &error);

    if (!template_text) {
        wi_cli_complain(&error);
        fputs("  the page from which this document is built must be installed\n", stderr);
    } else if (wi_lab_put_html(&text, template_text, answer, json) != 0) {
        fprintf(stderr, "webinfer: %s is not the document of this version\n", path);
    } else {
        result = wi_cli_lab_write(cli, "html", &text);
    }
    wi_buffer_clear(&text);
    free(template_text);
    free(path);
    free(folder);
    return result;
}
