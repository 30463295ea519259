/* The guard beside jobs with tensors: what runs once more and where, what becomes of it, and that
 * no client notices. */
#include "fixture.h"
#include "wire/probe.h"

FIXTURE(set_up, tear_down)

TEST(agreeing_is_trusted)
{
    struct wi_job_counters jobs;
    size_t probe = client();
    assert_int_equal(the.answers, 1); /* before the run beside it has ended */
    assert_int_equal(the.numerics, WI_TRUSTED);
    assert_int_equal(verdict(), WI_UNKNOWN);
    answer(probe, 2.001f, 1);
    assert_int_equal(verdict(), WI_TRUSTED);
    assert_int_equal(the.answers, 1);
    assert_int_equal(counters().trusted, 1);
    assert_int_equal(counters().running, 0);
    wi_jobs_counters(the.jobs, &jobs);
    assert_int_equal(jobs.accepted, 1);
    assert_int_equal(jobs.completed, 1);
    assert_int_equal(jobs.running, 0);
}

TEST(differing_is_wrong)
{
    answer(client(), 3, 1);
    assert_int_equal(verdict(), WI_UNKNOWN); /* a client's input is no proof */
    confirm(WI_WEBGPU, 3);
    assert_int_equal(verdict(), WI_UNKNOWN); /* nor is one of ours */
    confirm(WI_WEBGPU, 3);
    assert_int_equal(verdict(), WI_WRONG);
    assert_int_equal(counters().wrong, 1);
}

TEST(quantised_models_may_differ_more)
{
    the.model.facts.signature.quantised = 1;
    answer(client(), 2.02f, 1);
    assert_int_equal(verdict(), WI_TRUSTED);
}

TEST(large_answers_are_compared_off_the_loop)
{
    assert_int_equal(submit_to(0, 0), WI_OK);
    answer(0, 2, 100000);
    turn();
    answer(1, 2, 100000);
    assert_int_equal(verdict(), WI_UNKNOWN);
    assert_int_equal(counters().running, 1);
    compared();
    assert_int_equal(verdict(), WI_TRUSTED);
}

TEST(the_end_may_come_while_comparing)
{
    assert_int_equal(submit_to(0, 0), WI_OK);
    answer(0, 2, 100000);
    turn();
    answer(1, 2, 100000);
    assert_int_equal(counters().running, 1); /* tear_down does the rest */
}

TEST(a_stream_is_not_run_again)
{
    the.requested.wanted = 0;
    assert_int_equal(submit_so(1, WI_WEBGPU, 1, WI_TASK_NONE), WI_OK);
    answer(0, 3, 1);
    turn();
    assert_int_equal(the.sent_count, 1);
    assert_int_equal(the.numerics, WI_UNKNOWN); /* so it goes out as unchecked */
}

TEST(a_pinned_answer_is_checked_afterwards)
{
    the.requested.wanted = 0;
    assert_int_equal(submit_to(1, WI_WEBGPU), WI_OK);
    answer(0, 3, 1);
    assert_int_equal(the.numerics, WI_UNKNOWN);
    turn();
    assert_int_equal(the.sent[1].platform, WI_WASM);
    answer(1, 2, 1);
    condemn(WI_WEBGPU, 3);
    assert_int_equal(verdict(), WI_WRONG);
    assert_int_equal(submit_to(1, WI_WEBGPU), WI_OK);
    answer(8, 3, 1);
    assert_int_equal(the.numerics, WI_WRONG);
    turn();
    assert_int_equal(the.sent_count, 9); /* known by now */
}

static enum wi_verdict verdict_of(const struct wi_model *model)
{
    struct wi_place place = wi_place_of(&the.node, model->engine, WI_WEBGPU);
    return wi_verdicts_get(the.verdicts, model, &place, NULL, "").verdict;
}

/* What WASM answered the client was of other graphs, so that it is no measure. */
TEST(graphs_of_its_own_are_compared_with_themselves)
{
    the.has_own = 1;
    assert_int_equal(submit_to(0, 0), WI_OK);
    assert_ptr_equal(the.sent[0].model, &the.model);
    answer(0, 5, 1);
    turn();
    assert_int_equal(the.sent[1].platform, WI_WASM);
    assert_ptr_equal(the.sent[1].model, &the.webgpu);
    answer(1, 2, 1);
    assert_int_equal(the.sent[2].platform, WI_WEBGPU);
    assert_ptr_equal(the.sent[2].model, &the.webgpu);
    answer(2, 2, 1);
    assert_int_equal(verdict_of(&the.webgpu), WI_TRUSTED);
    assert_int_equal(verdict_of(&the.model), WI_UNKNOWN);
}

