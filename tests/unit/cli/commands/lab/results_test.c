/* Runs of files and of a service that is played: listed, shown, compared, exported and sent. */
#include "../../../terms/lab/fixture.h"
#include "../played_alone.h"

#include "terms/lab/lab_compare.h"

FIXTURE(set_up_played, tear_down_played)

static const struct reply no_replies[] = {{0}};

/* A run of two cells, the second twice as slow as the first, as text; the caller frees it. */
static char *run_text(const char *id, double ms, int simulated)
{
    json_t *document = document_of(id);
    json_object_set_new(document, "simulated", json_boolean(simulated));
    for (int i = 0; i < 2; i++) {
        json_t *cell = cell_of("digits", "chrome", i ? "webgpu" : "wasm");
        for (int j = 0; j < 20; j++)
            add_sample(cell, (1 + i) * ms + 0.001 * j);
        add_cell(document, cell);
    }
    char *text = json_dumps(document, JSON_COMPACT);
    json_decref(document);
    return text;
}

/* The path of a file that has it; the caller frees it. */
static char *run_file(const char *root, const char *name, const char *id, double ms)
{
    char *text = run_text(id, ms, 1);
    write_text(root, name, text);
    free(text);
    return path_to(root, name);
}

static void has(const char *text, const char *part)
{
    if (!strstr(text, part))
        fail_msg("%s is not in\n%s", part, text);
}

TEST(what_became_of_a_run_is_printed_and_is_the_exit_status)
{
    static const struct {
        double now_ms;
        const char *threshold;
        enum wi_exit exit;
        const char *line, *judgement;
    } cases[] = {{10, "10%", WI_EXIT_OK, "no regression: no cell is slower", "\"good\""},
        {13, "10%", WI_EXIT_FAILED, "regression: a cell is slower", "\"regression\""},
        {13, "0.5", WI_EXIT_OK, "no regression: no cell is slower", "\"good\""},
        {13, "50%", WI_EXIT_OK, "no regression: no cell is slower", "\"good\""}};
    char printed[PRINTED_MAX], *before = run_file(*state, "a.json", "a", 10);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *now = run_file(*state, "b.json", "b", cases[i].now_ms);
        const char *words[] = {"webinfer", "results", "compare", before, now,
            "--fail-on-regression", cases[i].threshold, NULL, NULL};
        assert_int_equal(run_command(*state, no_replies, words, printed), cases[i].exit);
        has(printed, cases[i].line);
        words[7] = "--json";
        assert_int_equal(run_command(*state, no_replies, words, printed), cases[i].exit);
        has(printed, cases[i].judgement);
        free(now);
    }
    free(before);
}

TEST(runs_without_a_common_cell_cannot_be_told)
{
    static const char other[] = "{\"version\":1,\"id\":\"c\",\"name\":\"c\",\"began_at\":1,"
                                "\"simulated\":true,\"cells\":[]}";
    char printed[PRINTED_MAX], *before = run_file(*state, "a.json", "a", 10);
    char *now = path_to(*state, "c.json");
    write_text(*state, "c.json", other);
    assert_int_equal(
        run_command(*state, no_replies,
            (const char *[]){"webinfer", "results", "compare", before, now, NULL}, printed),
        WI_EXIT_CANNOT_TELL);
    has(printed, "it cannot be told: the runs have no cell in common");
    free(now);
    free(before);
}

TEST(what_is_no_share_compares_nothing)
{
    static const char *const wrong[] = {"", "%", "x", "10 %", "10%%", "0.05%", "1001%", "-1", "11"};
    char printed[PRINTED_MAX], said[PRINTED_MAX], *file = run_file(*state, "a.json", "a", 10);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        const char *words[] = {
            "webinfer", "results", "compare", file, file, "--fail-on-regression", wrong[i], NULL};
        assert_int_equal(run_saying(*state, no_replies, words, printed, said), WI_EXIT_USAGE);
        has(said, "expected: 0.1% to 1000%");
        assert_string_equal(printed, "");
    }
    free(file);
}

