/* Messages of protobuf by hand, of which the files and blocks of tests are made. */
#ifndef WI_TESTS_PROTOBUF_BUILD_H
#define WI_TESTS_PROTOBUF_BUILD_H

#include "base/protobuf_put.h"

#define put_varint wi_protobuf_put_varint
#define put_number wi_protobuf_put_number
#define put_bytes wi_protobuf_put_bytes
#define put_message wi_protobuf_put_message

#endif
