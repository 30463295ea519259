/* How many threads a session may use of the machine's cores. */
#include "../../test.h"

#include "work/pool/cores.h"

TEST(alone_it_has_all_of_them)
{
    assert_int_equal(wi_cores_share(8, 1, 1, 0), 8);
    assert_int_equal(wi_cores_share(1, 1, 1, 0), 1);
}

TEST(one_that_comes_leaves_room_for_those_on_their_way)
{
    assert_int_equal(wi_cores_share(8, 1, 4, 0), 2);
    assert_int_equal(wi_cores_share(8, 3, 3, 0), 2);
}

TEST(it_gives_back_when_another_begins_to_serve)
{
    assert_int_equal(wi_cores_share(8, 1, 2, 8), 8); /* that one may fail to come */
    assert_int_equal(wi_cores_share(8, 2, 2, 8), 4);
    assert_int_equal(wi_cores_share(8, 5, 5, 4), 1);
    assert_int_equal(wi_cores_share(2, 3, 3, 2), 1); /* less than one is none */
}

TEST(it_gets_more_when_others_are_gone_for_good)
{
    assert_int_equal(wi_cores_share(8, 1, 2, 4), 4); /* a successor is on its way */
    assert_int_equal(wi_cores_share(8, 1, 1, 4), 8);
    assert_int_equal(wi_cores_share(8, 2, 2, 2), 4);
}

TEST(together_they_have_no_more_than_there_are)
{
    for (unsigned cores = 1; cores <= 9; cores++)
        for (size_t serving = 1; serving <= cores; serving++)
            for (size_t coming = 0; coming < 4; coming++)
                for (int said = 0; said <= 9; said++) {
                    int share = wi_cores_share(cores, serving, serving + coming, said);
                    assert_in_range(share, 1, cores / serving);
                    assert_int_equal(
                        wi_cores_share(cores, serving, serving + coming, share), share);
                }
}
