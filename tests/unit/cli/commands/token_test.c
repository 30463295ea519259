/* What `webinfer token new` makes: which rank, and what it refuses. */
#include "../../test.h"
#include "cli/arguments.h"

#include "cli/commands/token.c"

#include <stdlib.h>
#include <unistd.h>

static char path[] = "/tmp/webinfer-token-XXXXXX";

/* A name that no file has. */
static int set_up(void **state)
{
    strcpy(path + strlen(path) - 6, "XXXXXX");
    int fd = mkstemp(path);
    if (fd < 0)
        return -1;
    close(fd);
    return unlink(path);
}

static int tear_down(void **state)
{
    unlink(path);
    return 0;
}

static struct made make_one(const char *name, enum wi_rank rank)
{
    const struct requested requested = {.name = name, .path = path, .rank = rank};
    struct made made = {0};
    struct wi_error error;
    if (make_in_file(&requested, &made, &error) != WI_OK)
        fail_msg("%s", error.detail);
    return made;
}

/* The rank that the file has for a token. */
static enum wi_rank rank_of(const char *token)
{
    struct wi_api_tokens tokens = {0};
    struct wi_error error;
    unsigned char hash[WI_HASH_SIZE];
    assert_int_equal(wi_api_tokens_read(&tokens, path, &error), WI_OK);
    wi_hash(token, strlen(token), hash);
    const struct wi_api_token *found = wi_api_tokens_find(&tokens, hash);
    assert_non_null(found);
    assert_false(found->unranked);
    enum wi_rank rank = found->rank;
    wi_api_tokens_clear(&tokens);
    return rank;
}

FIXTURE(set_up, tear_down)

TEST(the_first_is_an_admin_and_the_next_a_user)
{
    struct made first = make_one("ada", WI_RANK_NONE), next = make_one("bob", WI_RANK_NONE);
    assert_int_equal(rank_of(first.token), WI_RANK_ADMIN);
    assert_true(first.first);
    assert_false(first.no_admin);
    assert_int_equal(rank_of(next.token), WI_RANK_USER);
    assert_false(next.first);
    assert_false(next.no_admin);
}

TEST(the_rank_that_is_asked_for_is_given)
{
    struct made node = make_one("farm", WI_RANK_NODE), user = make_one("ada", WI_RANK_USER);
    struct made admin = make_one("root", WI_RANK_ADMIN);
    assert_int_equal(rank_of(node.token), WI_RANK_NODE);
    assert_true(node.no_admin);
    assert_int_equal(rank_of(user.token), WI_RANK_USER);
    assert_true(user.no_admin);
    assert_int_equal(rank_of(admin.token), WI_RANK_ADMIN);
    assert_false(admin.no_admin);
}

TEST(a_name_that_is_there_is_refused)
{
    const struct requested requested = {.name = "ada", .path = path};
    struct made made = {0};
    struct wi_error error;
    make_one("ada", WI_RANK_NONE);
    assert_int_equal(make_in_file(&requested, &made, &error), WI_BAD_REQUEST);
    assert_non_null(strstr(error.detail, "already"));
    make_one("ad", WI_RANK_NONE);
}

static enum wi_code read_words(const char *words, struct wi_error *error)
{
    char text[200], *argv[16];
    int argc = 0;
    struct wi_arguments arguments = {0};
    struct requested requested;
    snprintf(text, sizeof text, "webinfer token new %s", words);
    for (char *word = strtok(text, " "); word; word = strtok(NULL, " "))
        argv[argc++] = word;
    assert_int_equal(wi_arguments_parse(&arguments, argc, argv, error), WI_OK);
    enum wi_code code = read_requested(&arguments, &requested, error);
    wi_arguments_clear(&arguments);
    return code;
}

TEST_IN(wishes_are_checked, NULL, NULL)
{
    struct wi_error error;
    assert_int_equal(read_words("ada", &error), WI_OK);
    assert_int_equal(read_words("ada --rank node --file x --owner nobody", &error), WI_OK);
    assert_int_equal(read_words("a:b", &error), WI_BAD_REQUEST);
    assert_int_equal(read_words("ada --rank none", &error), WI_BAD_REQUEST);
    assert_string_equal(error.allowed, "user, relay, admin, node");
    assert_int_equal(read_words("ada --rank root", &error), WI_BAD_REQUEST);
    assert_int_equal(read_words("ada --owner nobody", &error), WI_BAD_REQUEST);
    assert_non_null(strstr(error.detail, "--file"));
}

/* --- QR codes: that a reader finds the link in one, tests/system/join-links.test.mjs tests --- */

#ifdef HAVE_QRENCODE

static const char link_text[] =
    "http://192.168.1.20:8471/#token=wi_0123456789012345678901234567890";

static unsigned count_lines(const struct wi_buffer *code)
{
    unsigned lines = 0;
    for (size_t i = 0; i < code->size; i++)
        lines += code->text[i] == '\n';
    return lines;
}

TEST(a_code_has_its_margin_and_two_rows_a_line)
{
    struct wi_buffer code = {0};
    unsigned columns = qr_draw(&code, "webinfer", 80);
    assert_int_equal(columns, 21 + 2 * QR_MARGIN); /* version 1 */
    assert_int_equal(count_lines(&code), (columns + 1) / 2);
    /* The margin, and below it the upper edge of the first finder pattern. */
    assert_memory_equal(code.text, "\033[97;40m████", 8 + 4 * strlen("█"));
    const char *third = strchr(strchr(code.text, '\n') + 1, '\n') + 1;
    assert_memory_equal(third, "\033[97;40m████ ▄▄▄▄▄ █", 8 + 10 * strlen("█") + 2);
    wi_buffer_clear(&code);
}

TEST(a_link_fits_a_terminal)
{
    struct wi_buffer code = {0};
    unsigned columns = qr_draw(&code, link_text, 80);
    assert_in_range(columns, 21 + 2 * QR_MARGIN, 80);
    assert_true(code.size > 0);
    wi_buffer_clear(&code);
    assert_int_equal(qr_draw(&code, link_text, columns - 1), columns);
    assert_int_equal(code.size, 0); /* it would not fit */
}

TEST(what_is_too_long_for_a_code_is_not_drawn)
{
    char text[4000];
    struct wi_buffer code = {0};
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    assert_int_equal(qr_draw(&code, text, 1000), 0);
    assert_int_equal(code.size, 0);
}

#else

TEST(a_build_without_the_library_draws_none)
{
    struct wi_buffer code = {0};
    assert_int_equal(qr_draw(&code, "webinfer", 80), 0);
    assert_int_equal(code.size, 0);
}

#endif
