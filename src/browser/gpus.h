/* The GPUs of this machine: what the kernel has, whether this user may open them, and whether the
 * Vulkan driver of each is installed. */
#ifndef WI_BROWSER_GPUS_H
#define WI_BROWSER_GPUS_H

#include "settings/config/config_options.h"
#include <stddef.h>

#define WI_GPU_PATH_SIZE 64

struct wi_gpu_device {
    char path[WI_GPU_PATH_SIZE]; /* "/dev/dri/renderD128", "/dev/nvidia0" */
    char twin[WI_GPU_PATH_SIZE]; /* the render node of the same GPU beside /dev/nvidiaN; or "" */
    char driver[32];     /* the kernel's: "amdgpu", "i915", "nvidia"; "" if it is not known */
    char id[16];         /* "1002:73bf", vendor and device on PCI in hexadecimal; or "" */
    char manifest[128];  /* of its Vulkan driver, without the root; "" if there is none */
    const char *package; /* Debian's, with that Vulkan driver; NULL if no driver is known */
    int may_open;        /* this user may read and write the device */
};

struct wi_gpus {
    struct wi_gpu_device devices[WI_GPUS_MAX];
    size_t count;
};

/* Fills `gpus`, sorted by path, NVIDIA's first, as far as there is room. `root` is put before each
 * path that is looked at:
 * "" except in tests. A device that the proprietary NVIDIA driver offers twice, as /dev/nvidiaN and
 * as a render node, is found once, with the render node as its twin if the driver tells which of
 * them belong together (/proc/driver/nvidia/gpus). */
void wi_gpus_find(const char *root, struct wi_gpus *gpus);
/* Adds the paths, without the root, of all devices of GPUs but those of this one: also of GPUs that
 * were not looked at, and render nodes of which it is not known whose they are. */
void wi_gpus_others(const char *root, const struct wi_gpu_device *only, struct wi_strings *paths);

/* Adds the manifests of Vulkan drivers whose file names match the pattern (glob(7)), without the
 * root, in the order in which the Vulkan loader looks for them: at the paths that wi_vulkan_given
 * names, or else in its folders. */
void wi_vulkan_manifests(const char *root, const char *pattern, struct wi_strings *paths);
/* The list in the environment that the Vulkan loader takes in place of its folders; NULL: none. */
const char *wi_vulkan_given(void);

#endif
