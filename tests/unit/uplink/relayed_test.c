/* A task from its arrival to its end; the node and the own daemon are played. */
#include "played.h"

#include "task.h"

#define HASH "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define PLAIN "{\"model\":{\"hash\":\"" HASH "\"},\"deadline_ms\":5000}"
#define STREAM "{\"model\":{\"hash\":\"" HASH "\"},\"deadline_ms\":5000,\"stream\":true}"
#define GOOD "{\"id\":\"att-1\",\"outputs\":[],\"executed_on\":{\"platform\":\"wasm\"}}"

static struct {
    struct wi_budget budget;
    struct wi_uplink_run run;
    struct wi_uplink_line line;
    struct wi_worker_task task;
    struct coming coming;
    json_t *names;
    int doubts, looks;
} test;

static void on_doubt(struct wi_uplink_own *own)
{
    test.doubts++;
}

static void on_look(struct wi_uplink_own *own)
{
    test.looks++;
}

static int set_up(void **state)
{
    memset(&test, 0, sizeof test);
    test.budget.limit = 1 << 20;
    test.names = json_pack("{s:s}", HASH, "there");
    test.run.budget = &test.budget;
    test.run.names = test.names;
    test.run.doubt = on_doubt;
    test.run.look = on_look;
    test.run.looks = 7;
    test.line.run = &test.run;
    strcpy(test.line.kind, "chrome");
    test.line.service.context = &test.line;
    played.service = &test.line.service;
    played.credit = 100;
    test.task.worker = &played.worker;
    strcpy(test.task.id, "att-1");
    return 0;
}

static void task_forget(void)
{
    wi_uplink_end_task(&test.task);
    test.task.owner = NULL;
    test.task.answered = 0;
    test.task.next = 0;
}

static int tear_down(void **state)
{
    task_forget();
    coming_clear(&test.coming);
    json_decref(test.names);
    forget_played();
    return 0;
}

FIXTURE(set_up, tear_down)

static void task_take(const char *model, const char *data)
{
    coming_set(&test.coming, model, data);
    wi_uplink_take_task(&test.task, &test.coming.request);
}

static struct wi_uplink_task *own(void)
{
    return test.task.owner;
}

/* The answer's head, and its bytes as they come. */
static int head_give(int status, const char *media_type)
{
    asked.media_type = media_type;
    return asked.request.on_head(asked.context, (struct wi_http_call *)&asked, status);
}

static enum wi_http_verdict bytes_give(const char *text)
{
    return asked.request.on_data(asked.context, text, strlen(text));
}

static void answer_give(int status, const char *media_type, const char *text)
{
    assert_int_equal(head_give(status, media_type), 0);
    assert_int_equal(bytes_give(text), WI_HTTP_TAKEN);
    give_answer(status, "");
}

static void assert_failed(const char *code, int retryable, const char *said)
{
    assert_int_equal(played.answers, 1);
    assert_string_equal(played.code, code);
    assert_int_equal(played.retryable, retryable);
    if (!strstr(played.detail, said))
        fail_msg("%s", played.detail);
}

TEST(a_task_is_one_request)
{
    task_take("twice", PLAIN);
    assert_string_equal(played.said[0], "task_accepted \"attempt_id\":\"att-1\"");
    assert_string_equal(asked.path, "/v1/infer");
    assert_string_equal(asked.request.method, "POST");
    assert_string_equal(asked.request.content_type, "application/json");
    assert_string_equal(asked.headers, "");
    assert_non_null(strstr(asked.body, "{\"model_name\":\"there\",\"browser\":\"chrome\""));
    answer_give(200, "application/json", GOOD);
    assert_int_equal(played.answers, 1);
    assert_string_equal(played.code, "");
    assert_string_equal(played.executed_on, "{\"platform\":\"wasm\"}");
    assert_int_equal(test.doubts, 0);
}

TEST(events_answer_streams_alone)
{
    task_take("twice", PLAIN);
    answer_give(200, "text/event-stream", "event: done\ndata: {}\n\n");
    assert_failed("unavailable", 1, "is no JSON");
}

TEST(tensors_pass_as_bytes_both_ways)
{
    static const char json[] =
        "{\"id\":\"att-1\",\"executed_on\":{},\"outputs\":[{\"name\":\"y\",\"datatype\":"
        "\"UINT8\",\"shape\":[4],\"parameters\":{\"binary_data_size\":4}}]}";
    char size[20], whole[300];
    coming_add(&test.coming, "x", "bytes", 5);
    task_take("twice", PLAIN);
    assert_string_equal(asked.request.content_type, "application/octet-stream");
    snprintf(whole, sizeof whole, "Inference-Header-Content-Length: %zu\n", asked.body_size - 5);
    assert_string_equal(asked.headers, whole);
    assert_memory_equal(asked.body + asked.body_size - 5, "bytes", 5);
    snprintf(size, sizeof size, "%zu", sizeof json - 1);
    asked.head_length = size;
    snprintf(whole, sizeof whole, "%sabcd", json);
    answer_give(200, "application/octet-stream", whole);
    assert_string_equal(played.code, "");
    assert_int_equal(played.output_bytes, 4);
}

