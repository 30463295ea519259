/* GPUs are found by their devices, and their Vulkan drivers by the kernel's name of each. */
#include "../test.h"
#include "browser/gpus.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define UEVENT(driver, id) "DRIVER=" driver "\nPCI_CLASS=30000\nPCI_ID=" id "\n"
#define AMD "sys/class/drm/renderD128/device/uevent", UEVENT("amdgpu", "1002:73BF")
#define SHARE "usr/share/vulkan/icd.d/"

/* Files of a root by their paths, each followed by its text. */
static char root[] = "/tmp/wi-test-XXXXXX";

static void make_file(const char *path, const char *text)
{
    char whole[128];

    snprintf(whole, sizeof whole, "%s/%s", root, path);
    for (char *slash = strchr(whole + sizeof root, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        mkdir(whole, 0700);
        *slash = '/';
    }
    int file = open(whole, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    assert_true(file >= 0);
    assert_int_equal(write(file, text, strlen(text)), strlen(text));
    close(file);
}

static void plant(const char *const *files)
{
    memcpy(root + sizeof root - 7, "XXXXXX", 6);
    assert_non_null(mkdtemp(root));
    for (; *files; files += 2)
        make_file(files[0], files[1]);
}

static void uproot(void)
{
    char command[64];

    snprintf(command, sizeof command, "rm -rf %s", root);
    assert_int_equal(system(command), 0);
}

static size_t find_in(const char *const *files, struct wi_gpu_device *devices)
{
    plant(files);
    struct wi_gpus gpus = {0};
    wi_gpus_find(root, &gpus);
    memcpy(devices, gpus.devices, gpus.count * sizeof *devices);
    uproot();
    return gpus.count;
}

TEST(a_gpu_is_its_device_and_its_own_driver)
{
    static const struct {
        const char *files[9];
        const char *driver, *id, *manifest; /* NULL: no GPU is found */
    } rows[] = {
        {{NULL}, NULL, NULL, NULL},
        {{SHARE "nvidia_icd.json", ""}, NULL, NULL, NULL},
        {{"dev/nvidiactl", "", SHARE "nvidia_icd.json", ""}, NULL, NULL, NULL},
        {{"dev/nvidia0", ""}, "nvidia", "", ""},
        {{"dev/nvidia0", "", SHARE "lvp_icd.x86_64.json", ""}, "nvidia", "", ""},
        {{"dev/nvidia0", "", SHARE "nvidia_icd.json", ""}, "nvidia", "",
            "/" SHARE "nvidia_icd.json"},
        {{"dev/nvidia12", "", "etc/vulkan/icd.d/nvidia_icd.x86_64.json", ""}, "nvidia", "",
            "/etc/vulkan/icd.d/nvidia_icd.x86_64.json"},
        {{"dev/dri/renderD128", "", AMD, SHARE "radeon_icd.x86_64.json", ""}, "amdgpu", "1002:73bf",
            "/" SHARE "radeon_icd.x86_64.json"},
        {{"dev/dri/renderD128", "", AMD, SHARE "amd_icd64.json", ""}, "amdgpu", "1002:73bf",
            "/" SHARE "amd_icd64.json"},
        {{"dev/dri/renderD128", "", AMD, SHARE "intel_icd.x86_64.json", ""}, "amdgpu", "1002:73bf",
            ""},
        {{"dev/dri/renderD129", "", "sys/class/drm/renderD129/device/uevent",
             UEVENT("i915", "8086:9A49"), SHARE "intel_icd.x86_64.json", ""},
            "i915", "8086:9a49", "/" SHARE "intel_icd.x86_64.json"},
        {{"dev/dri/renderD128", "", "sys/class/drm/renderD128/device/uevent",
             "DRIVER=v3d\nOF_NAME=gpu\n", "usr/local/share/vulkan/icd.d/broadcom_icd.aarch64.json",
             ""},
            "v3d", "", "/usr/local/share/vulkan/icd.d/broadcom_icd.aarch64.json"},
        {{"dev/dri/renderD128", "", "sys/class/drm/renderD128/device/uevent", "DRIVER=unheard\n",
             SHARE "radeon_icd.x86_64.json", ""},
            "unheard", "", ""},
        {{"dev/dri/renderD128", "", SHARE "radeon_icd.x86_64.json", ""}, "", "", ""},
        {{"dev/dxg", "", SHARE "dzn_icd.x86_64.json", ""}, "dxgkrnl", "", ""},
        {{"dev/dri/card0", "", AMD, SHARE "radeon_icd.x86_64.json", ""}, NULL, NULL, NULL},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct wi_gpu_device devices[WI_GPUS_MAX];
        size_t count = find_in(rows[i].files, devices);
        assert_int_equal(count, rows[i].driver != NULL);
        if (count == 0)
            continue;
        assert_string_equal(devices[0].driver, rows[i].driver);
        assert_string_equal(devices[0].id, rows[i].id);
        assert_string_equal(devices[0].manifest, rows[i].manifest);
        assert_true(devices[0].may_open);
    }
}

TEST(nvidia_is_first_and_found_once)
{
    static const char *const files[] = {"dev/nvidia0", "", "dev/dri/renderD128", "", AMD,
        "dev/dri/renderD129", "", "sys/class/drm/renderD129/device/uevent",
        UEVENT("nvidia", "10DE:2330"), SHARE "nvidia_icd.json", "", NULL};
    struct wi_gpu_device devices[WI_GPUS_MAX];

    assert_int_equal(find_in(files, devices), 2);
    assert_string_equal(devices[0].path, "/dev/nvidia0");
    assert_string_equal(devices[0].package, "nvidia-vulkan-icd");
    assert_string_equal(devices[1].path, "/dev/dri/renderD128");
    assert_string_equal(devices[1].package, "mesa-vulkan-drivers");
}

#define INFORMATION(slot) "proc/driver/nvidia/gpus/" slot "/information"
/* As the driver 580.159.04 writes it. */
#define INFORMED(minor)                                                                            \
    "Model: \t\t NVIDIA H100 80GB HBM3\nIRQ:   \t\t 188\nBus Type: \t PCIe\nDevice Minor: "        \
    "\t " minor "\nGPU Excluded:\t No\n"
#define IN_SLOT(slot) UEVENT("nvidia", "10DE:2330") "PCI_SLOT_NAME=" slot "\n"

/* By the driver's numbers: the kernel may number the render nodes in another order. */
TEST(the_render_node_of_nvidias_gpu_is_its_twin)
{
    static const char *const files[] = {"dev/nvidia0", "", "dev/nvidia1", "", "dev/nvidia2", "",
        "dev/dri/renderD128", "", "sys/class/drm/renderD128/device/uevent", IN_SLOT("0000:65:00.0"),
        "dev/dri/renderD129", "", "sys/class/drm/renderD129/device/uevent", IN_SLOT("0000:17:00.0"),
        "dev/dri/renderD130", "", "sys/class/drm/renderD130/device/uevent", IN_SLOT("0000:ca:00.0"),
        INFORMATION("0000:65:00.0"), INFORMED("1"), INFORMATION("0000:17:00.0"), INFORMED("0"),
        NULL};
    static const char *const twins[] = {"/dev/dri/renderD129", "/dev/dri/renderD128", ""};
    struct wi_gpu_device devices[WI_GPUS_MAX];

    assert_int_equal(find_in(files, devices), 3);
    for (size_t i = 0; i < 3; i++)
        assert_string_equal(devices[i].twin, twins[i]);
}

/* What a browser with the first GPU must not open, each path with a space behind it. */
static void assert_others(const char *const *files, const char *expected)
{
    struct wi_gpus gpus = {0};
    struct wi_strings others = {0};
    char text[4096] = "";

    plant(files);
    wi_gpus_find(root, &gpus);
    wi_gpus_others(root, &gpus.devices[0], &others);
    uproot();
    for (size_t i = 0; i < others.count; i++)
        strcat(strcat(text, others.items[i]), " ");
    assert_string_equal(text, expected);
    wi_strings_clear(&others);
}

TEST(the_others_are_all_devices_but_its_own)
{
    static const char *const files[] = {"dev/nvidia0", "", "dev/nvidia1", "", "dev/nvidiactl", "",
        "dev/nvidia-uvm", "", "dev/dxg", "", "dev/dri/card0", "", "dev/dri/renderD128", "",
        "sys/class/drm/renderD128/device/uevent", IN_SLOT("0000:65:00.0"), "dev/dri/renderD129", "",
        "sys/class/drm/renderD129/device/uevent", IN_SLOT("0000:17:00.0"), "dev/dri/renderD130", "",
        INFORMATION("0000:65:00.0"), INFORMED("1"), INFORMATION("0000:17:00.0"), INFORMED("0"),
        NULL};

    assert_others(files, "/dev/nvidia1 /dev/dri/renderD128 /dev/dri/renderD130 /dev/dxg ");
}

/* One of NVIDIA's render nodes may be any GPU's if the driver does not tell: none may open it. */
TEST(a_render_node_of_which_it_is_not_known_whose_it_is_is_among_the_others)
{
    static const char *const files[] = {"dev/nvidia0", "", "dev/nvidia1", "", "dev/dri/renderD128",
        "", "sys/class/drm/renderD128/device/uevent", IN_SLOT("0000:65:00.0"), NULL};

    assert_others(files, "/dev/nvidia1 /dev/dri/renderD128 ");
}

/* As many as are looked at, and one more. */
TEST(the_render_nodes_of_many_gpus_are_hidden_as_well)
{
    static char names[WI_GPUS_MAX + 1][32], expected[1200];
    const char *files[2 * (WI_GPUS_MAX + 1) + 11] = {NULL};
    static const char *const nodes[] = {"dev/dri/renderD128", "",
        "sys/class/drm/renderD128/device/uevent", IN_SLOT("0000:65:00.0"),
        INFORMATION("0000:65:00.0"), INFORMED("0"), "dev/dri/renderD129", "",
        "sys/class/drm/renderD129/device/uevent", IN_SLOT("0000:17:00.0")};

    for (size_t i = 0; i <= WI_GPUS_MAX; i++) {
        snprintf(names[i], sizeof names[i], "dev/nvidia%zu", 100 + i);
        files[2 * i] = i == 0 ? "dev/nvidia0" : names[i];
        files[2 * i + 1] = "";
        if (i > 0)
            strcat(strcat(strcat(expected, "/"), names[i]), " ");
    }
    memcpy(files + 2 * (WI_GPUS_MAX + 1), nodes, sizeof nodes);
    assert_others(files, strcat(expected, "/dev/dri/renderD129 "));
}

TEST(many_gpus_and_long_names_are_bounded)
{
    static char names[WI_GPUS_MAX + 4][32], driver[600] = "DRIVER=";
    const char *files[2 * (WI_GPUS_MAX + 4) + 3] = {NULL};
    struct wi_gpu_device devices[WI_GPUS_MAX];

    memset(driver + strlen(driver), 'x', 500);
    for (size_t i = 0; i < WI_GPUS_MAX + 4; i++) {
        snprintf(names[i], sizeof names[i], "dev/dri/renderD%zu", 100 + i);
        files[2 * i] = names[i];
        files[2 * i + 1] = "";
    }
    files[2 * (WI_GPUS_MAX + 4)] = "sys/class/drm/renderD100/device/uevent";
    files[2 * (WI_GPUS_MAX + 4) + 1] = driver;
    assert_int_equal(find_in(files, devices), WI_GPUS_MAX);
    assert_int_equal(strlen(devices[0].driver), sizeof devices[0].driver - 1);
    assert_string_equal(devices[0].path, "/dev/dri/renderD100");
}

/* As the Vulkan loader takes them: files and folders, in place of its own folders. */
TEST(the_environment_names_other_manifests)
{
    static const char *const files[] = {SHARE "lvp_icd.x86_64.json", "", "opt/a/nvidia_icd.json",
        "", "opt/b/radeon_icd.x86_64.json", "", "opt/b/notes.txt", "", NULL};
    struct wi_strings paths = {0};

    plant(files);
    setenv("VK_ICD_FILENAMES", "/opt/none.json", 1);
    setenv("VK_DRIVER_FILES", "/opt/a/nvidia_icd.json:/opt/b", 1);
    assert_string_equal(wi_vulkan_given(), "/opt/a/nvidia_icd.json:/opt/b");
    wi_vulkan_manifests(root, "*.json", &paths);
    wi_vulkan_manifests(root, "radeon_icd*.json", &paths);
    unsetenv("VK_DRIVER_FILES");
    assert_string_equal(wi_vulkan_given(), "/opt/none.json");
    unsetenv("VK_ICD_FILENAMES");
    uproot();
    assert_null(wi_vulkan_given());
    assert_int_equal(paths.count, 3);
    assert_string_equal(paths.items[0], "/opt/a/nvidia_icd.json");
    assert_string_equal(paths.items[1], "/opt/b/radeon_icd.x86_64.json");
    assert_string_equal(paths.items[2], "/opt/b/radeon_icd.x86_64.json");
    wi_strings_clear(&paths);
}

TEST(manifests_are_listed_in_the_order_of_the_loaders_folders)
{
    static const char *const files[] = {SHARE "lvp_icd.x86_64.json", "",
        "usr/local/share/vulkan/icd.d/amd_icd64.json", "", "etc/vulkan/icd.d/nvidia_icd.json", "",
        "etc/vulkan/icd.d/README", "", NULL};
    struct wi_strings paths = {0};

    plant(files);
    wi_vulkan_manifests(root, "*.json", &paths);
    uproot();
    assert_int_equal(paths.count, 3);
    assert_string_equal(paths.items[0], "/etc/vulkan/icd.d/nvidia_icd.json");
    assert_string_equal(paths.items[1], "/" SHARE "lvp_icd.x86_64.json");
    assert_string_equal(paths.items[2], "/usr/local/share/vulkan/icd.d/amd_icd64.json");
    wi_strings_clear(&paths);
}
