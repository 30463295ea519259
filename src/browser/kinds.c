/*
 * The kinds of browser. Each switch says why it is there. What the operator adds comes last and
 * wins; lists of features are joined, because of two such switches a browser reads only the last.
 */
#include "browser/kinds.h"

#include "base/log.h"
#include "browser/program.h"
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

/* Chromium's own need for shared memory with large tensors; containers often have 64 MiB. */
#define SMALL_SHM_BYTES (512ull * 1024 * 1024)

enum when {
    ALWAYS,
    HEADLESS,
    GPU_ANY, /* every gpu setting but off */
    GPU_HARDWARE,
    GPU_SOFTWARE,
    GPU_OFF,
    SHM_SMALL,
    SANDBOX_OFF
};

struct option {
    const char *text;
    enum when when;
};

struct preference {
    const char *name;
    int value;
};

struct wi_kind {
    const char *name;
    const char *drivers;   /* programs to look for, in this order, ' ' between */
    const char *binaries;  /* the same for the browser */
    const char *package;   /* Debian's, with both */
    const char *port_line; /* what the driver prints before the port */
    const char *const *driver_arguments;
    const struct option *options;
    const struct preference *preferences;
    json_t *(*make_capabilities)(
        const struct wi_kind *kind, const char *binary, const struct wi_strings *arguments);
};

/* --- Chromium -------------------------------------------------------------------------------- */

static const char *const chrome_driver_arguments[] = {
    "--port=0",           /* the system chooses; the driver prints which */
    "--log-level=SEVERE", /* below that it logs commands, and so the page's URL with its token */
    NULL,
};

static const struct option chrome_options[] = {
    {"--headless=new", HEADLESS}, /* the full browser without a window; the old one has no WebGPU */
    {"--remote-debugging-port=0", ALWAYS}, /* the system chooses */
    /* WebGPU and WebGL. On Linux WebGPU is behind this switch for most adapters; with it a machine
     * without a GPU gives SwiftShader, labelled as a fallback adapter, and without it none. */
    {"--enable-unsafe-webgpu", GPU_ANY},
    {"--use-webgpu-adapter=swiftshader", GPU_SOFTWARE},
    /* Dawn and ANGLE on Vulkan without a window system: the set that Chrome's own guide to testing
     * on servers gives. Without a Vulkan driver it leaves no adapter, which is what `hardware`
     * asks for. */
    {"--enable-features=Vulkan", GPU_HARDWARE},
    {"--use-angle=vulkan", GPU_HARDWARE},
    {"--disable-vulkan-surface", GPU_HARDWARE},
    {"--ignore-gpu-blocklist", GPU_HARDWARE},
    {"--disable-gpu", GPU_OFF},
    /* A lost device must not shut WebGL and WebGPU out until the browser restarts. */
    {"--disable-domain-blocking-for-3d-apis", ALWAYS},
    {"--disable-gpu-process-crash-limit", ALWAYS},
    /* The page is never in front, and must run as fast as if it were. */
    {"--disable-background-timer-throttling", ALWAYS},
    {"--disable-backgrounding-occluded-windows", ALWAYS},
    {"--disable-renderer-backgrounding", ALWAYS},
    {"--disable-hang-monitor", ALWAYS}, /* a long run is no hang; we have our own watch */
    /* It talks to us and nobody else. */
    {"--disable-background-networking", ALWAYS},
    {"--disable-component-update", ALWAYS},
    {"--disable-domain-reliability", ALWAYS},
    {"--disable-client-side-phishing-detection", ALWAYS},
    {"--disable-sync", ALWAYS},
    {"--disable-default-apps", ALWAYS},
    {"--disable-extensions", ALWAYS},
    {"--disable-quic", ALWAYS},
    {"--no-pings", ALWAYS},
    {"--no-proxy-server", ALWAYS}, /* a proxy for the machine is not for loopback */
    {"--disable-features=Translate,OptimizationHints,MediaRouter,InterestFeedContentSuggestions",
        ALWAYS},
    /* A fresh profile asks nobody anything. */
    {"--no-first-run", ALWAYS},
    {"--no-default-browser-check", ALWAYS},
    {"--disable-search-engine-choice-screen", ALWAYS},
    {"--password-store=basic", ALWAYS}, /* no keyring daemon */
    /* No crash handler process that outlives its browser, no dumps with tensors in them. */
    {"--disable-breakpad", ALWAYS},
    {"--disable-crash-reporter", ALWAYS},
    {"--mute-audio", ALWAYS},
    {"--disable-dev-shm-usage", SHM_SMALL}, /* tabs crash when /dev/shm is full */
    {"--no-sandbox", SANDBOX_OFF},
    {NULL, ALWAYS},
};