/* Reports go to their files, and the table where none goes to standard output. */
TEST(a_report_goes_where_it_is_sent)
{
    static const char *const options[] = {"--markdown", "--junit"};
    static const char *const marks[] = {"|", "<testsuite"};
    char printed[PRINTED_MAX], *file = run_file(*state, "a.json", "a", 10);
    char *report = path_to(*state, "report");
    for (size_t i = 0; i < 2; i++) {
        const char *words[] = {
            "webinfer", "results", "compare", file, file, options[i], report, NULL};
        unlink(report);
        assert_int_equal(run_command(*state, no_replies, words, printed), WI_EXIT_OK);
        has(printed, "no regression:");
        read_printed(*state, "report", printed);
        has(printed, marks[i]);
        words[6] = "-";
        assert_int_equal(run_command(*state, no_replies, words, printed), WI_EXIT_OK);
        has(printed, marks[i]);
        assert_null(strstr(printed, "\nno regression: "));
        words[6] = "/nonexistent/report";
        assert_int_equal(run_command(*state, no_replies, words, printed), WI_EXIT_USAGE);
    }
    free(report);
    free(file);
}

TEST(a_run_is_shown_with_the_figures_of_its_cells)
{
    char printed[PRINTED_MAX], *text = run_text("r1", 10, 0);
    const struct reply replies[] = {{"GET /v1/results/r1", 200, text}, {0}};
    assert_int_equal(run_command(*state, replies,
                         (const char *[]){"webinfer", "results", "show", "r1", NULL}, printed),
        WI_EXIT_OK);
    has(printed, "r1");
    has(printed, "not ended\n");
    has(printed, "SPEED-UP");
    has(printed, "digits chrome/wasm");
    has(printed, "10.01 ms");
    has(printed, "20.01 ms");
    has(printed, "0.5 (0.5 to 0.5) of 0");
    assert_int_equal(
        run_command(*state, replies,
            (const char *[]){"webinfer", "results", "show", "r1", "--json", NULL}, printed),
        WI_EXIT_OK);
    has(printed, "\"median\"");
    free(text);
}

TEST(what_is_no_run_is_not_shown)
{
    static const struct {
        const char *name, *answer;
        enum wi_exit exit;
    } cases[] = {{"r1", "[]", WI_EXIT_FAILED}, {"r1", "{\"version\":1}", WI_EXIT_FAILED},
        {"r1", "{", WI_EXIT_FAILED}, {"no id", "", WI_EXIT_USAGE}, {"", "", WI_EXIT_USAGE},
        {"/nonexistent/run.json", "", WI_EXIT_USAGE}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct reply replies[] = {{"GET /v1/results/r1", 200, cases[i].answer}, {0}};
        char printed[PRINTED_MAX];
        assert_int_equal(
            run_command(*state, replies,
                (const char *[]){"webinfer", "results", "show", cases[i].name, NULL}, printed),
            cases[i].exit);
        assert_string_equal(printed, "");
    }
}

TEST(the_list_says_what_is_to_know_of_each_run)
{
    static const struct reply replies[] = {
        {"GET /v1/results?limit=2", 200,
            "{\"results\":[{\"id\":\"r2\",\"began_at\":0,\"noisy\":true,\"cell_count\":3,"
            "\"imported\":true,\"person\":true},{\"id\":\"r1\",\"began_at\":1,\"ended_at\":2,"
            "\"cell_count\":4}],"
            "\"next\":\"r0\"}"},
        {"GET /v1/results?limit=100", 200, "{\"results\":[]}"}, {0}};
    char printed[PRINTED_MAX];
    const char *words[] = {"webinfer", "results", "list", "--limit", "2", NULL};
    assert_int_equal(run_command(*state, replies, words, printed), WI_EXIT_OK);
    has(printed, "1970-01-01T00:00:00Z");
    has(printed, "not ended, imported, a person's, noisy");
    has(printed, "There are older ones");
    words[3] = NULL;
    assert_int_equal(run_command(*state, replies, words, printed), WI_EXIT_OK);
    has(printed, "There are no runs");
    assert_null(strstr(printed, "There are older ones"));
    words[3] = "--limit";
    words[4] = "7x";
    assert_int_equal(run_command(*state, replies, words, printed), WI_EXIT_USAGE);
}

TEST(a_list_is_of_the_model_that_is_named)
{
    static const struct reply replies[] = {
        {"GET /v1/results?model=org/m&limit=100", 200, "{\"results\":[]}"}, {0}};
    char printed[PRINTED_MAX];
    const char *words[] = {"webinfer", "results", "list", "--model", "org/m", NULL};
    assert_int_equal(run_command(*state, replies, words, printed), WI_EXIT_OK);
    has(printed, "There are no runs with this model");
}

/* --- history ---------------------------------------------------------------------------------- */

