/*
 * The tokens file as `webinfer token new` changes it: read whole, and replaced by rename, so that a
 * daemon that reads it meanwhile finds the old one or the new one. Its folder is locked from open
 * to close, so that two of us do not undo each other's lines.
 */
#ifndef WI_CLI_TOKEN_FILE_H
#define WI_CLI_TOKEN_FILE_H

#include "settings/config/api_tokens.h"
#include <sys/stat.h>

struct wi_token_file {
    const char *path;            /* borrowed */
    struct wi_api_tokens tokens; /* its tokens; none if there is no file yet */
    uid_t owner;                 /* set once a line was added */
    /* Internal. */
    const char *_name; /* in its folder; points into `path` */
    int _folder;       /* -1: not open */
    int _exists;
    struct stat _info; /* if the file exists */
    char *_text;
    size_t _size;
};

/* WI_OK, or an error that says what to do. The file need not exist, but its folder must. Call
 * wi_token_file_close in either case. */
enum wi_code wi_token_file_open(
    struct wi_token_file *file, const char *path, struct wi_error *error);
/* Adds a line (without its end). An existing file keeps its owner and mode. A new file has mode
 * 0600. A new file made by root belongs to the owner of its folder or, if that is root, to the user
 * webinfer if there is one. `owner`, the name of a user, overrides this; it may be NULL. Call it
 * once for each open. */
enum wi_code wi_token_file_add(
    struct wi_token_file *file, const char *line, const char *owner, struct wi_error *error);
void wi_token_file_close(struct wi_token_file *file);

#endif
