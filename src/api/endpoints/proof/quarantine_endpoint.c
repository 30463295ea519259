/*
 * Findings about nodes: quarantine in GET /v1/nodes, status and metrics, DELETE
 * /v1/admin/quarantine/ID, which lifts it, and POST /v1/nodes/ID/forgive for those that are there;
 * and the cross-checks.
 */
#include "api/endpoints/proof/quarantine_endpoint.h"

#include "api/http/metrics.h"
#include "base/log.h"
#include "nodes/bridge/bridge.h"
#include "owners/check/check.h"
#include "work/pool/evidence.h"

json_t *wi_api_quarantined_json(const struct wi_request *request, size_t most, size_t *more)
{
    const struct wi_bridge *bridge = request->api->deps.bridge;
    size_t count = wi_bridge_quarantined_count(bridge);
    *more = count > most ? count - most : 0;
    return wi_bridge_quarantined(bridge, most, wi_request_scope(request) == NULL);
}

#define RESULTS 6

/* In the order of struct wi_cross_counters. */
static const char *const results[RESULTS] = {
    "agreed", "wrong", "suspected", "disputed", "unable", "dropped"};

static void read_results(const struct wi_cross_counters *counters, uint64_t out[RESULTS])
{
    const uint64_t values[RESULTS] = {counters->agreed, counters->wrong, counters->suspected,
        counters->disputed, counters->unable, counters->dropped};
    for (size_t i = 0; i < RESULTS; i++)
        out[i] = values[i];
}

json_t *wi_api_cross_checks_json(const struct wi_api *api)
{
    struct wi_cross_counters counters;
    uint64_t values[RESULTS];
    wi_checks_cross_counters(api->deps.checks, &counters);
    read_results(&counters, values);
    json_t *checks = json_pack(
        "{s:I, s:I}", "waiting", (json_int_t)counters.waiting, "bytes", (json_int_t)counters.bytes);
    for (size_t i = 0; i < RESULTS; i++)
        json_object_set_new(checks, results[i], json_integer((json_int_t)values[i]));
    return checks;
}

static void write_found(const struct wi_api *api, struct wi_buffer *out)
{
    uint64_t counts[WI_EVIDENCE_COUNT];
    wi_pool_found_counts(api->deps.pool, counts);
    wi_metric_head(
        out, "webinfer_evidence_total", "counter", "Evidence against nodes and sessions, by kind.");
    for (size_t i = 0; i < WI_EVIDENCE_COUNT; i++)
        wi_buffer_printf(out, "webinfer_evidence_total{kind=\"%s\"} %llu\n", wi_evidence_names[i],
            (unsigned long long)counts[i]);
}

void wi_api_quarantine_metrics(const struct wi_api *api, struct wi_buffer *out)
{
    const struct wi_bridge *bridge = api->deps.bridge;
    struct wi_cross_counters counters;
    uint64_t values[RESULTS];
    wi_checks_cross_counters(api->deps.checks, &counters);
    read_results(&counters, values);
    wi_metric_head(out, "webinfer_cross_checks_total", "counter",
        "Answers of joined nodes that the service's own browsers computed again, by result.");
    for (size_t i = 0; i < RESULTS; i++)
        wi_buffer_printf(out, "webinfer_cross_checks_total{result=\"%s\"} %llu\n", results[i],
            (unsigned long long)values[i]);
    const struct wi_metric rows[] = {
        {"webinfer_cross_checks_waiting",
            "Answers that are waiting to be computed again, or are being computed again.",
            counters.waiting},
        {"webinfer_cross_checks_waiting_bytes", "Memory of the waiting cross-checks.",
            counters.bytes},
        {"webinfer_quarantined_total", "Nodes that were sent away.",
            wi_bridge_counters(bridge)->quarantined},
        {"webinfer_quarantined", "Nodes under quarantine now.",
            wi_bridge_quarantined_count(bridge)},
    };
    WI_METRIC_ROWS(out, rows);
    write_found(api, out);
}

void wi_handle_node_forgive(struct wi_request *request)
{
    struct wi_error error;
    if (wi_pool_forgive(request->api->deps.pool, request->argument, &error) != WI_OK) {
        wi_request_answer_error(request, &error);
        return;
    }
    wi_info("api", request->id, "%s is forgiven, as requested by %.80s", request->argument,
        wi_request_client(request));
    wi_request_answer_verb(request, 200, request->argument, "forgiven");
}

void wi_handle_quarantine_lift(struct wi_request *request)
{
    if (wi_bridge_lift(request->api->deps.bridge, request->argument) == 0) {
        wi_info("api", request->id, "%s is lifted, as requested by %.80s", request->argument,
            wi_request_client(request));
        wi_request_answer_verb(request, 200, request->argument, "lifted");
        return;
    }
    wi_request_answer_refusal(request, WI_NOT_FOUND, NULL,
        "there is no quarantine %.80s; GET /v1/nodes lists all quarantines", request->argument);
}