TEST(nor_is_a_pinned_answer_of_them_compared_with_others)
{
    the.has_own = 1;
    the.requested.wanted = 0;
    assert_int_equal(submit_to(1, WI_WEBGPU), WI_OK);
    assert_ptr_equal(the.sent[0].model, &the.webgpu);
    answer(0, 3, 1);
    turn();
    assert_int_equal(the.sent_count, 2); /* the client's is one of the two */
    assert_int_equal(the.sent[1].platform, WI_WASM);
    assert_ptr_equal(the.sent[1].model, &the.webgpu);
    answer(1, 2, 1);
    condemn(WI_WEBGPU, 3);
    assert_int_equal(verdict_of(&the.webgpu), WI_WRONG);
    assert_int_equal(verdict_of(&the.model), WI_UNKNOWN);
    assert_int_equal(submit_to(1, WI_WASM), WI_OK);
    assert_ptr_equal(the.sent[8].model, &the.model);
    answer(8, 2, 1);
    assert_int_equal(the.numerics, WI_TRUSTED);
}

/* A page that falls back to WASM runs the graphs that it was sent. */
TEST(what_wasm_refuses_of_them_is_nothing_of_the_others)
{
    struct wi_place place = wi_place_of(&the.node, the.model.engine, WI_WASM);
    struct wi_error error;
    the.has_own = the.falls_back = 1;
    the.requested.wanted = 0;
    assert_int_equal(submit_to(1, WI_WEBGPU), WI_OK);
    fail_with(0, WI_OPERATOR_UNSUPPORTED, "no kernel", 0);
    assert_int_equal(the.code, WI_OPERATOR_UNSUPPORTED);
    assert_int_equal(wi_verdicts_rejection(the.verdicts, &the.model, &place, &error), WI_OK);
    assert_int_equal(
        wi_verdicts_rejection(the.verdicts, &the.webgpu, &place, &error), WI_OPERATOR_UNSUPPORTED);
}

TEST(neither_being_wasm_asks_both)
{
    the.requested.platform = WI_WEBNN;
    assert_int_equal(submit_to(0, 0), WI_OK);
    the.sent[0].platform = WI_WEBGPU; /* as if routing had sent it there */
    answer(0, 2, 1);
    turn();
    assert_int_equal(the.sent[1].platform, WI_WASM);
    answer(1, 2, 1);
    assert_int_equal(the.sent[2].platform, WI_WEBNN);
    answer(2, 5, 1);
    condemn(WI_WEBNN, 5);
    assert_int_equal(verdict_on(WI_WEBNN), WI_WRONG);
    assert_int_equal(verdict(), WI_UNKNOWN);
}

TEST(what_cannot_run_is_unable)
{
    fail_with(client(), WI_OPERATOR_UNSUPPORTED, "no kernel", 0);
    assert_int_equal(verdict(), WI_UNABLE);
    assert_int_equal(counters().unable, 1);
}

TEST(what_breaks_is_not_tried_again_at_once)
{
    size_t probe = client();
    the.gone = 1; /* the bridge forgets the node before it reports what was on it */
    events()->on_lost(events()->context, "node-1", the.sent[probe].attempt, 1, "it crashed");
    the.gone = 0;
    assert_int_equal(the.sent_count, 2);
    assert_int_equal(verdict(), WI_UNKNOWN);
    assert_int_equal(counters().failed, 1);
    assert_false(is_due());
    fail_with(client(), WI_INFERENCE_FAILED, "device_lost: it went", 1);
    assert_int_equal(verdict(), WI_UNABLE);
}

TEST(what_a_paused_node_gives_back_is_tried_again_and_tells_nothing)
{
    struct wi_answer answer = {.retryable = 1};
    size_t probe = client();
    wi_error_set(&answer.error, WI_NODE_PAUSED, NULL, "the node is paused");
    the.sent[probe].over = 1;
    events()->on_answer(events()->context, "node-1", the.sent[probe].attempt, &answer);
    assert_int_equal(verdict(), WI_UNKNOWN);
    assert_int_equal(counters().failed, 0);
    assert_int_equal(counters().dropped, 1);
    assert_true(is_due());
}

