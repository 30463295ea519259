/* Which models a store's folder has: the names only, nothing is opened. */
#ifndef WI_MODEL_LIST_H
#define WI_MODEL_LIST_H

#include "base/memory.h"

/* At most so many are listed; a store of more still serves every one of them by name. */
#define WI_LIST_MAX 10000

/* Adds "NAME" or "OWNER/NAME" for every folder with a model.onnx, and sorts the whole list. A
 * folder that cannot be read has none. */
void wi_list_models(const char *directory, struct wi_strings *names);

#endif
