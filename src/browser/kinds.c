/* The kinds of browser: from a kind's name to its family, and from that to a launch. */
#include "browser/kinds.h"

#include "browser/family.h"
#include "browser/switches.h"
#include <string.h>
#include <unistd.h>

static const struct wi_browser_family *const families[] = {
    [WI_FAMILY_CHROMIUM] = &wi_family_chromium,
    [WI_FAMILY_FIREFOX] = &wi_family_firefox,
    [WI_FAMILY_WEBKIT] = &wi_family_webkit,
};
#define FAMILY_COUNT (sizeof(families) / sizeof *families)

/* The family's row for that name, or its last one. */
static const struct wi_kind *find_kind(const struct wi_browser_family *family, const char *name)
{
    const struct wi_kind *kind = family->kinds;

    while (kind->name && strcmp(kind->name, name) != 0)
        kind++;
    return kind;
}

/* The configured family, or that which knows the kind's name, or Chromium. */
static const struct wi_browser_family *find_family(const struct wi_config_browser *browser)
{
    if (browser->family != WI_FAMILY_AUTO)
        return families[browser->family];
    for (size_t i = 0; i < FAMILY_COUNT; i++)
        if (families[i] && find_kind(families[i], browser->kind)->name)
            return families[i];
    return &wi_family_chromium;
}

const char *wi_kind_family(const struct wi_config_browser *browser)
{
    return find_family(browser)->name;
}

const char *wi_kind_package(const struct wi_config_browser *browser)
{
    return find_kind(find_family(browser), browser->kind)->package;
}

int wi_kind_sandbox(const struct wi_config_browser *browser)
{
    const struct wi_browser_family *family = find_family(browser);
    int works = geteuid() != 0 || !wi_kind_is_here(browser) || family->sandbox_as_root;

    return browser->sandbox == WI_YES || (browser->sandbox == WI_AUTO && works);
}

enum wi_code wi_launch_make(
    const struct wi_launch_request *request, struct wi_launch *launch, struct wi_error *error)
{
    const struct wi_browser_family *family = find_family(request->browser);
    struct wi_plan plan = {.request = request,
        .browser = request->browser,
        .sandbox = wi_kind_sandbox(request->browser),
        .hardware = request->browser->gpu == WI_GPU_HARDWARE ||
                    (request->browser->gpu == WI_GPU_AUTO && request->browser->headless &&
                        !request->browser->driver_url && wi_gpu_is_here(""))};

    plan.kind = find_kind(family, request->browser->kind);
    launch->protocol = WI_DRIVER_CLASSIC;
    launch->sandbox = plan.sandbox;
    launch->url = wi_strdup(request->browser->driver_url);
    wi_switches_tell(&launch->flags, family, &plan);
    return family->fill(&plan, launch, error);
}