TEST(its_time_counts_from_its_dispatch)
{
    the.requested.deadline_ms = 50000;
    size_t probe = client();
    assert_true(the.sent[probe].deadline_ms > 40000 && the.sent[probe].deadline_ms <= 50000);
}

TEST(gives_way_to_clients)
{
    the.requested.deadline_ms = 50000;
    assert_int_equal(submit_to(0, 0), WI_OK);
    the.full = 1;
    assert_int_equal(submit_to(0, 0), WI_OK); /* waits */
    answer(0, 2, 1);
    turn();
    assert_int_equal(the.sent_count, 1);
    assert_int_equal(counters().dropped, 1);
    assert_int_equal(the.handed_back, 1);
    the.full = 0;
    events()->on_capacity(events()->context);
    assert_int_equal(the.sent_count, 2);
    assert_int_equal(the.sent[1].platform, WI_WASM);
}

TEST(waits_for_room_behind_everybody)
{
    assert_int_equal(submit_to(0, 0), WI_OK);
    the.full = 1;
    answer(0, 2, 1);
    turn();
    assert_int_equal(the.sent_count, 1);
    assert_int_equal(submit_to(0, 0), WI_OK); /* a client comes later, and goes first */
    the.full = 0;
    events()->on_capacity(events()->context);
    assert_int_equal(the.sent_count, 3);
    assert_int_equal(the.sent[1].platform, WI_WASM);
    assert_int_equal(the.sent[2].platform, WI_WEBGPU);
}

TEST(few_run_at_a_time)
{
    static const char *const kinds[] = {"chrome", "edge", "firefox", "safari"};
    for (int i = 0; i < 4; i++) { /* four places, each with a check of its own */
        snprintf(the.requested.browser, sizeof the.requested.browser, "%s", kinds[i]);
        size_t first = the.sent_count;
        assert_int_equal(submit_to(0, 0), WI_OK);
        answer(first, 2, 1);
        turn();
    }
    assert_int_equal(counters().running, 4);
    assert_int_equal(the.sent_count, 4 + 2);
    answer(1, 2, 1);
    events()->on_capacity(events()->context);
    assert_int_equal(the.sent_count, 4 + 3);
}

TEST(one_at_a_time_for_a_place)
{
    client();
    assert_int_equal(submit_to(0, 0), WI_OK);
    answer(2, 2, 1);
    turn();
    assert_int_equal(the.sent_count, 3);
    assert_int_equal(counters().running, 1);
    assert_int_equal(counters().dropped, 0);
}

TEST(random_models_are_only_measured)
{
    strcpy(the.model.facts.signature.random, "RandomNormal");
    answer(client(), 77, 1);
    assert_int_equal(verdict(), WI_EXEMPT);
    assert_int_equal(counters().measured, 1);
}

TEST(off_means_off)
{
    the.config.pool.numerics = WI_NUMERICS_OFF;
    answer(client(), 77, 1); /* routing may still measure */
    assert_int_equal(verdict(), WI_UNKNOWN);
    assert_int_equal(counters().measured, 1);
    the.requested.wanted = 0;
    assert_int_equal(submit_to(1, WI_WEBGPU), WI_OK);
    answer(2, 77, 1);
    turn();
    assert_int_equal(the.numerics, WI_UNKNOWN);
    assert_int_equal(the.sent_count, 3);
}

TEST(what_wasm_refuses_is_refused)
{
    the.requested.wanted = 0;
    assert_int_equal(submit_to(0, 0), WI_OK);
    fail_with(0, WI_OPERATOR_UNSUPPORTED, "no Gemm(6)", 0);
    assert_int_equal(the.code, WI_OPERATOR_UNSUPPORTED);
    assert_int_equal(submit_to(1, WI_WEBGPU), WI_OPERATOR_UNSUPPORTED);
    assert_int_equal(the.sent_count, 1);
    assert_int_equal(submit_to(0, 0), WI_OK); /* WASM itself may be asked again */
    answer(1, 2, 1);
    assert_int_equal(submit_to(1, WI_WEBGPU), WI_OK);
}

