/* The parameters of other formats, by their lists; see parameters.h. */
#include "wire/parameters.h"

#include "base/memory.h"
#include "terms/task/task_table.h"
#include "wire/dialect.h"
#include "wire/text.h"
#include <assert.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>

static const struct wi_parameter *parameter_find(
    const struct wi_parameters *lists, const char *name, enum wi_task_kind task)
{
    for (const struct wi_parameter *row = lists->known; row->tasks; row++)
        for (size_t i = 0; row->tasks & (1u << task) && row->names[i]; i++)
            if (strcmp(row->names[i], name) == 0)
                return row;
    return NULL;
}

static int is_neutral(const struct wi_parameters *lists, const char *name, const json_t *value)
{
    if (json_is_null(value))
        return 1;
    for (const struct wi_neutral *row = lists->neutrals; row->name; row++) {
        if (strcmp(row->name, name) != 0)
            continue;
        json_t *neutral = json_loads(row->value, JSON_DECODE_ANY, NULL);
        int same = json_equal(neutral, value);
        json_decref(neutral);
        if (same)
            return 1;
    }
    return 0;
}

enum wi_code wi_parameters_sort_within(struct wi_infer *infer, const json_t *object,
    const struct wi_parameters *lists, const char *where, struct wi_error *error)
{
    struct wi_inference *asked = infer->asked;
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)object, name, value)
    {
        const struct wi_parameter *known = parameter_find(lists, name, asked->task);
        char field[80];
        snprintf(field, sizeof field, "%.20s%.59s", where, name);
        if (!known && infer->lenient && !is_neutral(lists, name, value))
            wi_infer_pass_over(infer, field);
        else if (!known && !is_neutral(lists, name, value))
            return wi_error_set(error, WI_UNKNOWN_FIELD, field,
                "the parameter %s is not supported here; leave it out", field);
        if (known && known->use == WI_PARAMETER_OPTION && !json_is_null(value))
            json_object_set(asked->options, name, value);
    }
    return WI_OK;
}

static struct wi_param parameter_row(const struct wi_parameters *lists, enum wi_parameter_use use,
    const char *name, enum wi_task_kind task)
{
    const struct wi_param *known =
        use == WI_PARAMETER_OPTION    ? wi_params_find(wi_task_options(task, 1), name)
        : use != WI_PARAMETER_IGNORED ? wi_params_find(lists->special, name)
                                      : NULL;
    struct wi_param row = known ? *known : (struct wi_param){.name = name, .kind = WI_PARAM_ANY};
    const struct wi_parameter_form *form = use == WI_PARAMETER_SPECIAL ? lists->forms : NULL;
    for (; form && form->name; form++)
        if (form->tasks & 1u << task && strcmp(form->name, name) == 0)
            row.form = form->form;
    if (use == WI_PARAMETER_IGNORED)
        row.help = "Accepted, but has no effect.";
    if (use == WI_PARAMETER_NEEDED)
        row.required = 1;
    return row;
}

/* A client that names a place insists on it: nothing else may run the request. */
static enum wi_code read_model(struct wi_infer *infer, const char *asked, struct wi_error *error)
{
    char name[WI_MODEL_NAME_MAX + 1], where[WI_MODEL_WHERE_MAX + 1];
    enum wi_code code = wi_model_where(asked, name, where, error);
    if (code != WI_OK)
        return code;
    int platform = *where ? wi_platform_of_name(where) : -1;
    infer->model_name = wi_strdup(name);
    infer->asked->fallback = 1;
    if (platform >= 0) {
        infer->asked->has_platform = 1;
        infer->asked->platform = (enum wi_platform)platform;
        infer->asked->fallback = 0;
    } else if (*where) {
        infer->asked->browser = wi_strdup(where);
    }
    return WI_OK;
}

enum wi_code wi_parameters_read(struct wi_infer *infer, const json_t *root,
    const struct wi_parameters *lists, void *body, struct wi_error *error)
{
    infer->asked->options = json_object();
    infer->options_where = "";
    enum wi_code code = wi_parameters_sort_within(infer, root, lists, "", error);
    if (code == WI_OK)
        code = wi_params_read(lists->special, root, WI_PARAMS_OPEN, "", body, error);
    return code == WI_OK ? read_model(infer, *(const char **)body, error) : code;
}

size_t wi_parameters_rows(const struct wi_parameters *lists, enum wi_task_kind task,
    struct wi_param rows[WI_PARAMETERS_MAX])
{
    size_t count = 0;
    for (const struct wi_parameter *known = lists->known; known->tasks; known++)
        for (size_t i = 0; known->tasks & (1u << task) && known->names[i]; i++) {
            assert(count + 1 < WI_PARAMETERS_MAX);
            rows[count++] = parameter_row(lists, known->use, known->names[i], task);
        }
    rows[count] = (struct wi_param){0};
    return count;
}

/* --- within objects --------------------------------------------------------------------------- */

static int is_among(const char *const names[], const char *name)
{
    while (*names && strcmp(*names, name) != 0)
        names++;
    return *names != NULL;
}

static void drop_idle(struct wi_infer *infer, json_t *object, const struct wi_param *table,
    const char *const ignored[], const char *where)
{
    const char *name;
    json_t *value;
    void *next;
    json_object_foreach_safe(object, next, name, value)
    {
        int known = wi_params_find(table, name) != NULL;
        int idle = json_is_null(value) || is_among(ignored, name);
        char path[160];
        snprintf(path, sizeof path, "%.120s.%.30s", where, name);
        if (!idle && !known && infer->lenient)
            wi_infer_pass_over(infer, path);
        if (idle || (!known && infer->lenient))
            json_object_del(object, name);
    }
}

