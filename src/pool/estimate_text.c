/* Estimates to JSON and back; see estimate_text.h. */
#include "pool/estimate_text.h"

#include <jansson.h>

static json_t *rate_json(double mean, unsigned count)
{
    return mean > 0 ? json_pack("{s:f, s:I}", "mean", mean, "count", (json_int_t)count) : NULL;
}

char *wi_estimate_print(const struct wi_estimate *e)
{
    json_t *run = json_pack(
        "{s:f, s:I, s:b}", "mean", e->run_ms, "count", (json_int_t)e->runs, "cold", e->cold);
    json_t *value = json_pack("{s:f, s:I, s:f, s:I, s:{s:o, s:o*, s:o*}}", "load_ms", e->load_ms,
        "loads", (json_int_t)e->loads, "failure", e->failure, "measured_at",
        (json_int_t)e->measured_at, "rates", "run_ms", run, "prompt_ms",
        rate_json(e->prompt_ms, e->prompts), "token_ms", rate_json(e->token_ms, e->answers));
    char *text = json_dumps(value, JSON_COMPACT);

    json_decref(value);
    return text;
}

static double number(const json_t *value, const char *name, double most)
{
    double found = json_number_value(json_object_get(value, name));

    return found > 0 ? found < most ? found : most : 0;
}

static void load_rate(const json_t *rates, const char *name, double *mean, unsigned *count)
{
    const json_t *rate = json_object_get(rates, name);

    *mean = number(rate, "mean", WI_ESTIMATE_TIME_MAX_MS);
    *count = *mean > 0 ? (unsigned)number(rate, "count", 1e9) : 0;
}

static void read_value(struct wi_estimate *e, const json_t *value)
{
    const json_t *rates = json_object_get(value, "rates");
    const json_t *run = json_object_get(rates, "run_ms");

    *e = (struct wi_estimate){.load_ms = number(value, "load_ms", WI_ESTIMATE_TIME_MAX_MS),
        .run_ms = number(run, "mean", WI_ESTIMATE_TIME_MAX_MS),
        .failure = number(value, "failure", 1),
        .loads = (unsigned)number(value, "loads", 1e9),
        .runs = (unsigned)number(run, "count", 1e9),
        .cold = json_is_true(json_object_get(run, "cold")),
        .measured_at = (int64_t)number(value, "measured_at", 1e15)};
    load_rate(rates, "prompt_ms", &e->prompt_ms, &e->prompts);
    load_rate(rates, "token_ms", &e->token_ms, &e->answers);
}

int wi_estimate_read(struct wi_estimate *estimate, const char *text)
{
    json_t *value = json_loads(text, 0, NULL);
    int is_object = json_is_object(value);

    if (is_object)
        read_value(estimate, value);
    json_decref(value);
    return is_object ? 0 : -1;
}
