/*
 * What a page reported, as findings: one for each platform, with what is missing where there is
 * none, and one for threads.
 */
#include "cli/doctor.h"

#include "base/buffer.h"
#include "browser/kinds.h"
#include "cli/table.h"
#include <string.h>

/* Why a platform is not there, and what would bring it, where that is known. The first row that
 * fits is it; NULL fits all. */
static const struct {
    const char *family;
    const char *platform;
    const char *hint;
} hints[] = {
    {"webkit", "webgpu", "WebKitGTK has none"},
    {"firefox", "webgpu",
        "on Linux it takes a Vulkan driver; Debian: mesa-vulkan-drivers, or the GPU vendor's"},
    {"chromium", "webgpu",
        "a GPU takes a Vulkan driver (Debian: mesa-vulkan-drivers, or the vendor's), a software "
        "adapter gpu = auto or software"},
    {"chromium", "webnn",
        "it takes a build that has it, such as Edge, and "
        "--enable-features=WebMachineLearningNeuralNetwork, which the kind edge is given"},
    {NULL, "webnn", "only browsers of the family chromium have it"},
};

static const char *find_hint(const struct wi_config_browser *browser, const char *platform)
{
    const char *family = wi_kind_family(browser);

    if (strcmp(platform, "webgpu") == 0 && browser->gpu == WI_GPU_OFF)
        return "gpu is off in its section";
    for (size_t i = 0; i < sizeof hints / sizeof *hints; i++)
        if ((!hints[i].family || strcmp(hints[i].family, family) == 0) &&
            strcmp(hints[i].platform, platform) == 0)
            return hints[i].hint;
    return NULL;
}

/* What the browser tells of it, which may be nothing. */
static void put_adapter(struct wi_buffer *text, const json_t *adapter)
{
    static const struct {
        const char *member, *before;
    } parts[] = {{"vendor", ""}, {"architecture", " "}, {"description", ", "}};
    size_t begin = text->size;

    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        const json_t *part = json_object_get(adapter, parts[i].member);
        if (json_string_length(part) == 0)
            continue;
        wi_buffer_puts(text, text->size > begin ? parts[i].before : "");
        wi_table_cell(text, part);
    }
    if (text->size == begin)
        wi_buffer_puts(text, "one that is not named");
}

static void judge_absence(json_t *checks, const char *check, const char *name,
    const json_t *platform, const struct wi_config_browser *browser)
{
    const char *reason = json_string_value(json_object_get(platform, "reason"));
    const char *hint = find_hint(browser, name);
    const json_t *adapter = json_object_get(platform, "adapter");
    struct wi_buffer text = {0};

    if (json_is_object(adapter)) { /* WebGL 2 */
        put_adapter(&text, adapter);
        wi_buffer_puts(&text, ": there, but models are not run on it");
    } else {
        wi_buffer_printf(&text, "no: %s", reason ? reason : "no reason given");
        if (hint)
            wi_buffer_printf(&text, " (%s)", hint);
    }
    wi_doctor_add(checks, check,
        wi_strings_contain(&browser->platforms, name) ? WI_FINDING_WARNING : WI_FINDING_INFO, "%s",
        text.text);
    wi_buffer_clear(&text);
}

static void judge_presence(json_t *checks, const char *check, const json_t *platform)
{
    const json_t *adapter = json_object_get(platform, "adapter");
    int software = json_is_true(json_object_get(adapter, "is_fallback"));
    struct wi_buffer text = {0};

    if (json_is_object(adapter)) {
        put_adapter(&text, adapter);
        if (software)
            wi_buffer_puts(
                &text, ": a software adapter, which auto takes only where it measured faster");
    } else {
        wi_buffer_puts(&text, "yes");
    }
    wi_doctor_add(checks, check, software ? WI_FINDING_WARNING : WI_FINDING_OK, "%s", text.text);
    wi_buffer_clear(&text);
}

void wi_doctor_platforms(
    json_t *checks, const json_t *report, const struct wi_config_browser *browser)
{
    const json_t *capabilities = json_object_get(report, "capabilities");
    const char *name;
    json_t *platform;
    char check[96];

    json_object_foreach(json_object_get(capabilities, "platforms"), name, platform)
    {
        snprintf(check, sizeof check, "%.60s %.32s", browser->kind, name);
        if (json_is_true(json_object_get(platform, "available")))
            judge_presence(checks, check, platform);
        else
            judge_absence(checks, check, name, platform, browser);
    }
    if (json_is_true(json_object_get(capabilities, "cross_origin_isolated")))
        return;
    snprintf(check, sizeof check, "%.60s wasm threads", browser->kind);
    wi_doctor_add(checks, check, WI_FINDING_WARNING,
        "its page is not cross-origin isolated, so wasm has one thread");
}
