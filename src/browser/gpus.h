/* The GPUs of this machine: what the kernel has, whether this user may open them, and whether the
 * Vulkan driver of each is installed. */
#ifndef WI_BROWSER_GPUS_H
#define WI_BROWSER_GPUS_H

#include <stddef.h>

/* More GPUs than this are not looked at. */
#define WI_GPUS_MAX 16

struct wi_gpu_device {
    char path[64];       /* "/dev/dri/renderD128", "/dev/nvidia0" */
    char driver[32];     /* the kernel's: "amdgpu", "i915", "nvidia"; "" if it is not known */
    char id[16];         /* "1002:73bf", vendor and device on PCI in hexadecimal; or "" */
    char manifest[128];  /* of its Vulkan driver, without the root; "" if there is none */
    const char *package; /* Debian's, with that Vulkan driver; NULL if no driver is known */
    int may_open;        /* this user may read and write the device */
};

/* Fills `devices`, of WI_GPUS_MAX, sorted by path, NVIDIA's first. Returns their number. `root` is
 * put before each path that is looked at: "" except in tests. A device that the proprietary NVIDIA
 * driver offers twice, as /dev/nvidiaN and as a render node, is found once. */
size_t wi_gpus_find(const char *root, struct wi_gpu_device *devices);

/* The first GPU of this machine on which browsers of this user can compute, because it may be
 * opened and its Vulkan driver is installed, into `device`. 0 if there is none; `device` is then
 * not touched. */
int wi_gpu_find_usable(const char *root, struct wi_gpu_device *device);

/* Whether this user may open a GPU of the proprietary NVIDIA driver. */
int wi_gpu_has_nvidia(const char *root);

#endif
