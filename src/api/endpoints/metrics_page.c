/*
 * GET /metrics: the API's own counts and what the other parts counted, read through their getters.
 * A scrape reads and never starts anything.
 */
#include "api/endpoints/endpoints.h"
#include "api/endpoints/models/content_endpoint.h"
#include "api/endpoints/models/models.h"
#include "api/endpoints/models/published.h"
#include "api/endpoints/proof/quarantine_endpoint.h"
#include "api/endpoints/stream_endpoint.h"
#include "api/http/request.h"
#include "owners/durable/durable.h"
#include <dirent.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static void write_jobs(struct wi_buffer *out, const struct wi_jobs *jobs)
{
    struct wi_job_counters c;
    wi_jobs_counters(jobs, &c);
    const struct wi_metric rows[] = {
        {"webinfer_jobs_accepted_total", "Jobs taken into the queue.", c.accepted},
        {"webinfer_jobs_completed_total", "Jobs answered with success.", c.completed},
        {"webinfer_jobs_failed_total",
            "Jobs answered with an error, except cancelled and expired jobs.", c.failed},
        {"webinfer_jobs_cancelled_total",
            "Jobs cancelled on request or because the client disconnected.", c.cancelled},
        {"webinfer_jobs_expired_total", "Jobs whose deadline passed.", c.expired},
        {"webinfer_jobs_rejected_total", "Requests refused because the queue was full.",
            c.rejected},
        {"webinfer_jobs_retried_total", "Attempts begun because an earlier one was lost.",
            c.retried},
        {"webinfer_batches_total", "Runs of several batched requests.", c.batches},
        {"webinfer_batched_jobs_total", "Requests that ran in such batches.", c.joined},
        {"webinfer_jobs_lost_total", "Attempts lost with their node.", c.lost},
        {"webinfer_jobs_late_total", "Answers for jobs that had already been answered.", c.late},
        {"webinfer_streams_total", "Jobs accepted to be answered in parts.", c.streams},
        {"webinfer_stream_parts_total", "Parts given to clients.", c.parts},
        {"webinfer_stream_continued_total",
            "Attempts that continued a stream after another attempt had ended.", c.continued},
        {"webinfer_stream_late_parts_total",
            "Parts that were dropped because their attempt had ended or because they were "
            "duplicates.",
            c.late_parts},
        {"webinfer_jobs_waiting", "Jobs in the queue.", c.waiting},
        {"webinfer_jobs_running", "Jobs on a node.", c.running},
    };
    WI_METRIC_ROWS(out, rows);
    wi_metric_head(out, "webinfer_stream_stalled_seconds", "summary",
        "How long streams waited for clients that had not yet received the data sent.");
    wi_buffer_printf(out,
        "webinfer_stream_stalled_seconds_sum %.9g\nwebinfer_stream_stalled_seconds_count %llu\n",
        c.stalled_ms / 1000, (unsigned long long)c.stalls);
}

static void write_breakers(struct wi_buffer *out, const json_t *kinds)
{
    const char *kind;
    json_t *state;
    wi_metric_head(out, "webinfer_breaker_open", "gauge",
        "Whether starts of a kind of browser are paused because it failed too often.");
    json_object_foreach((json_t *)kinds, kind, state)
    {
        const char *breaker = json_string_value(json_object_get(state, "breaker"));
        wi_buffer_printf(out, "webinfer_breaker_open{kind=\"%s\"} %d\n", kind,
            breaker && strcmp(breaker, "closed") != 0);
    }
    wi_metric_head(out, "webinfer_start_failures", "gauge",
        "Consecutive starts of a kind of browser that did not lead to a connected page.");
    json_object_foreach((json_t *)kinds, kind, state)
        wi_buffer_printf(out, "webinfer_start_failures{kind=\"%s\"} %lld\n", kind,
            (long long)json_integer_value(json_object_get(state, "failures")));
    wi_metric_head(out, "webinfer_start_backoff_seconds", "gauge",
        "How long starts of a kind of browser are still paused after failures.");
    json_object_foreach((json_t *)kinds, kind, state)
        wi_buffer_printf(out, "webinfer_start_backoff_seconds{kind=\"%s\"} %.3f\n", kind,
            json_number_value(json_object_get(state, "next_start_ms")) / 1000);
}

