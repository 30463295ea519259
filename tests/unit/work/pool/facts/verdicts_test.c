/* Verdicts: what makes two of them one question, how they change, and that they survive. */
#include "base/memory.h"
#include "verdicts_database.h"

/* ---------------------------------------------------------------- the fixture */

static struct wi_verdicts *verdicts;
static struct wi_model model;
static struct wi_node_info node;

static int set_up(void **state)
{
    row_count = 0;
    set_clock.now_ms = 1000000;
    set_clock.wall_lead_ms = 0;
    verdicts = wi_verdicts_new(NULL);
    model = (struct wi_model){.name = "digits", .hash = "abcd"};
    node = (struct wi_node_info){
        .id = "node-1", .session = "session-1", .kind = "chrome", .browser_version = "156.0"};
    strcpy(node.engines[WI_ENGINE_ORT].version, "1.30.0");
    node.platforms[WI_WEBGPU].has_adapter = 1;
    strcpy(node.platforms[WI_WEBGPU].adapter.vendor, "acme");
    return 0;
}

static int tear_down(void **state)
{
    wi_verdicts_free(verdicts);
    return 0;
}

static struct wi_place *place_on(enum wi_platform platform)
{
    static struct wi_place place;
    place = wi_place_of(&node, model.engine, platform);
    return &place;
}

static enum wi_verdict get_on(enum wi_platform platform, const char *precision)
{
    return wi_verdicts_get(verdicts, &model, place_on(platform), precision, "").verdict;
}

static enum wi_verdict get(void)
{
    return get_on(WI_WEBGPU, NULL);
}

static int is_due(void)
{
    return wi_verdicts_get(verdicts, &model, place_on(WI_WEBGPU), NULL, "").due;
}

static const char *key_of(enum wi_platform platform, const char *precision)
{
    static char key[WI_VERDICT_KEY_SIZE];
    wi_verdict_key(key, &model, place_on(platform), precision, NULL);
    return key;
}

static int set_so(const char *key, enum wi_verdict verdict, double ratio, const char *detail)
{
    const struct wi_finding found = {.verdict = verdict, .ratio = ratio, .detail = detail};
    return wi_verdicts_set(verdicts, key, &found);
}

static void set(enum wi_verdict verdict)
{
    set_so(key_of(WI_WEBGPU, NULL), verdict, 0.5, "y at 3");
}

static void reopen(void)
{
    wi_verdicts_free(verdicts);
    verdicts = wi_verdicts_new(NULL);
}

/* ---------------------------------------------------------------- */

FIXTURE(set_up, tear_down)

TEST(begins_unknown)
{
    assert_int_equal(get(), WI_UNKNOWN);
    assert_true(is_due());
    assert_int_equal(get_on(WI_WASM, NULL), WI_TRUSTED);
    model.builtin = WI_BUILTIN_ECHO;
    assert_int_equal(get(), WI_TRUSTED);
}

TEST(each_part_of_the_key_counts)
{
    struct wi_node_info before = node;
    set(WI_TRUSTED);
    assert_int_equal(get(), WI_TRUSTED);
    assert_false(is_due());
    assert_int_equal(get_on(WI_WEBNN, NULL), WI_UNKNOWN);
    assert_int_equal(get_on(WI_WEBGPU, "FP16"), WI_UNKNOWN);
    strcpy(model.hash, "abce");
    assert_int_equal(get(), WI_UNKNOWN);
    strcpy(model.hash, "abcd");
    strcpy(node.kind, "edge");
    assert_int_equal(get(), WI_UNKNOWN);
    node = before;
    strcpy(node.browser_version, "157.0");
    assert_int_equal(get(), WI_UNKNOWN);
    node = before;
    strcpy(node.platforms[WI_WEBGPU].adapter.description, "another");
    assert_int_equal(get(), WI_UNKNOWN);
    node = before;
    node.session[0] = '\0'; /* somebody's own page */
    assert_int_equal(get(), WI_UNKNOWN);
    node = before;
    strcpy(node.engines[WI_ENGINE_ORT].version, "1.31");
    assert_int_equal(get(), WI_UNKNOWN);
    node = before;
    strcpy(node.engines[WI_ENGINE_LLAMA].version, "b2"); /* does not run the model */
    strcpy(node.id, "node-2");                           /* which of them it is does not matter */
    strcpy(node.session, "session-2");
    assert_int_equal(get(), WI_TRUSTED);
}

TEST(wrong_stays_wrong)
{
    set(WI_TRUSTED);
    set(WI_WRONG);
    assert_int_equal(get(), WI_WRONG);
    set(WI_TRUSTED);
    assert_int_equal(get(), WI_WRONG);
    wi_verdicts_miss(verdicts, key_of(WI_WEBGPU, NULL), "gone");
    wi_verdicts_miss(verdicts, key_of(WI_WEBGPU, NULL), "gone");
    assert_int_equal(get(), WI_WRONG);
}

static int tell(enum wi_verdict verdict)
{
    return set_so(key_of(WI_WEBGPU, NULL), verdict, 0.5, "y at 3");
}

