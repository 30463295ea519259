/* Reads lines that a person types: with editing and a history on a terminal, plain lines
 * otherwise. */
#ifndef WI_CLI_LINE_H
#define WI_CLI_LINE_H

struct wi_line;

/* `history` is a file of mode 0600 that is read now and written at the end; NULL: none is kept. */
struct wi_line *wi_line_new(const char *history);
/* The next line without its end, or NULL at the end of input; valid until the next call. `prompt`
 * is shown on a terminal only. A line that ^C ends is empty. */
const char *wi_line_read(struct wi_line *line, const char *prompt);
/* Whether a person types. */
int wi_line_is_terminal(const struct wi_line *line);
void wi_line_free(struct wi_line *line);

#endif
