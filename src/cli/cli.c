/* Functions that the commands share: printing errors, reading bounded files, and "GET, check,
 * print". */
#include "cli/cli.h"

#include "base/memory.h"
#include "base/text.h"
#include "cli/plain.h"
#include "cli/text_table.h"
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ANSWER_MS 30000
#define MODEL_TIMEOUT_MS 600000 /* the daemon reads and hashes the files, perhaps after others */

static void put_line(const char *label, const char *text)
{
    if (!text || !*text)
        return;
    fputs(label, stderr);
    wi_plain_print(stderr, text);
    fputc('\n', stderr);
}

enum wi_exit wi_cli_complain(const struct wi_error *error)
{
    put_line("webinfer: ", error->detail);
    put_line("  field: ", error->field);
    put_line("  expected: ", error->expected);
    put_line("  allowed: ", error->allowed);
    return WI_EXIT_USAGE;
}

enum wi_exit wi_cli_fail(enum wi_exit exit, const char *format, ...)
{
    va_list arguments;

    fputs("webinfer: ", stderr);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    return exit;
}

char *wi_cli_read_file(const char *path, size_t max, size_t *size, struct wi_error *error)
{
    int standard = strcmp(path, "-") == 0;
    FILE *file = standard ? stdin : fopen(path, "re");
    struct wi_buffer text = {0};
    char part[64 * 1024];

    while (file && text.size <= max && (*size = fread(part, 1, sizeof part, file)) > 0)
        wi_buffer_add(&text, part, *size);
    int failed = !file || ferror(file) || text.size > max;
    if (!file || ferror(file))
        wi_cli_refuse(error, "%s cannot be read: %s", path, strerror(errno));
    else if (failed)
        wi_cli_refuse(error, "%s has more than the %zu bytes allowed", path, max);
    if (file && !standard)
        fclose(file);
    if (failed)
        wi_buffer_clear(&text);
    *size = text.size;
    return failed ? NULL : wi_buffer_take(&text);
}

/* The path of this program, "" if it is unknown. */
static void find_program(char here[PATH_MAX])
{
    ssize_t length = readlink("/proc/self/exe", here, PATH_MAX - 1);

    here[length > 0 ? length : 0] = '\0';
}

char *wi_cli_find_above(const char *file)
{
    char here[PATH_MAX];

    find_program(here);
    for (char *slash; (slash = strrchr(here, '/')) && slash > here;) {
        *slash = '\0';
        char *path = wi_sprintf("%s/%s", here, file);
        int found = access(path, R_OK) == 0;
        free(path);
        if (found)
            return wi_strdup(here);
    }
    return NULL;
}

char *wi_cli_find_beside(const char *name)
{
    char here[PATH_MAX];

    find_program(here);
    if (*here) {
        char *path = wi_sprintf("%.*s%s", (int)(wi_text_basename(here) - here), here, name);
        if (access(path, X_OK) == 0)
            return path;
        free(path);
    }
    return wi_strdup(name);
}

/* Prints the failures of the attempts, or the errors in a source that was sent, a line for each;
 * `member` says why. */
static void complain_rows(const json_t *rows, const char *member)
{
    const json_t *row;
    size_t i;

    json_array_foreach(rows, i, row)
    {
        const char *reason = wi_json_text(row, member);
        struct wi_buffer place = {0};
        wi_table_fill(&place,
            json_object_get(row, "line") ? "  line {line}, column {column}< on {node}>: "
                                         : "  failed {times} times< on {node}>: ",
            row);
        wi_buffer_puts(&place, reason ? reason : "no reason given");
        put_line("", place.text);
        wi_buffer_clear(&place);
    }
}