TEST(only_another_verdict_is_news)
{
    assert_true(tell(WI_TRUSTED));
    assert_false(tell(WI_TRUSTED));
    assert_true(tell(WI_WRONG));
    assert_false(tell(WI_WRONG));
    assert_false(tell(WI_TRUSTED)); /* it stays wrong */
    strcpy(node.kind, "edge");
    assert_true(tell(WI_UNABLE));
    assert_false(tell(WI_UNABLE));
    set_clock.now_ms += (int64_t)8 * 24 * 3600 * 1000; /* it was void meanwhile */
    assert_true(tell(WI_UNABLE));
}

TEST(survives_a_restart)
{
    set(WI_WRONG);
    reopen();
    assert_int_equal(get(), WI_WRONG);
    json_t *list = wi_verdicts_json(verdicts, "abcd");
    const json_t *row = json_array_get(list, 0);
    assert_int_equal(json_array_size(list), 1);
    assert_string_equal(json_string_value(json_object_get(row, "browser")), "chrome");
    assert_string_equal(json_string_value(json_object_get(row, "browser_version")), "156.0");
    assert_string_equal(json_string_value(json_object_get(row, "platform")), "webgpu");
    assert_string_equal(json_string_value(json_object_get(row, "engine_version")), "1.30.0");
    assert_string_equal(json_string_value(json_object_get(row, "adapter")), "acme//");
    assert_true(json_is_null(json_object_get(row, "precision")));
    assert_string_equal(json_string_value(json_object_get(row, "verdict")), "wrong");
    assert_string_equal(json_string_value(json_object_get(row, "detail")), "y at 3");
    assert_true(json_number_value(json_object_get(row, "error_ratio")) == 0.5);
    assert_int_equal(json_integer_value(json_object_get(row, "checked_at")), 1000000);
    json_decref(list);
    list = wi_verdicts_json(verdicts, "other");
    assert_int_equal(json_array_size(list), 0);
    json_decref(list);
}

TEST(what_cannot_run_may_try_again_later)
{
    set(WI_UNABLE);
    assert_int_equal(get(), WI_UNABLE);
    set_clock.now_ms += 6 * 24 * 3600 * 1000;
    assert_int_equal(get(), WI_UNABLE);
    set_clock.now_ms += 2 * 24 * 3600 * 1000;
    assert_int_equal(get(), WI_UNKNOWN);
    assert_true(is_due());
}

TEST(two_misses_make_unable)
{
    const char *key = key_of(WI_WEBGPU, NULL);
    wi_verdicts_miss(verdicts, key, "its browser broke");
    assert_int_equal(get(), WI_UNKNOWN);
    assert_false(is_due());
    set_clock.now_ms += 6 * 60 * 1000;
    assert_true(is_due());
    wi_verdicts_miss(verdicts, key, "its browser broke");
    assert_int_equal(get(), WI_UNABLE);
    reopen();
    assert_int_equal(get(), WI_UNABLE);
    set_clock.now_ms += 25 * 3600 * 1000;
    assert_int_equal(get(), WI_UNKNOWN);
}

TEST(what_tells_nothing_is_due_after_longer_and_longer)
{
    const char *key = key_of(WI_WEBGPU, NULL);
    const int64_t day = (int64_t)24 * 3600 * 1000;
    for (int64_t pause = (int64_t)5 * 60 * 1000; pause < day; pause *= 2) {
        wi_verdicts_pause(verdicts, key, "the texts are empty");
        set_clock.now_ms += pause - 1;
        assert_false(is_due());
        set_clock.now_ms += 1;
        assert_true(is_due());
    }
    for (int i = 0; i < 2; i++) {
        wi_verdicts_pause(verdicts, key, "the texts are empty");
        set_clock.wall_lead_ms -= 30 * day; /* somebody sets the clock back */
        set_clock.now_ms += day;
        assert_true(is_due());
    }
    assert_int_equal(get(), WI_UNKNOWN);
    json_t *list = wi_verdicts_json(verdicts, "abcd");
    assert_string_equal(json_string_value(json_object_get(json_array_get(list, 0), "detail")),
        "the texts are empty");
    json_decref(list);
}

/* A client who names it may have it run there before its verdict is void. */
TEST(what_cannot_run_is_looked_at_again_but_not_at_once)
{
    const char *key = key_of(WI_WEBGPU, NULL);
    set(WI_UNABLE);
    assert_false(is_due());
    set_clock.now_ms += (int64_t)5 * 60 * 1000;
    assert_true(is_due());
    wi_verdicts_pause(verdicts, key, "the texts are empty");
    assert_false(is_due());
    set_clock.now_ms += (int64_t)10 * 60 * 1000;
    wi_verdicts_miss(verdicts, key, "its browser broke");
    assert_false(is_due());
    assert_int_equal(get(), WI_UNABLE);
}

TEST(a_success_ends_the_misses)
{
    const char *key = key_of(WI_WEBGPU, NULL);
    wi_verdicts_miss(verdicts, key, "its browser broke");
    set(WI_TRUSTED);
    assert_int_equal(get(), WI_TRUSTED);
    set_clock.now_ms += 365LL * 24 * 3600 * 1000;
    assert_int_equal(get(), WI_TRUSTED);
}

