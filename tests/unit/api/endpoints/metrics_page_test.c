/* GET /metrics: what each part has counted, under its name and with its head. */
#include "../fixture.h"

/* The page; the caller frees it. */
static char *scrape(void)
{
    struct client *client = connect_client();
    send_head(client, "GET", "/metrics", "");
    until(answered(client));
    assert_int_equal(status_of(client), 200);
    char *text = strndup(client->text + client->head, client->body_size);
    free_client(client);
    return text;
}

static void expect_line(const char *text, const char *line)
{
    const char *at = text;
    size_t length = strlen(line);
    while ((at = strstr(at, line)) && ((at > text && at[-1] != '\n') || at[length] != '\n'))
        at++;
    if (!at)
        fail_msg("there is no line \"%s\"", line);
}

FIXTURE(set_up, tear_down)

/* A sample without a head, or two heads for one, is no exposition that a scraper takes. */
TEST(each_family_has_one_head_before_its_samples)
{
    char *text = scrape(), name[128], family[140], *line, *rest = text;
    int families = 0;
    *name = '\0';
    while ((line = strsep(&rest, "\n")) && *line) {
        size_t length = strlen(name);
        if (strncmp(line, "# HELP ", 7) == 0) {
            char *type = strsep(&rest, "\n");
            int end = 0;
            assert_int_equal(sscanf(line, "# HELP %127s %n", name, &end), 1);
            assert_true(end > 0 && line[end] != '\0');
            snprintf(family, sizeof family, "# TYPE %s ", name);
            assert_int_equal(strncmp(type, family, strlen(family)), 0);
            snprintf(family, sizeof family, "# HELP %s ", name);
            assert_null(strstr(rest, family));
            families++;
        } else if (length == 0 || strncmp(line, name, length) != 0 ||
                   !strchr(" {_", line[length])) {
            fail_msg("\"%s\" stands below the head of \"%s\"", line, name);
        }
    }
    assert_true(families > 60);
    free(text);
}

TEST(what_jobs_counted_is_there)
{
    fixture->jobs = (struct wi_job_counters){.completed = 1,
        .failed = 2,
        .cancelled = 3,
        .expired = 4,
        .rejected = 5,
        .retried = 6,
        .lost = 7,
        .late = 8,
        .batches = 9,
        .joined = 10,
        .streams = 11,
        .parts = 12,
        .continued = 13,
        .late_parts = 14,
        .stalls = 15,
        .stalled_ms = 1600,
        .waiting = 17,
        .running = 18};
    fixture->submitted = 19;
    static const char *const lines[] = {"webinfer_jobs_completed_total 1",
        "webinfer_jobs_failed_total 2", "webinfer_jobs_cancelled_total 3",
        "webinfer_jobs_expired_total 4", "webinfer_jobs_rejected_total 5",
        "webinfer_jobs_retried_total 6", "webinfer_jobs_lost_total 7", "webinfer_jobs_late_total 8",
        "webinfer_batches_total 9", "webinfer_batched_jobs_total 10", "webinfer_streams_total 11",
        "webinfer_stream_parts_total 12", "webinfer_stream_continued_total 13",
        "webinfer_stream_late_parts_total 14", "webinfer_stream_stalled_seconds_count 15",
        "webinfer_stream_stalled_seconds_sum 1.6", "webinfer_jobs_waiting 17",
        "webinfer_jobs_running 18", "webinfer_jobs_accepted_total 19"};
    char *text = scrape();
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        expect_line(text, lines[i]);
    free(text);
}

