/* Where the lifeline helper is: the program under which every process of ours is started. */
#ifndef WI_BROWSER_LIFELINE_H
#define WI_BROWSER_LIFELINE_H

#include <limits.h>

#define WI_LIFELINE_PATH_SIZE (PATH_MAX + 32)

/* Beside the running program, as in a build tree, else where it is installed. */
void wi_lifeline_find(char path[WI_LIFELINE_PATH_SIZE]);

#endif
