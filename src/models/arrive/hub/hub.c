/* Hubs of the configuration, their tokens, and the URLs of their layouts. */
#include "models/arrive/hub/hub.h"

#include "base/buffer.h"
#include "base/descriptors.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/net/url.h"
#include "base/secret.h"
#include <ctype.h>
#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Nothing of the file's content is ever repeated in an error. */
static enum wi_code refuse_token(
    const struct wi_hub *hub, const char *problem, struct wi_error *error)
{
    wi_error_set(error, WI_HUB_UNAUTHORIZED, "hub", "the token of hub %s cannot be used: %.200s %s",
        hub->name, hub->token_file, problem);
    return wi_error_expect(error, "a regular file of mode 0600 with the token and nothing else");
}

/* The one line that `text` has; NULL if it is none that can stand in a header. */
static char *line_of(char *text, size_t size)
{
    if (strlen(text) != size)
        return NULL;
    text += strspn(text, " \t\r\n");
    size_t length = strlen(text);
    while (length > 0 && isspace((unsigned char)text[length - 1]))
        length--;
    for (size_t i = 0; i < length; i++)
        if (!isgraph((unsigned char)text[i]))
            return NULL;
    return length > 0 ? wi_strndup(text, length) : NULL;
}

static enum wi_code read_open(struct wi_hub *hub, int fd, struct wi_error *error)
{
    char text[WI_HUB_TOKEN_MAX + 1];
    struct stat status;
    if (fd < 0 && wi_is_shortage(errno))
        return wi_error_set(error, WI_UNAVAILABLE, "hub",
            "the token of hub %s cannot be read now: %.200s: %s; try again later", hub->name,
            hub->token_file, strerror(errno));
    if (fd < 0 || fstat(fd, &status) != 0)
        return refuse_token(hub, strerror(errno), error);
    if (!S_ISREG(status.st_mode) || (status.st_mode & 077) != 0)
        return refuse_token(hub,
            S_ISREG(status.st_mode) ? "is open to other users (chmod 600)"
                                    : "is not a regular file",
            error);
    if (status.st_size > WI_HUB_TOKEN_MAX)
        return refuse_token(hub, "is too long", error);
    ssize_t got = read(fd, text, sizeof text - 1);
    if (got < 0)
        return refuse_token(hub, strerror(errno), error);
    text[got] = '\0';
    hub->token = line_of(text, (size_t)got);
    explicit_bzero(text, sizeof text);
    return hub->token ? WI_OK : refuse_token(hub, "does not have one line with a token", error);
}

enum wi_code wi_hub_open(
    struct wi_hub *hub, const struct wi_config_hub *row, struct wi_error *error)
{
    wi_hub_clear(hub);
    *hub = (struct wi_hub){.name = wi_strdup(row->name),
        .url = wi_strdup(row->url),
        .token_file = wi_strdup(row->token_file),
        .layout = row->layout};
    if (!hub->token_file)
        return WI_OK;
    int fd = open(hub->token_file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    enum wi_code code = read_open(hub, fd, error);
    wi_close(fd);
    return code;
}

char *wi_hub_authorization(const struct wi_hub *hub, const char *url)
{
    return hub->token && wi_hub_owns_url(hub, url)
               ? wi_sprintf("Authorization: Bearer %s", hub->token)
               : NULL;
}

int wi_hub_owns_url(const struct wi_hub *hub, const char *url)
{
    return wi_url_same_origin(hub->url, url);
}

void wi_hub_clear(struct wi_hub *hub)
{
    wi_secret_free(hub->token);
    free(hub->name);
    free(hub->url);
    free(hub->token_file);
    *hub = (struct wi_hub){0};
}

/* --- layouts ---------------------------------------------------------------------------------- */

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
        .revision_url = "api/models/$r/revision/$c",
        .list_url = "api/models/$r/tree/$c?recursive=true",
        .file_url = "$r/resolve/$c/$p",
        .read_list = wi_hub_tree_read_page},
    [WI_HUB_PLAIN] = {.rules = {.article = "a plain",
                          .least = 1,
                          .most = 4,
                          .repositories = "one to four names with \"/\" between them",
                          .revisions = "the SHA-256 of its SHA256SUMS",
                          .is_revision = wi_hash_is_printed},
        .list = "SHA256SUMS",
        .list_url = "$r/SHA256SUMS",
        .file_url = "$r/$p",
        .read_list = wi_hub_tree_read_sums},
    [WI_HUB_IPFS] = {.rules = {.article = "an ipfs"}},
    [WI_HUB_WEBINFER] = {.rules = {.article = "a webinfer",
                             .least = 1,
                             .most = 2,
                             .repositories = "NAME or OWNER/NAME",
                             .revisions = "none, since there is only one revision",
                             .is_revision = is_nothing}},
};

char *wi_hub_url(const struct wi_hub *hub, const char *form, const char *repository,
    const char *commit, const char *path)
{
    struct wi_buffer url = {0};
    char *escaped = curl_easy_escape(NULL, commit, 0); /* its slashes, too */
    wi_buffer_strings(&url, hub->url, "/", NULL);
    for (; *form; form++)
        if (*form == '$')
            wi_buffer_puts(&url, *++form == 'r' ? repository : *form == 'c' ? escaped : path);
        else
            wi_buffer_add(&url, form, 1);
    curl_free(escaped);
    return wi_buffer_take(&url);
}
