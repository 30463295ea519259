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
    struct wi_api_tokens tokens; /* that it has; none if there is no file yet */
    uid_t owner;                 /* once a line was added: whose it is */
    /* Its own. */
    const char *_name; /* in its folder; points into `path` */
    int _folder;       /* -1: not open */
    int _exists;
    struct stat _info; /* where it exists */
    char *_text;
    size_t _size;
};

/* WI_OK, or an error that says what to do; the file need not exist, but its folder must. Call
 * wi_token_file_close in either case. */
enum wi_code wi_token_file_open(
    struct wi_token_file *file, const char *path, struct wi_error *error);
/* Adds a line (without its end). What exists keeps its owner and mode. A new file has mode 0600;
 * made by root, it belongs to the owner of its folder or, if that is root, to the user webinfer
 * where there is one. `owner`, a user's name or NULL, says otherwise. Once for each open. */
enum wi_code wi_token_file_add(
    struct wi_token_file *file, const char *line, const char *owner, struct wi_error *error);
void wi_token_file_close(struct wi_token_file *file);

#endif
