/* webinfer nodes --limited and --quarantined, and webinfer forgive: the findings about nodes. */
#include "cli/commands/commands.h"
#include "cli/pages.h"
#include "cli/text_table.h"

#include "base/secret.h"
#include <string.h>

/* The prefix of the ids of quarantined rows. */
#define QUARANTINE "quarantine-"

static void put_until(struct wi_buffer *out, const json_t *until)
{
    wi_table_fill(out, json_is_null(until) ? "forgiven" : "<{:16z}>", until);
}

/* "node token farm", "join-0123456789abcdef from 192.0.2.1": the subject that is refused. */
static void put_refused(struct wi_buffer *out, const json_t *row)
{
    wi_table_fill(
        out, wi_json_text(row, "token") ? "node token {token}" : "{join}< from {address}>", row);
}

void wi_cli_print_quarantined(const struct wi_cli *cli, const json_t *answer)
{
    static const struct wi_column columns[] = {{"ID", "id", NULL}, {"NODE", "node", NULL},
        {"REFUSED", "", put_refused}, {"SINCE", "{since:16z}", NULL}, {"UNTIL", "until", put_until},
        {"EVIDENCE", "evidence", NULL}, {"WHY", "reason", NULL}, {0}};

    wi_table_print(
        "", columns, json_object_get(answer, "quarantined"), "No node is under quarantine.");
    if (json_integer_value(json_object_get(answer, "quarantined_more")) > 0)
        wi_table_say("and {quarantined_more} older ones\n", answer);
}

/* "3 ending, 1 open": the evidence against it. */
static void put_conduct(struct wi_buffer *out, const json_t *conduct)
{
    static const char *const kinds[] = {"ending", "disputed", "open", "suspicion"};
    size_t before = out->size;

    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        json_int_t count = json_integer_value(json_object_get(conduct, kinds[i]));
        if (count > 0)
            wi_buffer_printf(
                out, "%s%lld %s", out->size > before ? ", " : "", (long long)count, kinds[i]);
    }
}

static void put_end(struct wi_buffer *out, const json_t *row)
{
    wi_table_fill(
        out, json_is_integer(json_object_get(row, "until")) ? "{until:16z}" : "{undone_by}", row);
}

enum wi_exit wi_cli_show_limited(const struct wi_cli *cli)
{
    static const struct wi_column columns[] = {{"NODE", "_of.id", NULL}, {"WORK", "effect", NULL},
        {"EVIDENCE", "evidence", NULL}, {"OF ITS LAST 50", "_of.conduct", put_conduct},
        {"SINCE", "{since:16z}", NULL}, {"UNTIL", "", put_end}, {"WHY", "reason", NULL}, {0}};
    struct wi_pages pages = {.cli = cli, .path = "/v1/nodes", .member = "nodes", .inner = "limits"};

    return wi_pages_table(&pages, columns, "No node gets less work than others.");
}

enum wi_exit wi_cli_forgive(struct wi_cli *cli)
{
    const char *id = cli->arguments.positionals[0];
    int is_gone = strncmp(id, QUARANTINE, strlen(QUARANTINE)) == 0;
    struct wi_rest_request request = {
        .path = is_gone ? "/v1/admin/quarantine/*" : "/v1/nodes/*/forgive",
        .name = id,
        .method = is_gone ? "DELETE" : "POST"};

    if (!wi_cli_is_id(id) || strlen(id) >= WI_ID_SIZE)
        return wi_cli_fail(WI_EXIT_USAGE,
            "ID must be the id of a node, or one that webinfer nodes --quarantined lists");
    return wi_cli_order_say(cli, &request, stdout, "{id}: {state}\n");
}
