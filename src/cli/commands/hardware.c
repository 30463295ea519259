/* webinfer hardware: shows where a model would run, and why. */
#include "cli/commands/commands.h"
#include "cli/text_table.h"

static void put_decision(const json_t *answer)
{
    if (wi_json_is(answer, "decision", "run"))
        wi_table_say("{model_name} would run on {would_run.browser}/{would_run.platform} of "
                     "{would_run.node}",
            answer);
    else if (wi_json_is(answer, "decision", "wait"))
        wi_table_say("{model_name} would wait", answer);
    else
        wi_table_say("{model_name} cannot run", answer);
    wi_table_say(": {why}\n", answer);
    wi_table_say("<in addition, for checking or measuring: {probe.browser}/{probe.platform}\n>"
                 "preferences: {preferences}\n",
        answer);
}

/* The time lost so far by not running there, and the lost time at which the model moves there. */
#define MOVES "{moves.lost_ms:0f} of {moves.at_ms:0f} ms"

static void print_hardware(const struct wi_cli *cli, const json_t *answer)
{
    static const struct wi_column options[] = {{"BROWSER", "browser", NULL},
        {"VERSION", "browser_version", NULL}, {"PLATFORM", "platform", NULL},
        {"STANDING", "standing", NULL}, {"EXPECTED", "{expected_ms} ms", NULL},
        {"QUEUE", "{queue_ms} ms", NULL}, {"LOAD", "{load_ms} ms", NULL},
        {"RUN", "{run_ms} ms", NULL}, {"READS", "{estimate.prompt_tokens_per_second:1f}/s", NULL},
        {"WRITES", "{estimate.tokens_per_second:1f}/s", NULL}, {"MEASURED", "measured", NULL},
        {"FAILURES", "{estimate.failure_rate:0%}", NULL}, {"VERDICT", "verdict", NULL},
        {"LOST", MOVES, NULL}, {"WHY", "why", NULL}, {0}};
    static const struct wi_column absent[] = {{"NOT THERE", "browser", NULL},
        {"RUN", "{measured.estimate.run_ms} ms", NULL}, {"ON", "measured.platform", NULL},
        {"LOST", MOVES, NULL}, {"WHY", "why", NULL}, {0}};

    put_decision(answer);
    wi_table_print("\n", options, json_object_get(answer, "options"), NULL);
    wi_table_print("\n", absent, json_object_get(answer, "passed_over"), NULL);
}

enum wi_exit wi_cli_hardware(struct wi_cli *cli)
{
    static const struct {
        const char *option, *parameter;
    } pins[] = {{"type", "model_type"}, {"platform", "platform"}, {"browser", "browser"},
        {"node", "node"}, {"precision", "precision"}};
    const struct wi_arguments *arguments = &cli->arguments;
    struct wi_buffer path = {0};

    wi_buffer_puts(&path, "/v1/hardware");
    wi_rest_add_argument(&path, '?', "model_name", arguments->positionals[0]);
    for (size_t i = 0; i < sizeof pins / sizeof *pins; i++)
        wi_rest_add_argument(&path, '&', pins[i].parameter, wi_argument(arguments, pins[i].option));
    if (wi_argument_given(arguments, "no-fallback"))
        wi_rest_add_argument(&path, '&', "fallback", "false");
    enum wi_exit result = wi_cli_show(cli, path.text, print_hardware);
    wi_buffer_clear(&path);
    return result;
}
