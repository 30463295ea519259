/* Runs of the laboratory in the database: what is stored once, what conflicts, what goes. */
#include "fixture.h"

#include "settings/store/private.h"
#include "settings/store/results.h"

static int set_up(void **state)
{
    struct fixture *f = new_fixture();
    *state = f;
    open_db(f);
    return 0;
}
FIXTURE(set_up, tear_down)

static double samples[] = {1.5, 2.25, 3};

static struct wi_result_cell cell_of(unsigned index, const char *browser)
{
    return (struct wi_result_cell){.index = index,
        .head = (char *)"{\"model\":\"m\"}",
        .samples = samples,
        .count = 3,
        .yardstick_of = browser};
}

/* Writes `count` cells from `first` on to a run; a code. */
static enum wi_code write_run(
    struct fixture *f, const char *id, unsigned first, size_t count, int64_t ended_at)
{
    json_t *given = json_pack("{s:s, s:s}", "id", id, "name", "a");
    struct wi_result_cell cells[4];
    struct wi_result_write op = {.head = (char *)"{\"name\":\"a\"}",
        .given = given,
        .ended_at = ended_at,
        .cells = cells,
        .count = count,
        .keep = 3};
    json_object_del(given, "id");
    snprintf(op.id, sizeof op.id, "%s", id);
    for (unsigned i = 0; i < count; i++)
        cells[i] = cell_of(first + i, NULL);
    enum wi_code code = wi_db_now(f->db, wi_result_write, &op, &f->error);
    json_decref(given);
    return code;
}

static struct wi_result look(struct fixture *f, const char *id)
{
    struct wi_result_look op = {0};
    snprintf(op.id, sizeof op.id, "%s", id);
    now(f, wi_result_look, &op);
    assert_int_equal(op.found, *op.result.id != '\0');
    struct wi_result result = op.result;
    free(op.result.head);
    result.head = NULL;
    return result;
}

static void add_index(void *context, const struct wi_result_cell *cell)
{
    char *text = context;
    assert_int_equal(cell->count, 3);
    assert_memory_equal(cell->samples, samples, sizeof samples);
    assert_string_equal(cell->head, "{\"model\":\"m\"}");
    sprintf(text + strlen(text), "%u ", cell->index);
}

static const char *cells_of(struct fixture *f, const char *id)
{
    static char text[64];
    *text = '\0';
    struct wi_result_read op = {look(f, id).number, add_index, text};
    now(f, wi_result_read, &op);
    return text;
}

TEST(cells_are_stored_once_and_read_in_order)
{
    struct fixture *f = *state;
    assert_int_equal(write_run(f, "run-1", 2, 2, 0), WI_OK);
    assert_int_equal(write_run(f, "run-1", 2, 2, 0), WI_OK);
    assert_int_equal(write_run(f, "run-1", 0, 3, 0), WI_OK);
    assert_string_equal(cells_of(f, "run-1"), "0 1 2 3 ");
    assert_int_equal(look(f, "run-1").cells, 4);
    assert_int_equal(look(f, "run-1").bytes, 4 * (sizeof samples + strlen("{\"model\":\"m\"}")));
    assert_int_equal(look(f, "run-1").ended_at, 0);
}

TEST(they_are_there_when_the_database_is_opened_again)
{
    struct fixture *f = *state;
    assert_int_equal(write_run(f, "run-1", 0, 2, 7), WI_OK);
    wi_db_close(f->db);
    uv_run(&f->loop, UV_RUN_DEFAULT);
    wi_db_free(f->db);
    open_db(f);
    assert_string_equal(cells_of(f, "run-1"), "0 1 ");
    assert_int_equal(look(f, "run-1").ended_at, 7);
}

TEST(a_run_that_has_ended_takes_what_it_has_and_no_more)
{
    struct fixture *f = *state;
    assert_int_equal(write_run(f, "run-1", 0, 2, 7), WI_OK);
    assert_int_equal(write_run(f, "run-1", 0, 2, 7), WI_OK);
    assert_int_equal(write_run(f, "run-1", 0, 2, 0), WI_OK);
    assert_int_equal(write_run(f, "run-1", 0, 2, 8), WI_CONFLICT);
    assert_string_equal(f->error.field, "ended_at");
    assert_int_equal(write_run(f, "run-1", 1, 2, 0), WI_CONFLICT);
    assert_string_equal(f->error.field, "cells");
    assert_string_equal(cells_of(f, "run-1"), "0 1 ");
}