/* In which ' stands for ". */
static const char history[] =
    "{'model':'digits','percent':10,'has_more':true,'runs':["
    "{'id':'r1','began_at':0,'webinfer':{'version':'0.1','commit':'0123456789ab'}},"
    "{'id':'r2','began_at':0,'webinfer':{'version':'0.1','commit':'ba9876543210'}},"
    "{'id':'r3','began_at':0,'noisy':true}],"
    "'series':[{'cell':'digits chrome/wasm','simulated':false,'points':["
    "{'run':'r1','outcome':'ok','browser_version':'156','low_ms':5,'median_ms':5,'high_ms':5,"
    "'change':'new','changed':[]},"
    "{'run':'r2','outcome':'ok','browser_version':'156','low_ms':9,'median_ms':10,'high_ms':10,"
    "'change':'slower','against':'r1','ratio':{'value':2,'low':1.8,'high':2.1},'changed':["
    "{'what':'commit','before':'0123456789ab','now':'ba9876543210'},"
    "{'what':'flags','before':'[]','now':'[1]'}]},"
    "{'run':'r3','outcome':'crashed','reason':'it\\u001b[31m died','median_ms':null,"
    "'change':'broken','changed':[]}]},"
    "{'cell':'digits chrome/webgpu','simulated':true,'points':["
    "{'run':'r1','outcome':'ok','low_ms':1,'median_ms':1,'high_ms':1,'change':'new'}]}],"
    "'shifts':[{'run':'r3','against':'r1','browser':'chrome','ratio':1.3,'blame':'machine'},"
    "{'run':'r3','against':'r1','browser':'firefox','ratio':0.5,'blame':'browser'},"
    "{'run':'r3','against':'r1','browser':'safari','ratio':1.2,'blame':'either'}]}";

static char *quoted(const char *text)
{
    char *copy = wi_strdup(text);
    for (char *c = copy; *c; c++)
        *c = *c == '\'' ? '"' : *c;
    return copy;
}

TEST(a_history_names_the_runs_that_changed_something)
{
    char printed[PRINTED_MAX], *body = quoted(history);
    const struct reply replies[] = {
        {"GET /v1/history/results?model=digits&browser=chrome&percent=25", 200, body}, {0}};
    const char *words[] = {"webinfer", "results", "history", "digits", "--browser", "chrome",
        "--threshold", "25%", NULL, NULL};
    assert_int_equal(run_command(*state, replies, words, printed), WI_EXIT_OK);
    has(printed, "digits chrome/wasm\nRUN  BEGAN              BROWSER  ");
    has(printed, "r1   1970-01-01T00:00Z  156 ");
    has(printed, "          o           "); /* 5 of 10 ms are half of the width */
    has(printed, "                 --o");   /* 9 to 10 of 10 */
    has(printed, "slower 2 ");
    has(printed, "commit 0123456789 to ba98765432, flags");
    has(printed, "crashed: it?[31m died, noisy");
    has(printed, "slower with r2, begun 1970-01-01T00:00Z: 2 (1.8 to 2.1) times the time in r1; "
                 "since the run before: commit 0123456789 to ba98765432, flags\n");
    has(printed, "broken with r3, begun 1970-01-01T00:00Z: crashed, it?[31m died\n");
    has(printed, "\nsimulated: digits chrome/webgpu\n");
    has(printed, "no run made it slower or faster by more than 10 %\n");
    has(printed, "the machine itself became slower with r3: the yardstick in chrome takes 1.3 "
                 "times as long as in r1\n");
    has(printed, "\nfirefox itself became faster with r3: ");
    has(printed, "\nthe machine or safari itself became slower with r3: ");
    has(printed, "There are older runs: --limit shows more.");
    words[8] = "--json";
    assert_int_equal(run_command(*state, replies, words, printed), WI_EXIT_OK);
    has(printed, "\"shifts\"");
    free(body);
}

TEST(a_model_that_no_run_has_measured_has_no_history)
{
    char printed[PRINTED_MAX], *body = quoted("{'model':'m','series':[],'shifts':[]}");
    const struct reply replies[] = {{"GET /v1/history/results?model=m", 200, body}, {0}};
    assert_int_equal(run_command(*state, replies,
                         (const char *[]){"webinfer", "results", "history", "m", NULL}, printed),
        WI_EXIT_OK);
    assert_string_equal(
        printed, "No run that was made here has measured m; webinfer bench adds one.\n");
    free(body);
}

TEST(what_is_no_percentage_asks_nothing)
{
    static const char *const wrong[] = {"", "%", "0", "1001%", "-1", "1.5%", "10 %", "99999999999"};
    char printed[PRINTED_MAX], said[PRINTED_MAX];
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        const char *words[] = {
            "webinfer", "results", "history", "m", "--threshold", wrong[i], NULL};
        assert_int_equal(run_saying(*state, no_replies, words, printed, said), WI_EXIT_USAGE);
        has(said, "expected: 1% to 1000%");
    }
}

