/* Runs as documents: what is read, what is refused, and that what is written is read again. */
#include "fixture.h"

static const char head[] = "{'version':1,'id':'run-1','name':'a run','began_at':1,'cells':[";
static const char good[] = "'model':'m','platform':'wasm','browser':'chrome','outcome':'ok'";

/* Reads a document as WI_LAB_WHOLE; its first error's field, or NULL. */
static const char *field_of(const char *text, enum wi_code *code)
{
    static struct wi_error error;
    struct wi_lab_run run;
    char *quoted = wi_strdup(text);
    for (char *c = quoted; *c; c++)
        *c = *c == '\'' ? '"' : *c;
    json_t *document = json_loads(quoted, 0, NULL);
    assert_non_null(document);
    *code = wi_lab_run_read(&run, document, WI_LAB_WHOLE, &error);
    json_decref(document);
    free(quoted);
    if (*code != WI_OK)
        return error.field;
    wi_lab_run_clear(&run);
    return NULL;
}

static void check_refused(const char *text, enum wi_code expected, const char *field)
{
    enum wi_code code;
    const char *found = field_of(text, &code);
    if (found == NULL || strcmp(found, field) != 0)
        fail_msg("%s: refused for %s, not for %s", text, found ? found : "nothing", field);
    assert_int_equal(code, expected);
}

static void check_cell(const char *members, const char *field)
{
    char *text = wi_sprintf("%s{%s,%s}]}", head, good, members);
    check_refused(text, WI_INVALID_FIELD, field);
    free(text);
}

TEST(a_whole_document_is_read)
{
    struct wi_lab_run run;
    read_run(&run,
        "{'version':1,'id':'run-1','name':'a','seed':7,'began_at':5,'ended_at':9,"
        "'webinfer':{'version':'0.1','commit':'abc'},'machine':{'cores':2,'memory_bytes':1,"
        "'kernel':'6.1'},'noisy':true,'options':'m --runs "
        "5','together':4,'simulated':false,'imported':true,'person':true,"
        "'answers':[{'model':'m'}],'cells':[{'"
        "index':4,"
        "'model':'m','hash':'00','browser':'chrome','browser_version':'1','flags':['--a'],"
        "'platform':'webgpu','adapter':{'vendor':'v','architecture':'a','description':'d',"
        "'is_fallback':true},'engine':'e','engine_version':'2','precision':'fp16','threads':'all',"
        "'optimization':'none','text':{'token_ms':2.5},'batch':1,'concurrency':4,'outcome':'ok','"
        "reason':null,'clock':'client','load_ms':1.5,"
        "'first_ms':2,'samples_ms':[3,2.5],'repeats':8,'disturbed':1,'page_bytes':10,"
        "'rss_bytes':20,'error_ratio':0.5,'changed':'y','output_hash':'ff','baseline':2,'speedup':{"
        "},"
        "'summary':{}},{'index':2,'model':'m','platform':'native','outcome':'failed',"
        "'reason':'deadline_exceeded: late'}]}");
    assert_int_equal(run.count, 2);
    assert_int_equal(run.together, 4);
    assert_string_equal(run.options, "m --runs 5");
    assert_int_equal(run.cells[0].index, 2); /* in order */
    assert_int_equal(run.cells[0].outcome, WI_LAB_FAILED);
    assert_null(run.cells[0].browser);
    assert_int_equal(run.cells[0].concurrency, -1);
    const struct wi_lab_cell *cell = &run.cells[1];
    assert_int_equal(cell->count, 2);
    assert_float_equal(cell->samples[1], 2.5, 0);
    assert_int_equal(cell->clock, WI_LAB_CLIENT);
    assert_int_equal(cell->yardstick, WI_LAB_YARDSTICKS);
    assert_int_equal(cell->baseline, 2);
    assert_string_equal(cell->changed, "y");
    assert_string_equal(run.commit, "abc");
    assert_null(json_object_get(run.json, "answers"));
    assert_true(run.imported && run.person);
    struct wi_buffer name = {0};
    wi_lab_put_name(&name, cell);
    assert_string_equal(name.text,
        "m chrome/webgpu fp16 threads=all optimization=none batch=1 concurrency=4 client");
    wi_buffer_clear(&name);
    wi_lab_run_clear(&run);
}

TEST(what_is_written_is_read_again)
{
    struct wi_lab_run run, again;
    char *text =
        wi_sprintf("%s{%s,'samples_ms':[0.1,3],'index':3,'summary':{'n':9}}]}", head, good);
    read_run(&run, text);
    free(text);
    struct wi_buffer out = {0};
    char *run_head = wi_lab_run_head(&run), *cell_head = wi_lab_cell_head(&run.cells[0]);
    assert_null(strstr(cell_head, "summary"));
    wi_lab_put_run(&out, run_head, 12, 1);
    wi_buffer_puts(&out, ",\"cells\":[");
    wi_lab_put_cell(&out, 3, cell_head, run.cells[0].samples, 2);
    wi_buffer_puts(&out, "}]}");
    read_run(&again, out.text);
    assert_int_equal(again.ended_at, 12);
    assert_int_equal(again.cells[0].index, 3);
    assert_memory_equal(again.cells[0].samples, run.cells[0].samples, 2 * sizeof(double));
    char *same = wi_lab_cell_head(&again.cells[0]);
    assert_string_equal(same, cell_head);
    free(same);
    free(run_head);
    free(cell_head);
    wi_buffer_clear(&out);
    wi_lab_run_clear(&again);
    wi_lab_run_clear(&run);
}

