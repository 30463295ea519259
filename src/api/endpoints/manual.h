/* The tables of webinfer-api(7) and of the related pages, printed from the tables that the service
 * itself uses. */
#ifndef WI_API_ENDPOINTS_MANUAL_H
#define WI_API_ENDPOINTS_MANUAL_H

#include <stdio.h>

/* Prints the part with that `index`, from 0, between two comment lines that name it. Returns its
 * name; NULL: there is none. */
const char *wi_api_manual_print(size_t index, FILE *out);
/* The path of the page that contains it, below the source folder. Public for tests. */
const char *wi_api_manual_page(size_t index);

#endif