static const struct preference chrome_preferences[] = {
    {"credentials_enable_service", 0},
    {"profile.password_manager_enabled", 0},
    {"safebrowsing.enabled", 0}, /* no lists fetched */
    {"translate.enabled", 0},
    {NULL, 0},
};

/* https://developer.chrome.com/docs/chromedriver/capabilities */
static json_t *chrome_capabilities(
    const struct wi_kind *kind, const char *binary, const struct wi_strings *arguments)
{
    json_t *list = json_array(), *preferences = json_object();

    /* chromedriver wants the switches without their dashes or with them; both mean the same. */
    for (size_t i = 0; i < arguments->count; i++)
        json_array_append_new(list, json_string(arguments->items[i]));
    for (const struct preference *row = kind->preferences; row->name; row++)
        json_object_set_new(preferences, row->name, json_boolean(row->value));
    /* Navigation need not wait for what the page loads: its node's welcome is what counts.
     * enable-logging would write a log of the page's console into the profile. */
    return json_pack("{s:{s:s, s:s, s:{s:s, s:o, s:o, s:[s]}}}", "alwaysMatch", "browserName",
        "chrome", "pageLoadStrategy", "eager", "goog:chromeOptions", "binary", binary, "args", list,
        "prefs", preferences, "excludeSwitches", "enable-logging");
}

/* --- the table ------------------------------------------------------------------------------- */

static const struct wi_kind kinds[] = {
    {
        .name = "chrome",
        .drivers = "chromedriver",
        .binaries = "chromium google-chrome-stable google-chrome chrome",
        .package = "chromium and chromium-driver",
        .port_line = "was started successfully on port ",
        .driver_arguments = chrome_driver_arguments,
        .options = chrome_options,
        .preferences = chrome_preferences,
        .make_capabilities = chrome_capabilities,
    },
};

const struct wi_kind *wi_kind_find(const char *name)
{
    for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
        if (strcmp(kinds[i].name, name) == 0)
            return &kinds[i];
    return NULL;
}

const char *wi_kind_names(void)
{
    return "chrome";
}

int wi_kind_read_port(const struct wi_kind *kind, const char *line)
{
    const char *found = strstr(line, kind->port_line);
    char *end;
    long port;

    if (!found)
        return -1;
    port = strtol(found + strlen(kind->port_line), &end, 10);
    return end[0] == '.' && end[1] == '\0' && port > 0 && port < 65536 ? (int)port : -1;
}

/* --- switches -------------------------------------------------------------------------------- */

static int is_feature_list(const char *text, size_t name_length)
{
    static const char *const lists[] = {"--enable-features", "--disable-features",
        "--enable-blink-features", "--disable-blink-features"};

    for (size_t i = 0; i < sizeof(lists) / sizeof(*lists); i++)
        if (strlen(lists[i]) == name_length && strncmp(lists[i], text, name_length) == 0)
            return 1;
    return 0;
}

