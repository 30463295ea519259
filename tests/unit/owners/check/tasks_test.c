/* The guard beside jobs with a task, which are compared by inputs of ours. */
#include "fixture.h"

/* The `index`th attempt answers a task with what its graphs put out, `count` logits, where it was
 * asked for that; the node says that it computed in `precision`. */
static void answer_so(size_t index, const char *precision, double logit, size_t count)
{
    struct sent *sent = &the.sent[index];
    struct wi_answer answer = {.ok = 1,
        .result = sent->raw ? json_pack("{s:b}", "raw", 1) : json_pack("{s:[]}", "labels"),
        .executed_on = json_pack(
            "{s:s, s:s}", "platform", wi_platform_names[sent->platform], "precision", precision)};
    assert_true(index < the.sent_count && !sent->over);
    sent->over = 1;
    if (sent->raw)
        add(&answer.outputs, "model/logits", (float)logit, count);
    events()->on_answer(events()->context, "node-1", sent->attempt, &answer);
    wi_tensors_clear(&answer.outputs);
    json_decref(answer.result);
    json_decref(answer.executed_on);
}

static void answer_task(size_t index, const char *precision, double logit)
{
    answer_so(index, precision, logit, 1);
}

FIXTURE(set_up, tear_down)

/* By an input of ours, which WASM gets too. */
TEST(a_task_is_checked_afterwards)
{
    the.requested.wanted = 0;
    assert_int_equal(submit_so(1, WI_WEBGPU, 1, WI_TASK_CHAT), WI_OK);
    answer_task(0, "fp32", -9);
    assert_int_equal(the.numerics, WI_UNKNOWN); /* so it goes out as unchecked */
    turn();
    assert_int_equal(the.sent[1].platform, WI_WASM);
    assert_int_equal(the.task, WI_TASK_COMPLETE);
    answer_task(1, "fp32", -1);
    assert_int_equal(the.sent[2].platform, WI_WEBGPU);
    answer_task(2, "fp32", -1.04);
    compared();
    assert_int_equal(verdict(), WI_TRUSTED);
    assert_int_equal(counters().trusted, 1);
    assert_int_equal(submit_so(1, WI_WEBGPU, 1, WI_TASK_CHAT), WI_OK);
    answer_task(3, "fp32", -1);
    assert_int_equal(the.numerics, WI_TRUSTED);
    turn();
    assert_int_equal(the.sent_count, 4);
}

/* The daemon that asks compares by itself, and this is no answer to a client. */
TEST(what_another_daemon_compares_leads_to_nothing)
{
    the.is_compared = 1;
    the.requested.wanted = 1;
    assert_int_equal(submit_so(1, WI_WEBGPU, 0, WI_TASK_IMAGE_CLASSIFICATION), WI_OK);
    assert_true(the.sent[0].raw);
    answer_task(0, "fp32", -9);
    assert_int_equal(the.answers, 1);
    turn();
    assert_int_equal(the.sent_count, 1);
    assert_int_equal(counters().running, 0);
}

/* Routing asks for it, since nothing is known of the place. The model's folder has the weights of
 * `dtype`; the node says that it computed in few bits. */
static void compare_pictures(double on_webgpu, char *dtype)
{
    size_t first = the.sent_count;
    the.model.format = WI_FORMAT_HUGGINGFACE;
    the.model.variant = dtype;
    the.requested.deadline_ms = the.requested.compare = 1;
    assert_int_equal(submit_so(0, WI_WASM, 0, WI_TASK_IMAGE_CLASSIFICATION), WI_OK);
    answer_task(first, "fp32", 1);
    turn();
    assert_int_equal(the.sent[first + 1].platform, WI_WASM);
    answer_task(first + 1, "q8", 9);
    assert_int_equal(the.sent[first + 2].platform, WI_WEBGPU);
    answer_task(first + 2, "q8", on_webgpu);
}

TEST(a_task_in_few_bits_may_differ_more)
{
    compare_pictures(8.6, "q8");
    assert_int_equal(verdict(), WI_TRUSTED);
}

