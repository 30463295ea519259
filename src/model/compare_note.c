/* What every comparison of answers comes down to: the worst that was found, and what is left open.
 */
#include "model/compare_private.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>

#define RELATIVE 0.05
#define OF_LARGEST 0.005

double wi_compare_tolerance(double reference, double largest, int loose)
{
    double tolerance = RELATIVE * fabs(reference) + OF_LARGEST * largest;
    return fmax(tolerance, WI_COMPARE_SMALLEST) * (loose ? WI_COMPARE_LOOSE : 1);
}

void wi_compare_note(struct wi_comparison *out, double ratio, const char *format, ...)
{
    va_list arguments;
    if (!(ratio > out->ratio))
        return;
    out->ratio = ratio;
    va_start(arguments, format);
    vsnprintf(out->detail, sizeof out->detail, format, arguments);
    va_end(arguments);
}

void wi_compare_leave_open(struct wi_comparison *out, const char *format, ...)
{
    va_list arguments;
    out->open = 1;
    if (out->ratio > 1)
        return;
    va_start(arguments, format);
    vsnprintf(out->detail, sizeof out->detail, format, arguments);
    va_end(arguments);
}
