/* Locations of our helper programs: webinfer-lifeline, under which every process of ours is
 * started, and webinfer-desk. */
#ifndef WI_BROWSER_LIFELINE_H
#define WI_BROWSER_LIFELINE_H

#include <limits.h>

#define WI_HELPER_PATH_SIZE (PATH_MAX + 32)
#define WI_LIFELINE_PATH_SIZE WI_HELPER_PATH_SIZE

/* The helper next to the running program, as in a build tree, else where it is installed. */
void wi_helper_find(const char *name, char path[WI_HELPER_PATH_SIZE]);
void wi_lifeline_find(char path[WI_HELPER_PATH_SIZE]); /* webinfer-lifeline */

#endif