TEST(too_big_for_wasm_is_tried_elsewhere)
{
    the.requested.wanted = 0;
    assert_int_equal(submit_to(0, 0), WI_OK);
    fail_with(0, WI_INFERENCE_FAILED, "out_of_memory: std::bad_alloc", 0);
    assert_int_equal(verdict(), WI_EXEMPT);
    assert_int_equal(the.answers, 0);
    assert_int_equal(the.sent_count, 2);
    fail_with(1, WI_INFERENCE_FAILED, "out_of_memory: std::bad_alloc", 0);
    assert_int_equal(the.answers, 1); /* once is enough */
    assert_int_equal(the.code, WI_INFERENCE_FAILED);
}

/* The request names WebGPU and allows WASM, which answers; the page says with this code why. */
static enum wi_verdict fall_back(const char *code)
{
    struct sent *sent = &the.sent[the.sent_count];
    struct wi_answer answer = {.ok = 1,
        .executed_on = json_pack("{s:s, s:[{s:s, s:s, s:s}]}", "platform", "wasm", "fallbacks",
            "platform", "webgpu", "code", code, "reason", "there is no kernel")};
    assert_int_equal(submit_to(1, WI_WEBGPU), WI_OK);
    add(&answer.outputs, "y", 2, 1);
    events()->on_answer(events()->context, "node-1", sent->attempt, &answer);
    wi_tensors_clear(&answer.outputs);
    json_decref(answer.executed_on);
    return verdict();
}

TEST(what_a_page_fell_back_from_is_known)
{
    size_t sent;
    the.requested.wanted = 0;
    the.node.platforms[WI_WEBGPU].available = 1;
    assert_int_equal(fall_back("device_lost"), WI_UNKNOWN); /* another may do it */
    assert_int_equal(fall_back("operator_unsupported"), WI_UNABLE);
    strcpy(the.model.hash, "efgh");
    the.config.pool.numerics = WI_NUMERICS_OFF;
    assert_int_equal(fall_back("platform_unsupported"), WI_UNABLE);
    strcpy(the.model.hash, "ijkl");
    the.node.platforms[WI_WEBGPU].available = 0; /* then that is why */
    assert_int_equal(fall_back("platform_unsupported"), WI_UNKNOWN);
    the.config.pool.numerics = WI_NUMERICS_CHECK;
    the.node.platforms[WI_WEBGPU].available = 1;
    sent = the.sent_count;
    assert_int_equal(submit_to(1, WI_WEBGPU), WI_OK);
    answer(sent, 2, 1);
    turn();
    answer(sent + 1, 2, 1);
    assert_int_equal(verdict(), WI_TRUSTED);
    assert_int_equal(fall_back("operator_unsupported"), WI_TRUSTED); /* it has run there */
}

TEST(a_joined_page_is_no_measure)
{
    the.requested.wanted = 0;
    assert_int_equal(submit_to(1, WI_WEBGPU), WI_OK);
    answer(0, 2, 1);
    turn();
    the.node.session[0] = '\0';
    answer(1, 3, 1);
    strcpy(the.node.session, "session-1");
    assert_int_equal(verdict(), WI_UNKNOWN);
    assert_int_equal(counters().dropped, 1);
    assert_int_equal(submit_to(1, WI_WEBGPU), WI_OK);
    answer(2, 2, 1);
    turn();
    assert_int_equal(the.sent_count, 3); /* nor is it asked again after each answer */
}

TEST(a_browser_of_ours_is_the_measure_of_strangers)
{
    static const char *const kinds[] = {"firefox", "chrome"};
    the.requested.wanted = 0;
    the.node.session[0] = '\0';
    for (size_t i = 0; i < 2; i++) { /* of its own kind, or of another */
        strcpy(the.node.kind, kinds[i]);
        assert_int_equal(submit_to(1, WI_WEBGPU), WI_OK);
        assert_false(the.asked_ours);
        answer(i * 2, 2, 1);
        turn();
        assert_int_equal(the.sent[i * 2 + 1].platform, WI_WASM);
        assert_string_equal(the.asked_browser, "chrome");
        assert_true(the.asked_ours);
    }
}