/* Adds a switch; one of the same name is joined with it (feature lists) or replaced. */
static void add_switch(struct wi_strings *list, const char *text)
{
    size_t length = strcspn(text, "=");

    for (size_t i = 0; i < list->count; i++) {
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

static int shm_is_small(void)
{
    struct statvfs info;

    return statvfs("/dev/shm", &info) != 0 ||
           (unsigned long long)info.f_bavail * info.f_frsize < SMALL_SHM_BYTES;
}

int wi_kind_sandbox(const struct wi_config_browser *browser)
{
    return browser->sandbox == WI_YES || (browser->sandbox == WI_AUTO && geteuid() != 0);
}

static int applies(enum when when, const struct wi_config_browser *browser)
{
    switch (when) {
    case ALWAYS:
        return 1;
    case HEADLESS:
        return browser->headless;
    case GPU_ANY:
        return browser->gpu != WI_GPU_OFF;
    case GPU_HARDWARE:
        return browser->gpu == WI_GPU_HARDWARE;
    case GPU_SOFTWARE:
        return browser->gpu == WI_GPU_SOFTWARE;
    case GPU_OFF:
        return browser->gpu == WI_GPU_OFF;
    case SHM_SMALL:
        return shm_is_small();
    case SANDBOX_OFF:
        return !wi_kind_sandbox(browser);
    }
    return 0;
}

static void collect_switches(const struct wi_kind *kind, const struct wi_config_browser *browser,
    const char *directory, struct wi_strings *list)
{
    char *profile = wi_sprintf("--user-data-dir=%s/profile", directory);

    for (const struct option *row = kind->options; row->text; row++)
        if (applies(row->when, browser))
            add_switch(list, row->text);
    add_switch(list, profile);
    for (size_t i = 0; i < browser->arguments.count; i++)
        add_switch(list, browser->arguments.items[i]);
    free(profile);
}

/* --- environment ----------------------------------------------------------------------------- */

/* Everything that a browser writes outside its profile lands below the session's directory. */
static const char *const folders[] = {"profile", "home", "tmp", "run", NULL};

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

/* What the operator's environment says about displays and GPU drivers passes through. */
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

const char *const *wi_kind_folders(void)
{
    return folders;
}

static void add_owned(struct wi_strings *list, char *text)
{
    wi_strings_add(list, text);
    free(text);
}

static void collect_environment(const char *directory, struct wi_strings *list)
{
    for (size_t i = 0; i < sizeof(directories) / sizeof(*directories); i++)
        add_owned(
            list, wi_sprintf("%s=%s/%s", directories[i].name, directory, directories[i].folder));
    /* No session bus is started for it. */
    wi_strings_add(list, "DBUS_SESSION_BUS_ADDRESS=disabled:");
    for (size_t i = 0; passed[i]; i++)
        if (getenv(passed[i]))
            add_owned(list, wi_sprintf("%s=%s", passed[i], getenv(passed[i])));
}

/* --- programs -------------------------------------------------------------------------------- */

/* The first program of a ' '-separated list that is there. The caller frees it. */
static char *find_any(const char *names)
{
    char *copy = wi_strdup(names), *rest = copy, *name, *found = NULL;

    while (!found && (name = strsep(&rest, " ")))
        if (*name)
            found = wi_program_find(name);
    free(copy);
    return found;
}

/* The configured program, or one of the kind's. NULL with `error` filled if there is none. */
static char *choose(const struct wi_kind *kind, const char *configured, const char *names,
    const char *key, struct wi_error *error)
{
    const char *wanted = configured && *configured ? configured : names;
    char *found = configured && *configured ? wi_program_find(configured) : find_any(names);

    if (found)
        return found;
    wi_error_set(error, WI_UNAVAILABLE, key,
        "%s cannot start: there is no program %s%s; on Debian install the packages %s, or name the "
        "program in [browser.%s] %s",
        kind->name, wanted, strchr(wanted, '/') ? "" : " in PATH", kind->package, kind->name, key);
    return NULL;
}

/* driver_command may bring arguments of its own, ' ' between. */
static char *choose_driver(const struct wi_kind *kind, const struct wi_config_browser *browser,
    struct wi_strings *driver, struct wi_error *error)
{
    char *copy = wi_strdup(browser->driver_command ? browser->driver_command : "");
    char *rest = copy, *word = strsep(&rest, " ");
    char *program = choose(kind, word, kind->drivers, "driver_command", error);

    if (program) {
        wi_strings_add(driver, program);
        for (size_t i = 0; kind->driver_arguments[i]; i++)
            wi_strings_add(driver, kind->driver_arguments[i]);
        while ((word = strsep(&rest, " ")))
            if (*word)
                wi_strings_add(driver, word);
    }
    free(copy);
    return program;
}

enum wi_code wi_kind_launch(const struct wi_config_browser *browser, const char *directory,
    struct wi_launch *launch, struct wi_error *error)
{
    const struct wi_kind *kind = wi_kind_find(browser->kind);
    struct wi_strings arguments = {0};
    char *driver = NULL, *binary = NULL;

    if (!kind)
        return wi_error_set(error, WI_UNAVAILABLE, "browser",
            "this version cannot start the browser kind \"%s\"; it knows: %s", browser->kind,
            wi_kind_names());
    driver = choose_driver(kind, browser, &launch->driver, error);
    binary = choose(kind, browser->binary, kind->binaries, "binary", driver ? error : NULL);
    if (driver && binary) {
        collect_switches(kind, browser, directory, &arguments);
        collect_environment(directory, &launch->environment);
        launch->capabilities = kind->make_capabilities(kind, binary, &arguments);
        launch->sandbox = wi_kind_sandbox(browser);
    }
    wi_strings_clear(&arguments);
    free(driver);
    free(binary);
    return launch->capabilities ? WI_OK : WI_UNAVAILABLE;
}

void wi_launch_clear(struct wi_launch *launch)
{
    wi_strings_clear(&launch->driver);
    wi_strings_clear(&launch->environment);
    json_decref(launch->capabilities);
    launch->capabilities = NULL;
}
