/* The models that a side measures: those that are named, sent as files, or there; see side.h. */
#include "bench/side.h"

#include "base/memory.h"
#include "base/text.h"
#include "cli/commands/add_files.h"
#include "cli/commands/commands.h"
#include "cli/pages.h"
#include "cli/plain.h"
#include "terms/format/model.h"
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* Uploads a file or folder as a model whose name follows from its content. */
static enum wi_exit send_files(struct wi_bench_side *side, const char *path, char **name)
{
    struct wi_add_files files = {0};
    struct wi_rest_answer answer = {0};
    struct wi_error error = {0};
    enum wi_exit result = WI_EXIT_USAGE;
    if (wi_add_files_find(path, &files, &error) != WI_OK)
        wi_cli_complain(&error);
    else
        result = wi_add_send(&side->cli, &files, "bench/", name, 1, &answer);
    if (result == WI_EXIT_OK)
        wi_strings_add(&side->uploads, *name);
    wi_rest_answer_clear(&answer);
    wi_add_files_clear(&files);
    return result;
}

int wi_bench_side_is_path(const char *word)
{
    struct stat status;
    return *word == '/' || strncmp(word, "./", 2) == 0 || strncmp(word, "../", 3) == 0 ||
           (stat(word, &status) == 0 &&
               (S_ISREG(status.st_mode) || wi_model_check_name(word, NULL) != WI_OK));
}

/* How many arguments have that name without their folders. */
static unsigned count_named(const struct wi_arguments *arguments, const char *name)
{
    unsigned count = 0;
    for (unsigned i = 0; i < arguments->positional_count; i++)
        count += strcmp(wi_text_basename(arguments->positionals[i]), name) == 0;
    return count;
}

/* The file's own name, or its path if another argument has the same name, without control
 * characters, because it is printed. NULL: no cell can hold it. A new string. */
static char *title_of(const struct wi_arguments *arguments, const char *path)
{
    const char *base = wi_text_basename(path);
    const char *title = *base && count_named(arguments, base) == 1 ? base : path;
    struct wi_buffer plain = {0};
    wi_plain(&plain, title, strlen(title), "");
    json_t *text = plain.size <= WI_LAB_TEXT_MAX ? json_string(plain.text) : NULL;
    char *made = text ? wi_strdup(plain.text) : NULL;
    json_decref(text);
    wi_buffer_clear(&plain);
    return made;
}

/* Takes the names; without a title the model's name is the title. */
static enum wi_exit add_named(struct wi_bench_side *side, char *name, char *title)
{
    side->subjects = wi_grow_array(side->subjects, side->count, sizeof *side->subjects);
    struct wi_bench_subject *subject = &side->subjects[side->count++];
    *subject = (struct wi_bench_subject){.name = name, .title = title ? title : wi_strdup(name)};
    return wi_bench_sample(&side->cli, side->choice, subject);
}

static enum wi_exit add_subject(struct wi_bench_side *side, const char *word)
{
    struct wi_error error = {0};
    char *name = NULL, *title = NULL;
    enum wi_exit result = WI_EXIT_OK;
    if (wi_bench_side_is_path(word)) {
        title = title_of(&side->cli.arguments, word);
        result = send_files(side, word, &name);
    } else if (wi_model_check_name(word, &error) != WI_OK) {
        result = wi_cli_complain(&error);
    } else {
        name = wi_strdup(word);
    }
    if (result == WI_EXIT_OK)
        return add_named(side, name, title);
    free(name);
    free(title);
    return result;
}

/* A model without a request, whose error is printed, does not stop the others. */
static enum wi_exit add_all_subjects(struct wi_bench_side *side)
{
    struct wi_pages pages = {.cli = &side->cli, .path = "/v1/models", .member = "models"};
    enum wi_exit added = WI_EXIT_OK;
    int has_refused = 0;
    const json_t *model;
    while ((added == WI_EXIT_OK || added == WI_EXIT_FAILED) && (model = wi_pages_row(&pages))) {
        const char *name = wi_json_text(model, "name");
        if (!name || json_is_true(json_object_get(model, "builtin")) ||
            json_is_string(json_object_get(model, "problem")))
            continue;
        added = add_named(side, wi_strdup(name), NULL);
        if (added == WI_EXIT_FAILED) {
            wi_bench_subject_clear(&side->subjects[--side->count]);
            has_refused = 1;
        }
    }
    enum wi_exit listed = wi_pages_close(&pages);
    if (added != WI_EXIT_OK && added != WI_EXIT_FAILED)
        return added;
    if (listed != WI_EXIT_OK || side->count > 0)
        return listed;
    return has_refused ? WI_EXIT_USAGE
                       : wi_cli_fail(WI_EXIT_USAGE,
                             "the daemon has no models: name a model file or a folder");
}

enum wi_exit wi_bench_side_models(struct wi_bench_side *side)
{
    const struct wi_arguments *arguments = &side->cli.arguments;
    enum wi_exit result = WI_EXIT_OK;
    if (arguments->positional_count == 0)
        return add_all_subjects(side);
    for (unsigned i = 0; i < arguments->positional_count && result == WI_EXIT_OK; i++)
        result = add_subject(side, arguments->positionals[i]);
    return result;
}