TEST(where_none_of_ours_is_there_a_stranger_is_asked)
{
    the.requested.wanted = 0;
    the.node.session[0] = the.measure.session[0] = '\0';
    strcpy(the.node.kind, "firefox");
    assert_int_equal(submit_to(1, WI_WEBGPU), WI_OK);
    answer(0, 2, 1);
    turn();
    assert_string_equal(the.asked_browser, "firefox");
    assert_false(the.asked_ours);
    answer(1, 2, 1);
    assert_int_equal(counters().trusted, 1);
}

TEST(a_strangers_answer_is_not_taken_where_ours_is_there)
{
    the.node.session[0] = '\0';
    assert_int_equal(submit_to(0, 0), WI_OK);
    answer(0, 2, 1);
    turn();
    assert_int_equal(the.sent[1].platform, WI_WASM);
    assert_true(the.asked_ours);
}

/* A program has no WASM: another node's is the measure. */
TEST(a_program_is_measured_by_a_browser)
{
    the.requested.wanted = 0;
    the.node.session[0] = '\0';
    strcpy(the.node.kind, "python");
    assert_int_equal(submit_to(1, WI_NATIVE), WI_OK);
    answer(0, 2, 1);
    assert_int_equal(the.numerics, WI_UNKNOWN);
    turn();
    assert_int_equal(the.sent_count, 2);
    assert_int_equal(the.sent[1].platform, WI_WASM);
    assert_string_equal(the.asked_node, "node-wasm");
    assert_string_equal(the.asked_browser, "");
    answer(1, 2, 1);
    assert_int_equal(counters().trusted, 1);
    assert_int_equal(submit_to(1, WI_NATIVE), WI_OK);
    answer(2, 2, 1);
    assert_int_equal(the.numerics, WI_TRUSTED);
}

TEST(a_program_without_a_measure_stays_unchecked)
{
    the.requested.wanted = 0;
    the.node.session[0] = '\0';
    strcpy(the.node.kind, "python");
    the.no_yardstick = 1;
    for (int i = 0; i < 2; i++) {
        assert_int_equal(submit_to(1, WI_NATIVE), WI_OK);
        answer((size_t)i, 2, 1);
        assert_int_equal(the.numerics, WI_UNKNOWN);
        turn();
        assert_int_equal(the.sent_count, i + 1);
    }
    assert_int_equal(counters().dropped, 0);
    the.no_yardstick = 0; /* and is compared as soon as there is one */
    assert_int_equal(submit_to(1, WI_NATIVE), WI_OK);
    answer(2, 2, 1);
    the.no_yardstick = 1; /* which may be gone again by then */
    turn();
    assert_int_equal(the.sent_count, 3);
    assert_int_equal(counters().running, 0);
    assert_int_equal(counters().dropped, 1);
}

static void drain_count(void *context)
{
    ++*(int *)context;
}

TEST(shutting_down_does_not_wait)
{
    int idle = 0;
    client();
    wi_checks_stop(the.checks);
    wi_jobs_drain(the.jobs, drain_count, &idle);
    assert_int_equal(idle, 1);
    assert_int_equal(the.cancelled, 1);
    assert_int_equal(counters().running, 0);
    assert_int_equal(counters().dropped, 1);
}

TEST(begun_but_not_sent_when_the_end_comes)
{
    assert_int_equal(submit_to(0, 0), WI_OK);
    answer(0, 2, 1);
    assert_int_equal(counters().running, 1); /* without the turn that would send it */
}

/* ---------------------------------------------------------------- sets of inputs */

/* A client's request for WebGPU, which answers with `value`; gives what it was told. */
static enum wi_verdict ask_webgpu(int64_t length, int64_t branch, float value)
{
    size_t first = the.sent_count;
    the.requested.wanted = 0;
    the.length = length;
    the.branch = branch;
    assert_int_equal(submit_to(1, WI_WEBGPU), WI_OK);
    answer(first, value, 1);
    turn();
    return the.numerics;
}

/* The same, which leads to a run on WASM, with 2 there. */
static enum wi_verdict ask_and_compare(int64_t length, int64_t branch, float value)
{
    size_t before = the.sent_count;
    enum wi_verdict told = ask_webgpu(length, branch, value);
    assert_int_equal(the.sent_count, before + 2);
    assert_int_equal(the.sent[before + 1].platform, WI_WASM);
    answer(before + 1, 2, 1);
    return told;
}

