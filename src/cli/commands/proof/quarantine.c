/* webinfer nodes --quarantined and webinfer forgive: nodes that were found wrong. */
#include "cli/commands/commands.h"
#include "cli/table.h"

#include "base/memory.h"
#include "base/secret.h"
#include "base/text.h"
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TIMEOUT_MS 30000

static void put_time(struct wi_buffer *out, const json_t *at)
{
    char text[WI_TIME_SIZE];

    if (!json_is_integer(at))
        return;
    wi_format_time(json_integer_value(at), text);
    wi_buffer_printf(out, "%.16sZ", text); /* to the minute */
}

static void put_until(struct wi_buffer *out, const json_t *until)
{
    if (json_is_null(until))
        wi_buffer_puts(out, "forgiven");
    else
        put_time(out, until);
}

/* "node token farm", "join-0123456789abcdef from 192.0.2.1": what is refused for it. */
static void put_refused(struct wi_buffer *out, const json_t *row)
{
    if (json_is_string(json_object_get(row, "token")))
        wi_table_fill(out, "node token {token}", row);
    else
        wi_table_fill(
            out, json_object_get(row, "address") ? "{join} from {address}" : "{join}", row);
}

void wi_cli_print_quarantined(const struct wi_cli *cli, const json_t *answer)
{
    static const struct wi_column columns[] = {{"ID", "id", NULL}, {"NODE", "node", NULL},
        {"REFUSED", "", put_refused}, {"SINCE", "since", put_time}, {"UNTIL", "until", put_until},
        {"WHY", "reason", NULL}, {0}};

    wi_table_print(
        "", columns, json_object_get(answer, "quarantined"), "No node is under quarantine.");
    if (json_integer_value(json_object_get(answer, "quarantined_more")) > 0)
        wi_table_say("and {quarantined_more} more, from before\n", answer);
}

/* Whether it may be one: the address that it becomes a part of needs no escapes then. */
static int is_id(const char *id)
{
    size_t length = strlen(id);

    for (size_t i = 0; i < length; i++)
        if (!isalnum((unsigned char)id[i]) && id[i] != '-')
            return 0;
    return length > 0 && length < WI_ID_SIZE;
}

enum wi_exit wi_cli_forgive(struct wi_cli *cli)
{
    const char *id = cli->arguments.positionals[0];
    struct wi_rest_request request = {.method = "DELETE", .timeout_ms = TIMEOUT_MS};
    enum wi_exit result;
    json_t *value = NULL;
    char *path;

    if (!is_id(id)) {
        fputs("webinfer: ID is one that webinfer nodes --quarantined lists\n", stderr);
        return WI_EXIT_USAGE;
    }
    path = wi_sprintf("/v1/admin/quarantine/%s", id);
    request.path = path;
    result = wi_cli_order(cli, &request, &value);
    free(path);
    if (value)
        wi_table_say("{id}: {state}\n", value);
    json_decref(value);
    return result;
}
