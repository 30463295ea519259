/*
 * What doctor says of GPUs: the devices of this machine and their drivers, the rights of this user
 * and of the service's to them, and which of them each browser gets.
 */
#include "cli/commands/doctor/doctor.h"

#include "base/memory.h"
#include "browser/gpu_choice.h"
#include "browser/kinds.h"
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The user as which systemd/webinferd.service runs the daemon. */
#define SERVICE_USER "webinfer"
#define GROUPS_MAX 64

/* --- rights ----------------------------------------------------------------------------------- */

/* What would give the rights to the device, for the end of a sentence. */
static char *rights_remedy(const struct stat *device, const char *user)
{
    const struct group *group = getgrgid(device->st_gid);

    if ((device->st_mode & 0060) != 0060 || device->st_gid == 0)
        return wi_sprintf("no group may open it: let one with a rule of udev");
    if (!group)
        return wi_sprintf("add it to the group with the number %u, which has no name here",
            (unsigned)device->st_gid);
    return wi_sprintf("add it to the group %s (usermod -a -G %s %s) and start its programs again",
        group->gr_name, group->gr_name, user);
}

static int user_is_in(const struct passwd *user, gid_t wanted)
{
    gid_t groups[GROUPS_MAX];
    int count = GROUPS_MAX;

    if (getgrouplist(user->pw_name, user->pw_gid, groups, &count) < 0)
        return 1; /* in more than we look at: benefit of the doubt */
    for (int i = 0; i < count; i++)
        if (groups[i] == wanted)
            return 1;
    return 0;
}

static int user_may_open(const struct passwd *user, const struct stat *device)
{
    return user->pw_uid == 0 || (device->st_mode & 0006) == 0006 ||
           (user->pw_uid == device->st_uid && (device->st_mode & 0600) == 0600) ||
           ((device->st_mode & 0060) == 0060 && user_is_in(user, device->st_gid));
}

/* The service's user, unless that is who asks. */
static const struct passwd *find_service_user(void)
{
    const struct passwd *user = getpwnam(SERVICE_USER);

    return user && user->pw_uid != geteuid() ? user : NULL;
}

/* Doctor is often run by another user than the one whose browsers compute. */
static void check_service_user(
    json_t *checks, const char *check, const char *path, const struct passwd *user)
{
    struct stat device;

    if (!user || stat(path, &device) != 0 || user_may_open(user, &device))
        return;
    char *remedy = rights_remedy(&device, user->pw_name);
    wi_doctor_add(checks, check, WI_FINDING_WARNING,
        "%s: the service's user %s may not open it; %s", path, user->pw_name, remedy);
    free(remedy);
}

/* --- devices and drivers ---------------------------------------------------------------------- */

static char *device_lacks(const struct wi_gpu_device *device)
{
    char lacks[256];
    struct stat info;
    const char *why = wi_gpu_lacks(device, lacks, sizeof lacks);

    if (!why)
        return NULL;
    if (device->may_open || stat(device->path, &info) != 0)
        return wi_strdup(why);
    const struct passwd *user = getpwuid(geteuid());
    char *remedy = rights_remedy(&info, user ? user->pw_name : "USER");
    char *whole = wi_sprintf("this user may not open it; %s", remedy);
    free(remedy);
    return whole;
}

/* What browsers get of a GPU, and what is missing. */
static void report_gpu(json_t *checks, const char *check, const struct wi_gpu_device *device)
{
    char *why = device_lacks(device);
    char *name = wi_sprintf("%s (%s%s%s)", device->path,
        *device->driver ? device->driver : "a driver that is not named", *device->id ? ", " : "",
        device->id);

    if (why)
        wi_doctor_add(checks, check, device->package ? WI_FINDING_WARNING : WI_FINDING_INFO,
            "%s: %s", name, why);
    else
        wi_doctor_add(checks, check, WI_FINDING_OK, "%s, with the Vulkan driver of %s", name,
            device->manifest);
    free(name);
    free(why);
}

void wi_doctor_gpus(json_t *checks)
{
    struct wi_gpu_device devices[WI_GPUS_MAX];
    struct wi_strings manifests = {0};
    size_t count = wi_gpus_find("", devices);
    const struct passwd *user = find_service_user();
    char check[32];

    for (size_t i = 0; i < count; i++) {
        snprintf(check, sizeof check, "GPU %zu", i);
        report_gpu(checks, check, &devices[i]);
        check_service_user(checks, check, devices[i].path, user);
    }
    if (count == 0)
        wi_doctor_add(checks, "GPU", WI_FINDING_INFO,
            "there is none (/dev/dri/renderD*, /dev/nvidia*): WebGPU will be software or absent");
    wi_vulkan_manifests("", "*.json", &manifests);
    if (manifests.count == 0)
        wi_doctor_add(checks, "Vulkan driver", WI_FINDING_WARNING,
            "none is installed: Firefox then has no WebGPU, and no browser can use a GPU (Debian: "
            "mesa-vulkan-drivers, or the GPU vendor's)");
    wi_strings_clear(&manifests);
}

