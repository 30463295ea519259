/* The parts of a launch that every family creates in the same way. */

#include "browser/family_private.h"
#include "browser/program.h"
#include <stdlib.h>
#include <string.h>

/* Files that a browser writes outside its profile go below the session's directory. */
const char *const wi_launch_folders[] = {"profile", "home", "tmp", "run", NULL};

static const struct {
    const char *name;
    const char *folder;
} directories[] = {
    {"HOME", "home"},
    {"XDG_CONFIG_HOME", "home/.config"},
    {"XDG_CACHE_HOME", "home/.cache"},
    {"XDG_DATA_HOME", "home/.local/share"},
    {"XDG_STATE_HOME", "home/.local/state"},
    {"XDG_RUNTIME_DIR", "run"},
    {"TMPDIR", "tmp"},
};

/* Variables of the operator's environment about displays and GPU drivers are passed on. */
static const char *const passed[] = {
    "DISPLAY",
    "WAYLAND_DISPLAY",
    "XAUTHORITY", /* without headless */
    "VK_DRIVER_FILES",
    "VK_ICD_FILENAMES",
    "LIBGL_DRIVERS_PATH",
    "LIBGL_ALWAYS_SOFTWARE",
    "GALLIUM_DRIVER",
    "DRI_PRIME",
    "CUDA_VISIBLE_DEVICES",
    "NVIDIA_VISIBLE_DEVICES",
    "NVIDIA_DRIVER_CAPABILITIES",
    "LD_LIBRARY_PATH",
    NULL,
};

void wi_plan_environment(const struct wi_plan *plan, struct wi_launch *launch)
{
    struct wi_strings *list = &launch->environment;

    for (size_t i = 0; i < sizeof directories / sizeof *directories; i++)
        wi_strings_add_owned(list, wi_sprintf("%s=%s/%s", directories[i].name,
                                       plan->request->directory, directories[i].folder));
    /* No session bus is started for it. */
    wi_strings_add(list, "DBUS_SESSION_BUS_ADDRESS=disabled:");
    for (size_t i = 0; passed[i]; i++)
        if (getenv(passed[i]))
            wi_strings_add_owned(list, wi_sprintf("%s=%s", passed[i], getenv(passed[i])));
}

/* The loader selects drivers by the names of their manifests: Mesa's software adapter is lvp_icd.
 */
void wi_plan_software(struct wi_launch *launch, int only)
{
    wi_strings_add(&launch->environment,
        only ? "VK_LOADER_DRIVERS_SELECT=lvp*" : "VK_LOADER_DRIVERS_DISABLE=lvp*");
}

int wi_plan_accepts_any(const struct wi_plan *plan)
{
    return plan->request->certificate && !plan->request->certificate->trusted;
}

/* The first program of a ' '-separated list that exists. The caller frees it. */
static char *find_any(const char *names)
{
    char *copy = wi_strdup(names), *rest = copy, *name, *found = NULL;

    while (!found && (name = strsep(&rest, " ")))
        if (*name)
            found = wi_program_find(name);
    free(copy);
    return found;
}

char *wi_plan_find(const struct wi_plan *plan, const char *configured, const char *names,
    const char *key, struct wi_error *error)
{
    const char *wanted = configured && *configured ? configured : names;
    char *found = configured && *configured ? wi_program_find(configured) : find_any(names);

    if (found)
        return found;
    wi_error_set(error, WI_UNAVAILABLE, key,
        "%s cannot start: there is no program %s%s; install %s, or name the program in "
        "[browser.%s] %s",
        plan->browser->kind, wanted, strchr(wanted, '/') ? "" : " in PATH", plan->kind->package,
        plan->browser->kind, key);
    return NULL;
}

enum wi_code wi_plan_driver(const struct wi_plan *plan, const char *const *arguments,
    struct wi_launch *launch, struct wi_error *error)
{
    const char *configured = plan->browser->driver_command;
    char *copy = wi_strdup(configured ? configured : "");
    char *rest = copy, *word = strsep(&rest, " ");
    char *program = wi_plan_find(plan, word, plan->kind->drivers, "driver_command", error);

    if (program) {
        wi_strings_add_owned(&launch->command, program);
        for (size_t i = 0; arguments[i]; i++)
            wi_strings_add(&launch->command, arguments[i]);
        while ((word = strsep(&rest, " ")))
            if (*word)
                wi_strings_add(&launch->command, word);
    }
    free(copy);
    return program ? WI_OK : WI_UNAVAILABLE;
}
