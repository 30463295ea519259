/*
 * The small files in which the kernel describes processes and control groups. It depends on libc
 * only, because the lifeline helper uses it too.
 */
#ifndef WI_BROWSER_PROC_TEXT_H
#define WI_BROWSER_PROC_TEXT_H

#include <sys/types.h>

/* Reads the beginning of the file at `path`, relative to the open folder `folder` (AT_FDCWD: the
 * working directory), as text of less than `room` bytes that ends in a NUL. Returns its length,
 * more than 0, or -1 if nothing can be read: the process is gone, or not ours. */
ssize_t wi_proc_text(int folder, const char *path, char *text, size_t room);

#endif
