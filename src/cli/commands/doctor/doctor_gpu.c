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

void wi_doctor_gpus(json_t *checks, const struct wi_gpus *gpus)
{
    struct wi_strings manifests = {0};
    const struct passwd *user = find_service_user();
    char check[32];

    for (size_t i = 0; i < gpus->count; i++) {
        snprintf(check, sizeof check, "GPU %zu", i);
        report_gpu(checks, check, &gpus->devices[i]);
        check_service_user(checks, check, gpus->devices[i].path, user);
    }
    if (gpus->count == 0)
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

/* What a browser gets of the GPUs. */
struct doctor_choice {
    size_t serving;                    /* how many are usable */
    const struct wi_gpu_device *first; /* of these; NULL: none */
    struct wi_gpu_choice made;         /* all 0 as well if it cannot be started */
};

static struct doctor_choice choice_of(
    const struct wi_config_browser *browser, const struct wi_gpus *gpus)
{
    struct doctor_choice choice = {0};
    struct wi_error error;

    for (size_t i = 0; i < gpus->count; i++)
        if (wi_gpu_serves(&gpus->devices[i], browser->gpu) && choice.serving++ == 0)
            choice.first = &gpus->devices[i];
    (void)wi_gpu_choose(browser, NULL, gpus->devices, gpus->count, &choice.made, &error);
    return choice;
}

/* Whether it is started so that it may take Mesa's software adapter although a GPU is usable. */
static int may_avoid_gpu(
    const struct wi_config_browser *browser, const struct doctor_choice *choice)
{
    return browser->gpu != WI_GPU_HARDWARE &&
           (!choice->made.hardware || strcmp(wi_kind_family(browser), "firefox") == 0);
}

/* What becomes of the only usable GPU. */
static const char *find_use(
    const struct wi_config_browser *browser, const struct doctor_choice *choice)
{
    if (browser->gpu == WI_GPU_HARDWARE)
        return "it is used (gpu = hardware)";
    if (strcmp(wi_kind_family(browser), "firefox") == 0)
        return "Firefox chooses among it and Mesa's software driver; gpu = hardware leaves it only "
               "the GPU";
    return choice->made.hardware ? "it is used"
                                 : "with a window, the browser decides whether to use it; gpu = "
                                   "hardware makes it do so";
}

static void judge_serving(json_t *checks, const char *check,
    const struct wi_config_browser *browser, const struct doctor_choice *choice)
{
    if (browser->gpu_device == WI_GPU_DEVICE_ALL)
        wi_doctor_add(checks, check, WI_FINDING_OK,
            "its browsers are spread over %zu usable GPUs (gpu_device = all)%s", choice->serving,
            (size_t)browser->min_connections < choice->serving
                ? "; min_connections can keep one running on each"
                : "");
    else if (choice->serving > 1)
        wi_doctor_add(checks, check, WI_FINDING_INFO,
            "%zu are usable, and the browser chooses one of them; gpu_device = all uses each",
            choice->serving);
    else
        wi_doctor_add(
            checks, check, WI_FINDING_OK, "%s: %s", choice->first->path, find_use(browser, choice));
}

void wi_doctor_browser_gpu(
    json_t *checks, const struct wi_config_browser *browser, const struct wi_gpus *gpus)
{
    const struct doctor_choice choice = choice_of(browser, gpus);
    char check[48];

    if (gpus->count == 0 || browser->driver_url)
        return;
    snprintf(check, sizeof check, "%.32s GPU", browser->kind);
    if (strcmp(wi_kind_family(browser), "webkit") == 0)
        wi_doctor_add(checks, check, WI_FINDING_INFO,
            "none: WebKitGTK has no WebGPU, and without a window its display draws in software");
    else if (browser->gpu == WI_GPU_OFF || browser->gpu == WI_GPU_SOFTWARE)
        wi_doctor_add(checks, check, WI_FINDING_INFO, "none, by configuration (gpu = %s)",
            browser->gpu == WI_GPU_OFF ? "off" : "software");
    else if (choice.made.only)
        wi_doctor_add(checks, check, WI_FINDING_OK, "only %s (gpu_device = %d)",
            choice.made.only->path, browser->gpu_device - WI_GPU_DEVICE_FIRST);
    else if (choice.serving > 0)
        judge_serving(checks, check, browser, &choice);
    else
        wi_doctor_add(checks, check, WI_FINDING_WARNING,
            "none is usable, for the reasons above; it has a software adapter at most");
}

void wi_doctor_advise_gpu(
    struct wi_buffer *text, const struct wi_config_browser *browser, const struct wi_gpus *gpus)
{
    const struct doctor_choice choice = choice_of(browser, gpus);

    if (browser->driver_url || choice.serving == 0)
        return;
    const char *path = choice.made.only ? choice.made.only->path : choice.first->path;
    if (may_avoid_gpu(browser, &choice))
        wi_buffer_printf(text, "; to use %s, set gpu = hardware in the browser's section", path);
    else
        wi_buffer_printf(text,
            "; the driver of %s gave it no adapter, and vulkaninfo (Debian: vulkan-tools) may say "
            "why",
            path);
}
