/* The numerics guard as the API shows it; see numerics.h. */
#include "api/numerics.h"

#include "pool/verdicts.h"
#include <stdio.h>

json_t *wi_api_model_numerics_json(const struct wi_api *api, const struct wi_model *model)
{
    const char *random = model->signature.random;
    json_t *exempt = *random ? json_sprintf("it draws random numbers (%s)", random) : json_null();

    return json_pack("{s:o, s:o}", "exempt", exempt, "verdicts",
        wi_verdicts_json(wi_pool_verdicts(api->deps.pool), model->hash));
}

struct count {
    const char *name;
    uint64_t value;
};

#define PROBE_RESULTS 6

static void read_probes(const struct wi_api *api, struct count out[PROBE_RESULTS])
{
    struct wi_check_counters c;
    wi_checks_counters(api->deps.checks, &c);
    const struct count counts[PROBE_RESULTS] = {{"trusted", c.trusted}, {"wrong", c.wrong},
        {"unable", c.unable}, {"measured", c.measured}, {"failed", c.failed},
        {"dropped", c.dropped}};
    for (int i = 0; i < PROBE_RESULTS; i++)
        out[i] = counts[i];
}

json_t *wi_api_numerics_json(const struct wi_api *api)
{
    struct count probes[PROBE_RESULTS];
    size_t verdicts[WI_VERDICT_COUNT];
    int checks = api->deps.config->pool.numerics == WI_NUMERICS_CHECK;
    json_t *by_verdict = json_object(), *by_result = json_object();

    wi_verdicts_count(wi_pool_verdicts(api->deps.pool), verdicts);
    for (int i = WI_UNKNOWN + 1; i < WI_VERDICT_COUNT; i++)
        json_object_set_new(by_verdict, wi_verdict_names[i], json_integer((json_int_t)verdicts[i]));
    read_probes(api, probes);
    for (int i = 0; i < PROBE_RESULTS; i++)
        json_object_set_new(by_result, probes[i].name, json_integer((json_int_t)probes[i].value));
    return json_pack("{s:s, s:o, s:o}", "mode", checks ? "check" : "off", "verdicts", by_verdict,
        "probes", by_result);
}

void wi_api_numerics_metrics(const struct wi_api *api, struct wi_buffer *out)
{
    struct count probes[PROBE_RESULTS];
    size_t verdicts[WI_VERDICT_COUNT];

    wi_metric_head(out, "webinfer_probes_total", "counter",
        "Runs beside the clients' path, to check or to measure a platform, by how they ended.");
    read_probes(api, probes);
    for (int i = 0; i < PROBE_RESULTS; i++)
        wi_buffer_printf(out, "webinfer_probes_total{result=\"%s\"} %llu\n", probes[i].name,
            (unsigned long long)probes[i].value);
    wi_metric_head(
        out, "webinfer_verdicts", "gauge", "What is known of a model on a platform, by verdict.");
    wi_verdicts_count(wi_pool_verdicts(api->deps.pool), verdicts);
    for (int i = WI_UNKNOWN + 1; i < WI_VERDICT_COUNT; i++)
        wi_buffer_printf(
            out, "webinfer_verdicts{verdict=\"%s\"} %zu\n", wi_verdict_names[i], verdicts[i]);
}
