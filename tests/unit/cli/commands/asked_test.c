/* What commands ask of the daemon, and what they make of its answers. The daemon is played. */
#include "played.h"

#include <signal.h>

#define CID "bafybeigdyrzt5sfp7udm7hu76uh7y26nf3efuylqabf3oclgtqy55fbzdi"
#define WAITS 3 /* until an exchange that goes on beside others is over */

/* --- sound that is sent ----------------------------------------------------------------------- */

struct under_way {
    const struct wi_rest_request *request;
    struct wi_rest_answer *answer;
    int waits; /* that are left */
};

static struct {
    struct under_way exchanges[2];
    size_t position; /* of what the daemon has */
    int ended;
} sound;

struct wi_rest_calls *wi_rest_calls_new(const struct wi_rest *rest)
{
    return (struct wi_rest_calls *)&sound;
}

void wi_rest_calls_free(struct wi_rest_calls *calls)
{
    memset(sound.exchanges, 0, sizeof sound.exchanges);
}

/* Each of the two, the sound and its events, has one exchange at a time. */
void wi_rest_calls_begin(struct wi_rest_calls *calls, const struct wi_rest_request *request,
    struct wi_rest_answer *answer)
{
    struct under_way *exchange = &sound.exchanges[request->on_events != NULL];
    assert_null(exchange->request);
    assert_false(sound.ended && !request->on_events);
    *answer = (struct wi_rest_answer){0};
    *exchange = (struct under_way){request, answer, WAITS};
    wi_buffer_printf(&played.asked, "%s %s\n", method_of(request), request->path);
}

/* The texts are told once all of the sound is there. */
static void answer_exchange(struct under_way *exchange)
{
    const struct wi_rest_request *request = exchange->request;
    char told[64] = "";
    if (request->on_events && !sound.ended)
        return;
    if (request->on_events)
        snprintf(told, sizeof told, "event: done\ndata: {}\n\n");
    else if (request->is_bytes)
        snprintf(told, sizeof told, "{\"position\":%zu}", sound.position += request->body_size);
    else
        sound.ended = 1;
    give(request, exchange->answer, 200, told);
    exchange->answer->over = 1;
    *exchange = (struct under_way){0};
}

int wi_rest_calls_wait(struct wi_rest_calls *calls, int descriptor, int timeout_ms)
{
    for (int i = 0; i < 2; i++)
        if (sound.exchanges[i].request && --sound.exchanges[i].waits <= 0)
            answer_exchange(&sound.exchanges[i]);
    return descriptor >= 0; /* a file can always be read */
}

/* --- the test --------------------------------------------------------------------------------- */

static int set_up(void **state)
{
    memset(&sound, 0, sizeof sound);
    return set_up_played(state);
}

FIXTURE(set_up, tear_down_played)

/* --- what they do ----------------------------------------------------------------------------- */

#define MODEL(name, from) "{\"name\":\"" name "\",\"source\":{\"repository\":\"ipfs://" from "\"}}"

/* Of a path in content what it has led to, and nothing that came otherwise. */
TEST(what_a_path_in_content_has_led_to_is_run_without_a_pull)
{
    static const char list[] = "{\"models\":[" MODEL("ipfs/other", CID "/o") "," MODEL("mine",
        CID "/a/b") "," MODEL("ipfs/right", CID "/a/b") "," MODEL("ipfs/second", CID "/a/b") "]}";
    static const struct reply replies[] = {{"GET /v1/models?limit=100", 200, list},
        {"GET /v1/models/ipfs/right", 200, "{\"name\":\"ipfs/right\",\"type\":\"onnx\"}"}, {0}};
    char printed[PRINTED_MAX];
    assert_int_equal(run_command(*state, replies,
                         (const char *[]){"webinfer", "run", "ipfs://" CID "/a/b", NULL}, printed),
        WI_EXIT_OK);
    assert_string_equal(played.asked.text, "GET /v1/models?limit=100\nGET /v1/models/ipfs/right\n");
}