static void write_transitions(struct wi_buffer *out, const json_t *kinds)
{
    const char *kind, *from, *to;
    json_t *state, *row, *count;
    wi_metric_head(
        out, "webinfer_session_transitions_total", "counter", "Changes of browsers' states.");
    json_object_foreach((json_t *)kinds, kind, state)
    {
        json_object_foreach(json_object_get(state, "transitions"), from, row)
        {
            json_object_foreach(row, to, count) wi_buffer_printf(out,
                "webinfer_session_transitions_total{kind=\"%s\",from=\"%s\",to=\"%s\"} "
                "%lld\n",
                kind, from, to, (long long)json_integer_value(count));
        }
    }
}

static void write_kinds(struct wi_buffer *out, const struct wi_pool *pool)
{
    json_t *kinds = wi_pool_kinds_json(pool);
    write_breakers(out, kinds);
    write_transitions(out, kinds);
    json_decref(kinds);
}

static void write_health(struct wi_buffer *out, const struct wi_pool_counters *c)
{
    wi_metric_head(out, "webinfer_session_faults_total", "counter", "Faults found in browsers.");
    for (int fault = 0; fault < WI_FAULT_COUNT; fault++)
        wi_buffer_printf(out, "webinfer_session_faults_total{fault=\"%s\"} %llu\n",
            wi_fault_names[fault], (unsigned long long)c->faults[fault]);
    wi_metric_head(out, "webinfer_session_remedies_total", "counter", "Remedies for such faults.");
    for (int remedy = WI_REMEDY_NONE + 1; remedy < WI_REMEDY_COUNT; remedy++)
        wi_buffer_printf(out, "webinfer_session_remedies_total{remedy=\"%s\"} %llu\n",
            wi_remedy_names[remedy], (unsigned long long)c->remedies[remedy]);
}

static void write_pool(struct wi_buffer *out, const struct wi_pool *pool)
{
    struct wi_pool_counters c;
    wi_pool_counters(pool, &c);
    const struct wi_metric rows[] = {
        {"webinfer_sessions_started_total", "Browsers started.", c.sessions_started},
        {"webinfer_sessions_broken_total", "Browsers that broke.", c.sessions_broken},
        {"webinfer_sessions_closed_total", "Browsers that are gone.", c.sessions_closed},
        {"webinfer_route_probes_total",
            "Shadow runs that routing asked for, to check or to measure.", c.probes},
        {"webinfer_sessions_worn_total",
            "Browsers due for replacement: because of recycle_after, memory_limit or a request.",
            c.sessions_worn},
        {"webinfer_sessions_live", "Browsers that are starting, waiting for work or working.",
            c.live},
        {"webinfer_nodes", "Nodes that are connected, or may still reconnect.", c.nodes},
        {"webinfer_node_classes", "Groups of nodes that are the same for routing.", c.classes},
        {"webinfer_estimates", "Pairs of a model and a place that have measurements.", c.estimates},
    };
    WI_METRIC_ROWS(out, rows);
    wi_metric_head(out, "webinfer_sessions", "gauge", "Browsers by state.");
    for (int state = 0; state < WI_SESSION_CLOSED; state++)
        wi_buffer_printf(out, "webinfer_sessions{state=\"%s\"} %zu\n", wi_session_state_name(state),
            c.states[state]);
    write_kinds(out, pool);
    write_health(out, &c);
    wi_metric_head(out, "webinfer_session_start_seconds", "summary",
        "The time from the start of a browser to the connection of its node.");
    wi_buffer_printf(out,
        "webinfer_session_start_seconds_sum %.9g\nwebinfer_session_start_seconds_count %llu\n",
        c.start_ms_sum / 1000, (unsigned long long)c.start_ms_count);
}

