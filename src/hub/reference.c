/* References, taken apart from the right: "@" begins the revision, ":" the variant before it. */
#include "hub/reference.h"

#include "hub/layout.h"
#include "library/alias.h"
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static int is_repository(const char *text, const struct wi_hub_layout *layout)
{
    size_t segments = 0;
    for (;; text++) {
        size_t length = strcspn(text, "/");
        if (++segments > layout->most || !wi_hub_name_ok(text, length, WI_HUB_SEGMENT_MAX))
            return 0;
        text += length;
        if (!*text)
            return segments >= layout->least;
    }
}

static enum wi_code check(const struct wi_hub_reference *reference,
    const struct wi_hub_layout *layout, struct wi_error *error)
{
    const char *repository = reference->repository, *variant = reference->variant;
    if (!is_repository(repository, layout)) {
        wi_error_set(error, WI_INVALID_FIELD, "model", "\"%.120s\" is no repository of %s hub",
            repository, layout->article);
        wi_error_allow(error, "%s, each of letters, digits, \".\", \"_\" and \"-\", at most %d",
            layout->repositories, WI_HUB_SEGMENT_MAX);
        return WI_INVALID_FIELD;
    }
    if (variant && !wi_hub_name_ok(variant, strlen(variant), WI_HUB_VARIANT_MAX)) {
        wi_error_set(error, WI_INVALID_FIELD, "model", "\"%.120s\" can be no variant", variant);
        wi_error_allow(error, "letters, digits, \".\", \"_\" and \"-\", such as Q8_0");
        return WI_INVALID_FIELD;
    }
    if (reference->revision && !layout->is_revision(reference->revision)) {
        wi_error_set(error, WI_INVALID_FIELD, "model", "\"%.120s\" can be no revision of %s hub",
            reference->revision, layout->article);
        wi_error_allow(error, "%s", layout->revisions);
        return WI_INVALID_FIELD;
    }
    return WI_OK;
}

enum wi_code wi_hub_reference_parse(const char *text, enum wi_hub_kind layout,
    struct wi_hub_reference *reference, struct wi_error *error)
{
    size_t whole = strlen(text), before = strcspn(text, "@");
    const char *colon = memchr(text, ':', before);
    size_t repository = colon ? (size_t)(colon - text) : before;
    *reference = (struct wi_hub_reference){.repository = wi_strndup(text, repository)};
    int is_latest = before - repository == sizeof WI_VARIANT_LATEST - 1 &&
                    strncasecmp(colon, WI_VARIANT_LATEST, before - repository) == 0;
    if (colon && !is_latest)
        reference->variant = wi_strndup(colon + 1, before - repository - 1);
    if (before < whole)
        reference->revision = wi_strdup(text + before + 1);
    enum wi_code code = check(reference, &wi_hub_layouts[layout], error);
    if (code != WI_OK)
        wi_hub_reference_clear(reference);
    return code;
}

void wi_hub_reference_clear(struct wi_hub_reference *reference)
{
    free(reference->repository);
    free(reference->variant);
    free(reference->revision);
    *reference = (struct wi_hub_reference){0};
}

int wi_hub_reference_on_demand(const struct wi_strings *patterns, const char *repository)
{
    for (size_t i = 0; i < patterns->count; i++) {
        const char *pattern = patterns->items[i];
        size_t length = strlen(pattern);
        if (!strchr(pattern, '/')) /* "no" */
            continue;
        if (strcmp(pattern, repository) == 0)
            return 1;
        if (length > 2 && strcmp(pattern + length - 2, "/*") == 0 &&
            strncmp(pattern, repository, length - 1) == 0)
            return 1;
    }
    return 0;
}
