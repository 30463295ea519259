/* What browsers can do, of a daemon that is played and of files: what is started, kept and shown.
 */
#include "../played_alone.h"

static int set_up(void **state)
{
    int failed = set_up_played(state);
    setenv("XDG_STATE_HOME", *state, 1);
    unsetenv("WEBINFER_URL");
    return failed;
}
FIXTURE(set_up, tear_down_played)

#define FEATURES                                                                                   \
    "'features':[{'name':'webgpu','title':'WebGPU'},{'name':'wasm_simd','title':'SIMD'}]"
/* A column with findings. */
#define FOUND(browser, version, node, at)                                                          \
    "{'browser':'" browser "','browser_version':'" version "','node':" node                        \
    ",'joined':false,'state':'done','reason':null,'found_at':" at                                  \
    ",'features':{'webgpu':{'state':'no','detail':'no adapter'},"                                  \
    "'wasm_simd':{'state':'yes','detail':''}}}"
#define ABSENT(browser, reason)                                                                    \
    "{'browser':'" browser "','node':null,'joined':false,'state':'absent','reason':'" reason "'}"
#define MATRIX(columns) "{" FEATURES ",'browsers':[" columns "]}"

/* In which ' stands for "; the caller frees it. */
static char *quoted(const char *text)
{
    char *copy = wi_strdup(text);
    for (char *c = copy; *c; c++)
        *c = *c == '\'' ? '"' : *c;
    return copy;
}

static void has(const char *text, const char *part)
{
    if (!strstr(text, part))
        fail_msg("%s is not in\n%s", part, text);
}

static const struct reply nobody[] = {{"GET /healthz", 0, ""}, {0}};

/* Runs it where no daemon answers. */
#define ALONE(...)                                                                                 \
    run_saying(                                                                                    \
        *state, nobody, (const char *[]){"webinfer", "matrix", __VA_ARGS__, NULL}, printed, said)

static void write_quoted(const char *root, const char *name, const char *text)
{
    char *document = quoted(text);
    write_text(root, name, document);
    free(document);
}

TEST(kinds_without_a_browser_are_started_and_what_is_not_there_is_one_line)
{
    char *before = quoted(MATRIX("{'browser':'chrome','node':'n1','state':'unasked'}," ABSENT(
        "edge", "no browser of this kind is connected") "," ABSENT("firefox",
        "no browser of this kind is connected") "," ABSENT("safari", "its max_connections is 0")));
    char *after = quoted(
        MATRIX(FOUND("chrome", "156.0.1", "'n1'", "2000") "," ABSENT("edge", "nothing") "," ABSENT(
            "firefox", "nothing") "," ABSENT("safari", "its max_connections is 0")));
    char *firefox = quoted(MATRIX(FOUND("firefox", "153.0", "'n2'", "2000")));
    const struct reply replies[] = {{"GET /healthz", 200, "{}"}, {"GET /v1/matrix", 200, before},
        {"GET /v1/matrix", 200, after}, {"POST /v1/matrix", 202, after},
        {"POST /v1/matrix", 202, firefox}, {"GET /v1/matrix?browser=firefox", 200, firefox},
        {"POST /v1/infer", 503, "{\"detail\":\"edge is not installed\"}"},
        {"POST /v1/infer", 200, "{}"}, {0}};
    char printed[PRINTED_MAX], said[PRINTED_MAX];
    const char *words[] = {"webinfer", "matrix", NULL, NULL};
    assert_int_equal(run_saying(*state, replies, words, printed, said), WI_EXIT_OK);
    has(said, "webinfer: chrome 156.0.1 is tested\n");
    has(said, "webinfer: edge is asked for\n");
    assert_null(strstr(said, "edge is started"));
    has(said, "webinfer: firefox is asked for\nwebinfer: firefox is started\n"
              "webinfer: firefox 153.0 is tested\n");
    has(printed, "FEATURE  chrome 156  firefox 153\nWebGPU   no          no\n");
    has(printed, "\nSIMD     yes         yes\n");
    has(printed, "\nfirefox 153  WebGPU   no     no adapter  on Linux it needs a Vulkan driver");
    has(printed, "\nchrome   156.0.1  here   1970-01-01T00:00Z\n");
    has(printed, "\nnot here: edge (edge is not installed); safari (its max_connections is 0)\n");
    words[2] = "--found"; /* asks the daemon alone, and has what was found of Firefox before */
    const struct reply later[] = {{"GET /healthz", 200, "{}"}, {"GET /v1/matrix", 200, after}, {0}};
    assert_int_equal(run_saying(*state, later, words, printed, said), WI_EXIT_OK);
    has(printed, "FEATURE  chrome 156  firefox 153\n");
    free(before);
    free(after);
    free(firefox);
}

/* Of a page that joined. */
#define JOINED(node, at)                                                                           \
    "{'browser':'chrome','browser_version':'156.0.2','node':'" node                                \
    "','joined':true,'state':'done','reason':null,'found_at':" at                                  \
    ",'features':{'webgpu':{'state':'yes','detail':''},"                                           \
    "'wasm_simd':{'state':'yes','detail':''}}}"