static void write_bridge(struct wi_buffer *out, const struct wi_bridge *bridge)
{
    const struct wi_bridge_counters *c = wi_bridge_counters(bridge);
    const struct wi_metric rows[] = {
        {"webinfer_bridge_connections_total", "WebSockets accepted.", c->connections},
        {"webinfer_bridge_refused_total", "Connections refused.", c->refused},
        {"webinfer_bridge_frames_received_total", "Messages from nodes.", c->frames_in},
        {"webinfer_bridge_frames_sent_total", "Messages to nodes.", c->frames_out},
        {"webinfer_bridge_received_bytes_total", "Bytes from nodes.", c->bytes_in},
        {"webinfer_bridge_sent_bytes_total", "Bytes to nodes.", c->bytes_out},
        {"webinfer_bridge_malformed_total", "Malformed frames.", c->malformed},
        {"webinfer_bridge_protocol_errors_total", "Messages that were not allowed at that point.",
            c->protocol_errors},
        {"webinfer_bridge_unauthorized_total", "Announcements with a wrong token.",
            c->unauthorized},
        {"webinfer_bridge_late_answers_total", "Answers to attempts that had ended.",
            c->late_answers},
        {"webinfer_bridge_bad_answers_total",
            "Answers that were rejected because of their content.", c->bad_answers},
        {"webinfer_bridge_parts_repeated_total", "Duplicate parts of streams.", c->parts_repeated},
        {"webinfer_bridge_parts_stale_total", "Parts of attempts that had ended.", c->parts_stale},
        {"webinfer_bridge_resumed_total", "Nodes that reconnected.", c->resumed},
        {"webinfer_bridge_heartbeat_timeouts_total",
            "Connections closed because the node was silent.", c->heartbeat_timeouts},
        {"webinfer_bridge_file_requests_total", "Requests for the page and for models.",
            c->file_requests},
        {"webinfer_bridge_file_bytes_total", "Bytes sent of the page and of models.",
            c->file_bytes},
        {"webinfer_content_blocks_total", "Blocks served by content.", c->content_blocks},
        {"webinfer_content_cars_total", "Trees served by content, as CAR.", c->content_cars},
        {"webinfer_content_bytes_total", "Bytes served by content.", c->content_bytes},
        {"webinfer_content_unauthorized_total", "Requests by content that lacked a valid token.",
            c->content_unauthorized},
        {"webinfer_content_missing_total", "Requests by content for blocks that are not here.",
            c->content_missing},
        {"webinfer_content_busy_total",
            "Requests by content that were refused because too many were being served.",
            c->content_busy},
    };
    WI_METRIC_ROWS(out, rows);
}

static void write_streams(struct wi_buffer *out, const struct wi_api_streams *streams)
{
    struct wi_api_stream_counters c;
    wi_api_streams_counters(streams, &c);
    const struct wi_metric rows[] = {
        {"webinfer_stream_parts_taken_total", "Parts that were sent to clients.", c.parts},
        {"webinfer_stream_clients_left_total",
            "Clients that disconnected before the end of a stream.", c.left},
        {"webinfer_stream_resumed_total", "Clients that reconnected to a stream.", c.resumed},
        {"webinfer_streams_open", "Streams with a client.", c.open},
        {"webinfer_streams_waiting", "Resumable streams whose client is disconnected.", c.waiting},
    };
    WI_METRIC_ROWS(out, rows);
}

static void write_sound(struct wi_buffer *out, const struct wi_hearings *hearings)
{
    struct wi_hearings_counters c;
    wi_hearings_counters(hearings, &c);
    const struct wi_metric rows[] = {
        {"webinfer_sound_streams_total", "Streams of live sound that were started.", c.opened},
        {"webinfer_sound_segments_total", "Segments of live sound.", c.segments},
        {"webinfer_sound_finals_total", "Segments that have their final text.", c.finals},
        {"webinfer_sound_failures_total", "Segments that failed.", c.failures},
        {"webinfer_sound_partials_total", "Partial texts of segments.", c.partials},
        {"webinfer_sound_streams", "Streams of live sound that have not ended.", c.live},
        {"webinfer_sound_heard_seconds_total", "Live sound that was received.",
            (double)c.heard_ms / 1000},
        {"webinfer_sound_lag_seconds",
            "How far the text of the slowest stream lags behind the sound.",
            (double)c.lag_ms / 1000},
    };
    WI_METRIC_ROWS(out, rows);
}

