/* Models copied into a models directory: whole or not at all. */
#include "../../test.h"

#include "../../files.h"
#include "../../format/onnx_build.h"
#include "base/memory.h"
#include "base/secret.h"
#include "cli/cli.h"
#include "cli/commands/install.h"
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct fixture {
    char root[64];
    char store[80]; /* the models directory */
    char from[80];  /* where what is added lies */
};

static char *join(const char *folder, const char *name)
{
    return wi_sprintf("%s/%s", folder, name);
}

/* A model whose content `extra` makes its own. */
static void put_model(const char *folder, const char *name, const char *extra)
{
    struct wi_buffer model = small_model();
    put_bytes(&model, 6, extra, strlen(extra));
    write_file(folder, name, model.text, model.size);
    wi_buffer_clear(&model);
}

static char *make_folder(const char *folder, const char *name)
{
    char *path = join(folder, name);
    assert_int_equal(mkdir(path, 0755), 0);
    return path;
}

static int set_up(void **state)
{
    struct fixture *f = wi_alloc(sizeof *f);
    make_root(f->root, "install");
    snprintf(f->store, sizeof f->store, "%s/store", f->root);
    snprintf(f->from, sizeof f->from, "%s/from", f->root);
    assert_int_equal(mkdir(f->store, 0750), 0);
    assert_int_equal(mkdir(f->from, 0700), 0);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    remove_root(f->root);
    free(f);
    return 0;
}

/* The names in `folder`, those with a dot in front included, sorted, with spaces between. */
static void assert_holds(const char *folder, const char *expected)
{
    struct dirent **items;
    struct wi_buffer names = {0};
    int count = scandir(folder, &items, NULL, alphasort);

    assert_true(count >= 0);
    wi_buffer_puts(&names, "");
    for (int i = 0; i < count; i++) {
        if (strcmp(items[i]->d_name, ".") != 0 && strcmp(items[i]->d_name, "..") != 0)
            wi_buffer_printf(&names, "%s%s", names.size ? " " : "", items[i]->d_name);
        free(items[i]);
    }
    free(items);
    assert_string_equal(names.text, expected);
    wi_buffer_clear(&names);
}

static char *read_whole(const char *folder, const char *name, size_t *size)
{
    char *path = join(folder, name);
    struct wi_error error;
    char *text = wi_cli_read_file(path, 1 << 20, size, &error);
    if (!text)
        fail_msg("%s", error.detail);
    free(path);
    return text;
}

static void assert_same(
    const char *folder, const char *name, const char *folder2, const char *name2)
{
    size_t size, size2;
    char *text = read_whole(folder, name, &size), *text2 = read_whole(folder2, name2, &size2);
    assert_int_equal(size, size2);
    assert_memory_equal(text, text2, size);
    free(text);
    free(text2);
}

/* Looks, copies and publishes, as far as that goes. */
static enum wi_code add(
    const struct fixture *f, const char *path, const char *name, int force, struct wi_error *error)
{
    struct wi_install_source source = {0};
    struct wi_install *install = NULL;
    enum wi_code code = wi_install_look(path, &source, error);

    if (code == WI_OK) {
        install = wi_install_new(&source, f->store, name ? name : source.name, error);
        code = install ? wi_install_publish(install, force, error) : error->code;
    }
    wi_install_free(install);
    wi_install_source_clear(&source);
    return code;
}

FIXTURE(set_up, tear_down)

