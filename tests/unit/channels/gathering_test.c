/* Gathering: which rows become one batch, when batches are handed on, and what is lost. */
#include "../test.h"

#include "rows.h"

#include "channels/gathering.h"

#define BATCHES 64

static struct fixture {
    uv_loop_t loop;
    uv_timer_t limit;
    struct wi_budget budget;
    struct wi_gathering *gather;
    struct wi_batch *batches[BATCHES];
    size_t count;
} the_fixture, *fixture = &the_fixture;

#include "../until.h"

static void on_batch(void *context, struct wi_batch *batch)
{
    struct fixture *f = context;
    assert_true(f->count < BATCHES);
    f->batches[f->count++] = wi_batch_ref(batch);
}

static int set_up(void **state)
{
    memset(fixture, 0, sizeof *fixture);
    fixture->budget.limit = 1 << 24;
    if (uv_loop_init(&fixture->loop))
        return -1;
    limit_waiting(&fixture->loop, &fixture->limit, 20000);
    fixture->gather = wi_gathering_new(&fixture->loop, &fixture->budget, on_batch, fixture);
    return 0;
}

static int tear_down(void **state)
{
    for (size_t i = 0; i < fixture->count; i++)
        wi_batch_unref(fixture->batches[i]);
    wi_gathering_free(fixture->gather);
    uv_close((uv_handle_t *)&fixture->limit, NULL);
    uv_run(&fixture->loop, UV_RUN_DEFAULT);
    assert_int_equal(fixture->budget.used, 0);
    return uv_loop_close(&fixture->loop);
}

FIXTURE(set_up, tear_down)

static void add_result(const char *client, const char *model, const char *json)
{
    struct wi_buffer text = {0};
    wi_buffer_puts(&text, json);
    wi_gathering_result(fixture->gather, client, model, &text);
    wi_buffer_clear(&text);
}

static const char *label_row(const void *context, size_t row, char *out)
{
    snprintf(out, WI_LABEL_MAX, "%s %zu", (const char *)context, row);
    return out;
}

static void add_vectors(const char *model, const struct wi_tensor *tensor)
{
    const struct wi_gathering_vectors vectors = {.client = "ada",
        .model = model,
        .job = "job-1",
        .tensor = tensor,
        .label = label_row,
        .context = "row"};
    wi_gathering_vectors(fixture->gather, &vectors);
}

TEST(rows_are_handed_on_after_their_time)
{
    assert_int_equal(WI_GATHER_MS, 50); /* as webinfer-channels(7) says */
    add_result("ada", "nest", "{\"id\":\"1\"}");
    add_result("ada", "nest", "{\"id\":\"2\"}");
    assert_int_equal(fixture->count, 0);
    until(fixture->count > 0);
    assert_int_equal(fixture->count, 1);
    assert_int_equal(fixture->batches[0]->count, 2);
    assert_true(fixture->batches[0]->timestamp > 0);
    add_result("ada", "nest", "{\"id\":\"3\"}"); /* the time begins anew */
    until(fixture->count > 1);
    assert_int_equal(fixture->batches[1]->count, 1);
}