TEST(a_page_that_joined_is_a_column_with_where_and_when)
{
    char *matrix = quoted(MATRIX(FOUND("firefox", "153.0", "'n1'", "2000") "," JOINED(
        "n2", "60000") "," JOINED("n3", "120000") "," JOINED("n4", "180000") "," JOINED("n5",
        "240000") "," JOINED("n6", "300000")));
    char *nodes = quoted("{'nodes':[{'id':'n1'},{'id':'n2','label':'Pixel 8'},{'id':'n3'},"
                         "{'id':'n4'},{'id':'n5','label':'class'},{'id':'n6','label':'class'}]}");
    const struct reply replies[] = {{"GET /healthz", 200, "{}"}, {"GET /v1/matrix", 200, matrix},
        {"GET /v1/nodes?limit=1000", 200, nodes}, {0}};
    char printed[PRINTED_MAX], said[PRINTED_MAX];
    const char *words[] = {"webinfer", "matrix", "--found", NULL};
    for (int i = 0; i < 2; i++) { /* the second time all are kept already */
        assert_int_equal(run_saying(*state, replies, words, printed, said), WI_EXIT_OK);
        has(printed, "FEATURE  firefox 153  chrome 156, Pixel 8  chrome 156, joined as n3  "
                     "chrome 156, joined as n4  chrome 156, class, n5  chrome 156, class, n6\n");
        has(printed, "\nfirefox  153.0    here          1970-01-01T00:00Z\n");
        has(printed, "\nchrome   156.0.2  Pixel 8       1970-01-01T00:01Z\n");
        has(printed, "\nchrome   156.0.2  joined as n3  1970-01-01T00:02Z\n");
        has(printed, "\nchrome   156.0.2  joined as n4  1970-01-01T00:03Z\n");
        has(printed, "\nchrome   156.0.2  class, n6     1970-01-01T00:05Z\n");
    }
    assert_int_equal(ALONE("--found"), WI_EXIT_OK); /* when they have gone */
    has(printed, "chrome 156, joined as n4  chrome 156, joined as n3  chrome 156, Pixel 8");
    free(matrix);
    free(nodes);
}

TEST(what_to_do_is_in_the_document_too)
{
    char *matrix = quoted("{'features':[{'name':'webgpu','title':'WebGPU'},"
                          "{'name':'int8_webgpu','title':'8 bits on webgpu'},"
                          "{'name':'wasm_simd','title':'SIMD'}],'browsers':["
                          "{'browser':'firefox','browser_version':'153.0','node':'n1',"
                          "'joined':false,'state':'done','reason':null,'found_at':2000,"
                          "'features':{'webgpu':{'state':'no','detail':'no adapter'},"
                          "'int8_webgpu':{'state':'no','detail':'no WebGPU'},"
                          "'wasm_simd':{'state':'no','detail':'none'}}}]}");
    const struct reply replies[] = {
        {"GET /healthz", 200, "{}"}, {"GET /v1/matrix", 200, matrix}, {0}};
    char printed[PRINTED_MAX], said[PRINTED_MAX], *file = path_to(*state, "here.json");
    assert_int_equal(
        run_saying(*state, replies,
            (const char *[]){"webinfer", "matrix", "--found", "--json", NULL}, printed, said),
        WI_EXIT_OK);
    has(printed, "\"webgpu\":{\"state\":\"no\",\"detail\":\"no adapter\",\"advice\":\"on Linux it "
                 "needs a Vulkan driver");
    has(printed, "\"detail\":\"no WebGPU\",\"advice\":\"on Linux it needs");
    has(printed, "\"wasm_simd\":{\"state\":\"no\",\"detail\":\"none\"}");
    write_text(*state, "here.json", printed); /* on another machine the advice counts for nothing */
    assert_int_equal(ALONE("--import", file, "--from", "x"), WI_EXIT_OK);
    has(printed, "FEATURE                  firefox 153  firefox 153, x\n");
    free(matrix);
    free(file);
}

TEST(what_other_machines_have_found_is_kept_with_its_place)
{
    char printed[PRINTED_MAX], said[PRINTED_MAX], *file = path_to(*state, "pixel.json");
    write_quoted(*state, "pixel.json",
        MATRIX(FOUND("chrome", "155.0.7", "null", "3000") "," ABSENT("safari", "none")));
    assert_int_equal(ALONE("--import", file, "--from", "Pixel 8"), WI_EXIT_OK);
    has(printed, "  chrome 155, Pixel 8\n");
    has(printed, "\nchrome   155.0.7  Pixel 8  1970-01-01T00:00Z\n");
    assert_null(strstr(printed, "Vulkan")); /* of that machine nothing is known */
    write_quoted(*state, "pixel.json", MATRIX(FOUND("chrome", "156.0.1", "null", "4000")));
    assert_int_equal(ALONE("--import", file, "--from", "Pixel 8"), WI_EXIT_OK);
    has(printed, "chrome 156, Pixel 8\n");
    assert_null(strstr(printed, "chrome 155"));
    assert_int_equal(ALONE("--found", "--all"), WI_EXIT_OK);
    has(printed, "  chrome 156, Pixel 8  chrome 155, Pixel 8\n");
    assert_int_equal(ALONE("--found", "--browser", "firefox", "--json"), WI_EXIT_OK);
    has(printed, "\"browsers\":[]");
    write_quoted(*state, "pixel.json", MATRIX(FOUND("chrome", "156.0.1", "null", "1000")));
    assert_int_equal(ALONE("--import", file, "--from", "Pixel 8", "--json"), WI_EXIT_OK);
    has(printed, "4000"); /* what was found later counts */
    free(file);
}

