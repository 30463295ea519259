/* A machine whose GPUs a test chooses, in place of this one. For use in one test file each. */
#ifndef WI_TESTS_UNIT_BROWSER_MACHINE_H
#define WI_TESTS_UNIT_BROWSER_MACHINE_H

#include "../test.h"

#include "browser/gpus.h"
#include <string.h>

static struct {
    struct wi_gpu_device gpus[WI_GPUS_MAX];
    size_t gpu_count;
    const char *given; /* VK_DRIVER_FILES */
    unsigned looks;    /* how often its GPUs were found */
} machine;

void wi_gpus_find(const char *root, struct wi_gpus *gpus)
{
    memcpy(gpus->devices, machine.gpus, machine.gpu_count * sizeof *gpus->devices);
    gpus->count = machine.gpu_count;
    machine.looks++;
}

void wi_gpus_others(const char *root, const struct wi_gpu_device *only, struct wi_strings *paths)
{
    for (size_t i = 0; i < machine.gpu_count; i++) {
        const struct wi_gpu_device *device = &machine.gpus[i];
        if (strcmp(device->path, only->path) == 0)
            continue;
        wi_strings_add(paths, device->path);
        if (*device->twin)
            wi_strings_add(paths, device->twin);
    }
}

void wi_vulkan_manifests(const char *root, const char *pattern, struct wi_strings *paths)
{
    for (size_t i = 0; i < machine.gpu_count; i++)
        if (*machine.gpus[i].manifest)
            wi_strings_add(paths, machine.gpus[i].manifest);
}

const char *wi_vulkan_given(void)
{
    return machine.given;
}

/* Several that are usable: NVIDIA's, AMD's and Intel's; and then what one may lack. */
#define GPU_NVIDIA                                                                                 \
    {                                                                                              \
        .path = "/dev/nvidia0", .twin = "/dev/dri/renderD132", .driver = "nvidia",                 \
        .package = "nvidia-vulkan-icd", .manifest = "/usr/share/vulkan/icd.d/nvidia_icd.json",     \
        .may_open = 1                                                                              \
    }
#define GPU_AMD                                                                                    \
    {                                                                                              \
        .path = "/dev/dri/renderD128", .driver = "amdgpu", .id = "1002:73bf",                      \
        .package = "mesa-vulkan-drivers",                                                          \
        .manifest = "/usr/share/vulkan/icd.d/radeon_icd.x86_64.json", .may_open = 1                \
    }
#define GPU_INTEL                                                                                  \
    {                                                                                              \
        .path = "/dev/dri/renderD129", .driver = "i915", .id = "8086:9a49",                        \
        .package = "mesa-vulkan-drivers",                                                          \
        .manifest = "/usr/share/vulkan/icd.d/intel_icd.x86_64.json", .may_open = 1                 \
    }
#define GPU_CLOSED                                                                                 \
    {                                                                                              \
        .path = "/dev/dri/renderD130", .driver = "amdgpu", .package = "mesa-vulkan-drivers",       \
        .manifest = "/usr/share/vulkan/icd.d/radeon_icd.x86_64.json"                               \
    }
#define GPU_WITHOUT_DRIVER                                                                         \
    {                                                                                              \
        .path = "/dev/nvidia1", .driver = "nvidia", .package = "nvidia-vulkan-icd", .may_open = 1  \
    }
#define GPU_UNKNOWN                                                                                \
    {                                                                                              \
        .path = "/dev/dri/renderD131", .may_open = 1                                               \
    }

#endif
