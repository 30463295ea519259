/* See hub_layout.h. */
#include "models/arrive/hub/hub_layout.h"

#include "base/memory.h"
#include <curl/curl.h>
#include <string.h>

/* Names with slashes between them, as "refs/pr/3". */
static int is_git_revision(const char *text)
{
    if (strlen(text) > WI_HUB_REVISION_MAX)
        return 0;
    for (;; text++) {
        size_t length = strcspn(text, "/");
        if (!wi_hub_name_ok(text, length, WI_HUB_REVISION_MAX))
            return 0;
        text += length;
        if (!*text)
            return 1;
    }
}

static char *revision_url(const struct wi_hub *hub, const char *repository, const char *revision)
{
    char *escaped = curl_easy_escape(NULL, revision, 0); /* its slashes, too */
    char *url = wi_sprintf("%s/api/models/%s/revision/%s", hub->url, repository, escaped);
    curl_free(escaped);
    return url;
}

static char *tree_url(const struct wi_hub *hub, const char *repository, const char *commit)
{
    return wi_sprintf("%s/api/models/%s/tree/%s?recursive=true", hub->url, repository, commit);
}

static char *resolve_url(
    const struct wi_hub *hub, const char *repository, const char *commit, const char *path)
{
    return wi_sprintf("%s/%s/resolve/%s/%s", hub->url, repository, commit, path);
}

static int is_digest(const char *text)
{
    return strlen(text) == 64 && strspn(text, "0123456789abcdef") == 64;
}

static char *sums_url(const struct wi_hub *hub, const char *repository, const char *commit)
{
    return wi_sprintf("%s/%s/SHA256SUMS", hub->url, repository);
}

static char *plain_url(
    const struct wi_hub *hub, const char *repository, const char *commit, const char *path)
{
    return wi_sprintf("%s/%s/%s", hub->url, repository, path);
}

static int is_nothing(const char *text)
{
    return 0;
}

const struct wi_hub_layout wi_hub_layouts[] = {
    [WI_HUB_HUGGINGFACE] = {.rules = {.article = "a",
                                .least = 2,
                                .most = 2,
                                .repositories = "ORG/NAME",
                                .revisions = "a branch, a tag or a commit, such as main",
                                .is_revision = is_git_revision},
        .revision_url = revision_url,
        .list_url = tree_url,
        .file_url = resolve_url,
        .read_list = wi_hub_tree_read_page},
    [WI_HUB_PLAIN] = {.rules = {.article = "a plain",
                          .least = 1,
                          .most = 4,
                          .repositories = "one to four names with \"/\" between them",
                          .revisions = "the SHA-256 of its SHA256SUMS",
                          .is_revision = is_digest},
        .list = "SHA256SUMS",
        .list_url = sums_url,
        .file_url = plain_url,
        .read_list = wi_hub_tree_read_sums},
    [WI_HUB_IPFS] = {.rules = {.article = "an ipfs"}},
    [WI_HUB_WEBINFER] = {.rules = {.article = "a webinfer",
                             .least = 1,
                             .most = 2,
                             .repositories = "NAME or OWNER/NAME",
                             .revisions = "none, since it has what it has now",
                             .is_revision = is_nothing}},
};
