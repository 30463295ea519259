/* webinfer cluster: the members of the cluster that the daemon sees. */
#include "cli/commands/commands.h"
#include "cli/text_table.h"

/* "a (this daemon)" */
static void put_member(struct wi_buffer *out, const json_t *member)
{
    wi_table_fill(out, "{name}{self? (this daemon)}", member);
}

/* "0.4 s" */
static void put_age(struct wi_buffer *out, const json_t *age)
{
    wi_buffer_printf(out, "%.1f s", json_number_value(age) / 1000);
}

static const char *state_text(const json_t *answer)
{
    static const struct {
        const char *state, *text;
    } rows[] = {
        {"off", "This daemon is in no cluster: [cluster] servers is empty.\n"},
        {"connecting", "This daemon, {name}, is not connected to a NATS server.\n"},
        {"joining", "This daemon joins as {name} through {server}.\n"},
        {"member", "This daemon is a member as {name} through {server}.\n"},
        {"name_taken", "This daemon does not take part: another member is called {name}.\n"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (wi_json_is(answer, "state", rows[i].state))
            return rows[i].text;
    return "State: {state}\n";
}

static void print_cluster(const struct wi_cli *cli, const json_t *answer)
{
    static const struct wi_column columns[] = {{"MEMBER", "", put_member},
        {"VERSION", "version", NULL}, {"NODES", "load.nodes", NULL},
        {"RUNNING", "load.running", NULL}, {"WAITING", "load.waiting", NULL},
        {"MODELS", "model_count", NULL}, {"AGE", "age_ms", put_age}, {"API", "api", NULL},
        {"BRIDGE", "bridge", NULL}, {0}};

    wi_table_say(state_text(answer), answer);
    wi_table_say("<Problem: {problem.detail}\n>", answer);
    wi_table_print("", columns, json_object_get(answer, "members"), NULL);
}

enum wi_exit wi_cli_cluster(struct wi_cli *cli)
{
    return wi_cli_show(cli, "/v1/cluster", print_cluster);
}
