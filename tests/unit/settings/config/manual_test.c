/* That the option list in webinferd.conf(5) is the one which the table makes. */
#include "../../test.h"

#include "../../manual.h"
#include "settings/config/config.h"

TEST(the_man_page_has_the_fresh_list)
{
    assert_manual_has("man/webinferd.conf.5", wi_config_print_mdoc);
}
