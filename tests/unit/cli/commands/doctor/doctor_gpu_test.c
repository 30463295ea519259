/* What doctor says of GPUs, of the rights to them, and of what browsers get. */
#include "../../../test.h"

#include "../../../browser/machine.h"
#include "base/text.h"
#include <grp.h>
#include <pwd.h>
#include <string.h>

/* The user "webinfer" of this machine, and a group that every user is in besides its own. */
static struct {
    struct passwd *user; /* NULL: there is none */
    gid_t group;
} service;

static struct passwd *service_getpwnam(const char *name)
{
    return strcmp(name, "webinfer") == 0 ? service.user : NULL;
}

static int service_getgrouplist(const char *name, gid_t group, gid_t *groups, int *count)
{
    groups[0] = group;
    groups[1] = service.group;
    return *count = 2;
}

#define getpwnam service_getpwnam
#define getgrouplist service_getgrouplist
#include "cli/commands/doctor/doctor_gpu.c"
#include "cli/text_table.h"

TEST(what_a_gpu_lacks_is_said_with_what_to_do)
{
    static const struct {
        struct wi_gpu_device device;
        const char *state, *detail;
    } rows[] = {
        {{.path = "/dev/dri/renderD128",
             .driver = "amdgpu",
             .id = "1002:73bf",
             .package = "mesa-vulkan-drivers",
             .manifest = "/x/radeon_icd.json",
             .may_open = 1},
            "ok",
            "/dev/dri/renderD128 (amdgpu, 1002:73bf), with the Vulkan driver of "
            "/x/radeon_icd.json"},
        {{.path = "/nonexistent/renderD128",
             .driver = "i915",
             .package = "mesa-vulkan-drivers",
             .manifest = "/x/intel_icd.json"},
            "warning",
            "/nonexistent/renderD128 (i915): this user may not open it; add the user to the "
            "groups"},
        {{.path = "/dev/nvidia0",
             .driver = "nvidia",
             .package = "nvidia-vulkan-icd",
             .may_open = 1},
            "warning",
            "/dev/nvidia0 (nvidia): its Vulkan driver is not installed (Debian: "
            "nvidia-vulkan-icd)"},
        {{.path = "/dev/dri/renderD128", .may_open = 1}, "info",
            "(a driver that is not named): no Vulkan driver for it is known here; gpu = hardware"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        json_t *checks = json_array();
        report_gpu(checks, "GPU 0", &rows[i].device);
        const json_t *finding = json_array_get(checks, 0);
        assert_string_equal(wi_json_text(finding, "check"), "GPU 0");
        assert_string_equal(wi_json_text(finding, "state"), rows[i].state);
        assert_non_null(strstr(wi_json_text(finding, "detail"), rows[i].detail));
        json_decref(checks);
    }
}

TEST(the_group_that_is_missing_is_named)
{
    const struct group *video = getgrnam("video");
    const struct {
        mode_t mode;
        gid_t group;
        const char *remedy;
    } rows[] = {
        {S_IFCHR | 0660, video ? video->gr_gid : 0,
            "add it to the group video (usermod -a -G "
            "video ann) and start its programs again"},
        {S_IFCHR | 0660, 4000000, "add it to the group with the number 4000000"},
        {S_IFCHR | 0600, 4000000, "no group may open it"},
        {S_IFCHR | 0660, 0, "no group may open it"},
    };

    if (!video)
        skip();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct stat device = {.st_mode = rows[i].mode, .st_gid = rows[i].group};
        char *remedy = rights_remedy(&device, "ann");
        assert_non_null(strstr(remedy, rows[i].remedy));
        free(remedy);
    }
}

/* A user that exists nowhere has the group of its entry alone. */
TEST(rights_follow_from_mode_owner_and_group)
{
    static const struct {
        uid_t user;
        mode_t mode;
        uid_t owner;
        gid_t group;
        int may;
    } rows[] = {
        {5001, 0660, 0, 5002, 1},
        {5001, 0660, 0, 5003, 0},
        {5001, 0640, 0, 5002, 0},
        {5001, 0600, 0, 5002, 0},
        {5001, 0600, 5001, 5003, 1},
        {5001, 0666, 0, 5003, 1},
        {0, 0600, 1, 1, 1},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct passwd user = {
            .pw_name = "wi-nowhere", .pw_uid = rows[i].user, .pw_gid = 5002};
        const struct stat device = {
            .st_mode = S_IFCHR | rows[i].mode, .st_uid = rows[i].owner, .st_gid = rows[i].group};
        assert_int_equal(user_may_open(&user, &device), rows[i].may);
    }
}

/* What doctor warns of for the device. NULL: nothing; the caller frees it. */
static char *warning_of(const char *path)
{
    struct wi_gpus gpus = {{GPU_AMD}, 1};
    json_t *checks = json_array();
    const json_t *finding;
    char *warning = NULL;
    size_t i;

    wi_text_copy(gpus.devices[0].path, sizeof gpus.devices[0].path, path);
    wi_doctor_gpus(checks, &gpus);
    json_array_foreach(checks, i, finding)
    {
        if (strcmp(wi_json_text(finding, "check"), "GPU 0") == 0 &&
            strcmp(wi_json_text(finding, "state"), "warning") == 0)
            warning = wi_strdup(wi_json_text(finding, "detail"));
    }
    json_decref(checks);
    return warning;
}