TEST(random_models_are_exempt)
{
    strcpy(model.facts.signature.random, "RandomNormal");
    assert_int_equal(get(), WI_EXEMPT);
    set(WI_UNABLE);
    assert_int_equal(get(), WI_UNABLE);
}

TEST(what_wasm_refuses_is_refused)
{
    struct wi_error error;
    wi_error_set(&error, WI_OPERATOR_UNSUPPORTED, NULL, "no Gemm(6)");
    assert_int_equal(wi_verdicts_rejection(verdicts, &model, place_on(WI_WASM), NULL), WI_OK);
    set(WI_TRUSTED);
    wi_verdicts_reject(verdicts, &model, place_on(WI_WASM), &error);
    assert_int_equal(get(), WI_WRONG);
    reopen();
    strcpy(node.kind, "edge"); /* the same engine everywhere */
    assert_int_equal(get(), WI_WRONG);
    error = (struct wi_error){0};
    assert_int_equal(wi_verdicts_rejection(verdicts, &model, place_on(WI_WASM), &error),
        WI_OPERATOR_UNSUPPORTED);
    assert_string_equal(error.detail, "no Gemm(6)");
    node.session[0] = '\0'; /* but nobody's own page is bound by it, nor binds ours */
    assert_int_equal(wi_verdicts_rejection(verdicts, &model, place_on(WI_WASM), NULL), WI_OK);
    strcpy(node.session, "session-1");
    wi_verdicts_accept(verdicts, &model, place_on(WI_WASM));
    assert_int_equal(wi_verdicts_rejection(verdicts, &model, place_on(WI_WASM), NULL), WI_OK);
    reopen();
    assert_int_equal(wi_verdicts_rejection(verdicts, &model, place_on(WI_WASM), NULL), WI_OK);
}

TEST(what_wasm_has_no_memory_for_is_exempt)
{
    wi_verdicts_outgrow(verdicts, &model, place_on(WI_WASM), "out of memory");
    assert_int_equal(get(), WI_EXEMPT);
    assert_int_equal(wi_verdicts_rejection(verdicts, &model, place_on(WI_WASM), NULL), WI_OK);
    reopen();
    assert_int_equal(get(), WI_EXEMPT);
    wi_verdicts_accept(verdicts, &model, place_on(WI_WASM));
    assert_int_equal(get(), WI_UNKNOWN);
}

TEST(counts)
{
    size_t count[WI_VERDICT_COUNT];
    set(WI_TRUSTED);
    set_so(key_of(WI_WEBNN, NULL), WI_WRONG, 1e300, "far off");
    set_so(key_of(WI_WEBNN, "FP16"), WI_WRONG, 2, "off");
    wi_verdicts_count(verdicts, count);
    assert_int_equal(count[WI_TRUSTED], 1);
    assert_int_equal(count[WI_WRONG], 2);
    assert_int_equal(count[WI_UNKNOWN], 0);
}

static size_t known_of(const char *hash)
{
    json_t *list = wi_verdicts_json(verdicts, hash);
    size_t count = json_array_size(list);
    json_decref(list);
    return count;
}

TEST(each_model_has_its_own)
{
    set(WI_TRUSTED);
    strcpy(node.kind, "edge");
    set(WI_WRONG);
    strcpy(model.hash, "abcde");
    set(WI_TRUSTED);
    assert_int_equal(known_of("abcd"), 2);
    assert_int_equal(known_of("abcde"), 1);
    assert_int_equal(known_of("abc"), 0);
    reopen();
    assert_int_equal(known_of("abcd"), 2);
    assert_int_equal(known_of("abcde"), 1);
}

/* Its adapter's text is what a page says it is. */
static void decide_for_adapter(int number)
{
    snprintf(node.platforms[WI_WEBGPU].adapter.description,
        sizeof node.platforms[WI_WEBGPU].adapter.description, "adapter %d", number);
    set(WI_TRUSTED);
}

static enum wi_verdict verdict_for_adapter(int number)
{
    snprintf(node.platforms[WI_WEBGPU].adapter.description,
        sizeof node.platforms[WI_WEBGPU].adapter.description, "adapter %d", number);
    return get();
}

/* Its node is of a party from here on; "": of a session of ours. */
static void come_from(const char *party)
{
    strcpy(node.session, *party ? "" : "session-1");
    strcpy(node.party, party);
}

TEST(who_floods_pushes_out_only_its_own)
{
    set(WI_WRONG);
    come_from("alice");
    set(WI_WRONG);
    come_from("mallory");
    for (int i = 0; i < WI_VERDICT_TOKEN_MAX; i++)
        decide_for_adapter(i);
    decide_for_adapter(0); /* decided again: it is not the oldest any more */
    for (int i = 0; i < 10; i++)
        decide_for_adapter(WI_VERDICT_TOKEN_MAX + i);
    assert_int_equal(known_of("abcd"), 2 + WI_VERDICT_TOKEN_MAX);
    assert_int_equal(verdict_for_adapter(0), WI_TRUSTED);
    assert_int_equal(verdict_for_adapter(1), WI_UNKNOWN);
    assert_int_equal(verdict_for_adapter(10), WI_UNKNOWN);
    assert_int_equal(verdict_for_adapter(11), WI_TRUSTED);
    assert_int_equal(verdict_for_adapter(WI_VERDICT_TOKEN_MAX + 9), WI_TRUSTED);
    node.platforms[WI_WEBGPU].adapter.description[0] = '\0';
    come_from("alice");
    assert_int_equal(get(), WI_WRONG);
    come_from("");
    assert_int_equal(get(), WI_WRONG);
}

