/*
 * webinfer matrix: the features of browsers, found by trying them: in the browsers of a daemon, or
 * if there is none in browsers that are started here. Earlier
 * results, and those of other machines, are shown with them.
 */
#include "cli/commands/doctor/matrix.h"

#include "base/memory.h"
#include "browser/gpus.h"
#include "cli/commands/commands.h"
#include "cli/commands/doctor/doctor.h"
#include "cli/commands/lab/lab.h"
#include "cli/plain.h"
#include "cli/text_table.h"
#include "nodes/bridge/features.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What is shown, and what is known of this machine. */
struct matrix {
    const struct wi_cli *cli;
    json_t *document;         /* {"features", "browsers"} */
    struct wi_config *config; /* of the browsers here; NULL: they are elsewhere, or it is wrong */
    struct wi_gpus gpus;
};

static const json_t *columns_of(const struct matrix *matrix)
{
    return json_object_get(matrix->document, "browsers");
}

static int has_features(const json_t *column)
{
    return json_is_object(json_object_get(column, "features"));
}

/* "chrome 156" and where it is, if not here. */
static void put_title(struct wi_buffer *out, const json_t *column)
{
    const char *version = wi_json_text(column, "browser_version");

    wi_table_fill(out, "{browser}", column);
    if (version)
        wi_buffer_printf(out, " %.*s", (int)strcspn(version, "."), version);
    wi_table_fill(out, "<, {where}>", column);
}

/* --- why, and what to do ---------------------------------------------------------------------- */

static const struct wi_config_browser *find_browser(
    const struct matrix *matrix, const json_t *column)
{
    const struct wi_config *config = matrix->config;

    if (!config || wi_json_text(column, "where") || json_is_true(json_object_get(column, "joined")))
        return NULL;
    const char *kind = wi_json_text(column, "browser");
    return kind ? wi_config_find_browser(config, kind) : NULL;
}

/* The platform whose feature it is: of "webgpu_f16" and "int8_webgpu" WebGPU. NULL: one of which
 * doctor says nothing. */
static const char *platform_of(const char *feature)
{
    static const char *const platforms[] = {"webgpu", "webnn"};

    for (size_t i = 0; i < sizeof platforms / sizeof *platforms; i++)
        if (strstr(feature, platforms[i]))
            return platforms[i];
    return NULL;
}

/* As doctor says it, of platforms that are not there, or in software alone; features of a platform
 * come with it. NULL: nothing is known. */
static json_t *advice_of(
    const struct matrix *matrix, const json_t *column, const char *feature, const json_t *found)
{
    const struct wi_config_browser *browser = find_browser(matrix, column);
    const char *platform = platform_of(feature);
    struct wi_buffer text = {0};
    json_t *advice = NULL;

    if (!browser || !platform || wi_json_is(found, "state", "yes"))
        return NULL;
    const json_t *whole = json_object_get(json_object_get(column, "features"), platform);
    if (wi_json_is(whole, "state", "no"))
        wi_buffer_puts(&text, wi_doctor_hint(browser, platform) ?: "");
    else if (wi_json_is(whole, "state", "software"))
        wi_doctor_advise_gpu(&text, browser, &matrix->gpus);
    const char *start = text.size ? text.text + strspn(text.text, "; ") : "";
    if (*start)
        advice = json_string(start);
    wi_buffer_clear(&text);
    return advice;
}

static json_t *why_of(
    const struct matrix *matrix, const json_t *column, const json_t *feature, const json_t *found)
{
    const char *name = wi_json_text(feature, "name");
    struct wi_buffer title = {0};

    put_title(&title, column);
    json_t *row = json_pack("{s:s, s:O?, s:O?, s:O?}", "browser", title.text ? title.text : "",
        "title", json_object_get(feature, "title"), "state", json_object_get(found, "state"),
        "detail", json_object_get(found, "detail"));
    json_t *advice = name ? advice_of(matrix, column, name, found) : NULL;
    if (advice)
        json_object_set_new(row, "advice", advice);
    wi_buffer_clear(&title);
    return row;
}

/* --- the tables ------------------------------------------------------------------------------- */

/* A row: {"title", "0": STATE, "1": …}; and in `whys` the explanations of its cells. */
static json_t *feature_row(const struct matrix *matrix, const json_t *feature, json_t *whys)
{
    int verbose = wi_argument_given(&matrix->cli->arguments, "verbose");
    const char *name = wi_json_text(feature, "name");
    json_t *row = json_pack("{s:O?}", "title", json_object_get(feature, "title"));
    const json_t *column;
    size_t i, shown = 0;

    json_array_foreach(columns_of(matrix), i, column)
    {
        const json_t *found =
            name ? json_object_get(json_object_get(column, "features"), name) : NULL;
        char key[24];
        if (!has_features(column))
            continue;
        snprintf(key, sizeof key, "%zu", shown++);
        json_object_set(row, key, json_object_get(found, "state"));
        if (json_string_length(json_object_get(found, "detail")) > 0 &&
            (verbose || !wi_json_is(found, "state", "yes")))
            json_array_append_new(whys, why_of(matrix, column, feature, found));
    }
    return row;
}

