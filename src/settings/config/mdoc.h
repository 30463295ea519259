/* Text for manual pages. */
#ifndef WI_SETTINGS_CONFIG_MDOC_H
#define WI_SETTINGS_CONFIG_MDOC_H

#include <stdio.h>

/* Prints `text` as lines of mdoc: each sentence starts a new line, no line has more than 78
 * columns, and backslashes and leading dots are escaped. */
void wi_mdoc_text(const char *text, FILE *out);

#endif
