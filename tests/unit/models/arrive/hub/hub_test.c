/* Hubs of the configuration: their tokens, and where things lie on them. */
#include "../../../test.h"

#include "models/arrive/hub/hub.h"
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

TEST(copies_what_the_configuration_says)
{
    const struct wi_config_hub row = {
        .name = (char *)"h", .url = (char *)"https://h.example", .layout = WI_HUB_PLAIN};
    struct wi_hub hub = {.name = wi_strdup("before"), .token = wi_strdup("old")};
    struct wi_error error;
    assert_int_equal(wi_hub_open(&hub, &row, &error), WI_OK);
    assert_string_equal(hub.name, "h");
    assert_string_equal(hub.url, "https://h.example");
    assert_int_equal(hub.layout, WI_HUB_PLAIN);
    assert_null(wi_hub_authorization(&hub, hub.url));
    hub.token = wi_strdup("secret");
    char *line = wi_hub_authorization(&hub, "https://h.example/a");
    assert_string_equal(line, "Authorization: Bearer secret");
    assert_null(wi_hub_authorization(&hub, "https://cdn.example/a"));
    free(line);
    wi_hub_clear(&hub);
}

static void check_url(char *url, const char *expected)
{
    assert_string_equal(url, expected);
    free(url);
}

TEST(knows_where_things_lie)
{
    const struct wi_hub hub = {.url = (char *)"https://hub.example/base"};
    const struct wi_hub plain = {.url = (char *)"https://w.example", .layout = WI_HUB_PLAIN};
    const struct wi_hub_layout *layout = &wi_hub_layouts[WI_HUB_HUGGINGFACE];
    check_url(wi_hub_url(&hub, layout->revision_url, "o/n", "refs/pr/3", ""),
        "https://hub.example/base/api/models/o/n/revision/refs%2Fpr%2F3");
    check_url(wi_hub_url(&hub, layout->list_url, "o/n", "c0ffee", ""),
        "https://hub.example/base/api/models/o/n/tree/c0ffee?recursive=true");
    check_url(wi_hub_url(&hub, layout->file_url, "o/n", "c0ffee", "onnx/model.onnx"),
        "https://hub.example/base/o/n/resolve/c0ffee/onnx/model.onnx");
    layout = &wi_hub_layouts[WI_HUB_PLAIN];
    check_url(
        wi_hub_url(&plain, layout->list_url, "a/b", "", ""), "https://w.example/a/b/SHA256SUMS");
    check_url(
        wi_hub_url(&plain, layout->file_url, "a/b", "", "x.gguf"), "https://w.example/a/b/x.gguf");
}

TEST(tells_its_own_urls)
{
    const struct wi_hub hub = {.url = (char *)"https://hub.example:8443/base"};
    assert_true(wi_hub_owns_url(&hub, "https://hub.example:8443/other?x"));
    assert_true(wi_hub_owns_url(&hub, "HTTPS://Hub.Example:8443/"));
    assert_false(wi_hub_owns_url(&hub, "http://hub.example:8443/"));
    assert_false(wi_hub_owns_url(&hub, "https://hub.example/"));
    assert_false(wi_hub_owns_url(&hub, "https://hub.example:8443@evil.example/"));
    assert_false(wi_hub_owns_url(&hub, "https://cdn.hub.example:8443/"));
}

/* The token that is read from a file of this content and mode; NULL where it is refused. */
static char *read_token(const char *content, size_t size, mode_t mode, struct wi_error *error)
{
    char path[] = "/tmp/webinfer-hub-XXXXXX";
    const struct wi_config_hub row = {
        .name = (char *)"h", .url = (char *)"https://h.example", .token_file = path};
    struct wi_hub hub = {0};
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, content, size), size);
    assert_int_equal(fchmod(fd, mode), 0);
    close(fd);
    enum wi_code code = wi_hub_open(&hub, &row, error);
    char *token = wi_strdup(hub.token);
    assert_int_equal(code, token ? WI_OK : WI_HUB_UNAUTHORIZED);
    if (token) {
        char *line = wi_hub_authorization(&hub, hub.url);
        assert_non_null(strstr(line, token));
        free(line);
    }
    unlink(path);
    wi_hub_clear(&hub);
    return token;
}

static void refuse_token(const char *content, size_t size, mode_t mode, const char *why)
{
    struct wi_error error;
    assert_null(read_token(content, size, mode, &error));
    if (!strstr(error.detail, why))
        fail_msg("\"%s\" instead of \"%s\"", error.detail, why);
    assert_null(strstr(error.detail, "hf_"));
}

TEST(reads_tokens)
{
    struct wi_error error;
    char *token = read_token(" hf_abc\n", 8, 0600, &error), *long_one = wi_alloc(5000);
    assert_string_equal(token, "hf_abc");
    free(token);
    refuse_token("hf_abc\n", 7, 0640, "is open to other users");
    refuse_token("", 0, 0600, "does not have one line with a token");
    refuse_token("hf_abc\nhf_def\n", 14, 0600, "does not have one line");
    refuse_token("hf_abc\0x", 8, 0600, "does not have one line");
    refuse_token("hf_\x80", 4, 0600, "does not have one line");
    memset(long_one, 'x', 5000);
    refuse_token(long_one, 5000, 0600, "is too long");
    free(long_one);
}

TEST(says_which_file_has_no_token)
{
    struct wi_config_hub row = {.name = (char *)"h", .token_file = (char *)"/nowhere/token"};
    struct wi_hub hub = {0};
    struct wi_error error;
    assert_int_equal(wi_hub_open(&hub, &row, &error), WI_HUB_UNAUTHORIZED);
    assert_non_null(strstr(error.detail, "/nowhere/token No such file"));
    row.token_file = (char *)"/tmp";
    assert_int_equal(wi_hub_open(&hub, &row, &error), WI_HUB_UNAUTHORIZED);
    assert_non_null(strstr(error.detail, "is not a regular file"));
    wi_hub_clear(&hub);
}
