/* The choice of a GPU for a browser; see gpu_choice.h. */
#include "browser/gpu_choice.h"

#include "base/buffer.h"
#include <stdio.h>
#include <string.h>

int wi_gpu_serves(const struct wi_gpu_device *device, enum wi_gpu setting)
{
    int any = setting == WI_GPU_HARDWARE && (!device->package || wi_vulkan_given());

    return device->may_open && (*device->manifest || any);
}

const char *wi_gpu_lacks(const struct wi_gpu_device *device, char *text, size_t size)
{
    if (wi_gpu_serves(device, WI_GPU_AUTO))
        return NULL;
    if (!device->may_open)
        snprintf(text, size,
            "this user may not open it; add the user to the groups video and render (usermod -a -G "
            "video,render USER)");
    else if (device->package)
        snprintf(text, size, "its Vulkan driver is not installed (Debian: %s)", device->package);
    else
        snprintf(text, size,
            "no Vulkan driver for it is known here; gpu = hardware in a browser's section uses any "
            "that is installed");
    return text;
}

/* "; this machine has GPU 0 (/dev/nvidia0), GPU 1 (/dev/dri/renderD128: REASON)" */
static void add_list(struct wi_buffer *text, const struct wi_gpu_device *devices, size_t count)
{
    char lacks[160];

    wi_buffer_puts(text, count > 0 ? "; this machine has " : "; this machine has no GPU");
    for (size_t i = 0; i < count; i++) {
        const char *why = wi_gpu_lacks(&devices[i], lacks, sizeof lacks);
        wi_buffer_printf(text, "%sGPU %zu (%s%s%s)", i > 0 ? ", " : "", i, devices[i].path,
            why ? ": " : "", why ? why : "");
    }
}

static enum wi_code refuse_choice(const struct wi_config_browser *browser, const char *key,
    const char *problem, const struct wi_gpu_device *devices, size_t count, struct wi_error *error)
{
    struct wi_buffer list = {0};

    add_list(&list, devices, count);
    wi_error_set(error, WI_UNAVAILABLE, key, "%s cannot start: [browser.%s] %s: %s%s",
        browser->kind, browser->kind, key, problem, list.text);
    wi_buffer_clear(&list);
    return WI_UNAVAILABLE;
}

/* `path` NULL: any. */
static const struct wi_gpu_device *find_serving(const struct wi_config_browser *browser,
    const struct wi_gpu_device *devices, size_t count, const char *path)
{
    for (size_t i = 0; i < count; i++)
        if (wi_gpu_serves(&devices[i], browser->gpu) &&
            (!path || strcmp(devices[i].path, path) == 0))
            return &devices[i];
    return NULL;
}

static enum wi_code choose_numbered(const struct wi_config_browser *browser,
    const struct wi_gpu_device *devices, size_t count, struct wi_gpu_choice *choice,
    struct wi_error *error)
{
    size_t number = (size_t)browser->gpu_device - WI_GPU_DEVICE_FIRST;
    char problem[48];

    if (number >= count || !wi_gpu_serves(&devices[number], browser->gpu)) {
        snprintf(problem, sizeof problem, "GPU %zu is not %s", number,
            number < count ? "usable" : "there");
        return refuse_choice(browser, "gpu_device", problem, devices, count, error);
    }
    *choice = (struct wi_gpu_choice){1, &devices[number]};
    return WI_OK;
}

enum wi_code wi_gpu_choose(const struct wi_config_browser *browser, const char *wanted,
    const struct wi_gpu_device *devices, size_t count, struct wi_gpu_choice *choice,
    struct wi_error *error)
{
    if (browser->gpu_device >= WI_GPU_DEVICE_FIRST)
        return choose_numbered(browser, devices, count, choice, error);
    int each = browser->gpu_device == WI_GPU_DEVICE_ALL;
    const struct wi_gpu_device *found = find_serving(browser, devices, count, each ? wanted : NULL);
    if (!found && each)
        return refuse_choice(browser, "gpu_device",
            wanted ? "the GPU of this session is gone" : "no GPU is usable", devices, count, error);
    if (!found && browser->gpu == WI_GPU_HARDWARE)
        return refuse_choice(browser, "gpu", "hardware needs a usable GPU", devices, count, error);
    /* Only a browser without a window needs to be told; the others find a GPU by themselves. */
    choice->hardware = each || browser->gpu == WI_GPU_HARDWARE ||
                       (browser->gpu == WI_GPU_AUTO && browser->headless && found);
    choice->only = each && wanted ? found : NULL;
    return WI_OK;
}
