/* What has to hold of what was read, whatever the bytes. */
#ifndef WI_TESTS_FUZZ_MUST_H
#define WI_TESTS_FUZZ_MUST_H

#include <stdlib.h>

static inline void must(int holds)
{
    if (!holds)
        abort();
}

#endif
