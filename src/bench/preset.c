/* Presets, and the output before their runs. */
#include "bench/bench.h"

#include "base/buffer.h"
#include "cli/own/own_store.h"
#include "cli/text_table.h"
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define VERIFY_MS 60000
#define OPTIONS_MAX 4

struct preset {
    const char *name;
    struct {
        const char *option, *value;
    } options[OPTIONS_MAX]; /* ended by a row without an option, if there are fewer */
};

/* 6.4 of 8 minutes: the rest is for starting and for reports. */
static const struct preset presets[] = {
    {"gpu", {{"platform", "both"}, {"time", "384s"}, {"cell-time", "10s"}}},
};

static const struct preset *find_preset(const char *name)
{
    for (size_t i = 0; i < sizeof presets / sizeof *presets; i++)
        if (strcmp(presets[i].name, name) == 0)
            return &presets[i];
    return NULL;
}

enum wi_code wi_bench_preset_take(struct wi_arguments *arguments, struct wi_error *error)
{
    const char *name = wi_argument(arguments, "preset");
    const struct preset *preset = name ? find_preset(name) : NULL;
    if (name && !preset) {
        wi_cli_refuse(error, "there is no preset \"%.40s\"", name);
        return wi_error_allow(error, "gpu");
    }
    for (size_t i = 0; preset && i < OPTIONS_MAX && preset->options[i].option; i++)
        wi_argument_default(arguments, preset->options[i].option, preset->options[i].value);
    if (preset && !wi_own_names_daemon(arguments)) /* else that one is measured */
        wi_argument_default(arguments, "start", NULL);
    return WI_OK;
}

/* "webinfer: chrome/webgpu: hardware, nvidia hopper" */
static void say_verdict(const json_t *row)
{
    struct wi_buffer line = {0};
    wi_table_fill(&line, "webinfer: {browser}/{platform}: {verdict}", row);
    const json_t *adapter = wi_json_at(row, "evidence.adapter");
    if (json_is_object(adapter))
        wi_buffer_puts(&line, ", ");
    wi_table_adapter(&line, adapter);
    if (json_string_length(json_object_get(row, "reason")) > 0)
        wi_table_fill(&line, ": {reason}", row);
    fprintf(stderr, "%s\n", line.text);
    wi_buffer_clear(&line);
}

/* Verifies one browser, or with NULL all that are connected; returns the number of places. */
static size_t verify_browser(const struct wi_cli *cli, const char *browser)
{
    struct wi_rest_answer answer;
    wi_cli_send(cli,
        &(struct wi_rest_request){.path = "/v1/admin/verify",
            .json = json_pack("{s:[s], s:s*}", "platforms", "webgpu", "browser", browser),
            .timeout_ms = VERIFY_MS},
        &answer);
    json_t *verified =
        answer.status == 200 ? json_loadb(answer.body.text, answer.body.size, 0, NULL) : NULL;
    const json_t *rows = json_object_get(verified, "nodes"), *row;
    size_t count = json_array_size(rows), i;
    json_array_foreach(rows, i, row) say_verdict(row);
    json_decref(verified);
    wi_rest_answer_clear(&answer);
    return count;
}

void wi_bench_preset_verify(const struct wi_cli *cli, const struct wi_strings *browsers)
{
    size_t count = browsers->count == 0 ? verify_browser(cli, NULL) : 0;
    for (size_t i = 0; i < browsers->count; i++)
        count += verify_browser(cli, browsers->items[i]);
    if (count == 0)
        fputs("webinfer: no WebGPU could be verified\n", stderr);
}