TEST(another_cell_with_an_index_that_is_taken_changes_nothing)
{
    struct fixture *f = *state;
    assert_int_equal(write_run(f, "run-1", 0, 1, 0), WI_OK);
    double others[] = {1.5, 2.25, 3.5};
    struct wi_result_cell cells[] = {cell_of(1, NULL), cell_of(0, NULL)};
    struct wi_result_write op = {.id = "run-1", .cells = cells, .count = 2, .keep = 3};
    cells[1].samples = others;
    assert_int_equal(wi_db_now(f->db, wi_result_write, &op, &f->error), WI_CONFLICT);
    cells[1] = cell_of(0, NULL);
    cells[1].head = (char *)"{\"model\":\"n\"}";
    assert_int_equal(wi_db_now(f->db, wi_result_write, &op, &f->error), WI_CONFLICT);
    assert_string_equal(cells_of(f, "run-1"), "0 "); /* nor is the one before it there */
}

TEST(a_cell_that_was_not_run_gives_way_until_the_run_has_ended)
{
    struct fixture *f = *state;
    struct wi_result_cell left = {
        .index = 1, .samples = samples, .head = (char *)"{\"outcome\":\"not run\"}"};
    struct wi_result_write op = {.id = "run-1", .cells = &left, .count = 1, .keep = 3};
    assert_int_equal(write_run(f, "run-1", 0, 1, 0), WI_OK);
    assert_int_equal(wi_db_now(f->db, wi_result_write, &op, &f->error), WI_OK);
    assert_int_equal(look(f, "run-1").cells, 2);
    assert_int_equal(write_run(f, "run-1", 1, 1, 0), WI_OK);
    struct wi_result run = look(f, "run-1");
    assert_int_equal(run.cells, 2);
    assert_true(run.bytes == 2 * (strlen(cell_of(1, NULL).head) + 3 * sizeof(double)));
    assert_int_equal(wi_db_now(f->db, wi_result_write, &op, &f->error), WI_CONFLICT);
    left.index = 2;
    op.ended_at = 7;
    assert_int_equal(wi_db_now(f->db, wi_result_write, &op, &f->error), WI_OK);
    assert_int_equal(write_run(f, "run-1", 2, 1, 0), WI_CONFLICT);
}

TEST(what_is_said_of_a_run_stays_so)
{
    struct fixture *f = *state;
    assert_int_equal(write_run(f, "run-1", 0, 1, 0), WI_OK);
    json_t *given = json_pack("{s:s}", "name", "b");
    struct wi_result_write op = {.id = "run-1", .given = given, .keep = 3};
    assert_int_equal(wi_db_now(f->db, wi_result_write, &op, &f->error), WI_CONFLICT);
    assert_string_equal(f->error.field, "name");
    struct wi_result_write unknown = {.id = "run-2", .given = given, .keep = 3};
    assert_int_equal(wi_db_now(f->db, wi_result_write, &unknown, &f->error), WI_NOT_FOUND);
    json_decref(given);
}

TEST(the_oldest_go_and_with_them_their_cells)
{
    struct fixture *f = *state;
    for (int i = 1; i <= 5; i++) {
        char id[16];
        snprintf(id, sizeof id, "run-%d", i);
        assert_int_equal(write_run(f, id, 0, 2, 0), WI_OK);
    }
    struct wi_result_list list = {.limit = 10};
    now(f, wi_result_list, &list);
    assert_int_equal(list.count, 3);
    assert_string_equal(list.results[0].id, "run-5");
    assert_string_equal(list.results[2].id, "run-3");
    list.before = list.results[1].number;
    list.limit = 1;
    now(f, wi_result_list, &list);
    assert_int_equal(list.count, 1);
    assert_string_equal(list.results[0].id, "run-3");
    wi_result_list_clear(&list);
    sqlite3_stmt *statement =
        wi_db_start(f->db->sqlite, "SELECT count(*) FROM lab_cells", NULL, &f->error);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    assert_int_equal(sqlite3_column_int(statement, 0), 6);
    sqlite3_finalize(statement);
}

