/* What becomes of an answer of a node that joined, and that browsers of ours compute again. */
#include "cross_fixture.h"

FIXTURE(set_up, tear_down)

/* ---------------------------------------------------------------- what becomes of them */

/* The same numbers within what rounding makes of them, on one kind or another, in pieces of one
 * number or of many, which are compared off the loop. */
TEST(an_honest_node_is_never_found_wrong)
{
    for (size_t i = 0; i < 500; i++) {
        the.stranger.value = 2 * (1 + 9e-4 * sin((double)i));
        the.chrome.gone = i % 5 == 0;
        the.count = i % 50 == 0 ? 20000 : 1;
        client();
    }
    assert_int_equal(counters().agreed, 500);
    assert_int_equal(the.condemned, 0);
    assert_int_equal(the.answered, 500);
    assert_int_equal(counters().bytes, 0);
}

TEST(one_percent_is_too_much)
{
    the.stranger.value = 2.02;
    client();
    assert_int_equal(the.condemned, 1);
    assert_string_equal(the.condemned_node, "node-s");
    assert_string_equal(the.reason, "what it computed of twice on wasm is 9.09 times the tolerance "
                                    "off what we compute");
    assert_int_equal(counters().wrong, 1);
    assert_int_equal(the.found[WI_EVIDENCE_CLIENT_INPUT], 1); /* before it was certain */
    assert_int_equal(the.found[WI_EVIDENCE_OUR_INPUT], 1);
    assert_int_equal(the.well, 0);
}

TEST(right_until_the_fifth)
{
    for (int i = 0; i < 4; i++)
        client();
    assert_int_equal(counters().agreed, 4);
    the.stranger.value = 2.02;
    client();
    assert_int_equal(the.condemned, 1);
}

TEST(what_a_node_says_of_its_precision_allows_it_nothing)
{
    the.claims = "fp16";
    the.stranger.value = 2.02;
    client();
    assert_int_equal(the.condemned, 1);
}

TEST(a_model_of_few_bits_may_differ_more)
{
    the.model.facts.signature.quantised = 1;
    the.stranger.value = 2.02;
    client();
    assert_int_equal(the.condemned, 0);
    assert_int_equal(counters().agreed, 1);
    assert_int_equal(the.well, 1);
}

/* Sums that cancel, say, on which honest places differ by any factor. */
TEST(an_input_of_a_client_condemns_nobody)
{
    the.stranger.of_clients = -4333;
    for (int i = 0; i < 20; i++)
        client();
    assert_int_equal(the.condemned, 0);
    assert_int_equal(counters().suspected, 20);
    assert_int_equal(the.found[WI_EVIDENCE_CLIENT_INPUT], 20);
    assert_int_equal(the.found[WI_EVIDENCE_OUR_INPUT], 0);
    assert_int_equal(the.well, 20); /* it was right about ours */
}

/* A model that makes much of a rounding error: no place can be told from another by it. */
TEST(nor_does_one_of_ours_that_tells_nothing)
{
    the.stranger.value = 2.02;
    the.chrome.nudged = 2.001; /* of 1.1e-3 of 2 that is 0.45, and a quarter may be */
    client();
    assert_int_equal(the.condemned, 0);
    assert_int_equal(counters().suspected, 1);
    the.chrome.nudged = 2.0005; /* 0.23 */
    client();
    assert_int_equal(the.condemned, 1);
}

TEST(nor_does_one_that_cannot_be_made)
{
    the.count = 5 * MIB / sizeof(float); /* more than is drawn */
    the.stranger.value = 3;
    client();
    assert_int_equal(the.condemned, 0);
    assert_int_equal(counters().suspected, 1);
    assert_int_equal(the.found[WI_EVIDENCE_CLIENT_INPUT], 1);
}