TEST(many_tokens_push_out_nothing_of_ours_nor_of_who_has_less)
{
    set(WI_WRONG);
    come_from("alice");
    set(WI_WRONG);
    for (int token = 0; token <= WI_VERDICT_JOINED_MAX / WI_VERDICT_TOKEN_MAX; token++) {
        char party[32];
        snprintf(party, sizeof party, "mallory%d 192.0.2.1", token);
        come_from(party);
        for (int i = 0; i < WI_VERDICT_TOKEN_MAX; i++) /* no two of them agree */
            decide_for_adapter(1000 * (1 + token) + i);
    }
    assert_int_equal(known_of("abcd"), 1 + WI_VERDICT_JOINED_MAX);
    node.platforms[WI_WEBGPU].adapter.description[0] = '\0';
    come_from("alice");
    assert_int_equal(get(), WI_WRONG);
    come_from("");
    assert_int_equal(get(), WI_WRONG);
}

TEST(of_ours_too_the_oldest_goes)
{
    for (int i = 0; i <= WI_VERDICT_OURS_MAX; i++)
        decide_for_adapter(i);
    assert_int_equal(known_of("abcd"), WI_VERDICT_OURS_MAX);
    assert_int_equal(verdict_for_adapter(0), WI_UNKNOWN);
    assert_int_equal(verdict_for_adapter(1), WI_TRUSTED);
}

TEST(long_and_odd_details_are_cut)
{
    char text[600];
    memset(text, 'x', sizeof text);
    memcpy(text + 253, "\xe2\x82\xac", 3); /* a character across the cut */
    text[sizeof text - 1] = '\0';
    set_so(key_of(WI_WEBGPU, NULL), WI_WRONG, 2, text);
    reopen();
    assert_int_equal(get(), WI_WRONG);
    set_so(key_of(WI_WEBNN, NULL), WI_WRONG, 2, "no \xff UTF-8");
    reopen();
    assert_int_equal(get_on(WI_WEBNN, NULL), WI_WRONG);
}

TEST(what_other_rules_judged_is_asked_anew)
{
    set(WI_WRONG);
    rows[0].rules = WI_COMPARE_RULES - 1;
    reopen();
    assert_int_equal(get(), WI_UNKNOWN);
    assert_true(is_due());
    set(WI_TRUSTED);
    reopen();
    assert_int_equal(get(), WI_TRUSTED);
    assert_int_equal(row_count, 1);
}

TEST(rows_of_another_make_are_ignored)
{
    wi_db_put(NULL, WI_DB_VERDICTS, WI_COMPARE_RULES, "no key", "{\"verdict\":\"trusted\"}");
    wi_db_put(NULL, WI_DB_VERDICTS, WI_COMPARE_RULES, key_of(WI_WEBGPU, NULL),
        "{\"verdict\":\"splendid\"}");
    wi_db_put(NULL, WI_DB_VERDICTS, WI_COMPARE_RULES, key_of(WI_WEBNN, NULL), "no JSON");
    reopen();
    size_t count[WI_VERDICT_COUNT];
    wi_verdicts_count(verdicts, count);
    for (int i = 0; i < WI_VERDICT_COUNT; i++)
        assert_int_equal(count[i], 0);
}

/* ---------------------------------------------------------------- sets of inputs */

/* What stands for the set `number`. */
static const char *set_name(int number)
{
    static char name[WI_INPUT_SET_SIZE];
    snprintf(name, sizeof name, "%016d", number);
    return name;
}

static const char *key_for(int number)
{
    static char key[WI_VERDICT_KEY_SIZE];
    wi_verdict_key(key, &model, place_on(WI_WEBGPU), NULL, set_name(number));
    return key;
}

static struct wi_known known_for(int number)
{
    return wi_verdicts_get(verdicts, &model, place_on(WI_WEBGPU), NULL, set_name(number));
}

static int find_for(int number, enum wi_verdict verdict)
{
    const struct wi_finding found = {
        .verdict = verdict, .ratio = 2, .detail = "y at 3", .shapes = "x FP32 [3]"};
    return wi_verdicts_set(verdicts, key_for(number), &found);
}

static void assert_known(int number, enum wi_verdict verdict, enum wi_verdict told, int due)
{
    struct wi_known known = known_for(number);
    assert_int_equal(known.verdict, verdict);
    assert_int_equal(known.told, told);
    assert_int_equal(known.due, due);
}

TEST(a_set_that_agrees_makes_the_place_trusted_and_others_are_still_looked_at)
{
    assert_known(1, WI_UNKNOWN, WI_UNKNOWN, 1);
    assert_true(find_for(1, WI_TRUSTED));
    assert_known(1, WI_TRUSTED, WI_TRUSTED, 0);
    assert_known(2, WI_TRUSTED, WI_UNKNOWN, 1);
    assert_int_equal(get(), WI_TRUSTED);
    find_for(2, WI_TRUSTED);
    assert_known(2, WI_TRUSTED, WI_TRUSTED, 0);
    reopen();
    assert_known(2, WI_TRUSTED, WI_TRUSTED, 0);
    assert_known(3, WI_TRUSTED, WI_UNKNOWN, 1);
}