/* However many people send results, none of the service's own goes for them, nor the other way. */
TEST(runs_of_people_are_counted_apart)
{
    struct fixture *f = *state;
    for (int i = 0; i < 5; i++) {
        struct wi_result_write op = {.head = (char *)"{}", .person = 1, .keep = 2};
        snprintf(op.id, sizeof op.id, "person-%d", i);
        assert_int_equal(write_run(f, i ? "run-2" : "run-1", 0, 1, 0), WI_OK);
        now(f, wi_result_write, &op);
    }
    for (int i = 3; i <= 6; i++) {
        char id[16];
        snprintf(id, sizeof id, "run-%d", i);
        assert_int_equal(write_run(f, id, 0, 1, 0), WI_OK);
    }
    struct wi_result_list list = {.limit = 10};
    now(f, wi_result_list, &list);
    assert_int_equal(list.count, 5);
    assert_string_equal(list.results[0].id, "run-6");
    assert_string_equal(list.results[2].id, "run-4");
    assert_string_equal(list.results[3].id, "person-4");
    assert_string_equal(list.results[4].id, "person-3");
    wi_result_list_clear(&list);
}

TEST(a_run_is_removed_once_and_its_number_is_no_other_s)
{
    struct fixture *f = *state;
    assert_int_equal(write_run(f, "run-1", 0, 2, 0), WI_OK);
    int64_t number = look(f, "run-1").number;
    struct wi_result_remove op = {.id = "run-1"};
    now(f, wi_result_remove, &op);
    assert_int_equal(op.found, 1);
    now(f, wi_result_remove, &op);
    assert_int_equal(op.found, 0);
    assert_int_equal(write_run(f, "run-1", 0, 1, 0), WI_OK);
    assert_true(look(f, "run-1").number > number);
    assert_string_equal(cells_of(f, "run-1"), "0 ");
}

TEST(whether_it_was_noisy_is_known_at_its_end)
{
    struct fixture *f = *state;
    double slow[] = {3, 3, 3};
    struct wi_result_cell cells[] = {
        cell_of(0, "chrome"), cell_of(1, "chrome"), cell_of(2, "firefox")};
    struct wi_result_write op = {
        .id = "run-1", .head = (char *)"{}", .cells = cells, .count = 3, .keep = 3};
    cells[2].samples = slow;
    now(f, wi_result_write, &op);
    op.ended_at = 5;
    now(f, wi_result_write, &op);
    assert_int_equal(look(f, "run-1").noisy, 0);
    cells[1].samples = slow;
    strcpy(op.id, "run-2");
    now(f, wi_result_write, &op);
    assert_int_equal(look(f, "run-2").noisy, 1);
}

/* A database that may have so many pages: what does not fit leaves nothing behind. */
TEST(a_full_disk_is_said_and_leaves_nothing)
{
    struct fixture *f = *state;
    assert_int_equal(write_run(f, "run-1", 0, 1, 0), WI_OK);
    double *many = wi_alloc(1000 * sizeof *many);
    struct wi_result_cell cells[64];
    struct wi_result_write op = {.id = "run-1", .cells = cells, .count = 64, .keep = 3};
    for (unsigned i = 0; i < 64; i++) {
        cells[i] = cell_of(i + 1, NULL);
        cells[i].samples = many;
        cells[i].count = 1000;
    }
    assert_int_equal(wi_db_exec(f->db->sqlite, "PRAGMA max_page_count=80", &f->error), WI_OK);
    assert_int_equal(wi_db_now(f->db, wi_result_write, &op, &f->error), WI_STORAGE_FAILED);
    assert_int_equal(wi_code_status(f->error.code), 507);
    assert_string_equal(cells_of(f, "run-1"), "0 ");
    free(many);
}

/* --- the history of a model ------------------------------------------------------------------- */

