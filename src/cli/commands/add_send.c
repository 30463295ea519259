/* Sends the files of a model to the daemon. A file is read twice, for its hash and for sending it;
 * the daemon notices if it changed in between. */
#include "cli/commands/add_files.h"
#include "cli/commands/commands.h"

#include "base/clock.h"
#include "base/descriptors.h"
#include "base/hash.h"
#include "base/memory.h"
#include "cli/progress.h"
#include "cli/text_table.h"
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define PIECE ((size_t)4 << 20)
#define PIECE_MIN ((size_t)64 << 10)
#define ASK_MS 60000
#define PIECE_MS 120000
#define REMOVE_MS 10000
#define PUBLISH_MS 600000 /* the daemon hashes and reads the files, perhaps after others */
#define TRIES 5           /* failed tries before a lost daemon is given up */

struct sending {
    struct wi_cli *cli;
    struct wi_add_files *files;
    struct wi_cli_progress progress;
    unsigned char *piece;
    size_t piece_max;
    char *upload; /* its path; NULL: there is none */
    /* State of the file that is being read or sent. */
    double began_ms;
    uint64_t from, at, reached; /* bytes: the first, the current and the highest position */
    unsigned tries;             /* failed tries since the last piece that the daemon took */
};

/* --- showing, and being interrupted ---------------------------------------------------------- */

static void sending_begin(struct sending *sending, uint64_t at)
{
    sending->began_ms = wi_now_ms();
    sending->from = sending->at = sending->reached = at;
    sending->tries = 0;
}

static void sending_show(struct sending *sending, const char *verb,
    const struct wi_model_file *file, const char *retrying)
{
    double seconds = (wi_now_ms() - sending->began_ms) / 1000;
    double rate = sending->at > sending->from ? (double)(sending->at - sending->from) / seconds : 0;
    json_t *row;

    if (!sending->progress.terminal)
        return;
    row = json_pack("{s:o, s:s*, s:I, s:I, s:f, s:f}", "state",
        json_sprintf("%s %s", verb, file->path), "retrying", retrying, "loaded_bytes",
        (json_int_t)sending->at, "total_bytes", (json_int_t)file->bytes, "bytes_per_second", rate,
        "seconds_left", rate > 0 ? (double)(file->bytes - sending->at) / rate : 0);
    wi_cli_progress_show(&sending->progress, row);
    json_decref(row);
}

static int is_interrupted(void)
{
    sigset_t pending;

    return sigpending(&pending) == 0 &&
           (sigismember(&pending, SIGINT) || sigismember(&pending, SIGTERM) ||
               sigismember(&pending, SIGHUP));
}

static const struct wi_error no_answer = {
    .detail = "the reply about the upload is not an answer from webinferd"};

static enum wi_exit sending_complain(struct sending *sending, const struct wi_error *error)
{
    wi_cli_progress_end(&sending->progress);
    return wi_cli_complain(error);
}

static enum wi_exit sending_check(struct sending *sending, const struct wi_rest_answer *answer)
{
    wi_cli_progress_end(&sending->progress);
    if (answer->status != 0 || !is_interrupted())
        return wi_cli_check(sending->cli, answer);
    return wi_cli_fail(WI_EXIT_FAILED, "interrupted");
}

/* --- reading --------------------------------------------------------------------------------- */

/* Reads the next bytes; `*size` gets their number. */
static enum wi_code read_piece(struct sending *sending, int fd, const struct wi_model_file *file,
    size_t *size, struct wi_error *error)
{
    uint64_t left = file->bytes - sending->at;
    ssize_t n;

    *size = left < sending->piece_max ? (size_t)left : sending->piece_max;
    if (is_interrupted())
        return wi_cli_refuse(error, "interrupted");
    for (size_t got = 0; got < *size; got += (size_t)n) {
        n = wi_add_files_read(
            sending->files, file, fd, sending->piece + got, *size - got, sending->at + got);
        if (n <= 0)
            return wi_cli_refuse(error, "%s cannot be read: %s", file->path,
                n < 0 ? strerror(errno) : "it has become shorter");
    }
    return WI_OK;
}

static enum wi_exit hash_file(struct sending *sending, struct wi_model_file *file)
{
    struct wi_error error = {0};
    int fd = wi_add_files_open(sending->files, file, &error);
    enum wi_code code = fd < 0 ? error.code : WI_OK;
    struct wi_hasher *hasher = wi_hasher_new(WI_SHA256);
    size_t size;

    sending_begin(sending, 0);
    while (code == WI_OK && sending->at < file->bytes) {
        if ((code = read_piece(sending, fd, file, &size, &error)) != WI_OK)
            break;
        wi_hasher_add(hasher, sending->piece, size);
        sending->at += size;
        sending_show(sending, "hashing", file, NULL);
    }
    wi_hasher_end(hasher, file->hash);
    wi_hasher_free(hasher);
    wi_close(fd);
    return code == WI_OK ? WI_EXIT_OK : sending_complain(sending, &error);
}

/* --- announcing ------------------------------------------------------------------------------ */

static const char advice[] = "  --force replaces a model; --name NAME adds it under another name\n";

