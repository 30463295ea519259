/* Lists that come in pages: every command has all rows, a list without an end is ended. */
#include "commands/played_alone.h"

#include "cli/pages.h"

enum { ROWS = 250, PAGE = 100 };

/* What the list does beside being long. */
static struct {
    int is_gone;     /* the last row of the first page, once that was had */
    int names_again; /* so many nexts come again and again; 0: none */
    int is_empty;    /* each page has no rows, and a next */
    int is_whole;    /* each page tells all that is published */
    size_t fails_at; /* the page from which on it is not given; 0: all are */
    size_t page_count;
} list;

static int set_up_list(void **state)
{
    memset(&list, 0, sizeof list);
    return set_up_played(state);
}

static int tear_down_list(void **state)
{
    played.serve = NULL;
    return tear_down_played(state);
}

FIXTURE(set_up_list, tear_down_list)

/* The number of the first row behind the one that `after` names. */
static int row_behind(const char *asked)
{
    const char *after = strstr(asked, "after=r");
    return after ? atoi(after + strlen("after=r")) + 1 : 0;
}

static json_t *row_of(int number)
{
    json_t *row = json_pack("{s:o, s:s, s:s}", "id", json_sprintf("r%03d", number), "type",
        number < PAGE ? "text" : "something wide", "browser", "chrome");
    json_object_set(row, "name", json_object_get(row, "id"));
    json_object_set_new(row, "models",
        json_pack("[{s:O, s:s, s:i}]", "name", json_object_get(row, "id"), "state", "loaded",
            "bytes", 1));
    return row;
}

static json_t *next_of(int last)
{
    if (list.names_again > 0)
        return json_sprintf("r%03zu", list.page_count % (size_t)list.names_again);
    return last < ROWS || list.is_empty ? json_sprintf("r%03d", last - 1) : json_null();
}

static void give_page(const char *member, const char *asked, const struct wi_rest_request *request,
    struct wi_rest_answer *answer)
{
    const char *limit = strstr(asked, "limit=");
    int begin = row_behind(asked), most = limit ? atoi(limit + 6) : PAGE, number;
    json_t *rows = json_array();
    assert_in_range(most, 1, PAGE);
    for (number = begin; number < ROWS && number < begin + most; number++)
        if (!list.is_empty && !(list.is_gone && begin > 0 && number == PAGE - 1))
            json_array_append_new(rows, row_of(number));
    json_t *page = json_pack("{s:o, s:s, s:o, s:i, s:[i]}", member, rows, "room", "enough", "next",
        next_of(number), "nodes_more", ROWS - PAGE, "published", list.is_whole ? 7 : begin);
    char *text = json_dumps(page, JSON_COMPACT);
    int fails = list.fails_at > 0 && ++list.page_count >= list.fails_at;
    list.page_count += list.fails_at == 0;
    give(request, answer, fails ? 503 : 200, fails ? "{\"detail\":\"it is over\"}" : text);
    free(text);
    json_decref(page);
}

static void serve(
    const char *asked, const struct wi_rest_request *request, struct wi_rest_answer *answer)
{
    static const char *const members[] = {"models", "nodes", "jobs", "results"};
    for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
        char *path = wi_sprintf("GET /v1/%s?", members[i]);
        int is_list = strncmp(asked, path, strlen(path)) == 0;
        free(path);
        if (is_list) {
            give_page(members[i], asked, request, answer);
            return;
        }
    }
    if (strcmp(asked, "GET /v1/status") != 0)
        fail_msg("nobody expects %s", asked);
    give_page("nodes", "GET /v1/nodes?limit=100", request, answer);
}

static enum wi_exit run_list(const char *root, const char *const *words, char *said)
{
    char printed[PRINTED_MAX];
    played.serve = serve;
    return run_saying(root, NULL, words, printed, said);
}

/* All that was printed; the caller frees it. */
static char *all_printed(const char *root)
{
    char *path = path_to(root, "out");
    struct wi_error error = {0};
    size_t size;
    char *text = wi_cli_read_file(path, 1 << 20, &size, &error);
    assert_non_null(text);
    free(path);
    return text;
}

/* How many lines have a row of the list. */
static int count_rows(const char *root)
{
    char *text = all_printed(root);
    int count = 0;
    for (const char *line = text; line; line = strchr(line, '\n')) {
        line += *line == '\n';
        count += *line == 'r' && line[1] >= '0' && line[1] <= '9';
    }
    free(text);
    return count;
}