/* A model that was not read yet is read for it; a large one is not, nor one that is built in. */
TEST(a_list_says_what_each_model_is_for)
{
    static const struct reply replies[] = {
        {"GET /v1/models?limit=100", 200,
            "{\"models\":[{\"name\":\"builtin/echo\",\"builtin\":true},"
            "{\"name\":\"fresh\",\"format\":\"huggingface\",\"bytes\":7},"
            "{\"name\":\"large\",\"format\":\"gguf\",\"bytes\":9000000000},"
            "{\"name\":\"read\",\"format\":\"onnx\",\"type\":\"vision\",\"bytes\":7,"
            "\"hash\":\"0a\"}]}"},
        {"GET /v1/models/fresh", 200,
            "{\"name\":\"fresh\",\"format\":\"huggingface\",\"type\":\"text\",\"bytes\":7,"
            "\"tasks\":[\"embed\",\"rank\"]}"},
        {0}};
    char printed[PRINTED_MAX];
    assert_int_equal(
        run_command(*state, replies, (const char *[]){"webinfer", "list", NULL}, printed),
        WI_EXIT_OK);
    assert_string_equal(played.asked.text, "GET /v1/models?limit=100\nGET /v1/models/fresh\n");
    assert_non_null(strstr(printed, "fresh  7 B     huggingface  text    embed, rank  "));
    assert_non_null(strstr(printed, "large  9.0 GB  gguf         -       -            "));
    assert_non_null(strstr(printed, "read   7 B     onnx         vision  -            "));
    assert_null(strstr(printed, "builtin"));
}

#define CAPTURE(members)                                                                           \
    "{\"name\":\"m\",\"graph_capture\":{\"fixed_sizes\":false,\"known_by\":\"tables\"," members "}}"
#define TRIAL "\"known_by\":\"trial\",\"browser\":\"chrome\",\"browser_version\":\"149.0\","

TEST(a_model_is_shown_with_the_node_that_prevents_graph_capture)
{
    static const char *const cases[][2] = {
        {CAPTURE("\"possible\":true,\"node\":null,\"operator\":null,\"reason\":null"),
            "\ngraph capture  possible (by tables, not tried)\n"},
        {CAPTURE("\"possible\":false,\"node\":\"a\\u001b\",\"operator\":\"Det\","
                 "\"reason\":\"it has none\""),
            "\ngraph capture  not possible: node a? (Det): it has none (by tables, not tried)\n"},
        {CAPTURE("\"possible\":null,\"node\":null,\"operator\":\"Odd\",\"reason\":\"who knows\""),
            "\ngraph capture  not known (Odd): who knows (by tables, not tried)\n"},
        {"{\"name\":\"m\",\"graph_capture\":{" TRIAL
         "\"possible\":true,\"fixed_sizes\":true,\"node\":\"a\",\"operator\":null,"
         "\"reason\":\"so\"}}",
            "\ngraph capture  possible with fixed sizes of the inputs; with free ones not: node a: "
            "so (tried in chrome 149.0)\n"},
        {"{\"name\":\"m\",\"graph_capture\":{" TRIAL
         "\"possible\":true,\"fixed_sizes\":false,\"node\":null,\"operator\":null,"
         "\"reason\":null}}",
            "\ngraph capture  possible (tried in chrome 149.0)\n"}};
    static const char *const words[] = {"webinfer", "show", "m", NULL};
    char printed[PRINTED_MAX];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct reply replies[] = {{"GET /v1/models/m", 200, cases[i][0]},
            {"GET /v1/hardware?model_name=m", 200, "{\"options\":[]}"}, {0}};
        assert_int_equal(run_command(*state, replies, words, printed), WI_EXIT_OK);
        if (!strstr(printed, cases[i][1]))
            fail_msg("%s is not \"%s\"", printed, cases[i][1]);
    }
}

