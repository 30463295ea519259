/* The bash completion, sourced by a real bash and asked as bash asks it. */
#include "../test.h"
#include "cli/completion.h"

#include "base/memory.h"
#include "cli/cli.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define WORDS_MAX 12

/* What is typed, as bash takes it apart ("=" and ":" are words of their own), the last word being
 * the one at the cursor; and what is offered, in order, with spaces between. */
struct situation {
    const char *words[WORDS_MAX];
    const char *offered;
};

#define GLOBALS "--help --version --url --token-file --authority --json"

static const struct situation situations[] = {
    {{""}, "run pull list show status open infer compute chat generate embed transcribe ps load "
           "unload add "
           "quantize publish unpublish sources rm gc jobs bench profile check results "
           "nodes watch cluster forgive hardware verify matrix doctor "
           "token devices backup restore uplink completion help "
           "version"},
    {{"s"}, "show status sources"},
    {{"jobs", ""}, "list show wait cancel"},
    {{"jobs", "c"}, "cancel"},
    {{"token", ""}, "new join"},
    {{"completion", ""}, "bash fish zsh words"},
    {{"--json", "tok"}, "token"},
    {{"--url", "http", ":", "//127.0.0.1", ":", "1/", "jobs", "w"}, "wait"},
    {{"--url=http://127.0.0.1:1/", "jobs", "w"}, "wait"},
    {{"nonsense", ""}, ""},
    {{"status", ""}, ""},
    {{"jobs", "list", ""}, ""},
    /* options are those of the command, and no other's */
    {{"-"}, GLOBALS},
    {{"token", "new", "--f"}, "--file"},
    {{"token", "join", "--n"}, "--nodes"},
    {{"token", "join", "--f"}, "--for"},
    {{"jobs", "list", "--l"}, "--limit"},
    {{"jobs", "show", "--o"}, "--output"},
    {{"jobs", "cancel", "-"}, GLOBALS},
    {{"jobs", "--j"}, "--json"},
    {{"infer", "m", "--p"}, "--pair --platform --precision --priority"},
    /* their values */
    {{"infer", "m", "--platform", "web"}, "webgpu webnn webgl"},
    {{"infer", "m", "--platform", "=", "web"}, "webgpu webnn webgl"},
    {{"infer", "m", "--platform", "="}, "auto webgpu webnn webgl wasm native"},
    {{"jobs", "list", "--state", "d"}, "done"},
    {{"infer", "m", "--option", "pool"}, "pooling=mean pooling=cls pooling=last pooling=none"},
    {{"infer", "m", "--option", "=", "max_to"}, "max_tokens="},
    {{"infer", "m", "--option", "multi", "=", "t"}, ""},
    {{"infer", "m", "--option", "multi_label", "=", "t"}, "true"},
    {{"chat", "m", "--option", "pool"}, ""},
    {{"chat", "m", "--option", "logp"}, "logprobs=true logprobs=false"},
    {{"help", "--mdoc", ""}, "synopsis commands"},
    {{"infer", "--node", ""}, ""},
    {{"jobs", "list", "--limit", ""}, ""},
    {{"infer", "m", "--image", "fo"}, "folder"},
    {{"infer", "m", "--image", "a f"}, "a file.png"},
    {{"infer", "m", "--output", ""}, "folder"},
    {{"infer", "m", "--tensor", "x"}, ""},
    {{"infer", "m", "--tensor", "x", "=", "a"}, "a file.png"},
    {{"infer", "m", "--tensor", "=", "x", "=", "f"}, "folder"},
    {{"--token-file", "f"}, "folder"},
    /* arguments, the values of options apart */
    {{"infer", ""}, "builtin/echo seven/odd sevens"},
    {{"infer", "--json", "--platform", "wasm", "seven"}, "seven/odd sevens"},
    {{"infer", "--platform", "=", "wasm", "b"}, "builtin/echo"},
    {{"hardware", "sevens"}, "sevens"},
    {{"hardware", "sevens", ""}, ""},
    {{"infer", "m", "fo"}, "folder"},
    {{"add", "a"}, "a file.png"},
    {{"add", "folder", ""}, ""},
    {{"infer", "m", "--", "fo"}, "folder"},
    {{"infer", "--", "-"}, ""},
    {{"help", "to"}, "token"},
    {{"help", "token", ""}, "new join"},
    {{"help", "infer", ""}, ""},
    /* the daemon that is asked for models is the one that was named */
    {{"--url", "http", ":", "//other", "infer", "o"}, "other/model"},
    {{"--url", "=", "http", ":", "//other", "infer", "o"}, "other/model"},
    {{"infer", "--url", "http", ":", "//nowhere", ""}, ""},
};

/* A client whose daemon has some models, whose other daemon has another, and no other answers. A
 * model's name that is none must not come through. What may come next this program says. */
static const char fake_client[] =
    "#!/bin/sh\n"
    "case \"$*\" in\n"
    "'completion words -- '*) shift 3; exec \"$SELF\" --complete \"$@\" ;;\n"
    "'list --names') printf '%s\\n' builtin/echo seven/odd sevens '$(touch x)' 'a;b' ;;\n"
    "'--url=http://other list --names') echo other/model ;;\n"
    "*) echo 'no answer' >&2; exit 3 ;;\n"
    "esac\n";

static const char ask[] = "source \"$1\"; shift\n"
                          "COMP_WORDBREAKS=$' \\t\\n\"\\'><=;|&(:'\n"
                          "COMP_WORDS=(\"$@\") COMP_CWORD=$(($# - 1))\n"
                          "_webinfer\n"
                          "echo \"${COMPREPLY[*]}\"\n";

