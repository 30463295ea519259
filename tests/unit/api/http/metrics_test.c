/* The text format: heads before samples, cumulative buckets, bounded and escaped labels. */
#include "../../test.h"

#include "api/http/metrics.h"
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int count_of(const char *text, const char *word)
{
    int count = 0;
    for (const char *at = text; (at = strstr(at, word)); at += strlen(word))
        count++;
    return count;
}

TEST(test_histogram)
{
    struct wi_histogram histogram = {0};
    struct wi_buffer out = {0};
    wi_histogram_add(&histogram, 0.0005); /* a bound belongs to its own bucket */
    wi_histogram_add(&histogram, 0.002);
    wi_histogram_add(&histogram, 1e6);
    wi_metric_histogram(&out, "h", "a=\"b\"", &histogram);
    assert_non_null(strstr(out.text, "h_bucket{a=\"b\",le=\"0.0005\"} 1\n"));
    assert_non_null(strstr(out.text, "h_bucket{a=\"b\",le=\"0.0025\"} 2\n"));
    assert_non_null(strstr(out.text, "h_bucket{a=\"b\",le=\"60\"} 2\n"));
    assert_non_null(strstr(out.text, "h_bucket{a=\"b\",le=\"+Inf\"} 3\n"));
    assert_non_null(strstr(out.text, "h_count{a=\"b\"} 3\n"));
    wi_buffer_clear(&out);
}

TEST(test_requests)
{
    struct wi_metrics *metrics = wi_metrics_new(wi_routes);
    struct wi_buffer out = {0};
    wi_metrics_request(metrics, 0, 200, 0.001, 100, 200);
    wi_metrics_request(metrics, 0, 418, 0.001, 1, 2); /* unheard of: counted as 500 */
    wi_metrics_request(metrics, -1, 404, 0.001, 0, 0);
    wi_metrics_write(metrics, &out);
    assert_non_null(strstr(out.text,
        "webinfer_http_requests_total{method=\"POST\",route=\"/v1/infer\",status=\"200\"} 1\n"));
    assert_non_null(strstr(out.text, "route=\"/v1/infer\",status=\"500\"} 1\n"));
    assert_non_null(strstr(out.text, "route=\"other\",status=\"404\"} 1\n"));
    assert_non_null(strstr(out.text, "webinfer_http_request_bytes_total 101\n"));
    assert_int_equal(count_of(out.text, "# TYPE webinfer_http_requests_total "), 1);
    wi_buffer_clear(&out);
    wi_metrics_free(metrics);
}

/* A status that errors have, and that is not in the list, would be counted as a failure of ours. */
TEST(test_statuses_of_errors)
{
    struct wi_metrics *metrics = wi_metrics_new(wi_routes);
    struct wi_buffer out = {0};
    for (int code = WI_OK; code < WI_CODE_COUNT; code++)
        wi_metrics_request(metrics, 0, wi_code_status(code), 0.001, 0, 0);
    wi_metrics_write(metrics, &out);
    for (int code = WI_OK; code < WI_CODE_COUNT; code++) {
        char label[64];
        snprintf(label, sizeof label, "route=\"/v1/infer\",status=\"%d\"} ", wi_code_status(code));
        if (!strstr(out.text, label))
            fail_msg("%s is not counted for what it is", wi_code_name(code));
    }
    wi_buffer_clear(&out);
    wi_metrics_free(metrics);
}

TEST(test_texts)
{
    static const struct wi_text_figures figures[] = {
        {.first_token_s = 0.3, .per_token_s = 0.02, .prompt = 40, .cached = 30, .generated = 12},
        {.first_token_s = -1, .per_token_s = 0.0 / 0.0, .prompt = 1.0 / 0.0, .generated = 3},
    };
    struct wi_metrics *metrics = wi_metrics_new(wi_routes);
    struct wi_buffer out = {0};
    wi_metrics_inference(metrics, "digits", "chrome", "wasm", 0.001, 0, 0.002);
    wi_metrics_text(metrics, "m", "chrome", "wasm", &figures[0]);
    wi_metrics_text(metrics, "m", "chrome", "wasm", &figures[1]);
    wi_metrics_write(metrics, &out);
    const char *labels = "{model=\"m\",browser=\"chrome\",platform=\"wasm\"}";
    static const struct {
        const char *name, *value;
    } wanted[] = {{"prompt_tokens_total", "40"}, {"cached_prompt_tokens_total", "30"},
        {"generation_tokens_total", "15"}, {"time_to_first_token_seconds_count", "1"},
        {"time_per_output_token_seconds_sum", "0.02"}};
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        char line[160];
        snprintf(line, sizeof line, "webinfer_%s%s %s\n", wanted[i].name, labels, wanted[i].value);
        assert_non_null(strstr(out.text, line));
        snprintf(line, sizeof line, "webinfer_%s{model=\"digits\"", wanted[i].name);
        assert_null(strstr(out.text, line)); /* what is no language model says nothing of tokens */
    }
    wi_buffer_clear(&out);
    wi_metrics_free(metrics);
}