TEST(a_model_without_a_graph_is_shown_without_capture)
{
    static const struct reply replies[] = {{"GET /v1/models/m", 200, "{\"name\":\"m\"}"},
        {"GET /v1/hardware?model_name=m", 200, "{\"options\":[]}"}, {0}};
    char printed[PRINTED_MAX];
    assert_int_equal(
        run_command(*state, replies, (const char *[]){"webinfer", "show", "m", NULL}, printed),
        WI_EXIT_OK);
    assert_null(strstr(printed, "graph capture"));
}

TEST(what_was_published_is_printed_as_an_address_or_as_json)
{
    static const struct reply replies[] = {
        {"POST /v1/models/m/publish", 200, "event: done\ndata: {\"cid\":\"" CID "\"}\n\n"}, {0}};
    char printed[PRINTED_MAX];
    assert_int_equal(
        run_command(*state, replies, (const char *[]){"webinfer", "publish", "m", NULL}, printed),
        WI_EXIT_OK);
    assert_string_equal(printed, "ipfs://" CID "\n");
    assert_int_equal(run_command(*state, replies,
                         (const char *[]){"webinfer", "publish", "m", "--json", NULL}, printed),
        WI_EXIT_OK);
    assert_string_equal(printed, "{\"cid\":\"" CID "\"}\n");
}

/* Four samples of a channel. */
static const unsigned char wav[] = "RIFF\x2c\0\0\0WAVEfmt \x10\0\0\0\1\0\1\0\x80\x3e\0\0\0\x7d\0\0"
                                   "\2\0\x10\0data\x08\0\0\0\1\0\2\0\3\0\4";

TEST(a_sound_is_sent_one_exchange_after_another_until_it_has_ended)
{
    static const struct reply replies[] = {{"POST /v1/audio/streams", 201, "{\"id\":\"s1\"}"}, {0}};
    char printed[PRINTED_MAX], *path = path_to(*state, "four.wav");
    write_file(*state, "four.wav", wav, sizeof wav);
    assert_int_equal(
        run_command(*state, replies,
            (const char *[]){"webinfer", "transcribe", "--live", "m", path, NULL}, printed),
        WI_EXIT_OK);
    assert_string_equal(played.asked.text,
        "POST /v1/audio/streams\nGET /v1/audio/streams/s1/events\n"
        "POST /v1/audio/streams/s1?position=0\nPOST /v1/audio/streams/s1/end\n");
    assert_int_equal(sound.position, 8);
    free(path);
}

TEST(sound_that_is_sent_live_goes_where_the_server_chooses)
{
    static const struct reply none[] = {{0}};
    static const char *const others[][2] = {{"--platform", "wasm"}, {"--browser", "chrome"},
        {"--node", "node-1"}, {"--timeout", "30s"}};
    char printed[PRINTED_MAX], said[PRINTED_MAX], *path = path_to(*state, "four.wav");
    write_file(*state, "four.wav", wav, sizeof wav);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        const char *words[] = {
            "webinfer", "transcribe", "--live", "m", path, others[i][0], others[i][1], NULL};
        assert_int_equal(run_saying(*state, none, words, printed, said), WI_EXIT_USAGE);
        assert_non_null(strstr(said, others[i][0]));
        assert_non_null(strstr(said, "--live cannot be combined"));
    }
    free(path);
}

/* What was asked last, as JSON, is `expected`, in which ' stands for ". */
static void assert_body(const char *expected)
{
    char *text = wi_strdup(expected);
    for (char *c = text; *c; c++)
        *c = *c == '\'' ? '"' : *c;
    json_t *wanted = json_loads(text, 0, NULL),
           *body = json_loadb(played.body.text, played.body.size, 0, NULL);
    assert_non_null(wanted);
    if (!json_equal(body, wanted))
        fail_msg("%.*s\ninstead of %s", (int)played.body.size, played.body.text, text);
    json_decref(body);
    json_decref(wanted);
    free(text);
}

/* The same with that text on standard input. */
static enum wi_exit run_reading(const char *root, const char *input, const struct reply *replies,
    const char *const *words, char printed[PRINTED_MAX])
{
    write_text(root, "in", input);
    int before = redirect(STDIN_FILENO, root, "in", O_RDONLY);
    enum wi_exit result = run_command(root, replies, words, printed);
    put_back(STDIN_FILENO, before);
    return result;
}