/* --- browsers --------------------------------------------------------------------------------- */

static size_t count_serving(const struct wi_config_browser *browser,
    const struct wi_gpu_device *devices, size_t count, const struct wi_gpu_device **first)
{
    size_t serving = 0;

    for (size_t i = 0; i < count; i++)
        if (wi_gpu_serves(&devices[i], browser->gpu) && serving++ == 0)
            *first = &devices[i];
    return serving;
}

/* With gpu = auto, whether a usable GPU is used depends on the family and the window. */
static const char *find_chance(const struct wi_config_browser *browser)
{
    if (strcmp(wi_kind_family(browser), "firefox") == 0)
        return "Firefox chooses among it and Mesa's software driver; gpu = hardware leaves it only "
               "the GPU";
    if (!browser->headless)
        return "with a window, the browser decides whether to use it; gpu = hardware makes it do "
               "so";
    return "it is used";
}

static void judge_serving(json_t *checks, const char *check,
    const struct wi_config_browser *browser, const struct wi_gpu_device *first, size_t serving)
{
    if (browser->gpu_device == WI_GPU_DEVICE_ALL)
        wi_doctor_add(checks, check, WI_FINDING_OK,
            "its browsers are spread over %zu usable GPUs (gpu_device = all)", serving);
    else if (serving > 1)
        wi_doctor_add(checks, check, WI_FINDING_INFO,
            "%zu are usable, and the browser chooses one of them; gpu_device = all uses each",
            serving);
    else if (browser->gpu == WI_GPU_HARDWARE)
        wi_doctor_add(checks, check, WI_FINDING_OK, "%s: it is used (gpu = hardware)", first->path);
    else
        wi_doctor_add(checks, check, WI_FINDING_OK, "%s: %s", first->path, find_chance(browser));
}

/* The choice of a browser that can be started: a GPU that it must have is there. */
static void judge_gpus(json_t *checks, const struct wi_config_browser *browser,
    const struct wi_gpu_device *devices, size_t count)
{
    const struct wi_gpu_device *first = NULL;
    size_t serving = count_serving(browser, devices, count, &first);
    char check[48];

    snprintf(check, sizeof check, "%.32s GPU", browser->kind);
    if (strcmp(wi_kind_family(browser), "webkit") == 0)
        wi_doctor_add(checks, check, WI_FINDING_INFO,
            "none: WebKitGTK has no WebGPU, and without a window its display draws in software");
    else if (browser->gpu == WI_GPU_OFF || browser->gpu == WI_GPU_SOFTWARE)
        wi_doctor_add(checks, check, WI_FINDING_INFO, "none, by configuration (gpu = %s)",
            browser->gpu == WI_GPU_OFF ? "off" : "software");
    else if (browser->gpu_device >= WI_GPU_DEVICE_FIRST)
        wi_doctor_add(checks, check, WI_FINDING_OK, "only %s (gpu_device = %d)",
            devices[browser->gpu_device - WI_GPU_DEVICE_FIRST].path,
            browser->gpu_device - WI_GPU_DEVICE_FIRST);
    else if (serving > 0)
        judge_serving(checks, check, browser, first, serving);
    else
        wi_doctor_add(checks, check, WI_FINDING_WARNING,
            "none is usable, for the reasons above; it has a software adapter at most");
}

void wi_doctor_browser_gpu(json_t *checks, const struct wi_config_browser *browser)
{
    struct wi_gpu_device devices[WI_GPUS_MAX];
    size_t count = wi_gpus_find("", devices);

    if (count > 0 && !browser->driver_url)
        judge_gpus(checks, browser, devices, count);
}

/* Text about a browser that was planned to have the GPU, or could have. */
static void add_advice(struct wi_buffer *text, const struct wi_config_browser *browser,
    const struct wi_gpu_device *devices, size_t count)
{
    const struct wi_gpu_device *first = NULL;
    struct wi_gpu_choice choice;
    struct wi_error error;

    if (browser->driver_url || count_serving(browser, devices, count, &first) == 0 ||
        wi_gpu_choose(browser, NULL, devices, count, &choice, &error) != WI_OK)
        return;
    if (choice.hardware)
        wi_buffer_printf(text,
            "; the driver of %s gave it no adapter, and vulkaninfo (Debian: vulkan-tools) may say "
            "why",
            choice.only ? choice.only->path : first->path);
    else
        wi_buffer_printf(
            text, "; to use %s, set gpu = hardware in the browser's section", first->path);
}

void wi_doctor_advise_gpu(struct wi_buffer *text, const struct wi_config_browser *browser)
{
    struct wi_gpu_device devices[WI_GPUS_MAX];

    add_advice(text, browser, devices, wi_gpus_find("", devices));
}
