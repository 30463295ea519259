/* Host, Origin and tokens: what gets through and what does not. */
#include "../../test.h"

#include "api/http/access_rules.c"

#include "base/secret.h"
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static struct wi_config_api config;

static struct wi_access_rules *make(const char *listen, const char *tokens, struct wi_error *error)
{
    memset(&config, 0, sizeof config);
    union wi_address address;
    assert_int_equal(wi_address_parse(listen, &address), 0);
    config.tokens_file = (char *)tokens;
    wi_strings_add(&config.allowed_hosts, "webinfer.example");
    wi_strings_add(&config.allowed_hosts, "other.example:9000");
    wi_strings_add(&config.allowed_origins, "https://app.example");
    struct wi_access_rules *rules = wi_access_new(&config, &address, error);
    wi_strings_clear(&config.allowed_hosts);
    wi_strings_clear(&config.allowed_origins);
    return rules;
}

/* A file with `text`; the caller removes it. */
static char *write_file(const char *text, mode_t mode)
{
    static char path[64];
    snprintf(path, sizeof path, "/tmp/webinfer-guard-test-XXXXXX");
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    assert_int_equal(fchmod(fd, mode), 0);
    close(fd);
    return path;
}

static int host_code(const struct wi_access_rules *rules, const char *host)
{
    struct wi_error error;
    enum wi_code code = wi_access_check_host(rules, host, host != NULL, &error);
    if (code != WI_OK)
        assert_string_equal(error.field, "Host");
    return (int)code;
}