TEST(texts_to_embed_are_words_and_lines_and_each_vector_is_a_line)
{
    static const struct reply replies[] = {{"POST /v1/infer", 200,
                                               "{\"outputs\":[{\"shape\":[3,2],\"data\":"
                                               "[0.5,-1,0.1000000015,2,3,4]}]}"},
        {"POST /v1/infer", 200, "{\"outputs\":[{\"shape\":[3,2],\"data\":[0.5,-1,0.1,2,3]}]}"},
        {0}};
    static const char *const words[] = {"webinfer", "embed", "m", "one", "-", NULL};
    char printed[PRINTED_MAX];
    assert_int_equal(run_reading(*state, "two\n\nthree\n", replies, words, printed), WI_EXIT_OK);
    assert_body("{'model_name':'m','inputs':['one','two','three']}");
    assert_string_equal(printed, "[0.5,-1]\n[0.100000002,2]\n[3,4]\n");
    assert_int_equal(run_command(*state, replies + 1, words, printed), WI_EXIT_FAILED);
    assert_string_equal(printed, "");
}

TEST(without_a_text_nothing_is_asked)
{
    static const struct reply none[] = {{0}};
    static const char *const verbs[] = {"embed", "generate"};
    char printed[PRINTED_MAX], said[PRINTED_MAX];
    assert_int_equal(run_reading(*state, "\n\n", none,
                         (const char *[]){"webinfer", "embed", "m", "-", NULL}, printed),
        WI_EXIT_USAGE);
    for (size_t i = 0; i < 2; i++) {
        const char *words[] = {"webinfer", verbs[i], "m", "-", NULL};
        write_file(*state, "in", "a\0b", 3);
        int before = redirect(STDIN_FILENO, *state, "in", O_RDONLY);
        assert_int_equal(run_saying(*state, none, words, printed, said), WI_EXIT_USAGE);
        put_back(STDIN_FILENO, before);
        assert_non_null(strstr(said, "the text contains a NUL byte"));
        words[3] = "\xff";
        assert_int_equal(run_saying(*state, none, words, printed, said), WI_EXIT_USAGE);
        assert_non_null(strstr(said, "the text is not UTF-8"));
    }
}

#define EVENT(name, data) "event: " name "\ndata: " data "\n\n"

TEST(a_text_is_printed_as_it_is_written)
{
    static const struct reply replies[] = {
        {"POST /v1/infer", 200,
            EVENT("part", "{\"text\":\"to\"}") EVENT("part", "{\"result\":{\"reasoning\":\"?\"}}")
                EVENT("part", "{\"text\":\"day\"}") EVENT("done", "{\"result\":{}}")},
        {"POST /v1/infer", 200, EVENT("done", "{\"result\":{\"text\":\"at once\"}}")},
        {"POST /v1/infer", 200, EVENT("part", "{\"text\":\"to\"}")}, {0}};
    static const char *const words[] = {"webinfer", "generate", "m", "go on", NULL};
    char printed[PRINTED_MAX], said[PRINTED_MAX];
    assert_int_equal(run_command(*state, replies, words, printed), WI_EXIT_OK);
    assert_body("{'model_name':'m','inputs':'go on','stream':true}");
    assert_string_equal(printed, "today\n");
    assert_int_equal(run_command(*state, replies + 1, words, printed), WI_EXIT_OK);
    assert_string_equal(printed, "at once\n");
    assert_int_equal(run_saying(*state, replies + 2, words, printed, said), WI_EXIT_FAILED);
    assert_non_null(strstr(said, "the stream broke off"));
}

#define HEARD                                                                                      \
    "{\"result\":{\"text\":\"so it is\\u001b\",\"segments\":[{\"start\":0.5,\"end\":1.25,"         \
    "\"text\":\"so it is\"}]}}"