/* Of four inputs of ours two differ, whichever it begins with. */
TEST(a_lie_to_every_second_is_found)
{
    for (size_t first = 0; first < 2; first++) {
        the.stranger.of_clients = 3;
        the.stranger.value = first ? 2 : 3;
        submit(WI_TASK_NONE);
        size_t at = 0;
        do {
            uv_run(&the.loop, UV_RUN_NOWAIT);
            for (; at < the.sent_count; at++) {
                int lies = the.sent[at].shadow && strcmp(the.sent[at].node, "node-s") == 0;
                answer(&the.sent[at]);
                if (lies)
                    the.stranger.value = 5 - the.stranger.value; /* 3 after 2, and 2 after 3 */
            }
        } while (counters().waiting > 0);
        the.sent_count = 0;
        assert_int_equal(the.condemned, first + 1);
    }
}

/* What it is asked to be checked by is as a client asks. */
TEST(a_check_looks_like_work)
{
    the.stranger.value = 3;
    struct wi_inference *asked =
        ASKED(.model = wi_model_ref(&the.model), .priority = 5, .timeout_ms = 90000, .fallback = 1);
    submit_asked(asked);
    size_t at = 0, seen = 0;
    do {
        uv_run(&the.loop, UV_RUN_NOWAIT);
        for (; at < the.sent_count; at++) {
            const struct sent *sent = &the.sent[at];
            if (strcmp(sent->node, "node-s") == 0) {
                assert_string_equal(sent->client, "bob");
                assert_int_equal(sent->fallback, 1);
                assert_false(sent->raw);
                assert_true(sent->deadline_ms > 89990 && sent->deadline_ms < 90000);
                seen++;
            } else {
                assert_string_equal(sent->client, "");
            }
            answer(&the.sent[at]);
        }
    } while (counters().waiting > 0);
    assert_int_equal(seen, 3); /* the client's, and two of ours */
    assert_int_equal(the.condemned, 1);
}

TEST(infinities_and_other_lengths_differ)
{
    the.stranger.value = (double)INFINITY;
    client();
    assert_int_equal(the.condemned, 1);
    assert_string_equal(
        the.reason, "what it computed of twice on wasm has another form than what we compute");
}

TEST(a_second_place_of_ours_has_to_agree_with_the_first)
{
    the.stranger.value = 3;
    the.firefox.value = 4;
    client();
    assert_int_equal(the.condemned, 0);
    assert_int_equal(counters().disputed, 1);
    the.firefox.value = 2;
    client();
    assert_int_equal(the.condemned, 1);
}

TEST(without_a_second_place_the_first_counts)
{
    the.stranger.value = 3;
    the.firefox.gone = 1;
    client();
    assert_int_equal(the.condemned, 1);
}

TEST(a_second_place_that_does_not_run_it_is_none)
{
    the.stranger.value = 3;
    the.firefox.refuses = WI_OPERATOR_UNSUPPORTED;
    client();
    assert_int_equal(the.condemned, 1);
}

TEST(what_nobody_of_ours_runs_is_not_told)
{
    the.stranger.value = 3;
    the.chrome.refuses = the.firefox.refuses = WI_INFERENCE_FAILED;
    client();
    the.chrome.gone = the.firefox.gone = 1;
    client();
    assert_int_equal(the.condemned, 0);
    assert_int_equal(counters().unable, 2);
}

/* A picture is decoded by each kind of browser in its own way. */
TEST(what_no_browser_of_its_kind_can_see_is_not_told)
{
    the.chrome.gone = 1;
    the.stranger.value = 3;
    struct wi_inference *asked = ASKED(.model = wi_model_ref(&the.model), .priority = 5,
        .timeout_ms = 60000, .input = json_pack("{s:{s:i}}", "image", "tensor", 0));
    submit_asked(asked);
    settle();
    assert_int_equal(the.condemned, 0);
    assert_int_equal(counters().unable, 1);
}

TEST(an_answer_of_ours_that_nothing_computed_says_nothing)
{
    the.stranger.value = 3;
    submit(WI_TASK_NONE);
    uv_run(&the.loop, UV_RUN_NOWAIT);
    answer(&the.sent[0]);
    the.simulated = 1;
    settle();
    assert_int_equal(the.condemned, 0);
    assert_int_equal(counters().dropped, 1);
}

/* The guard has trusted the platform on another input: what it computes of this one is compared
 * with the same platform of ours, too. */
