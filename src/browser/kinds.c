/* The kinds of browser: from a kind's name to its family, and from that to a launch. */
#include "browser/kinds.h"

#include "config.h"

#include "base/net/url.h"
#include "base/text.h"
#include "browser/family_private.h"
#include "browser/gpu_choice.h"
#include "browser/proctree.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

static const struct wi_browser_family *const families[] = {
    [WI_FAMILY_CHROMIUM] = &wi_family_chromium,
    [WI_FAMILY_FIREFOX] = &wi_family_firefox,
    [WI_FAMILY_WEBKIT] = &wi_family_webkit,
};
#define FAMILY_COUNT (sizeof(families) / sizeof *families)

/* The family's row for that name, or its last one. */
static const struct wi_kind *find_kind(const struct wi_browser_family *family, const char *name)
{
    const struct wi_kind *kind = family->kinds;

    while (kind->name && strcmp(kind->name, name) != 0)
        kind++;
    return kind;
}

/* The configured family, or the one that knows the kind's name, or Chromium. */
static const struct wi_browser_family *find_family(const struct wi_config_browser *browser)
{
    if (browser->family != WI_FAMILY_AUTO)
        return families[browser->family];
    for (size_t i = 0; i < FAMILY_COUNT; i++)
        if (families[i] && (wi_text_equal(families[i]->kind, browser->kind) ||
                               find_kind(families[i], browser->kind)->name))
            return families[i];
    return &wi_family_chromium;
}

const char *wi_kind_family(const struct wi_config_browser *browser)
{
    return find_family(browser)->name;
}

const char *wi_kind_package(const struct wi_config_browser *browser)
{
    return find_kind(find_family(browser), browser->kind)->package;
}

int wi_kind_sandbox(const struct wi_config_browser *browser, int confined)
{
    const struct wi_browser_family *family = find_family(browser);
    int works =
        (geteuid() != 0 && !confined) || !wi_kind_is_here(browser) || family->sandbox_everywhere;

    return browser->sandbox == WI_YES || (browser->sandbox == WI_AUTO && works);
}

/* Whether the browser may use a GPU of NVIDIA's driver. With auto, one with a window finds it by
 * itself. */
static int plans_nvidia(
    const struct wi_plan *plan, const struct wi_gpu_choice *choice, const struct wi_gpus *gpus)
{
    int uses_gpu =
        plan->hardware || (plan->browser->gpu == WI_GPU_AUTO && !plan->browser->headless);
    int nvidia = 0;

    for (size_t i = 0; i < gpus->count; i++) {
        const struct wi_gpu_device *device = &gpus->devices[i];
        nvidia |= device->may_open && strcmp(device->driver, "nvidia") == 0 &&
                  (!choice->only || choice->only == device);
    }
    return uses_gpu && nvidia;
}

/* The GPU of a browser that we start. */
static enum wi_code plan_gpu(struct wi_plan *plan, struct wi_launch *launch, struct wi_error *error)
{
    const struct wi_gpus *gpus = plan->request->gpus;
    struct wi_gpu_choice choice;
    struct wi_gpus found;

    if (!gpus) {
        wi_gpus_find("", &found);
        gpus = &found;
    }
    enum wi_code code = wi_gpu_choose(
        plan->browser, plan->request->gpu, gpus->devices, gpus->count, &choice, error);

    if (code != WI_OK)
        return code;
    plan->hardware = choice.hardware;
    plan->nvidia = plans_nvidia(plan, &choice, gpus);
    if (!choice.only)
        return WI_OK;
    memcpy(launch->gpu, choice.only->path, sizeof launch->gpu);
    wi_gpus_others("", choice.only, &launch->hidden);
    return WI_OK;
}

enum wi_code wi_launch_make(
    const struct wi_launch_request *request, struct wi_launch *launch, struct wi_error *error)
{
    const struct wi_browser_family *family = find_family(request->browser);
    struct wi_plan plan = {.request = request,
        .browser = request->browser,
        .sandbox = wi_kind_sandbox(request->browser, request->confined),
        .hardware = request->browser->gpu == WI_GPU_HARDWARE};

    if (family->takes_gpu && !request->browser->driver_url &&
        plan_gpu(&plan, launch, error) != WI_OK)
        return WI_UNAVAILABLE;
    plan.kind = find_kind(family, request->browser->kind);
    launch->protocol = WI_DRIVER_CLASSIC;
    launch->sandbox = plan.sandbox;
    launch->hardware = plan.hardware;
    launch->url = wi_strdup(request->browser->driver_url);
    wi_switches_tell(&launch->flags, family, &plan);
    return family->fill(&plan, launch, error);
}

/* --- what is installed ------------------------------------------------------------------------ */

/* The versions of the drivers that the kernel has: its own, and NVIDIA's. */
static const char *const driver_versions[] = {
    "/proc/sys/kernel/osrelease", "/proc/driver/nvidia/version"};

static void stamp_add_text(struct wi_hasher *hasher, const char *text)
{
    wi_hasher_add(hasher, text, strlen(text) + 1);
}

/* The identity of the file, links followed. */
static void stamp_add_file(struct wi_hasher *hasher, const char *path)
{
    struct stat status;
    char which[128];

    if (*path != '/' || stat(path, &status) != 0)
        return;
    snprintf(which, sizeof which, "%llu %lld %lld.%09ld", (unsigned long long)status.st_ino,
        (long long)status.st_size, (long long)status.st_mtim.tv_sec, status.st_mtim.tv_nsec);
    stamp_add_text(hasher, path);
    stamp_add_text(hasher, which);
}

