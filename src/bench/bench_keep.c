/* Runs and cells sent to POST /v1/results. */
#include "bench/bench_keep.h"
#include "cli/text_table.h"

#include "base/clock.h"
#include "base/memory.h"
#include "base/secret.h"
#include "bench/patience.h"
#include "config.h"
#include "terms/lab/lab_run.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>

#define EXCHANGE_MS 60000
#define FULL 507 /* status: there is no room */

/* The commit that was built; "" if it is unknown. */
static const char built_commit[] =
#include "bench/commit.inc"
    ;

/* This machine's figures, which hold only if the daemon runs on it, too. */
static json_t *describe_machine(void)
{
    struct utsname system;
    struct sysinfo memory;
    json_t *machine = json_object();
    json_object_set_new(machine, "cores", json_integer(get_nprocs()));
    if (sysinfo(&memory) == 0)
        json_object_set_new(
            machine, "memory_bytes", json_integer((json_int_t)memory.totalram * memory.mem_unit));
    if (uname(&system) == 0)
        json_object_set_new(machine, "kernel", json_string(system.release));
    return machine;
}

int wi_bench_keep_is_here(const struct wi_cli *cli)
{
    return strstr(cli->rest.url, "//127.") || strstr(cli->rest.url, "//localhost") ||
           strstr(cli->rest.url, "//[::1]");
}

static json_t *make_head(const struct wi_cli *cli, const struct wi_bench_head *about)
{
    char id[WI_ID_SIZE];
    wi_id_new(id, "run");
    json_t *head = json_pack("{s:i, s:s, s:s, s:I, s:I, s:I, s:{s:s}}", "version", WI_LAB_VERSION,
        "id", id, "name", about->name, "seed", (json_int_t)*about->seed, "began_at",
        (json_int_t)about->began_at, "together", (json_int_t)about->together, "webinfer", "version",
        PACKAGE_VERSION);
    if (*built_commit)
        json_object_set_new(json_object_get(head, "webinfer"), "commit", json_string(built_commit));
    if (strlen(about->options) <= WI_LAB_OPTIONS_MAX)
        json_object_set_new(head, "options", json_string(about->options));
    if (about->simulated)
        json_object_set_new(head, "simulated", json_true());
    if (wi_bench_keep_is_here(cli))
        json_object_set_new(head, "machine", describe_machine());
    return head;
}

/* Takes over the document. The daemon stores a run, cell or end that it receives twice only once,
 * so that it may be sent again until an answer comes. */
static void send_document(
    const struct wi_cli *cli, json_t *document, int is_patient, struct wi_rest_answer *answer)
{
    struct wi_rest_request request = {
        .path = "/v1/results", .json = document, .timeout_ms = EXCHANGE_MS};
    (is_patient ? wi_bench_exchange : wi_cli_send)(cli, &request, answer);
}

static int write_here(struct wi_bench_keep *keep)
{
    json_t *document = json_copy(keep->head);
    json_object_set(document, "cells", keep->here);
    int failed = json_dump_file(document, keep->file, JSON_COMPACT) != 0;
    json_decref(document);
    if (failed)
        fprintf(stderr, "webinfer: %s cannot be written: %s\n", keep->file, strerror(errno));
    return failed ? -1 : 0;
}

static void begin_here(struct wi_bench_keep *keep, const struct wi_rest_answer *answer)
{
    json_t *problem = json_loadb(answer->body.text, answer->body.size, 0, NULL);
    const char *detail = wi_json_text(problem, "detail");
    keep->here = json_array();
    keep->file = wi_sprintf("%s.json", keep->id);
    fprintf(stderr,
        "webinfer: the daemon does not keep it (%s); the cells from here on go to %s, which "
        "webinfer results show %s reads\n",
        detail ? detail : "no reason is given", keep->file, keep->file);
    json_decref(problem);
}

