/* The table of kernels, as clients and the page's build are told of it. */
#ifndef WI_API_KERNELS_H
#define WI_API_KERNELS_H

#include <jansson.h>

/* A list of objects, each a Kernel of the API's description. */
json_t *wi_kernels_json(void);
/* The built-in models over them: how the page computes each. */
json_t *wi_kernel_models_json(void);

#endif
