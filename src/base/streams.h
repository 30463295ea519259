/* The standard streams of a program, which may be started with some of them closed. */
#ifndef WI_BASE_STREAMS_H
#define WI_BASE_STREAMS_H

/* Call it first in main. It occupies the number of each standard stream that is closed, so that no
 * file or socket opened later gets that number and, with it, printed or logged text. Using such a
 * stream fails with EBADF, as if it were still closed. */
void wi_streams_keep(void);

/* Flushes standard output. 0, or -1 if some of the output could not be written; then an error is
 * printed to standard error in the name of `program`. */
int wi_streams_end(const char *program);

#endif
