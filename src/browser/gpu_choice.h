/* Which GPU a browser is started for, by [browser.KIND] gpu and gpu_device and by what this machine
 * has. Pure: the devices are passed in, as wi_gpus_find fills them. */
#ifndef WI_BROWSER_GPU_CHOICE_H
#define WI_BROWSER_GPU_CHOICE_H

#include "base/error.h"
#include "browser/gpus.h"
#include "settings/config/config.h"

/* Whether browsers of this user can compute on it under this setting: it may be opened, and its
 * Vulkan driver is installed. With WI_GPU_HARDWARE, any driver will do for a GPU whose own driver
 * is not known here, and for a list of drivers in the environment. */
int wi_gpu_serves(const struct wi_gpu_device *device, enum wi_gpu setting);
/* Why it does not serve under WI_GPU_AUTO, for people, and what helps; NULL: it does. `text` keeps
 * it. */
const char *wi_gpu_lacks(const struct wi_gpu_device *device, char *text, size_t size);

struct wi_gpu_choice {
    int hardware;                     /* the browser is told to take a GPU, no software adapter */
    const struct wi_gpu_device *only; /* the one that it may open; NULL: any */
};
/* `wanted`: with gpu_device = all, the path of the GPU of this session; NULL: none was chosen yet.
 * WI_OK, or WI_UNAVAILABLE if the GPU is not there or does not serve, or if none does and the
 * setting is WI_GPU_HARDWARE, with the GPUs that there are. */
enum wi_code wi_gpu_choose(const struct wi_config_browser *browser, const char *wanted,
    const struct wi_gpu_device *devices, size_t count, struct wi_gpu_choice *choice,
    struct wi_error *error);

#endif
