/* Reads lines with libedit on a terminal, with getline elsewhere. */
#include "cli/line.h"

#include "base/memory.h"
#include <errno.h>
#include <fcntl.h>
#include <histedit.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#define HISTORY_LINES 1000

struct wi_line {
    EditLine *editor; /* NULL: standard input is no terminal */
    History *history;
    char *file;         /* of the history; NULL: none */
    const char *prompt; /* borrowed, while a line is read */
    char *text;         /* the last line */
    size_t size;        /* of its memory */
    int dropped;        /* by ^C */
};

/* libedit calls it to get the prompt. */
static char *give_prompt(EditLine *editor)
{
    struct wi_line *line;

    el_get(editor, EL_CLIENTDATA, &line);
    return (char *)line->prompt;
}

/* Bound to ^C, which in a shell does the same. */
static unsigned char drop_line(EditLine *editor, wint_t key)
{
    struct wi_line *line;

    el_get(editor, EL_CLIENTDATA, &line);
    line->dropped = 1;
    return CC_NEWLINE;
}

static void start_history(struct wi_line *line, const char *file)
{
    HistEvent event;

    line->history = history_init();
    if (!line->history)
        return;
    history(line->history, &event, H_SETSIZE, HISTORY_LINES);
    history(line->history, &event, H_SETUNIQUE, 1);
    el_set(line->editor, EL_HIST, history, line->history);
    if (!file)
        return;
    line->file = wi_strdup(file);
    history(line->history, &event, H_LOAD, file);
}

struct wi_line *wi_line_new(const char *history)
{
    struct wi_line *line = wi_alloc(sizeof *line);

    if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
        return line;
    line->editor = el_init("webinfer", stdin, stdout, stderr);
    if (!line->editor)
        return line;
    el_set(line->editor, EL_CLIENTDATA, line);
    el_set(line->editor, EL_PROMPT, give_prompt);
    el_set(line->editor, EL_EDITOR, "emacs");
    el_set(line->editor, EL_SIGNAL, 1);
    /* el_set does not free the names that it widens. */
    el_wset(line->editor, EL_ADDFN, L"drop-line", L"Discard the typed line", drop_line);
    el_source(line->editor, NULL);
    el_set(line->editor, EL_BIND, "^C", "drop-line", NULL);
    start_history(line, history);
    return line;
}

static const char *read_plain(struct wi_line *line)
{
    ssize_t length = getline(&line->text, &line->size, stdin);

    if (length < 0)
        return NULL;
    line->text[strcspn(line->text, "\n")] = '\0';
    return line->text;
}

/* Here ^C is a key and no signal, so that a ^C for an answer that has just ended does not end the
 * whole conversation. NULL with errno as el_gets leaves it. */
static const char *get_line(struct wi_line *line)
{
    struct termios usual = {0}, typing;
    int length, known = tcgetattr(STDIN_FILENO, &usual) == 0;

    typing = usual;
    typing.c_cc[VINTR] = _POSIX_VDISABLE;
    if (known)
        tcsetattr(STDIN_FILENO, TCSADRAIN, &typing);
    errno = 0;
    const char *text = el_gets(line->editor, &length);
    int why = errno;
    if (known)
        tcsetattr(STDIN_FILENO, TCSADRAIN, &usual);
    errno = why;
    return text;
}

static const char *read_edited(struct wi_line *line, const char *prompt)
{
    HistEvent event;

    line->prompt = prompt;
    line->dropped = 0;
    const char *text = get_line(line);
    if (line->dropped)
        return "";
    if (!text)
        return errno == EINTR ? "" : NULL;
    free(line->text);
    line->text = wi_strndup(text, strcspn(text, "\n"));
    if (*line->text && line->history)
        history(line->history, &event, H_ENTER, line->text);
    return line->text;
}

const char *wi_line_read(struct wi_line *line, const char *prompt)
{
    return line->editor ? read_edited(line, prompt) : read_plain(line);
}

int wi_line_is_terminal(const struct wi_line *line)
{
    return line->editor != NULL;
}

/* Only the user may read the history, which has the user's questions. */
static void save_history(struct wi_line *line)
{
    HistEvent event;
    int fd = open(line->file, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    FILE *file = fd < 0 ? NULL : fdopen(fd, "w");

    if (!file) {
        if (fd >= 0)
            close(fd);
        return;
    }
    if (fchmod(fd, 0600) == 0 && ftruncate(fd, 0) == 0)
        history(line->history, &event, H_SAVE_FP, file);
    fclose(file);
}

void wi_line_free(struct wi_line *line)
{
    if (line->history && line->file)
        save_history(line);
    if (line->history)
        history_end(line->history);
    if (line->editor)
        el_end(line->editor);
    free(line->file);
    free(line->text);
    free(line);
}