TEST(every_list_has_all_its_rows)
{
    static const struct {
        const char *words[8];
        int rows;
    } cases[] = {{{"webinfer", "list", "--names"}, ROWS}, {{"webinfer", "list", "--wide"}, ROWS},
        {{"webinfer", "list"}, ROWS}, {{"webinfer", "nodes"}, ROWS}, {{"webinfer", "ps"}, ROWS},
        {{"webinfer", "status"}, ROWS}, {{"webinfer", "jobs", "list"}, PAGE},
        {{"webinfer", "jobs", "list", "--limit", "240"}, 240},
        {{"webinfer", "jobs", "list", "--limit", "1000", "--state", "done"}, ROWS},
        {{"webinfer", "results", "list"}, PAGE},
        {{"webinfer", "results", "list", "--limit", "101"}, 101}};
    char said[PRINTED_MAX];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        enum wi_exit exit = run_list(*state, cases[i].words, said);
        if (exit != WI_EXIT_OK || count_rows(*state) != cases[i].rows)
            fail_msg("%s: %d rows, exit %d: %s", cases[i].words[1], count_rows(*state), exit, said);
    }
}

TEST(titles_are_printed_once)
{
    char *text, *found;
    assert_int_equal(
        run_list(*state, (const char *[]){"webinfer", "nodes", NULL}, NULL), WI_EXIT_OK);
    text = all_printed(*state);
    found = strstr(text, "NODE");
    assert_ptr_equal(found, text);
    assert_null(strstr(found + 1, "NODE"));
    free(text);
}

TEST(pages_are_one_document_as_json)
{
    char *text;
    assert_int_equal(
        run_list(*state, (const char *[]){"webinfer", "nodes", "--json", NULL}, NULL), WI_EXIT_OK);
    text = all_printed(*state);
    json_t *whole = json_loads(text, 0, NULL);
    free(text);
    assert_int_equal(json_array_size(json_object_get(whole, "nodes")), ROWS);
    assert_string_equal(json_string_value(json_object_get(whole, "room")), "enough");
    assert_true(json_is_null(json_object_get(whole, "next")));
    assert_int_equal(json_array_size(json_object_get(whole, "published")), 3);
    json_decref(whole);
    list.is_whole = 1;
    assert_int_equal(
        run_list(*state, (const char *[]){"webinfer", "list", "--json", NULL}, NULL), WI_EXIT_OK);
    text = all_printed(*state);
    whole = json_loads(text, 0, NULL);
    free(text);
    assert_int_equal(json_array_size(json_object_get(whole, "published")), 1);
    json_decref(whole);
    assert_int_equal(
        run_list(*state,
            (const char *[]){"webinfer", "jobs", "list", "--json", "--limit", "150", NULL}, NULL),
        WI_EXIT_OK);
    text = all_printed(*state);
    whole = json_loads(text, 0, NULL);
    free(text);
    assert_int_equal(json_array_size(json_object_get(whole, "jobs")), 150);
    assert_string_equal(json_string_value(json_object_get(whole, "next")), "r149");
    json_decref(whole);
}

TEST(what_goes_meanwhile_is_no_error)
{
    list.is_gone = 1;
    assert_int_equal(
        run_list(*state, (const char *[]){"webinfer", "nodes", NULL}, NULL), WI_EXIT_OK);
    assert_int_equal(count_rows(*state), ROWS);
}

/* However many nexts go round, and however empty the pages are. */
TEST(a_list_without_an_end_is_ended)
{
    static const char *const commands[] = {"nodes", "list", "ps"};
    char said[PRINTED_MAX];
    for (int round = 0; round <= 7; round++) {
        for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
            memset(&list, 0, sizeof list);
            list.names_again = round;
            list.is_empty = round == 0;
            assert_int_equal(
                run_list(*state, (const char *[]){"webinfer", commands[i], NULL}, said),
                WI_EXIT_FAILED);
            assert_non_null(strstr(said, "has no end"));
            assert_in_range(list.page_count, 1, 40);
        }
    }
}

TEST(a_page_that_does_not_come_is_told)
{
    char said[PRINTED_MAX];
    list.fails_at = 2;
    assert_int_equal(
        run_list(*state, (const char *[]){"webinfer", "nodes", NULL}, said), WI_EXIT_FAILED);
    assert_non_null(strstr(said, "it is over"));
    assert_int_equal(count_rows(*state), PAGE);
}

TEST(a_limit_is_a_number_of_rows)
{
    static const char *const bad[] = {
        "0", "-1", "x", "", "1.5", "1000000001", "18446744073709551617"};
    char said[PRINTED_MAX];
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(
            run_list(*state, (const char *[]){"webinfer", "jobs", "list", "--limit", bad[i], NULL},
                said),
            WI_EXIT_USAGE);
        assert_non_null(strstr(said, "from 1 to 1000000000"));
    }
}
