/*
 * The file descriptors that this process may have (RLIMIT_NOFILE). The kernel gives out the lowest
 * free number, so a descriptor's number tells how many are taken: a connection with too high a
 * number would leave too few descriptors to the rest of the program.
 */
#ifndef WI_BASE_DESCRIPTORS_H
#define WI_BASE_DESCRIPTORS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Raises the soft limit to the hard limit, or less: libwebsockets' table of descriptors should not
 * become too large. Call it before libwebsockets is started, which allocates that table once. */
void wi_descriptors_raise(void);
int wi_descriptors_limit(void); /* INT_MAX: no limit */
/* The highest number that a connection may have if `reserve` descriptors, but at most a quarter of
 * all, are kept for the rest of the program. */
int wi_descriptors_highest(unsigned reserve);
/* The lowest limit with which connections could have `room` more descriptors, the first of them
 * `next`. */
int wi_descriptors_needed(int next, unsigned reserve, int room);
#define WI_DESCRIPTORS_ADVICE_SIZE 96
/* The limit and how to raise it, for the end of a sentence: "at most 1024 files may be open; …".
 * Returns `text`. */
const char *wi_descriptors_advice(char text[WI_DESCRIPTORS_ADVICE_SIZE]);
/* Writes all `size` bytes, and goes on after interruptions by signals. 0, or -1 with errno. */
int wi_write_all(int fd, const void *bytes, size_t size);
/* Reads likewise, from the offset `at`. Returns the number of bytes read, which is less than `size`
 * only at the file's end, or -1 with errno. */
ssize_t wi_read_all(int fd, void *bytes, size_t size, uint64_t at);
void wi_close(int fd);         /* keeps errno; ignores a negative `fd` */
int wi_descriptors_next(void); /* the next descriptor's number; INT_MAX: none is left */

#endif
