/* What browsers can do, as it was found before and on other machines; see matrix.h. */
#include "cli/commands/doctor/matrix.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include "cli/plain.h"
#include "cli/state.h"
#include "cli/text_table.h"
#include "nodes/bridge/features.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FILE_NAME "matrix.json"
#define FILE_MAX (8 << 20)
#define IMPORT_MAX 512      /* columns: those that are kept there, absent ones and some more */
#define WHERE_MAX 256       /* bytes: the label of a link, and the id of a node */
#define TEXT_MAX 64         /* of other texts */
#define AHEAD_MS 86400000LL /* how far the clock of another machine may be ahead */

/* --- columns ---------------------------------------------------------------------------------- */

static int is_alike(const json_t *a, const json_t *b, const char *member)
{
    return wi_text_equal(wi_json_text(a, member), wi_json_text(b, member));
}

/* Whether both are of one kind of browser at one place, perhaps in two versions. */
static int is_same_browser(const json_t *a, const json_t *b)
{
    return is_alike(a, b, "browser") && is_alike(a, b, "where");
}

static int is_same_column(const json_t *a, const json_t *b)
{
    return is_same_browser(a, b) && is_alike(a, b, "browser_version");
}

static int has_findings(const json_t *column)
{
    return json_is_object(json_object_get(column, "features")) && wi_json_text(column, "browser");
}

static double found_at(const json_t *column)
{
    return wi_json_number(column, "found_at");
}

static int by_age(const void *a, const void *b)
{
    double x = found_at(*(const json_t *const *)a), y = found_at(*(const json_t *const *)b);
    return (x < y) - (x > y);
}

/* Sorts them, the latest findings first, and drops those that are too many. */
static void kept_settle(json_t *kept)
{
    size_t count = json_array_size(kept);
    json_t **columns = wi_alloc((count + 1) * sizeof *columns);
    for (size_t i = 0; i < count; i++)
        columns[i] = json_incref(json_array_get(kept, i));
    qsort(columns, count, sizeof *columns, by_age);
    json_array_clear(kept);
    for (size_t i = 0; i < count; i++) {
        if (i < WI_MATRIX_KEPT)
            json_array_append(kept, columns[i]);
        json_decref(columns[i]);
    }
    free(columns);
}

static void column_keep(json_t *kept, const json_t *column)
{
    const json_t *other;
    size_t i;
    json_array_foreach(kept, i, other)
    {
        if (!is_same_column(column, other))
            continue;
        if (found_at(column) >= found_at(other))
            json_array_set(kept, i, (json_t *)column);
        return;
    }
    json_array_append(kept, (json_t *)column);
}

void wi_matrix_kept_add(json_t *kept, const json_t *columns)
{
    const json_t *column;
    size_t i;
    json_array_foreach(columns, i, column)
    {
        if (has_findings(column))
            column_keep(kept, column);
    }
    kept_settle(kept);
}

/* Whether a column that is shown makes one that is kept superfluous. */
static int is_shown(const json_t *columns, const json_t *kept, int all)
{
    const json_t *column;
    size_t i;
    json_array_foreach(columns, i, column)
    {
        if (has_findings(column) &&
            (all ? is_same_column(column, kept) : is_same_browser(column, kept)))
            return 1;
    }
    return 0;
}

void wi_matrix_kept_show(json_t *columns, const json_t *kept, const char *kind, int all)
{
    const json_t *column;
    size_t i;
    json_array_foreach(kept, i, column)
    {
        if ((!kind || wi_json_is(column, "browser", kind)) && !is_shown(columns, column, all))
            json_array_append(columns, (json_t *)column);
    }
}

/* --- the file --------------------------------------------------------------------------------- */

/* The column with members of the right kinds alone; NULL, or a new reference: what is in a file was
 * written by somebody. `where` NULL: the one that it has. */