/* The only model that writes down what is said need not be named; one that is read says its tasks,
 * and of what may be of sounds it is asked. */
TEST(a_sound_goes_to_the_model_that_can_hear)
{
    static const char none[] = "{\"models\":[{\"name\":\"a\",\"tasks\":[\"text-generation\"]},"
                               "{\"name\":\"b\",\"format\":\"gguf\"},{\"name\":\"c\",\"format\":"
                               "\"huggingface\",\"type\":\"text\"}]}";
    static const char one[] =
        "{\"models\":[{\"name\":\"a\",\"tasks\":[\"text-generation\"]},{\"name\":\"ears\","
        "\"format\":\"huggingface\",\"type\":\"audio\"}]}";
    static const char two[] =
        "{\"models\":[{\"name\":\"ears\",\"tasks\":[\"automatic-speech-recognition\"]},"
        "{\"name\":\"more\",\"tasks\":[\"automatic-speech-recognition\"]}]}";
    static const struct reply replies[] = {{"GET /v1/models?limit=100", 200, one},
        {"GET /v1/models/ears", 200, "{\"tasks\":[\"automatic-speech-recognition\"]}"},
        {"POST /v1/infer", 200, HEARD}, {0}};
    static const struct {
        struct reply replies[2];
        const char *complaint;
    } cases[] = {
        {{{"GET /v1/models?limit=100", 200, none}}, "the server has no model that transcribes"},
        {{{"GET /v1/models?limit=100", 200, two}}, "the server has 2 models"},
        {{{"GET /v1/models?limit=100", 503, "{}"}}, "the server does not say which models it has"}};
    char printed[PRINTED_MAX], said[PRINTED_MAX], *path = path_to(*state, "four.wav");
    const char *words[] = {"webinfer", "transcribe", path, NULL};
    write_file(*state, "four.wav", wav, sizeof wav);
    assert_int_equal(run_command(*state, replies, words, printed), WI_EXIT_OK);
    assert_string_equal(printed, "so it is?\n");
    assert_non_null(strstr(played.body.text, "\"model_name\":\"ears\""));
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(run_saying(*state, cases[i].replies, words, printed, said), WI_EXIT_USAGE);
        if (!strstr(said, cases[i].complaint))
            fail_msg("\"%s\" does not say \"%s\"", said, cases[i].complaint);
    }
    free(path);
}

TEST(what_was_heard_is_printed_in_the_form_that_is_asked_for)
{
    static const struct reply replies[] = {{"POST /v1/infer", 200, HEARD}, {0}};
    static const struct reply silent[] = {{"POST /v1/infer", 200, "{\"result\":{}}"}, {0}};
    static const struct {
        const char *form, *asked, *printed;
    } cases[] = {{"text", "\"options\":{\"language\":\"de\",\"translate\":true}", "so it is?\n"},
        {"srt", "\"timestamps\":\"segment\"", "1\n00:00:00,500 --> 00:00:01,250\nso it is\n"},
        {"vtt", "\"timestamps\":\"segment\"",
            "WEBVTT\n\n00:00:00.500 --> 00:00:01.250\nso it is\n"},
        {"json", "\"task\":\"automatic-speech-recognition\"", HEARD}};
    char printed[PRINTED_MAX], *path = path_to(*state, "four.wav");
    const char *words[] = {"webinfer", "transcribe", path, "--model", "ears", "--language", "de",
        "--translate", "--format", NULL, NULL};
    write_file(*state, "four.wav", wav, sizeof wav);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        words[9] = cases[i].form;
        assert_int_equal(run_command(*state, replies, words, printed), WI_EXIT_OK);
        if (!strstr(played.body.text, cases[i].asked))
            fail_msg("%s is not asked in %s", cases[i].asked, played.body.text);
        if (strncmp(printed, cases[i].printed, strlen(cases[i].printed)) != 0)
            fail_msg("%s: \"%s\"", cases[i].form, printed);
        assert_int_equal(run_command(*state, silent, words, printed), WI_EXIT_FAILED);
        assert_string_equal(printed, "");
    }
    words[9] = "doc";
    assert_int_equal(run_command(*state, silent + 1, words, printed), WI_EXIT_USAGE);
    free(path);
}