/* Checks before all files are read that there is a daemon, that it admits this client, and that it
 * has no model of that name. Other errors are reported when the files are announced. */
static enum wi_exit ask_first(struct sending *sending, const char *name, int replace)
{
    struct wi_rest_answer answer;
    enum wi_exit result = WI_EXIT_OK;

    wi_cli_ask_model(sending->cli, name, &answer);
    if (answer.status == 0 || answer.status == 401 || answer.status == 403) {
        result = sending_check(sending, &answer);
    } else if (answer.status == 200 && !replace) {
        result = wi_cli_fail(WI_EXIT_FAILED, "the model %s exists already", name);
        fputs(advice, stderr);
    }
    wi_rest_answer_clear(&answer);
    return result;
}

/* Also checks before reading that a store could hold the model at all. A few blocks of a CAR may
 * make a model that is larger than any disk and takes long to read. */
static enum wi_exit check_room(struct sending *sending)
{
    json_t *answer = wi_cli_get(sending->cli, "/v1/models?limit=1", NULL);
    json_int_t room = json_integer_value(json_object_get(answer, "room"));
    uint64_t bytes = wi_manifest_bytes(&sending->files->list);
    struct wi_error error;

    json_decref(answer);
    if (room <= 0 || bytes <= (uint64_t)room)
        return WI_EXIT_OK;
    wi_error_set(&error, WI_NO_ROOM, "",
        "no room: the model has %" PRIu64
        " bytes, and the daemon's model store has room for %" JSON_INTEGER_FORMAT
        " at most ([models] quota, or its disk)",
        bytes, room);
    sending_complain(sending, &error);
    return WI_EXIT_FAILED;
}

static json_t *make_announcement(const struct wi_manifest *list, int replace)
{
    json_t *rows = json_array();

    for (size_t i = 0; i < list->count; i++)
        json_array_append_new(
            rows, json_pack("{s:s, s:I, s:s}", "path", list->files[i].path, "bytes",
                      (json_int_t)list->files[i].bytes, "sha256", list->files[i].hash));
    return json_pack("{s:o, s:b}", "files", rows, "replace", replace);
}

/* `*wanted` is a new reference. ^C does not end this request: it stays pending until the upload is
 * known and can be removed. */
static enum wi_exit upload_announce(
    struct sending *sending, const char *name, int replace, json_t **wanted)
{
    struct wi_rest_answer answer;
    const char *id;
    enum wi_exit result;
    json_t *row;

    wi_cli_send(sending->cli,
        &(struct wi_rest_request){.path = "/v1/models/*/files",
            .name = name,
            .json = make_announcement(&sending->files->list, replace),
            .timeout_ms = ASK_MS},
        &answer);
    result = sending_check(sending, &answer);
    if (answer.status == 409 && !replace)
        fputs(advice, stderr);
    row = json_loadb(answer.body.text, answer.body.size, 0, NULL);
    id = wi_json_text(row, "id");
    *wanted = json_incref(json_object_get(row, "wanted"));
    if (wi_cli_is_id(id))
        sending->upload = wi_sprintf("/v1/uploads/%s", id);
    else if (result == WI_EXIT_OK)
        result = sending_complain(sending, &no_answer);
    json_decref(row);
    wi_rest_answer_clear(&answer);
    return result;
}

/* --- sending --------------------------------------------------------------------------------- */

/* Takes the position at which the daemon wants the file to continue, from `expected`, if it has
 * more or less of the file. */
static int take_expected(
    struct sending *sending, const struct wi_rest_answer *answer, const struct wi_model_file *file)
{
    uint64_t at;

    if (wi_cli_read_position(answer, "expected", &at) != 0 || at > file->bytes)
        return 0;
    sending->at = at;
    return at > sending->reached;
}

/* Whether it may be tried once more, after a pause that grows. */
static int may_retry(
    struct sending *sending, const struct wi_rest_answer *answer, const struct wi_model_file *file)
{
    int passes = answer->status == 0 || answer->status == 409 || answer->status == 503;
    unsigned tenths = 10u << sending->tries;

    if (!passes || answer->untrusted || sending->tries++ == TRIES)
        return 0;
    sending_show(sending, "sending", file, "the connection to the daemon was lost");
    while (tenths-- > 0 && !is_interrupted())
        nanosleep(&(struct timespec){.tv_nsec = 100000000}, NULL);
    return !is_interrupted();
}

/* Prints the daemon's error, and advice if it has lost the upload or is lost itself. */
static enum wi_exit give_up(struct sending *sending, const struct wi_rest_answer *answer)
{
    enum wi_exit result = sending_check(sending, answer);

    if ((answer->status == 0 || answer->status == 404) && !answer->untrusted && !is_interrupted())
        fputs("  the same command starts over\n", stderr);
    return result;
}

static enum wi_exit send_piece(
    struct sending *sending, const struct wi_model_file *file, size_t size)
{
    char *path =
        wi_sprintf("%s?path=%s&position=%" PRIu64, sending->upload, file->path, sending->at);
    struct wi_rest_answer answer;
    enum wi_exit result = WI_EXIT_OK;

