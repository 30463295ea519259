/* The tokens file: lines, ranks, what is refused and how that is said. */
#include "../../test.h"

#include "base/secret.h"
#include "settings/config/api_tokens.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ONES "1111111111111111111111111111111111111111111111111111111111111111"
#define TWOS "2222222222222222222222222222222222222222222222222222222222222222"
#define EVEN "0246802468024680246802468024680246802468024680246802468024680246"
#define ODD "abcdefABCDEF0000000000000000000000000000000000000000000000000000"

static enum wi_code parse(struct wi_api_tokens *tokens, const char *text, struct wi_error *error)
{
    char *copy = strdup(text);
    *tokens = (struct wi_api_tokens){0};
    enum wi_code code = wi_api_tokens_parse(tokens, "/etc/tokens", copy, error);
    free(copy);
    return code;
}

TEST(test_lines)
{
    struct wi_api_tokens tokens;
    struct wi_error error;
    assert_int_equal(parse(&tokens,
                         "# ours\n\n  ada:" ONES ":user  # hers\r\nroot:" TWOS ":admin\nlaptop:" ODD
                         ":node\nattic:" EVEN ":relay",
                         &error),
        WI_OK);
    assert_int_equal(tokens.count, 4);
    assert_int_equal(tokens.items[3].rank, WI_RANK_RELAY);
    assert_string_equal(tokens.items[0].name, "ada");
    assert_int_equal(tokens.items[0].hash[31], 0x11);
    assert_int_equal(tokens.items[0].rank, WI_RANK_USER);
    assert_int_equal(tokens.items[1].rank, WI_RANK_ADMIN);
    assert_int_equal(tokens.items[2].rank, WI_RANK_NODE);
    for (size_t i = 0; i < 4; i++)
        assert_false(tokens.items[i].unranked);
    assert_int_equal(wi_api_tokens_count(&tokens, WI_RANK_NODE), 1);
    assert_ptr_equal(wi_api_tokens_find(&tokens, tokens.items[1].hash), &tokens.items[1]);
    unsigned char other[WI_HASH_SIZE] = {0};
    assert_null(wi_api_tokens_find(&tokens, other));
    wi_api_tokens_clear(&tokens);
    assert_int_equal(tokens.count, 0);
}

TEST(test_without_a_rank)
{
    struct wi_api_tokens tokens;
    struct wi_error error;
    assert_int_equal(parse(&tokens, "old:" ONES "\nnew:" TWOS ":user\n", &error), WI_OK);
    assert_int_equal(tokens.items[0].rank, WI_RANK_ADMIN);
    assert_true(tokens.items[0].unranked);
    assert_false(tokens.items[1].unranked);
    wi_api_tokens_clear(&tokens);
}

TEST(test_bad_lines)
{
    static const char expected[] = "NAME:SHA256[:RANK]: a name, 64 hexadecimal digits, a rank";
    static const char *const bad[] = {"alice", "alice:", "alice:12", ":" ONES, "a b:" ONES,
        "a/b:" ONES, "-:" ONES, "a:" ONES "1", "a:g" ONES, "a:" ONES ":user:more",
        "a:" ONES ":User", "a:" ONES ":none", "a:" ONES ":", "a:" ONES ":root"};
    struct wi_api_tokens tokens;
    struct wi_error error;
    char text[400];
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        snprintf(text, sizeof text, "good:" TWOS ":user\n%s\n", bad[i]);
        assert_int_equal(parse(&tokens, text, &error), WI_INVALID_FIELD);
        assert_int_equal(tokens.count, 0);
        assert_non_null(strstr(error.detail, "/etc/tokens, line 2"));
        assert_string_equal(error.field, "api.tokens_file");
        assert_true(*error.allowed || strcmp(error.expected, expected) == 0);
    }
    assert_int_equal(parse(&tokens, "a:" ONES ":root", &error), WI_INVALID_FIELD);
    assert_non_null(strstr(error.detail, "\"root\" is not a rank"));
    assert_string_equal(error.field, "api.tokens_file");
    assert_string_equal(error.allowed, "user, relay, admin, node");
}

/* What stands in a broken line may be the token itself. */
TEST(test_no_secret_in_errors)
{
    struct wi_api_tokens tokens;
    struct wi_error error;
    char token[WI_TOKEN_SIZE], text[200];
    wi_token_new(token);
    snprintf(text, sizeof text, "ada:%s:user\n", token);
    assert_int_equal(parse(&tokens, text, &error), WI_INVALID_FIELD);
    assert_null(strstr(error.detail, token + 3));
}

