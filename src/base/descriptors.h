/*
 * The descriptors that this process may have (RLIMIT_NOFILE). The kernel gives out the lowest
 * number that is free, so a number tells how many are taken: a connection whose number is too high
 * is one that would leave the rest of the program too few.
 */
#ifndef WI_BASE_DESCRIPTORS_H
#define WI_BASE_DESCRIPTORS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Takes as many as the hard limit allows, up to what libwebsockets' table for them should grow to.
 * Before libwebsockets is started, which makes that table once. */
void wi_descriptors_raise(void);
int wi_descriptors_limit(void); /* INT_MAX: there is none */
/* The highest that a connection may have where `reserve` are left to the rest of the program, but
 * at most a quarter of all. */
int wi_descriptors_highest(unsigned reserve);
/* The least limit with which `room` more could be had from `next` on, up to that number. */
int wi_descriptors_needed(int next, unsigned reserve, int room);
#define WI_DESCRIPTORS_ADVICE_SIZE 96
/* The limit and how it is raised, for the end of a sentence: "at most 1024 files may be open; …".
 * Returns `text`. */
const char *wi_descriptors_advice(char text[WI_DESCRIPTORS_ADVICE_SIZE]);
/* All of it, however often a signal interrupts. 0, or -1 with errno. */
int wi_write_all(int fd, const void *bytes, size_t size);
/* Likewise from `at` on: how many were read, fewer only at the file's end; or -1 with errno. */
ssize_t wi_read_all(int fd, void *bytes, size_t size, uint64_t at);
void wi_close(int fd);         /* errno stays; nothing for a negative one */
int wi_descriptors_next(void); /* the one that would be given out now; INT_MAX: none is left */

#endif