/* The next input of ours, which WASM answers with 9. */
static void answer_another(size_t first, double on_webgpu)
{
    assert_int_equal(the.sent[first].platform, WI_WASM);
    answer_task(first, "q8", 9);
    assert_int_equal(the.sent[first + 1].platform, WI_WEBGPU);
    answer_task(first + 1, "q8", on_webgpu);
}

TEST(a_wrong_task_is_found_out)
{
    compare_pictures(5, "fp32");
    assert_int_equal(verdict(), WI_UNKNOWN);
    answer_another(3, 5);
    assert_int_equal(verdict(), WI_WRONG);
}

TEST(few_bits_are_wrong_about_three_inputs_in_a_row)
{
    compare_pictures(5, "q8");
    assert_int_equal(verdict(), WI_UNKNOWN);
    answer_another(3, 5);
    assert_int_equal(verdict(), WI_UNKNOWN);
    answer_another(5, 5);
    assert_int_equal(verdict(), WI_WRONG);
    assert_int_equal(counters().wrong, 1);
    assert_int_equal(the.sent_count, 7);
}

TEST(few_bits_may_round_otherwise_once)
{
    compare_pictures(5, "q8");
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(verdict(), WI_UNKNOWN); /* one that agrees does not make up for it */
        answer_another(3 + 2 * i, 9);
    }
    assert_int_equal(verdict(), WI_TRUSTED);
    assert_int_equal(counters().wrong, 0);
    assert_int_equal(the.sent_count, 9);
}

/* Of inputs of ours it differs for every second one. */
TEST(what_is_wrong_every_second_time_is_wrong)
{
    compare_pictures(5, "fp32");
    answer_another(3, 9);
    assert_int_equal(verdict(), WI_UNKNOWN);
    answer_another(5, 5);
    assert_int_equal(verdict(), WI_WRONG);
}

TEST(what_a_node_says_of_its_bits_allows_it_nothing)
{
    compare_pictures(8.6, "fp32");
    answer_another(3, 8.6);
    assert_int_equal(verdict(), WI_WRONG);
}

/* More than a few numbers take too long for the loop. */
TEST(a_task_is_compared_off_the_loop)
{
    the.requested.deadline_ms = the.requested.compare = 1;
    for (int i = 0; i < 2; i++) {
        size_t first = the.sent_count;
        the.model.hash[0] = (char)('a' + i);
        assert_int_equal(submit_so(0, WI_WASM, 0, WI_TASK_IMAGE_CLASSIFICATION), WI_OK);
        answer_task(first, "fp32", 9);
        turn();
        answer_so(first + 1, "fp32", 9, 10000);
        answer_so(first + 2, "fp32", 9, 10000);
        assert_int_equal(verdict(), WI_UNKNOWN);
        assert_int_equal(counters().running, 1);
        if (i == 1)
            return; /* the end may come meanwhile */
        compared();
        assert_int_equal(verdict(), WI_TRUSTED);
    }
}

/* WASM and WebGPU differ by 0.1, on as many inputs of ours as are asked. */
static enum wi_verdict compare_text(int64_t file_type)
{
    size_t first = the.sent_count;
    the.model.format = WI_FORMAT_GGUF;
    the.model.facts.gguf.file_type = file_type;
    the.requested.wanted = 0;
    assert_int_equal(submit_so(1, WI_WEBGPU, 0, WI_TASK_COMPLETE), WI_OK);
    answer_task(first, "fp32", -1);
    turn();
    for (first++; first < the.sent_count; first += 2) {
        answer_task(first, "q4", -1);
        answer_task(first + 1, "q4", -1.1);
    }
    compared();
    return verdict();
}

TEST(the_bits_of_a_gguf_file_are_those_of_its_weights)
{
    assert_int_equal(compare_text(7), WI_TRUSTED);
    strcpy(the.model.hash, "efgh");
    assert_int_equal(compare_text(0), WI_WRONG);
}

/* A client asks a GPU for text. The node has both platforms; what is ours agrees there, so that the
 * client's own prompt is asked next if anything. Gives the index of the next run. */
