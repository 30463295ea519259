/* What doctor says of this machine's GPUs. */
#include "../../../test.h"

#include "cli/commands/doctor/doctor_host.c"

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
        {{.path = "/dev/dri/renderD128",
             .driver = "i915",
             .package = "mesa-vulkan-drivers",
             .manifest = "/x/intel_icd.json"},
            "warning",
            "/dev/dri/renderD128 (i915): this user may not open it; add the user to the groups"},
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
        report_gpu(checks, i, &rows[i].device);
        const json_t *finding = json_array_get(checks, 0);
        char check[16];
        snprintf(check, sizeof check, "GPU %zu", i);
        assert_string_equal(wi_json_text(finding, "check"), check);
        assert_string_equal(wi_json_text(finding, "state"), rows[i].state);
        assert_non_null(strstr(wi_json_text(finding, "detail"), rows[i].detail));
        json_decref(checks);
    }
}