/* Writes a run with one cell of a model in Chrome on WASM, and a yardstick of Firefox. */
static void write_model(struct fixture *f, const char *id, const char *model, const char *head)
{
    char *text =
        wi_sprintf("{\"browser\":\"chrome\",\"model\":\"%s\",\"platform\":\"wasm\"}", model);
    struct wi_result_cell cells[] = {cell_of(0, NULL), cell_of(1, "firefox")};
    struct wi_result_write op = {.head = (char *)head, .cells = cells, .count = 2, .keep = 10};
    cells[0].head = text;
    cells[1].head = (char *)"{\"browser\":\"firefox\",\"model\":\"builtin/mlp\"}";
    snprintf(op.id, sizeof op.id, "%s", id);
    now(f, wi_result_write, &op);
    free(text);
}

static void write_models(struct fixture *f)
{
    write_model(f, "run-1", "digits", "{\"imported\":false}");
    write_model(f, "run-2", "other", "{}");
    write_model(f, "run-3", "digits", "{\"imported\":true}");
    write_model(f, "run-4", "digits", "{}");
}

static void begin_run(void *context, const struct wi_result *result)
{
    sprintf((char *)context + strlen(context), "%s: ", result->id);
}

static void add_cell(void *context, const struct wi_result_cell *cell)
{
    sprintf((char *)context + strlen(context), "%u%s ", cell->index, cell->yardstick_of ? "*" : "");
}

/* What is read of digits, of at most so much; `op` has the rest. */
static const char *history_of(struct fixture *f, struct wi_result_history *op)
{
    static char text[128];
    *text = '\0';
    op->model = op->model ? op->model : "digits";
    op->runs_max = op->runs_max ? op->runs_max : 10;
    op->cells_max = op->cells_max ? op->cells_max : 10;
    op->bytes_max = op->bytes_max ? op->bytes_max : 1000;
    op->begin = begin_run;
    op->each = add_cell;
    op->context = text;
    now(f, wi_result_history, op);
    return text;
}

TEST(runs_are_listed_by_their_models)
{
    struct fixture *f = *state;
    struct wi_result_list list = {.limit = 10, .model = "digits"};
    write_models(f);
    now(f, wi_result_list, &list);
    assert_int_equal(list.count, 3);
    assert_string_equal(list.results[0].id, "run-4");
    assert_string_equal(list.results[1].id, "run-3");
    list.before = list.results[1].number;
    now(f, wi_result_list, &list);
    assert_int_equal(list.count, 1);
    assert_string_equal(list.results[0].id, "run-1");
    list.before = 0;
    list.model = "builtin/mlp"; /* as a yardstick it is no model of a run */
    now(f, wi_result_list, &list);
    assert_int_equal(list.count, 0);
    wi_result_list_clear(&list);
}

TEST(a_history_has_what_was_made_here_with_the_yardsticks)
{
    struct fixture *f = *state;
    struct wi_result_history all = {0}, none = {.model = "nothing"};
    write_models(f);
    assert_string_equal(history_of(f, &all), "run-4: 0 1* run-1: 0 1* ");
    assert_int_equal(all.count, 2);
    assert_false(all.has_more);
    assert_string_equal(history_of(f, &none), "");
    assert_int_equal(none.count, 0);
}

TEST(a_history_is_of_a_browser_and_a_platform)
{
    struct fixture *f = *state;
    struct wi_result_history chrome = {.browser = "chrome", .platform = "wasm"};
    struct wi_result_history firefox = {.browser = "firefox"}, webgpu = {.platform = "webgpu"};
    write_models(f);
    assert_string_equal(history_of(f, &chrome), "run-4: 0 run-1: 0 ");
    assert_string_equal(history_of(f, &firefox), "");
    assert_string_equal(history_of(f, &webgpu), "");
}

TEST(a_history_ends_where_it_is_too_long)
{
    struct fixture *f = *state;
    struct wi_result_history runs = {.runs_max = 1}, cells = {.cells_max = 3},
                             bytes = {.bytes_max = 1};
    write_models(f);
    assert_string_equal(history_of(f, &runs), "run-4: 0 1* ");
    assert_int_equal(runs.count, 1);
    assert_true(runs.has_more);
    assert_string_equal(history_of(f, &cells), "run-4: 0 1* run-1: 0 ");
    assert_int_equal(cells.count, 1); /* the second one is not whole */
    assert_true(cells.has_more);
    assert_string_equal(history_of(f, &bytes), "run-4: ");
    assert_int_equal(bytes.count, 0);
    assert_true(bytes.has_more);
}