TEST(models_of_the_program_itself_need_no_hash)
{
    task_take("builtin/echo", "{\"model\":{}}");
    assert_non_null(strstr(asked.body, "{\"model_name\":\"builtin/echo\""));
}

TEST(a_model_that_is_not_there_any_more_is_tried_elsewhere)
{
    json_object_clear(test.names);
    task_take("twice", PLAIN);
    assert_failed("model_not_found", 1, "has no such model by now");
    assert_int_equal(asked.count, 0);
}

TEST(what_is_no_model_is_not_run)
{
    task_take("twice", "{\"model\":{\"hash\":\"" HASH "\"},\"task_type\":\"kernel\"}");
    assert_failed("operator_unsupported", 1, "runs models only");
    assert_int_equal(asked.count, 0);
}

TEST(an_input_that_did_not_come_is_said)
{
    task_take("twice", "{\"model\":{\"hash\":\"" HASH "\"},\"input\":{\"image\":{\"tensor\":0}}}");
    assert_failed("input_invalid", 1, "a tensor that did not come");
    assert_int_equal(asked.count, 0);
}

TEST(while_the_own_daemon_is_lost_nothing_is_taken)
{
    test.run.is_lost = 1;
    task_take("twice", PLAIN);
    assert_failed("unavailable", 1, "does not answer");
    assert_int_equal(asked.count, 0);
}

TEST(a_lost_daemon_is_doubted)
{
    task_take("twice", PLAIN);
    give_answer(0, "");
    assert_failed("unavailable", 1, "the lending daemon was lost: no connection");
    assert_int_equal(test.doubts, 1);
}

TEST(a_problem_document_keeps_its_code)
{
    task_take("twice", PLAIN);
    answer_give(429, "application/problem+json", "{\"code\":\"too_many_requests\"}");
    assert_failed("too_many_requests", 1, "");
    assert_int_equal(test.doubts, 0);
}

#define NO_NODE "{\"code\":\"unavailable\",\"detail\":\"there is no node\"}"

static void assert_waits_for_a_look(const char *data)
{
    task_take("twice", data);
    answer_give(503, "application/problem+json", NO_NODE);
    assert_int_equal(played.answers, 0);
    assert_int_equal(test.looks, 1);
    assert_int_equal(test.doubts, 0);
    wi_uplink_settle(&test.task); /* of a look that had begun before */
    assert_int_equal(played.answers, 0);
    test.run.looks++;
}

TEST(a_task_for_which_there_is_no_node_goes_back_where_the_kind_has_none)
{
    assert_waits_for_a_look(PLAIN);
    wi_worker_pause(&played.worker, 1);
    wi_uplink_settle(&test.task);
    assert_failed("node_paused", 1, "no such browser now");
    wi_uplink_settle(&test.task);
    assert_int_equal(played.answers, 1);
}

TEST(a_task_for_which_there_is_no_node_fails_where_the_kind_has_one)
{
    assert_waits_for_a_look(STREAM);
    wi_uplink_settle(&test.task);
    assert_failed("unavailable", 1, "there is no node");
}

TEST(a_task_that_waits_for_a_look_is_given_back_if_the_own_daemon_is_lost)
{
    assert_waits_for_a_look(PLAIN);
    wi_uplink_give_back(&test.task);
    assert_failed("unavailable", 1, "does not answer");
    wi_uplink_settle(&test.task);
    assert_int_equal(played.answers, 1);
}

TEST(a_task_that_runs_waits_for_no_look)
{
    task_take("twice", PLAIN);
    wi_worker_pause(&played.worker, 1);
    test.run.looks++;
    wi_uplink_settle(&test.task);
    assert_int_equal(played.answers, 0);
}

TEST(what_is_no_answer_is_tried_elsewhere)
{
    task_take("twice", PLAIN);
    answer_give(200, "application/json", "{");
    assert_failed("unavailable", 1, "is no JSON");
}

TEST(an_answer_may_not_be_larger_than_the_borrowing_daemon_takes)
{
    played.max_answer = 1000;
    task_take("twice", PLAIN);
    asked.length = "67109865"; /* and 64 MiB of JSON */
    assert_int_equal(head_give(200, "application/json"), -1);
    give_answer(0, "");
    assert_failed("answer_too_large", 0, "more than 67109864 bytes");
    assert_int_equal(test.doubts, 0);
}

TEST(an_error_may_not_be_larger_than_any_is)
{
    static char much[64 * 1024 + 2];
    memset(much, ' ', sizeof much - 1);
    task_take("twice", PLAIN);
    assert_int_equal(head_give(422, "application/json"), 0);
    assert_int_equal(bytes_give(much), WI_HTTP_END);
    give_answer(0, "");
    assert_failed("answer_too_large", 0, "more than 65536 bytes");
}

