/*
 * The GPUs of this machine. The kernel's render nodes name the driver of each; the Vulkan loader's
 * manifests tell whether that GPU's Vulkan driver is installed. Mesa installs the manifests of all
 * vendors at once, so that neither a device nor a manifest is evidence alone.
 */
#include "browser/gpus.h"

#include "base/text.h"
#include "browser/proctree.h"
#include <ctype.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Folders in which the Vulkan loader looks for its drivers' manifests. */
static const char *const folders[] = {
    "/etc/vulkan/icd.d", "/usr/share/vulkan/icd.d", "/usr/local/share/vulkan/icd.d", NULL};

#define MESA "mesa-vulkan-drivers"

/* Kernel drivers by the name in a device's uevent, and the manifests of Vulkan drivers for their
 * GPUs, as Mesa and the vendors name them. */
static const struct gpu_driver {
    const char *name;
    const char *manifests[2];
    const char *package;
} drivers[] = {
    {"nvidia", {"nvidia_icd*.json"}, "nvidia-vulkan-icd"},
    {"amdgpu", {"radeon_icd*.json", "amd_icd*.json"}, MESA},
    {"i915", {"intel_icd*.json", "intel_hasvk_icd*.json"}, MESA},
    {"xe", {"intel_icd*.json"}, MESA},
    {"nouveau", {"nouveau_icd*.json"}, MESA},
    {"virtio_gpu", {"virtio_icd*.json"}, MESA},
    {"v3d", {"broadcom_icd*.json"}, MESA},
    {"msm_dpu", {"freedreno_icd*.json"}, MESA},
    {"panfrost", {"panfrost_icd*.json"}, MESA},
    {"panthor", {"panfrost_icd*.json"}, MESA},
    {"asahi", {"asahi_icd*.json"}, MESA},
};

#define NVIDIA (&drivers[0])

static const struct gpu_driver *find_driver(const char *name)
{
    for (size_t i = 0; i < sizeof drivers / sizeof *drivers; i++)
        if (strcmp(drivers[i].name, name) == 0)
            return &drivers[i];
    return NULL;
}

const char *wi_vulkan_given(void)
{
    const char *given = getenv("VK_DRIVER_FILES");

    return given ? given : getenv("VK_ICD_FILENAMES"); /* its name before version 1.3.207 */
}

static void add_found(
    const char *root, const char *folder, const char *pattern, struct wi_strings *paths)
{
    char *whole = wi_sprintf("%s%s/%s", root, folder, pattern);
    glob_t found = {0};

    if (glob(whole, 0, NULL, &found) == 0)
        for (size_t i = 0; i < found.gl_pathc; i++)
            wi_strings_add(paths, found.gl_pathv[i] + strlen(root));
    globfree(&found);
    free(whole);
}

/* A path of the environment: a manifest, or a folder of manifests. */
static void add_given(
    const char *root, const char *path, const char *pattern, struct wi_strings *paths)
{
    const char *slash = strrchr(path, '/');

    add_found(root, path, pattern, paths);
    if (slash && fnmatch(pattern, slash + 1, 0) == 0)
        wi_strings_add(paths, path);
}

void wi_vulkan_manifests(const char *root, const char *pattern, struct wi_strings *paths)
{
    const char *given = wi_vulkan_given(), *path;
    char *copy = wi_strdup(given ? given : ""), *rest = copy;

    while (given && (path = strsep(&rest, ":")))
        add_given(root, path, pattern, paths);
    for (size_t i = 0; !given && folders[i]; i++)
        add_found(root, folders[i], pattern, paths);
    free(copy);
}

/* Fills `path` with the first manifest of the driver that this user may read, without the root. */
static void find_manifest(
    const char *root, const struct gpu_driver *driver, char *path, size_t size)
{
    struct wi_strings found = {0};

    for (size_t i = 0; i < 2 && driver->manifests[i]; i++)
        wi_vulkan_manifests(root, driver->manifests[i], &found);
    for (size_t i = 0; i < found.count && !*path; i++) {
        char *whole = wi_sprintf("%s%s", root, found.items[i]);
        if (access(whole, R_OK) == 0)
            wi_text_copy(path, size, found.items[i]);
        free(whole);
    }
    wi_strings_clear(&found);
}

/* Copies the value of the line NAME=value of a uevent; "" if there is none. */
static void copy_value(const char *text, const char *name, char *value, size_t size)
{
    size_t length = strlen(name);

    *value = '\0';
    for (const char *line = text; line; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncmp(line, name, length) != 0 || line[length] != '=')
            continue;
        size_t end = strcspn(line + length + 1, "\n");
        snprintf(value, size, "%.*s", (int)end, line + length + 1);
        return;
    }
}

#define SLOT_SIZE 32

/* What the kernel says of a render node: its driver and, on PCI, its id; `slot`: where it is there,
 * or "". */