static void write_api(struct wi_buffer *out, const struct wi_api *api)
{
    const struct wi_admission_counters *refused = wi_admission_counters(api->admission);
    const struct wi_metric rows[] = {
        {"webinfer_http_connections", "Open client connections.", api->connections.count},
        {"webinfer_http_requests_in_flight", "Requests that have not been answered yet.",
            api->request_count},
        {"webinfer_memory_used_bytes", "Memory now used by bodies, the queue and frames.",
            api->deps.budget->used},
        {"webinfer_memory_budget_bytes",
            "The largest amount of memory for bodies, the queue and frames.",
            api->deps.budget->limit},
        {"webinfer_http_connections_replaced_total",
            "Connections without a token, or without requests, that were closed to make room for "
            "others.",
            refused->replaced},
    };
    wi_metric_head(out, "webinfer_build_info", "gauge", "The program's version.");
    wi_buffer_puts(out, "webinfer_build_info{version=");
    wi_metric_label(out, api->deps.version);
    wi_buffer_puts(out, "} 1\n");
    WI_METRIC_ROWS(out, rows);
    wi_metric_head(out, "webinfer_http_connections_refused_total", "counter",
        "Connections refused because of max_connections, max_connections_per_address (or "
        "_loopback), or the limit on open files.");
    wi_buffer_printf(out,
        "webinfer_http_connections_refused_total{limit=\"all\"} %llu\n"
        "webinfer_http_connections_refused_total{limit=\"address\"} %llu\n"
        "webinfer_http_connections_refused_total{limit=\"files\"} %llu\n",
        (unsigned long long)refused->full, (unsigned long long)refused->address,
        (unsigned long long)refused->files);
    if (api->deps.children)
        wi_metric_value(out, "webinfer_child_processes",
            "Process trees that the daemon started and that are still running.",
            (double)wi_children_count(api->deps.children));
}

static void write_durable(struct wi_buffer *out, const struct wi_durable *durable)
{
    struct wi_durable_counters c;
    wi_durable_counters(durable, &c);
    const struct wi_metric rows[] = {
        {"webinfer_stored_jobs_accepted_total", "Jobs accepted durably.", c.accepted},
        {"webinfer_stored_jobs_replayed_total",
            "Requests whose Idempotency-Key had been used, answered from the existing job.",
            c.replayed},
        {"webinfer_stored_jobs_done_total", "Stored jobs that ended with an answer.", c.done},
        {"webinfer_stored_jobs_failed_total", "Stored jobs that ended with an error.", c.failed},
        {"webinfer_stored_jobs_cancelled_total", "Stored jobs that were cancelled.", c.cancelled},
        {"webinfer_stored_jobs_recovered_total",
            "Stored jobs that were running when their daemon was lost, and are run again.",
            c.recovered},
        {"webinfer_stored_jobs_dropped_total",
            "Ends of stored jobs that were dropped, because the job had another end already.",
            c.dropped},
        {"webinfer_stored_jobs_queued", "Stored jobs that are waiting.", c.queued},
        {"webinfer_stored_jobs_running", "Stored jobs that are running.", c.running},
        {"webinfer_stored_jobs_unwritten",
            "Stored jobs that have ended, but whose end could not yet be stored.", c.unwritten},
        {"webinfer_stored_jobs_bytes", "Bytes of the bodies and answers of stored jobs.", c.bytes},
    };
    WI_METRIC_ROWS(out, rows);
}

static void write_cluster(struct wi_buffer *out, struct wi_cluster *cluster)
{
    struct wi_cluster_view view;
    if (!cluster)
        return;
    wi_cluster_look(cluster, &view);
    const struct wi_metric rows[] = {
        {"webinfer_cluster_second_ends_total",
            "Ends of stored jobs that were dropped, because another member was first.",
            view.jobs.second_ends},
        {"webinfer_cluster_records_ignored_total",
            "Records of stored jobs and Idempotency-Keys that are invalid or have another version, "
            "and were ignored.",
            view.jobs.garbage + view.jobs.other_version},
        {"webinfer_cluster_orphans_removed_total",
            "Bodies, answers and Idempotency-Keys that were removed, because they belonged to no "
            "stored job.",
            view.jobs.orphans},
    };
    WI_METRIC_ROWS(out, rows);
}