TEST(a_wrong_set_is_wrong_by_itself_and_three_are_the_model)
{
    find_for(1, WI_TRUSTED);
    assert_true(find_for(2, WI_WRONG));
    assert_known(2, WI_WRONG, WI_WRONG, 0);
    assert_known(1, WI_TRUSTED, WI_TRUSTED, 0);
    assert_false(find_for(2, WI_TRUSTED)); /* once wrong stays wrong */
    find_for(3, WI_WRONG);
    find_for(3, WI_WRONG); /* the same once more */
    assert_int_equal(get(), WI_TRUSTED);
    reopen();
    assert_known(3, WI_WRONG, WI_WRONG, 0);
    assert_int_equal(get(), WI_TRUSTED);
    find_for(4, WI_WRONG);
    assert_int_equal(get(), WI_WRONG);
    assert_known(1, WI_WRONG, WI_WRONG, 0);
    assert_known(5, WI_WRONG, WI_WRONG, 0);
    reopen();
    assert_int_equal(get(), WI_WRONG);
}

TEST(a_first_set_that_differs_leaves_the_model_open)
{
    find_for(1, WI_WRONG);
    assert_known(1, WI_WRONG, WI_WRONG, 0);
    assert_known(2, WI_UNKNOWN, WI_UNKNOWN, 1);
    assert_int_equal(get(), WI_UNKNOWN);
    assert_int_equal(known_of("abcd"), 1);
}

static const json_t *row_at(const json_t *list, size_t index, const char *name)
{
    return json_object_get(json_array_get(list, index), name);
}

TEST(the_input_that_decided_is_told)
{
    find_for(1, WI_TRUSTED);
    find_for(2, WI_TRUSTED); /* which says nothing new */
    find_for(3, WI_WRONG);
    reopen();
    json_t *list = wi_verdicts_json(verdicts, "abcd");
    assert_int_equal(json_array_size(list), 2);
    assert_string_equal(json_string_value(row_at(list, 0, "scope")), "model");
    assert_string_equal(json_string_value(row_at(list, 0, "verdict")), "trusted");
    assert_int_equal(json_integer_value(row_at(list, 0, "sets")), 3);
    const json_t *input = row_at(list, 0, "input");
    assert_string_equal(json_string_value(json_object_get(input, "hash")), set_name(1));
    assert_string_equal(json_string_value(row_at(list, 1, "scope")), "input");
    assert_string_equal(json_string_value(row_at(list, 1, "verdict")), "wrong");
    input = row_at(list, 1, "input");
    assert_string_equal(json_string_value(json_object_get(input, "hash")), set_name(3));
    assert_string_equal(json_string_value(json_object_get(input, "shapes")), "x FP32 [3]");
    json_decref(list);
    set(WI_TRUSTED); /* by an input of ours */
    list = wi_verdicts_json(verdicts, "abcd");
    assert_true(json_is_null(row_at(list, 0, "input")));
    json_decref(list);
}

static int looks(int from, int count, const char *client)
{
    int looked = 0;
    for (int i = from; i < from + count; i++)
        looked += wi_verdicts_look(verdicts, key_for(i), client);
    return looked;
}

TEST(so_many_sets_are_looked_at_and_not_all_for_one_client)
{
    find_for(0, WI_TRUSTED);
    assert_int_equal(looks(1, 100, "greedy"), WI_VERDICT_SETS_OF_CLIENT);
    assert_int_equal(looks(201, 100, NULL), WI_VERDICT_SETS - WI_VERDICT_SETS_OF_CLIENT - 1);
    assert_int_equal(looks(401, 100, "late"), 0);
    assert_known(401, WI_TRUSTED, WI_TRUSTED, 0); /* as often as by chance, from now on */
    reopen();
    assert_known(401, WI_TRUSTED, WI_TRUSTED, 0);
    assert_int_equal(looks(401, 100, "late"), 0);
    strcpy(node.kind, "edge"); /* another place */
    find_for(0, WI_TRUSTED);
    assert_int_equal(looks(1, 1, "late"), 1);
}

/* A second look by chance finds a wrong one among sets that are not counted any more. */
TEST(no_more_sets_are_kept_and_the_wrong_ones_stay)
{
    find_for(0, WI_WRONG);
    for (int i = 1; i < 100; i++)
        find_for(i, WI_TRUSTED);
    find_for(200, WI_WRONG);
    size_t count[WI_VERDICT_COUNT];
    wi_verdicts_count(verdicts, count);
    assert_int_equal(count[WI_WRONG], 2);
    assert_known(0, WI_WRONG, WI_WRONG, 0);
    assert_known(200, WI_WRONG, WI_WRONG, 0);
    assert_known(1, WI_TRUSTED, WI_TRUSTED, 0);
}

