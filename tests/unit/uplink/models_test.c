/* The models of the own daemon: its list, page by page, and what has to be asked for. */
#include "played.h"

static struct {
    uv_loop_t loop;
    struct wi_uplink_options options;
    struct wi_uplink_run run;
    struct wi_uplink_line line;
    struct wi_uplink_models *models;
    int tells; /* the lines were told */
} test;

void wi_uplink_line_tell_models(struct wi_uplink_line *line)
{
    assert_ptr_equal(line, &test.line);
    test.tells++;
}

/* Until the next call. */
static void turn(void)
{
    int before = asked.count;
    while (asked.count == before)
        uv_run(&test.loop, UV_RUN_ONCE);
}

static int set_up(void **state)
{
    memset(&test, 0, sizeof test);
    uv_loop_init(&test.loop);
    test.run.options = &test.options;
    test.run.loop = &test.loop;
    test.run.lines = &test.line;
    test.models = wi_uplink_models_new(&test.run);
    return 0;
}

static int tear_down(void **state)
{
    wi_uplink_models_free(test.models);
    wi_strings_clear(&test.options.models);
    forget_played();
    uv_run(&test.loop, UV_RUN_DEFAULT);
    return uv_loop_close(&test.loop);
}

FIXTURE(set_up, tear_down)

/* A hash of 64 digits that is that number's own. */
#define HASH "%064x"

static void watch(void)
{
    wi_uplink_models_watch(test.models);
    assert_string_equal(asked.path, "/v1/events?kinds=model");
    turn();
    assert_string_equal(asked.path, "/v1/models?limit=1000");
}

static const char *name_of(unsigned number)
{
    char hash[65];
    snprintf(hash, sizeof hash, HASH, number);
    return json_string_value(json_object_get(test.run.names, hash));
}

static void rows_give(const char *format, ...)
{
    char text[4096];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    give_answer(200, text);
}

TEST(models_with_a_hash_are_lent)
{
    watch();
    rows_give("{\"models\":[{\"name\":\"a\",\"hash\":\"" HASH "\"},"
              "{\"name\":\"b\",\"hash\":\"" HASH "\"},"
              "{\"name\":\"builtin/echo\",\"builtin\":true,\"hash\":\"" HASH "\"},"
              "{\"name\":\"broken\",\"problem\":{\"code\":\"model_invalid\"}}],\"next\":null}",
        1, 2, 3);
    assert_int_equal(json_object_size(test.run.names), 2);
    assert_string_equal(name_of(1), "a");
    assert_string_equal(name_of(2), "b");
    assert_int_equal(test.tells, 1);
    assert_false(asked.is_open);
}

/* Not at once, because each time the list is read. */
TEST(what_cannot_be_watched_is_tried_again_with_the_next_list)
{
    wi_uplink_models_watch(test.models);
    give_answer(429, "{\"code\":\"too_many_watchers\"}");
    wi_uplink_models_watch(test.models);
    assert_int_equal(asked.count, 1);
    turn();
    assert_string_equal(asked.path, "/v1/models?limit=1000");
    wi_uplink_models_watch(test.models);
    assert_string_equal(asked.path, "/v1/events?kinds=model");
}

TEST(the_list_is_read_to_its_end)
{
    watch();
    rows_give("{\"models\":[{\"name\":\"a\",\"hash\":\"" HASH "\"}],\"next\":\"a/b&c\"}", 1);
    assert_string_equal(asked.path, "/v1/models?limit=1000&after=a/b%26c");
    assert_int_equal(test.tells, 0);
    rows_give("{\"models\":[{\"name\":\"z\",\"hash\":\"" HASH "\"}],\"next\":null}", 2);
    assert_int_equal(test.tells, 1);
    assert_string_equal(name_of(2), "z");
}

TEST(a_page_without_rows_is_the_last_one)
{
    watch();
    rows_give("{\"models\":[],\"next\":\"more\"}");
    assert_false(asked.is_open);
    assert_int_equal(test.tells, 1);
}

TEST(false_rows_lend_nothing)
{
    watch();
    rows_give("{\"models\":[7,null,{},{\"hash\":\"" HASH "\"},{\"name\":\"a\",\"hash\":\"abc\","
              "\"problem\":7},{\"name\":\"b\",\"hash\":7,\"problem\":7},"
              "{\"name\":\"c\",\"problem\":7,"
              "\"hash\":\"ZZaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"}],"
              "\"next\":9}",
        1);
    assert_int_equal(json_object_size(test.run.names), 0);
    assert_false(asked.is_open);
}

TEST(models_without_a_hash_are_asked_for_one_by_one)
{
    watch();
    rows_give("{\"models\":[{\"name\":\"a\"},{\"name\":\"b\"}],\"next\":null}");
    assert_string_equal(asked.path, "/v1/models/a");
    rows_give("{\"name\":\"a\",\"hash\":\"" HASH "\"}", 1);
    assert_string_equal(asked.path, "/v1/models/b");
    give_answer(404, "{\"code\":\"model_not_found\"}"); /* it has gone meanwhile */
    assert_string_equal(name_of(1), "a");
    assert_int_equal(json_object_size(test.run.names), 1);
    assert_int_equal(test.tells, 1);
}