/* The first bytes of its contents. */
static void stamp_add_content(struct wi_hasher *hasher, const char *path)
{
    char text[512 + 1];
    ssize_t got = wi_proc_text(AT_FDCWD, path, text, sizeof text);

    stamp_add_text(hasher, path);
    if (got > 0)
        wi_hasher_add(hasher, text, (size_t)got);
}

/* The GPUs of this machine, and the drivers by which browsers reach them. */
static void stamp_add_gpus(struct wi_hasher *hasher, const struct wi_gpus *gpus)
{
    struct wi_strings manifests = {0};

    for (size_t i = 0; i < gpus->count; i++) {
        stamp_add_text(hasher, gpus->devices[i].path);
        stamp_add_text(hasher, gpus->devices[i].driver);
        stamp_add_text(hasher, gpus->devices[i].id);
    }
    wi_vulkan_manifests("", "*.json", &manifests);
    for (size_t i = 0; i < manifests.count; i++)
        stamp_add_file(hasher, manifests.items[i]);
    wi_strings_clear(&manifests);
    for (size_t i = 0; i < sizeof driver_versions / sizeof *driver_versions; i++)
        stamp_add_content(hasher, driver_versions[i]);
}

static void stamp_add_strings(struct wi_hasher *hasher, const struct wi_strings *strings)
{
    for (size_t i = 0; i < strings->count; i++)
        stamp_add_text(hasher, strings->items[i]);
}

/* The capabilities requested from a driver, and the browser that it is to start. */
static void stamp_add_capabilities(struct wi_hasher *hasher, json_t *capabilities)
{
    char *text = json_dumps(capabilities, JSON_COMPACT | JSON_SORT_KEYS);
    const char *name;
    json_t *options;

    stamp_add_text(hasher, text ? text : "");
    free(text);
    json_object_foreach(json_object_get(capabilities, "alwaysMatch"), name, options)
    {
        const char *binary = json_string_value(json_object_get(options, "binary"));
        if (binary)
            stamp_add_file(hasher, binary);
    }
}

static void stamp_add_launch(struct wi_hasher *hasher, const struct wi_launch *launch)
{
    stamp_add_strings(hasher, &launch->command);
    for (size_t i = 0; i < launch->command.count; i++)
        stamp_add_file(hasher, launch->command.items[i]);
    stamp_add_strings(hasher, &launch->environment);
    stamp_add_text(hasher, launch->gpu);
    for (size_t i = 0; i < launch->file_count; i++)
        stamp_add_text(hasher, launch->files[i].text);
    stamp_add_text(hasher, launch->url ? launch->url : "");
    stamp_add_capabilities(hasher, launch->capabilities);
}

void wi_kind_stamp(const struct wi_launch_request *request, const struct wi_launch *launch,
    char stamp[WI_KIND_STAMP_SIZE])
{
    struct wi_hasher *hasher = wi_hasher_new(WI_SHA256);

    stamp_add_text(hasher, PACKAGE_VERSION);
    stamp_add_launch(hasher, launch);
    if (wi_kind_is_here(request->browser))
        stamp_add_gpus(hasher, request->gpus);
    wi_hasher_end(hasher, stamp);
    wi_hasher_free(hasher);
}

/* --- this machine ---------------------------------------------------------------------------- */

/* Chromium's own need for shared memory with large tensors; containers often have 64 MiB. */
#define SMALL_SHM_BYTES (512ull * 1024 * 1024)

static int shm_is_small(void)
{
    struct statvfs info;

    return statvfs("/dev/shm", &info) != 0 ||
           (unsigned long long)info.f_bavail * info.f_frsize < SMALL_SHM_BYTES;
}

int wi_kind_is_here(const struct wi_config_browser *browser)
{
    return !browser->driver_url || wi_url_is_loopback(browser->driver_url);
}

int wi_kind_lacks_shm(const struct wi_config_browser *browser)
{
    return wi_kind_is_here(browser) && shm_is_small();
}

/* --- launches -------------------------------------------------------------------------------- */

const char *wi_launch_browser(const struct wi_launch *launch)
{
    const json_t *always = json_object_get(launch->capabilities, "alwaysMatch");
    const char *name = json_string_value(json_object_get(always, "browserName"));

    return name ? name : "";
}

void wi_launch_add_file(struct wi_launch *launch, const char *path, const char *text)
{
    launch->files = wi_realloc_array(launch->files, launch->file_count + 1, sizeof *launch->files);
    struct wi_launch_file *file = &launch->files[launch->file_count++];
    file->path = wi_strdup(path);
    file->text = wi_strdup(text);
}

void wi_launch_clear(struct wi_launch *launch)
{
    wi_strings_clear(&launch->command);
    wi_strings_clear(&launch->environment);
    wi_strings_clear(&launch->hidden);
    wi_strings_clear(&launch->flags);
    for (size_t i = 0; i < launch->file_count; i++) {
        free(launch->files[i].path);
        free(launch->files[i].text);
    }
    free(launch->files);
    free(launch->url);
    json_decref(launch->capabilities);
    memset(launch, 0, sizeof *launch);
}

int wi_launch_read_port(const struct wi_launch *launch, const char *line)
{
    const char *found = launch->port_line ? strstr(line, launch->port_line) : NULL;
    char *end;

    if (!found)
        return -1;
    long port = strtol(found + strlen(launch->port_line), &end, 10);
    if (*end == '.')
        end++;
    return *end == '\0' && port > 0 && port < 65536 ? (int)port : -1;
}