static void print_features(const struct matrix *matrix, json_t *whys)
{
    const json_t *features = json_object_get(matrix->document, "features"), *feature, *column;
    size_t count = json_array_size(columns_of(matrix)), shown = 0, i;
    struct wi_column *columns = wi_alloc((count + 2) * sizeof *columns);
    char(*keys)[24] = wi_alloc((count + 1) * sizeof *keys);
    struct wi_buffer *titles = wi_alloc((count + 1) * sizeof *titles);
    json_t *rows = json_array();

    columns[0] = (struct wi_column){"FEATURE", "title", NULL};
    json_array_foreach(columns_of(matrix), i, column)
    {
        if (!has_features(column))
            continue;
        snprintf(keys[shown], sizeof keys[shown], "%zu", shown);
        put_title(&titles[shown], column);
        columns[shown + 1] = (struct wi_column){titles[shown].text, keys[shown], NULL};
        shown++;
    }
    json_array_foreach(features, i, feature)
    {
        json_array_append_new(rows, feature_row(matrix, feature, whys));
    }
    if (shown > 0)
        wi_table_print("", columns, rows, "There are no features.");
    for (i = 0; i < shown; i++)
        wi_buffer_clear(&titles[i]);
    free(titles);
    free(keys);
    free(columns);
    json_decref(rows);
}

/* A browser that did not answer has its reason among the whys. */
static void add_failures(const struct matrix *matrix, json_t *whys)
{
    const json_t *column;
    size_t i;

    json_array_foreach(columns_of(matrix), i, column)
    {
        if (has_features(column) || wi_json_is(column, "state", "absent"))
            continue;
        json_array_append_new(whys,
            json_pack("{s:O?, s:s, s:O?, s:O?}", "browser", json_object_get(column, "browser"),
                "title", "all", "state", json_object_get(column, "state"), "detail",
                json_object_get(column, "reason")));
    }
}

/* Where and when each was seen. */
static void print_places(const struct matrix *matrix)
{
    static const struct wi_column columns[] = {{"BROWSER", "browser", NULL},
        {"VERSION", "browser_version", NULL}, {"WHERE", "place", NULL},
        {"SEEN", "{found_at:16z}", NULL}, {0}};
    json_t *rows = json_array();
    const json_t *column;
    size_t i;

    json_array_foreach(columns_of(matrix), i, column)
    {
        const char *where = wi_json_text(column, "where");
        if (!has_features(column))
            continue;
        json_t *row = json_copy((json_t *)column);
        json_object_set_new(row, "place", json_string(where ? where : "here"));
        json_array_append_new(rows, row);
    }
    wi_table_print("\n", columns, rows, NULL);
    json_decref(rows);
}

/* "not here: edge (not installed; install …), safari (…)" */
static void print_absent(const struct matrix *matrix)
{
    struct wi_buffer text = {0};
    const json_t *column;
    size_t i;

    json_array_foreach(columns_of(matrix), i, column)
    {
        if (!wi_json_is(column, "state", "absent"))
            continue;
        wi_buffer_puts(&text, text.size ? "; " : "\nnot here: ");
        wi_table_fill(&text, "{browser}< ({reason})>", column);
    }
    wi_buffer_puts(&text, text.size ? "\n" : "");
    wi_plain_flush(stdout, &text);
}

static void print_matrix(const struct matrix *matrix)
{
    static const struct wi_column columns[] = {{"BROWSER", "browser", NULL},
        {"FEATURE", "title", NULL}, {"STATE", "state", NULL}, {"WHY", "detail", NULL},
        {"WHAT TO DO", "advice", NULL}, {0}};
    json_t *whys = json_array();

    print_features(matrix, whys);
    add_failures(matrix, whys);
    wi_table_print("\n", columns, whys, NULL);
    print_places(matrix);
    print_absent(matrix);
    json_decref(whys);
}

/* A copy in whose findings there is also what to do; new reference. */
static json_t *advised_copy(const struct matrix *matrix)
{
    json_t *copy = json_deep_copy(matrix->document), *column, *found;
    const char *feature;
    size_t i;

    json_array_foreach(json_object_get(copy, "browsers"), i, column)
    {
        json_object_foreach(json_object_get(column, "features"), feature, found)
        {
            json_t *advice = advice_of(matrix, column, feature, found);
            if (advice)
                json_object_set_new(found, "advice", advice);
        }
    }
    return copy;
}

static enum wi_exit matrix_show(const struct matrix *matrix)
{
    struct wi_buffer text = {0};
    enum wi_exit result = WI_EXIT_OK;

