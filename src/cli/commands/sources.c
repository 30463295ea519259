/* webinfer sources: the sources of blocks and their performance, and the published models. */
#include "cli/commands/commands.h"
#include "cli/text_table.h"

#include "base/clock.h"

/* A wall-clock time, as the time until or since then. */
static void put_span(struct wi_buffer *out, int64_t ms, const char *after)
{
    if (ms < 0)
        ms = 0;
    if (ms < 120000)
        wi_buffer_printf(out, "%lld s%s", (long long)(ms / 1000), after);
    else if (ms < 7200000)
        wi_buffer_printf(out, "%lld min%s", (long long)(ms / 60000), after);
    else
        wi_buffer_printf(out, "%lld h%s", (long long)(ms / 3600000), after);
}

static void put_seen(struct wi_buffer *out, const json_t *at)
{
    if (json_is_integer(at))
        put_span(out, wi_wall_ms() - json_integer_value(at), " ago");
}

/* "resting, 12 s more" */
static void put_state(struct wi_buffer *out, const json_t *source)
{
    const json_t *until = json_object_get(source, "until");

    wi_table_fill(out, "{state}", source);
    if (!json_is_integer(until))
        return;
    wi_buffer_puts(out, ", ");
    put_span(out, json_integer_value(until) - wi_wall_ms(), " more");
}

static void put_speed(struct wi_buffer *out, const json_t *rate)
{
    if (json_number_value(rate) > 0)
        wi_table_fill(out, "{:B}/s", rate);
}

/* "here (stale), attic, cellar" */
static void put_where(struct wi_buffer *out, const json_t *model)
{
    if (json_is_true(json_object_get(model, "here")))
        wi_table_fill(out, "here{stale? (stale)}", model);
    const json_t *list = json_object_get(model, "where");
    for (size_t i = 0; i < json_array_size(list); i++)
        wi_table_fill(out, out->size ? ", {}" : "{}", json_array_get(list, i));
}

static void print_sources(const struct wi_cli *cli, const json_t *answer)
{
    static const struct wi_column sources[] = {{"SOURCE", "name", NULL}, {"STATE", "", put_state},
        {"SPEED", "bytes_per_second", put_speed}, {"BROUGHT", "{bytes:B}", NULL},
        {"BLOCKS", "blocks", NULL}, {"WRONG", "wrong", NULL}, {"SEEN", "seen_at", put_seen},
        {"URL", "url", NULL}, {"WHY", "reason", NULL}, {0}};
    static const struct wi_column models[] = {{"PUBLISHED", "name", NULL},
        {"SIZE", "{bytes:B}", NULL}, {"COPIES", "copies", NULL}, {"WHERE", "", put_where},
        {"CID", "cid", NULL}, {0}};

    wi_table_print("", sources, json_object_get(answer, "sources"),
        "There are no sources: no hub of layout ipfs or webinfer is configured.");
    wi_table_print("\n", models, json_object_get(answer, "models"), NULL);
}

enum wi_exit wi_cli_sources(struct wi_cli *cli)
{
    return wi_cli_show(cli, "/v1/content", print_sources);
}
