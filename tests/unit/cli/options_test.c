/* The command line, and that what is generated from its table and committed is fresh. */
#include "../test.h"
#include "cli/arguments.h"

#include "base/memory.h"
#include "cli/cli.h"
#include "cli/completion.h"
#include "cli/help.h"
#include <stdlib.h>
#include <string.h>

#define PARSE(arguments, error, ...)                                                               \
    parse(arguments, error, (const char *[]){"webinfer", __VA_ARGS__, NULL})

static enum wi_code parse(
    struct wi_arguments *arguments, struct wi_error *error, const char **words)
{
    int count = 0;
    while (words[count])
        count++;
    return wi_arguments_parse(arguments, count, (char **)words, error);
}

TEST(takes_a_command_line_apart)
{
    struct wi_arguments a;
    assert_int_equal(PARSE(&a, NULL, "--url", "http://x", "infer", "--tensor=a=1.npy", "digits",
                         "--tensor", "b=2.npy", "--json", "--", "--file"),
        WI_OK);
    assert_string_equal(a.verb->name, "infer");
    assert_int_equal(a.positional_count, 2);
    assert_string_equal(a.positionals[0], "digits");
    assert_string_equal(a.positionals[1], "--file");
    assert_string_equal(wi_argument(&a, "url"), "http://x");
    assert_string_equal(wi_argument_at(&a, "tensor", 0), "a=1.npy");
    assert_string_equal(wi_argument_at(&a, "tensor", 1), "b=2.npy");
    assert_null(wi_argument_at(&a, "tensor", 2));
    assert_true(wi_argument_given(&a, "json"));
    assert_false(wi_argument_given(&a, "image"));
    wi_arguments_clear(&a);
}

TEST(knows_commands_of_two_words)
{
    struct wi_arguments a;
    assert_int_equal(PARSE(&a, NULL, "--json", "token", "new", "ada"), WI_OK);
    assert_string_equal(a.verb->name, "token new");
    assert_string_equal(a.positionals[0], "ada");
    wi_arguments_clear(&a);
    assert_int_equal(PARSE(&a, NULL, "token"), WI_BAD_REQUEST);
    wi_arguments_clear(&a);
    assert_int_equal(PARSE(&a, NULL, "token", "old"), WI_BAD_REQUEST);
    wi_arguments_clear(&a);
}

TEST(reads_the_json_of_a_file)
{
    struct wi_arguments a;
    assert_int_equal(PARSE(&a, NULL, "infer", "m", "--json", "-"), WI_OK);
    assert_string_equal(a.positionals[1], "-");
    assert_true(wi_argument_given(&a, "json"));
    wi_arguments_clear(&a);
}

TEST(help_and_version_need_no_command)
{
    struct wi_arguments a;
    assert_int_equal(PARSE(&a, NULL, "--help"), WI_OK);
    assert_true(wi_argument_given(&a, "help"));
    wi_arguments_clear(&a);
    assert_int_equal(PARSE(&a, NULL, "infer", "--help"), WI_OK);
    assert_string_equal(a.verb->name, "infer");
    wi_arguments_clear(&a);
    assert_int_equal(PARSE(&a, NULL, "--version"), WI_OK);
    wi_arguments_clear(&a);
}

#define REFUSES(why, ...)                                                                          \
    do {                                                                                           \
        struct wi_arguments a;                                                                     \
        struct wi_error error = {0};                                                               \
        assert_int_equal(PARSE(&a, &error, __VA_ARGS__), WI_BAD_REQUEST);                          \
        if (!strstr(error.detail, why))                                                            \
            fail_msg("\"%s\" does not say \"%s\"", error.detail, why);                             \
        wi_arguments_clear(&a);                                                                    \
    } while (0)

TEST(refuses_what_it_does_not_know)
{
    struct wi_arguments none;
    assert_int_equal(
        wi_arguments_parse(&none, 1, (char *[]){(char *)"webinfer"}, NULL), WI_BAD_REQUEST);
    wi_arguments_clear(&none);
    REFUSES("no command \"frobnicate\"", "frobnicate");
    REFUSES("no command \"token old\"", "token", "old");
    REFUSES("no option --frob", "status", "--frob");
    REFUSES("no option --image", "status", "--image", "x");
    REFUSES("before the command", "--image", "x", "infer", "m");
    REFUSES("no short option \"-x\"", "status", "-x");
    REFUSES("no short option \"-hv\"", "-hv");
    REFUSES("did you mean \"webinferd\"?", "serve");
    REFUSES("one argument too many", "status", "now");
    REFUSES("one argument too many", "infer", "m", "file", "more");
    REFUSES("usage: webinfer infer", "infer");
    REFUSES("needs a value", "infer", "m", "--image");
    REFUSES("takes no value", "status", "--json=yes");
    REFUSES("given twice", "infer", "m", "--image", "a", "--image", "b");
}