TEST(what_cannot_be_imported_is_refused_and_leaves_what_is_kept)
{
    static const struct {
        const char *text, *from, *said;
    } cases[] = {{"{}", "x", "no browser with findings"}, {"[", "x", "no browser with findings"},
        {"{'browsers':[{'browser':'chrome','found_at':1,'features':{'webgpu':{'state':'maybe'}}}]}",
            "x", "no browser with findings"},
        {"{'browsers':[{'browser':'chrome','found_at':-1,'features':{}}]}", "x",
            "no browser with findings"},
        {"{'browsers':[{'browser':'chrome','found_at':9000000000000000,'features':{}}]}", "x",
            "no browser with findings"},
        {MATRIX(FOUND("chrome", "156", "null", "1")), "", "--import needs --from NAME"},
        {MATRIX(FOUND("chrome", "156", "null", "1")), "a\033[1m", "--import needs --from NAME"}};
    char printed[PRINTED_MAX], said[PRINTED_MAX], *file = path_to(*state, "other.json");
    write_quoted(*state, "other.json", MATRIX(FOUND("chrome", "156.0", "null", "5")));
    assert_int_equal(ALONE("--import", file, "--from", "kept"), WI_EXIT_OK);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        write_quoted(*state, "other.json", cases[i].text);
        assert_int_equal(ALONE("--import", file, "--from", cases[i].from), WI_EXIT_USAGE);
        has(said, cases[i].said);
        assert_string_equal(printed, "");
    }
    assert_int_equal(ALONE("--import", file), WI_EXIT_USAGE);
    assert_int_equal(ALONE("--from", "x"), WI_EXIT_USAGE);
    has(said, "--from names the machine of --import FILE");
    assert_int_equal(ALONE("--import", "/nonexistent/x", "--from", "x"), WI_EXIT_USAGE);
    assert_int_equal(ALONE("--found"), WI_EXIT_OK);
    has(printed, "chrome 156, kept\n");
    free(file);
}

TEST(too_many_browsers_are_not_imported)
{
    char printed[PRINTED_MAX], said[PRINTED_MAX], *file = path_to(*state, "other.json");
    struct wi_buffer text = {0};
    for (int i = 0; i < 513; i++)
        wi_buffer_printf(
            &text, "%s{'browser':'b%d','found_at':%d,'features':{}}", i ? "," : "", i, 1 + i);
    char *document = wi_sprintf("{'browsers':[%s]}", text.text);
    write_quoted(*state, "other.json", document);
    assert_int_equal(ALONE("--import", file, "--from", "x"), WI_EXIT_USAGE);
    has(said, "other.json has 513 browsers, and at most 512 can be imported\n");
    assert_int_equal(ALONE("--found", "--json"), WI_EXIT_OK);
    has(printed, "\"browsers\":[]");
    wi_buffer_clear(&text);
    free(document);
    free(file);
}

/* A file that somebody has spoilt is as none. */
TEST(what_is_kept_is_read_with_care)
{
    char printed[PRINTED_MAX], said[PRINTED_MAX], *folder = path_to(*state, "webinfer");
    assert_int_equal(mkdir(folder, 0700), 0);
    write_quoted(folder, "matrix.json",
        "{'browsers':[7,{'browser':'chrome'},{'browser':7,'found_at':1,'features':{}},"
        "{'browser':'edge','browser_version':'1','found_at':1,'features':{}}]}");
    assert_int_equal(ALONE("--found", "--json"), WI_EXIT_OK);
    has(printed, "edge");
    assert_null(strstr(printed, "chrome"));
    write_text(folder, "matrix.json", "{");
    assert_int_equal(ALONE("--found", "--json"), WI_EXIT_OK);
    has(printed, "\"browsers\":[]");
    free(folder);
}

TEST(a_node_that_there_is_not_is_an_error)
{
    char *empty = quoted(MATRIX(""));
    const struct reply replies[] = {{"GET /v1/matrix?node=n9", 200, empty},
        {"POST /v1/matrix", 404, "{\"code\":\"node_not_found\",\"detail\":\"there is none\"}"},
        {0}};
    char printed[PRINTED_MAX], said[PRINTED_MAX];
    assert_int_equal(
        run_saying(*state, replies, (const char *[]){"webinfer", "matrix", "--node", "n9", NULL},
            printed, said),
        WI_EXIT_FAILED);
    has(said, "node_not_found");
    free(empty);
}