TEST(a_suspicion_that_was_not_confirmed_leaves_the_set_unchecked)
{
    find_for(1, WI_TRUSTED);
    wi_verdicts_look(verdicts, key_for(2), "client");
    find_for(2, WI_UNKNOWN);
    assert_known(2, WI_TRUSTED, WI_UNKNOWN, 0);
    assert_known(1, WI_TRUSTED, WI_TRUSTED, 0);
    reopen();
    assert_known(2, WI_TRUSTED, WI_UNKNOWN, 0);
}

TEST(what_does_not_run_for_one_set_runs_for_others)
{
    find_for(1, WI_TRUSTED);
    find_for(2, WI_UNABLE);
    assert_known(2, WI_UNABLE, WI_UNABLE, 0);
    assert_known(1, WI_TRUSTED, WI_TRUSTED, 0);
    strcpy(node.kind, "edge");
    find_for(3, WI_UNABLE); /* where it has never run it is the model's */
    assert_known(4, WI_UNABLE, WI_UNABLE, 0);
}

TEST(what_says_nothing_of_other_inputs_is_of_its_set)
{
    const struct wi_finding found = {.verdict = WI_UNABLE, .is_of_set = 1};
    assert_true(wi_verdicts_set(verdicts, key_for(1), &found));
    assert_known(1, WI_UNABLE, WI_UNABLE, 0);
    assert_known(2, WI_UNKNOWN, WI_UNKNOWN, 1);
    reopen();
    assert_int_equal(known_for(1).verdict, WI_UNABLE);
    assert_int_equal(known_for(2).verdict, WI_UNKNOWN);
}

TEST(a_pause_is_of_the_set)
{
    find_for(1, WI_TRUSTED);
    strcpy(node.kind, "edge");
    wi_verdicts_pause(verdicts, key_for(1), "WASM failed");
    assert_known(1, WI_UNKNOWN, WI_UNKNOWN, 0);
    assert_known(2, WI_UNKNOWN, WI_UNKNOWN, 1);
    for (int i = 2; i < 100; i++)
        wi_verdicts_pause(verdicts, key_for(i), "WASM failed");
    assert_known(200, WI_UNKNOWN, WI_UNKNOWN, 0); /* enough of it for now */
}

/* ---------------------------------------------------------------- parties */

static enum wi_verdict get_of(const char *party)
{
    come_from(party);
    return get();
}

static void set_of(const char *party, enum wi_verdict verdict)
{
    come_from(party);
    set(verdict);
}

TEST(what_one_party_has_shown_changes_nothing_for_another)
{
    static const enum wi_verdict found[] = {WI_WRONG, WI_UNABLE, WI_TRUSTED};

    for (size_t i = 0; i < sizeof found / sizeof *found; i++) {
        snprintf(node.kind, sizeof node.kind, "kind-%zu", i);
        set_of("mallory", found[i]);
        assert_int_equal(get_of("mallory"), found[i]);
        assert_int_equal(get_of("alice"), WI_UNKNOWN);
        assert_int_equal(get_of(""), WI_UNKNOWN);
        assert_true(is_due());
        reopen();
        assert_int_equal(get_of("mallory"), found[i]);
        assert_int_equal(get_of("alice"), WI_UNKNOWN);
        assert_int_equal(get_of(""), WI_UNKNOWN);
    }
}

TEST(two_addresses_of_one_token_are_no_two_witnesses)
{
    set_of("join-1 192.0.2.1", WI_WRONG);
    set_of("join-1 192.0.2.2", WI_WRONG);
    assert_int_equal(get_of("join-1 192.0.2.3"), WI_UNKNOWN);
    assert_int_equal(get_of("alice"), WI_UNKNOWN);
    set_of("join-2 192.0.2.1", WI_WRONG); /* another token, whatever the address */
    assert_int_equal(get_of("join-1 192.0.2.3"), WI_WRONG);
    assert_int_equal(get_of("alice"), WI_WRONG);
}

TEST(what_two_tokens_have_shown_counts_for_all_that_join_and_never_for_ours)
{
    static const char *const tokens[] = {"alice", "bob", "carol", "dave"};

    set_of("alice", WI_WRONG);
    set_of("bob", WI_TRUSTED);
    assert_int_equal(get_of("erin"), WI_UNKNOWN); /* they do not agree */
    for (size_t i = 0; i < sizeof tokens / sizeof *tokens; i++)
        set_of(tokens[i], WI_WRONG);
    assert_int_equal(get_of("erin"), WI_WRONG);
    assert_int_equal(get_of("bob"), WI_WRONG);
    assert_int_equal(get_of(""), WI_UNKNOWN);
    set(WI_TRUSTED);
    reopen();
    assert_int_equal(get_of("erin"), WI_WRONG);
    assert_int_equal(get_of(""), WI_TRUSTED);
}

/* Ours speak for nobody's pages either: these may be anything. */
TEST(ours_say_nothing_of_who_joins)
{
    set(WI_TRUSTED);
    assert_int_equal(get_of("alice"), WI_UNKNOWN);
}

