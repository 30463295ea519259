/* The three descriptors that a program finds open, however it was started. */
#ifndef WI_BASE_STREAMS_H
#define WI_BASE_STREAMS_H

/* Call it first in main: takes each standard stream that is closed, so that no file or socket that
 * is opened later gets its number, and with it what is printed or logged. Using such a stream fails
 * with EBADF, as if it were still closed. */
void wi_streams_keep(void);

#endif
