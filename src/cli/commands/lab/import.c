/*
 * webinfer results import: sends a run of another user or another service to this one. It takes
 * several requests and may be repeated: cells that are already there are not stored twice.
 */
#include "cli/commands/lab/lab.h"

#include "cli/commands/commands.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The service reads 256 KiB at once; a cell with 1,000 samples has 30 KiB. */
#define PART_BYTES (192 * 1024)
#define EXCHANGE_MS 60000

/* The run that is sent, and the result so far. */
struct sending {
    struct wi_cli *cli;
    const struct wi_lab_run *run;
    size_t sent; /* cells */
    json_int_t added;
};

static void put_head(struct wi_buffer *out, const struct wi_lab_run *run)
{
    char *head = wi_lab_run_head(run);
    json_t *document = json_loads(head, 0, NULL);

    json_object_set_new(document, "imported", json_true());
    free(head);
    head = json_dumps(document, JSON_COMPACT);
    wi_buffer_add(out, head, strlen(head) - 1);
    free(head);
    json_decref(document);
}

/* Sends the next cells, as many as fit; after the last one the run ends. */
static void put_part(struct wi_buffer *out, struct sending *sending)
{
    const struct wi_lab_run *run = sending->run;

    put_head(out, run);
    wi_buffer_puts(out, ",\"cells\":[");
    for (int first = 1; sending->sent < run->count && out->size < PART_BYTES; first = 0) {
        const struct wi_lab_cell *cell = &run->cells[sending->sent++];
        char *head = wi_lab_cell_head(cell);
        wi_buffer_puts(out, first ? "" : ",");
        wi_lab_put_cell(out, (unsigned)cell->index, head, cell->samples, cell->count);
        wi_buffer_puts(out, "}");
        free(head);
    }
    wi_buffer_puts(out, "]");
    if (sending->sent == run->count)
        wi_buffer_printf(out, ",\"ended_at\":%lld",
            (long long)(run->ended_at > 0 ? run->ended_at : run->began_at + 1));
    wi_buffer_puts(out, "}");
}

static enum wi_exit send_part(struct sending *sending)
{
    struct wi_buffer body = {0};
    json_t *value;

    put_part(&body, sending);
    enum wi_exit result = wi_cli_exchange(sending->cli,
        &(struct wi_rest_request){.path = "/v1/results",
            .body = body.text,
            .body_size = body.size,
            .timeout_ms = EXCHANGE_MS},
        &value);
    sending->added += json_integer_value(json_object_get(value, "added"));
    json_decref(value);
    wi_buffer_clear(&body);
    return result;
}

enum wi_exit wi_cli_results_import(struct wi_cli *cli)
{
    struct wi_lab_run run;
    struct sending sending = {.cli = cli, .run = &run};
    enum wi_exit result = wi_cli_lab_load_file(cli->arguments.positionals[0], &run);

    if (result != WI_EXIT_OK)
        return result;
    do
        result = send_part(&sending);
    while (result == WI_EXIT_OK && sending.sent < run.count);
    if (result == WI_EXIT_OK)
        printf(cli->json ? "{\"id\":\"%s\",\"added\":%lld,\"cells\":%zu}\n"
                         : "%s: %lld of %zu cells are new\n",
            run.id, (long long)sending.added, run.count);
    wi_lab_run_clear(&run);
    return result;
}
