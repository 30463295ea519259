/*
 * webinfer verify: has nodes prove what computes in them, and prints the results with the evidence.
 * It exits with 1 if anything computes wrongly.
 */
#include "cli/commands/commands.h"

#include "cli/plain.h"
#include "cli/progress.h"
#include "cli/text_table.h"
#include <string.h>

/* "1024: 12 ms, 180 ms on wasm" */
#define PRODUCT "{n}: {right?|wrong, }{ms} ms<, {wasm_ms} ms on wasm>"

static void put_largest(struct wi_buffer *out, const json_t *challenges)
{
    size_t count = json_array_size(challenges);

    if (count > 0)
        wi_table_fill(out, PRODUCT, json_array_get(challenges, count - 1));
}

static void put_products(struct wi_buffer *out, const json_t *challenges)
{
    wi_table_join(out, "; ", PRODUCT, challenges);
}

/* "14 right", "13 right, wrong: matmul" */
static void put_kernels(struct wi_buffer *out, const json_t *kernels)
{
    const json_t *wrong = json_object_get(kernels, "wrong");
    json_int_t tried = json_integer_value(json_object_get(kernels, "tried"));

    if (tried == 0)
        return;
    wi_buffer_printf(out, "%d right", (int)tried - (int)json_array_size(wrong));
    if (json_array_size(wrong) > 0)
        wi_buffer_puts(out, ", wrong: ");
    wi_table_join(out, ", ", "{}", wrong);
}

static void print_rows(const struct wi_cli *cli, const json_t *rows)
{
    static const struct wi_column few[] = {{"NODE", "node", NULL}, {"BROWSER", "browser", NULL},
        {"PLATFORM", "platform", NULL}, {"VERDICT", "verdict", NULL},
        {"ADAPTER", "evidence.adapter", wi_table_adapter},
        {"PRODUCT", "evidence.challenges", put_largest},
        {"KERNELS", "evidence.kernels", put_kernels}, {"WHY", "reason", NULL}, {0}};
    static const struct wi_column all[] = {{"NODE", "node", NULL}, {"BROWSER", "browser", NULL},
        {"OF", "{evidence.joined?joined|ours}", NULL}, {"PLATFORM", "platform", NULL},
        {"VERDICT", "verdict", NULL}, {"ADAPTER", "evidence.adapter", wi_table_adapter},
        {"PRODUCTS", "evidence.challenges", put_products},
        {"KERNELS", "evidence.kernels", put_kernels}, {"WHY", "reason", NULL}, {0}};

    wi_table_print("", wi_argument_given(&cli->arguments, "verbose") ? all : few, rows,
        "There is no such node.");
}

/* What to exit with. `verified` is the final answer of the daemon. */
static enum wi_exit nodes_show(const struct wi_cli *cli, json_t *verified)
{
    const json_t *rows = json_object_get(verified, "nodes");

    if (cli->json)
        wi_plain_put_json(json_incref(verified));
    else
        print_rows(cli, rows);
    return wi_json_find(rows, "verdict", "wrong") ? WI_EXIT_FAILED : WI_EXIT_OK;
}

/* "webgpu,wasm", or both for these two. */
static json_t *platforms_of(const char *list)
{
    json_t *platforms = json_array();

    if (strcmp(list, "both") == 0)
        list = "webgpu,wasm";
    for (;;) {
        size_t length = strcspn(list, ",");
        json_array_append_new(platforms, json_stringn(list, length));
        if (!list[length])
            return platforms;
        list += length + 1;
    }
}

static json_t *make_order(const struct wi_arguments *arguments)
{
    const char *node = wi_argument(arguments, "node"), *list = wi_argument(arguments, "platform");
    const char *browser = wi_argument(arguments, "browser");

    return json_pack("{s:s*, s:s*, s:o*}", "node", node, "browser", browser, "platforms",
        list ? platforms_of(list) : NULL);
}

enum wi_exit wi_cli_verify(struct wi_cli *cli)
{
    json_t *verified = NULL;
    const struct wi_cli_follow follow = {.cli = cli,
        .stopped = "the nodes are not asked any more",
        .lost = "",
        .text = "{steps} products and answers so far",
        .done = &verified};
    struct wi_rest_request request = {.path = "/v1/admin/verify",
        .accept = "text/event-stream",
        .json = make_order(&cli->arguments)};
    enum wi_exit result = wi_cli_follow(&follow, &request);
    if (result == WI_EXIT_OK)
        result = nodes_show(cli, verified);
    json_decref(verified);
    return result;
}