static void complain_problem(const json_t *problem, long status)
{
    const char *detail = wi_json_text(problem, "detail");
    struct wi_buffer text = {0};

    fprintf(stderr, "webinfer: the server answered %ld: ", status);
    wi_plain_print(stderr, detail ? detail : "no reason given");
    wi_table_fill(&text,
        "\n<  code: {code}\n><  field: {field}\n><  expected: {expected}\n><  allowed: {allowed}\n>"
        "<  attempts: {attempts}\n><  request_id: {request_id}\n>",
        problem);
    wi_plain_flush(stderr, &text);
    complain_rows(json_object_get(problem, "failures"), "reason");
    complain_rows(json_object_get(problem, "errors"), "message");
}

/* Says what to do about a missing answer. A program that was built in a checkout has no systemd
 * unit. */
static void complain_no_answer(const struct wi_cli *cli, const struct wi_rest_answer *answer)
{
    char *checkout = wi_cli_find_above("scripts/demo.mjs");
    char *start =
        checkout ? wi_sprintf("%s/dev run", checkout) : wi_strdup("systemctl start webinferd");

    fprintf(stderr, "webinfer: no answer from %s: %s\n  ", cli->rest.url, answer->failure);
    if (answer->untrusted)
        fputs("its certificate is not trusted; name the certificate itself, or that of the "
              "authority that signed it, with --authority FILE\n",
            stderr);
    else if (answer->late)
        fputs("it is running but busy, and may be reading or hashing models; webinfer status shows "
              "more\n",
            stderr);
    else
        fprintf(stderr,
            "is webinferd running there? %s or webinferd --config FILE starts it; --url or "
            "$WEBINFER_URL gives its address\n",
            start);
    free(start);
    free(checkout);
}

enum wi_exit wi_cli_check(const struct wi_cli *cli, const struct wi_rest_answer *answer)
{
    json_t *problem;

    if (answer->status == 0) {
        complain_no_answer(cli, answer);
        return WI_EXIT_NO_SERVER;
    }
    if (answer->status >= 200 && answer->status < 300)
        return WI_EXIT_OK;
    problem = json_loadb(answer->body.text, answer->body.size, 0, NULL);
    if (cli->json)
        wi_plain_json(stdout, answer->body.text, answer->body.size);
    complain_problem(problem, answer->status);
    json_decref(problem);
    if (answer->status != 401 && answer->status != 403)
        return WI_EXIT_FAILED;
    if (answer->status == 401)
        fputs("  give a token: --token-file FILE or $WEBINFER_TOKEN\n", stderr);
    return WI_EXIT_UNAUTHORIZED;
}

json_t *wi_cli_get(const struct wi_cli *cli, const char *path, const char *name)
{
    struct wi_rest_answer answer;
    json_t *value = NULL;

    wi_cli_send(cli, &(struct wi_rest_request){.path = path, .name = name}, &answer);
    if (answer.status == 200)
        value = json_loadb(answer.body.text, answer.body.size, 0, NULL);
    wi_rest_answer_clear(&answer);
    if (json_is_object(value))
        return value;
    json_decref(value);
    return NULL;
}

void wi_cli_send(
    const struct wi_cli *cli, const struct wi_rest_request *request, struct wi_rest_answer *answer)
{
    struct wi_rest_request sent = *request;
    struct wi_buffer text = {0};
    int before = (int)strcspn(request->path, "*");
    char *path = NULL;

    if (request->name)
        sent.path = path = wi_sprintf(
            "%.*s%s%s", before, request->path, request->name, request->path + before + 1);
    if (request->timeout_ms == 0 && !request->on_events)
        sent.timeout_ms = ANSWER_MS;
    if (request->json) {
        wi_buffer_json(&text, request->json);
        sent.body = text.text;
        sent.body_size = text.size;
    }
    wi_rest_exchange(&cli->rest, &sent, answer);
    wi_buffer_clear(&text);
    json_decref(request->json);
    free(path);
}

enum wi_exit wi_cli_take(const struct wi_cli *cli, struct wi_rest_answer *answer, json_t **value)
{
    enum wi_exit result = wi_cli_check(cli, answer);

