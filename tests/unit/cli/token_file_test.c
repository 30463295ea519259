/* The tokens file: its mode and owner, what is refused, and that it is replaced whole. */
#include "../test.h"

#include "cli/token_file.c"

#include "cli/cli.h"
#include <sys/wait.h>

#define ONES "1111111111111111111111111111111111111111111111111111111111111111"
#define TWOS "2222222222222222222222222222222222222222222222222222222222222222"
#define ADA "ada:" ONES ":user"
#define BOB "bob:" TWOS ":admin"
#define NOBODY 65534 /* Debian's, in /etc/passwd as everywhere */

static char directory[] = "/tmp/webinfer-token-XXXXXX";
static char path[64];

static int set_up(void **state)
{
    strcpy(directory + strlen(directory) - 6, "XXXXXX");
    if (!mkdtemp(directory))
        return -1;
    snprintf(path, sizeof path, "%s/tokens", directory);
    return 0;
}

static int tear_down(void **state)
{
    unlink(path);
    return rmdir(directory); /* fails if anything of ours was left in it */
}

static enum wi_code add_as(const char *line, const char *owner, struct wi_error *error)
{
    struct wi_token_file file;
    enum wi_code code = wi_token_file_open(&file, path, error);
    if (code == WI_OK)
        code = wi_token_file_add(&file, line, owner, error);
    wi_token_file_close(&file);
    return code;
}

static enum wi_code add(const char *line, struct wi_error *error)
{
    return add_as(line, NULL, error);
}

static void check_text(const char *expected)
{
    struct wi_error error;
    size_t size;
    char *text = wi_cli_read_file(path, 65536, &size, &error);
    assert_non_null(text);
    assert_string_equal(text, expected);
    free(text);
}

static struct stat look(void)
{
    struct stat info;
    assert_int_equal(stat(path, &info), 0);
    return info;
}

static void write_text(const char *text, mode_t mode)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    assert_int_equal(fchmod(fd, mode), 0);
    close(fd);
}

/* --------------------------------------------------------------------------------------------- */

FIXTURE(set_up, tear_down)

TEST(makes_a_private_file_and_adds_to_it)
{
    struct wi_error error;
    mode_t before = umask(0277); /* whatever it is */
    assert_int_equal(add(ADA, &error), WI_OK);
    umask(before);
    assert_int_equal(look().st_mode & 0777, 0600);
    assert_int_equal(add(BOB, &error), WI_OK);
    check_text(ADA "\n" BOB "\n");
}

TEST(tells_what_is_there)
{
    struct wi_token_file file;
    struct wi_error error;
    assert_int_equal(wi_token_file_open(&file, path, &error), WI_OK);
    assert_int_equal(file.tokens.count, 0);
    wi_token_file_close(&file);
    write_text("# ours\n" ADA "\n" BOB, 0600);
    assert_int_equal(wi_token_file_open(&file, path, &error), WI_OK);
    assert_int_equal(file.tokens.count, 2);
    assert_int_equal(wi_api_tokens_count(&file.tokens, WI_RANK_ADMIN), 1);
    wi_token_file_close(&file);
}

TEST(ends_a_line_that_was_not)
{
    struct wi_error error;
    write_text("# ours\n" ADA, 0600);
    assert_int_equal(add(BOB, &error), WI_OK);
    check_text("# ours\n" ADA "\n" BOB "\n");
}

/* Who has the old file open, as a daemon that reads it, goes on reading the old one. */
TEST(replaces_the_file_whole)
{
    struct wi_error error;
    char text[200] = "";
    write_text(ADA "\n", 0400);
    ino_t inode = look().st_ino;
    int fd = open(path, O_RDONLY);
    assert_int_equal(add(BOB, &error), WI_OK);
    assert_true(read(fd, text, sizeof text - 1) > 0);
    close(fd);
    assert_string_equal(text, ADA "\n");
    assert_int_not_equal(look().st_ino, inode);
    assert_int_equal(look().st_mode & 0777, 0400);
}

TEST(two_at_a_time_lose_no_line)
{
    enum { WRITERS = 8 };
    struct wi_error error;
    struct wi_token_file file;
    for (int i = 0; i < WRITERS; i++) {
        pid_t child = fork();
        assert_true(child >= 0);
        if (child > 0)
            continue;
        char line[100];
        snprintf(line, sizeof line, "w%d:%064d:user", i, i);
        _exit(add(line, &error) == WI_OK ? 0 : 1);
    }
    for (int i = 0; i < WRITERS; i++) {
        int status = 0;
        assert_true(wait(&status) > 0);
        assert_int_equal(status, 0);
    }
    assert_int_equal(wi_token_file_open(&file, path, &error), WI_OK);
    assert_int_equal(file.tokens.count, WRITERS);
    wi_token_file_close(&file);
}

