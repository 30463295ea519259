/* Which GPU a browser is started for, and why it is not started. */
#include "../test.h"

#include "browser/gpu_choice.h"
#include "machine.h"

static const struct wi_gpu_device all[] = {
    GPU_NVIDIA, GPU_AMD, GPU_CLOSED, GPU_WITHOUT_DRIVER, GPU_UNKNOWN};
#define COUNT (sizeof all / sizeof *all)

TEST(what_a_gpu_lacks)
{
    static const char *const lacks[COUNT] = {NULL, NULL, "this user may not open it",
        "its Vulkan driver is not installed (Debian: nvidia-vulkan-icd)",
        "no Vulkan driver for it is known here"};
    char text[256];

    for (size_t i = 0; i < COUNT; i++) {
        const char *why = wi_gpu_lacks(&all[i], text, sizeof text);
        assert_int_equal(wi_gpu_serves(&all[i], WI_GPU_AUTO), lacks[i] == NULL);
        assert_int_equal(why == NULL, lacks[i] == NULL);
        if (why)
            assert_non_null(strstr(why, lacks[i]));
    }
}

/* The one whose own driver is not known, and with the operator's list each that may be opened. */
TEST(with_hardware_any_driver_will_do_where_the_own_one_is_not_known)
{
    static const int serves[COUNT] = {1, 1, 0, 0, 1}, with_list[COUNT] = {1, 1, 0, 1, 1};

    for (size_t i = 0; i < COUNT; i++) {
        machine.given = NULL;
        assert_int_equal(wi_gpu_serves(&all[i], WI_GPU_HARDWARE), serves[i]);
        machine.given = "/opt/gpu/driver.json";
        assert_int_equal(wi_gpu_serves(&all[i], WI_GPU_HARDWARE), with_list[i]);
        machine.given = NULL;
    }
}

#define NUMBER(n) (WI_GPU_DEVICE_FIRST + (n))

TEST(settings_and_machines_choose)
{
    static const struct {
        int gpu_device;
        enum wi_gpu gpu;
        int headless;
        const char *wanted;
        size_t first, count; /* of `all`, what the machine has */
        int hardware;
        const char *only;    /* NULL: any */
        const char *refused; /* NULL: it is not */
    } rows[] = {
        /* The browser chooses: */
        {WI_GPU_DEVICE_AUTO, WI_GPU_AUTO, 1, NULL, 0, COUNT, 1, NULL, NULL},
        {WI_GPU_DEVICE_AUTO, WI_GPU_AUTO, 1, NULL, 2, 3, 0, NULL, NULL},
        {WI_GPU_DEVICE_AUTO, WI_GPU_AUTO, 0, NULL, 0, COUNT, 0, NULL, NULL},
        {WI_GPU_DEVICE_AUTO, WI_GPU_SOFTWARE, 1, NULL, 0, COUNT, 0, NULL, NULL},
        {WI_GPU_DEVICE_AUTO, WI_GPU_OFF, 1, NULL, 0, COUNT, 0, NULL, NULL},
        {WI_GPU_DEVICE_AUTO, WI_GPU_HARDWARE, 0, NULL, 0, COUNT, 1, NULL, NULL},
        {WI_GPU_DEVICE_AUTO, WI_GPU_HARDWARE, 1, NULL, 4, 1, 1, NULL, NULL},
        {WI_GPU_DEVICE_AUTO, WI_GPU_HARDWARE, 1, NULL, 3, 1, 0, NULL,
            "[browser.chrome] gpu: hardware needs a usable GPU; this machine has GPU 0 "
            "(/dev/nvidia1: its Vulkan driver is not installed"},
        {WI_GPU_DEVICE_AUTO, WI_GPU_HARDWARE, 1, NULL, 0, 0, 0, NULL,
            "hardware needs a usable GPU; this machine has no GPU"},
        /* The configuration chooses: */
        {NUMBER(0), WI_GPU_AUTO, 1, NULL, 0, COUNT, 1, "/dev/nvidia0", NULL},
        {NUMBER(1), WI_GPU_AUTO, 0, NULL, 0, COUNT, 1, "/dev/dri/renderD128", NULL},
        {NUMBER(1), WI_GPU_HARDWARE, 1, NULL, 0, COUNT, 1, "/dev/dri/renderD128", NULL},
        {NUMBER(2), WI_GPU_AUTO, 1, NULL, 0, COUNT, 0, NULL, "GPU 2 is not usable; this machine"},
        {NUMBER(5), WI_GPU_AUTO, 1, NULL, 0, COUNT, 0, NULL,
            "GPU 5 is not there; this machine has GPU 0 (/dev/nvidia0), GPU 1 "
            "(/dev/dri/renderD128), "
            "GPU 2 (/dev/dri/renderD130: this user may not open it"},
        {NUMBER(0), WI_GPU_AUTO, 1, NULL, 0, 0, 0, NULL,
            "GPU 0 is not there; this machine has no GPU"},
        /* The pool chooses: */
        {WI_GPU_DEVICE_ALL, WI_GPU_AUTO, 1, NULL, 0, COUNT, 1, NULL, NULL},
        {WI_GPU_DEVICE_ALL, WI_GPU_AUTO, 1, "/dev/dri/renderD128", 0, COUNT, 1,
            "/dev/dri/renderD128", NULL},
        {WI_GPU_DEVICE_ALL, WI_GPU_AUTO, 1, "/dev/dri/renderD130", 0, COUNT, 0, NULL,
            "the GPU of this session is gone"},
        {WI_GPU_DEVICE_ALL, WI_GPU_AUTO, 1, NULL, 2, 3, 0, NULL, "no GPU is usable"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct wi_config_browser browser = {.kind = "chrome",
            .gpu = rows[i].gpu,
            .gpu_device = rows[i].gpu_device,
            .headless = rows[i].headless};
        struct wi_gpu_choice choice = {0};
        struct wi_error error = {0};
        enum wi_code code = wi_gpu_choose(
            &browser, rows[i].wanted, all + rows[i].first, rows[i].count, &choice, &error);
        assert_int_equal(code, rows[i].refused ? WI_UNAVAILABLE : WI_OK);
        assert_int_equal(choice.hardware, rows[i].hardware);
        assert_int_equal(choice.only == NULL, rows[i].only == NULL);
        if (choice.only)
            assert_string_equal(choice.only->path, rows[i].only);
        if (rows[i].refused)
            assert_non_null(strstr(error.detail, rows[i].refused));
    }
}
