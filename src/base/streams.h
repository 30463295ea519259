/* The standard streams of a program, however it was started. */
#ifndef WI_BASE_STREAMS_H
#define WI_BASE_STREAMS_H

/* Call it first in main: takes each standard stream that is closed, so that no file or socket that
 * is opened later gets its number, and with it what is printed or logged. Using such a stream fails
 * with EBADF, as if it were still closed. */
void wi_streams_keep(void);

/* Writes what standard output still holds. 0, or -1 where not all of what was printed could be
 * written, which is then complained of on standard error, in the name of `program`. */
int wi_streams_end(const char *program);

#endif
