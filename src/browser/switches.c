/*
 * The switches and preferences of a browser, from a family's table and the operator's lines: rows
 * by setting, then the operator's, which take precedence. Lists of features are merged, because a
 * browser reads only the last of two such switches.
 */

#include "browser/family_private.h"
#include "settings/config/config.h"
#include <stdlib.h>
#include <string.h>

static int switch_applies(enum wi_when when, const struct wi_plan *plan)
{
    const struct wi_config_browser *browser = plan->browser;

    switch (when) {
    case WI_WHEN_ALWAYS:
        return 1;
    case WI_WHEN_HEADLESS:
        return browser->headless;
    case WI_WHEN_GPU:
        return browser->gpu != WI_GPU_OFF;
    case WI_WHEN_GPU_HARDWARE:
        return plan->hardware;
    case WI_WHEN_GPU_NVIDIA:
        return plan->nvidia;
    case WI_WHEN_GPU_SOFTWARE:
        return browser->gpu == WI_GPU_SOFTWARE;
    case WI_WHEN_GPU_OFF:
        return browser->gpu == WI_GPU_OFF;
    case WI_WHEN_SHM_SMALL:
        return wi_kind_lacks_shm(browser);
    case WI_WHEN_SANDBOX:
        return plan->sandbox;
    case WI_WHEN_NO_SANDBOX:
        return !plan->sandbox;
    case WI_WHEN_LOCAL:
        return !browser->driver_url;
    }
    return 0;
}

/* --- switches -------------------------------------------------------------------------------- */

static int is_feature_list(const char *text, size_t name_length)
{
    static const char *const lists[] = {"--enable-features", "--disable-features",
        "--enable-blink-features", "--disable-blink-features", "--enable-dawn-features",
        "--disable-dawn-features", "--features"};

    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        if (strlen(lists[i]) == name_length && strncmp(lists[i], text, name_length) == 0)
            return 1;
    return 0;
}

void wi_switches_add(struct wi_strings *list, const char *text)
{
    size_t length = strcspn(text, "=");

    /* Only switches have names: an argument without dashes is added as it is. */
    for (size_t i = 0; text[0] == '-' && i < list->count; i++) {
        char *old = list->items[i];
        if (strcspn(old, "=") != length || strncmp(old, text, length) != 0)
            continue;
        list->items[i] = is_feature_list(text, length) && text[length] && old[length]
                             ? wi_sprintf("%s,%s", old, text + length + 1)
                             : wi_strdup(text);
        free(old);
        return;
    }
    wi_strings_add(list, text);
}

void wi_switches_add_rows(
    struct wi_strings *list, const struct wi_switch *rows, const struct wi_plan *plan)
{
    for (const struct wi_switch *row = rows; row && row->text; row++)
        if (switch_applies(row->when, plan))
            wi_switches_add(list, row->text);
}

json_t *wi_switches_json(struct wi_strings *list)
{
    json_t *array = json_array();

    for (size_t i = 0; i < list->count; i++)
        json_array_append_new(array, json_string(list->items[i]));
    wi_strings_clear(list);
    return array;
}

/* --- preferences ----------------------------------------------------------------------------- */

json_t *wi_preferences_json(const struct wi_preference *rows, const struct wi_plan *plan)
{
    const struct wi_strings *lines = &plan->browser->preferences;
    json_t *preferences = json_object(), *value;
    char *name;

    for (const struct wi_preference *row = rows; row && row->name; row++)
        if (switch_applies(row->when, plan))
            json_object_set_new(
                preferences, row->name, json_loads(row->value, JSON_DECODE_ANY, NULL));
    for (size_t i = 0; i < lines->count; i++) {
        /* The configuration has checked them. */
        if (wi_preference_parse(lines->items[i], &name, &value, NULL) != WI_OK)
            continue;
        json_object_set_new(preferences, name, value);
        free(name);
    }
    return preferences;
}

/* --- what is told ---------------------------------------------------------------------------- */

/* Whether it affects how the browser computes. */
static int is_setting(enum wi_when when)
{
    return when != WI_WHEN_ALWAYS && when != WI_WHEN_LOCAL;
}

/* The reported text is bounded. */
static void flag_tell(struct wi_strings *flags, const char *text)
{
    if (flags->count < WI_LAUNCH_FLAGS_MAX && strlen(text) < WI_LAUNCH_FLAG_SIZE)
        wi_switches_add(flags, text);
}

/* The operator's: an argument without dashes is an address or a path, and any value may be one,
 * except those that say how a browser computes. */
static void tell_argument(struct wi_strings *flags, const char *text)
{
    static const char *const whole[] = {"--headless", "--use-angle", "--use-gl", "--use-vulkan",
        "--use-webgpu-adapter", "--use-webgpu-power-preference", "--js-flags"};
    size_t length = strcspn(text, "=");
    int is_whole = is_feature_list(text, length);

    for (size_t i = 0; i < sizeof whole / sizeof *whole; i++)
        is_whole |= strlen(whole[i]) == length && strncmp(whole[i], text, length) == 0;
    char *told = wi_strndup(text, is_whole && !strchr(text, '/') ? strlen(text) : length);
    if (*text == '-')
        flag_tell(flags, told);
    free(told);
}

/* "dom.webgpu.enabled=true"; the value of a text may be anything. */
static void tell_preference(struct wi_strings *flags, const char *name, const json_t *value)
{
    char *shown = json_is_string(value) ? NULL : json_dumps(value, JSON_ENCODE_ANY);
    char *told = wi_sprintf(shown ? "%s=%s" : "%s", name, shown ? shown : "");

    flag_tell(flags, told);
    free(told);
    free(shown);
}

static void tell_preferences(
    struct wi_strings *flags, const struct wi_preference *rows, const struct wi_plan *plan)
{
    json_t *all = wi_preferences_json(NULL, plan), *value;
    const char *name;

    for (const struct wi_preference *row = rows; row && row->name; row++)
        if (is_setting(row->when) && switch_applies(row->when, plan) &&
            !json_object_get(all, row->name))
            json_object_set_new(all, row->name, json_loads(row->value, JSON_DECODE_ANY, NULL));
    json_object_foreach(all, name, value) tell_preference(flags, name, value);
    json_decref(all);
}

void wi_switches_tell(
    struct wi_strings *flags, const struct wi_browser_family *family, const struct wi_plan *plan)
{
    const struct wi_strings *arguments = &plan->browser->arguments;

    for (const struct wi_switch *row = family->switches; row->text; row++)
        if (is_setting(row->when) && switch_applies(row->when, plan))
            flag_tell(flags, row->text);
    wi_switches_add_rows(flags, plan->kind->switches, plan);
    for (size_t i = 0; i < arguments->count; i++)
        tell_argument(flags, arguments->items[i]);
    tell_preferences(flags, family->preferences, plan);
}
