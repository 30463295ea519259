/* References, taken apart from the right: "@" begins the revision, ":" the variant before it. */
#include "hub/reference.h"

#include "library/alias.h"
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char name_letters[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";

/* Begins with a letter or a digit, and has no two dots in a row. */
static int is_name(const char *text, size_t length, size_t most)
{
    return length > 0 && length <= most && !strchr("._-", text[0]) &&
           strspn(text, name_letters) >= length && !memmem(text, length, "..", 2);
}

static int is_repository(const char *text, enum wi_hub_layout layout)
{
    size_t least = layout == WI_HUB_PLAIN ? 1 : 2, most = layout == WI_HUB_PLAIN ? 4 : 2;
    size_t segments = 0;
    for (;; text++) {
        size_t length = strcspn(text, "/");
        if (++segments > most || !is_name(text, length, WI_HUB_SEGMENT_MAX))
            return 0;
        text += length;
        if (!*text)
            return segments >= least;
    }
}

static int is_digest(const char *text)
{
    return strlen(text) == 64 && strspn(text, "0123456789abcdef") == 64;
}

/* Names with slashes between them, as "refs/pr/3". */
static int is_revision(const char *text, enum wi_hub_layout layout)
{
    if (layout == WI_HUB_PLAIN)
        return is_digest(text);
    if (strlen(text) > WI_HUB_REVISION_MAX)
        return 0;
    for (;; text++) {
        size_t length = strcspn(text, "/");
        if (!is_name(text, length, WI_HUB_REVISION_MAX))
            return 0;
        text += length;
        if (!*text)
            return 1;
    }
}

static enum wi_code check(
    const struct wi_hub_reference *reference, enum wi_hub_layout layout, struct wi_error *error)
{
    int plain = layout == WI_HUB_PLAIN;
    if (!is_repository(reference->repository, layout)) {
        wi_error_set(error, WI_INVALID_FIELD, "model", "\"%.120s\" is no repository of %s hub",
            reference->repository, plain ? "a plain" : "a");
        wi_error_allow(error, "%s, each of letters, digits, \".\", \"_\" and \"-\", at most %d",
            plain ? "one to four names with \"/\" between them" : "ORG/NAME", WI_HUB_SEGMENT_MAX);
        return WI_INVALID_FIELD;
    }
    if (reference->variant &&
        !is_name(reference->variant, strlen(reference->variant), WI_HUB_VARIANT_MAX)) {
        wi_error_set(
            error, WI_INVALID_FIELD, "model", "\"%.120s\" can be no variant", reference->variant);
        wi_error_allow(error, "letters, digits, \".\", \"_\" and \"-\", such as Q8_0");
        return WI_INVALID_FIELD;
    }
    if (reference->revision && !is_revision(reference->revision, layout)) {
        wi_error_set(error, WI_INVALID_FIELD, "model", "\"%.120s\" can be no revision of %s hub",
            reference->revision, plain ? "a plain" : "a");
        wi_error_allow(error, "%s",
            plain ? "the SHA-256 of its SHA256SUMS" : "a branch, a tag or a commit, such as main");
        return WI_INVALID_FIELD;
    }
    return WI_OK;
}

enum wi_code wi_hub_reference_parse(const char *text, enum wi_hub_layout layout,
    struct wi_hub_reference *reference, struct wi_error *error)
{
    size_t whole = strlen(text), before = strcspn(text, "@");
    const char *colon = memchr(text, ':', before);
    size_t repository = colon ? (size_t)(colon - text) : before;
    enum wi_code code;
    *reference = (struct wi_hub_reference){.repository = wi_strndup(text, repository)};
    int is_latest = before - repository == sizeof WI_VARIANT_LATEST - 1 &&
                    strncasecmp(colon, WI_VARIANT_LATEST, before - repository) == 0;
    if (colon && !is_latest)
        reference->variant = wi_strndup(colon + 1, before - repository - 1);
    if (before < whole)
        reference->revision = wi_strdup(text + before + 1);
    code = check(reference, layout, error);
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
