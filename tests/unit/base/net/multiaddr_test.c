/* Addresses of peers: those that a page can use, and what is said of others. The id is one that
 * js-libp2p 3.3 has made. */
#include "../../test.h"

#include "base/net/multiaddr.h"
#include <stdio.h>
#include <string.h>

#define ID "12D3KooWFsUu3pM4ZprsXuZJKoW2vZTPopCAd1QJQVP2avQFAjLB"

TEST(these_lead_to_a_websocket)
{
    static const struct {
        const char *text, *origin;
    } cases[] = {
        {"/ip4/127.0.0.1/tcp/9090/ws/p2p/" ID, "ws://127.0.0.1:9090"},
        {"/dns4/peer.example/tcp/443/wss/p2p/" ID, "wss://peer.example:443"},
        {"/dns/peer/tcp/1/tls/ws/p2p/" ID, "wss://peer:1"},
        {"/dns6/a-b.example/tcp/65535/ws/p2p/" ID, "ws://a-b.example:65535"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct wi_multiaddr multiaddr;
        assert_null(wi_multiaddr_read(cases[i].text, &multiaddr));
        assert_string_equal(multiaddr.origin, cases[i].origin);
        assert_string_equal(multiaddr.peer, ID);
    }
}

TEST(others_are_refused_with_what_they_lack)
{
    static const struct {
        const char *text, *lacks;
    } cases[] = {
        {"", "it begins with"},
        {"http://a.example", "it begins with"},
        {"/ip4/256.0.0.1/tcp/1/ws/p2p/" ID, "it begins with"},
        {"/ip6/::1/tcp/1/ws/p2p/" ID, "it begins with"}, /* no policy of a page has a form for it */
        {"/dns4//tcp/1/ws/p2p/" ID, "it begins with"},
        {"/dns4/a;script-src/tcp/1/ws/p2p/" ID, "it begins with"},
        {"/dns4/a b/tcp/1/ws/p2p/" ID, "it begins with"},
        {"/dns4/a/udp/1/webrtc-direct/p2p/" ID, "/tcp/ and a port"},
        {"/dns4/a/tcp/0/ws/p2p/" ID, "/tcp/ and a port"},
        {"/dns4/a/tcp/65536/ws/p2p/" ID, "/tcp/ and a port"},
        {"/dns4/a/tcp/1x/ws/p2p/" ID, "/tcp/ and a port"},
        {"/dns4/a/tcp/1/p2p/" ID, "/ws or /wss follows the port, because browsers cannot use"},
        {"/dns4/a/tcp/1/wsx/p2p/" ID, "it ends with /p2p/"},
        {"/dns4/a/tcp/1/ws", "it ends with /p2p/"},
        {"/dns4/a/tcp/1/ws/p2p/" ID "/p2p-circuit", "it ends with /p2p/"},
        {"/dns4/a/tcp/1/ws/p2p/QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N", "it ends with"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct wi_multiaddr multiaddr;
        const char *lacks = wi_multiaddr_read(cases[i].text, &multiaddr);
        if (!lacks || strncmp(lacks, cases[i].lacks, strlen(cases[i].lacks)) != 0)
            fail_msg("%s: %s", cases[i].text, lacks ? lacks : "is taken");
    }
}

TEST(an_id_has_one_form)
{
    char id[WI_PEER_ID_SIZE + 1];
    assert_true(wi_peer_id_ok(ID));
    assert_false(wi_peer_id_ok(""));
    assert_false(wi_peer_id_ok(ID "B"));
    snprintf(id, sizeof id, "%s", ID);
    id[20] = '0'; /* not in base58 */
    assert_false(wi_peer_id_ok(id));
    id[20] = '"';
    assert_false(wi_peer_id_ok(id));
    id[51] = '\0';
    assert_false(wi_peer_id_ok(id));
}

/* The longest host name fits, and no longer one is taken. */
TEST(a_name_of_a_host_is_bounded)
{
    char name[256], text[512];
    struct wi_multiaddr multiaddr;
    memset(name, 'a', sizeof name);
    snprintf(text, sizeof text, "/dns4/%.253s/tcp/65535/wss/p2p/" ID, name);
    assert_null(wi_multiaddr_read(text, &multiaddr));
    assert_int_equal(strlen(multiaddr.origin), WI_PEER_ORIGIN_SIZE - 1);
    snprintf(text, sizeof text, "/dns4/%.254s/tcp/65535/wss/p2p/" ID, name);
    assert_non_null(wi_multiaddr_read(text, &multiaddr));
}
