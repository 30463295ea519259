/* A folder as a site: what is found in it, in which form, and what is no file of it. */
#include "../../test.h"

#include "../../files.h"
#include "base/descriptors.h"
#include "base/memory.h"
#include "base/net/site.h"
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char root[64];

static int set_up(void **state)
{
    make_root(root, "site");
    write_text(root, "index.html", "home");
    write_text(root, "assets/app-5XK2Q7NB.js", "plain");
    write_text(root, "assets/app-5XK2Q7NB.js.br", "br");
    write_text(root, ".hidden", "no");
    char *link = path_to(root, "link.html");
    assert_int_equal(symlink("index.html", link), 0);
    free(link);
    char *pipe = path_to(root, "pipe.html");
    assert_int_equal(mkfifo(pipe, 0600), 0);
    free(pipe);
    return 0;
}

static int tear_down(void **state)
{
    remove_root(root);
    return 0;
}

FIXTURE(set_up, tear_down)

TEST(files_are_found_in_the_form_that_is_wanted)
{
    struct wi_error error;
    struct wi_site *site = wi_site_new(root, "bridge.page", &error);
    struct wi_site_file home, plain, coded;
    assert_non_null(site);
    assert_int_equal(wi_site_find(site, "/", NULL, &home), 0);
    assert_int_equal(home.size, 4);
    assert_string_equal(home.type, "text/html; charset=utf-8");
    assert_string_equal(home.cache, "no-cache");
    assert_true(!home.varies && !home.coding);
    assert_int_equal(wi_site_find(site, "/assets/app-5XK2Q7NB.js", "", &plain), 0);
    assert_int_equal(wi_site_find(site, "/assets/app-5XK2Q7NB.js", "gzip, br", &coded), 0);
    assert_string_equal(plain.cache, "public, max-age=31536000, immutable");
    assert_true(plain.varies && coded.varies && !plain.coding);
    assert_int_equal(plain.size, 5);
    assert_int_equal(coded.size, 2);
    assert_string_equal(coded.coding, "br");
    assert_string_not_equal(plain.etag, coded.etag);
    wi_site_free(site);
}

static void check_bytes(const struct wi_site_file *file, const char *text)
{
    char bytes[16] = "";
    assert_int_equal(pread(file->fd, bytes, file->size, (off_t)file->at), file->size);
    assert_string_equal(bytes, text);
}

TEST(small_files_share_a_descriptor)
{
    struct wi_error error;
    char *large = wi_alloc(300 * 1024);
    memset(large, 'x', 300 * 1024 - 1);
    write_text(root, "large.js", large);
    write_text(root, "empty.js", "");
    int before = wi_descriptors_next();
    struct wi_site *site = wi_site_new(root, "bridge.page", &error);
    struct wi_site_file home, coded, big, empty;
    assert_non_null(site);
    assert_true(wi_descriptors_next() <= before + 2);
    assert_int_equal(wi_site_find(site, "/", NULL, &home), 0);
    assert_int_equal(wi_site_find(site, "/assets/app-5XK2Q7NB.js", "br", &coded), 0);
    assert_int_equal(wi_site_find(site, "/large.js", NULL, &big), 0);
    assert_int_equal(wi_site_find(site, "/empty.js", NULL, &empty), 0);
    assert_int_equal(home.fd, coded.fd);
    assert_int_equal(empty.size, 0);
    check_bytes(&home, "home");
    check_bytes(&coded, "br");
    assert_int_not_equal(big.fd, home.fd);
    assert_int_equal(big.at, 0);
    assert_int_equal(big.size, 300 * 1024 - 1);
    wi_site_free(site);
    assert_int_equal(wi_descriptors_next(), before);
    free(large);
}

TEST(what_is_not_in_the_list_does_not_exist)
{
    static const char *const paths[] = {"", "index.html", "//index.html", "/../etc/passwd",
        "/assets", "/assets/", "/assets/app-5XK2Q7NB.js.br", "/.hidden", "/link.html", "/pipe.html",
        "/none"};
    struct wi_error error;
    struct wi_site *site = wi_site_new(root, "bridge.page", &error);
    struct wi_site_file file;
    assert_non_null(site);
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
        assert_int_equal(wi_site_find(site, paths[i], NULL, &file), -1);
    wi_site_free(site);
}

TEST(a_folder_that_is_no_site_is_refused)
{
    struct wi_error error = {0};
    assert_null(wi_site_new("/nonexistent", "bridge.page", &error));
    assert_string_equal(error.field, "bridge.page");
    char *home = path_to(root, "index.html");
    assert_int_equal(unlink(home), 0);
    free(home);
    assert_null(wi_site_new(root, "api.console", &error));
    assert_string_equal(error.field, "api.console");
    assert_non_null(strstr(error.detail, "has no index.html"));
}

TEST(a_folder_with_more_than_a_site_has_is_refused)
{
    struct wi_error error = {0};
    for (int i = 0; i < 1100; i++) {
        char name[16];
        snprintf(name, sizeof name, "%d.html", i);
        write_text(root, name, "");
    }
    assert_null(wi_site_new(root, "bridge.page", &error));
    assert_int_equal(error.code, WI_INVALID_FIELD);
    assert_string_equal(error.field, "bridge.page");
    assert_non_null(strstr(error.detail, "more than 1024 files"));
}
