/* webinfer devices: the browsers that may join again without their link. */
#include "cli/commands/commands.h"
#include "cli/text_table.h"

#include "base/secret.h"
#include <stdio.h>
#include <string.h>

static void print_devices(const struct wi_cli *cli, const json_t *answer)
{
    static const struct wi_column columns[] = {{"DEVICE", "id", NULL}, {"LINK", "join", NULL},
        {"LABEL", "label", NULL}, {"REMEMBERED", "{remembered_at:16z}", NULL},
        {"SEEN", "{seen_at:16z}", NULL}, {"NODE", "node", NULL}, {0}};

    wi_table_print("", columns, json_object_get(answer, "devices"), "No device is remembered.");
}

enum wi_exit wi_cli_devices_list(struct wi_cli *cli)
{
    return wi_cli_show(cli, "/v1/devices", print_devices);
}

enum wi_exit wi_cli_devices_rm(struct wi_cli *cli)
{
    const char *id = cli->arguments.positionals[0];
    struct wi_rest_request request = {.path = "/v1/devices/*", .name = id, .method = "DELETE"};

    if (!wi_cli_is_id(id) || strlen(id) >= WI_ID_SIZE)
        return wi_cli_fail(
            WI_EXIT_USAGE, "ID must be the id of a device that webinfer devices list lists");
    return wi_cli_order_say(cli, &request, stdout, "{id}: {state}\n");
}