TEST(a_platform_that_is_wrong_everywhere_is_nobodys_lie)
{
    struct wi_place place = wi_place_of(&the.stranger.info, the.model.engine, WI_WEBGPU);
    char key[WI_VERDICT_KEY_SIZE];
    wi_verdict_key(key, &the.model, &place, NULL, NULL);
    wi_verdicts_set(the.verdicts, key, &(struct wi_finding){.verdict = WI_TRUSTED});
    the.answers_on = WI_WEBGPU;
    the.config.pool.numerics = WI_NUMERICS_CHECK;
    the.firefox.info.platforms[WI_WEBGPU].available = 1;
    the.stranger.value = the.firefox.value = 3; /* the first is Chrome's, on WASM */
    client();
    assert_int_equal(the.condemned, 0);
    assert_int_equal(counters().disputed, 1);
    the.firefox.value = 2;
    client();
    assert_int_equal(the.condemned, 1);
}

TEST(what_is_found_is_about_a_platform_other_than_wasm_too)
{
    struct wi_place place = wi_place_of(&the.stranger.info, the.model.engine, WI_WEBGPU);
    char key[WI_VERDICT_KEY_SIZE];
    client();
    the.stranger.value = 3;
    client();
    assert_int_equal(the.condemned, 1);
    assert_false(the.has_key);
    wi_verdict_key(key, &the.model, &place, NULL, NULL);
    wi_verdicts_set(the.verdicts, key, &(struct wi_finding){.verdict = WI_TRUSTED});
    the.answers_on = WI_WEBGPU;
    the.config.pool.numerics = WI_NUMERICS_CHECK;
    client();
    assert_int_equal(the.condemned, 2);
    assert_true(the.has_key);
}

/* Its answer was to a client's input, which does not decide. */
TEST(who_has_gone_before_ours_is_asked_is_not_found_wrong)
{
    the.busy = 1;
    the.stranger.value = 3;
    client();
    the.stranger.gone = 1;
    the.busy = 0;
    wi_jobs_pool_events(the.jobs)->on_capacity(the.jobs);
    settle();
    assert_int_equal(the.condemned, 0);
    assert_int_equal(the.found[WI_EVIDENCE_CLIENT_INPUT], 1);
    assert_int_equal(counters().dropped, 1);
}

/* The stranger lies to a client and leaves; whether another node of its party was asked then. */
static int leave_after_a_lie(void)
{
    the.busy = 1;
    the.stranger.value = 3;
    client();
    the.stranger.gone = 1;
    the.another.gone = 0;
    the.busy = 0;
    wi_jobs_pool_events(the.jobs)->on_capacity(the.jobs);
    int was_asked = 0;
    size_t at = 0;
    do {
        uv_run(&the.loop, UV_RUN_NOWAIT);
        for (; at < the.sent_count; at++) {
            int is_its = strcmp(the.sent[at].node, "node-a") == 0;
            assert_false(is_its && the.sent[at].first == 1); /* it gets nothing of the client */
            was_asked |= is_its;
            answer(&the.sent[at]);
        }
    } while (counters().waiting > 0);
    the.sent_count = 0;
    return was_asked;
}

TEST(who_leaves_after_a_lie_leaves_its_party_to_answer)
{
    the.another.value = 3;
    assert_true(leave_after_a_lie());
    assert_int_equal(the.condemned, 1);
    assert_string_equal(the.condemned_node, "node-a");
    assert_int_equal(the.found[WI_EVIDENCE_CLIENT_INPUT], 1);
}

TEST(which_is_not_condemned_for_what_another_did)
{
    assert_true(leave_after_a_lie());
    assert_int_equal(the.condemned, 0);
    assert_int_equal(counters().suspected, 1);
    assert_int_equal(the.well, 1);
}

TEST(nobody_else_answers_for_it)
{
    the.another.value = 3;
    strcpy(the.another.info.party, "token-t");
    assert_false(leave_after_a_lie());
    assert_int_equal(the.condemned, 0);
    assert_int_equal(counters().dropped, 1);
}