static size_t agree_on_ours(enum wi_model_format format, double prompt_tokens)
{
    struct wi_job_spec spec = {
        .asked = ASKED(.model = wi_model_ref(&the.model), .task = WI_TASK_CHAT,
            .input = json_pack("{s:[]}", "messages"), .priority = 5, .has_platform = 1,
            .platform = WI_WEBGPU, .prompt_tokens = prompt_tokens, .timeout_ms = 60000)};
    struct wi_error error;
    the.model.format = format;
    the.node.platforms[WI_WASM].available = the.node.platforms[WI_WEBGPU].available = 1;
    the.requested.wanted = 0;
    wi_id_new(spec.id, "job");
    assert_int_equal(wi_jobs_submit(the.jobs, &spec, NULL, on_done, NULL, &error), WI_OK);
    answer_task(0, "fp32", -9);
    turn();
    answer_task(1, "fp32", -1);
    answer_task(2, "fp32", -1);
    while (the.sent_count == 3 && counters().running > 0)
        uv_run(&the.loop, UV_RUN_ONCE);
    return 3;
}

static void expect_client(size_t index, enum wi_platform platform)
{
    assert_int_equal(the.sent_count, index + 1);
    assert_int_equal(the.sent[index].platform, platform);
    assert_int_equal(the.task, WI_TASK_CHAT);
    assert_string_equal(the.asked_node, "node-1");
    assert_int_equal(verdict(), WI_UNKNOWN);
}

/* Kernels are chosen by the shape of a prompt, too. */
TEST(the_prompt_of_a_client_decides_too)
{
    size_t next = agree_on_ours(WI_FORMAT_GGUF, 2048);
    expect_client(next, WI_WASM);
    answer_task(next, "fp32", -1);
    expect_client(next + 1, WI_WEBGPU);
    answer_task(next + 1, "fp32", -1.04);
    compared();
    assert_int_equal(verdict(), WI_TRUSTED);
    assert_int_equal(counters().trusted, 1);
}

/* The prompt has differed: one of ours that is as long decides. Gives the index of its run. */
static size_t differ_on_prompt(double tokens)
{
    size_t next = agree_on_ours(WI_FORMAT_GGUF, tokens);
    answer_task(next, "fp32", -1);
    answer_task(next + 1, "fp32", -2);
    while (the.sent_count == next + 2 && counters().running > 0)
        uv_run(&the.loop, UV_RUN_ONCE);
    assert_int_equal(the.sent_count, next + 3);
    assert_int_equal(the.sent[next + 2].platform, WI_WASM);
    assert_int_equal(the.task, WI_TASK_COMPLETE);
    assert_true(the.prompt_tokens == tokens);
    assert_int_equal(verdict(), WI_UNKNOWN);
    return next + 2;
}

TEST(what_is_wrong_for_the_prompt_of_a_client_alone_is_not_wrong)
{
    size_t next = differ_on_prompt(300);
    answer_task(next, "fp32", -1);
    answer_task(next + 1, "fp32", -1);
    compared();
    assert_int_equal(verdict(), WI_TRUSTED);
    assert_int_equal(counters().wrong, 0);
}

TEST(what_is_wrong_for_prompts_as_long_is)
{
    size_t next = differ_on_prompt(300);
    for (size_t i = 0; i < 2; i++) {
        answer_task(next + 2 * i, "fp32", -1);
        answer_task(next + 2 * i + 1, "fp32", -2);
    }
    compared();
    assert_int_equal(verdict(), WI_WRONG);
}

TEST(where_one_as_long_does_not_tell_it_stays_open)
{
    size_t next = differ_on_prompt(10);
    fail_with(next, WI_CONTEXT_LENGTH, "the context is small", 0);
    assert_int_equal(verdict(), WI_UNKNOWN);
    assert_int_equal(counters().wrong, 0);
    assert_int_equal(the.found[WI_EVIDENCE_CLIENT_INPUT], 1);
    assert_false(is_due());
}

TEST(a_prompt_of_a_client_that_tells_nothing_leaves_it_to_ours)
{
    size_t next = agree_on_ours(WI_FORMAT_GGUF, 10);
    fail_with(next, WI_CONTEXT_LENGTH, "the context is small", 0);
    assert_int_equal(verdict(), WI_TRUSTED);
    assert_int_equal(counters().running, 0);
}