TEST(no_row_overtakes_another)
{
    static const struct {
        const char *client, *model;
    } rows[] = {{"ada", "nest"}, {"ada", "nest"}, {"bob", "nest"}, {"ada", "nest"},
        {"ada", "finch"}, {"ada", NULL}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        add_result(rows[i].client, rows[i].model, "{}");
    wi_gathering_hand_on(fixture->gather);
    assert_int_equal(fixture->count, 5);
    assert_int_equal(fixture->batches[0]->count, 2);
    assert_string_equal(fixture->batches[1]->client, "bob");
    assert_string_equal(fixture->batches[2]->client, "ada");
    assert_string_equal(fixture->batches[3]->model, "finch");
    assert_null(fixture->batches[4]->model);
}

TEST(enough_rows_are_handed_on_at_the_end_of_the_turn)
{
    struct wi_tensor vectors = make_vectors(&fixture->budget, WI_BATCH_ROWS + 1, 2, 0, 0);
    add_vectors("nest", &vectors);
    assert_int_equal(fixture->count, 0); /* never from inside */
    uint64_t began = uv_hrtime();
    until(fixture->count > 0);
    assert_true(uv_hrtime() - began < WI_GATHER_MS * 1000000ull);
    assert_int_equal(fixture->count, 2);
    assert_int_equal(fixture->batches[0]->count, 256);
    assert_int_equal(fixture->batches[1]->count, 1);
    free_vectors(&vectors);
}

TEST(vectors_stay_where_they_are_unless_that_wastes_memory)
{
    struct wi_tensor lean = make_vectors(&fixture->budget, 4, 64, 0, 600);
    struct wi_tensor fat = make_vectors(&fixture->budget, 1, 64, 0, 100000);
    add_vectors("nest", &lean);
    add_vectors("nest", &fat);
    wi_gathering_hand_on(fixture->gather);
    assert_int_equal(fixture->count, 1);
    const struct wi_batch *batch = fixture->batches[0];
    assert_int_equal(batch->count, 5);
    assert_ptr_equal(batch->rows[3].blob, lean.blob);
    assert_int_equal(batch->rows[3].at, 600 + 3 * 256);
    assert_ptr_not_equal(batch->rows[4].blob, fat.blob);
    assert_int_equal(batch->rows[4].blob->capacity, 256);
    assert_memory_equal(
        batch->rows[4].blob->bytes + batch->rows[4].at, fat.blob->bytes + 100000, 256);
    free_vectors(&lean);
    free_vectors(&fat);
}

TEST(large_answers_are_copied_piece_by_piece)
{
    struct wi_tensor large = make_vectors(&fixture->budget, 600, 1000, 0, 0);
    add_vectors("nest", &large);
    wi_gathering_hand_on(fixture->gather);
    uint64_t rows = 0;
    for (size_t i = 0; i < fixture->count; i++) {
        const struct wi_batch *batch = fixture->batches[i];
        for (size_t k = 0; k < batch->count; k++, rows++) {
            assert_true(batch->rows[k].blob->capacity <= WI_BATCH_BYTES);
            assert_memory_equal(batch->rows[k].blob->bytes + batch->rows[k].at,
                large.blob->bytes + rows * 4000, 4000);
        }
    }
    assert_int_equal(rows, 600);
    free_vectors(&large);
}

TEST(what_has_no_memory_is_lost_and_counted)
{
    struct wi_tensor fat = make_vectors(&fixture->budget, 3, 64, 0, 100000);
    fixture->budget.limit = fixture->budget.used;
    add_vectors("nest", &fat);
    fixture->budget.limit = 1 << 24;
    add_vectors("nest", &fat);
    wi_gathering_hand_on(fixture->gather);
    assert_int_equal(fixture->count, 2);
    assert_int_equal(fixture->batches[0]->lost, 3);
    assert_int_equal(fixture->batches[0]->count, 0);
    assert_int_equal(fixture->batches[1]->lost, 0);
    assert_int_equal(fixture->batches[1]->count, 3);
    free_vectors(&fat);
}

TEST(an_answer_has_so_many_rows_and_the_others_are_lost)
{
    struct wi_tensor many = make_vectors(&fixture->budget, WI_GATHER_ROWS + 9, 1, 0, 0);
    add_vectors("nest", &many);
    wi_gathering_hand_on(fixture->gather);
    assert_int_equal(fixture->count, WI_GATHER_ROWS / WI_BATCH_ROWS + 1);
    assert_int_equal(fixture->batches[fixture->count - 1]->lost, 9);
    free_vectors(&many);
}

TEST(large_rows_fill_a_batch_sooner)
{
    struct wi_tensor wide = make_vectors(&fixture->budget, 3, WI_VECTOR_MAX, 0, 0);
    add_vectors("nest", &wide);
    wi_gathering_hand_on(fixture->gather);
    assert_int_equal(fixture->count, 3);
    assert_int_equal(fixture->batches[2]->count, 1);
    free_vectors(&wide);
}

TEST(what_is_dropped_is_not_handed_on)
{
    add_result("ada", "nest", "{}");
    wi_gathering_drop(fixture->gather);
    wi_gathering_hand_on(fixture->gather);
    assert_int_equal(fixture->count, 0);
}
