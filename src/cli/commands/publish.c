/*
 * webinfer publish and webinfer unpublish: a model gets a CID, which is printed, or is written to
 * one file for a machine without a network.
 */
#include "cli/arguments.h"
#include "cli/commands/commands.h"

#include "base/clock.h"
#include "base/memory.h"
#include "cli/events.h"
#include "cli/plain.h"
#include "cli/progress.h"
#include "cli/table.h"
#include "content/car.h"
#include "library/model.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ORDER_MS 30000
/* How often it is shown how much of a file was written. */
#define SHOW_EVERY_MS 100

struct show {
    struct wi_cli *cli;
    json_t *published; /* what the server said at the end */
};

/* --- publishing ------------------------------------------------------------------------------- */

static void on_event(void *context, const char *name, const json_t *value)
{
    struct show *show = context;

    if (strcmp(name, "done") == 0) {
        json_decref(show->published);
        show->published = json_incref((json_t *)value);
    }
}

static enum wi_exit publish(struct show *show, const char *path)
{
    const struct wi_cli_follow follow = {.cli = show->cli,
        .stopped = "it is not published",
        .lost = "",
        .on_event = on_event,
        .context = show};
    struct wi_rest_request request = {
        .path = path, .method = "POST", .accept = "text/event-stream"};

    return wi_cli_follow(&follow, &request);
}

/* --- what is said ----------------------------------------------------------------------------- */

static void put_address(FILE *out, const json_t *published)
{
    const char *cid = json_string_value(json_object_get(published, "cid"));

    fputs("ipfs://", out);
    wi_plain_print(out, cid ? cid : "?");
    fputc('\n', out);
}

static void say(const struct show *show, int is_written)
{
    if (show->cli->json)
        wi_plain_put_json(show->published);
    else
        put_address(stdout, show->published);
    if (!is_written && json_is_false(json_object_get(show->published, "served")))
        fputs("webinfer: nobody gets it from this daemon yet: set serve = published in the section "
              "[content] of its configuration\n",
            stderr);
}

/* --- a file that is there whole or not at all ------------------------------------------------- */

/* Written under another name beside it, and renamed. */
struct whole_file {
    const char *path; /* borrowed; "-" is standard output, which gets the bytes as they come */
    FILE *out;
    char *temporary; /* NULL of standard output */
};

static enum wi_code fail(const struct whole_file *file, const char *what, struct wi_error *error)
{
    const char *name = file->temporary ? file->path : "standard output";
    return wi_error_set(error, WI_BAD_REQUEST, "", "%s %s: %s", name, what, strerror(errno));
}

static enum wi_code begin_standard(struct whole_file *file, struct wi_error *error)
{
    if (isatty(STDOUT_FILENO))
        return wi_error_set(error, WI_BAD_REQUEST, "",
            "standard output is a terminal, which shows no such file; name a file, or a program "
            "with |");
    file->out = stdout;
    return WI_OK;
}

/* The permissions that a new file gets; there is no other way to ask for them. */
static mode_t usual_mode(void)
{
    mode_t mask = umask(0);
    umask(mask);
    return 0666 & ~mask;
}

static FILE *open_temporary(char *path)
{
    int fd = mkostemp(path, O_CLOEXEC);
    FILE *out = fd >= 0 && fchmod(fd, usual_mode()) == 0 ? fdopen(fd, "w") : NULL;
    if (!out && fd >= 0) {
        close(fd);
        unlink(path);
    }
    return out;
}

static enum wi_code whole_file_begin(
    struct whole_file *file, const char *path, struct wi_error *error)
{
    struct stat status;
    *file = (struct whole_file){.path = path};
    if (strcmp(path, "-") == 0)
        return begin_standard(file, error);
    if (stat(path, &status) == 0 && !S_ISREG(status.st_mode))
        return wi_error_set(
            error, WI_BAD_REQUEST, "", "%s is no plain file; - is standard output", path);
    file->temporary = wi_sprintf("%s.XXXXXX", path);
    file->out = open_temporary(file->temporary);
    if (file->out)
        return WI_OK;
    enum wi_code code = fail(file, "cannot be written", error);
    free(file->temporary);
    file->temporary = NULL;
    return code;
}

/* Nothing is left of it. After whole_file_end it does nothing. */
static void whole_file_drop(struct whole_file *file)
{
    if (file->temporary) {
        fclose(file->out);
        unlink(file->temporary);
    }
    free(file->temporary);
    *file = (struct whole_file){.path = file->path};
}

/* It is complete, and takes the place of one of that name. */
static enum wi_code whole_file_end(struct whole_file *file, struct wi_error *error)
{
    int written = !ferror(file->out) && fflush(file->out) == 0;
    if (written && file->temporary)
        written = fsync(fileno(file->out)) == 0 && rename(file->temporary, file->path) == 0;
    if (!written) {
        enum wi_code code = fail(file, "cannot be written", error);
        whole_file_drop(file);
        return code;
    }
    if (file->temporary)
        fclose(file->out);
    free(file->temporary);
    *file = (struct whole_file){.path = file->path};
    return WI_OK;
}

/* --- as one file ------------------------------------------------------------------------------ */

struct car {
    struct show *show;
    struct wi_cli_progress progress;
    struct whole_file file;
    struct wi_rest_answer answer;
    uint64_t written;
    double shown_ms;
};