TEST(ones_own_goes_before_what_others_agree_on)
{
    set_of("alice", WI_WRONG);
    set_of("bob", WI_WRONG);
    set_of("carol", WI_TRUSTED);
    assert_int_equal(get_of("carol"), WI_TRUSTED);
    assert_int_equal(get_of("dave"), WI_WRONG);
    set_of("dave", WI_TRUSTED); /* two tokens say otherwise by now */
    assert_int_equal(get_of("erin"), WI_TRUSTED);
    assert_int_equal(get_of("alice"), WI_WRONG);
}

TEST(two_tokens_agree_on_a_set_of_inputs_too)
{
    come_from("alice");
    find_for(1, WI_WRONG);
    come_from("bob");
    find_for(1, WI_WRONG);
    come_from("carol");
    assert_known(1, WI_WRONG, WI_WRONG, 0);
    assert_known(2, WI_UNKNOWN, WI_UNKNOWN, 1);
    come_from("");
    assert_known(1, WI_UNKNOWN, WI_UNKNOWN, 1);
}

static enum wi_code rejection_of(const char *party)
{
    come_from(party);
    return wi_verdicts_rejection(verdicts, &model, place_on(WI_WASM), NULL);
}

TEST(what_wasm_says_in_a_joined_page_is_its_partys_until_another_token_agrees)
{
    struct wi_error error;

    wi_error_set(&error, WI_MODEL_INVALID, NULL, "no such operator");
    come_from("mallory");
    wi_verdicts_reject(verdicts, &model, place_on(WI_WASM), &error);
    assert_int_equal(rejection_of("mallory"), WI_MODEL_INVALID);
    assert_int_equal(rejection_of("alice"), WI_OK);
    assert_int_equal(rejection_of(""), WI_OK);
    come_from("bob");
    wi_verdicts_reject(verdicts, &model, place_on(WI_WASM), &error);
    assert_int_equal(rejection_of("alice"), WI_MODEL_INVALID);
    assert_int_equal(rejection_of(""), WI_OK);
    come_from("alice"); /* where it runs */
    wi_verdicts_accept(verdicts, &model, place_on(WI_WASM));
    assert_int_equal(rejection_of("alice"), WI_OK);
    assert_int_equal(get_of("alice"), WI_UNKNOWN);
    assert_int_equal(rejection_of("carol"), WI_MODEL_INVALID);
}

/* What is held for a party does not put a check off for itself alone. */
TEST(a_pause_is_of_the_party)
{
    come_from("alice");
    wi_verdicts_pause(verdicts, key_of(WI_WEBGPU, NULL), "the texts are empty");
    assert_false(is_due());
    come_from("bob");
    assert_true(is_due());
    set_of("bob", WI_UNABLE);
    set_of("carol", WI_UNABLE);
    set_clock.now_ms += (int64_t)60 * 1000;
    come_from("alice");
    assert_int_equal(get(), WI_UNABLE);
    assert_false(is_due());
    come_from("dave");
    assert_true(is_due());
}

/* A user sees whose it is, and not from where. */
TEST(a_verdict_tells_tokens_apart)
{
    static const char *const parties[] = {"", "alice", "join-1 192.0.2.1"};

    for (size_t i = 0; i < sizeof parties / sizeof *parties; i++)
        set_of(parties[i], WI_TRUSTED);
    json_t *list = wi_verdicts_json(verdicts, "abcd");
    assert_int_equal(json_array_size(list), 4);
    assert_true(json_is_null(row_at(list, 0, "token")));
    assert_false(json_is_true(row_at(list, 0, "joined")));
    assert_non_null(json_string_value(row_at(list, 1, "token")));
    assert_string_not_equal(
        json_string_value(row_at(list, 1, "token")), json_string_value(row_at(list, 2, "token")));
    assert_true(json_is_null(row_at(list, 3, "token"))); /* what the two share */
    assert_true(json_is_true(row_at(list, 3, "joined")));
    json_decref(list);
}

/* ---------------------------------------------------------------- looking again */

static const int64_t DAY = (int64_t)24 * 3600 * 1000;

TEST(what_is_wrong_is_looked_at_again_after_longer_and_longer)
{
    static const int days[] = {1, 2, 4, 8, 16, 30, 30};

    set(WI_WRONG);
    for (size_t i = 0; i < sizeof days / sizeof *days; i++) {
        assert_false(is_due());
        set_clock.now_ms += days[i] * DAY - 1;
        assert_false(is_due());
        set_clock.now_ms += 1;
        assert_true(is_due());
        assert_int_equal(get(), WI_WRONG); /* until a check says otherwise */
        reopen();
        assert_true(is_due());
        set(WI_WRONG);
    }
    set_clock.now_ms += 30 * DAY;
    set(WI_TRUSTED);
    assert_int_equal(get(), WI_TRUSTED);
    set(WI_WRONG); /* from the beginning */
    set_clock.now_ms += DAY;
    assert_true(is_due());
}

TEST(until_then_it_stays_wrong_whatever_comes)
{
    set(WI_WRONG);
    set_clock.now_ms += DAY - 1;
    set(WI_TRUSTED);
    set(WI_UNABLE);
    assert_int_equal(get(), WI_WRONG);
    set_clock.now_ms += 1;
    set(WI_UNABLE);
    assert_int_equal(get(), WI_WRONG);
    set(WI_TRUSTED);
    assert_int_equal(get(), WI_TRUSTED);
}