TEST(memory_is_bounded_and_given_back)
{
    test.budget.limit = 100;
    task_take("twice", PLAIN);
    asked.length = "101";
    assert_int_equal(head_give(200, "application/json"), -1);
    give_answer(0, "");
    assert_failed("memory_budget", 1, "no memory");
    task_forget();
    played.answers = 0;
    task_take("twice", PLAIN);
    asked.length = NULL; /* it comes without being announced */
    assert_int_equal(head_give(200, "application/json"), 0);
    enum wi_http_verdict verdict = WI_HTTP_TAKEN;
    for (int i = 0; i < 20 && verdict == WI_HTTP_TAKEN; i++)
        verdict = bytes_give("0123456789");
    assert_int_equal(verdict, WI_HTTP_END);
    give_answer(0, "");
    assert_failed("memory_budget", 1, "no memory");
    task_forget();
    assert_int_equal(test.budget.used, 0);
}

/* --- streams --- */

#define PART(seq) "event: part\ndata: {\"seq\":" #seq ",\"text\":\"p\"}\n\n"
#define DONE                                                                                       \
    "event: done\ndata: {\"id\":\"att-1\",\"outputs\":[],\"parts\":2,\"executed_on\":{}}\n\n"

TEST(a_stream_is_asked_for_as_events)
{
    task_take("twice", STREAM);
    assert_string_equal(asked.headers, "Accept: text/event-stream\n");
    answer_give(200, "text/event-stream; charset=utf-8", PART(0) PART(1) DONE);
    assert_int_equal(played.count, 3);
    assert_string_equal(played.code, "");
}

/* What is paused is not lost: curl brings the piece again. */
TEST(nothing_is_read_without_credit)
{
    played.credit = 0;
    task_take("twice", STREAM);
    assert_int_equal(head_give(200, "text/event-stream"), 0);
    assert_int_equal(bytes_give(PART(0)), WI_HTTP_TAKEN);
    assert_int_equal(bytes_give(PART(1) DONE), WI_HTTP_PAUSE);
    wi_uplink_go_on(&test.task);
    assert_int_equal(asked.resumed, 0);
    played.credit = 2;
    wi_uplink_go_on(&test.task);
    assert_int_equal(asked.resumed, 1);
    assert_int_equal(bytes_give(PART(1) DONE), WI_HTTP_TAKEN);
    give_answer(200, "");
    assert_int_equal(played.answers, 1);
    assert_string_equal(played.code, "");
    assert_int_equal(test.task.next, 2);
}

TEST(an_end_that_waits_for_credit_comes_later)
{
    played.credit = 1;
    task_take("twice", STREAM);
    answer_give(200, "text/event-stream", PART(0) PART(1) DONE);
    assert_int_equal(played.answers, 0);
    played.credit = 1;
    wi_uplink_go_on(&test.task);
    assert_int_equal(played.answers, 1);
    assert_string_equal(played.code, "");
    wi_uplink_go_on(&test.task); /* and not twice */
    assert_int_equal(played.answers, 1);
}

TEST(a_stream_without_its_end_is_interrupted)
{
    task_take("twice", STREAM);
    answer_give(200, "text/event-stream", PART(0));
    assert_failed("stream_interrupted", 1, "without its last event");
    assert_int_equal(test.doubts, 1);
}

TEST(a_stream_that_breaks_is_lost)
{
    task_take("twice", STREAM);
    assert_int_equal(head_give(200, "text/event-stream"), 0);
    assert_int_equal(bytes_give(PART(0)), WI_HTTP_TAKEN);
    give_answer(0, "");
    assert_failed("unavailable", 1, "was lost");
    assert_int_equal(test.doubts, 1);
}

TEST(a_false_part_ends_the_call)
{
    task_take("twice", STREAM);
    assert_int_equal(head_give(200, "text/event-stream"), 0);
    assert_int_equal(bytes_give(PART(1)), WI_HTTP_END);
    give_answer(0, "");
    assert_failed("stream_interrupted", 1, "a part out of its order");
    assert_int_equal(test.doubts, 0);
}

/* --- ends --- */

TEST(a_cancelled_task_leaves_the_own_daemon)
{
    task_take("twice", PLAIN);
    wi_uplink_cancel_task(&test.task);
    assert_int_equal(asked.cancelled, 1);
    assert_null(own()->call);
    assert_int_equal(played.answers, 0);
    task_forget();
    assert_int_equal(asked.cancelled, 1);
}

TEST(a_task_that_is_given_back_is_answered_once)
{
    task_take("twice", PLAIN);
    wi_uplink_give_back(&test.task);
    assert_failed("unavailable", 1, "does not answer");
    assert_int_equal(asked.cancelled, 1);
    wi_uplink_give_back(&test.task);
    assert_int_equal(played.answers, 1);
}

/* Its tensors have not all come. */
TEST(a_task_that_never_came_has_nothing_to_end)
{
    wi_uplink_end_task(&test.task);
    wi_uplink_go_on(&test.task);
    wi_uplink_give_back(&test.task);
    assert_failed("unavailable", 1, "does not answer");
}
