/* Variants in fewer bits that are being made (owners/quantizer/quantizer.h), as the API shows them
 * together with pulls. */
#ifndef WI_API_ENDPOINTS_MODELS_QUANTIZE_H
#define WI_API_ENDPOINTS_MODELS_QUANTIZE_H

#include "api/http/step.h"
#include "owners/quantizer/quantizer.h"

/* One of them as a JSON object like that of a pull: a new reference. */
json_t *wi_api_making_json(const struct wi_making_info *info);
/* Adds all known ones to a list of pulls. `quantizer` may be NULL. */
void wi_api_add_makings(const struct wi_quantizer *quantizer, json_t *list);

#endif