TEST(takes_the_names_that_other_programs_have)
{
    static const char *const ls[] = {"ls", NULL}, *const stop[] = {"stop", "m", NULL};
    struct wi_arguments arguments;
    assert_string_equal(wi_cli_find_verb(ls)->name, "list");
    assert_string_equal(wi_cli_find_verb(stop)->name, "unload");
    assert_int_equal(wi_arguments_parse(&arguments, 3,
                         (char *[]){(char *)"webinfer", (char *)"ls", (char *)"-h"}, NULL),
        WI_OK);
    assert_true(wi_argument_given(&arguments, "help"));
    assert_string_equal(arguments.verb->name, "list");
    wi_arguments_clear(&arguments);
    assert_int_equal(
        wi_arguments_parse(&arguments, 2, (char *[]){(char *)"webinfer", (char *)"-v"}, NULL),
        WI_OK);
    assert_true(wi_argument_given(&arguments, "version"));
    wi_arguments_clear(&arguments);
}

TEST(says_what_may_have_been_meant)
{
    REFUSES("did you mean \"status\"?", "stauts");
    REFUSES("did you mean \"jobs list\"?", "jobs", "lits");
    REFUSES("did you mean --platform?", "infer", "m", "--platfrom", "wasm");
    REFUSES("did you mean --no-fallback?", "infer", "m", "--nofallback=1");
    REFUSES("did you mean --token-file?", "jobs", "--tokenfile", "x");
    REFUSES("did you mean --json?", "--jsno", "status");
    REFUSES("webinfer help infer lists", "infer", "m", "--colour", "red");
}

TEST(explains_the_commands_of_a_group)
{
    struct wi_arguments asked;
    struct wi_buffer text = {0};

    assert_int_equal(PARSE(&asked, NULL, "jobs", "--help"), WI_OK);
    assert_true(wi_argument_given(&asked, "help"));
    assert_string_equal(asked.group, "jobs");
    wi_arguments_clear(&asked);
    REFUSES("\"jobs\" is not a command by itself", "jobs");
    REFUSES("\"jobs\" is not a command by itself", "jobs", "--json");
    REFUSES("no command \"jobs list-all\"", "jobs", "list-all", "--help");
    wi_cli_help_group(&text, "jobs");
    assert_non_null(strstr(text.text, "usage: webinfer jobs command"));
    assert_non_null(strstr(text.text, "\n  wait ID "));
    assert_non_null(strstr(text.text, "\n      --state NAME "));
    assert_null(strstr(text.text, "Generate an API token"));
    wi_buffer_clear(&text);
}

TEST(every_option_is_explained)
{
    for (const struct wi_verb *v = wi_cli_verbs; v->name; v++) {
        struct wi_buffer text = {0};
        wi_cli_help(&text, v);
        for (const struct wi_flag *o = v->options; o && o->name; o++) {
            assert_non_null(strstr(text.text, o->name));
            assert_true(*o->help && o->help[strlen(o->help) - 1] != '.');
            assert_true(o->complete == WI_COMPLETE_OPTION ||
                        (o->complete == WI_COMPLETE_WORDS) == (o->words != NULL));
        }
        assert_true(v->min <= v->max && v->max <= WI_POSITIONALS_MAX);
        for (unsigned i = 0; i < WI_POSITIONALS_TABLED; i++)
            assert_true(v->complete[i] != WI_COMPLETE_WORDS &&
                        (i < v->max || v->complete[i] == WI_COMPLETE_NONE));
        int is_program = strcmp(v->name, "bench") == 0 || strcmp(v->name, "uplink") == 0;
        assert_true(v->run || is_program); /* a program of its own has no function here */
        wi_buffer_clear(&text);
    }
}

/* A committed file, from the source tree that automake names. */
static char *read_source(const char *name)
{
    const char *root = getenv("srcdir");
    char *path = wi_sprintf("%s/%s", root ? root : ".", name);
    struct wi_error error;
    size_t size;
    char *text = wi_cli_read_file(path, 1 << 20, &size, &error);
    if (!text)
        fail_msg("%s", error.detail);
    free(path);
    return text;
}

TEST(the_completion_is_the_file_that_is_installed)
{
    static const char *const shells[] = {"bash", "fish", "zsh"};
    for (size_t i = 0; i < sizeof shells / sizeof *shells; i++) {
        char *path = wi_sprintf("completions/webinfer.%s", shells[i]);
        char *text = read_source(path);
        assert_string_equal(wi_cli_completion(shells[i]), text);
        free(text);
        free(path);
    }
    assert_null(wi_cli_completion("csh"));
}

TEST(the_man_page_is_fresh)
{
    char *text = read_source("man/webinfer.1");
    struct wi_buffer synopsis = {0}, commands = {0};
    wi_cli_mdoc_synopsis(&synopsis);
    wi_cli_mdoc_commands(&commands);
    wi_buffer_puts(&synopsis, ".Sh DESCRIPTION\n");
    if (!strstr(text, synopsis.text))
        fail_msg("put the output of `webinfer help --mdoc=synopsis` into man/webinfer.1, as the "
                 "whole of SYNOPSIS");
    if (!strstr(text, commands.text))
        fail_msg("put the output of `webinfer help --mdoc=commands` into man/webinfer.1, from "
                 "\"Options of every command\" to the end of \"Commands\"");
    wi_buffer_clear(&synopsis);
    wi_buffer_clear(&commands);
    free(text);
}