TEST(refuses_a_file_open_to_others)
{
    struct wi_error error;
    write_text("", 0644);
    assert_int_equal(add(ADA, &error), WI_BAD_REQUEST);
    assert_non_null(strstr(error.detail, "chmod 600"));
}

TEST(refuses_a_file_that_the_daemon_would_refuse)
{
    struct wi_error error;
    write_text(ADA "\nnonsense\n", 0600);
    assert_int_not_equal(add(BOB, &error), WI_OK);
    assert_non_null(strstr(error.detail, "line 2"));
    check_text(ADA "\nnonsense\n");
}

TEST(refuses_what_is_no_plain_file)
{
    struct wi_token_file file;
    struct wi_error error;
    const char *const others[] = {"/dev/null", directory, "/tmp/", "/nonexistent/tokens"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        assert_int_equal(wi_token_file_open(&file, others[i], &error), WI_BAD_REQUEST);
        wi_token_file_close(&file);
    }
    assert_int_equal(symlink("/dev/null", path), 0);
    assert_int_equal(add(ADA, &error), WI_BAD_REQUEST);
}

TEST(an_owner_has_to_be_somebody)
{
    struct wi_error error;
    assert_int_equal(add_as(ADA, "no-such-user", &error), WI_BAD_REQUEST);
    assert_non_null(strstr(error.detail, "no-such-user"));
    assert_int_equal(access(path, F_OK), -1);
}

/* --- as root --------------------------------------------------------------------------------- */

static void need_root(void)
{
    if (geteuid() == 0)
        return;
    print_message("skipped: only root can give a file to another user\n");
    skip();
}

TEST(roots_new_file_belongs_to_the_owner_of_its_folder)
{
    struct wi_error error;
    need_root();
    assert_int_equal(chown(directory, NOBODY, NOBODY), 0);
    assert_int_equal(add(ADA, &error), WI_OK);
    assert_int_equal(look().st_uid, NOBODY);
    assert_int_equal(look().st_gid, NOBODY);
    assert_int_equal(look().st_mode & 0777, 0600);
}

TEST(roots_new_file_in_its_own_folder_is_the_services)
{
    struct wi_error error;
    need_root();
    const struct passwd *service = getpwnam(SERVICE_USER);
    uid_t expected = service ? service->pw_uid : 0;
    assert_int_equal(add(ADA, &error), WI_OK);
    assert_int_equal(look().st_uid, expected);
}

TEST(a_file_that_exists_stays_whose_it_is)
{
    struct wi_error error;
    need_root();
    write_text(ADA "\n", 0600);
    assert_int_equal(chown(path, NOBODY, 4), 0);
    assert_int_equal(add(BOB, &error), WI_OK);
    assert_int_equal(look().st_uid, NOBODY);
    assert_int_equal(look().st_gid, 4);
    check_text(ADA "\n" BOB "\n");
}

TEST(an_owner_is_obeyed)
{
    struct wi_error error;
    need_root();
    assert_int_equal(add_as(ADA, "nobody", &error), WI_OK);
    assert_int_equal(look().st_uid, NOBODY);
    assert_int_equal(add_as(BOB, "root", &error), WI_OK);
    assert_int_equal(look().st_uid, 0);
}

/* One that is not root may add to its own file only. */
TEST(others_cannot_give_files_away)
{
    struct wi_error error;
    need_root();
    assert_int_equal(chown(directory, NOBODY, NOBODY), 0);
    write_text(ADA "\n", 0600);
    assert_int_equal(seteuid(NOBODY), 0);
    enum wi_code others = add(BOB, &error);
    enum wi_code giving = WI_OK;
    assert_int_equal(unlink(path), 0);
    enum wi_code own = add(ADA, &error);
    giving = add_as(BOB, "root", &error);
    assert_int_equal(seteuid(0), 0);
    assert_int_not_equal(others, WI_OK);
    assert_int_equal(own, WI_OK);
    assert_int_not_equal(giving, WI_OK);
    assert_non_null(strstr(error.detail, "only root"));
    check_text(ADA "\n");
}