static json_t *column_check(const json_t *column, const char *where)
{
    struct wi_error error;
    const char *kind = wi_json_text(column, "browser");
    json_int_t at = json_integer_value(json_object_get(column, "found_at"));
    const json_t *features = json_object_get(column, "features");
    const char *version = wi_json_text(column, "browser_version");
    const char *seen = wi_json_text(column, "where");
    if (!kind || strlen(kind) > TEXT_MAX || (version && strlen(version) > TEXT_MAX) ||
        (seen && strlen(seen) > WHERE_MAX) || at <= 0 || at > wi_wall_ms() + AHEAD_MS ||
        !json_is_object(features))
        return NULL;
    json_t *found = wi_features_read(features, &error);
    if (!found)
        return NULL;
    return json_pack("{s:s, s:s?, s:n, s:b, s:s, s:n, s:n, s:I, s:o, s:s?}", "browser", kind,
        "browser_version", version, "node", "joined",
        json_is_true(json_object_get(column, "joined")), "state", wi_look_names[WI_LOOK_DONE],
        "reason", "asked_at", "found_at", at, "features", found, "where", seen ? seen : where);
}

json_t *wi_matrix_kept_read(void)
{
    char *folder = wi_cli_state_folder();
    char *path = folder ? wi_sprintf("%s/" FILE_NAME, folder) : NULL;
    json_t *kept = json_array(), *document = NULL;
    const json_t *column;
    size_t size, i;
    struct wi_error error;
    char *text =
        path && access(path, F_OK) == 0 ? wi_cli_read_file(path, FILE_MAX, &size, &error) : NULL;
    if (text)
        document = json_loadb(text, size, 0, NULL);
    json_array_foreach(json_object_get(document, "browsers"), i, column)
    {
        json_t *good = i < WI_MATRIX_KEPT ? column_check(column, NULL) : NULL;
        if (good)
            json_array_append_new(kept, good);
    }
    json_decref(document);
    free(text);
    free(path);
    free(folder);
    return kept;
}

int wi_matrix_kept_write(const json_t *kept)
{
    char *folder = wi_cli_state_folder();
    int place = folder ? open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    json_t *document = json_pack("{s:O}", "browsers", kept);
    char *text = json_dumps(document, JSON_COMPACT);
    int failed = place < 0 || wi_file_replace(place, FILE_NAME, text, strlen(text), 0600) != 0;
    if (failed)
        fprintf(stderr, "webinfer: what was found is not kept: %s\n",
            folder ? strerror(errno) : "there is no home directory");
    if (place >= 0)
        close(place);
    free(text);
    json_decref(document);
    free(folder);
    return failed ? -1 : 0;
}

/* --- from other machines ---------------------------------------------------------------------- */

static enum wi_exit import_columns(
    json_t *kept, const json_t *document, const char *path, const char *where)
{
    const json_t *columns = json_object_get(document, "browsers"), *column;
    size_t i, count = 0;
    if (json_array_size(columns) > IMPORT_MAX)
        return wi_cli_fail(WI_EXIT_USAGE, "%s has %zu browsers, and at most %d can be imported",
            path, json_array_size(columns), IMPORT_MAX);
    json_t *good = json_array();
    json_array_foreach(columns, i, column)
    {
        json_t *checked = column_check(column, where);
        if (checked)
            json_array_append_new(good, checked);
        count += checked != NULL;
    }
    wi_matrix_kept_add(kept, good);
    json_decref(good);
    if (count > 0)
        return WI_EXIT_OK;
    return wi_cli_fail(WI_EXIT_USAGE,
        "%s has no browser with findings; it is to be what webinfer matrix --json has printed",
        path);
}

enum wi_exit wi_matrix_import(json_t *kept, const char *path, const char *where)
{
    struct wi_error error = {0};
    size_t size;
    if (!where || !*where || strlen(where) > WHERE_MAX || !wi_text_is_plain(where))
        return wi_cli_fail(WI_EXIT_USAGE,
            "--import needs --from NAME: the machine or device on which it was found, in at most "
            "%d bytes",
            WHERE_MAX);
    char *text = wi_cli_read_file(path, FILE_MAX, &size, &error);
    if (!text)
        return wi_cli_complain(&error);
    json_t *document = json_loadb(text, size, JSON_REJECT_DUPLICATES, NULL);
    enum wi_exit result = import_columns(kept, document, path, where);
    json_decref(document);
    free(text);
    return result;
}
