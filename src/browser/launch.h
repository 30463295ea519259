/* Functions on a launch, and on the output of the programs that it starts. */
#ifndef WI_BROWSER_LAUNCH_H
#define WI_BROWSER_LAUNCH_H

#include "browser/kinds.h"

void wi_launch_clear(struct wi_launch *launch);
void wi_launch_add_file(struct wi_launch *launch, const char *path, const char *text);

/* The port in a line of output that says it is listening, or -1. */
int wi_launch_read_port(const struct wi_launch *launch, const char *line);

#endif