static enum wi_exit go_on(
    struct wi_bench_keep *keep, const char *again, uint32_t *seed, json_t *done)
{
    struct wi_rest_answer answer;
    wi_bench_exchange(keep->cli,
        &(struct wi_rest_request){
            .path = "/v1/results/*", .name = again, .timeout_ms = EXCHANGE_MS},
        &answer);
    json_t *run;
    enum wi_exit result = wi_cli_take(keep->cli, &answer, &run);
    if (result == WI_EXIT_OK && json_object_get(run, "ended_at"))
        result =
            wi_cli_fail(WI_EXIT_USAGE, "the run %s has ended: there is nothing left of it", again);
    if (result == WI_EXIT_OK) {
        json_array_extend(done, json_object_get(run, "cells"));
        *seed = (uint32_t)json_integer_value(json_object_get(run, "seed"));
        keep->head = json_pack("{s:s}", "id", again);
        keep->id = wi_json_text(keep->head, "id");
    }
    json_decref(run);
    return result;
}

/* No run has that id, so a client that may write gets 404. A daemon that is absent at the start is
 * not waited for. */
enum wi_exit wi_bench_keep_may(const struct wi_cli *cli)
{
    json_t *nothing = json_pack("{s:s, s:[]}", "id", "run-of-nobody", "cells");
    struct wi_rest_answer answer;
    send_document(cli, nothing, 0, &answer);
    enum wi_exit result = answer.status == 404 ? WI_EXIT_OK : wi_cli_check(cli, &answer);
    wi_rest_answer_clear(&answer);
    return result;
}

enum wi_exit wi_bench_keep_begin(struct wi_bench_keep *keep, const struct wi_cli *cli,
    const struct wi_bench_head *head, const char *again, json_t *done)
{
    struct wi_rest_answer answer;
    *keep = (struct wi_bench_keep){.cli = cli};
    if (again)
        return go_on(keep, again, head->seed, done);
    keep->head = make_head(cli, head);
    keep->id = wi_json_text(keep->head, "id");
    send_document(cli, json_incref(keep->head), 1, &answer);
    enum wi_exit result = WI_EXIT_OK;
    if (answer.status == FULL)
        begin_here(keep, &answer);
    else
        result = wi_cli_check(cli, &answer);
    wi_rest_answer_clear(&answer);
    return result;
}

int wi_bench_keep_cell(struct wi_bench_keep *keep, const struct wi_bench_cell *cell)
{
    json_t *document = json_pack("{s:s}", "id", keep->id);
    json_t *row = json_copy(cell->document), *samples = json_array();
    int result = 0;
    for (size_t i = 0; i < cell->count; i++)
        json_array_append_new(samples, json_real(cell->samples[i]));
    json_object_set_new(row, "samples_ms", samples);
    json_object_set_new(row, "index", json_integer(cell->index));
    json_object_set_new(document, "cells", json_pack("[O]", row));
    struct wi_rest_answer answer = {0};
    if (!keep->here)
        send_document(keep->cli, json_incref(document), 1, &answer);
    if (!keep->here && answer.status >= 300)
        begin_here(keep, &answer);
    if (keep->here) {
        json_array_append(keep->here, row);
        result = write_here(keep);
    } else if (answer.status == 0) {
        result = -1;
    }
    wi_rest_answer_clear(&answer);
    json_decref(row);
    json_decref(document);
    return result;
}

int wi_bench_keep_end(struct wi_bench_keep *keep)
{
    json_object_set_new(keep->head, "ended_at", json_integer((json_int_t)wi_wall_ms()));
    if (keep->here)
        return write_here(keep);
    json_t *document = json_pack(
        "{s:s, s:O}", "id", keep->id, "ended_at", json_object_get(keep->head, "ended_at"));
    struct wi_rest_answer answer = {0};
    send_document(keep->cli, document, 1, &answer);
    int result = answer.status >= 200 && answer.status < 300 ? 0 : -1;
    wi_rest_answer_clear(&answer);
    return result;
}

void wi_bench_keep_clear(struct wi_bench_keep *keep)
{
    json_decref(keep->head);
    json_decref(keep->here);
    free(keep->file);
    *keep = (struct wi_bench_keep){0};
}