TEST(only_the_platform_failing_for_the_prompt_of_a_client_leaves_it_to_ours)
{
    size_t next = agree_on_ours(WI_FORMAT_GGUF, 10);
    answer_task(next, "fp32", -1);
    fail_with(next + 1, WI_OPERATOR_UNSUPPORTED, "no kernel", 0);
    assert_int_equal(verdict(), WI_TRUSTED);
}

TEST(a_long_prompt_of_a_client_is_not_asked_again)
{
    agree_on_ours(WI_FORMAT_GGUF, 2049);
    assert_int_equal(the.sent_count, 3);
    assert_int_equal(verdict(), WI_TRUSTED);
}

TEST(the_prompt_of_a_client_is_asked_of_gguf_files_only)
{
    agree_on_ours(WI_FORMAT_HUGGINGFACE, 10);
    assert_int_equal(the.sent_count, 3);
    assert_int_equal(verdict(), WI_TRUSTED);
}

TEST(a_task_that_cannot_run_there_is_unable)
{
    the.requested.deadline_ms = the.requested.compare = 1;
    assert_int_equal(submit_so(0, WI_WASM, 0, WI_TASK_IMAGE_CLASSIFICATION), WI_OK);
    answer_task(0, "fp32", 1);
    turn();
    answer_task(1, "fp32", 1);
    fail_with(2, WI_OPERATOR_UNSUPPORTED, "no kernel", 0);
    assert_int_equal(verdict(), WI_UNABLE);
}

/* An input of ours may fail where clients' do not. */
TEST(what_cannot_run_is_not_tried_after_each_answer)
{
    the.requested.wanted = 0;
    assert_int_equal(submit_so(1, WI_WEBGPU, 0, WI_TASK_CHAT), WI_OK);
    answer_task(0, "fp32", -1);
    turn();
    answer_task(1, "fp32", -1);
    fail_with(2, WI_OPERATOR_UNSUPPORTED, "no kernel", 0);
    assert_int_equal(verdict(), WI_UNABLE);
    assert_int_equal(submit_so(1, WI_WEBGPU, 0, WI_TASK_CHAT), WI_OK);
    answer_task(3, "fp32", -1);
    turn();
    assert_int_equal(the.sent_count, 4);
}

/* WASM's logit is the accelerator's; `tells`: it says what its graphs put out, as WASM does. */
static void stays_open(double logit, int tells)
{
    the.requested.deadline_ms = the.requested.compare = 1;
    assert_int_equal(submit_so(0, WI_WASM, 0, WI_TASK_OBJECT_DETECTION), WI_OK);
    answer_task(0, "fp32", 1);
    turn();
    assert_true(!the.sent[0].raw && the.sent[1].raw);
    answer_task(1, "fp32", logit);
    assert_true(the.sent[2].raw);
    the.sent[2].raw = tells;
    answer_task(2, "fp32", logit);
    compared();
    assert_int_equal(verdict(), WI_UNKNOWN);
    assert_int_equal(counters().failed, 1);
    assert_false(is_due());
}

TEST(what_cannot_be_told_stays_open)
{
    stays_open(0, 1);
    assert_int_equal(the.found[WI_EVIDENCE_OPEN], 0); /* the numbers say so */
}

/* A stranger's page may not know what is asked, or not do it. */
TEST(a_page_that_tells_only_of_its_answer_stays_unchecked)
{
    stays_open(1, 0);
    assert_int_equal(the.found[WI_EVIDENCE_OPEN], 1); /* it was its choice */
    assert_string_equal(the.found_node, "node-1");
}

/* A place that is trusted is tried for its speed alone. */
TEST(what_is_trusted_is_only_measured)
{
    the.requested.deadline_ms = 1;
    assert_int_equal(submit_so(0, WI_WASM, 0, WI_TASK_IMAGE_CLASSIFICATION), WI_OK);
    answer_task(0, "fp32", 1);
    turn();
    assert_int_equal(the.sent[1].platform, WI_WEBGPU);
    assert_false(the.sent[1].raw);
    answer_task(1, "fp32", 1);
    assert_int_equal(counters().measured, 1);
    assert_int_equal(the.sent_count, 2);
}