struct wi_path wi_path_item(const char *where, size_t index)
{
    struct wi_path path;
    snprintf(path.text, sizeof path.text, "%.120s[%zu]", where, index);
    return path;
}

struct wi_path wi_path_member(const char *where, const char *name)
{
    struct wi_path path;
    snprintf(path.text, sizeof path.text, "%.120s.%.30s", where, name);
    return path;
}

enum wi_code wi_parameters_read_object(struct wi_infer *infer, const struct wi_param *table,
    const char *const ignored[], json_t *object, const char *where, void *target,
    struct wi_error *error)
{
    struct wi_path prefix = wi_path_member(where, "");
    drop_idle(infer, object, table, ignored, where);
    return wi_params_read(table, object, WI_PARAMS_STRICT, prefix.text, target, error);
}

/* --- errors ---------------------------------------------------------------------------------- */

static void name_replace(char *text, size_t size, const struct wi_parameter_name *name)
{
    char whole[sizeof((struct wi_error *)NULL)->detail];
    const char *at = strstr(text, name->ours);
    if (!at)
        return;
    snprintf(whole, sizeof whole, "%.*s%s%s", (int)(at - text), text, name->theirs,
        at + strlen(name->ours));
    snprintf(text, size, "%.*s", (int)size - 1, whole);
}

static void parameters_rename(struct wi_error *error, const struct wi_parameter_name *names)
{
    while (error && names->ours && !strstr(error->field, names->ours))
        names++;
    if (!error || !names->ours)
        return;
    name_replace(error->field, sizeof error->field, names);
    name_replace(error->detail, sizeof error->detail, names);
}

/* --- what several formats have -------------------------------------------------------------- */

enum wi_code wi_parameters_refuse(const char *field, const char *expected, struct wi_error *error)
{
    wi_error_set(error, WI_INVALID_FIELD, field, "%s must be %s", field, expected);
    return wi_error_expect(error, "%s", expected);
}

enum wi_code wi_parameters_missing(const char *name, struct wi_error *error)
{
    return wi_error_set(error, WI_MISSING_FIELD, name, "%s is missing", name);
}

enum wi_code wi_parameters_read_most(
    struct wi_infer *infer, const char *name, const json_t *value, struct wi_error *error)
{
    json_int_t most = json_integer_value(value);
    if (!value || (json_is_integer(value) && most == -1))
        return WI_OK;
    if (json_is_integer(value) && most >= 1 && most <= WI_TOKENS_MAX) {
        json_object_set_new(infer->asked->options, "max_tokens", json_integer(most));
        return WI_OK;
    }
    wi_error_set(error, WI_INVALID_FIELD, name, "%s must be a number of tokens", name);
    return wi_error_expect(error, "1 to %d, or -1 for as many as fit", WI_TOKENS_MAX);
}

enum wi_code wi_parameters_frame(const char *content_type, const char *head_length,
    size_t body_size, size_t *json_size, struct wi_error *error)
{
    *json_size = body_size;
    if (!head_length)
        return WI_OK;
    return wi_error_set(error, WI_BAD_FRAMING, "Inference-Header-Content-Length",
        "binary data is not accepted here; leave this header out");
}

enum wi_code wi_parameters_check(const struct wi_infer *infer, const struct wi_model *model,
    const struct wi_config_models *limits, struct wi_error *error)
{
    enum wi_code code = wi_text_check(infer, model, limits, error);
    /* There the address determines the task, so a model that cannot do it is the wrong one. */
    int wrong_model = error && (strcmp(error->field, "task") == 0 || !wi_text_is_for(model));
    if (code == WI_INPUT_INVALID && wrong_model)
        snprintf(error->field, sizeof error->field, "model");
    if (code != WI_OK && infer->dialect->names)
        parameters_rename(error, infer->dialect->names);
    return code;
}

/* --- NAME[:VARIANT][@WHERE] ------------------------------------------------------------------- */

/* The form of a browser's name in the configuration, and of every platform. */
static int is_place(const char *text)
{
    size_t length = strlen(text);
    return length > 0 && length <= WI_MODEL_WHERE_MAX && islower((unsigned char)text[0]) &&
           strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_-") == length;
}

/* The same error for every wrong form, about the member that these clients know. */
static enum wi_code parameter_refuse(const char *asked, struct wi_error *error)
{
    wi_error_set(error, WI_INVALID_FIELD, "model", "\"%.160s\" is not a model name", asked);
    return wi_error_allow(error,
        "NAME or OWNER/NAME, each of at most 128 letters, digits, \".\", \"_\" "
        "and \"-\"; behind it perhaps \":VARIANT\", and then perhaps \"@\" with "
        "a platform or a kind of browser, such as @wasm or @firefox");
}

enum wi_code wi_model_where(const char *asked, char name[WI_MODEL_NAME_MAX + 1],
    char where[WI_MODEL_WHERE_MAX + 1], struct wi_error *error)
{
    size_t length = strcspn(asked, "@");
    const char *place = asked[length] ? asked + length + 1 : NULL;
    name[0] = where[0] = '\0';
    if (length > WI_MODEL_NAME_MAX || (place && !is_place(place)))
        return parameter_refuse(asked, error);
    memcpy(name, asked, length);
    name[length] = '\0';
    if (wi_model_check_name(name, NULL) != WI_OK)
        return parameter_refuse(asked, error);
    if (place)
        strcpy(where, place);
    return WI_OK;
}