/* And not again while the model itself is the same. */
TEST(variants_are_asked_for_once)
{
    static const char row[] =
        "{\"models\":[{\"name\":\"a\",\"hash\":\"" HASH "\",\"variant\":\"fp32\",\"variants\":["
        "{\"name\":\"fp32\"},{\"name\":\"int8\"},7]}],\"next\":null}";
    watch();
    rows_give(row, 1);
    assert_string_equal(asked.path, "/v1/models/a:int8");
    rows_give("{\"name\":\"a\",\"hash\":\"" HASH "\"}", 2);
    assert_string_equal(name_of(2), "a:int8");
    assert_int_equal(json_object_size(test.run.names), 2);
    for (unsigned first = 1; first <= 3; first += 2) { /* the same, and then another */
        wi_uplink_models_leave(test.models);
        wi_uplink_models_watch(test.models);
        turn();
        rows_give(row, first);
        assert_int_equal(asked.is_open, first == 3);
    }
    rows_give("{\"name\":\"a\",\"hash\":\"" HASH "\"}", 4);
    assert_string_equal(name_of(4), "a:int8");
    assert_null(name_of(2));
}

TEST(only_the_models_that_were_named_are_lent)
{
    wi_strings_add(&test.options.models, "b");
    wi_strings_add(&test.options.models, "c");
    watch();
    rows_give("{\"models\":[{\"name\":\"a\",\"hash\":\"" HASH "\"},{\"name\":\"b\",\"hash\":\"" HASH
              "\",\"variant\":\"x\",\"variants\":[{\"name\":\"x\"},{\"name\":\"y\"}]},"
              "{\"name\":\"d\"},{\"name\":\"c\"}],\"next\":null}",
        1, 2);
    for (int i = 0; i < 2; i++) {
        int is_c = strcmp(asked.path, "/v1/models/c") == 0;
        assert_true(is_c || strcmp(asked.path, "/v1/models/b:y") == 0);
        rows_give("{\"name\":\"?\",\"hash\":\"" HASH "\"}", is_c ? 3 : 4);
    }
    assert_false(asked.is_open);
    assert_null(name_of(1));
    assert_string_equal(name_of(2), "b");
    assert_string_equal(name_of(3), "c");
    assert_string_equal(name_of(4), "b:y");
}

static char *page_of(unsigned from, unsigned count, const char *next)
{
    struct wi_buffer out = {0};
    wi_buffer_puts(&out, "{\"models\":[");
    for (unsigned i = from; i < from + count; i++)
        wi_buffer_printf(
            &out, "%s{\"name\":\"m%u\",\"hash\":\"" HASH "\"}", i > from ? "," : "", i, i);
    wi_buffer_printf(&out, "],\"next\":%s}", next);
    return out.text;
}

TEST(at_most_10000_are_lent_and_people_are_told_once)
{
    for (int round = 0; round < 2; round++) {
        if (round == 0) {
            watch();
        } else {
            wi_uplink_models_leave(test.models);
            wi_uplink_models_watch(test.models);
            turn();
        }
        for (unsigned page = 0; page <= 10; page++) {
            char *text = page_of(page * 1000, page < 10 ? 1000 : 1, page < 10 ? "\"m\"" : "null");
            give_answer(200, text);
            free(text);
        }
        assert_int_equal(json_object_size(test.run.names), WI_UPLINK_HASHES_MAX);
        assert_string_equal(
            played.told, round ? "" : "only 10000 models are lent; --models says which");
        played.told[0] = '\0';
    }
}

/* What is lent stays until a whole list has come. */
TEST(a_list_that_does_not_come_is_asked_for_again)
{
    watch();
    rows_give("{\"models\":[{\"name\":\"a\",\"hash\":\"" HASH "\"}],\"next\":null}", 1);
    wi_uplink_models_leave(test.models);
    wi_uplink_models_watch(test.models);
    turn();
    give_answer(503, "{}");
    assert_string_equal(name_of(1), "a");
    turn();
    assert_string_equal(asked.path, "/v1/models?limit=1000");
    rows_give("{\"models\":[],\"next\":null}");
    assert_null(name_of(1));
    assert_int_equal(test.tells, 2);
}

TEST(many_that_are_asked_for_are_told_between)
{
    struct wi_buffer rows = {0};
    wi_buffer_puts(&rows, "{\"models\":[{\"name\":\"m0\"}");
    for (int i = 1; i < 300; i++)
        wi_buffer_printf(&rows, ",{\"name\":\"m%d\"}", i);
    wi_buffer_puts(&rows, "],\"next\":null}");
    watch();
    give_answer(200, rows.text);
    wi_buffer_clear(&rows);
    for (unsigned i = 0; i < 300; i++) {
        assert_int_equal(test.tells, i >= 256);
        rows_give("{\"hash\":\"" HASH "\"}", i);
    }
    assert_int_equal(test.tells, 2);
    assert_int_equal(json_object_size(test.run.names), 300);
}

TEST(a_change_is_looked_at)
{
    wi_uplink_models_watch(test.models);
    wi_http_data_fn *on_data = asked.request.on_data;
    void *context = asked.context;
    turn();
    rows_give("{\"models\":[],\"next\":null}");
    int before = asked.count;
    assert_int_equal(on_data(context, ": keep\n\n", 8), WI_HTTP_TAKEN);
    assert_int_equal(on_data(context, "event: change\ndata: {}\n\n", 24), WI_HTTP_TAKEN);
    turn();
    assert_int_equal(asked.count, before + 1);
    assert_string_equal(asked.path, "/v1/models?limit=1000");
}
