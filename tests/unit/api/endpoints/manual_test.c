/* That the tables in webinfer-api(7) are those which the service works with. */
#include "../../test.h"

#include "../../manual.h"
#include "api/endpoints/manual.h"

static size_t part;

static void print_part(FILE *out)
{
    wi_api_manual_print(part, out);
}

TEST(the_man_page_has_fresh_tables)
{
    FILE *nowhere = fopen("/dev/null", "we");
    for (part = 0; wi_api_manual_print(part, nowhere); part++)
        assert_manual_has(wi_api_manual_page(part), print_part);
    fclose(nowhere);
    assert_true(part > 1);
}