TEST(a_trusted_place_is_compared_again_for_new_shapes_and_small_values)
{
    assert_int_equal(ask_and_compare(3, 1, 2), WI_UNKNOWN);
    size_t sent = the.sent_count;
    assert_int_equal(ask_webgpu(3, 1, 2), WI_TRUSTED); /* seen */
    assert_int_equal(the.sent_count, sent + 1);
    assert_int_equal(ask_and_compare(3, 2, 2), WI_UNKNOWN);
    assert_int_equal(ask_and_compare(4, 2, 2), WI_UNKNOWN);
    assert_int_equal(ask_webgpu(4, 2, 2), WI_TRUSTED);
    assert_int_equal(counters().trusted, 3);
}

TEST(what_differs_for_one_set_is_wrong_for_that_one)
{
    ask_and_compare(3, 1, 2);
    assert_int_equal(ask_and_compare(3, 2, 9), WI_UNKNOWN);
    condemn(WI_WEBGPU, 9);
    assert_int_equal(verdict(), WI_WRONG);
    assert_int_equal(ask_webgpu(3, 2, 9), WI_WRONG);
    assert_int_equal(ask_webgpu(3, 1, 2), WI_TRUSTED);
    ask_and_compare(3, 3, 9);
    condemn(WI_WEBGPU, 9);
    assert_int_equal(ask_webgpu(3, 1, 2), WI_TRUSTED);
    ask_and_compare(3, 4, 9);
    condemn(WI_WEBGPU, 9);
    assert_int_equal(ask_webgpu(3, 1, 2), WI_WRONG); /* the third */
    assert_int_equal(counters().wrong, 3);
}

TEST(a_clients_input_alone_condemns_nobody)
{
    ask_and_compare(3, 1, 9);
    confirm(WI_WEBGPU, 2);
    assert_int_equal(verdict(), WI_UNKNOWN);
    assert_int_equal(counters().wrong, 0);
    assert_int_equal(counters().failed, 1);
    assert_int_equal(the.found[WI_EVIDENCE_CLIENT_INPUT], 1);
    ask_and_compare(3, 2, 2);
    assert_int_equal(ask_webgpu(3, 1, 9), WI_UNKNOWN); /* unchecked, not ok */
    assert_int_equal(ask_webgpu(3, 2, 2), WI_TRUSTED);
}

/* Sums that cancel, say: what rounding makes of our numbers is as far off as the place is. */
TEST(what_nearly_the_same_numbers_move_as_far_condemns_nobody)
{
    ask_and_compare(3, 1, 9);
    for (int i = 0; i < 6; i++) { /* so often another is drawn */
        assert_int_equal(counters().running, 1);
        confirm_so(WI_WEBGPU, 9, 3);
    }
    assert_int_equal(counters().running, 0);
    assert_int_equal(verdict(), WI_UNKNOWN);
    assert_int_equal(counters().wrong, 0);
    assert_int_equal(the.found[WI_EVIDENCE_CLIENT_INPUT], 1);
}

/* A quarter of the tolerance, which is 1.1e-3 of the only number. */
TEST(what_they_move_little_tells)
{
    ask_and_compare(3, 1, 9);
    confirm_so(WI_WEBGPU, 9, 2 * 1.0003f);
    assert_int_equal(counters().wrong, 0);
    confirm_so(WI_WEBGPU, 9, 2 * 1.0002f);
    assert_int_equal(counters().wrong, 0);
    confirm_so(WI_WEBGPU, 9, 2 * 1.0002f);
    assert_int_equal(verdict(), WI_WRONG);
    assert_int_equal(the.found[WI_EVIDENCE_OUR_INPUT], 1);
    assert_string_equal(the.found_node, "");
    assert_false(the.of_joined);
}

TEST(an_input_of_ours_that_does_not_suit_leaves_it_open)
{
    ask_and_compare(3, 1, 9);
    fail_with(the.sent_count - 1, WI_INPUT_INVALID, "an index is out of range", 0);
    assert_int_equal(verdict(), WI_UNKNOWN);
    assert_int_equal(counters().wrong, 0);
    ask_and_compare(3, 2, 2);
    assert_int_equal(ask_webgpu(3, 2, 2), WI_TRUSTED);
}