TEST(a_clients_input_makes_nothing_right_again)
{
    find_for(1, WI_TRUSTED);
    find_for(2, WI_WRONG);
    set_clock.now_ms += DAY;
    assert_known(2, WI_WRONG, WI_WRONG, 1);
    find_for(2, WI_TRUSTED);
    assert_known(2, WI_WRONG, WI_WRONG, 1);
    set_so(key_for(2), WI_TRUSTED, 0.5, "y at 3"); /* by an input of ours */
    assert_known(2, WI_TRUSTED, WI_TRUSTED, 0);
}

TEST(a_check_that_came_to_no_end_puts_that_off)
{
    set(WI_WRONG);
    set_clock.now_ms += DAY;
    wi_verdicts_pause(verdicts, key_of(WI_WEBGPU, NULL), "nothing but zeros");
    assert_false(is_due());
    set_clock.now_ms += (int64_t)5 * 60 * 1000;
    assert_true(is_due());
}

TEST(a_clock_that_was_ahead_puts_nothing_off)
{
    set_clock.wall_lead_ms = 400 * DAY;
    set(WI_WRONG);
    set_so(key_of(WI_WEBNN, NULL), WI_UNABLE, 0, "no such operator");
    assert_false(is_due());
    set_clock.wall_lead_ms = 0;
    reopen();
    assert_true(is_due());
    assert_int_equal(get(), WI_WRONG);
    assert_int_equal(get_on(WI_WEBNN, NULL), WI_UNKNOWN);
}

/* ---------------------------------------------------------------- kernels */

static struct wi_known kernel_known(const char *kernel)
{
    return wi_verdicts_get(verdicts, &model, place_on(WI_WEBGPU), kernel, "");
}

static int kernel_set(const char *kernel, enum wi_verdict verdict)
{
    return set_so(key_of(WI_WEBGPU, kernel), verdict, 1, "element 3");
}

TEST(a_wrong_kernel_leaves_the_others_usable)
{
    model.engine = WI_ENGINE_KERNELS;
    kernel_set("add", WI_TRUSTED);
    kernel_set("matmul", WI_WRONG);
    assert_int_equal(kernel_known("matmul").verdict, WI_WRONG);
    assert_int_equal(kernel_known("add").verdict, WI_TRUSTED);
    assert_int_equal(kernel_known("softmax").verdict, WI_UNKNOWN);
    assert_true(kernel_known("softmax").due);
    reopen();
    assert_int_equal(kernel_known("matmul").verdict, WI_WRONG);
    assert_int_equal(kernel_known("add").verdict, WI_TRUSTED);
    json_t *list = wi_verdicts_json(verdicts, "abcd");
    assert_string_equal(json_string_value(row_at(list, 0, "kernel")), "add");
    assert_true(json_is_null(row_at(list, 0, "precision")));
    json_decref(list);
}

TEST(a_wrong_challenge_is_about_all_kernels)
{
    model.engine = WI_ENGINE_KERNELS;
    kernel_set("add", WI_TRUSTED);
    kernel_set(NULL, WI_WRONG);
    assert_int_equal(kernel_known("add").verdict, WI_WRONG);
    assert_int_equal(kernel_known("softmax").verdict, WI_WRONG);
    assert_false(kernel_known("softmax").due);
    kernel_set("add", WI_TRUSTED);
    assert_int_equal(kernel_known("add").verdict, WI_WRONG);
    set_clock.now_ms += DAY;
    assert_true(kernel_known("softmax").due);
    kernel_set("matmul", WI_WRONG); /* a look that tells nothing of the others */
    assert_false(kernel_known("softmax").due);
    set_clock.now_ms += (int64_t)5 * 60 * 1000;
    assert_true(kernel_known("softmax").due);
    wi_verdicts_pause(verdicts, key_of(WI_WEBGPU, "exp"), "nothing but zeros");
    assert_false(kernel_known("softmax").due);
    set_clock.now_ms += (int64_t)10 * 60 * 1000;
    kernel_set("softmax", WI_TRUSTED); /* then each is judged by itself */
    assert_int_equal(kernel_known("softmax").verdict, WI_TRUSTED);
    assert_int_equal(kernel_known("add").verdict, WI_TRUSTED);
    assert_int_equal(kernel_known("matmul").verdict, WI_WRONG);
}

TEST(a_look_at_all_kernels_drops_nothing_that_is_in_use)
{
    char key[WI_VERDICT_KEY_SIZE];

    model.engine = WI_ENGINE_KERNELS;
    set_of("alice", WI_WRONG);
    set_of("bob", WI_WRONG);
    come_from("carol");
    kernel_set("add", WI_TRUSTED); /* her oldest record, and she has all that she may */
    wi_verdict_key(key, &model, place_on(WI_WEBGPU), "add", set_name(1));
    for (int i = 1; i < WI_VERDICT_TOKEN_MAX; i++)
        decide_for_adapter(i);
    node.platforms[WI_WEBGPU].adapter.description[0] = '\0';
    set_clock.now_ms += DAY;
    assert_true(set_so(key, WI_TRUSTED, 0.5, "y at 3"));
    assert_int_equal(kernel_known("softmax").verdict, WI_UNKNOWN);
}