TEST(sound_that_is_sent_live_is_translated_if_that_is_asked_for)
{
    static const struct reply replies[] = {{"POST /v1/audio/streams", 201, "{\"id\":\"s1\"}"}, {0}};
    char printed[PRINTED_MAX], *path = path_to(*state, "four.wav");
    const char *words[] = {"webinfer", "transcribe", "--live", "m", path, "--translate", NULL};
    write_file(*state, "four.wav", wav, sizeof wav);
    assert_int_equal(run_command(*state, replies, words, printed), WI_EXIT_OK);
    assert_non_null(strstr(played.body.text, "\"options\":{\"translate\":true}"));
    free(path);
}

TEST(a_program_is_asked_with_its_outputs_constants_and_workgroups)
{
    static const struct reply replies[] = {{"POST /v1/compute", 200, "{\"outputs\":[]}"}, {0}};
    char printed[PRINTED_MAX], *path = path_to(*state, "add.wgsl");
    const char *words[] = {"webinfer", "compute", path, "--result", "y=FP32[2,3]", "--result",
        "s=FP32[]", "--workgroups", "8,4", "--constant", "a=1.5", "--entry", "go", NULL};
    write_text(*state, "add.wgsl", "@compute\n");
    assert_int_equal(run_command(*state, replies, words, printed), WI_EXIT_OK);
    assert_body("{'source':'@compute\\n','entry':'go','constants':{'a':1.5},'workgroups':[8,4,1],"
                "'outputs':[{'name':'y','datatype':'FP32','shape':[2,3]},{'name':'s','datatype':"
                "'FP32','shape':[]}],'inputs':[]}");
    free(path);
}

TEST(a_program_that_cannot_be_meant_is_not_asked)
{
    static const struct reply none[] = {{0}};
    static const struct {
        const char *option, *value, *complaint;
    } cases[] = {{"--result", "y", "--result needs"}, {"--result", "=FP32[1]", "--result needs"},
        {"--result", "y=FP32", "--result needs"}, {"--result", "y=FP32[1", "--result needs"},
        {"--result", "y=FP32[1;2]", "--result needs"}, {"--result", "y=FP32[-1]", "--result needs"},
        {"--result", "y=FP32[1]x", "--result needs"}, {"--workgroups", "", "--workgroups needs"},
        {"--workgroups", "1,2,3,4", "--workgroups needs"},
        {"--workgroups", "x", "--workgroups needs"}, {"--constant", "a", "--constant needs"},
        {"--constant", "=1", "--constant needs"}, {"--constant", "a=x", "--constant needs"},
        {"--constant", "a=\"1\"", "--constant needs"}, {"--constant", "\xff=1", "--constant needs"},
        {"--entry", "\xff", "--entry is not UTF-8"}};
    char printed[PRINTED_MAX], said[PRINTED_MAX], *path = path_to(*state, "add.wgsl");
    write_text(*state, "add.wgsl", "@compute\n");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int is_size = strcmp(cases[i].option, "--workgroups") == 0;
        const char *words[] = {"webinfer", "compute", path, "--result", "x=FP32[1]",
            cases[i].option, cases[i].value, is_size ? NULL : "--workgroups", "1", NULL};
        assert_int_equal(run_saying(*state, none, words, printed, said), WI_EXIT_USAGE);
        if (!strstr(said, cases[i].complaint))
            fail_msg("%s %s: %s", cases[i].option, cases[i].value, said);
    }
    assert_int_equal(
        run_command(*state, none, (const char *[]){"webinfer", "compute", path, NULL}, printed),
        WI_EXIT_USAGE);
    assert_int_equal(
        run_command(*state, none, (const char *[]){"webinfer", "compute", "matmul", NULL}, printed),
        WI_EXIT_USAGE);
    free(path);
}