TEST(so_does_one_that_the_place_alone_does_not_run)
{
    ask_and_compare(3, 1, 9);
    answer(the.sent_count - 1, 2, 1);
    fail_with(the.sent_count - 1, WI_INFERENCE_FAILED, "it does not", 0);
    assert_int_equal(verdict(), WI_UNKNOWN);
    assert_int_equal(counters().wrong, 0);
    assert_int_equal(counters().running, 0);
}

TEST(so_does_one_of_which_wasm_makes_nothing_when_it_is_nudged)
{
    ask_and_compare(3, 1, 9);
    answer(the.sent_count - 1, 2, 1);
    answer(the.sent_count - 1, 9, 1);
    fail_with(the.sent_count - 1, WI_INFERENCE_FAILED, "it does not", 0);
    assert_int_equal(verdict(), WI_UNKNOWN);
    assert_int_equal(counters().wrong, 0);
}

TEST(what_cannot_be_drawn_is_never_wrong)
{
    ask_and_compare((WI_PROBE_BYTES_MAX >> 2) + 1, 1, 9);
    compared();
    assert_int_equal(verdict(), WI_UNKNOWN);
    assert_int_equal(counters().wrong, 0);
    assert_int_equal(the.found[WI_EVIDENCE_CLIENT_INPUT], 1);
    assert_false(is_due()); /* at once */
}

TEST(numbers_that_tell_nothing_leave_it_open)
{
    ask_webgpu(3, 1, NAN);
    answer(the.sent_count - 1, NAN, 1);
    assert_int_equal(verdict(), WI_UNKNOWN);
    assert_int_equal(counters().failed, 1);
    assert_int_equal(the.found[WI_EVIDENCE_OPEN], 0);
}

/* Routing asks about the place, which is wrong by what is remembered; WASM answered the client. */
static size_t look_again(float on_webgpu)
{
    struct wi_place place = wi_place_of(&the.node, the.model.engine, WI_WEBGPU);
    char key[WI_VERDICT_KEY_SIZE];
    wi_verdict_key(key, &the.model, &place, NULL, NULL);
    wi_verdicts_set(the.verdicts, key, &(struct wi_finding){.verdict = WI_WRONG});
    answer(client(), on_webgpu, 1);
    assert_int_equal(the.sent_count, 3); /* a client's input does not clear it */
    assert_int_equal(the.right, 0);
    return 2;
}

TEST(what_was_wrong_is_right_by_an_input_of_ours_alone)
{
    look_again(2);
    confirm(WI_WEBGPU, 2);
    assert_int_equal(the.right, 1);
    assert_true(the.of_ours);
    assert_int_equal(counters().trusted, 1);
}

TEST(what_was_wrong_and_still_is_stays_so)
{
    look_again(2);
    condemn(WI_WEBGPU, 9);
    assert_int_equal(verdict(), WI_WRONG);
    assert_int_equal(the.found[WI_EVIDENCE_OUR_INPUT], 1);
}

TEST(what_was_wrong_and_does_not_run_stays_so)
{
    look_again(2);
    answer(2, 2, 1);
    fail_with(3, WI_OPERATOR_UNSUPPORTED, "no kernel", 0);
    assert_int_equal(verdict(), WI_WRONG);
    assert_false(is_due());
    assert_int_equal(counters().unable, 1);
}

TEST(nor_does_a_client_keep_it_wrong)
{
    look_again(9);
    confirm(WI_WEBGPU, 2);
    assert_int_equal(the.right, 1);
    assert_int_equal(the.found[WI_EVIDENCE_CLIENT_INPUT], 0);
}

/* It is its party's verdict; who is sent away a cross-check says. */
TEST(a_stranger_that_is_wrong_is_so_for_its_party)
{
    the.requested.wanted = 0;
    the.node.session[0] = '\0';
    assert_int_equal(submit_to(1, WI_WEBGPU), WI_OK);
    answer(0, 3, 1);
    turn();
    answer(1, 2, 1);
    condemn(WI_WEBGPU, 3);
    assert_int_equal(counters().wrong, 1);
    assert_int_equal(the.found[WI_EVIDENCE_OUR_INPUT], 1);
    assert_true(the.of_joined);
    assert_string_equal(the.found_node, "");
}

