/* The gauges of language models: what they say, what stays with 0, and that they are bounded. */
#include "../../test.h"

#include "api/endpoints/text_load.h"
#include <stdio.h>
#include <string.h>

#define PLACE "{model=\"finch\",browser=\"chrome\",platform=\"wasm\"}"

static struct wi_text_load *load;
static struct wi_buffer out;

static int set_up(void **state)
{
    load = wi_text_load_new();
    return 0;
}

static int tear_down(void **state)
{
    wi_text_load_free(load);
    wi_buffer_clear(&out);
    return 0;
}

static void says(const char *line)
{
    wi_buffer_clear(&out);
    wi_text_load_print(load, &out);
    if (!strstr(out.text, line))
        fail_msg("%s is not in\n%s", line, out.text);
}

FIXTURE(set_up, tear_down)

TEST(what_runs_and_waits_is_counted)
{
    wi_text_load_runs(load, "finch", "chrome", "wasm");
    wi_text_load_runs(load, "finch", "chrome", "wasm");
    wi_text_load_runs(load, "finch", "firefox", "wasm");
    wi_text_load_waits(load, "nest");
    says("\nwebinfer_num_requests_running" PLACE " 2\n");
    says("\nwebinfer_num_requests_running{model=\"finch\",browser=\"firefox\",platform=\"wasm\"} "
         "1\n");
    says("\nwebinfer_num_requests_waiting{model=\"finch\"} 0\n");
    says("\nwebinfer_num_requests_waiting{model=\"nest\"} 1\n");
    assert_null(strstr(out.text, "running{model=\"nest\""));
    wi_text_load_begin(load);
    says("\nwebinfer_num_requests_running" PLACE " 0\n");
    says("\nwebinfer_num_requests_waiting{model=\"nest\"} 0\n");
}

TEST(caches_of_nodes_are_added_up)
{
    wi_text_load_keeps(load, "finch", "chrome", "wasm", 100, 400); /* nobody has asked for it */
    says("# TYPE webinfer_kv_cache_usage_perc gauge\n");
    assert_null(strstr(out.text, "finch"));
    wi_text_load_know(load, "finch");
    wi_text_load_keeps(load, "finch", "chrome", "wasm", 100, 400);
    wi_text_load_keeps(load, "finch", "chrome", "wasm", 0, 400);
    says("\nwebinfer_kv_cache_usage_perc" PLACE " 0.125\n");
}

TEST(rows_are_bounded)
{
    char name[32];
    for (int i = 0; i < 1000; i++) {
        snprintf(name, sizeof name, "model-%d", i);
        wi_text_load_runs(load, name, "chrome", "wasm");
        wi_text_load_waits(load, name);
    }
    says("\nwebinfer_num_requests_running{model=\"other\",browser=\"other\",platform=\"other\"} "
         "872\n");
    says("\nwebinfer_num_requests_waiting{model=\"other\"} 872\n");
}
