/*
 * webinfer backup and webinfer restore: copy the database of a running daemon to a file, and
 * replace the database with that file while no daemon runs.
 */
#include "cli/commands/commands.h"

#include "cli/plain.h"
#include "cli/save.h"
#include "settings/store/backup.h"
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TYPE "application/vnd.sqlite3"

static enum wi_code check_target(const struct wi_cli *cli, const char *path, struct wi_error *error)
{
    if (strcmp(path, "-") == 0)
        return wi_cli_refuse(error,
            "a backup is checked before it gets its name, which is impossible on standard output; "
            "name a file");
    if (access(path, F_OK) == 0 && !wi_argument_given(&cli->arguments, "force"))
        return wi_cli_refuse(error, "%s exists already; --force replaces it", path);
    return WI_OK;
}

static enum wi_exit say_backup(const struct wi_cli *cli, const char *path, int64_t version)
{
    struct stat info;
    if (stat(path, &info) != 0)
        return WI_EXIT_FAILED;
    if (cli->json)
        wi_plain_put_json(json_pack("{s:s, s:I, s:I}", "file", path, "bytes",
            (json_int_t)info.st_size, "tables_version", (json_int_t)version));
    else
        printf("%s: %lld bytes, checked; it does not contain models, tokens or configuration\n",
            path, (long long)info.st_size);
    return WI_EXIT_OK;
}

/* The received file gets its name only if it is an intact database. */
static enum wi_exit keep_backup(struct wi_cli *cli, struct wi_save *save)
{
    struct wi_error error = {0};
    int64_t version = wi_db_backup_check(save->temporary, &error);
    if (version < 0)
        return wi_cli_fail(
            WI_EXIT_FAILED, "the received data is not a backup and was deleted: %s", error.detail);
    if (wi_save_end(save, &error) != WI_OK)
        return wi_cli_complain(&error);
    return say_backup(cli, save->path, version);
}

enum wi_exit wi_cli_backup(struct wi_cli *cli)
{
    const struct wi_rest_request request = {
        .path = "/v1/admin/backup", .method = "POST", .accept = TYPE};
    const char *path = cli->arguments.positionals[0];
    struct wi_error error = {0};
    struct wi_save save;
    enum wi_exit result = WI_EXIT_USAGE;

    if (check_target(cli, path, &error) != WI_OK)
        return wi_cli_complain(&error);
    if (wi_save_begin(&save, path, 0600, &error) != WI_OK)
        wi_cli_complain(&error);
    else
        result = wi_save_answer(&save, cli, &request);
    if (result == WI_EXIT_OK)
        result = keep_backup(cli, &save);
    wi_save_drop(&save);
    return result;
}

static void say_restored(const struct wi_cli *cli, const struct wi_db_restored *restored)
{
    if (cli->json) {
        wi_plain_put_json(
            json_pack("{s:s, s:s?}", "database", restored->database, "before", restored->before));
        return;
    }
    printf("%s now contains the backup\n", restored->database);
    if (restored->before)
        printf("the previous database is kept as %s\n", restored->before);
}

enum wi_exit wi_cli_restore(struct wi_cli *cli)
{
    const char *folder = wi_argument(&cli->arguments, "state");
    struct wi_db_restored restored;
    struct wi_error error = {0};

    if (wi_db_restore(cli->arguments.positionals[0], folder, &restored, &error) != WI_OK) {
        wi_cli_complain(&error);
        return error.code == WI_INVALID_FIELD ? WI_EXIT_USAGE : WI_EXIT_FAILED;
    }
    say_restored(cli, &restored);
    wi_db_restored_clear(&restored);
    return WI_EXIT_OK;
}