TEST(nor_does_its_party_at_another_place)
{
    the.another.value = 3;
    strcpy(the.another.info.kind, "firefox");
    assert_false(leave_after_a_lie());
    assert_int_equal(the.condemned, 0);
    assert_int_equal(counters().dropped, 1);
}

/* ---------------------------------------------------------------- tasks */

/* Its text may rightly differ: both are asked for what the graphs put out. */
TEST(of_a_task_what_the_graphs_put_out_is_compared)
{
    the.model.format = WI_FORMAT_HUGGINGFACE;
    submit(WI_TASK_TEXT_CLASSIFICATION);
    settle();
    assert_int_equal(counters().agreed, 1);
    the.stranger.value = 3;
    submit(WI_TASK_TEXT_CLASSIFICATION);
    settle();
    assert_int_equal(the.condemned, 1);
    assert_int_equal(the.answered, 2);
}

TEST(who_is_gone_before_it_is_asked_for_that_is_not_found_wrong)
{
    the.model.format = WI_FORMAT_HUGGINGFACE;
    the.stranger.value = 3;
    submit(WI_TASK_TEXT_CLASSIFICATION);
    uv_run(&the.loop, UV_RUN_NOWAIT);
    answer(&the.sent[0]);
    the.stranger.gone = 1;
    settle();
    assert_int_equal(the.condemned, 0);
    assert_int_equal(counters().dropped, 1);
}

TEST(vectors_of_texts_are_compared_as_they_were_given)
{
    the.model.format = WI_FORMAT_HUGGINGFACE;
    submit(WI_TASK_EMBED);
    uv_run(&the.loop, UV_RUN_NOWAIT);
    the.stranger.value = 3;
    answer(&the.sent[0]);
    settle();
    assert_int_equal(the.condemned, 1);
    assert_int_equal(the.found[WI_EVIDENCE_CLIENT_INPUT], 1);
}

static void task(void)
{
    the.model.format = WI_FORMAT_HUGGINGFACE;
    submit(WI_TASK_TEXT_CLASSIFICATION);
    settle();
}

/* The node's choice has a consequence, and is not the way out. */
TEST(who_tells_nothing_of_its_graphs_is_booked)
{
    the.stranger.tells_nothing = 1;
    task();
    assert_int_equal(the.found[WI_EVIDENCE_OPEN], 1);
    assert_int_equal(counters().unable, 1);
    assert_int_equal(the.condemned, 0);
    assert_int_equal(the.well, 0);
}

TEST(so_is_who_does_not_compute_what_ours_has)
{
    the.stranger.refuses = WI_INFERENCE_FAILED;
    task();
    assert_int_equal(the.found[WI_EVIDENCE_OPEN], 1);
    assert_int_equal(counters().unable, 1);
}

TEST(and_who_computes_it_elsewhere_when_it_is_checked)
{
    the.stranger.falls_back = 1;
    task();
    assert_int_equal(the.found[WI_EVIDENCE_OPEN], 1);
}

TEST(outputs_of_another_name_are_wrong)
{
    the.stranger.output = "model/fantasies";
    task();
    assert_int_equal(the.condemned, 1);
    assert_int_equal(the.found[WI_EVIDENCE_OPEN], 0);
}

/* One in a hundred inputs takes an honest place so (owners/check/draws.c). */
TEST(of_few_bits_three_inputs_have_to_differ)
{
    the.model.facts.signature.quantised = 1;
    the.stranger.value = 3;
    the.model.format = WI_FORMAT_HUGGINGFACE;
    submit(WI_TASK_TEXT_CLASSIFICATION);
    size_t at = 0, asked = 0;
    do {
        uv_run(&the.loop, UV_RUN_NOWAIT);
        for (; at < the.sent_count; at++) {
            asked += the.sent[at].shadow && strcmp(the.sent[at].node, "node-s") == 0;
            answer(&the.sent[at]);
        }
    } while (counters().waiting > 0);
    assert_int_equal(asked, 3);
    assert_int_equal(the.condemned, 1);
}

