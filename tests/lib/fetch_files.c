/*
 * Fetches files from a hub with the library, as the daemon does, and says how that went: what the
 * tests of faults and the bench of pulls start.
 *
 *   fetch_files < ORDER
 *
 * ORDER is JSON: {"url", "token", "plain", "repository", "commit", "folder", "pause_ms",
 * "stall_ms", "cancel_at", "files": [{"path", "bytes", "sha256" or "sha1"}]}. For each progress a
 * line {"done", "total", "fetched", "files_done", "retrying"}, and at the end {"code", "detail",
 * "retry_after_s", "ms", "cpu_ms"}, both times from when the fetch began; "cancelled" is a code
 * too. Where a file comes without its "bytes", nothing is fetched, and the end has "lengths".
 */
#include "base/clock.h"
#include "base/memory.h"
#include "base/net/http_client.h"
#include "models/arrive/hub/fetch.h"
#include <curl/curl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

struct run {
    uv_loop_t loop;
    struct wi_http *http;
    struct wi_fetch *fetch;
    uint64_t cancel_at; /* bytes done; 0: never */
    struct wi_hub_tree tree;
    int measures; /* else it fetches */
    double began_ms, began_cpu_ms;
};

static const char *text_of(const json_t *object, const char *key)
{
    return json_string_value(json_object_get(object, key));
}

static uint64_t number_of(const json_t *object, const char *key)
{
    return (uint64_t)json_integer_value(json_object_get(object, key));
}

static double cpu_ms(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return 1e3 * (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           1e-3 * (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

static void say_end(struct run *run, const char *code, const struct wi_error *error)
{
    json_t *end = json_pack("{s:s, s:s, s:i, s:f, s:f}", "code", code, "detail",
        error ? error->detail : "", "retry_after_s", error ? (int)error->retry_after_s : 0, "ms",
        wi_now_ms() - run->began_ms, "cpu_ms", cpu_ms() - run->began_cpu_ms);
    json_t *lengths = run->measures ? json_array() : json_null();
    for (size_t i = 0; run->measures && i < run->tree.count; i++)
        json_array_append_new(lengths, json_integer((json_int_t)run->tree.files[i].bytes));
    json_object_set_new(end, "lengths", lengths);
    json_dumpf(end, stdout, JSON_COMPACT);
    puts("");
    fflush(stdout);
    json_decref(end);
    run->fetch = NULL;
    wi_http_free(run->http);
}

static void on_end(
    void *context, const struct wi_fetch_progress *progress, const struct wi_error *error)
{
    say_end(context, error ? wi_code_name(error->code) : "ok", error);
}

static void on_progress(void *context, const struct wi_fetch_progress *progress)
{
    struct run *run = context;
    json_t *line = json_pack("{s:I, s:I, s:I, s:I, s:s?}", "done", (json_int_t)progress->done,
        "total", (json_int_t)progress->total, "fetched", (json_int_t)progress->fetched,
        "files_done", (json_int_t)progress->files_done, "retrying", progress->retrying);
    json_dumpf(line, stdout, JSON_COMPACT);
    puts("");
    fflush(stdout);
    json_decref(line);
    if (run->cancel_at == 0 || progress->done < run->cancel_at)
        return;
    wi_fetch_cancel(run->fetch);
    say_end(run, "cancelled", NULL);
}

static void read_files(const json_t *list, struct wi_hub_tree *tree)
{
    size_t index;
    const json_t *item;
    json_array_foreach(list, index, item)
    {
        const char *sha1 = text_of(item, "sha1"), *path = text_of(item, "path");
        const json_t *bytes = json_object_get(item, "bytes");
        struct wi_hub_file file = {.path = (char *)path,
            .remote = (char *)path,
            .bytes = bytes ? (uint64_t)json_integer_value(bytes) : WI_HUB_BYTES_UNKNOWN,
            .digest = sha1 ? WI_HUB_GIT_SHA1 : WI_HUB_SHA256};
        snprintf(file.hash, sizeof file.hash, "%s", sha1 ? sha1 : text_of(item, "sha256"));
        wi_hub_tree_add(tree, &file, path);
    }
}

static int has_unknown(const struct wi_hub_tree *tree)
{
    for (size_t i = 0; i < tree->count; i++)
        if (tree->files[i].bytes == WI_HUB_BYTES_UNKNOWN)
            return 1;
    return 0;
}

static void do_nothing(uv_work_t *work)
{
    (void)work;
}

/* A daemon has them already. */
static void start_threads(uv_loop_t *loop)
{
    uv_work_t work;
    uv_queue_work(loop, &work, do_nothing, NULL);
    uv_run(loop, UV_RUN_DEFAULT);
}

int main(void)
{
    static struct run run;
    json_error_t problem;
    json_t *order = json_loadf(stdin, 0, &problem);
    if (order == NULL) {
        fprintf(stderr, "fetch_files: %s\n", problem.text);
        return 2;
    }
    struct wi_hub hub = {.name = wi_strdup("test"),
        .url = wi_strdup(text_of(order, "url")),
        .token = wi_strdup(text_of(order, "token")),
        .layout =
            json_is_true(json_object_get(order, "plain")) ? WI_HUB_PLAIN : WI_HUB_HUGGINGFACE};
    run.tree.commit = wi_strdup(text_of(order, "commit"));
    read_files(json_object_get(order, "files"), &run.tree);
    run.measures = has_unknown(&run.tree);
    struct wi_fetch_order wanted = {.hub = &hub,
        .repository = text_of(order, "repository"),
        .files = &run.tree,
        .folder = text_of(order, "folder"),
        .pause_ms = (unsigned)number_of(order, "pause_ms"),
        .stall_ms = (unsigned)number_of(order, "stall_ms"),
        .measured = run.measures ? &run.tree : NULL};
    curl_global_init(CURL_GLOBAL_DEFAULT);
    uv_loop_init(&run.loop);
    start_threads(&run.loop);
    run.http = wi_http_new(&run.loop);
    run.cancel_at = number_of(order, "cancel_at");
    run.began_ms = wi_now_ms();
    run.began_cpu_ms = cpu_ms();
    run.fetch = wi_fetch_start(&run.loop, run.http, &wanted, on_progress, on_end, &run);
    uv_run(&run.loop, UV_RUN_DEFAULT);
    int left = uv_loop_close(&run.loop);
    wi_hub_clear(&hub);
    wi_hub_tree_clear(&run.tree);
    json_decref(order);
    curl_global_cleanup();
    return left == 0 ? 0 : 3;
}