static void write_store(struct wi_buffer *out, const struct wi_db *db)
{
    struct wi_db_counters c;
    wi_db_counters(db, &c);
    const struct wi_metric rows[] = {
        {"webinfer_store_transactions_total", "Database transactions.", c.transactions},
        {"webinfer_store_failures_total", "Transactions that failed.", c.failures},
        {"webinfer_store_failing",
            "Whether the database cannot be written: a write failed, and none has succeeded since.",
            (uint64_t)c.failing},
        {"webinfer_store_bytes", "The database's files.", c.bytes},
    };
    WI_METRIC_ROWS(out, rows);
}

static void write_repository(struct wi_buffer *out, const struct wi_repository *repository)
{
    struct wi_repository_counters c;
    wi_repository_counters(repository, &c);
    const struct wi_metric rows[] = {
        {"webinfer_model_hashed_bytes_total", "Bytes of model files that were read to hash them.",
            c.hashed_bytes},
        {"webinfer_model_hash_known_bytes_total",
            "Bytes of model files whose hash was already known.", c.known_bytes},
    };
    WI_METRIC_ROWS(out, rows);
}

/* Linux 6.2 and later say how many there are; before, each takes its time to be listed. */
static size_t count_descriptors(void)
{
    struct stat info;
    size_t count = 0;
    if (stat("/proc/self/fd", &info) == 0 && info.st_size > 0)
        return (size_t)info.st_size;
    DIR *folder = opendir("/proc/self/fd");
    if (!folder)
        return 0;
    while (readdir(folder))
        count++;
    closedir(folder);
    return count > 3 ? count - 3 : 0; /* ".", ".." and the folder itself */
}

