/* The console and the documentation: which files are there, and what else is answered. */
#include "../fixture.h"

#include "../../files.h"

static char root[64], page[80];

/* Begins again with a page, next to which the server looks for the sites. */
static int begin_again(void **state)
{
    struct wi_error error;
    snprintf(page, sizeof page, "%s/page", root);
    if (set_up(state) != 0)
        return -1;
    wi_server_free(fixture->server);
    fixture->config.bridge.page = page;
    fixture->config.api.console = 1;
    fixture->server = wi_server_new(&fixture->deps, &error);
    return fixture->server ? 0 : -1;
}

static int set_up_bare(void **state)
{
    make_root(root, "sites");
    return begin_again(state);
}

static int set_up_sites(void **state)
{
    make_root(root, "sites");
    write_text(root, "secret.txt", "no file of a site");
    write_text(root, "console/index.html", "the console");
    write_text(root, "docs/index.html", "the first page");
    write_text(root, "docs/man/webinferd.8.html", "the manual");
    return begin_again(state);
}

static int tear_down_sites(void **state)
{
    remove_root(root);
    return tear_down(state);
}

/* The answer to GET; the caller frees it. */
static struct client *get(const char *path, const char *more)
{
    struct client *client = connect_client();
    send_head(client, "GET", path, more);
    until(answered(client));
    return client;
}

static void check_file(const char *path, const char *text, const char *policy)
{
    struct client *client = get(path, "");
    assert_int_equal(status_of(client), 200);
    assert_string_equal(client->text + client->head, text);
    const char *said = strcasestr(client->text, "Content-Security-Policy: default-src 'none'; ");
    assert_non_null(said);
    assert_non_null(strstr(said, policy));
    free_client(client);
}

static void check_missing(const char *path, const char *text)
{
    struct client *client = get(path, "");
    check_problem(client, 404, "not_found");
    assert_non_null(strstr(client->text, text));
    free_client(client);
}

FIXTURE(set_up_sites, tear_down_sites)

TEST(files_come_with_the_policy_of_their_site)
{
    check_file("/docs/", "the first page", "script-src 'self' 'wasm-unsafe-eval'; ");
    check_file("/docs/man/webinferd.8.html", "the manual", "frame-ancestors 'none'");
    struct client *client = get("/", "Accept: text/html\r\n");
    assert_non_null(strstr(client->text, "require-trusted-types-for 'script'"));
    assert_null(strstr(client->text, "wasm-unsafe-eval"));
    free_client(client);
}

TEST(a_site_has_one_address)
{
    static const struct {
        const char *path, *location;
    } moved[] = {
        {"/docs", "\r\nLocation: docs/\r\n"}, {"/console/index.html", "\r\nLocation: ../\r\n"}};
    for (size_t i = 0; i < sizeof moved / sizeof *moved; i++) {
        struct client *client = get(moved[i].path, "");
        assert_int_equal(status_of(client), 308);
        assert_non_null(strcasestr(client->text, moved[i].location));
        free_client(client);
    }
}

TEST(nothing_else_is_a_file_of_them)
{
    static const char *const paths[] = {"/docs/../secret.txt", "/docs/man", "/docs/man/",
        "/docs//index.html", "/docs/none.html", "/docs/%2e%2e/secret.txt"};
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
        check_missing(paths[i], "the documentation has no file ");
    check_missing("/console/secret.txt", "the console has no file secret.txt");
}

TEST(an_operator_turns_both_off)
{
    fixture->config.api.console = 0;
    check_missing("/docs/", "turned off, by [api] console = no");
    check_missing("/docs", "turned off, by [api] console = no");
    check_missing("/console/index.html", "the console has no file");
}

TEST_IN(where_none_was_built_it_is_said_how, set_up_bare, tear_down_sites)
{
    check_missing("/docs/", "run ./dev docs");
    check_missing("/docs", "run ./dev docs");
    check_missing("/docs/guide.html", "run ./dev docs");
    check_missing("/console/index.html", "the console has no file");
}
