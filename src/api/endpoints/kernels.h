/* The table of kernels, as it is shown to clients and to the page's build. */
#ifndef WI_API_KERNELS_H
#define WI_API_KERNELS_H

#include <jansson.h>

/* A list of objects, each a Kernel of the API's description; `ours`: including those that clients
 * may not ask for. */
json_t *wi_kernels_json(int ours);
/* The built-in models that consist of kernels: how the page computes each. */
json_t *wi_kernel_models_json(void);

#endif
