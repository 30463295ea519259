/*
 * Files and folders copied and moved, for install.c. A file that was copied is on the disk. What is
 * written to is an open folder: root may do this where another user could put a link in the place
 * of a path meanwhile. That user gets the folders last, once nothing is written in them any more.
 */
#ifndef WI_CLI_COMMANDS_INSTALL_COPY_H
#define WI_CLI_COMMANDS_INSTALL_COPY_H

#include "base/error.h"
#include "base/memory.h"
#include <sys/types.h>

/* What copies get: folders `mode`, files the same without the x; the owner where we may say so. */
struct wi_copy_mode {
    mode_t mode;
    uid_t uid;
    gid_t gid;
};

/* Adds the names of the regular files (links to some included) in `folder` that end with `end`,
 * sorted; those with a dot in front are left out. */
void wi_copy_list(const char *folder, const char *end, struct wi_strings *names);
/* A new folder `name` in the open folder `at`, which nobody else may enter yet: open, or -1 with
 * errno. */
int wi_copy_make_folder(int at, const char *name);
/* Whether a SIGINT, SIGTERM or SIGHUP that is blocked is pending: somebody has pressed ^C. */
int wi_copy_is_interrupted(void);
/* Copies FROM_FOLDER/FROM to the path `to` in the open folder `at`, with the folders on the way.
 * Links are followed; for root, who may read what whoever made the links may not, only to what
 * lies under `within` (NULL: anywhere, where that is the file that somebody has named). WI_OK, or
 * `error` says what is wrong; ends early when interrupted. */
enum wi_code wi_copy_file(const char *within, const char *from_folder, const char *from, int at,
    const char *to, const struct wi_copy_mode *mode, struct wi_error *error);
/* Copies what is in the folder and the folders in it, but for `except` (a file of the folder
 * itself) and for names with a dot in front. Links to files are followed as by wi_copy_file, those
 * to folders are refused. */
enum wi_code wi_copy_folder(const char *from, int at, const char *except,
    const struct wi_copy_mode *mode, struct wi_error *error);
/* Once all is there: gives an open folder, and those in it, mode and owner. 0, or -1. */
int wi_copy_hand_over(int folder, const struct wi_copy_mode *mode);
/* Renames in the open folder `at`; EEXIST where `to` is there. 0, or -1 with errno. */
int wi_copy_move(int at, const char *from, const char *to);
/* Each gets the other's name, at one moment where the file system can. 0, or -1 with errno. */
int wi_copy_exchange(int at, const char *a, const char *b);

#endif