TEST(a_stranger_that_is_right_is_told_so)
{
    the.requested.wanted = 0;
    the.node.session[0] = '\0';
    assert_int_equal(submit_to(1, WI_WEBGPU), WI_OK);
    answer(0, 2, 1);
    turn();
    answer(1, 2, 1);
    assert_int_equal(counters().trusted, 1);
    assert_int_equal(the.well, 1);
}

/* A model of few bits: of three drawn inputs each has to differ. */
TEST(few_bits_are_wrong_after_three_drawn_inputs)
{
    the.model.facts.signature.quantised = 1;
    ask_and_compare(3, 1, 9);
    confirm(WI_WEBGPU, 9);
    confirm(WI_WEBGPU, 9);
    assert_int_equal(verdict(), WI_UNKNOWN);
    confirm(WI_WEBGPU, 9);
    assert_int_equal(verdict(), WI_WRONG);
}

TEST(a_mistake_of_a_client_teaches_nothing)
{
    size_t sent = the.sent_count;
    ask_webgpu(3, 1, 2);
    fail_with(sent + 1, WI_INPUT_INVALID, "an index is out of range", 0);
    assert_int_equal(verdict(), WI_UNKNOWN);
    assert_true(is_due());
    assert_int_equal(ask_and_compare(3, 1, 2), WI_UNKNOWN); /* at once */
    assert_int_equal(verdict(), WI_TRUSTED);
}

TEST(a_tensor_without_elements_that_fails_says_nothing_of_others)
{
    the.node.platforms[WI_WEBGPU].available = 1;
    the.requested.wanted = 0;
    the.length = 3;
    assert_int_equal(submit_to(1, WI_WEBGPU), WI_OK);
    fail_with(0, WI_INFERENCE_FAILED, "divide by zero", 0); /* as any other failure: of that job */
    assert_int_equal(verdict(), WI_UNKNOWN);
    the.is_empty = 1;
    assert_int_equal(submit_to(1, WI_WEBGPU), WI_OK);
    fail_with(1, WI_INFERENCE_FAILED, "divide by zero", 0);
    assert_int_equal(verdict(), WI_UNABLE); /* at once */
    the.length = 4;
    assert_int_equal(fall_back("device_lost"), WI_UNKNOWN);
    assert_int_equal(fall_back("inference_failed"), WI_UNABLE);
    the.is_empty = 0;
    assert_int_equal(ask_and_compare(4, 1, 2), WI_UNKNOWN);
    assert_int_equal(verdict(), WI_TRUSTED);
}

TEST(nor_does_a_run_of_the_guard_over_one)
{
    the.length = 3;
    the.is_empty = 1;
    fail_with(client(), WI_INFERENCE_FAILED, "divide by zero", 0);
    assert_int_equal(verdict(), WI_UNABLE);
    the.is_empty = 0;
    answer(client(), 2, 1);
    assert_int_equal(verdict(), WI_TRUSTED);
}

TEST(so_many_sets_are_compared_and_no_more)
{
    ask_and_compare(3, 0, 2);
    the.client = "one";
    for (int i = 1; i <= WI_VERDICT_SETS_OF_CLIENT; i++)
        ask_and_compare(3, i, 2);
    size_t sent = the.sent_count;
    assert_int_equal(ask_webgpu(3, 100, 2), WI_UNKNOWN);
    assert_int_equal(the.sent_count, sent + 1);
    the.client = "another";
    ask_and_compare(3, 100, 2);
    for (int i = WI_VERDICT_SETS_OF_CLIENT + 2; i < WI_VERDICT_SETS; i++)
        ask_and_compare(3, i, 2);
    sent = the.sent_count;
    assert_int_equal(ask_webgpu(3, 101, 2), WI_TRUSTED);
    assert_int_equal(the.sent_count, sent + 1);
}

TEST(pictures_are_one_set)
{
    struct wi_inference *asked = ASKED(.model = wi_model_ref(&the.model)), *other;
    asked->input = json_pack("{s:i}", "tensor", 0);
    add(&asked->tensors, "image", 1, 5);
    other = wi_inference_again(asked);
    add(&other->tensors, "more", 1, 7);
    wi_inference_find_set(asked);
    wi_inference_find_set(other);
    assert_string_equal(asked->set, other->set);
    assert_int_equal(strlen(asked->set), WI_INPUT_SET_SIZE - 1);
    wi_inference_release(asked);
    wi_inference_release(other);
}
