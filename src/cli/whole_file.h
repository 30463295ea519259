/* A file that is there whole or not at all: written under another name beside it, and renamed. */
#ifndef WI_CLI_WHOLE_FILE_H
#define WI_CLI_WHOLE_FILE_H

#include "base/error.h"
#include <stdio.h>

struct wi_whole_file {
    const char *path; /* borrowed; "-" is standard output, which gets the bytes as they come */
    FILE *out;        /* write to it; whether that failed is seen at the end */
    char *_temporary; /* NULL of standard output */
};

/* WI_OK or, with `error` filled, WI_BAD_REQUEST: it cannot be made, something else of that name is
 * there, or standard output is a terminal. */
enum wi_code wi_whole_file_begin(
    struct wi_whole_file *file, const char *path, struct wi_error *error);
/* It is complete, and takes the place of one of that name. WI_OK or WI_BAD_REQUEST; the file is
 * closed either way. */
enum wi_code wi_whole_file_end(struct wi_whole_file *file, struct wi_error *error);
/* Nothing is left of it. After wi_whole_file_end it does nothing. */
void wi_whole_file_drop(struct wi_whole_file *file);

#endif