TEST(what_is_wrong_is_named)
{
    check_refused("{'version':2,'id':'a','name':'a','began_at':1}", WI_INVALID_FIELD, "version");
    check_refused("{'id':'a','name':'a','began_at':1}", WI_MISSING_FIELD, "version");
    check_refused("{'version':1,'name':'a','began_at':1}", WI_MISSING_FIELD, "id");
    check_refused("{'version':1,'id':'a','began_at':1}", WI_MISSING_FIELD, "name");
    check_refused("{'version':1,'id':'a','name':'a'}", WI_MISSING_FIELD, "began_at");
    check_refused("{'version':1,'id':'a/b','name':'a','began_at':1}", WI_INVALID_FIELD, "id");
    check_refused("{'version':1,'id':'.','name':'a','began_at':1}", WI_INVALID_FIELD, "id");
    check_refused("{'version':1,'id':'..','name':'a','began_at':1}", WI_INVALID_FIELD, "id");
    check_refused("{'version':1,'id':'a','name':'a','began_at':1,'together':0}", WI_INVALID_FIELD,
        "together");
    check_refused(
        "{'version':1,'id':'a','name':'a','began_at':1,'options':''}", WI_INVALID_FIELD, "options");
    check_refused(
        "{'version':1,'id':'a','name':'a','began_at':1,'more':1}", WI_UNKNOWN_FIELD, "more");
    check_refused("{'version':1,'id':'a','name':'a','began_at':1,'machine':{'host':'h'}}",
        WI_UNKNOWN_FIELD, "machine.host");
    check_cell("'samples_ms':[1,-1]", "cells[0].samples_ms[1]");
    check_cell("'samples_ms':[1e10]", "cells[0].samples_ms[0]");
    check_cell("'samples_ms':['NaN']", "cells[0].samples_ms[0]");
    check_cell("'samples_ms':[]", "cells[0].samples_ms");
    check_cell("'samples_ms':[1],'threads':0", "cells[0].threads");
    check_cell("'samples_ms':[1],'threads':'some'", "cells[0].threads");
    check_cell("'samples_ms':[1],'flags':[1]", "cells[0].flags[0]");
    check_cell("'samples_ms':[1],'index':10000", "cells[0].index");
    check_cell("'samples_ms':[1],'load_ms':-1", "cells[0].load_ms");
    check_cell("'samples_ms':[1],'clock':'sun'", "cells[0].clock");
    check_cell("'samples_ms':[1],'optimization':'some'", "cells[0].optimization");
    check_cell("'samples_ms':[1],'text':{'tokens':-1}", "cells[0].text.tokens");
    char *twice =
        wi_sprintf("%s{%s,'samples_ms':[1],'index':1},{%s,'samples_ms':[1]}]}", head, good, good);
    check_refused(twice, WI_INVALID_FIELD, "cells");
    free(twice);
    check_refused("{'version':1,'id':'a','name':'a','began_at':1,'cells':[{'model':'m','platform':"
                  "'wasm','outcome':'ok','samples_ms':[1],'yardstick':'before'}]}",
        WI_INVALID_FIELD, "cells[0].browser");
}

TEST(a_list_is_bounded)
{
    struct wi_lab_run run;
    struct wi_error error;
    json_t *document = document_of("run-1"), *cell = cell_of("m", "chrome", "wasm");
    for (int i = 0; i <= WI_LAB_SAMPLES_MAX; i++)
        add_sample(cell, 1);
    add_cell(document, cell);
    assert_int_equal(wi_lab_run_read(&run, document, WI_LAB_WHOLE, &error), WI_INVALID_FIELD);
    assert_string_equal(error.field, "cells[0].samples_ms");
    json_array_remove(json_object_get(cell, "samples_ms"), 0);
    take_document(&run, json_incref(document));
    wi_lab_run_clear(&run);
    for (int i = 0; i < WI_LAB_CELLS_MAX; i++)
        add_cell(document, cell_of("m", "chrome", "wasm"));
    assert_int_equal(wi_lab_run_read(&run, document, WI_LAB_WHOLE, &error), WI_INVALID_FIELD);
    assert_string_equal(error.field, "cells");
    json_decref(document);
}

TEST(a_part_says_what_it_wants)
{
    struct wi_lab_run run;
    struct wi_error error;
    json_t *document = json_pack("{s:s}", "id", "run-1");
    assert_int_equal(wi_lab_run_read(&run, document, WI_LAB_PART, &error), WI_OK);
    assert_null(run.name);
    assert_int_equal(run.ended_at, -1);
    wi_lab_run_clear(&run);
    json_object_set_new(document, "version", json_integer(3));
    assert_int_equal(wi_lab_run_read(&run, document, WI_LAB_PART, &error), WI_INVALID_FIELD);
    json_decref(document);
}