TEST(adds_a_file_under_its_own_name)
{
    const struct fixture *f = *state;
    struct wi_error error = {0};
    char *file = join(f->from, "res net.v2.onnx"), *place = join(f->store, "res-net.v2");
    struct stat st;

    put_model(f->from, "res net.v2.onnx", "one");
    write_text(f->from, "readme.txt", "not part of it");
    assert_int_equal(add(f, file, NULL, 0, &error), WI_OK);
    assert_holds(f->store, "res-net.v2");
    assert_holds(place, "model.onnx");
    assert_same(place, "model.onnx", f->from, "res net.v2.onnx");
    /* as the models directory is, so that the daemon can read it */
    assert_int_equal(stat(place, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0750);
    free(file);
    file = join(place, "model.onnx");
    assert_int_equal(stat(file, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0640);
    free(place);
    free(file);
}

TEST(takes_what_describes_a_file_along)
{
    const struct fixture *f = *state;
    static const char spec[] = "{\"type\": \"vision\", \"labels_file\": \"names.txt\"}";
    struct wi_error error = {0};
    char *file = join(f->from, "model.onnx"), *place = join(f->store, "ada/from");

    put_model(f->from, "model.onnx", "one");
    write_text(f->from, "model.json", spec);
    write_text(f->from, "names.txt", "cat\ndog\n");
    write_text(f->from, "other.txt", "x");
    assert_int_equal(add(f, file, "ada/from", 0, &error), WI_OK);
    assert_holds(place, "model.json model.onnx names.txt");
    assert_same(place, "names.txt", f->from, "names.txt");
    free(place);
    free(file);
}

TEST(adds_a_folder_with_what_is_in_it)
{
    const struct fixture *f = *state;
    struct wi_error error = {0};
    char *folder = make_folder(f->from, "seven"), *inner = make_folder(folder, "more");
    char *hidden = make_folder(folder, ".git"), *place = join(f->store, "seven");
    char *link = join(folder, "LICENSE");

    put_model(folder, "seven-1.0.onnx", "one"); /* the only one: it is the model */
    write_text(inner, "text", "free");
    assert_int_equal(symlink("more/text", link), 0);
    write_text(inner, "words.json", "{}");
    write_text(hidden, "config", "");
    assert_int_equal(add(f, folder, NULL, 0, &error), WI_OK);
    assert_holds(place, "LICENSE model.onnx more");
    assert_same(place, "LICENSE", inner, "text");
    assert_same(place, "more/words.json", inner, "words.json");
    assert_same(place, "model.onnx", folder, "seven-1.0.onnx");
    free(link);
    free(hidden);
    free(inner);
    free(folder);
    free(place);
}

/* Who made the folder may have put a link to what only root may read into it. */
TEST(follows_links_out_of_the_folder_but_not_as_root)
{
    const struct fixture *f = *state;
    struct wi_error error = {0};
    char *folder = make_folder(f->from, "clone"), *link = join(folder, "tokenizer.json");
    char *place = join(f->store, "clone");

    put_model(folder, "model.onnx", "one");
    write_text(f->from, "secret", "of root");
    assert_int_equal(symlink("../secret", link), 0);
    assert_int_equal(chown(f->store, 65534, 65534), geteuid() == 0 ? 0 : -1);
    if (geteuid() == 0) {
        assert_int_equal(add(f, folder, NULL, 0, &error), WI_BAD_REQUEST);
        assert_non_null(strstr(error.detail, "is a link out of the model's folder; root does not"));
        assert_holds(f->store, "");
        assert_int_equal(chmod(f->root, 0755) | chmod(f->from, 0755), 0);
        assert_int_equal(seteuid(65534), 0);
    }
    enum wi_code code = add(f, folder, NULL, 0, &error);
    if (getuid() == 0)
        assert_int_equal(seteuid(0), 0);
    assert_int_equal(code, WI_OK);
    assert_same(place, "tokenizer.json", f->from, "secret");
    free(place);
    free(link);
    free(folder);
}

/* Whose directory it is could have root write, or remove, anywhere. */
TEST(writes_through_no_link)
{
    struct fixture *f = *state;
    struct wi_error error = {0};
    char *file = join(f->from, "model.onnx"), *elsewhere = make_folder(f->root, "elsewhere");
    char *owner = join(f->store, "ada"), *store = join(f->root, "link");

    put_model(f->from, "model.onnx", "one");
    assert_int_equal(symlink("../elsewhere", owner), 0);
    assert_int_not_equal(add(f, file, "ada/m", 0, &error), WI_OK);
    assert_non_null(strstr(error.detail, "cannot be written"));
    assert_holds(elsewhere, "");
    assert_holds(f->store, "ada");
    if (geteuid() == 0) {
        assert_int_equal(symlink("elsewhere", store), 0);
        assert_int_equal(lchown(store, 65534, 65534), 0);
        snprintf(f->store, sizeof f->store, "%s", store);
        assert_int_not_equal(add(f, file, "m", 0, &error), WI_OK);
        assert_holds(elsewhere, "");
    }
    free(store);
    free(owner);
    free(elsewhere);
    free(file);
}

#define REFUSES(why, path, name)                                                                   \
    do {                                                                                           \
        struct wi_error refusal = {0};                                                             \
        assert_int_not_equal(add(f, path, name, 0, &refusal), WI_OK);                              \
        if (!strstr(refusal.detail, why))                                                          \
            fail_msg("\"%s\" does not say \"%s\"", refusal.detail, why);                           \
    } while (0)

TEST(refuses_what_is_no_model_and_leaves_nothing)
{
    const struct fixture *f = *state;
    char *folder = make_folder(f->from, "pair"), *bad = join(f->from, "bad.onnx");
    char *good = join(f->from, "good.onnx"), *missing = join(f->from, "missing.onnx");

    REFUSES("No such file", missing, "m");
    REFUSES("there is no file *.onnx", folder, "m");
    put_model(folder, "a.onnx", "a");
    put_model(folder, "b.onnx", "b");
    REFUSES("say which, as in webinfer add", folder, "m");
    write_text(f->from, "bad.onnx", "<!doctype html>\n");
    REFUSES("bad.onnx: ", bad, "m");
    put_model(f->from, "good.onnx", "good");
    write_text(f->from, "model.json", "{\"colour\": 1}");
    REFUSES("colour", good, "ada/m"); /* found in the copy, as the daemon would */
    assert_holds(f->store, "");
    free(missing);
    free(good);
    free(bad);
    free(folder);
}

TEST(says_who_may_write_where_we_may_not)
{
    const struct fixture *f = *state;
    char *good = join(f->from, "good.onnx");

    put_model(f->from, "good.onnx", "good");
    assert_int_equal(chmod(f->store, 0555), 0);
    if (geteuid() != 0) {
        REFUSES("run this as the user ", good, "m");
    } else { /* root may write anywhere: as somebody else, who owns what is added */
        assert_int_equal(chown(f->from, 65534, 65534), 0);
        assert_int_equal(chmod(f->root, 0755), 0);
        assert_int_equal(seteuid(65534), 0);
        REFUSES("run this as the user root", good, "m");
        assert_int_equal(seteuid(0), 0);
    }
    assert_int_equal(chmod(f->store, 0755), 0);
    assert_holds(f->store, "");
    free(good);
}

TEST(says_that_the_directory_is_not_here)
{
    struct fixture *f = *state;
    char *good = join(f->from, "good.onnx");

    put_model(f->from, "good.onnx", "good");
    snprintf(f->store, sizeof f->store, "%s/no/where", f->root);
    REFUSES("on this machine", good, "m");
    free(good);
}

TEST(replaces_only_with_force)
{
    const struct fixture *f = *state;
    struct wi_error error = {0};
    char *one = join(f->from, "one.onnx"), *two = join(f->from, "two.onnx");
    char *place = join(f->store, "m");

    put_model(f->from, "one.onnx", "one");
    put_model(f->from, "two.onnx", "two");
    assert_int_equal(add(f, one, "m", 0, &error), WI_OK);
    write_text(place, "model.json", "{\"type\": \"audio\"}");
    assert_int_equal(add(f, two, "m", 0, &error), WI_CONFLICT);
    assert_non_null(strstr(error.detail, "--force"));
    assert_same(place, "model.onnx", f->from, "one.onnx");
    assert_int_equal(add(f, two, "m", 1, &error), WI_OK);
    assert_same(place, "model.onnx", f->from, "two.onnx");
    assert_holds(place, "model.onnx"); /* the old one is gone as a whole */
    assert_holds(f->store, "m");
    free(place);
    free(one);
    free(two);
}

/* A new model is away again; a replaced one is back. */
TEST(takes_back)
{
    const struct fixture *f = *state;
    struct wi_install_source source = {0};
    struct wi_error error = {0};
    char *one = join(f->from, "one.onnx"), *two = join(f->from, "two.onnx");
    char *place = join(f->store, "a/m");
    struct wi_install *install;

    put_model(f->from, "one.onnx", "one");
    put_model(f->from, "two.onnx", "two");
    for (int round = 0; round < 2; round++) {
        assert_int_equal(wi_install_look(two, &source, &error), WI_OK);
        install = wi_install_new(&source, f->store, "a/m", &error);
        assert_non_null(install);
        assert_int_equal(strlen(wi_install_hash(install)), 64);
        assert_string_equal(wi_install_path(install), place);
        assert_int_equal(wi_install_publish(install, 1, &error), WI_OK);
        assert_same(place, "model.onnx", f->from, "two.onnx");
        wi_install_undo(install);
        wi_install_free(install);
        wi_install_source_clear(&source);
        assert_holds(f->store, round ? "a" : "");
        if (round == 0)
            assert_int_equal(add(f, one, "a/m", 0, &error), WI_OK);
        assert_same(place, "model.onnx", f->from, "one.onnx");
    }
    free(place);
    free(one);
    free(two);
}

/* Without a name of its own a copy that ^C ends is nobody's. */
TEST(an_interrupt_leaves_nothing)
{
    const struct fixture *f = *state;
    char *one = join(f->from, "one.onnx");
    struct timespec now = {0};
    sigset_t set, before;

    put_model(f->from, "one.onnx", "one");
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigprocmask(SIG_BLOCK, &set, &before);
    raise(SIGINT);
    REFUSES("interrupted", one, "m");
    assert_int_equal(sigtimedwait(&set, NULL, &now), SIGINT);
    sigprocmask(SIG_SETMASK, &before, NULL);
    assert_holds(f->store, "");
    free(one);
}