TEST(a_run_is_exported_in_the_form_that_is_named)
{
    static const struct {
        const char *format, *begins;
        enum wi_exit exit;
    } cases[] = {{"ndjson", "{\"index\":0", WI_EXIT_OK}, {"csv", "run", WI_EXIT_OK},
        {"json", "{\"version\":1", WI_EXIT_OK}, {"bmf", "{\n\"digits", WI_EXIT_OK},
        {"xml", "", WI_EXIT_USAGE}};
    char printed[PRINTED_MAX * 4], *file = run_file(*state, "a.json", "a", 10);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *words[] = {
            "webinfer", "results", "export", file, "--format", cases[i].format, NULL};
        assert_int_equal(run_command(*state, no_replies, words, printed), cases[i].exit);
        if (strncmp(printed, cases[i].begins, strlen(cases[i].begins)) != 0)
            fail_msg("%s: %s", cases[i].format, printed);
    }
    free(file);
}

/* Whatever its name, as long as it is there; else the name is a run's id. */
TEST(a_file_that_exists_is_read)
{
    static const struct reply replies[] = {
        {"GET /v1/results/r.txt", 404, "{\"code\":\"not_found\",\"detail\":\"there is none\"}"},
        {0}};
    char printed[PRINTED_MAX], *before = getcwd(NULL, 0);
    const char *words[] = {"webinfer", "results", "show", "r.txt", NULL};
    assert_int_equal(run_command(*state, replies, words, printed), WI_EXIT_FAILED);
    free(run_file(*state, "r.txt", "r1", 10));
    assert_int_equal(chdir(*state), 0);
    enum wi_exit result = run_command(*state, no_replies, words, printed);
    assert_int_equal(chdir(before), 0);
    assert_int_equal(result, WI_EXIT_OK);
    has(printed, "digits chrome/wasm");
    free(before);
}

TEST(lines_of_json_are_refused_with_the_form_that_is_read)
{
    char printed[PRINTED_MAX * 4], said[PRINTED_MAX], *file = run_file(*state, "a.json", "a", 10);
    char *lines = path_to(*state, "a.ndjson");
    const char *words[] = {"webinfer", "results", "export", file, NULL};
    assert_int_equal(run_command(*state, no_replies, words, printed), WI_EXIT_OK);
    write_text(*state, "a.ndjson", printed);
    const char *show[] = {"webinfer", "results", "show", lines, NULL};
    assert_int_equal(run_saying(*state, no_replies, show, printed, said), WI_EXIT_USAGE);
    has(said, "--format json");
    write_text(*state, "a.ndjson", "{\"index\":0,\"model\":\"m\"}\n");
    assert_int_equal(run_saying(*state, no_replies, show, printed, said), WI_EXIT_USAGE);
    has(said, "--format json");
    free(lines);
    free(file);
}

TEST(a_run_is_removed_by_its_id_alone)
{
    static const struct reply replies[] = {{"DELETE /v1/results/r1", 204, ""}, {0}};
    char printed[PRINTED_MAX];
    const char *words[] = {"webinfer", "results", "rm", "r1", NULL};
    assert_int_equal(run_command(*state, replies, words, printed), WI_EXIT_OK);
    assert_string_equal(played.asked.text, "DELETE /v1/results/r1\n");
    words[3] = "../models/m";
    assert_int_equal(run_command(*state, replies, words, printed), WI_EXIT_USAGE);
    assert_null(played.asked.text);
}

TEST(a_run_is_sent_whole_and_marked_as_imported)
{
    static const struct reply replies[] = {
        {"POST /v1/results", 200, "{\"id\":\"a\",\"added\":2}"}, {0}};
    char printed[PRINTED_MAX], *file = run_file(*state, "a.json", "a", 10);
    assert_int_equal(run_command(*state, replies,
                         (const char *[]){"webinfer", "results", "import", file, NULL}, printed),
        WI_EXIT_OK);
    assert_string_equal(printed, "a: 2 of 2 cells are new\n");
    json_t *sent = json_loadb(played.body.text, played.body.size, 0, NULL);
    assert_true(json_is_true(json_object_get(sent, "imported")));
    assert_int_equal(json_array_size(json_object_get(sent, "cells")), 2);
    assert_int_equal(json_integer_value(json_object_get(sent, "ended_at")), 2);
    json_decref(sent);
    free(file);
}