TEST(test_figures_are_bounded)
{
    static const struct wi_text_figures far = {.first_token_s = 1e300, .per_token_s = 1e300};
    struct wi_metrics *metrics = wi_metrics_new(wi_routes);
    struct wi_buffer out = {0};
    wi_metrics_text(metrics, "m", "b", "p", &far);
    wi_metrics_write(metrics, &out);
    assert_int_equal(
        count_of(out.text, "_sum{model=\"m\",browser=\"b\",platform=\"p\"} 1e+09\n"), 2);
    wi_buffer_clear(&out);
    wi_metrics_free(metrics);
}

TEST(test_series_are_bounded)
{
    struct wi_metrics *metrics = wi_metrics_new(wi_routes);
    struct wi_buffer out = {0};
    char name[32];
    for (int i = 0; i < 1000; i++) {
        snprintf(name, sizeof name, "model-%d", i);
        wi_metrics_inference(metrics, name, "chrome", "wasm", 0.001, 0, 0.002);
    }
    wi_metrics_inference(metrics, "model-0", "chrome", "wasm", 0.001, -1, 0.0 / 0.0);
    wi_metrics_inference(metrics, "other", "b\"\\\n\xff", "w", 0.001, 0, 0.002);
    wi_metrics_write(metrics, &out);
    assert_int_equal(count_of(out.text, "\nwebinfer_inferences_total{"), 257);
    assert_non_null(strstr(out.text,
        "webinfer_inferences_total{model=\"other\",browser=\"other\",platform=\"other\"} 745\n"));
    assert_non_null(strstr(out.text,
        "webinfer_inferences_total{model=\"model-0\",browser=\"chrome\",platform=\"wasm\"} 2\n"));
    assert_null(strstr(out.text, "nan"));
    wi_buffer_clear(&out);
    wi_metrics_free(metrics);
}

TEST(test_labels)
{
    struct wi_buffer out = {0};
    wi_metric_label(&out, "a\"b\\c\nd\xff\x01");
    assert_string_equal(out.text, "\"a\\\"b\\\\c\\nd??\"");
    wi_buffer_clear(&out);
    wi_metric_process(&out);
    assert_non_null(strstr(out.text, "\nprocess_resident_memory_bytes "));
    assert_non_null(strstr(out.text, "\nprocess_open_fds "));
    wi_buffer_clear(&out);
}

/* However it is known: the folder's listing, in which the folder itself is open, has ".." and ".".
 */
TEST(open_descriptors_are_counted)
{
    int more[40];
    char line[64];
    size_t listed = 0;
    struct wi_buffer out = {0};
    for (size_t i = 0; i < sizeof more / sizeof *more; i++)
        more[i] = dup(0);
    DIR *folder = opendir("/proc/self/fd");
    assert_non_null(folder);
    while (readdir(folder))
        listed++;
    closedir(folder);
    wi_metric_process(&out);
    snprintf(line, sizeof line, "\nprocess_open_fds %zu\n", listed - 3);
    assert_non_null(strstr(out.text, line));
    wi_buffer_clear(&out);
    for (size_t i = 0; i < sizeof more / sizeof *more; i++)
        close(more[i]);
}

static void add_to_sum(void *context, const struct wi_model_counts *counts)
{
    struct wi_model_counts *sum = context;
    sum->version = counts->version;
    sum->answered += counts->answered;
    sum->failed += counts->failed;
    sum->failed_s += counts->failed_s;
    sum->last_at = counts->last_at;
}

TEST(requests_of_a_model_are_counted_by_their_ends)
{
    struct wi_metrics *metrics = wi_metrics_new(wi_routes);
    struct wi_buffer out = {0};
    struct wi_model_counts one = {0}, all = {0};
    wi_metrics_answered(metrics, "a\"b", 2, 1.5, 0.25, 1);
    wi_metrics_answered(metrics, "a\"b", 3, 0.5, 0.25, -1); /* a page's figure may be anything */
    wi_metrics_failed(metrics, "a\"b", 3, 2);
    wi_metrics_failed(metrics, "other model", 0, 1);
    wi_metrics_each_model(metrics, "a\"b", add_to_sum, &one);
    assert_true(one.version == 3 && one.answered == 2 && one.failed == 1 && one.failed_s == 2);
    assert_true(one.last_at > 0);
    wi_metrics_write(metrics, &out);
    assert_non_null(strstr(
        out.text, "webinfer_model_requests_total{model=\"a\\\"b\",outcome=\"answered\"} 2\n"));
    assert_non_null(strstr(
        out.text, "webinfer_model_requests_total{model=\"other model\",outcome=\"failed\"} 1\n"));
    assert_non_null(strstr(out.text,
        "webinfer_model_request_seconds_total{model=\"a\\\"b\",outcome=\"answered\"} 2\n"));
    assert_non_null(strstr(out.text, "webinfer_model_queue_seconds_total{model=\"a\\\"b\"} 0.5\n"));
    wi_buffer_clear(&out);
    for (int i = 0; i < 1000; i++) {
        char name[16];
        snprintf(name, sizeof name, "m%d", i);
        wi_metrics_failed(metrics, name, 0, 0);
    }
    wi_metrics_each_model(metrics, NULL, add_to_sum, &all);
    assert_int_equal(all.failed, 1002);
    wi_metrics_write(metrics, &out);
    assert_true(count_of(out.text, "outcome=\"failed\"") < 600);
    assert_non_null(strstr(out.text, "{model=\"other\",outcome=\"failed\"}"));
    wi_buffer_clear(&out);
    wi_metrics_free(metrics);
}