    if (wi_argument_given(&matrix->cli->arguments, "html")) {
        json_t *document = json_pack("{s:o}", "matrix", advised_copy(matrix));
        wi_buffer_json(&text, document);
        result = wi_cli_lab_write_html(matrix->cli, text.text);
        json_decref(document);
    } else if (matrix->cli->json) {
        wi_plain_put_json(advised_copy(matrix));
    } else {
        print_matrix(matrix);
    }
    wi_buffer_clear(&text);
    return result;
}

/* --- the command ------------------------------------------------------------------------------ */

/* Whether the options go together; prints an error if not. */
static int matrix_check(const struct wi_arguments *arguments)
{
    static const char *const others[] = {"url", "node", "found", "import"};

    if (wi_argument_given(arguments, "from") && !wi_argument_given(arguments, "import")) {
        wi_cli_fail(WI_EXIT_USAGE, "--from names the machine of --import FILE");
        return 0;
    }
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

/* Whether a daemon is asked: one that is named, or one that answers. */
static int is_daemon_there(const struct wi_cli *cli)
{
    const char *named = getenv("WEBINFER_URL");
    struct wi_rest_answer answer;

    if (wi_argument_given(&cli->arguments, "start"))
        return 0;
    if (wi_argument_given(&cli->arguments, "url") || wi_argument_given(&cli->arguments, "node") ||
        (named && *named))
        return 1;
    wi_cli_send(cli, &(struct wi_rest_request){.path = "/healthz"}, &answer);
    int there = answer.status != 0 || answer.late || answer.untrusted;
    wi_rest_answer_clear(&answer);
    return there;
}

/* Whether the browsers of the daemon are on this machine. */
static int is_local(const struct wi_cli *cli)
{
    static const char *const hosts[] = {"://127.", "://localhost", "://[::1]"};

    for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++)
        if (strstr(cli->rest.url, hosts[i]))
            return 1;
    return 0;
}

/* What a daemon on another machine has found is of its address. */
static void name_place(const struct wi_cli *cli, json_t *columns, int is_here)
{
    json_t *column;
    size_t i;

    json_array_foreach(columns, i, column)
    {
        if (!json_object_get(column, "where"))
            json_object_set_new(
                column, "where", is_here ? json_null() : json_string(cli->rest.url));
    }
}

static enum wi_exit matrix_find(struct wi_cli *cli, struct matrix *matrix)
{
    const char *import = wi_argument(&cli->arguments, "import");
    int is_there = !import && is_daemon_there(cli);

    if (import || (!is_there && wi_argument_given(&cli->arguments, "found"))) {
        matrix->document = json_pack("{s:o, s:[]}", "features", wi_features_json(), "browsers");
        return WI_EXIT_OK;
    }
    if (!is_there && !wi_argument_given(&cli->arguments, "start"))
        fputs("webinfer: no daemon answers; the browsers that are installed here are started\n",
            stderr);
    enum wi_exit result = is_there ? wi_matrix_find_there(cli, &matrix->document)
                                   : wi_matrix_find_here(cli, &matrix->document);
    if (result == WI_EXIT_OK)
        name_place(cli, json_object_get(matrix->document, "browsers"), !is_there || is_local(cli));
    return result;
}

/* Keeps what was found, and adds what is kept of others, unless one node is wanted. */
static enum wi_exit matrix_remember(struct matrix *matrix)
{
    const struct wi_arguments *arguments = &matrix->cli->arguments;
    const char *import = wi_argument(arguments, "import");
    json_t *columns = json_object_get(matrix->document, "browsers"), *kept = wi_matrix_kept_read();
    enum wi_exit result = WI_EXIT_OK;

    if (import)
        result = wi_matrix_import(kept, import, wi_argument(arguments, "from"));
    wi_matrix_kept_add(kept, columns);
    if (result == WI_EXIT_OK && json_array_size(kept) > 0 && wi_matrix_kept_write(kept) != 0 &&
        import)
        result = WI_EXIT_FAILED;
    if (!wi_argument_given(arguments, "node"))
        wi_matrix_kept_show(
            columns, kept, wi_argument(arguments, "browser"), wi_argument_given(arguments, "all"));
    json_decref(kept);
    return result;
}

enum wi_exit wi_cli_matrix(struct wi_cli *cli)
{
    struct matrix matrix = {.cli = cli};

    if (!matrix_check(&cli->arguments))
        return WI_EXIT_USAGE;
    enum wi_exit result = matrix_find(cli, &matrix);
    if (result == WI_EXIT_OK)
        result = matrix_remember(&matrix);
    if (result == WI_EXIT_OK && is_local(cli)) {
        json_t *checks = json_array();
        matrix.config = wi_doctor_config(wi_argument(&cli->arguments, "config"), checks);
        wi_gpus_find("", &matrix.gpus);
        json_decref(checks);
    }
    if (result == WI_EXIT_OK)
        result = matrix_show(&matrix);
    wi_config_unref(matrix.config);
    json_decref(matrix.document);
    return result;
}