/* A client's own prompt is asked again of a language model, and ours as long as it. */
TEST(a_prompt_that_differs_is_followed_by_ones_as_long)
{
    the.model.format = WI_FORMAT_GGUF;
    the.stranger.value = 3;
    struct wi_inference *asked =
        ASKED(.model = wi_model_ref(&the.model), .task = WI_TASK_CHAT, .priority = 5,
            .timeout_ms = 60000, .prompt_tokens = 300, .input = json_pack("{s:[]}", "messages"));
    submit_asked(asked);
    size_t at = 0, ours = 0;
    do {
        uv_run(&the.loop, UV_RUN_NOWAIT);
        for (; at < the.sent_count; at++) {
            if (the.sent[at].shadow)
                assert_true(the.sent[at].prompt_tokens == 300);
            ours += the.sent[at].shadow && the.sent[at].task == WI_TASK_COMPLETE;
            answer(&the.sent[at]);
        }
    } while (counters().waiting > 0);
    assert_true(ours > 0);
    assert_int_equal(the.found[WI_EVIDENCE_CLIENT_INPUT], 1);
    assert_int_equal(the.condemned, 1);
}

/* ---------------------------------------------------------------- kernels */

static void compute(void)
{
    struct wi_inference *asked = ASKED(.model = wi_model_ref(&the.model),
        .kernel = wi_kernel_find("add"), .priority = 5, .timeout_ms = 60000);
    the.model.engine = WI_ENGINE_KERNELS;
    submit_asked(asked);
    settle();
}

/* Some of them by what ours makes of the client's numbers, others by a known answer. */
TEST(kernels_are_looked_at_both_ways)
{
    size_t known = 0;
    for (int i = 0; i < 60; i++) {
        struct wi_inference *asked = ASKED(.model = wi_model_ref(&the.model),
            .kernel = wi_kernel_find("add"), .priority = 5, .timeout_ms = 60000);
        the.model.engine = WI_ENGINE_KERNELS;
        submit_asked(asked);
        uv_run(&the.loop, UV_RUN_NOWAIT);
        answer(&the.sent[0]);
        uv_run(&the.loop, UV_RUN_NOWAIT);
        assert_int_equal(the.sent_count, 2);
        known += strcmp(the.sent[1].node, "node-s") == 0;
        settle();
    }
    assert_int_equal(counters().agreed, 60);
    assert_int_equal(the.well, 60);
    assert_in_range(known, 5, 55); /* of 60 by halves the deviation is 4 */
}

TEST(a_known_answer_is_known_where_no_browser_of_ours_is)
{
    the.chrome.gone = the.firefox.gone = 1;
    compute();
    assert_int_equal(counters().agreed, 1);
    the.stranger.value = 2.001; /* beyond 1e-4 of the largest, which is at most 4 */
    compute();
    assert_int_equal(the.found[WI_EVIDENCE_KNOWN_ANSWER], 1);
    assert_int_equal(the.condemned, 1);
    assert_int_equal(strncmp(the.reason, "add on wasm: element 0 is ", 26), 0);
}

TEST(so_it_is_on_a_platform_that_is_not_trusted)
{
    the.answers_on = WI_NATIVE;
    the.stranger.value = 3;
    compute();
    assert_int_equal(the.found[WI_EVIDENCE_KNOWN_ANSWER], 1);
    assert_true(the.has_key);
}

TEST(a_kernel_that_is_lied_about_is_found_either_way)
{
    the.stranger.value = 3;
    for (size_t i = 1; i <= 20; i++) {
        compute();
        assert_int_equal(the.condemned, i);
    }
    assert_true(the.found[WI_EVIDENCE_KNOWN_ANSWER] > 0 && the.found[WI_EVIDENCE_OUR_INPUT] > 0);
}

TEST(a_kernel_that_it_lacks_is_nothing_against_it)
{
    the.chrome.gone = the.firefox.gone = 1;
    the.stranger.refuses = WI_OPERATOR_UNSUPPORTED;
    compute();
    assert_int_equal(counters().unable, 1);
    assert_int_equal(the.found[WI_EVIDENCE_OPEN], 0);
}