__attribute__((constructor)) static void complete(int argc, char **argv)
{
    struct wi_buffer out = {0};

    if (argc < 2 || strcmp(argv[1], "--complete") != 0)
        return;
    wi_cli_complete(&out, (const char *const *)argv + 2, (size_t)argc - 2);
    fwrite(out.text, 1, out.size, stdout);
    wi_buffer_clear(&out);
    exit(0);
}

struct place {
    char folder[64], script[128], client[128];
    char files[128]; /* the shell's working directory */
};

static void write_file(const char *path, const char *text, mode_t mode)
{
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(path, mode), 0);
}

static char *in(const struct place *place, const char *name)
{
    return wi_sprintf("%s/%s", place->files, name);
}

static int make_place(void **state)
{
    static struct place place;
    char self[256] = "", *path;

    assert_true(readlink("/proc/self/exe", self, sizeof self - 1) > 0);

    snprintf(place.folder, sizeof place.folder, "/tmp/webinfer-completion-XXXXXX");
    assert_non_null(mkdtemp(place.folder));
    snprintf(place.script, sizeof place.script, "%s/script", place.folder);
    snprintf(place.client, sizeof place.client, "%s/client", place.folder);
    snprintf(place.files, sizeof place.files, "%s/files", place.folder);
    assert_int_equal(mkdir(place.files, 0700), 0);
    write_file(place.script, wi_cli_completion("bash"), 0600);
    assert_int_equal(setenv("SELF", self, 1), 0);
    write_file(place.client, fake_client, 0700);
    path = in(&place, "a file.png");
    write_file(path, "", 0600);
    free(path);
    path = in(&place, "folder");
    assert_int_equal(mkdir(path, 0700), 0);
    free(path);
    *state = &place;
    return 0;
}

static int remove_place(void **state)
{
    const struct place *place = *state;
    char *file = in(place, "a file.png"), *folder = in(place, "folder");

    unlink(place->script);
    unlink(place->client);
    unlink(file);
    rmdir(folder);
    assert_int_equal(rmdir(place->files), 0); /* nothing else was made in it */
    rmdir(place->folder);
    free(file);
    free(folder);
    return 0;
}

/* Runs bash with `arguments` in the folder and gives its first line. */
static void run_bash(
    const struct place *place, const char *const *arguments, char *line, size_t size)
{
    int pipes[2], status;
    FILE *out;
    pid_t pid;

    assert_int_equal(pipe(pipes), 0);
    pid = fork();
    if (pid == 0) {
        if (chdir(place->files) == 0 && dup2(pipes[1], 1) == 1)
            execvp("bash", (char *const *)arguments);
        _exit(127);
    }
    close(pipes[1]);
    out = fdopen(pipes[0], "r");
    *line = '\0';
    if (!fgets(line, (int)size, out))
        *line = '\0';
    line[strcspn(line, "\n")] = '\0';
    fclose(out);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

GROUP(make_place, remove_place)

TEST(offers_what_may_come_next)
{
    const struct place *place = *state;

    for (size_t i = 0; i < sizeof situations / sizeof *situations; i++) {
        const struct situation *s = &situations[i];
        const char *arguments[WORDS_MAX + 8] = {
            "bash", "-uc", ask, "bash", place->script, place->client};
        char line[512];
        for (size_t w = 0; w < WORDS_MAX && s->words[w]; w++)
            arguments[6 + w] = s->words[w];
        run_bash(place, arguments, line, sizeof line);
        if (strcmp(line, s->offered) != 0)
            fail_msg("situation %zu (… \"%s\"): \"%s\" instead of \"%s\"", i, s->words[0], line,
                s->offered);
    }
}

/* Who has taken "=" and ":" out of COMP_WORDBREAKS gets whole words. */
TEST(completes_words_that_are_not_taken_apart)
{
    const struct place *place = *state;
    static const char check[] = "source \"$1\"\n"
                                "COMP_WORDBREAKS=' '\n"
                                "COMP_WORDS=(\"$2\" infer m --platform=web) COMP_CWORD=3\n"
                                "_webinfer\n"
                                "echo \"${COMPREPLY[*]}\"\n";
    char line[512];

    run_bash(place,
        (const char *const[]){"bash", "-c", check, "bash", place->script, place->client, NULL},
        line, sizeof line);
    assert_string_equal(line, "--platform=webgpu --platform=webnn --platform=webgl");
}

/* An option that every command has is offered once, whatever the command. */
TEST(no_word_is_offered_twice)
{
    const struct place *place = *state;
    static const char check[] =
        "source \"$1\"\n"
        "while read -r verb; do\n"
        "    COMP_WORDS=(\"$3\" $verb '') COMP_CWORD=$((${#COMP_WORDS[@]} - 1))\n"
        "    for last in '' -; do\n"
        "        COMP_WORDS[COMP_CWORD]=$last\n"
        "        _webinfer\n"
        "        printf '%s\\n' \"${COMPREPLY[@]}\" | sort | uniq -d\n"
        "    done\n"
        "done <<<\"$2\"\n";
    struct wi_buffer verbs = {0};
    char line[512];

    for (const struct wi_verb *v = wi_cli_verbs; v->name; v++)
        wi_buffer_printf(&verbs, "%s\n", v->name);
    run_bash(place,
        (const char *const[]){
            "bash", "-c", check, "bash", place->script, verbs.text, place->client, NULL},
        line, sizeof line);
    assert_string_equal(line, "");
    wi_buffer_clear(&verbs);
}
