/* What CAR v1 has between blocks; see car.h. */
#include "content/car.h"

#include "base/protobuf.h"
#include <string.h>

/* In DAG-CBOR, {"roots": [CID], "version": 1}. A CID is tag 42 of its bytes behind a zero. */
static const unsigned char before_root[] = {
    0xa2, 0x65, 'r', 'o', 'o', 't', 's', 0x81, 0xd8, 42, 0x58, 1 + WI_CID_BYTES, 0};
static const unsigned char behind_root[] = {0x67, 'v', 'e', 'r', 's', 'i', 'o', 'n', 1};

void wi_car_begin(struct wi_buffer *out, const struct wi_cid *root)
{
    unsigned char length[WI_VARINT_MAX], cid[WI_CID_BYTES];
    size_t size = wi_varint_write(sizeof before_root + sizeof cid + sizeof behind_root, length);
    wi_cid_write(root, cid);
    wi_buffer_add(out, length, size);
    wi_buffer_add(out, before_root, sizeof before_root);
    wi_buffer_add(out, cid, sizeof cid);
    wi_buffer_add(out, behind_root, sizeof behind_root);
}

size_t wi_car_section(const struct wi_cid *cid, size_t size, unsigned char head[WI_CAR_HEAD_MAX])
{
    size_t length = wi_varint_write(WI_CID_BYTES + size, head);
    wi_cid_write(cid, head + length);
    return length + WI_CID_BYTES;
}