static void read_uevent(
    const char *root, const char *name, struct wi_gpu_device *device, char slot[SLOT_SIZE])
{
    char *path = wi_sprintf("%s/sys/class/drm/%s/device/uevent", root, name);
    char text[1024];

    *slot = '\0';
    if (wi_proc_text(AT_FDCWD, path, text, sizeof text) >= 0) {
        copy_value(text, "DRIVER", device->driver, sizeof device->driver);
        copy_value(text, "PCI_ID", device->id, sizeof device->id);
        copy_value(text, "PCI_SLOT_NAME", slot, SLOT_SIZE);
        for (char *c = device->id; *c; c++)
            *c = (char)tolower((unsigned char)*c);
    }
    free(path);
}

static void complete_device(const char *root, const char *path, const struct gpu_driver *driver,
    struct wi_gpu_device *device)
{
    wi_text_copy(device->path, sizeof device->path, path + strlen(root));
    device->may_open = access(path, R_OK | W_OK) == 0;
    if (!driver)
        return;
    device->package = driver->package;
    find_manifest(root, driver, device->manifest, sizeof device->manifest);
}

static int fill_nvidia(const char *root, const char *path, struct wi_gpu_device *device,
    struct wi_gpu_device *devices, size_t count)
{
    wi_text_copy(device->driver, sizeof device->driver, NVIDIA->name);
    complete_device(root, path, NVIDIA, device);
    return 1;
}

/* The GPUs of the Windows around a Linux in WSL, of which Mesa's driver is an experiment. */
static int fill_host(const char *root, const char *path, struct wi_gpu_device *device,
    struct wi_gpu_device *devices, size_t count)
{
    wi_text_copy(device->driver, sizeof device->driver, "dxgkrnl");
    complete_device(root, path, NULL, device);
    return 1;
}

/* Fills `path` with the device of the GPU in the slot, as NVIDIA's driver tells it; "": it does
 * not. */
static void find_nvidia_in(const char *root, const char *slot, char path[WI_GPU_PATH_SIZE])
{
    static const char minor[] = "Device Minor:";
    char *file = wi_sprintf("%s/proc/driver/nvidia/gpus/%s/information", root, slot);
    char text[1024], *end;

    *path = '\0';
    if (wi_proc_text(AT_FDCWD, file, text, sizeof text) >= 0) {
        const char *line = strstr(text, minor), *number = line ? line + strlen(minor) : "";
        long value = strtol(number, &end, 10);
        if (end != number)
            snprintf(path, WI_GPU_PATH_SIZE, "/dev/nvidia%ld", value);
    }
    free(file);
}

/* The render node is a second device of the GPU in the slot, which has been found by its first. */
static void note_twin(const char *root, const char *node, const char *slot,
    struct wi_gpu_device *devices, size_t count)
{
    char path[WI_GPU_PATH_SIZE];

    find_nvidia_in(root, slot, path);
    for (size_t i = 0; i < count; i++)
        if (strcmp(devices[i].path, path) == 0)
            wi_text_copy(devices[i].twin, sizeof devices[i].twin, node + strlen(root));
}

static int fill_render_node(const char *root, const char *path, struct wi_gpu_device *device,
    struct wi_gpu_device *devices, size_t count)
{
    char slot[SLOT_SIZE];

    read_uevent(root, strrchr(path, '/') + 1, device, slot);
    if (strcmp(device->driver, NVIDIA->name) == 0) {
        note_twin(root, path, slot, devices, count);
        return 0;
    }
    complete_device(root, path, find_driver(device->driver), device);
    return 1;
}

/* Adds the devices of a pattern behind those that were found, as far as there is room; returns how
 * many there are then. `fill` returns 0 for one that is found already. */
static size_t add_devices(const char *root, const char *pattern,
    int (*fill)(const char *root, const char *path, struct wi_gpu_device *device,
        struct wi_gpu_device *devices, size_t count),
    struct wi_gpu_device *devices, size_t count)
{
    char *whole = wi_sprintf("%s%s", root, pattern);
    glob_t found = {0};

    if (glob(whole, 0, NULL, &found) == 0)
        for (size_t i = 0; i < found.gl_pathc; i++) {
            struct wi_gpu_device device = {0};
            if (fill(root, found.gl_pathv[i], &device, devices, count) && count < WI_GPUS_MAX)
                devices[count++] = device;
        }
    globfree(&found);
    free(whole);
    return count;
}

void wi_gpus_find(const char *root, struct wi_gpus *gpus)
{
    struct wi_gpu_device *devices = gpus->devices;
    size_t count = add_devices(root, "/dev/nvidia[0-9]*", fill_nvidia, devices, 0);

    count = add_devices(root, "/dev/dri/renderD*", fill_render_node, devices, count);
    gpus->count = add_devices(root, "/dev/dxg", fill_host, devices, count);
}

void wi_gpus_others(const char *root, const struct wi_gpu_device *only, struct wi_strings *paths)
{
    struct wi_strings found = {0};

    add_found(root, "/dev", "nvidia[0-9]*", &found);
    add_found(root, "/dev/dri", "renderD*", &found);
    add_found(root, "/dev", "dxg", &found);
    for (size_t i = 0; i < found.count; i++)
        if (strcmp(found.items[i], only->path) != 0 && strcmp(found.items[i], only->twin) != 0)
            wi_strings_add(paths, found.items[i]);
    wi_strings_clear(&found);
}