TEST(test_one_secret_twice)
{
    struct wi_api_tokens tokens;
    struct wi_error error;
    assert_int_equal(
        parse(&tokens, "ada:" ONES ":user\nada:" ONES ":admin\n", &error), WI_INVALID_FIELD);
    assert_non_null(strstr(error.detail, "line 2"));
    assert_int_equal(
        parse(&tokens, "ada:" ONES ":user\nbob:" ONES ":user\n", &error), WI_INVALID_FIELD);
    assert_non_null(strstr(error.detail, "\"ada\""));
    /* The same line twice does no harm; one name may have two tokens while they are changed. */
    assert_int_equal(
        parse(&tokens, "ada:" ONES ":user\nada:" ONES ":user\nada:" TWOS ":user\n", &error), WI_OK);
    assert_int_equal(tokens.count, 3);
    wi_api_tokens_clear(&tokens);
}

TEST(test_too_many)
{
    struct wi_api_tokens tokens;
    struct wi_error error;
    size_t each = strlen("a0000:" ONES ":user\n"), count = WI_API_TOKENS_MAX;
    char *text = calloc(count + 2, each + 1), *end = text;
    for (size_t i = 0; i < count; i++)
        end += sprintf(end, "a%04zu:%064zx:user\n", i, i);
    assert_int_equal(parse(&tokens, text, &error), WI_OK);
    assert_int_equal(tokens.count, count);
    wi_api_tokens_clear(&tokens);
    sprintf(end, "more:%064zx:user\n", count);
    assert_int_equal(parse(&tokens, text, &error), WI_INVALID_FIELD);
    free(text);
}

TEST(test_names)
{
    char longest[WI_TOKEN_NAME_MAX + 2];
    memset(longest, 'a', sizeof longest);
    longest[WI_TOKEN_NAME_MAX] = '\0';
    assert_true(wi_token_name_ok("ada.lovelace-1_2"));
    assert_true(wi_token_name_ok(longest));
    longest[WI_TOKEN_NAME_MAX] = 'a';
    longest[WI_TOKEN_NAME_MAX + 1] = '\0';
    assert_false(wi_token_name_ok(longest));
    assert_false(wi_token_name_ok(""));
    assert_false(wi_token_name_ok("-"));
    assert_false(wi_token_name_ok("a:b"));
    assert_false(wi_token_name_ok("a\nb"));
}

/* --- the file -------------------------------------------------------------------------------- */

static char path[64];

static void write_file(const void *bytes, size_t size, mode_t mode)
{
    snprintf(path, sizeof path, "/tmp/webinfer-api-tokens-XXXXXX");
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, size), (ssize_t)size);
    assert_int_equal(fchmod(fd, mode), 0);
    close(fd);
}

TEST(test_file)
{
    struct wi_api_tokens tokens = {0};
    struct wi_error error;
    static const char line[] = "ada:" ONES ":user\n";
    write_file(line, strlen(line), 0600);
    assert_int_equal(wi_api_tokens_read(&tokens, path, &error), WI_OK);
    assert_int_equal(tokens.count, 1);
    wi_api_tokens_clear(&tokens);
    assert_int_equal(chmod(path, 0640), 0);
    assert_int_not_equal(wi_api_tokens_read(&tokens, path, &error), WI_OK);
    assert_non_null(strstr(error.detail, "chmod 600"));
    unlink(path);
    assert_int_not_equal(wi_api_tokens_read(&tokens, path, &error), WI_OK);
    assert_non_null(strstr(error.detail, "No such file"));
    write_file("ada\0:", 5, 0600);
    assert_int_not_equal(wi_api_tokens_read(&tokens, path, &error), WI_OK);
    assert_non_null(strstr(error.detail, "NUL"));
    assert_int_equal(truncate(path, WI_API_TOKENS_FILE_MAX + 1), 0);
    assert_int_not_equal(wi_api_tokens_read(&tokens, path, &error), WI_OK);
    assert_non_null(strstr(error.detail, "larger"));
    unlink(path);
    assert_int_not_equal(wi_api_tokens_read(&tokens, "/dev/null", &error), WI_OK);
    assert_non_null(strstr(error.detail, "regular file"));
    assert_int_equal(tokens.count, 0);
}

/* Root may open everything, so another user has to try. */
TEST(test_file_of_another_user)
{
    struct wi_api_tokens tokens = {0};
    struct wi_error error;
    write_file("", 0, geteuid() == 0 ? 0600 : 0000);
    if (geteuid() == 0)
        assert_int_equal(seteuid(65534), 0);
    assert_int_not_equal(wi_api_tokens_read(&tokens, path, &error), WI_OK);
    char advice[128];
    snprintf(advice, sizeof advice, "chown %u %s", (unsigned)geteuid(), path);
    if (getuid() == 0)
        assert_int_equal(seteuid(0), 0);
    unlink(path);
    assert_non_null(strstr(error.detail, advice));
}
