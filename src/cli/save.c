/* Saves an answer as a file; see save.h. */
#include "cli/save.h"

#include "base/clock.h"
#include "base/memory.h"
#include "cli/events.h"
#include "cli/progress.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The time between two updates of the progress. */
#define SHOW_EVERY_MS 100

static const int ending[] = {SIGINT, SIGTERM, SIGHUP};
#define ENDING (sizeof ending / sizeof *ending)

static enum wi_code save_fail(const struct wi_save *save, struct wi_error *error)
{
    const char *name = save->temporary ? save->path : "standard output";
    return wi_cli_refuse(error, "%s cannot be written: %s", name, strerror(errno));
}

static enum wi_code begin_standard(struct wi_save *save, struct wi_error *error)
{
    if (isatty(STDOUT_FILENO))
        return wi_cli_refuse(error,
            "standard output is a terminal, which cannot show this file; name a file, or pipe the "
            "output to a program");
    save->out = stdout;
    return WI_OK;
}

/* The permissions of a new file; the umask can only be read by setting it. */
static mode_t usual_mode(void)
{
    mode_t mask = umask(0);
    umask(mask);
    return 0666 & ~mask;
}

static FILE *open_temporary(char *path, mode_t mode)
{
    int fd = mkostemp(path, O_CLOEXEC);
    FILE *out = fd >= 0 && fchmod(fd, mode ? mode : usual_mode()) == 0 ? fdopen(fd, "w") : NULL;
    if (!out && fd >= 0) {
        close(fd);
        unlink(path);
    }
    return out;
}

enum wi_code wi_save_begin(
    struct wi_save *save, const char *path, mode_t mode, struct wi_error *error)
{
    struct stat status;
    *save = (struct wi_save){.path = path};
    for (size_t i = 0; i < ENDING; i++)
        wi_cli_catch(ending[i], &save->_before[i]);
    if (strcmp(path, "-") == 0)
        return begin_standard(save, error);
    if (stat(path, &status) == 0 && !S_ISREG(status.st_mode))
        return wi_cli_refuse(error, "%s is not a regular file; - means standard output", path);
    save->temporary = wi_sprintf("%s.XXXXXX", path);
    save->out = open_temporary(save->temporary, mode);
    if (save->out)
        return WI_OK;
    enum wi_code code = save_fail(save, error);
    free(save->temporary);
    save->temporary = NULL;
    return code;
}

static void save_close(struct wi_save *save)
{
    if (save->temporary)
        fclose(save->out);
    free(save->temporary);
    save->temporary = NULL;
    save->out = NULL;
}

enum wi_code wi_save_end(struct wi_save *save, struct wi_error *error)
{
    int written = !ferror(save->out) && fflush(save->out) == 0;
    if (written && save->temporary)
        written = fsync(fileno(save->out)) == 0 && rename(save->temporary, save->path) == 0;
    if (!written)
        return save_fail(save, error);
    save_close(save);
    return WI_OK;
}

void wi_save_drop(struct wi_save *save)
{
    if (save->temporary)
        unlink(save->temporary);
    save_close(save);
    for (size_t i = 0; i < ENDING; i++)
        sigaction(ending[i], &save->_before[i], NULL);
}

struct saving {
    struct wi_save *save;
    struct wi_cli *cli;
    struct wi_cli_progress progress;
    struct wi_rest_answer answer;
    uint64_t written;
    double shown_ms;
};

static void show_written(struct saving *saving)
{
    double now = wi_now_ms();

    if (now < saving->shown_ms + SHOW_EVERY_MS && saving->written < saving->answer.announced)
        return;
    saving->shown_ms = now;
    json_t *state = json_pack("{s:s, s:I, s:I}", "state", "writing", "loaded_bytes",
        (json_int_t)saving->written, "total_bytes", (json_int_t)saving->answer.announced);
    wi_cli_progress_show(&saving->progress, state);
    json_decref(state);
}

static int take_bytes(void *context, const char *bytes, size_t size)
{
    struct saving *saving = context;

    if (fwrite(bytes, 1, size, saving->save->out) != size || wi_cli_is_interrupted())
        return -1;
    saving->written += size;
    show_written(saving);
    return 0;
}

static enum wi_exit judge_answer(struct saving *saving)
{
    const struct wi_rest_answer *answer = &saving->answer;
    struct wi_error error = {0};

    if (!answer->events)
        return wi_cli_check(saving->cli, answer);
    if (ferror(saving->save->out) || fflush(saving->save->out) != 0) {
        save_fail(saving->save, &error);
        return wi_cli_complain(&error);
    }
    if (answer->status == 200)
        return WI_EXIT_OK;
    return wi_cli_fail(WI_EXIT_FAILED, "the file was not written completely: %s",
        wi_cli_is_interrupted() ? "it was stopped" : answer->failure);
}

enum wi_exit wi_save_answer(
    struct wi_save *save, struct wi_cli *cli, const struct wi_rest_request *request)
{
    struct saving saving = {.save = save, .cli = cli, .progress = wi_cli_progress_begin()};
    struct wi_rest_request asked = *request;

    asked.is_cancelled = wi_cli_is_interrupted;
    asked.on_events = take_bytes;
    asked.context = &saving;
    wi_cli_send(cli, &asked, &saving.answer);
    wi_cli_progress_end(&saving.progress);
    enum wi_exit result = judge_answer(&saving);
    wi_rest_answer_clear(&saving.answer);
    return result;
}