/* A desktop's program opens it, and where there is none, or it cannot, a person does. */
TEST(the_console_is_opened_or_its_address_printed)
{
    static const struct reply there[] = {{"GET /healthz", 200, "{}"}, {0}};
    static const struct reply gone[] = {{"GET /healthz", 503, "{}"}, {0}};
    static const struct {
        const char *display, *wayland, *program, *printed;
    } cases[] = {{"", "", "#!/bin/sh\nexit 0\n", "http://127.0.0.1:1/\n"},
        {"", ":1", "#!/bin/sh\ntest \"$1\" = http://127.0.0.1:1/\n", ""},
        {":0", "", "#!/bin/sh\nexit 0\n", ""},
        {":0", "", "#!/bin/sh\nexit 1\n", "http://127.0.0.1:1/\n"},
        {":0", "", NULL, "http://127.0.0.1:1/\n"}};
    static const char *const words[] = {"webinfer", "open", NULL};
    char printed[PRINTED_MAX], *program = path_to(*state, "xdg-open");
    char *before = wi_strdup(getenv("PATH")), *path = wi_sprintf("%s:/bin", (char *)*state);
    setenv("PATH", path, 1);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        setenv("DISPLAY", cases[i].display, 1);
        setenv("WAYLAND_DISPLAY", cases[i].wayland, 1);
        unlink(program);
        if (cases[i].program)
            write_text(*state, "xdg-open", cases[i].program);
        chmod(program, 0700);
        assert_int_equal(run_command(*state, there, words, printed), WI_EXIT_OK);
        assert_string_equal(printed, cases[i].printed);
    }
    assert_int_not_equal(run_command(*state, gone, words, printed), WI_EXIT_OK);
    assert_string_equal(printed, "");
    setenv("PATH", before, 1);
    free(before);
    free(path);
    free(program);
}

TEST(browsers_that_are_started_here_are_those_of_no_daemon)
{
    static const struct reply none[] = {{0}};
    static const char *const others[][2] = {
        {"--url", "http://x"}, {"--node", "node-1"}, {"--found", NULL}};
    char printed[PRINTED_MAX], said[PRINTED_MAX];
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        const char *words[] = {"webinfer", "matrix", "--start", others[i][0], others[i][1], NULL};
        assert_int_equal(run_saying(*state, none, words, printed, said), WI_EXIT_USAGE);
        assert_non_null(strstr(said, others[i][0]));
    }
}

TEST(a_sentence_is_filled_from_an_answer_or_not_printed)
{
    static const struct reply good[] = {
        {"POST /v1/models/m/unpublish", 200, "{\"name\":\"m\",\"unpublished\":\"" CID "\"}"}, {0}};
    static const struct reply odd[] = {{"POST /v1/models/m/unpublish", 200, "<html></html>"},
        {"POST /v1/models/m/unpublish", 200, "[]"}, {0}};
    static const char *const words[] = {"webinfer", "unpublish", "m", NULL};
    char printed[PRINTED_MAX], said[PRINTED_MAX];
    assert_int_equal(run_command(*state, good, words, printed), WI_EXIT_OK);
    assert_string_equal(printed, "m: no longer published; its address was ipfs://" CID "\n");
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(run_saying(*state, odd + i, words, printed, said), WI_EXIT_FAILED);
        assert_string_equal(printed, "");
        assert_non_null(strstr(said, "not an answer from webinferd"));
    }
}

#define PUBLISH "POST /v1/models/m/publish"

