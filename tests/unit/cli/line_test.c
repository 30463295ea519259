/* Lines that a person types, on a terminal of the test's own, and lines of a file. The reader is a
 * process of its own. */
#include "../test.h"

#include "../files.h"
#include "cli/line.h"
#include <pty.h>
#include <sched.h>
#include <signal.h>
#include <sys/wait.h>
#include <termios.h>

struct place {
    char root[64];
    char *history, *heard; /* files: of what was typed before; what the reader heard */
    pid_t reader;
    int terminal; /* its other end */
    char shown[4096];
    size_t size;
};

static int set_up(void **state)
{
    static struct place place;
    place = (struct place){.terminal = -1};
    make_root(place.root, "line");
    place.history = path_to(place.root, "history");
    place.heard = path_to(place.root, "heard");
    *state = &place;
    return 0;
}

static int tear_down(void **state)
{
    struct place *place = *state;
    free(place->history);
    free(place->heard);
    remove_root(place->root);
    return 0;
}

/* What a reader does: notes each line in brackets, and which key interrupts between two lines. */
static void read_lines(const struct place *place)
{
    struct wi_line *line = wi_line_new(place->history);
    FILE *heard = fopen(place->heard, "we");
    const char *text;
    struct termios terminal;
    fprintf(heard, "%s:", wi_line_is_terminal(line) ? "terminal" : "plain");
    while ((text = wi_line_read(line, "ask> "))) {
        int key = tcgetattr(STDIN_FILENO, &terminal) == 0 ? terminal.c_cc[VINTR] : -1;
        fprintf(heard, "[%s]", text);
        if (key >= 0 && key != 3)
            fprintf(heard, "(%d interrupts)", key);
        fflush(heard);
    }
    fclose(heard);
    wi_line_free(line);
}

static void open_terminal(struct place *place)
{
    struct termios usual = {.c_iflag = ICRNL,
        .c_oflag = OPOST | ONLCR,
        .c_cflag = CS8 | CREAD,
        .c_lflag = ISIG | ICANON | ECHO,
        .c_cc = {[VINTR] = 3, [VEOF] = 4, [VMIN] = 1}};
    fflush(NULL);
    place->reader = forkpty(&place->terminal, NULL, &usual, NULL);
    assert_true(place->reader >= 0);
    if (place->reader == 0) {
        setenv("TERM", "vt100", 1);
        read_lines(place);
        _exit(0);
    }
}

/* The editor asks first, and takes the terminal over then: an end typed between the two would be
 * the terminal's own. */
static void await_editor(const struct place *place)
{
    struct termios now;
    do {
        assert_int_equal(tcgetattr(place->terminal, &now), 0);
        sched_yield();
    } while (now.c_lflag & ICANON);
}

/* Types `keys` once it was asked; what was shown meanwhile is forgotten. */
static void type(struct place *place, const char *keys)
{
    place->size = 0;
    place->shown[0] = '\0';
    while (!strstr(place->shown, "ask> ")) {
        ssize_t got = read(
            place->terminal, place->shown + place->size, sizeof place->shown - 1 - place->size);
        assert_true(got > 0);
        place->size += (size_t)got;
        place->shown[place->size] = '\0';
    }
    await_editor(place);
    assert_int_equal(write(place->terminal, keys, strlen(keys)), strlen(keys));
}

/* The reader has ended by itself, and heard `expected`. */
static void expect_heard(struct place *place, const char *expected)
{
    char text[256];
    int status;
    while (place->terminal >= 0 && read(place->terminal, text, sizeof text) > 0)
        ; /* what it shows last */
    if (place->terminal >= 0)
        close(place->terminal);
    assert_int_equal(waitpid(place->reader, &status, 0), place->reader);
    assert_true(WIFEXITED(status));
    FILE *file = fopen(place->heard, "re");
    assert_non_null(file);
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    fclose(file);
    assert_string_equal(text, expected);
}

FIXTURE(set_up, tear_down)

TEST(a_line_is_dropped_by_an_interrupt_which_ends_nothing)
{
    struct place *place = *state;
    open_terminal(place);
    type(place, "one\r");
    type(place, "not this\x03");
    type(place, "\x03");
    type(place, "two\r");
    type(place, "\x04");
    expect_heard(place, "terminal:[one][][][two]");
}

TEST(what_was_typed_is_known_the_next_time)
{
    struct place *place = *state;
    struct stat status;
    open_terminal(place);
    type(place, "one\r");
    type(place, "\r"); /* nothing is nothing to remember */
    type(place, "two\r");
    type(place, "\x04");
    expect_heard(place, "terminal:[one][][two]");
    assert_int_equal(stat(place->history, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    open_terminal(place);
    type(place, "\x10\r"); /* the one before */
    type(place, "\x10\x10\x10\r");
    type(place, "\x04");
    expect_heard(place, "terminal:[two][one]");
}

TEST(a_file_is_read_line_by_line_without_a_prompt)
{
    struct place *place = *state;
    fflush(NULL);
    place->reader = fork();
    assert_true(place->reader >= 0);
    if (place->reader == 0) {
        write_text(place->root, "input", "one\n\nlast");
        char *input = path_to(place->root, "input"), *output = path_to(place->root, "output");
        int done = freopen(input, "r", stdin) && freopen(output, "w", stdout);
        read_lines(place);
        fflush(stdout);
        done = done && ftell(stdout) == 0;
        free(input);
        free(output);
        _exit(!done);
    }
    expect_heard(place, "plain:[one][][last]");
    assert_int_not_equal(access(place->history, F_OK), 0);
}