    wi_rest_exchange(&sending->cli->rest,
        &(struct wi_rest_request){.path = path,
            .method = "PUT",
            .body = sending->piece,
            .body_size = size,
            .is_bytes = 1,
            .timeout_ms = PIECE_MS,
            .is_cancelled = is_interrupted},
        &answer);
    if (answer.status >= 200 && answer.status < 300)
        sending->at += size;
    else if (answer.status == 413 && sending->piece_max > PIECE_MIN)
        sending->piece_max /= 2;
    else if (!(answer.status == 409 && take_expected(sending, &answer, file)) &&
             !may_retry(sending, &answer, file))
        result = give_up(sending, &answer);
    if (sending->at > sending->reached) {
        sending->reached = sending->at;
        sending->tries = 0;
    }
    wi_rest_answer_clear(&answer);
    free(path);
    return result;
}

/* An empty file is one piece, too. */
static enum wi_exit send_file(
    struct sending *sending, const struct wi_model_file *file, uint64_t from)
{
    struct wi_error error = {0};
    int fd = wi_add_files_open(sending->files, file, &error);
    enum wi_exit result = WI_EXIT_OK;
    size_t size;

    sending_begin(sending, from);
    do {
        sending_show(sending, "sending", file, NULL);
        if (fd < 0 || read_piece(sending, fd, file, &size, &error) != WI_OK)
            result = sending_complain(sending, &error);
        else
            result = send_piece(sending, file, size);
    } while (result == WI_EXIT_OK && sending->at < file->bytes);
    wi_close(fd);
    fd = result == WI_EXIT_OK ? wi_add_files_open(sending->files, file, &error) : -1;
    if (result == WI_EXIT_OK && fd < 0)
        result = sending_complain(sending, &error);
    wi_close(fd);
    return result;
}

static enum wi_exit send_wanted(struct sending *sending, const json_t *wanted)
{
    enum wi_exit result = WI_EXIT_OK;

    for (size_t i = 0; i < json_array_size(wanted) && result == WI_EXIT_OK; i++) {
        const json_t *row = json_array_get(wanted, i);
        const char *path = wi_json_text(row, "path");
        const struct wi_model_file *file =
            path ? wi_manifest_find(&sending->files->list, path) : NULL;
        uint64_t at = (uint64_t)json_integer_value(json_object_get(row, "position"));
        if (file && at <= file->bytes)
            result = send_file(sending, file, at);
        else
            result = sending_complain(sending, &no_answer);
    }
    return result;
}

/* --- the whole ------------------------------------------------------------------------------- */

static enum wi_exit upload_publish(struct sending *sending, struct wi_rest_answer *answer)
{
    wi_cli_progress_end(&sending->progress);
    wi_cli_send(sending->cli,
        &(struct wi_rest_request){.path = "*/publish",
            .name = sending->upload,
            .method = "POST",
            .timeout_ms = PUBLISH_MS,
            .is_cancelled = is_interrupted},
        answer);
    return sending_check(sending, answer);
}

/* The daemon may still be busy with it for a moment. */
static void take_back(struct sending *sending)
{
    const struct wi_rest_request request = {
        .path = sending->upload, .method = "DELETE", .timeout_ms = REMOVE_MS};

    for (int i = 0; i < TRIES && wi_cli_tell(sending->cli, &request) == 409; i++)
        nanosleep(&(struct timespec){.tv_nsec = 500000000}, NULL);
}

static enum wi_exit hash_all(struct sending *sending)
{
    struct wi_add_files *files = sending->files;
    enum wi_exit result = check_room(sending);
    for (size_t i = 0; i < files->list.count && result == WI_EXIT_OK; i++)
        result = hash_file(sending, &files->list.files[i]);
    return result;
}

static enum wi_exit send_all(
    struct sending *sending, const char *name, int replace, struct wi_rest_answer *answer)
{
    json_t *wanted = NULL;
    enum wi_exit result = upload_announce(sending, name, replace, &wanted);
    if (result == WI_EXIT_OK)
        result = send_wanted(sending, wanted);
    if (result == WI_EXIT_OK)
        result = upload_publish(sending, answer);
    if (result != WI_EXIT_OK && sending->upload)
        take_back(sending);
    json_decref(wanted);
    return result;
}

enum wi_exit wi_add_send(struct wi_cli *cli, struct wi_add_files *files, const char *name,
    char **hashed, int replace, struct wi_rest_answer *answer)
{
    struct sending sending = {.cli = cli,
        .files = files,
        .progress = wi_cli_progress_begin(),
        .piece = wi_alloc(PIECE),
        .piece_max = PIECE};
    char hash[WI_MANIFEST_HEX];
    enum wi_exit result = hashed ? WI_EXIT_OK : ask_first(&sending, name, replace);

    if (result == WI_EXIT_OK)
        result = hash_all(&sending);
    if (hashed) {
        wi_manifest_hash(&files->list, hash);
        *hashed = wi_sprintf("%s%.16s", name, hash);
    }
    if (result == WI_EXIT_OK)
        result = send_all(&sending, hashed ? *hashed : name, replace, answer);
    free(sending.upload);
    free(sending.piece);
    return result;
}