TEST(which_variant_was_published_is_said_where_there_are_others)
{
    static const char variants[] = "{\"variant\":\"fp32\",\"variants\":[{\"name\":\"fp32\"},{"
                                   "\"name\":\"q8\"},{\"name\":\"q4\"}]}";
    static const char one[] = "{\"variant\":\"q4\",\"variants\":[{\"name\":\"q4\"}]}";
    static const char done[] = EVENT("done", "{\"cid\":\"" CID "\",\"name\":\"m\"}");
    static const struct reply replies[] = {
        {PUBLISH, 200, done}, {PUBLISH, 200, "blocks"}, {"GET /v1/models/m", 200, variants}, {0}};
    static const struct reply alone[] = {
        {PUBLISH, 200, done}, {PUBLISH, 200, "blocks"}, {"GET /v1/models/m", 200, one}, {0}};
    static const struct reply named[] = {
        {"POST /v1/models/m:q8/publish", 200,
            EVENT("done", "{\"cid\":\"" CID "\",\"name\":\"m:q8\"}")},
        {0}};
    char printed[PRINTED_MAX], said[PRINTED_MAX], *path = path_to(*state, "m.car");
    const char *words[] = {"webinfer", "publish", "m", "--car", path, NULL};
    assert_int_equal(run_saying(*state, replies, words, printed, said), WI_EXIT_OK);
    assert_string_equal(printed, "ipfs://" CID "\n");
    assert_non_null(
        strstr(said, "of the variant fp32; to publish another variant, name it: m:q8, m:q4\n"));
    assert_int_equal(run_saying(*state, alone, words, printed, said), WI_EXIT_OK);
    assert_null(strstr(said, "variant"));
    words[2] = "m:q8";
    words[3] = NULL;
    assert_int_equal(run_saying(*state, named, words, printed, said), WI_EXIT_OK);
    assert_null(strstr(said, "variant"));
    free(path);
}

/* A file that is not whole leaves nothing, and what had its name before stays. */
TEST(a_model_in_one_file_is_there_whole_or_not_at_all)
{
    static const char done[] = EVENT("done", "{\"cid\":\"" CID "\",\"served\":false}");
    static const struct reply replies[] = {{PUBLISH, 200, done}, {PUBLISH, 200, "blocks"}, {0}};
    static const struct reply refused[] = {{PUBLISH, 200, done}, {PUBLISH, 503, "{}"}, {0}};
    char printed[PRINTED_MAX], said[PRINTED_MAX], *path = path_to(*state, "m.car");
    const char *words[] = {"webinfer", "publish", "m", "--car", path, NULL};
    write_text(*state, "m.car", "before");
    assert_int_not_equal(run_command(*state, refused, words, printed), WI_EXIT_OK);
    read_printed(*state, "m.car", printed);
    assert_string_equal(printed, "before");
    assert_int_equal(run_command(*state, replies, words, printed), WI_EXIT_OK);
    assert_string_equal(printed, "ipfs://" CID "\n");
    read_printed(*state, "m.car", printed);
    assert_string_equal(printed, "blocks");
    words[4] = "-";
    assert_int_equal(run_saying(*state, replies, words, printed, said), WI_EXIT_OK);
    assert_string_equal(printed, "blocks");
    assert_non_null(strstr(said, "ipfs://" CID "\n"));
    words[4] = *state;
    assert_int_equal(run_saying(*state, replies, words, printed, said), WI_EXIT_USAGE);
    assert_non_null(strstr(said, "is not a regular file"));
    words[3] = NULL;
    assert_int_equal(run_saying(*state, replies, words, printed, said), WI_EXIT_OK);
    assert_non_null(strstr(said, "this daemon does not serve it yet"));
    free(path);
}

static void stop_while_told(
    const char *asked, const struct wi_rest_request *request, struct wi_rest_answer *answer)
{
    raise(SIGINT);
    give(request, answer, 200, EVENT("done", "{\"cid\":\"" CID "\"}"));
}

/* Of what is followed ^C is the end, and no event after it counts. */
TEST(a_publishing_ends_with_ctrl_c)
{
    char printed[PRINTED_MAX], said[PRINTED_MAX];
    played.serve = stop_while_told;
    assert_int_equal(
        run_saying(*state, NULL, (const char *[]){"webinfer", "publish", "m", NULL}, printed, said),
        WI_EXIT_FAILED);
    played.serve = NULL;
    assert_string_equal(printed, "");
    assert_non_null(strstr(said, "it is not published"));
}
