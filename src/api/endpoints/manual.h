/* The tables of webinfer-api(7) and of the pages beside it, printed from those that the service
 * works with. */
#ifndef WI_API_ENDPOINTS_MANUAL_H
#define WI_API_ENDPOINTS_MANUAL_H

#include <stdio.h>

/* Prints the part of that `index` from 0, between two comment lines that name it; its name, or NULL
 * for none. */
const char *wi_api_manual_print(size_t index, FILE *out);
/* The page that it stands in, below the source folder. Public for tests. */
const char *wi_api_manual_page(size_t index);

#endif
