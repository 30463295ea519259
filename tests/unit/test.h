/* What every unit test includes: cmocka with the headers that it expects before it. */
#ifndef WI_TEST_H
#define WI_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants the four above first. */
#include <cmocka.h>

#endif