    *value =
        result == WI_EXIT_OK ? json_loadb(answer->body.text, answer->body.size, 0, NULL) : NULL;
    wi_rest_answer_clear(answer);
    return result;
}

enum wi_exit wi_cli_exchange(
    const struct wi_cli *cli, const struct wi_rest_request *request, json_t **value)
{
    struct wi_rest_answer answer;

    wi_cli_send(cli, request, &answer);
    return wi_cli_take(cli, &answer, value);
}

long wi_cli_tell(const struct wi_cli *cli, const struct wi_rest_request *request)
{
    struct wi_rest_answer answer;

    wi_cli_send(cli, request, &answer);
    long status = answer.status;
    wi_rest_answer_clear(&answer);
    return status;
}

enum wi_exit wi_cli_order(
    const struct wi_cli *cli, const struct wi_rest_request *request, json_t **value)
{
    struct wi_rest_answer answer;
    enum wi_exit result;

    wi_cli_send(cli, request, &answer);
    result = wi_cli_check(cli, &answer);
    if (result == WI_EXIT_OK && cli->json)
        wi_plain_json(stdout, answer.body.text, answer.body.size);
    else if (result == WI_EXIT_OK && value)
        *value = json_loadb(answer.body.text, answer.body.size, 0, NULL);
    wi_rest_answer_clear(&answer);
    return result;
}

enum wi_exit wi_cli_order_say(
    const struct wi_cli *cli, const struct wi_rest_request *request, FILE *out, const char *said)
{
    struct wi_buffer text = {0};
    json_t *value = NULL;
    enum wi_exit result = wi_cli_order(cli, request, &value);

    if (result == WI_EXIT_OK && !cli->json && strchr(said, '{') && !json_is_object(value))
        result = wi_cli_fail(WI_EXIT_FAILED, "the reply is not an answer from webinferd");
    else if (result == WI_EXIT_OK && !cli->json)
        wi_table_fill(&text, said, value);
    wi_plain_flush(out, &text);
    json_decref(value);
    return result;
}

int wi_cli_is_id(const char *id)
{
    static const char good[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";

    return id && *id && strcmp(id, ".") != 0 && strcmp(id, "..") != 0 &&
           id[strspn(id, good)] == '\0';
}

int wi_cli_read_position(
    const struct wi_rest_answer *answer, const char *member, uint64_t *position)
{
    json_t *value = json_loadb(answer->body.text, answer->body.size, 0, NULL);
    const json_t *told = json_object_get(value, member);
    const char *text = json_string_value(told);
    char *end = NULL;

    *position = text ? strtoull(text, &end, 10) : (uint64_t)json_integer_value(told);
    int found = text ? end > text && !*end : json_is_integer(told);
    json_decref(value);
    return found ? 0 : -1;
}

void wi_cli_ask_model(const struct wi_cli *cli, const char *name, struct wi_rest_answer *answer)
{
    wi_cli_send(cli,
        &(struct wi_rest_request){
            .path = "/v1/models/*", .name = name, .timeout_ms = MODEL_TIMEOUT_MS},
        answer);
}

enum wi_exit wi_cli_show(struct wi_cli *cli, const char *path,
    void (*print)(const struct wi_cli *cli, const json_t *answer))
{
    struct wi_rest_answer answer;

    wi_cli_send(cli, &(struct wi_rest_request){.path = path}, &answer);
    enum wi_exit result = wi_cli_check(cli, &answer);
    json_t *value = json_loadb(answer.body.text, answer.body.size, 0, NULL);
    if (result == WI_EXIT_OK && !json_is_object(value))
        result = wi_cli_fail(
            WI_EXIT_FAILED, "%s%s is not an answer from webinferd", cli->rest.url, path);
    else if (result == WI_EXIT_OK && cli->json)
        wi_plain_json(stdout, answer.body.text, answer.body.size);
    else if (result == WI_EXIT_OK)
        print(cli, value);
    json_decref(value);
    wi_rest_answer_clear(&answer);
    return result;
}