void wi_metric_process(struct wi_buffer *out)
{
    unsigned long long pages = 0, size = 0;
    struct rusage usage = {0};
    struct rlimit limit = {0};
    FILE *statm = fopen("/proc/self/statm", "re");
    if (statm) {
        if (fscanf(statm, "%llu %llu", &size, &pages) != 2)
            pages = 0;
        fclose(statm);
    }
    getrusage(RUSAGE_SELF, &usage);
    getrlimit(RLIMIT_NOFILE, &limit);
    const struct wi_metric rows[] = {
        {"process_resident_memory_bytes", "Resident memory of the daemon itself.",
            pages * (unsigned long long)sysconf(_SC_PAGESIZE)},
        {"process_open_fds", "Open descriptors.", count_descriptors()},
        {"process_max_fds", "The limit on open file descriptors.", limit.rlim_cur},
        {"process_cpu_seconds_total", "User and system time of the daemon itself.",
            (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
                (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6},
    };
    WI_METRIC_ROWS(out, rows);
}

/* --- the way of a model's bytes, as a cache of levels: pages, this disk, who brings them ------ */

struct level {
    const char *name;
    uint64_t hits, misses, fetched, saved;
};

static void write_row(struct wi_buffer *out, const struct level *levels, size_t count,
    const char *name, const char *help, size_t offset)
{
    wi_metric_head(out, name, "counter", help);
    for (size_t i = 0; i < count; i++) {
        const char *at = (const char *)&levels[i] + offset;
        wi_buffer_printf(out, "%s{level=\"%s\"} %llu\n", name, levels[i].name,
            (unsigned long long)*(const uint64_t *)(const void *)at);
    }
}

static struct level level_of_pulls(
    const char *name, const struct wi_pulls_counters *pulls, enum wi_pull_level level)
{
    const struct wi_pull_level_counters *counters = &pulls->levels[level];
    return (struct level){name, counters->hits, counters->misses, counters->bytes, 0};
}

static void write_caches(const struct wi_api *api, struct wi_buffer *out)
{
    struct wi_repository_counters store;
    struct wi_pulls_counters hub = {0};
    wi_repository_counters(api->deps.repository, &store);
    if (api->deps.pulls)
        wi_pulls_counters(api->deps.pulls, &hub);
    struct wi_quantizer_counters made = {0};
    if (api->deps.quantizer)
        wi_quantizer_counters(api->deps.quantizer, &made);
    const struct level levels[] = {
        {"page", api->endpoints->pages.hits, api->endpoints->pages.misses,
            api->endpoints->pages.loaded_bytes, api->endpoints->pages.saved_bytes},
        {"disk", store.found, store.missing, wi_bridge_counters(api->deps.bridge)->model_bytes,
            hub.reused_bytes},
        level_of_pulls("neighbours", &hub, WI_PULL_NEIGHBOURS),
        level_of_pulls("ipfs", &hub, WI_PULL_IPFS),
        level_of_pulls("hub", &hub, WI_PULL_HUB),
    };
    const size_t count = sizeof levels / sizeof *levels;
    write_row(out, levels, count, "webinfer_cache_hits_total",
        "Hits: runs whose page had the model, lookups that found the model in the store, and pulls "
        "that got bytes from the store.",
        offsetof(struct level, hits));
    write_row(out, levels, count, "webinfer_cache_misses_total",
        "Misses: runs that had to load the model, lookups that found no model, and pulls that "
        "failed or got bytes only from farther away.",
        offsetof(struct level, misses));
    write_row(out, levels, count, "webinfer_cache_fetched_bytes_total",
        "Bytes fetched: of the models that pages loaded, from the store to pages, from neighbours, "
        "IPFS gateways and hubs.",
        offsetof(struct level, fetched));
    write_row(out, levels, count, "webinfer_cache_saved_bytes_total",
        "Bytes that need not be fetched: of models that pages already had, and of files that an "
        "older version had.",
        offsetof(struct level, saved));
    const struct wi_metric rows[] = {
        {"webinfer_pulls_under_way", "Models that are being pulled from a hub.", hub.under_way},
        {"webinfer_pulls_cancelled_total", "Pulls that were cancelled.", hub.cancelled},
        {"webinfer_quantizing", "Quantised variants that are being built.", made.under_way},
        {"webinfer_quantized_for_webgpu_total",
            "Quantised variants that were built with separate graphs for WebGPU.", made.webgpu},
        {"webinfer_evicted_bytes_total",
            "Bytes of pulled models that were removed to make room for others.", hub.evicted_bytes},
    };
    WI_METRIC_ROWS(out, rows);
    wi_metric_head(out, "webinfer_quantized_total", "counter", "Quantised variants, by result.");
    wi_buffer_printf(
        out, "webinfer_quantized_total{result=\"done\"} %llu\n", (unsigned long long)made.done);
    wi_buffer_printf(
        out, "webinfer_quantized_total{result=\"failed\"} %llu\n", (unsigned long long)made.failed);
    wi_buffer_printf(out, "webinfer_quantized_total{result=\"cancelled\"} %llu\n",
        (unsigned long long)made.cancelled);
}

void wi_handle_metrics(struct wi_request *request)
{
    struct wi_buffer out = {0};
    const struct wi_api *api = request->api;
    write_api(&out, api);
    wi_metrics_write(api->metrics, &out);
    wi_text_load_write(api->endpoints->text_load, api->deps.jobs, api->deps.bridge, &out);
    write_jobs(&out, api->deps.jobs);
    write_streams(&out, api->endpoints->streams);
    write_sound(&out, api->endpoints->hearings);
    write_pool(&out, api->deps.pool);
    wi_api_numerics_metrics(api, &out);
    wi_api_quarantine_metrics(api, &out);
    write_bridge(&out, api->deps.bridge);
    write_store(&out, api->deps.db);
    write_repository(&out, api->deps.repository);
    write_caches(api, &out);
    wi_api_published_metrics(api, &out);
    wi_api_sources_metrics(api, &out);
    write_durable(&out, api->endpoints->durable);
    write_cluster(&out, api->deps.cluster);
    wi_metric_value(&out, "process_start_time_seconds", "When the server started.",
        (double)api->started_at / 1000);
    wi_metric_process(&out);
    wi_request_answer_text(request, 200, "text/plain; version=0.0.4; charset=utf-8", &out);
}