static void show_written(struct car *car)
{
    double now = wi_now_ms();
    json_t *state;

    if (now < car->shown_ms + SHOW_EVERY_MS && car->written < car->answer.announced)
        return;
    car->shown_ms = now;
    state = json_pack("{s:s, s:I, s:I}", "state", "writing", "loaded_bytes",
        (json_int_t)car->written, "total_bytes", (json_int_t)car->answer.announced);
    wi_cli_progress_show(&car->progress, state);
    json_decref(state);
}

static int take_bytes(void *context, const char *bytes, size_t size)
{
    struct car *car = context;

    if (fwrite(bytes, 1, size, car->file.out) != size || wi_cli_is_interrupted())
        return -1;
    car->written += size;
    show_written(car);
    return 0;
}

/* What came is a whole CAR, or nothing is left of it. */
static enum wi_exit keep(struct car *car)
{
    const struct wi_rest_answer *answer = &car->answer;
    struct wi_error error = {0};

    if (answer->status == 200 && answer->events) {
        if (whole_file_end(&car->file, &error) == WI_OK)
            return WI_EXIT_OK;
        wi_cli_complain(&error);
        return WI_EXIT_USAGE;
    }
    if (!answer->events)
        return wi_cli_check(car->show->cli, answer);
    if (ferror(car->file.out)) {
        whole_file_end(&car->file, &error);
        wi_cli_complain(&error);
        return WI_EXIT_USAGE;
    }
    fprintf(stderr, "webinfer: the file was not written whole: %s\n",
        wi_cli_is_interrupted() ? "it was stopped" : answer->failure);
    return WI_EXIT_FAILED;
}

static enum wi_exit write_car(struct car *car, const char *path)
{
    struct wi_rest_request request = {.path = path,
        .method = "POST",
        .accept = WI_CAR_TYPE,
        .is_cancelled = wi_cli_is_interrupted,
        .on_events = take_bytes,
        .context = car};
    enum wi_exit result;

    wi_rest_exchange(&car->show->cli->rest, &request, &car->answer);
    wi_cli_progress_end(&car->progress);
    result = keep(car);
    wi_rest_answer_clear(&car->answer);
    return result;
}

/* Whatever ends the program in the meantime, but for SIGKILL: nothing is left of the file. */
static enum wi_exit publish_to_file(struct car *car, const char *path, const char *target)
{
    static const int ending[] = {SIGINT, SIGTERM, SIGHUP};
    struct sigaction before[sizeof ending / sizeof *ending];
    struct wi_error error = {0};
    enum wi_exit result = WI_EXIT_USAGE;

    for (size_t i = 0; i < sizeof ending / sizeof *ending; i++)
        wi_cli_catch(ending[i], &before[i]);
    if (whole_file_begin(&car->file, target, &error) != WI_OK)
        wi_cli_complain(&error);
    else
        result = publish(car->show, path);
    if (result == WI_EXIT_OK)
        result = write_car(car, path);
    whole_file_drop(&car->file);
    for (size_t i = 0; i < sizeof ending / sizeof *ending; i++)
        sigaction(ending[i], &before[i], NULL);
    return result;
}

/* Whoever takes the file from standard output is told on the other where it came from. */
static enum wi_exit publish_car(struct show *show, const char *path, const char *target)
{
    struct car car = {.show = show, .progress = wi_cli_progress_begin()};
    int is_standard = strcmp(target, "-") == 0;
    enum wi_exit result = publish_to_file(&car, path, target);

    if (result == WI_EXIT_OK && is_standard)
        put_address(stderr, show->published);
    else if (result == WI_EXIT_OK)
        say(show, 1);
    return result;
}

/* --- the commands ----------------------------------------------------------------------------- */

static enum wi_code check(const struct wi_cli *cli, const char *name, struct wi_error *error)
{
    const char *car = wi_argument(&cli->arguments, "car");

    if (car && strcmp(car, "-") == 0 && cli->json)
        return wi_error_set(error, WI_BAD_REQUEST, "",
            "--json and --car - both want standard output; give --car a file");
    return wi_model_check_name(name, error);
}

enum wi_exit wi_cli_publish(struct wi_cli *cli)
{
    struct show show = {.cli = cli};
    const char *name = cli->arguments.positionals[0], *car = wi_argument(&cli->arguments, "car");
    struct wi_error error = {0};
    enum wi_exit result;
    char *path;

    if (check(cli, name, &error) != WI_OK) {
        wi_cli_complain(&error);
        return WI_EXIT_USAGE;
    }
    path = wi_sprintf("/v1/models/%s/publish", name);
    if (car) {
        result = publish_car(&show, path, car);
    } else {
        result = publish(&show, path);
        if (result == WI_EXIT_OK)
            say(&show, 0);
    }
    json_decref(show.published);
    free(path);
    return result;
}

enum wi_exit wi_cli_unpublish(struct wi_cli *cli)
{
    const char *name = cli->arguments.positionals[0];
    struct wi_error error = {0};
    json_t *answer = NULL;
    enum wi_exit result;
    char *path;

    if (wi_model_check_name(name, &error) != WI_OK) {
        wi_cli_complain(&error);
        return WI_EXIT_USAGE;
    }
    path = wi_sprintf("/v1/models/%s/unpublish", name);
    result = wi_cli_order(cli,
        &(struct wi_rest_request){.path = path, .method = "POST", .timeout_ms = ORDER_MS}, &answer);
    if (answer)
        wi_table_say("{name}: published no longer, it was ipfs://{unpublished}\n", answer);
    json_decref(answer);
    free(path);
    return result;
}
