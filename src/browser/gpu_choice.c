/* The choice of a GPU for a browser; see gpu_choice.h. */
#include "browser/gpu_choice.h"

#include "base/buffer.h"
#include <stdio.h>
#include <string.h>

int wi_gpu_is_usable(const struct wi_gpu_device *device)
{
    return device->may_open && *device->manifest;
}

const char *wi_gpu_lacks(const struct wi_gpu_device *device, char *text, size_t size)
{
    if (wi_gpu_is_usable(device))
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

/* "; this machine has 0 (/dev/nvidia0), 1 (/dev/dri/renderD128: REASON)" */
static void add_list(struct wi_buffer *text, const struct wi_gpu_device *devices, size_t count)
{
    char lacks[160];

    wi_buffer_puts(text, count > 0 ? "; this machine has " : "; this machine has no GPU");
    for (size_t i = 0; i < count; i++) {
        const char *why = wi_gpu_lacks(&devices[i], lacks, sizeof lacks);
        wi_buffer_printf(text, "%s%zu (%s%s%s)", i > 0 ? ", " : "", i, devices[i].path,
            why ? ": " : "", why ? why : "");
    }
}

static enum wi_code refuse(const struct wi_config_browser *browser, const char *problem,
    const struct wi_gpu_device *devices, size_t count, struct wi_error *error)
{
    struct wi_buffer list = {0};

    add_list(&list, devices, count);
    wi_error_set(error, WI_UNAVAILABLE, "gpu_device",
        "%s cannot start: [browser.%s] gpu_device: %s%s", browser->kind, browser->kind, problem,
        list.text);
    wi_buffer_clear(&list);
    return WI_UNAVAILABLE;
}

static const struct wi_gpu_device *find_usable(
    const struct wi_gpu_device *devices, size_t count, const char *path)
{
    for (size_t i = 0; i < count; i++)
        if (wi_gpu_is_usable(&devices[i]) && (!path || strcmp(devices[i].path, path) == 0))
            return &devices[i];
    return NULL;
}

static enum wi_code choose_numbered(const struct wi_config_browser *browser,
    const struct wi_gpu_device *devices, size_t count, struct wi_gpu_choice *choice,
    struct wi_error *error)
{
    size_t number = (size_t)browser->gpu_device - WI_GPU_DEVICE_FIRST;
    char problem[48];

    if (number >= count || !wi_gpu_is_usable(&devices[number])) {
        snprintf(problem, sizeof problem, "GPU %zu is not %s", number,
            number < count ? "usable" : "there");
        return refuse(browser, problem, devices, count, error);
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
    const struct wi_gpu_device *usable = find_usable(devices, count, wanted);
    if (browser->gpu_device == WI_GPU_DEVICE_ALL) {
        if (!usable)
            return refuse(browser, wanted ? "the GPU of this session is gone" : "no GPU is usable",
                devices, count, error);
        *choice = (struct wi_gpu_choice){1, wanted ? usable : NULL};
        return WI_OK;
    }
    /* Only a browser without a window needs to be told; the others find a GPU by themselves. */
    *choice = (struct wi_gpu_choice){
        .hardware = browser->gpu == WI_GPU_HARDWARE ||
                    (browser->gpu == WI_GPU_AUTO && browser->headless && usable)};
    return WI_OK;
}
