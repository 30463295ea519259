/* Files and folders copied, moved and removed, for install.c. A file that was copied is on the
 * disk. */
#ifndef WI_CLI_INSTALL_COPY_H
#define WI_CLI_INSTALL_COPY_H

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
/* 0, or -1 with errno. */
int wi_copy_make_folder(const char *path, const struct wi_copy_mode *mode);
/* Whether a SIGINT, SIGTERM or SIGHUP that is blocked is pending: somebody has pressed ^C. */
int wi_copy_is_interrupted(void);
/* Links are followed. WI_OK, or `error` says what is wrong; ends early when interrupted. */
enum wi_code wi_copy_file(const char *from_folder, const char *from, const char *to_folder,
    const char *to, const struct wi_copy_mode *mode, struct wi_error *error);
/* Copies what is in the folder and the folders in it, but for `except` (a file of the folder
 * itself) and for names with a dot in front. Links to files are followed, those to folders are
 * refused. */
enum wi_code wi_copy_folder(const char *from, const char *to, const char *except,
    const struct wi_copy_mode *mode, struct wi_error *error);
/* Renames; EEXIST where `to` is there. 0, or -1 with errno. */
int wi_copy_move(const char *from, const char *to);
/* Each gets the other's name, at one moment where the file system can. 0, or -1 with errno. */
int wi_copy_exchange(const char *a, const char *b);
/* Removes a file or a folder with all that is in it, as far as that can be done. */
void wi_copy_remove(const char *path);

#endif
