/* Variants in fewer bits that are being made (owners/quantizer/quantizer.h) as the API shows them,
 * beside pulls.
 */
#ifndef WI_API_ENDPOINTS_MODELS_QUANTIZE_H
#define WI_API_ENDPOINTS_MODELS_QUANTIZE_H

#include "api/http/step.h"
#include "owners/quantizer/quantizer.h"

/* One as a JSON object, as pulls are: a new reference. */
json_t *wi_api_making_json(const struct wi_making_info *info);
/* Adds all that are known to a list of pulls. `quantizer` may be NULL. */
void wi_api_add_makings(const struct wi_quantizer *quantizer, json_t *list);

#endif
