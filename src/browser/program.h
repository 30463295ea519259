/* Finding programs as a shell would, and our helper programs: webinfer-lifeline, under which every
 * process of ours is started, and webinfer-desk. */
#ifndef WI_BROWSER_PROGRAM_H
#define WI_BROWSER_PROGRAM_H

#include <limits.h>

/* The PATH that we search and hand to everything we start: ours, or the system's usual one. */
const char *wi_program_path(void);
/* The path of an executable file: `name` itself if it contains a '/', else the first of that name
 * in PATH. The caller frees it; NULL if there is none. */
char *wi_program_find(const char *name);

#define WI_HELPER_PATH_SIZE (PATH_MAX + 32)

/* The helper next to the running program, as in a build tree, else where it is installed. */
void wi_helper_find(const char *name, char path[WI_HELPER_PATH_SIZE]);
void wi_lifeline_find(char path[WI_HELPER_PATH_SIZE]); /* webinfer-lifeline */

#endif
