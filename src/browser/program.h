/* Finding programs as a shell would. */
#ifndef WI_BROWSER_PROGRAM_H
#define WI_BROWSER_PROGRAM_H

/* The PATH that we search and hand to everything we start: ours, or the system's usual one. */
const char *wi_program_path(void);
/* The path of an executable file: `name` itself if it contains a '/', else the first of that name
 * in PATH. The caller frees it; NULL if there is none. */
char *wi_program_find(const char *name);

#endif