/* Else each answer would have WASM try it again. */
TEST(what_wasm_cannot_do_is_not_tried_again_at_once)
{
    the.requested.wanted = 0;
    assert_int_equal(submit_so(1, WI_WEBGPU, 0, WI_TASK_CHAT), WI_OK);
    answer_task(0, "fp32", -1);
    turn();
    fail_with(1, WI_DEADLINE_EXCEEDED, "it takes too long", 0);
    assert_int_equal(counters().failed, 1);
    assert_int_equal(submit_so(1, WI_WEBGPU, 0, WI_TASK_CHAT), WI_OK);
    answer_task(2, "fp32", -1);
    turn();
    assert_int_equal(the.sent_count, 3);
    assert_int_equal(verdict(), WI_UNKNOWN);
}

/* The text is ours, and is the same after the next answer. */
TEST(what_is_too_long_for_the_model_is_not_tried_after_each_answer)
{
    the.requested.wanted = 0;
    for (int i = 0; i < 2; i++) { /* WASM says so, or the platform in question alone */
        the.model.hash[0] = (char)('a' + i);
        assert_int_equal(submit_so(1, WI_WEBGPU, 0, WI_TASK_QUESTION_ANSWERING), WI_OK);
        answer_task(the.sent_count - 1, "fp32", 1);
        turn();
        if (i == 1)
            answer_task(the.sent_count - 1, "fp32", 1);
        fail_with(the.sent_count - 1, WI_CONTEXT_LENGTH, "a text has 192 tokens", 0);
        assert_int_equal(counters().failed, i + 1);
        assert_false(is_due());
    }
}

TEST(speech_is_compared)
{
    the.requested.wanted = 0;
    assert_int_equal(submit_so(1, WI_WEBGPU, 0, WI_TASK_TEXT_TO_SPEECH), WI_OK);
    answer_task(0, "fp32", 1);
    turn();
    assert_int_equal(the.sent_count, 2);
    assert_int_equal(the.sent[1].platform, WI_WASM);
    assert_int_equal(the.task, WI_TASK_TEXT_TO_SPEECH);
}

TEST(speech_that_is_drawn_at_random_is_not_compared)
{
    strcpy(the.model.facts.signature.random, "RandomNormalLike");
    the.requested.wanted = 0;
    assert_int_equal(submit_so(1, WI_WEBGPU, 0, WI_TASK_TEXT_TO_SPEECH), WI_OK);
    answer_task(0, "fp32", 1);
    turn();
    assert_int_equal(the.sent_count, 1);
    assert_int_equal(the.numerics, WI_EXEMPT);
    assert_int_equal(counters().dropped, 0);
}

/* A stream too; by a text that has nothing of the client's. */
TEST(a_place_is_measured_by_a_text_of_ours)
{
    the.requested.platform = WI_WASM;
    the.requested.deadline_ms = 1;
    for (int i = 0; i < 2; i++) {
        assert_int_equal(submit_so(0, WI_WASM, i, WI_TASK_CHAT), WI_OK);
        assert_int_equal(the.task, WI_TASK_CHAT);
        answer((size_t)i * 2, 3, 0);
        turn();
        assert_int_equal(the.sent_count, 2 * i + 2);
        assert_string_equal(the.asked_browser, "chrome");
        assert_int_equal(the.task, WI_TASK_COMPLETE);
        assert_true(the.prompt_tokens > 1 && the.answer_tokens > 1);
        answer((size_t)i * 2 + 1, 3, 0);
        assert_int_equal(counters().measured, i + 1);
    }
    assert_int_equal(submit_so(0, WI_WASM, 0, WI_TASK_COMPLETE), WI_OK);
    answer(4, 3, 0);
    turn();
    fail_with(5, WI_CONTEXT_LENGTH, "the context is small", 0);
    assert_int_equal(counters().failed, 1);
    assert_int_equal(verdict(), WI_UNKNOWN);
    assert_int_equal(submit_so(0, WI_WASM, 0, WI_TASK_TOKENIZE), WI_OK);
    answer(6, 3, 0);
    turn();
    assert_int_equal(the.sent_count, 7);
    assert_int_equal(the.handed_back, 1);
}