TEST(what_the_pool_counted_is_there)
{
    fixture->pool = (struct wi_pool_counters){.sessions_started = 1,
        .sessions_broken = 2,
        .sessions_closed = 3,
        .sessions_worn = 4,
        .faults = {[WI_FAULT_PAGE_SILENT] = 5},
        .remedies = {[WI_REMEDY_RELOAD] = 6},
        .start_ms_count = 7,
        .start_ms_sum = 8500,
        .states = {[WI_SESSION_READY] = 9},
        .live = 10,
        .nodes = 11,
        .probes = 12,
        .classes = 13,
        .estimates = 14};
    fixture->kinds =
        json_loads("{\"chrome\":{\"breaker\":\"half-open\",\"failures\":5,\"next_start_ms\":1500.0,"
                   "\"transitions\":{\"starting\":{\"ready\":3}}},"
                   "\"firefox\":{\"breaker\":\"closed\",\"failures\":0,\"next_start_ms\":0.0}}",
            0, NULL);
    static const char *const lines[] = {"webinfer_sessions_started_total 1",
        "webinfer_sessions_broken_total 2", "webinfer_sessions_closed_total 3",
        "webinfer_sessions_worn_total 4", "webinfer_session_faults_total{fault=\"page_silent\"} 5",
        "webinfer_session_faults_total{fault=\"stopped\"} 0",
        "webinfer_session_remedies_total{remedy=\"reload\"} 6",
        "webinfer_session_remedies_total{remedy=\"kill\"} 0",
        "webinfer_session_start_seconds_count 7", "webinfer_session_start_seconds_sum 8.5",
        "webinfer_sessions{state=\"ready\"} 9", "webinfer_sessions_live 10", "webinfer_nodes 11",
        "webinfer_route_probes_total 12", "webinfer_node_classes 13", "webinfer_estimates 14",
        "webinfer_breaker_open{kind=\"chrome\"} 1", "webinfer_breaker_open{kind=\"firefox\"} 0",
        "webinfer_start_failures{kind=\"chrome\"} 5",
        "webinfer_start_backoff_seconds{kind=\"chrome\"} 1.500",
        "webinfer_start_backoff_seconds{kind=\"firefox\"} 0.000",
        "webinfer_session_transitions_total{kind=\"chrome\",from=\"starting\",to=\"ready\"} 3"};
    char *text = scrape();
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        expect_line(text, lines[i]);
    assert_null(strstr(text, "remedy=\"none\""));
    free(text);
    json_decref(fixture->kinds);
    fixture->kinds = NULL;
}

TEST(what_the_bridge_counted_is_there)
{
    fixture->bridge = (struct wi_bridge_counters){.connections = 1,
        .refused = 2,
        .frames_in = 3,
        .frames_out = 4,
        .bytes_in = 5,
        .bytes_out = 6,
        .malformed = 7,
        .protocol_errors = 8,
        .unauthorized = 9,
        .late_answers = 10,
        .resumed = 11,
        .heartbeat_timeouts = 12,
        .bad_answers = 13,
        .parts_repeated = 14,
        .parts_stale = 15,
        .file_requests = 16,
        .file_bytes = 17};
    static const char *const names[] = {"connections", "refused", "frames_received", "frames_sent",
        "received_bytes", "sent_bytes", "malformed", "protocol_errors", "unauthorized",
        "late_answers", "resumed", "heartbeat_timeouts", "bad_answers", "parts_repeated",
        "parts_stale", "file_requests", "file_bytes"};
    char *text = scrape(), line[96];
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(line, sizeof line, "webinfer_bridge_%s_total %zu", names[i], i + 1);
        expect_line(text, line);
    }
    free(text);
}

TEST(what_was_found_wrong_is_there)
{
    static const char *const lines[] = {"webinfer_cross_checks_total{result=\"agreed\"} 1",
        "webinfer_cross_checks_total{result=\"wrong\"} 2",
        "webinfer_cross_checks_total{result=\"suspected\"} 10",
        "webinfer_cross_checks_total{result=\"disputed\"} 3",
        "webinfer_cross_checks_total{result=\"unable\"} 4",
        "webinfer_cross_checks_total{result=\"dropped\"} 5", "webinfer_cross_checks_waiting 6",
        "webinfer_cross_checks_waiting_bytes 7", "webinfer_quarantined_total 8",
        "webinfer_quarantined 9", "webinfer_evidence_total{kind=\"claim\"} 0",
        "webinfer_evidence_total{kind=\"challenge\"} 11"};
    fixture->cross = (struct wi_cross_counters){.agreed = 1,
        .wrong = 2,
        .suspected = 10,
        .disputed = 3,
        .unable = 4,
        .dropped = 5,
        .waiting = 6,
        .bytes = 7};
    fixture->bridge.quarantined = 8;
    fixture->quarantined = 9;
    fixture->found[WI_EVIDENCE_CHALLENGE] = 11;
    char *text = scrape();
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        expect_line(text, lines[i]);
    free(text);
}

TEST(what_the_listener_has_is_there)
{
    char *text = scrape(), line[96];
    expect_line(text, "webinfer_http_connections 1");
    expect_line(text, "webinfer_http_requests_in_flight 1");
    snprintf(line, sizeof line, "webinfer_memory_budget_bytes %.9g", (double)fixture->budget.limit);
    expect_line(text, line);
    expect_line(text, "webinfer_http_connections_refused_total{limit=\"address\"} 0");
    free(text);
}