/* The daemon's browsers compute as that user, whoever asks. */
TEST(the_services_user_is_told_which_group_it_lacks)
{
    struct passwd user = {.pw_name = "webinfer", .pw_uid = 5001, .pw_gid = 5001};
    const struct group *video = getgrnam("video");
    char path[] = "/tmp/wi-gpu-XXXXXX";

    if (geteuid() != 0 || !video)
        skip(); /* to give a file to a group takes root */
    int device = mkstemp(path);
    assert_true(device >= 0);
    assert_int_equal(fchmod(device, 0660), 0);
    assert_int_equal(fchown(device, 0, video->gr_gid), 0);
    close(device);

    service.user = &user;
    service.group = 5002;
    char *warning = warning_of(path);
    assert_non_null(warning);
    assert_non_null(strstr(warning, ": the service's user webinfer may not open it; add it to the "
                                    "group video (usermod -a -G video webinfer)"));
    free(warning);
    service.group = video->gr_gid;
    assert_null(warning_of(path));
    service.group = 5002;
    service.user = NULL;
    assert_null(warning_of(path));
    assert_int_equal(unlink(path), 0);
}

TEST(what_a_browser_gets_is_said)
{
    static const struct wi_gpu_device gpus[] = {GPU_AMD, GPU_NVIDIA, GPU_CLOSED};
    static const struct {
        size_t first, count; /* of `gpus` */
        struct wi_config_browser browser;
        const char *state, *detail; /* NULL: nothing is said */
    } rows[] = {
        {0, 0, {.kind = "chrome"}, NULL, NULL},
        {0, 1, {.kind = "edge", .driver_url = "http://127.0.0.1:4444"}, NULL, NULL},
        {0, 1, {.kind = "chrome", .headless = 1}, "ok", "/dev/dri/renderD128: it is used"},
        {0, 1, {.kind = "chrome"}, "ok", "gpu = hardware makes it do so"},
        {0, 1, {.kind = "firefox", .headless = 1}, "ok", "gpu = hardware leaves it only the GPU"},
        {0, 1, {.kind = "firefox", .gpu = WI_GPU_HARDWARE}, "ok", "it is used (gpu = hardware)"},
        {0, 1, {.kind = "safari"}, "info", "WebKitGTK has no WebGPU"},
        {0, 1, {.kind = "chrome", .gpu = WI_GPU_OFF}, "info", "(gpu = off)"},
        {0, 1, {.kind = "chrome", .gpu = WI_GPU_SOFTWARE}, "info", "(gpu = software)"},
        {0, 3, {.kind = "chrome", .headless = 1}, "info",
            "2 are usable, and the browser chooses one of them; gpu_device = all uses each"},
        {0, 3, {.kind = "chrome", .gpu_device = WI_GPU_DEVICE_ALL, .min_connections = 1}, "ok",
            "over 2 usable GPUs (gpu_device = all); min_connections can keep one running on each"},
        {0, 3, {.kind = "chrome", .gpu_device = WI_GPU_DEVICE_ALL, .min_connections = 2}, "ok",
            "over 2 usable GPUs (gpu_device = all)"},
        {0, 3, {.kind = "chrome", .gpu_device = WI_GPU_DEVICE_FIRST + 1}, "ok",
            "only /dev/nvidia0 (gpu_device = 1)"},
        {2, 1, {.kind = "chrome"}, "warning", "none is usable, for the reasons above"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        json_t *checks = json_array();
        struct wi_gpus its = {.count = rows[i].count};
        memcpy(its.devices, gpus + rows[i].first, rows[i].count * sizeof *gpus);
        wi_doctor_browser_gpu(checks, &rows[i].browser, &its);
        assert_int_equal(json_array_size(checks), rows[i].state != NULL);
        if (rows[i].state) {
            const json_t *finding = json_array_get(checks, 0);
            assert_non_null(strstr(wi_json_text(finding, "check"), " GPU"));
            assert_string_equal(wi_json_text(finding, "state"), rows[i].state);
            assert_non_null(strstr(wi_json_text(finding, "detail"), rows[i].detail));
        }
        json_decref(checks);
    }
}

TEST(of_a_software_adapter_it_is_said_how_a_gpu_is_had)
{
    static const struct {
        size_t count;
        struct wi_config_browser browser;
        const char *advice; /* NULL: none */
    } rows[] = {
        {0, {.kind = "chrome", .headless = 1}, NULL},
        {1, {.kind = "chrome"}, "to use /dev/dri/renderD128, set gpu = hardware"},
        {1, {.kind = "chrome", .headless = 1}, "the driver of /dev/dri/renderD128 gave it no"},
        {1, {.kind = "chrome", .gpu_device = WI_GPU_DEVICE_FIRST}, "vulkan-tools"},
        {1, {.kind = "firefox", .headless = 1}, "to use /dev/dri/renderD128, set gpu = hardware"},
        {1, {.kind = "firefox", .headless = 1, .gpu = WI_GPU_HARDWARE}, "gave it no adapter"},
        {1, {.kind = "firefox", .gpu_device = WI_GPU_DEVICE_FIRST}, "set gpu = hardware"},
        {1, {.kind = "chrome", .driver_url = "http://127.0.0.1:4444"}, NULL},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct wi_gpus gpus = {{GPU_AMD}, rows[i].count};
        struct wi_buffer text = {0};
        wi_doctor_advise_gpu(&text, &rows[i].browser, &gpus);
        assert_int_equal(text.size > 0, rows[i].advice != NULL);
        if (rows[i].advice)
            assert_non_null(strstr(text.text, rows[i].advice));
        wi_buffer_clear(&text);
    }
}