TEST(test_hosts)
{
    struct wi_error error;
    struct wi_access_rules *rules = make("127.0.0.1:8470", NULL, &error);
    static const char *const good[] = {"127.0.0.1:8470", "localhost:8470", "LOCALHOST:8470",
        "[::1]:8470", "webinfer.example", "Webinfer.Example:1234", "other.example:9000",
        /* As of a tunnel, whose port is its own. */
        "localhost", "127.0.0.1", "localhost:9999", "LocalHost:1", "127.0.0.1:65535",
        "127.1.2.3:80", "[::1]", "[::1]:9999", "[::ffff:127.0.0.1]:9999"};
    static const char *const bad[] = {"evil.example", "localhost.evil.example",
        "localhost.evil.example:8470", "evil.localhost", "localhost.", "127.0.0.1.evil.example",
        "127.1", "128.0.0.1:9999", "0.0.0.0:9999", "[::]:9999", "[::2]", "[127.0.0.1]:9999",
        "2130706433", "localhost:65536", "evil.example:8470", "other.example", "other.example:9001",
        "", ":", "localhost:", "localhost:8470:8470", "localhost:84700", "localhost:8470/",
        "user@localhost:8470", "[::1", "[::1]x:8470", "192.0.2.1:8470",
        "webinfer.example.evil.example"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_int_equal(host_code(rules, good[i]), WI_OK);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(host_code(rules, bad[i]), WI_FORBIDDEN_HOST);
    assert_int_equal(wi_access_check_host(rules, "a.example", 1, &error), WI_FORBIDDEN_HOST);
    assert_string_equal(error.expected, "127.0.0.1:8470 or localhost:8470");
    assert_int_equal(host_code(rules, NULL), WI_BAD_REQUEST);
    assert_int_equal(wi_access_check_host(rules, "localhost:8470", 2, &error), WI_BAD_REQUEST);
    wi_access_free(rules);
}

TEST(test_host_on_every_address)
{
    struct wi_error error;
    char line[100];
    snprintf(line, sizeof line, "a:%064d\n", 0);
    char *path = write_file(line, 0600);
    struct wi_access_rules *rules = make("0.0.0.0:80", path, &error);
    unlink(path);
    assert_non_null(rules);
    assert_int_equal(host_code(rules, "192.0.2.7"), WI_OK); /* port 80 need not be said */
    assert_int_equal(host_code(rules, "192.0.2.7:80"), WI_OK);
    assert_int_equal(host_code(rules, "[2001:db8::1]:80"), WI_OK);
    assert_int_equal(host_code(rules, "192.0.2.7:81"), WI_FORBIDDEN_HOST);
    assert_int_equal(host_code(rules, "rebound.example:80"), WI_FORBIDDEN_HOST);
    wi_access_free(rules);
}

TEST(test_origins)
{
    struct wi_error error;
    struct wi_access_rules *rules = make("127.0.0.1:8470", NULL, &error);
    const char *host = "localhost:8470";
#define CHECK(origin, site) (int)wi_access_check_origin(rules, origin, site, NULL, host, &error)
    assert_int_equal(CHECK(NULL, NULL), WI_OK);
    assert_int_equal(CHECK("http://localhost:8470", "same-origin"), WI_OK);
    assert_int_equal(CHECK("https://app.example", "cross-site"), WI_OK);
    /* A picture of a page, where no token keeps it out, and a link that was typed. */
    assert_int_equal(CHECK(NULL, "cross-site"), WI_FORBIDDEN_ORIGIN);
    assert_string_equal(error.field, "Sec-Fetch-Site");
    assert_int_equal(CHECK(NULL, "none"), WI_OK);
    assert_int_equal(CHECK(NULL, "same-origin"), WI_OK);
    static const char *const bad[] = {"null", "", "http://evil.example", "https://localhost:8470",
        "http://localhost:8471", "http://localhost", "http://localhost:8470.evil.example",
        "http://app.example"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(CHECK(bad[i], NULL), WI_FORBIDDEN_ORIGIN);
#undef CHECK
    wi_access_free(rules);
}

/* By what its client has asked: a tunnel's port, or a proxy's scheme and name. */
TEST(test_origins_elsewhere)
{
    static const struct {
        const char *origin, *scheme, *host;
        int code;
    } rows[] = {{"http://localhost:9999", NULL, "localhost:9999", WI_OK},
        {"http://localhost:9999", NULL, "localhost:8470", WI_FORBIDDEN_ORIGIN},
        {"http://localhost:8470", NULL, "localhost:9999", WI_FORBIDDEN_ORIGIN},
        {"https://webinfer.example", "https", "webinfer.example", WI_OK},
        {"https://webinfer.example", NULL, "webinfer.example", WI_FORBIDDEN_ORIGIN},
        {"https://webinfer.example", "http", "webinfer.example", WI_FORBIDDEN_ORIGIN},
        {"http://webinfer.example", "https", "webinfer.example", WI_FORBIDDEN_ORIGIN},
        {"httpss://webinfer.example", "https", "webinfer.example", WI_FORBIDDEN_ORIGIN},
        {"https:/webinfer.example", "https", "webinfer.example", WI_FORBIDDEN_ORIGIN},
        {"https://webinfer.example", "https", "evil.example", WI_FORBIDDEN_ORIGIN}};
    struct wi_error error;
    struct wi_access_rules *rules = make("127.0.0.1:8470", NULL, &error);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_int_equal(wi_access_check_origin(
                             rules, rows[i].origin, NULL, rows[i].scheme, rows[i].host, &error),
            rows[i].code);
    wi_access_free(rules);
}

/* Without tokens this machine alone is served. */
TEST(test_ways)
{
    struct wi_error error;
    char line[100];
    struct wi_access_rules *rules = make("127.0.0.1:8470", NULL, &error);
    assert_int_equal(wi_access_check_way(rules, NULL, &error), WI_OK);
    assert_int_equal(wi_access_check_way(rules, "X-Forwarded-For", &error), WI_UNAUTHORIZED);
    assert_string_equal(error.field, "X-Forwarded-For");
    assert_non_null(strstr(error.detail, "trusted_proxies"));
    wi_access_free(rules);
    snprintf(line, sizeof line, "a:%064d:user\n", 0);
    char *path = write_file(line, 0600);
    rules = make("127.0.0.1:8470", path, &error);
    unlink(path);
    assert_int_equal(wi_access_check_way(rules, "X-Forwarded-For", &error), WI_OK);
    wi_access_free(rules);
}

/* Proxies that are trusted bring others, so that there have to be tokens. */
TEST(test_trusted_proxies_need_tokens)
{
    struct wi_config_api trusting = {0};
    union wi_address address;
    struct wi_error error;
    char *path = write_file("# none\n", 0600);
    assert_int_equal(wi_address_parse("127.0.0.1:8470", &address), 0);
    wi_strings_add(&trusting.trusted_proxies, "127.0.0.1");
    assert_null(wi_access_new(&trusting, &address, &error));
    assert_string_equal(error.field, "api.trusted_proxies");
    trusting.tokens_file = path;
    assert_null(wi_access_new(&trusting, &address, &error));
    assert_string_equal(error.field, "api.trusted_proxies");
    unlink(path);
    wi_strings_clear(&trusting.trusted_proxies);
}

TEST(test_tokens)
{
    struct wi_error error;
    char token[WI_TOKEN_SIZE], header[100], text[400], hex[2 * WI_HASH_SIZE + 1];
    unsigned char hash[WI_HASH_SIZE];
    const char *name;
    enum wi_rank rank;
    wi_token_new(token);
    wi_hash(token, strlen(token), hash);
    wi_hash_hex(hash, hex);
    snprintf(text, sizeof text, "# ours\n\n  bob:%064d\r\nalice:%s:user  # hers", 0, hex);
    char *path = write_file(text, 0600);
    struct wi_access_rules *rules = make("0.0.0.0:0", path, &error);
    unlink(path);
    assert_non_null(rules);
    assert_int_equal(wi_access_tokens(rules)->count, 2);
    snprintf(header, sizeof header, "Bearer %s", token);
    assert_int_equal(wi_access_check_token(rules, header, NULL, &name, &rank, &error), WI_OK);
    assert_string_equal(name, "alice");
    assert_int_equal(rank, WI_RANK_USER);
    snprintf(header, sizeof header, "bearer   %s", token);
    assert_int_equal(wi_access_check_token(rules, header, NULL, &name, &rank, &error), WI_OK);
    header[strlen(header) - 1] ^= 1;
    assert_int_equal(
        wi_access_check_token(rules, header, NULL, &name, &rank, &error), WI_UNAUTHORIZED);
    assert_int_equal(rank, WI_RANK_NONE);
    static const char *const bad[] = {NULL, "", "Bearer", "Bearer ", "Basic abc", "Bearer x"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(
            wi_access_check_token(rules, bad[i], NULL, &name, &rank, &error), WI_UNAUTHORIZED);
    assert_int_equal(
        wi_access_check_token(rules, token, NULL, &name, &rank, &error), WI_UNAUTHORIZED);
    assert_int_equal(wi_access_check_token(rules, NULL, token, &name, &rank, &error), WI_OK);
    assert_string_equal(name, "alice");
    assert_int_equal(wi_access_check_token(rules, NULL, "", &name, &rank, &error), WI_UNAUTHORIZED);
    assert_int_equal(
        wi_access_check_token(rules, "Bearer x", token, &name, &rank, &error), WI_UNAUTHORIZED);
    wi_access_free(rules);
}

TEST(test_without_tokens)
{
    struct wi_error error;
    const char *name;
    enum wi_rank rank;
    struct wi_access_rules *rules = make("127.0.0.1:0", NULL, &error);
    assert_int_equal(wi_access_check_token(rules, NULL, NULL, &name, &rank, &error), WI_OK);
    assert_string_equal(name, "-");
    assert_int_equal(rank, WI_RANK_ADMIN);
    wi_access_free(rules);
}

TEST(test_ranks)
{
    struct wi_error error;
    for (int has = WI_RANK_NODE; has < WI_RANK_COUNT; has++)
        for (int needed = WI_RANK_USER; needed < WI_RANK_COUNT; needed++) {
            enum wi_code code =
                wi_access_check_rank((enum wi_rank)has, (enum wi_rank)needed, "ada", &error);
            assert_int_equal(code, has >= needed ? WI_OK : WI_FORBIDDEN_RANK);
            if (code == WI_OK)
                continue;
            assert_int_equal(wi_code_status(error.code), 403);
            assert_string_equal(wi_code_name(error.code), "rank");
            assert_non_null(strstr(error.expected, wi_rank_names[needed]));
            assert_non_null(strstr(error.detail, wi_rank_names[has]));
        }
}

/* What the log says while the file is read; the caller frees it. */
static char *warnings_of(const char *text)
{
    struct wi_error error;
    char *log = NULL;
    size_t size = 0;
    char *path = write_file(text, 0600);
    fflush(stderr);
    int saved = dup(STDERR_FILENO), into = fileno(tmpfile());
    dup2(into, STDERR_FILENO);
    struct wi_access_rules *rules = make("127.0.0.1:0", path, &error);
    dup2(saved, STDERR_FILENO);
    close(saved);
    unlink(path);
    assert_non_null(rules);
    wi_access_free(rules);
    size = (size_t)lseek(into, 0, SEEK_END);
    log = calloc(size + 1, 1);
    assert_int_equal(pread(into, log, size, 0), (ssize_t)size);
    close(into);
    return log;
}

TEST(test_warns_of_tokens_without_a_rank)
{
    char text[600];
    snprintf(text, sizeof text, "ada:%064d\nbob:%064d:user\nold:%064d\n", 1, 2, 3);
    wi_log_configure(WI_LOG_WARN, WI_LOG_TEXT);
    char *log = warnings_of(text);
    assert_non_null(strstr(log, "have no rank"));
    assert_non_null(strstr(log, "admins: ada, old;"));
    assert_null(strstr(log, "bob"));
    free(log);
    snprintf(text, sizeof text, "bob:%064d:user\n", 2);
    log = warnings_of(text);
    assert_null(strstr(log, "have no rank"));
    assert_non_null(strstr(log, "no token"));
    free(log);
    snprintf(text, sizeof text, "bob:%064d:user\nroot:%064d:admin\n", 2, 3);
    log = warnings_of(text);
    assert_string_equal(log, "");
    wi_log_configure(WI_LOG_ERROR, WI_LOG_TEXT);
    free(log);
}

TEST(test_bad_token_files)
{
    struct wi_error error;
    char *path = write_file("good:12\n", 0600);
    assert_null(make("127.0.0.1:0", path, &error));
    assert_non_null(strstr(error.detail, "line 1"));
    unlink(path);
    path = write_file("", 0640);
    assert_null(make("127.0.0.1:0", path, &error));
    assert_non_null(strstr(error.detail, "600"));
    unlink(path);
    assert_null(make("127.0.0.1:0", "/nonexistent/tokens", &error));
    path = write_file("# nobody yet\n", 0600);
    assert_null(make("0.0.0.0:0", path, &error)); /* others could come, and nobody is known */
    assert_non_null(strstr(error.detail, "token"));
    unlink(path);
    assert_null(make("0.0.0.0:0", NULL, &error));
}

TEST(test_rules_beside_others)
{
    struct wi_error error;
    union wi_address address;
    char text[100];
    snprintf(text, sizeof text, "ada:%064d:user\n", 1);
    char *path = write_file(text, 0600);
    struct wi_access_rules *rules = make("127.0.0.1:8470", path, &error);
    unlink(path);
    assert_non_null(rules);
    assert_int_equal(wi_address_parse("192.0.2.1:8472", &address), 0);
    struct wi_access_rules *beside =
        wi_access_beside(rules, &address, 1, "channels.listen", &error);
    assert_non_null(beside);
    wi_access_free(rules);
    assert_int_equal(wi_access_tokens(beside)->count, 1);
    assert_int_equal(host_code(beside, "192.0.2.1:8472"), WI_OK);
    assert_int_equal(host_code(beside, "192.0.2.1:8470"), WI_FORBIDDEN_HOST);
    assert_int_equal(host_code(beside, "webinfer.example"), WI_OK);
    assert_int_equal(
        wi_access_check_origin(beside, "https://app.example", NULL, NULL, "localhost", &error),
        WI_OK);
    assert_int_equal(
        wi_access_check_origin(beside, "https://localhost", NULL, NULL, "localhost", &error),
        WI_OK);
    assert_int_equal(
        wi_access_check_origin(beside, "http://localhost", NULL, NULL, "localhost", &error),
        WI_FORBIDDEN_ORIGIN);
    wi_access_free(beside);

    rules = make("127.0.0.1:8470", NULL, &error);
    assert_null(wi_access_beside(rules, &address, 0, "channels.listen", &error));
    assert_int_equal(error.code, WI_INVALID_FIELD);
    assert_string_equal(error.field, "channels.listen");
    assert_non_null(strstr(error.detail, "tokens_file"));
    wi_access_free(rules);
}
